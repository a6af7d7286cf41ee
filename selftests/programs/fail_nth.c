// SPDX-License-Identifier: GPL-2.0
/*
 * When memory runs out: every call with its first request for memory refused,
 * then its second, and so on until it needs no more of them. Each time it says
 * ENOMEM or does without, nothing is lost, and the heap goes on.
 *
 * /proc/self/fail-nth also refuses copies from and to us; then it is EFAULT.
 *
 * KGC_NTH=EVERY:FIRST in the environment has only every EVERY-th request refused, from
 * the FIRST on.
 *
 * kselftest-timeout: 300
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "chain.h"
#include "debugfs_files.h"
#include "files.h"
#include "heap.h"
#include "refuse/calls.h"
#include "refuse/inject.h"

#define MOST_REQUESTS	4000
#define NR_WORKERS	6	/* processes that refuse */
#define UNREACHED	1000000
#define OF_OUR_INIT	100	/* requests, and some of the kernel's own */
#define KMEMLEAK	DEBUGFS "kmemleak"

#define NEED_INJECTION() do { \
	if (!injection_ready()) \
		SKIP(return, "this kernel cannot refuse memory on request"); \
} while (0)

/* ---- afterwards ---------------------------------------------------------- */

/*
 * The heap still keeps what is reachable and frees what is not. Most of the time
 * goes into waiting for grace periods, so no more cycles than that takes.
 */
static bool still_works(int fd, int node)
{
	__u64 head, next, word, objects;

	if (kgc_alloc(fd, node, 0, &head))
		return false;
	for (__u64 i = 1; i <= 20; i++) {
		if (kgc_alloc(fd, node, 0, &next) ||
		    kgc_write(fd, next, NODE_WORD, &i, 8) ||
		    kgc_store(fd, next, NODE_LEFT, head) || kgc_drop(fd, head))
			return false;
		head = next;
	}
	if (collect_all(fd))
		return false;
	objects = stats_of(fd).heap_objects;
	for (__u64 i = 20; i; i--) {
		if (kgc_read(fd, head, NODE_WORD, &word, 8) || word != i ||
		    kgc_load(fd, head, NODE_LEFT, &next) || kgc_drop(fd, head))
			return false;
		head = next;
	}
	return !kgc_drop(fd, head) &&
	       !kgc_collect(fd, 1, KGC_COLLECT_WAIT, NULL) &&
	       stats_of(fd).heap_objects == objects - 21;
}

static __u64 module_value(const char *name)
{
	__u64 value = ~0ULL;

	debugfs_value(MODULE_WIDE, "stats", name, &value);
	return value;
}

/* Teardown may go on for a moment after close() returned. */
static bool all_gone(__u64 heaps, __u64 sys)
{
	for (int i = 0; i < 500; i++) {
		if (module_value("Heaps") == heaps &&
		    module_value("HeapSys") == sys)
			return true;
		usleep(10000);
	}
	return false;
}

FIXTURE(refused) {
	__u64 heaps, sys;
};

FIXTURE_VARIANT(refused) {
	int (*call)(struct stage *st);
	bool objects;	/* the call needs some */
	bool memory;	/* and asks for some, so that it has to fail at times */
};

FIXTURE_SETUP(refused)
{
	self->heaps = module_value("Heaps");
	self->sys = module_value("HeapSys");
}

FIXTURE_TEARDOWN(refused)
{
}

#define CALL(name_, objects_, memory_) \
	FIXTURE_VARIANT_ADD(refused, name_) { \
		.call = call_##name_, .objects = objects_, .memory = memory_, \
	};

REFUSABLE(CALL)

/* Which requests are refused; all of them unless the environment says otherwise. */
struct choice {
	unsigned int every, first;
};

static struct choice chosen(void)
{
	const char *text = getenv("KGC_NTH");
	struct choice c = { 1, 1 };

	if (text && *text && (sscanf(text, "%u:%u", &c.every, &c.first) != 2 ||
			      !c.every || !c.first || c.first > c.every)) {
		fprintf(stderr, "# KGC_NTH is not EVERY:FIRST: %s\n", text);
		abort();
	}
	return c;
}

