// SPDX-License-Identifier: GPL-2.0
/*
 * Handles that were never issued: threads guess the next one of a slot, which
 * is dropped and used again all the time. A guess may come true. It must never
 * give the object of one handle with the type of another, and a weak handle that
 * is being opened or dropped must not be called dead while its object is alive.
 *
 * kselftest-timeout: 60
 */
#include <pthread.h>
#include <time.h>

#include "heap.h"

#define GUESSERS	2
#define SMALL_SIZE	16
#define LARGE_SIZE	4096
#define GENERATION	(1ULL << 32)	/* what a handle grows by when its slot is reused */

enum { FRESH, SMALL, LARGE };		/* the first word of an object */

struct game {
	int heap, small, large;
	__u64 next;			/* a handle that may be issued soon */
	bool over;
	__u64 hits, confused;
};

/* Whether @handle reads as a large object and holds a small one. */
static bool is_confused(int heap, __u64 handle)
{
	__u64 word;

	return !kgc_read(heap, handle, LARGE_SIZE - 8, &word, 8) &&
	       !kgc_read(heap, handle, 0, &word, 8) && word == SMALL;
}

static void *guess(void *data)
{
	struct game *game = data;

	while (!__atomic_load_n(&game->over, __ATOMIC_RELAXED)) {
		__u64 next = __atomic_load_n(&game->next, __ATOMIC_RELAXED), mine;

		if (kgc_dup(game->heap, next, &mine))
			continue;
		__atomic_add_fetch(&game->hits, 1, __ATOMIC_RELAXED);
		if (is_confused(game->heap, mine))
			__atomic_add_fetch(&game->confused, 1, __ATOMIC_RELAXED);
		kgc_drop(game->heap, mine);
	}
	return NULL;
}

/* One more incarnation of whatever slot comes. */
static int turn(struct game *game, int type, __u64 tag)
{
	__u64 handle;
	int err = kgc_alloc(game->heap, type, 0, &handle);

	if (err)
		return err;
	err = kgc_write(game->heap, handle, 0, &tag, sizeof(tag));
	__atomic_store_n(&game->next, handle + GENERATION, __ATOMIC_RELAXED);
	return err ?: kgc_drop(game->heap, handle);
}

TEST_F(heap, a_guess_never_mixes_two_objects)
{
	time_t end = time(NULL) + scaled(10);
	struct game game = { .heap = self->fd };
	pthread_t guesser[GUESSERS];
	__u64 turns = 0;

	game.small = kgc_type_register(self->fd, "small", SMALL_SIZE, 0, NULL, 0);
	game.large = kgc_type_register(self->fd, "large", LARGE_SIZE, 0, NULL, 0);
	ASSERT_GT(game.small, 0);
	ASSERT_GT(game.large, 0);
	for (int i = 0; i < GUESSERS; i++)
		ASSERT_EQ(0, pthread_create(&guesser[i], NULL, guess, &game));
	for (; time(NULL) < end; turns++) {
		ASSERT_EQ(0, turn(&game, game.small, SMALL));
		ASSERT_EQ(0, turn(&game, game.large, LARGE));
	}
	__atomic_store_n(&game.over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < GUESSERS; i++)
		ASSERT_EQ(0, pthread_join(guesser[i], NULL));
	TH_LOG("%llu turns, %llu guesses came true", (unsigned long long)turns,
	       (unsigned long long)game.hits);
	EXPECT_EQ(0, game.confused);
	ASSERT_EQ(0, collect_all(self->fd));
	EXPECT_EQ(0, stats_of(self->fd).heap_objects);
}

struct weak_game {
	int heap;
	__u64 next;			/* a weak handle that may be issued soon */
	bool over;
	__u64 hits, dead;
};

static void *guess_weak(void *data)
{
	struct weak_game *game = data;
	__u64 tries = 0;

	while (!__atomic_load_n(&game->over, __ATOMIC_RELAXED)) {
		__u64 next = __atomic_load_n(&game->next, __ATOMIC_RELAXED), strong;

		/* the one that is being opened, and the one that is being dropped */
		if (kgc_weak_get(game->heap, next - tries++ % 2 * GENERATION, &strong))
			continue;
		if (!strong) {
			__atomic_add_fetch(&game->dead, 1, __ATOMIC_RELAXED);
			continue;
		}
		__atomic_add_fetch(&game->hits, 1, __ATOMIC_RELAXED);
		kgc_drop(game->heap, strong);
	}
	return NULL;
}

TEST_F(heap, a_guess_never_calls_a_live_object_dead)
{
	time_t end = time(NULL) + scaled(10);
	struct weak_game game = { .heap = self->fd };
	pthread_t guesser[GUESSERS];
	__u64 object, weak, turns = 0;
	int type = kgc_type_register(self->fd, "object", SMALL_SIZE, 0, NULL, 0);

	ASSERT_GT(type, 0);
	ASSERT_EQ(0, kgc_alloc(self->fd, type, 0, &object));
	for (int i = 0; i < GUESSERS; i++)
		ASSERT_EQ(0, pthread_create(&guesser[i], NULL, guess_weak, &game));
	for (; time(NULL) < end; turns++) {
		ASSERT_EQ(0, kgc_weak_create(self->fd, object, &weak));
		__atomic_store_n(&game.next, weak + GENERATION, __ATOMIC_RELAXED);
		ASSERT_EQ(0, kgc_weak_drop(self->fd, weak));
	}
	__atomic_store_n(&game.over, true, __ATOMIC_RELAXED);
	for (int i = 0; i < GUESSERS; i++)
		ASSERT_EQ(0, pthread_join(guesser[i], NULL));
	TH_LOG("%llu turns, %llu guesses came true", (unsigned long long)turns,
	       (unsigned long long)game.hits);
	EXPECT_EQ(0, game.dead);
}

TEST_HARNESS_MAIN
