// SPDX-License-Identifier: GPL-2.0
/*
 * Runs every call of <linux/kgc.h> that allocates, with its first request for memory
 * refused, then its second, and so on until the call makes no further request.
 *
 * Each call has a file in debugfs kgc_failnth/. Reading the file runs the call and
 * gives "ok CALL" or "not ok CALL: why". selftests/programs/fail_nth.c sets up the
 * injection and reads all files at once.
 */
#include <linux/debugfs.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include <linux/kgc.h>

#include "uapi/linux/kgc.h"

#define MAX_REQUESTS	200	/* of one call; none needs more than a hundred */
#define NR_BULK		100

struct node {
	KGC_REF(struct node)	next;
	u64			word;
};

struct twin {	/* same size class as node, so that spans become mixed */
	KGC_REF(struct node)	other;
	u64			word;
};

struct speck {
	u32	word;
};

struct slab {
	u64	word[40000 / 8];
};

KGC_DEFINE_TYPE(node_desc, struct node, next);
KGC_DEFINE_TYPE(twin_desc, struct twin, other);
KGC_DEFINE_NOSCAN_TYPE(speck_desc, struct speck);
KGC_DEFINE_NOSCAN_TYPE(slab_desc, struct slab);

/**
 * struct stage - a fresh heap and its types, for one call
 * @heap: the heap
 * @node: type of struct node
 * @twin: type of the same size class
 * @speck: tiny type
 * @slab: large type
 * @array: array type
 * @mortal: type with a finalizer
 */
struct stage {
	struct kgc_heap	*heap;
	struct kgc_type	*node;
	struct kgc_type	*twin;
	struct kgc_type	*speck;
	struct kgc_type	*slab;
	struct kgc_type	*array;
	struct kgc_type	*mortal;
};

static void end_of_mortal(struct kgc_section s, void *obj)
{
}

/* Unused if the kernel cannot make allocations fail. */
static int __maybe_unused stage_up(struct stage *st)
{
	struct kgc_type_desc array = node_desc, mortal = node_desc;

	mortal.finalize = end_of_mortal;
	array.name = "nodes";
	array.flags = KGC_DESC_ARRAY;
	st->heap = kgc_heap_create("failnth", THIS_MODULE);
	if (IS_ERR(st->heap))
		return PTR_ERR(st->heap);
	st->node = kgc_type_register(st->heap, &node_desc);
	st->twin = kgc_type_register(st->heap, &twin_desc);
	st->speck = kgc_type_register(st->heap, &speck_desc);
	st->slab = kgc_type_register(st->heap, &slab_desc);
	st->array = kgc_type_register(st->heap, &array);
	st->mortal = kgc_type_register(st->heap, &mortal);
	if (!IS_ERR(st->node) && !IS_ERR(st->twin) && !IS_ERR(st->speck) &&
	    !IS_ERR(st->slab) && !IS_ERR(st->array) && !IS_ERR(st->mortal))
		return 0;
	kgc_heap_destroy(st->heap);
	return -ENOMEM;
}

/* ---- the calls: 0, or the errno they answer with ------------------------- */

static int call_heap_create(struct stage *st)
{
	struct kgc_heap *heap = kgc_heap_create("second", THIS_MODULE);

	if (IS_ERR(heap))
		return PTR_ERR(heap);
	kgc_heap_destroy(heap);
	return 0;
}

static int call_type_register(struct stage *st)
{
	return PTR_ERR_OR_ZERO(kgc_type_register(st->heap, &twin_desc));
}

static int alloc_one(struct stage *st, struct kgc_type *type, gfp_t gfp)
{
	struct kgc_section s = kgc_enter(st->heap);
	u32 *obj = kgc_alloc(s, type, gfp);
	int err = obj ? 0 : -ENOMEM;

	if (obj && *obj)
		err = -EUCLEAN;
	kgc_exit(s);
	return err;
}

static int call_alloc(struct stage *st)
{
	return alloc_one(st, st->node, GFP_KERNEL);
}

static int call_alloc_atomic(struct stage *st)
{
	return alloc_one(st, st->node, GFP_ATOMIC);
}

static int call_alloc_tiny(struct stage *st)
{
	return alloc_one(st, st->speck, GFP_KERNEL);
}

static int call_alloc_large(struct stage *st)
{
	return alloc_one(st, st->slab, GFP_KERNEL);
}

