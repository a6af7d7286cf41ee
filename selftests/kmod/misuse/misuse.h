/* SPDX-License-Identifier: GPL-2.0 */
/* Declarations that the files of kgc_misuse.ko share. */
#ifndef KGC_MISUSE_H
#define KGC_MISUSE_H

#include <linux/completion.h>

#include "kmod/gc/heap.h"

struct node {
	KGC_REF(struct node) next;
	u64 pad[7];
};

/* A type of another size, so its objects are in other spans. */
struct other {
	KGC_REF(struct node) next;
	u64 pad[15];
};

typedef KGC_REF(struct node) node_ref;
typedef KGC_REF(struct other) other_ref;

struct holder {
	struct completion inside, leave, left;
};

typedef void (*change_fn)(struct kgc_span *span, struct kgc_central *ct, int by);

/**
 * struct fault - a fault that a test selects by name
 * @name: its name; NULL ends a table
 * @commit: commits the fault
 * @change: instead of @commit: corrupts the heap's own data
 * @debug: only builds with KGC_DEBUG=1 check for it
 */
struct fault {
	const char	*name;
	void		(*commit)(void);
	change_fn	change;
	bool		debug;
};

extern const struct fault rule_faults[], heap_faults[], cycle_faults[];

extern struct kgc_heap *heap;
extern struct kgc_type *type, *other_type;
extern node_ref slots[2];
extern other_ref other_slot;
extern bool noticed;

struct node *plant(unsigned int i);
void uproot(unsigned int i);
void raw_store(void *slot, void *value);
void holder_begin(struct holder *h);
void holder_end(struct holder *h);
bool await_mode(unsigned int mode);
bool while_marking(void (*change)(void));
extern struct node *floater;
void leave_floating(void);
extern struct node *white;
void leave_white(void);
struct kgc_span *some_span(struct kgc_central **ct);
void spoil(change_fn change);
void change_mark(struct kgc_span *span, struct kgc_central *ct, int by);
extern bool skipped;

#endif /* KGC_MISUSE_H */
