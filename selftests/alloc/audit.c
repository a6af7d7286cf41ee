// SPDX-License-Identifier: GPL-2.0
/*
 * The audit counts the allocator's lists again. It takes a few spans at a time under a
 * lock, and stops if the lists may have changed meanwhile.
 */
#include <check.h>
#include <shim.h>

#include "alloc/allocated.h"
#include "alloc/audit.h"
#include "alloc/cache.h"
#include "parts.h"

#define RAM_MIB		64
#define SIZE		64
#define SPANS		100
#define STEP		8	/* most spans that the audit counts under the lock */

static struct kgc_allocator allocator;
static struct kgc_layout layout;
static struct kgc_allocated allocated;
static unsigned int reported, asked;

static u64 pressure(struct kgc_allocator *a, enum kgc_pressure why,
		    unsigned int mode, gfp_t gfp)
{
	return 0;
}

static void report(struct kgc_allocator *a, const char *what, const void *where)
{
	reported++;
}

static bool undisturbed(struct kgc_allocator *a)
{
	asked++;
	return false;
}

static struct kgc_central *central(void)
{
	return allocator.node[0]->central[layout.spc];
}

/* Take every span off the lists, and tell the audit that the lists have changed. */
static bool taken_off(struct kgc_allocator *a)
{
	struct kgc_central *ct = central();
	struct kgc_span *span, *next;
	unsigned int i;

	asked++;
	for (i = 0; i < 2; i++) {
		list_for_each_entry_safe(span, next, &ct->partial[i], link)
			list_del(&span->link);
		list_for_each_entry_safe(span, next, &ct->full[i], link)
			list_del(&span->link);
	}
	return true;
}

/* Put SPANS swept spans on a list: all full, or each with a free slot. */
static void begin(bool full)
{
	unsigned int class = kgc_size_to_class(SIZE);
	unsigned int nelems = kgc_classes[class].nelems, i;

	parts_allocator_begin(&allocator);
	allocator.pressure = pressure;
	memset(&layout, 0, sizeof(layout));
	layout.id = 1;
	layout.bytes = SIZE;
	layout.spc = class << 1 | 1;
	layout.slot = SIZE;
	layout.allocated = &allocated;
	for (i = 0; i < SPANS * nelems; i++) {
		u8 *at = kgc_cache_alloc(&allocator, 0, &layout, layout.spc, SIZE,
					 GFP_KERNEL);
		struct kgc_span *span = kgc_map_find(at);

		check(at && span);
		if (full || i % nelems)
			set_bit(kgc_span_index(span, at), kgc_span_mark(span));
	}
	kgc_allocator_next_gen(&allocator);
	synchronize_rcu();
	check(kgc_cache_flush_all(&allocator));
	while (kgc_central_sweep_some(&allocator, central(), allocator.node[0], 8))
		;
	/* one more if the thread moved to another CPU and used its cache */
	check(central()->spans >= SPANS);
	reported = 0;
	asked = 0;
}

static void end(void)
{
	parts_allocator_end(&allocator);
}

static void looks_at_a_few_at_a_time(void)
{
	unsigned int full;

	for (full = 0; full < 2; full++) {
		begin(full);
		kgc_audit(&allocator, report, undisturbed);
		check(!reported);
		check(asked >= (SPANS - 1) / STEP);
		end();
	}
}

static void finds_what_is_wrong_behind_a_pause(void)
{
	struct kgc_span *span;

	begin(false);
	span = list_last_entry(&central()->partial[allocator.gen & 1],
			       struct kgc_span, link);
	span->nfree++;
	kgc_audit(&allocator, report, undisturbed);
	/* the audit reports the span, and the sum of the class */
	check(reported == 2);
	span->nfree--;
	end();
}

static void leaves_a_list_that_has_changed(void)
{
	unsigned int full;

	for (full = 0; full < 2; full++) {
		begin(full);
		kgc_audit(&allocator, report, taken_off);
		check(asked);
		end();
	}
}

static int begin_all(void)
{
	return parts_begin(RAM_MIB);
}

#define ALL_PROMISES(PROMISE) \
	PROMISE(looks_at_a_few_at_a_time, "an audit holds a lock for 8 spans at most") \
	PROMISE(finds_what_is_wrong_behind_a_pause, "what is wrong with the last span of a list is found") \
	PROMISE(leaves_a_list_that_has_changed, "an audit that is disturbed follows no list any more")

PROGRAM("kgc_audit", begin_all, parts_end);
