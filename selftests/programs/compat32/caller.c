// SPDX-License-Identifier: GPL-2.0
/*
 * A 32-bit program without a C library: it makes the calls compat32.c wants
 * made and tells by its exit status which one went wrong, 0 for none.
 */
#include <linux/kgc.h>

typedef unsigned int word;

static int call(word number, word a, word b, word c)
{
	int result;

	asm volatile("int $0x80" : "=a"(result)
		     : "a"(number), "b"(a), "c"(b), "d"(c) : "memory");
	return result;
}

static void leave(int status)
{
	for (;;)
		call(1, status, 0, 0);
}

static int request(int heap, word command, void *argument)
{
	return call(54, heap, command, (word)argument);
}

#define ADDRESS(object) ((__u64)(word)(object))
#define STEP(condition) do { step++; if (!(condition)) leave(step); } while (0)

/* The layout a 64-bit kernel sees must be this one. */
_Static_assert(sizeof(struct kgc_op) == 64, "kgc_op");
_Static_assert(sizeof(struct kgc_type_register) == 40, "kgc_type_register");
_Static_assert(sizeof(struct kgc_alloc) == 40, "kgc_alloc");
_Static_assert(sizeof(struct kgc_access) == 32, "kgc_access");
_Static_assert(sizeof(struct kgc_bytes) == 40, "kgc_bytes");
_Static_assert(sizeof(struct kgc_batch) == 32, "kgc_batch");
_Static_assert(sizeof(struct kgc_final_record) == 16, "kgc_final_record");

/* No libc, so no memset for the compiler to call. */
void *memset(void *at, int byte, __SIZE_TYPE__ length)
{
	volatile char *to = at;

	while (length--)
		*to++ = byte;
	return at;
}

static struct kgc_info info;
static struct kgc_stats stats;
static struct kgc_op ops[4];

void _start(void)
{
	static const char path[] = "/dev/kgc";
	struct kgc_field field = { 0, KGC_TYPE_SELF };
	struct kgc_type_register type = {
		.size = sizeof(type), .object_size = 24, .nr_fields = 1,
		.fields = ADDRESS(&field),
	};
	__u64 handle = 0, value = 0x123456789abcdef0ULL, back = 0;
	struct kgc_alloc alloc = { .size = sizeof(alloc), .nr = 1,
				   .handles = ADDRESS(&handle) };
	struct kgc_bytes bytes = { .size = sizeof(bytes), .offset = 8,
				   .length = 8, .addr = ADDRESS(&value) };
	struct kgc_batch batch = { .size = sizeof(batch), .nr_ops = 4,
				   .op_size = sizeof(ops[0]),
				   .ops = ADDRESS(ops) };
	struct kgc_collect collect = { .size = sizeof(collect), .cycles = 2,
				       .flags = KGC_COLLECT_WAIT };
	int step = 0, heap = call(5, (word)path, 2, 0);

	STEP(heap >= 0);
	info.size = sizeof(info);
	STEP(request(heap, KGC_INFO, &info) == 0);
	STEP(info.abi_version == KGC_ABI_VERSION);
	STEP(request(heap, KGC_TYPE_REGISTER, &type) == 0);
	alloc.type = type.type;
	STEP(request(heap, KGC_ALLOC, &alloc) == 0);
	STEP(handle != 0);
	bytes.handle = handle;
	STEP(request(heap, KGC_WRITE, &bytes) == 0);
	bytes.addr = ADDRESS(&back);
	STEP(request(heap, KGC_READ, &bytes) == 0);
	STEP(back == value);
	/* Upper halves of 64-bit members count. */
	bytes.addr = ADDRESS(&back) | 1ULL << 32;
	STEP(request(heap, KGC_READ, &bytes) == -14);
	bytes.addr = ADDRESS(&back);
	bytes.offset = 8 | 1ULL << 32;
	STEP(request(heap, KGC_READ, &bytes) == -22);
	ops[0].op = KGC_OP_ALLOC;
	ops[0].type = type.type;
	ops[1].op = KGC_OP_STORE;
	ops[1].handle = handle;
	ops[1].value = KGC_RESULT(0);
	ops[2].op = KGC_OP_DROP;
	ops[2].handle = KGC_RESULT(0);
	ops[3].op = KGC_OP_LOAD;
	ops[3].handle = handle;
	STEP(request(heap, KGC_BATCH, &batch) == 0);
	STEP(batch.done == 4 && batch.failed == 0);
	STEP(ops[3].result != 0);
	STEP(request(heap, KGC_COLLECT, &collect) == 0);
	stats.size = sizeof(stats);
	STEP(request(heap, KGC_STATS, &stats) == 0);
	STEP(stats.heap_objects == 2 && stats.mallocs == 2);
	STEP(request(heap, KGC_INFO ^ 0x7f, &info) == -25);
	leave(0);
}
