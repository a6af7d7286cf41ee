#!/bin/sh
# Kernel lockdown: the device works as before. debugfs can be read, and kgcctl says that
# writing is not permitted.
#
# Lockdown cannot be undone, and a kernel that is locked down loads no unsigned module.
# So this runs as the last test of a boot that nothing else needs.
lockdown=/sys/kernel/security/lockdown
if [ "$KERNEL" != stock-6.1-full ]; then
	echo "1..0 # SKIP it cannot be undone: only stock-6.1-full is locked down"
	exit 4
fi
mount -t securityfs securityfs /sys/kernel/security 2>/dev/null
[ -e $lockdown ] || { echo "1..0 # SKIP this kernel has no lockdown"; exit 4; }

number=0
failed=0
out=$(mktemp)
check() {	# check WHAT COMMAND...
	number=$((number + 1))
	what=$1
	shift
	if "$@"; then
		echo "ok $number $what"
	else
		echo "not ok $number $what"
		sed 's/^/# /' "$out" | head -n 5
		failed=1
	fi
}

says() {	# says STATUS PATTERN COMMAND...
	status=$1 pattern=$2
	shift 2
	"$@" >"$out" 2>&1
	[ $? = "$status" ] && grep -qE "$pattern" "$out"
}

refuses() {	# refuses FILE: writing to it fails
	! (echo 1 >"$1") 2>"$out"
}

echo "TAP version 13"
echo "1..7"
exec 3<>/dev/kgc || exit 1
heap=$(kgcctl stat -rn -o id)
dir=/sys/kernel/debug/kgc/heap$heap
echo confidentiality >$lockdown
check "the kernel is locked down" grep -q '\[confidentiality\]' $lockdown
check "the device works" says 0 PASS kgcctl demo --objects 2000
check "heaps are listed by the device" says 0 "^$heap\$" kgcctl stat -rn -o id
check "debugfs is read" says 0 '^HeapObjects 0' cat "$dir/stats"
check "debugfs refuses cycles" refuses "$dir/collect"
check "kgcctl says that a cycle is not permitted" says 4 "$dir/collect" kgcctl gc "$heap"
check "kgcctl says that options are not" says 4 "$dir/options" kgcctl set "$heap" gogc 50
exec 3>&-
rm -f "$out"
exit $failed