static int call_alloc_mixed(struct stage *st)
{
	int err = alloc_one(st, st->node, GFP_KERNEL);

	return err ?: alloc_one(st, st->twin, GFP_KERNEL);
}

static int call_alloc_array(struct stage *st)
{
	struct kgc_section s = kgc_enter(st->heap);
	void *obj = kgc_alloc_array(s, st->array, 1000, GFP_KERNEL);

	kgc_exit(s);
	return obj ? 0 : -ENOMEM;
}

static int call_alloc_mortal(struct stage *st)
{
	return alloc_one(st, st->mortal, GFP_KERNEL);
}

static int call_finalize(struct stage *st)
{
	struct kgc_section s = kgc_enter(st->heap);
	void *obj = kgc_alloc(s, st->node, GFP_KERNEL);
	int err = obj ? kgc_finalize(s, obj, end_of_mortal, GFP_KERNEL) : -ENOMEM;

	kgc_exit(s);
	return err;
}

static void end_of_it(void *arg)
{
}

static int call_cleanup_add(struct stage *st)
{
	struct kgc_section s = kgc_enter(st->heap);
	void *obj = kgc_alloc(s, st->node, GFP_KERNEL);
	struct kgc_cleanup cleanup;
	int err = -ENOMEM;

	if (obj)
		err = kgc_cleanup_add(s, obj, &cleanup, end_of_it, NULL, GFP_KERNEL);
	/* cancelling must succeed exactly if the cleanup was added */
	if (obj && kgc_cleanup_cancel(st->heap, &cleanup) == !!err)
		err = -EUCLEAN;
	kgc_exit(s);
	return err;
}

static int call_weak_create(struct stage *st)
{
	struct kgc_section s = kgc_enter(st->heap);
	void *obj = kgc_alloc(s, st->node, GFP_KERNEL);
	u64 weak;
	int err = obj ? kgc_weak_create(s, obj, GFP_KERNEL, &weak) : -ENOMEM;

	if (!err)
		kgc_weak_free(s, weak);
	kgc_exit(s);
	return err;
}

static int call_alloc_bulk(struct stage *st)
{
	struct kgc_section s = kgc_enter(st->heap);
	void *objs[NR_BULK] = { };
	unsigned int i, n;
	int err = 0;

	n = kgc_alloc_bulk(s, st->node, GFP_KERNEL, NR_BULK, objs);
	for (i = 0; i < n; i++)
		if (!objs[i])
			err = -EUCLEAN;
	kgc_exit(s);
	return err ?: n == NR_BULK ? 0 : -ENOMEM;
}

static int call_collect(struct stage *st)
{
	return kgc_collect(st->heap, 2);
}

static int call_scavenge(struct stage *st)
{
	kgc_scavenge(st->heap);
	return 0;
}

static int call_option_set(struct stage *st)
{
	return kgc_option_set(st->heap, KGC_OPT_GOGC, 50);
}

static const struct fallible {
	const char *name;
	int (*call)(struct stage *st);
	bool needs;	/* whether a fresh heap needs memory for it */
} calls[] = {
	{ "kgc_heap_create", call_heap_create, true },
	{ "kgc_type_register", call_type_register, true },
	{ "kgc_alloc", call_alloc, true },
	{ "kgc_alloc-atomic", call_alloc_atomic, true },
	{ "kgc_alloc-tiny", call_alloc_tiny, true },
	{ "kgc_alloc-large", call_alloc_large, true },
	{ "kgc_alloc-two-types", call_alloc_mixed, true },
	{ "kgc_alloc-finalized", call_alloc_mortal, true },
	{ "kgc_finalize", call_finalize, true },
	{ "kgc_cleanup_add", call_cleanup_add, true },
	{ "kgc_weak_create", call_weak_create, true },
	{ "kgc_alloc_array", call_alloc_array, true },
	{ "kgc_alloc_bulk", call_alloc_bulk, true },
	{ "kgc_collect", call_collect, false },
	{ "kgc_scavenge", call_scavenge, false },
	{ "kgc_option_set", call_option_set, false },
};

/* ---- afterwards ---------------------------------------------------------- */

