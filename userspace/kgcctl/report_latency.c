// SPDX-License-Identifier: GPL-2.0
/* kgcctl report: how long things took that are not on a fast path. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "html.h"
#include "kgcctl.h"
#include "report.h"

#define BUCKETS		24
#define LEAST_NS	256.0	/* end of the first bucket; each further one is twice as long */
#define WIDTH		460
#define HEIGHT		170
#define LEFT		70
#define TOP		10
#define PLOT		120

/* The lines of the file, in words. */
static const struct thing {
	const char *name;
	const char *title;
} things[] = {
	{ "alloc_refill", "Allocations that fetched free slots for their CPU" },
	{ "alloc_flush", "Allocations that emptied their CPU's cache for a new cycle" },
	{ "alloc_sweep", "Allocations that freed dead objects first" },
	{ "alloc_growth", "Allocations that got memory from the kernel" },
	{ "alloc_large", "Allocations of large objects that had to be cleared" },
	{ "alloc_throttle", "Allocations slowed down because they outran the collector" },
	{ "alloc_reclaim", "Allocations for which the kernel had to free memory" },
	{ "throttled", "Sleeps of threads that outran the collector" },
	{ "grace_sections", "Waits of the collector for sections of programs" },
	{ "grace_regions", "Waits of the collector for all CPUs" },
	{ "cycle_arm", "Collection: until every store told the collector" },
	{ "cycle_start", "Collection: until every new object counted as alive" },
	{ "cycle_mark", "Collection: marking what is alive" },
	{ "cycle_settle", "Collection: emptying the CPUs' caches" },
	{ "cycle_sweep", "Collection: freeing the rest" },
	{ "section", "Sections of programs, while they are tracked" },
};

/**
 * struct latency - a line of the file
 * @count: how often it took as long as each bucket says
 * @times: sum of @count
 * @sum_ns: sum of all durations
 * @longest_ns: the longest
 */
struct latency {
	uint64_t count[BUCKETS];
	uint64_t times;
	uint64_t sum_ns;
	uint64_t longest_ns;
};

static struct latency parse(const char *headings, const char *line)
{
	struct latency latency = {
		.sum_ns = number_under(headings, line, "sum_ns"),
		.longest_ns = number_under(headings, line, "longest_ns"),
	};
	char name[32];

	for (size_t i = 0; i < BUCKETS; i++) {
		if (i < BUCKETS - 1)
			snprintf(name, sizeof(name), "below_%.0f_ns", ldexp(LEAST_NS, i));
		else
			strcpy(name, "more");
		latency.count[i] = number_under(headings, line, name);
		latency.times += latency.count[i];
	}
	return latency;
}

/* 1 us, 1 ms and 1 s lie between buckets, since a bucket ends at a power of two. */
static void write_times(FILE *to, const struct box *plot)
{
	static const struct {
		double ns;
		const char *text;
	} marks[] = { { 1e3, "1 µs" }, { 1e6, "1 ms" }, { 1e9, "1 s" } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++) {
		double at = log2(marks[i].ns / LEAST_NS) + 1;
		double x = plot->x + plot->width * at / BUCKETS;

		fprintf(to, "<line x1=\"%.1f\" x2=\"%.1f\" y1=\"%d\" y2=\"%d\" class=\"zero\"/>\n",
			x, x, TOP + PLOT, TOP + PLOT + 5);
		svg_text(to, x, TOP + PLOT + 20, ANCHOR_MIDDLE, NULL, marks[i].text);
	}
	svg_text(to, plot->x, TOP + PLOT + 20, ANCHOR_START, NULL, "0");
}

static void bucket_tip(char *tip, size_t size, size_t nr, uint64_t count)
{
	char from[WORDS_TEXT], end[WORDS_TEXT], times[WORDS_TEXT];

	words_ns(end, ldexp(LEAST_NS, nr));
	words_ns(from, nr ? ldexp(LEAST_NS, nr - 1) : 0);
	words_count(times, count);
	if (nr < BUCKETS - 1)
		snprintf(tip, size, "%s times: %s to %s", times, from, end);
	else
		snprintf(tip, size, "%s times: %s or longer", times, from);
}

static void write_chart(FILE *to, const char *title, const struct latency *latency)
{
	const struct box plot = { LEFT, TOP, WIDTH - LEFT - 10, PLOT };
	double room = plot.width / BUCKETS, most = 0;
	struct scale scale;
	char tip[128];

	for (size_t i = 0; i < BUCKETS; i++)
		most = fmax(most, latency->count[i]);
	scale = scale_of(most, 1000);
	svg_begin(to, WIDTH, HEIGHT, title);
	svg_scale(to, &plot, &scale, words_count);
	for (size_t i = 0; i < BUCKETS; i++) {
		/* what happened can be seen, even if it happened once */
		double height = fmax(plot.height * latency->count[i] / scale.end, 1.5);
		struct box box = { plot.x + i * room + 1, plot.y + plot.height - height, room - 2,
				   height };

		if (!latency->count[i])
			continue;
		bucket_tip(tip, sizeof(tip), i, latency->count[i]);
		svg_rect(to, &box, "bar", 1, tip);
	}
	write_times(to, &plot);
	svg_end(to);
}

static void write_thing(FILE *to, const struct thing *thing, const struct latency *latency)
{
	char times[WORDS_TEXT], mean[WORDS_TEXT], longest[WORDS_TEXT];

	fprintf(to, "<figure data-what=\"%s\" data-times=\"%" PRIu64 "\"><figcaption>%s"
		"<small>%s times; on average %s, at most %s</small></figcaption>\n", thing->name,
		latency->times, thing->title, words_count(times, latency->times),
		words_ns(mean, latency->sum_ns / latency->times),
		words_ns(longest, latency->longest_ns));
	write_chart(to, thing->title, latency);
	fputs("</figure>\n", to);
}

/* The line of the file for @thing, or NULL. */
static const char *line_of(const char *text, const char *name)
{
	char word[PAIR_WORD];

	for (const char *line = next_line(text); line; line = next_line(line)) {
		word_under(text, line, "what", word);
		if (!strcmp(word, name))
			return line;
	}
	return NULL;
}

void report_latency(const struct report *report, FILE *to)
{
	size_t nr = sizeof(things) / sizeof(things[0]), empty = 0;
	struct latency latency;
	const char *line;

	fputs("<h2>How long things took</h2>\n<p>A bar counts what took that long. Each bar is for "
	      "times up to twice as long as those of the bar at its left. Most allocations take "
	      "none of these ways; their CPU's cache serves them at once, and nothing counts "
	      "them here.</p>\n<div class=\"charts\">\n", to);
	for (size_t i = 0; i < nr; i++) {
		line = line_of(report->histograms, things[i].name);
		latency = line ? parse(report->histograms, line) : (struct latency){ 0 };
		if (latency.times)
			write_thing(to, &things[i], &latency);
		else
			empty++;
	}
	fputs("</div>\n", to);
	if (!empty)
		return;
	fputs("<p class=\"none\">These have not happened:</p>\n<ul class=\"none\">\n", to);
	for (size_t i = 0; i < nr; i++) {
		line = line_of(report->histograms, things[i].name);
		if (!line || !parse(report->histograms, line).times)
			fprintf(to, "<li>%s</li>\n", things[i].title);
	}
	fputs("</ul>\n", to);
}
