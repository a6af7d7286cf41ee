/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kgc: a garbage-collected heap for kernel objects.
 *
 * The in-kernel interface. A client creates a heap, describes its types once,
 * and then works inside *sections*:
 *
 *	struct kgc_section s = kgc_enter(heap);
 *	struct node *n = kgc_alloc(s, node_type, GFP_KERNEL);
 *
 *	if (n)
 *		kgc_store(s, &head->next, n);
 *	kgc_exit(s);
 *
 * Rules, each of which the collector relies on:
 *
 * - A pointer into the heap lives in a managed field (KGC_REF) of a heap
 *   object, in a root (struct kgc_root), or in a local variable inside one
 *   section. Nowhere else, and never past kgc_exit().
 * - Managed fields and roots are read with kgc_load() and written with
 *   kgc_store(), kgc_xchg(), kgc_cmpxchg() or kgc_copy_refs().
 * - A function that is called inside a section is handed the section; it does
 *   not enter one of its own. A pointer is stored under the section under
 *   which it was obtained.
 * - Nothing inside a section waits for a collection: no kgc_collect(), no
 *   kgc_heap_destroy(), no lock that is held elsewhere across one of them.
 *   Sleeping for other reasons is allowed; it delays the heap's cycles, and
 *   no other heap's. The machine can be suspended meanwhile.
 *
 * Contexts: sections, loads, stores and allocations work in process, softirq
 * and hardirq context, never in NMI. What may sleep says so.
 */
#ifndef _LINUX_KGC_H
#define _LINUX_KGC_H

#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/srcu.h>
#include <linux/stddef.h>
#include <linux/types.h>

#ifdef __CHECKER__
# define __kgc	__attribute__((noderef, address_space(__kgc)))
#else
# define __kgc
#endif

struct kgc_heap;
struct kgc_type;

/*
 * What a section may have to do, set by the phase in which it began:
 *
 *	IDLE	0
 *	ARM	SHADE_OLD | SHADE_NEW
 *	MARK	SHADE_OLD | BLACK
 *	SETTLE	SETTLE
 */
#define KGC_MODE_SHADE_OLD	1U
#define KGC_MODE_SHADE_NEW	2U
#define KGC_MODE_BLACK		4U
#define KGC_MODE_SETTLE		8U
#define KGC_MODE_TRACK		16U	/* with any phase: option track_sections */
#define KGC_MODE_SHADE		(KGC_MODE_SHADE_OLD | KGC_MODE_SHADE_NEW)

/* private: sections that are known by name, in builds with KGC_DEBUG=1 all */
#define KGC_TRACKS(mode)						\
	(IS_ENABLED(CONFIG_KGC_DEBUG) || unlikely((mode) & KGC_MODE_TRACK))

/* private: the head of struct kgc_heap, laid open for kgc_enter() */
struct kgc_heap_front {
	struct srcu_struct	srcu;
	unsigned int		mode;
};

/**
 * struct kgc_section - the token of one section, passed by value
 * @heap: the heap entered
 * @mode: KGC_MODE_* bits, read once on entry and constant until exit; in the
 *	half of a register that can be tested without shifting
 * @srcu: reader index of the SRCU read-side section below it
 */
struct kgc_section {
	struct kgc_heap	*heap;
	unsigned int	mode;
	int		srcu;
};

/**
 * KGC_REF() - declare a managed pointer field or root slot
 * @T: the type pointed to
 *
 * A structure of its own, so that neither a plain pointer nor a managed one
 * can be taken for the other by the compiler; its member carries the sparse
 * address space ``__kgc``.
 */
#define KGC_REF(T)	struct { T __kgc *kgc_ref; }

/* private: pointer type behind a KGC_REF, without the address space */
#define __kgc_value(ref)	((typeof(*(ref)->kgc_ref) __force *)0)
#define __kgc_slot(ref)		((void __force **)&(ref)->kgc_ref)

struct kgc_section __kgc_section_note(struct kgc_section s);
int __kgc_section_forget(struct kgc_section s);
void __kgc_store(struct kgc_heap *heap, unsigned int mode, void **slot,
		 void *value);
void *__kgc_xchg(struct kgc_section s, void **slot, void *value);
void *__kgc_cmpxchg(struct kgc_section s, void **slot, void *old, void *value);
void __kgc_copy(struct kgc_section s, void **dst, void **src, size_t n);

/*
 * private: in builds with KGC_DEBUG=1, kgc and client alike, every load and store
 * asks whether the section is still open, and whether the objects that the
 * field is in and that the value names are still there.
 */
