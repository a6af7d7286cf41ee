// SPDX-License-Identifier: GPL-2.0
/*
 * Root ranges. The collector scans a bounded number of slots at a time, and drops
 * the lock in between. If a range is removed meanwhile, the stores that clear its
 * slots shade the old values.
 */
#include "../compat.h"
#include "heap.h"
#include "mark.h"
#include "pace.h"
#include "report.h"
#include "root.h"
#include "section.h"
#include "throttle.h"

#define SCAN_SLOTS	64
#define ROOT_REGISTERED	0x6b67632d726f6f74UL

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

/*
 * The token of a registered root. A struct kgc_root need not be initialized before it is
 * registered: it is most unlikely to hold this value by chance.
 */
static unsigned long root_token(const struct kgc_heap *heap,
				const struct kgc_root *root)
{
	return (unsigned long)heap ^ (unsigned long)root ^ ROOT_REGISTERED;
}

/*
 * Have the collector scan @slots from now on. If a slot is not NULL, the caller marks its
 * object. Context: any but NMI.
 */
void kgc_root_insert(struct kgc_heap *heap, struct kgc_root *root, void **slots,
		     size_t nr)
{
	struct kgc_roots *roots = &heap->roots;

	root->slots = slots;
	root->nr = nr;
	root->token = root_token(heap, root);
	guard(raw_spinlock_irqsave)(&roots->lock);
	list_add_tail(&root->link, &roots->list);
}

/**
 * kgc_root_add_slots() - register a range of root slots
 * @heap: the heap
 * @root: memory for book-keeping; the caller keeps it until kgc_root_del()
 * @slots: the slots, all NULL
 * @nr: number of slots
 *
 * Context: any but NMI. Time is linear in @nr.
 */
void kgc_root_add_slots(struct kgc_heap *heap, struct kgc_root *root,
			void **slots, size_t nr)
{
	size_t i;

	if (root->token == root_token(heap, root)) {
		kgc_misuse(heap, "a root is registered twice", root);
		return;
	}
	for (i = 0; i < nr; i++) {
		if (READ_ONCE(slots[i])) {
			kgc_misuse(heap, "a root slot is not NULL when it is registered",
				   slots + i);
			break;
		}
	}
	kgc_root_insert(heap, root, slots, nr);
}
EXPORT_SYMBOL_GPL(kgc_root_add_slots);

/* Stop the collector from scanning the slots of @root. Context: any but NMI. */
void kgc_root_forget(struct kgc_heap *heap, struct kgc_root *root)
{
	struct kgc_roots *roots = &heap->roots;

	root->token = 0;
	guard(raw_spinlock_irqsave)(&roots->lock);
	if (roots->at == root) {
		roots->at = root_after(roots, root);
		roots->slot = 0;
	}
	list_del(&root->link);
}

/**
 * kgc_root_del() - clear a range of root slots and forget it
 * @heap: the heap
 * @root: as given to kgc_root_add_slots()
 *
 * Objects that only these slots referred to become garbage. So a cycle begins within
 * KGC_OPT_PERIOD_MS. Deleting a root that is not registered is misuse.
 *
 * Context: any but NMI, inside or outside a section of this heap. Time is linear in the
 * number of slots.
 */
void kgc_root_del(struct kgc_heap *heap, struct kgc_root *root)
{
	struct kgc_section s;
	size_t i;

	if (root->token != root_token(heap, root)) {
		kgc_misuse(heap, "a root is deleted that is not registered", root);
		return;
	}
	s = kgc_section_inner(heap);
	for (i = 0; i < root->nr; i++)
		kgc_store_slot(s, root->slots + i, NULL);
	kgc_pace_dropped(heap);
	kgc_root_forget(heap, root);
	kgc_exit(s);
	kgc_throttle_refs_dropped(&heap->throttle);
}
EXPORT_SYMBOL_GPL(kgc_root_del);

/* Report a root that is left when the heap ends. Context: the cycle has stopped. */
void kgc_roots_end(struct kgc_heap *heap)
{
	struct kgc_roots *roots = &heap->roots;

	if (!list_empty(&roots->list))
		kgc_misuse(heap, "a root is left when its heap ends",
			   list_first_entry(&roots->list, struct kgc_root, link));
}

void kgc_roots_scan_begin(struct kgc_roots *roots)
{
	guard(raw_spinlock_irq)(&roots->lock);
	roots->at = list_first_entry_or_null(&roots->list, struct kgc_root,
					     link);
	roots->slot = 0;
}

/*
 * Read the values of the next slots, up to @most. @slots receives the addresses of the slots
 * unless it is NULL; the slots may be gone already. Return: number of values, 0 at the end.
 */
unsigned int kgc_roots_next(struct kgc_roots *roots, void **values, void ***slots,
			    unsigned int most)
{
	unsigned int n = 0;

	guard(raw_spinlock_irq)(&roots->lock);
	while (roots->at && n < most) {
		if (roots->slot == roots->at->nr) {
			roots->at = root_after(roots, roots->at);
			roots->slot = 0;
			continue;
		}
		if (slots)
			slots[n] = &roots->at->slots[roots->slot];
		/* pairs with kgc_store_slot() */
		values[n++] = smp_load_acquire(&roots->at->slots[roots->slot++]);
	}
	return n;
}

/* Mark the objects of a bounded number of slots. Return: false if no slot was left. */
bool kgc_roots_scan_some(struct kgc_roots *roots, struct kgc_marker *m)
{
	void *values[SCAN_SLOTS];
	unsigned int i, n = kgc_roots_next(roots, values, NULL, SCAN_SLOTS);

	for (i = 0; i < n; i++)
		kgc_mark_root(m, values[i]);
	return n;
}
