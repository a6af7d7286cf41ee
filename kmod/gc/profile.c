// SPDX-License-Identifier: GPL-2.0
/*
 * The allocation profile.
 *
 * A sample is an object that is alive, and a *site*: the stack, type, size and task that
 * allocated it. Samples that are alike share a site, which counts them. So the memory of the
 * profile grows with the number of different sites, and with the objects that are alive.
 *
 * A sampled object is found dead as one with a cleanup is: when marking is complete, the
 * state machine looks at each sample. What is white then is freed by this cycle, so its slot
 * is not handed out again before the sample is gone. A section that has just allocated a
 * sampled object keeps it alive until the sample is on the list. Objects that are allocated
 * while the state machine looks are black.
 */
#include <linux/jhash.h>
#include <linux/random.h>
#include <linux/sched.h>

#include "../alloc/alloc.h"
#include "../alloc/charge.h"
#include "heap.h"
#include "mark.h"
#include "profile.h"

#define SCAN_SAMPLES	64	/* looked at before the lock is dropped */

/**
 * struct sample - a sampled object that is alive
 * @link: on kgc_profile.live
 * @obj: the object, or the first one of a tiny block
 * @site: what allocated it
 */
struct sample {
	struct list_head	link;
	const void		*obj;
	struct kgc_site		*site;
};

/**
 * struct origin - what is known of an object that is being sampled
 * @hash: of @key and @stack
 * @key: as in struct kgc_site
 * @stack: as in struct kgc_site
 */
struct origin {
	u32			hash;
	struct kgc_site_key	key;
	unsigned long		stack[KGC_PROFILE_DEPTH];
};

static size_t site_bytes(unsigned int depth)
{
	return sizeof(struct kgc_site) + depth * sizeof(long);
}

static size_t buckets_bytes(void)
{
	return KGC_PROFILE_BUCKETS * sizeof(struct kgc_site *);
}

/* ---- sampling ------------------------------------------------------------------- */

static void origin_init(struct origin *origin, u32 seed, u32 rate,
			const struct kgc_layout *layout, size_t bytes)
{
	origin->key = (struct kgc_site_key){
		.type = layout->id,
		.bytes = bytes,
		.rate = rate,
		.pid = in_task() ? task_tgid_nr(current) : 0,
		.depth = kgc_stack_save(origin->stack, KGC_PROFILE_DEPTH),
	};
	origin->hash = jhash(origin->stack, origin->key.depth * sizeof(long),
			     jhash(&origin->key, sizeof(origin->key), seed));
}

/* Context: lock held. Return: the site of @origin, or NULL. */
static struct kgc_site *site_find(struct kgc_profile *profile, const struct origin *origin)
{
	struct kgc_site *site;

	if (!profile->bucket)
		return NULL;
	site = profile->bucket[origin->hash % KGC_PROFILE_BUCKETS];
	for (; site; site = site->next)
		if (site->hash == origin->hash &&
		    !memcmp(&site->key, &origin->key, sizeof(site->key)) &&
		    !memcmp(site->stack, origin->stack,
			    site->key.depth * sizeof(long)))
			return site;
	return NULL;
}

/* Context: lock held; the site is not there yet. */
static void site_insert(struct kgc_profile *profile, struct kgc_site *site)
{
	struct kgc_site **bucket = &profile->bucket[site->hash % KGC_PROFILE_BUCKETS];

	site->next = *bucket;
	*bucket = site;
	if (profile->newest)
		profile->newest->newer = site;
	else
		profile->oldest = site;
	profile->newest = site;
	profile->sums.sites++;
}

static struct kgc_site *site_alloc(struct kgc_heap *heap, const struct origin *origin)
{
	struct kgc_site *site = kgc_charge_try(&heap->alloc, KGC_META_PROFILE,
					       site_bytes(origin->key.depth));

	if (!site)
		return NULL;
	site->hash = origin->hash;
	site->key = origin->key;
	strscpy(site->comm, in_task() ? current->comm : "interrupt", sizeof(site->comm));
	memcpy(site->stack, origin->stack, site->key.depth * sizeof(long));
	return site;
}

static void site_free(struct kgc_heap *heap, struct kgc_site *site)
{
	if (site)
		kgc_charge_free(&heap->alloc, KGC_META_PROFILE, site,
				site_bytes(site->key.depth));
}

/* Allocate the buckets before the first sample. Return: whether they are there. */
static bool have_buckets(struct kgc_heap *heap)
{
	struct kgc_profile *profile = &heap->profile;
	struct kgc_site **buckets;

	if (READ_ONCE(profile->bucket))
		return true;
	buckets = kgc_charge_try(&heap->alloc, KGC_META_PROFILE, buckets_bytes());
	if (!buckets)
		return false;
	scoped_guard(raw_spinlock_irqsave, &profile->lock) {
		if (!profile->bucket)
			swap(profile->bucket, buckets);
	}
	/* another sample was faster */
	kgc_charge_free(&heap->alloc, KGC_META_PROFILE, buckets, buckets_bytes());
	return true;
}

/*
 * Count @sample, and put it on the list. @fresh is a site for @origin if there is none yet,
 * or NULL. Return: @fresh if it was not needed. If the sample could not be counted, its site
 * is NULL.
 */
static struct kgc_site *sample_insert(struct kgc_profile *profile, struct sample *sample,
				      const struct origin *origin, struct kgc_site *fresh)
{
	struct kgc_site *site;

	guard(raw_spinlock_irqsave)(&profile->lock);
	if (profile->sums.live >= KGC_PROFILE_LIVE)
		return fresh;
	site = site_find(profile, origin);
	if (!site && fresh && profile->sums.sites < KGC_PROFILE_SITES) {
		site = fresh;
		fresh = NULL;
		site_insert(profile, site);
	}
	if (!site)
		return fresh;
	sample->site = site;
	list_add_tail(&sample->link, &profile->live);
	site->allocated++;
	site->live++;
	profile->sums.samples++;
	profile->sums.live++;
	return fresh;
}

