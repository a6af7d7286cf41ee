// SPDX-License-Identifier: GPL-2.0
/*
 * Sections that keep a cycle waiting.
 *
 * A section that does not end delays the grace periods of its own heap, and of no
 * other. kgc always reports how long a cycle has been waiting: in debugfs, and in the
 * log after ten seconds and again each time the wait has doubled. With the option
 * track_sections it also reports which task entered, and where: sections then have
 * KGC_MODE_TRACK, and kgc_enter() and kgc_exit() note them in a small table.
 *
 * Builds with KGC_DEBUG=1 note all sections. There the table also reveals a task that
 * enters twice, and a section that is used after its end.
 */
#include <linux/ktime.h>
#include <linux/seq_file.h>

#include "../alloc/histogram.h"
#include "../compat.h"
#include "heap.h"
#include "lookup.h"
#include "mark.h"
#include "report.h"
#include "section.h"
#include "trace.h"
#include "work.h"

#define TRACER_TIMEOUT	(HZ / 5)	/* longest wait of a section for the tracer */
#define FIRST_WARNING_MS	10000

/*
 * The token holds the number of the section's entry, above SRCU's reader index:
 *
 *	bits 30..16: serial | 15..8: entry + 1, or 0 for none | 7..0: SRCU
 */
#define TRACK_SHIFT	8
#define SERIAL_SHIFT	16
#define SERIAL_MASK	0x7fffU

static_assert(KGC_TRACKED < 1 << (SERIAL_SHIFT - TRACK_SHIFT));

static struct kgc_tracked *tracked_of(struct kgc_section s)
{
	unsigned int i = s.srcu >> TRACK_SHIFT & (BIT(SERIAL_SHIFT -
						      TRACK_SHIFT) - 1);

	return i ? &s.heap->sections.tracked[i - 1] : NULL;
}

/* Whether @task has an open section already. Context: lock held. */
static bool is_inside(const struct kgc_sections *sections,
		      const struct task_struct *task)
{
	unsigned int i;

	for (i = 0; task && i < KGC_TRACKED; i++)
		if (sections->tracked[i].ip && sections->tracked[i].task == task)
			return true;
	return false;
}

/*
 * From now on a section that begins waits for kgc_sections_resume(), if it may sleep.
 * Context: the state machine.
 */
void kgc_sections_halt(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->sections.disturbed, false);
	WRITE_ONCE(heap->sections.halted, true);
}

/* Whether a section began after kgc_sections_halt() and before kgc_sections_resume(). */
bool kgc_sections_disturbed(struct kgc_heap *heap)
{
	/* pairs with section_halted(): a caller that saw its changes sees the flag too */
	smp_mb();
	return READ_ONCE(heap->sections.disturbed);
}

void kgc_sections_resume(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->sections.halted, false);
	wake_up_all(&heap->sections.resumed);
}

static bool may_wait(void)
{
	return in_task() && preemptible() && !rcu_preempt_depth() &&
	       !(current->flags & PF_EXITING);
}

/* Leave the SRCU read-side section, wait for the tracer, and enter SRCU again. */
static void section_pause(struct kgc_section *s)
{
	struct kgc_sections *sections = &s->heap->sections;

	/* sparse sees an unlock without its lock, which is in kgc_enter() */
	__acquire(&s->heap->front.srcu);
	srcu_read_unlock(&s->heap->front.srcu, s->srcu);
	wait_event_timeout(sections->resumed, !READ_ONCE(sections->halted),
			   TRACER_TIMEOUT);
	s->srcu = srcu_read_lock(&s->heap->front.srcu);
	__release(&s->heap->front.srcu);
}

/* Return: @s, or a section begun anew if this one had to wait for the tracer. */
static struct kgc_section section_halted(struct kgc_section s)
{
	struct kgc_sections *sections = &s.heap->sections;

	if (likely(!READ_ONCE(sections->halted)))
		return s;
	if (may_wait()) {
		section_pause(&s);
		/* pairs with kgc_phase_publish(), as in kgc_enter() */
		s.mode = smp_load_acquire(&s.heap->front.mode);
		if (!READ_ONCE(sections->halted))
			return s;
	}
	WRITE_ONCE(sections->disturbed, true);
	smp_mb();	/* pairs with kgc_sections_disturbed() */
	return s;
}

