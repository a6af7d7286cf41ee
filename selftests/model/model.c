// SPDX-License-Identifier: GPL-2.0
/*
 * model.c - explicit-state model of the kgc collection protocol
 *
 * One transition relation, many bounded configurations (configs/NAME.h says
 * what is in each).  Breadth first, exact states (no hash compaction), so a
 * counterexample is a shortest one.  Mutants are run-time flags: the same
 * binary explores the protocol and the protocol with one step missing.
 *
 * README.md explains the reductions and why they lose nothing.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

typedef uint8_t u8;
typedef uint32_t u32;
typedef uint64_t u64;

#include CONFIG
#include "defaults.h"
#include "mutants.h"

#define NLIST	(NC + 1)	/* one list per CPU, the last is the markers' own */
#define KLIST	NC
#define ALLO	((1 << NO) - 1)
#define OBJ(v)	((v) - 1)	/* a pointer is an object number + 1; 0 is NULL */
#define BIT(n)	(1u << (n))

static const u8 nfields[NO] = FIELDS;
static const u8 spanof[NO] = SPANS;
static u8 fbase[NO + 1];	/* first field slot of each object */
static u8 spanmask[NSPAN];
static int mut;			/* the mutant that runs, 0 = none */
#define MUT(x)	(mut == M_##x)

enum phase { IDLE, ARM, MARK, SETTLE };
static const char * const phname[] = { "IDLE", "ARM", "MARK", "SETTLE" };

/* collector */
enum cc {
	C_IDLE, C_ARMGP, C_MARKGP, C_ROOTS, C_ROOTM, C_DRAIN,
	C_SNAP, C_RGP, C_CHKN, C_CHKL, C_CLOSE, C_CLOSEGP, C_CLOSECHK,
	C_WEAK, C_WEAK2, C_FIN, C_FDRAIN, C_SETTLE, C_SGP, C_TICKET, C_FGP,
	C_FLIP, C_FLIP1, C_FLIP1P, C_FLIP2, C_PUBIDLE, C_SWEEP, C_LATEWEAK, C_DONE, C_NR
};
static const char * const ccname[] = {
	"idle", "arm-gp", "mark-gp", "roots", "root-mark", "drain",
	"snapshot", "round-gp", "check-counters", "check-lists", "close",
	"closing-gp", "closing-check", "weak", "weak-clear", "finalizers",
	"final-drain", "settle", "settle-gp", "ticket", "ticket-gp", "flip",
	"flip-read", "flip-giveback", "flip-publish", "publish-idle", "sweep", "late-weak",
	"done"
};

/* mutator */
enum pc {
	P_REST, P_SO, P_SON, P_SOC, P_SOP, P_SN, P_SNN, P_SNC, P_SNP, P_CX,
	P_W1, P_W2, P_W3, P_W3N, P_W3C, P_W3P, P_W4,
	P_A1, P_A2, P_A2T, P_A3, P_B0, P_B1, P_B1P, P_B2, P_CEN, P_RMW, P_WAIT, P_OUT, P_NR
};
static const char * const pcname[] = {
	"rest", "shade-old", "count-old", "claim-old", "push-old", "shade-new",
	"count-new", "claim-new", "push-new", "cmpxchg", "weak-test", "weak-gate",
	"weak-shade", "weak-count", "weak-claim", "weak-push", "weak-reread", "alloc-busy", "alloc-pick",
	"alloc-take", "alloc-unbusy", "selfflip-try", "selfflip-read", "selfflip-giveback",
	"selfflip-publish",
	"alloc-central", "mark-rmw", "waits", "outside"
};

/* marker */
enum kk { K_IDLE, K_TAKEN, K_READ, K_OR, K_SCAN, K_MARK, K_CLAIM, K_PUSH };
static const char * const kname[] = {
	"idle", "taken", "read", "or-scan", "scan", "mark", "claim", "push"
};

enum { T_BUSY = 2, T_FLIP = 3 };

struct mu { u8 pc, tok, otok, held, slot, old, new, t, next; };
struct mk { u8 pc, span, todo, obj, fi, child, sc; };

typedef struct {
	u8 root[NR], fld[NSLOT + 1];
	u8 alloc, mark, scan, queued, list[NLIST];
	u8 phase, vis, cc, rgp, chk, creg, cyc;
	u8 dirty;	/* CPUs whose count has changed since it was looked at */
	u8 gen, hgen, tgt, ticket[NC], cache[NC], cspan;
	u8 weak, closed, wchg, finreg, finq, ran, dead;
	u8 garb;
	u8 bs, ba, bw, bx;
	struct mu m[NM];
	struct mk k[NK];
} St;

#define ISFLIP(c)	((c) == C_FLIP1 || (c) == C_FLIP1P || (c) == C_FLIP2)
#define SLOT_FIN	(NR + NSLOT)	/* + object: the finalizer queue's entry */

/* ---- packing --------------------------------------------------------- */

typedef struct { u64 w[WORDS]; } Pk;

#define LG(n)	((n) <= 1 ? 0 : (n) <= 2 ? 1 : (n) <= 4 ? 2 : (n) <= 8 ? 3 : \
		 (n) <= 16 ? 4 : (n) <= 32 ? 5 : 6)
static int packbits;

static inline __attribute__((always_inline)) void io(St *s, Pk *p, int wr)
{
	int pos = 0;
#define IO(v, b) do { const int n_ = (b); if (n_) { \
	int w_ = pos >> 6, o_ = pos & 63; \
	if (wr) { p->w[w_] |= (u64)(v) << o_; \
		if (o_ + n_ > 64) p->w[w_ + 1] |= (u64)(v) >> (64 - o_); \
	} else { u64 x_ = p->w[w_] >> o_; \
		if (o_ + n_ > 64) x_ |= p->w[w_ + 1] << (64 - o_); \
		(v) = x_ & ((1u << n_) - 1); } \
	pos += n_; } } while (0)
	int i;

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
	if (HASFLIP) {
		IO(s->gen, NSPAN); IO(s->hgen, 1); IO(s->tgt, 1);
	}
	if (CACHES)
		for (i = 0; i < NC; i++) {
			IO(s->ticket[i], 2);
			IO(s->cache[i], LG(NSPAN + 1));
		}
	if (CACHES)
		IO(s->cspan, LG(NSPAN + 1));
	if (WEAK) {
		IO(s->weak, LG(NO + 1)); IO(s->closed, 2); IO(s->wchg, 1);
		IO(s->dead, NO);
	}
	if (FIN) {
		IO(s->finreg, NO); IO(s->finq, NO); IO(s->ran, NO);
	}
	IO(s->garb, NO);
	IO(s->bs, LG(BS + 1)); IO(s->ba, LG(BA + 1));
	IO(s->bw, LG(BW + 1)); IO(s->bx, LG(BX + 1));
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
	for (i = 0; i < NK; i++) {
		IO(s->k[i].pc, 3); IO(s->k[i].span, LG(NSPAN));
		IO(s->k[i].todo, NO); IO(s->k[i].obj, LG(NO + 1));
		if (MSPLIT)
			IO(s->k[i].sc, NO);
		IO(s->k[i].fi, 1); IO(s->k[i].child, LG(NO + 1));
	}
	if (wr)
		packbits = pos;
#undef IO
}

static void pack(const St *s, Pk *p)
{
	memset(p, 0, sizeof(*p));
	io((St *)s, p, 1);
}

static void unpack(St *s, const Pk *p)
{
	memset(s, 0, sizeof(*s));
	io(s, (Pk *)p, 0);
}

/* ---- symmetry -------------------------------------------------------- */

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

/* the same as tables, one per permutation */
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

/* mutators i and j with their CPUs change places */
static void swap_mut(St *s, int i, int j)
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
	if (ISFLIP(s->cc))
		s->creg = s->creg == i ? j : s->creg == j ? i : s->creg;
	if (CACHES) {
		swapu8(&s->ticket[i], &s->ticket[j]);
		swapu8(&s->cache[i], &s->cache[j]);
	}
}

