// SPDX-License-Identifier: GPL-2.0
/*
 * Measures how long the collector keeps interrupts off, by how late a timer of this CPU
 * is. Loading runs cycles with the tracer over a list of objects, and logs the result.
 * It means something only if time counts instructions (vm-images/boot -n).
 */
#include <linux/hrtimer.h>
#include <linux/module.h>
#include <linux/version.h>

#include <linux/kgc.h>

#include "uapi/linux/kgc.h"

#define INTERVAL_NS	(20 * NSEC_PER_USEC)

static unsigned int objects = 100000;
module_param(objects, uint, 0);
MODULE_PARM_DESC(objects, "how many of 64 bytes");

struct node {
	KGC_REF(struct node) next;
	u64 pad[7];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);

static struct hrtimer timer;
static u64 longest_ns;

static enum hrtimer_restart tick(struct hrtimer *t)
{
	s64 late = ktime_to_ns(ktime_sub(ktime_get(), hrtimer_get_expires(t)));

	if (late > 0)
		longest_ns = max_t(u64, longest_ns, late);
	hrtimer_forward_now(t, ns_to_ktime(INTERVAL_NS));
	return HRTIMER_RESTART;
}

static void timer_begin(void)
{
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 15, 0)
	hrtimer_init(&timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	timer.function = tick;
#else
	hrtimer_setup(&timer, tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
#endif
	hrtimer_start(&timer, ns_to_ktime(INTERVAL_NS), HRTIMER_MODE_REL_HARD);
}

static KGC_REF(struct node) head;

static int list_build(struct kgc_heap *heap, struct kgc_type *type)
{
	unsigned int i;

	for (i = 0; i < objects; i++) {
		struct kgc_section s = kgc_enter(heap);
		struct node *n = kgc_alloc(s, type, GFP_KERNEL);

		if (n) {
			kgc_store(s, &n->next, kgc_load(s, &head));
			kgc_store(s, &head, n);
		}
		kgc_exit(s);
		if (!n)
			return -ENOMEM;
		cond_resched();
	}
	return 0;
}

static int measure(struct kgc_heap *heap)
{
	struct kgc_type *type = kgc_type_register(heap, &node_desc);
	struct kgc_root root;
	int err;

	if (IS_ERR(type))
		return PTR_ERR(type);
	kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF);
	kgc_option_set(heap, KGC_OPT_VERIFY, 2);
	kgc_root_add(heap, &root, &head, 1);
	err = list_build(heap, type);
	if (!err) {
		timer_begin();
		kgc_collect(heap, 2);
		hrtimer_cancel(&timer);
	}
	kgc_root_del(heap, &root);
	return err;
}

static int __init latency_init(void)
{
	struct kgc_heap *heap = kgc_heap_create("kgc_latency", THIS_MODULE);
	int err;

	if (IS_ERR(heap))
		return PTR_ERR(heap);
	err = measure(heap);
	kgc_heap_destroy(heap);
	if (err)
		return err;
	pr_info("kgc_latency: interrupts were off for at most %llu ns\n", longest_ns);
	return 0;
}

static void __exit latency_exit(void)
{
}

module_init(latency_init);
module_exit(latency_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: for how long interrupts are off");
