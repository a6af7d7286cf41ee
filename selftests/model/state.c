// SPDX-License-Identifier: GPL-2.0
/*
 * A state, packed and in its canonical form: one of all states that differ only in the
 * names of objects, spans, roots and mutators.
 */
#include "model.h"

u8 fbase[NO + 1];
u8 spanmask[NSPAN];
int packbits;

/* ---- packing --------------------------------------------------------- */

#define LG(n)	((n) <= 1 ? 0 : (n) <= 2 ? 1 : (n) <= 4 ? 2 : (n) <= 8 ? 3 : \
		 (n) <= 16 ? 4 : (n) <= 32 ? 5 : 6)
#define IO(v, b) do { const int n_ = (b); if (n_) { \
	int w_ = *pos >> 6, o_ = *pos & 63; \
	if (wr) { p->w[w_] |= (u64)(v) << o_; \
		if (o_ + n_ > 64) p->w[w_ + 1] |= (u64)(v) >> (64 - o_); \
	} else { u64 x_ = p->w[w_] >> o_; \
		if (o_ + n_ > 64) x_ |= p->w[w_ + 1] << (64 - o_); \
		(v) = x_ & ((1u << n_) - 1); } \
	*pos += n_; } } while (0)

static inline __attribute__((always_inline)) void io_mutators(struct state *s, struct packed *p,
							      int wr, int *pos)
{
	int i;

	for (i = 0; i < NM; i++) {
		IO(s->m[i].pc, 5); IO(s->m[i].tok, 2); IO(s->m[i].held, NO);
		if (NEST)
			IO(s->m[i].otok, 2);
		else if (!wr)
			s->m[i].otok = s->m[i].tok;
		IO(s->m[i].slot, LG(NR + NSLOT + (FIN ? NO : 0)));
		IO(s->m[i].old, NO > 3 ? 4 : 3); IO(s->m[i].new, LG(NO + 1));
		IO(s->m[i].t, 2);
	}
}

static inline __attribute__((always_inline)) void io_markers(struct state *s, struct packed *p,
							     int wr, int *pos)
{
	int i;

	for (i = 0; i < NK; i++) {
		IO(s->k[i].pc, 3); IO(s->k[i].span, LG(NSPAN));
		IO(s->k[i].todo, NO); IO(s->k[i].obj, LG(NO + 1));
		if (MSPLIT)
			IO(s->k[i].sc, NO);
		IO(s->k[i].fi, 1); IO(s->k[i].child, LG(NO + 1));
	}
}

static inline __attribute__((always_inline)) void io(struct state *s, struct packed *p, int wr)
{
	int i, end = 0, *pos = &end;

	for (i = 0; i < NR; i++)
		IO(s->root[i], LG(NO + 1));
	for (i = 0; i < NSLOT; i++)
		IO(s->fld[i], LG(NO + 1));
	IO(s->alloc, NO); IO(s->mark, NO); IO(s->scan, NO);
	IO(s->queued, NSPAN);
	for (i = 0; i < NLIST; i++)
		IO(s->list[i], NSPAN);
	IO(s->phase, 2); IO(s->cc, 5); IO(s->rgp, NM);
	IO(s->dirty, NC);
	IO(s->chk, NC > NR ? NC : NR); IO(s->creg, LG(NO + 1)); IO(s->cyc, 2);
	if (PLAIN)
		IO(s->vis, 2);
	if (HASGEN) {
		IO(s->gen, NSPAN); IO(s->hgen, 1); IO(s->tgt, 1);
	}
	if (CACHES)
		for (i = 0; i < NC; i++) {
			IO(s->owner_gen[i], 2);
			IO(s->cache[i], LG(NSPAN + 1));
		}
	if (CACHES)
		IO(s->cspan, LG(NSPAN + 1));
	if (TINY) {
		for (i = 0; i < NC; i++)
			IO(s->open[i], NO);
		IO(s->floats, NO);
	}
	if (WEAK) {
		IO(s->weak, LG(NO + 1)); IO(s->closed, 2); IO(s->wchg, 1);
		IO(s->dead, NO);
	}
	if (FIN) {
		IO(s->finreg, NO); IO(s->finq, NO); IO(s->ran, NO);
	}
	if (CLN) {
		IO(s->clnreg, NO); IO(s->gone, NO); IO(s->bc, LG(BC + 1));
	}
	IO(s->garb, NO);
	IO(s->bs, LG(BS + 1)); IO(s->ba, LG(BA + 1));
	IO(s->bw, LG(BW + 1)); IO(s->bx, LG(BX + 1));
	io_mutators(s, p, wr, pos);
	io_markers(s, p, wr, pos);
	if (wr)
		packbits = end;
}
#undef IO

