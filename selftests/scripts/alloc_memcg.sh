#!/bin/sh
# A heap is charged to the memory cgroup in which it was opened, not to that of the
# allocating thread. At the cgroup's limit an allocation fails, and the OOM killer kills
# no process. The end of the heap gives back all that was charged.
# kselftest-timeout: 180
module=kgc_charged
root=/sys/fs/cgroup
[ -e "/kgc/$module.ko" ] || { echo "1..0 # SKIP no $module.ko"; exit 4; }
grep -qw memory $root/cgroup.controllers 2>/dev/null ||
	{ echo "1..0 # SKIP no memory cgroups (cgroup v2) in this kernel"; exit 4; }
echo "TAP version 13"
echo "1..15"
number=0 failed=0
limit=$((24 << 20))
slack=$((3 << 19))	# the CPUs' stocks of charged pages

result() {	# result STATUS NAME
	number=$((number + 1))
	if [ "$1" = 0 ]; then echo "ok $number $2"; else echo "not ok $number $2"; failed=1; fi
}

event() {	# event NAME
	awk -v name="$1" '$1 == name { print $2 }' $group/memory.events
}

current() {
	cat $group/memory.current
}

round() {	# round CONTEXT
	group=$root/kgc-$1
	mkdir $group
	echo $limit >$group/memory.max
	before=$(current)
	sh -c "echo \$\$ >$group/cgroup.procs; exec insmod /kgc/$module.ko from=$1"
	result $? "$1: at the limit an allocation fails, and nothing else happens"
	dmesg | sed -n "s/.*$module: /# /p" | tail -n 1
	held=$(dmesg | sed -n "s/.*$module: .*held //p" | tail -n 1)
	during=$(current)
	echo "# cgroup: $before before, $during during;" \
		"max $(event max), oom $(event oom), oom_kill $(event oom_kill)"
	[ "$during" -le $limit ] && [ "$held" -le $limit ] && [ "$held" -gt $((limit / 2)) ]
	result $? "$1: the heap reaches the limit and does not pass it"
	[ "$during" -ge "$held" ]
	result $? "$1: all of it is charged to the owner"
	[ "$(event oom_kill)" = 0 ]
	result $? "$1: no process is killed"
	rmmod $module
	tries=100
	while [ $tries -gt 0 ]; do
		tries=$((tries - 1))
		after=$(current)
		[ "$after" -gt $((before + slack)) ] || break
		sleep 0.3
	done
	echo "# cgroup: $after afterwards"
	[ "$after" -le $((before + slack)) ]
	result $? "$1: all that was charged is given back"
	rmdir $group
}

echo +memory >$root/cgroup.subtree_control
for who in process thread softirq; do
	round $who
done
exit $failed
