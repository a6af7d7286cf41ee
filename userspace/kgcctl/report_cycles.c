// SPDX-License-Identifier: GPL-2.0
/* kgcctl report: the last cycles. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "html.h"
#include "report.h"

#define LEFT	90
#define RIGHT	30
#define TOP	12
#define PLOT	200
#define BELOW	44

static const struct box plot = { LEFT, TOP, CHART_WIDTH - LEFT - RIGHT, PLOT };

static uint64_t length_us(const struct cycle *cycle)
{
	return cycle->start_us + cycle->mark_us + cycle->settle_us + cycle->sweep_us;
}

static char *words_us(char text[WORDS_TEXT], uint64_t us)
{
	return words_ns(text, us * 1000);
}

/* ---- the heap's size ------------------------------------------------------------- */

static uint64_t live_bytes(const struct cycle *cycle)
{
	return cycle->live_bytes;
}

static uint64_t peak_bytes(const struct cycle *cycle)
{
	return cycle->peak_bytes;
}

static uint64_t goal_bytes(const struct cycle *cycle)
{
	/* ~0 is no goal */
	return cycle->goal_bytes == ~0ULL ? 0 : cycle->goal_bytes;
}

/* What the chart shows of a cycle, its name, and its class in the style. */
static const struct line {
	const char *name;
	const char *class;
	uint64_t (*bytes)(const struct cycle *cycle);
} lines[] = {
	{ "largest size during the cycle", "l0", peak_bytes },
	{ "found alive", "l1", live_bytes },
	{ "goal for the next cycle", "l2", goal_bytes },
};

#define NR_LINES (sizeof(lines) / sizeof(lines[0]))

static void write_line(FILE *to, const struct report *report, const struct line *line,
		       double end, double span)
{
	uint64_t first = report->cycles[0].began_us;

	fprintf(to, "<polyline class=\"%s\" points=\"", line->class);
	for (size_t i = 0; i < report->nr_cycles; i++)
		fprintf(to, "%.1f,%.1f ",
			plot.x + plot.width * (report->cycles[i].began_us - first) / span,
			plot.y + plot.height * (1 - line->bytes(&report->cycles[i]) / end));
	fputs("\"/>\n", to);
	for (size_t i = 0; i < report->nr_cycles; i++)
		fprintf(to, "<circle class=\"%s\" r=\"3\" cx=\"%.1f\" cy=\"%.1f\"/>\n",
			line->class,
			plot.x + plot.width * (report->cycles[i].began_us - first) / span,
			plot.y + plot.height * (1 - line->bytes(&report->cycles[i]) / end));
}

static void write_sizes(FILE *to, const struct report *report)
{
	uint64_t first = report->cycles[0].began_us;
	double last = report->cycles[report->nr_cycles - 1].began_us - first;
	double most = 0, span = fmax(last, 1);
	char text[WORDS_TEXT];
	struct scale scale, time = scale_of(span * 1000, 1000);

	for (size_t i = 0; i < report->nr_cycles; i++)
		for (size_t j = 0; j < NR_LINES; j++)
			most = fmax(most, lines[j].bytes(&report->cycles[i]));
	scale = scale_of(most, 1024);
	svg_begin(to, CHART_WIDTH, TOP + PLOT + BELOW, "Size of the heap over time");
	svg_scale(to, &plot, &scale, words_bytes);
	for (double ns = 0; ns <= last * 1000; ns += time.step)
		svg_text(to, plot.x + plot.width * ns / (span * 1000), TOP + PLOT + 18,
			 ANCHOR_MIDDLE, NULL, ns > 0 ? words_ns(text, ns) : "0");
	svg_text(to, plot.x + plot.width / 2, TOP + PLOT + 38, ANCHOR_MIDDLE, "soft",
		 "time since the first of these cycles");
	for (size_t j = 0; j < NR_LINES; j++)
		write_line(to, report, &lines[j], scale.end, span);
	svg_end(to);
}

/* ---- their lengths --------------------------------------------------------------- */

static const char * const parts[] = {
	"waits for sections of programs", "marks what is alive", "empties the CPUs' caches",
	"frees the rest",
};

#define NR_PARTS (sizeof(parts) / sizeof(parts[0]))

static void write_bar(FILE *to, const struct cycle *cycle, double x, double width, double end)
{
	const uint64_t us[NR_PARTS] = { cycle->start_us, cycle->mark_us, cycle->settle_us,
					cycle->sweep_us };
	double y = plot.y + plot.height;
	char class[8], tip[160], text[WORDS_TEXT];

	for (size_t i = 0; i < NR_PARTS; i++) {
		double height = plot.height * us[i] / end;
		struct box box = { x, y - height, width, height };

		snprintf(class, sizeof(class), "p%zu", i);
		snprintf(tip, sizeof(tip), "cycle %" PRIu64 " (%s) %s: %s", cycle->nr,
			 cycle->reason, parts[i], words_us(text, us[i]));
		svg_rect(to, &box, class, 1, tip);
		y -= height;
	}
}

static void write_lengths(FILE *to, const struct report *report)
{
	double room = plot.width / report->nr_cycles, most = 0;
	char text[WORDS_TEXT], last[WORDS_TEXT];
	struct scale scale;
	size_t apart;

	for (size_t i = 0; i < report->nr_cycles; i++)
		most = fmax(most, length_us(&report->cycles[i]));
	scale = scale_of(most, 1000);
	words_count(last, report->cycles[report->nr_cycles - 1].nr);
	apart = ceil((svg_width(last) + LETTER) / room);
	svg_begin(to, CHART_WIDTH, TOP + PLOT + BELOW, "Length of each cycle");
	svg_scale(to, &plot, &scale, words_us);
	for (size_t i = 0; i < report->nr_cycles; i++) {
		double width = fmin(room * 0.8, 40), x = plot.x + (i + 0.5) * room;

		write_bar(to, &report->cycles[i], x - width / 2, width, scale.end);
		if (i % apart == 0)
			svg_text(to, x, TOP + PLOT + 18, ANCHOR_MIDDLE, NULL,
				 words_count(text, report->cycles[i].nr));
	}
	svg_text(to, plot.x + plot.width / 2, TOP + PLOT + 38, ANCHOR_MIDDLE, "soft",
		 "number of the cycle");
	svg_end(to);
}

static void key(FILE *to, const char *class, const char *text)
{
	fprintf(to, "<span><svg class=\"key\" viewBox=\"0 0 12 12\"><rect width=\"12\" "
		"height=\"12\" class=\"%s\"/></svg>%s</span> ", class, text);
}

void report_cycles(const struct report *report, FILE *to)
{
	char class[8];

	fputs("<h2>The last collections</h2>\n", to);
	if (!report->nr_cycles) {
		fputs("<p class=\"none\">This heap has not been collected yet.</p>\n", to);
		return;
	}
	fputs("<h3>Size of the heap</h3>\n<p class=\"keys\">", to);
	for (size_t i = 0; i < NR_LINES; i++)
		key(to, lines[i].class, lines[i].name);
	fputs("</p>\n", to);
	write_sizes(to, report);
	fputs("<h3>How long each collection took</h3>\n<p>The programs that use the heap go on "
	      "meanwhile.</p>\n<p class=\"keys\">", to);
	for (size_t i = 0; i < NR_PARTS; i++) {
		snprintf(class, sizeof(class), "p%zu", i);
		key(to, class, parts[i]);
	}
	fputs("</p>\n", to);
	write_lengths(to, report);
}