static void pack(const struct state *s, struct packed *p)
{
	memset(p, 0, sizeof(*p));
	io((struct state *)s, p, 1);
}

void unpack(struct state *s, const struct packed *p)
{
	memset(s, 0, sizeof(*s));
	io(s, (struct packed *)p, 0);
}

/* ---- symmetry -------------------------------------------------------- */

/* whether creg holds a CPU */
#define ISFLUSH(c)	((c) == C_FLUSH1 || (c) == C_FLUSH1P || (c) == C_FLUSH2)

struct perm { u8 o[NO], s[NSPAN], r[NR]; };
static struct perm perms[256];
static int nperms;

static int next_perm(u8 *a, int n)
{
	int i = n - 2, j = n - 1;
	u8 t;

	while (i >= 0 && a[i] >= a[i + 1])
		i--;
	if (i < 0)
		return 0;
	while (a[j] <= a[i])
		j--;
	t = a[i]; a[i] = a[j]; a[j] = t;
	for (i++, j = n - 1; i < j; i++, j--) {
		t = a[i]; a[i] = a[j]; a[j] = t;
	}
	return 1;
}

static void make_perms(void)
{
	struct perm p;
	int i, j;

	for (i = 0; i < NO; i++)
		p.o[i] = i;
	do {
		int ok = 1;

		memset(p.s, 0xff, sizeof(p.s));
		for (i = 0; i < NO && ok; i++) {
			j = p.o[i];
			if (nfields[i] != nfields[j] ||
			    (FINOBJ >> i & 1) != (FINOBJ >> j & 1))
				ok = 0;
			else if (p.s[spanof[i]] == 0xff)
				p.s[spanof[i]] = spanof[j];
			else if (p.s[spanof[i]] != spanof[j])
				ok = 0;
		}
		for (i = 0; i < NSPAN && ok; i++)
			for (j = 0; j < i; j++)
				if (p.s[i] == p.s[j])
					ok = 0;
		if (!ok)
			continue;
		for (i = 0; i < NR; i++)
			p.r[i] = i;
		do {
			perms[nperms++] = p;
		} while (next_perm(p.r, NR));
	} while (next_perm(p.o, NO));
}

/* the same as tables, one for each permutation */
static struct { u8 o[1 << NO], s[1 << NSPAN], r[1 << NR], v[NO + 1], x[64]; } pt[256];

static void make_tables(void)
{
	int n, i, j, x;

	for (n = 0; n < nperms; n++) {
		const struct perm *p = &perms[n];

		for (i = 0; i < 1 << NO; i++)
			for (j = 0; j < NO; j++)
				pt[n].o[i] |= ((i >> j) & 1) << p->o[j];
		for (i = 0; i < 1 << NSPAN; i++)
			for (j = 0; j < NSPAN; j++)
				pt[n].s[i] |= ((i >> j) & 1) << p->s[j];
		for (i = 0; i < 1 << NR; i++)
			for (j = 0; j < NR; j++)
				pt[n].r[i] |= ((i >> j) & 1) << p->r[j];
		for (i = 1; i <= NO; i++)
			pt[n].v[i] = p->o[i - 1] + 1;
		for (x = 0; x < NR; x++)
			pt[n].x[x] = p->r[x];
		for (i = 0; i < NO; i++) {
			for (j = 0; j < nfields[i]; j++)
				pt[n].x[NR + fbase[i] + j] = NR + fbase[p->o[i]] + j;
			pt[n].x[SLOT_FIN + i] = SLOT_FIN + p->o[i];
		}
	}
}

static inline void swapu8(u8 *a, u8 *b)
{
	u8 t = *a;

	*a = *b;
	*b = t;
}

