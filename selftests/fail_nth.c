// SPDX-License-Identifier: GPL-2.0
/*
 * When memory runs out: every call with its first request for memory refused,
 * then its second, and so on until it needs no more of them. Each time it says
 * ENOMEM or does without, nothing is lost, and the heap goes on.
 *
 * /proc/self/fail-nth also refuses copies from and to us; then it is EFAULT.
 *
 * kselftest-timeout: 600
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "debugfs_files.h"
#include "heap.h"

#define MOST_REQUESTS	4000
#define NR_WORKERS	6	/* processes that refuse */
#define UNREACHED	1000000
#define OF_OUR_INIT	100	/* requests, and some of the kernel's own */
#define NR_MANY		300	/* handles, more than a page of them */
#define NR_PAGE		256	/* handles in a page */
#define NR_COPIES	4	/* with which a page is filled, and more */
#define LARGE		100000
#define FAULT		"/sys/kernel/debug/"
#define KMEMLEAK	"/sys/kernel/debug/kmemleak"

/* ---- injection ----------------------------------------------------------- */

static int put_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		err = -errno;
	close(fd);
	return err;
}

/* Let sleeping allocations, and single pages, fail as well. */
static bool injection_ready(void)
{
	return !put_file(FAULT "failslab/ignore-gfp-wait", "N") &&
	       !put_file(FAULT "fail_page_alloc/ignore-gfp-wait", "N") &&
	       !put_file(FAULT "fail_page_alloc/min-order", "0") &&
	       !put_file(FAULT "failslab/verbose", "0") &&
	       !put_file(FAULT "fail_page_alloc/verbose", "0") &&
	       (put_file(FAULT "fail_usercopy/verbose", "0"), true) &&
	       !access("/proc/self/fail-nth", W_OK);
}

#define NEED_INJECTION() do { \
	if (!injection_ready()) \
		SKIP(return, "this kernel cannot refuse memory on request"); \
} while (0)

static int fail_fd = -1;
static bool injecting;
static unsigned int missing;

static void refuse(unsigned int nth)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (fail_fd < 0)
		fail_fd = open("/proc/thread-self/fail-nth", O_RDWR);
	if (pwrite(fail_fd, text, length, 0) != length)
		abort();
	injecting = true;
}

/* Ends it. How many requests were missing to the one to be refused. */
static unsigned int requests_missing(void)
{
	char text[16] = "";

	if (!injecting)
		return missing;
	/* a request still to be refused may be the copy to us */
	if (pread(fail_fd, text, sizeof(text) - 1, 0) < 0)
		text[0] = '1';
	while (pwrite(fail_fd, "0", 1, 0) != 1)
		text[0] = '1';
	injecting = false;
	missing = atoi(text);
	return missing;
}

static bool was_refused(void)
{
	return !requests_missing();
}

/* ---- what is called ------------------------------------------------------ */

struct stage {
	int fd;
	int node, tiny, large, array, loose;
	__u64 object, other, big, weak;
	__u64 many[NR_MANY];
};

static bool stage_up(struct stage *st)
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

/*
 * Objects for the calls that want some; the others begin on an empty heap. Then
 * so many handles that a few more need another page.
 */
static bool stage_objects(struct stage *st)
{
	bool good = !kgc_alloc(st->fd, st->node, 0, &st->object) &&
	       !kgc_alloc(st->fd, st->node, 0, &st->other) &&
	       !kgc_alloc(st->fd, st->large, 0, &st->big) &&
	       !kgc_store(st->fd, st->object, NODE_LEFT, st->other);

	for (int i = 3; i < NR_PAGE - 1 && good; i++)
		good = !kgc_dup(st->fd, st->object, &st->many[0]);
	return good;
}

static int call_open(struct stage *st)
{
	int fd = kgc_open();

	return fd < 0 ? fd : kgc_close(fd);
}

static int call_info(struct stage *st)
{
	struct kgc_info info;

	return kgc_info(st->fd, &info);
}

static int call_type(struct stage *st)
{
	static const struct kgc_field fields[] = { { 0, 0 }, { 8, 0 }, { 24, 0 } };
	int type = kgc_type_register(st->fd, "three", 40, 0, fields, 3);

	return type < 0 ? type : 0;
}

static int call_type_of_many_fields(struct stage *st)
{
	static struct kgc_field fields[2000];
	int type;

	for (int i = 0; i < 2000; i++)
		fields[i].offset = 8 * i;
	type = kgc_type_register(st->fd, NULL, 16000, 0, fields, 2000);
	return type < 0 ? type : 0;
}

static int call_alloc(struct stage *st)
{
	__u64 handle;
	int err = kgc_alloc(st->fd, st->node, 0, &handle);

	return err ? err : kgc_drop(st->fd, handle);
}

static int call_alloc_tiny(struct stage *st)
{
	__u64 handle;
	int err = kgc_alloc(st->fd, st->tiny, 0, &handle);

	return err ? err : kgc_drop(st->fd, handle);
}

static int call_alloc_large(struct stage *st)
{
	__u64 handle;
	int err = kgc_alloc(st->fd, st->large, 0, &handle);

	return err ? err : kgc_drop(st->fd, handle);
}

/* What was delivered before the failure stands. */
static int call_alloc_many(struct stage *st)
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

