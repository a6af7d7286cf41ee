// SPDX-License-Identifier: GPL-2.0
/* A module breaks rules of <linux/kgc.h>. */
#include <linux/hardirq.h>
#include <linux/kasan.h>
#include <linux/module.h>

#include "kmod/alloc/poison.h"
#include "misuse.h"

/*
 * Move the only pointer to a white object, without the barrier, into a black object
 * that no marker has a reason to scan.
 */
static void hide(void)
{
	struct kgc_section s = kgc_enter(heap);
	struct other *black = kgc_alloc(s, other_type, GFP_KERNEL);
	struct node *from = kgc_load(s, &slots[0]);

	raw_store(&black->next, kgc_load(s, &from->next));
	raw_store(&from->next, NULL);
	kgc_store(s, &other_slot, black);
	kgc_exit(s);
}

static void raw_store_hides(void)
{
	struct node *n = plant(0);
	struct kgc_section s = kgc_enter(heap);

	kgc_store(s, &n->next, kgc_alloc(s, type, GFP_KERNEL));
	kgc_exit(s);
	while_marking(hide);
}

static void nested_section(void)
{
	struct kgc_section outer = kgc_enter(heap);
	struct kgc_section inner = kgc_enter(heap);

	kgc_exit(inner);
	kgc_exit(outer);
}

static void nested_twice(void)
{
	nested_section();
	nested_section();
}

static void section_is_over(void)
{
	struct kgc_section s = kgc_enter(heap);

	kgc_exit(s);
	kgc_load(s, &slots[0]);
}

/* The section's entry in the table belongs to another section by now. */
static void section_is_another(void)
{
	struct kgc_section s = kgc_enter(heap);
	struct holder other;

	kgc_exit(s);
	holder_begin(&other);
	kgc_load(s, &slots[0]);
	holder_end(&other);
}

/* Return: a freed node. Its neighbour lives, so that the span stays. */
static struct node *stale(void)
{
	struct node *n = plant(0);

	plant(1);
	uproot(0);
	kgc_collect(heap, 2);
	return n;
}

/* The check must report this. Silence KASAN, which would report the load after it. */
static void stale_pointer_loads(void)
{
	struct node *n = stale();
	struct kgc_section s = kgc_enter(heap);

	kasan_disable_current();
	kgc_load(s, &n->next);
	kasan_enable_current();
	kgc_exit(s);
}

static void stale_pointer_stored(void)
{
	struct node *n = stale();
	struct kgc_section s = kgc_enter(heap);

	kgc_store(s, &slots[0], n);
	kgc_exit(s);
	uproot(0);
}

/* The barrier shades a stale pointer that was stored without kgc_store(). */
static void shade_what_is_gone(void)
{
	raw_store(&slots[0], stale());
	uproot(0);
}

/* Store to a field of one heap in a section of another. */
static void field_is_foreign(void)
{
	struct kgc_heap *another = kgc_heap_create("kgc_another", THIS_MODULE);
	struct node *n = plant(0);
	struct kgc_section s;

	if (IS_ERR(another))
		return;
	s = kgc_enter(another);
	kgc_store(s, &n->next, NULL);
	kgc_exit(s);
	noticed = kgc_misused(&another->report);
	kgc_heap_destroy(another);
}

static const struct kgc_type_desc large_desc = {
	.name = "large", .size = 100000, .align = 8, .flags = KGC_DESC_NOSCAN,
	.owner = THIS_MODULE,
};

static const struct kgc_type_desc words_desc = {
	.name = "words", .size = 8, .align = 8,
	.flags = KGC_DESC_NOSCAN | KGC_DESC_ARRAY, .owner = THIS_MODULE,
};

static void allocate_in_nmi(void)
{
	struct kgc_type *large = kgc_type_register(heap, &large_desc);
	struct kgc_type *words = kgc_type_register(heap, &words_desc);
	struct kgc_section s;
	void *objs[8];
	bool got;

	if (IS_ERR(large) || IS_ERR(words))
		return;
	/* a slot is ready, so an allocation could succeed */
	plant(0);
	s = kgc_enter(heap);
	local_irq_disable();
	preempt_count_add(NMI_OFFSET + HARDIRQ_OFFSET);
	got = kgc_alloc(s, type, GFP_ATOMIC) || kgc_alloc(s, large, GFP_ATOMIC) ||
	      kgc_alloc_array(s, words, 10, GFP_ATOMIC) ||
	      kgc_alloc_bulk(s, type, GFP_ATOMIC, ARRAY_SIZE(objs), objs);
	preempt_count_sub(NMI_OFFSET + HARDIRQ_OFFSET);
	local_irq_enable();
	noticed = !got;
	kgc_exit(s);
	uproot(0);
}

static void array_of_no_array_type(void)
{
	struct kgc_section s = kgc_enter(heap);

	noticed = !kgc_alloc_array(s, type, 4, GFP_KERNEL);
	kgc_exit(s);
}

static void object_of_array_type(void)
{
	struct kgc_type *words = kgc_type_register(heap, &words_desc);
	struct kgc_section s;
	void *objs[8];

	if (IS_ERR(words))
		return;
	s = kgc_enter(heap);
	noticed = !kgc_alloc(s, words, GFP_KERNEL) &&
		  !kgc_alloc_bulk(s, words, GFP_KERNEL, ARRAY_SIZE(objs), objs);
	kgc_exit(s);
}

/* An object is allocated black, never stored, and kept past kgc_exit() for a cycle. */
static void floating_comes_back(void)
{
	if (!while_marking(leave_floating))
		return;
	raw_store(&slots[0], floater);
	kgc_collect(heap, 1);
}

/* No root reaches the object, but the barrier still marks it through a raw store. */
static void mark_floater(void)
{
	struct kgc_section s = kgc_enter(heap);

	raw_store(&slots[1], floater);
	kgc_store(s, &slots[1], NULL);
	kgc_exit(s);
}

static void floats_again(void)
{
	if (while_marking(leave_floating))
		while_marking(mark_floater);
}

/* @open: clear the freed slot as if it were in use; otherwise poison it again. */
static void slot_open(struct node *n, bool open)
{
	if (open) {
		kgc_unpoison_slot(n, sizeof(*n), sizeof(*n));
		kgc_clear_words(n, sizeof(*n));
	} else {
		kgc_poison_clear(n, sizeof(*n));
	}
}

static void root_is_gone(void)
{
	struct node *n = stale();

	slot_open(n, true);
	raw_store(&slots[0], n);
	kgc_collect(heap, 1);
	raw_store(&slots[0], NULL);
	slot_open(n, false);
}

const struct fault rule_faults[] = {
	{ "raw-store", raw_store_hides },
	{ "floating-back", floating_comes_back },
	{ "floating-again", floats_again },
	{ "root-gone", root_is_gone },
	{ "nested-section", nested_section, NULL, true },
	{ "section-over", section_is_over, NULL, true },
	{ "section-another", section_is_another, NULL, true },
	{ "stale-load", stale_pointer_loads, NULL, true },
	{ "stale-store", stale_pointer_stored, NULL, true },
	{ "shade-freed", shade_what_is_gone, NULL, true },
	{ "field-foreign", field_is_foreign, NULL, true },
	{ "nested-twice", nested_twice, NULL, true },
	{ "nmi", allocate_in_nmi },
	{ "array-of-none", array_of_no_array_type },
	{ "one-of-array", object_of_array_type },
	{ }
};
