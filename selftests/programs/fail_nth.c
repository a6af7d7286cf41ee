// SPDX-License-Identifier: GPL-2.0
/*
 * Every call survives a failed memory allocation. The test refuses the first request for
 * memory that a call makes, then the second, and so on, until the call makes no more.
 * Each time the call returns ENOMEM or succeeds, nothing leaks, and the heap still works.
 *
 * /proc/self/fail-nth also refuses copies from and to this process: they are EFAULT.
 *
 * With KGC_NTH=EVERY:FIRST in the environment the test refuses only every EVERY-th
 * request, beginning with the FIRST.
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

#define MAX_REQUESTS	4000
#define NR_WORKERS	6	/* processes that test side by side */
#define UNREACHED	1000000
#define OF_OUR_INIT	100	/* requests by our init, and some by the module loader */
#define KMEMLEAK	DEBUGFS "kmemleak"

#define NEED_INJECTION() do { \
	if (!injection_ready()) \
		SKIP(return, "this kernel cannot refuse memory on request"); \
} while (0)

/* ---- afterwards ---------------------------------------------------------- */

/*
 * Whether the heap still keeps what is reachable and frees what is not. Cycles mostly
 * wait for grace periods, so this runs as few as it needs.
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
	bool objects;	/* the call needs objects */
	bool memory;	/* the call asks for memory, so some refusal must be ENOMEM */
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

/* Which requests to refuse: all of them, unless KGC_NTH chooses some. */
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

/* What a worker counts: requests refused, and calls that failed with ENOMEM. */
struct tally {
	unsigned int refused, failures;
};

/*
 * Open a heap and make one call whose @nth request is refused. *@more: whether the call
 * made that many requests. Return: what is wrong, or NULL.
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
	/* after a failed copy to us there may be a handle or type that we do not know */
	if (err != -EFAULT && before.handles != after.handles)
		return "a handle is left";
	if (err == -ENOMEM && before.types != after.types)
		return "a type is left";
	if (!still_works(st.fd, st.node))
		return "the heap no longer works";
	err = variant->call(&st);
	if (err) {
		fprintf(stderr, "# the call fails afterwards as well:\n");
		return strerror(-err);
	}
	return kgc_close(st.fd) ? "the heap cannot be closed" : NULL;
}

/* Refuse every @step-th request, from the @nth on. Return: exit status. */
static int refuse_some(const FIXTURE_VARIANT(refused) *variant, unsigned int nth,
		       unsigned int step, struct tally *tally)
{
	const char *wrong = NULL;
	bool more = true;

	/* populate our own pages, so that no page fault of ours is refused memory */
	mlockall(MCL_CURRENT | MCL_FUTURE);
	for (; more && nth < MAX_REQUESTS; nth += step) {
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

/* Refuse each chosen request, with several workers. Return: whether all is well. */
static bool refuse_each(const FIXTURE_VARIANT(refused) *variant, struct tally *tally,
			struct tally *all)
{
	struct choice c = chosen();
	/* each worker ends with a call too many, so two suffice for few requests */
	int workers = c.every == 1 ? NR_WORKERS : 2;
	bool good = true;
	int status;

	memset(tally, 0, sizeof(*tally) * NR_WORKERS);
	for (int i = 0; i < workers; i++) {
		pid_t pid = fork();

		if (!pid)
			_exit(refuse_some(variant, c.first + i * c.every,
					  c.every * workers, &tally[i]));
		good &= pid > 0;
	}
	while (wait(&status) > 0)
		good &= !status;
	for (int i = 0; i < workers; i++) {
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
	/* several workers at once, because each mostly waits for grace periods */
	tally = mmap(NULL, sizeof(*tally) * NR_WORKERS, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, tally);
	/* the order of requests varies, so one round may miss the one that must fail */
	do {
		EXPECT_TRUE(refuse_each(variant, tally, &all));
	} while (variant->memory && c.every == 1 && !all.failures && --tries);
	/* with only some requests refused, none of them may be one that must fail */
	if (variant->memory && c.every == 1)
		EXPECT_GT(all.failures, 0);
	TH_LOG("every %u from %u on: %u requests, %u times ENOMEM", c.every, c.first,
	       all.refused, all.failures);
	EXPECT_TRUE(all_gone(self->heaps, self->sys)) {
		TH_LOG("a heap or its pages are left");
	}
}

/* ---- kernel calls, and the module itself --------------------------------- */

static int load_module(const char *path, const char *parameters)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (syscall(SYS_finit_module, fd, parameters, 0))
		err = -errno;
	close(fd);
	return err;
}

static int unload_module(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) ? -errno : 0;
}

/* Run a kernel call, by reading its report. Return: exit status. */
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
	struct choice c = chosen();
	struct dirent *entry;
	int err, status, calls = 0;
	char parameters[48];
	DIR *reports;

	NEED_INJECTION();
	snprintf(parameters, sizeof(parameters), "every=%u first=%u", c.every, c.first);
	err = load_module("kgc_failnth.ko", parameters);
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
		EXPECT_EQ(0, load_module("kgc.ko", ""));
}

/* Load with the @nth request refused, or none if 0. *@left is as requests_missing(). */
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
 * After a refusal the module either works and can be unloaded, or is not loaded at all.
 *
 * Only the last requests are by the module. The kernel's loader makes thousands before
 * them, and does not survive every refusal.
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
	/* load twice: the first load fills caches, so later ones make fewer requests */
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
	TH_LOG("every %u of %u requests: %u failures, %u done without", c.every, all - nth,
	       failures, harmless);
	if (c.every == 1)
		EXPECT_GT(failures, 0);
}

/*
 * The first allocation after loading also asks for what the module then keeps, such as
 * the map of addresses.
 */
TEST_F(module, the_first_allocation_of_all)
{
	unsigned int nth, failures = 0;
	struct choice c = chosen();
	bool more = true;
	struct stage st;
	int err;

	NEED_INJECTION();
	if (access("kgc.ko", R_OK))
		SKIP(return, "no kgc.ko here to load");
	err = unload_module("kgc");
	if (err)
		SKIP(return, "kgc is in use: %s", strerror(-err));
	ASSERT_EQ(0, load_module("kgc.ko", ""));
	for (nth = c.first; more && nth < MAX_REQUESTS; nth += c.every) {
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
	if (c.every == 1)
		EXPECT_GT(failures, 0);
}

/* Begin or end to refuse memory, at random, to the kernel's unbound kworkers. */
static void refuse_workers(bool on)
{
	char path[300], name[32];
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	FILE *file;

	/* refuse nothing to tasks without make-it-fail */
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

/* A verifier that gets no memory for its sets gives up, and reports no error. */
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
		/* again each time, because kworkers come and go */
		refuse_workers(true);
		EXPECT_EQ(0, collect_all(self->fd));
		debugfs_value(id, "verify", "TracesSkipped", &skipped);
	}
	refuse_workers(false);
	EXPECT_GT(skipped, 0);
	ASSERT_EQ(0, debugfs_value(id, "verify", "TraceRuns", &traced));
	EXPECT_EQ(0, collect_all(self->fd));
	ASSERT_EQ(0, debugfs_value(id, "verify", "TraceRuns", &more));
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
	/* kmemleak does not report objects younger than five seconds */
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