#ifdef CONFIG_KGC_DEBUG
void __kgc_check(struct kgc_section s, void **slot, void *value);
#else
static __always_inline void __kgc_check(struct kgc_section s, void **slot,
					void *value)
{
}
#endif

/**
 * kgc_enter() - begin a section
 * @heap: the heap
 *
 * Used like an RCU read-side section, and may sleep. Raw managed pointers are
 * valid until the matching kgc_exit(). Sections of one heap do not nest: hand
 * the section on to what is called. In builds with KGC_DEBUG=1 a task that
 * enters twice is reported.
 *
 * Context: any but NMI.
 * Return: the section's token.
 */
static __always_inline struct kgc_section kgc_enter(struct kgc_heap *heap)
	__acquires(kgc_section)
{
	struct kgc_heap_front *front = (struct kgc_heap_front *)heap;
	struct kgc_section s = { .heap = heap };

	__acquire(kgc_section);
	s.srcu = srcu_read_lock(&front->srcu);
	/* pairs with the release in phase_publish(): what the collector did
	 * before is seen
	 */
	s.mode = smp_load_acquire(&front->mode);
	if (KGC_TRACKS(s.mode))
		return __kgc_section_note(s);
	return s;
}

/**
 * kgc_exit() - end a section
 * @s: what kgc_enter() returned
 *
 * Context: any but NMI; the task or interrupt that entered.
 */
static __always_inline void kgc_exit(struct kgc_section s)
	__releases(kgc_section)
{
	struct kgc_heap_front *front = (struct kgc_heap_front *)s.heap;

	if (KGC_TRACKS(s.mode))
		s.srcu = __kgc_section_forget(s);
	srcu_read_unlock(&front->srcu, s.srcu);
	__release(kgc_section);
}

/**
 * kgc_load() - read a managed field or root
 * @s: the current section
 * @ref: address of the KGC_REF
 *
 * Pairs with the release in kgc_store(): the object's contents as of before
 * that store are visible through the pointer.
 *
 * Context: any but NMI, inside a section.
 * Return: the pointer, valid until kgc_exit(), or NULL.
 */
#define kgc_load(s, ref)						\
({									\
	__kgc_check(s, __kgc_slot(ref), NULL);				\
	(typeof(__kgc_value(ref)))smp_load_acquire(__kgc_slot(ref)); /* kgc_store() */ \
})

/**
 * kgc_store() - write a managed field or root
 * @s: the current section
 * @ref: address of the KGC_REF
 * @value: NULL or a pointer obtained in this section
 *
 * Has release semantics.
 *
 * Context: any but NMI, inside a section.
 */
#define kgc_store(s, ref, value)					\
do {									\
	typeof(__kgc_value(ref)) __kgc_v = (value);			\
									\
	kgc_store_slot(s, __kgc_slot(ref), (void *)__kgc_v);		\
} while (0)

static __always_inline void kgc_store_slot(struct kgc_section s, void **slot,
					   void *value)
{
	__kgc_check(s, slot, value);
	if (unlikely(s.mode & KGC_MODE_SHADE))
		/* scalars: gcc rebuilds a struct for a call that is not made */
		__kgc_store(s.heap, s.mode, slot, value);
	else
		smp_store_release(slot, value);	/* pairs with kgc_load() */
}

/**
 * kgc_xchg() - exchange a managed field or root
 * @s: the current section
 * @ref: address of the KGC_REF
 * @value: NULL or a pointer obtained in this section
 *
 * Fully ordered.
 *
 * Context: any but NMI, inside a section.
 * Return: the old value.
 */
#define kgc_xchg(s, ref, value)						\
({									\
	typeof(__kgc_value(ref)) __kgc_v = (value);			\
									\
	(typeof(__kgc_value(ref)))					\
		__kgc_xchg(s, __kgc_slot(ref), (void *)__kgc_v);	\
})

/**
 * kgc_cmpxchg() - replace a managed field or root if it holds an expected value
 * @s: the current section
 * @ref: address of the KGC_REF
 * @old: the value expected
 * @value: NULL or a pointer obtained in this section
 *
 * Fully ordered when it replaces.
 *
 * Context: any but NMI, inside a section.
 * Return: what was found; equal to @old when replaced.
 */
#define kgc_cmpxchg(s, ref, old, value)					\
({									\
	typeof(__kgc_value(ref)) __kgc_o = (old);			\
	typeof(__kgc_value(ref)) __kgc_v = (value);			\
									\
	(typeof(__kgc_value(ref)))					\
		__kgc_cmpxchg(s, __kgc_slot(ref), (void *)__kgc_o,	\
			      (void *)__kgc_v);				\
})

