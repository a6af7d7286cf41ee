// SPDX-License-Identifier: GPL-2.0
/* The calls whose requests for memory fail_nth refuses. Each works if none is refused. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "calls.h"
#include "inject.h"

#define NR_PAGE		254	/* handles in a page */
#define NR_COPIES	4	/* handles that fill up a page and begin the next */
#define LARGE		100000

bool stage_up(struct stage *st)
{
	memset(st, 0, sizeof(*st));
	st->fd = kgc_open();
	if (st->fd < 0)
		return false;
	st->node = register_node(st->fd);
	st->tiny = kgc_type_register(st->fd, "tiny", 4, KGC_TYPE_NOSCAN, NULL, 0);
	st->large = kgc_type_register(st->fd, "large", LARGE, KGC_TYPE_NOSCAN,
				      NULL, 0);
	st->loose = kgc_type_register(st->fd, "loose", 64,
				      KGC_TYPE_CONSERVATIVE, NULL, 0);
	return st->loose > 0;
}

bool stage_objects(struct stage *st)
{
	bool good = !kgc_alloc(st->fd, st->node, 0, &st->object) &&
	       !kgc_alloc(st->fd, st->node, 0, &st->other) &&
	       !kgc_alloc(st->fd, st->large, 0, &st->big) &&
	       !kgc_store(st->fd, st->object, NODE_LEFT, st->other);

	for (int i = 3; i < NR_PAGE && good; i++)
		good = !kgc_dup(st->fd, st->object, &st->many[0]);
	return good;
}

int call_open(struct stage *st)
{
	int fd = kgc_open();

	return fd < 0 ? fd : kgc_close(fd);
}

int call_info(struct stage *st)
{
	struct kgc_info info;

	return kgc_info(st->fd, &info);
}

int call_type(struct stage *st)
{
	static const struct kgc_field fields[] = { { 0, 0 }, { 8, 0 }, { 24, 0 } };
	int type = kgc_type_register(st->fd, "three", 40, 0, fields, 3);

	return type < 0 ? type : 0;
}

int call_type_of_many_fields(struct stage *st)
{
	static struct kgc_field fields[2000];
	int type;

	for (int i = 0; i < 2000; i++)
		fields[i].offset = 8 * i;
	type = kgc_type_register(st->fd, NULL, 16000, 0, fields, 2000);
	return type < 0 ? type : 0;
}

int call_alloc(struct stage *st)
{
	__u64 handle;
	int err = kgc_alloc(st->fd, st->node, 0, &handle);

	return err ? err : kgc_drop(st->fd, handle);
}

int call_alloc_tiny(struct stage *st)
{
	__u64 handle;
	int err = kgc_alloc(st->fd, st->tiny, 0, &handle);

	return err ? err : kgc_drop(st->fd, handle);
}

int call_alloc_large(struct stage *st)
{
	__u64 handle;
	int err = kgc_alloc(st->fd, st->large, 0, &handle);

	return err ? err : kgc_drop(st->fd, handle);
}

/* Objects that were delivered before a failure stay valid. */
int call_alloc_many(struct stage *st)
{
	__u32 done = 0, dropped;
	int err = kgc_alloc_many(st->fd, st->node, 0, NR_MANY, st->many, &done);

	was_refused();
	if (done && kgc_drop_many(st->fd, st->many, done, &dropped))
		return -EUCLEAN;
	return err < 0 ? err : 0;
}

static int drop_copies(struct stage *st, int n)
{
	__u32 dropped;

	was_refused();
	if (!n)
		return 0;
	return kgc_drop_many(st->fd, st->many, n, &dropped);
}

int call_dup(struct stage *st)
{
	int err = 0, n;

	for (n = 0; n < NR_COPIES && !err; n++)
		err = kgc_dup(st->fd, st->object, &st->many[n]);
	return drop_copies(st, err ? n - 1 : n) ?: err;
}

int call_load(struct stage *st)
{
	int err = 0, n;

	for (n = 0; n < NR_COPIES && !err; n++)
		err = kgc_load(st->fd, st->object, NODE_LEFT, &st->many[n]);
	return drop_copies(st, err ? n - 1 : n) ?: err;
}

int call_store(struct stage *st)
{
	return kgc_store(st->fd, st->object, NODE_RIGHT, st->object);
}

/* After a failed exchange the field still holds its old value. */
int call_xchg(struct stage *st)
{
	__u64 old, left;
	int err = 0, n;

	for (n = 0; n < NR_COPIES && !err; n++) {
		err = kgc_xchg(st->fd, st->object, NODE_LEFT, st->other, &old);
		st->many[n] = old;
	}
	n -= !!err;
	was_refused();
	if (err == -ENOMEM) {
		if (kgc_load(st->fd, st->object, NODE_LEFT, &left))
			return -EUCLEAN;
		kgc_drop(st->fd, left);
	}
	return drop_copies(st, n) ?: err;
}

