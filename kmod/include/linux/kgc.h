/* SPDX-License-Identifier: GPL-2.0 */
/*
 * kgc: a garbage-collected heap for kernel objects.
 *
 * This is the in-kernel interface. A client creates a heap, describes its types
 * once, and then works inside *sections*:
 *
 *	struct kgc_section s = kgc_enter(heap);
 *	struct node *n = kgc_alloc(s, node_type, GFP_KERNEL);
 *
 *	if (n)
 *		kgc_store(s, &head->next, n);
 *	kgc_exit(s);
 *
 * The collector relies on each of these rules:
 *
 * - A pointer into the heap lives in a managed field (KGC_REF) of a heap object, in a
 *   root (struct kgc_root), or in a local variable inside one section. It lives
 *   nowhere other than these, and no local variable keeps it past kgc_exit().
 * - A client reads managed fields and roots with kgc_load(). It writes them with
 *   kgc_store(), kgc_xchg(), kgc_cmpxchg() or kgc_copy_refs().
 * - A function that is called inside a section takes the section as an argument and
 *   does not enter another one. A client stores a pointer under the same section
 *   under which it obtained the pointer.
 * - Code inside a section must not wait for a collection. It must not call
 *   kgc_collect(), kgc_finalizers_wait() or kgc_heap_destroy(), nor take a lock that
 *   any thread holds across one of these calls. Since Linux 6.4 lockdep checks this:
 *   it treats sections as readers, and these calls as writers, of one lock.
 * - A section may sleep for other reasons. That delays the cycles of its own heap
 *   only, and does not keep the machine from being suspended.
 *
 * Lifetimes:
 *
 * - The collector frees an unreachable object no later than in the second cycle that
 *   begins after the object became unreachable. There are three exceptions. An object
 *   with a finalizer, and all that it reaches, stays until the finalizer has run; the
 *   two cycles count from then on. A word of a KGC_DESC_CONSERVATIVE object keeps the
 *   object that it names. An object of up to 8 bytes without managed fields shares a
 *   block of 16 bytes with others of its type and is freed with the last of them.
 * - A cycle begins when enough has been allocated, when memory is short, or on request.
 *   The option KGC_OPT_PERIOD_MS sets the longest time from the first allocation or
 *   kgc_root_del() after a cycle to the next cycle. A finalizer that has run counts like
 *   kgc_root_del(). A kgc_store() does not count: if a heap allocates nothing, garbage
 *   that only stores have made stays until kgc_collect_start().
 * - A pointer into the middle of an object, such as an element of an array, keeps the
 *   whole object. Weak references, finalizers and cleanups need the address of the
 *   object's first byte.
 * - Objects never move. Their memory is reused as soon as a cycle is over, without an
 *   RCU grace period. So nothing outside the heap may keep the address of an object: no
 *   list, timer, work item, RCU callback or DMA. An object may contain a lock if the
 *   client initializes the lock after the allocation, and if the holder can reach the
 *   object, by a reference or in a section, until it has released the lock.
 * - kgc copies type descriptions and all names. A type is valid in its own heap only,
 *   until that heap ends. The slots of a root and its struct kgc_root must not move or
 *   be freed until kgc_root_del() returns.
 *
 * Contexts: sections, loads, stores and allocations work in process, softirq and
 * hardirq context, never in NMI. The description of a function says if it may sleep.
 *
 * Misuse: kgc logs the misuse that it notices, with a warning. If the heap may have been
 * damaged, for example by a pointer to no object, kgc also *sets it aside* and logs only
 * the first case. A heap that is set aside has no more cycles, so nothing in it is freed,
 * and allocations go on until they reach a limit. The functions that register roots, weak
 * references, finalizers and cleanups always check their arguments. Builds with
 * KGC_DEBUG=1 check every load and store, and skip one that is wrong. The option
 * KGC_OPT_VERIFY has every field checked while it is marked. Without these two, kgc does
 * not notice a dead or foreign pointer in a managed field, which may crash the machine.
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
 * What the stores and allocations of a section have to do. The phase in which the
 * section began decides:
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

/* private: whether kgc notes the section in a table; KGC_DEBUG=1 builds note all */
#define KGC_TRACKS(mode)						\
	(IS_ENABLED(CONFIG_KGC_DEBUG) || unlikely((mode) & KGC_MODE_TRACK))

/* private: the first member of struct kgc_heap, public so that kgc_enter() is inline */
struct kgc_heap_front {
	struct srcu_struct	srcu;
	unsigned int		mode;
};

/**
 * struct kgc_section - the token of one section, passed by value
 * @heap: the heap that was entered
 * @mode: KGC_MODE_* bits, read once by kgc_enter() and constant until kgc_exit(). It
 *	precedes @srcu so that it can be tested in its register without a shift
 * @srcu: reader index of the SRCU read-side section that implements the section
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
 * The macro declares a structure, so that the compiler rejects a plain pointer in
 * place of a managed one, and the reverse. The member of the structure carries the
 * sparse address space ``__kgc``.
 */
#define KGC_REF(T)	struct { T __kgc *kgc_ref; }

/*
 * A pointer to a managed field, for example to find a place in a list:
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
 */

/**
 * KGC_DECLARE_REF() - declare KGC_REF() as a structure with a name
 * @name: tag of the structure
 * @T: the type pointed to
 *
 * Each KGC_REF() is a distinct type, even for the same @T. A variable that holds the
 * address of one therefore needs a name for the type. Fields and roots of this type are
 * used like those declared with KGC_REF().
 */
