// SPDX-License-Identifier: GPL-2.0
/*
 * Snapshots. A walk over the marked objects writes records into a stream, from which a file
 * is read. There is one open snapshot per heap, so that the memory of the streams is bounded.
 *
 * A file may be open longer than its heap. The file and the heap refer to each other until
 * one of them ends. kgc_snapshot_file.lock serializes the two ends, and snapshots_lock
 * guards the pointers from heaps, because the heap's own memory may be gone. Lock order:
 * kgc_snapshot_file.lock, then kgc_walk.lock or snapshots_lock.
 */
#include <linux/bitmap.h>
#include <linux/kallsyms.h>
#include <linux/random.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "../../uapi/linux/kgc_snapshot.h"

#include "../alloc/map.h"
#include "../compat.h"
#include "handle.h"
#include "heap.h"
#include "lookup.h"
#include "mark.h"
#include "request.h"
#include "snapshot.h"
#include "stream.h"
#include "throttle.h"
#include "type.h"
#include "walk.h"

#define RESCHED_FIELDS	1024	/* between two cond_resched() */

/* Room for a type, an object and the end, and for the roots of a part of the walk. */
#define OBJECT_ROOM	(2 * KGC_SNAPSHOT_MAX_RECORD)
#define PART_ROOM	(KGC_HANDLE_CHUNK * sizeof(struct kgc_snapshot_root) + OBJECT_ROOM)

static_assert(2 * PART_ROOM <= KGC_STREAM_BYTES);
static_assert(sizeof(struct kgc_snapshot_type) + sizeof(struct kgc_snapshot_end) <=
	      KGC_SNAPSHOT_MAX_RECORD);
static_assert(KGC_SNAPSHOT_NAME >= KGC_HEAP_NAME && KGC_SNAPSHOT_NAME >= KGC_TYPE_NAME);

/**
 * struct kgc_snapshot_file - an open snapshot
 * @walker: asks for the walk
 * @stream: what the file reads
 * @refs: one for the file, and one for the heap while @heap is set
 * @lock: held while the file or the heap ends
 * @heap: the heap, until it or the file ends; guarded by @lock
 * @slot: slot of the span at which the walk goes on
 * @inside: the walk goes on inside the object in that slot
 * @at: offset of the element or word of that object at which it goes on
 * @field: field of that element
 * @type: type of that object
 * @record: a record
 * @used: bytes of @record
 * @counts: records written; edges
 * @symbol: name of the variable that has the last root slot, as sprint_symbol() has it
 * @symbol_start: its address
 * @symbol_end: address behind it
 * @types_written: types that have a record
 *
 * Only the walk uses the members from @slot on.
 */
struct kgc_snapshot_file {
	struct kgc_walker	walker;
	struct kgc_stream	stream;
	refcount_t		refs;
	struct mutex		lock;	/* of the ends */
	struct kgc_heap		*heap;
	unsigned int		slot;
	bool			inside;
	size_t			at;
	unsigned int		field;
	struct kgc_type		*type;
	union {
		struct kgc_snapshot_record	head;
		struct kgc_snapshot_header	header;
		struct kgc_snapshot_type	type;
		struct kgc_snapshot_root	root;
		struct kgc_snapshot_object	object;
		struct kgc_snapshot_cont	cont;
		struct kgc_snapshot_end		end;
		char				bytes[KGC_SNAPSHOT_MAX_RECORD];
	}			record;
	size_t			used;
	struct {
		u64		types;
		u64		roots;
		u64		objects;
		u64		edges;
	}			counts;
	char			symbol[KSYM_SYMBOL_LEN];
	unsigned long		symbol_start;
	unsigned long		symbol_end;
	DECLARE_BITMAP(types_written, KGC_MAX_TYPES + 1);
};

/* kgc_snapshots.file and kgc_snapshots.stopped of all heaps */
static DEFINE_SPINLOCK(snapshots_lock);

