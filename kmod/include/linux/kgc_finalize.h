/* SPDX-License-Identifier: GPL-2.0 */
/* Finalizers and cleanups. Part of <linux/kgc.h>: include that instead of this file. */
#ifndef _LINUX_KGC_FINALIZE_H
#define _LINUX_KGC_FINALIZE_H

#ifndef _LINUX_KGC_H
#error "include <linux/kgc.h>"
#endif

/**
 * typedef kgc_cleanup_t - called once, after the collector has freed an object
 * @arg: the argument given to kgc_cleanup_add()
 *
 * Context: process context, on a freezable workqueue, in no section. It may sleep, but it
 * must not wait for finalizers or destroy the heap. While it waits for a user process,
 * the machine cannot be suspended.
 */
typedef void (*kgc_cleanup_t)(void *arg);

/* private: a function to call, or a record to read, once an object is found dead */
struct kgc_due {
	void			*obj;
	struct list_head	link;
	u64			since_ns;
	void (*run)(struct kgc_heap *heap, struct kgc_due *due);
	union {
		kgc_finalizer_t	finalizer;
		kgc_cleanup_t	cleanup;
		u64		cookie;
	};
	struct module		*owner;
};

/**
 * struct kgc_cleanup - a cleanup of an object, in memory of the caller
 *
 * All members are private. The structure must not move or be freed until its function
 * is called, kgc_cleanup_cancel() has succeeded, or the heap has ended. The function may
 * free the structure. The structure cannot be part of the object, because the collector
 * frees the object before it calls the function.
 */
struct kgc_cleanup {
	/* private: */
	struct kgc_due		due;
	void			*arg;
	unsigned long		token;
};

int __kgc_finalize(struct kgc_section s, void *obj, kgc_finalizer_t fn,
		   struct module *owner, gfp_t gfp);
int __kgc_cleanup_add(struct kgc_section s, void *obj, struct kgc_cleanup *c,
		      kgc_cleanup_t fn, void *arg, struct module *owner, gfp_t gfp);

/**
 * kgc_finalize() - have a function called when an object is found dead
 * @s: the current section
 * @obj: the object
 * @fn: the function, kgc_finalizer_t. kgc pins the caller's module until it has called
 *	@fn, unless that module owns the heap
 * @gfp: flags for the memory that records the finalizer
 *
 * kgc calls @fn once. At that time all objects that @obj refers to still exist, and weak
 * references to @obj are already cleared. One cycle finds all dead objects together, even
 * if one of them refers to another. kgc_heap_destroy() drops finalizers that have not
 * been called. To have them all called, call kgc_finalizers_drain() before it.
 *
 * Context: process or softirq, inside a section; sleeps if @gfp allows.
 * Return: 0; -EEXIST when the object has a finalizer; -ENOMEM without memory or at a
 * limit; -ENODEV when the caller's module is being unloaded; -ESHUTDOWN after
 * kgc_finalizers_drain(); -EINVAL when the object has up to 8 bytes and no pointers, or
 * @obj is not its first byte; -EINVAL with a warning when @obj is no object of the heap,
 * or interrupts are off.
 */
#define kgc_finalize(s, obj, fn, gfp) \
	__kgc_finalize(s, obj, fn, THIS_MODULE, gfp)

int kgc_finalize_cancel(struct kgc_section s, void *obj);

/**
 * kgc_cleanup_add() - have a function called when an object is gone
 * @s: the current section
 * @obj: the object
 * @c: memory of the caller, see struct kgc_cleanup
 * @fn: the function, kgc_cleanup_t. kgc pins the caller's module until it has called
 *	@fn, unless that module owns the heap
 * @arg: argument of @fn. It must not be a managed pointer: it keeps nothing alive
 * @gfp: flags for the memory of the index
 *
 * Unlike a finalizer, a cleanup does not get the object, so it cannot keep it alive. The
 * cycle that finds the object dead frees it, with all that only it reaches, and kgc calls
 * @fn after that cycle.
 *
 * An object may have any number of cleanups. kgc calls them in the order in which they
 * were added. If the object also has a finalizer, kgc calls the cleanups once a cycle has
 * found the object dead again after the finalizer. kgc_heap_destroy() drops cleanups that
 * have not been called. To have them all called, call kgc_finalizers_drain() before it.
 *
 * Context: process or softirq, inside a section; sleeps if @gfp allows.
 * Return: as kgc_finalize(), but -EEXIST, which is misuse, when @c is already pending.
 */
#define kgc_cleanup_add(s, obj, c, fn, arg, gfp) \
	__kgc_cleanup_add(s, obj, c, fn, arg, THIS_MODULE, gfp)

bool kgc_cleanup_cancel(struct kgc_heap *heap, struct kgc_cleanup *c);
int kgc_finalizers_wait(struct kgc_heap *heap);
void kgc_finalizers_drain(struct kgc_heap *heap);

#endif /* _LINUX_KGC_FINALIZE_H */
