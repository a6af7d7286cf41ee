#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kgcctl saves a snapshot of a heap whose threads go on, and tells what holds what in it.
#
# kselftest-timeout: 120

# shellcheck source=tap
. /kgc/tap

one=$(mktemp) two=$(mktemp) out=$(mktemp)

details() {
	sed 's/^/# /' "$out"
}

# Exit status 10 says to try again: the machine may have other things to do than to read.
take() {	# take FILE [OUTPUT]
	tries=0
	while [ $tries -lt 100 ]; do
		kgcctl snapshot "$id" "$1" >"${2:-$out}" 2>&1
		status=$?
		[ $status = 10 ] || return $status
		tries=$((tries + 1))
	done
	return 1
}

ends_with() {	# ends_with STATUS COMMAND...
	want=$1
	shift
	"$@" >"$out" 2>&1
	[ $? = "$want" ]
}

# All objects are nodes of 32 bytes, and retain themselves.
holds_nodes() {
	kgcctl retained --raw --noheadings -o objects,bytes,retained,percent "$one" >"$out" &&
		awk '$1 * 32 != $2 || $3 != $2 || $4 != 100 { wrong = 1 }
			END { exit wrong || NR != 1 }' "$out"
}

# Without CONFIG_KALLSYMS_ALL the kernel does not know the names of variables.
leads_from_root() {
	root='root [0-9]+'
	! grep -qw "table.*kgc_example" /proc/kallsyms || root='table\[[0-9]+\]'
	kgcctl why --noheadings "$one" "struct node" >"$out" &&
		grep -qE "^$root +struct node +@" "$out"
}

same_as_lines() {	# the numbers of objects and bytes in JSON and in the table
	kgcctl convert --format=jsonl "$one" - >"$out" &&
		[ "$(grep -c '"kind":"object"' "$out")" = \
			"$(kgcctl retained --raw --noheadings -o objects "$one")" ]
}

differs_by_itself_in_nothing() {
	kgcctl diff --raw --noheadings -o objects_grew,bytes_grew "$one" "$one" >"$out" &&
		[ "$(cat "$out")" = "0 0" ]
}

differs_as_the_files() {
	kgcctl diff --raw --noheadings -o all "$one" "$two" >"$out" &&
		awk '$3 - $2 != $4 || $6 - $5 != $7 { wrong = 1 }
			END { exit wrong || NR != 1 }' "$out"
}

closed_heap_is_told() {
	rmmod kgc_example && ends_with 5 kgcctl snapshot "$id" "$two" && ! grep -q node "$out"
}

[ -e /kgc/kgc_example.ko ] || { echo "1..0 # SKIP no kgc_example.ko"; exit 4; }
trap 'rmmod kgc_example 2>/dev/null; rm -f "$one" "$two" "$out"' EXIT
echo 1..10
insmod /kgc/kgc_example.ko threads=1 || exit 1
id=$(awk '$2 == "example" { print $1 }' /sys/kernel/debug/kgc/heaps)
steps=/sys/module/kgc_example/parameters/steps
while [ "$(cat $steps)" -lt 2000 ]; do
	sleep 0.1
done
ok "a snapshot is saved while threads go on" take "$one"
ok "what a type retains is shown" holds_nodes
ok "the path to an object begins with the root that holds it" leads_from_root
ok "JSON lines have the same objects" same_as_lines
ok "a snapshot does not differ from itself" differs_by_itself_in_nothing
ok "a second one is saved" take "$two"
ok "two differ as their types do" differs_as_the_files
ok "a pipe gets a snapshot, too" eval 'take - && cat "$out" | kgcctl retained - >/dev/null'
ok "a full disk is noticed" ends_with 1 take - /dev/full
ok "a closed heap is told" closed_heap_is_told
exit $failed
