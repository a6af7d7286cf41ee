// SPDX-License-Identifier: GPL-2.0
/*
 * Fragments the machine's memory while it is loaded. The module takes free memory page
 * by page, then frees blocks of 8 pages, each beside pages that stay taken, so that the
 * buddy allocator cannot merge larger blocks. Smaller blocks stay available: kernel
 * stacks may need them, and the OOM killer would run for one.
 */
#include <linux/gfp.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched.h>

static unsigned int spare = 40;
module_param(spare, uint, 0);
MODULE_PARM_DESC(spare, "MiB to leave free, so that the OOM killer kills no process meanwhile");

static LIST_HEAD(taken);

static void give_back(bool (*which)(struct page *page))
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &taken, lru) {
		if (!which(page))
			continue;
		list_del(&page->lru);
		__free_page(page);
		cond_resched();
	}
}

static bool every_page(struct page *page)
{
	return true;
}

/* Whether the page is in the lower half of an aligned block of 16. */
static bool in_block(struct page *page)
{
	return !(page_to_pfn(page) & 8);
}

/* Whether @spare MiB are still free; looks once in 64 pages. */
static bool enough_left(unsigned long taken_so_far)
{
	static bool enough;
	struct sysinfo info;

	if (taken_so_far % 64 == 0) {
		si_meminfo(&info);
		enough = info.freeram > (unsigned long)spare << (20 - PAGE_SHIFT);
	}
	return enough;
}

static int __init fragment_init(void)
{
	gfp_t gfp = GFP_KERNEL | __GFP_NORETRY | __GFP_NOWARN;
	unsigned long n;
	struct page *page;

	for (n = 0; enough_left(n); n++) {
		page = alloc_page(gfp);
		if (!page)
			break;
		list_add(&page->lru, &taken);
		cond_resched();
	}
	give_back(in_block);
	return 0;
}

static void __exit fragment_exit(void)
{
	give_back(every_page);
}

module_init(fragment_init);
module_exit(fragment_exit);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kgc test: a machine whose memory is fragmented");