static int call_dup(struct stage *st)
{
	int err = 0, n;

	for (n = 0; n < NR_COPIES && !err; n++)
		err = kgc_dup(st->fd, st->object, &st->many[n]);
	return drop_copies(st, err ? n - 1 : n) ?: err;
}

static int call_load(struct stage *st)
{
	int err = 0, n;

	for (n = 0; n < NR_COPIES && !err; n++)
		err = kgc_load(st->fd, st->object, NODE_LEFT, &st->many[n]);
	return drop_copies(st, err ? n - 1 : n) ?: err;
}

static int call_store(struct stage *st)
{
	return kgc_store(st->fd, st->object, NODE_RIGHT, st->object);
}

/* The old value comes back or is still there. */
static int call_xchg(struct stage *st)
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

static int call_read(struct stage *st)
{
	static char bytes[LARGE];

	return kgc_read(st->fd, st->big, 0, bytes, LARGE);
}

static int call_write(struct stage *st)
{
	static const char bytes[LARGE];

	return kgc_write(st->fd, st->big, 0, bytes, LARGE);
}

static int call_object_info(struct stage *st)
{
	__u32 type, size;

	return kgc_object_info(st->fd, st->object, &type, &size);
}

static int call_drop(struct stage *st)
{
	__u64 copy;
	int err = kgc_dup(st->fd, st->object, &copy);

	return err ? err : kgc_drop(st->fd, copy);
}

static int call_collect(struct stage *st)
{
	return kgc_collect(st->fd, 2, KGC_COLLECT_WAIT, NULL);
}

static int call_option(struct stage *st)
{
	__u64 value;
	int err = kgc_option_set(st->fd, KGC_OPT_GOGC, 50);

	return err ? err : kgc_option_get(st->fd, KGC_OPT_GOGC, &value);
}

static int call_stats(struct stage *st)
{
	struct kgc_stats stats;

	return kgc_stats(st->fd, &stats);
}

static int call_scavenge(struct stage *st)
{
	__u64 released;

	return kgc_scavenge(st->fd, &released);
}

static int call_weak(struct stage *st)
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

static int call_finalize(struct stage *st)
{
	__u64 handle;
	int err = kgc_alloc(st->fd, st->node, 0, &handle);

	if (err)
		return err;
	err = kgc_finalize(st->fd, handle, 1);
	was_refused();
	return kgc_drop(st->fd, handle) ?: err;
}

/* One of each kind; the first error among them is the answer. */
static int call_batch(struct stage *st)
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
	/* what stands behind a failed one was told that there is no handle */
	if (err == -ENOENT)
		err = -ENOMEM;
	for (int i = a; i <= b; i++)
		if (kgc_batch_result(&batch, i))
			kgc_drop(st->fd, kgc_batch_result(&batch, i));
	kgc_batch_destroy(&batch);
	return err;
}

static int call_batch_large(struct stage *st)
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
	}

CALL(open, false, true);
CALL(info, false, false);
CALL(type, false, true);
CALL(type_of_many_fields, false, false);	/* large memory has a second source */
CALL(alloc, false, true);
CALL(alloc_tiny, false, true);
CALL(alloc_large, false, true);
CALL(alloc_many, false, true);
CALL(dup, true, true);
CALL(load, true, true);
CALL(store, true, false);
CALL(xchg, true, true);
CALL(read, true, false);
CALL(write, true, false);
CALL(object_info, true, false);
CALL(drop, true, false);
CALL(collect, true, false);
CALL(option, false, false);
CALL(stats, true, false);
CALL(scavenge, true, false);
CALL(weak, true, true);
CALL(finalize, true, true);
CALL(batch, false, true);
CALL(batch_large, false, true);

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

/* Every NR_WORKERS-th request from @nth on. Return: exit status. */
static int refuse_some(const FIXTURE_VARIANT(refused) *variant,
		       unsigned int nth, struct tally *tally)
{
	const char *wrong = NULL;
	bool more = true;

	/* our own pages are there: no fault of ours shall be refused one */
	mlockall(MCL_CURRENT | MCL_FUTURE);
	for (; more && nth < MOST_REQUESTS; nth += NR_WORKERS) {
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

TEST_F(refused, memory_at_each_request)
{
	struct tally *tally, all = { };
	int status;

	NEED_INJECTION();
	/* each waits for grace periods most of the time, so some at once */
	tally = mmap(NULL, sizeof(*tally) * NR_WORKERS, PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, tally);
	for (int i = 0; i < NR_WORKERS; i++) {
		pid_t pid = fork();

		ASSERT_GE(pid, 0);
		if (!pid)
			_exit(refuse_some(variant, i + 1, &tally[i]));
	}
	while (wait(&status) > 0)
		EXPECT_EQ(0, status);
	for (int i = 0; i < NR_WORKERS; i++) {
		all.refused += tally[i].refused;
		all.failures += tally[i].failures;
	}
	if (variant->memory)
		EXPECT_GT(all.failures, 0);
	TH_LOG("%u requests, %u times ENOMEM", all.refused, all.failures);
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
	reports = opendir(FAULT "kgc_failnth");
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
TEST_F_TIMEOUT(module, loading, 900)
{
	unsigned int nth, all, left, failures = 0, harmless = 0;
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
	for (nth = all; nth && nth + OF_OUR_INIT > all; nth--) {
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
