// SPDX-License-Identifier: GPL-2.0
/* List the heaps that the caller may see. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "heaps.h"
#include "kgcctl.h"

#define AT_A_TIME 64

int complain_no_heap(__u32 id)
{
	return complain(STATUS_NO_HEAP,
			"no heap %u is open, or it is not yours: 'kgcctl stat' lists those you may see",
			id);
}

static int complain_heaps(int err)
{
	return complain(STATUS_FAILED, err == -ENOTTY ?
			"the module is older than kgcctl and cannot list heaps" :
			"listing the heaps: %s", strerror(-err));
}

int heaps_open(struct heaps *heaps)
{
	struct kgc_info info;
	int err;

	*heaps = (struct heaps){ .device = own_heap() };
	if (heaps->device < 0)
		return -heaps->device;
	err = kgc_info(heaps->device, &info);
	heaps->own = info.heap_id;
	return err ? complain_heaps(err) : STATUS_OK;
}

int heaps_read(struct heaps *heaps)
{
	struct kgc_heap_entry *at;
	__u32 after = 0;
	int nr;

	heaps->nr = 0;
	do {
		heaps->heap = reallocate(heaps->heap, (heaps->nr + AT_A_TIME) *
					 sizeof(*heaps->heap));
		at = heaps->heap + heaps->nr;
		nr = kgc_heaps(heaps->device, after, at, AT_A_TIME);
		if (nr < 0)
			return complain_heaps(nr);
		if (nr)
			after = at[nr - 1].id;
		for (int i = 0; i < nr; i++)
			if (at[i].id != heaps->own)
				heaps->heap[heaps->nr++] = at[i];
	} while (nr == AT_A_TIME);
	return STATUS_OK;
}

int heaps_read_one(struct heaps *heaps, __u32 id, struct kgc_heap_entry *entry)
{
	int nr = 0;

	if (id && id != heaps->own)
		nr = kgc_heaps(heaps->device, id - 1, entry, 1);
	if (nr < 0)
		return complain_heaps(nr);
	return nr && entry->id == id ? STATUS_OK : STATUS_NO_HEAP;
}

void heaps_close(struct heaps *heaps)
{
	free(heaps->heap);
	if (heaps->device >= 0)
		kgc_close(heaps->device);
}

const char *heap_phase(const struct kgc_heap_entry *heap)
{
	static const char * const phases[] = { "IDLE", "ARM", "MARK", "SETTLE" };
	__u32 phase = heap->stats.phase;

	if (heap->flags & KGC_HEAP_ASIDE)
		return "ASIDE";
	return phase < sizeof(phases) / sizeof(phases[0]) ? phases[phase] : "?";
}
