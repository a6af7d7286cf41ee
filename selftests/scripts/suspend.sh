#!/bin/sh
# The machine can suspend its threads while sections are open and other threads wait for
# the cycles that wait for these sections. Cycles stop meanwhile, and go on afterwards.
# kselftest-timeout: 120
module=kgc_stuck
debugfs=/sys/kernel/debug/kgc
power=/sys/power
echo "TAP version 13"
[ -e "/kgc/$module.ko" ] || { echo "1..0 # SKIP no $module.ko"; exit 4; }
[ -w $power/pm_test ] && grep -q freeze $power/state ||
	{ echo "1..0 # SKIP this kernel cannot try to suspend"; exit 4; }
echo "1..3"
failed=0
result() {	# result NUMBER STATUS NAME
	if [ "$2" = 0 ]; then echo "ok $1 $3"; else echo "not ok $1 $3"; failed=1; fi
}
crowd() { awk '$2 == "kgc_crowd" { print $1 }' $debugfs/heaps; }
waiting() {	# threads of the crowd that wait for sections
	for id in $(crowd); do
		awk '$1 == "CycleWaitUs" && $2 > 0 { print }' "$debugfs/heap$id/sections"
	done | wc -l
}

insmod "/kgc/$module.ko" seconds=60 heaps=3 || exit 1
[ "$(waiting)" = 3 ]
result 1 $? "cycles wait for sections that sleep"
echo 5000 >$power/pm_freeze_timeout
echo 1 >/sys/module/suspend/parameters/pm_test_delay
echo freezer >$power/pm_test
status=0
echo freeze >$power/state || status=1
echo none >$power/pm_test
dmesg | grep -i 'freez' | sed 's/^/# /'
result 2 $status "all threads can be frozen"
[ "$(waiting)" = 3 ]
result 3 $? "the sections are still open"
rmmod $module
exit $failed
