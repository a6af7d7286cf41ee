// SPDX-License-Identifier: GPL-2.0
/* What the checks find, logged once per heap and counted. */
#include <linux/bug.h>
#include <linux/moduleparam.h>

#include "heap.h"
#include "report.h"
#include "request.h"

bool kgc_warn = true;
module_param_named(warn, kgc_warn, bool, 0600);
MODULE_PARM_DESC(warn, "warn of what the checks find; else it is only logged");

/* Context: any. */
static void set_aside(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->report.aside, true);
	kgc_request_close(heap);
}

/* An invariant is broken. The first one in a heap's life is logged. */
void kgc_violation(struct kgc_heap *heap, const char *what, const void *where,
		   const void *to)
{
	struct kgc_report *report = &heap->report;

	if (report->held.on) {
		if (report->held.errors++)
			return;
		report->held.what = what;
		report->held.where = where;
		report->held.to = to;
		return;
	}
	set_aside(heap);
	if (report->errors++)
		return;
	pr_err("kgc: heap %u, cycle %llu: %s: %p -> %p\n", heap->id,
	       READ_ONCE(heap->request.begun), what, where, to);
	WARN_ON(kgc_warn);
}

/* Log nothing from now on. Context: the cycle's work item. */
void kgc_violations_hold(struct kgc_heap *heap)
{
	heap->report.held.on = true;
	heap->report.held.errors = 0;
}

/* Log what was found meanwhile, or forget it. */
void kgc_violations_release(struct kgc_heap *heap, bool tell)
{
	struct kgc_report *report = &heap->report;

	report->held.on = false;
	if (!tell || !report->held.errors)
		return;
	kgc_violation(heap, report->held.what, report->held.where,
		      report->held.to);
	report->errors += report->held.errors - 1;
}

/*
 * A client broke a rule. The first time in a heap's life is logged. Context: any but
 * NMI.
 */
void kgc_misuse(struct kgc_heap *heap, const char *what, const void *where)
{
	set_aside(heap);
	if (atomic_inc_return(&heap->report.misused) > 1)
		return;
	pr_err("kgc: heap %u: %s: %p\n", heap->id, what, where);
	WARN_ON(kgc_warn);
}

/* A call that does nothing, since it is not allowed. Context: any. Return: NULL. */
void *kgc_refuse(const struct kgc_heap *heap, const char *what)
{
	pr_err_ratelimited("kgc: heap %u (%s): %s\n", heap->id, heap->name, what);
	WARN_ON_ONCE(kgc_warn);
	return NULL;
}
