// SPDX-License-Identifier: GPL-2.0
/* Faults at certain moments of a cycle, and events that are no faults. */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "misuse.h"

static bool cycle_is_over;

/*
 * Stay in a section that began in MARK, so late that only SETTLE waits for it. By then
 * the marker has marked every reachable object, so this section shades an unreachable
 * one.
 */
static int shade_late(void *data)
{
	struct holder *h = data;
	struct kgc_section s;
	bool late = false;

	complete(&h->inside);
	while (!late && !READ_ONCE(cycle_is_over)) {
		s = kgc_enter(heap);
		if (s.mode & KGC_MODE_BLACK &&
		    READ_ONCE(heap->cycle.step) > KGC_STEP_ROOTS &&
		    await_mode(KGC_MODE_SETTLE)) {
			raw_store(&slots[1], white);
			kgc_store(s, &slots[1], NULL);
			late = true;
		}
		kgc_exit(s);
		usleep_range(20, 50);
	}
	complete(&h->left);
	return 0;
}

static void shaded_late(void)
{
	struct holder h;
	unsigned int n;

	/* a tracer would wait for the section, and the section waits for SETTLE */
	kgc_option_set(heap, KGC_OPT_VERIFY, 1);
	/* the thread may miss the moment on a busy machine */
	for (n = 0; n < 20 && !heap->report.errors; n++) {
		leave_white();
		init_completion(&h.inside);
		init_completion(&h.left);
		WRITE_ONCE(cycle_is_over, false);
		if (IS_ERR(kthread_run(shade_late, &h, "kgc_misuse")))
			return;
		wait_for_completion(&h.inside);
		kgc_collect(heap, 1);
		WRITE_ONCE(cycle_is_over, true);
		wait_for_completion(&h.left);
	}
}

static bool forged;

/* Store the word into an object in its own span: no marker has a reason to scan it. */
static void forge(void)
{
	struct kgc_type_desc desc = {
		.name = "words", .size = 512, .flags = KGC_DESC_CONSERVATIVE,
	};
	struct kgc_type *words = kgc_type_register(heap, &desc);
	struct kgc_section s;
	struct other *black;

	if (IS_ERR(words))
		return;
	s = kgc_enter(heap);
	black = kgc_alloc(s, words, GFP_KERNEL);
	raw_store(&black->next, white);
	kgc_store(s, &other_slot, black);
	kgc_exit(s);
	forged = true;
}

/* A conservative word points to an unmarked object: the verifier only counts it. */
static void words_are_forged(void)
{
	leave_white();
	if (!while_marking(forge) || !forged || heap->verify.forged != 1)
		noticed = true;
}

/* Enter a section that must not wait for the tracer, then one whose wait times out. */
static int disturb(void *data)
{
	struct holder *h = data;

	preempt_disable();
	kgc_exit(kgc_enter(heap));
	preempt_enable();
	kgc_exit(kgc_enter(heap));
	complete(&h->left);
	return 0;
}

/* Be in a section when the tracer begins to halt sections, and wait for disturb(). */
static int wait_inside(void *data)
{
	struct holder *h = data, second;
	struct kgc_section s;
	unsigned int n;

	init_completion(&second.left);
	complete(&h->inside);
	while (!completion_done(&h->leave)) {
		s = kgc_enter(heap);
		for (n = 0; n < 100 && !READ_ONCE(heap->sections.halted); n++)
			usleep_range(20, 50);
		if (READ_ONCE(heap->sections.halted)) {
			kthread_run(disturb, &second, "kgc_misuse");
			wait_for_completion(&second.left);
			kgc_exit(s);
			break;
		}
		kgc_exit(s);
	}
	complete(&h->left);
	return 0;
}

/* kgc gives one trace up without a report. The next trace succeeds. */
static void trace_is_disturbed(void)
{
	struct holder h;
	unsigned int tries;
	u64 runs;

	plant(0);
	kgc_collect(heap, 1);
	init_completion(&h.inside);
	init_completion(&h.leave);
	init_completion(&h.left);
	kthread_run(wait_inside, &h, "kgc_misuse");
	wait_for_completion(&h.inside);
	for (tries = 0; tries < 100 && !heap->tracer.skipped; tries++)
		kgc_collect(heap, 1);
	complete_all(&h.leave);
	wait_for_completion(&h.left);
	runs = heap->tracer.runs;
	kgc_collect(heap, 1);
	if (heap->tracer.skipped != 1 || heap->tracer.runs != runs + 1)
		noticed = true;
}

/*
 * Allocate garbage in sections that must not wait for the tracer, each time a bit later
 * after it has halted sections.
 */