static bool site_exists(struct kgc_profile *profile, const struct origin *origin)
{
	guard(raw_spinlock_irqsave)(&profile->lock);
	return site_find(profile, origin);
}

/* Return: whether the sample was counted. */
static bool sample_add(struct kgc_heap *heap, const void *obj, const struct origin *origin)
{
	struct kgc_profile *profile = &heap->profile;
	struct kgc_site *fresh = NULL;
	struct sample *sample;

	if (!have_buckets(heap))
		return false;
	sample = kgc_charge_try(&heap->alloc, KGC_META_PROFILE, sizeof(*sample));
	if (!sample)
		return false;
	sample->obj = obj;
	if (!site_exists(profile, origin))
		fresh = site_alloc(heap, origin);
	site_free(heap, sample_insert(profile, sample, origin, fresh));
	if (sample->site)
		return true;
	kgc_charge_free(&heap->alloc, KGC_META_PROFILE, sample, sizeof(*sample));
	return false;
}

static void profile_sampled(struct kgc_allocator *a, const struct kgc_layout *layout,
			    void *obj, size_t bytes)
{
	struct kgc_heap *heap = container_of(a, struct kgc_heap, alloc);
	struct kgc_profile *profile = &heap->profile;
	u64 rate = READ_ONCE(a->sample_rate);
	struct origin origin;

	if (!rate)
		return;
	if (!kgc_charge_possible()) {
		guard(raw_spinlock_irqsave)(&profile->lock);
		profile->sums.skipped++;
		return;
	}
	origin_init(&origin, profile->seed, rate, layout, bytes);
	if (sample_add(heap, obj, &origin))
		return;
	guard(raw_spinlock_irqsave)(&profile->lock);
	profile->sums.dropped++;
}

/* ---- what the collector finds ------------------------------------------------------ */

static bool is_white(const void *obj)
{
	struct kgc_span *span = kgc_map_span(obj);

	return !kgc_is_marked(span, kgc_span_index(span, obj));
}

/*
 * Look at a bounded number of samples, and forget those of white objects. Marking is over,
 * so this cycle frees what is white. Context: the state machine. Return: whether any sample
 * may be left to look at.
 */
bool kgc_profile_scan_some(struct kgc_heap *heap, u64 cycle)
{
	struct kgc_profile *profile = &heap->profile;
	unsigned int budget = SCAN_SAMPLES;
	struct sample *sample, *next;
	LIST_HEAD(dead);
	bool more;

	if (profile->cycle != cycle) {
		profile->cycle = cycle;
		profile->at = &profile->live;
	}
	scoped_guard(raw_spinlock_irqsave, &profile->lock) {
		while (!list_is_last(profile->at, &profile->live) && budget--) {
			sample = list_entry(profile->at->next, struct sample, link);
			if (is_white(sample->obj)) {
				list_move(&sample->link, &dead);
				sample->site->live--;
				profile->sums.live--;
			} else {
				profile->at = &sample->link;
			}
		}
		more = !list_is_last(profile->at, &profile->live);
	}
	list_for_each_entry_safe(sample, next, &dead, link)
		kgc_charge_free(&heap->alloc, KGC_META_PROFILE, sample, sizeof(*sample));
	return more;
}

/* ---- readers ------------------------------------------------------------------------ */

void kgc_profile_sums(struct kgc_heap *heap, struct kgc_profile_sums *sums)
{
	guard(raw_spinlock_irq)(&heap->profile.lock);
	*sums = heap->profile.sums;
}

/* The site after @site, or the first one if @site is NULL; NULL after the last one. */
const struct kgc_site *kgc_profile_next(struct kgc_heap *heap, const struct kgc_site *site)
{
	guard(raw_spinlock_irq)(&heap->profile.lock);
	return site ? site->newer : heap->profile.oldest;
}

/* How many samples @site has counted, and how many of their objects are alive. */
void kgc_profile_read(struct kgc_heap *heap, const struct kgc_site *site, u64 *allocated,
		      u64 *live)
{
	guard(raw_spinlock_irq)(&heap->profile.lock);
	*allocated = site->allocated;
	*live = site->live;
}

/* ---- life ----------------------------------------------------------------------------- */

void kgc_profile_init(struct kgc_heap *heap)
{
	struct kgc_profile *profile = &heap->profile;

	raw_spin_lock_init(&profile->lock);
	INIT_LIST_HEAD(&profile->live);
	profile->at = &profile->live;
	profile->seed = get_random_u32();
	kgc_allocator_on_sampled(&heap->alloc, profile_sampled);
	kgc_allocator_sample(&heap->alloc, heap->opt.profile_bytes);
}

/* Context: no cycle runs, no section is open; may sleep. */
void kgc_profile_destroy(struct kgc_heap *heap)
{
	struct kgc_profile *profile = &heap->profile;
	struct sample *sample, *next;
	struct kgc_site *site, *newer;

	list_for_each_entry_safe(sample, next, &profile->live, link)
		kgc_charge_free(&heap->alloc, KGC_META_PROFILE, sample, sizeof(*sample));
	for (site = profile->oldest; site; site = newer) {
		newer = site->newer;
		site_free(heap, site);
	}
	kgc_charge_free(&heap->alloc, KGC_META_PROFILE, profile->bucket, buckets_bytes());
}
