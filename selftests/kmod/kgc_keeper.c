// SPDX-License-Identifier: GPL-2.0
/*
 * Keeps kmalloc() memory through objects of a heap only: kmemleak finds leaks unless it
 * scans the heap's arenas.
 */
#include <linux/kgc.h>
#include <linux/module.h>
#include <linux/slab.h>

#define SHELVES	40
#define NR	64

struct shelf {
	KGC_REF(struct shelf) next;
	void *bytes[NR];
};

KGC_DEFINE_TYPE(shelf_desc, struct shelf, next);

static struct kgc_heap *heap;
static struct kgc_root root;
static KGC_REF(struct shelf) first;

/* Add a shelf. Its entries are NULL if kmalloc() fails. */
static int shelf_add(struct kgc_type *type)
{
	struct kgc_section s = kgc_enter(heap);
	struct shelf *shelf = kgc_alloc(s, type, GFP_KERNEL);
	unsigned int i;

	if (shelf) {
		for (i = 0; i < NR; i++)
			shelf->bytes[i] = kmalloc(40, GFP_KERNEL);
		kgc_store(s, &shelf->next, kgc_load(s, &first));
		kgc_store(s, &first, shelf);
	}
	kgc_exit(s);
	return shelf ? 0 : -ENOMEM;
}

static void keeper_end(void)
{
	struct kgc_section s = kgc_enter(heap);
	struct shelf *shelf;
	unsigned int i;

	for (shelf = kgc_load(s, &first); shelf; shelf = kgc_load(s, &shelf->next))
		for (i = 0; i < NR; i++)
			kfree(shelf->bytes[i]);
	kgc_store(s, &first, NULL);
	kgc_exit(s);
	kgc_root_del(heap, &root);
	kgc_heap_destroy(heap);
}

static int __init keeper_init(void)
{
	struct kgc_type *type;
	unsigned int i;
	int err = 0;

	heap = kgc_heap_create("kgc_keeper", THIS_MODULE);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	kgc_root_add(heap, &root, &first, 1);
	type = kgc_type_register(heap, &shelf_desc);
	if (IS_ERR(type))
		err = PTR_ERR(type);
	for (i = 0; i < SHELVES && !err; i++)
		err = shelf_add(type);
	/* kmemleak must still scan live objects after cycles have marked and swept */
	kgc_collect(heap, 2);
	if (err)
		keeper_end();
	return err;
}

static void __exit keeper_exit(void)
{
	keeper_end();
}

module_init(keeper_init);
module_exit(keeper_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: memory that only a heap's objects refer to");
