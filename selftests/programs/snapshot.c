// SPDX-License-Identifier: GPL-2.0
/*
 * A snapshot shows the objects, edges and roots of a heap while mutators go on. A reader that
 * is slow, killed or gone holds up no cycle.
 *
 * kselftest-timeout: 120
 */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "heap.h"
#include "random.h"
#include "snapshot.h"

#define NODES		500
#define ENTRIES		20000	/* of a large array: 80 records */
#define NONE		UINT32_MAX

static const __u64 field_of[2] = { NODE_LEFT, NODE_RIGHT };

/* Nodes whose handles stay open, and where their fields lead to. */
struct nodes {
	__u64 handle[NODES];
	__u32 target[NODES][2];
};

static void build(struct __test_metadata *_metadata, int heap, int type, struct nodes *nodes)
{
	struct random random = random_from(random_seed());

	for (int i = 0; i < NODES; i++)
		ASSERT_EQ(0, kgc_alloc(heap, type, 0, &nodes->handle[i]));
	for (int i = 0; i < NODES; i++) {
		for (int f = 0; f < 2; f++) {
			__u32 to = random_below(&random, NODES + NODES / 4);

			nodes->target[i][f] = to < NODES ? to : NONE;
			ASSERT_EQ(0, kgc_store(heap, nodes->handle[i], field_of[f],
					       to < NODES ? nodes->handle[to] : 0));
		}
	}
}

/* Compare the nodes with the objects that @id has. */
static void expect_nodes(struct __test_metadata *_metadata, const struct snapshot *s,
			 const struct nodes *nodes, const __u64 id[NODES])
{
	for (int i = 0; i < NODES; i++) {
		const struct snapshot_object *object = snapshot_find(s, id[i]);
		size_t edges = 0;

		ASSERT_NE(NULL, object);
		EXPECT_STREQ("node", s->type_name[object->type]);
		EXPECT_EQ(NODE_SIZE, s->type_bytes[object->type]);
		EXPECT_EQ(24, object->bytes);
		for (int f = 0; f < 2; f++) {
			if (nodes->target[i][f] == NONE)
				continue;
			edges++;
			EXPECT_TRUE(snapshot_has_edge(s, object, field_of[f],
						      id[nodes->target[i][f]]));
		}
		EXPECT_EQ(edges, object->nr_edges);
	}
}

TEST_F(heap, a_known_graph_is_shown_exactly)
{
	struct nodes *nodes = calloc(1, sizeof(*nodes));
	__u64 id[NODES];
	struct snapshot *s;

	build(_metadata, self->fd, self->node, nodes);
	s = snapshot_take(self->fd);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(NODES, s->nr_objects);
	EXPECT_EQ(NODES, s->nr_roots);
	EXPECT_GT(s->cycle, 0);
	for (int i = 0; i < NODES; i++)
		id[i] = snapshot_id(s, nodes->handle[i]);
	expect_nodes(_metadata, s, nodes, id);
	snapshot_free(s);

	/* Without handles the objects keep their ids, and garbage is not shown. */
	for (int i = 1; i < NODES; i++)
		ASSERT_EQ(0, kgc_drop(self->fd, nodes->handle[i]));
	ASSERT_EQ(0, collect_all(self->fd));
	s = snapshot_take(self->fd);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(stats_of(self->fd).heap_objects, s->nr_objects);
	EXPECT_EQ(1, s->nr_roots);
	EXPECT_EQ(id[0], snapshot_id(s, nodes->handle[0]));
	for (size_t i = 0; i < s->nr_edges; i++)
		EXPECT_NE(NULL, snapshot_find(s, s->edges[i].target));
	for (int i = 0; i < NODES; i++)
		for (int f = 0; f < 2 && snapshot_find(s, id[i]); f++)
			EXPECT_EQ(nodes->target[i][f] != NONE,
				  snapshot_has_edge(s, snapshot_find(s, id[i]), field_of[f],
						    nodes->target[i][f] == NONE ? 0 :
						    id[nodes->target[i][f]]));
	snapshot_free(s);
	free(nodes);
}