/* Whether the heap still builds, keeps and frees objects. Return: a complaint or NULL. */
static __maybe_unused const char *still_works(struct stage *st)
{
	KGC_REF(struct node) head = { };
	struct kgc_root root;
	struct kgc_section s;
	const char *why = NULL;
	struct node *n;
	u64 i;

	kgc_root_add(st->heap, &root, &head, 1);
	s = kgc_enter(st->heap);
	for (i = 1; i <= 100 && !why; i++) {
		n = kgc_alloc(s, st->node, GFP_KERNEL);
		if (!n) {
			why = "the heap no longer allocates";
			break;
		}
		n->word = i;
		kgc_store(s, &n->next, (struct node *)kgc_load(s, &head));
		kgc_store(s, &head, n);
	}
	kgc_exit(s);
	if (!why && kgc_collect(st->heap, 2))
		why = "the heap no longer collects";
	s = kgc_enter(st->heap);
	for (n = kgc_load(s, &head); n && !why; n = kgc_load(s, &n->next))
		if (n->word != --i)
			why = "an object was lost or changed";
	kgc_store(s, &head, NULL);
	kgc_exit(s);
	kgc_root_del(st->heap, &root);
	return why;
}

static unsigned int every = 1, first = 1;
module_param(every, uint, 0);
MODULE_PARM_DESC(every, "refuse every so many-th request only (default 1)");
module_param(first, uint, 0);
MODULE_PARM_DESC(first, "the first request to refuse, at most 'every' (default 1)");

#ifdef CONFIG_FAULT_INJECTION
/* Run @call with its @nth request refused. Return: whether it made so many. */
static bool with_failure(int (*call)(struct stage *st), struct stage *st,
			 unsigned int nth, int *err)
{
	bool refused;

	WRITE_ONCE(current->fail_nth, nth);
	*err = call(st);
	refused = !READ_ONCE(current->fail_nth);
	WRITE_ONCE(current->fail_nth, 0);
	return refused;
}

static const char *fail_each(int (*call)(struct stage *st),
			     unsigned int *nth, unsigned int *failures)
{
	const char *why = NULL;
	struct stage st;
	bool refused;
	int err;

	*failures = 0;
	for (*nth = first; *nth < MAX_REQUESTS && !why; *nth += every) {
		if (stage_up(&st))
			return "no memory for the test itself";
		refused = with_failure(call, &st, *nth, &err);
		*failures += !!err;
		if (err && err != -ENOMEM)
			why = "another errno than ENOMEM";
		else if (err && !refused)
			why = "it failed although nothing was refused";
		else
			why = still_works(&st);
		if (!why && call(&st))
			why = "it does not succeed afterwards";
		kgc_heap_destroy(st.heap);
		if (!refused)
			return why;
	}
	return why ?: "it wants more and more memory";
}
#else
static const char *fail_each(int (*call)(struct stage *st),
			     unsigned int *nth, unsigned int *failures)
{
	return "this kernel has no fault injection";
}
#endif

static int report_show(struct seq_file *m, void *unused)
{
	const struct fallible *call = m->private;
	unsigned int nth = 1, failures = 0;
	const char *why = fail_each(call->call, &nth, &failures);

	/* with only every Nth request refused, each may be one that need not succeed */
	if (!why && call->needs && !failures && every == 1)
		why = "no request was ever refused";
	if (why)
		seq_printf(m, "not ok %s: %s (request %u)\n", call->name, why, nth);
	else
		seq_printf(m, "ok %s: every %u of %u requests, %u failures\n",
			   call->name, every, nth - 1, failures);
	return 0;
}

static int report_open(struct inode *inode, struct file *file)
{
	/* the buffer must suffice: a retry would run everything again */
	return single_open_size(file, report_show, inode->i_private, PAGE_SIZE);
}

static const struct file_operations report_fops = {
	.owner = THIS_MODULE,
	.open = report_open,
	.read = seq_read,
	.llseek = seq_lseek,
	.release = single_release,
};

static struct dentry *dir;

static int __init failnth_init(void)
{
	unsigned int i;

	if (!every || !first || first > every)
		return -EINVAL;
	dir = debugfs_create_dir("kgc_failnth", NULL);
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		debugfs_create_file(calls[i].name, 0400, dir,
				    (void *)&calls[i], &report_fops);
	return 0;
}

static void __exit failnth_exit(void)
{
	debugfs_remove_recursive(dir);
}

module_init(failnth_init);
module_exit(failnth_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc: each call with each of its allocations refused");
