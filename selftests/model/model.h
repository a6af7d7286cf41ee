/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The state of the modelled heap, and what the parts of the model call of each
 * other. README.md explains the reductions and why they lose nothing.
 */
#ifndef MODEL_H
#define MODEL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
#define SLOT_FIN (NR + NSLOT)	/* + object: its entry in the finalizer queue */

static const u8 nfields[NO] = FIELDS;
static const u8 spanof[NO] = SPANS;

extern int mut;			/* the mutant that runs, 0 = none */
#define MUT(x)	(mut == M_##x)

enum phase { IDLE, ARM, MARK, SETTLE };

/* collector */
enum cc {
	C_IDLE, C_ARMGP, C_MARKGP, C_ROOTS, C_ROOTM, C_DRAIN,
	C_SNAP, C_RGP, C_CHKN, C_CHKL, C_CLOSE, C_CLOSEGP, C_CLOSECHK,
	C_WEAK, C_WEAK2, C_FIN, C_FDRAIN, C_CLEAN, C_SETTLE, C_SGP, C_NEWGEN, C_FGP,
	C_FLUSH, C_FLUSH1, C_FLUSH1P, C_FLUSH2, C_PUBIDLE, C_SWEEP, C_LATEWEAK, C_DONE, C_NR
};

/* mutator */
enum pc {
	P_REST, P_SO, P_SON, P_SOC, P_SOP, P_SN, P_SNN, P_SNC, P_SNP, P_CX,
	P_W1, P_W2, P_W3, P_W3N, P_W3C, P_W3P, P_W4,
	P_A1, P_A2, P_A2T, P_A3, P_B0, P_B1, P_B1P, P_B2, P_CEN, P_RMW, P_WAIT, P_OUT, P_NR
};

/* marker */
enum kk { K_IDLE, K_TAKEN, K_READ, K_OR, K_SCAN, K_MARK, K_CLAIM, K_PUSH };

enum { T_BUSY = 2, T_FLUSH = 3 };

struct mu { u8 pc, tok, otok, held, slot, old, new, t; };
struct mk { u8 pc, span, todo, obj, fi, child, sc; };

struct state {
	u8 root[NR], fld[NSLOT + 1];
	u8 alloc, mark, scan, queued, list[NLIST];
	u8 phase, vis, cc, rgp, chk, creg, cyc;
	u8 dirty;	/* CPUs whose count has changed since the collector read it */
	u8 gen, hgen, tgt, owner_gen[NC], cache[NC], cspan;
	u8 open[NC], floats;	/* TINY: blocks that caches fill; notes of the tracer */
	u8 weak, closed, wchg, finreg, finq, ran, dead;
	u8 clnreg, gone;	/* cleanups registered; cleanups found, object not swept yet */
	u8 garb;
	u8 bs, ba, bw, bx, bc;
	struct mu m[NM];
	struct mk k[NK];
};

struct packed { u64 w[WORDS]; };

/* state.c */
extern u8 fbase[NO + 1];	/* first field slot of each object */
extern u8 spanmask[NSPAN];
extern int packbits;

void state_init(void);
void unpack(struct state *s, const struct packed *p);
void canon(const struct state *s, struct packed *best);

/* heap.c */
u8 owner(u8 x);
u8 closure(const struct state *s, u8 set);
u8 rootset(const struct state *s);
u8 strong(const struct state *s);
u8 reachable(const struct state *s);
int unswept(const struct state *s);
u8 incache(const struct state *s);
u8 opened(const struct state *s);
int black(const struct state *s, u8 tok, int span);
void take(struct state *s, struct mu *m, int o, int blk);
void give_back(struct state *s, int cpu);
void sweep_span(struct state *s, int sp);
void trace_floating(struct state *s);

/* barrier.c */
void rest(struct mu *m);
void begin_store(struct mu *m);
void stored(struct state *s, struct mu *m);
void weak_got(struct state *s, struct mu *m, u8 v);
void step_store(int i);
void step_weak(int i);

/* alloc.c */
void begin_alloc(int i);
void step_alloc(int i);

/* mutator.c */
int in_region(const struct mu *m);
u8 regions(const struct state *s);
void mutator_ops(int i);
void mutator_step(int i);

/* marker.c */
void kshade(struct state *n, struct mk *k, u8 v);
void marker_step(int j);

/* collector.c */
void go(struct state *n, u8 cc);
void collector_step(void);

/* flush.c */
void publish_gen(void);
void gen_gp(void);
void flush(void);
void flush_read(void);
void flush_give_back(void);
void flush_publish(void);

/* search.c */
extern const char *viol;	/* set by a step that breaks a property */
extern const struct state *cur;	/* the state that is expanded */
extern int mandatory;		/* steps that are not a mutator's free choice */
extern struct packed *states;	/* states found */
extern u32 *parent, curidx;
extern u64 nstates, nsucc;

void search_init(int dfs);
int insert(const struct packed *p, u32 par);
void emit(struct state *s, const char *label);
u64 search(void);
const char *find_step(const struct state *from, const struct packed *to);

/* init.c */
u64 init(void);

/* report.c */
extern const char * const phname[];
extern int quiet, tracing;

#define LABEL_SIZE 128

const char *slotname(u8 x);
const char *format_label(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
void report_violation(const char *what, const char *label, const struct state *last)
	__attribute__((noreturn));
void report_clean(u64 ninit, u64 depth);
void report_progress(u64 expanded, u64 depth);

/* The label of a step. Only a counterexample shows labels. */
#define L(...)	(tracing || viol ? format_label(__VA_ARGS__) : "")

static inline char on(u8 v)
{
	return v ? 'a' + v - 1 : '0';
}

static inline int swept(const struct state *s, int sp)
{
	return ((s->gen >> sp) & 1) == s->hgen;
}

static inline u8 getslot(const struct state *s, u8 x)
{
	if (x < NR)
		return s->root[x];
	if (x >= SLOT_FIN)
		return (s->finq >> (x - SLOT_FIN)) & 1 ? x - SLOT_FIN + 1 : 0;
	return s->fld[x - NR];
}

static inline void setslot(struct state *s, u8 x, u8 v)
{
	if (x < NR)
		s->root[x] = v;
	else if (x >= SLOT_FIN)
		s->finq &= ~BIT(x - SLOT_FIN);
	else
		s->fld[x - NR] = v;
}

#endif /* MODEL_H */