/* What a worker found out. */
struct tally {
	unsigned int refused, failures;
};

/*
 * A heap, and one call with its @nth request refused. *@more: whether it had so
 * many. Return: what is wrong, or NULL.
 */
static const char *refuse_one(const FIXTURE_VARIANT(refused) *variant,
			      unsigned int nth, struct tally *tally, bool *more)
{
	struct kgc_stats before, after;
	struct stage st;
	int err;

	*more = false;
	if (!stage_up(&st) || (variant->objects && !stage_objects(&st)))
		return "the stage cannot be set";
	before = stats_of(st.fd);
	refuse(nth);
	err = variant->call(&st);
	*more = was_refused();
	tally->refused += *more;
	tally->failures += err == -ENOMEM;
	if (err && err != -ENOMEM && err != -EFAULT)
		return strerror(-err);
	after = stats_of(st.fd);
	/* a copy to us that failed may have left us a handle or type unseen */
	if (err != -EFAULT && before.handles != after.handles)
		return "a handle is left";
	if (err == -ENOMEM && before.types != after.types)
		return "a type is left";
	if (!still_works(st.fd, st.node))
		return "the heap no longer works";
	if (variant->call(&st))
		return "the call fails afterwards as well";
	return kgc_close(st.fd) ? "the heap cannot be closed" : NULL;
}

/* Every @step-th request from @nth on. Return: exit status. */
static int refuse_some(const FIXTURE_VARIANT(refused) *variant, unsigned int nth,
		       unsigned int step, struct tally *tally)
{
	const char *wrong = NULL;
	bool more = true;

	/* our own pages are there: no fault of ours shall be refused one */
	mlockall(MCL_CURRENT | MCL_FUTURE);
	for (; more && nth < MOST_REQUESTS; nth += step) {
		wrong = refuse_one(variant, nth, tally, &more);
		if (wrong)
			break;
	}
	if (!wrong && more)
		wrong = "it wants more and more memory";
	if (wrong)
		fprintf(stderr, "# request %u refused: %s\n", nth, wrong);
	return wrong != NULL;
}

/* Each request that is chosen, by several workers. Return: whether all is well. */
static bool refuse_each(const FIXTURE_VARIANT(refused) *variant, struct tally *tally,
			struct tally *all)
{
	struct choice c = chosen();
	bool good = true;
	int status;

	memset(tally, 0, sizeof(*tally) * NR_WORKERS);
	for (int i = 0; i < NR_WORKERS; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(refuse_some(variant, c.first + i * c.every,
					  c.every * NR_WORKERS, &tally[i]));
		good &= pid > 0;
	}
	while (wait(&status) > 0)
		good &= !status;
	for (int i = 0; i < NR_WORKERS; i++) {
		all->refused += tally[i].refused;
		all->failures += tally[i].failures;
	}
	return good;
}

TEST_F(refused, memory_at_each_request)
{
	struct tally *tally, all = { };
	struct choice c = chosen();
	int tries = 5;

	NEED_INJECTION();
	/* each waits for grace periods most of the time, so some at once */
	tally = mmap(NULL, sizeof(*tally) * NR_WORKERS, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, tally);
	/* which request is whose varies: the one that matters may be missed */
	do {
		EXPECT_TRUE(refuse_each(variant, tally, &all));
	} while (variant->memory && c.every == 1 && !all.failures && --tries);
	/* of some requests none may be one that has to fail */
	if (variant->memory && c.every == 1)
		EXPECT_GT(all.failures, 0);
	TH_LOG("every %u from %u on: %u requests, %u times ENOMEM", c.every, c.first,
	       all.refused, all.failures);
	EXPECT_TRUE(all_gone(self->heaps, self->sys)) {
		TH_LOG("a heap or its pages are left");
	}
}

/* ---- kernel calls, and the module itself --------------------------------- */

static int load_module(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, "", 0))
		err = -errno;
	close(fd);
	return err;
}