/* swap mutators i and j, with their CPUs */
static void swap_mut(struct state *s, int i, int j)
{
	struct mu t = s->m[i];
	u8 b;

	s->m[i] = s->m[j];
	s->m[j] = t;
	swapu8(&s->list[i], &s->list[j]);
	b = ((s->rgp >> i) ^ (s->rgp >> j)) & 1;
	s->rgp ^= b << i | b << j;
	b = ((s->dirty >> i) ^ (s->dirty >> j)) & 1;
	s->dirty ^= b << i | b << j;
	if (s->cc != C_ROOTS && s->cc != C_ROOTM) {
		b = ((s->chk >> i) ^ (s->chk >> j)) & 1;
		s->chk ^= b << i | b << j;
	}
	if (ISFLUSH(s->cc))
		s->creg = s->creg == i ? j : s->creg == j ? i : s->creg;
	if (CACHES) {
		swapu8(&s->owner_gen[i], &s->owner_gen[j]);
		swapu8(&s->cache[i], &s->cache[j]);
	}
	if (TINY)
		swapu8(&s->open[i], &s->open[j]);
}

static int cmp_mut(const struct state *s, int i, int j)
{
	int d = memcmp(&s->m[i], &s->m[j], sizeof(struct mu));

	if (d)
		return d;
#define CMP(a, b) do { d = (int)(a) - (int)(b); if (d) return d; } while (0)
	CMP(s->list[i], s->list[j]);
	CMP((s->rgp >> i) & 1, (s->rgp >> j) & 1);
	CMP((s->dirty >> i) & 1, (s->dirty >> j) & 1);
	if (s->cc != C_ROOTS && s->cc != C_ROOTM)
		CMP((s->chk >> i) & 1, (s->chk >> j) & 1);
	if (ISFLUSH(s->cc))
		CMP(s->creg == i, s->creg == j);
	if (CACHES) {
		CMP(s->owner_gen[i], s->owner_gen[j]);
		CMP(s->cache[i], s->cache[j]);
	}
	if (TINY)
		CMP(s->open[i], s->open[j]);
#undef CMP
	return 0;
}

static void apply_heap(int n, const struct state *a, struct state *b)
{
	const struct perm *p = &perms[n];
	int i, f;

	for (i = 0; i < NR; i++)
		b->root[p->r[i]] = pt[n].v[a->root[i]];
	for (i = 0; i < NO; i++)
		for (f = 0; f < nfields[i]; f++)
			b->fld[fbase[p->o[i]] + f] = pt[n].v[a->fld[fbase[i] + f]];
	b->alloc = pt[n].o[a->alloc];
	b->mark = pt[n].o[a->mark];
	b->scan = pt[n].o[a->scan];
	b->garb = pt[n].o[a->garb];
	b->queued = pt[n].s[a->queued];
	for (i = 0; i < NLIST; i++)
		b->list[i] = pt[n].s[a->list[i]];
	if (a->cc == C_ROOTS || a->cc == C_ROOTM)
		b->chk = pt[n].r[a->chk];
	if (!ISFLUSH(a->cc))
		b->creg = pt[n].v[a->creg];
	if (HASGEN)
		b->gen = pt[n].s[a->gen];
	if (CACHES)
		for (i = 0; i < NC; i++)
			b->cache[i] = a->cache[i] ? p->s[a->cache[i] - 1] + 1 : 0;
	if (CACHES)
		b->cspan = a->cspan ? p->s[a->cspan - 1] + 1 : 0;
	if (TINY) {
		for (i = 0; i < NC; i++)
			b->open[i] = pt[n].o[a->open[i]];
		b->floats = pt[n].o[a->floats];
	}
	if (WEAK) {
		b->weak = pt[n].v[a->weak];
		b->dead = pt[n].o[a->dead];
	}
	if (FIN) {
		b->finreg = pt[n].o[a->finreg];
		b->finq = pt[n].o[a->finq];
		b->ran = pt[n].o[a->ran];
	}
	if (CLN) {
		b->clnreg = pt[n].o[a->clnreg];
		b->gone = pt[n].o[a->gone];
	}
}

