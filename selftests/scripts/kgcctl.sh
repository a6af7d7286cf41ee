#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kgcctl does what it promises: what each command prints, in each form, and what it does
# to the heap. kgcctl_errors.sh tests what it says to wrong input.
#
# kselftest-timeout: 180

# shellcheck source=tap
. /kgc/tap

out=$(mktemp) err=$(mktemp) saved=$(mktemp)
max_bytes=/sys/module/kgc/parameters/max_bytes
tab=$(printf '\t')

says() {	# says PATTERN: in the last output of kgcctl
	grep -qE "$1" "$out" "$err"
}

value() {	# value NAME: of the heap's counters or options, in the last output
	awk -v name="$1" '$1 == name { print $2 }' "$out"
}

prints() {	# prints PATTERN ARGUMENT...
	pattern=$1
	shift
	run 0 "$@" && says "$pattern"
}

exactly() {	# exactly TEXT ARGUMENT...: that output and no other
	text=$1
	shift
	run 0 "$@" && [ "$(cat "$out")" = "$text" ] && [ ! -s "$err" ]
}

versions_agree() {
	version=$(cat /sys/module/kgc/version) &&
		exactly "kgcctl $version" --version && exactly "kgcctl $version" stat -V &&
		run 0 info && [ "$(value kgcctl)" = "$version" ] &&
		[ "$(value module)" = "$version" ]
}

# ---- forms of a table

json_is_json() {
	exactly '{
   "heaps": [
      {
         "id": '"$heap"',
         "name": "'"$$/sh"'",
         "heap_sys": 0
      }
   ]
}' stat "$heap" --json -o id,name,HeapSys
}

columns_are_chosen() {
	exactly "HeapSys id
0 $heap" stat "$heap" -r -o heapsys,id &&
		exactly "$heap 0" stat "$heap" -r -n -o id,user &&
		prints "^ *id .*NumGC +user\$" stat -o +user &&
		prints 'HeapObjects .*RefusedMemory$' stat -o all
}

bytes_to_the_last_digit() {
	prints '^page +8K ' info && prints '^page +8192 ' info --bytes &&
		prints '"page": 8192' info -J && prints '^8192$' info -rn -o page
}

fits() {	# fits ARGUMENT...: the output fits into the 80 columns of a terminal
	run 0 "$@" &&
		! awk 'length > 79 { print "# too wide: " $0; wide = 1 } END { exit !wide }' "$out"
}

commands() {
	kgcctl complete '' | awk '/^[a-z]/ { print $1 }'
}

all_fits() {
	fits info && fits stat && fits stat "$heap" && fits stat -m && fits set "$heap" &&
		fits classes && fits classes "$1" && fits types "$1" && fits bench
}

# The help of every command follows a line "= COMMAND". help, -h and --help say the same.
collect_help() {
	list=$(commands)
	: >"$saved"
	for command in $list; do
		text=$(kgcctl help "$command") && [ "$text" = "$(kgcctl "$command" -h)" ] &&
			[ "$text" = "$(kgcctl "$command" --help)" ] || return 1
		case $text in
		"Usage: kgcctl $command"*) ;;
		*) return 1 ;;
		esac
		printf '= %s\n%s\n' "$command" "$text" >>"$saved"
		kgcctl "$command" --usage >>"$saved" || return 1
	done
}

# Each option is in the list, fits into 80 columns, and has a letter of its own.
help_is_everywhere() {
	run 0 help && says 'Exit status' && collect_help && awk '
		length > 79 { print "# too wide: " $0; wrong = 1 }
		NR == FNR { listed[$1] = /^  [a-z]/; next }
		$1 == "=" { command = $2; seen++; if (!listed[command]) wrong = 1; next }
		match($0, /^ +-[a-zA-Z]/) &&
		letter[command, substr($0, RSTART + RLENGTH - 1, 1)]++ {
			print "# a letter twice: " command $0
			wrong = 1
		}
		END { exit wrong || seen < 11 }' "$out" "$saved"
}

all_classes() {
	run 0 classes && [ "$(grep -c '^ *[0-9]' "$out")" = 67 ] && says '^ *67 +32K ' &&
		run 0 classes -rn -o class,slot_bytes && [ "$(wc -l <"$out")" = 67 ] &&
		says '^67 32768$'
}

# ---- what commands do