static struct kgc_snapshot_file *file_of(struct kgc_walker *walker)
{
	return container_of(walker, struct kgc_snapshot_file, walker);
}

/* An object has the same id as long as it lives, and its address cannot be told from it. */
static __le64 id_of(struct kgc_snapshot_file *snap, const void *slot)
{
	return cpu_to_le64(siphash_1u64((unsigned long)slot,
					&snap->walker.heap->snapshots.key));
}

/* The start of the slot that @obj is in: tiny objects share one. */
static void *slot_of(struct kgc_span *span, void *obj)
{
	return kgc_span_slot(span, kgc_span_index(span, obj));
}

/* ---- records -------------------------------------------------------------------- */

static void record_begin(struct kgc_snapshot_file *snap, enum kgc_snapshot_kind kind,
			 size_t bytes)
{
	memset(&snap->record, 0, bytes);
	snap->record.head.kind = cpu_to_le32(kind);
	snap->used = bytes;
}

static void record_write(struct kgc_snapshot_file *snap)
{
	snap->record.head.size = cpu_to_le32(snap->used);
	kgc_stream_write(&snap->stream, &snap->record, snap->used);
}

static void write_type(struct kgc_snapshot_file *snap, const struct kgc_type *type)
{
	struct kgc_snapshot_type *record = &snap->record.type;
	u32 flags = type->array ? KGC_SNAPSHOT_ARRAY : 0;

	if (type->kind == KGC_KIND_NOSCAN)
		flags |= KGC_SNAPSHOT_NOSCAN;
	if (type->kind == KGC_KIND_CONSERVATIVE)
		flags |= KGC_SNAPSHOT_CONSERVATIVE;
	record_begin(snap, KGC_SNAPSHOT_TYPE, sizeof(*record));
	record->type = cpu_to_le32(type->layout.id);
	record->flags = cpu_to_le32(flags);
	record->bytes = cpu_to_le64(type->size);
	strscpy(record->name, type->name, sizeof(record->name));
	record_write(snap);
	__set_bit(type->layout.id, snap->types_written);
	snap->counts.types++;
}

/* Whether a further edge fits into the record. */
static bool record_is_full(const struct kgc_snapshot_file *snap)
{
	return snap->used + sizeof(struct kgc_snapshot_edge) > sizeof(snap->record);
}

static void add_edge(struct kgc_snapshot_file *snap, size_t offset, const void *target)
{
	struct kgc_snapshot_edge *edge = (void *)(snap->record.bytes + snap->used);

	edge->target = id_of(snap, target);
	edge->offset = cpu_to_le64(offset);
	snap->used += sizeof(*edge);
	snap->counts.edges++;
}

/* ---- objects -------------------------------------------------------------------- */

/* Add the words of a conservative object that name marked objects. As add_fields(). */
static bool add_words(struct kgc_snapshot_file *snap, char *obj, size_t end)
{
	struct kgc_heap *heap = snap->walker.heap;

	for (; snap->at < end; snap->at += sizeof(void *)) {
		void *word = READ_ONCE_NOCHECK(*(void **)(obj + snap->at));
		struct kgc_span *span;
		unsigned int i;

		if (record_is_full(snap))
			return true;
		span = kgc_lookup(heap, word, &i);
		if (span && kgc_is_marked(span, i))
			add_edge(snap, snap->at, kgc_span_slot(span, i));
		if (snap->at / sizeof(void *) % RESCHED_FIELDS == RESCHED_FIELDS - 1)
			cond_resched();
	}
	return false;
}

/* Add the fields of the element at snap->at, from snap->field on. As add_fields(). */
static bool add_element(struct kgc_snapshot_file *snap, char *obj)
{
	const struct kgc_type *type = snap->type;

	for (; snap->field < type->nr_fields; snap->field++) {
		size_t offset = snap->at + type->fields[snap->field].offset;
		struct kgc_span *span;
		void *p;

		if (record_is_full(snap))
			return true;
		/* pairs with kgc_store_slot() */
		p = smp_load_acquire((void **)(obj + offset));
		span = p ? kgc_map_find(p) : NULL;
		if (span && span->owner == &snap->walker.heap->alloc)
			add_edge(snap, offset, slot_of(span, p));
	}
	snap->field = 0;
	return false;
}

