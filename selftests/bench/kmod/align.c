// SPDX-License-Identifier: GPL-2.0
/*
 * The price of alignment, in memory and time:
 *
 *	layouts		the same fields packed, ordered, padded, and each object
 *			on a cache line of its own
 *	arrays		an array of structures against a structure of arrays
 *	sharing		two CPUs count, 8, 64 and 128 bytes apart, and a line of this
 *			machine
 *
 * Turns go A B C, C B A. The figures are median and spread. The second and the third
 * benchmark measure effects of caches, which only native code shows.
 */
#include <linux/cache.h>
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/vmstat.h>

#include "bench.h"

#define TURNS	11

/* ---- layouts ------------------------------------------------------------*/

struct padded {
	u8	a;
	u64	b;
	u8	c;
	u64	d;
	u8	e;
};

struct packed {
	u8	a;
	u64	b;
	u8	c;
	u64	d;
	u8	e;
} __packed;

struct ordered {
	u64	b;
	u64	d;
	u8	a;
	u8	c;
	u8	e;
};

static_assert(sizeof(struct packed) == 19);
static_assert(sizeof(struct ordered) == 24);
static_assert(sizeof(struct padded) == 40);

/* Read and write each field of all objects in the table. */
#define TOUCH(name, type)						\
static noinline void touch_##name(struct bench_slot *table, size_t n,	\
				  struct kgc_section s)			\
{									\
	size_t i;							\
									\
	for (i = 0; i < n; i++) {					\
		type *o = (type *)kgc_load(s, &table[i].ref);		\
									\
		o->b += o->a + o->c;					\
		o->d += o->e;						\
	}								\
}

TOUCH(packed, struct packed)
TOUCH(ordered, struct ordered)
TOUCH(padded, struct padded)

static const struct layout {
	const char	*name;
	size_t		size;
	size_t		align;
	void		(*touch)(struct bench_slot *table, size_t n,
				 struct kgc_section s);
} layouts[] = {
	{ "packed", sizeof(struct packed), 8, touch_packed },
	{ "ordered", sizeof(struct ordered), 8, touch_ordered },
	{ "padded", sizeof(struct padded), 8, touch_padded },
	{ "padded, on lines of 64", sizeof(struct padded), 64, touch_padded },
	{ "padded, on lines of 128", sizeof(struct padded), 128, touch_padded },
};

static u64 free_bytes(void)
{
	return (u64)global_zone_page_state(NR_FREE_PAGES) << PAGE_SHIFT;
}

static int layout_fill(struct bench_heap *h, const struct layout *l, size_t n,
		       u64 *taken)
{
	struct kgc_type_desc desc = {
		.name = l->name, .size = l->size, .align = l->align,
		.flags = KGC_DESC_NOSCAN, .owner = THIS_MODULE,
	};
	struct kgc_type *type = kgc_type_register(h->heap, &desc);
	struct bench_slot *table;
	struct kgc_section s;
	void *o = NULL;
	size_t i;
	int err;

	if (IS_ERR(type))
		return PTR_ERR(type);
	err = bench_table_empty(h, n);
	if (err)
		return err;
	*taken = free_bytes();
	s = kgc_enter(h->heap);
	table = kgc_load(s, &h->table);
	for (i = 0; i < n; i++) {
		o = kgc_alloc(s, type, GFP_KERNEL);
		if (!o)
			break;
		kgc_store(s, &table[i].ref, (struct bench_node *)o);
	}
	kgc_exit(s);
	*taken -= free_bytes();
	return o ? 0 : -ENOMEM;
}

static u64 layout_time(struct bench_heap *h, const struct layout *l, size_t n)
{
	struct kgc_section s = kgc_enter(h->heap);
	struct bench_slot *table = kgc_load(s, &h->table);
	u64 begin = bench_now();

	l->touch(table, n, s);
	begin = bench_now() - begin;
	kgc_exit(s);
	return begin;
}

