// SPDX-License-Identifier: GPL-2.0
/*
 * Run fuzz programs: workers, coverage, and checks afterwards.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/kcov.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <kgc.h>

#include "debugfs_files.h"
#include "files.h"
#include "state.h"

#define COVER_WORDS	(64 << 10)

struct fuzz_shared *sh;
static pid_t helper[FUZZ_WORKERS];
static uint64_t *cover;
static int cover_fd = -1;

/* ---- workers ------------------------------------------------------------- */

static void cover_open(void)
{
	cover_fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);
	if (cover_fd < 0)
		return;
	cover = MAP_FAILED;
	if (!ioctl(cover_fd, KCOV_INIT_TRACE, COVER_WORDS))
		cover = mmap(NULL, COVER_WORDS * 8, PROT_READ | PROT_WRITE,
			     MAP_SHARED, cover_fd, 0);
	if (cover == MAP_FAILED || ioctl(cover_fd, KCOV_ENABLE, KCOV_TRACE_PC))
		cover = NULL;
}

/* Mark a bit for each pair of places that ran one after the other. */
static void cover_note(void)
{
	uint64_t n, i, last = 0;

	if (!cover)
		return;
	n = __atomic_exchange_n(cover, 0, 5);
	for (i = 1; i <= n && i < COVER_WORDS; i++) {
		uint64_t edge = (cover[i] ^ last * 0x9e3779b97f4a7c15ULL) *
				0xbf58476d1ce4e5b9ULL >> 46;
		uint64_t bit = 1ULL << edge % 64;

		last = cover[i];
		if (__atomic_fetch_or(&sh->seen[edge / 64], bit, 5) & bit)
			continue;
		__atomic_fetch_add(&sh->fresh, 1, 5);
		__atomic_fetch_add(&sh->totals.places, 1, 5);
	}
}

static void work(unsigned int worker)
{
	static const struct itimerval none;
	const struct fuzz_program *p = &sh->program;
	uint64_t calls = 0, succeeded = 0;
	unsigned int i;

	fuzz_clear_window();
	for (i = 0; i < p->nr; i++) {
		if (p->call[i].worker != worker)
			continue;
		if (cover)
			__atomic_store_n(cover, 0, 5);
		succeeded += !fuzz_make_call(&p->call[i]);
		calls++;
		cover_note();
	}
	setitimer(ITIMER_REAL, &none, NULL);
	__atomic_fetch_add(&sh->totals.calls, calls, 5);
	__atomic_fetch_add(&sh->totals.succeeded, succeeded, 5);
}

static void futex(uint32_t *word, int op, uint32_t value)
{
	/* with a timeout, so that a helper does not outlive a killed main program */
	struct timespec second = { .tv_sec = 1 };

	syscall(SYS_futex, word, op, value, &second, NULL, 0);
}

static void prepare(void)
{
	fuzz_map_window();
	cover_open();
}

static void helper_main(unsigned int worker, uint32_t round)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prepare();
	for (;;) {
		while (__atomic_load_n(&sh->round, 5) == round)
			futex(&sh->round, FUTEX_WAIT, round);
		round = sh->round;
		if (sh->quit)
			_exit(0);
		work(worker);
		__atomic_fetch_add(&sh->finished, 1, 5);
		futex(&sh->finished, FUTEX_WAKE, 1);
	}
}

void fuzz_start(bool beside_others)
{
	unsigned int i;

	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
		  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	sh->beside = beside_others;
	/* a guest has little memory, and this does not test its OOM killer */
	if (!sh->beside)
		put_max_bytes(192UL << 20);
	for (i = 0; i < FUZZ_FDS; i++)
		sh->fd[i] = -1;
	fflush(stdout);
	for (i = 1; i < FUZZ_WORKERS; i++) {
		/* like fork(), but all processes share one table of descriptors */
		helper[i] = syscall(SYS_clone, CLONE_FILES | SIGCHLD, 0, 0, 0, 0);
		if (!helper[i])
			helper_main(i, 0);
	}
	prepare();
}

