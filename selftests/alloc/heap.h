/* SPDX-License-Identifier: GPL-2.0 */
/*
 * An allocator, and the model: a list of the objects that should exist. The test stands
 * in for the collector: it marks the objects that are to live, flushes and sweeps.
 */
#ifndef ALLOC_HEAP_H
#define ALLOC_HEAP_H

#include "alloc/allocated.h"
#include "alloc/cache.h"

#define NR_LAYOUTS	64
#define MAX_OBJECTS	4000

/* An object as the model knows it. */
struct object {
	u8			*at;
	u32			bytes;
	u8			fill;
	bool			marked;		/* allocated black */
	const struct kgc_layout	*layout;
};

extern struct kgc_allocator allocator;
extern struct kgc_layout layouts[NR_LAYOUTS];	/* any size; first 16: 49 to 64 bytes */
extern struct kgc_allocated allocated_any;	/* for layouts that a test makes itself */
extern struct object *objects;
extern unsigned int nr_objects;
extern unsigned int pressed;			/* calls of the pressure callback */

/* called once per program or suite */
int heap_init(void);
void heap_exit(void);

/* called for each promise */
void heap_begin(void);
void heap_end(void);

struct kgc_pageheap *heap_pages(int nid);
struct kgc_span *heap_span_at(const void *at);
void heap_filled(const u8 *at, u32 bytes, u8 with);
void heap_allocate(const struct kgc_layout *layout, u32 bytes, unsigned int mode);
void heap_allocate_any(unsigned int n, unsigned int mode);
unsigned int heap_mark(unsigned int percent);
void heap_flush(void);
void heap_sweep(void);
void check_heap_object(const struct object *o);
void check_heap_at_rest(void);

#endif /* ALLOC_HEAP_H */
