/* SPDX-License-Identifier: GPL-2.0 */
/* Finalizers and cleanups: a part of <linux/kgc.h>, which includes it. */
#ifndef _LINUX_KGC_FINALIZE_H
#define _LINUX_KGC_FINALIZE_H

#ifndef _LINUX_KGC_H
#error "include <linux/kgc.h>"
#endif

/**
 * typedef kgc_cleanup_t - called once, after an object is gone
 * @arg: as given to kgc_cleanup_add()
 *
 * Context: process context, on a workqueue, in no section; may do whatever process
 * context allows but wait for finalizers, and end the heap. While it waits for a user
 * process the machine cannot be suspended.
 */
typedef void (*kgc_cleanup_t)(void *arg);

/* private: what is to be called or read when an object is found dead */
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
 * struct kgc_cleanup - a cleanup of an object; the caller's memory
 *
 * All members are private. It stays where it is until its function is called,
 * until kgc_cleanup_cancel() has succeeded, or until the heap has ended. So it cannot
 * be part of the object, which is gone when the function is called. The function may
 * free it.
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
 * @fn: the function, kgc_finalizer_t. Its module, the caller's, cannot be unloaded
 *	until it has been called, unless that is the module that owns the heap
 * @gfp: how to get memory for the note
 *
 * Called once. Whatever @obj refers to is still there then; weak references
 * to it are cleared already. All objects that one cycle finds dead are found
 * together, whichever refers to which. kgc_heap_destroy() drops what has not been
 * called; kgc_finalizers_drain() before it calls all.
 *
 * Context: process or softirq, inside a section; sleeps if @gfp allows.
 * Return: 0; -EEXIST when the object has a finalizer; -ENOMEM; -ENODEV when the
 * caller's module is being unloaded; -ESHUTDOWN after kgc_finalizers_drain();
 * -EINVAL for objects of up to 8 bytes without pointers and for an address inside of
 * an object, and with a warning for what is no object of the heap and when interrupts
 * are off.
 */
#define kgc_finalize(s, obj, fn, gfp) \
	__kgc_finalize(s, obj, fn, THIS_MODULE, gfp)

int kgc_finalize_cancel(struct kgc_section s, void *obj);

/**
 * kgc_cleanup_add() - have a function called when an object is gone
 * @s: the current section
 * @obj: the object
 * @c: book-keeping
 * @fn: the function, kgc_cleanup_t. Its module, the caller's, cannot be unloaded
 *	until it has been called, unless that is the module that owns the heap
 * @arg: handed to @fn; no managed pointer: it keeps nothing alive
 * @gfp: how to get memory for the index
 *
 * Unlike a finalizer, a cleanup is not given the object, and so cannot bring it back:
 * object and reach are freed by the cycle that finds it dead, and @fn is called
 * after that cycle. An object may have any number of cleanups, which are called in the
 * order in which they were added, and a finalizer as well. Then they are called when it
 * is found dead again after the finalizer. kgc_heap_destroy() drops what has not been
 * called; kgc_finalizers_drain() before it calls all.
 *
 * Context: process or softirq, inside a section; sleeps if @gfp allows.
 * Return: as kgc_finalize(); -EEXIST, as misuse, when @c is pending already.
 */
#define kgc_cleanup_add(s, obj, c, fn, arg, gfp) \
	__kgc_cleanup_add(s, obj, c, fn, arg, THIS_MODULE, gfp)

bool kgc_cleanup_cancel(struct kgc_heap *heap, struct kgc_cleanup *c);
int kgc_finalizers_wait(struct kgc_heap *heap);
void kgc_finalizers_drain(struct kgc_heap *heap);

#endif /* _LINUX_KGC_FINALIZE_H */