static int cmp_mut(const St *s, int i, int j)
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
	if (ISFLIP(s->cc))
		CMP(s->creg == i, s->creg == j);
	if (CACHES) {
		CMP(s->ticket[i], s->ticket[j]);
		CMP(s->cache[i], s->cache[j]);
	}
#undef CMP
	return 0;
}

static void apply(int n, const St *a, St *b)
{
	const struct perm *p = &perms[n];
	int i, j, f;

	*b = *a;
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
	if (!ISFLIP(a->cc))
		b->creg = pt[n].v[a->creg];
	if (HASFLIP)
		b->gen = pt[n].s[a->gen];
	if (CACHES)
		for (i = 0; i < NC; i++)
			b->cache[i] = a->cache[i] ? p->s[a->cache[i] - 1] + 1 : 0;
	if (CACHES)
		b->cspan = a->cspan ? p->s[a->cspan - 1] + 1 : 0;
	if (WEAK) {
		b->weak = pt[n].v[a->weak];
		b->dead = pt[n].o[a->dead];
	}
	if (FIN) {
		b->finreg = pt[n].o[a->finreg];
		b->finq = pt[n].o[a->finq];
		b->ran = pt[n].o[a->ran];
	}
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
	for (i = 0; i < NK; i++) {
		struct mk *d = &b->k[i];

		if (d->pc == K_IDLE)
			continue;
		d->span = p->s[d->span];
		d->todo = pt[n].o[d->todo];
		d->obj = pt[n].v[d->obj];
		d->sc = pt[n].o[d->sc];
		d->child = pt[n].v[d->child];
	}
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

/*
 * The canonical form: of the permutations that put the objects in order of a
 * signature that no permutation changes, the one that packs smallest.
 */
static void canon(const St *s, Pk *best)
{
	u64 code, bestcode = ~0ull, codes[256];
	u8 sig[NO];
	St t;
	Pk p;
	int i, o, first = 1;

	if (nperms > 1) {
		for (o = 0; o < NO; o++) {
			u32 x = (s->alloc >> o & 1) | (s->mark >> o & 1) << 1 |
				(s->scan >> o & 1) << 2 | (s->garb >> o & 1) << 3 |
				(s->queued >> spanof[o] & 1) << 4;
			for (i = 0; i < NM; i++)
				x += (s->m[i].held >> o & 1) * 37 +
				     (s->m[i].old == o + 1) * 91 * s->m[i].pc +
				     (s->m[i].new == o + 1) * 131 * (s->m[i].pc < P_A1);
			for (i = 0; i < NR; i++)
				x += (s->root[i] == o + 1) * 59;
			for (i = 0; i < NSLOT; i++)
				x += (s->fld[i] == o + 1) * 17;
			for (i = 0; i < nfields[o]; i++)
				x += !!s->fld[fbase[o] + i] * 71 +
				     (s->fld[fbase[o] + i] == o + 1) * 23;
			sig[o] = x ^ x >> 8;
		}
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

/* ---- store of states ------------------------------------------------- */

static Pk *states;
static u32 *parent, *table;
static u32 *stack;		/* depth first (-d): a violation fast, not short */
static u64 nstack;
static u64 nstates, tabmask;
static u64 maxstates = MAXSTATES;

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

static inline u64 hash(const Pk *p)
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

/* returns 1 if the state is new */
static int insert(const Pk *p, u32 par)
{
	u64 h = hash(p) & tabmask;

	while (table[h]) {
		if (!memcmp(&states[table[h] - 1], p, sizeof(*p)))
			return 0;
		h = (h + 1) & tabmask;
	}
	if (nstates >= maxstates)
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

/* ---- properties ------------------------------------------------------ */

static const char *viol;	/* set by a step that breaks a property */

static u8 closure(const St *s, u8 set)
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

static u8 rootset(const St *s)
{
	u8 r = 0;
	int i;

	for (i = 0; i < NR; i++)
		if (s->root[i])
			r |= BIT(OBJ(s->root[i]));
	return r;
}

/* what roots and live sections can reach */
static u8 strong(const St *s)
{
	u8 r = rootset(s);
	int i;

	for (i = 0; i < NM; i++)
		r |= s->m[i].held;
	return closure(s, r);
}

static u8 reachable(const St *s)
{
	u8 r = strong(s);

	if (FIN)
		r = closure(s, r | s->finq);
	return r;
}

static int unswept(const St *s)
{
	int i;

	for (i = 0; i < NSPAN; i++)
		if (((s->gen >> i) & 1) != s->hgen)
			return 1;
	return 0;
}

static u8 incache(const St *s)
{
	u8 r = 0;
	int i;

	if (CACHES)
		for (i = 0; i < NC; i++)
			if (s->cache[i])
				r |= BIT(s->cache[i] - 1);
	return r;
}

static int in_region(const St *s, const struct mu *m)
{
	switch (m->pc) {
	case P_SO: case P_SN:
		return m->t != 0;	/* only a mutant stops here inside */
	case P_SOP: case P_SNP: case P_W3P:
		return !MUT(push_outside_region);
	case P_SON: case P_SNN: case P_W3N: case P_SOC: case P_SNC: case P_W3C:
		return 1;
	case P_W2: case P_W3: case P_A1: case P_A2: case P_A3:
	case P_B0: case P_B1: case P_B1P: case P_B2: case P_CEN: case P_RMW:
	case P_A2T:
		return 1;
	}
	return 0;
}

/* ---- transitions ----------------------------------------------------- */

static const St *cur;
static u32 curidx;
static int mandatory;		/* steps that are progress, not choice */
static u64 nsucc;
static Pk wantpk;
static int tracemode;
static int found;
static char labelbuf[128];
static char foundlabel[128];

static void report(const char *what, const char *label, St *s);

static void emit(St *s, const char *label)
{
	Pk p;
	int i, r;
	u8 roots;

	nsucc++;
	/* a region that has ended is no longer waited for */
	for (i = 0; i < NM; i++)
		if (!in_region(s, &s->m[i]))
			s->rgp &= ~BIT(i);
	if (!PLAIN) {
		/* a section at rest has loaded all it can load (README) */
		roots = rootset(s);
		for (i = 0; i < NM; i++)
			if (s->m[i].pc == P_REST)
				s->m[i].held = closure(s, s->m[i].held | roots);
	}
	if (viol && !tracemode) {
		report(viol, label, s);
		return;
	}
	canon(s, &p);
	if (tracemode) {
		if (!found && !memcmp(&p, &wantpk, sizeof(p))) {
			found = 1;
			snprintf(foundlabel, sizeof(foundlabel), "%s", label);
		}
		viol = NULL;
		return;
	}
	r = insert(&p, curidx);
	if (r < 0) {
		printf("BOUND %s: more than %llu states\n", NAME,
		       (unsigned long long)maxstates);
		exit(3);
	}
}

#define L(...) (snprintf(labelbuf, sizeof(labelbuf), __VA_ARGS__), labelbuf)

static inline u8 getslot(const St *s, u8 x)
{
	if (x < NR)
		return s->root[x];
	if (x >= SLOT_FIN)
		return (s->finq >> (x - SLOT_FIN)) & 1 ? x - SLOT_FIN + 1 : 0;
	return s->fld[x - NR];
}

static inline void setslot(St *s, u8 x, u8 v)
{
	if (x < NR)
		s->root[x] = v;
	else if (x >= SLOT_FIN)
		s->finq &= ~BIT(x - SLOT_FIN);
	else
		s->fld[x - NR] = v;
}

static void rest(struct mu *m)
{
	m->pc = P_REST;
	m->slot = m->old = m->new = m->t = 0;
}

/* the store is done: what the operation gives the section */
static void stored(St *s, struct mu *m)
{
	if (FIN && m->slot >= SLOT_FIN) {
		/* the finalizer runs now, in this section */
		int o = m->slot - SLOT_FIN;

		if (s->ran & BIT(o))
			viol = "a finalizer runs twice";
		if (!(s->alloc & BIT(o)))
			viol = "a finalizer runs on a freed object";
		if (WEAK && s->weak == o + 1)
			viol = "a finalizer runs, its object still weakly reachable";
		s->ran |= BIT(o);
		m->held |= BIT(o);
	}
}

static const char *slotname(u8 x)
{
	static char b[16];
	int i;

	if (x < NR) {
		snprintf(b, sizeof(b), "root%d", x);
	} else if (x >= SLOT_FIN) {
		snprintf(b, sizeof(b), "finq[%c]", 'a' + x - SLOT_FIN);
	} else {
		for (i = 0; x - NR >= fbase[i + 1]; i++)
			;
		snprintf(b, sizeof(b), "%c.f%d", 'a' + i, x - NR - fbase[i]);
	}
	return b;
}

static inline char on(u8 v)
{
	return v ? 'a' + v - 1 : '0';
}

/* newborn: is it black?  decided in the region that takes the slot */
static int black(const St *s, u8 tok, int span)
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
		return !HASFLIP || ((s->gen >> span) & 1) != s->tgt;
	}
}

static void take(St *s, struct mu *m, int o, int blk)
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

static void sweep_span(St *s, int sp)
{
	u8 freed = s->alloc & ~s->mark & spanmask[sp];
	int o, f;

	if (freed & reachable(s))
		viol = "a reachable object is freed";
	if (WEAK && s->weak && (freed & BIT(OBJ(s->weak))) && !MUT(weak_after_sweep))
		viol = "a weak reference to a freed slot";
	for (o = 0; o < NO; o++)
		if (freed & BIT(o))
			for (f = 0; f < nfields[o]; f++)
				s->fld[fbase[o] + f] = 0;
	s->alloc &= ~freed;
	s->garb &= ~freed;
	s->dead &= ~freed;
	s->finreg &= ~freed;
	s->ran &= ~freed;
	if (!MUT(sweep_keeps_marks))
		s->mark &= ~spanmask[sp];
	if (!MUT(sweep_keeps_scan))
		s->scan &= ~spanmask[sp];
	s->gen = (s->gen & ~BIT(sp)) | (s->hgen << sp);
}

/* this CPU has shaded something: the clean round looks whether that changed */
static void count(St *n, int i)
{
	int looked = n->cc == C_RGP || n->cc == C_CHKN ||
		     (n->cc == C_SNAP && n->chk & BIT(CPUOF(i)));

	/* only a change between two looks can ever be noticed */
	if (looked && !MUT(no_count))
		n->dirty |= BIT(CPUOF(i));
}

/*
 * One stage of shade(): stage is P_SO, P_SN or P_W3; x the object.
 * Each call is one atomic step; done is the pc after the whole of it.
 */
static void step_shade(int i, u8 stage, u8 val, u8 done)
{
	St n = *cur;
	struct mu *m = &n.m[i];
	int sp;
	u8 b;

	if (ATOMIC_SHADE) {
		b = BIT(OBJ(val));
		sp = spanof[OBJ(val)];
		if (!(n.mark & b)) {
			n.mark |= b;
			count(&n, i);
			if (!(n.queued & BIT(sp))) {
				n.queued |= BIT(sp);
				n.list[CPUOF(i)] |= BIT(sp);
			}
		}
		m->pc = done;
		if (done == P_REST)
			rest(m);
		emit(&n, L("M%d shade %c", i, on(val)));
		return;
	}
	b = BIT(OBJ(val));
	sp = spanof[OBJ(val)];
	switch (m->pc - stage) {
	case 0:		/* test_and_set the mark */
		if (MUT(queued_before_mark) && !m->t && !(n.mark & b)) {
			m->t = 1 + !!(n.queued & BIT(sp));
			emit(&n, L("M%d reads queued of %c's span", i, on(val)));
			return;
		}
		if (n.mark & b) {
			m->pc = done;
			m->t = 0;
		} else {
			n.mark |= b;
			m->pc = stage + 1;
			if (MUT(queued_before_mark) && m->t == 2)
				m->pc = done;
			m->t = 0;
		}
		if (m->pc == P_REST)
			rest(m);
		emit(&n, L("M%d marks %c", i, on(val)));
		return;
	case 1:		/* count, before the flag is set */
		if (MUT(count_if_queued)) {	/* the claim comes first */
			if (!m->t) {
				m->t = 2 + !!(n.queued & BIT(sp));
				n.queued |= BIT(sp);
				m->pc = m->t == 2 ? stage + 3 : m->pc;
				if (m->t == 2)
					m->t = 0;
				emit(&n, L("M%d claims span %d", i, sp));
				return;
			}
			count(&n, i);
			m->pc = done;
			m->t = 0;
			if (m->pc == P_REST)
				rest(m);
			emit(&n, L("M%d counts", i));
			return;
		}
		count(&n, i);
		m->pc = stage + 2;
		emit(&n, L("M%d counts", i));
		return;
	case 2:		/* claim the span */
		if (n.queued & BIT(sp)) {
			m->pc = done;
		} else {
			n.queued |= BIT(sp);
			m->pc = stage + 3;
		}
		if (m->pc == P_REST)
			rest(m);
		emit(&n, L("M%d claims span %d", i, sp));
		return;
	case 3:		/* push it on this CPU's list */
		n.list[CPUOF(i)] |= BIT(sp);
		m->pc = done;
		if (m->pc == P_REST)
			rest(m);
		emit(&n, L("M%d pushes span %d", i, sp));
		return;
	}
}

/* a store begins or begins again: m->old has just been read */
static void begin_store(St *n, struct mu *m)
{
	int o = m->old && !MUT(no_barrier), nw;

	if (m->tok == ARM && MUT(arm_no_old))
		o = 0;
	if (m->tok == MARK && MUT(mark_no_shade))
		o = 0;
	nw = m->tok == ARM && m->new && !MUT(arm_no_new) && !MUT(no_barrier);
	if (MUT(shade_after_store))
		o = 0;
	m->pc = o ? P_SO : nw ? P_SN : P_CX;
}

static void after_old(struct mu *m, u8 *done)
{
	if (MUT(shade_after_store)) {
		*done = P_REST;
		return;
	}
	*done = m->tok == ARM && m->new && !MUT(arm_no_new) ? P_SN : P_CX;
}

/* where a section that is at rest can go: choice, not progress */
static void mutator_ops(int i)
{
	const struct mu *c = &cur->m[i];
	int x, v, o;

	/* leave the section and enter again under the phase that is visible */
	if (!PLAIN && (cur->phase != c->otok)) {
		St n = *cur;
		struct mu *m = &n.m[i];

		m->tok = m->otok = n.phase;
		m->held = closure(&n, rootset(&n));
		mandatory++;
		emit(&n, L("M%d leaves and enters under %s", i, phname[n.phase]));
	}
	if (PLAIN) {
		St n = *cur;
		struct mu *m = &n.m[i];

		memset(m, 0, sizeof(*m));
		m->pc = P_OUT;
		mandatory++;
		emit(&n, L("M%d leaves its section", i));
		for (x = 0; x < NR + NSLOT; x++) {
			v = getslot(cur, x);
			if (!v || (c->held & BIT(OBJ(v))))
				continue;
			if (x >= NR) {
				for (o = 0; x - NR >= fbase[o + 1]; o++)
					;
				if (!(c->held & BIT(o)))
					continue;
			}
			n = *cur;
			n.m[i].held |= BIT(OBJ(v));
			emit(&n, L("M%d loads %s", i, slotname(x)));
		}
		for (o = 0; o < NO; o++)
			if (c->held & BIT(o)) {
				n = *cur;
				n.m[i].held &= ~BIT(o);
				emit(&n, L("M%d forgets %c", i, 'a' + o));
			}
	}
	/* with one cycle a SETTLE section can only rearrange what is reachable */
	if (!HASFLIP && c->otok == SETTLE)
		return;
	if (NEST && MUT(nested_fresh) && c->tok != cur->phase) {
		St n = *cur;

		n.m[i].tok = n.phase;
		emit(&n, L("M%d nested enter takes %s", i, phname[n.phase]));
	}
	if (NEST && MUT(nested_fresh) && c->tok != c->otok) {
		St n = *cur;

		n.m[i].tok = c->otok;
		emit(&n, L("M%d nested exit", i));
	}
	if (MUT(wait_in_section) && cur->cc != C_IDLE && cur->cc != C_SWEEP) {
		St n = *cur;

		n.m[i].pc = P_WAIT;
		emit(&n, L("M%d waits for the cycle inside its section", i));
	}
	if (cur->bs)
		for (x = 0; x < NR + NSLOT; x++) {
			if (x >= NR) {
				for (o = 0; x - NR >= fbase[o + 1]; o++)
					;
				if (!(c->held & BIT(o)))
					continue;
			}
			for (v = 0; v <= NO; v++) {
				St n;
				struct mu *m;

				if (v && !(c->held & BIT(OBJ(v))))
					continue;
				if (v == getslot(cur, x))
					continue;
				n = *cur;
				m = &n.m[i];
				n.bs--;
				if (c->tok == IDLE || c->tok == SETTLE ||
				    (x < NR && MUT(no_root_barrier))) {
					setslot(&n, x, v);
					emit(&n, L("M%d stores %c to %s", i, on(v), slotname(x)));
					continue;
				}
				m->slot = x;
				m->new = v;
				m->old = getslot(cur, x);
				begin_store(&n, m);
				emit(&n, L("M%d begins %s=%c, old %c", i, slotname(x), on(v), on(m->old)));
			}
		}
	if (FIN && FINRUN(i))
		for (o = 0; o < NO; o++) {
			St n = *cur;
			struct mu *m = &n.m[i];

			if (!(cur->finq & BIT(o)))
				continue;
			m->slot = SLOT_FIN + o;
			m->old = o + 1;
			mandatory++;
			if (c->tok == IDLE || c->tok == SETTLE || MUT(fin_no_barrier)) {
				setslot(&n, SLOT_FIN + o, 0);
				stored(&n, m);
				rest(m);
				emit(&n, L("M%d runs the finalizer of %c", i, 'a' + o));
				continue;
			}
			begin_store(&n, m);
			emit(&n, L("M%d begins to take %c off the queue", i, 'a' + o));
		}
	if (WEAK && cur->bx)
		for (v = 1; v <= NO; v++) {
			St n = *cur;

			if (!(c->held & BIT(OBJ(v))) || cur->weak == v)
				continue;
			n.weak = v;
			n.bx--;
			emit(&n, L("M%d sets weak=%c", i, on(v)));
		}
	if (WEAK && cur->bw && cur->weak && !(c->held & BIT(OBJ(cur->weak)))) {
		St n = *cur;
		struct mu *m = &n.m[i];
		u8 t = cur->weak;

		n.bw--;
		if (c->tok == MARK || c->tok == ARM) {
			m->old = t;
			m->pc = P_W1;
			emit(&n, L("M%d weak_get reads %c", i, on(t)));
		} else {
			if (!(n.alloc & BIT(OBJ(t))))
				viol = "weak_get returns a freed slot";
			else if (n.dead & BIT(OBJ(t)))
				viol = "weak_get returns an object declared dead";
			m->held |= BIT(OBJ(t));
			n.garb &= ~closure(&n, BIT(OBJ(t)));
			emit(&n, L("M%d weak_get returns %c", i, on(t)));
		}
	}
	if (cur->ba && !CACHES)
		for (o = 0; o < NO; o++) {
			St n;
			int sp = spanof[o];

			if (cur->alloc & BIT(o))
				continue;
			if (HASFLIP && ((cur->gen >> sp) & 1) != cur->hgen)
				continue;	/* must be swept first */
			n = *cur;
			n.ba--;
			if (MUT(mark_not_atomic) && black(cur, c->tok, sp)) {
				take(&n, &n.m[i], o, 0);
				n.m[i].pc = P_RMW;
				n.m[i].old = n.mark | BIT(o);
				emit(&n, L("M%d takes %c, reads the mark word", i, 'a' + o));
				continue;
			}
			take(&n, &n.m[i], o, black(cur, c->tok, sp));
			emit(&n, L("M%d allocates %c %s", i, 'a' + o,
				   n.mark & BIT(o) ? "black" : "white"));
		}
	if (cur->ba && CACHES) {
		St n = *cur;
		struct mu *m = &n.m[i];
		int cpu = CPUOF(i);

		n.ba--;
		if (cur->ticket[cpu] == cur->hgen) {
			m->t = cur->ticket[cpu];
			m->pc = P_A1;
			emit(&n, L("M%d alloc: ticket is current", i));
		} else {
			m->t = cur->ticket[cpu];
			m->pc = m->t < T_BUSY ? P_B0 : P_CEN;
			emit(&n, L("M%d alloc: ticket is not current", i));
		}
	}
}

/* pick a free slot of the cached span, all choices */
static int pick_from(int i, int sp)
{
	int o, any = 0;

	for (o = 0; o < NO; o++) {
		St n;

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

/* on from the middle of an operation */
static void mutator_step(int i)
{
	const struct mu *c = &cur->m[i];
	int cpu = CPUOF(i), sp;
	St n = *cur;
	struct mu *m = &n.m[i];
	u8 done, v;

	switch (c->pc) {
	case P_OUT:
		n.m[i].pc = P_REST;
		n.m[i].tok = n.m[i].otok = n.phase;
		emit(&n, L("M%d enters under %s", i, phname[n.phase]));
		if (n.vis != n.phase) {	/* the new phase is not yet visible */
			n = *cur;
			n.m[i].pc = P_REST;
			n.m[i].tok = n.m[i].otok = n.vis;
			emit(&n, L("M%d enters under %s still", i, phname[n.vis]));
		}
		return;
	case P_WAIT:
		if (cur->cc == C_IDLE || cur->cc == C_SWEEP) {
			rest(m);
			mandatory++;
			emit(&n, L("M%d waited", i));
		}
		return;
	}
	mandatory++;
	switch (c->pc) {
	case P_SO: case P_SON: case P_SOC: case P_SOP:
		after_old(m, &done);
		step_shade(i, P_SO, c->old, done);
		break;
	case P_SN: case P_SNN: case P_SNC: case P_SNP:
		step_shade(i, P_SN, c->new, P_CX);
		break;
	case P_CX:
		v = getslot(&n, c->slot);
		if (v == c->old || MUT(plain_store)) {
			setslot(&n, c->slot, c->new);
			stored(&n, m);
			if (MUT(shade_after_store) && c->old) {
				m->pc = P_SO;
				emit(&n, L("M%d stored, shades after", i));
				break;
			}
			sprintf(labelbuf, "M%d cmpxchg %s: %c -> %c", i,
				slotname(c->slot), on(c->old), on(c->new));
			rest(m);
			emit(&n, labelbuf);
		} else {
			m->old = v;
			if (FIN && c->slot >= SLOT_FIN)
				rest(m);	/* somebody else has taken it */
			else
				begin_store(&n, m);
			emit(&n, L("M%d cmpxchg fails, old is %c", i, on(v)));
		}
		break;
	/* weak_get */
	case P_W1:
		if (MUT(weak_no_shade) || (cur->mark & BIT(OBJ(c->old))))
			m->pc = P_W4;
		else
			m->pc = P_W2;
		if (c->tok == ARM && m->pc == P_W2)
			m->pc = MUT(weak_arm_plain) ? P_W4 : P_W3;
		if (m->pc == P_W3)	/* what it shades may float for a cycle */
			n.garb &= ~closure(&n, BIT(OBJ(c->old)));
		emit(&n, L("M%d weak_get tests %c", i, on(c->old)));
		break;
	case P_W2:
		if (cur->closed) {
			if (cur->weak == c->old) {
				if (strong(cur) & BIT(OBJ(c->old)))
					viol = "weak_get declares a reachable object dead";
				n.dead |= BIT(OBJ(c->old));
			}
			rest(m);
			emit(&n, L("M%d weak_get: closed, %c is dead", i, on(c->old)));
		} else {
			n.wchg = 1;
			m->pc = P_W3;
			n.garb &= ~closure(&n, BIT(OBJ(c->old)));
			emit(&n, L("M%d weak_get counts itself", i));
		}
		break;
	case P_W3: case P_W3N: case P_W3C: case P_W3P:
		step_shade(i, P_W3, c->old, P_W4);
		break;
	case P_W4:
		if (cur->weak == c->old || MUT(weak_no_reread)) {
			if (!(n.alloc & BIT(OBJ(c->old))))
				viol = "weak_get returns a freed slot";
			else if (n.dead & BIT(OBJ(c->old)))
				viol = "weak_get returns an object declared dead";
			m->held |= BIT(OBJ(c->old));
			n.garb &= ~closure(&n, BIT(OBJ(c->old)));
		}
		sprintf(labelbuf, "M%d weak_get re-reads, %c", i, on(c->old));
		rest(m);
		emit(&n, labelbuf);
		break;
	case P_RMW:
		n.mark = (n.mark & ~spanmask[spanof[__builtin_ctz(c->old)]]) | c->old;
		rest(m);
		emit(&n, L("M%d writes the mark word", i));
		break;
	/* allocation with caches */
	case P_A1:
		if (!MUT(no_busy))
			n.ticket[cpu] = T_BUSY;
		m->pc = P_A2;
		emit(&n, L("M%d ticket = BUSY", i));
		break;
	case P_A2:
		if (MUT(colour_before_take) && !c->new) {
			/* decide the colour now, take the slot later */
			int s0 = cur->cache[cpu] ? cur->cache[cpu] - 1 : 0;

			m->new = 1 + black(cur, c->tok, s0);
			emit(&n, L("M%d decides the colour", i));
			break;
		}
		if (cur->cache[cpu] && pick_from(i, cur->cache[cpu] - 1))
			break;
		/* refill: under the central lock, one step */
		{
			int any = 0;

			for (sp = 0; sp < NSPAN; sp++) {
				u8 before = incache(cur);

				if (before & BIT(sp))
					continue;
				n = *cur;
				if (((n.gen >> sp) & 1) != n.hgen)
					sweep_span(&n, sp);
				if (!(spanmask[sp] & ~n.alloc)) {
					viol = NULL;
					continue;	/* full */
				}
				n.cache[cpu] = sp + 1;
				any = 1;
				emit(&n, L("M%d refills with span %d", i, sp));
			}
			if (!any) {
				n = *cur;
				m->pc = P_A3;
				emit(&n, L("M%d finds no span", i));
			}
		}
		break;
	case P_A2T:
		{
			int o = OBJ(c->old), blk = black(cur, c->tok, spanof[o]);

			if (MUT(colour_before_take))
				blk = c->new - 1;
			take(&n, m, o, blk);
			m->pc = P_A3;
			m->old = m->new = 0;
			emit(&n, L("M%d takes %c %s", i, 'a' + o, blk ? "black" : "white"));
		}
		break;
	case P_A3:
		n.ticket[cpu] = c->t;
		if (MUT(no_busy))
			n.ticket[cpu] = cur->ticket[cpu];
		rest(m);
		emit(&n, L("M%d ticket restored", i));
		break;
	case P_B0:		/* this CPU flips itself */
		if (cur->ticket[cpu] == c->t || MUT(flip_not_exclusive)) {
			n.ticket[cpu] = T_FLIP;
			m->pc = P_B1;
		} else {
			m->pc = P_CEN;
		}
		emit(&n, L("M%d tries to flip CPU %d", i, cpu));
		break;
	case P_B1:
		m->new = cur->cache[cpu];
		m->pc = P_B1P;
		emit(&n, L("M%d reads CPU %d's span", i, cpu));
		break;
	case P_B1P:
		if (c->new && cur->cache[cpu] != c->new)
			viol = "a span is given back twice";
		m->new = 0;
		if (MUT(giveback_as_old) && n.cache[cpu])
			n.gen = (n.gen & ~BIT(n.cache[cpu] - 1)) |
				((n.hgen ^ 1) << (n.cache[cpu] - 1));
		n.cache[cpu] = 0;
		m->pc = P_B2;
		emit(&n, L("M%d gives back CPU %d's span", i, cpu));
		break;
	case P_B2:
		n.ticket[cpu] = n.hgen;
		m->pc = P_A1;
		m->t = n.hgen;
		emit(&n, L("M%d flipped CPU %d", i, cpu));
		break;
	case P_CEN:
		{
			int any = 0;

			for (sp = 0; sp < NSPAN; sp++) {
				int o;

				if (incache(cur) & BIT(sp))
					continue;
				n = *cur;
				if (((n.gen >> sp) & 1) != n.hgen)
					sweep_span(&n, sp);
				for (o = 0; o < NO; o++) {
					St q = n;

					if (spanof[o] != sp || (n.alloc & BIT(o)))
						continue;
					any = 1;
					take(&q, &q.m[i], o, black(&n, c->tok, sp));
					rest(&q.m[i]);
					emit(&q, L("M%d takes %c centrally", i, 'a' + o));
				}
			}
			if (!any) {
				viol = NULL;
				n = *cur;
				rest(m);
				emit(&n, L("M%d finds nothing centrally", i));
			}
		}
		break;
	}
}

/* ---- markers --------------------------------------------------------- */

static void kshade(St *n, struct mk *k, u8 v)
{
	int sp = spanof[OBJ(v)];

	if (n->mark & BIT(OBJ(v)))
		return;
	n->mark |= BIT(OBJ(v));
	if (k && sp == k->span)
		return;		/* its own loop reads the mark word again */
	if (!(n->queued & BIT(sp))) {
		n->queued |= BIT(sp);
		n->list[KLIST] |= BIT(sp);
	}
}

/* the field is done: on to the next field, object, or read */
static void kadvance(struct mk *k)
{
	if (++k->fi >= nfields[OBJ(k->obj)]) {
		k->todo &= ~BIT(OBJ(k->obj));
		k->obj = k->fi = 0;
		if (!k->todo) {
			if (MUT(no_reread))
				memset(k, 0, sizeof(*k));
			else
				k->pc = K_READ;
		}
	}
}

static void scanstep(int j)
{
	const struct mk *c = &cur->k[j];
	int o;

	for (o = 0; o < NO; o++) {
		St n;
		struct mk *k;
		u8 v;

		if (c->obj ? o != OBJ(c->obj) : !(c->todo & BIT(o)))
			continue;
		n = *cur;
		k = &n.k[j];
		k->obj = o + 1;
		if (!nfields[o]) {
			k->fi = 0;
			kadvance(k);
			emit(&n, L("K%d scans %c", j, 'a' + o));
			continue;
		}
		v = n.fld[fbase[o] + k->fi];
		if (MSPLIT && v) {
			k->child = v;
			k->pc = K_MARK;
			emit(&n, L("K%d reads %c.f%d: %c", j, 'a' + o, c->fi, on(v)));
			continue;
		}
		if (v)
			kshade(&n, k, v);
		kadvance(k);
		emit(&n, L("K%d scans %c.f%d: %c", j, 'a' + o, c->fi, on(v)));
	}
}

static void marker_step(int j)
{
	const struct mk *c = &cur->k[j];
	St n = *cur;
	struct mk *k = &n.k[j];
	int i, sp;
	u8 todo;

	if (c->pc == K_IDLE) {
		if (NK == 2 && j == 1 && cur->k[0].pc == K_IDLE)
			return;		/* both idle: they are the same */
		for (sp = 0; sp < NSPAN; sp++) {
			u8 any = 0;

			n = *cur;
			for (i = 0; i < NLIST; i++) {
				any |= n.list[i] & BIT(sp);
				n.list[i] &= ~BIT(sp);
			}
			if (!any)
				continue;
			k->span = sp;
			k->pc = K_TAKEN;
			mandatory++;
			if (MUT(late_clear))
				k->pc = K_READ;
			emit(&n, L("K%d takes span %d", j, sp));
		}
		return;
	}
	mandatory++;
	switch (c->pc) {
	case K_TAKEN:
		n.queued &= ~BIT(c->span);
		k->pc = K_READ;
		if (MUT(late_clear))
			memset(k, 0, sizeof(*k));
		emit(&n, L("K%d clears queued of span %d", j, c->span));
		break;
	case K_READ:
		todo = n.mark & ~n.scan & spanmask[c->span];
		if (MUT(late_clear) && !todo) {
			k->pc = K_TAKEN;	/* too late */
		} else if (!todo) {
			memset(k, 0, sizeof(*k));
		} else if (MSPLIT) {
			k->todo = todo;
			k->sc = n.scan & spanmask[c->span];
			k->pc = K_OR;
		} else {
			k->todo = todo;
			n.scan |= todo;
			k->pc = K_SCAN;
		}
		emit(&n, L("K%d reads marks of span %d", j, c->span));
		break;
	case K_OR:
		/* no atomic OR: what a rival has set in between is lost */
		n.scan = (n.scan & ~spanmask[c->span]) | c->sc | c->todo;
		k->sc = 0;
		k->pc = K_SCAN;
		emit(&n, L("K%d sets scan bits", j));
		break;
	case K_SCAN:
		scanstep(j);
		break;
	case K_MARK:
		sp = spanof[OBJ(c->child)];
		if (n.mark & BIT(OBJ(c->child)) || sp == c->span) {
			n.mark |= BIT(OBJ(c->child));
			k->child = 0;
			k->pc = K_SCAN;
			kadvance(k);
		} else {
			n.mark |= BIT(OBJ(c->child));
			k->pc = K_CLAIM;
		}
		emit(&n, L("K%d marks %c", j, on(c->child)));
		break;
	case K_CLAIM:
		sp = spanof[OBJ(c->child)];
		if (n.queued & BIT(sp)) {
			k->child = 0;
			k->pc = K_SCAN;
			kadvance(k);
		} else {
			n.queued |= BIT(sp);
			k->pc = K_PUSH;
		}
		emit(&n, L("K%d claims span %d", j, sp));
		break;
	case K_PUSH:
		sp = spanof[OBJ(c->child)];
		n.list[KLIST] |= BIT(sp);
		k->child = 0;
		k->pc = K_SCAN;
		kadvance(k);
		emit(&n, L("K%d pushes span %d", j, sp));
		break;
	}
}

/* ---- collector ------------------------------------------------------- */

static int all_tok(const St *s, u8 ph)
{
	int i;

	for (i = 0; i < NM; i++)
		if (s->m[i].otok != ph && s->m[i].pc != P_OUT)
			return 0;
	return 1;
}

static u8 regions(const St *s)
{
	u8 r = 0;
	int i;

	for (i = 0; i < NM; i++)
		if (in_region(s, &s->m[i]))
			r |= BIT(i);
	return r;
}

static void publish(St *n, u8 ph)
{
	n->vis = n->phase;
	n->phase = ph;
}

static void go(St *n, u8 cc)
{
	n->cc = cc;
	n->chk = n->creg = 0;
}

/* the clean rounds are over */
static void rounds_done(St *n)
{
	go(n, WEAK ? C_CLOSE : FIN ? C_FIN : C_SETTLE);
}

/* end of the cycle without a second one: what the sweep would free */
static void judge(St *n)
{
	if (n->alloc & ~n->mark & reachable(n))
		viol = "a reachable object would be freed";
	if (WEAK && n->weak && !(n->mark & BIT(OBJ(n->weak))))
		viol = "a weak reference to a slot about to be freed";
	if (n->garb & n->mark)
		viol = "garbage would survive a whole cycle";
}

static void collector_step(void)
{
	St n = *cur;
	int i, o, busy = 0;
	u8 nl;

	for (i = 0; i < NK; i++)
		busy |= cur->k[i].pc != K_IDLE;
	switch (cur->cc) {
	case C_IDLE:
		if (HASFLIP && unswept(cur) && !MUT(arm_before_swept))
			return;
		if (cur->cyc >= CYCLES)
			return;
		mandatory++;
		n.garb = n.alloc & ~strong(&n);
		if (FIN)
			n.garb &= ~closure(&n, n.finreg | n.finq);
		n.cyc++;
		publish(&n, ARM);
		go(&n, C_ARMGP);
		if (MUT(no_arm)) {
			n.phase = MARK;
			go(&n, C_MARKGP);
		}
		emit(&n, "C phase=ARM");
		return;
	case C_ARMGP:
		if (!all_tok(cur, ARM) && !MUT(no_gp_arm))
			return;
		mandatory++;
		publish(&n, MARK);
		n.closed = 0;
		go(&n, C_MARKGP);
		emit(&n, "C phase=MARK");
		return;
	case C_MARKGP:
		if (!all_tok(cur, MARK) && !MUT(no_gp_mark))
			return;
		mandatory++;
		n.vis = n.phase;
		go(&n, C_ROOTS);
		emit(&n, "C mark grace period over");
		return;
	case C_ROOTS:
		for (i = 0; i < NR; i++) {
			if (cur->chk & BIT(i))
				continue;
			mandatory++;
			n = *cur;
			n.chk |= BIT(i);
			if (n.root[i]) {
				if (MSPLIT) {
					n.cc = C_ROOTM;
					n.creg = n.root[i];
				} else {
					kshade(&n, NULL, n.root[i]);
				}
			}
			emit(&n, L("C scans root%d", i));
		}
		if (cur->chk == BIT(NR) - 1) {
			mandatory++;
			n = *cur;
			if (FIN && !MUT(finq_no_root))
				for (o = 0; o < NO; o++)
					if (n.finq & BIT(o))
						kshade(&n, NULL, o + 1);
			go(&n, C_DRAIN);
			emit(&n, "C drains");
		}
		return;
	case C_ROOTM:
		mandatory++;
		kshade(&n, NULL, n.creg);
		n.creg = 0;
		n.cc = C_ROOTS;
		emit(&n, L("C shades %c", on(cur->creg)));
		return;
	case C_DRAIN:
		if ((busy && !MUT(markers_not_joined)) || cur->list[KLIST])
			return;
		if (MUT(no_rounds) || MUT(no_flush)) {
			if (MUT(no_rounds))
				for (i = 0; i < NC; i++)
					if (cur->list[i])
						return;
			mandatory++;
			rounds_done(&n);
			emit(&n, "C done without a round");
			return;
		}
		mandatory++;
		go(&n, C_SNAP);
		emit(&n, "C round begins");
		return;
	case C_SNAP:		/* look at the counts, one CPU after another */
		if (cur->chk == BIT(NC) - 1) {
			mandatory++;
			n.wchg = 0;	/* and at the gate of the weak references */
			go(&n, C_RGP);
			n.rgp = MUT(no_round_gp) ? 0 : regions(cur);
			if (MUT(count_look_late))
				n.dirty = 0;
			emit(&n, "C round: grace period begins");
			return;
		}
		for (i = 0; i < NC; i++) {
			if (cur->chk & BIT(i))
				continue;
			mandatory++;
			n = *cur;
			n.chk |= BIT(i);
			emit(&n, L("C looks at count %d", i));
		}
		return;
	case C_RGP:
		if (cur->rgp)
			return;
		mandatory++;
		if (MUT(count_look_late))
			n.dirty = 0;
		go(&n, C_CHKN);
		emit(&n, "C round: grace period over");
		return;
	case C_CHKN:
	case C_CHKL:
		for (i = 0; i < NC; i++) {
			if (cur->chk & BIT(i))
				continue;
			mandatory++;
			n = *cur;
			if (MUT(skip_a_cpu) && i == NC - 1)
				;
			else if (cur->cc == C_CHKN ? cur->dirty & BIT(i) : cur->list[i]) {
				n.dirty = 0;
				go(&n, C_DRAIN);
				emit(&n, L("C round: CPU %d has shaded", i));
				continue;
			}
			n.chk |= BIT(i);
			if (n.chk == BIT(NC) - 1) {
				if (cur->cc == C_CHKN) {
					go(&n, C_CHKL);
					n.dirty = 0;
				} else {
					rounds_done(&n);
				}
			}
			emit(&n, L("C round: CPU %d %s", i, cur->cc == C_CHKN ?
				   "has not counted" : "has an empty list"));
		}
		return;
	case C_CLOSE:
		mandatory++;
		if (MUT(weak_closing_flag)) {
			n.closed = 1;
			go(&n, C_CLOSEGP);
			n.rgp = regions(cur);
			emit(&n, "C closing flag set");
			return;
		}
		if (cur->wchg && !MUT(weak_close_blind)) {
			go(&n, C_DRAIN);
			emit(&n, "C closing fails: a weak_get has been here");
			return;
		}
		n.closed = 1;
		n.wchg = 0;
		go(&n, MUT(fin_before_weak) ? C_FIN : C_WEAK);
		emit(&n, "C weak references closed");
		return;
	case C_CLOSEGP:		/* mutant only */
		if (cur->rgp)
			return;
		mandatory++;
		go(&n, C_CLOSECHK);
		emit(&n, "C closing: grace period over");
		return;
	case C_CLOSECHK:	/* mutant only */
		mandatory++;
		for (i = 0; i < NC; i++)
			if (cur->list[i])
				break;
		go(&n, i < NC ? C_DRAIN : C_WEAK);
		emit(&n, "C closing: lists checked");
		return;
	case C_WEAK:
		mandatory++;
		if (cur->weak && !(cur->mark & BIT(OBJ(cur->weak))) &&
		    !MUT(weak_after_sweep) && !MUT(weak_not_cleared)) {
			n.creg = cur->weak;
			n.cc = C_WEAK2;
			emit(&n, L("C weak target %c is dead", on(n.creg)));
			return;
		}
		go(&n, FIN && !MUT(fin_before_weak) ? C_FIN : C_SETTLE);
		emit(&n, "C weak references done");
		return;
	case C_WEAK2:
		mandatory++;
		if (cur->weak == cur->creg || MUT(weak_clear_plain)) {
			if (cur->weak && (strong(cur) & BIT(OBJ(cur->weak))))
				viol = "the weak reference of a reachable object is cleared";
			n.dead |= BIT(OBJ(cur->creg));
			n.weak = 0;
		}
		go(&n, FIN && !MUT(fin_before_weak) ? C_FIN : C_SETTLE);
		emit(&n, L("C clears weak reference to %c", on(cur->creg)));
		return;
	case C_FIN:
		mandatory++;
		nl = cur->finreg & ~cur->mark;
		if (nl) {
			o = __builtin_ctz(nl);
			if (MUT(fin_no_mark))
				;
			else if (MUT(fin_no_trace))
				n.mark |= BIT(o);
			else
				kshade(&n, NULL, o + 1);
			n.finq |= BIT(o);
			if (!MUT(fin_twice))
				n.finreg &= ~BIT(o);
			if (MUT(fin_no_mark) || MUT(fin_twice))
				go(&n, C_FDRAIN);	/* or it would be found again */
			emit(&n, L("C queues the finalizer of %c", 'a' + o));
			return;
		}
		go(&n, C_FDRAIN);
		emit(&n, "C final drain");
		return;
	case C_FDRAIN:
		if (busy)
			return;
		for (i = 0; i < NLIST; i++)
			if (cur->list[i])
				return;
		mandatory++;
		go(&n, MUT(fin_before_weak) ? C_WEAK : C_SETTLE);
		emit(&n, "C final drain over");
		return;
	case C_SETTLE:
		mandatory++;
		publish(&n, MUT(idle_after_mark) ? IDLE : SETTLE);
		n.tgt = cur->hgen ^ 1;
		n.dead = 0;
		go(&n, C_SGP);
		emit(&n, L("C phase=%s", phname[n.phase]));
		return;
	case C_SGP:
		if (!all_tok(cur, SETTLE) && !MUT(no_gp_settle) && !MUT(idle_after_mark))
			return;
		mandatory++;
		n.vis = n.phase;
		if (!HASFLIP) {
			judge(&n);
			go(&n, C_DONE);
			n.cyc = CYCLES;
			emit(&n, "C would sweep now");
			return;
		}
		go(&n, C_TICKET);
		if (MUT(idle_before_flip))
			publish(&n, IDLE);
		emit(&n, "C settle grace period over");
		return;
	case C_TICKET:
		mandatory++;
		n.hgen ^= 1;
		n.closed = 0;
		go(&n, CACHES ? C_FGP : C_PUBIDLE);
		if (CACHES)
			n.rgp = MUT(no_flip_gp) ? 0 : regions(cur);
		emit(&n, "C heap ticket published");
		return;
	case C_FGP:
		if (cur->rgp)
			return;
		mandatory++;
		go(&n, C_FLIP);
		emit(&n, "C ticket grace period over");
		return;
	case C_FLIP:
		if (cur->chk == BIT(NC) - 1) {
			mandatory++;
			go(&n, C_PUBIDLE);
			emit(&n, "C all CPUs flipped");
			return;
		}
		for (i = 0; i < NC; i++) {
			if (cur->chk & BIT(i))
				continue;
			mandatory++;
			n = *cur;
			n.chk |= BIT(i);
			if (MUT(skip_flip) && i == NC - 1) {
				emit(&n, L("C forgets CPU %d", i));
				continue;
			}
			if (n.ticket[i] == (n.hgen ^ 1) ||
			    (MUT(flip_not_exclusive) && n.ticket[i] != n.hgen)) {
				n.ticket[i] = T_FLIP;
				n.creg = i;
				n.cc = C_FLIP1;
			}
			emit(&n, L("C tries to flip CPU %d", i));
		}
		return;
	case C_FLIP1:
		mandatory++;
		n.cspan = cur->cache[cur->creg];
		n.cc = C_FLIP1P;
		emit(&n, L("C reads CPU %d's span", cur->creg));
		return;
	case C_FLIP1P:
		mandatory++;
		i = cur->creg;
		if (cur->cspan && cur->cache[i] != cur->cspan)
			viol = "a span is given back twice";
		n.cspan = 0;
		if (MUT(giveback_as_old) && n.cache[i])
			n.gen = (n.gen & ~BIT(n.cache[i] - 1)) |
				((n.hgen ^ 1) << (n.cache[i] - 1));
		n.cache[i] = 0;
		n.cc = C_FLIP2;
		emit(&n, L("C gives back CPU %d's span", i));
		return;
	case C_FLIP2:
		mandatory++;
		i = cur->creg;
		n.ticket[i] = n.hgen;
		n.cc = C_FLIP;
		n.creg = 0;
		emit(&n, L("C flipped CPU %d", i));
		return;
	case C_PUBIDLE:
		mandatory++;
		publish(&n, IDLE);
		go(&n, MUT(weak_after_sweep) ? C_LATEWEAK : C_SWEEP);
		emit(&n, "C phase=IDLE");
		return;
	case C_LATEWEAK:	/* mutant only */
		if (unswept(cur))
			return;
		mandatory++;
		if (n.weak && !(n.alloc & BIT(OBJ(n.weak))))
			n.weak = 0;
		go(&n, C_SWEEP);
		emit(&n, "C clears weak references late");
		return;
	case C_SWEEP:
		if (unswept(cur) && !MUT(arm_before_swept))
			return;
		mandatory++;
		if (cur->garb)
			viol = "garbage has survived a whole cycle";
		if (cur->cyc == CYCLES) {
			go(&n, C_DONE);
			emit(&n, "C done");
			return;
		}
		go(&n, C_IDLE);
		emit(&n, "C cycle over");
		return;
	}
}

static void expand(void)
{
	int i, marking, irq = 0;

	mandatory = 0;
	if (cur->cc == C_DONE)
		return;
	collector_step();
	marking = cur->cc == C_ROOTS || cur->cc == C_ROOTM || cur->cc == C_DRAIN ||
		  cur->cc == C_FDRAIN;
	if (MUT(markers_not_joined))
		marking |= cur->cc > C_DRAIN && cur->cc < C_SETTLE;
	for (i = 0; i < NK; i++)
		if (marking)
			marker_step(i);
	if (HASFLIP) {
		u8 cached = incache(cur);

		for (i = 0; i < NSPAN; i++)
			if (((cur->gen >> i) & 1) != cur->hgen && !(cached & BIT(i))) {
				St n = *cur;

				mandatory++;
				sweep_span(&n, i);
				emit(&n, L("S sweeps span %d", i));
			}
	}
	/* IRQ: the last mutator is an interrupt on the first one's CPU */
	if (IRQ && cur->m[NM - 1].pc != P_REST)
		irq = 1;
	for (i = 0; i < NM; i++) {
		if (irq && i == 0)
			continue;
		if (cur->m[i].pc == P_REST)
			mutator_ops(i);
		else
			mutator_step(i);
	}
	if (!mandatory && cur->cc != C_DONE && !tracemode) {
		St n = *cur;

		report("deadlock: nothing can go on", "", &n);
	}
}

/* ---- output ---------------------------------------------------------- */

static void print_state(const St *s)
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
	printf("| %s %s", phname[s->phase], ccname[s->cc]);
	if (HASFLIP)
		for (i = 0; i < NSPAN; i++)
			printf(" s%d:%s", i, ((s->gen >> i) & 1) == s->hgen ? "swept" : "unswept");
	for (i = 0; i < NSPAN; i++)
		if (s->queued & BIT(i))
			printf(" s%d:queued", i);
	for (i = 0; i < NLIST; i++)
		if (s->list[i])
			printf(" list%d=%x", i, s->list[i]);
	if (CACHES)
		for (i = 0; i < NC; i++)
			printf(" cpu%d:%s/%d", i, s->ticket[i] == T_BUSY ? "BUSY" :
			       s->ticket[i] == T_FLIP ? "FLIP" :
			       s->ticket[i] == s->hgen ? "new" : "old", s->cache[i] - 1);
	if (WEAK)
		printf(" weak=%c%s", on(s->weak), s->closed ? " closed" : "");
	if (FIN)
		printf(" fin:reg=%x q=%x ran=%x", s->finreg, s->finq, s->ran);
	printf(" |");
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
			printf(" K%d:%s s%d todo=%x", i, kname[s->k[i].pc], s->k[i].span, s->k[i].todo);
	printf("\n");
}

static int quiet;
static struct timespec t0;
static const char *mutname;

static double secs(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec - t0.tv_sec + (t.tv_nsec - t0.tv_nsec) / 1e9;
}

static void report(const char *what, const char *label, St *last)
{
	u32 path[4096];
	int n = 0, i;
	u32 x = curidx;
	St s;
	char lab[128];
	const char *w = what;

	snprintf(lab, sizeof(lab), "%s", label);
	for (;;) {
		path[n++] = x;
		if (parent[x] == x || n == 4096)
			break;
		x = parent[x];
	}
	printf("FOUND %s %s: %s (%d steps, %llu states, %.1f s)\n", NAME,
	       mutname ? mutname : "protocol", w, n,
	       (unsigned long long)nstates, secs());
	if (quiet)
		exit(1);
	printf("  (objects of one shape, roots and mutators may change names between steps:\n"
	       "   every state is shown in its canonical form)\n");
	tracemode = 1;
	viol = NULL;
	for (i = n - 1; i >= 0; i--) {
		unpack(&s, &states[path[i]]);
		print_state(&s);
		if (i) {
			cur = &s;
			wantpk = states[path[i - 1]];
			found = 0;
			expand();
			printf("  %s\n", found ? foundlabel : "?");
		}
	}
	printf("  %s\n", lab);
	print_state(last);
	printf("  => %s\n", w);
	exit(1);
}

/* ---- start ----------------------------------------------------------- */

static u64 ninit;

static void init_one(St *s)
{
	Pk p;
	int i;
	u8 held = closure(s, rootset(s));

	for (i = 0; i < NM; i++) {
		s->m[i].held = PLAIN ? 0 : held;
		s->m[i].pc = PLAIN ? P_OUT : P_REST;
	}
	/* to a section under IDLE the store of ARM is invisible: start with it */
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

static void init_slots(St *s, int x)
{
	int v, o, c;

	if (x < NR + NSLOT) {
		for (o = 0; x >= NR && x - NR >= fbase[o + 1]; o++)
			;
		for (v = 0; v <= NO; v++) {
			if (v && !(s->alloc & BIT(OBJ(v))))
				continue;
			if (v && x >= NR && !(s->alloc & BIT(o)))
				continue;
			if (x < NR)
				s->root[x] = v;
			else
				s->fld[x - NR] = v;
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
			if (CACHES) {
				/* every way to have one span per cache, or none */
				for (c = 0; c < (NSPAN + 1) * (NC > 1 ? NSPAN + 1 : 1); c++) {
					s->cache[0] = c % (NSPAN + 1);
					if (NC > 1)
						s->cache[NC - 1] = c / (NSPAN + 1);
					if (NC > 1 && s->cache[0] && s->cache[0] == s->cache[NC - 1])
						continue;
					init_one(s);
				}
			} else {
				init_one(s);
			}
			f = (f - FINOBJ) & FINOBJ;
		} while (FIN && f);
	}
	s->weak = 0;
}

static void init(void)
{
	St s;
	int o;
	unsigned a;

	for (o = 0; o < NO; o++) {
		fbase[o + 1] = fbase[o] + nfields[o];
		spanmask[spanof[o]] |= BIT(o);
	}
	if (fbase[NO] != NSLOT)
		abort();
	make_perms();
	make_tables();
	for (a = 0; a <= ALLO; a++) {
		if (!(INIT_ALLOC(a)))
			continue;
		memset(&s, 0, sizeof(s));
		s.alloc = a;
		s.bs = BS;
		s.ba = BA;
		s.bw = BW;
		s.bx = BX;
		init_slots(&s, 0);
	}
}

int main(int argc, char **argv)
{
	u64 i, depth = 0, levelend;
	St s;
	double last = 0;
	int a, dfs = 0;

	for (a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "-q")) {
			quiet = 1;
		} else if (!strcmp(argv[a], "-d")) {
			dfs = 1;
		} else if (!strcmp(argv[a], "-b")) {
			printf("  %-8s covers %s; %d cycle%s; budget %d stores, %d allocations",
			       NAME, BOUNDS, CYCLES, CYCLES > 1 ? "s" : "", BS, BA);
			if (WEAK)
				printf(", %d weak gets, %d weak sets", BW, BX);
			printf("\n  %-8s leaves out %s\n", "", LEAVES);
			return 0;
		} else {
			unsigned k;

			for (k = 1; k < M_NR; k++)
				if (!strcmp(argv[a], mutant_name[k]))
					mut = k;
			if (!mut) {
				fprintf(stderr, "no mutant %s\n", argv[a]);
				return 2;
			}
			mutname = argv[a];
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &t0);
	states = bigmem(maxstates * sizeof(*states));
	parent = bigmem(maxstates * sizeof(*parent));
	if (dfs)
		stack = bigmem(maxstates * sizeof(*stack));
	tabmask = (1 << 16) - 1;
	table = bigmem((tabmask + 1) * sizeof(u32));
	init();
	if (packbits > WORDS * 64) {
		fprintf(stderr, "%s: %d bits do not fit\n", NAME, packbits);
		return 2;
	}
	levelend = nstates;
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
		if (!quiet && !(i & 0xffff) && secs() - last > 10) {
			last = secs();
			fprintf(stderr, "  %s: %llu of %llu states expanded, depth %llu, %.0f s\n",
				NAME, (unsigned long long)i, (unsigned long long)nstates,
				(unsigned long long)depth, last);
		}
	}
	printf("CLEAN %s %s: %llu states, %llu transitions, depth %llu, %llu initial, %d bits, %.1f s\n",
	       NAME, mutname ? mutname : "protocol", (unsigned long long)nstates,
	       (unsigned long long)nsucc, (unsigned long long)depth,
	       (unsigned long long)ninit, packbits, secs());
	return 0;
}
