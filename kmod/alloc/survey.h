/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a page heap looks like, for people: arenas and free runs by size.
 */
#ifndef _KGC_SURVEY_H
#define _KGC_SURVEY_H

#include "pageheap.h"

#define KGC_NR_RUNS	(ilog2(KGC_ARENA_MAX_PAGES) + 1)

/**
 * struct kgc_survey - sizes, by the power of two not above them
 * @arenas: arenas of so many heap pages
 * @runs: runs of free heap pages, as long as they can be, of so many
 * @free: heap pages in these runs
 * @gone: heap pages given back out of arenas of that size
 */
struct kgc_survey {
	u64	arenas[KGC_NR_RUNS];
	u64	runs[KGC_NR_RUNS];
	u64	free[KGC_NR_RUNS];
	u64	gone[KGC_NR_RUNS];
};

void kgc_survey_pageheap(struct kgc_pageheap *ph, struct kgc_survey *sv);

#endif /* _KGC_SURVEY_H */
