/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Threads that use a heap from outside of its sections, and for which the heap's end
 * waits. A thread is counted before it may find the heap ending, and touches nothing of
 * the heap after it has counted itself out.
 */
#ifndef _KGC_USERS_H
#define _KGC_USERS_H

#include <linux/completion.h>
#include <linux/refcount.h>

/**
 * struct kgc_users - how many there are
 * @nr: one for the heap itself, and one for each thread
 * @gone: when the last of them is gone
 */
struct kgc_users {
	refcount_t		nr;
	struct completion	gone;
};

static inline void kgc_users_init(struct kgc_users *users)
{
	refcount_set(&users->nr, 1);
	init_completion(&users->gone);
}

/* Context: any; before kgc_users_drain(), or counted already. */
static inline void kgc_users_get(struct kgc_users *users)
{
	refcount_inc(&users->nr);
}

/* Context: any. It is the caller's last access to the heap. */
static inline void kgc_users_put(struct kgc_users *users)
{
	/* pairs with kgc_users_drain() */
	if (refcount_dec_and_test(&users->nr))
		complete(&users->gone);
}

/* Whether there are any beside the heap. A hint: it may change at any time. */
static inline bool kgc_users_any(const struct kgc_users *users)
{
	return refcount_read(&users->nr) > 1;
}

/* Wait until all are gone. No thread may be counted in any more: the count would warn. */
static inline void kgc_users_drain(struct kgc_users *users)
{
	kgc_users_put(users);
	/* pairs with kgc_users_put() */
	wait_for_completion(&users->gone);
}

#endif /* _KGC_USERS_H */