static int unload_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* Reading the report of a call runs it. Return: exit status. */
static int read_report(const char *name)
{
	char *report, path[300];

	snprintf(path, sizeof(path), "../kgc_failnth/%s", name);
	report = debugfs_text(MODULE_WIDE, path);
	fprintf(stderr, "# %s", report ?: "there is no report\n");
	return !report || strncmp(report, "ok ", 3);
}

TEST_F(heap, kernel_calls)
{
	struct dirent *entry;
	int err, status, calls = 0;
	DIR *reports;

	NEED_INJECTION();
	err = load_module("kgc_failnth.ko");
	if (err == -ENOENT)
		SKIP(return, "no kgc_failnth.ko here: build with KGC_TESTS=1");
	ASSERT_EQ(0, err);
	reports = opendir(DEBUGFS "kgc_failnth");
	ASSERT_NE(NULL, reports);
	while ((entry = readdir(reports))) {
		pid_t pid;

		if (entry->d_type == DT_DIR)
			continue;
		pid = fork();
		ASSERT_GE(pid, 0);
		if (!pid)
			_exit(read_report(entry->d_name));
		calls++;
	}
	closedir(reports);
	EXPECT_GT(calls, 0);
	while (wait(&status) > 0)
		EXPECT_EQ(0, status);
	EXPECT_EQ(0, unload_module("kgc_failnth"));
}

FIXTURE(module) {
};

FIXTURE_SETUP(module)
{
}

FIXTURE_TEARDOWN(module)
{
	if (!access("kgc.ko", R_OK) && access(KGC_DEVICE, F_OK))
		EXPECT_EQ(0, load_module("kgc.ko"));
}

/* With its @nth request refused, 0: none. *@missing as requests_missing(). */
static int load_refused(unsigned int nth, unsigned int *left)
{
	int fd = open("kgc.ko", O_RDONLY | O_CLOEXEC), err;

	if (nth)
		refuse(nth);
	err = syscall(SYS_finit_module, fd, "", 0) ? -errno : 0;
	*left = nth ? requests_missing() : 0;
	close(fd);
	return err;
}

/*
 * Loaded after a refusal or not at all, and either way it can be unloaded.
 *
 * The kernel's loader asks for memory first, thousands of times, and not all
 * of it takes a refusal well; our own requests are the last ones.
 */
TEST_F(module, loading)
{
	unsigned int nth, all, left, failures = 0, harmless = 0;
	struct choice c = chosen();
	int err;

	NEED_INJECTION();
	if (access("kgc.ko", R_OK))
		SKIP(return, "no kgc.ko here to load");
	err = unload_module("kgc");
	if (err)
		SKIP(return, "kgc is in use: %s", strerror(-err));
	/* twice: what the first leaves in caches need not be asked for again */
	for (int i = 0; i < 2; i++) {
		ASSERT_EQ(0, load_refused(UNREACHED, &left));
		ASSERT_EQ(0, unload_module("kgc"));
	}
	all = UNREACHED - left;
	for (nth = all; nth && nth + OF_OUR_INIT > all; nth = nth > c.every ? nth - c.every : 0) {
		err = load_refused(nth, &left);
		if (err) {
			failures++;
			EXPECT_EQ(0, left);
			EXPECT_TRUE(err == -ENOMEM || err == -EFAULT) {
				TH_LOG("request %u refused: %s", nth, strerror(-err));
			}
			EXPECT_NE(0, access(KGC_DEVICE, F_OK));
			continue;
		}
		harmless++;
		err = kgc_open();
		ASSERT_GE(err, 0) {
			TH_LOG("request %u refused: no heap can be opened", nth);
		}
		kgc_close(err);
		ASSERT_EQ(0, unload_module("kgc")) {
			TH_LOG("request %u refused: cannot be unloaded", nth);
		}
	}
	TH_LOG("%u of %u requests: %u failures, %u done without", all - nth,
	       all, failures, harmless);
	EXPECT_GT(failures, 0);
}

/*
 * What the module keeps once it has it, as the map of addresses, is asked for by
 * the first allocation after it was loaded.
 */
