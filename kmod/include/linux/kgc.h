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
 *   kgc_finalizers_wait(), no kgc_heap_destroy(), no lock that is held elsewhere
 *   across one of them. lockdep knows sections as readers and these calls as
 *   writers of one lock, since Linux 6.4. Sleeping for other reasons is allowed;
 *   it delays the heap's cycles, and no other heap's. The machine can be suspended
 *   meanwhile.
 *
 * What lives how long:
 *
 * - An object that nothing reaches is freed by the second cycle that begins after
 *   that, at the latest. Three things put it off. An object with a finalizer, and
 *   all that it reaches, stays until the finalizer has run; its two cycles count
 *   from then on. A word of a KGC_DESC_CONSERVATIVE object keeps what it names. An
 *   object of up to 8 bytes without managed fields shares a block of 16 bytes with
 *   others of its type and dies with the last of them.
 * - A cycle begins when enough has been allocated, when memory is short, on
 *   request, and, with the option KGC_OPT_PERIOD_MS, at most that long after the
 *   first allocation or kgc_root_del() that follows the last cycle. Finalizers
 *   that have run count as such too. A kgc_store() does not: what a heap loses by
 *   stores alone, while nothing is allocated, stays until kgc_collect_start().
 * - A pointer into the middle of an object, an element of an array for instance,
 *   keeps the whole object. Weak references, finalizers and cleanups take the
 *   address of its beginning.
 * - Memory is reused as soon as a cycle is over, without an RCU grace period, and
 *   objects are never moved. So nothing outside of the heap may keep the address
 *   of an object: no list, timer, work item, RCU callback or DMA. A lock may be
 *   part of an object, if it is initialized after the allocation and its holder
 *   reaches the object, by a reference or in a section, until it has released it.
 * - Descriptions of types, and all names, are copied. A type is valid until its
 *   heap ends, and in that heap only. The slots of a root and its struct kgc_root
 *   stay where they are until kgc_root_del() returns.
 *
 * Contexts: sections, loads, stores and allocations work in process, softirq
 * and hardirq context, never in NMI. What may sleep says so.
 *
 * Misuse: what kgc notices is logged, once per heap, with a warning. If the heap may
 * have been damaged, as by a pointer to no object, it is also *set aside*: it has no
 * cycles any more, so nothing in it is freed; allocations go on until they reach a
 * limit. Registration of roots, weak references, finalizers and cleanups always
 * look. Builds with KGC_DEBUG=1 look at every load and store, and do not carry out
 * one that is wrong; the option KGC_OPT_VERIFY looks at every field while it is
 * marked. Without these a dead or foreign pointer in a managed field is not
 * noticed, and may crash the machine.
 */
#ifndef _LINUX_KGC_H
#define _LINUX_KGC_H

#include <linux/build_bug.h>
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/lockdep.h>
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

/**
 * KGC_DECLARE_REF() - declare KGC_REF() as a structure with a name
 * @name: its tag
 * @T: the type pointed to
 *
 * Each KGC_REF() is a type of its own, even for the same @T. What passes the
 * address of one on needs a name for the type:
 *
 *	KGC_DECLARE_REF(node_ref, struct node);
 *
 *	struct node {
 *		struct node_ref	next;
 *		u64		id;
 *	};
 *
 *	struct node_ref *at = &head;
 *
 *	while ((n = kgc_load(s, at)) && n->id < id)
 *		at = &n->next;
 *
 * Fields and roots of this type are used as those of KGC_REF() are.
 */
#define KGC_DECLARE_REF(name, T)	struct name { T __kgc *kgc_ref; }

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
 * field is in and that the value names are still there. If not it is not carried
 * out, and gives NULL.
 */
#ifdef CONFIG_KGC_DEBUG
bool __kgc_check(struct kgc_section s, void **slot, void *value);
#else
static __always_inline bool __kgc_check(struct kgc_section s, void **slot,
					void *value)
{
	return true;
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
	void **__kgc_s = __kgc_slot(ref);				\
									\
	(typeof(__kgc_value(ref)))kgc_load_slot(s, __kgc_s);		\
})

static __always_inline void *kgc_load_slot(struct kgc_section s, void **slot)
{
	if (!__kgc_check(s, slot, NULL))
		return NULL;
	return smp_load_acquire(slot);	/* pairs with kgc_store_slot() */
}

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
	if (!__kgc_check(s, slot, value))
		return;
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
 * The heap's finalizers and cleanups are called one after the other. As this one is
 * called in a section, it keeps the heap's cycles waiting while it sleeps. A cleanup
 * does not: see kgc_cleanup_add().
 *
 * Context: process context, on a workqueue; may sleep, allocate, and add and
 * delete roots. It must not wait for a collection or for finalizers.
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

/* private: */
struct kgc_heap *__kgc_heap_create(const char *name, struct module *owner,
				   struct lock_class_key *key);

/**
 * kgc_heap_create() - make a heap
 * @name: for statistics; copied, up to 31 characters
 * @owner: THIS_MODULE of the creator, which ends the heap before it goes
 *
 * For lockdep the sections of all heaps that are created in one place of the source are
 * one lock.
 *
 * Context: process context, may sleep.
 * Return: the heap, or ERR_PTR(-ENOMEM), also when all heaps together hold what the
 * module's max_bytes allows, ERR_PTR(-ENOSPC) when 2^31 exist.
 */
#define kgc_heap_create(name, owner)					\
({									\
	static struct lock_class_key __kgc_key;				\
									\
	__kgc_heap_create(name, owner, &__kgc_key);			\
})

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
 * @token: private: says that it is registered
 */
struct kgc_root {
	void			**slots;
	size_t			nr;
	struct list_head	link;
	unsigned long		token;
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
 * A slot that is not NULL, and a root that is registered already, are misuse.
 *
 * Context: any but NMI. Time is linear in @nr.
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

/* ---- weak references ----------------------------------------------------*/

int kgc_weak_create(struct kgc_section s, void *obj, gfp_t gfp, u64 *weak);
void *kgc_weak_get(struct kgc_section s, u64 weak);
void kgc_weak_free(struct kgc_section s, u64 weak);

#include <linux/kgc_finalize.h>

#endif /* _LINUX_KGC_H */
