#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kgcctl watch prints a line for each cycle, says which it did not see, and ends when it
# should.

# shellcheck source=tap
. /kgc/tap

out=$(mktemp) err=$(mktemp) pipe=$(mktemp -u)

begin() {	# begin ARGUMENT...: watch in the background, until it has looked once
	kgcctl watch -d 0.05 "$@" >"$out" 2>"$err" 4>&- &
	watch=$!
	comes_true grep -q '^time ' "$out" && sleep 0.2
}

second_heap() {	# of this shell
	kgcctl stat -rn -o id,name | awk -v name="$$/sh" -v first="$heap" '
		$1 != first && $2 == name { print $1 }'
}

lines() {	# lines PATTERN: how many lines of the output match it
	grep -cE "$1" "$out"
}

has_lines() {	# has_lines NUMBER PATTERN
	[ "$(lines "$2")" = "$1" ]
}

ends_with() {	# ends_with STATUS: the watch in the background
	wait "$watch"
	got=$?
	[ $got = "$1" ] || echo "# status $got, not $1"
	[ $got = "$1" ]
}

collect() {
	kgcctl gc --wait "$heap" >/dev/null
}

column() {	# column NAME: of the last cycle in debugfs
	awk -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i }
		END { print $c }' "/sys/kernel/debug/kgc/heap$heap/cycles"
}

ms() {	# ms MICROSECONDS
	awk -v us="$1" 'BEGIN {
		printf us < 9995 ? "%.2f" : us < 999950 ? "%.1f" : "%.0f", us / 1000 }'
}

# Each of three cycles has its line before the next one begins.
a_line_per_cycle() {
	collect
	first=$(column cycle)
	begin -n 3 "$heap" || return 1
	for nr in 1 2 3; do
		collect && comes_true has_lines $nr '^[0-9:]{8} ' || return 1
	done
	ends_with 0 && [ ! -s "$err" ] && has_lines 4 '' || return 1
	for nr in 1 2 3; do
		has_lines 1 "^[0-9:]{8} +$heap +$((first + nr)) request " || return 1
	done
}

# The last line against debugfs.
figures_are_those_of_debugfs() {
	awk 'END { print $5, $6, $7, $8, $9 }' "$out" >"$err"
	wanted="$(ms $(($(column arm_us) + $(column start_us)))) $(ms "$(column mark_us)")"
	for name in settle_us sweep_us cpu_us; do
		wanted="$wanted $(ms "$(column $name)")"
	done
	[ "$(cat "$err")" = "$wanted" ] || { echo "# not $wanted"; return 1; }
	[ "$(awk 'END { print $10, $12 }' "$out")" = "0 $(column freed_objects)" ] &&
		[ "$(column live_bytes)" = 0 ]
}

# It stands still while more cycles end than the module keeps.
missed_cycles_are_said() {
	begin "$heap" && kill -STOP $watch || return 1
	first=$(column cycle)
	for _ in $(seq 20); do
		kgcctl gc --wait -c2 "$heap" >/dev/null
	done
	last=$(column cycle)
	kill -CONT $watch
	comes_true has_lines 32 '^[0-9:]{8} ' || return 1
	kill $watch
	ends_with 143
	has_lines 1 "^- +$heap $((last - first - 32)) cycles not seen\$"
}

a_pipe_gets_each_line_at_once() {
	mkfifo "$pipe"
	kgcctl watch -d 0.05 "$heap" >"$pipe" 2>"$err" &
	watch=$!
	exec 4<"$pipe"
	read -r line <&4 && sleep 0.2 && collect && read -r line <&4
	good=$?
	echo "$line" >"$out"
	exec 4<&-
	collect
	# SIGPIPE ends it: there is no reader any more
	comes_true collect && ends_with 141 && [ $good = 0 ] && has_lines 1 " $heap .* request "
}

all_heaps_and_new_ones_are_watched() {
	begin || return 1
	exec 4<>/dev/kgc
	other=$(second_heap)
	collect && kgcctl gc --wait "$other" >/dev/null &&
		comes_true has_lines 1 "^[0-9:]{8} +$heap +" &&
		comes_true has_lines 1 "^[0-9:]{8} +$other +1 request "
	good=$?
	exec 4>&-
	collect && comes_true has_lines 2 "^[0-9:]{8} +$heap +"
	kill $watch
	ends_with 143
	[ $good = 0 ] && [ ! -s "$err" ]
}

the_end_of_the_heap_ends_it() {
	exec 4<>/dev/kgc
	other=$(second_heap)
	begin "$other" || return 1
	exec 4>&-
	ends_with 5 && grep -q "^kgcctl: heap $other has ended\$" "$err"
}

# What the counters of the device do not tell is "-".
a_user_sees_its_own_cycles() {
	chmod 666 /dev/kgc
	su -s /bin/sh -c 'exec 4<>/dev/kgc; kgcctl watch -d 0.05 -n 1' nobody >"$out" 2>"$err" &
	watch=$!
	comes_true grep -q '^time ' "$out"
	theirs=$(kgcctl stat -rn -o id,user | awk '$2 == 65534 { print $1; exit }')
	sleep 0.2
	kgcctl gc --wait "$theirs" >/dev/null
	ends_with 0
	good=$?
	chmod 600 /dev/kgc
	unknown='- +[0-9.]+ +- +- +- +0 +[0-9.]+[KM]? +-'
	[ $good = 0 ] && [ ! -s "$err" ] &&
		has_lines 1 "^[0-9:]{8} +$theirs +1 request +$unknown\$"
}

lost_output_is_a_failure() {
	kgcctl watch -n 1 "$heap" >/dev/full 2>"$err"
	[ $? = 1 ] && grep -q 'writing the output' "$err"
}

echo "TAP version 13"
echo "1..8"
exec 3<>/dev/kgc || exit 1
heap=$(kgcctl stat -rn -o id)

ok "each cycle has a line" a_line_per_cycle
ok "its figures are those of debugfs" figures_are_those_of_debugfs
ok "it says how many cycles it did not see" missed_cycles_are_said
ok "a pipe gets each line at once" a_pipe_gets_each_line_at_once
ok "it watches all heaps, also new ones" all_heaps_and_new_ones_are_watched
ok "the end of its heap ends it" the_end_of_the_heap_ends_it
ok "a user sees the cycles of its own heap" a_user_sees_its_own_cycles
ok "output that cannot be written is a failure" lost_output_is_a_failure

rm -f "$out" "$err" "$pipe"
exit $failed
