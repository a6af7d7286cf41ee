// SPDX-License-Identifier: GPL-2.0
/*
 * kgcctl top: a live view of all heaps, or of one. The pages are lines of text, which go
 * to a screen of ncurses or, with --batch, to stdout.
 */
#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "command.h"
#include "kgcctl.h"
#include "repeat.h"
#include "terminal.h"
#include "top.h"

static struct {
	bool batch;
	bool reverse;
	double seconds;
	unsigned long count;
	const char *sort;
} settings = { .seconds = 2, .sort = "ID" };

static error_t parse(int key, char *arg, struct argp_state *state)
{
	switch (key) {
	case 'b':
		settings.batch = true;
		return 0;
	case 'd':
		settings.seconds = parse_seconds(state, "--delay", arg);
		return 0;
	case 'n':
		settings.count = parse_count(state, "--count", arg);
		return 0;
	case 'r':
		settings.reverse = true;
		return 0;
	case 's':
		settings.sort = arg;
		return 0;
	}
	return ARGP_ERR_UNKNOWN;
}

static const struct argp_option options[] = {
	{ "batch", 'b', 0, 0, "print page after page, for files and scripts; needs no terminal", 0 },
	{ "delay", 'd', "SECONDS", 0, "read the counters every so many seconds, 2 unless told", 0 },
	{ "count", 'n', "COUNT", 0, "end after COUNT readings of rates", 0 },
	{ "reverse", 'r', 0, 0, "sort the other way round", 0 },
	{ "sort", 's', "COLUMN", 0, "sort by that column, ID unless told", 0 },
	{ 0 }
};

static struct view view;

/* ---- pages -------------------------------------------------------------------- */

/* Write the page that the user looks at. If its heap has ended, that is the list again. */
static void write_page(struct page *page)
{
	const struct kgc_heap_entry *heap = samples_find(&view.samples, view.id);

	if (view.one && heap && (heap->created_ns == view.created_ns)) {
		heap_page(page, &view, heap);
		return;
	}
	if (view.one)
		snprintf(view.message, sizeof(view.message), "heap %u has ended", view.id);
	view.one = false;
	list_page(page, &view);
}

/* Print pages until the count is reached, or the heap that was asked for has ended. */
static int batch(bool one)
{
	int status = samples_take(&view.samples);

	for (unsigned long nr = 0; !status && nr != (settings.count ?: ~0UL); nr++) {
		struct page page = { .columns = NO_EDGE, .lines = NO_EDGE };

		/* rates need two readings */
		wait_seconds(settings.seconds);
		status = samples_take(&view.samples);
		if (status)
			break;
		write_page(&page);
		if (one && !view.one)
			status = complain(STATUS_NO_HEAP, "%s", view.message);
		for (size_t i = 0; i < page.nr && !status; i++)
			puts(page.line[i].text);
		if (!status)
			putchar('\n');
		page_clear(&page);
		fflush(stdout);
		if (ferror(stdout))
			break;
	}
	return status;
}

/* ---- the screen --------------------------------------------------------------- */

static volatile sig_atomic_t ended_by;

static void end(int signal)
{
	ended_by = signal;
}

/* The screen has to be put in order before the process ends. */
static void catch_signals(void)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
	struct sigaction action = { .sa_handler = end };

	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
		sigaction(signals[i], &action, NULL);
}

static void leave_screen(void)
{
	endwin();
}

static void draw(void)
{
	static const int looks[] = {
		[LOOK_PLAIN] = A_NORMAL, [LOOK_BOLD] = A_BOLD, [LOOK_REVERSE] = A_REVERSE,
	};
	const char *keys = view.one ?
		"Tab: other table  Up Down: scroll  Left or Esc: all heaps  q: quit" :
		"Up Down Enter: one heap  i s h g a f c u n: sort by  r: reverse  q: quit";
	struct page page = { .columns = COLS, .lines = LINES > 1 ? LINES - 1 : 0 };

	write_page(&page);
	erase();
	for (size_t i = 0; i < page.nr; i++) {
		attrset(looks[page.line[i].look]);
		mvaddstr(i, 0, page.line[i].text);
	}
	attrset(view.message[0] ? A_BOLD : A_DIM);
	mvaddnstr(LINES - 1, 0, view.message[0] ? view.message : keys, COLS - 1);
	attrset(A_NORMAL);
	move(LINES - 1, 0);
	refresh();
	page_clear(&page);
}