/* What kgc_enter() does in addition for a section that is tracked. */
struct kgc_section __kgc_section_note(struct kgc_section s)
{
	struct kgc_sections *sections = &s.heap->sections;
	struct task_struct *task = in_task() ? current : NULL;
	struct kgc_tracked *t = NULL;
	unsigned long flags;
	unsigned int i;
	bool nested;

	s = section_halted(s);
	/* a mode read after the pause may not have the flag, but kgc_exit() needs it */
	s.mode |= KGC_MODE_TRACK;
	raw_spin_lock_irqsave(&sections->lock, flags);
	nested = IS_ENABLED(CONFIG_KGC_DEBUG) && is_inside(sections, task);
	for (i = 0; i < KGC_TRACKED && !t; i++)
		if (!sections->tracked[i].ip)
			t = &sections->tracked[i];
	if (t) {
		t->ip = _RET_IP_;
		t->task = task;
		t->serial = (t->serial + 1) & SERIAL_MASK;
		t->pid = task ? task_pid_nr(task) : 0;
		strscpy(t->comm, task ? task->comm : "interrupt",
			sizeof(t->comm));
		t->since_ns = ktime_get_ns();
		s.srcu |= (t - sections->tracked + 1) << TRACK_SHIFT |
			  t->serial << SERIAL_SHIFT;
	} else {
		sections->missed++;
	}
	raw_spin_unlock_irqrestore(&sections->lock, flags);
	if (t)
		trace_kgc_section_begin(s.heap->id, _RET_IP_);
	if (nested)
		kgc_misuse(s.heap, "a section inside a section",
			   (void *)_RET_IP_);
	return s;
}
EXPORT_SYMBOL_GPL(__kgc_section_note);

/*
 * kgc_enter() for a caller that stores only NULL. This section may nest in another one,
 * because it publishes no pointer that was obtained there. Context: any but NMI.
 */
struct kgc_section kgc_section_inner(struct kgc_heap *heap)
	__acquires(kgc_section) __acquires(srcu)
{
	struct kgc_section s = { .heap = heap };

	__acquire(kgc_section);
	s.srcu = srcu_read_lock(&heap->front.srcu);
	s.mode = smp_load_acquire(&heap->front.mode);	/* kgc_phase_publish() */
	if (s.mode & KGC_MODE_TRACK)
		s = section_halted(s);
	/* the section has no entry in the table, so kgc_exit() need not free one */
	s.mode &= ~KGC_MODE_TRACK;
	return s;
}

/* What kgc_exit() does for a tracked section. Return: SRCU's reader index. */
int __kgc_section_forget(struct kgc_section s)
{
	struct kgc_sections *sections = &s.heap->sections;
	struct kgc_tracked *t = tracked_of(s);

	if (t) {
		/* while this section is open, no other section writes its entry */
		u64 ns = ktime_get_ns() - t->since_ns;

		kgc_histogram_add(&sections->took, ns);
		trace_kgc_section_end(s.heap->id, t->ip, ns);
		guard(raw_spinlock_irqsave)(&sections->lock);
		t->ip = 0;
	}
	return s.srcu & ((1 << TRACK_SHIFT) - 1);
}
EXPORT_SYMBOL_GPL(__kgc_section_forget);

#ifdef CONFIG_KGC_DEBUG
static bool is_over(struct kgc_section s)
{
	const struct kgc_tracked *t = tracked_of(s);

	/* while this section is open, no other section writes its entry */
	return t && (!READ_ONCE(t->ip) ||
		     READ_ONCE(t->serial) != s.srcu >> SERIAL_SHIFT);
}

static bool is_object(struct kgc_heap *heap, const void *addr)
{
	unsigned int i;

	return kgc_lookup(heap, addr, &i);
}

/* Return: the owner of the span that has @addr; NULL if no span has it, as for a root. */
static const struct kgc_allocator *owner_of(const void *addr)
{
	struct kgc_span *span;

	guard(rcu)();
	span = kgc_map_find(addr);
	return span ? READ_ONCE(span->owner) : NULL;
}

/*
 * Check a load (@value is NULL) or store of a managed field or root before it is carried
 * out. Return: whether it may be carried out.
 */
