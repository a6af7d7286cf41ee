#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
# What kgcctl says to wrong input, and with which exit status: tables. It says everything
# on stderr, and prints nothing.
#
# kselftest-timeout: 180

number=0
failed=0
out=$(mktemp) said=$(mktemp) dir=$(mktemp -d)

# A process takes milliseconds in an emulated guest. So a line of a table starts kgcctl
# only, and one awk judges the results of the whole table.
try() {	# try STATUS PATTERN COMMAND...
	number=$((number + 1))
	status=$1 pattern=$2
	shift 2
	printf '@\t%s\t%s\t%s\t%s\n' $number "$status" "$pattern" "$*" >>"$said"
	"$@" >"$out" 2>>"$said" </dev/null
	got=$?
	printed=0
	[ ! -s "$out" ] || printed=1
	printf '=\t%s\t%s\n' "$got" $printed >>"$said"
}

judge() {	# of all that was noted: lines '@ NUMBER STATUS PATTERN COMMAND', what was
		# said, '= STATUS PRINTED'
	awk -F '\t' '
		$1 == "@" {
			number = $2; status = $3; pattern = $4; command = $5
			found = 0; text = ""; next
		}
		$1 == "=" {
			if ($2 == status && found && !$3) {
				print "ok " number " " command ": " status
				next
			}
			print "not ok " number " " command ": exit status " $2 \
				" instead of " status \
				($3 ? ", something was printed" : "") \
				(found ? "" : ", no \047" pattern "\047 in") "\n" text
			failed = 1
			next
		}
		{ text = text "# " $0 "\n" }
		$0 ~ pattern { found = 1 }
		END { exit failed }' "$said" || failed=1
	: >"$said"
}

