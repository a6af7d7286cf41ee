#!/bin/sh
# How long the collector keeps interrupts off, in instructions, does not depend on the
# size of the heap. The tracer runs, and it counts every list of spans again. The kernel
# itself keeps interrupts off, too, longer with many possible CPUs. So the test compares a
# large heap with a small one. 600000 objects are 4700 spans: a walk of these without a
# pause takes 222 us.
# kselftest-timeout: 120
module=/kgc/kgc_latency.ko
[ "$COUNTED" = 1 ] && [ -e $module ] || {
	echo "1..0 # SKIP time is no number of instructions here"
	exit 4
}
echo "TAP version 13"
echo "1..1"

longest() {	# longest OBJECTS: most ns that interrupts were off
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
