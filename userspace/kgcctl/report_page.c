// SPDX-License-Identifier: GPL-2.0
/* kgcctl report: the page around its parts. */
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "html.h"
#include "kgcctl.h"
#include "report.h"

static const char head[] =
	"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"style-src 'unsafe-inline'\">\n"
	"<meta name=\"viewport\" content=\"width=device-width\">\n"
	"<meta name=\"color-scheme\" content=\"light dark\">\n<style>\n"
	":root{--ink:#222;--soft:#666;--line:#ddd;--paper:#fff;--mark:#2563a8}\n"
	"@media(prefers-color-scheme:dark){:root{--ink:#ddd;--soft:#999;--line:#444;"
	"--paper:#181818;--mark:#6aa5e8}}\n"
	"body{font:15px/1.5 sans-serif;max-width:960px;margin:2em auto;padding:0 1em;"
	"color:var(--ink);background:var(--paper)}\n"
	"h2{margin-top:2em;border-bottom:1px solid var(--line)}\n"
	"table{border-collapse:collapse;width:100%;margin:1em 0}\n"
	"td,th{border-bottom:1px solid var(--line);padding:.25em .6em;text-align:right}\n"
	"td:first-child,th:first-child,.text{text-align:left;overflow-wrap:anywhere}\n"
	".share{position:relative;width:9em}\n"
	".share i{position:absolute;left:0;top:15%;height:70%;background:var(--mark);"
	"opacity:.3}\n"
	"dl{display:grid;grid-template-columns:repeat(auto-fit,minmax(200px,1fr));gap:.8em}\n"
	"dl div{border:1px solid var(--line);padding:.5em .8em}\n"
	"dt{color:var(--soft)}dd{margin:0;font-size:1.3em}\n"
	".none,small{color:var(--soft)}small{display:block}\n"
	".keys span{margin-right:1.5em;white-space:nowrap}\n"
	"svg{width:100%;height:auto;display:block}\n"
	"svg text{font:12px monospace;fill:var(--ink)}\n"
	"svg text.soft{fill:var(--soft)}svg text.on{fill:#111}\n"
	"svg.key{display:inline-block;width:12px;margin-right:.4em}\n"
	".charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(340px,1fr));"
	"gap:1em 2em}\n"
	"figure{margin:0;max-width:480px}figcaption{font-weight:bold}small{font-weight:normal}\n"
	".grid{stroke:var(--line)}.zero{stroke:var(--soft)}\n"
	".bar,.heat{fill:var(--mark)}\n"
	"polyline{fill:none;stroke-width:2}polyline.l0{stroke:#c2561a}"
	"polyline.l1{stroke:#3f8f4f}polyline.l2{stroke:#8a7fd3;stroke-dasharray:5 4}\n"
	".l0{fill:#c2561a}.l1{fill:#3f8f4f}.l2{fill:#8a7fd3}\n"
	".p0{fill:#c9a227}.p1{fill:#4a86c5}.p2{fill:#a05fb0}.p3{fill:#4f9d69}\n"
	".c0{fill:#8ecae6}.c1{fill:#ffd166}.c2{fill:#a7d7a0}.c3{fill:#f4a6a0}"
	".rest{fill:#ccc}.c4{fill:#cdb4e0}.c5{fill:#f2c48d}.c6{fill:#9fd8cf}.c7{fill:#d5d5a8}\n"
	"rect[class^=c],.rest{stroke:var(--paper);stroke-width:2}svg text{stroke:none}\n"
	"</style>\n";

static void card(FILE *to, const char *title, const char *text)
{
	fprintf(to, "<div><dt>%s</dt><dd>%s</dd></div>\n", title, text);
}

static void write_summary(const struct report *report, FILE *to)
{
	uint64_t goal = number_of_pair(report->stats, "NextGC");
	char text[WORDS_TEXT];

	fputs("<dl>\n", to);
	card(to, "Objects", words_count(text, number_of_pair(report->stats, "HeapObjects")));
	card(to, "Memory of objects",
	     words_bytes(text, number_of_pair(report->stats, "HeapAlloc")));
	card(to, "Memory held from the kernel",
	     words_bytes(text, number_of_pair(report->stats, "Sys")));
	card(to, "Of this, the heap's own data",
	     words_bytes(text, number_of_pair(report->stats, "MetaBytes")));
	card(to, "Next collection by the size of", goal == ~0ULL ? "no goal" :
	     words_bytes(text, goal));
	card(to, "Collections", words_count(text, number_of_pair(report->stats, "NumGC")));
	card(to, "Slowest allocation",
	     words_ns(text, number_of_pair(report->stats, "LongestStepNs")));
	card(to, "CPU time of the collector",
	     words_ns(text, number_of_pair(report->stats, "GCCPUNs") +
			    number_of_pair(report->stats, "GCWaiterNs") +
			    number_of_pair(report->stats, "GCMutatorNs")));
	fputs("</dl>\n<p>Objects that have died count until the next collection frees them."
	      "</p>\n", to);
}

void report_write(const struct report *report, FILE *to)
{
	time_t now = time(NULL);
	char when[64];

	strftime(when, sizeof(when), "%F %T %Z", localtime(&now));
	fprintf(to, "%s<title>Heap %u ", head, report->heap);
	html_text(to, report->name);
	fprintf(to, "</title>\n</head>\n<body>\n<h1>Heap %u, ", report->heap);
	html_text(to, report->name);
	fprintf(to, "</h1>\n<p>Written by kgcctl report at %s.</p>\n", when);
	write_summary(report, to);
	report_types(report, to);
	report_suspects(report, to);
	report_spans(report, to);
	report_cycles(report, to);
	report_latency(report, to);
	fputs("</body>\n</html>\n", to);
}
