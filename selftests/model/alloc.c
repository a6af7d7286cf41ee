// SPDX-License-Identifier: GPL-2.0
/*
 * A mutator that allocates. It does so in one step, or with CACHES in many steps, with
 * per-CPU caches and owner generations.
 */
#include "model.h"

/* a central list has only objects of swept spans */
static void alloc_at_once(int i)
{
	u8 tok = cur->m[i].tok;
	int o;

	for (o = 0; o < NO; o++) {
		struct state n;
		int sp = spanof[o];

		if (cur->alloc & BIT(o))
			continue;
		if (HASGEN && !swept(cur, sp))
			continue;	/* the span must be swept first */
		n = *cur;
		n.ba--;
		if (MUT(mark_not_atomic) && black(cur, tok, sp)) {
			take(&n, &n.m[i], o, 0);
			n.m[i].pc = P_RMW;
			n.m[i].old = n.mark | BIT(o);
			emit(&n, L("M%d takes %c, reads the mark word", i, 'a' + o));
			continue;
		}
		take(&n, &n.m[i], o, black(cur, tok, sp));
		emit(&n, L("M%d allocates %c %s", i, 'a' + o,
			   n.mark & BIT(o) ? "black" : "white"));
	}
}

void begin_alloc(int i)
{
	struct state n = *cur;
	struct mu *m = &n.m[i];

	if (!cur->ba)
		return;
	if (!CACHES) {
		alloc_at_once(i);
		return;
	}
	n.ba--;
	m->t = cur->owner_gen[CPUOF(i)];
	if (m->t == cur->hgen) {
		m->pc = P_A1;
		emit(&n, L("M%d alloc: owner generation is current", i));
	} else {
		m->pc = m->t < T_BUSY ? P_B0 : P_CEN;
		emit(&n, L("M%d alloc: owner generation is not current", i));
	}
}

/* the mutant mark_not_atomic writes the word that it has read */
static void write_mark_word(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n = *cur;

	n.mark = (n.mark & ~spanmask[spanof[__builtin_ctz(c->old)]]) | c->old;
	rest(&n.m[i]);
	emit(&n, L("M%d writes the mark word", i));
}

/* ---- with the CPU's cache --------------------------------------------- */

/* pick a free slot of the cached span: all choices */
static int pick_from(int i, int sp)
{
	int o, any = 0;

	for (o = 0; o < NO; o++) {
		struct state n;

		if (spanof[o] != sp || (cur->alloc & BIT(o)))
			continue;
		any = 1;
		n = *cur;
		n.m[i].pc = P_A2T;
		n.m[i].old = o + 1;
		emit(&n, L("M%d picks %c in its cache", i, 'a' + o));
	}
	return any;
}

/* refill: under the central lock, one step */
static void refill(int i)
{
	struct state n;
	int sp, any = 0;

	for (sp = 0; sp < NSPAN; sp++) {
		if (incache(cur) & BIT(sp))
			continue;
		n = *cur;
		if (!swept(&n, sp))
			sweep_span(&n, sp);
		if (!(spanmask[sp] & ~n.alloc)) {
			viol = NULL;
			continue;	/* the span is full */
		}
		n.cache[CPUOF(i)] = sp + 1;
		if (TINY && !MUT(tiny_open_after_refill))
			n.open[CPUOF(i)] = 0;
		any = 1;
		emit(&n, L("M%d refills with span %d", i, sp));
	}
	if (!any) {
		n = *cur;
		n.m[i].pc = P_A3;
		emit(&n, L("M%d finds no span", i));
	}
}

/* put another object into a block that this CPU fills */
static void fill_block(int i, int o)
{
	struct state n = *cur;
	struct mu *m = &n.m[i];

	if (!(cur->alloc & BIT(o)))
		viol = "an object is put into a free block";
	m->held |= BIT(o);
	n.garb &= ~BIT(o);
	if (black(cur, m->tok, spanof[o]) && !MUT(tiny_no_mark))
		n.mark |= BIT(o);
	m->pc = P_A3;
	emit(&n, L("M%d puts an object into %c %s", i, 'a' + o,
		   n.mark & BIT(o) ? "black" : "white"));
}

