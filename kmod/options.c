// SPDX-License-Identifier: GPL-2.0
/* Options of a heap: a table with one row for each. */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/sizes.h>
#include <linux/time64.h>

#include "alloc/alloc.h"
#include "gc/heap.h"
#include "gc/pace.h"
#include "options.h"

static void goal_changed(struct kgc_heap *heap, u64 value)
{
	kgc_pace_repace(heap);
}

static void period_changed(struct kgc_heap *heap, u64 value)
{
	kgc_pace_period_changed(heap);
}

static void hard_limit_changed(struct kgc_heap *heap, u64 value)
{
	kgc_limit_set(&heap->alloc, value);
	kgc_pace_repace(heap);
}

static void harden_changed(struct kgc_heap *heap, u64 value)
{
	kgc_allocator_harden(&heap->alloc, value);
}

static void profile_changed(struct kgc_heap *heap, u64 value)
{
	kgc_allocator_sample(&heap->alloc, value);
}

#define IN(member)	.offset = offsetof(struct kgc_heap_options, member)

/* Users see the options in this order. */
static const struct kgc_option_row rows[] = {
	{ KGC_OPT_GOGC, "gogc", "percent", 1, 100000, KGC_GOGC_OFF, true,
	  IN(gogc), .changed = goal_changed },
	{ KGC_OPT_PERIOD_MS, "period_ms", "ms", 1, 24 * 60 * 60 * MSEC_PER_SEC,
	  0, true, IN(period_ms), .changed = period_changed },
	{ KGC_OPT_SOFT_LIMIT, "soft_limit", "bytes", 1, U64_MAX, 0, true,
	  IN(soft_limit), .changed = goal_changed },
	{ KGC_OPT_HARD_LIMIT, "hard_limit", "bytes", 1, U64_MAX, 0, true,
	  IN(hard_limit), .changed = hard_limit_changed },
	{ KGC_OPT_CPU_PERCENT, "cpu_percent", "percent", 1, 100,
	  IN(cpu_percent) },
	/* privileged: these two debug options use CPU time and write to the kernel log */
	{ KGC_OPT_VERIFY, "verify", "", 0, 2, .privileged = true, IN(verify),
	  .values = "off check trace" },
	/* takes effect with the next phase, which publishes a new mode for sections */
	{ KGC_OPT_TRACK_SECTIONS, "track_sections", "", 0, 1,
	  .privileged = true, IN(track_sections), .values = "off on" },
	{ KGC_OPT_SCAVENGE, "scavenge", "", KGC_SCAVENGE_LAZY,
	  KGC_SCAVENGE_NOW, IN(scavenge), .values = "lazy now" },
	{ KGC_OPT_HARDEN, "harden", "", 0, KGC_HARDEN_RANDOM | KGC_HARDEN_POISON,
	  0, true, .bits = true, IN(harden), .values = "random poison",
	  .changed = harden_changed },
	/* privileged: with it a heap may disturb CPUs of others beyond its budget */
	{ KGC_OPT_EXPEDITE, "expedite", "", KGC_EXPEDITE_BUDGET,
	  KGC_EXPEDITE_ALWAYS, .privileged = true, IN(expedite),
	  .values = "budget never always" },
	{ KGC_OPT_PROFILE_BYTES, "profile_bytes", "bytes", 1, SZ_1G, 0, true,
	  IN(profile_bytes), .changed = profile_changed },
};

/* The values of a new heap. */
void kgc_options_init(struct kgc_heap *heap)
{
	struct kgc_heap_options *opt = &heap->opt;

	*opt = (struct kgc_heap_options){
		.gogc = 100,
		.period_ms = 2 * 60 * MSEC_PER_SEC,
		.cpu_percent = 25,
		.verify = IS_ENABLED(CONFIG_KGC_DEBUG),
	};
}

/* The option at @index in the table; NULL past the end. */
const struct kgc_option_row *kgc_options_row(unsigned int index)
{
	return index < ARRAY_SIZE(rows) ? &rows[index] : NULL;
}

/* The option with that @id, or NULL. */
const struct kgc_option_row *kgc_options_find(unsigned int id)
{
	const struct kgc_option_row *row;

	for (row = rows; row < rows + ARRAY_SIZE(rows); row++)
		if (row->id == id)
			return row;
	return NULL;
}

static bool allowed(const struct kgc_option_row *row, u64 value)
{
	if (row->has_off && value == row->off)
		return true;
	if (row->bits)
		return !(value & ~row->max);
	return value >= row->min && value <= row->max;
}

static u64 *option_of(struct kgc_heap *heap, const struct kgc_option_row *row)
{
	return (void *)&heap->opt + row->offset;
}

/**
 * kgc_option_set() - change an option of a heap
 * @heap: the heap
 * @option: enum kgc_option_id
 * @value: the new value, in the unit that enum kgc_option_id gives
 *
 * Context: process context, may sleep.
 * Return: 0; -EOPNOTSUPP for an unknown option; -EINVAL for a value out of range.
 */
int kgc_option_set(struct kgc_heap *heap, unsigned int option, u64 value)
{
	const struct kgc_option_row *row = kgc_options_find(option);

	if (!row)
		return -EOPNOTSUPP;
	if (!allowed(row, value))
		return -EINVAL;
	WRITE_ONCE(*option_of(heap, row), value);
	if (row->changed)
		row->changed(heap, value);
	return 0;
}
EXPORT_SYMBOL_GPL(kgc_option_set);

/**
 * kgc_option_get() - read an option of a heap
 * @heap: the heap
 * @option: enum kgc_option_id
 * @value: receives the value
 *
 * Context: any.
 * Return: 0; -EOPNOTSUPP for an unknown option.
 */
int kgc_option_get(struct kgc_heap *heap, unsigned int option, u64 *value)
{
	const struct kgc_option_row *row = kgc_options_find(option);

	if (!row)
		return -EOPNOTSUPP;
	*value = READ_ONCE(*option_of(heap, row));
	return 0;
}
EXPORT_SYMBOL_GPL(kgc_option_get);