/* Scroll the table of a heap, or move the selection of the list. */
static void move_by(long lines)
{
	if (!view.one)
		list_move(&view, lines);
	else if (lines < 0 && view.skip < (size_t)-lines)
		view.skip = 0;
	else
		view.skip += lines;
}

/* Carry out what the user typed. False if that is to quit. */
static bool obey(int key)
{
	view.message[0] = '\0';
	switch (key) {
	case 'q':
		return false;
	case KEY_UP:
		move_by(-1);
		return true;
	case KEY_DOWN:
		move_by(1);
		return true;
	case KEY_PPAGE:
		move_by(-(LINES / 2));
		return true;
	case KEY_NPAGE:
		move_by(LINES / 2);
		return true;
	case '\n':
	case '\r':
	case KEY_ENTER:
	case KEY_RIGHT:
		list_move(&view, 0);
		view.one = view.created_ns;
		view.skip = 0;
		return true;
	case KEY_LEFT:
	case KEY_BACKSPACE:
	case '\033':
		view.one = false;
		return true;
	case '\t':
		heap_next_pane(&view);
		return true;
	case 'r':
		view.reverse = !view.reverse;
		return true;
	}
	if (!view.one)
		list_sort(&view, key);
	return true;
}

/* Read, draw and wait for keys until the user quits, a signal comes, or a read fails. */
static int look_and_obey(void)
{
	uint64_t period = settings.seconds * 1e9, next = 0, now;
	int key, status = STATUS_OK;

	for (unsigned long nr = 0; !ended_by;) {
		now = clock_ns(CLOCK_MONOTONIC);
		if (now >= next) {
			/* the first reading has no rates */
			if (settings.count && nr++ > settings.count)
				break;
			status = samples_take(&view.samples);
			if (status)
				break;
			next = now + period;
		}
		draw();
		timeout((next - now) / 1000000 + 1);
		errno = 0;
		key = getch();
		/* the terminal may have gone */
		if (key == ERR && errno && errno != EINTR && !isatty(STDIN_FILENO))
			break;
		if (key != ERR && key != KEY_RESIZE && !obey(key))
			break;
	}
	return status;
}

static int screen(void)
{
	int status;

	catch_signals();
	if (!newterm(NULL, stdout, stdin))
		return complain(STATUS_FAILED, "the terminal cannot be set up");
	before_complaint = leave_screen;
	cbreak();
	noecho();
	nonl();
	keypad(stdscr, true);
	set_escdelay(25);
	curs_set(0);
	status = look_and_obey();
	before_complaint = NULL;
	endwin();
	if (ended_by) {
		signal(ended_by, SIG_DFL);
		raise(ended_by);
	}
	return status;
}

/* Select heap @id, and look at its page. */
static int select_one(__u32 id)
{
	struct kgc_heap_entry entry;
	int status = heaps_read_one(&view.samples.heaps, id, &entry);

	if (status == STATUS_NO_HEAP)
		return complain_no_heap(id);
	view.id = id;
	view.created_ns = entry.created_ns;
	view.one = true;
	return status;
}

static int run(int nr, char **words)
{
	unsigned int id = 0;
	int status;

	if (nr && !parse_heap(words[0], &id))
		return STATUS_USAGE;
	if (!list_sort_by(&view, settings.sort))
		return STATUS_USAGE;
	status = settings.batch ? STATUS_OK : terminal_check();
	if (status)
		return status;
	view.reverse = settings.reverse;
	setlocale(LC_CTYPE, "");
	status = samples_open(&view.samples);
	if (!status && nr)
		status = select_one(id);
	if (!status)
		status = settings.batch ? batch(nr) : screen();
	samples_close(&view.samples);
	return status;
}

const struct command command_top = {
	.name = "top",
	.arguments = "[HEAP]",
	.about = "a live view of all heaps, or of one",
	.help =
		"In the list, SYS is what limits count, HEAP the objects with their garbage,\n"
		"ALLOC/S and CYC/S bytes allocated and cycles per second, CPU% the share of\n"
		"one CPU that the collector takes. Enter shows the selected heap with its\n"
		"last cycles and its size classes; the last line of the screen lists the\n"
		"keys. Limits, cycles and classes come from debugfs, which is for root.",
	.most = 1,
	.takes = { WORD_HEAP },
	.options = options,
	.parse = parse,
	.run = run,
};