TEST_F(heap, a_large_array_and_objects_without_pointers_are_shown)
{
	const struct kgc_field entry = { 0, KGC_TYPE_ANY };
	__u64 table, plain, small;
	const struct snapshot_object *object;
	int type = kgc_type_register(self->fd, "table", 8, KGC_TYPE_ARRAY, &entry, 1);
	int words = kgc_type_register(self->fd, "", 100, KGC_TYPE_NOSCAN, NULL, 0);
	int bytes = kgc_type_register(self->fd, "byte", 1, KGC_TYPE_NOSCAN, NULL, 0);
	struct snapshot *s;

	ASSERT_EQ(0, kgc_alloc(self->fd, type, ENTRIES, &table));
	ASSERT_EQ(0, kgc_alloc(self->fd, words, 0, &plain));
	ASSERT_EQ(0, kgc_alloc(self->fd, bytes, 0, &small));
	for (int i = 0; i < ENTRIES; i++)
		ASSERT_EQ(0, kgc_store(self->fd, table, 8 * i, i % 7 == 3 ? 0 :
				       i % 2 ? plain : small));
	s = snapshot_take(self->fd);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(3, s->nr_objects);
	object = snapshot_find(s, snapshot_id(s, table));
	ASSERT_NE(NULL, object);
	EXPECT_EQ(ENTRIES - ENTRIES / 7, object->nr_edges);
	for (int i = 0; i < ENTRIES; i += 97)
		EXPECT_EQ(i % 7 != 3, snapshot_has_edge(s, object, 8 * i,
				snapshot_id(s, i % 2 ? plain : small)));
	object = snapshot_find(s, snapshot_id(s, plain));
	ASSERT_NE(NULL, object);
	EXPECT_EQ(112, object->bytes);
	EXPECT_STREQ("", s->type_name[object->type]);
	object = snapshot_find(s, snapshot_id(s, small));
	ASSERT_NE(NULL, object);
	EXPECT_EQ(16, object->bytes);
	snapshot_free(s);
}

/* ---- while mutators go on --------------------------------------------------------- */

#define ACTORS	40	/* objects that are changed */
#define WRITERS	2
#define ROUNDS	15

/*
 * What was ever stored: log[i][f][t] if field f of i referred to t. A store is logged before
 * it is made, so an edge that was in memory is in the log.
 */
struct stage {
	int heap;
	int type;
	__u64 handle[ACTORS];
	atomic_bool log[ACTORS][2][ACTORS];
	atomic_bool over;
};

struct writer {
	struct stage *stage;
	pthread_t thread;
	uint64_t seed;
	long stores;
	int err;
};

static void *change(void *data)
{
	struct writer *writer = data;
	struct stage *stage = writer->stage;
	struct random random = random_from(writer->seed);
	__u64 litter;

	while (!stage->over && !writer->err) {
		__u32 from = random_below(&random, ACTORS), to = random_below(&random, ACTORS);
		__u32 f = random_below(&random, 2);

		stage->log[from][f][to] = true;
		writer->err = kgc_store(stage->heap, stage->handle[from], field_of[f],
					stage->handle[to]);
		/* an object that comes and goes, and may take the place of another one */
		if (!writer->err && !(++writer->stores % 16))
			writer->err = kgc_alloc(stage->heap, stage->type, 0, &litter) ?:
				      kgc_store(stage->heap, litter, NODE_LEFT,
						stage->handle[to]) ?:
				      kgc_drop(stage->heap, litter);
	}
	return NULL;
}

static int actor_of(const struct snapshot *s, const struct stage *stage, __u64 id)
{
	for (int i = 0; i < ACTORS; i++)
		if (snapshot_id(s, stage->handle[i]) == id)
			return i;
	return -1;
}

static void expect_logged(struct __test_metadata *_metadata, const struct snapshot *s,
			  struct stage *stage)
{
	for (int i = 0; i < ACTORS; i++) {
		const struct snapshot_object *object =
			snapshot_find(s, snapshot_id(s, stage->handle[i]));

		/* it was reachable all the time */
		ASSERT_NE(NULL, object);
		for (size_t e = 0; e < object->nr_edges; e++) {
			const struct snapshot_edge *edge = &s->edges[object->first_edge + e];
			int to = actor_of(s, stage, edge->target);

			ASSERT_GE(to, 0);
			EXPECT_TRUE(stage->log[i][edge->offset == NODE_RIGHT][to]);
		}
	}
}

