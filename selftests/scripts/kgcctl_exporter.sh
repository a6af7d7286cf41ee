#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kgcctl exporter: metrics agree with debugfs, and the server does what HTTP and
# Prometheus want. A kernel without IPv4 runs the tests of --print only.
#
# kselftest-timeout: 120
# kselftest-files: /usr/lib/x86_64-linux-gnu/libmicrohttpd.so.12

# shellcheck source=tap
. /kgc/tap

out=$(mktemp) err=$(mktemp) text=$(mktemp) log=$(mktemp)
export LD_LIBRARY_PATH=/kgc
debugfs=/sys/kernel/debug/kgc

details() {
	head -n 60 "$out" "$err" "$log" | sed 's/^/# /'
}

# ---- the metrics

metric() {	# metric NAME [LABELS]: its value of this shell's heap, in $text
	awk -v name="$1{heap=\"$heap\",name=\"$$/sh\"${2:+,$2}}" '$1 == name { print $2 }' "$text"
}

counter() {	# counter NAME: of this shell's heap
	awk -v name="$1" '$1 == name { print $2 }' "$debugfs/heap$heap/stats"
}

# Pairs of a metric and the counter that it is. The heap is at rest.
values_are_those_of_debugfs() {
	kgcctl exporter --print >"$text" 2>"$err" && [ ! -s "$err" ] || return 1
	while read -r name source labels; do
		[ -n "$(metric "$name" "$labels")" ] &&
			[ "$(metric "$name" "$labels")" = "$(counter "$source")" ] ||
			{ echo "# $name $labels: not $(counter "$source")"; return 1; }
	done <<-END
		kgc_memstats_heap_sys_bytes HeapSys
		kgc_memstats_sys_bytes Sys
		kgc_memstats_other_sys_bytes OtherSys
		kgc_memstats_alloc_bytes_total TotalAlloc
		kgc_memstats_mallocs_total Mallocs
		kgc_memstats_frees_total Frees
		kgc_memstats_next_gc_bytes NextGC
		kgc_gc_duration_seconds_count NumGC
		kgc_gc_cycles_total NumForcedGC reason="request"
		kgc_gc_mark_rounds_total MarkRounds
		kgc_refused_requests_total RefusedLimit by="limit"
		kgc_handles Handles
	END
	[ "$(metric kgc_gc_duration_seconds_count)" -ge 2 ] &&
		[ "$(metric kgc_memstats_sys_bytes)" -gt 0 ]
}

# Nanoseconds become seconds without rounding.
times_are_in_seconds() {
	ns=$(counter LastCycleNs) workers=$(counter GCCPUNs)
	sum=$((workers + $(counter GCWaiterNs) + $(counter GCMutatorNs)))
	[ "$ns" -gt 0 ] && [ "$workers" -gt 0 ] &&
		[ "$(metric kgc_gc_last_cycle_seconds)" = "$(seconds "$ns")" ] &&
		[ "$(metric kgc_cpu_classes_gc_total_cpu_seconds_total)" = "$(seconds $sum)" ] &&
		[ "$(metric kgc_memstats_last_gc_time_seconds | cut -d. -f1)" -gt 1000000000 ]
}

seconds() {	# seconds NANOSECONDS
	printf '%d.%09d' $(($1 / 1000000000)) $(($1 % 1000000000))
}

# Every sample follows HELP and TYPE of its metric, and no metric comes twice.
the_text_is_well_formed() {
	awk '
		$2 == "HELP" && $1 == "#" { help = $3; if (seen[help]++ || NF < 5) wrong = 1; next }
		$2 == "TYPE" && $1 == "#" {
			if ($3 != help || $4 !~ /^(counter|gauge|summary)$/) wrong = 1
			type = $4; next
		}
		{
			name = $1
			sub(/[{].*/, "", name)
			if (type == "summary") sub(/_(sum|count)$/, "", name)
			if (name != help || (type == "counter") != (name ~ /_total$/)) wrong = 1
			if (!/^[a-z_]+([{][a-z]+="[^"]*"(,[a-z]+="[^"]*")*[}])? [0-9]+(\.[0-9]+)?$/)
				wrong = 1
			if (wrong) { print "# " $0; exit 1 }
			samples++
		}
		END { exit wrong || samples < 50 }' "$text"
}

