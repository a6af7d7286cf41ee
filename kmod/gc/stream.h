/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A bounded stream of bytes, from the state machine to a thread that reads a file.
 *
 * The writer neither sleeps nor allocates: the memory is there, charged to the thread that
 * opened the stream. If there is no room, the writer waits a tick and tries again, while the
 * reader makes progress. So no reader holds up a cycle for long.
 */
#ifndef _KGC_STREAM_H
#define _KGC_STREAM_H

#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/spinlock.h>
#include <linux/wait.h>

#include "../compat.h"

#define KGC_STREAM_BYTES	(1UL << 20)

/**
 * struct kgc_stream - a stream
 * @reading: held by the thread that copies to its memory
 * @waitq: threads that wait for bytes
 * @ring: KGC_STREAM_BYTES bytes
 * @lock: guards the members that name it; leaf
 * @written: bytes that have been written. Only the writer changes it, and reads it without
 *	@lock
 * @read: bytes that have been read. Only the holder of @reading changes it
 * @over: no bytes will follow
 * @err: with @over: 0, or the error that the reader gets instead of the bytes left
 * @full: the writer has found no room; it goes on when half of @ring is free. Only the
 *	writer uses it
 * @full_since: jiffies when the writer found no room
 */
struct kgc_stream {
	struct mutex		reading;	/* of readers */
	wait_queue_head_t	waitq;
	char			*ring;
	spinlock_t		lock;		/* of positions */
	u64			written __guarded_by(&lock);
	u64			read __guarded_by(&lock);
	bool			over __guarded_by(&lock);
	int			err __guarded_by(&lock);
	bool			full;
	unsigned long		full_since;
};

int kgc_stream_init(struct kgc_stream *stream);
void kgc_stream_destroy(struct kgc_stream *stream);

/* The writer */
bool kgc_stream_has_room(struct kgc_stream *stream, size_t bytes);
int kgc_stream_await_room(struct kgc_stream *stream, size_t bytes, bool pressed);
void kgc_stream_write(struct kgc_stream *stream, const void *from, size_t bytes);
void kgc_stream_wake(struct kgc_stream *stream);

/* Any thread */
void kgc_stream_end(struct kgc_stream *stream, int err);

/* The reader */
ssize_t kgc_stream_read(struct kgc_stream *stream, char __user *to, size_t bytes,
			bool nonblock);
__poll_t kgc_stream_poll(struct kgc_stream *stream, struct file *file,
			 struct poll_table_struct *wait);

#endif /* _KGC_STREAM_H */