TEST_F(heap, each_edge_was_in_memory_while_mutators_changed_it)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct writer writers[WRITERS] = { 0 };
	uint64_t seed = random_seed();

	stage->heap = self->fd;
	stage->type = self->node;
	for (int i = 0; i < ACTORS; i++)
		ASSERT_EQ(0, kgc_alloc(self->fd, self->node, 0, &stage->handle[i]));
	for (int i = 0; i < WRITERS; i++) {
		writers[i].stage = stage;
		writers[i].seed = seed + i;
		ASSERT_EQ(0, pthread_create(&writers[i].thread, NULL, change, &writers[i]));
	}
	for (int round = 0; round < ROUNDS; round++) {
		struct snapshot *s = snapshot_take(self->fd);

		ASSERT_NE(NULL, s);
		expect_logged(_metadata, s, stage);
		snapshot_free(s);
	}
	stage->over = true;
	for (int i = 0; i < WRITERS; i++) {
		pthread_join(writers[i].thread, NULL);
		EXPECT_EQ(0, writers[i].err);
		EXPECT_GT(writers[i].stores, 0);
	}
	free(stage);
}

/* ---- readers that are slow, killed or gone ------------------------------------------- */

#define MANY	30000	/* nodes that take twice as much as a stream holds */

static void fill(struct __test_metadata *_metadata, int heap, int type)
{
	const struct kgc_field entry = { 0, KGC_TYPE_ANY };
	int table = kgc_type_register(heap, "table", 8, KGC_TYPE_ARRAY, &entry, 1);
	struct kgc_batch_builder batch;
	__u64 root;

	ASSERT_GT(table, 0);
	ASSERT_EQ(0, kgc_alloc(heap, table, MANY, &root));
	ASSERT_EQ(0, kgc_batch_init(&batch, heap, 3000));
	for (int i = 0; i < MANY; ) {
		kgc_batch_reset(&batch);
		for (int n = 0; n < 1000 && i < MANY; n++, i++) {
			__u64 node = KGC_RESULT(kgc_batch_alloc(&batch, type, 0));

			kgc_batch_store(&batch, root, 8 * i, node);
			kgc_batch_drop(&batch, node);
		}
		ASSERT_EQ(0, flush_all(&batch));
	}
	kgc_batch_destroy(&batch);
}

TEST_F(heap, a_snapshot_may_be_larger_than_its_stream)
{
	struct snapshot *s;

	fill(_metadata, self->fd, self->node);
	s = snapshot_take(self->fd);
	ASSERT_NE(NULL, s);
	EXPECT_GT(s->size, 1 << 20);
	EXPECT_EQ(MANY + 1, s->nr_objects);
	EXPECT_EQ(MANY, s->nr_edges);
	EXPECT_EQ(1, s->nr_roots);
	snapshot_free(s);
}

TEST_F(heap, a_reader_that_stalls_gets_an_error_and_the_cycle_goes_on)
{
	char byte;
	int fd;

	fill(_metadata, self->fd, self->node);
	fd = kgc_snapshot(self->fd);
	ASSERT_GE(fd, 0);
	ASSERT_EQ(1, read(fd, &byte, 1));
	/* the cycle that writes it comes before the one that this waits for */
	ASSERT_EQ(0, kgc_collect(self->fd, 1, KGC_COLLECT_WAIT, NULL));
	EXPECT_EQ(-1, read(fd, &byte, 1));
	EXPECT_EQ(ECANCELED, errno);
	EXPECT_EQ(0, close(fd));
	EXPECT_EQ(0, verify_errors(self->info.heap_id));
}

TEST_F(heap, there_is_one_snapshot_at_a_time)
{
	struct snapshot *s;
	int fd = kgc_snapshot(self->fd);

	ASSERT_GE(fd, 0);
	EXPECT_EQ(-EBUSY, kgc_snapshot(self->fd));
	EXPECT_EQ(0, close(fd));
	s = snapshot_take(self->fd);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(0, s->nr_objects);
	snapshot_free(s);
}

TEST_F(heap, a_killed_reader_leaves_nothing_behind)
{
	struct snapshot *s;
	int pipes[2], status;
	char byte;
	pid_t pid;

	fill(_metadata, self->fd, self->node);
	ASSERT_EQ(0, pipe(pipes));
	pid = fork();
	ASSERT_GE(pid, 0);
	if (!pid) {
		int fd = kgc_snapshot(self->fd);

		if (read(fd, &byte, 1) != 1 || write(pipes[1], &byte, 1) != 1)
			_exit(1);
		pause();
	}
	ASSERT_EQ(1, read(pipes[0], &byte, 1));
	EXPECT_EQ(-EBUSY, kgc_snapshot(self->fd));
	ASSERT_EQ(0, kill(pid, SIGKILL));
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	s = snapshot_take(self->fd);
	ASSERT_NE(NULL, s);
	EXPECT_EQ(MANY + 1, s->nr_objects);
	snapshot_free(s);
}

