// SPDX-License-Identifier: GPL-2.0
/*
 * The search. Breadth first finds a shortest counterexample, and depth first finds one
 * sooner. One large array has all states whole, with a hash table over it.
 */
#include <sys/mman.h>

#include "model.h"

const char *viol;
const struct state *cur;
int mandatory;
struct packed *states;
u32 *parent, curidx;		/* the state from which each state was reached */
u64 nstates, nsucc;

static u32 *table;		/* hash table of indices + 1 */
static u64 tabmask;
static u32 *stack;		/* depth first: states to be expanded */
static u64 nstack;

/* The step that find_step() looks for. */
static struct {
	struct packed to;
	int found;
	char label[LABEL_SIZE];
} wanted;

/* ---- states that were found ----------------------------------------------- */

static void *bigmem(size_t n)
{
	void *p = mmap(NULL, n, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		perror("mmap");
		exit(2);
	}
	madvise(p, n, MADV_HUGEPAGE);
	return p;
}

static inline u64 hash(const struct packed *p)
{
	u64 h = 0x9e3779b97f4a7c15ull;
	int i;

	for (i = 0; i < WORDS; i++) {
		h ^= p->w[i];
		h *= 0xff51afd7ed558ccdull;
		h ^= h >> 32;
	}
	h *= 0xc4ceb9fe1a85ec53ull;
	return h ^ (h >> 29);
}

static void grow(void)
{
	u64 n = (tabmask + 1) * 2, i;

	munmap(table, (tabmask + 1) * sizeof(u32));
	tabmask = n - 1;
	table = bigmem(n * sizeof(u32));
	for (i = 0; i < nstates; i++) {
		u64 h = hash(&states[i]) & tabmask;

		while (table[h])
			h = (h + 1) & tabmask;
		table[h] = i + 1;
	}
}

/* Return: 1 if the state is new, 0 if it is known, -1 if there is no room. */
int insert(const struct packed *p, u32 par)
{
	u64 h = hash(p) & tabmask;

	while (table[h]) {
		if (!memcmp(&states[table[h] - 1], p, sizeof(*p)))
			return 0;
		h = (h + 1) & tabmask;
	}
	if (nstates >= MAXSTATES)
		return -1;
	states[nstates] = *p;
	parent[nstates] = par;
	if (stack)
		stack[nstack++] = nstates;
	table[h] = ++nstates;
	if (nstates * 2 > tabmask)
		grow();
	return 1;
}

void search_init(int dfs)
{
	states = bigmem(MAXSTATES * sizeof(*states));
	parent = bigmem(MAXSTATES * sizeof(*parent));
	if (dfs)
		stack = bigmem(MAXSTATES * sizeof(*stack));
	tabmask = (1 << 16) - 1;
	table = bigmem((tabmask + 1) * sizeof(u32));
}

/* ---- successors ------------------------------------------------------------ */

/* Add @s, to which a step has led. */
void emit(struct state *s, const char *label)
{
	struct packed p;
	u8 roots;
	int i;

	if (tracing && wanted.found)
		return;
	nsucc++;
	/* the collector does not wait for a region that has ended */
	for (i = 0; i < NM; i++)
		if (!in_region(&s->m[i]))
			s->rgp &= ~BIT(i);
	if (!PLAIN) {
		/* a section at rest has loaded all that it can load (README) */
		roots = rootset(s);
		for (i = 0; i < NM; i++)
			if (s->m[i].pc == P_REST)
				s->m[i].held = closure(s, s->m[i].held | roots);
	}
	if (viol && !tracing)
		report_violation(viol, label, s);
	canon(s, &p);
	if (tracing) {
		wanted.found = !memcmp(&p, &wanted.to, sizeof(p));
		if (wanted.found)
			strcpy(wanted.label, label);
		viol = NULL;
		return;
	}
	if (insert(&p, curidx) < 0) {
		printf("BOUND %s: more than %llu states\n", NAME, MAXSTATES);
		exit(3);
	}
}

static void sweep_step(void)
{
	u8 cached = incache(cur);
	int i;

	for (i = 0; i < NSPAN; i++) {
		struct state n = *cur;

		if (swept(cur, i) || cached & BIT(i))
			continue;
		mandatory++;
		sweep_span(&n, i);
		emit(&n, L("S sweeps span %d", i));
	}
}

static int marking(void)
{
	switch (cur->cc) {
	case C_ROOTS: case C_ROOTM: case C_DRAIN: case C_FDRAIN:
		return 1;
	}
	return MUT(markers_not_joined) && cur->cc > C_DRAIN && cur->cc < C_SETTLE;
}

static void expand(void)
{
	int i, irq;

	mandatory = 0;
	if (cur->cc == C_DONE)
		return;
	collector_step();
	if (marking())
		for (i = 0; i < NK; i++)
			marker_step(i);
	if (HASGEN)
		sweep_step();
	/* IRQ: the last mutator is an interrupt on the first one's CPU */
	irq = IRQ && cur->m[NM - 1].pc != P_REST;
	for (i = irq; i < NM; i++) {
		if (cur->m[i].pc == P_REST)
			mutator_ops(i);
		else
			mutator_step(i);
	}
	if (!mandatory && !tracing)
		report_violation("deadlock: nothing can go on", "", cur);
}

/* Expand all reachable states. Return: the depth of the search. */
u64 search(void)
{
	u64 i, depth = 0, levelend = nstates;
	struct state s;

	for (i = 0; stack ? nstack : i < nstates; i++) {
		if (i == levelend) {
			depth++;
			levelend = nstates;
		}
		curidx = stack ? stack[--nstack] : i;
		unpack(&s, &states[curidx]);
		cur = &s;
		viol = NULL;
		expand();
		if (!(i & 0xffff))
			report_progress(i, depth);
	}
	return depth;
}

/* Return: the label of the step that leads from one state to another, or NULL. */
const char *find_step(const struct state *from, const struct packed *to)
{
	cur = from;
	viol = NULL;
	wanted.to = *to;
	wanted.found = 0;
	expand();
	return wanted.found ? wanted.label : NULL;
}
