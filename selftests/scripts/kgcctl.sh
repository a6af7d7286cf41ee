#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kgcctl keeps its word: what each command prints, what it does to the heap, and
# the exit status of everything that can go wrong.
#
# kselftest-timeout: 120

number=0
failed=0

ok() {	# ok NAME COMMAND...: the command must succeed
	name=$1
	shift
	number=$((number + 1))
	if "$@"; then
		echo "ok $number $name"
	else
		echo "not ok $number $name"
		sed 's/^/# /' "$out" "$err"
		failed=1
	fi
}

skip() {	# skip NAME REASON
	number=$((number + 1))
	echo "ok $number $1 # SKIP $2"
}

out=$(mktemp) err=$(mktemp)

run() {	# run STATUS ARGUMENT...: kgcctl must end with that status
	want=$1
	shift
	kgcctl "$@" >"$out" 2>"$err"
	got=$?
	[ "$got" = "$want" ] || echo "# kgcctl $*: exit status $got, not $want"
	[ "$got" = "$want" ]
}

says() {	# says PATTERN: in what kgcctl printed last
	grep -qE "$1" "$out" "$err"
}

complains() {	# complains STATUS PATTERN ARGUMENT...: on stderr, nothing else
	status=$1 pattern=$2
	shift 2
	run "$status" "$@" && grep -qE "$pattern" "$err" && [ ! -s "$out" ]
}

value() {	# value NAME: of the heap's counters or options, as printed last
	awk -v name="$1" '$1 == name { print $2 }' "$out"
}

prints() {	# prints PATTERN ARGUMENT...
	pattern=$1
	shift
	run 0 "$@" && says "$pattern"
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

set_sets() {
	run 0 set "$heap" gogc 250 && run 0 set "$heap" &&
		[ "$(value gogc)" = 250 ]
}

all_classes() {
	run 0 classes && [ "$(grep -c '^ *[0-9]' "$out")" = 67 ] && says '^ *67 +32768 '
}

demo_is_exact() {
	run 0 demo --objects 20000 && says 'PASS' && ! says 'FAIL' &&
		says '20000 +[0-9]+$'
}

# Each would have been ignored, taken for 0, or wrapped around.
parameters_are_checked() {
	complains 2 'ring takes .*n ring' bench ring x=5 &&
		complains 2 "'n=' is no NAME=NUMBER" bench ring n= &&
		complains 2 "'n=-1' is no NAME=NUMBER" bench ring n=-1 &&
		complains 2 'too large' bench ring n=18446744073709551616 &&
		complains 2 '1 is the least' bench ring ring=0
}

output_is_checked() {
	for command in info stat "stat $heap" help bench; do
		# shellcheck disable=SC2086 # a command and its argument
		kgcctl $command >/dev/full 2>"$err"
		[ $? = 1 ] && says 'writing the output' || return 1
	done
}

come_and_go() {
	while :; do
		(exec 4<>/dev/kgc 5<>/dev/kgc 6<>/dev/kgc 7<>/dev/kgc 8<>/dev/kgc 9<>/dev/kgc)
	done
}

# In a hundred rounds some close between kgcctl's look and its write.
closing_heaps_are_no_failure() {
	churn='' good=1
	for _ in 1 2 3; do
		come_and_go &
		churn="$churn $!"
	done
	for _ in $(seq 100); do
		run 0 gc && [ ! -s "$err" ] && run 0 scavenge && [ ! -s "$err" ] && continue
		good=0
		break
	done
	# shellcheck disable=SC2086 # several
	kill $churn && wait $churn 2>/dev/null
	[ $good = 1 ]
}

echo "TAP version 13"
echo "1..29"

# This shell's descriptor 3 is a heap.
exec 3<>/dev/kgc || exit 1
heap=$(kgcctl stat | awk '/^ *id / { seen = 1; next } seen { id = $1 } END { print id }')

ok "info tells the ABI's version" prints '^ABI version +1$' info
ok "stat lists the module's counters" prints '^Heaps +[1-9]' stat
ok "stat tells when CPU time was short" prints '^ShortCycles +[0-9]' stat
ok "stat lists the heap" [ -n "$heap" ]
ok "stat HEAP prints that heap's counters" prints '^HeapObjects +0$' stat "$heap"
ok "the directory's name is as good as the number" run 0 stat "heap$heap"
ok "gc HEAP collects" gc_collects
ok "gc collects every heap" run 0 gc
ok "set changes an option" set_sets
ok "set knows of expedited grace periods" prints '^expedite +0$' set "$heap"
ok "scavenge HEAP" run 0 scavenge "$heap"
ok "scavenge" run 0 scavenge
ok "classes prints the whole table" all_classes
ok "classes HEAP" prints 'class' classes "$heap"
ok "heaps that close meanwhile are no failure" closing_heaps_are_no_failure
ok "help explains the commands" prints 'Exit status' help
ok "the demo is exact" demo_is_exact
ok "no command is a usage error" complains 2 'which command' 
ok "an unknown command is a usage error" complains 2 "no command 'x'" x
ok "what is no heap number is a usage error" complains 2 'no heap number' stat x
ok "an unknown option is a usage error" complains 2 "no option 'x'.*" set "$heap" x 1
ok "an unknown flag is a usage error" complains 2 'demo' demo --nonsense
ok "too few objects are a usage error" complains 2 'takes 1000' demo --objects 5
ok "a benchmark's parameters are checked" parameters_are_checked
ok "output that cannot be written is a failure" output_is_checked
ok "a value out of range fails" complains 1 'refused' set "$heap" cpu_percent 0
ok "a heap that is not open has a status of its own" complains 5 'no heap 999999' stat 999999

exec 3>&-
# Anyone else's heap keeps the module; then there is nothing to see here.
if [ -r "${KGC_MODULE:=kgc.ko}" ] && rmmod kgc 2>/dev/null; then
	ok "without the module status and advice say so" complains 3 'load the module' info
	ok "stat says so too" complains 3 'load the module' stat
	insmod "$KGC_MODULE" || failed=1
else
	skip "without the module status and advice say so" "the module cannot be unloaded"
	skip "stat says so too" "the module cannot be unloaded"
fi
rm -f "$out" "$err"
exit $failed
