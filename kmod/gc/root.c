// SPDX-License-Identifier: GPL-2.0
/*
 * Root ranges. The collector scans them a bounded number of slots at a time,
 * with the lock dropped in between; a range that is removed meanwhile has its
 * values shaded by the stores that clear it.
 */
#include "heap.h"
#include "mark.h"
#include "root.h"
#include "throttle.h"

#define SCAN_SLOTS	64

void kgc_roots_init(struct kgc_roots *roots)
{
	raw_spin_lock_init(&roots->lock);
	INIT_LIST_HEAD(&roots->list);
}

static struct kgc_root *root_after(struct kgc_roots *roots,
				   struct kgc_root *root)
{
	if (list_is_last(&root->link, &roots->list))
		return NULL;
	return list_next_entry(root, link);
}

/**
 * kgc_root_add_slots() - register a range of root slots
 * @heap: the heap
 * @root: book-keeping, the caller's, until kgc_root_del()
 * @slots: the slots, all NULL
 * @nr: how many
 *
 * Context: any but NMI.
 */
void kgc_root_add_slots(struct kgc_heap *heap, struct kgc_root *root,
			void **slots, size_t nr)
{
	struct kgc_roots *roots = &heap->roots;
	unsigned long flags;

	root->slots = slots;
	root->nr = nr;
	raw_spin_lock_irqsave(&roots->lock, flags);
	list_add_tail(&root->link, &roots->list);
	roots->nr++;
	raw_spin_unlock_irqrestore(&roots->lock, flags);
}
EXPORT_SYMBOL_GPL(kgc_root_add_slots);

/**
 * kgc_root_del() - clear a range of root slots and forget it
 * @heap: the heap
 * @root: as given to kgc_root_add_slots()
 *
 * Context: any but NMI, not inside a section of this heap: it enters one. Time is
 * linear in the number of slots.
 */
void kgc_root_del(struct kgc_heap *heap, struct kgc_root *root)
{
	struct kgc_roots *roots = &heap->roots;
	struct kgc_section s = kgc_enter(heap);
	unsigned long flags;
	size_t i;

	for (i = 0; i < root->nr; i++)
		kgc_store_slot(s, root->slots + i, NULL);
	raw_spin_lock_irqsave(&roots->lock, flags);
	if (roots->at == root) {
		roots->at = root_after(roots, root);
		roots->slot = 0;
	}
	list_del(&root->link);
	roots->nr--;
	raw_spin_unlock_irqrestore(&roots->lock, flags);
	kgc_exit(s);
	kgc_throttle_let_go(&heap->throttle);
}
EXPORT_SYMBOL_GPL(kgc_root_del);

void kgc_roots_scan_begin(struct kgc_roots *roots)
{
	raw_spin_lock_irq(&roots->lock);
	roots->at = list_first_entry_or_null(&roots->list, struct kgc_root,
					     link);
	roots->slot = 0;
	raw_spin_unlock_irq(&roots->lock);
}

/* Values of the next slots, @most of them at most. Return: how many it were. */
unsigned int kgc_roots_next(struct kgc_roots *roots, void **values,
			    unsigned int most)
{
	unsigned int n = 0;

	raw_spin_lock_irq(&roots->lock);
	while (roots->at && n < most) {
		if (roots->slot == roots->at->nr) {
			roots->at = root_after(roots, roots->at);
			roots->slot = 0;
			continue;
		}
		/* pairs with kgc_store_slot() */
		values[n++] = smp_load_acquire(&roots->at->slots[roots->slot++]);
	}
	raw_spin_unlock_irq(&roots->lock);
	return n;
}

/* Mark what a bounded number of slots hold. Return: whether any were left. */
bool kgc_roots_scan_some(struct kgc_roots *roots, struct kgc_marker *m)
{
	void *values[SCAN_SLOTS];
	unsigned int i, n = kgc_roots_next(roots, values, SCAN_SLOTS);

	for (i = 0; i < n; i++)
		kgc_mark_root(m, values[i]);
	return n;
}