static void apply_mutators(int n, struct state *b)
{
	const struct perm *p = &perms[n];
	int i;

	for (i = 0; i < NM; i++) {
		struct mu *d = &b->m[i];

		d->held = pt[n].o[d->held];
		if (d->pc == P_REST || d->pc == P_OUT)
			continue;
		d->slot = pt[n].x[d->slot];
		d->old = d->pc == P_RMW ? pt[n].o[d->old] : pt[n].v[d->old];
		if (d->pc < P_A1)
			d->new = pt[n].v[d->new];
		else if (d->pc == P_B1P)
			d->new = d->new ? p->s[d->new - 1] + 1 : 0;
	}
}

static void apply_markers(int n, struct state *b)
{
	int i;

	for (i = 0; i < NK; i++) {
		struct mk *d = &b->k[i];

		if (d->pc == K_IDLE)
			continue;
		d->span = perms[n].s[d->span];
		d->todo = pt[n].o[d->todo];
		d->obj = pt[n].v[d->obj];
		d->sc = pt[n].o[d->sc];
		d->child = pt[n].v[d->child];
	}
}

/* Mutators and markers have no names: all are interchangeable. */
static void sort_threads(struct state *b)
{
	int i, j;

	if (SYMM)
		for (i = 0; i < NM; i++)
			for (j = 0; j + 1 < NM - i; j++)
				if (cmp_mut(b, j, j + 1) > 0)
					swap_mut(b, j, j + 1);
	if (NK == 2 && memcmp(&b->k[0], &b->k[NK - 1], sizeof(b->k[0])) > 0) {
		struct mk t = b->k[0];

		b->k[0] = b->k[NK - 1];
		b->k[NK - 1] = t;
	}
}

static void apply(int n, const struct state *a, struct state *b)
{
	*b = *a;
	apply_heap(n, a, b);
	apply_mutators(n, b);
	apply_markers(n, b);
	sort_threads(b);
}

/* Return: a number of what permutations do not change about an object. */
static u8 signature(const struct state *s, int o)
{
	u32 x = (s->alloc >> o & 1) | (s->mark >> o & 1) << 1 |
		(s->scan >> o & 1) << 2 | (s->garb >> o & 1) << 3 |
		(s->queued >> spanof[o] & 1) << 4;
	int i;

	for (i = 0; i < NM; i++)
		x += (s->m[i].held >> o & 1) * 37 +
		     (s->m[i].old == o + 1) * 91 * s->m[i].pc +
		     (s->m[i].new == o + 1) * 131 * (s->m[i].pc < P_A1);
	for (i = 0; i < NR; i++)
		x += (s->root[i] == o + 1) * 59;
	for (i = 0; i < NSLOT; i++)
		x += (s->fld[i] == o + 1) * 17;
	x += (opened(s) >> o & 1) * 43 + (s->floats >> o & 1) * 29;
	for (i = 0; i < nfields[o]; i++)
		x += !!s->fld[fbase[o] + i] * 71 +
		     (s->fld[fbase[o] + i] == o + 1) * 23;
	return x ^ x >> 8;
}

/*
 * The canonical form. Among the permutations that sort the objects by their signatures,
 * it is the one with the smallest packed state.
 */
void canon(const struct state *s, struct packed *best)
{
	u64 code, bestcode = ~0ull, codes[256];
	u8 sig[NO];
	struct state t;
	struct packed p;
	int i, o, first = 1;

	if (nperms > 1) {
		for (o = 0; o < NO; o++)
			sig[o] = signature(s, o);
		for (i = 0; i < nperms; i++) {
			code = 0;
			for (o = 0; o < NO; o++)
				code |= (u64)sig[o] << (8 * perms[i].o[o]);
			codes[i] = code;
			if (code < bestcode)
				bestcode = code;
		}
	} else {
		codes[0] = bestcode;
	}
	for (i = 0; i < nperms; i++) {
		if (codes[i] != bestcode)
			continue;
		apply(i, s, &t);
		pack(&t, first ? best : &p);
		if (!first && memcmp(&p, best, sizeof(p)) < 0)
			*best = p;
		first = 0;
	}
}

void state_init(void)
{
	int o;

	for (o = 0; o < NO; o++) {
		fbase[o + 1] = fbase[o] + nfields[o];
		spanmask[spanof[o]] |= BIT(o);
	}
	if (fbase[NO] != NSLOT)
		abort();
	make_perms();
	make_tables();
}
