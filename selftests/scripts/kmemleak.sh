#!/bin/sh
# kmemleak scans a heap: memory that only the heap's objects refer to is no leak. 'make
# detectors' shows that memory to which no object refers any more is a leak.
# kselftest-timeout: 120
module=kgc_keeper
leaks=/sys/kernel/debug/kmemleak
[ -e "/kgc/$module.ko" ] || { echo "1..0 # SKIP no $module.ko"; exit 4; }
[ -e $leaks ] || { echo "1..0 # SKIP this kernel has no kmemleak"; exit 4; }
echo "TAP version 13"
echo "1..1"
echo clear >$leaks
insmod /kgc/$module.ko || exit 1
sleep 6		# kmemleak does not report younger objects
echo scan >$leaks
echo scan >$leaks
found=$(grep -c '^unreferenced' $leaks)
rmmod $module
if [ "$found" = 0 ]; then
	echo "ok 1 what only a heap refers to is no leak"
	exit 0
fi
echo "not ok 1 what only a heap refers to is no leak # $found objects"
exit 1
