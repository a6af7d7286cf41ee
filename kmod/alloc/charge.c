// SPDX-License-Identifier: GPL-2.0
/* How a heap asks for memory on behalf of a caller. */
#include "../compat.h"
#include "alloc.h"
#include "charge.h"

/*
 * What of a caller's flags is passed on: how hard to try, not where from.
 * __GFP_NOFAIL is not, every allocation from a heap can fail; and where that
 * lets the page allocator choose, it fails rather than kill a process.
 */
#define GFP_TRY (__GFP_RECLAIM | __GFP_IO | __GFP_FS | __GFP_HIGH |	\
		 __GFP_ATOMIC | __GFP_NORETRY | __GFP_MEMALLOC |	\
		 __GFP_NOMEMALLOC)

/*
 * How a heap asks for memory on behalf of a caller with @gfp, for objects and for
 * what is kept about them: charged to its cgroup between kgc_charge_begin() and
 * kgc_charge_end(), and refused rather than got by killing a process.
 */
gfp_t kgc_charge_gfp(const struct kgc_allocator *a, gfp_t gfp)
{
	gfp = (gfp & GFP_TRY) | __GFP_NOWARN | a->gfp;
	if (gfp & __GFP_DIRECT_RECLAIM && !(gfp & __GFP_NORETRY))
		gfp |= __GFP_RETRY_MAYFAIL;
	/* whoever may use the reserves is charged beyond the cgroup's limit */
	if (a->memcg)
		gfp &= ~(__GFP_HIGH | __GFP_ATOMIC | __GFP_MEMALLOC);
	return gfp;
}
