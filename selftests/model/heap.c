// SPDX-License-Identifier: GPL-2.0
/*
 * The heap of a state: what is reachable, what a step hands out, and what a sweep frees.
 */
#include "model.h"

/* Return: the object that has the slot as a field. */
u8 owner(u8 x)
{
	u8 o = 0;

	while (x - NR >= fbase[o + 1])
		o++;
	return o;
}

u8 closure(const struct state *s, u8 set)
{
	u8 done = 0;

	set &= ALLO;
	while (set & ~done) {
		int o = __builtin_ctz(set & ~done), f;

		done |= BIT(o);
		for (f = 0; f < nfields[o]; f++)
			if (s->fld[fbase[o] + f])
				set |= BIT(OBJ(s->fld[fbase[o] + f]));
	}
	return set;
}

u8 rootset(const struct state *s)
{
	u8 r = 0;
	int i;

	for (i = 0; i < NR; i++)
		if (s->root[i])
			r |= BIT(OBJ(s->root[i]));
	return r;
}

/* Return: the objects that roots and live sections can reach. */
u8 strong(const struct state *s)
{
	u8 r = rootset(s);
	int i;

	for (i = 0; i < NM; i++)
		r |= s->m[i].held;
	return closure(s, r);
}

u8 reachable(const struct state *s)
{
	u8 r = strong(s);

	if (FIN)
		r = closure(s, r | s->finq);
	return r;
}

int unswept(const struct state *s)
{
	int i;

	for (i = 0; i < NSPAN; i++)
		if (!swept(s, i))
			return 1;
	return 0;
}

u8 incache(const struct state *s)
{
	u8 r = 0;
	int i;

	if (CACHES)
		for (i = 0; i < NC; i++)
			if (s->cache[i])
				r |= BIT(s->cache[i] - 1);
	return r;
}

/* Return: the blocks that a cache still fills. */
u8 opened(const struct state *s)
{
	u8 r = 0;
	int i;

	if (TINY)
		for (i = 0; i < NC; i++)
			r |= s->open[i];
	return r;
}

/* Return: whether a newborn is black. The region that takes the slot decides this. */
int black(const struct state *s, u8 tok, int span)
{
	switch (tok) {
	case IDLE:
		return MUT(black_in_idle) && s->cc == C_SWEEP;
	case ARM:
		return MUT(black_in_arm);
	case MARK:
		return !MUT(white_in_mark);
	default:
		if (MUT(settle_white))
			return 0;
		if (MUT(settle_black))
			return 1;
		return !HASGEN || ((s->gen >> span) & 1) != s->tgt;
	}
}

void take(struct state *s, struct mu *m, int o, int blk)
{
	if (s->alloc & BIT(o))
		viol = "one slot is handed out twice";
	s->alloc |= BIT(o);
	s->garb &= ~BIT(o);
	if (blk)
		s->mark |= BIT(o);
	m->held |= BIT(o);
	if (FIN && (FINOBJ & BIT(o)) && FINNEW)
		s->finreg |= BIT(o);
}

static void set_gen(struct state *s, int sp, u8 gen)
{
	s->gen = (s->gen & ~BIT(sp)) | gen << sp;
}

/* A CPU's span leaves its cache. */
void give_back(struct state *s, int cpu)
{
	if (MUT(giveback_as_old) && s->cache[cpu])
		set_gen(s, s->cache[cpu] - 1, s->hgen ^ 1);
	s->cache[cpu] = 0;
	if (TINY && !MUT(tiny_open_after_flush))
		s->open[cpu] = 0;
}

/*
 * Run the tracer, once marking is over and no section is open. It notes objects that are
 * marked and unreachable. A cycle later they must not be marked.
 */
void trace_floating(struct state *s)
{
	if (s->floats & s->mark)
		viol = "floating garbage has come back";
	s->floats = s->alloc & s->mark & ~reachable(s);
	if (MUT(tiny_noted_others))
		s->floats &= ~(opened(s) & -opened(s));
	else if (!MUT(tiny_noted))
		s->floats &= ~opened(s);
}

void sweep_span(struct state *s, int sp)
{
	u8 freed = s->alloc & ~s->mark & spanmask[sp];
	int o, f;

	if (freed & reachable(s))
		viol = "a reachable object is freed";
	if (WEAK && s->weak && (freed & BIT(OBJ(s->weak))) && !MUT(weak_after_sweep))
		viol = "a weak reference to a freed slot";
	if (freed & s->clnreg)
		viol = "an object is freed, and its cleanup was not found";
	if (s->gone & s->alloc & ~freed & spanmask[sp])
		viol = "the cleanup of an object was found that lives on";
	for (o = 0; o < NO; o++)
		if (freed & BIT(o))
			for (f = 0; f < nfields[o]; f++)
				s->fld[fbase[o] + f] = 0;
	s->alloc &= ~freed;
	s->garb &= ~freed;
	s->dead &= ~freed;
	s->finreg &= ~freed;
	s->ran &= ~freed;
	s->clnreg &= ~freed;
	s->gone &= ~spanmask[sp];
	s->floats &= ~freed;
	if (!MUT(sweep_keeps_marks))
		s->mark &= ~spanmask[sp];
	if (!MUT(sweep_keeps_scan))
		s->scan &= ~spanmask[sp];
	set_gen(s, sp, s->hgen);
}
