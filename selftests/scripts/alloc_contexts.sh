#!/bin/sh
# Allocation from hardirq, softirq and threads at once loses no object and hands out only
# zeroed memory. Afterwards the heap is empty. kgc refuses what hardirq must not do.
# Hardirqs that find no slot ready find one soon after, without a cycle. Allocations with
# preemption off make cycles begin.
# kselftest-timeout: 120
module=kgc_contexts
echo "TAP version 13"
echo "1..2"
[ -e "/kgc/$module.ko" ] || { echo "1..0 # SKIP no $module.ko"; exit 4; }
failed=0
# kgc_finalize() refuses with a warning, which the runner would take for a failure
warn=/sys/module/kgc/parameters/warn
echo N >$warn
if insmod "/kgc/$module.ko" refusals=1; then
	echo "ok 1 every object of every context is found, hardirq is refused what it may not"
else
	echo "not ok 1 every object of every context is found, hardirq is refused what it may not"
	failed=1
fi
echo Y >$warn
dmesg | sed -n 's/.*kgc_contexts: /# /p'
objects=$(awk '$2 == "kgc_contexts" { print $4 }' /sys/kernel/debug/kgc/heaps)
if [ "$objects" = 0 ]; then
	echo "ok 2 nothing is left when nothing is referred to"
else
	echo "not ok 2 nothing is left when nothing is referred to # $objects objects"
	failed=1
fi
rmmod $module 2>/dev/null
exit $failed
