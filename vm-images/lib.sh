# shellcheck shell=bash
# What every script here shares: where things are and how to speak to people.
set -euo pipefail

# Build a kernel without the variables of the caller's make (W=1, C=2, V=1).
kernel_environment() {
	unset MAKEFLAGS MFLAGS MAKEOVERRIDES MAKELEVEL
}

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
top=$(dirname "$here")
cache=${KGC_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/kgc}
# shellcheck disable=SC2034 # for the scripts that source this file
drivers=$top/selftests/drivers
export top cache
mkdir -p "$cache/log" || {
	echo "cannot write to $cache: set KGC_CACHE to a directory that can be written" >&2
	exit 1
}

say() {	# say WORD TEXT...: print one line of progress, like kbuild
	printf '  %-8s%s\n' "$1" "${*:2}" >&2
}

# 'boot' sets it: there, 1 would mean that the guest's command failed
die_status=1

die() {
	printf '%s: %s\n' "${0##*/}" "$*" >&2
	exit "$die_status"
}

# need_space MIB [DIR VARIABLE]: fail before a build rather than in it
need_space() {
	local free dir=${2:-$cache}
	free=$(df -Pm "$dir" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$1" ] ||
		die "only $free MiB free in $dir, $1 needed: make room or set ${3:-KGC_CACHE}"
}

need_command() {
	command -v "$1" >/dev/null || die "$1 is missing: run 'vm-images/host-packages' as root"
}

# Several makes may run at once and share the cache. One of them fetches or builds, and
# the others wait. The file of the lock says which process holds it, and since when.
with_lock() {	# with_lock NAME COMMAND...
	local lock=$1 file
	file=$cache/lock.$(tr / _ <<<"$1")
	shift
	(
		flock -n 9 || wait_for_lock "$lock" "$file"
		echo "$BASHPID $(date +%s)" >"$file"
		"$@"
	) 9>>"$file"
}

wait_for_lock() {	# wait_for_lock NAME FILE: descriptor 9 gets the lock
	local pid='' since='' start=$SECONDS
	read -r pid since <"$2" || :
	say WAIT "process ${pid:-of another make}${since:+, for $(($(date +%s) - since)) s now,}" \
		"$(what_is_done "$1"): waiting for its end"
	until flock -w 30 9; do
		say WAIT "$((SECONDS - start)) s so far: process ${pid:-of another make}" \
			"$(what_is_done "$1")"
	done
	say GO "after a wait of $((SECONDS - start)) s"
}

what_is_done() {	# what_is_done LOCK: the work of its holder
	case $1 in
	kernel-*)	echo "fetches or builds the kernel ${1#kernel-}" ;;
	source-*)	echo "fetches the source of Linux ${1#source-}" ;;
	package-*)	echo "fetches the package ${1#package-}" ;;
	apt-*)		echo "fetches the package lists of ${1#apt-}" ;;
	busybox-*)	echo "fetches busybox for ${1#busybox-}" ;;
	promtool)	echo "fetches promtool" ;;
	library-*)	echo "fetches libraries for ${1#library-}" ;;
	module-*)	echo "builds modules in ${1#module-}" ;;
	programs-*)	echo "builds programs in ${1#programs-}" ;;
	host-packages)	echo "installs packages" ;;
	initramfs)	echo "packs what every guest starts from" ;;
	accelerator)	echo "finds out whether KVM works" ;;
	*)		echo "works on $1" ;;
	esac
}

make_programs() {	# make_programs DIR [MAKE-ARGUMENT...]: libkgc, kgcctl and the test programs
	with_lock "programs-$1" make_both "$@"
}

make_both() {
	local dir=$1 harness
	shift
	harness=$("$here/kselftest") || return
	make -C "$top/userspace" O="$dir/userspace" "$@" all &&
		make -C "$top/selftests" O="$dir" KSELFTEST_DIR="$harness" "$@" all
}

# Run a long command with its output in a log. Show the last line of the log every few
# seconds, and after a failure the end of the log.
logged() {	# logged LABEL LOG COMMAND...
	local label=$1 log=$2 start=$SECONDS pid status=0 tick=0
	shift 2
	"$@" >"$log" 2>&1 9>&- &
	pid=$!
	while kill -0 "$pid" 2>/dev/null; do
		sleep 0.5
		tick=$((tick + 1))
		[ $((tick % 40)) -ne 0 ] ||
			say "" "$label: $((SECONDS - start)) s, $(wc -l <"$log") lines in $log"
	done
	wait "$pid" || status=$?
	[ "$status" -eq 0 ] && return
	tail -n 20 "$log" >&2
	die "$label failed (exit status $status), the whole log is $log"
}

load_kernel() {	# load_kernel NAME: read what vm-images/kernels/NAME says
	local file=$here/kernels/$1
	[ -f "$file" ] || die "no kernel '$1': 'make kernels' lists them"
	# shellcheck disable=SC2034 # the caller reads them
	ARCH=x86 KIND='' SERIES='' SUITE='' FLAVOUR=amd64 FRAGMENTS='' CMDLINE='' QEMU='' \
		MEMORY=1024 CPUS=2 SLOW=1 SCALE=1 CHECKS='' MODULES='' SAME_AS='' NEEDS='' \
		CC_KERNEL=gcc COUNTED=0 ABOUT=''
	# shellcheck source=/dev/null
	. "$file"
	SLOW=$((SLOW * $(busy)))
}

# busy: factor by which deadlines grow. Deadlines exist for hangs, so other load of the
# machine must not make a test fail.
busy() {
	awk -v n="$(nproc)" '{ b = int($1 / n) + 1; print (b > 8 ? 8 : b) }' /proc/loadavg
}
