// SPDX-License-Identifier: GPL-2.0
/*
 * Uses <linux/kgc.h> in a forbidden way, so that a test can check that kgc reports it
 * and that nothing worse happens: insmod kgc_abuse.ko fault=NAME. Loading fails with
 * ENODATA if kgc did not report it, with EOPNOTSUPP if this build does not check for
 * it.
 */
#include <linux/module.h>
#include <linux/slab.h>

#include "kmod/gc/heap.h"
#include "uapi/linux/kgc.h"

static char *fault = "";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "what to do wrong");

struct node {
	KGC_REF(struct node) next;
	u64 pad[7];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

static struct kgc_heap *heap;
static struct kgc_type *type;
static KGC_REF(struct node) slots[2];
static struct kgc_root root;
static bool noticed, stays;
static int static_data;	/* in no heap, nor in the direct map */

/* Put a node into slot @i. The caller must not keep its address. */
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

/* A store without the write barrier. */
static void raw_store(void *slot, void *value)
{
	WRITE_ONCE(*(void **)slot, value);
}

/* ---- types of another heap -------------------------------------------------- */

/* The type is of another heap, which has a span of it cached, and then ends. */
static void type_is_foreign(void)
{
	struct kgc_heap *another = kgc_heap_create("kgc_another", THIS_MODULE);
	struct kgc_type_desc array_desc = node_desc;
	struct kgc_type *foreign, *array;
	struct kgc_section s;
	void *objs[8];
	bool got;

	if (IS_ERR(another))
		return;
	array_desc.flags = KGC_DESC_ARRAY;
	foreign = kgc_type_register(another, &node_desc);
	array = kgc_type_register(another, &array_desc);
	plant(0);
	s = kgc_enter(another);
	kgc_alloc(s, foreign, GFP_KERNEL);
	kgc_exit(s);
	s = kgc_enter(heap);
	got = kgc_alloc(s, foreign, GFP_KERNEL) ||
	      kgc_alloc_array(s, array, 8, GFP_KERNEL) ||
	      kgc_alloc_bulk(s, foreign, GFP_KERNEL, ARRAY_SIZE(objs), objs);
	kgc_exit(s);
	kgc_heap_destroy(another);
	noticed = !got && !kgc_collect(heap, 2);
}

/* Whether the heap runs no more cycles, and still allocates. */
static bool is_aside(struct kgc_heap *h, struct kgc_type *t)
{
	struct kgc_section s = kgc_enter(h);
	bool aside = kgc_alloc(s, t, GFP_KERNEL) && h->report.aside;

	kgc_exit(s);
	return kgc_collect(h, 1) == -EIO && aside;
}

/* ---- pointers to no object ---------------------------------------------------- */

/* Store a pointer into no heap, or an invalid one, and then run a cycle. */
static void store_of(void *value)
{
	struct node *n = plant(0);
	struct kgc_section s;

	/* builds with KGC_DEBUG=1 refuse the store */
	s = kgc_enter(heap);
	kgc_store(s, &n->next, (struct node *)value);
	kgc_exit(s);
	kgc_collect(heap, 1);
	noticed = is_aside(heap, type) && kgc_misused(&heap->report);
	raw_store(&n->next, NULL);
}

static void store_of_memory(void)
{
	void *memory = kmalloc(64, GFP_KERNEL);

	store_of(memory);
	kfree(memory);
}

static void store_of_static_data(void)
{
	store_of(&static_data);
}

static void store_of_number(void)
{
	store_of((void *)0x6b6b6b6b6b6b6b6bUL);
}

/* The same without a check of the store: only the marker can notice. */
static void raw_store_of(void *slot, void *value)
{
	plant(0);
	raw_store(slot, value);
	kgc_collect(heap, 1);
	noticed = is_aside(heap, type) && kgc_misused(&heap->report);
	raw_store(slot, NULL);
}

static void raw_store_of_memory(void)
{
	void *memory = kmalloc(64, GFP_KERNEL);

	raw_store_of(&plant(1)->next, memory);
	kfree(memory);
}

static void raw_store_in_array(void)
{
	struct kgc_type_desc desc = node_desc;
	struct kgc_type *array;
	struct kgc_section s;
	struct node *n;

	desc.flags = KGC_DESC_ARRAY;
	array = kgc_type_register(heap, &desc);
	s = kgc_enter(heap);
	n = kgc_alloc_array(s, array, 20, GFP_KERNEL);
	kgc_store(s, &slots[1], n);
	kgc_exit(s);
	raw_store_of(&n[17].next, &static_data);
}

static void raw_store_in_root(void)
{
	raw_store_of(&slots[1], (void *)0x6b6b6b6b6b6b6b6bUL);
}

/* Store a pointer to an object of another heap. */
static void raw_store_of_another(void)
{
	struct kgc_heap *another = kgc_heap_create("kgc_another", THIS_MODULE);
	struct kgc_type *foreign;
	struct kgc_section s;
	struct node *n;

	if (IS_ERR(another))
		return;
	foreign = kgc_type_register(another, &node_desc);
	s = kgc_enter(another);
	n = kgc_alloc(s, foreign, GFP_KERNEL);
	kgc_exit(s);
	raw_store_of(&plant(1)->next, n);
	/* this heap has not marked the object, so the other heap still frees it */
	noticed &= !kgc_collect(another, 1) && !kgc_heap_objects(another);
	kgc_heap_destroy(another);
}

/* ---- weak references, finalizers, roots ----------------------------------------- */

/* Calls that look up an object report an address that is in no object. */
static void weak_reference_to_none(void)
{
	struct kgc_section s = kgc_enter(heap);
	u64 weak;

	noticed = kgc_weak_create(s, &weak, GFP_KERNEL, &weak) == -EINVAL;
	kgc_exit(s);
	noticed &= is_aside(heap, type);
}

static void never_called(struct kgc_section s, void *obj)
{
	pr_err("kgc_misuse: called\n");
}

static void never_cleaned(void *arg)
{
	pr_err("kgc_misuse: called\n");
}

static void finalizer_of_none(void)
{
	struct kgc_section s = kgc_enter(heap);
	struct kgc_cleanup cleanup;

	noticed = kgc_finalize(s, &cleanup, never_called, GFP_KERNEL) == -EINVAL &&
		  kgc_cleanup_add(s, &cleanup, &cleanup, never_cleaned, NULL,
				  GFP_KERNEL) == -EINVAL &&
		  !kgc_cleanup_cancel(heap, &cleanup);
	kgc_exit(s);
	noticed &= is_aside(heap, type);
}

/* These calls refuse to run with IRQs off: their locks are not IRQ-safe. */
static void tables_with_interrupts_off(void)
{
	struct kgc_cleanup cleanup;
	struct kgc_section s;
	struct node *n = plant(0);
	u64 weak, kept = 0;

	s = kgc_enter(heap);
	noticed = !kgc_weak_create(s, n, GFP_KERNEL, &kept);
	local_irq_disable();
	noticed &= kgc_weak_create(s, n, GFP_ATOMIC, &weak) == -EINVAL &&
		   kgc_finalize(s, n, never_called, GFP_ATOMIC) == -EINVAL &&
		   kgc_finalize_cancel(s, n) == -EINVAL &&
		   kgc_cleanup_add(s, n, &cleanup, never_cleaned, NULL,
				   GFP_ATOMIC) == -EINVAL;
	kgc_weak_free(s, kept);
	local_irq_enable();
	noticed &= kgc_weak_get(s, kept) == n;
	kgc_weak_free(s, kept);
	kgc_exit(s);
	uproot(0);
	/* the refused calls have damaged nothing */
	noticed &= !kgc_collect(heap, 1) && kgc_heap_objects(heap) == 0;
}

static void root_is_not_null(void)
{
	static KGC_REF(struct node) full;
	struct kgc_root late;

	raw_store(&full, plant(0));
	kgc_root_add(heap, &late, &full, 1);
	noticed = is_aside(heap, type);
	kgc_root_del(heap, &late);
}

static void root_is_added_twice(void)
{
	static KGC_REF(struct node) ref;
	struct kgc_root twice;

	kgc_root_add(heap, &twice, &ref, 1);
	kgc_root_add(heap, &twice, &ref, 1);
	noticed = is_aside(heap, type);
	kgc_root_del(heap, &twice);
}

static void root_is_deleted_twice(void)
{
	static KGC_REF(struct node) ref;
	struct kgc_root once;

	kgc_root_add(heap, &once, &ref, 1);
	kgc_root_del(heap, &once);
	kgc_root_del(heap, &once);
	noticed = is_aside(heap, type);
}

static void root_is_left(void)
{
	struct kgc_heap *another = kgc_heap_create("kgc_another", THIS_MODULE);
	static KGC_REF(struct node) ref;
	static struct kgc_root left;

	if (IS_ERR(another))
		return;
	kgc_root_add(another, &left, &ref, 1);
	kgc_heap_destroy(another);
	noticed = true;
}

static int waited;

static void wait_in_finalizer(struct kgc_section s, void *obj)
{
	waited = kgc_finalizers_wait(s.heap);
}

static void finalizer_waits(void)
{
	struct kgc_section s;
	struct node *n = plant(0);

	s = kgc_enter(heap);
	noticed = !kgc_finalize(s, n, wait_in_finalizer, GFP_KERNEL);
	kgc_exit(s);
	uproot(0);
	noticed &= !kgc_collect(heap, 1) && !kgc_finalizers_wait(heap) &&
		   waited == -EDEADLK;
}

static void drain_in_finalizer(struct kgc_section s, void *obj)
{
	waited++;
	kgc_finalizers_drain(s.heap);
}

static void end_in_cleanup(void *ended)
{
	waited++;
	kgc_heap_destroy(ended);
}

/* A call that would wait for itself does nothing. */
static void finalizer_drains(void)
{
	struct kgc_section s;
	struct node *n = plant(0);

	s = kgc_enter(heap);
	noticed = !kgc_finalize(s, n, drain_in_finalizer, GFP_KERNEL);
	kgc_exit(s);
	uproot(0);
	noticed &= !kgc_collect(heap, 1) && !kgc_finalizers_wait(heap) && waited == 1 &&
		   !kgc_collect(heap, 1);
}

static void cleanup_ends_heap(void)
{
	static struct kgc_cleanup cleanup;
	struct kgc_section s;
	struct node *n = plant(0);

	s = kgc_enter(heap);
	noticed = !kgc_cleanup_add(s, n, &cleanup, end_in_cleanup, heap, GFP_KERNEL);
	kgc_exit(s);
	uproot(0);
	noticed &= !kgc_collect(heap, 1) && !kgc_finalizers_wait(heap) && waited == 1 &&
		   !kgc_collect(heap, 1);
}

static void cleanup_is_added_twice(void)
{
	static struct kgc_cleanup cleanup;
	struct kgc_section s;
	struct node *n = plant(0), *other = plant(1);

	s = kgc_enter(heap);
	noticed = !kgc_cleanup_add(s, n, &cleanup, never_cleaned, NULL, GFP_KERNEL) &&
		  kgc_cleanup_add(s, other, &cleanup, never_cleaned, NULL,
				  GFP_KERNEL) == -EEXIST;
	kgc_exit(s);
	noticed &= is_aside(heap, type);
}

/* The heap stays, so that a test can read its debugfs files. */
static void aside_stays(void)
{
	struct kgc_section s = kgc_enter(heap);

	kgc_weak_create(s, &s, GFP_KERNEL, &s.heap->created_ns);
	kgc_exit(s);
	stays = true;
	noticed = true;
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "type-foreign", type_is_foreign },
	{ "store-memory", store_of_memory },
	{ "store-data", store_of_static_data },
	{ "store-number", store_of_number },
	{ "raw-memory", raw_store_of_memory },
	{ "raw-array", raw_store_in_array },
	{ "raw-root", raw_store_in_root },
	{ "raw-another", raw_store_of_another },
	{ "weak-none", weak_reference_to_none },
	{ "final-none", finalizer_of_none },
	{ "tables-irq", tables_with_interrupts_off },
	{ "root-not-null", root_is_not_null },
	{ "root-twice", root_is_added_twice },
	{ "root-del-twice", root_is_deleted_twice },
	{ "root-left", root_is_left },
	{ "final-waits", finalizer_waits },
	{ "final-drains", finalizer_drains },
	{ "cleanup-ends", cleanup_ends_heap },
	{ "cleanup-twice", cleanup_is_added_twice },
	{ "aside", aside_stays },
};

static int commit(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(faults[i].name, fault))
			continue;
		faults[i].commit();
		return noticed ? 0 : -ENODATA;
	}
	return -EINVAL;
}

static void end(void)
{
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
}

static int __init abuse_init(void)
{
	int err;

	heap = kgc_heap_create("kgc_abuse", THIS_MODULE);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	type = kgc_type_register(heap, &node_desc);
	if (IS_ERR(type)) {
		kgc_heap_destroy(heap);
		return -ENOMEM;
	}
	kgc_option_set(heap, KGC_OPT_VERIFY, 1);
	kgc_root_add(heap, &root, slots, ARRAY_SIZE(slots));
	err = commit();
	if (err || !stays)
		end();
	return err;
}

static void __exit abuse_exit(void)
{
	if (stays)
		end();
}

module_init(abuse_init);
module_exit(abuse_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: <linux/kgc.h> used as it must not be");
