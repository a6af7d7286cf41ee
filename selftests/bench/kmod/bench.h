/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kgc_bench: benchmarks of kgc from inside the kernel, through its public
 * interface, each with its rival in the same loop.
 *
 * A benchmark reports *results*. Each is a number with two names: the subject is kgc or a
 * rival, and the metric says what the number measures.
 */
#ifndef _KGC_BENCH_H
#define _KGC_BENCH_H

#include <linux/kgc.h>
#include <linux/ktime.h>

#include "../../../uapi/linux/kgc.h"
#include "../common/random.h"

/* ---- main.c -------------------------------------------------------------*/

/**
 * struct bench - a benchmark
 * @name: its name in debugfs
 * @about: description, in one line
 * @run: runs it, and returns 0 or a negative errno
 */
struct bench {
	const char	*name;
	const char	*about;
	int		(*run)(void);
};

/* A parameter of the running benchmark: "name=value" after its name. */
u64 bench_param(const char *name, u64 or_else);

/* Report @total / @n in @unit, rounded to thousandths. It may be negative. */
void bench_result(const char *subject, const char *metric, const char *unit,
		  s64 total, u64 n);

/* Report the median of @s over @n, and the distance between its extremes. */
struct bench_samples;
void bench_spread(const char *subject, const char *metric, const char *unit,
		  struct bench_samples *s, u64 n);

/* Report that something cannot be measured here, and why. */
void bench_skip(const char *why);

#ifdef CONFIG_PERF_EVENTS
int bench_profile_begin(u64 period);
void bench_profile_end(void);
int bench_counters_choose(const char *what);
void bench_counters_begin(void);
void bench_counters_end(void);
#else
static inline int bench_profile_begin(u64 period)
{
	return -EOPNOTSUPP;
}

static inline void bench_profile_end(void)
{
}

static inline int bench_counters_choose(const char *what)
{
	bench_skip("counters: the kernel has no perf events");
	return 0;
}

static inline void bench_counters_begin(void)
{
}

static inline void bench_counters_end(void)
{
}
#endif

extern const struct bench bench_alloc, bench_section, bench_store, bench_bulk;
extern const struct bench bench_refill, bench_harden, bench_slab, bench_rcu;
extern const struct bench bench_life, bench_paced, bench_counted;
extern const struct bench bench_cycle, bench_sweep, bench_idle;
extern const struct bench bench_step, bench_share, bench_scale;
extern const struct bench bench_meta, bench_churn, bench_sparse;
extern const struct bench bench_ring, bench_trees, bench_gcbench, bench_gogc;
extern const struct bench bench_parse, bench_lasting, bench_requests;
extern const struct bench bench_mixed, bench_larson, bench_xmalloc;
extern const struct bench bench_handoff, bench_align, bench_spans;

#define BENCH_SUBJECT	"kgc"

/* ---- clocks -------------------------------------------------------------*/

static __always_inline u64 bench_now(void)
{
	return ktime_get_raw_ns();
}

/* CPU time that the whole machine spends from now on, idle time excluded. */
struct bench_busy {
	u64	wall_ns;
	u64	idle_us;
};

void bench_busy_begin(struct bench_busy *busy);
u64 bench_busy_ns(const struct bench_busy *busy);

#define BENCH_SAMPLES	101

/*
 * Samples of a short stretch of code. The median ignores samples that an interrupt or a
 * slow path hit, because they are far above the others.
 */
struct bench_samples {
	unsigned int	n;
	u64		ns[BENCH_SAMPLES];
};

static __always_inline void bench_sample(struct bench_samples *s, u64 begin)
{
	u64 ns = bench_now() - begin;

	if (s->n < BENCH_SAMPLES)
		s->ns[s->n++] = ns;
}

u64 bench_min(struct bench_samples *s);
u64 bench_median(struct bench_samples *s);

/* ---- heap.c: a heap with the types used everywhere ----------------------*/

/* 64 bytes, two pointers. */
struct bench_node {
	KGC_REF(struct bench_node)	left;
	KGC_REF(struct bench_node)	right;
	u64				data[6];
};

typedef KGC_REF(struct bench_node) bench_ref;

/* An element of an array of pointers. */
struct bench_slot {
	KGC_REF(struct bench_node)	ref;
};

/**
 * struct bench_heap - a heap, and roots for it
 * @heap: the heap
 * @node: struct bench_node
 * @pair: another type of struct bench_node
 * @slots: arrays of struct bench_slot
 * @root: registration of the roots
 * @last: a root for one node
 * @spare: another root for one node
 * @table: a root for one array
 */
struct bench_heap {
	struct kgc_heap			*heap;
	struct kgc_type			*node;
	struct kgc_type			*pair;
	struct kgc_type			*slots;
	struct kgc_root			root;
	bench_ref			last;
	bench_ref			spare;
	KGC_REF(struct bench_slot)	table;
};

struct kgc_type *bench_type_pair(struct kgc_heap *heap);
int bench_heap_open(struct bench_heap *h, const char *name);
void bench_heap_close(struct bench_heap *h);
int bench_table_empty(struct bench_heap *h, size_t n);
int bench_table_fill(struct bench_heap *h, size_t n);
int bench_grow_list(struct bench_heap *h, size_t n);
int bench_grow_tree(struct bench_heap *h, size_t n);
int bench_grow_graph(struct bench_heap *h, size_t n);
struct bench_heap *bench_hold(const char *name);
void bench_release(void);

#endif /* _KGC_BENCH_H */
