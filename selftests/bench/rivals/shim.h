/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The interface that selftests/bench/kmod/program.h needs, on malloc() and free(), or
 * with -DBOEHM on the Boehm collector. It costs nothing beyond the allocator: sections
 * are empty, and a managed pointer is a pointer.
 */
#ifndef RIVALS_SHIM_H
#define RIVALS_SHIM_H

#ifdef BOEHM
#define GC_THREADS
#endif
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#ifdef BOEHM
#include <gc.h>
#define BENCH_SUBJECT	"boehm"
#define PROGRAM_FREES	0
#else
#ifndef BENCH_SUBJECT
#define BENCH_SUBJECT	"malloc"
#endif
#define PROGRAM_FREES	1
#endif

typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int64_t s64;

#undef __always_inline
#define __always_inline	inline __attribute__((__always_inline__))
#include "../common/random.h"
#define U32_MAX			UINT32_MAX
#define ARRAY_SIZE(a)		(sizeof(a) / sizeof((a)[0]))
#define min(a, b)		((a) < (b) ? (a) : (b))
#define max(a, b)		((a) > (b) ? (a) : (b))
#define clamp(v, low, high)	min(max(v, low), high)
#define IS_ERR(p)		((uintptr_t)(p) > (uintptr_t)-4096)
#define PTR_ERR(p)		((int)(intptr_t)(p))
#define THIS_MODULE		NULL
#define GFP_KERNEL		0
#define cond_resched()		do { } while (0)

/* Memory outside of the heap. The collector scans it only if it is made a root. */
#define kvzalloc(n, gfp)	calloc(1, n)
#define kvcalloc(n, size, gfp)	calloc(n, size)
#define kvfree(p)		free(p)

/* ---- the heap ------------------------------------------------------------*/

#define KGC_DESC_NOSCAN		1U
#define KGC_DESC_ARRAY		4U
#define KGC_OPT_GOGC		1

struct kgc_heap;

struct kgc_section {
};

struct kgc_root {
};

struct kgc_type_desc {
	const char	*name;
	size_t		size;
	size_t		align;
	unsigned int	flags;
	void		*owner;
};

struct kgc_type {
	size_t	size;
	bool	noscan;
};

#define KGC_REF(T)		struct { T *kgc_ref; }
#define KGC_DEFINE_TYPE(var, T, ...) \
	static const struct kgc_type_desc var = { .name = #T, .size = sizeof(T) }

#define kgc_enter(heap)		((struct kgc_section) { })
#define kgc_exit(s)		((void)(s))
#define kgc_load(s, ref)	((void)(s), (ref)->kgc_ref)
#define kgc_store(s, ref, v)	((void)(s), (void)((ref)->kgc_ref = (v)))
/* two completions order the accesses to a slot, so no other thread accesses it here */
#define kgc_xchg(s, ref, v)						\
({									\
	typeof((ref)->kgc_ref) old_ref = (ref)->kgc_ref;		\
									\
	(ref)->kgc_ref = (v);						\
	old_ref;							\
})
#ifdef BOEHM
#define kgc_root_add(heap, root, refs, nr) \
	((void)(root), GC_add_roots((void *)(refs), (void **)(refs) + (nr)))
#else
#define kgc_root_add(heap, root, refs, nr)	((void)(root))
#endif
#define kgc_root_del(heap, root)		((void)(root))

void kgc_option_set(struct kgc_heap *heap, unsigned int option, u64 value);
struct kgc_type *kgc_type_register(struct kgc_heap *heap,
				   const struct kgc_type_desc *desc);

/* Never NULL, and the compiler knows it: a program in plain C would not check. */
static __always_inline void *bench_allocate(size_t n, bool noscan)
{
	void *p;

#ifdef BOEHM
	if (noscan) {
		p = GC_MALLOC_ATOMIC(n);
		if (p)
			memset(p, 0, n);
	} else {
		p = GC_MALLOC(n);
	}
#else
	p = calloc(1, n);
#endif
	if (!p)
		exit(1);
	return p;
}

#define kgc_alloc(s, type, gfp)						\
({									\
	struct kgc_type *alloc_type = (type);				\
									\
	(void)(s);							\
	bench_allocate(alloc_type->size, alloc_type->noscan);		\
})
#define kgc_alloc_array(s, type, n, gfp)				\
({									\
	struct kgc_type *alloc_type = (type);				\
									\
	(void)(s);							\
	bench_allocate(alloc_type->size * (n), alloc_type->noscan);	\
})

static __always_inline void program_free(void *p)
{
#ifndef BOEHM
	free(p);
#endif
}

/* ---- as in bench.h -------------------------------------------------------*/

struct bench {
	const char	*name;
	const char	*about;
	int		(*run)(void);
};

extern const struct bench bench_ring, bench_trees, bench_gcbench;
extern const struct bench bench_parse, bench_lasting, bench_requests;
extern const struct bench bench_mixed, bench_larson, bench_xmalloc;
extern const struct bench bench_handoff;

struct bench_busy {
	u64	ns;
};

struct bench_node {
	KGC_REF(struct bench_node)	left;
	KGC_REF(struct bench_node)	right;
	u64				data[6];
};

typedef KGC_REF(struct bench_node) bench_ref;

struct bench_slot {
	KGC_REF(struct bench_node)	ref;
};

struct bench_heap {
	struct kgc_heap			*heap;
	struct kgc_type			*node;
	struct kgc_type			*slots;
	KGC_REF(struct bench_slot)	table;
};

u64 bench_param(const char *name, u64 or_else);
void bench_result(const char *subject, const char *metric, const char *unit,
		  s64 total, u64 n);
void bench_busy_begin(struct bench_busy *busy);
u64 bench_busy_ns(const struct bench_busy *busy);
int bench_heap_open(struct bench_heap *h, const char *name);
void bench_heap_close(struct bench_heap *h);
int bench_table_empty(struct bench_heap *h, size_t n);

static __always_inline u64 bench_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC_RAW, &t);
	return t.tv_sec * 1000000000ULL + t.tv_nsec;
}

/* ---- threads -------------------------------------------------------------*/

/* counts, as the kernel's completion does */
struct completion {
	sem_t	sem;
};

#define init_completion(c)	sem_init(&(c)->sem, 0, 0)
#define complete(c)		sem_post(&(c)->sem)

static inline void wait_for_completion(struct completion *c)
{
	while (sem_wait(&c->sem))
		;
}

#endif /* RIVALS_SHIM_H */
