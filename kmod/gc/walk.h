/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A walk over all that a cycle has found reachable, for walkers that ask for one.
 *
 * Between the end of marking and SETTLE the heap stands still for a reader in three ways,
 * whatever mutators do. Every reachable object is marked. No span is swept, so no marked
 * object goes away. No root slot and no field of a marked object leads to an unmarked
 * object (verify.c). The walk only reads: no mark, mode or phase changes because of it.
 *
 * A *walker* asks for a walk. The next cycle that begins calls its operations, first for
 * the roots, then for each span. All walkers that a cycle finds share one walk. A cycle
 * that finds none has no walk.
 */
#ifndef _KGC_WALK_H
#define _KGC_WALK_H

#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/types.h>

#include "../alloc/pagewalk.h"
#include "../alloc/span.h"
#include "../compat.h"

struct kgc_heap;
struct kgc_walker;

enum kgc_walk_root {
	KGC_WALK_HANDLE,	/* a strong handle of userspace */
	KGC_WALK_SLOT,		/* a slot of a range that a module registered */
};

#define KGC_WALK_AGAIN	1	/* of @ready and @span, see below */

/**
 * struct kgc_walk_ops - what a walker does with what the walk finds
 * @begin: a cycle has begun the walk; kgc_walker.cycle is its number
 * @ready: whether the walker can take what @root reports of KGC_HANDLE_CHUNK roots, and some
 *	of a span: 0; KGC_WALK_AGAIN to have the cycle pause for a tick, and ask again. The
 *	walker limits how long that may go on. NULL if it always can
 * @root: a root refers to the object at @obj. @number is the handle if @kind is
 *	KGC_WALK_HANDLE, and the address of the slot if it is KGC_WALK_SLOT; the slot may be
 *	gone already. NULL if the walker does not look at roots
 * @span: a span of objects. kgc_walk_word() tells which of its slots hold marked objects.
 *	KGC_WALK_AGAIN has it called once more with the same span, after @ready
 * @end: the last call. @err is 0 after a whole walk; what @begin, @root or @span returned;
 *	or -EIO if no cycle runs in the heap any more, -ECANCELED if the heap ends
 *
 * The state machine calls them, one at a time, in the order @begin, @root, @span, @end. If
 * one does not return 0, the walker leaves the walk, and @end follows. The walk goes on
 * for the others. Marking waits for @begin, @root and @span, so none may wait for another
 * thread. None of the four may allocate or take a lock under which memory is allocated: the
 * thread may be in reclaim. They may call cond_resched().
 *
 * @end may free the walker.
 */
struct kgc_walk_ops {
	int	(*begin)(struct kgc_walker *walker);
	int	(*ready)(struct kgc_walker *walker);
	int	(*root)(struct kgc_walker *walker, enum kgc_walk_root kind, u64 number,
			void *obj);
	int	(*span)(struct kgc_walker *walker, struct kgc_span *span);
	void	(*end)(struct kgc_walker *walker, int err);
};

/**
 * struct kgc_walker - takes part in a walk
 * @ops: what to call
 * @heap: the heap
 * @cycle: number of the first cycle that may take the walker; in calls of @ops, the
 *	number of the cycle that walks
 * @link: on a list of struct kgc_walk; empty before the walk and after it
 * @again: it wants to see kgc_walk.again again; written by walk.c
 */
struct kgc_walker {
	const struct kgc_walk_ops	*ops;
	struct kgc_heap			*heap;
	u64				cycle;
	struct list_head		link;
	bool				again;
};

enum kgc_walk_stage {
	KGC_WALK_BEGIN,
	KGC_WALK_HANDLES,
	KGC_WALK_SLOTS,
	KGC_WALK_SPANS,
};

/**
 * struct kgc_walk - the walk of a heap
 * @lock: guards all members; held while operations of walkers are called. Code under it
 *	allocates nothing, because reclaim may run a step of the cycle
 * @asked: walkers that wait for a cycle; read without @lock as a hint
 * @walkers: those of the walk under way
 * @stage: what the next step walks over
 * @pages: position in the heap's pages
 * @again: span that a walker wants to see again, or NULL
 */
struct kgc_walk {
	struct mutex		lock;	/* of walkers */
	struct list_head	asked __guarded_by(&lock);
	struct list_head	walkers __guarded_by(&lock);
	enum kgc_walk_stage	stage __guarded_by(&lock);
	struct kgc_pagewalk	pages __guarded_by(&lock);
	struct kgc_span		*again __guarded_by(&lock);
};

enum kgc_walk_left {
	KGC_WALK_DONE,		/* nothing */
	KGC_WALK_MORE,
	KGC_WALK_PAUSE,		/* the next part has to wait for a tick */
};

/*
 * The slots of bitmap word @w of @span that hold marked objects. Context: kgc_walk_ops.span.
 *
 * A slot may be marked and free: an allocation marks a newborn before it takes the slot
 * (kgc_colour_slot()). The walk passes over it. No other object refers to it yet, and it
 * refers to none. It is one of the objects that are allocated in slots which the walk has
 * passed already.
 */
static inline unsigned long kgc_walk_word(struct kgc_span *span, unsigned int w)
{
	/* first the free bits: then the type of a slot that is in use can be read */
	unsigned long used = ~kgc_span_free_word(span, w);

	return used & READ_ONCE(kgc_span_mark(span)[w]);
}

/* Whether a walker waits for a cycle. A hint: kgc_walk_ask() says why none is missed. */
static inline bool kgc_walk_wanted(const struct kgc_walk *walk)
{
	return !list_empty(&walk->asked);
}

void kgc_walk_init(struct kgc_walk *walk);
u64 kgc_walk_ask(struct kgc_heap *heap, struct kgc_walker *walker,
		 const struct kgc_walk_ops *ops);
bool kgc_walk_cancel(struct kgc_walker *walker);
enum kgc_walk_left kgc_walk_some(struct kgc_heap *heap, u64 cycle);
void kgc_walk_abort(struct kgc_heap *heap, int err);

#endif /* _KGC_WALK_H */
