// SPDX-License-Identifier: GPL-2.0
/*
 * Statistics in debugfs. Most files have one "name value" per line. A name of the Go
 * runtime's MemStats means the same as there.
 *
 *	kgc/stats		the module
 *	kgc/heaps		one line per heap
 *	kgc/heap<ID>/stats	one heap; beside it are phase, cycles, options, verify,
 *				sections, finalizers, pace, and the files of
 *				debugfs_alloc.c, debugfs_spans.c and
 *				debugfs_histograms.c
 *				debugfs_alloc.c and debugfs_spans.c
 *	kgc/heap<ID>/profile	what allocated the objects: debugfs_profile.c
 *	kgc/heap<ID>/snapshot	which object refers to which: debugfs_snapshot.c
 *	kgc/heap<ID>/collect	write: start that many cycles (1 or 2); read: the number
 *				of the last cycle asked for
 *	kgc/heap<ID>/scavenge	write: give free memory back to the kernel
 *
 * A heap removes its directory before it is freed. debugfs_remove() waits for readers,
 * so the heap exists as long as a thread is inside one of the functions below.
 */
#include <linux/debugfs.h>
#include <linux/ktime.h>
#include <linux/seq_file.h>
#include <linux/uaccess.h>

#include "../alloc/alloc.h"
#include "../alloc/map.h"
#include "../alloc/totals.h"
#include "../gc/due.h"
#include "../gc/finalize.h"
#include "../gc/heap.h"
#include "../gc/pace.h"
#include "../gc/phase.h"
#include "../gc/record.h"
#include "../gc/request.h"
#include "../gc/section.h"
#include "../gc/share.h"
#include "../gc/throttle.h"
#include "../options.h"
#include "../reclaim.h"
#include "../registry.h"
#include "debugfs.h"
#include "stats.h"

static struct dentry *root;

#define NAME(value, name)	\
	[value] = name,
static const char * const phase_names[] = { KGC_PHASE_NAMES(NAME, NAME) };
static const char * const reason_names[] = { KGC_REASON_NAMES(NAME, NAME) };
#undef NAME

/* Go has a name for the cycles on request. */
static const char * const cycle_names[] = {
	"NumGCGrowth", "NumGCPeriod", "NumForcedGC", "NumGCLimit", "NumGCShrink",
};

static const char * const refusal_names[] = {
	"RefusedLimit", "RefusedCap", "RefusedMemory",
};

static void show(struct seq_file *m, const char *name, u64 value)
{
	seq_printf(m, "%s %llu\n", name, value);
}

/* Convert a monotonic time to ns since 1970, as in Go's LastGC. 0 means never. */
static u64 since_1970(u64 ns)
{
	return ns ? ktime_to_ns(ktime_mono_to_real(ns_to_ktime(ns))) : 0;
}

static void show_stats(struct seq_file *m, const struct kgc_stats *st)
{
	unsigned int i;

	show(m, "TotalAlloc", st->total_alloc);
	show(m, "HeapAlloc", st->heap_alloc);
	show(m, "HeapObjects", st->heap_objects);
	show(m, "Mallocs", st->mallocs);
	show(m, "Frees", st->frees);
	show(m, "HeapSys", st->heap_sys);
	show(m, "HeapInuse", st->heap_inuse);
	show(m, "HeapIdle", st->heap_idle);
	show(m, "ReleasedTotalBytes", st->heap_released);
	show(m, "MetaBytes", st->meta_sys);
	show(m, "Sys", st->held);
	show(m, "LiveBytes", st->live_bytes);
	show(m, "LiveObjects", st->live_objects);
	show(m, "NextGC", st->next_gc);
	show(m, "NumGC", st->num_gc);
	for (i = 0; i < KGC_NR_REASONS; i++)
		show(m, cycle_names[i], st->gc_reason[i]);
	show(m, "LastGC", since_1970(st->last_gc_ns));
	show(m, "PauseTotalNs", st->pause_total_ns);
	show(m, "LongestStepNs", st->longest_step_ns);
	show(m, "GCCPUNs", st->gc_cpu_ns);
	show(m, "GCCPUPermille", st->gc_cpu_permille);
	show(m, "GCWaiterNs", st->gc_waiter_ns);
	show(m, "GCMutatorNs", st->gc_mutator_ns);
	show(m, "ShortCycles", st->short_cycles);
	show(m, "Expedited", st->expedited);
	show(m, "ExpediteRefused", st->expedite_refused);
	show(m, "MarkRounds", st->mark_rounds);
	show(m, "MarkRoundsMax", st->mark_rounds_max);
	show(m, "LastCycleNs", st->cycle_ns);
	show(m, "LastMarkNs", st->mark_ns);
	show(m, "Handles", st->handles);
	show(m, "Types", st->types);
	for (i = 0; i < KGC_NR_REFUSALS; i++)
		show(m, refusal_names[i], st->refused[i]);
}