bool __kgc_check(struct kgc_section s, void **slot, void *value)
{
	const struct kgc_allocator *owner = owner_of(slot);
	const void *where = slot;
	const char *what;
	void *old;

	if (is_over(s)) {
		what = "a section is used that is over";
		where = (void *)_RET_IP_;
	} else if (owner && owner != &s.heap->alloc) {
		what = "a field of another heap is used";
	} else if (owner && !is_object(s.heap, slot)) {
		what = "a field of an object that is gone is used";
	} else {
		old = READ_ONCE(*slot);
		if (!old || is_object(s.heap, old)) {
			if (!value || is_object(s.heap, value))
				return true;
			what = "what is stored is no object of the heap";
			where = value;
		} else {
			what = "a field refers to an object that is gone";
		}
	}
	kgc_misuse(s.heap, what, where);
	return false;
}
EXPORT_SYMBOL_GPL(__kgc_check);
#endif

/* How long the cycle has been waiting for sections, in ns; 0 when it is not. */
static u64 waiting_ns(struct kgc_heap *heap)
{
	u64 since = READ_ONCE(heap->sections.since_ns);

	return since ? ktime_get_ns() - since : 0;
}

/* Find the oldest section that is tracked. Its ip is 0 if there is none. */
static void find_oldest(struct kgc_sections *sections, struct kgc_tracked *oldest)
{
	unsigned int i;

	*oldest = (struct kgc_tracked){ .since_ns = U64_MAX };
	guard(raw_spinlock_irq)(&sections->lock);
	for (i = 0; i < KGC_TRACKED; i++)
		if (sections->tracked[i].ip &&
		    sections->tracked[i].since_ns < oldest->since_ns)
			*oldest = sections->tracked[i];
}

/* The cycle has waited @ms for sections, too long: log it, and the oldest section. */
static void report_wait(struct kgc_heap *heap, u64 ms)
{
	u64 cycle = READ_ONCE(heap->request.begun);
	struct kgc_tracked oldest;

	find_oldest(&heap->sections, &oldest);
	trace_kgc_section_stuck(heap->id, cycle, ms, &oldest);
	pr_warn("kgc: heap %u (%s): cycle %llu has been waiting %llu ms for sections\n",
		heap->id, heap->name, cycle, ms);
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

	kgc_work_woken(&heap->work);
	if (!ns || READ_ONCE(heap->dying))
		return;
	report_wait(heap, div_u64(ns, NSEC_PER_MSEC));
	queue_delayed_work(kgc_wq, &sections->watch, nsecs_to_jiffies(ns));
}

/* The cycle begins to wait for the sections that are open now. */
void kgc_sections_wait_begin(struct kgc_heap *heap)
{
	int now = srcu_read_lock(&heap->front.srcu);

	srcu_read_unlock(&heap->front.srcu, now);
	WRITE_ONCE(heap->sections.side, now & 1);
	WRITE_ONCE(heap->sections.since_ns, ktime_get_ns());
	queue_delayed_work(kgc_wq, &heap->sections.watch,
			   msecs_to_jiffies(FIRST_WARNING_MS));
}

/* The sections that the cycle waited for have ended. Context: any but NMI. */
void kgc_sections_wait_end(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->sections.since_ns, 0);
	cancel_delayed_work(&heap->sections.watch);
}

/*
 * Whether the cycle has waited more than @ms milliseconds for sections, and one of those
 * is still open. A hint: it may change at any time. Context: any.
 */
bool kgc_sections_stuck(struct kgc_heap *heap, unsigned int ms)
{
	unsigned long ended;

	return waiting_ns(heap) > (u64)ms * NSEC_PER_MSEC &&
	       kgc_srcu_busy(&heap->front.srcu, READ_ONCE(heap->sections.side), &ended);
}

/* The length of the wait and two counters, then a line for each tracked section. */
void kgc_sections_show(struct seq_file *m, struct kgc_heap *heap)
{
	struct kgc_sections *sections = &heap->sections;
	u64 now = ktime_get_ns();
	unsigned int i;

	seq_printf(m, "CycleWaitUs %llu\n", div_u64(waiting_ns(heap), NSEC_PER_USEC));
	seq_printf(m, "Untracked %llu\n", READ_ONCE(sections->missed));
	seq_printf(m, "Misuses %u\n", kgc_misused(&heap->report));
	for (i = 0; i < KGC_TRACKED; i++) {
		struct kgc_tracked t;

		scoped_guard(raw_spinlock_irq, &sections->lock)
			t = sections->tracked[i];
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
	init_waitqueue_head(&heap->sections.resumed);
	INIT_DELAYED_WORK(&heap->sections.watch, watch_work);
}

/* Context: the heap is dying and its cycle has stopped; may sleep. */
void kgc_sections_stop(struct kgc_heap *heap)
{
	cancel_delayed_work_sync(&heap->sections.watch);
}
