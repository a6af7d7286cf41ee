#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kgcctl report writes a page with the numbers of a heap, or none.
#
# kselftest-timeout: 120

# shellcheck source=tap
. /kgc/tap

out=$(mktemp) err=$(mktemp) page=$(mktemp)

digits='"\([0-9]*\)"'

# Each type as "number objects bytes", in the page and in the table of the same census.
has_the_types() {
	run 0 types --last --raw --noheadings -o type,live_objects,live_bytes "$heap" ||
		return 1
	sed -n "s/.*data-type=$digits data-objects=$digits data-bytes=$digits.*/\1 \2 \3/p" \
		"$page" | diff - "$out" >"$err" && [ -s "$out" ]
}

# With no cycle between: nothing allocates in the heap of this shell.
has_the_histograms() {
	run 0 gc --wait "$heap" && run 0 report --last --no-snapshot "$heap" "$page" || return 1
	sed -n "s/.*data-what=\"\(cycle_[a-z]*\)\" data-times=$digits.*/\1 \2/p" "$page" >"$out"
	awk '/^cycle_/ { sum = 0; for (i = 4; i <= NF; i++) sum += $i; print $1, sum }' \
		"/sys/kernel/debug/kgc/heap$heap/histograms" >"$err"
	diff "$err" "$out" && [ -s "$out" ]
}

says() {	# says TEXT: in the page
	grep -qF "$1" "$page"
}

refers_to_nothing() {
	! grep -qiE 'https?:|src=|href=|<script|@import|url\(' "$page" && says "default-src 'none'"
}

no_file_appears() {	# no_file_appears STATUS HEAP
	run "$1" report "$2" "$page.none" && [ ! -e "$page.none" ]
}

[ -e /kgc/kgc_example.ko ] || { echo "1..0 # SKIP no kgc_example.ko"; exit 4; }
trap 'rmmod kgc_example 2>/dev/null; rm -f "$out" "$err" "$page"' EXIT
echo 1..9
exec 3<>/dev/kgc
heap=$(kgcctl stat -rn -o id,name | awk -v name="$$/sh" '$2 == name { print $1 }')
ok "an empty heap has a page" run 0 report "$heap" "$page"
ok "it says that nothing is there" says 'Nothing is alive in this heap.'
ok "histograms have the numbers of debugfs" has_the_histograms
exec 3>&-
insmod /kgc/kgc_example.ko threads=1 || exit 1
heap=$(awk '$2 == "example" { print $1 }' /sys/kernel/debug/kgc/heaps)
steps=/sys/module/kgc_example/parameters/steps
while [ "$(cat $steps)" -lt 2000 ]; do
	sleep 0.1
done
ok "a heap at work has a page" run 0 report "$heap" "$page"
ok "the page shows what holds most" says 'Which objects hold most</h2>'
ok "types have the numbers of the census" has_the_types
ok "the page refers to nothing outside it" refers_to_nothing
ok "a closed heap has no page" no_file_appears 5 99999
ok "a full disk is noticed" run 1 report --no-snapshot "$heap" /dev/full
exit $failed
