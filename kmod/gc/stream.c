// SPDX-License-Identifier: GPL-2.0
/* A bounded stream of bytes, from the state machine to a thread that reads a file. */
#include <linux/jiffies.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "stream.h"

/* How long the reader may take to free half of the ring while the writer finds no room. */
#define STALL_MS		100
#define STALL_PRESSED_MS	10

/* Context: may sleep. Return: 0 or -ENOMEM. */
int kgc_stream_init(struct kgc_stream *stream)
{
	stream->ring = kvmalloc(KGC_STREAM_BYTES, GFP_KERNEL_ACCOUNT);
	if (!stream->ring)
		return -ENOMEM;
	mutex_init(&stream->reading);
	init_waitqueue_head(&stream->waitq);
	spin_lock_init(&stream->lock);
	return 0;
}

void kgc_stream_destroy(struct kgc_stream *stream)
{
	kvfree(stream->ring);
}

/* ---- the writer ----------------------------------------------------------------- */

static size_t room_of(struct kgc_stream *stream)
{
	guard(spinlock)(&stream->lock);
	return KGC_STREAM_BYTES - (stream->written - stream->read);
}

/* Whether kgc_stream_write() may write @bytes more. */
bool kgc_stream_has_room(struct kgc_stream *stream, size_t bytes)
{
	return room_of(stream) >= bytes;
}

/**
 * kgc_stream_await_room() - find out whether there is room, and how long to wait for it
 * @stream: the stream
 * @bytes: bytes to be written; no more than half of KGC_STREAM_BYTES
 * @pressed: there is less time to wait for the reader
 *
 * Return: 0 if there is room; -EAGAIN if the caller has to call again after a tick;
 * -ECANCELED if the reader is too slow.
 */
int kgc_stream_await_room(struct kgc_stream *stream, size_t bytes, bool pressed)
{
	unsigned int stall_ms = pressed ? STALL_PRESSED_MS : STALL_MS;
	size_t room = room_of(stream);

	if (room >= (stream->full ? KGC_STREAM_BYTES / 2 : bytes)) {
		stream->full = false;
		return 0;
	}
	if (!stream->full)
		stream->full_since = jiffies;
	stream->full = true;
	if (time_after(jiffies, stream->full_since + msecs_to_jiffies(stall_ms)))
		return -ECANCELED;
	return -EAGAIN;
}

/* Write @bytes, for which there is room. kgc_stream_wake() follows. */
void kgc_stream_write(struct kgc_stream *stream, const void *from, size_t bytes)
{
	size_t at = stream->written % KGC_STREAM_BYTES;
	size_t part = min(bytes, KGC_STREAM_BYTES - at);

	memcpy(stream->ring + at, from, part);
	memcpy(stream->ring, from + part, bytes - part);
	guard(spinlock)(&stream->lock);
	stream->written += bytes;
}

/* Wake the reader. */
void kgc_stream_wake(struct kgc_stream *stream)
{
	wake_up_interruptible(&stream->waitq);
}

/* End the stream, unless it is over already. With @err the reader gets this error next. */
void kgc_stream_end(struct kgc_stream *stream, int err)
{
	scoped_guard(spinlock, &stream->lock) {
		if (!stream->over)
			stream->err = err;
		stream->over = true;
	}
	kgc_stream_wake(stream);
}

/* ---- the reader ------------------------------------------------------------------ */

/* Bytes to read; 0 at the end; -EAGAIN if there are none yet; or the error of the end. */
static ssize_t readable(struct kgc_stream *stream)
{
	guard(spinlock)(&stream->lock);
	if (stream->over && stream->err)
		return stream->err;
	if (stream->written == stream->read)
		return stream->over ? 0 : -EAGAIN;
	return stream->written - stream->read;
}

/* Copy what there is, up to @bytes. Context: @reading held. */
static ssize_t copy_some(struct kgc_stream *stream, char __user *to, size_t bytes)
{
	ssize_t there = readable(stream);
	size_t at = stream->read % KGC_STREAM_BYTES, part;

	if (there <= 0)
		return there;
	bytes = min_t(size_t, bytes, there);
	part = min(bytes, KGC_STREAM_BYTES - at);
	if (copy_to_user(to, stream->ring + at, part) ||
	    copy_to_user(to + part, stream->ring, bytes - part))
		return -EFAULT;
	guard(spinlock)(&stream->lock);
	stream->read += bytes;
	return bytes;
}

/**
 * kgc_stream_read() - read bytes
 * @stream: the stream
 * @to: where to copy them
 * @bytes: most bytes to copy
 * @nonblock: do not wait
 *
 * Context: process context, may sleep.
 * Return: number of bytes; 0 at the end; -EAGAIN with @nonblock if there are none yet;
 * -ERESTARTSYS for a signal; -EFAULT; or what kgc_stream_end() was called with.
 */
ssize_t kgc_stream_read(struct kgc_stream *stream, char __user *to, size_t bytes,
			bool nonblock)
{
	ssize_t done;
	int err;

	if (!bytes)
		return 0;
	for (;;) {
		err = mutex_lock_interruptible(&stream->reading);
		if (err)
			return err;
		done = copy_some(stream, to, bytes);
		mutex_unlock(&stream->reading);
		if (done != -EAGAIN || nonblock)
			return done;
		err = wait_event_interruptible(stream->waitq, readable(stream) != -EAGAIN);
		if (err)
			return err;
	}
}

/* The poll of a stream. Return: EPOLLIN if a read would not wait, EPOLLERR if it would fail. */
__poll_t kgc_stream_poll(struct kgc_stream *stream, struct file *file,
			 struct poll_table_struct *wait)
{
	ssize_t there;

	poll_wait(file, &stream->waitq, wait);
	there = readable(stream);
	if (there == -EAGAIN)
		return 0;
	return EPOLLIN | EPOLLRDNORM | (there < 0 ? EPOLLERR : 0);
}
