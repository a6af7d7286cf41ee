#!/bin/sh
# A short run of kgc_stress.ko: no object dies early, the verifier finds no error, and
# two cycles free all garbage. The long run is
#   insmod kgc_stress.ko ops=100000000
# kselftest-timeout: 120
[ -e /kgc/kgc_stress.ko ] || { echo "1..0 # SKIP no kgc_stress.ko"; exit 4; }
echo "TAP version 13"
echo "1..1"
dmesg >/tmp/stress.before
insmod /kgc/kgc_stress.ko ops="${OPS:-300000}"
status=$?
dmesg | sed -n 's/.*kgc_stress: /# /p'
rmmod kgc_stress 2>/dev/null
if [ $status = 0 ]; then
	echo "ok 1 nothing dies early, nothing stays"
else
	echo "not ok 1 nothing dies early, nothing stays"
fi
exit $status
