#!/bin/sh
# A machine short of memory makes kgc collect garbage and give free memory back.
# kselftest-timeout: 120
module=kgc_contexts
debugfs=/sys/kernel/debug/kgc
[ -e "/kgc/$module.ko" ] || { echo "1..0 # SKIP no $module.ko"; exit 4; }
echo "TAP version 13"
echo "1..3"
failed=0
result() {	# result NUMBER STATUS NAME
	if [ "$2" = 0 ]; then echo "ok $1 $3"; else echo "not ok $1 $3"; failed=1; fi
}
insmod "/kgc/$module.ko" msecs=100 garbage=20000
id=$(awk '$2 == "kgc_contexts" { print $1 }' $debugfs/heaps)
stat_of() { awk -v name="$1" '$1 == name { print $2 }' "$debugfs/heap$id/stats"; }
show() {	# show WHEN
	echo "# $1: held $(stat_of HeapSys), in use $(stat_of HeapInuse)," \
		"cycles for it $(stat_of NumGCShrink)"
}
show before
[ "$(stat_of HeapInuse)" -gt 1000000 ]
result 1 $? "there is garbage"
echo 2 >/proc/sys/vm/drop_caches
tries=100
while [ "$(stat_of NumGCShrink)" = 0 ] || [ "$(stat_of HeapInuse)" -gt 100000 ]; do
	tries=$((tries - 1))
	[ $tries -gt 0 ] || break
	sleep 0.1
done
show "asked once"
[ "$(stat_of NumGCShrink)" -gt 0 ] && [ "$(stat_of HeapInuse)" -lt 100000 ]
result 2 $? "garbage is collected"
echo 2 >/proc/sys/vm/drop_caches
show "asked twice"
[ "$(stat_of HeapSys)" -lt 200000 ]
result 3 $? "free memory is given back"
rmmod $module
exit $failed
