#!/bin/sh
# For how long the collector keeps interrupts off, in instructions, whatever the heap
# holds: with a tracer, which counts every list of spans again.
# kselftest-timeout: 120
module=/kgc/kgc_latency.ko
[ "$COUNTED" = 1 ] && [ -e $module ] || {
	echo "1..0 # SKIP time is no number of instructions here"
	exit 4
}
echo "TAP version 13"
echo "1..1"
dmesg -c >/dev/null
insmod $module objects=600000 most_ns=60000 2>/tmp/latency.error
status=$?
dmesg -c >/tmp/latency.log
rmmod kgc_latency 2>/dev/null
sed -n 's/^.*kgc_latency: /# /p' /tmp/latency.log
if [ $status = 0 ]; then
	echo "ok 1 interrupts are off for 60 us at most"
	exit 0
fi
echo "not ok 1 interrupts are off for 60 us at most: $(cat /tmp/latency.error)"
exit 1