int call_read(struct stage *st)
{
	static char bytes[LARGE];

	return kgc_read(st->fd, st->big, 0, bytes, LARGE);
}

int call_write(struct stage *st)
{
	static const char bytes[LARGE];

	return kgc_write(st->fd, st->big, 0, bytes, LARGE);
}

int call_object_info(struct stage *st)
{
	__u32 type, size;

	return kgc_object_info(st->fd, st->object, &type, &size);
}

int call_drop(struct stage *st)
{
	__u64 copy;
	int err = kgc_dup(st->fd, st->object, &copy);

	return err ? err : kgc_drop(st->fd, copy);
}

int call_collect(struct stage *st)
{
	return kgc_collect(st->fd, 2, KGC_COLLECT_WAIT, NULL);
}

int call_option(struct stage *st)
{
	__u64 value;
	int err = kgc_option_set(st->fd, KGC_OPT_GOGC, 50);

	return err ? err : kgc_option_get(st->fd, KGC_OPT_GOGC, &value);
}

int call_stats(struct stage *st)
{
	struct kgc_stats stats;

	return kgc_stats(st->fd, &stats);
}

int call_scavenge(struct stage *st)
{
	__u64 released;

	return kgc_scavenge(st->fd, &released);
}

int call_types(struct stage *st)
{
	struct kgc_type_entry entry;
	__u64 cycle = 0;
	int nr = kgc_types(st->fd, KGC_TYPES_CENSUS, 0, &entry, 1, &cycle);

	return nr < 0 ? nr : nr == 1 ? 0 : -ERANGE;
}

/* Ask for a snapshot, and read it to its end. */
static int read_snapshot(int heap)
{
	int fd = kgc_snapshot(heap), err = 0;
	char bytes[4096];
	ssize_t got;

	if (fd < 0)
		return fd;
	do {
		got = read(fd, bytes, sizeof(bytes));
		if (got < 0)
			err = -errno;
	} while (got > 0);
	close(fd);
	return err;
}

/* A cycle does not wait for a reader that a busy machine delays, so ask it again. */
int call_snapshot(struct stage *st)
{
	int err = -ECANCELED;

	for (int tries = 0; err == -ECANCELED && tries < 20; tries++)
		err = read_snapshot(st->fd);
	return err;
}

int call_weak(struct stage *st)
{
	__u64 weak, strong;
	int err = kgc_weak_create(st->fd, st->object, &weak);

	if (err)
		return err;
	err = kgc_weak_get(st->fd, weak, &strong);
	was_refused();
	if (!err)
		err = kgc_drop(st->fd, strong);
	return kgc_weak_drop(st->fd, weak) ?: err;
}

int call_finalize(struct stage *st)
{
	__u64 handle;
	int err = kgc_alloc(st->fd, st->node, 0, &handle);

	if (err)
		return err;
	err = kgc_finalize(st->fd, handle, 1);
	was_refused();
	return kgc_drop(st->fd, handle) ?: err;
}

int call_finalize_cancel(struct stage *st)
{
	int err = kgc_finalize(st->fd, st->object, 1);

	/* EEXIST: an earlier call could not copy the argument of its cancel */
	if (err && err != -EEXIST)
		return err;
	err = kgc_finalize_cancel(st->fd, st->object, NULL);
	was_refused();
	return err;
}

/* A batch of several kinds of operations. Return: the first error among them. */
int call_batch(struct stage *st)
{
	struct kgc_batch_builder batch;
	int err = kgc_batch_init(&batch, st->fd, 64), a, b;

	if (err)
		return err;
	a = kgc_batch_alloc(&batch, st->node, 0);
	b = kgc_batch_alloc(&batch, st->loose, 0);
	kgc_batch_store(&batch, KGC_RESULT(a), NODE_LEFT, KGC_RESULT(b));
	kgc_batch_write_word(&batch, KGC_RESULT(b), 8, 4711);
	kgc_batch_collect(&batch, 1);
	err = kgc_batch_flush(&batch, 0);
	was_refused();
	if (!err)
		err = kgc_batch_error(&batch);
	/* ENOENT comes from an operation whose handle an earlier one failed to make */
	if (err == -ENOENT)
		err = -ENOMEM;
	for (int i = a; i <= b; i++)
		if (kgc_batch_result(&batch, i))
			kgc_drop(st->fd, kgc_batch_result(&batch, i));
	kgc_batch_destroy(&batch);
	return err;
}

int call_batch_large(struct stage *st)
{
	struct kgc_batch_builder batch;
	int err = kgc_batch_init(&batch, st->fd, 2 * NR_MANY);

	if (err)
		return err;
	for (int i = 0; i < NR_MANY; i++)
		kgc_batch_drop(&batch, KGC_RESULT(kgc_batch_alloc(&batch, st->node, 0)));
	err = kgc_batch_flush(&batch, 0);
	was_refused();
	if (!err)
		err = kgc_batch_error(&batch);
	kgc_batch_destroy(&batch);
	return err == -ENOENT ? -ENOMEM : err;
}
