// SPDX-License-Identifier: GPL-2.0
/*
 * The output of a search, mostly counterexamples.
 */
#include <stdarg.h>
#include <time.h>

#include "model.h"

int quiet, tracing;

const char * const phname[] = { "IDLE", "ARM", "MARK", "SETTLE" };

static const char * const ccname[] = {
	"idle", "arm-gp", "mark-gp", "roots", "root-mark", "drain",
	"snapshot", "round-gp", "check-counters", "check-lists", "close",
	"closing-gp", "closing-check", "weak", "weak-clear", "finalizers",
	"final-drain", "settle", "settle-gp", "new-gen", "new-gen-gp", "flush",
	"flush-read", "flush-giveback", "flush-publish", "publish-idle", "sweep", "late-weak",
	"done"
};

static const char * const pcname[] = {
	"rest", "shade-old", "count-old", "claim-old", "push-old", "shade-new",
	"count-new", "claim-new", "push-new", "cmpxchg", "weak-test", "weak-gate",
	"weak-shade", "weak-count", "weak-claim", "weak-push", "weak-reread",
	"alloc-busy", "alloc-pick",
	"alloc-take", "alloc-unbusy", "selfflush-try", "selfflush-read", "selfflush-giveback",
	"selfflush-publish",
	"alloc-central", "mark-rmw", "waits", "outside"
};

static const char * const kname[] = {
	"idle", "taken", "read", "or-scan", "scan", "mark", "claim", "push"
};

const char *format_label(const char *fmt, ...)
{
	static char labelbuf[LABEL_SIZE];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(labelbuf, sizeof(labelbuf), fmt, ap);
	va_end(ap);
	return labelbuf;
}

const char *slotname(u8 x)
{
	static char b[16];

	if (x < NR)
		snprintf(b, sizeof(b), "root%d", x);
	else if (x >= SLOT_FIN)
		snprintf(b, sizeof(b), "finq[%c]", 'a' + x - SLOT_FIN);
	else
		snprintf(b, sizeof(b), "%c.f%d", 'a' + owner(x), x - NR - fbase[owner(x)]);
	return b;
}

static void print_objects(const struct state *s)
{
	int i, f;

	printf("    ");
	for (i = 0; i < NR; i++)
		printf("r%d=%c ", i, on(s->root[i]));
	for (i = 0; i < NO; i++) {
		if (!(s->alloc & BIT(i))) {
			printf("%c:free%s ", 'a' + i, s->mark & BIT(i) ? "/marked" : "");
			continue;
		}
		printf("%c:%s%s(", 'a' + i, s->mark & BIT(i) ? "marked" : "white",
		       s->scan & BIT(i) ? "+scanned" : "");
		for (f = 0; f < nfields[i]; f++)
			printf("%s%c", f ? "," : "", on(s->fld[fbase[i] + f]));
		printf(") ");
	}
}

static void print_collector(const struct state *s)
{
	int i;

	printf("| %s %s", phname[s->phase], ccname[s->cc]);
	if (HASGEN)
		for (i = 0; i < NSPAN; i++)
			printf(" s%d:%s", i, swept(s, i) ? "swept" : "unswept");
	for (i = 0; i < NSPAN; i++)
		if (s->queued & BIT(i))
			printf(" s%d:queued", i);
	for (i = 0; i < NLIST; i++)
		if (s->list[i])
			printf(" list%d=%x", i, s->list[i]);
	if (CACHES)
		for (i = 0; i < NC; i++)
			printf(" cpu%d:%s/%d", i, s->owner_gen[i] == T_BUSY ? "BUSY" :
			       s->owner_gen[i] == T_FLUSH ? "FLUSH" :
			       s->owner_gen[i] == s->hgen ? "new" : "old", s->cache[i] - 1);
	if (TINY)
		for (i = 0; i < NC; i++)
			printf(" open%d=%x", i, s->open[i]);
	if (TINY)
		printf(" floats=%x", s->floats);
	if (WEAK)
		printf(" weak=%c%s", on(s->weak), s->closed ? " closed" : "");
	if (FIN)
		printf(" fin:reg=%x q=%x ran=%x", s->finreg, s->finq, s->ran);
}

static void print_threads(const struct state *s)
{
	int i, f;

	for (i = 0; i < NM; i++) {
		printf(" M%d:%s", i, phname[s->m[i].tok]);
		if (s->m[i].pc != P_REST)
			printf("/%s", pcname[s->m[i].pc]);
		printf("{");
		for (f = 0; f < NO; f++)
			if (s->m[i].held & BIT(f))
				printf("%c", 'a' + f);
		printf("}");
	}
	for (i = 0; i < NK; i++)
		if (s->k[i].pc)
			printf(" K%d:%s s%d todo=%x", i, kname[s->k[i].pc],
			       s->k[i].span, s->k[i].todo);
}

static void print_state(const struct state *s)
{
	print_objects(s);
	print_collector(s);
	printf(" |");
	print_threads(s);
	printf("\n");
}

static double secs(void)
{
	return (double)clock() / CLOCKS_PER_SEC;
}

/* Print the way to the current state, state by state. */
static void print_path(const u32 *path, int n)
{
	struct state s;

	tracing = 1;
	while (n--) {
		unpack(&s, &states[path[n]]);
		print_state(&s);
		if (n)
			printf("  %s\n", find_step(&s, &states[path[n - 1]]) ?: "?");
	}
}

/* Report what is wrong with @last, to which a step labelled @label leads, and exit. */
void report_violation(const char *what, const char *label, const struct state *last)
{
	char step[LABEL_SIZE];
	u32 path[4096], x = curidx;
	int n = 0;

	snprintf(step, sizeof(step), "%s", label);
	for (;;) {
		path[n++] = x;
		if (parent[x] == x || n == 4096)
			break;
		x = parent[x];
	}
	printf("FOUND %s %s: %s (%d steps, %llu states, %.1f s)\n", NAME, mutant_name[mut],
	       what, n, (unsigned long long)nstates, secs());
	if (quiet)
		exit(1);
	printf("  (objects of one shape, roots and mutators may change names between steps:\n"
	       "   every state is shown in its canonical form)\n");
	print_path(path, n);
	printf("  %s\n", step);
	print_state(last);
	printf("  => %s\n", what);
	exit(1);
}

void report_clean(u64 ninit, u64 depth)
{
	printf("CLEAN %s %s: %llu states, %llu transitions, depth %llu, %llu initial, %d bits, "
	       "%.1f s\n",
	       NAME, mutant_name[mut], (unsigned long long)nstates,
	       (unsigned long long)nsucc, (unsigned long long)depth,
	       (unsigned long long)ninit, packbits, secs());
}

/* Show the progress every ten seconds. */
void report_progress(u64 expanded, u64 depth)
{
	static double last;

	if (quiet || secs() - last <= 10)
		return;
	last = secs();
	fprintf(stderr, "  %s: %llu of %llu states expanded, depth %llu, %.0f s\n", NAME,
		(unsigned long long)expanded, (unsigned long long)nstates,
		(unsigned long long)depth, last);
}