/* Add edges to the record. Return: whether it is full before the object's end. */
static bool add_fields(struct kgc_snapshot_file *snap, struct kgc_span *span, char *obj)
{
	const struct kgc_type *type = snap->type;
	size_t end = type->array ? rounddown(span->size, type->size) : type->size;
	unsigned int n = 0;

	if (type->kind == KGC_KIND_CONSERVATIVE)
		return add_words(snap, obj, round_down(end, sizeof(void *)));
	for (; type->nr_fields && snap->at < end; snap->at += type->size) {
		if (add_element(snap, obj))
			return true;
		n += type->nr_fields;
		if (n >= RESCHED_FIELDS) {
			cond_resched();
			n = 0;
		}
	}
	return false;
}

/* Begin the record of the object in slot @i. */
static void object_begin(struct kgc_snapshot_file *snap, struct kgc_span *span,
			 unsigned int i)
{
	struct kgc_snapshot_object *record = &snap->record.object;
	unsigned long scanned = READ_ONCE(kgc_span_scan(span)[i / BITS_PER_LONG]);

	snap->type = kgc_type_of_slot(&snap->walker.heap->types, span, i);
	snap->at = 0;
	snap->field = 0;
	if (!test_bit(snap->type->layout.id, snap->types_written))
		write_type(snap, snap->type);
	record_begin(snap, KGC_SNAPSHOT_OBJECT, sizeof(*record));
	record->object = id_of(snap, kgc_span_slot(span, i));
	record->type = cpu_to_le32(snap->type->layout.id);
	record->bytes = cpu_to_le64(span->size);
	/* markers scan what they mark, and a newborn is marked without being scanned */
	if (snap->type->kind != KGC_KIND_NOSCAN && !(scanned >> (i % BITS_PER_LONG) & 1))
		record->flags = cpu_to_le32(KGC_SNAPSHOT_NEWBORN);
	snap->counts.objects++;
}

static void cont_begin(struct kgc_snapshot_file *snap, struct kgc_span *span, unsigned int i)
{
	record_begin(snap, KGC_SNAPSHOT_CONT, sizeof(snap->record.cont));
	snap->record.cont.object = id_of(snap, kgc_span_slot(span, i));
}

/* Write the object in slot @i, or what is left of it. Return: 0, or KGC_WALK_AGAIN. */
static int write_object(struct kgc_snapshot_file *snap, struct kgc_span *span, unsigned int i)
{
	do {
		if (!kgc_stream_has_room(&snap->stream, OBJECT_ROOM))
			return KGC_WALK_AGAIN;
		if (snap->inside)
			cont_begin(snap, span, i);
		else
			object_begin(snap, span, i);
		snap->inside = add_fields(snap, span, kgc_span_slot(span, i));
		record_write(snap);
	} while (snap->inside);
	return 0;
}

/* ---- what the walk calls -------------------------------------------------------- */

static int snapshot_begin(struct kgc_walker *walker)
{
	struct kgc_snapshot_file *snap = file_of(walker);
	struct kgc_snapshot_header *header = &snap->record.header;

	memset(header, 0, sizeof(*header));
	memcpy(header->magic, KGC_SNAPSHOT_MAGIC, sizeof(header->magic));
	header->version = cpu_to_le32(KGC_SNAPSHOT_VERSION);
	header->size = cpu_to_le32(sizeof(*header));
	header->pointer_size = cpu_to_le32(sizeof(void *));
	header->heap = cpu_to_le32(walker->heap->id);
	header->cycle = cpu_to_le64(walker->cycle);
	strscpy(header->name, walker->heap->name, sizeof(header->name));
	kgc_stream_write(&snap->stream, header, sizeof(*header));
	return 0;
}

