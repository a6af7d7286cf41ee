#!/bin/sh
# kgc notices every rule that a module breaks: the verifier does in any build, and checks
# of loads and stores do in builds with KGC_DEBUG=1. It reports nothing else. In this test
# kgc only logs what it finds, because the runner takes a warning for a failure.
# kselftest-timeout: 300
module=/kgc/kgc_misuse.ko
[ -e $module ] || { echo "1..0 # SKIP no kgc_misuse.ko"; exit 4; }
debugfs=/sys/kernel/debug/kgc
echo "TAP version 13"
number=0 failed=0
warn=/sys/module/kgc/parameters/warn
echo N >$warn

fault() {	# fault NAME: the log goes to /tmp/misuse.log
	dmesg -c >/tmp/misuse.before
	insmod $module fault="$1" 2>/tmp/misuse.error
	status=$?
	dmesg -c >/tmp/misuse.log
	rmmod "$(basename "$module" .ko)" 2>/dev/null
}

provoke() {	# provoke FAULT WHAT-THE-LOG-SAYS
	number=$((number + 1))
	fault "$1"
	if grep -q 'not supported' /tmp/misuse.error; then
		echo "ok $number $1 # SKIP only builds with KGC_DEBUG=1 look"
	elif [ $status = 0 ] && grep -qE "kgc: heap .*: $2" /tmp/misuse.log; then
		echo "ok $number $1: $2"
	else
		echo "not ok $number $1: '$2' was not said: $(cat /tmp/misuse.error)"
		sed 's/^/# /' /tmp/misuse.log | head -n 30
		failed=1
	fi
}

echo "1..53"
provoke raw-store 'unmarked object is referred to'
provoke floating-back 'floating garbage has come back'
provoke floating-again 'floating garbage floats again'
provoke mark 'free slot is marked'
provoke scan 'scanned slot is not marked'
provoke nfree 'miscounted free slots'
provoke spans 'spans are lost or double'
provoke mallocs 'objects are miscounted'
provoke list 'span on the wrong list'
provoke pages 'pages are miscounted'
provoke gen 'span of an old generation'
provoke kind 'span on a list of another kind'
provoke nmi 'an allocation in NMI'
provoke array-of-none 'an array of a type that is none'
provoke one-of-array 'an object of an array type'
provoke sweep 'spans are left unswept'
provoke shaded-late 'shaded after marking was over'
provoke root-gone 'no object is referred to'
provoke nested-section 'a section inside a section'
provoke section-over 'a section is used that is over'
provoke section-another 'a section is used that is over'
provoke stale-load 'a field of an object that is gone is used'
provoke stale-store 'what is stored is no object of the heap'
provoke shade-freed 'a field refers to an object that is gone'
provoke field-foreign 'a field of another heap is used'

# A rule that is broken twice is reported once.
number=$((number + 1))
fault nested-twice
if grep -q 'not supported' /tmp/misuse.error; then
	echo "ok $number nested-twice # SKIP only builds with KGC_DEBUG=1 look"
elif [ "$(grep -c 'kgc: heap .*: a section inside a section' /tmp/misuse.log)" = 1 ]; then
	echo "ok $number nested-twice: reported once"
else
	echo "not ok $number nested-twice: $(cat /tmp/misuse.error)"
	failed=1
fi

allow() {	# allow NAME WHAT: loading says that kgc has noticed nothing
	number=$((number + 1))
	fault "$1"
	if grep -q 'not supported' /tmp/misuse.error; then
		echo "ok $number $1 # SKIP it takes two processors"
	elif grep -q 'No data' /tmp/misuse.error; then
		echo "ok $number $2"
	else
		echo "not ok $number $1: $(cat /tmp/misuse.error)"
		sed 's/^/# /' /tmp/misuse.log | head -n 30
		failed=1
	fi
}

# Break rules of <linux/kgc.h>.
module=/kgc/kgc_abuse.ko
no_object='(no object is referred to|what is stored is no object of the heap)'
provoke type-foreign 'a type of another heap'
provoke store-memory "$no_object"
provoke store-data "$no_object"
provoke store-number "$no_object"
provoke raw-memory 'no object is referred to'
provoke raw-array 'no object is referred to'
provoke raw-root 'no object is referred to'
provoke raw-another 'no object is referred to'
provoke weak-none 'a weak reference to no object of the heap'
provoke final-none 'a finalizer for no object of the heap'
provoke tables-irq 'a weak reference with interrupts off'
provoke root-not-null 'a root slot is not NULL when it is registered'
provoke root-twice 'a root is registered twice'
provoke root-del-twice 'a root is deleted that is not registered'
provoke root-left 'a root is left when its heap ends'
provoke final-waits 'a finalizer waits for finalizers'
provoke final-drains 'a finalizer waits for all finalizers'
provoke cleanup-ends 'a finalizer or cleanup ends its heap'
provoke cleanup-twice 'a cleanup is added twice'

# debugfs shows that a heap is set aside, as long as the heap exists.
number=$((number + 1))
insmod $module fault=aside 2>/dev/null
heap=$(awk '$2 == "kgc_abuse" { print $1, $3 }' $debugfs/heaps)
if [ "${heap#* }" = ASIDE ] && [ "$(cat $debugfs/heap"${heap% *}"/phase)" = ASIDE ] &&
	grep -qx 'SetAside 1' $debugfs/heap"${heap% *}"/verify; then
	echo "ok $number a heap that is set aside says so"
else
	echo "not ok $number heaps says '$heap'"
	failed=1
fi
rmmod kgc_abuse
module=/kgc/kgc_misuse.ko

allow floating-goes 'floating garbage is counted, and gone one cycle later'
allow forged 'a word that points to garbage is counted'
allow trace-disturbed 'a trace that a section disturbs is given up, and the next one runs'
allow audit-disturbed 'an audit is given up when a thread allocates meanwhile'
allow many-sections 'sections that are not remembered are counted'
allow tiny-filled 'a tiny block that is filled up after a trace is no garbage that has come back'
allow taken-slowly 'a slot that a slow region marks and then takes is not called free'
echo Y >$warn
exit $failed
