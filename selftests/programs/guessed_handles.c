// SPDX-License-Identifier: GPL-2.0
/*
 * A guessed handle gives access to one object or to none. Threads guess the next handle
 * of a slot while the test opens and drops handles, so that slots are reused in turn.
 * A guess may come true. It must never give the object of one handle with the type of
 * another. A weak handle that is being opened or dropped must not read as dead while its
 * object lives.
 *
 * kselftest-timeout: 60
 */
#include <pthread.h>
#include <time.h>

#include "heap.h"

#define GUESSERS	2
#define SMALL_SIZE	16
#define LARGE_SIZE	4096
#define GENERATION	(1ULL << 32)	/* added to a handle when its slot is reused */
#define SLOTS		254		/* in a chunk, used in turn: then one is reused */

enum { FRESH, SMALL, LARGE };		/* the first word of an object */

/* The handles issued last, and the one issued next unless a guess came true. */
struct turns {
	__u64 issued[SLOTS];
	unsigned int turn;
	__u64 next;
};

static void turns_add(struct turns *t, __u64 handle)
{
	t->issued[t->turn] = handle;
	t->turn = (t->turn + 1) % SLOTS;
	__atomic_store_n(&t->next, t->issued[t->turn] + GENERATION, __ATOMIC_RELAXED);
}

struct game {
	int heap, small, large;
	struct turns turns;
	bool over;
	__u64 hits, confused;
};

/* Whether @handle has the size of a large object and the contents of a small one. */
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
		__u64 next = __atomic_load_n(&game->turns.next, __ATOMIC_RELAXED), mine;

		if (kgc_dup(game->heap, next, &mine))
			continue;
		__atomic_add_fetch(&game->hits, 1, __ATOMIC_RELAXED);
		if (is_confused(game->heap, mine))
			__atomic_add_fetch(&game->confused, 1, __ATOMIC_RELAXED);
		kgc_drop(game->heap, mine);
	}
	return NULL;
}

/* Issue and drop a handle, in whichever slot is next. */
static int turn(struct game *game, int type, __u64 tag)
{
	__u64 handle;
	int err = kgc_alloc(game->heap, type, 0, &handle);

	if (err)
		return err;
	err = kgc_write(game->heap, handle, 0, &tag, sizeof(tag));
	turns_add(&game->turns, handle);
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
	struct turns turns;
	__u64 last;			/* the weak handle that was issued last */
	bool over;
	__u64 hits, dead;
};

static void *guess_weak(void *data)
{
	struct weak_game *game = data;
	__u64 tries = 0;

	while (!__atomic_load_n(&game->over, __ATOMIC_RELAXED)) {
		/* guess the handle being opened and the handle being dropped in turn */
		__u64 *guess = tries++ % 2 ? &game->turns.next : &game->last, strong;

		if (kgc_weak_get(game->heap, __atomic_load_n(guess, __ATOMIC_RELAXED), &strong))
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
		__atomic_store_n(&game.last, weak, __ATOMIC_RELAXED);
		turns_add(&game.turns, weak);
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