/**
 * kgc_copy_refs() - copy an array of managed fields through the barrier
 * @s: the current section
 * @dst: first KGC_REF to write
 * @src: first KGC_REF to read; the ranges may overlap
 * @n: number of references
 *
 * Each reference is copied whole; the array as a whole is not atomic.
 *
 * Context: any but NMI, inside a section; time is linear in @n.
 */
#define kgc_copy_refs(s, dst, src, n)					\
do {									\
	BUILD_BUG_ON(!__same_type(__kgc_value(dst), __kgc_value(src)));	\
	__kgc_copy(s, __kgc_slot(dst), __kgc_slot(src), n);		\
} while (0)

/* ---- types --------------------------------------------------------------*/

#define KGC_DESC_NOSCAN		1U	/* holds no pointers */
#define KGC_DESC_CONSERVATIVE	2U	/* every aligned word may be one */
#define KGC_DESC_ARRAY		4U	/* an element, repeated to the end */

/**
 * typedef kgc_finalizer_t - called once, after its object was found dead
 * @s: a section, entered for the call
 * @obj: the object; storing it somewhere reachable brings it back for good
 *
 * Context: process context, on a workqueue; may sleep and allocate, must not
 * wait for a collection.
 */
typedef void (*kgc_finalizer_t)(struct kgc_section s, void *obj);

/**
 * struct kgc_type_desc - what the collector has to know of a structure
 * @name: shown in statistics
 * @size: bytes in an object, or in one element of an array
 * @align: alignment in bytes, a power of two up to 4096; 0 is 8, or where @size
 *	is smaller the largest power of two that divides it
 * @flags: KGC_DESC_*
 * @nr_fields: entries of @fields
 * @fields: offsets in bytes of the managed pointers, ascending
 * @finalize: finalizer, or NULL
 * @owner: module that holds @finalize
 */
struct kgc_type_desc {
	const char	*name;
	size_t		size;
	size_t		align;
	unsigned int	flags;
	unsigned int	nr_fields;
	const u32	*fields;
	kgc_finalizer_t	finalize;
	struct module	*owner;
};

/* private: offset of a managed field; does not compile for any other field */
#define __KGC_OFF(T, f)	((u32)offsetof(T, f.kgc_ref))
#define __KGC_O1(T, a)		__KGC_OFF(T, a)
#define __KGC_O2(T, a, ...)	__KGC_OFF(T, a), __KGC_O1(T, __VA_ARGS__)
#define __KGC_O3(T, a, ...)	__KGC_OFF(T, a), __KGC_O2(T, __VA_ARGS__)
#define __KGC_O4(T, a, ...)	__KGC_OFF(T, a), __KGC_O3(T, __VA_ARGS__)
#define __KGC_O5(T, a, ...)	__KGC_OFF(T, a), __KGC_O4(T, __VA_ARGS__)
#define __KGC_O6(T, a, ...)	__KGC_OFF(T, a), __KGC_O5(T, __VA_ARGS__)
#define __KGC_O7(T, a, ...)	__KGC_OFF(T, a), __KGC_O6(T, __VA_ARGS__)
#define __KGC_O8(T, a, ...)	__KGC_OFF(T, a), __KGC_O7(T, __VA_ARGS__)
#define __KGC_PICK(_1, _2, _3, _4, _5, _6, _7, _8, N, ...)	N
#define __KGC_OFFSETS(T, ...)						\
	__KGC_PICK(__VA_ARGS__, __KGC_O8, __KGC_O7, __KGC_O6, __KGC_O5,	\
		   __KGC_O4, __KGC_O3, __KGC_O2, __KGC_O1, 0)(T, __VA_ARGS__)

/**
 * KGC_DEFINE_TYPE() - describe a structure with managed fields
 * @var: name of the struct kgc_type_desc defined
 * @T: the structure
 * @...: its KGC_REF fields, in the order of their offsets, one to eight; for
 *	more fill in a struct kgc_type_desc by hand
 */
