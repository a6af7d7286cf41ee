// SPDX-License-Identifier: GPL-2.0
/* The states of a span: dead, in use, manual. */
#include <check.h>
#include <shim.h>

#include "alloc/audit.h"
#include "alloc/manual.h"
#include "alloc/pagewalk.h"
#include "heap.h"

static void complain(struct kgc_allocator *a, const char *what, const void *where)
{
	trying("%s", what);
	check(!"an audit finds nothing");
}

static bool undisturbed(struct kgc_allocator *a)
{
	return false;
}

/* Count spans by state, in a walk over all pages. @look must be among them. */
static void walk_states(unsigned int nr[KGC_NR_SPAN_STATES], const void *look)
{
	struct kgc_pagewalk walk;
	struct kgc_span_info info;
	unsigned int i;
	bool seen = !look;

	for (i = 0; i < KGC_NR_SPAN_STATES; i++)
		nr[i] = 0;
	kgc_pagewalk_begin(&walk);
	while (kgc_pagewalk_describe(&allocator, &walk, &info)) {
		if (!info.npages)
			continue;
		check(info.used <= info.nelems);
		check(info.state != KGC_SPAN_MANUAL || !info.nelems);
		nr[info.state]++;
		seen |= info.id == look;
	}
	check(seen);
}

static u64 manual_bytes(void)
{
	u64 bytes = 0;
	int nid;

	for_each_node(nid)
		bytes += heap_pages(nid)->manual;
	return bytes;
}

/* A span is a structure without pages, then holds objects, then loses its pages. */
static void states_change(void)
{
	unsigned int nr[KGC_NR_SPAN_STATES];
	struct kgc_span *span;

	heap_begin();
	span = kgc_span_alloc(1, 0, GFP_KERNEL);
	check(span && span->state == KGC_SPAN_DEAD);
	kgc_span_free_struct(span);
	heap_allocate(&layouts[0], layouts[0].bytes, 0);
	span = heap_span_at(objects[0].at);
	check(span->state == KGC_SPAN_INUSE);
	walk_states(nr, span);
	check(nr[KGC_SPAN_INUSE] == 1 && !nr[KGC_SPAN_MANUAL]);
	heap_flush();
	heap_sweep();
	/* kgc keeps the structure for another span, without pages */
	check(span->state == KGC_SPAN_DEAD);
	walk_states(nr, NULL);
	check(!nr[KGC_SPAN_INUSE] && !nr[KGC_SPAN_DEAD]);
	heap_end();
}

/* Look for objects everywhere in @span, and in every slot it could have. */
static void no_object_is_in(struct kgc_span *span)
{
	unsigned long at;
	unsigned int i;

	check(!span->nelems);
	for (i = 0; i < span->nwords * BITS_PER_LONG; i++)
		check(kgc_span_is_free(span, i));
	for (at = span->base; at < span->base + span->size; at += 512)
		check(!kgc_central_survives(&allocator, span, (void *)at, 0, 0));
}

