// SPDX-License-Identifier: GPL-2.0
/* Corrupt the heap's own data. */
#include <linux/list.h>
#include <linux/nodemask.h>

#include "kmod/alloc/poison.h"
#include "misuse.h"

/* Return: a span that is on a list of its central, *@ct; NULL if there is none. */
struct kgc_span *some_span(struct kgc_central **ct)
{
	unsigned int spc = type->layout.spc, list;
	int nid;

	kgc_collect(heap, 1);
	list = heap->alloc.gen & 1;
	for_each_online_node(nid) {
		*ct = heap->alloc.node[nid]->central[spc];
		if (*ct && !list_empty(&(*ct)->partial[list]))
			return list_first_entry(&(*ct)->partial[list],
						struct kgc_span, link);
	}
	return NULL;
}

/* Corrupt the heap's data, run a cycle that must notice, and undo the change. */
void spoil(change_fn change)
{
	struct kgc_central *ct;
	struct kgc_span *span;

	plant(0);
	span = some_span(&ct);
	if (!span)
		return;
	change(span, ct, 1);
	kgc_collect(heap, 1);
	change(span, ct, -1);
}

/* The marker scans the slot, so clear its stale fields. */
void change_mark(struct kgc_span *span, struct kgc_central *ct, int by)
{
	unsigned int last = span->nelems - 1;

	if (by > 0) {
		kgc_unpoison_slot(kgc_span_slot(span, last), span->size,
				  span->size);
		kgc_clear_words(kgc_span_slot(span, last), span->size);
		set_bit(last, kgc_span_mark(span));
	} else {
		kgc_poison_clear(kgc_span_slot(span, last), span->size);
	}
}

static void change_scan(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		set_bit(span->nelems - 1, kgc_span_scan(span));
}

static void change_nfree(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		span->nfree--;
}

static void change_spans(struct kgc_span *span, struct kgc_central *ct, int by)
{
	ct->spans += by;
}

static void change_mallocs(struct kgc_span *span, struct kgc_central *ct, int by)
{
	ct->mallocs += by;
}

static void change_list(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		list_move(&span->link, &ct->full[heap->alloc.gen & 1]);
}

static void change_pages(struct kgc_span *span, struct kgc_central *ct, int by)
{
	heap->alloc.node[span->nid]->pages.inuse += by * (int)KGC_PAGE_SIZE;
}

/* By 2: the verifier accepts a span that a region put there before the flush. */
static void change_gen(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		span->gen -= 2;
}

static void change_kind(struct kgc_span *span, struct kgc_central *ct, int by)
{
	span->spc += 2 * by;
}

/* No sweep looks on this list any more. The heap ends next, so do not undo this. */
static void change_sweep(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		list_move(&span->link, &ct->partial[!(heap->alloc.gen & 1)]);
}

const struct fault heap_faults[] = {
	{ "mark", NULL, change_mark },
	{ "scan", NULL, change_scan },
	{ "nfree", NULL, change_nfree },
	{ "spans", NULL, change_spans },
	{ "mallocs", NULL, change_mallocs },
	{ "list", NULL, change_list },
	{ "pages", NULL, change_pages },
	{ "gen", NULL, change_gen },
	{ "kind", NULL, change_kind },
	{ "sweep", NULL, change_sweep },
	{ }
};