TEST_F(module, the_first_allocation_of_all)
{
	unsigned int nth, failures = 0;
	bool more = true;
	struct stage st;
	int err;

	NEED_INJECTION();
	if (access("kgc.ko", R_OK))
		SKIP(return, "no kgc.ko here to load");
	err = unload_module("kgc");
	if (err)
		SKIP(return, "kgc is in use: %s", strerror(-err));
	ASSERT_EQ(0, load_module("kgc.ko"));
	for (nth = 1; more && nth < MOST_REQUESTS; nth++) {
		ASSERT_TRUE(stage_up(&st));
		refuse(nth);
		err = call_alloc_large(&st);
		more = was_refused();
		failures += !!err;
		EXPECT_TRUE(!err || err == -ENOMEM || err == -EFAULT) {
			TH_LOG("request %u refused: %s", nth, strerror(-err));
		}
		EXPECT_EQ(0, call_alloc_large(&st));
		EXPECT_EQ(0, kgc_close(st.fd));
	}
	EXPECT_FALSE(more);
	EXPECT_GT(failures, 0);
}

/* Let the kernel's own workers be refused what they ask for, or no longer. */
static void refuse_workers(bool on)
{
	char path[300], name[32];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	FILE *file;

	/* who is not meant is never refused */
	if (on)
		put_file(DEBUGFS "failslab/task-filter", "Y");
	put_file(DEBUGFS "failslab/times", on ? "-1" : "1");
	put_file(DEBUGFS "failslab/probability", on ? "20" : "0");
	if (!on)
		put_file(DEBUGFS "failslab/task-filter", "N");
	while (proc && (entry = readdir(proc))) {
		snprintf(path, sizeof(path), "/proc/%s/comm", entry->d_name);
		file = fopen(path, "r");
		if (!file)
			continue;
		if (fgets(name, sizeof(name), file) && !strncmp(name, "kworker/u", 9)) {
			snprintf(path, sizeof(path), "/proc/%s/make-it-fail",
				 entry->d_name);
			put_file(path, on ? "1" : "0");
		}
		fclose(file);
	}
	if (proc)
		closedir(proc);
}

/* A verifier without memory for its sets gives up, and complains of nothing. */
TEST_F(heap, a_trace_without_memory_says_nothing)
{
	__u64 head, skipped = 0, traced = 0, more = 0;
	__u32 id = self->info.heap_id;
	int tries;

	NEED_INJECTION();
	if (access("/proc/self/make-it-fail", W_OK))
		SKIP(return, "this kernel cannot refuse memory to others");
	ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_VERIFY, 2));
	ASSERT_EQ(0, chain_build(self->fd, self->node, 5000, &head));
	for (tries = 0; tries < 100 && skipped < 5; tries++) {
		/* workers come and go */
		refuse_workers(true);
		EXPECT_EQ(0, collect_all(self->fd));
		debugfs_value(id, "verify", "TraceSkipped", &skipped);
	}
	refuse_workers(false);
	EXPECT_GT(skipped, 0);
	ASSERT_EQ(0, debugfs_value(id, "verify", "Traced", &traced));
	EXPECT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, debugfs_value(id, "verify", "Traced", &more));
	EXPECT_EQ(traced + 2, more);
	EXPECT_EQ(0, verify_errors(id));
	EXPECT_EQ(0, chain_check(self->fd, head, 5000));
}

TEST_F(module, leaves_nothing_behind)
{
	char text[4096];
	ssize_t got;
	int fd;

	if (access(KMEMLEAK, W_OK))
		SKIP(return, "this kernel has no kmemleak");
	/* what is younger than five seconds is not reported yet */
	sleep(6);
	ASSERT_EQ(0, put_file(KMEMLEAK, "scan"));
	ASSERT_EQ(0, put_file(KMEMLEAK, "scan"));
	fd = open(KMEMLEAK, O_RDONLY);
	ASSERT_GE(fd, 0);
	got = read(fd, text, sizeof(text) - 1);
	close(fd);
	ASSERT_GE(got, 0);
	text[got < 0 ? 0 : got] = '\0';
	EXPECT_EQ(0, got) {
		TH_LOG("%s", text);
	}
}

TEST_HARNESS_MAIN
