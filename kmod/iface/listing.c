// SPDX-License-Identifier: GPL-2.0
/*
 * The list of heaps that the caller may see: numbers, names and counters, but no contents
 * and no addresses.
 *
 * The listing keeps a heap from ending while it reads the counters, but not while it
 * copies them to userspace, because the copy may wait as long as userspace likes.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/pid_namespace.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>
#include <linux/user_namespace.h>

#include "../gc/heap.h"
#include "../registry.h"
#include "../stats/stats.h"
#include "listing.h"

#define FIRST_VERSION	offsetofend(struct kgc_heap_entry, stats.refused)

/* The opener's PID in the caller's PID namespace; 0 if it is not visible there. */
static pid_t opener_nr(const struct kgc_heap *heap)
{
	return pid_nr_ns(heap->opener_pid, task_active_pid_ns(current));
}

/*
 * Whether the caller may see the heap. The check writes no audit record, because a caller
 * without the capability does nothing wrong: it just sees fewer heaps.
 * Context: the registry is locked.
 */
static bool is_visible(const struct kgc_heap *heap)
{
	const struct cred *opener = heap->opener;

	if (!opener)
		return ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN);
	if (!opener_nr(heap))
		return false;
	if (opener->user_ns == current_user_ns() &&
	    uid_eq(opener->euid, current_euid()))
		return true;
	return ns_capable_noaudit(opener->user_ns, CAP_SYS_ADMIN);
}

/* @size: size of the caller's version of the entry, in bytes */
static void entry_fill(struct kgc_heap *heap, struct kgc_heap_entry *entry, size_t size)
{
	memset(entry, 0, sizeof(*entry));
	entry->id = heap->id;
	entry->created_ns = heap->created_ns;
	if (heap->opener) {
		entry->uid = from_kuid_munged(current_user_ns(), heap->opener->euid);
		/* the heap's own name has the PID in the initial namespace */
		snprintf(entry->name, sizeof(entry->name), "%d%s", opener_nr(heap),
			 strchrnul(heap->name, '/'));
	} else {
		entry->flags = KGC_HEAP_OF_MODULE;
		strscpy(entry->name, heap->name, sizeof(entry->name));
	}
	if (READ_ONCE(heap->report.aside))
		entry->flags |= KGC_HEAP_ASIDE;
	entry->stats.size = sizeof(entry->stats);
	kgc_stats_heap(heap, &entry->stats);
	entry->stats.size = min(size - offsetof(struct kgc_heap_entry, stats),
				sizeof(entry->stats));
}

/* Fill in the first visible heap above @after. Return: whether there is one. */
static bool entry_next(u32 after, struct kgc_heap_entry *entry, size_t size)
{
	struct kgc_heap *heap;
	u32 id = after;

	/* the registry gives no number above INT_MAX */
	while (id < INT_MAX && !fatal_signal_pending(current)) {
		id++;
		heap = kgc_registry_step(&id, is_visible);
		if (heap) {
			entry_fill(heap, entry, size);
			kgc_registry_put(heap);
			return true;
		}
		if (!id)
			return false;
		cond_resched();
	}
	return false;
}

/* The caller's struct kgc_heap_entry may be shorter or longer than this one. */
static int entry_copy(void __user *to, size_t size, const struct kgc_heap_entry *entry)
{
	size_t known = min(size, sizeof(*entry));

	if (copy_to_user(to, entry, known) || clear_user(to + known, size - known))
		return -EFAULT;
	return 0;
}

/*
 * Carry out KGC_HEAPS. Context: process context, may sleep. Return: 0; -EINVAL for an
 * entry size that is too small, -E2BIG for one that is too large; -EFAULT; -EINTR.
 */
int kgc_listing_read(struct kgc_heaps *heaps)
{
	void __user *to = u64_to_user_ptr(heaps->entries);
	struct kgc_heap_entry entry;
	u32 after = heaps->after;
	int err = 0;

	if (heaps->entry_size < FIRST_VERSION)
		return -EINVAL;
	if (heaps->entry_size > PAGE_SIZE)
		return -E2BIG;
	while (!err && heaps->done < heaps->nr && entry_next(after, &entry, heaps->entry_size)) {
		after = entry.id;
		err = entry_copy(to + (size_t)heaps->done * heaps->entry_size,
				 heaps->entry_size, &entry);
		if (!err)
			heaps->done++;
	}
	if (!err && fatal_signal_pending(current))
		err = -EINTR;
	return err;
}