static int layouts_run(size_t n)
{
	struct bench_samples *t;
	struct bench_heap *h;
	unsigned int opened, i, turn;
	u64 taken;
	int err = -ENOMEM;

	h = kcalloc(ARRAY_SIZE(layouts), sizeof(*h), GFP_KERNEL);
	t = kcalloc(ARRAY_SIZE(layouts), sizeof(*t), GFP_KERNEL);
	for (opened = 0; h && t && opened < ARRAY_SIZE(layouts); opened++) {
		err = bench_heap_open(&h[opened], "align");
		if (err)
			goto out;
		err = layout_fill(&h[opened], &layouts[opened], n, &taken);
		if (err) {
			opened++;
			goto out;
		}
		bench_result(layouts[opened].name, "memory, per object", "B",
			     taken, n);
	}
	for (turn = 0; !err && turn < TURNS; turn++)
		for (i = 0; i < opened; i++) {
			unsigned int a = turn & 1 ? opened - 1 - i : i;

			t[a].ns[t[a].n++] = layout_time(&h[a], &layouts[a], n);
		}
	for (i = 0; !err && i < opened; i++)
		bench_spread(layouts[i].name, "all fields, per object", "ns",
			     &t[i], n);
out:
	while (opened--)
		bench_heap_close(&h[opened]);
	kfree(t);
	kfree(h);
	return err;
}

/* ---- arrays -------------------------------------------------------------*/

#define COLUMNS	8

static u64 sink;

/* Sum @wide words of each of @n records. The words of a record are @step apart. */
static noinline u64 array_sum(const u64 *word, size_t n, size_t record,
			      size_t step, unsigned int wide)
{
	u64 begin = bench_now(), sum = 0;
	unsigned int j;
	size_t i;

	for (i = 0; i < n; i++)
		for (j = 0; j < wide; j++)
			sum += READ_ONCE(word[i * record + j * step]);
	sink += sum;
	return bench_now() - begin;
}

static int arrays_run(size_t n)
{
	static const struct {
		const char	*subject;
		const char	*metric;
		unsigned int	wide;
		bool		columns;
	} arm[] = {
		{ "array of structures", "one field, per record", 1, false },
		{ "structure of arrays", "one field, per record", 1, true },
		{ "array of structures", "all fields, per record", COLUMNS, false },
		{ "structure of arrays", "all fields, per record", COLUMNS, true },
	};
	static const struct kgc_type_desc desc = {
		.name = "words", .size = 8, .owner = THIS_MODULE,
		.flags = KGC_DESC_NOSCAN | KGC_DESC_ARRAY,
	};
	static struct bench_samples t[ARRAY_SIZE(arm)];
	struct kgc_section s;
	struct kgc_type *kind;
	struct bench_heap h;
	unsigned int i, turn;
	u64 *word;
	int err;

	err = bench_heap_open(&h, "align");
	if (err)
		return err;
	memset(t, 0, sizeof(t));
	kind = kgc_type_register(h.heap, &desc);
	s = kgc_enter(h.heap);
	word = IS_ERR(kind) ? NULL :
	       kgc_alloc_array(s, kind, n * COLUMNS, GFP_KERNEL);
	for (turn = 0; word && turn < TURNS; turn++)
		for (i = 0; i < ARRAY_SIZE(arm); i++) {
			unsigned int a = turn & 1 ? ARRAY_SIZE(arm) - 1 - i : i;

			t[a].ns[t[a].n++] =
				array_sum(word, n, arm[a].columns ? 1 : COLUMNS,
					  arm[a].columns ? n : 1, arm[a].wide);
		}
	kgc_exit(s);
	for (i = 0; word && i < ARRAY_SIZE(arm); i++)
		bench_spread(arm[i].subject, arm[i].metric, "ns", &t[i], n);
	bench_heap_close(&h);
	return word ? 0 : -ENOMEM;
}

/* ---- sharing ------------------------------------------------------------*/