/* The cycle does not wait for the reader if memory is short, and waits less past the goal. */
static int snapshot_ready(struct kgc_walker *walker)
{
	struct kgc_heap *heap = walker->heap;
	int err = kgc_stream_await_room(&file_of(walker)->stream, PART_ROOM,
					kgc_throttle_past_goal(heap));

	if (err == -EAGAIN)
		return kgc_request_is_short(&heap->request) ? -ECANCELED : KGC_WALK_AGAIN;
	return err;
}

/*
 * Find the variable that has root slot @at, so that @symbol is empty or its name. Slots of
 * memory that was allocated have none, and sprint_symbol() prints their address.
 */
static void find_symbol(struct kgc_snapshot_file *snap, unsigned long at)
{
	unsigned long offset, size;
	char *plus;

	if (at >= snap->symbol_start && at < snap->symbol_end)
		return;
	sprint_symbol(snap->symbol, at);
	plus = strchr(snap->symbol, '+');
	if (!plus || sscanf(plus, "+%lx/%lx", &offset, &size) != 2) {
		snap->symbol[0] = '\0';
		snap->symbol_end = 0;
		return;
	}
	*plus = '\0';
	snap->symbol_start = at - offset;
	snap->symbol_end = snap->symbol_start + size;
}

static int snapshot_root(struct kgc_walker *walker, enum kgc_walk_root kind, u64 number,
			 void *obj)
{
	struct kgc_snapshot_file *snap = file_of(walker);
	struct kgc_snapshot_root *record = &snap->record.root;
	struct kgc_span *span = kgc_map_find(obj);

	if (!span || span->owner != &walker->heap->alloc)
		return 0;
	record_begin(snap, KGC_SNAPSHOT_ROOT, sizeof(*record));
	record->object = id_of(snap, slot_of(span, obj));
	if (kind == KGC_WALK_HANDLE) {
		record->root = cpu_to_le32(KGC_SNAPSHOT_HANDLE);
	} else {
		record->root = cpu_to_le32(KGC_SNAPSHOT_SLOT);
		find_symbol(snap, number);
		strscpy(record->name, snap->symbol, sizeof(record->name));
		number = snap->symbol[0] ? (number - snap->symbol_start) / sizeof(void *) :
					   snap->counts.roots;
	}
	record->number = cpu_to_le64(number);
	record_write(snap);
	snap->counts.roots++;
	return 0;
}

static int snapshot_span(struct kgc_walker *walker, struct kgc_span *span)
{
	struct kgc_snapshot_file *snap = file_of(walker);
	int err = 0;

	for (; snap->slot < span->nelems && !err; snap->slot += !err) {
		unsigned long word = kgc_walk_word(span, snap->slot / BITS_PER_LONG);

		if (word >> (snap->slot % BITS_PER_LONG) & 1)
			err = write_object(snap, span, snap->slot);
	}
	if (!err)
		snap->slot = 0;
	kgc_stream_wake(&snap->stream);
	return err;
}

static void snapshot_end(struct kgc_walker *walker, int err)
{
	struct kgc_snapshot_file *snap = file_of(walker);
	struct kgc_snapshot_end *record = &snap->record.end;

	if (!err) {
		record_begin(snap, KGC_SNAPSHOT_END, sizeof(*record));
		record->types = cpu_to_le64(snap->counts.types);
		record->roots = cpu_to_le64(snap->counts.roots);
		record->objects = cpu_to_le64(snap->counts.objects);
		record->edges = cpu_to_le64(snap->counts.edges);
		record_write(snap);
	}
	kgc_stream_end(&snap->stream, err);
}

static const struct kgc_walk_ops snapshot_ops = {
	.begin = snapshot_begin,
	.ready = snapshot_ready,
	.root = snapshot_root,
	.span = snapshot_span,
	.end = snapshot_end,
};

/* ---- beginning and end ------------------------------------------------------------ */

static void file_put(struct kgc_snapshot_file *snap)
{
	if (!refcount_dec_and_test(&snap->refs))
		return;
	kgc_stream_destroy(&snap->stream);
	kvfree(snap);
}

