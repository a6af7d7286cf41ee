// SPDX-License-Identifier: GPL-2.0
/*
 * A producer on one CPU allocates packets of many sizes, and a consumer on another
 * drops them, while the heap is collected. Loading fails if a packet is lost, comes
 * twice or has been changed. The heap stays, empty, until the module goes, so that a
 * test can read its counters.
 */
#include <linux/completion.h>
#include <linux/cpumask.h>
#include <linux/kgc.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/task.h>

#include "uapi/linux/kgc.h"

#define RING	256

static unsigned int packets = 200000;
module_param(packets, uint, 0);
MODULE_PARM_DESC(packets, "how many go from one to the other");

static bool nowait;
module_param(nowait, bool, 0);
MODULE_PARM_DESC(nowait, "allocate with GFP_NOWAIT and GFP_ATOMIC, try again when refused");

/* The payload repeats the serial number to the end of the type. */
struct packet {
	KGC_REF(struct packet) previous;
	u64 serial;
	u64 words[];
};

static const u16 payloads[] = { 0, 1, 3, 6, 12, 30, 62, 250, 1000 };

static struct kgc_type *types[ARRAY_SIZE(payloads)];
static KGC_REF(struct packet) ring[RING];
static struct kgc_root root;
static struct kgc_heap *heap;
static u64 refused, lost, changed, not_clear;
static DECLARE_COMPLETION(consumed);

static int types_register(void)
{
	static const u32 field = offsetof(struct packet, previous);
	struct kgc_type_desc desc = {
		.name = "packet", .align = 8, .fields = &field, .nr_fields = 1,
		.owner = THIS_MODULE,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(payloads); i++) {
		desc.size = sizeof(struct packet) + 8 * payloads[i];
		types[i] = kgc_type_register(heap, &desc);
		if (IS_ERR(types[i]))
			return PTR_ERR(types[i]);
	}
	return 0;
}

static struct packet *packet_make(struct kgc_section s, u64 serial)
{
	unsigned int kind = serial % ARRAY_SIZE(payloads), i;
	gfp_t gfp = serial % 2 ? GFP_NOWAIT : GFP_ATOMIC;
	struct packet *p;

	p = kgc_alloc(s, types[kind], nowait ? gfp : GFP_KERNEL);
	if (!p)
		return NULL;
	not_clear += !!p->serial;
	for (i = 0; i < payloads[kind]; i++) {
		not_clear += !!p->words[i];
		p->words[i] = serial;
	}
	p->serial = serial;
	return p;
}

static int produce(void *unused)
{
	struct kgc_section s;
	struct packet *p;
	u64 serial = 0;

#ifdef CONFIG_FAULT_INJECTION
	/* fault injection makes only this task's requests fail */
	current->make_it_fail = nowait;
#endif
	while (serial < packets) {
		s = kgc_enter(heap);
		/* the consumer has emptied the slot */
		if (!kgc_load(s, &ring[serial % RING])) {
			p = packet_make(s, serial);
			if (p)
				kgc_store(s, &ring[serial++ % RING], p);
			else
				refused++;
		}
		kgc_exit(s);
		cond_resched();
	}
	return 0;
}

static void packet_check(const struct packet *p, u64 serial)
{
	unsigned int kind = serial % ARRAY_SIZE(payloads), i;

	lost += p->serial != serial;
	for (i = 0; i < payloads[kind]; i++)
		changed += p->words[i] != serial;
}

static int consume(void *unused)
{
	struct kgc_section s;
	struct packet *p;
	u64 serial = 0;

	while (serial < packets) {
		s = kgc_enter(heap);
		p = kgc_xchg(s, &ring[serial % RING], NULL);
		if (p)
			packet_check(p, serial++);
		kgc_exit(s);
		cond_resched();
	}
	complete(&consumed);
	return 0;
}

static int run(void)
{
	unsigned int first = cpumask_first(cpu_online_mask);
	unsigned int second = cpumask_next(first, cpu_online_mask);
	struct task_struct *producer, *consumer;

	if (second >= nr_cpu_ids)
		second = first;
	consumer = kthread_create(consume, NULL, "kgc_pair/in");
	if (IS_ERR(consumer))
		return PTR_ERR(consumer);
	producer = kthread_create(produce, NULL, "kgc_pair/out");
	if (IS_ERR(producer)) {
		kthread_stop(consumer);
		return PTR_ERR(producer);
	}
	/* kthread_stop(), which waits for the thread, needs the reference */
	get_task_struct(consumer);
	get_task_struct(producer);
	kthread_bind(producer, first);
	kthread_bind(consumer, second);
	wake_up_process(consumer);
	wake_up_process(producer);
	wait_for_completion(&consumed);
	kthread_stop(producer);
	kthread_stop(consumer);
	put_task_struct(producer);
	put_task_struct(consumer);
	pr_info("kgc_pair: %u packets from CPU %u to %u, %llu refused, %llu lost, %llu words changed, %llu not clear\n",
		packets, first, second, refused, lost, changed, not_clear);
	return lost || changed || not_clear ? -EIO : 0;
}

static int __init pair_init(void)
{
	int err;

	heap = kgc_heap_create("kgc_pair", THIS_MODULE);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	err = types_register();
	if (err)
		goto err_heap;
	kgc_option_set(heap, KGC_OPT_GOGC, 50);
	kgc_option_set(heap, KGC_OPT_VERIFY, 1);
	kgc_root_add(heap, &root, ring, RING);
	err = run();
	kgc_collect(heap, 2);
	if (!err)
		return 0;
	kgc_root_del(heap, &root);
err_heap:
	kgc_heap_destroy(heap);
	return err;
}

static void __exit pair_exit(void)
{
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
}

module_init(pair_init);
module_exit(pair_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: what one CPU allocates dies on another");
