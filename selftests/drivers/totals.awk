# Reads the KTAP of selftests/drivers/run-guest, shows how it goes, and ends with a table
# and a total. A program that fails without saying which test did, or that never
# came to its end, counts as one failure. -v kernel= -v log= -v verbose=
function now(  t) { "date +%s" | getline t; close("date +%s"); return t }
function count(failure, skip) { if (skip) s++; else if (failure) f++; else p++ }

BEGIN { started = last = now() }

{ sub(/\r$/, "") }

/^@status / { host_status = $2; next }
/^@/ { said[++nr_said] = substr($0, 2); next }

/^1\.\.[0-9]+$/ { planned = substr($0, 4) }

/^# / || /^#$/ {
	text = substr($0, 3)
	if (text ~ /^(not )?ok[ \t]/) {
		count(text ~ /^not/, text ~ /# *SKIP/)
	}
	if (text ~ /^[^ ]+: at most [0-9]+ s$/) {
		running = substr(text, 1, index(text, ":") - 1)
		p = f = s = lines = 0
	}
	output[++lines] = text
	if (verbose)
		print text
	next
}

/^(not )?ok [0-9]+ / {
	failed = /^not/
	name = failed ? $4 : $3
	skipped = /# SKIP/
	reason = $0
	sub(/^[^#]*# (SKIP )?/, "", reason)
	if (p + f + s == 0)
		count(failed, skipped)
	else if (failed && !f)
		f++
	passed_all += p; failed_all += f; skipped_all += s
	t = now()
	row[++rows] = sprintf("%-28s %6d %6d %7d %6d s  %s", name, p, f, s, t - last, failed || skipped ? reason : "")
	if (failed && !verbose)
		for (i = 1; i <= lines; i++)
			print "    " output[i]
	printf "  %-7s %-28s %s (%d/%d)\n", failed ? "FAILED" : skipped ? "SKIP" : "ok", name, reason, rows, planned
	fflush()
	last = t
	p = f = s = lines = 0
	running = ""
	next
}

{ if (verbose || !/^KTAP/) print }

END {
	if (running != "") {
		for (i = 1; i <= lines; i++)
			print "    " output[i]
		printf "  FAILED  %-28s the guest ended while it ran\n", running
		row[++rows] = sprintf("%-28s %6d %6d %7d %6d s  %s", running, p, f + 1, s, now() - last, "the guest ended while it ran")
		passed_all += p; failed_all += f + 1; skipped_all += s
	}
	if (nr_said && (host_status > 1 || verbose))
		for (i = 1; i <= nr_said; i++)
			print "  " said[i]
	if (host_status > 1 && !failed_all && running == "" && rows == planned) {
		print "  FAILED  everything passed, but the guest did not end well"
		failed_all++
	}
	if (!planned) {
		print "  FAILED  the guest did not come to its first test"
		failed_all++
	} else if (rows < planned) {
		printf "  FAILED  %d programs were not run\n", planned - rows
		failed_all += planned - rows
	}
	printf "\n%-28s %6s %6s %7s %8s\n", kernel, "passed", "failed", "skipped", "time"
	for (i = 1; i <= rows; i++)
		print row[i]
	printf "%d passed, %d failed", passed_all, failed_all
	if (skipped_all)
		printf ", %d skipped", skipped_all
	printf "\n"
	exit failed_all > 0
}
