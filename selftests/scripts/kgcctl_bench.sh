#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kselftest-timeout: 240
# The programs of 'kgcctl bench' get the same sums as with malloc() and free() on the host
# (selftests/bench/rivals), while other threads request cycles all the time. Sizes are
# small, except that of 'ring', which must grow until cycles begin by themselves.
status=0
n=0
out=$(mktemp)

figure() {	# figure NAME: of the program that ran last
	# a counter of the processor may have that name too
	sed -n 's/.*"metric": "'"$1"'".*"value": \([0-9]*\).*/\1/p' "$out" | tail -n 1
}

verdict() {	# verdict WHAT COMMAND...
	n=$((n + 1))
	what=$1
	shift
	if "$@"; then
		echo "ok $n $what"
	else
		echo "not ok $n $what"
		sed 's/^/# /' "$out"
		status=1
	fi
}

comes_to() {	# comes_to SUM PROGRAM [PARAMETER...]
	sum=$1
	shift
	kgcctl bench --json "$@" >"$out"
	[ "$(figure checksum)" = "$sum" ]
}

check() {	# check SUM PROGRAM [PARAMETER...]
	sum=$1
	shift
	verdict "$*" comes_to "$sum" "$@"
}

echo 1..17
check 16242150 ring n=6000 ring=300
verdict 'cycles begin by themselves' [ "$(figure cycles)" -gt 0 ]
while :; do
	kgcctl gc >/dev/null 2>&1
	sleep 0.05
done &
collector=$!
check 4398 trees depth=6
check 31905 gcbench depth=4
check 58607355 parse n=1
check 103912 lasting n=1000 size=400
check 153292 requests n=500 size=100
check 335659 mixed n=1000 live=200
check 143688 larson n=200 slots=50
check 147072 xmalloc n=400
check 19680 handoff n=40

hit_are_counted() {
	kgcctl bench --json trees depth=9 >"$out"
	sum=$(figure checksum)
	kgcctl bench --json --apart trees depth=9 >"$out"
	[ "$(figure checksum)" = "$sum" ] && [ "$(figure 'hit by a cycle')" -gt 0 ] &&
		[ "$(figure undisturbed)" -lt "$(figure operations)" ]
}

every_operation_is_accounted_for() {
	all=$(($(figure undisturbed) + $(figure 'hit by a cycle') +
		$(figure 'hit by an interrupt') + $(figure 'hit by a switch')))
	[ "$all" -ge "$(figure operations)" ]
}
verdict 'operations that cycles hit are set apart' hit_are_counted
verdict 'every operation is undisturbed, or was hit' every_operation_is_accounted_for
kill $collector
wait $collector 2>/dev/null

warm_up_is_not_measured() {
	kgcctl bench --json trees depth=6 warmup=0 >"$out"
	cold=$(figure operations)
	kgcctl bench --json trees depth=6 warmup=3 >"$out"
	[ "$cold" -gt 0 ] && [ "$(figure operations)" = "$cold" ] && [ "$(figure checksum)" = 4398 ]
}
verdict 'a warm-up is not measured' warm_up_is_not_measured

# A processor in the form of its files in sysfs. No guest has one whose frequency can be
# set.
cpus=/sys/devices/system/cpu
fake=$(mktemp -d)
mkdir -p "$fake/cpu0/cpufreq" "$fake/cpu1/cpufreq" "$fake/cpufreq"
governors="$cpus/cpu0/cpufreq/scaling_governor $cpus/cpu1/cpufreq/scaling_governor"
says() {	# says GOVERNOR BOOST: whether all files say so
	for file in $governors; do
		[ "$(cat "$file")" = "$1" ] || return 1
	done
	[ "$(cat $cpus/cpufreq/boost)" = "$2" ]
}
becomes() {	# becomes GOVERNOR BOOST: wait some seconds for that
	for try in 1 2 3 4 5 6 7 8 9 10; do
		! says "$1" "$2" || return 0
		sleep "0.$try"
	done
	return 1
}

steady_is_undone() {
	kgcctl bench --json --steady trees depth=6 >"$out" && says schedutil 1 &&
		! grep -q 'a fixed frequency' "$out"
}
steady_while_it_runs() {
	kgcctl bench --json --steady ring n=100000000 ring=300 >"$out" &
	bench=$!
	becomes performance 0
}
steady_ends_with_a_signal() {
	kill -TERM $bench
	wait $bench 2>/dev/null
	becomes schedutil 1
}
if mount --bind "$fake" $cpus 2>/dev/null; then
	for file in $governors; do
		echo schedutil >"$file"
	done
	echo 1 >$cpus/cpufreq/boost
	verdict '--steady leaves the machine as it was' steady_is_undone
	verdict '--steady fixes the frequency meanwhile' steady_while_it_runs
	verdict 'a signal undoes what --steady did' steady_ends_with_a_signal
	umount $cpus
else
	for what in 1 2 3; do
		n=$((n + 1))
		echo "ok $n # SKIP no directory can be mounted on $cpus ($what of 3)"
	done
fi
rm -rf "$out" "$fake"
exit $status
