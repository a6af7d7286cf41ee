#!/bin/sh
# For how long the collector keeps interrupts off, in instructions, whatever the heap
# holds: with a tracer, which counts every list of spans again. The kernel itself keeps them
# off as well, more so with many possible CPUs; so a large heap is compared with a small one.
# 600000 objects are 4700 spans: walked without a pause they take 222 us.
# kselftest-timeout: 120
module=/kgc/kgc_latency.ko
[ "$COUNTED" = 1 ] && [ -e $module ] || {
	echo "1..0 # SKIP time is no number of instructions here"
	exit 4
}
echo "TAP version 13"
echo "1..1"

longest() {	# longest OBJECTS: for how many ns interrupts were off at most
	dmesg -c >/dev/null
	insmod $module objects="$1" || return
	rmmod kgc_latency
	dmesg -c | sed -n 's/^.*kgc_latency: .* at most \([0-9]*\) ns/\1/p'
}

small=$(longest 100)
large=$(longest 600000)
echo "# interrupts were off for at most ${small:-?} ns with 100 objects, ${large:-?} ns with 600000"
if [ -n "$small" ] && [ -n "$large" ] && [ "$large" -lt $((small + 60000)) ]; then
	echo "ok 1 a large heap keeps interrupts off for less than 60 us more than a small one"
	exit 0
fi
echo "not ok 1 a large heap keeps interrupts off for less than 60 us more than a small one"
exit 1
