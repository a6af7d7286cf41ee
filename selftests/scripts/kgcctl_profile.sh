#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kgcctl profile: what it estimates agrees with the heap's counters, as far as the sampling
# allows. The test computes how far that is.
#
# kselftest-timeout: 120

# shellcheck source=tap
. /kgc/tap

out=$(mktemp) err=$(mktemp) file=$(mktemp)
debugfs=/sys/kernel/debug/kgc

counter() {	# counter NAME
	awk -v name="$1" '$1 == name { printf "%.0f\n", $2 }' "$debugfs/heap$id/stats"
}

# The bytes that samples of this rate stand for, and five standard deviations. A sample of n
# bytes stands for 1 / p objects, with p = 1 - exp(-n / rate). busybox's awk has neither exp()
# nor sqrt().
estimate() {
	awk '
		function exp_of(x,  y, i) {
			y = x / 1024
			y = 1 + y + y * y / 2 + y * y * y / 6
			for (i = 0; i < 10; i++) y *= y
			return y
		}
		function root_of(x,  y, i) {
			y = x + 1
			for (i = 0; i < 100; i++) y = (y + x / y) / 2
			return y
		}
		sites && !/^\t/ && $4 == 2048 {
			p = 1 - exp_of(-$3 / $4)
			sum += $1 * $3 / p
			variance += $1 * $3 * $3 * (1 - p) / p / p
		}
		/^allocated_samples / { sites = 1 }
		END { printf "%.0f %.0f\n", sum, 5 * root_of(variance) }' "$debugfs/heap$id/profile"
}

# Threads go on. A cycle makes the counter exact, so the truth is between those of two cycles.
# Sampling at this rate began between the counters first and second. Caches may have another
# 64 spans of 8 KiB at either end.
agrees_with_the_counter() {
	kgcctl gc --wait "$id" >/dev/null
	before=$(counter TotalAlloc)
	estimate >"$out"
	kgcctl gc --wait "$id" >/dev/null
	after=$(($(counter TotalAlloc) - first)) before=$((before - second))
	read -r sum off <"$out"
	echo "# $before to $after bytes were allocated; estimated: $sum, $off off at most"
	[ "$off" -gt 0 ] && [ "$sum" -gt $((before - off - 64 * 8192)) ] &&
		[ "$sum" -lt $((after + off + 64 * 8192)) ]
}

saves() {
	run 0 profile "$id" "$file" &&
		grep -qE '^in use: about [0-9.]+[KMG]? in [0-9]+ objects; ever allocated: ' "$out"
}

is_compressed_and_has_names() {
	gunzip -c <"$file" >"$out" || return 1
	for name in alloc_objects alloc_space inuse_objects inuse_space "struct_node"; do
		grep -qa "$name" "$out" || { echo "# no $name"; return 1; }
	done
	# UML knows of no stacks without frame pointers
	[ "$KERNEL" = uml ] || { grep -qa kgc_example "$out" && ! grep -qa alloc_slow "$out"; }
}

the_output_gets_nothing_else() {
	kgcctl profile "$id" - 2>"$err" | gunzip -c | grep -qa inuse_space && [ ! -s "$err" ]
}

a_full_disk_is_noticed() {
	kgcctl profile "$id" - >/dev/full 2>"$err"
	[ $? = 1 ]
}

[ -e /kgc/kgc_example.ko ] || { echo "1..0 # SKIP no kgc_example.ko"; exit 4; }
trap 'rmmod kgc_example 2>/dev/null; rm -f "$out" "$err" "$file"' EXIT
echo "TAP version 13"
echo "1..6"
insmod /kgc/kgc_example.ko threads=1 || exit 1
id=$(awk '$2 == "example" { print $1 }' $debugfs/heaps)
first=$(counter TotalAlloc)
kgcctl set "$id" profile_bytes 2048 >/dev/null
kgcctl gc --wait "$id" >/dev/null
second=$(counter TotalAlloc)
goal=$((second + 4000000))
grown() {
	kgcctl gc --wait "$id" >/dev/null
	[ "$(counter TotalAlloc)" -gt "$goal" ]
}
comes_true grown
ok "the estimate is as near to the counter as five deviations" agrees_with_the_counter
ok "a profile is saved" saves
ok "it is compressed, and has types and functions" is_compressed_and_has_names
ok "the output gets nothing else" the_output_gets_nothing_else
ok "a full disk is noticed" a_full_disk_is_noticed
ok "a heap that is not open is told" run 5 profile 4000000 "$file"
exit $failed
