// SPDX-License-Identifier: GPL-2.0
/*
 * Sections that keep a cycle waiting.
 *
 * A section that does not end delays the grace periods of its own heap, and
 * nothing else. How long is always reported: in debugfs, and in the log after
 * ten seconds and then each time the wait has doubled. Who and where is known
 * when the option track_sections is on: then sections are entered with
 * KGC_MODE_TRACK, and enter and exit leave notes in a small table.
 */
#include <linux/ktime.h>
#include <linux/seq_file.h>

#include "../heap.h"
#include "section.h"

#define FIRST_WARNING_MS	10000

/* The entry's number + 1 is kept in the token, above SRCU's reader index. */
#define TRACK_SHIFT	8

/* kgc_enter() with tracking on. */
struct kgc_section __kgc_section_note(struct kgc_section s)
{
	struct kgc_sections *sections = &s.heap->sections;
	struct kgc_tracked *t = NULL;
	unsigned long flags;
	unsigned int i;

	raw_spin_lock_irqsave(&sections->lock, flags);
	for (i = 0; i < KGC_TRACKED && !t; i++)
		if (!sections->tracked[i].ip)
			t = &sections->tracked[i];
	if (t) {
		t->ip = _RET_IP_;
		t->pid = in_task() ? task_pid_nr(current) : 0;
		strscpy(t->comm, in_task() ? current->comm : "interrupt",
			sizeof(t->comm));
		t->since_ns = ktime_get_ns();
		s.srcu |= (t - sections->tracked + 1) << TRACK_SHIFT;
	} else {
		sections->missed++;
	}
	raw_spin_unlock_irqrestore(&sections->lock, flags);
	return s;
}
EXPORT_SYMBOL_GPL(__kgc_section_note);

/* kgc_exit() of a section entered so. Return: SRCU's reader index. */
int __kgc_section_forget(struct kgc_section s)
{
	struct kgc_sections *sections = &s.heap->sections;
	unsigned int i = s.srcu >> TRACK_SHIFT;
	unsigned long flags;

	if (i) {
		raw_spin_lock_irqsave(&sections->lock, flags);
		sections->tracked[i - 1].ip = 0;
		raw_spin_unlock_irqrestore(&sections->lock, flags);
	}
	return s.srcu & ((1 << TRACK_SHIFT) - 1);
}
EXPORT_SYMBOL_GPL(__kgc_section_forget);

/* How long the cycle has been waiting for sections, in ns; 0 when it is not. */
static u64 waiting_ns(struct kgc_heap *heap)
{
	u64 since = READ_ONCE(heap->cycle.sections_since_ns);

	return since ? ktime_get_ns() - since : 0;
}

static void print_oldest(struct kgc_heap *heap)
{
	struct kgc_sections *sections = &heap->sections;
	struct kgc_tracked oldest = { .since_ns = U64_MAX };
	unsigned int i;

	raw_spin_lock_irq(&sections->lock);
	for (i = 0; i < KGC_TRACKED; i++)
		if (sections->tracked[i].ip &&
		    sections->tracked[i].since_ns < oldest.since_ns)
			oldest = sections->tracked[i];
	raw_spin_unlock_irq(&sections->lock);
	if (oldest.ip)
		pr_warn("kgc: heap %u: the oldest section is %s/%d, entered at %pS\n",
			heap->id, oldest.comm, oldest.pid, (void *)oldest.ip);
}

static void watch_work(struct work_struct *work)
{
	struct kgc_sections *sections = container_of(to_delayed_work(work),
						     struct kgc_sections, watch);
	struct kgc_heap *heap = container_of(sections, struct kgc_heap,
					     sections);
	u64 ns = waiting_ns(heap);

	kgc_pace_woken(heap);
	if (!ns || READ_ONCE(heap->dying))
		return;
	pr_warn("kgc: heap %u (%s): cycle %llu has been waiting %llu ms for sections\n",
		heap->id, heap->name, heap->cycle.begun,
		div_u64(ns, NSEC_PER_MSEC));
	if (READ_ONCE(heap->opt.track_sections))
		print_oldest(heap);
	queue_delayed_work(kgc_wq, &sections->watch, nsecs_to_jiffies(ns));
}

/* The cycle begins to wait for the sections that are open now. */
void kgc_sections_wait_begin(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->cycle.sections_since_ns, ktime_get_ns());
	queue_delayed_work(kgc_wq, &heap->sections.watch,
			   msecs_to_jiffies(FIRST_WARNING_MS));
}

/* They have ended. Context: any but NMI. */
void kgc_sections_wait_end(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->cycle.sections_since_ns, 0);
	cancel_delayed_work(&heap->sections.watch);
}

/* One line how long a cycle waits, then one per section known. */
void kgc_sections_show(struct seq_file *m, struct kgc_heap *heap)
{
	struct kgc_sections *sections = &heap->sections;
	u64 now = ktime_get_ns();
	unsigned int i;

	seq_printf(m, "waiting_us %llu\n", div_u64(waiting_ns(heap),
						   NSEC_PER_USEC));
	seq_printf(m, "untracked %llu\n", READ_ONCE(sections->missed));
	for (i = 0; i < KGC_TRACKED; i++) {
		struct kgc_tracked t;

		raw_spin_lock_irq(&sections->lock);
		t = sections->tracked[i];
		raw_spin_unlock_irq(&sections->lock);
		if (t.ip)
			seq_printf(m, "section pid %d comm %s age_us %llu at %pS\n",
				   t.pid, t.comm,
				   div_u64(now - t.since_ns, NSEC_PER_USEC),
				   (void *)t.ip);
	}
}

void kgc_sections_init(struct kgc_heap *heap)
{
	raw_spin_lock_init(&heap->sections.lock);
	INIT_DELAYED_WORK(&heap->sections.watch, watch_work);
}

/* The heap is dying, the cycle has stopped. Context: may sleep. */
void kgc_sections_stop(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->sections.watch);
}
