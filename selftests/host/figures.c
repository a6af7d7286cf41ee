// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl's figures, bars and rates: what is written into a column of fixed width, and what
 * a heap did between two readings. The heaps are made up here.
 */
#include <locale.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "figures.h"
#include "samples.h"

/* ---- what samples.c is linked with -------------------------------------------- */

static uint64_t now_ns;

uint64_t clock_ns(clockid_t clock)
{
	return now_ns;
}

int heaps_open(struct heaps *heaps)
{
	return 0;
}

int heaps_read(struct heaps *heaps)
{
	return 0;
}

void heaps_close(struct heaps *heaps)
{
}

/* ---- the promises ------------------------------------------------------------- */

static bool is_figure(double value, unsigned int base, const char *wanted)
{
	char text[FIGURE_TEXT];

	trying("%f as '%s', wanted '%s'", value, figure(text, value, base), wanted);
	return !strcmp(figure(text, value, base), wanted);
}

static void figures_have_the_right_unit(void)
{
	check(is_figure(0, 1024, "0"));
	check(is_figure(7, 1000, "7"));
	check(is_figure(0.26, 1000, "0.3"));
	check(is_figure(999, 1024, "999"));
	check(is_figure(1000, 1000, "1.0K"));
	check(is_figure(1023, 1024, "1.0K"));
	check(is_figure(12.5 * 1024, 1024, "12.5K"));
	check(is_figure(99.94 * 1024, 1024, "99.9K"));
	check(is_figure(99.96 * 1024, 1024, "100K"));
	check(is_figure(999.4 * 1048576, 1024, "999M"));
	check(is_figure(999.6 * 1048576, 1024, "1.0G"));
	check(is_figure(18446744073709551615.0, 1024, "16.0E"));
	check(is_figure(NAN, 1000, "-"));
	check(is_figure(INFINITY, 1000, "-"));
	check(is_figure(-1, 1000, "-"));
}

static void figures_take_five_columns(void)
{
	char text[FIGURE_TEXT];

	for (double value = 1e-3; value < 1e24; value *= 1.0007) {
		trying("%f", value);
		check(strlen(figure(text, value, 1000)) <= 5);
		check(strlen(figure(text, value, 1024)) <= 5);
	}
}

/* A figure differs from its value by no more than it was rounded. */
static void figures_are_near_their_values(void)
{
	static const char units[] = "KMGTPE";
	char text[FIGURE_TEXT], unit = 0;
	double value, read;

	for (value = 1; value < 1e18; value *= 1.013) {
		unit = 0;
		trying("%f is '%s'", value, figure(text, value, 1024));
		check(sscanf(text, "%lf%c", &read, &unit) >= 1);
		read = unit ? ldexp(read, 10 * (strchr(units, unit) - units + 1)) : read;
		check(fabs(read - value) <= fmax(0.051 * value, 0.051));
		check(value < 1000 || fabs(read - value) <= 0.051 * value);
	}
}

static void no_goal_is_a_dash(void)
{
	char text[FIGURE_TEXT];

	check(!strcmp(bytes_figure(text, ~0ULL), "-"));
	check(!strcmp(bytes_figure(text, 4096), "4.0K"));
}

static void milliseconds_are_rounded(void)
{
	char text[MS_TEXT];

	check(!strcmp(ms_text(text, 0), "0.00"));
	check(!strcmp(ms_text(text, 1234), "1.23"));
	check(!strcmp(ms_text(text, 9994), "9.99"));
	check(!strcmp(ms_text(text, 9995), "10.0"));
	check(!strcmp(ms_text(text, 123456), "123.5"));
	check(!strcmp(ms_text(text, 999950), "1000"));
	for (uint64_t us = 1; us < 99999000000ULL; us += us / 99 + 1) {
		trying("%llu us", (unsigned long long)us);
		check(strlen(ms_text(text, us)) <= (us < 99999500 ? 5 : 8));
	}
}

static bool draws(uint64_t live, uint64_t heap, uint64_t goal, uint64_t full, const char *wanted)
{
	struct bar bar = { live, heap, goal, full };
	char text[11];

	trying("'%s', wanted '%s'", bar_text(text, 10, &bar), wanted);
	return !strcmp(bar_text(text, 10, &bar), wanted);
}