struct counting {
	u64			*word;
	u64			n;
	u64			ns;
	atomic_t		*ready;
	struct completion	done;
};

static int counting(void *data)
{
	struct counting *c = data;
	u64 begin, i;

	atomic_dec(c->ready);
	while (atomic_read(c->ready))
		cpu_relax();
	begin = bench_now();
	for (i = 0; i < c->n; i++)
		WRITE_ONCE(*c->word, READ_ONCE(*c->word) + 1);
	c->ns = bench_now() - begin;
	complete(&c->done);
	return 0;
}

/* Two CPUs count, @apart bytes apart. Return: ns of the slower one, 0 on failure. */
static u64 sharing_turn(u64 *words, size_t apart, u64 n)
{
	struct task_struct *task[2];
	struct counting c[2];
	atomic_t ready = ATOMIC_INIT(2);
	unsigned int i;

	for (i = 0; i < 2; i++) {
		c[i].word = words + i * apart / sizeof(u64);
		c[i].n = n;
		c[i].ready = &ready;
		init_completion(&c[i].done);
		task[i] = kthread_create(counting, &c[i], "kgc_bench/%u", i);
		if (!IS_ERR(task[i]))
			continue;
		if (i)
			kthread_stop(task[0]);
		return 0;
	}
	kthread_bind(task[0], cpumask_first(cpu_online_mask));
	kthread_bind(task[1], cpumask_last(cpu_online_mask));
	wake_up_process(task[0]);
	wake_up_process(task[1]);
	wait_for_completion(&c[0].done);
	wait_for_completion(&c[1].done);
	return max(c[0].ns, c[1].ns);
}

static int sharing_run(u64 n)
{
	const struct {
		const char	*name;
		size_t		apart;
	} arm[] = {
		{ "8 bytes apart", 8 }, { "64 bytes apart", 64 },
		{ "128 bytes apart", 128 },
		{ "one line of this machine apart", cache_line_size() },
	};
	static const struct kgc_type_desc desc = {
		.name = "lines", .size = 512, .align = 256,
		.flags = KGC_DESC_NOSCAN, .owner = THIS_MODULE,
	};
	static struct bench_samples t[ARRAY_SIZE(arm)];
	struct kgc_section s;
	struct kgc_type *kind;
	struct bench_heap h;
	unsigned int i, turn;
	u64 *words, ns = 0;
	int err;

	if (num_online_cpus() < 2) {
		bench_skip("false sharing: one CPU");
		return 0;
	}
	err = bench_heap_open(&h, "align");
	if (err)
		return err;
	memset(t, 0, sizeof(t));
	kind = kgc_type_register(h.heap, &desc);
	s = kgc_enter(h.heap);
	words = IS_ERR(kind) ? NULL : kgc_alloc(s, kind, GFP_KERNEL);
	for (turn = 0; words && turn < TURNS; turn++)
		for (i = 0; i < ARRAY_SIZE(arm); i++) {
			unsigned int a = turn & 1 ? ARRAY_SIZE(arm) - 1 - i : i;

			ns = sharing_turn(words, arm[a].apart, n);
			if (!ns)
				goto out;
			t[a].ns[t[a].n++] = ns;
		}
out:
	kgc_exit(s);
	for (i = 0; ns && i < ARRAY_SIZE(arm); i++)
		bench_spread(arm[i].name, "two CPUs count, each", "ns", &t[i], n);
	bench_heap_close(&h);
	return ns ? 0 : -ENOMEM;
}

static int align_run(void)
{
	bench_result("this machine", "cache line", "B", cache_line_size(), 1);
	return layouts_run(bench_param("n", 200000)) ?:
	       arrays_run(bench_param("records", 60000)) ?:
	       sharing_run(bench_param("counts", 2000000));
}

const struct bench bench_align = {
	.name = "align",
	.about = "layouts, arrays and lines that are shared (n, records, counts)",
	.run = align_run,
};
