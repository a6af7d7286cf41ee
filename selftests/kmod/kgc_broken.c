// SPDX-License-Identifier: GPL-2.0
/*
 * Commits a given fault, so that a test can check that it hears each kind of kernel
 * report: insmod kgc_broken.ko fault=NAME. Load this only into a machine that
 * serves no other purpose.
 */
#include <linux/bug.h>
#include <linux/delay.h>
#include <linux/kgc.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *fault = "";
module_param(fault, charp, 0);
MODULE_PARM_DESC(fault, "what to do wrong");

static int seconds = 10;
module_param(seconds, int, 0);
MODULE_PARM_DESC(seconds, "how long a fault lasts that takes time");

static void warn(void)
{
	WARN_ON(1);
}

static void bug(void)
{
	BUG();
}

static void oops(void)
{
	int *nowhere = NULL;

	OPTIMIZER_HIDE_VAR(nowhere);
	WRITE_ONCE(*nowhere, 1);
}

static void out_of_bounds(void)
{
	char *bytes = kmalloc(40, GFP_KERNEL);

	if (!bytes)
		return;
	OPTIMIZER_HIDE_VAR(bytes);
	WRITE_ONCE(bytes[40], 1);
	kfree(bytes);
}

static void use_after_free(void)
{
	char *bytes = kmalloc(40, GFP_KERNEL);

	if (!bytes)
		return;
	kfree(bytes);
	OPTIMIZER_HIDE_VAR(bytes);
	WRITE_ONCE(bytes[0], 1);
}

static void leak(void)
{
	int i;

	/*
	 * Leak many: stacks keep copies of the last pointers. Since 6.18 the slab
	 * allocator's per-CPU stores of free objects keep some too.
	 */
	for (i = 0; i < 2000; i++) {
		char *bytes = kmalloc(40, GFP_KERNEL);

		OPTIMIZER_HIDE_VAR(bytes);
	}
}

/* ---- with a heap, whose pages no slab allocator watches over ------------- */

struct item {
	KGC_REF(struct item) next;
	u8 bytes[25];	/* 33 bytes in all, in a slot of 48 */
} __packed;

KGC_DEFINE_TYPE(item_desc, struct item, next);

/* Owners of other memory: small, the only one in its span, and large. */
struct tray {
	void *bytes[60];
};

struct shelf {
	void *bytes[2000];
};

struct rack {
	void *bytes[5000];
};

KGC_DEFINE_NOSCAN_TYPE(tray_desc, struct tray);
KGC_DEFINE_NOSCAN_TYPE(shelf_desc, struct shelf);
KGC_DEFINE_NOSCAN_TYPE(rack_desc, struct rack);

#define SURVIVORS	6

static struct kgc_heap *heap;
static struct kgc_root root, tray_root;
static KGC_REF(struct item) kept;
static KGC_REF(struct tray) kept_trays[SURVIVORS];

/* Make an object that a root keeps, and return another that nothing keeps. */
static struct item *heap_items(void)
{
	struct kgc_type *type;
	struct kgc_section s;
	struct item *stray;

	heap = kgc_heap_create("kgc_broken", THIS_MODULE);
	if (IS_ERR(heap))
		return NULL;
	type = kgc_type_register(heap, &item_desc);
	kgc_root_add(heap, &root, &kept, 1);
	s = kgc_enter(heap);
	kgc_store(s, &kept, (struct item *)kgc_alloc(s, type, GFP_KERNEL));
	stray = kgc_alloc(s, type, GFP_KERNEL);
	kgc_exit(s);
	OPTIMIZER_HIDE_VAR(stray);
	return stray;
}

static void heap_end(void)
{
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
	heap = NULL;
}

static void heap_use_after_free(void)
{
	struct item *item = heap_items();

	kgc_collect(heap, 2);
	WRITE_ONCE(item->bytes[0], 1);
	heap_end();
}

/* Write the byte behind the object, in a word that it uses in part. */
static void heap_tail(void)
{
	struct item *item = heap_items();

	WRITE_ONCE(item->bytes[sizeof(item->bytes)], 1);
	heap_end();
}

/* Write behind the last word: the slot is larger than the type. */
static void heap_slack(void)
{
	struct kgc_type_desc desc = shelf_desc;
	struct kgc_section s;
	struct kgc_type *type;
	u8 *bytes;

	heap_items();
	desc.size = 40;		/* of 48 */
	type = kgc_type_register(heap, &desc);
	s = kgc_enter(heap);
	bytes = kgc_alloc(s, type, GFP_KERNEL);
	OPTIMIZER_HIDE_VAR(bytes);
	WRITE_ONCE(bytes[40], 1);
	kgc_exit(s);
	heap_end();
}

/* Only @owner refers to this memory. kmemleak reports this function's name. */
static noinline void heap_lose(void **owner, unsigned int nr)
{
	unsigned int i;

	for (i = 0; i < nr; i++)
		owner[i] = kmalloc(40, GFP_KERNEL);
}

/*
 * The collector frees the owners, and nothing else clears them. The heap stays until
 * the module goes. With @some_live one owner in eight stays alive.
 */
static void heap_owners(const struct kgc_type_desc *desc, unsigned int nr,
			bool some_live)
{
	struct kgc_section s;
	struct kgc_type *type;
	unsigned int i;
	void *owner;

	heap_items();
	kgc_root_add(heap, &tray_root, kept_trays, SURVIVORS);
	type = kgc_type_register(heap, desc);
	s = kgc_enter(heap);
	for (i = 0; i < nr; i++) {
		owner = kgc_alloc(s, type, GFP_KERNEL);
		heap_lose(owner, desc->size / sizeof(void *));
		if (some_live && i % 8 == 0)
			kgc_store(s, &kept_trays[i / 8], (struct tray *)owner);
	}
	kgc_exit(s);
	kgc_collect(heap, 2);
}