/* Sys is the sum of these that end in Sys, and of HeapSys. */
static void show_memory(struct seq_file *m, const struct kgc_memory *memory)
{
	show(m, "MSpanInuse", memory->mspan_inuse);
	show(m, "MSpanSys", memory->mspan_sys);
	show(m, "MCacheSys", memory->mcache_sys);
	show(m, "GCSys", memory->gc_sys);
	show(m, "OtherSys", memory->other_sys);
}

static int heap_stats_show(struct seq_file *m, void *v)
{
	struct kgc_memory memory;
	struct kgc_stats st = { .size = sizeof(st) };
	struct kgc_heap *heap = m->private;

	kgc_stats_heap(heap, &st);
	show_stats(m, &st);
	kgc_stats_memory(heap, &memory);
	show_memory(m, &memory);
	show(m, "TinyAllocs", kgc_totals_tiny(&heap->alloc));
	show(m, "HandleChunksScanned", READ_ONCE(heap->handles.scanned) +
				       READ_ONCE(heap->weaks.scanned));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_stats);

static int heap_sections_show(struct seq_file *m, void *v)
{
	kgc_sections_show(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_sections);

static int heap_pace_show(struct seq_file *m, void *v)
{
	kgc_pace_show(m, m->private);
	kgc_throttle_show(m, m->private);
	kgc_share_show(m, m->private);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_pace);

static int heap_verify_show(struct seq_file *m, void *v)
{
	struct kgc_heap *heap = m->private;
	struct kgc_verify *verify = &heap->verify;
	struct kgc_tracer *trace = &heap->tracer;

	show(m, "VerifyRuns", READ_ONCE(verify->runs));
	show(m, "VerifiedObjects", READ_ONCE(verify->objects));
	show(m, "ForgedWords", READ_ONCE(verify->forged));
	show(m, "VerifyErrors", READ_ONCE(heap->report.errors));
	show(m, "SetAside", READ_ONCE(heap->report.aside));
	show(m, "TraceRuns", READ_ONCE(trace->runs));
	show(m, "TracesSkipped", READ_ONCE(trace->skipped));
	show(m, "TracedObjects", READ_ONCE(trace->objects));
	show(m, "FloatingObjects", READ_ONCE(trace->floats));
	show(m, "FloatingObjectsTotal", READ_ONCE(trace->floats_total));
	show(m, "FloatingObjectsDue", READ_ONCE(trace->floating_due));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_verify);

static int heap_finalizers_show(struct seq_file *m, void *v)
{
	struct kgc_heap *heap = m->private;
	const struct kgc_finals *finals = &heap->finals;

	seq_printf(m, "FinalizersPending %d\nCleanupsPending %d\nCancelled %lld\n",
		   atomic_read(&finals->nr_pending), atomic_read(&finals->nr_cleanups),
		   atomic64_read(&finals->cancelled));
	kgc_due_show(m, &heap->due_queue);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_finalizers);

static const char *phase_name(const struct kgc_heap *heap)
{
	return READ_ONCE(heap->report.aside) ? "ASIDE" : phase_names[kgc_phase_now(heap)];
}

static int heap_phase_show(struct seq_file *m, void *v)
{
	seq_printf(m, "%s\n", phase_name(m->private));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_phase);

static int heap_cycles_show(struct seq_file *m, void *v)
{
	struct kgc_heap *heap = m->private;
	struct kgc_cycle_record r;
	struct kgc_record_sums sums;
	u64 nr;

	seq_puts(m, "cycle reason at_us arm_us start_us mark_us settle_us sweep_us cpu_us rounds scanned_objects live_objects live_bytes freed_objects goal_bytes peak_bytes\n");
	kgc_records_last(&heap->records, &sums, &r);
	nr = sums.nr > KGC_CYCLE_LOG ? sums.nr - KGC_CYCLE_LOG + 1 : 1;
	for (; nr <= sums.nr; nr++) {
		/* skip a record that a cycle has overwritten meanwhile */
		if (!kgc_records_get(&heap->records, nr, &r))
			continue;
		seq_printf(m, "%llu %s %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu %llu\n",
			   r.nr, reason_names[r.reason], r.at_us, r.arm_us,
			   r.start_us, r.mark_us, r.settle_us, r.sweep_us,
			   r.cpu_us, r.rounds, r.scanned, r.live_objects,
			   r.live_bytes, r.freed, r.goal, r.peak);
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(heap_cycles);

static int heap_options_show(struct seq_file *m, void *v)
{
	const struct kgc_option_row *row;
	unsigned int i;
	u64 value;

	for (i = 0; (row = kgc_options_row(i)); i++)
		if (!kgc_option_get(m->private, row->id, &value))
			show(m, row->name, value);
	return 0;
}

static int heap_options_open(struct inode *inode, struct file *file)
{
	return single_open(file, heap_options_show, inode->i_private);
}

/* Set one option, given as "name value". */
static ssize_t heap_options_write(struct file *file, const char __user *from,
				  size_t len, loff_t *pos)
{
	struct kgc_heap *heap = file_inode(file)->i_private;
	char line[64], *name = line, *number;
	const struct kgc_option_row *row;
	unsigned int i;
	int err;
	u64 value;

	if (len >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, from, len))
		return -EFAULT;
	line[len] = 0;
	number = strim(line);
	name = strsep(&number, " \t");
	if (!number)
		return -EINVAL;
	err = kstrtou64(strim(number), 0, &value);
	if (err)
		return err;
	for (i = 0; (row = kgc_options_row(i)); i++) {
		if (strcmp(name, row->name))
			continue;
		err = kgc_option_set(heap, row->id, value);
		return err ?: len;
	}
	return -EINVAL;
}

static const struct file_operations heap_options_fops = {
	.owner = THIS_MODULE,
	.open = heap_options_open,
	.read = seq_read,
	.write = heap_options_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/* The last cycle asked for. A reader can wait until NumGC in "stats" reaches it. */
static int heap_collect_get(void *data, u64 *cycle)
{
	struct kgc_heap *heap = data;

	*cycle = READ_ONCE(heap->request.wanted);
	return 0;
}

static int heap_collect_set(void *data, u64 cycles)
{
	struct kgc_heap *heap = data;

	if (cycles < 1 || cycles > 2)
		return -EINVAL;
	if (kgc_request_closed(&heap->request))
		return -ESHUTDOWN;
	/* does not wait: debugfs_remove() would have to wait for this call */
	kgc_collect_start(heap, cycles);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(heap_collect_fops, heap_collect_get, heap_collect_set,
			 "%llu\n");

static int heap_scavenge_set(void *data, u64 value)
{
	kgc_scavenge(data);
	return 0;
}
DEFINE_DEBUGFS_ATTRIBUTE(heap_scavenge_fops, NULL, heap_scavenge_set, "%llu\n");

static int module_stats_show(struct seq_file *m, void *v)
{
	u64 objects = 0, waits, stuck, expired;
	struct kgc_heap *heap;
	unsigned int n = 0;

	kgc_registry_for_each(heap) {
		objects += kgc_heap_objects(heap);
		n++;
		cond_resched();
	}
	show(m, "Heaps", n);
	show(m, "HeapObjects", objects);
	show(m, "HeapSys", kgc_limit_total_pages());
	show(m, "Sys", kgc_limit_total_held());
	show(m, "MapBytes", kgc_map_bytes());
	kgc_reclaim_waits(&waits, &stuck, &expired);
	show(m, "ReclaimWaits", waits);
	show(m, "ReclaimWaitsStuck", stuck);
	show(m, "ReclaimWaitsExpired", expired);
	kgc_shares_show(m);
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(module_stats);

/* Position 0 is the header, others are heap numbers. Return: first heap from *@pos on. */
static void *heaps_from(loff_t *pos)
{
	struct kgc_heap *heap = *pos > U32_MAX ? NULL : kgc_registry_from(*pos);

	if (heap)
		*pos = heap->id;
	return heap;
}

static void *heaps_start(struct seq_file *m, loff_t *pos)
{
	return *pos ? heaps_from(pos) : SEQ_START_TOKEN;
}

static void heaps_stop(struct seq_file *m, void *v)
{
	if (v && v != SEQ_START_TOKEN)
		kgc_registry_put(v);
}

static void *heaps_next(struct seq_file *m, void *v, loff_t *pos)
{
	heaps_stop(m, v);
	++*pos;
	return heaps_from(pos);
}

static int heaps_show(struct seq_file *m, void *v)
{
	struct kgc_stats st = { };
	struct kgc_heap *heap = v;

	if (v == SEQ_START_TOKEN) {
		seq_puts(m, "id name phase HeapObjects HeapAlloc HeapSys NumGC\n");
		return 0;
	}
	kgc_stats_line(heap, &st);
	seq_printf(m, "%u %s %s %llu %llu %llu %llu\n", heap->id, heap->name,
		   phase_name(heap), st.heap_objects, st.heap_alloc,
		   st.heap_sys, st.num_gc);
	cond_resched();
	return 0;
}

static const struct seq_operations module_heaps_sops = {
	.start = heaps_start,
	.next = heaps_next,
	.stop = heaps_stop,
	.show = heaps_show,
};
DEFINE_SEQ_ATTRIBUTE(module_heaps);

void kgc_debugfs_add(struct kgc_heap *heap)
{
	char name[24];

	snprintf(name, sizeof(name), "heap%u", heap->id);
	heap->dir = debugfs_create_dir(name, root);
	debugfs_create_file("stats", 0400, heap->dir, heap, &heap_stats_fops);
	kgc_debugfs_alloc_add(heap);
	kgc_debugfs_spans_add(heap);
	kgc_debugfs_types_add(heap);
	kgc_debugfs_histograms_add(heap);
	kgc_debugfs_snapshot_add(heap);
	kgc_debugfs_profile_add(heap);
	debugfs_create_file("sections", 0400, heap->dir, heap,
			    &heap_sections_fops);
	debugfs_create_file("pace", 0400, heap->dir, heap, &heap_pace_fops);
	debugfs_create_file("verify", 0400, heap->dir, heap,
			    &heap_verify_fops);
	debugfs_create_file("finalizers", 0400, heap->dir, heap,
			    &heap_finalizers_fops);
	debugfs_create_file("phase", 0400, heap->dir, heap, &heap_phase_fops);
	debugfs_create_file("cycles", 0400, heap->dir, heap,
			    &heap_cycles_fops);
	debugfs_create_file("options", 0600, heap->dir, heap,
			    &heap_options_fops);
	debugfs_create_file("collect", 0600, heap->dir, heap,
			    &heap_collect_fops);
	debugfs_create_file("scavenge", 0200, heap->dir, heap,
			    &heap_scavenge_fops);
}

void kgc_debugfs_remove(struct kgc_heap *heap)
{
	debugfs_remove(heap->dir);
}

void kgc_debugfs_init(void)
{
	root = debugfs_create_dir("kgc", NULL);
	debugfs_create_file("stats", 0400, root, NULL, &module_stats_fops);
	debugfs_create_file("heaps", 0400, root, NULL, &module_heaps_fops);
	kgc_debugfs_alloc_init(root);
}

void kgc_debugfs_exit(void)
{
	debugfs_remove(root);
}
