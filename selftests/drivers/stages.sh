# shellcheck shell=bash disable=SC2154
# Stages of a long run: one after the other, or one beside those that follow. One that
# fails does not stop the rest, and each has a line in the table at the end.
#
# To be sourced after vm-images/lib.sh.

logs=$top/build/log/stages
rm -rf "$logs"
mkdir -p "$logs"
rows=() passed=0 failed=0 skipped=0
declare -A job

# Each stage is a process group. None of its processes outlives this script.
kill_stages() {
	local name
	for name in "${!job[@]}"; do
		[ -e "$logs/$name.end" ] || kill -- -"${job[$name]}" 2>/dev/null || :
	done
}
trap kill_stages EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

headline() {	# headline NAME [WORDS]
	printf '\n== %s (at %d:%02d)%s\n' "$1" $((SECONDS / 60)) $((SECONDS % 60)) "${2:-}"
}

run() {	# run NAME COMMAND...: write its status and duration to NAME.end
	local start=$SECONDS status=0
	"${@:2}" || status=$?
	echo "$status $((SECONDS - start))" >"$logs/$1.end"
}

begin() {	# begin NAME COMMAND...: run a stage in the background until 'finish NAME'
	# 'finish' may look before the job does anything
	: >"$logs/$1.log"
	set -m
	run "$@" >>"$logs/$1.log" 2>&1 </dev/null &
	job[$1]=$!
	set +m
}

finish() {	# finish NAME: show the output of a stage until it ends
	if [ -e "$logs/$1.end" ]; then
		cat "$logs/$1.log"
	else
		tail -n +1 -f --pid="${job[$1]}" "$logs/$1.log" &
		wait $! || :
	fi
	wait "${job[$1]}" || :
	account "$1"
}

stage() {	# stage NAME COMMAND...
	headline "$1"
	begin "$@"
	finish "$1"
}

counts() {	# counts NAME: the counts in its last line, as PASSED FAILED 0SKIPPED
	sed -nE -e 's/^litmus: ([0-9]+) as expected, ([0-9]+) not/\1 passed, \2 failed/' \
		-e 's/^([0-9]+) passed, ([0-9]+) failed(, ([0-9]+) skipped)?$/\1 \2 0\4/p' \
		"$logs/$1.log" | tail -n 1
}

row() {	# row NAME PASSED FAILED SKIPPED SECONDS
	printf '%-14s %6s %6s %7s %5d:%02d\n' "${@:1:4}" $(($5 / 60)) $(($5 % 60))
}

account() {	# account NAME: a stage that is over; its last line may be 'N passed, N failed'
	# or 'litmus: N as expected, N not'
	local status='' time='' p='' f='' s=''
	[ ! -e "$logs/$1.end" ] || read -r status time <"$logs/$1.end" || :
	status=${status:-1} time=${time:-0}
	read -r p f s < <(counts "$1") || :
	if [ -z "$p" ]; then
		p=$((status == 0)) f=$((status != 0)) s=0
	elif [ "$status" != 0 ] && [ "$f" = 0 ]; then
		f=1
	fi
	s=$((10#${s:-0}))
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	rows+=("$(row "$1" "$p" "$f" "$s" "$time")")
}

missing() {	# missing NAME WHY
	printf '\n== %s\n  SKIP    %s\n' "$1" "$2"
	rows+=("$(printf '%-14s %s' "$1" "SKIP: $2")")
	skipped=$((skipped + 1))
}

summary() {	# print the table, then 'N passed, N failed'. Return: whether none failed
	printf '\n%-14s %6s %6s %7s %8s\n' stage passed failed skipped time
	printf '%s\n' "${rows[@]}"
	row all "$passed" "$failed" "$skipped" "$SECONDS"
	printf '%d passed, %d failed' "$passed" "$failed"
	[ "$skipped" = 0 ] || printf ', %d skipped' "$skipped"
	echo
	[ "$failed" = 0 ]
}