static void bars_are_to_scale(void)
{
	check(draws(0, 0, 0, 0, "          "));
	check(draws(2, 5, 8, 10, "##+++...  "));
	check(draws(10, 10, 10, 10, "##########"));
	check(draws(0, 4, 0, 10, "++++      "));
	check(draws(8, 5, 2, 10, "########  "));
	check(draws(1, 2, 3, ~0ULL, "          "));
	check(draws(~0ULL, 0, 0, 1, "##########"));
	check(draws(149, 150, 0, 1000, "#+        "));
}

static bool fits(const char *text, size_t columns, const char *wanted, size_t used)
{
	char copy[64];
	size_t got;

	snprintf(copy, sizeof(copy), "%s", text);
	got = fit(copy, columns);
	trying("'%s' is '%s' in %zu columns, wanted '%s' in %zu", text, copy, got, wanted, used);
	return !strcmp(copy, wanted) && got == used;
}

static void text_is_cut_between_letters(void)
{
	check(setlocale(LC_CTYPE, "C.UTF-8"));
	check(fits("abc", 5, "abc", 3));
	check(fits("abc", 2, "ab", 2));
	check(fits("abc", 0, "", 0));
	check(fits("\xc3\xa4\xc3\xb6", 1, "\xc3\xa4", 1));
	check(fits("\xe4\xb8\xad" "a", 1, "", 0));
	check(fits("\xe4\xb8\xad" "a", 3, "\xe4\xb8\xad" "a", 3));
	check(fits("a\x1b[2J", 9, "a?[2J", 5));
	check(fits("a\xff\xc3", 9, "a??", 3));
	setlocale(LC_CTYPE, "C");
	check(fits("\xc3\xa4", 9, "??", 2));
}

static void counters_never_shrink(void)
{
	check(per_second(10, 30, 2000000000) == 10);
	check(per_second(30, 10, 1000000000) == 0);
	check(isnan(per_second(1, 2, 0)));
}

/* Two readings, half a second apart, of a heap that was opened at @created_ns. */
static struct rates rates(uint64_t created_ns, uint64_t created_before_ns)
{
	struct kgc_heap_entry now = { .id = 7, .created_ns = created_ns };
	struct kgc_heap_entry before[] = { { .id = 3 }, { .id = 7 }, { .id = 9 } };
	struct samples samples = {
		.before = before, .nr_before = 3, .before_ns = 1000000000, .at_ns = 1500000000,
	};

	before[1].created_ns = created_before_ns;
	before[1].stats = (struct kgc_stats){ .total_alloc = 1000, .heap_alloc = 800, .num_gc = 4,
					      .gc_cpu_ns = 1000000 };
	now.stats = (struct kgc_stats){ .total_alloc = 3000, .heap_alloc = 900, .num_gc = 5,
					.gc_cpu_ns = 26000000 };
	return samples_rates(&samples, &now);
}

static void rates_are_those_between_two_readings(void)
{
	struct rates of = rates(5, 5);

	check(of.allocated == 4000);
	check(of.freed == 3800);
	check(of.cycles == 2);
	check(fabs(of.workers - 0.05) < 1e-9);
	check(of.waiters == 0 && of.mutators == 0);
}

static void another_heap_of_the_same_number_has_no_rates(void)
{
	struct rates of = rates(5, 4);

	check(isnan(of.allocated) && isnan(of.freed) && isnan(of.cycles) && isnan(of.workers));
}

static void a_reading_becomes_the_one_before(void)
{
	struct samples samples = { 0 };

	now_ns = 100;
	check(!samples_take(&samples) && samples.at_ns == 100 && samples.before_ns == 0);
	now_ns = 250;
	check(!samples_take(&samples) && samples.at_ns == 250 && samples.before_ns == 100);
	check(!samples_find(&samples, 1));
}

int main(void)
{
	static const struct promise promises[] = {
		{ "figures have the right unit", figures_have_the_right_unit },
		{ "figures take five columns", figures_take_five_columns },
		{ "figures are near their values", figures_are_near_their_values },
		{ "no goal is a dash", no_goal_is_a_dash },
		{ "milliseconds are rounded", milliseconds_are_rounded },
		{ "bars are to scale", bars_are_to_scale },
		{ "text is cut between letters", text_is_cut_between_letters },
		{ "counters never shrink", counters_never_shrink },
		{ "rates are those between two readings", rates_are_those_between_two_readings },
		{ "another heap of the same number has no rates",
		  another_heap_of_the_same_number_has_no_rates },
		{ "a reading becomes the one before", a_reading_becomes_the_one_before },
	};

	return PROMISES(promises);
}