/*
 * Part the file from its heap, which may end afterwards. If the walk is not over, the reader
 * gets @err. Context: lock held.
 */
static void file_detach(struct kgc_snapshot_file *snap, int err)
{
	struct kgc_heap *heap = snap->heap;

	if (!heap)
		return;
	if (kgc_walk_cancel(&snap->walker))
		kgc_stream_end(&snap->stream, err);
	snap->heap = NULL;
	scoped_guard(spinlock, &snapshots_lock)
		heap->snapshots.file = NULL;
	/* the caller has a reference of its own */
	file_put(snap);
}

/* Make @snap the only snapshot of @heap. */
static int file_attach(struct kgc_snapshot_file *snap, struct kgc_heap *heap)
{
	guard(spinlock)(&snapshots_lock);
	if (heap->snapshots.stopped)
		return -ESHUTDOWN;
	if (heap->snapshots.file)
		return -EBUSY;
	heap->snapshots.file = snap;
	snap->heap = heap;
	refcount_inc(&snap->refs);
	return 0;
}

/**
 * kgc_snapshot_open() - ask for a snapshot
 * @heap: the heap
 *
 * The next cycle writes it. Its memory is charged to the caller's cgroup.
 *
 * Context: process context, may sleep; the heap does not end meanwhile.
 * Return: the snapshot, or ERR_PTR: -EBUSY if another one is open; -EIO if the heap has been
 * set aside; -ESHUTDOWN if it is ending; -ENOMEM.
 */
struct kgc_snapshot_file *kgc_snapshot_open(struct kgc_heap *heap)
{
	struct kgc_snapshot_file *snap = kvzalloc(sizeof(*snap), GFP_KERNEL_ACCOUNT);
	int err;

	if (!snap)
		return ERR_PTR(-ENOMEM);
	mutex_init(&snap->lock);
	refcount_set(&snap->refs, 1);
	err = kgc_stream_init(&snap->stream);
	if (!err) {
		guard(mutex)(&snap->lock);
		err = file_attach(snap, heap);
		if (!err && !kgc_walk_ask(heap, &snap->walker, &snapshot_ops)) {
			err = -EIO;
			file_detach(snap, err);
		}
	}
	if (!err)
		return snap;
	file_put(snap);
	return ERR_PTR(err);
}

/* Close a snapshot, in whatever state it is. Context: process context, may sleep. */
void kgc_snapshot_close(struct kgc_snapshot_file *snap)
{
	scoped_guard(mutex, &snap->lock)
		file_detach(snap, -ECANCELED);
	file_put(snap);
}

void kgc_snapshots_init(struct kgc_heap *heap)
{
	get_random_bytes(&heap->snapshots.key, sizeof(heap->snapshots.key));
}

/*
 * End the open snapshot of a heap that ends: a reader gets what has been written, if the
 * snapshot is complete, or -ESHUTDOWN. Context: process context, may sleep.
 */
void kgc_snapshots_stop(struct kgc_heap *heap)
{
	struct kgc_snapshot_file *snap;

	scoped_guard(spinlock, &snapshots_lock) {
		heap->snapshots.stopped = true;
		snap = heap->snapshots.file;
		if (snap)
			refcount_inc(&snap->refs);
	}
	if (!snap)
		return;
	scoped_guard(mutex, &snap->lock)
		file_detach(snap, -ESHUTDOWN);
	file_put(snap);
}

/* Read a part of the snapshot; see kgc_stream_read(). */
ssize_t kgc_snapshot_read(struct kgc_snapshot_file *snap, char __user *to, size_t bytes,
			  bool nonblock)
{
	return kgc_stream_read(&snap->stream, to, bytes, nonblock);
}

__poll_t kgc_snapshot_poll(struct kgc_snapshot_file *snap, struct file *file,
			   struct poll_table_struct *wait)
{
	return kgc_stream_poll(&snap->stream, file, wait);
}
