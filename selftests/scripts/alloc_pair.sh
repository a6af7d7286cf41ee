#!/bin/sh
# One CPU allocates objects of many sizes, and another drops them. No object is lost or
# changed, every object is found dead, and every page comes back. The test runs with
# allocations that may wait, and with allocations that may not while memory is refused at
# random, if the kernel can do that.
# kselftest-timeout: 180
module=kgc_pair
debugfs=/sys/kernel/debug/kgc
[ -e "/kgc/$module.ko" ] || { echo "1..0 # SKIP no $module.ko"; exit 4; }
echo "TAP version 13"
echo "1..6"
number=0 failed=0
packets=$((200000 / ${SLOW:-1}))

result() {	# result STATUS NAME
	number=$((number + 1))
	if [ "$1" = 0 ]; then echo "ok $number $2"; else echo "not ok $number $2"; failed=1; fi
}

inject() {	# inject PROBABILITY: for requests of the module's producer
	for kind in failslab fail_page_alloc; do
		[ -d /sys/kernel/debug/$kind ] || continue
		echo Y >/sys/kernel/debug/$kind/task-filter
		echo "$1" >/sys/kernel/debug/$kind/probability
		echo -1 >/sys/kernel/debug/$kind/times
		echo 0 >/sys/kernel/debug/$kind/verbose
		echo N >/sys/kernel/debug/$kind/ignore-gfp-wait
		[ ! -e /sys/kernel/debug/$kind/min-order ] ||
			echo 0 >/sys/kernel/debug/$kind/min-order
	done
}

all_dead() {	# every object, every span and every page of the module's heap
	id=$(awk -v name=$module '$2 == name { print $1 }' $debugfs/heaps)
	echo 1 >"$debugfs/heap$id/scavenge"
	awk -v name=heap "$1" "$debugfs/heap$id/stats" "$debugfs/heap$id/classes" | sed 's/^/# /'
	awk '$1 == "HeapObjects" || $1 == "HeapSys" { left += $2 }
		$1 == "Mallocs" { made = $2 } $1 == "Frees" { dead = $2 }
		NF == 17 && $5 != "spans" { left += $5 }
		END { exit left || made != dead || !made }' \
		"$debugfs/heap$id/stats" "$debugfs/heap$id/classes"
}

verified() {	# cycles of the module's heap, in which the verifier found no error
	awk '$1 == "VerifyRuns" { runs = $2 } $1 == "VerifyErrors" { errors = $2 }
		END { exit errors || !runs }' "$debugfs/heap$id/verify"
}

round() {	# round NAME PARAMETERS
	[ "$2" != nowait=1 ] || inject 30
	insmod /kgc/$module.ko packets="$packets" "$2"
	result $? "$1"
	inject 0
	dmesg | sed -n "s/.*$module: /# /p" | tail -n 1
	all_dead '/^(HeapObjects|HeapSys|Mallocs|Frees|NumGC) /'
	result $? "$1: every object found dead, every page given back"
	verified
	result $? "$1: the verifier ran and found no error"
	rmmod $module
}

round "from CPU to CPU" nowait=0
round "from CPU to CPU without waiting" nowait=1
exit $failed
