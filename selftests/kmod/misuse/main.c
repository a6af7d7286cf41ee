// SPDX-License-Identifier: GPL-2.0
/*
 * Breaks a rule of <linux/kgc.h>, or the heap itself, so that a test can check that kgc
 * notices: insmod kgc_misuse.ko fault=NAME. Loading fails with ENODATA if kgc noticed
 * nothing, with EOPNOTSUPP if this build does not check for the fault.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>

#include "misuse.h"

static char *fault = "";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "what to do wrong");

KGC_DEFINE_TYPE(node_desc, struct node, next);
KGC_DEFINE_TYPE(other_desc, struct other, next);

struct kgc_heap *heap;
struct kgc_type *type, *other_type;
node_ref slots[2];
other_ref other_slot;
static struct kgc_root root, other_root;
bool noticed;

/* Put a node into slot @i. The caller must not keep its address. */
struct node *plant(unsigned int i)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *n = kgc_alloc(s, type, GFP_KERNEL);

	kgc_store(s, &slots[i], n);
	kgc_exit(s);
	return n;
}

void uproot(unsigned int i)
{
	struct kgc_section s = kgc_enter(heap);

	kgc_store(s, &slots[i], NULL);
	kgc_exit(s);
}

/* A store without the write barrier. */
void raw_store(void *slot, void *value)
{
	WRITE_ONCE(*(void **)slot, value);
}

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

void holder_begin(struct holder *h)
{
	init_completion(&h->inside);
	init_completion(&h->leave);
	init_completion(&h->left);
	kthread_run(hold, h, "kgc_misuse");
	wait_for_completion(&h->inside);
}

void holder_end(struct holder *h)
{
	complete(&h->leave);
	wait_for_completion(&h->left);
}

bool await_mode(unsigned int mode)
{
	unsigned int ms;

	for (ms = 0; ms < 20000 && !(READ_ONCE(heap->front.mode) & mode); ms++)
		usleep_range(1000, 2000);
	return READ_ONCE(heap->front.mode) & mode;
}

/* Run @change in MARK, before the marker has scanned any root slot. */
bool while_marking(void (*change)(void))
{
	struct holder idle, arm;
	bool marking;
	u64 cycle;

	holder_begin(&idle);
	cycle = kgc_collect_start(heap, 1);
	await_mode(KGC_MODE_SHADE_NEW);
	/* SRCU also waits for readers that begin before it flips its index */
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

struct node *floater;

void leave_floating(void)
{
	struct kgc_section s = kgc_enter(heap);

	floater = kgc_alloc(s, type, GFP_KERNEL);
	kgc_exit(s);
}

struct node *white;

/* Leave garbage that no marker will mark, in a span that stays. */
void leave_white(void)
{
	plant(0);
	white = plant(1);
	uproot(1);
}

static const struct fault * const tables[] = { rule_faults, heap_faults, cycle_faults };

static const struct fault *find_fault(void)
{
	const struct fault *f;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(tables); i++)
		for (f = tables[i]; f->name; f++)
			if (!strcmp(f->name, fault))
				return f;
	return NULL;
}

static int commit(void)
{
	const struct fault *f = find_fault();

	if (!f)
		return -EINVAL;
	if (f->debug && !IS_ENABLED(CONFIG_KGC_DEBUG))
		return -EOPNOTSUPP;
	if (f->change)
		spoil(f->change);
	else
		f->commit();
	if (skipped)
		return -EOPNOTSUPP;
	noticed |= heap->report.errors || kgc_misused(&heap->report);
	return noticed ? 0 : -ENODATA;
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
