# Adds up what gcov -b says of the objects of kgc.ko: how many lines of each file of
# kmod/ ran, and how many of the branches that were reached went either way. A line
# of a header ran if it did in one of the objects. What did not goes to the file
# 'missing', as FILE:LINE: WHAT SOURCE.

FNR == 1 { file = "" }
/^ *-: *0:Source:/ {
	file = $0
	sub(/^ *-: *0:Source:/, "", file)
	if (file !~ /(^|\/)kmod\// || file ~ /selftests\// || file ~ /\/bench\//)
		file = ""
	sub(/.*kmod\//, "kmod/", file)
	next
}
file == "" { next }
/^ *[0-9#=*]+: *[0-9]+:/ {
	split($0, part, ":")
	line = file SUBSEP part[2] + 0
	nth = 0
	if (!(line in runs)) {
		runs[line] = 0
		text[line] = substr($0, length(part[1] part[2]) + 3)
	}
	runs[line] += part[1] + 0
	next
}
/^ *-: *[0-9]+:/ { line = ""; next }
/^branch / && line != "" {
	nth++
	key = line SUBSEP nth
	if (!(key in taken))
		taken[key] = 0
	if ($3 == "taken")
		taken[key] += $4
	next
}
END {
	for (line in runs) {
		split(line, part, SUBSEP)
		lines[part[1]]++
		ran[part[1]] += runs[line] > 0
		if (!runs[line])
			printf "%s:%d: never ran   %s\n", part[1], part[2], text[line] >missing
	}
	for (key in taken) {
		split(key, part, SUBSEP)
		if (!runs[part[1], part[2]])
			continue
		branches[part[1]]++
		went[part[1]] += taken[key] > 0
		if (!taken[key])
			printf "%s:%d: branch %d   %s\n", part[1], part[2], part[3], text[part[1], part[2]] >missing
	}
	for (file in lines) {
		total += lines[file]
		run += ran[file]
		sides += branches[file]
		gone += went[file]
		printf "%-32s %5d lines %6.1f %%   %5d branches %6.1f %%\n", file, lines[file], \
			100 * ran[file] / lines[file], branches[file], \
			branches[file] ? 100 * went[file] / branches[file] : 100 | "sort"
	}
	close("sort")
	if (!total)
		exit 1
	printf "%-32s %5d lines %6.1f %%   %5d branches %6.1f %%\n", "all", total, 100 * run / total, sides, sides ? 100 * gone / sides : 100
	printf "total: %.1f %%\n", 100 * run / total
}
