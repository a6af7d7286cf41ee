/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Reports of what the checks find: counted, and the first of each kind in each heap is
 * logged. A heap that may be damaged is set aside: it has no cycles any more, so nothing
 * in it is freed.
 */
#ifndef _KGC_REPORT_H
#define _KGC_REPORT_H

#include <linux/atomic.h>
#include <linux/ratelimit.h>
#include <linux/types.h>

struct kgc_heap;

/**
 * struct kgc_report - what the checks found in a heap
 * @misused: rules broken by a client
 * @aside: the heap has been set aside
 * @refusals: limits the rate of log messages about calls that are not allowed. Each heap
 *	has its own, so that no heap suppresses the messages about another
 * @errors: invariants found broken; written by the cycle's work item only
 * @held: violations held back until the tracer knows whether a section disturbed it
 * @held.on: violations are held back now: counted in @held, not logged
 */
struct kgc_report {
	atomic_t		misused;
	bool			aside;
	struct ratelimit_state	refusals;
	u64			errors;
	struct {
		bool		on;
		u64		errors;
		const char	*what;
		const void	*where;
		const void	*to;
	} held;
};

extern bool kgc_warn;

void kgc_report_init(struct kgc_report *report);
void kgc_violation(struct kgc_heap *heap, const char *what, const void *where,
		   const void *to);
void kgc_violations_hold(struct kgc_heap *heap);
void kgc_violations_release(struct kgc_heap *heap, bool confirmed);
void kgc_misuse(struct kgc_heap *heap, const char *what, const void *where);
void *kgc_refuse(struct kgc_heap *heap, const char *what);

/* How often a client has broken a rule in this heap. */
static inline unsigned int kgc_misused(const struct kgc_report *report)
{
	return atomic_read(&report->misused);
}

#endif /* _KGC_REPORT_H */