#define KGC_DEFINE_TYPE(var, T, ...)					\
	static const u32 var##_fields[] = {				\
		__KGC_OFFSETS(T, __VA_ARGS__)				\
	};								\
	static const struct kgc_type_desc var = {			\
		.name = #T, .size = sizeof(T), .align = __alignof__(T),	\
		.fields = var##_fields,					\
		.nr_fields = ARRAY_SIZE(var##_fields),			\
		.owner = THIS_MODULE,					\
	}

/**
 * KGC_DEFINE_NOSCAN_TYPE() - describe a structure without managed fields
 * @var: name of the struct kgc_type_desc defined
 * @T: the structure
 */
#define KGC_DEFINE_NOSCAN_TYPE(var, T)					\
	static const struct kgc_type_desc var = {			\
		.name = #T, .size = sizeof(T), .align = __alignof__(T),	\
		.flags = KGC_DESC_NOSCAN, .owner = THIS_MODULE,		\
	}

struct kgc_type *kgc_type_register(struct kgc_heap *heap,
				   const struct kgc_type_desc *desc);

/* ---- heaps --------------------------------------------------------------*/

struct kgc_heap *kgc_heap_create(const char *name, struct module *owner);
void kgc_heap_destroy(struct kgc_heap *heap);
int kgc_option_set(struct kgc_heap *heap, unsigned int option, u64 value);
int kgc_option_get(struct kgc_heap *heap, unsigned int option, u64 *value);

/* ---- allocation ---------------------------------------------------------*/

/* private: */
void *__kgc_alloc(struct kgc_heap *heap, unsigned int mode, struct kgc_type *type,
		  gfp_t gfp, int srcu);

/**
 * kgc_alloc() - allocate an object
 * @s: the current section
 * @type: its type, not an array type
 * @gfp: GFP_KERNEL, GFP_NOFS, GFP_NOIO, GFP_NOWAIT or GFP_ATOMIC
 *
 * Never waits for a collection. In hardirq context, and on PREEMPT_RT with preemption
 * off, it takes a slot that is ready and never grows the heap, whatever @gfp says. When
 * it finds none, a worker makes some for the allocations that follow.
 *
 * Context: any but NMI, inside a section; may sleep if @gfp allows.
 * Return: the object, zeroed, valid until kgc_exit() unless stored; NULL when
 * there is no memory, no slot is ready, or the heap is at its hard limit.
 */
static __always_inline void *kgc_alloc(struct kgc_section s, struct kgc_type *type,
				       gfp_t gfp)
{
	return __kgc_alloc(s.heap, s.mode, type, gfp, s.srcu);
}

void *kgc_alloc_array(struct kgc_section s, struct kgc_type *type, size_t n,
		      gfp_t gfp);
unsigned int kgc_alloc_bulk(struct kgc_section s, struct kgc_type *type,
			    gfp_t gfp, unsigned int n, void **objs);

/* ---- roots --------------------------------------------------------------*/

/**
 * struct kgc_root - slots outside the heap from which objects are reachable
 * @slots: the slots, KGC_REF fields beside each other
 * @nr: how many
 * @link: private: list of the heap's roots
 */
struct kgc_root {
	void			**slots;
	size_t			nr;
	struct list_head	link;
};

void kgc_root_add_slots(struct kgc_heap *heap, struct kgc_root *root,
			void **slots, size_t nr);
void kgc_root_del(struct kgc_heap *heap, struct kgc_root *root);

/**
 * kgc_root_add() - make KGC_REF variables roots
 * @heap: the heap
 * @root: book-keeping, the caller's, until kgc_root_del()
 * @refs: first of the KGC_REFs; must be NULL
 * @nr: how many beside each other
 *
 * Context: any but NMI.
 */
#define kgc_root_add(heap, root, refs, nr) \
	kgc_root_add_slots(heap, root, __kgc_slot(refs), nr)

/* ---- collection ---------------------------------------------------------*/

/* Most cycles that one call can ask for: they cannot be called off. */
#define KGC_COLLECT_MOST	32U

u64 kgc_collect_start(struct kgc_heap *heap, unsigned int cycles);
int kgc_wait(struct kgc_heap *heap, u64 cycle);
int kgc_collect(struct kgc_heap *heap, unsigned int cycles);
size_t kgc_scavenge(struct kgc_heap *heap);
u64 kgc_heap_objects(struct kgc_heap *heap);

/* ---- weak references and finalizers -------------------------------------*/

int kgc_weak_create(struct kgc_section s, void *obj, gfp_t gfp, u64 *weak);
void *kgc_weak_get(struct kgc_section s, u64 weak);
void kgc_weak_free(struct kgc_section s, u64 weak);
int kgc_finalize(struct kgc_section s, void *obj, kgc_finalizer_t fn,
		 gfp_t gfp);

#endif /* _LINUX_KGC_H */
