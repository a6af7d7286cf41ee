// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks a rule of <linux/kgc.h>, or the heap itself, so that a test can show
 * that it is noticed: insmod kgc_misuse.ko fault=NAME. Loading fails with ENODATA
 * when nothing was noticed, with EOPNOTSUPP when this build does not look.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kasan.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/vmalloc.h>

#include "kmod/alloc/poison.h"
#include "kmod/gc/heap.h"

static char *fault = "";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "what to do wrong");

struct node {
	KGC_REF(struct node) next;
	u64 pad[7];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

/* Of another size, so in spans of its own. */
struct other {
	KGC_REF(struct node) next;
	u64 pad[15];
};

KGC_DEFINE_TYPE(other_desc, struct other, next);

static struct kgc_heap *heap;
static struct kgc_type *type, *other_type;
static KGC_REF(struct node) slots[2];
static KGC_REF(struct other) other_slot;
static struct kgc_root root, other_root;
static bool noticed;

/* A node in slot @i; its address is what nobody may keep. */
static struct node *plant(unsigned int i)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *n = kgc_alloc(s, type, GFP_KERNEL);

	kgc_store(s, &slots[i], n);
	kgc_exit(s);
	return n;
}

static void uproot(unsigned int i)
{
	struct kgc_section s = kgc_enter(heap);

	kgc_store(s, &slots[i], NULL);
	kgc_exit(s);
}

/* What a program without a barrier would do. */
static void raw_store(void *slot, void *value)
{
	WRITE_ONCE(*(void **)slot, value);
}

/* ---- sections that hold a phase ----------------------------------------- */

struct holder {
	struct completion inside, leave, left;
};

static int hold(void *data)
{
	struct holder *h = data;
	struct kgc_section s = kgc_enter(heap);

	complete(&h->inside);
	wait_for_completion(&h->leave);
	kgc_exit(s);
	complete(&h->left);
	return 0;
}

static void holder_begin(struct holder *h)
{
	init_completion(&h->inside);
	init_completion(&h->leave);
	init_completion(&h->left);
	kthread_run(hold, h, "kgc_misuse");
	wait_for_completion(&h->inside);
}

static void holder_end(struct holder *h)
{
	complete(&h->leave);
	wait_for_completion(&h->left);
}

static bool await_mode(unsigned int mode)
{
	unsigned int ms;

	for (ms = 0; ms < 20000 && !(READ_ONCE(heap->front.mode) & mode); ms++)
		usleep_range(1000, 2000);
	return READ_ONCE(heap->front.mode) & mode;
}

/* Run @change under MARK, when no root slot has been scanned yet. */
static bool while_marking(void (*change)(void))
{
	struct holder idle, arm;
	bool marking;
	u64 cycle;

	holder_begin(&idle);
	cycle = kgc_collect_start(heap, 1);
	await_mode(KGC_MODE_SHADE_NEW);
	/* a reader that comes before SRCU has changed sides is waited for too */
	msleep(300);
	holder_begin(&arm);
	holder_end(&idle);
	marking = await_mode(KGC_MODE_BLACK);
	if (marking)
		change();
	holder_end(&arm);
	kgc_wait(heap, cycle);
	return marking;
}

/* ---- faults ------------------------------------------------------------- */

/*
 * The only pointer to a white object moves, unseen, into a black one that no
 * marker has a reason to look at.
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

/* What is known of it is another section's by now. */
static void section_is_another(void)
{
	struct kgc_section s = kgc_enter(heap);
	struct holder other;

	kgc_exit(s);
	holder_begin(&other);
	kgc_load(s, &slots[0]);
	holder_end(&other);
}

/* Its neighbour lives, so that the span stays. */
static struct node *stale(void)
{
	struct node *n = plant(0);

	plant(1);
	uproot(0);
	kgc_collect(heap, 2);
	return n;
}

/* KASAN would report the load that follows the check: the check is meant here. */
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

/* Somebody has stored a stale pointer without kgc_store(). */
static void shade_what_is_gone(void)
{
	raw_store(&slots[0], stale());
	uproot(0);
}

/* A field of one heap, in a section of another. */
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
	/* there is something to be had */
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

static struct node *floater;

static void leave_floating(void)
{
	struct kgc_section s = kgc_enter(heap);

	floater = kgc_alloc(s, type, GFP_KERNEL);
	kgc_exit(s);
}

/* Born black, never stored, and kept past kgc_exit() for a cycle. */
static void floating_comes_back(void)
{
	if (!while_marking(leave_floating))
		return;
	raw_store(&slots[0], floater);
	kgc_collect(heap, 1);
}

/* Nobody can reach it, and still somebody finds it and has it marked. */
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

/* Some span on a list of its central. */
static struct kgc_span *some_span(struct kgc_central **ct)
{
	unsigned int spc = type->shape.spc, list;
	int nid;