# The heap of descriptor 3 has no types, so its table has no line.
types_are_shown() {
	run 0 types "$heap" && [ "$(cat "$out")" = 'no types' ] &&
		run 0 types -rn -o name,live,allocated "$1" &&
		says '^struct_node [0-9]+ [1-9][0-9]*$' && counted=$(cut -d' ' -f1-2 "$out") &&
		run 0 types --last -rn -o name,live "$1" && [ "$(cat "$out")" = "$counted" ] &&
		run 0 types -rn -o heap,name && says "^$1 struct_node$" &&
		run 0 types --json "$1" && says '"live_bytes": *[0-9]'
}

gc_collects() {
	run 0 stat "$heap" && before=$(value NumGC) || return 1
	run 0 gc "$heap" || return 1
	for _ in $(seq 200); do
		run 0 stat "$heap" && [ "$(value NumGC)" -gt "$before" ] && return 0
		sleep 0.1
	done
	return 1
}

cycles_of() {
	run 0 stat "$heap" -rn -o NumGC && cat "$out"
}

gc_waits() {
	# an earlier test may have left a cycle under way, which would count as well
	run 0 gc --wait "$heap" || return 1
	before=$(cycles_of)
	run 0 gc --wait "$heap" && [ "$(wc -l <"$out")" = 1 ] &&
		says "^heap $heap $$/sh: freed 0 objects, 0 bytes; 1 cycle, [0-9.]+ ms\$" &&
		[ "$(cycles_of)" -gt "$before" ] &&
		run 0 gc -w -c2 "$heap" && says '; 2 cycles, ' &&
		[ "$(cycles_of)" -ge $((before + 3)) ]
}

gc_says_what_was_freed() {	# gc_says_what_was_freed HEAP: a heap that makes garbage
	for _ in $(seq 50); do
		run 0 gc --wait "$1" && says 'freed [1-9][0-9]* objects, [0-9.]+[KM]? bytes; ' &&
		return 0
	done
	return 1
}

gc_waits_for_all() {
	run 0 gc --wait && [ "$(wc -l <"$out")" = "$(kgcctl stat -rn | wc -l)" ] &&
		says "^heap $heap "
}

option() {	# option NAME: its number, as the module has it
	while read -r name number; do
		[ "$name" != "$1" ] || echo "$number"
	done <"/sys/kernel/debug/kgc/heap$heap/options"
}

# Pairs of what a user may type and what the module then has.
set_takes_names_and_sizes() {
	while read -r what text becomes; do
		run 0 set "$heap" "$what" "$text" && [ ! -s "$out" ] &&
			[ "$(option "$what")" = "$becomes" ] ||
			{ echo "# $what $text: $(option "$what")"; return 1; }
	done <<-END
		gogc 250 250
		gogc off 18446744073709551615
		gogc 0x64 100
		period_ms off 0
		period_ms 120000 120000
		soft_limit 1g 1073741824
		soft_limit off 0
		hard_limit 64M 67108864
		hard_limit 15E 17293822569102704640
		hard_limit 100k 102400
		hard_limit 0 0
		verify check 1
		verify off 0
		verify 1 1
		verify 0 0
		track_sections on 1
		track_sections off 0
		scavenge now 1
		scavenge lazy 0
		harden poison,random 3
		harden poison 2
		harden off 0
	END
}

set_shows() {
	run 0 set "$heap" hard_limit 64M && run 0 set "$heap" && [ "$(value hard_limit)" = 64M ] &&
		[ "$(value gogc)" = 100 ] && [ "$(value soft_limit)" = off ] &&
		[ "$(value scavenge)" = lazy ] &&
		run 0 set "$heap" -b && [ "$(value hard_limit)" = 67108864 ] &&
		exactly "64M" set "$heap" hard_limit -n -o value &&
		exactly "hard_limit 67108864 bytes" \
			set "$heap" hard_limit -rn -o option,value,unit &&
		run 0 set "$heap" hard_limit off
}

saved_options_come_back() {
	run 0 set "$heap" gogc 77 && run 0 set "$heap" harden random &&
		run 0 set "$heap" hard_limit 1G &&
		run 0 save "$heap" "$saved" && [ ! -s "$out" ] &&
		grep -q '^kgc-options 1$' "$saved" &&
		run 0 save "$heap" - && cmp -s "$out" "$saved" &&
		run 0 save "$heap" "$saved" && [ "$(echo "$saved"*)" = "$saved" ] &&
		run 0 save "$heap" /dev/null && [ -c /dev/null ] &&
		run 0 set "$heap" gogc off && run 0 set "$heap" harden off &&
		run 0 set "$heap" hard_limit off &&
		run 0 load "$heap" "$saved" && [ "$(option gogc)" = 77 ] &&
		[ "$(option harden)" = 1 ] &&
		[ "$(option hard_limit)" = 1073741824 ] &&
		printf '%s\n' 'kgc-options 1' '' ' # by hand' 'gogc 100 # percent' 'harden off' \
			'hard_limit off' |
			kgcctl load "$heap" - && [ "$(option gogc)" = 100 ] &&
			[ "$(option hard_limit)" = 0 ]
}

