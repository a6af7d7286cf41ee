// SPDX-License-Identifier: GPL-2.0
/*
 * The smallest client of kgc: a list of nodes that hangs from a root. It is cut in the
 * middle, and what hung from there is collected.
 */
#include <linux/module.h>

#include <linux/kgc.h>

#define NODES	1000

struct node {
	KGC_REF(struct node)	next;
	u64			id;
};
KGC_DEFINE_TYPE(node_desc, struct node, next);

static struct kgc_heap *heap;
static struct kgc_type *node_type;
static KGC_REF(struct node) head;
static struct kgc_root root;

static int push(u64 id)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *n = kgc_alloc(s, node_type, GFP_KERNEL);

	if (n) {
		n->id = id;
		kgc_store(s, &n->next, kgc_load(s, &head));
		kgc_store(s, &head, n);
	}
	kgc_exit(s);
	return n ? 0 : -ENOMEM;
}

/* Keep the first @nr nodes. */
static void cut(unsigned int nr)
{
	struct kgc_section s = kgc_enter(heap);
	struct node *n = kgc_load(s, &head);

	while (--nr)
		n = kgc_load(s, &n->next);
	kgc_store(s, &n->next, NULL);
	kgc_exit(s);
}

static int fill(void)
{
	u64 id;
	int err = 0;

	for (id = 0; id < NODES && !err; id++)
		err = push(id);
	return err;
}

static int __init hello_init(void)
{
	int err;

	heap = kgc_heap_create("hello", THIS_MODULE);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	node_type = kgc_type_register(heap, &node_desc);
	err = PTR_ERR_OR_ZERO(node_type);
	if (err)
		goto err_heap;
	kgc_root_add(heap, &root, &head, 1);
	err = fill();
	if (err)
		goto err_root;
	cut(NODES / 2);
	kgc_collect(heap, 2);
	pr_info("kgc_hello: %llu of %u nodes are left\n", kgc_heap_objects(heap), NODES);
	return 0;

err_root:
	kgc_root_del(heap, &root);
err_heap:
	kgc_heap_destroy(heap);
	return err;
}

static void __exit hello_exit(void)
{
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
}

module_init(hello_init);
module_exit(hello_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("The smallest client of kgc");
