// SPDX-License-Identifier: GPL-2.0
/*
 * Make a call of a fuzz program. The call's numbers choose its arguments: results of
 * earlier calls, and odd values.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <kgc.h>

#include "debugfs_files.h"
#include "state.h"

#define MAX_OPS		128
#define PAGE		4096UL

/*
 * The target of user pointers: a page for reading and writing, a page that "protect"
 * changes, an inaccessible page, and room for operations behind it. No other mapping is
 * near, so a pointer with a wrong bit does not make the kernel write to our memory.
 */
static char *window;
static bool protected;	/* page 1 */

#define WINDOW	((void *)0x200000000000UL)
#define WINDOW_OPS	((struct kgc_op *)(window + 4 * PAGE))

static const uint64_t odd_values[] = {
	0, 1, 7, 8, 16, 63, 64, 4095, 4096, 8192, 32767, 32768, 32769, 65535,
	65536, 1 << 20, (1 << 22) - 8, 1 << 22, (1 << 22) + 8, 1ULL << 31,
	(1ULL << 31) - 1, 1ULL << 32, 0xffffffff, 1ULL << 62, 1ULL << 63,
	~0ULL, ~0ULL - 7, 0x7fffffffffffffffULL,
};

static uint64_t odd(uint32_t x)
{
	return odd_values[x % (sizeof(odd_values) / sizeof(odd_values[0]))];
}

/* Offsets are mostly small multiples of 8. */
static uint64_t offset_of(uint32_t x)
{
	return x % 16 ? x / 16 % 8 * 8 : odd(x / 16);
}

/* One of the first @nr things found, of which sh remembers @room. */
static uint32_t among(uint32_t x, uint32_t nr, uint32_t room)
{
	return x % (nr == 0 ? 1 : nr < room ? nr : room);
}

static uint64_t handle_of(uint32_t x)
{
	uint64_t h = sh->handle[among(x / 16, sh->next_handle, NR_HANDLES)];

	switch (x % 16) {
	case 0:	return 0;
	case 1:	return h + (1ULL << 32);	/* another generation */
	case 2:	return sh->weak[x / 16 % NR_WEAK];
	case 3:	return odd(x / 16);
	default: return h;
	}
}

static uint64_t weak_of(uint32_t x)
{
	return x % 16 ? sh->weak[among(x / 16, sh->next_weak, NR_WEAK)] :
			handle_of(x / 16);
}

static uint32_t type_of(uint32_t x)
{
	return x % 16 ? sh->type[among(x / 16, sh->next_type, NR_TYPES)] :
			odd(x / 16);
}

static void keep_handle(uint64_t h)
{
	if (h)
		sh->handle[__atomic_fetch_add(&sh->next_handle, 1, 5) % NR_HANDLES] = h;
}

static void keep_weak(uint64_t h)
{
	if (h)
		sh->weak[__atomic_fetch_add(&sh->next_weak, 1, 5) % NR_WEAK] = h;
}

/* Return: a user address with @length valid bytes behind it, unless @x is odd. */
static void *buffer(uint32_t x, size_t length)
{
	switch (x % 32) {
	case 0:	return NULL;
	case 1:	return window + 2 * PAGE;		/* no memory there */
	case 2:	return window + 2 * PAGE - (length < PAGE ? length : PAGE) + 1;
	case 3:	return window + PAGE;			/* may be protected */
	case 4:	return window + 2 * PAGE - 24;		/* its end is missing */
	case 5:	return (void *)0xffff888000000000UL;	/* an address of the kernel */
	case 6:	return (void *)(uintptr_t)odd(x / 32);
	default: return window;
	}
}

/* ---- calls --------------------------------------------------------------- */

/* Make an ioctl, and break its argument if the twist says so. Return: 0 or -errno. */
static int call(const struct fuzz_call *c, unsigned long cmd, void *arg,
		size_t size)
{
	static char big[1024];
	void *at = arg;
	int fd = sh->fd[c->fd % FUZZ_FDS], err;

	*(uint32_t *)arg = size;
	switch (c->twist % 16 ? c->twist : 0) {
	case 0:
		break;
	case 1: case 17: case 33:
		*(uint32_t *)arg = odd(c->d);
		break;
	case 2: case 18: case 34:
		((uint32_t *)arg)[1] = c->d ? c->d : 1;	/* flags */
		break;
	case 3: case 19:	/* longer, and the tail is zero */
	case 4: case 20:	/* or is not zero */
		memset(big, 0, sizeof(big));
		memcpy(big, arg, size);
		*(uint32_t *)big = size + 8 + c->d % 64 * 8;
		if (c->twist % 2 == 0)
			big[size + c->d % 8] = 1;
		at = big;
		break;
	case 5:
		at = buffer(c->d % 7, size);
		break;
	case 6:	/* the end of the argument is missing */
		if (protected)
			break;
		at = window + 2 * PAGE - size + 8;
		memcpy(at, arg, size - 8);
		break;
	default:
		((char *)arg)[c->twist % size] ^= 1 << c->d % 8;
		break;
	}
	err = ioctl(fd, cmd, at) ? -errno : 0;
	if (at == big)
		memcpy(arg, big, size);
	return err;
}