nothing_changes_unless_all_is_right() {
	printf 'kgc-options 1\ngogc 55\ncpu_percent 0\n' >"$saved"
	run 2 load "$heap" "$saved" &&
		says "$saved, line 3: cpu_percent takes 1 to 100 percent; not '0'" &&
		[ "$(option gogc)" = 100 ]
}

watch_repeats() {
	run 0 stat --watch=0.02 --count=3 -rn -o id && [ "$(grep -c "^$heap\$" "$out")" = 3 ] &&
		[ "$(grep -c '^$' "$out")" = 2 ]
}

watch_ends_with_the_heap() {
	(exec 5<>/dev/kgc; sleep 1) &
	for _ in $(seq 100); do
		mine=$(kgcctl stat -rn -o id | grep -vx "$heap") && [ -n "$mine" ] && break
		sleep 0.02
	done
	run 5 stat "$mine" --watch=0.05 -rn -o id && says "^$mine\$" && says "no heap $mine"
}

demo_is_exact() {
	run 0 demo --objects 5000 && says 'PASS' && ! says 'FAIL' &&
		says '5000 +[0-9]+$' && ! grep -q "$(printf '\r')" "$out" && ! says '%' &&
		prints '"before": 1000,' demo --objects 1000 --json &&
		[ "$(head -n 1 "$out")" = "{" ] &&
		[ "$(tail -n 1 "$out")" = "}" ]
}

# Only the cap refuses the growth of this heap.
the_cause_is_named() {
	echo 3M >$max_bytes
	run 1 demo --objects 1000000
	good=$?
	echo off >$max_bytes
	[ $good = 0 ] && says 'refused by max_bytes' && ! says 'machine|cgroup|hard_limit'
}

words() {	# words TEXT WORD...: the words that completion offers, without the meaning
	text=$1 offered=''
	shift
	kgcctl complete "$@" >"$out"
	while IFS="$tab" read -r word meaning; do
		offered="$offered${offered:+ }$word"
	done <"$out"
	[ "$offered" = "$text" ] ||
		{ echo "# complete $*: $offered${meaning:+ $meaning}"; return 1; }
}

completion_offers() {
	words 'stat' st && words "$heap" stat '' && words '--wait' gc --w &&
		words '--json' bench --js && words 'save' sa && words '' nosuch s &&
		words 'gogc' set "$heap" go && words 'random poison off' set "$heap" harden '' &&
		words 'lazy' set "$heap" scavenge l && words ':files' save "$heap" '' &&
		words ':files' load "$heap" /t && words '' load "$heap" file '' &&
		words 'HeapObjects HeapAlloc HeapSys HeapInuse HeapIdle' \
			stat -o Heap &&
		words 'id,Types' stat --output id,Ty && words '+Types' stat --output = +Ty &&
		words 'ring requests' bench r && words 'ring=' bench ring r &&
		words 'gogc= warmup= n= ring=' bench ring '' &&
		words 'scavenge' help sc && words '--cycles=' gc --c && words '' gc --cycles '' &&
		words '' stat "$heap" '' && words "$heap" watch '' && words "$heap" top '' &&
		words '--listen=' exporter --l && words '--count=' stat "$heap" --c
}

output_is_checked() {
	for command in info stat "stat $heap" "stat --json" "stat --watch=0.01" help \
			"gc --help" "watch $heap" "top -b -d 0.01" "exporter --print" \
			bench "save $heap -"; do
		# shellcheck disable=SC2086 # a command and its argument
		kgcctl $command >/dev/full 2>"$err"
		[ $? = 1 ] && says 'writing the output' || { echo "# $command"; return 1; }
	done
}

come_and_go() {
	while :; do
		(exec 4<>/dev/kgc 5<>/dev/kgc 6<>/dev/kgc 7<>/dev/kgc 8<>/dev/kgc 9<>/dev/kgc)
	done
}

