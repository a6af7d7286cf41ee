// SPDX-License-Identifier: GPL-2.0
/* Options of a heap. */
#include <linux/module.h>

#include "alloc/alloc.h"
#include "gc/heap.h"
#include "gc/pace.h"
#include "options.h"

/* What a new heap has. */
void kgc_options_init(struct kgc_heap *heap)
{
	heap->opt.gogc = 100;
	heap->opt.period_ms = 2 * 60 * MSEC_PER_SEC;
	heap->opt.cpu_percent = 25;
	heap->opt.verify = IS_ENABLED(CONFIG_KGC_DEBUG);
}

/**
 * kgc_option_set() - change an option of a heap
 * @heap: the heap
 * @option: enum kgc_option_id
 * @value: its value, see there
 *
 * Context: process context, may sleep.
 * Return: 0; -EOPNOTSUPP for an unknown option; -EINVAL out of range.
 */
int kgc_option_set(struct kgc_heap *heap, unsigned int option, u64 value)
{
	struct kgc_heap_options *opt = &heap->opt;

	switch (option) {
	case KGC_OPT_GOGC:
		if (value != KGC_GOGC_OFF && (!value || value > 100000))
			return -EINVAL;
		opt->gogc = value;
		kgc_pace_repace(heap);
		return 0;
	case KGC_OPT_PERIOD_MS:
		if (value > 24 * 60 * 60 * MSEC_PER_SEC)
			return -EINVAL;
		WRITE_ONCE(opt->period_ms, value);
		kgc_pace_period_changed(heap);
		return 0;
	case KGC_OPT_SOFT_LIMIT:
		WRITE_ONCE(opt->soft_limit, value);
		kgc_pace_repace(heap);
		return 0;
	case KGC_OPT_HARD_LIMIT:
		kgc_limit_set(&heap->alloc, value);
		return 0;
	case KGC_OPT_CPU_PERCENT:
		if (!value || value > 100)
			return -EINVAL;
		WRITE_ONCE(opt->cpu_percent, value);
		return 0;
	case KGC_OPT_TRACK_SECTIONS:
		if (value > 1)
			return -EINVAL;
		/* sections learn of it with the next phase */
		WRITE_ONCE(opt->track_sections, value);
		return 0;
	case KGC_OPT_VERIFY:
		if (value > 2)
			return -EINVAL;
		WRITE_ONCE(opt->verify, value);
		return 0;
	case KGC_OPT_SCAVENGE:
		if (value > KGC_SCAVENGE_NOW)
			return -EINVAL;
		WRITE_ONCE(opt->scavenge, value);
		return 0;
	case KGC_OPT_HARDEN:
		if (value & ~(u64)(KGC_HARDEN_RANDOM | KGC_HARDEN_POISON))
			return -EINVAL;
		/* for what is allocated from a new span, or swept, from now on */
		kgc_allocator_harden(&heap->alloc, value);
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
EXPORT_SYMBOL_GPL(kgc_option_set);

/**
 * kgc_option_get() - read an option of a heap
 * @heap: the heap
 * @option: enum kgc_option_id
 * @value: receives it
 *
 * Context: any.
 * Return: 0; -EOPNOTSUPP for an unknown option.
 */
int kgc_option_get(struct kgc_heap *heap, unsigned int option, u64 *value)
{
	switch (option) {
	case KGC_OPT_GOGC:
		*value = heap->opt.gogc;
		return 0;
	case KGC_OPT_PERIOD_MS:
		*value = heap->opt.period_ms;
		return 0;
	case KGC_OPT_SOFT_LIMIT:
		*value = heap->opt.soft_limit;
		return 0;
	case KGC_OPT_HARD_LIMIT:
		*value = heap->alloc.hard_limit;
		return 0;
	case KGC_OPT_CPU_PERCENT:
		*value = heap->opt.cpu_percent;
		return 0;
	case KGC_OPT_TRACK_SECTIONS:
		*value = heap->opt.track_sections;
		return 0;
	case KGC_OPT_VERIFY:
		*value = heap->opt.verify;
		return 0;
	case KGC_OPT_SCAVENGE:
		*value = heap->opt.scavenge;
		return 0;
	case KGC_OPT_HARDEN:
		*value = heap->alloc.harden;
		return 0;
	default:
		return -EOPNOTSUPP;
	}
}
EXPORT_SYMBOL_GPL(kgc_option_get);
