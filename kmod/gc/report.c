// SPDX-License-Identifier: GPL-2.0
/* Count what the checks find, and log the first of each kind in each heap. */
#include <linux/bug.h>
#include <linux/moduleparam.h>

#include "heap.h"
#include "report.h"
#include "request.h"

bool kgc_warn = true;
module_param_named(warn, kgc_warn, bool, 0600);
MODULE_PARM_DESC(warn, "warn of what the checks find; if off, only log it");

void kgc_report_init(struct kgc_report *report)
{
	ratelimit_state_init(&report->refusals, DEFAULT_RATELIMIT_INTERVAL,
			     DEFAULT_RATELIMIT_BURST);
}

/* No cycle runs in @heap any more, so nothing in it is freed. Context: any. */
static void set_aside(struct kgc_heap *heap)
{
	WRITE_ONCE(heap->report.aside, true);
	kgc_request_close(heap);
}

/* An invariant is broken. Only the first report of a heap is logged. */
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
	pr_err("kgc: heap %u (%s), cycle %llu: %s: %p -> %p\n", heap->id, heap->name,
	       READ_ONCE(heap->request.begun), what, where, to);
	WARN_ON(kgc_warn);
}

/* Hold violations back until the release below. Context: the cycle's work item. */
void kgc_violations_hold(struct kgc_heap *heap)
{
	heap->report.held.on = true;
	heap->report.held.errors = 0;
}

/* Report the violations that were held back if @confirmed, otherwise forget them. */
void kgc_violations_release(struct kgc_heap *heap, bool confirmed)
{
	struct kgc_report *report = &heap->report;

	report->held.on = false;
	if (!confirmed || !report->held.errors)
		return;
	kgc_violation(heap, report->held.what, report->held.where,
		      report->held.to);
	report->errors += report->held.errors - 1;
}

/*
 * A client broke a rule. Only the first report of a heap is logged. Context: any but
 * NMI.
 */
void kgc_misuse(struct kgc_heap *heap, const char *what, const void *where)
{
	set_aside(heap);
	if (atomic_inc_return(&heap->report.misused) > 1)
		return;
	pr_err("kgc: heap %u (%s): %s: %p\n", heap->id, heap->name, what, where);
	WARN_ON(kgc_warn);
}

/* Warn of a call that is not allowed and does nothing. Context: any. Return: NULL. */
void *kgc_refuse(struct kgc_heap *heap, const char *what)
{
	if (__ratelimit(&heap->report.refusals))
		pr_err("kgc: heap %u (%s): %s\n", heap->id, heap->name, what);
	WARN_ON_ONCE(kgc_warn);
	return NULL;
}