	kgc_collect(heap, 1);
	list = heap->alloc.gen & 1;
	for_each_online_node(nid) {
		*ct = heap->alloc.node[nid]->central[spc];
		if (*ct && !list_empty(&(*ct)->partial[list]))
			return list_first_entry(&(*ct)->partial[list],
						struct kgc_span, link);
	}
	return NULL;
}

typedef void (*change_fn)(struct kgc_span *span, struct kgc_central *ct, int by);

/* A wrong word in what the heap keeps of itself, undone when it must have been seen. */
static void spoil(change_fn change)
{
	struct kgc_central *ct;
	struct kgc_span *span;

	plant(0);
	span = some_span(&ct);
	if (!span)
		return;
	change(span, ct, 1);
	kgc_collect(heap, 1);
	change(span, ct, -1);
}

/* The marker will look for fields in the slot: it finds no stale ones there. */
static void change_mark(struct kgc_span *span, struct kgc_central *ct, int by)
{
	unsigned int last = span->nelems - 1;

	if (by > 0) {
		kgc_poison_open(kgc_span_slot(span, last), span->size,
				span->size);
		kgc_clear_words(kgc_span_slot(span, last), span->size);
		set_bit(last, kgc_span_mark(span));
	} else {
		kgc_poison_clear(kgc_span_slot(span, last), span->size);
	}
}

static void change_scan(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		set_bit(span->nelems - 1, kgc_span_scan(span));
}

static void change_nfree(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		span->nfree--;
}

static void change_spans(struct kgc_span *span, struct kgc_central *ct, int by)
{
	ct->spans += by;
}

static void change_mallocs(struct kgc_span *span, struct kgc_central *ct, int by)
{
	ct->mallocs += by;
}

static void change_list(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		list_move(&span->link, &ct->full[heap->alloc.gen & 1]);
}

static void change_pages(struct kgc_span *span, struct kgc_central *ct, int by)
{
	heap->alloc.node[span->nid]->pages.inuse += by * (int)KGC_PAGE_SIZE;
}

/* Not so as to be taken for one that a region of before the flip has left there. */
static void change_gen(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		span->gen -= 2;
}

static void change_kind(struct kgc_span *span, struct kgc_central *ct, int by)
{
	span->spc += 2 * by;
}

/* No sweep looks for it there any more, and the heap ends next. */
static void change_sweep(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		list_move(&span->link, &ct->partial[!(heap->alloc.gen & 1)]);
}

/* Clear as if it was in use, and as it was. */
static void slot_open(struct node *n, bool open)
{
	if (open) {
		kgc_poison_open(n, sizeof(*n), sizeof(*n));
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

/* ---- at moments of a cycle ----------------------------------------------- */

static struct node *white;

/* Garbage that nobody will mark, in a span that stays. */
static void leave_white(void)
{
	plant(0);
	white = plant(1);
	uproot(1);
}

static bool cycle_is_over;

/*
 * A section of MARK, begun so late that only SETTLE waits for it: by then all that
 * can be found by honest means is marked.
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

	/* a tracer would wait for the section, and the section for SETTLE */
	kgc_option_set(heap, KGC_OPT_VERIFY, 1);
	/* on a busy machine the moment may be missed */
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

/* ---- what is no fault ----------------------------------------------------- */

static bool forged;

/* In a span of its own, which no marker has a reason to look at. */
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

/* A word says where an object is that nobody has marked: it is counted, no more. */
static void words_are_forged(void)
{
	leave_white();
	if (!while_marking(forge) || !forged || heap->verify.forged != 1)
		noticed = true;
}

/* Enters as one who may not wait for the tracer, then as one who waits in vain. */
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

/* Is inside when the tracer begins to hold sections up, and waits for another. */
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

/* One trace is given up, and says nothing; the next one is as good as ever. */
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
 * Allocates, and lets go, in a section that cannot wait for the tracer, later and
 * later after it has begun.
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
		/* or where kernel threads are not preempted the cycle gets no further */
		usleep_range(20, 50);
	}
	complete(&h->left);
	return 0;
}

/* Lists that change under an audit: it is given up, and finds nothing wrong. */
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