every_heap_is_there() {
	exec 4<>/dev/kgc 5<>/dev/kgc
	kgcctl exporter -p >"$text"
	exec 4>&- 5>&-
	[ "$(grep -c '^kgc_memstats_sys_bytes{' "$text")" = 3 ] &&
		grep -qx 'kgc_heaps 3' "$text"
}

# The command of a process may have a quote or a backslash in it.
labels_are_escaped() {
	printf '%s\n' '#!/bin/sh' 'exec 4<>/dev/kgc' 'exec sleep 1000' >'/tmp/a"b\c'
	chmod 755 '/tmp/a"b\c'
	'/tmp/a"b\c' 3>&- &
	sleeper=$!
	comes_true has_two_heaps
	kgcctl exporter -p >"$text"
	kill $sleeper
	wait $sleeper 2>/dev/null
	rm -f '/tmp/a"b\c'
	grep -qF "name=\"$sleeper/a\\\"b\\\\c\"} 0" "$text"
}

has_two_heaps() {
	[ "$(kgcctl stat -rn | wc -l)" = 2 ]
}

heaps_that_close_meanwhile_are_left_out() {
	while :; do
		(exec 4<>/dev/kgc 5<>/dev/kgc 6<>/dev/kgc)
	done &
	churn=$!
	good=1
	for _ in $(seq 30); do
		kgcctl exporter -p >"$text" 2>"$err" && [ ! -s "$err" ] || good=0
	done
	kill $churn
	wait $churn 2>/dev/null
	[ $good = 1 ]
}

# ---- the server

serve() {	# in the background, on a port that is free; sets port
	: >"$log"
	kgcctl exporter --listen 127.0.0.1:0 >"$log" 2>&1 3>&- &
	server=$!
	comes_true grep -q '^serving ' "$log" || return 1
	port=$(sed -n 's,^serving http://127.0.0.1:\([0-9]*\)/metrics$,\1,p' "$log")
}

ask() {	# ask METHOD PATH: the answer goes to $out
	printf '%s %s HTTP/1.0\r\n\r\n' "$1" "$2" | nc 127.0.0.1 "$port" | tr -d '\r' >"$out"
}

answers() {	# answers STATUS PATTERN METHOD PATH
	ask "$3" "$4" && head -n 1 "$out" | grep -q "^HTTP/1.[01] $1 " && grep -q -e "$2" "$out"
}

paths_and_methods() {
	answers 200 '^Content-Type: text/plain; version=0.0.4; charset=utf-8$' GET /metrics &&
		answers 200 'href="/metrics"' GET / && answers 404 'only /, /metrics and' GET /x &&
		answers 404 '' GET /metrics/ && answers 405 '^Allow: GET, HEAD$' POST /metrics &&
		answers 200 '^Content-Length: [1-9]' HEAD /metrics &&
		! grep -q '^kgc_' "$out"
}

scrapes_are_what_print_says() {
	sleep 0.6
	kgcctl exporter --print >"$text" && wget -q -O "$out" "http://127.0.0.1:$port/metrics" &&
		[ "$(wc -l <"$out")" -gt 100 ] && cmp "$out" "$text"
}

profile_is_served() {
	wget -q -O - "http://127.0.0.1:$port/debug/pprof/heap" | gunzip -c | grep -qa inuse_space &&
		wget -q -O - "http://127.0.0.1:$port/debug/pprof/heap?heap=$heap" | gunzip -c |
			grep -qa alloc_objects &&
		answers 400 '' GET '/debug/pprof/heap?heap=x' &&
		answers 404 '' GET '/debug/pprof/heap?heap=4000000'
}

bytes_read() {	# by the server since its start
	awk '$1 == "rchar:" { print $2 }' "/proc/$server/io"
}

