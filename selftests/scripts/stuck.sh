#!/bin/sh
# A section that does not end for 30 s delays only its own heap's cycle, and kgc reports
# it. When it ends, the cycle does. A machine out of memory does not wait for that cycle.
# Finalizers that sleep delay no cycle and no finalizer of another heap, however many
# sleep. Sections sleep in a hundred heaps, with a thread that waits for a cycle of each.
# No thread of the kernel hangs, even if other sections come and go meanwhile, and the
# grace periods of another heap are still expedited. Trace points tell of all of this.
# kselftest-timeout: 220
module=kgc_stuck
debugfs=/sys/kernel/debug/kgc
tracing=/sys/kernel/tracing
[ -e "/kgc/$module.ko" ] || { echo "1..0 # SKIP no $module.ko"; exit 4; }
echo "TAP version 13"
echo "1..13"
failed=0
result() {	# result NUMBER STATUS NAME
	if [ "$2" = 0 ]; then echo "ok $1 $3"; else echo "not ok $1 $3"; failed=1; fi
}
# events TEXT: count those that tracefs has recorded
events() { grep -c "$1" $tracing/trace; }
traces() { [ -e $tracing/events/kgc ]; }
if traces; then
	echo 1 >$tracing/events/kgc/kgc_section_stuck/enable
	echo 1 >$tracing/events/kgc/kgc_finalizer/enable
	echo >$tracing/trace
fi
find_heap() { id=$(awk '$2 == "kgc_stuck" { print $1 }' $debugfs/heaps); }
cycles() { awk '$1 == "NumGC" { print $2 }' "$debugfs/heap$id/stats"; }
waiting() { awk '$1 == "CycleWaitUs" { print $2 }' "$debugfs/heap$id/sections"; }

waits() { awk -v name="$1" '$1 == name { print $2 }' $debugfs/stats; }
# invoke the OOM killer, with a process for it to kill
out_of_memory() {
	sh -c 'echo 1000 >/proc/self/oom_score_adj; exec sleep 1000' &
	sleep 1
	echo f >/proc/sysrq-trigger
	wait $! 2>/dev/null
}

# loading runs some cycles of another heap, or fails
insmod "/kgc/$module.ko" seconds=30 track=1
result 1 $? "cycles of another heap go on"
find_heap
before=$(cycles)
[ "$(waiting)" -gt 1000000 ]
result 2 $? "debugfs says how long the cycle has been waiting"
[ "$(grep -c 'comm kgc_stuck_[01] age_us .* at stay' "$debugfs/heap$id/sections")" = 2 ]
result 3 $? "debugfs says which threads are inside, and where"
tries=20
until dmesg | grep -q "heap $id (kgc_stuck): cycle .* has been waiting"; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || break
	sleep 1
done
dmesg | grep "kgc: heap $id" | sed 's/^/# /'
dmesg | grep -q "heap $id: the oldest section is kgc_stuck_0/.*, entered at stay"
result 4 $? "the log says so after ten seconds"
[ "$(cycles)" = "$before" ]
result 5 $? "the cycle has not ended meanwhile"
# The first call takes free pages, and the second waits for cycles. Earlier tests have
# made the kernel wait, too, so read the counters before.
all=$(waits ReclaimWaits) stuck=$(waits ReclaimWaitsStuck) expired=$(waits ReclaimWaitsExpired)
echo 1 >/proc/sys/kernel/sysrq
out_of_memory
out_of_memory
all=$(($(waits ReclaimWaits) - all)) stuck=$(($(waits ReclaimWaitsStuck) - stuck))
expired=$(($(waits ReclaimWaitsExpired) - expired))
echo "# waits $all, of them ended by a section $stuck, by time $expired"
[ $stuck -gt 0 ]
result 6 $? "a machine out of memory finds that the cycle is stuck"
[ $expired = 0 ]
result 7 $? "and does not wait for it to the end"
tries=40
while [ "$(cycles)" = "$before" ] || [ "$(waiting)" != 0 ]; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || break
	sleep 1
done
[ $tries -gt 0 ]
result 8 $? "the cycle ends when the section does"
if traces; then
	[ "$(events "heap=$id .*wait_ms=[0-9]* ip=stay")" = \
		"$(dmesg | grep -c "heap $id (kgc_stuck): cycle .* has been waiting")" ]
	result 9 $? "each such report is an event, with the oldest section"
else
	echo "ok 9 # SKIP no trace points"
fi
rmmod $module
insmod "/kgc/$module.ko" seconds=20 finalizers=300
result 10 $? "300 finalizers that sleep hold up no cycle and no finalizer of another heap"
dmesg | grep kgc_stuck: | sed 's/^/# /'
rmmod $module
if traces; then
	[ "$(events 'kgc_finalizer: heap=[0-9]* fn=.* call_us=[0-9][0-9][0-9]')" = 300 ]
	result 11 $? "each finalizer is an event once it has returned"
	echo 0 >$tracing/events/kgc/enable
else
	echo "ok 11 # SKIP no trace points"
fi
# the kernel reports a thread that sleeps uninterruptibly for so long
hung=/proc/sys/kernel/hung_task_timeout_secs
if [ -w $hung ]; then
	before=$(cat $hung)
	echo 5 >$hung
fi
insmod "/kgc/$module.ko" seconds=20 heaps=100
result 12 $? "sections stuck in 100 heaps cost another heap nothing"
dmesg | grep kgc_stuck: | tail -n 1 | sed 's/^/# /'
sleep 12
if [ -w $hung ]; then
	! dmesg | grep 'blocked for more than'
	result 13 $? "no thread hangs for a section that sleeps"
	echo "$before" >$hung
else
	echo "ok 13 # SKIP this kernel does not look for hung threads"
fi
for status in /proc/[0-9]*/status; do
	awk '$1 == "Name:" && $2 ~ /^kgc_grace/ { name = $2 }
		$1 == "State:" && name { print "# " name ": " $0 }' "$status"
done 2>/dev/null | sort -k 3 | uniq -c -f 2 | sed 's/^/# /'
rmmod $module
exit $failed
