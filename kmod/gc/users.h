/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A count of threads that use a heap outside of its sections. Destroying the heap waits
 * for them. A thread is counted at a time when something else keeps the heap from ending.
 * It touches nothing of the heap after kgc_users_put().
 */
#ifndef _KGC_USERS_H
#define _KGC_USERS_H

#include <linux/completion.h>
#include <linux/refcount.h>

/**
 * struct kgc_users - threads that use a heap
 * @nr: one for the heap itself, and one for each thread
 * @gone: completed when @nr becomes 0
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

/* Count a thread in. Context: any; before kgc_users_drain(), or if counted already. */
static inline void kgc_users_get(struct kgc_users *users)
{
	refcount_inc(&users->nr);
}

/* Count a thread out: its last access to the heap. Context: any. */
static inline void kgc_users_put(struct kgc_users *users)
{
	/* pairs with kgc_users_drain() */
	if (refcount_dec_and_test(&users->nr))
		complete(&users->gone);
}

/* Whether any thread is counted. A hint: this may change at any time. */
static inline bool kgc_users_any(const struct kgc_users *users)
{
	return refcount_read(&users->nr) > 1;
}

/* Wait until no thread is left. A later kgc_users_get() is a bug, and would warn. */
static inline void kgc_users_drain(struct kgc_users *users)
{
	kgc_users_put(users);
	/* pairs with kgc_users_put() */
	wait_for_completion(&users->gone);
}

#endif /* _KGC_USERS_H */