static void pick(int i)
{
	u8 span = cur->cache[CPUOF(i)];
	int o;

	/* go on as well: an open block may be full, or of another type */
	for (o = 0; TINY && o < NO; o++)
		if (cur->open[CPUOF(i)] & BIT(o))
			fill_block(i, o);

	if (MUT(colour_before_take) && !cur->m[i].new) {
		/* decide the colour now, and take the slot later */
		struct state n = *cur;

		n.m[i].new = 1 + black(cur, n.m[i].tok, span ? span - 1 : 0);
		emit(&n, L("M%d decides the colour", i));
		return;
	}
	if (!span || !pick_from(i, span - 1))
		refill(i);
}

static void take_picked(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n = *cur;
	struct mu *m = &n.m[i];
	int o = OBJ(c->old), blk = black(cur, c->tok, spanof[o]);

	if (MUT(colour_before_take))
		blk = c->new - 1;
	take(&n, m, o, blk);
	if (TINY)
		n.open[CPUOF(i)] |= BIT(o);
	m->pc = P_A3;
	m->old = m->new = 0;
	emit(&n, L("M%d takes %c %s", i, 'a' + o, blk ? "black" : "white"));
}

/* ---- past the cache ---------------------------------------------------- */

static void take_centrally(int i)
{
	int sp, o, any = 0;
	struct state n;

	for (sp = 0; sp < NSPAN; sp++) {
		if (incache(cur) & BIT(sp))
			continue;
		n = *cur;
		if (!swept(&n, sp))
			sweep_span(&n, sp);
		for (o = 0; o < NO; o++) {
			struct state q = n;

			if (spanof[o] != sp || (n.alloc & BIT(o)))
				continue;
			any = 1;
			take(&q, &q.m[i], o, black(&n, q.m[i].tok, sp));
			rest(&q.m[i]);
			emit(&q, L("M%d takes %c centrally", i, 'a' + o));
		}
	}
	if (!any) {
		viol = NULL;
		n = *cur;
		rest(&n.m[i]);
		emit(&n, L("M%d finds nothing centrally", i));
	}
}

/* this CPU flushes itself */
static void try_to_flush(struct state *n, int cpu, struct mu *m)
{
	if (cur->owner_gen[cpu] == m->t || MUT(flush_not_exclusive)) {
		n->owner_gen[cpu] = T_FLUSH;
		m->pc = P_B1;
	} else {
		m->pc = P_CEN;
	}
}

static void step_flush(int i)
{
	int cpu = CPUOF(i);
	struct state n = *cur;
	struct mu *m = &n.m[i];

	switch (m->pc) {
	case P_B0:
		try_to_flush(&n, cpu, m);
		emit(&n, L("M%d tries to flush CPU %d", i, cpu));
		break;
	case P_B1:
		m->new = cur->cache[cpu];
		m->pc = P_B1P;
		emit(&n, L("M%d reads CPU %d's span", i, cpu));
		break;
	case P_B1P:
		if (m->new && cur->cache[cpu] != m->new)
			viol = "a span is given back twice";
		m->new = 0;
		give_back(&n, cpu);
		m->pc = P_B2;
		emit(&n, L("M%d gives back CPU %d's span", i, cpu));
		break;
	case P_B2:
		n.owner_gen[cpu] = n.hgen;
		m->pc = P_A1;
		m->t = n.hgen;
		emit(&n, L("M%d flushed CPU %d", i, cpu));
		break;
	}
}

void step_alloc(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n = *cur;

	switch (c->pc) {
	case P_RMW:
		write_mark_word(i);
		break;
	case P_A1:
		if (!MUT(no_busy))
			n.owner_gen[CPUOF(i)] = T_BUSY;
		n.m[i].pc = P_A2;
		emit(&n, L("M%d owner = BUSY", i));
		break;
	case P_A2:
		pick(i);
		break;
	case P_A2T:
		take_picked(i);
		break;
	case P_A3:
		if (!MUT(no_busy))
			n.owner_gen[CPUOF(i)] = c->t;
		rest(&n.m[i]);
		emit(&n, L("M%d owner generation restored", i));
		break;
	case P_CEN:
		take_centrally(i);
		break;
	default:
		step_flush(i);
		break;
	}
}