#define KGC_DECLARE_REF(name, T)	struct name { T __kgc *kgc_ref; }

/* private: a NULL of the pointer type in a KGC_REF, without the address space */
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
 * private: if both kgc and the client are built with KGC_DEBUG=1, every load and store
 * checks that the section is still open, and that the object which contains the field
 * and the objects which the old and new values name still exist. If a check fails, the
 * access is skipped, and a function that returns a pointer returns NULL.
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
 * A section is used like an RCU read-side section, and may sleep. Raw managed pointers
 * are valid until the matching kgc_exit(). Sections of one heap do not nest: pass the
 * section to the functions that you call. Builds with KGC_DEBUG=1 report a task that
 * enters a heap twice.
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
	/* see what came before this phase: pairs with the release in kgc_phase_publish() */
	s.mode = smp_load_acquire(&front->mode);
	if (KGC_TRACKS(s.mode))
		return __kgc_section_note(s);
	return s;
}

/**
 * kgc_exit() - end a section
 * @s: the section that kgc_enter() returned
 *
 * Context: any but NMI; the same task or interrupt that entered.
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
 * Pairs with the release in kgc_store(): writes to the object that precede that store
 * are visible through the pointer.
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
		/* not the struct: gcc would build a copy of it even without a call */
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
 * A call that replaces the value is fully ordered.
 *
 * Context: any but NMI, inside a section.
 * Return: the value found; equal to @old if it was replaced.
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
 * Each reference is copied atomically, the array as a whole is not.
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
#define KGC_DESC_CONSERVATIVE	2U	/* every aligned word may be a pointer */
#define KGC_DESC_ARRAY		4U	/* describes one element of an array */

/**
 * typedef kgc_finalizer_t - called once, after its object was found dead
 * @s: a section, entered for the call
 * @obj: the object; a finalizer that stores it in a reachable place keeps it alive
 *
 * kgc calls the finalizers and cleanups of a heap one after the other. It calls a
 * finalizer in a section, so a finalizer that sleeps delays the heap's cycles. A
 * cleanup does not: see kgc_cleanup_add().
 *
 * Context: process context, on a workqueue; may sleep, allocate, and add and
 * delete roots. It must not wait for a collection or for finalizers.
 */
typedef void (*kgc_finalizer_t)(struct kgc_section s, void *obj);

/**
 * struct kgc_type_desc - what the collector has to know of a structure
 * @name: name of the type, shown in statistics
 * @size: bytes in an object, or in one element of an array
 * @align: alignment in bytes, a power of two up to 4096. 0 means 8 bytes; for a @size
 *	below 8 it means the largest power of two that divides @size
 * @flags: KGC_DESC_*
 * @nr_fields: entries of @fields
 * @fields: offsets in bytes of the managed pointers, ascending
 * @finalize: finalizer of each object of the type, or NULL
 * @owner: module that contains @finalize, normally THIS_MODULE
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

/* private: offset of a managed field; for any other field it does not compile */
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
 * @...: its KGC_REF fields in the order of their offsets, one to eight. For a structure
 *	with more of them, fill in a struct kgc_type_desc by hand
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
				   struct lock_class_key keys[2]);

/**
 * kgc_heap_create() - make a heap
 * @name: name for statistics; kgc copies up to 31 characters of it
 * @owner: THIS_MODULE of the caller, which must destroy the heap before it is unloaded
 *
 * lockdep treats the sections of all heaps that one call site creates as one lock.
 *
 * Context: process context, may sleep.
 * Return: the heap; ERR_PTR(-ENOMEM) without memory, or when all heaps together hold as
 * much as the module parameter max_bytes allows; ERR_PTR(-ENOSPC) when 2^31 - 1 heaps
 * exist.
 */
#define kgc_heap_create(name, owner)					\
({									\
	/* lockdep classes of sections, and of the finalizers' work */	\
	static struct lock_class_key __kgc_keys[2];			\
									\
	__kgc_heap_create(name, owner, __kgc_keys);			\
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
 * The function never waits for a collection. In hardirq context, and on PREEMPT_RT with
 * preemption off, it takes a slot that is ready and never grows the heap, whatever @gfp
 * says. If it finds none, a worker makes some ready for later allocations.
 *
 * Context: any but NMI, inside a section; may sleep if @gfp allows.
 * Return: the object, zeroed. It is valid until kgc_exit(), or longer if it is stored.
 * NULL when there is no memory, no slot is ready, or the heap is at a limit.
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
 * @slots: the slots, adjacent KGC_REF variables
 * @nr: number of slots
 * @link: private: entry in the heap's list of roots
 * @token: private: tells whether the root is registered
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
 * @root: memory of the caller that kgc uses until kgc_root_del()
 * @refs: the first of @nr adjacent KGC_REF variables, all of which must be NULL
 * @nr: number of variables
 *
 * It is misuse to register a slot that is not NULL, or a root that is registered.
 *
 * Context: any but NMI. Time is linear in @nr.
 */
#define kgc_root_add(heap, root, refs, nr) \
	kgc_root_add_slots(heap, root, __kgc_slot(refs), nr)

/* ---- collection ---------------------------------------------------------*/

/* Most cycles that one call can ask for; bounded because they cannot be cancelled. */
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
