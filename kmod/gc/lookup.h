/* SPDX-License-Identifier: GPL-2.0 */
/* Find the object that a word points into. The word may be no address at all. */
#ifndef _KGC_LOOKUP_H
#define _KGC_LOOKUP_H

struct kgc_heap;
struct kgc_span;
struct kgc_types;

struct kgc_span *kgc_lookup(struct kgc_heap *heap, const void *word,
			    unsigned int *index);
void *kgc_lookup_start(struct kgc_types *types, struct kgc_span *span,
		       unsigned int i, void *word);

#endif /* _KGC_LOOKUP_H */