#define CALL(c, cmd, arg)	call(c, cmd, &(arg), sizeof(arg))

static int run_open(const struct fuzz_call *c)
{
	int fd, old;

	fd = open(KGC_DEVICE, c->twist % 3 == 2 ? O_RDONLY | O_NONBLOCK :
			      O_RDWR | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -errno;
	/* other programs also hold memory then */
	if (sh->beside)
		kgc_option_set(fd, KGC_OPT_HARD_LIMIT, MAX_BESIDE);
	old = __atomic_exchange_n(&sh->fd[c->fd % FUZZ_FDS], fd, 5);
	return old < 0 ? 0 : close(old);
}

static int run_close(const struct fuzz_call *c)
{
	int old = __atomic_exchange_n(&sh->fd[c->fd % FUZZ_FDS], -1, 5);

	return old < 0 ? -EBADF : close(old);
}

/* two descriptors of one heap */
static int run_share(const struct fuzz_call *c)
{
	int copy = dup(sh->fd[c->a % FUZZ_FDS]), old;

	if (copy < 0)
		return -errno;
	old = __atomic_exchange_n(&sh->fd[c->fd % FUZZ_FDS], copy, 5);
	return old < 0 ? 0 : close(old);
}

static int run_type(const struct fuzz_call *c)
{
	static const uint32_t sizes[] = { 1, 4, 8, 16, 24, 40, 64, 100, 128,
		512, 1024, 4096, 10000, 32768, 40000, 1 << 20 };
	struct kgc_field *fields = (void *)window;
	struct kgc_type_register t = {
		.object_size = c->a % 20 ? sizes[c->a % 16] : odd(c->a),
		.align = c->b % 4 ? 0 : 1 << c->b % 16,
		.name = c->d % 5 ? 0 : (uintptr_t)buffer(c->d, 8),
	};
	uint32_t i;
	int err;

	switch (c->b / 16 % 8) {
	case 0:	t.flags = KGC_TYPE_NOSCAN; break;
	case 1:	t.flags = KGC_TYPE_CONSERVATIVE; break;
	case 2:	t.flags = KGC_TYPE_NOSCAN | KGC_TYPE_ARRAY; break;
	case 3:	t.flags = KGC_TYPE_ARRAY; break;
	case 4:	t.flags = c->d % 16; break;
	}
	if (!(t.flags & (KGC_TYPE_NOSCAN | KGC_TYPE_CONSERVATIVE))) {
		t.nr_fields = c->c % 4 ? 1 + c->c % 3 : c->c / 4 % 600;
		for (i = 0; i < t.nr_fields && i < PAGE / 8; i++) {
			fields[i].offset = i * 8;
			fields[i].target = c->d % 7 == 1 ? KGC_TYPE_SELF :
				c->d % 7 == 2 ? type_of(c->d) : KGC_TYPE_ANY;
		}
		if (c->d % 11 == 10)
			fields[0].offset = odd(c->d);
		t.fields = (uintptr_t)(c->d % 13 ? window : buffer(c->d, 16));
	}
	err = CALL(c, KGC_TYPE_REGISTER, t);
	if (!err)
		sh->type[__atomic_fetch_add(&sh->next_type, 1, 5) % NR_TYPES] = t.type;
	return err;
}

static int run_alloc(const struct fuzz_call *c)
{
	uint64_t *handles = (void *)window;
	struct kgc_alloc a = {
		.type = type_of(c->a),
		.nr = c->b % 8 ? 1 + c->b % 3 : c->b / 8 % 512,
		.count = c->c % 4 ? 0 : c->c / 4 % 8 ? c->c / 32 % 64 : odd(c->c),
		.handles = (uintptr_t)(c->d % 16 ? window : buffer(c->d / 16, 8)),
	};
	int err = CALL(c, KGC_ALLOC, a);
	uint32_t i;

	if (a.handles == (uintptr_t)window && a.done <= 512)
		for (i = 0; i < a.done; i++)
			keep_handle(handles[i]);
	return err;
}

static int run_access(const struct fuzz_call *c, unsigned long cmd)
{
	struct kgc_access a = {
		.handle = handle_of(c->a), .offset = offset_of(c->b),
		.value = cmd == KGC_LOAD ? 0 : handle_of(c->c),
	};
	int err = CALL(c, cmd, a);

	if (!err && cmd != KGC_STORE)
		keep_handle(a.value);
	return err;
}

static int run_bytes(const struct fuzz_call *c, unsigned long cmd)
{
	struct kgc_bytes b = {
		.handle = handle_of(c->a), .offset = offset_of(c->b),
		.length = c->c % 8 ? 8 * (c->c / 8 % 64) : odd(c->c),
	};

	b.addr = (uintptr_t)buffer(c->d, b.length);
	return CALL(c, cmd, b);
}

static int run_handle(const struct fuzz_call *c, unsigned long cmd)
{
	struct kgc_handle h = {
		.handle = cmd == KGC_WEAK_GET || cmd == KGC_WEAK_DROP ?
			  weak_of(c->a) : handle_of(c->a),
	};
	int err = CALL(c, cmd, h);

	if (!err && cmd == KGC_WEAK_CREATE)
		keep_weak(h.result);
	else if (!err)
		keep_handle(h.result);
	return err;
}

static int run_drop(const struct fuzz_call *c)
{
	uint64_t *handles = (void *)window;
	struct kgc_drop d = {
		.nr = c->b % 4 ? 1 : c->b / 4 % 512,
		.handles = (uintptr_t)(c->d % 16 ? window : buffer(c->d / 16, 8)),
	};
	uint32_t i;

	for (i = 0; i < d.nr && i < 512; i++)
		handles[i] = sh->handle[among(c->a + i, sh->next_handle,
					      NR_HANDLES)];
	if (c->c % 8 == 0)
		handles[0] = handle_of(c->c);
	return CALL(c, KGC_DROP, d);
}

static int run_collect(const struct fuzz_call *c)
{
	struct kgc_collect a = {
		.cycles = c->a % 8 ? 1 + c->a % 2 : odd(c->a),
		.flags = c->b % 8 ? 0 : KGC_COLLECT_WAIT,
	};

	return CALL(c, KGC_COLLECT, a);
}

static int run_option(const struct fuzz_call *c, unsigned long cmd)
{
	static const uint64_t limits[] = { 0, 1, 1 << 16, 1 << 20, 4 << 20,
		16 << 20, 1, 10, 50, 100, 200, 1000, 100000, KGC_GOGC_OFF };
	struct kgc_option o = {
		.option = c->a % 8 ? 1 + c->b % 10 : odd(c->a),
		.value = c->c % 4 ? limits[c->c / 4 % 14] : odd(c->c),
	};

	if (sh->beside && o.option == KGC_OPT_HARD_LIMIT)
		o.value = o.value % MAX_BESIDE + 1;
	return CALL(c, cmd, o);
}

static uint64_t operand(struct random *r, unsigned int i)
{
	uint32_t x = random_word(r);

	return x % 2 && i ? KGC_RESULT(x / 2 % i) :
	       x % 64 == 2 ? KGC_RESULT(i + x / 64 % 2) : handle_of(x);
}

static int run_batch(const struct fuzz_call *c)
{
	struct kgc_op *ops = WINDOW_OPS;
	struct random r = random_from(c->d);
	struct kgc_batch b = {
		.flags = c->b % 2 ? KGC_BATCH_STOP_ON_ERROR : 0,
		.nr_ops = c->a % 32 ? 1 + c->a / 32 % MAX_OPS : odd(c->a),
		.op_size = sizeof(struct kgc_op),
		.ops = (uintptr_t)(c->c % 8 ? (void *)ops :
				   buffer(c->c / 8, sizeof(struct kgc_op))),
	};
	uint32_t i, n = b.nr_ops < MAX_OPS ? b.nr_ops : MAX_OPS;
	int err;

	memset(ops, 0, MAX_OPS * sizeof(*ops));
	for (i = 0; i < n; i++) {
		struct kgc_op *op = &ops[i];
		uint32_t x = random_word(&r);

		op->op = x % 32 ? 1 + x / 32 % KGC_OP_FINALIZE : odd(x);
		/* batches that wait for many cycles find nothing new */
		if (op->op == KGC_OP_COLLECT && random_below(&r, 32))
			op->op = KGC_OP_ALLOC;
		op->handle = operand(&r, i);
		op->value = operand(&r, i);
		op->offset = offset_of(random_word(&r));
		op->type = type_of(random_word(&r));
		if (op->op == KGC_OP_READ || op->op == KGC_OP_WRITE)
			op->value = (uintptr_t)buffer(random_word(&r), 64);
		op->length = random_below(&r, 8) ? random_below(&r, 3) :
			     odd(random_word(&r));
		if (random_below(&r, 64) == 0)
			((char *)op)[random_below(&r, 64)] ^= 1;
	}
	err = CALL(c, KGC_BATCH, b);
	if (b.done <= n) {
		__atomic_fetch_add(&sh->totals.operations, b.done, 5);
		for (i = 0; i < b.done; i++) {
			if (ops[i].error || !ops[i].result)
				continue;
			if (ops[i].op == KGC_OP_WEAK_CREATE)
				keep_weak(ops[i].result);
			else if (ops[i].op == KGC_OP_ALLOC || ops[i].op == KGC_OP_LOAD)
				keep_handle(ops[i].result);
		}
	}
	return err;
}

static int run_types(const struct fuzz_call *c)
{
	struct kgc_type_list types = {
		.flags = c->d % 4 ? 0 : KGC_TYPES_CENSUS,
		.after = c->c % 4 ? c->c / 4 % 16 : odd(c->c),
		.entry_size = c->b % 8 ? sizeof(struct kgc_type_entry) : odd(c->b),
		.nr = c->a % 8 ? 1 + c->a / 8 % 8 : odd(c->a),
		.entries = (uintptr_t)buffer(c->d, 8 * sizeof(struct kgc_type_entry)),
		.cycle = c->b / 8 % 4 ? 0 : odd(c->b / 8),
	};

	return CALL(c, KGC_TYPES, types);
}

/* Heaps come and go while the kernel makes the list. */
static int run_heaps(const struct fuzz_call *c)
{
	size_t entry = c->b % 8 ? sizeof(struct kgc_heap_entry) : odd(c->b);
	uint32_t nr = c->a % 8 ? 1 + c->a / 8 % 8 : odd(c->a);
	struct kgc_heaps heaps = {
		.after = c->c % 4 ? c->c / 4 % 16 : odd(c->c),
		.entry_size = entry,
		.nr = nr,
		.entries = (uintptr_t)buffer(c->d, 8 * sizeof(struct kgc_heap_entry)),
	};

	return CALL(c, KGC_HEAPS, heaps);
}

static int run_records(const struct fuzz_call *c)
{
	size_t length = c->b % 4 ? 16 * (1 + c->b % 8) : c->b % 64;
	struct kgc_final_record *records = buffer(c->d, length);
	ssize_t got = read(sh->fd[c->fd % FUZZ_FDS], records, length);

	if (got < 0)
		return -errno;
	if ((char *)records == window)
		for (ssize_t i = 0; i < got / 16; i++)
			keep_handle(records[i].handle);
	return 0;
}

/* Any command with any argument. */
static int run_raw(const struct fuzz_call *c)
{
	struct random r = random_from(c->d);
	uint32_t *words = (void *)(window + 64), i;
	unsigned long cmd = c->a % 4 ? _IO(KGC_IOC_TYPE, c->a / 4 % 32) :
			    random_word(&r);

	for (i = 0; i < 64; i++)
		words[i] = random_below(&r, 2) ? 0 : random_word(&r);
	words[0] = c->b % 2 ? c->b / 2 % 80 * 4 : odd(c->b);
	/* some of these wait for a long time, but none forever */
	return ioctl(sh->fd[c->fd % FUZZ_FDS], cmd,
		     c->c % 8 ? words : buffer(c->c / 8, 64)) < 0 ? -errno : 0;
}

static int run_peek(const struct fuzz_call *c)
{
	static const char *const files[] = { "stats", "classes", "types", "cycles",
		"roots", "spans", "handles" };
	long heap = MODULE_WIDE;
	struct kgc_info info;
	char *text;

	if (c->a % 4 && !kgc_info(sh->fd[c->fd % FUZZ_FDS], &info))
		heap = info.heap_id;
	text = debugfs_text(heap, files[c->b % 7]);
	free(text);
	return text ? 0 : -errno;
}

static void on_alarm(int number)
{
}

static int run_signal(const struct fuzz_call *c)
{
	struct itimerval soon = {
		.it_value.tv_usec = 1 + c->c % 3000,
		.it_interval.tv_usec = c->b % 4 ? 0 : 500 + c->d % 2000,
	};

	return setitimer(ITIMER_REAL, &soon, NULL);
}

static int run_protect(const struct fuzz_call *c)
{
	static const int kinds[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };

	protected = c->a % 3 != 2;
	return mprotect(window + PAGE, PAGE, kinds[c->a % 3]);
}

int fuzz_make_call(const struct fuzz_call *c)
{
	struct kgc_info info = { 0 };
	struct kgc_stats stats = { 0 };
	struct kgc_scavenge scavenge = { 0 };
	struct kgc_finalize finalize = { .handle = handle_of(c->a), .cookie = c->d };
	struct kgc_finalize cancel = { .handle = handle_of(c->a),
				       .cookie = c->d % 8 ? 0 : c->d };
	struct pollfd pfd = { .fd = sh->fd[c->fd % FUZZ_FDS], .events = c->b };

	switch (c->kind) {
	case FUZZ_OPEN:		return run_open(c);
	case FUZZ_CLOSE:	return run_close(c);
	case FUZZ_SHARE:	return run_share(c);
	case FUZZ_INFO:		return CALL(c, KGC_INFO, info);
	case FUZZ_TYPE:		return run_type(c);
	case FUZZ_ALLOC:	return run_alloc(c);
	case FUZZ_LOAD:		return run_access(c, KGC_LOAD);
	case FUZZ_STORE:	return run_access(c, KGC_STORE);
	case FUZZ_XCHG:		return run_access(c, KGC_XCHG);
	case FUZZ_READ:		return run_bytes(c, KGC_READ);
	case FUZZ_WRITE:	return run_bytes(c, KGC_WRITE);
	case FUZZ_DUP:		return run_handle(c, KGC_DUP);
	case FUZZ_DROP:		return run_drop(c);
	case FUZZ_OBJECT:	return run_handle(c, KGC_OBJECT_INFO);
	case FUZZ_COLLECT:	return run_collect(c);
	case FUZZ_GET:		return run_option(c, KGC_OPTION_GET);
	case FUZZ_SET:		return run_option(c, KGC_OPTION_SET);
	case FUZZ_STATS:	return CALL(c, KGC_STATS, stats);
	case FUZZ_BATCH:	return run_batch(c);
	case FUZZ_SCAVENGE:	return CALL(c, KGC_SCAVENGE, scavenge);
	case FUZZ_WEAK:		return run_handle(c, KGC_WEAK_CREATE);
	case FUZZ_WEAK_GET:	return run_handle(c, KGC_WEAK_GET);
	case FUZZ_WEAK_DROP:	return run_handle(c, KGC_WEAK_DROP);
	case FUZZ_FINALIZE:	return c->b % 4 ? CALL(c, KGC_FINALIZE, finalize) :
					CALL(c, KGC_FINALIZE_CANCEL, cancel);
	case FUZZ_RECORDS:	return run_records(c);
	case FUZZ_POLL:		return poll(&pfd, 1, c->c % 3) < 0 ? -errno : 0;
	case FUZZ_RAW:		return run_raw(c);
	case FUZZ_PROTECT:	return run_protect(c);
	case FUZZ_SIGNAL:	return run_signal(c);
	case FUZZ_PEEK:		return run_peek(c);
	case FUZZ_HEAPS:	return run_heaps(c);
	case FUZZ_TYPES:	return run_types(c);
	default:		return 0;
	}
}

void fuzz_map_window(void)
{
	struct sigaction ignore = { .sa_handler = on_alarm };

	/* without SA_RESTART, so that the signal interrupts calls */
	sigaction(SIGALRM, &ignore, NULL);
	window = mmap(WINDOW, 4 * PAGE + MAX_OPS * sizeof(struct kgc_op),
		      PROT_READ | PROT_WRITE,
		      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
	mprotect(window + 2 * PAGE, PAGE, PROT_NONE);
}

void fuzz_clear_window(void)
{
	memset(window, 0, PAGE);
	mprotect(window + PAGE, PAGE, PROT_READ | PROT_WRITE);
	protected = false;
}