# 40 scrapes in one go read debugfs a few times, because a reading serves half a second.
many_scrapes_share_a_reading() {
	begin=$(bytes_read)
	sleep 0.6
	answers 200 '^kgc_heaps ' GET /metrics || return 1
	one=$(($(bytes_read) - begin))
	begin=$(bytes_read)
	{
		for _ in $(seq 39); do
			printf 'GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'
		done
		printf 'GET /metrics HTTP/1.0\r\n\r\n'
	} | nc 127.0.0.1 "$port" >"$out"
	spent=$(($(bytes_read) - begin))
	echo "# one reading: $one bytes, 40 scrapes: $spent"
	[ "$(grep -c '^kgc_heaps ' "$out")" = 40 ] && [ "$one" -gt 100 ] &&
		[ $spent -lt $((20 * one)) ]
}

silent_clients_hold_up_no_other() {
	for _ in 1 2 3 4 5; do
		sleep 1000 | nc 127.0.0.1 "$port" >/dev/null &
	done
	{ printf 'GET /metrics HTTP/1.1\r\nHost'; sleep 1000; } |
		nc 127.0.0.1 "$port" >/dev/null &
	comes_true has_clients && answers 200 '^kgc_heaps ' GET /metrics
	good=$?
	# shellcheck disable=SC2046 # several
	kill $(pidof nc sleep)
	[ $good = 0 ]
}

has_clients() {
	[ "$(pidof nc | wc -w)" = 6 ]
}

the_module_may_go() {
	exec 3>&-
	rmmod kgc && sleep 0.6 && answers 503 'cannot be read' GET /metrics &&
		insmod "${KGC_MODULE:-kgc.ko}" && sleep 0.6 &&
		answers 200 '^kgc_heaps 0$' GET /metrics
}

a_port_in_use_is_an_error() {
	kgcctl exporter --listen "127.0.0.1:$port" >"$out" 2>"$err"
	[ $? = 1 ] && grep -q "^kgcctl: listening at 127.0.0.1:$port: Address already in use" "$err"
}

serves_ipv6() {
	kgcctl exporter --listen '[::1]:0' >"$log" 2>&1 3>&- &
	six=$!
	comes_true grep -qE '^serving http://\[::1\]:[0-9]+/metrics$' "$log"
	good=$?
	kill $six
	wait $six && [ $good = 0 ]
}

sigterm_ends_it() {
	kill $server
	wait $server && [ "$(wc -l <"$log")" = 1 ]
}

echo "TAP version 13"
echo "1..15"
exec 3<>/dev/kgc || exit 1
heap=$(kgcctl stat -rn -o id)
kgcctl gc --wait -c2 "$heap" >/dev/null

ok "values are those of debugfs" values_are_those_of_debugfs
ok "times are in seconds" times_are_in_seconds
ok "the text is well formed" the_text_is_well_formed
ok "every heap is there" every_heap_is_there
ok "labels are escaped" labels_are_escaped
ok "heaps that close meanwhile are left out" heaps_that_close_meanwhile_are_left_out

why=''
[ -e /proc/net/tcp ] || why="this kernel has no IPv4"
[ -e /kgc/libmicrohttpd.so.12 ] || why="${why:-there is no libmicrohttpd}"
served() {
	if [ -n "$why" ]; then
		skip "$1" "$why"
	else
		ok "$@"
	fi
}
[ -n "$why" ] || serve
served "each path and method has its answer" paths_and_methods
served "a scrape is what --print prints" scrapes_are_what_print_says
served "the allocation profile is served" profile_is_served
served "many scrapes share a reading" many_scrapes_share_a_reading
served "silent clients hold up no other" silent_clients_hold_up_no_other
served "a port in use is an error" a_port_in_use_is_an_error
if [ -n "$why" ] || [ -e /proc/net/if_inet6 ]; then
	served "IPv6 works as well" serves_ipv6
else
	skip "IPv6 works as well" "this kernel has no IPv6"
fi
served "SIGTERM ends it" sigterm_ends_it
[ -n "$why" ] || serve
served "it goes on when the module was away" the_module_may_go

[ -n "$why" ] || kill $server
rm -f "$out" "$err" "$text" "$log"
exit $failed
