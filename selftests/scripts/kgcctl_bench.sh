#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kselftest-timeout: 120
# The programs of 'kgcctl bench' come to the sums that the same programs come to
# with malloc() and free() on the host (selftests/bench/rivals), while cycles are
# requested all the time. Sizes are small, but for 'ring', which is to grow until
# cycles begin by themselves.
status=0
n=0
out=$(mktemp)

figure() {	# figure NAME: of the program that ran last
	# a counter of the processor may have that name too
	sed -n 's/.*"metric": "'"$1"'".*"value": \([0-9]*\).*/\1/p' "$out" | tail -n 1
}

check() {	# check SUM PROGRAM [PARAMETER...]
	sum=$1
	shift
	n=$((n + 1))
	kgcctl bench --json "$@" >"$out"
	got=$(figure checksum)
	if [ "$got" = "$sum" ]; then
		echo "ok $n $*"
	else
		echo "not ok $n $*: $got instead of $sum"
		status=1
	fi
}

echo 1..11
check 16242150 ring n=6000 ring=300
n=$((n + 1))
if [ "$(figure cycles)" -gt 0 ]; then
	echo "ok $n cycles begin by themselves"
else
	echo "not ok $n no cycle began"
	status=1
fi
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
kill $collector
wait $collector 2>/dev/null
rm -f "$out"
exit $status