void fuzz_stop(void)
{
	unsigned int i;

	sh->quit = true;
	__atomic_fetch_add(&sh->round, 1, 5);
	futex(&sh->round, FUTEX_WAKE, FUZZ_WORKERS);
	for (i = 1; i < FUZZ_WORKERS; i++)
		waitpid(helper[i], NULL, 0);
	if (!sh->beside)
		put_max_bytes(0);
}

struct fuzz_totals fuzz_totals(void)
{
	return sh->totals;
}

/* ---- what has to be true ------------------------------------------------- */

static char broken[256];

static const char *say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(broken, sizeof(broken), format, args);
	va_end(args);
	return broken;
}

/* Check that the counters of a heap at rest agree with each other. */
static const char *reconcile(int fd)
{
	struct kgc_stats st;
	int err = kgc_stats(fd, &st);

	if (err == -EBADF || fd < 0)
		return NULL;
	if (err)
		return say("KGC_STATS: %s", strerror(-err));
	if (st.mallocs - st.frees != st.heap_objects)
		return say("%llu mallocs - %llu frees are not %llu objects",
			   st.mallocs, st.frees, st.heap_objects);
	if (st.total_alloc < st.heap_alloc)
		return say("%llu bytes allocated in all, %llu now",
			   st.total_alloc, st.heap_alloc);
	if (st.heap_inuse > st.heap_sys || st.heap_alloc > st.heap_inuse)
		return say("alloc %llu, in use %llu, held %llu", st.heap_alloc,
			   st.heap_inuse, st.heap_sys);
	if (st.pause_total_ns)
		return say("a pause of %llu ns", st.pause_total_ns);
	return NULL;
}

/* Check that the heap still collects. */
static const char *still_collects(int fd)
{
	int err, tries = 0;

	do {
		err = kgc_collect(fd, 2, KGC_COLLECT_WAIT, NULL);
	} while (err == -EINTR && tries++ < 100);
	return err && err != -EBADF ? say("KGC_COLLECT: %s", strerror(-err)) : NULL;
}

/* Check that with all descriptors closed the module holds nothing. */
const char *fuzz_all_returned(void)
{
	__u64 heaps = ~0ULL, sys = ~0ULL;
	char *text;
	int tries;

	for (tries = 0; tries < 500; tries++) {
		text = debugfs_text(MODULE_WIDE, "stats");
		if (!text)
			return NULL;	/* no debugfs here */
		debugfs_find(text, "Heaps", &heaps);
		debugfs_find(text, "HeapSys", &sys);
		free(text);
		if (!heaps && !sys)
			return NULL;
		usleep(10000);
	}
	return say("%llu heaps with %llu bytes are left", heaps, sys);
}

static const char *aftermath(bool collect)
{
	const char *why = NULL;
	unsigned int i;

	for (i = 0; i < FUZZ_FDS; i++) {
		if (sh->fd[i] >= 0 && !why) {
			why = reconcile(sh->fd[i]);
			if (!why && collect)
				why = still_collects(sh->fd[i]);
		}
		if (sh->fd[i] >= 0)
			close(sh->fd[i]);
		sh->fd[i] = -1;
	}
	return why || sh->beside ? why : fuzz_all_returned();
}

const char *fuzz_run(const struct fuzz_program *p, bool *fresh)
{
	bool alone = fuzz_is_sequential(p);

	sh->program = *p;
	memset(sh->handle, 0, sizeof(sh->handle));
	memset(sh->weak, 0, sizeof(sh->weak));
	memset(sh->type, 0, sizeof(sh->type));
	sh->next_handle = sh->next_weak = sh->next_type = 0;
	sh->fresh = 0;
	__atomic_store_n(&sh->finished, 0, 5);
	if (!alone) {
		__atomic_fetch_add(&sh->round, 1, 5);
		futex(&sh->round, FUTEX_WAKE, FUZZ_WORKERS);
	}
	work(0);
	while (!alone && sh->finished < FUZZ_WORKERS - 1)
		futex(&sh->finished, FUTEX_WAIT, sh->finished);
	*fresh = sh->fresh;
	return aftermath(p->call[0].d % 8 == 0);
}