static int alloc_beside_audit(void *data)
{
	struct holder *h = data;
	unsigned int us = 0, i;

	complete(&h->inside);
	while (!completion_done(&h->leave)) {
		if (!READ_ONCE(heap->sections.halted)) {
			usleep_range(20, 50);
			continue;
		}
		us = (us + 7) % 500;
		udelay(us);
		preempt_disable();
		for (i = 0; i < 300; i++) {
			struct kgc_section s = kgc_enter(heap);

			kgc_store(s, &slots[1], kgc_alloc(s, type, GFP_ATOMIC));
			kgc_exit(s);
		}
		preempt_enable();
		/* sleep: without preemption of kthreads the cycle would stall */
		usleep_range(20, 50);
	}
	complete(&h->left);
	return 0;
}

/* kgc gives up an audit whose lists change meanwhile, and reports no error. */
static void audit_is_disturbed(void)
{
	struct kgc_section s;
	struct node *n;
	struct holder h;
	unsigned int i;

	for (i = 0; i < 20000; i++) {
		s = kgc_enter(heap);
		n = kgc_alloc(s, type, GFP_KERNEL);
		if (n)
			kgc_store(s, &n->next, kgc_load(s, &slots[0]));
		kgc_store(s, &slots[0], n);
		kgc_exit(s);
	}
	init_completion(&h.inside);
	init_completion(&h.leave);
	init_completion(&h.left);
	if (IS_ERR(kthread_run(alloc_beside_audit, &h, "kgc_misuse")))
		return;
	wait_for_completion(&h.inside);
	for (i = 0; i < 40; i++)
		kgc_collect(heap, 1);
	complete_all(&h.leave);
	wait_for_completion(&h.left);
	if (!heap->tracer.skipped)
		noticed = true;
}

/* More sections at once than the table holds: kgc counts the others. */
static void many_sections(void)
{
	static struct holder many[KGC_TRACKED + 6];
	struct kgc_section s;
	unsigned int i;
	u64 missed;

	kgc_option_set(heap, KGC_OPT_VERIFY, 0);
	kgc_option_set(heap, KGC_OPT_TRACK_SECTIONS, 1);
	/* sections learn of the option in the next phase */
	kgc_collect(heap, 1);
	for (i = 0; i < ARRAY_SIZE(many); i++)
		holder_begin(&many[i]);
	/* kgc does not know this section, so it must not report what it does */
	s = kgc_enter(heap);
	kgc_load(s, &slots[0]);
	kgc_exit(s);
	missed = heap->sections.missed;
	for (i = 0; i < ARRAY_SIZE(many); i++)
		holder_end(&many[i]);
	holder_begin(&many[0]);
	holder_end(&many[0]);
	if (missed != 7 || heap->sections.missed != missed)
		noticed = true;
}

/* No fault: kgc counts floating garbage, and the next cycle frees it. */
static void floating_goes(void)
{
	u64 before, floating;

	kgc_collect(heap, 2);
	before = kgc_heap_objects(heap);
	while_marking(leave_floating);
	floating = heap->tracer.floats;
	kgc_collect(heap, 1);
	if (floating != 1 || heap->tracer.floats || heap->tracer.skipped ||
	    kgc_heap_objects(heap) != before)
		noticed = true;
}

static const struct kgc_type_desc tiny_desc = {
	.name = "tiny", .size = 1, .align = 1, .flags = KGC_DESC_NOSCAN,
	.owner = THIS_MODULE,
};

/**
 * struct filler - a thread that fills tiny blocks on one CPU
 * @h: starts and stops the thread
 * @tiny: two types; the CPU's cache keeps an open block of each
 * @refilled: by type, blocks that were open and unreachable when the tracer
 *	ran, and held a reachable object right after it
 */
struct filler {
	struct holder		h;
	struct kgc_type		*tiny[2];
	unsigned int		refilled[2];
};

/* Allocate one object of type @t. After a tracer run keep it if @keep, or keep none. */
static unsigned long fill_one(struct filler *f, struct kgc_section s, unsigned int t,
			      unsigned long before, bool traced, bool keep)
{
	unsigned long obj = (unsigned long)kgc_alloc(s, f->tiny[t], GFP_KERNEL);

	if (obj && traced) {
		f->refilled[t] += keep && obj / 16 == before / 16;
		kgc_store(s, &slots[t], keep ? (struct node *)obj : NULL);
	}
	return obj;
}

/*
 * Leave open blocks that nothing refers to before the tracer runs. After it, put
 * another object into each, and keep that until the tracer has run again.
 */
static int fill_blocks(void *data)
{
	struct filler *f = data;
	unsigned long before[2] = { };
	u64 now, runs = READ_ONCE(heap->tracer.runs);
	unsigned int t;
	bool keep = false;

	complete(&f->h.inside);
	while (!completion_done(&f->h.leave)) {
		struct kgc_section s = kgc_enter(heap);

		now = READ_ONCE(heap->tracer.runs);
		keep ^= now != runs;
		for (t = 0; t < 2; t++)
			before[t] = fill_one(f, s, t, before[t], now != runs, keep);
		runs = now;
		kgc_exit(s);
		usleep_range(20, 50);
	}
	complete(&f->h.left);
	return 0;
}