/* A read may come before the heap has been closed, so try until one waits for that. */
TEST(a_reader_of_a_closed_heap_is_told_so)
{
	bool told = false;

	for (int tries = 0; tries < 50 && !told; tries++) {
		int heap = kgc_open(), fd;
		char byte;

		ASSERT_GE(heap, 0);
		fd = kgc_snapshot(heap);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, kgc_close(heap));
		if (read(fd, &byte, 1) < 0) {
			EXPECT_EQ(ESHUTDOWN, errno);
			told = true;
		}
		EXPECT_EQ(0, close(fd));
	}
	EXPECT_TRUE(told);
}

static void *close_heap(void *data)
{
	usleep(1000);
	kgc_close(*(int *)data);
	return NULL;
}

/* The end of a heap waits for readers of its files in debugfs, so it has to wake them. */
TEST(a_heap_can_be_closed_while_its_file_is_read)
{
	for (int tries = 0; tries < 10; tries++) {
		int heap = kgc_open(), fd;
		struct kgc_info info;
		pthread_t closer;
		char path[80], bytes[4096];
		ssize_t got;

		ASSERT_GE(heap, 0);
		ASSERT_EQ(0, kgc_info(heap, &info));
		snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%u/snapshot", info.heap_id);
		fd = open(path, O_RDONLY);
		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, pthread_create(&closer, NULL, close_heap, &heap));
		while ((got = read(fd, bytes, sizeof(bytes))) > 0)
			;
		/* debugfs itself says EIO once the file has been removed */
		EXPECT_TRUE(!got || errno == ESHUTDOWN || errno == EIO);
		ASSERT_EQ(0, pthread_join(closer, NULL));
		EXPECT_EQ(0, close(fd));
	}
}

/* ---- waiting ----------------------------------------------------------------------- */

static void interrupted(int signal)
{
}

TEST_F(heap, a_signal_interrupts_a_read_that_waits)
{
	const struct sigaction action = { .sa_handler = interrupted };
	const struct itimerval soon = { .it_value = { .tv_usec = 1000 } };
	bool was = false;

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	for (int tries = 0; tries < 1000 && !was; tries++) {
		int fd = kgc_snapshot(self->fd);
		char byte;

		ASSERT_GE(fd, 0);
		ASSERT_EQ(0, setitimer(ITIMER_REAL, &soon, NULL));
		was = read(fd, &byte, 1) < 0 && errno == EINTR;
		EXPECT_EQ(0, close(fd));
	}
	EXPECT_TRUE(was);
}

TEST_F(heap, poll_waits_for_what_can_be_read)
{
	int fd = kgc_snapshot(self->fd);
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	size_t total = 0, waits = 0;
	char bytes[64];
	ssize_t got;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	for (;;) {
		got = read(fd, bytes, sizeof(bytes));
		if (!got)
			break;
		if (got < 0) {
			ASSERT_EQ(EAGAIN, errno);
			ASSERT_EQ(1, poll(&pfd, 1, HANG_S * 1000));
			EXPECT_EQ(POLLIN, pfd.revents);
			waits++;
			continue;
		}
		total += got;
	}
	EXPECT_GT(waits, 0);
	EXPECT_EQ(sizeof(struct kgc_snapshot_header) + sizeof(struct kgc_snapshot_end), total);
	EXPECT_EQ(0, close(fd));
}

TEST_F(heap, root_reads_it_through_debugfs)
{
	struct nodes *nodes = calloc(1, sizeof(*nodes));
	struct snapshot *s = NULL;
	__u64 id[NODES];
	char path[80];

	build(_metadata, self->fd, self->node, nodes);
	snprintf(path, sizeof(path), DEBUGFS_KGC "/heap%u/snapshot", self->info.heap_id);
	for (int tries = 0; tries < 200 && !s; tries++) {
		int fd = open(path, O_RDONLY);

		ASSERT_GE(fd, 0);
		EXPECT_EQ(-1, open(path, O_RDONLY));
		EXPECT_EQ(EBUSY, errno);
		s = snapshot_read(fd);
		ASSERT_TRUE(s || errno == ECANCELED);
		EXPECT_EQ(0, close(fd));
	}
	ASSERT_NE(NULL, s);
	for (int i = 0; i < NODES; i++)
		id[i] = snapshot_id(s, nodes->handle[i]);
	expect_nodes(_metadata, s, nodes, id);
	snapshot_free(s);
	free(nodes);
}

TEST_HARNESS_MAIN