# In so many rounds some heaps close between kgcctl's look and its write.
closing_heaps_are_no_failure() {
	churn='' good=1
	for _ in 1 2 3; do
		come_and_go &
		churn="$churn $!"
	done
	for turn in $(seq 40); do
		run 0 gc && [ ! -s "$err" ] && run 0 scavenge && [ ! -s "$err" ] || good=0
		[ $((turn % 10)) != 0 ] || { run 0 gc --wait && [ ! -s "$err" ]; } || good=0
		[ $good = 1 ] || break
	done
	# shellcheck disable=SC2086 # several
	kill $churn && wait $churn 2>/dev/null
	[ $good = 1 ]
}

# As the user "nobody", who has access to the device, but is not root and has no debugfs.
a_user_sees_what_is_its_own() {
	chmod 666 /dev/kgc
	su -s /bin/sh -c '
		exec 4<>/dev/kgc
		kgcctl stat -rn -o name,user,NumGC &&
			kgcctl stat "$(kgcctl stat -rn -o id)" -rn -o user' nobody \
		>"$out" 2>"$err"
	good=$?
	chmod 600 /dev/kgc
	[ $good = 0 ] && [ ! -s "$err" ] && [ "$(wc -l <"$out")" = 2 ] &&
		says '^[0-9]+/sh 65534 0$' && says '^65534$'
}

echo "TAP version 13"
echo "1..36"

# Descriptor 3 of this shell is a heap.
exec 3<>/dev/kgc || exit 1
heap=$(kgcctl stat -rn -o id)

ok "info tells the ABI's version" prints '^abi +1 ' info
ok "module, library and tool are of one version" versions_agree
ok "stat lists the heap" prints "^ *$heap +$$/sh +IDLE +0 " stat
ok "stat HEAP prints that heap's counters" prints '^HeapObjects +0 ' stat "$heap"
ok "the directory's name is as good as the number" run 0 stat "heap$heap"
ok "stat HEAP tells of cycles that were short of CPU time" \
	prints '^ShortCycles +0 ' stat "$heap"
ok "stat --module prints the module's counters" prints '^Heaps +[1-9]' stat --module
ok "--json prints JSON" json_is_json
ok "columns are chosen" columns_are_chosen
ok "numbers of bytes are short unless told otherwise" bytes_to_the_last_digit
ok "classes prints the whole table" all_classes
ok "help explains every command" help_is_everywhere
ok "gc HEAP collects" gc_collects
ok "gc collects every heap" run 0 gc
ok "gc --wait says what it did" gc_waits
ok "gc --wait waits for every heap" gc_waits_for_all
ok "set takes names, sizes and off" set_takes_names_and_sizes
ok "set shows the options" set_shows
ok "options are saved and loaded" saved_options_come_back
ok "a file that is wrong changes nothing" nothing_changes_unless_all_is_right
ok "set knows of expedited grace periods" \
	prints '^expedite +budget +budget, never, always' set "$heap"
ok "scavenge HEAP" run 0 scavenge "$heap"
ok "scavenge" run 0 scavenge
ok "finalizers HEAP --wait returns, as none is due" \
	prints '^CallsDone +0 ' finalizers "$heap" --wait
ok "stat --watch prints again and again" watch_repeats
ok "stat --watch of a heap ends with it" watch_ends_with_the_heap
ok "completion offers what fits" completion_offers
if insmod kgc_example.ko 2>/dev/null; then
	example=$(kgcctl stat -rn -o id,name | awk '/example/ { print $1 }')
	ok "classes HEAP" prints '^ *[0-9]+ +[01] +[0-9.]+K? ' classes "$example"
	ok "types HEAP shows what the census found, and --last shows it again" \
		types_are_shown "$example"
	ok "lines are no longer than a terminal is wide" all_fits "$example"
	ok "gc --wait says what was freed" gc_says_what_was_freed "$example"
	rmmod kgc_example
else
	skip "classes HEAP" "kgc_example.ko is not there"
	skip "types HEAP shows what the census found, and --last shows it again" \
		"kgc_example.ko is not there"
	skip "lines are no longer than a terminal is wide" "kgc_example.ko is not there"
	skip "gc --wait says what was freed" "kgc_example.ko is not there"
fi
ok "heaps that close meanwhile are no failure" closing_heaps_are_no_failure
ok "the demo is exact, and shows no progress to a file" demo_is_exact
ok "kgcctl says what refused memory" the_cause_is_named
ok "output that cannot be written is a failure" output_is_checked
ok "a user sees its own heaps" a_user_sees_what_is_its_own

rm -f "$out" "$err" "$saved"
exit $failed
