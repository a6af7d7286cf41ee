#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# kgcctl top under tmux: what the screen shows, what keys do, and what is left on the
# terminal. Its other output is that of --batch.
#
# kselftest-timeout: 240
# kselftest-files: /usr/bin/tmux /usr/lib/locale/C.utf8:usr/lib/locale/C.utf8
# kselftest-files: /lib/terminfo/s/screen:lib/terminfo/s/screen
# kselftest-files: /lib/terminfo/d/dumb:lib/terminfo/d/dumb

# shellcheck source=tap
. /kgc/tap

server=0
out=$(mktemp) err=$(mktemp) screen=$(mktemp) settings=$(mktemp)
export LC_ALL=C.UTF-8 TERM=screen

details() {
	sed 's/^/# screen: /' "$screen"
	sed 's/^/# /' "$out" "$err"
}

mux() {
	tmux -L top$server -f "$settings" "$@"
}

start() {	# start COMMAND: in a terminal of 80x24, which then shows the exit status
	[ $server = 0 ] || mux kill-server
	server=$((server + 1))
	# tmux must not keep the heaps of this shell open
	mux new-session -d -x 80 -y 24 "$1; echo \"status \$?\"; exec sleep 1000" 3>&- 4>&-
}

keys() {
	mux send-keys "$@"
}

shows() {	# shows PATTERN...: the screen comes to match all of them at once
	for _ in $(seq 100); do
		mux capture-pane -p >"$screen"
		matches "$@" && return 0
		sleep 0.1
	done
	echo "# the screen does not show: $*"
	return 1
}

matches() {
	for pattern; do
		grep -qE -e "$pattern" "$screen" || return 1
	done
}

# ---- the list

# Two heaps: this shell's is empty, that of the module is not.
the_list_shows_every_heap() {
	start 'kgcctl top --delay=0.2' &&
		shows '^[0-9:]{8}  [2-9] heaps, [0-9.]+[KMG]; collecting takes' \
			'^ +ID PHASE +#\+\. .* NAME' "^ *$mine IDLE +\[[ .]+\] .* - " \
			"^ *$example [A-Z]+ +\[[#+. ]{8}\] .* $name\$" '^Up Down Enter: one heap' &&
		[ "$(wc -l <"$screen")" = 24 ]
}

line_of() {	# line_of HEAP: which line of the screen it is on
	awk -v id="$1" '$1 == id { print NR }' "$screen"
}

comes_first() {	# comes_first HEAP: of the list
	for _ in $(seq 100); do
		mux capture-pane -p >"$screen"
		[ "$(line_of "$1")" != 4 ] || return 0
		sleep 0.1
	done
	return 1
}

letters_sort_the_list() {
	keys h && comes_first "$example" && shows 'sorted by HEAP$' &&
		keys r && comes_first "$mine" && keys i && comes_first "$example" &&
		keys r && comes_first "$mine"
}

# The module's threads allocate all the time.
rates_are_shown() {
	shows "^ *$example .* [0-9.]+[KMG]? +[0-9.]+ +[0-9.]+ $name\$"
}

# ---- one heap

a_heap_has_a_page() {
	keys Down Enter && shows "^heap $example  [A-Z]+  $name" '^live +\[#* *\] .* marked by' \
		'^heap +\[#+ *\] +[0-9.]+[KMG]?  \+[0-9.]+[KMG]?/s, freed' '^sys ' '^limit ' \
		'^cycles: ' '^% of a CPU: collector ' '\[cycles\] +classes' '^time +heap +cycle' &&
		[ "$(wc -l <"$screen")" = 24 ]
}

cycles_are_listed() {
	kgcctl gc --wait "$example" >/dev/null &&
		shows "^[0-9:]{8} +$example +[0-9]+ request "
}

tab_shows_the_classes() {
	keys Tab && shows '\[classes\]' '^class noscan +slot' '^ +[0-9]+ +[01] +[0-9.]+K? ' &&
		keys Tab && shows '\[cycles\]'
}

escape_goes_back() {
	keys Escape && shows '^ +ID PHASE'
}

a_larger_screen_shows_more() {
	mux resize-window -x 120 -y 30 && shows 'ALLOC/S FREED/S' '^Up Down' &&
		[ "$(wc -l <"$screen")" = 30 ] && mux resize-window -x 40 -y 6 &&
		shows '^ +ID PHASE' '^Up Down' && [ "$(wc -l <"$screen")" = 6 ] &&
		mux resize-window -x 80 -y 24 && shows "$name\$" '^Up Down'
}

# A heap ends while its page is shown.
the_end_of_a_heap_is_said() {
	before=$(kgcctl stat -rn -o id)
	exec 4<>/dev/kgc
	for third in $(kgcctl stat -rn -o id); do
		echo "$before" | grep -qx "$third" || break
	done
	start "kgcctl top --delay=0.2 $third" && shows "^heap $third  IDLE" || return 1
	exec 4>&-
	shows "^heap $third has ended" '^ +ID PHASE' && ! grep -q "^ *$third IDLE" "$screen"
}

# ---- the end

