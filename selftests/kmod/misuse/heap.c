// SPDX-License-Identifier: GPL-2.0
/* Wrong words in what the heap keeps of itself. */
#include <linux/list.h>
#include <linux/nodemask.h>

#include "kmod/alloc/poison.h"
#include "misuse.h"

/* Some span on a list of its central. */
struct kgc_span *some_span(struct kgc_central **ct)
{
	unsigned int spc = type->shape.spc, list;
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

/* A wrong word in what the heap keeps of itself, undone when it must have been seen. */
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

/* The marker will look for fields in the slot: it finds no stale ones there. */
void change_mark(struct kgc_span *span, struct kgc_central *ct, int by)
{
	unsigned int last = span->nelems - 1;

	if (by > 0) {
		kgc_poison_open(kgc_span_slot(span, last), span->size,
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

/* Not so as to be taken for one that a region of before the flip has left there. */
static void change_gen(struct kgc_span *span, struct kgc_central *ct, int by)
{
	if (by > 0)
		span->gen -= 2;
}

static void change_kind(struct kgc_span *span, struct kgc_central *ct, int by)
{
	span->spc += 2 * by;
}

/* No sweep looks for it there any more, and the heap ends next. */
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