static void manual_spans_are_left_alone(void)
{
	static const size_t sizes[] = { 1, KGC_PAGE_SIZE, KGC_PAGE_SIZE + 1, 100000 };
	static const struct kgc_layout large = {
		.id = 1, .spc = KGC_MANUAL_SPC, .allocated = &allocated_any,
	};
	struct kgc_span *manual[ARRAY_SIZE(sizes)], *found;
	unsigned int nr[KGC_NR_SPAN_STATES], i, round;
	struct kgc_pagewalk walk;
	s64 charged;
	u64 sum = 0;

	heap_begin();
	heap_allocate_any(100, 0);
	/* no_object_is_in() needs a central list of the class that manual spans have */
	heap_allocate(&large, KGC_MAX_SMALL + 1, 0);
	check(allocator.node[0]->central[KGC_MANUAL_SPC]);
	charged = allocator.charged.counter;
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		manual[i] = kgc_manual_alloc(&allocator, sizes[i], GFP_KERNEL);
		check(manual[i] && manual[i]->state == KGC_SPAN_MANUAL);
		check(manual[i]->size == round_up(sizes[i], KGC_PAGE_SIZE));
		heap_filled((u8 *)manual[i]->base, manual[i]->size, 0);
		memset((void *)manual[i]->base, 0x40 + i, manual[i]->size);
		sum += manual[i]->size;
	}
	check(manual_bytes() == sum && heap_pages(0)->inuse >= sum);
	/* a cycle frees no manual span, so none may make a cycle due */
	check(allocator.charged.counter == charged);
	walk_states(nr, manual[0]);
	check(nr[KGC_SPAN_MANUAL] == ARRAY_SIZE(sizes) && nr[KGC_SPAN_INUSE]);
	kgc_pagewalk_begin(&walk);
	while (kgc_pagewalk_next(&allocator, &walk, &found))
		check(!found || found->state == KGC_SPAN_INUSE);
	for (round = 0; round < 3; round++) {
		nr_objects = heap_mark(round ? 0 : 50);
		heap_flush();
		heap_sweep();
		kgc_audit(&allocator, complain, undisturbed);
		for (i = 0; i < ARRAY_SIZE(sizes); i++) {
			no_object_is_in(manual[i]);
			heap_filled((u8 *)manual[i]->base, manual[i]->size, 0x40 + i);
		}
	}
	check(heap_pages(0)->inuse == sum);
	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		kgc_manual_free(&allocator, manual[i]);
		check(manual[i]->state == KGC_SPAN_DEAD);
	}
	check(!manual_bytes() && !heap_pages(0)->inuse);
	/* the contents are in no object; kgc uses the structures again for any span */
	nr_objects = 0;
	heap_allocate_any(500, 0);
	nr_objects = heap_mark(100);
	heap_flush();
	heap_sweep();
	check_heap_at_rest();
	kgc_audit(&allocator, complain, undisturbed);
	heap_end();
}

/* Manual spans obey limits, refuse impossible sizes, and end with the heap. */
static void manual_spans_are_bounded(void)
{
	struct kgc_span *span;
	unsigned int n, before = pressed;

	heap_begin();
	kgc_limit_set(&allocator, 1 << 20);
	check(!kgc_manual_alloc(&allocator, 0, GFP_KERNEL));
	check(!kgc_manual_alloc(&allocator, KGC_MAX_OBJECT + 1, GFP_KERNEL));
	check(pressed == before);
	for (n = 0; (span = kgc_manual_alloc(&allocator, 50000, GFP_KERNEL)); n++)
		memset((void *)span->base, 0x55, span->size);
	check(n >= 8 && n * 7 * KGC_PAGE_SIZE <= 1 << 20);
	check(pressed == before + 1);
	check(atomic64_read(&allocator.limit.pages) <= 1 << 20);
	heap_end();
}

#ifdef SHIM_FAILS

/* Spans share no cache line, so CPUs that use two spans write to different lines. */
static void spans_lie_on_lines_of_their_own(void)
{
	unsigned int line, i;
	struct kgc_span *span;

	for (line = 32; line <= 256; line *= 2) {
		kgc_span_cache_exit();
		shim_line = line;
		check(!kgc_span_cache_init());
		for (i = 0; i < KGC_NR_SPAN_SIZES; i++) {
			trying("lines of %u bytes, %u words", line, 1 << i);
			check(kgc_span_bytes(i) % line == 0);
			span = kgc_span_alloc(BITS_PER_LONG << i, 0, GFP_KERNEL);
			check(span && (unsigned long)span % line == 0);
			kgc_span_free_struct(span);
		}
	}
	kgc_span_cache_exit();
	shim_line = 64;
	check(!kgc_span_cache_init());
}

#define FAILING_PROMISES(PROMISE) \
	PROMISE(spans_lie_on_lines_of_their_own, "span structures share no cache line, whatever the machine's are") \

#else
#define FAILING_PROMISES(PROMISE)
#endif

#define ALL_PROMISES(PROMISE) \
	FAILING_PROMISES(PROMISE) \
	PROMISE(states_change, "a span has pages in use, or is dead") \
	PROMISE(manual_spans_are_left_alone, "a manual span is swept, found and counted as objects by nothing") \
	PROMISE(manual_spans_are_bounded, "manual spans keep to the limit and go with the heap")

PROGRAM("kgc_states", heap_init, heap_exit);
