#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# kselftest-timeout: 120
# The programs of 'kgcctl bench' come to the sums that the same programs come to
# with malloc() and free() on the host (selftests/bench/rivals).
status=0
n=0

check() {	# check SUM PROGRAM [PARAMETER...]
	sum=$1
	shift
	n=$((n + 1))
	got=$(kgcctl bench --json "$@" | sed -n 's/.*"checksum".*"value": \([0-9]*\).*/\1/p')
	if [ "$got" = "$sum" ]; then
		echo "ok $n $*"
	else
		echo "not ok $n $*: $got instead of $sum"
		status=1
	fi
}

echo 1..10
check 161991000 ring n=20000 ring=2000
check 25774 trees depth=8
check 35905 gcbench depth=6
check 175822065 parse n=3
check 2465443 lasting n=5000 size=2000
check 2097644 requests n=3000 size=500
check 8441553 mixed n=5000 live=1000
check 3814506 larson n=1000 slots=100
check 3934272 xmalloc n=2000
check 482400 handoff n=200
exit $status