static void heap_slot_leak(void)
{
	heap_owners(&tray_desc, 8 * SURVIVORS, true);
}

static void heap_span_leak(void)
{
	heap_owners(&shelf_desc, 1, false);
}

static void heap_large_leak(void)
{
	heap_owners(&rack_desc, 1, false);
}

/* kgc_alloc(GFP_KERNEL) under a spinlock: the kernel warns even if memory is at hand. */
static void alloc_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);
	struct kgc_heap *own = kgc_heap_create("kgc_broken", THIS_MODULE);
	struct kgc_section s;
	struct kgc_type *type;

	if (IS_ERR(own))
		return;
	type = kgc_type_register(own, &item_desc);
	s = kgc_enter(own);
	if (!IS_ERR(type) && kgc_alloc(s, type, GFP_KERNEL)) {
		spin_lock(&lock);
		kgc_alloc(s, type, GFP_KERNEL);
		spin_unlock(&lock);
	}
	kgc_exit(s);
	kgc_heap_destroy(own);
}

/* Wait for a cycle under a lock that sections take. The two never run at once. */
static void wait_under_lock(void)
{
	static DEFINE_MUTEX(lock);
	struct kgc_heap *own = kgc_heap_create("kgc_broken", THIS_MODULE);
	struct kgc_section s;

	if (IS_ERR(own))
		return;
	s = kgc_enter(own);
	mutex_lock(&lock);
	mutex_unlock(&lock);
	kgc_exit(s);
	mutex_lock(&lock);
	kgc_collect(own, 1);
	mutex_unlock(&lock);
	kgc_heap_destroy(own);
}

static void lock_order(void)
{
	static DEFINE_MUTEX(first);
	static DEFINE_MUTEX(second);

	mutex_lock(&first);
	mutex_lock(&second);
	mutex_unlock(&second);
	mutex_unlock(&first);

	mutex_lock(&second);
	mutex_lock(&first);
	mutex_unlock(&first);
	mutex_unlock(&second);
}

static void sleep_in_atomic(void)
{
	static DEFINE_SPINLOCK(lock);

	spin_lock(&lock);
	might_sleep();
	spin_unlock(&lock);
}

static void schedule_in_atomic(void)
{
	preempt_disable();
	schedule_timeout_uninterruptible(1);
	preempt_enable();
}

static void rcu_unlocked(void)
{
	static int __rcu *pointer;

	(void)rcu_dereference(pointer);
}

static void list_corruption(void)
{
	LIST_HEAD(head);
	LIST_HEAD(entry);

	list_add(&entry, &head);
	entry.next = &entry;
	list_del(&entry);
}

static void refcount(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void spin_for(void)
{
	unsigned long end = jiffies + seconds * HZ;

	while (time_before(jiffies, end))
		cpu_relax();
}

static void soft_lockup(void)
{
	preempt_disable();
	spin_for();
	preempt_enable();
}

static void rcu_stall(void)
{
	rcu_read_lock();
	spin_for();
	rcu_read_unlock();
}

static void hung_task(void)
{
	schedule_timeout_uninterruptible(seconds * HZ);
}

static int contended;

static int race_once_more(void *end)
{
	while (time_before(jiffies, (unsigned long)end)) {
		contended++;
		barrier();
		cond_resched();
	}
	return 0;
}

static void race(void)
{
	void *end = (void *)(jiffies + seconds * HZ);
	int i;

	for (i = 0; i < 2; i++)
		kthread_run(race_once_more, end, "kgc_broken/%d", i);
	ssleep(seconds + 1);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{ "warn", warn },
	{ "bug", bug },
	{ "oops", oops },
	{ "out-of-bounds", out_of_bounds },
	{ "use-after-free", use_after_free },
	{ "leak", leak },
	{ "alloc-in-atomic", alloc_in_atomic },
	{ "wait-under-lock", wait_under_lock },
	{ "heap-use-after-free", heap_use_after_free },
	{ "heap-tail", heap_tail },
	{ "heap-slack", heap_slack },
	{ "heap-slot-leak", heap_slot_leak },
	{ "heap-span-leak", heap_span_leak },
	{ "heap-large-leak", heap_large_leak },
	{ "lock-order", lock_order },
	{ "sleep-in-atomic", sleep_in_atomic },
	{ "schedule-in-atomic", schedule_in_atomic },
	{ "rcu-unlocked", rcu_unlocked },
	{ "list-corruption", list_corruption },
	{ "refcount", refcount },
	{ "soft-lockup", soft_lockup },
	{ "rcu-stall", rcu_stall },
	{ "hung-task", hung_task },
	{ "data-race", race },
};

static int __init kgc_broken_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (strcmp(faults[i].name, fault) == 0) {
			faults[i].commit();
			return 0;
		}
	}
	return -EINVAL;
}

static void __exit kgc_broken_exit(void)
{
	if (IS_ERR_OR_NULL(heap))
		return;
	kgc_root_del(heap, &tray_root);
	heap_end();
}

module_init(kgc_broken_init);
module_exit(kgc_broken_exit);
MODULE_DESCRIPTION("Deliberate faults for the test runner's own test");
MODULE_LICENSE("GPL");