/* More sections at once than are remembered: the others are counted. */
static void many_sections(void)
{
	static struct holder many[KGC_TRACKED + 6];
	struct kgc_section s;
	unsigned int i;
	u64 missed;

	kgc_option_set(heap, KGC_OPT_VERIFY, 0);
	kgc_option_set(heap, KGC_OPT_TRACK_SECTIONS, 1);
	/* sections learn of it with the next phase */
	kgc_collect(heap, 1);
	for (i = 0; i < ARRAY_SIZE(many); i++)
		holder_begin(&many[i]);
	/* nothing is known of this one, so nothing is said of what it does */
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

/* No fault: floating garbage is counted, and gone one cycle later. */
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

/* ---- tiny objects beside the tracer ---------------------------------------- */

static const struct kgc_type_desc tiny_desc = {
	.name = "tiny", .size = 1, .align = 1, .flags = KGC_DESC_NOSCAN,
	.owner = THIS_MODULE,
};

/**
 * struct filler - a thread that fills tiny blocks on one CPU
 * @h: how it is started and stopped
 * @tiny: two types: a cache keeps a block of each open
 * @refilled: by type, blocks that were open and unreachable when the tracer ran, and
 *	held an object that is reachable right after it
 */
struct filler {
	struct holder		h;
	struct kgc_type		*tiny[2];
	unsigned int		refilled[2];
};

/* One more object of type @t; after a run of the tracer it stays, if @keep, or none does. */
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
 * Before the tracer runs this leaves blocks open that nothing refers to, after it
 * each is filled up with an object that stays until the tracer has run again.
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

/* A block that is filled up is no garbage that has come back. */
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

/* ---- a region that takes long ------------------------------------------------ */

static bool skipped;

/**
 * struct taker - a thread that is a region while the verifier looks
 * @h: how it is started and stopped
 * @span: where it takes the last slot
 * @ct: its central list
 * @seen: whether the verifier has looked at the span between the mark and the taking
 */
struct taker {
	struct holder		h;
	struct kgc_span		*span;
	struct kgc_central	*ct;
	bool			seen;
};

/* Whether the verifier's walk passes the span within a second. */
static bool await_walk(const struct kgc_span *span)
{
	const struct kgc_pagewalk *walk = &heap->verify.walk;
	unsigned int us;

	for (us = 0; us < USEC_PER_SEC; us += 5) {
		if (READ_ONCE(walk->arena) == span->arena &&
		    READ_ONCE(walk->at) > span->base)
			return true;
		udelay(5);
	}
	return false;
}

/*
 * An allocation in a section that allocates black, as long as it takes on a virtual
 * processor that stands still for 20 ms between the mark and the taking.
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

#define MANY_SLOTS	(1 << 19)	/* for the verifier to look at first */

/* A slot that is marked and not in use yet is in order as long as its region lasts. */
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
		/* what was taken is garbage now */
		kgc_collect(heap, 2);
	}
	kgc_root_del(heap, &many);
	if (!t.seen)
		noticed = true;
out:
	vfree(slots);
}

static const struct {
	const char *name;
	void (*commit)(void);
	change_fn change;
	bool debug;	/* only builds with KGC_DEBUG=1 look */
} faults[] = {
	{ "raw-store", raw_store_hides },
	{ "floating-back", floating_comes_back },
	{ "floating-again", floats_again },
	{ "mark", NULL, change_mark },
	{ "scan", NULL, change_scan },
	{ "nfree", NULL, change_nfree },
	{ "spans", NULL, change_spans },
	{ "mallocs", NULL, change_mallocs },
	{ "list", NULL, change_list },
	{ "pages", NULL, change_pages },
	{ "gen", NULL, change_gen },
	{ "kind", NULL, change_kind },
	{ "sweep", NULL, change_sweep },
	{ "shaded-late", shaded_late },
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
	{ "floating-goes", floating_goes },
	{ "forged", words_are_forged },
	{ "trace-disturbed", trace_is_disturbed },
	{ "audit-disturbed", audit_is_disturbed },
	{ "many-sections", many_sections },
	{ "tiny-filled", tiny_blocks_are_filled },
	{ "taken-slowly", slot_is_taken_slowly },
};

static int commit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(faults[i].name, fault))
			continue;
		if (faults[i].debug && !IS_ENABLED(CONFIG_KGC_DEBUG))
			return -EOPNOTSUPP;
		if (faults[i].change)
			spoil(faults[i].change);
		else
			faults[i].commit();
		if (skipped)
			return -EOPNOTSUPP;
		noticed |= heap->report.errors ||
			   kgc_misused(&heap->report);
		return noticed ? 0 : -ENODATA;
	}
	return -EINVAL;
}

static int __init misuse_init(void)
{
	int err;

	heap = kgc_heap_create("kgc_misuse", THIS_MODULE);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	type = kgc_type_register(heap, &node_desc);
	other_type = kgc_type_register(heap, &other_desc);
	if (IS_ERR(type) || IS_ERR(other_type)) {
		kgc_heap_destroy(heap);
		return -ENOMEM;
	}
	kgc_option_set(heap, KGC_OPT_VERIFY, 2);
	kgc_root_add(heap, &root, slots, ARRAY_SIZE(slots));
	kgc_root_add(heap, &other_root, &other_slot, 1);
	err = commit();
	kgc_root_del(heap, &other_root);
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
	return err;
}

static void __exit misuse_exit(void)
{
}

module_init(misuse_init);
module_exit(misuse_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: rules broken on purpose");
