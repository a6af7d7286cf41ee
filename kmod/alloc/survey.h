/* SPDX-License-Identifier: GPL-2.0 */
/* Statistics of a page heap for debugfs: arenas and free runs by size. */
#ifndef _KGC_SURVEY_H
#define _KGC_SURVEY_H

#include "pageheap.h"

#define KGC_NR_RUNS	(ilog2(KGC_ARENA_MAX_PAGES) + 1)

/**
 * struct kgc_survey - counts by size; entry i is for 2^i up to 2^(i + 1) - 1 heap pages
 * @arenas: arenas of that size
 * @runs: maximal runs of free heap pages of that size
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