# The screen is gone, the cursor is back, and what is typed is echoed.
q_leaves_the_terminal_clean() {
	start 'kgcctl top' && shows '^ +ID PHASE' && keys q && shows '^status 0$' &&
		! grep -q PHASE "$screen" && [ "$(mux display-message -p '#{cursor_flag}')" = 1 ] &&
		keys -l echoed && shows '^echoed'
}

a_signal_leaves_it_clean() {
	start 'kgcctl top' && shows '^ +ID PHASE' && kill "$(pidof kgcctl)" &&
		shows '^status 143$' && ! grep -q PHASE "$screen" &&
		[ "$(mux display-message -p '#{cursor_flag}')" = 1 ] &&
		keys -l echoed && shows '^echoed'
}

the_count_ends_it() {
	start 'kgcctl top --delay=0.05 -n 2' && shows '^status 0$'
}

# ---- without a screen

no_terminal_is_an_error() {
	run 2 top && [ ! -s "$out" ] && grep -q "top needs a terminal; 'kgcctl top --batch'" "$err"
}

a_terminal_that_cannot_is_an_error() {
	start 'TERM=dumb kgcctl top' && shows "^kgcctl: a terminal 'dumb' \(TERM\) cannot move" \
		'^status 2$' &&
		start 'TERM=nosuch kgcctl top' && shows "^kgcctl: no terminal 'nosuch' is known" \
		'^status 2$'
}

batch_prints_pages() {
	run 0 top -b -n 2 -d 0.1 -s heap && [ ! -s "$err" ] &&
		[ "$(grep -c '^ *ID PHASE .* FREED/S' "$out")" = 2 ] &&
		[ "$(grep -c "^ *$example [A-Z]* .* $name\$" "$out")" = 2 ] &&
		[ "$(awk 'NR == 4 { print $1 }' "$out")" = "$example" ] &&
		run 0 top --batch --count=1 --delay=0.1 "$example" &&
		grep -q "^heap $example .* $name" "$out" && grep -q '^classes$' "$out" &&
		grep -qE "^[0-9:]{8} +$example +[0-9]+ (growth|request) " "$out"
}

# A heap at rest: the counters are exact.
the_figures_are_those_of_stat() {
	sys=$(kgcctl stat "$mine" -rn -o Sys) && run 0 top -b -n 1 -d 0.05 "$mine" &&
		awk -v sys="$sys" '$1 == "sys" {
			found = 1
			sub(/.*\] */, "")
			value = $1 * ($1 ~ /K/ ? 1024 : $1 ~ /M/ ? 1048576 : 1)
			off = value - sys
			exit !(off * off <= 0.01 * sys * sys)
		}
		END { if (!found) exit 1 }' "$out"
}

a_user_needs_no_root() {
	chmod 666 /dev/kgc
	su -s /bin/sh -c 'exec 4<>/dev/kgc; kgcctl top -b -n 1 -d 0.05' nobody >"$out" 2>"$err"
	good=$?
	chmod 600 /dev/kgc
	[ $good = 0 ] && [ ! -s "$err" ] && [ "$(wc -l <"$out")" = 5 ] &&
		grep -qE '^ *[0-9]+ IDLE +\[.{8}\] .* \? ' "$out"
}

if ! tmux -V >/dev/null 2>&1; then
	echo "1..0 # SKIP there is no tmux for this guest"
	exit 4
fi
echo "set -g default-terminal screen" >"$settings"
exec 3<>/dev/kgc || exit 1
mine=$(kgcctl stat -rn -o id)
if ! insmod kgc_example.ko; then
	echo "1..0 # SKIP kgc_example.ko is not there"
	exit 4
fi
example=$(kgcctl stat -rn -o id,name | awk '/example/ { print $1 }')
name=$(kgcctl stat -rn -o name "$example")

echo "TAP version 13"
echo "1..18"
ok "the list shows every heap, on 80 by 24" the_list_shows_every_heap
ok "letters sort the list" letters_sort_the_list
ok "rates are shown" rates_are_shown
ok "Enter shows one heap" a_heap_has_a_page
ok "the last cycles are listed" cycles_are_listed
ok "Tab shows the classes" tab_shows_the_classes
ok "Escape goes back to the list" escape_goes_back
ok "the page follows the size of the screen" a_larger_screen_shows_more
ok "the end of a heap is said, and the list comes back" the_end_of_a_heap_is_said
ok "q leaves the terminal clean" q_leaves_the_terminal_clean
ok "a signal leaves the terminal clean" a_signal_leaves_it_clean
ok "--count ends it" the_count_ends_it
ok "without a terminal it says what to do" no_terminal_is_an_error
ok "so it does on a terminal that cannot show it" a_terminal_that_cannot_is_an_error
ok "--batch prints pages" batch_prints_pages
ok "the figures are those of stat" the_figures_are_those_of_stat
ok "a user sees its own heaps" a_user_needs_no_root
mux kill-server
rmmod kgc_example
ok "top keeps no heap" [ "$(kgcctl stat -rn -o id)" = "$mine" ]
rm -f "$out" "$err" "$screen" "$settings"
exit $failed