# Runs COMMAND with the arguments of each line STATUS @ PATTERN @ ARGUMENTS.
table() {	# table COMMAND...
	while IFS='@' read -r status pattern arguments; do
		[ -n "$status" ] || continue
		pattern=${pattern# } pattern=${pattern% }
		eval "try ${status% } \"\$pattern\" \"\$@\" $arguments"
	done
	judge
}

say() {	# say FILE LINE...: a file of options
	file=$dir/$1
	shift
	printf '%s\n' "$@" >"$file"
}

exec 3<>/dev/kgc || exit 1
chmod 755 "$dir"
# shellcheck disable=SC2034 # the tables use it
H=$(kgcctl stat -rn -o id)

: >"$dir/empty"
say other 'gogc 100'
say newer 'kgc-options 2' 'gogc 100'
say unknown 'kgc-options 1' 'nonsense 1'
say range 'kgc-options 1' '' 'gogc 0'
say twice 'kgc-options 1' 'gogc 1' 'gogc 2'
say short 'kgc-options 1' 'gogc'
say long 'kgc-options 1' 'gogc 1 percent'

echo "TAP version 13"
table kgcctl <<'END'
2 @ which command\? @
2 @ no command 'x': 'kgcctl help' lists them @ x
2 @ no command '' @ ''
2 @ unrecognized option '--nonsense' @ --nonsense
2 @ invalid option -- 'q' @ -q

2 @ kgcctl info: 'x' is one word too many @ info x
2 @ kgcctl info: invalid option -- 'q' @ info -q
2 @ requires an argument -- 'o' @ info -o
2 @ no column 'x'; the columns are: @ info -o x
2 @ no column ''; the columns are: @ info -o abi,
2 @ no column ''; the columns are: @ info -o ''
2 @ doesn't allow an argument @ info --json=x

2 @ 'x' is no heap number: 'kgcctl stat' lists @ stat x
2 @ '' is no heap number @ stat ''
2 @ 'heap' is no heap number @ stat heap
2 @ '0x1' is no heap number @ stat 0x1
2 @ '1.5' is no heap number @ stat 1.5
2 @ ' 1' is no heap number @ stat ' 1'
2 @ '-1' is no heap number @ stat -- -1
2 @ invalid option -- '1' @ stat -1
2 @ '4294967296' is no heap number @ stat 4294967296
2 @ '99999999999999999999' is no heap number @ stat 99999999999999999999
2 @ '2' is one word too many @ stat 1 2
2 @ --watch takes 0.01 to 86400 seconds, not '0' @ stat --watch=0
2 @ --watch takes 0.01 to 86400 seconds, not 'x' @ stat --watch=x
2 @ --watch takes 0.01 to 86400 seconds, not '' @ stat --watch=
2 @ --watch takes 0.01 to 86400 seconds, not 'nan' @ stat --watch=nan
2 @ --watch takes 0.01 to 86400 seconds, not '1e9' @ stat --watch=1e9
2 @ --watch takes 0.01 to 86400 seconds, not '-1' @ stat -w-1
2 @ --count takes a number from 1 on, not '0' @ stat --count=0
2 @ --count takes a number from 1 on, not '-1' @ stat --count=-1
2 @ --count takes a number from 1 on, not '1x' @ stat --count=1x
2 @ --count takes a number from 1 on, not '99999999999999999999' @ stat -c 99999999999999999999
2 @ --module and a heap are two things @ stat --module 1
2 @ no column 'x'; the columns are: @ stat -o x
2 @ no column 'x'; the columns are: @ stat -o +x
2 @ no column 'allx'; the columns are: @ stat "$H" -o id,allx
2 @ no column 'x'; the columns are: @ stat -m -o x
5 @ no heap 999999 is open, or it is not yours @ stat 999999
5 @ no heap 0 is open @ stat 0
5 @ no heap 999999 is open @ stat --watch 999999

2 @ 'x' is no heap number @ watch x
2 @ '2' is one word too many @ watch 1 2
2 @ --delay takes 0.01 to 86400 seconds, not '0' @ watch --delay=0
2 @ --count takes a number from 1 on, not '0' @ watch -n0
2 @ unrecognized option '--json' @ watch --json
5 @ no heap 999999 is open, or it is not yours @ watch 999999
5 @ no heap 0 is open @ watch 0

2 @ 'x' is no heap number @ top x
2 @ '2' is one word too many @ top -b 1 2
2 @ --delay takes 0.01 to 86400 seconds, not 'x' @ top -b --delay=x
2 @ --count takes a number from 1 on, not '-1' @ top --count=-1
2 @ the list cannot be sorted by 'x', but by: @ top -b --sort=x
2 @ the list cannot be sorted by 'PHASE', but by: @ top -s PHASE
2 @ top needs a terminal; 'kgcctl top --batch' prints pages without one @ top
5 @ no heap 999999 is open, or it is not yours @ top -b 999999
5 @ no heap 0 is open @ top -b 0

2 @ 'x' is one word too many @ exporter x
2 @ --listen takes ADDRESS:PORT, as 127.0.0.1:9842 or .*, not '' @ exporter --listen=
2 @ --listen takes ADDRESS:PORT, .*, not '9842' @ exporter -l 9842
2 @ --listen takes ADDRESS:PORT, .*, not ':9842' @ exporter -l :9842
2 @ --listen takes ADDRESS:PORT, .*, not '127.0.0.1:' @ exporter -l 127.0.0.1:
2 @ --listen takes ADDRESS:PORT, .*, not '127.0.0.1:65536' @ exporter -l 127.0.0.1:65536
2 @ --listen takes ADDRESS:PORT, .*, not '127.0.0.1:-1' @ exporter -l 127.0.0.1:-1
2 @ --listen takes ADDRESS:PORT, .*, not 'nosuch:1' @ exporter -l nosuch:1
2 @ --listen takes ADDRESS:PORT, .*, not '\[::1:1' @ exporter -l '[::1:1'

2 @ 'x' is no heap number @ gc x
2 @ '2' is one word too many @ gc 1 2
2 @ --cycles takes 1 or 2, not '0' @ gc --cycles=0
2 @ --cycles takes 1 or 2, not '3' @ gc --cycles=3
2 @ --cycles takes 1 or 2, not 'x' @ gc -cx
2 @ unrecognized option '--json' @ gc --json
5 @ no heap 999999 is open @ gc 999999
5 @ no heap 999999 is open @ gc --wait 999999

2 @ kgcctl set: takes HEAP \[OPTION \[VALUE\]\] @ set
2 @ 'x' is no heap number @ set x gogc 1
2 @ '4' is one word too many @ set 1 gogc 3 4
2 @ no option 'x'; the options and what they take are: @ set "$H" x 1
2 @ no option '' @ set "$H" '' 1
2 @ no option 'GOGC' @ set "$H" GOGC
2 @ gogc takes 1 to 100000 percent, or off; not '0' @ set "$H" gogc 0
2 @ gogc takes 1 to 100000 percent, or off; not '100001' @ set "$H" gogc 100001
2 @ gogc takes 1 to 100000 percent, or off; not '' @ set "$H" gogc ''
2 @ gogc takes 1 to 100000 percent, or off; not '1.5' @ set "$H" gogc 1.5
2 @ gogc takes 1 to 100000 percent, or off; not '1K' @ set "$H" gogc 1K
2 @ gogc takes 1 to 100000 percent, or off; not 'OFF' @ set "$H" gogc OFF
2 @ percent, or off; not '18446744073709551616' @ set "$H" gogc 18446744073709551616
2 @ gogc takes 1 to 100000 percent, or off; not '-5' @ set -- "$H" gogc -5
2 @ invalid option -- '5' @ set "$H" gogc -5
2 @ period_ms takes 1 to 86400000 ms, or off; not '86400001' @ set "$H" period_ms 86400001
2 @ soft_limit takes bytes from 1 on, as 64M or 2G, or off; not '1Q' @ set "$H" soft_limit 1Q
2 @ hard_limit takes bytes from 1 on, as 64M or 2G, or off; not '16E' @ set "$H" hard_limit 16E
2 @ hard_limit takes bytes from 1 on, as 64M or 2G, or off; not '1MB' @ set "$H" hard_limit 1MB
2 @ hard_limit takes bytes from 1 on, as 64M or 2G, or off; not 'M' @ set "$H" hard_limit M
2 @ hard_limit takes bytes from 1 on, as 64M or 2G, or off; not ' 1' @ set "$H" hard_limit ' 1'
2 @ cpu_percent takes 1 to 100 percent; not '0' @ set "$H" cpu_percent 0
2 @ cpu_percent takes 1 to 100 percent; not '101' @ set "$H" cpu_percent 101
2 @ cpu_percent takes 1 to 100 percent; not 'off' @ set "$H" cpu_percent off
2 @ verify takes off, check, trace; not '3' @ set "$H" verify 3
2 @ verify takes off, check, trace; not 'on' @ set "$H" verify on
2 @ track_sections takes off, on; not '2' @ set "$H" track_sections 2
2 @ scavenge takes lazy, now; not 'never' @ set "$H" scavenge never
2 @ scavenge takes lazy, now; not 'lazy,now' @ set "$H" scavenge lazy,now
2 @ harden takes any of random, poison, or off; not '4' @ set "$H" harden 4
2 @ harden takes any of random, poison, or off; not 'random,x' @ set "$H" harden random,x
2 @ harden takes any of random, poison, or off; not 'random,' @ set "$H" harden random,
2 @ no column 'x'; the columns are: @ set "$H" -o x
5 @ no heap 999999 is open @ set 999999
5 @ no heap 999999 is open @ set 999999 gogc 100

2 @ kgcctl save: takes HEAP FILE @ save
2 @ kgcctl save: takes HEAP FILE @ save 1
2 @ 'x' is no heap number @ save x "$dir/new"
2 @ 'y' is one word too many @ save 1 x y
5 @ no heap 999999 is open @ save 999999 "$dir/new"
1 @ writing /nosuch/new: No such file or directory @ save "$H" /nosuch/new
1 @ writing .*: Is a directory @ save "$H" "$dir"

2 @ kgcctl load: takes HEAP FILE @ load 1
2 @ 'x' is no heap number @ load x "$dir/empty"
1 @ reading /nosuch: No such file or directory @ load "$H" /nosuch
1 @ reading .*: Is a directory @ load "$H" "$dir"
2 @ empty has no line 'kgc-options 1' @ load "$H" "$dir/empty"
2 @ - has no line 'kgc-options 1' @ load "$H" -
2 @ other: the first line is not 'kgc-options 1' @ load "$H" "$dir/other"
2 @ newer is of version '2', this kgcctl reads version 1 @ load "$H" "$dir/newer"
2 @ that was line 2 of .*/unknown @ load "$H" "$dir/unknown"
2 @ range, line 3: gogc takes 1 to 100000 percent, or off; not '0' @ load "$H" "$dir/range"
2 @ twice, line 3: gogc a second time @ load "$H" "$dir/twice"
2 @ short, line 2 is not 'NAME VALUE' @ load "$H" "$dir/short"
2 @ long, line 2 is not 'NAME VALUE' @ load "$H" "$dir/long"

2 @ 'x' is no heap number @ classes x
2 @ '2' is one word too many @ classes 1 2
2 @ no column 'x'; the columns are: @ classes -o x
5 @ no heap 999999 is open @ classes 999999

2 @ 'x' is no heap number @ types x
2 @ '2' is one word too many @ types 1 2
2 @ no column 'x'; the columns are: @ types -o x
5 @ no heap 999999 is open @ types 999999
1 @ has had no census yet: omit --last @ types --last "$H"

2 @ 'x' is no heap number @ scavenge x
2 @ '2' is one word too many @ scavenge 1 2
2 @ invalid option -- 'q' @ scavenge -q
5 @ no heap 999999 is open @ scavenge 999999

2 @ takes HEAP @ finalizers
2 @ 'x' is no heap number @ finalizers x
2 @ '2' is one word too many @ finalizers 1 2
2 @ no column 'x'; the columns are: @ finalizers 1 -o x
5 @ no heap 999999 is open @ finalizers 999999

2 @ 'x' is one word too many @ demo x
2 @ unrecognized option '--nonsense' @ demo --nonsense
2 @ --objects takes 1000 to 100000000 @ demo --objects 5
2 @ --objects takes 1000 to 100000000 @ demo --objects 100000001
2 @ 'x' is no number @ demo --objects x
2 @ '-1' is no number @ demo --objects=-1
2 @ '' is no number @ demo --seed=
2 @ '18446744073709551616' is no number @ demo --seed 18446744073709551616

2 @ no program 'x': 'kgcctl bench' lists them @ bench x
2 @ 'x=5': ring takes gogc warmup n ring @ bench ring x=5
2 @ 'n=' is no NAME=NUMBER @ bench ring n=
2 @ 'n' is no NAME=NUMBER @ bench ring n
2 @ '=1' is no NAME=NUMBER @ bench ring =1
2 @ 'n=-1' is no NAME=NUMBER @ bench ring n=-1
2 @ 'n=1K' is no NAME=NUMBER @ bench ring n=1K
2 @ 'n=18446744073709551616' has a number that is too large @ bench ring n=18446744073709551616
2 @ 'ring=0' is too small: 1 is the least @ bench ring ring=0
2 @ no column 'x'; the columns are: @ bench -o x

2 @ no command 'x': 'kgcctl help' lists them @ help x
2 @ 'gc' is one word too many @ help stat gc
2 @ the man page has no part 'x' @ help --mdoc=x
END

# Without root, and without access to the device.
nobody() {
	su -s /bin/sh -c '"$0" "$@"' -- nobody "$@"
}
denied='you may not open /dev/kgc: run as root, or have its mode or group changed'
table nobody kgcctl <<END
4 @ $denied @ info
4 @ $denied @ stat
4 @ $denied @ stat 1
4 @ $denied @ watch
4 @ $denied @ top -b
4 @ $denied @ gc --wait
4 @ $denied @ set 1
4 @ $denied @ load 1 $dir/empty
4 @ $denied @ demo
4 @ $denied @ bench ring
4 @ /sys/kernel/debug/.* may be used by root only: run as root @ gc
4 @ /sys/kernel/debug/.* may be used by root only: run as root @ gc 1
4 @ /sys/kernel/debug/.* may be used by root only: run as root @ classes
4 @ /sys/kernel/debug/.* may be used by root only: run as root @ types 1
4 @ /sys/kernel/debug/.* may be used by root only: run as root @ scavenge 1
4 @ /sys/kernel/debug/.* may be used by root only: run as root @ stat --module
4 @ /sys/kernel/debug/.* may be used by root only: run as root @ exporter
4 @ /sys/kernel/debug/.* may be used by root only: run as root @ exporter --print
END

exec 3>&-
# A heap of another program keeps the module loaded. Then this part is skipped.
if [ -r "${KGC_MODULE:=kgc.ko}" ] && rmmod kgc 2>/dev/null; then
	absent='/dev/kgc is missing: load the module \(modprobe kgc, or insmod kgc.ko\)'
	nodebug='/sys/kernel/debug/kgc is missing: load the module'
	table kgcctl <<END
3 @ $absent @ info
3 @ $absent @ stat
3 @ $absent @ stat 1
3 @ $nodebug @ stat --module
3 @ $nodebug @ gc
3 @ $nodebug @ gc 1
3 @ $nodebug @ exporter
3 @ $absent @ watch
3 @ $absent @ top -b
3 @ $absent @ gc --wait
3 @ $absent @ set 1
3 @ $absent @ set 1 gogc 100
3 @ $absent @ save 1 $dir/new
3 @ $absent @ load 1 $dir/range
3 @ $nodebug @ classes
3 @ $nodebug @ classes 1
3 @ $nodebug @ types 1
3 @ $nodebug @ scavenge
3 @ $absent @ demo
3 @ $absent @ bench ring
END
	insmod "$KGC_MODULE" || failed=1
else
	number=$((number + 1))
	echo "ok $number without the module # SKIP another program keeps it from being unloaded"
fi
echo "1..$number"
rm -rf "$out" "$said" "$dir"
exit $failed