/* A block that gets another object is not garbage that has come back. */
static void tiny_blocks_are_filled(void)
{
	struct filler f = { };
	struct task_struct *task;
	unsigned int n;

	f.tiny[0] = kgc_type_register(heap, &tiny_desc);
	f.tiny[1] = kgc_type_register(heap, &tiny_desc);
	init_completion(&f.h.inside);
	init_completion(&f.h.leave);
	init_completion(&f.h.left);
	task = kthread_create(fill_blocks, &f, "kgc_misuse");
	if (IS_ERR(f.tiny[0]) || IS_ERR(f.tiny[1]) || IS_ERR(task))
		return;
	kthread_bind(task, cpumask_first(cpu_online_mask));
	wake_up_process(task);
	wait_for_completion(&f.h.inside);
	for (n = 0; n < 40 && (n < 10 || min(f.refilled[0], f.refilled[1]) < 3); n++)
		kgc_collect(heap, 1);
	complete_all(&f.h.leave);
	wait_for_completion(&f.h.left);
	uproot(0);
	uproot(1);
	if (!f.refilled[0] || !f.refilled[1])
		noticed = true;
}

bool skipped;

/**
 * struct taker - a thread that stays in a region while the verifier runs
 * @h: starts and stops the thread
 * @span: span whose last slot the thread takes
 * @ct: central list of the span
 * @seen: whether the verifier has found the slot between the mark and the taking
 */
struct taker {
	struct holder		h;
	struct kgc_span		*span;
	struct kgc_central	*ct;
	bool			seen;
};

/*
 * Whether the verifier has found the marked slot that is free. It then waits for the end of
 * this region, so it cannot be missed. The verifier may also have passed the span before
 * the slot was marked.
 */
static bool await_walk(const struct kgc_span *span)
{
	unsigned int ms;

	for (ms = 0; ms < 8000 && READ_ONCE(heap->cycle.step) <= KGC_STEP_VERIFY; ms++) {
		if (READ_ONCE(heap->verify.suspect) == span)
			return true;
		mdelay(1);
	}
	return false;
}

/*
 * Take a slot as an allocation in a black-allocating section does, but slowly: as if a
 * virtual CPU stood still for 20 ms between the mark and the taking.
 */
static int take_slowly(void *data)
{
	struct taker *t = data;
	unsigned int last = t->span->nelems - 1;
	unsigned long end = jiffies + 10 * HZ;
	u64 runs = READ_ONCE(heap->verify.runs);

	complete(&t->h.inside);
	while (READ_ONCE(heap->verify.runs) == runs && time_before(jiffies, end))
		cond_resched();
	preempt_disable();
	change_mark(t->span, t->ct, 1);
	t->seen = await_walk(t->span);
	mdelay(20);
	raw_spin_lock_irq(&t->ct->lock);
	clear_bit(last % BITS_PER_LONG, kgc_span_free(t->span) + last / BITS_PER_LONG);
	t->span->nfree--;
	t->ct->mallocs++;
	raw_spin_unlock_irq(&t->ct->lock);
	preempt_enable();
	complete(&t->h.left);
	return 0;
}

#define MANY_SLOTS	(1 << 19)	/* the verifier visits these first */

/* A marked slot that is not in use yet is no error while its region lasts. */
static void slot_is_taken_slowly(void)
{
	void **slots = vzalloc(MANY_SLOTS * sizeof(*slots));
	struct taker t = { };
	struct kgc_root many;
	unsigned int n;

	skipped = num_online_cpus() < 2;
	if (skipped || !slots)
		goto out;
	kgc_option_set(heap, KGC_OPT_VERIFY, 1);
	kgc_root_add_slots(heap, &many, slots, MANY_SLOTS);
	for (n = 0; n < 20 && !t.seen; n++) {
		plant(0);
		t.span = some_span(&t.ct);
		init_completion(&t.h.inside);
		init_completion(&t.h.left);
		if (!t.span || IS_ERR(kthread_run(take_slowly, &t, "kgc_misuse")))
			break;
		wait_for_completion(&t.h.inside);
		kgc_collect(heap, 1);
		wait_for_completion(&t.h.left);
		/* the taken object is garbage now */
		kgc_collect(heap, 2);
	}
	kgc_root_del(heap, &many);
	if (!t.seen)
		noticed = true;
out:
	vfree(slots);
}

const struct fault cycle_faults[] = {
	{ "shaded-late", shaded_late },
	{ "floating-goes", floating_goes },
	{ "forged", words_are_forged },
	{ "trace-disturbed", trace_is_disturbed },
	{ "audit-disturbed", audit_is_disturbed },
	{ "many-sections", many_sections },
	{ "tiny-filled", tiny_blocks_are_filled },
	{ "taken-slowly", slot_is_taken_slowly },
	{ }
};
