// SPDX-License-Identifier: GPL-2.0
/*
 * A program can read and write every byte of a conservative object, but never sees an
 * address of the kernel or a part of one. The tracer finds the objects that the words
 * refer to.
 */
#include <sys/wait.h>

#include "heap.h"

/* Two words, and four bytes that are too few for a pointer. */
#define ODD_SIZE	20

TEST_F(heap, bytes_behind_the_last_word_are_kept)
{
	int type = kgc_type_register(self->fd, "odd", ODD_SIZE,
				     KGC_TYPE_CONSERVATIVE, NULL, 0);
	char put[ODD_SIZE], got[ODD_SIZE];
	__u64 object, word;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	for (int i = 0; i < ODD_SIZE; i++)
		put[i] = i + 1;
	ASSERT_EQ(0, kgc_write(self->fd, object, 0, put, ODD_SIZE));
	ASSERT_EQ(0, kgc_read(self->fd, object, 0, got, ODD_SIZE));
	EXPECT_EQ(0, memcmp(put, got, ODD_SIZE));
	ASSERT_EQ(0, kgc_write(self->fd, object, 17, "xyz", 3));
	ASSERT_EQ(0, kgc_read(self->fd, object, 15, got, 5));
	EXPECT_EQ(0, memcmp(got, "\x10\x11xyz", 5));
	/* the bytes behind the last word cannot hold a pointer */
	EXPECT_EQ(-EINVAL, kgc_load(self->fd, object, 16, &word));
	EXPECT_EQ(-EINVAL, kgc_store(self->fd, object, 16, object));
}

TEST_F(heap, no_part_of_an_address_is_shown_or_kept)
{
	int type = kgc_type_register(self->fd, "words", 32,
				     KGC_TYPE_CONSERVATIVE, NULL, 0);
	__u64 object, node, word = ~0ULL;
	__u8 byte = 0x5a;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &node));
	ASSERT_EQ(0, kgc_store(self->fd, object, 8, node));
	ASSERT_EQ(0, kgc_drop(self->fd, node));
	ASSERT_EQ(0, kgc_read(self->fd, object, 8, &word, 8));
	EXPECT_EQ(0, word);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(2, stats_of(self->fd).heap_objects);
	/* writing a byte of an address turns its other bytes into 0, as they read */
	ASSERT_EQ(0, kgc_write(self->fd, object, 9, &byte, 1));
	ASSERT_EQ(0, kgc_read(self->fd, object, 8, &word, 8));
	EXPECT_EQ(0x5a00, word);
	/* a word that is no address keeps its other bytes */
	ASSERT_EQ(0, kgc_write(self->fd, object, 8, &byte, 1));
	ASSERT_EQ(0, kgc_read(self->fd, object, 8, &word, 8));
	EXPECT_EQ(0x5a5a, word);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(1, stats_of(self->fd).heap_objects);
}

TEST_F(heap, words_are_exchanged_as_pointers_are)
{
	int type = kgc_type_register(self->fd, "words", 64,
				     KGC_TYPE_CONSERVATIVE, NULL, 0);
	__u64 object, node, old = 1, word = 4711, found;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &node));
	ASSERT_EQ(0, kgc_write(self->fd, node, NODE_WORD, &word, 8));
	ASSERT_EQ(0, kgc_xchg(self->fd, object, 8, node, &old));
	EXPECT_EQ(0, old);
	ASSERT_EQ(0, kgc_drop(self->fd, node));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, kgc_xchg(self->fd, object, 8, 0, &old));
	ASSERT_EQ(0, kgc_read(self->fd, old, NODE_WORD, &found, 8));
	EXPECT_EQ(word, found);
	/* an exchange returns no object for a word that is no address */
	ASSERT_EQ(0, kgc_write(self->fd, object, 8, &word, 8));
	ASSERT_EQ(0, kgc_xchg(self->fd, object, 8, object, &old));
	EXPECT_EQ(0, old);
	EXPECT_EQ(2, stats_of(self->fd).handles);
}

/* Write half of a word while another process writes the other. Return: lost writes. */
static int write_half(int fd, __u64 object, __u64 offset, int times)
{
	int lost = 0;
	__u32 got;

	/* neither these numbers nor a word of two of them look like an address */
	for (__u32 put = 1 << 28; times--; put++)
		lost += kgc_write(fd, object, offset, &put, sizeof(put)) ||
			kgc_read(fd, object, offset, &got, sizeof(got)) ||
			got != put;
	return lost;
}

TEST_F(heap, parts_of_a_word_are_written_side_by_side)
{
	int type = kgc_type_register(self->fd, "words", 64,
				     KGC_TYPE_CONSERVATIVE, NULL, 0);
	int times = scaled(200000), status;
	__u64 object;
	pid_t other;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	other = fork();
	ASSERT_GE(other, 0);
	if (!other)
		_exit(!!write_half(self->fd, object, 12, times));
	EXPECT_EQ(0, write_half(self->fd, object, 8, times));
	ASSERT_EQ(other, waitpid(other, &status, 0));
	EXPECT_EQ(0, status);
}

/* The tracer reaches exactly the objects that handles and words refer to. */
TEST_F(heap, a_traced_heap_with_words_and_handles)
{
	int type = kgc_type_register(self->fd, "words", 64,
				     KGC_TYPE_CONSERVATIVE, NULL, 0);
	__u64 object, node, held, weak;

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_VERIFY, 2));
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &held));
	for (int i = 0; i < 8; i++) {
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &node));
		ASSERT_EQ(0, kgc_store(self->fd, object, 8 * i, node));
		ASSERT_EQ(0, kgc_drop(self->fd, node));
	}
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(10, stats_of(self->fd).heap_objects);
	for (int i = 0; i < 8; i += 2)
		ASSERT_EQ(0, kgc_store(self->fd, object, 8 * i, 0));
	ASSERT_EQ(0, kgc_weak_create(self->fd, held, &weak));
	ASSERT_EQ(0, kgc_drop(self->fd, held));
	ASSERT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(5, stats_of(self->fd).heap_objects);
}

TEST_HARNESS_MAIN
