// SPDX-License-Identifier: GPL-2.0
/*
 * The states in which a search begins.
 */
#include "model.h"

static u64 ninit;

static void init_one(struct state *s)
{
	struct packed p;
	int i;
	u8 held = closure(s, rootset(s));

	for (i = 0; i < NM; i++) {
		s->m[i].held = PLAIN ? 0 : held;
		s->m[i].pc = PLAIN ? P_OUT : P_REST;
	}
	/* the store of ARM is invisible to a section under IDLE, so start with it */
	s->cc = C_ARMGP;
	s->phase = ARM;
	s->cyc = 1;
	s->garb = s->alloc & ~held;
	if (FIN)
		s->garb &= ~closure(s, s->finreg);
	if (MUT(no_arm)) {
		s->phase = MARK;
		s->cc = C_MARKGP;
	}
	canon(s, &p);
	if (insert(&p, nstates) > 0)
		ninit++;
}

/* all ways to fill blocks of a cached span, or none */
static void init_open(struct state *s, int cpu)
{
	int blocks;

	if (!TINY || cpu == NC) {
		init_one(s);
		return;
	}
	blocks = s->cache[cpu] ? s->alloc & spanmask[s->cache[cpu] - 1] : 0;
	s->open[cpu] = blocks;
	for (;;) {
		init_open(s, cpu + 1);
		if (!s->open[cpu])
			break;
		s->open[cpu] = (s->open[cpu] - 1) & blocks;
	}
}

/* all ways for the caches to have one span each, or none */
static void init_caches(struct state *s)
{
	int c;

	if (!CACHES) {
		init_one(s);
		return;
	}
	for (c = 0; c < (NSPAN + 1) * (NC > 1 ? NSPAN + 1 : 1); c++) {
		s->cache[0] = c % (NSPAN + 1);
		if (NC > 1)
			s->cache[NC - 1] = c / (NSPAN + 1);
		if (NC > 1 && s->cache[0] && s->cache[0] == s->cache[NC - 1])
			continue;
		init_open(s, 0);
	}
}

/* all ways for objects to have a cleanup */
static void init_cleanups(struct state *s)
{
	u8 c = 0;

	do {
		s->clnreg = c & s->alloc;
		init_caches(s);
		c = (c + 1) & ALLO;
	} while (CLN && c);
}

static void init_slots(struct state *s, int x)
{
	int v;

	if (x < NR + NSLOT) {
		for (v = 0; v <= NO; v++) {
			if (v && !(s->alloc & BIT(OBJ(v))))
				continue;
			if (v && x >= NR && !(s->alloc & BIT(owner(x))))
				continue;
			setslot(s, x, v);
			init_slots(s, x + 1);
		}
		setslot(s, x, 0);
		return;
	}
	if (INIT_REACHABLE && (s->alloc & ~closure(s, rootset(s)) & ~INIT_FLOAT))
		return;
	for (v = 0; v <= (WEAK ? NO : 0); v++) {
		u8 f = 0;

		if (v && !(s->alloc & BIT(OBJ(v))))
			continue;
		s->weak = v;
		do {
			s->finreg = f & s->alloc;
			init_cleanups(s);
			f = (f - FINOBJ) & FINOBJ;
		} while (FIN && f);
	}
	s->weak = 0;
}

/* Make every initial graph of the configuration. Return: how many there are. */
u64 init(void)
{
	struct state s;
	unsigned int a;

	for (a = 0; a <= ALLO; a++) {
		if (!(INIT_ALLOC(a)))
			continue;
		memset(&s, 0, sizeof(s));
		s.alloc = a;
		s.bs = BS;
		s.ba = BA;
		s.bw = BW;
		s.bx = BX;
		s.bc = BC;
		init_slots(&s, 0);
	}
	return ninit;
}
