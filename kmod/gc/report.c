// SPDX-License-Identifier: GPL-2.0
/* What the checks find, told once. */
#include <linux/moduleparam.h>

#include "heap.h"

bool kgc_warn = true;
module_param_named(warn, kgc_warn, bool, 0600);
MODULE_PARM_DESC(warn, "warn of what the checks find; else it is only logged");


/* What must not be; the first time in a heap's life it is told. */
void kgc_violation(struct kgc_heap *heap, const char *what, const void *where,
		   const void *to)
{
	struct kgc_verify *v = &heap->verify;

	if (v->held.on) {
		if (v->held.errors++)
			return;
		v->held.what = what;
		v->held.where = where;
		v->held.to = to;
		return;
	}
	if (v->errors++)
		return;
	pr_err("kgc: heap %u, cycle %llu: %s: %p -> %p\n", heap->id,
	       heap->cycle.begun, what, where, to);
	WARN_ON(kgc_warn);
}

/* Tell of nothing from now on. Context: the cycle's work item. */
void kgc_violations_hold(struct kgc_heap *heap)
{
	heap->verify.held.on = true;
	heap->verify.held.errors = 0;
}

/* Tell of what was found meanwhile, or forget it. */
void kgc_violations_release(struct kgc_heap *heap, bool tell)
{
	struct kgc_verify *v = &heap->verify;

	v->held.on = false;
	if (!tell || !v->held.errors)
		return;
	kgc_violation(heap, v->held.what, v->held.where, v->held.to);
	v->errors += v->held.errors - 1;
}

/* Rules broken by a client: the first time in a heap's life it is told. */
void kgc_misuse(struct kgc_heap *heap, const char *what, const void *where)
{
	if (atomic_inc_return(&heap->sections.misused) > 1)
		return;
	pr_err("kgc: heap %u: %s: %p\n", heap->id, what, where);
	WARN_ON(kgc_warn);
}
