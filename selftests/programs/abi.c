// SPDX-License-Identifier: GPL-2.0
/*
 * Every command checks its argument alike: the size at its beginning, its flags, its
 * reserved members and its address. Each test runs once for each command, with a sample
 * argument. abi_errors.c and abi_batch.c test the errors that only some commands have.
 */
#include <assert.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "heap.h"

/* What the sample arguments refer to; the fixture makes a new one for each test. */
struct world {
	int heap;
	int type;
	__u64 object, target, weak;
	__u64 handles[2];
	__u8 bytes[8];
	struct kgc_field field;
	struct kgc_op op;
	struct kgc_heap_entry entry;
	struct kgc_type_entry type_entry;
};

union argument {
	__u32 size;
	struct kgc_info info;
	struct kgc_type_register type_register;
	struct kgc_alloc alloc;
	struct kgc_access access;
	struct kgc_bytes bytes;
	struct kgc_handle handle;
	struct kgc_drop drop;
	struct kgc_collect collect;
	struct kgc_option option;
	struct kgc_option_info option_info;
	struct kgc_stats stats;
	struct kgc_batch batch;
	struct kgc_scavenge scavenge;
	struct kgc_finalize finalize;
	struct kgc_heaps heaps;
	struct kgc_type_list types;
	struct kgc_snapshot snapshot;
	__u8 room[4096];
};

static void sample_nothing(struct world *world, union argument *arg)
{
}

static void sample_type(struct world *world, union argument *arg)
{
	world->field = (struct kgc_field){ 0, KGC_TYPE_SELF };
	arg->type_register.object_size = 16;
	arg->type_register.nr_fields = 1;
	arg->type_register.fields = (uintptr_t)&world->field;
}

static void sample_alloc(struct world *world, union argument *arg)
{
	arg->alloc.type = world->type;
	arg->alloc.nr = 1;
	arg->alloc.handles = (uintptr_t)world->handles;
}

static void sample_load(struct world *world, union argument *arg)
{
	arg->access.handle = world->object;
	arg->access.offset = NODE_LEFT;
}

static void sample_store(struct world *world, union argument *arg)
{
	sample_load(world, arg);
	arg->access.value = world->object;
}

static void sample_bytes(struct world *world, union argument *arg)
{
	arg->bytes.handle = world->object;
	arg->bytes.offset = NODE_WORD;
	arg->bytes.length = sizeof(world->bytes);
	arg->bytes.addr = (uintptr_t)world->bytes;
}

static void sample_handle(struct world *world, union argument *arg)
{
	arg->handle.handle = world->object;
}

static void sample_drop(struct world *world, union argument *arg)
{
	world->handles[0] = world->target;
	arg->drop.nr = 1;
	arg->drop.handles = (uintptr_t)world->handles;
}

static void sample_collect(struct world *world, union argument *arg)
{
	arg->collect.flags = KGC_COLLECT_WAIT;
	arg->collect.cycles = 1;
}

static void sample_option(struct world *world, union argument *arg)
{
	arg->option.option = KGC_OPT_GOGC;
	arg->option.value = 100;
}

static void sample_batch(struct world *world, union argument *arg)
{
	world->op = (struct kgc_op){
		.op = KGC_OP_DUP, .handle = world->object };
	arg->batch.ops = (uintptr_t)&world->op;
	arg->batch.nr_ops = 1;
	arg->batch.op_size = sizeof(world->op);
}

static void sample_weak(struct world *world, union argument *arg)
{
	arg->handle.handle = world->weak;
}

static void sample_finalize(struct world *world, union argument *arg)
{
	arg->finalize.handle = world->object;
	arg->finalize.cookie = 1;
}

static void sample_finalize_cancel(struct world *world, union argument *arg)
{
	kgc_finalize(world->heap, world->object, 1);
	arg->finalize.handle = world->object;
}

static void sample_heaps(struct world *world, union argument *arg)
{
	arg->heaps.nr = 1;
	arg->heaps.entry_size = sizeof(world->entry);
	arg->heaps.entries = (uintptr_t)&world->entry;
}

static void sample_types(struct world *world, union argument *arg)
{
	arg->types.flags = KGC_TYPES_CENSUS;
	arg->types.nr = 1;
	arg->types.entry_size = sizeof(world->type_entry);
	arg->types.entries = (uintptr_t)&world->type_entry;
}

static const struct command {
	const char *name;
	unsigned long request;
	__u32 size;
	void (*sample)(struct world *world, union argument *arg);
	__u32 flags;		/* that the command knows */
	size_t reserved;	/* offset of a reserved member, or 0 */
	bool answers;		/* the kernel writes the structure back */
	bool looks;		/* the command changes nothing */
	bool weak;		/* the fixture makes a weak handle for it */
	__u32 first;		/* size of its first version, if it has grown since */
} commands[] = {
#define COMMAND(request, type, ...) \
	{ #request, request, sizeof(struct type), __VA_ARGS__ }
	COMMAND(KGC_INFO, kgc_info, sample_nothing, .answers = true, .looks = true),
	COMMAND(KGC_TYPE_REGISTER, kgc_type_register, sample_type,
		.answers = true, .flags = KGC_TYPE_NOSCAN |
		KGC_TYPE_CONSERVATIVE | KGC_TYPE_ARRAY),
	COMMAND(KGC_ALLOC, kgc_alloc, sample_alloc, .answers = true,
		.reserved = offsetof(struct kgc_alloc, __reserved)),
	COMMAND(KGC_LOAD, kgc_access, sample_load, .answers = true),
	COMMAND(KGC_STORE, kgc_access, sample_store),
	COMMAND(KGC_XCHG, kgc_access, sample_store, .answers = true),
	COMMAND(KGC_READ, kgc_bytes, sample_bytes, .looks = true),
	COMMAND(KGC_WRITE, kgc_bytes, sample_bytes),
	COMMAND(KGC_DUP, kgc_handle, sample_handle, .answers = true),
	COMMAND(KGC_DROP, kgc_drop, sample_drop, .answers = true),
	COMMAND(KGC_OBJECT_INFO, kgc_handle, sample_handle, .answers = true, .looks = true),
	COMMAND(KGC_COLLECT, kgc_collect, sample_collect, .answers = true,
		.flags = KGC_COLLECT_WAIT | KGC_COLLECT_FINALIZERS,
		.reserved = offsetof(struct kgc_collect, __reserved)),
	COMMAND(KGC_OPTION_GET, kgc_option, sample_option, .answers = true,
		.reserved = offsetof(struct kgc_option, __reserved), .looks = true),
	COMMAND(KGC_OPTION_SET, kgc_option, sample_option,
		.reserved = offsetof(struct kgc_option, __reserved)),
	COMMAND(KGC_STATS, kgc_stats, sample_nothing, .answers = true, .looks = true,
		.first = offsetof(struct kgc_stats, held)),
	COMMAND(KGC_BATCH, kgc_batch, sample_batch, .answers = true,
		.flags = KGC_BATCH_STOP_ON_ERROR),
	COMMAND(KGC_SCAVENGE, kgc_scavenge, sample_nothing, .answers = true),
	COMMAND(KGC_WEAK_CREATE, kgc_handle, sample_handle, .answers = true,
		.weak = true),
	COMMAND(KGC_WEAK_GET, kgc_handle, sample_weak, .answers = true,
		.weak = true),
	COMMAND(KGC_WEAK_DROP, kgc_handle, sample_weak, .weak = true),
	COMMAND(KGC_FINALIZE, kgc_finalize, sample_finalize, .weak = true),
	COMMAND(KGC_OPTION_INFO, kgc_option_info, sample_nothing, .answers = true,
		.looks = true, .reserved = offsetof(struct kgc_option_info, __reserved),
		.first = offsetof(struct kgc_option_info, values)),
	COMMAND(KGC_FINALIZE_CANCEL, kgc_finalize, sample_finalize_cancel,
		.answers = true, .weak = true),
	COMMAND(KGC_HEAPS, kgc_heaps, sample_heaps, .answers = true, .looks = true),
	COMMAND(KGC_TYPES, kgc_type_list, sample_types, .answers = true,
		.flags = KGC_TYPES_CENSUS),
	COMMAND(KGC_SNAPSHOT, kgc_snapshot, sample_nothing, .answers = true,
		.reserved = offsetof(struct kgc_snapshot, __reserved)),
};

FIXTURE(command) {
	struct world world;
	union argument *arg;	/* fills the first of two pages */
	__u8 *pages;
};

FIXTURE_VARIANT(command) {
	const struct command *of;
};

#define VARIANT(number, name) \
	FIXTURE_VARIANT_ADD(command, name) { .of = &commands[number] }
VARIANT(0, info);
VARIANT(1, type_register);
VARIANT(2, alloc);
VARIANT(3, load);
VARIANT(4, store);
VARIANT(5, xchg);
VARIANT(6, read);
VARIANT(7, write);
VARIANT(8, dup);
VARIANT(9, drop);
VARIANT(10, object_info);
VARIANT(11, collect);
VARIANT(12, option_get);
VARIANT(13, option_set);
VARIANT(14, stats);
VARIANT(15, batch);
VARIANT(16, scavenge);
VARIANT(17, weak_create);
VARIANT(18, weak_get);
VARIANT(19, weak_drop);
VARIANT(20, finalize);
VARIANT(21, option_info);
VARIANT(22, finalize_cancel);
VARIANT(23, heaps);
VARIANT(24, types);
VARIANT(25, snapshot);
static_assert(ARRAY_SIZE(commands) == 26, "a variant for every command");

/* The fixture maps two pages, with nothing mapped behind them. */
#define PAGE 4096UL

FIXTURE_SETUP(command)
{
	struct world *world = &self->world;

	world->heap = kgc_open();
	ASSERT_GE(world->heap, 0) {
		TH_LOG("cannot open %s: is the module loaded?", KGC_DEVICE);
	}
	world->type = register_node(world->heap);
	ASSERT_GT(world->type, 0);
	ASSERT_EQ(0, kgc_alloc(world->heap, world->type, 0, &world->object));
	ASSERT_EQ(0, kgc_alloc(world->heap, world->type, 0, &world->target));
	ASSERT_EQ(0, kgc_store(world->heap, world->object, NODE_LEFT,
			       world->target));
	if (variant->of->weak)
		ASSERT_EQ(0, kgc_weak_create(world->heap, world->object,
					     &world->weak));
	self->pages = mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->pages);
	munmap(self->pages + 2 * PAGE, PAGE);
	self->arg = (union argument *)self->pages;
	self->arg->size = variant->of->size;
	variant->of->sample(world, self->arg);
}

FIXTURE_TEARDOWN(command)
{
	kgc_close(self->world.heap);
	munmap(self->pages, 2 * PAGE);
}

static int issue(int heap, const struct command *of, void *arg)
{
	struct kgc_snapshot *snapshot = arg;

	if (ioctl(heap, of->request, arg) < 0)
		return -errno;
	/* a heap has one snapshot at a time */
	if (of->request == KGC_SNAPSHOT) {
		close(snapshot->fd);
		snapshot->fd = 0;
	}
	return 0;
}

TEST_F(command, the_sample_is_right)
{
	EXPECT_EQ(0, issue(self->world.heap, variant->of, self->arg));
}

TEST_F(command, a_size_below_the_first_version_is_einval)
{
	__u32 first = variant->of->first ?: variant->of->size;

	for (__u32 size = 0; size < first; size++) {
		self->arg->size = size;
		EXPECT_EQ(-EINVAL, issue(self->world.heap, variant->of,
					 self->arg)) {
			TH_LOG("size %u", size);
		}
	}
}

/* A caller that was built with the first header passes the size of that time. */
TEST_F(command, the_first_version_is_served)
{
	__u32 first = variant->of->first ?: variant->of->size;

	self->arg->size = first;
	memset(self->arg->room + first, 0xee, 64);
	EXPECT_EQ(0, issue(self->world.heap, variant->of, self->arg));
	EXPECT_EQ(first, self->arg->size);
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(0xee, self->arg->room[first + i]);
}

TEST_F(command, an_unknown_tail_must_be_zero)
{
	__u32 size = variant->of->size;
	int last;

	for (__u32 longer = size + 1; longer <= size + 9; longer += 8) {
		last = longer - 1;
		self->arg->size = longer;
		self->arg->room[last] = 1;
		EXPECT_EQ(-E2BIG, issue(self->world.heap, variant->of,
					self->arg));
		self->arg->room[last] = 0;
	}
	self->arg->size = size + 8;
	EXPECT_EQ(0, issue(self->world.heap, variant->of, self->arg));
}

TEST_F(command, nothing_is_written_beyond_size)
{
	memset(self->arg->room + variant->of->size, 0xee, 64);
	ASSERT_EQ(0, issue(self->world.heap, variant->of, self->arg));
	EXPECT_EQ(variant->of->size, self->arg->size);
	for (int i = 0; i < 64; i++)
		EXPECT_EQ(0xee, self->arg->room[variant->of->size + i]);
}

TEST_F(command, unknown_flags_and_reserved_members_are_refused)
{
	__u32 *flags = (__u32 *)self->arg + 1;
	__u32 sample = *flags;

	for (int bit = 0; bit < 32; bit++) {
		if (variant->of->flags & 1U << bit)
			continue;
		*flags = sample | 1U << bit;
		EXPECT_EQ(-EOPNOTSUPP, issue(self->world.heap, variant->of,
					     self->arg)) {
			TH_LOG("bit %d", bit);
		}
	}
	*flags = sample;
	if (variant->of->reserved) {
		self->arg->room[variant->of->reserved] = 1;
		EXPECT_EQ(-EINVAL, issue(self->world.heap, variant->of,
					 self->arg));
	}
}

TEST_F(command, a_structure_that_cannot_be_read_is_efault)
{
	__u8 *edge = self->pages + 2 * PAGE;
	__u32 size = variant->of->size;

	EXPECT_EQ(-EFAULT, issue(self->world.heap, variant->of, NULL));
	EXPECT_EQ(-EFAULT, issue(self->world.heap, variant->of, edge));
	EXPECT_EQ(-EFAULT, issue(self->world.heap, variant->of,
				 (void *)0xffff888000000000UL));
	/* The size can be read, the rest cannot. */
	memcpy(edge - 8, self->arg, 8);
	EXPECT_EQ(-EFAULT, issue(self->world.heap, variant->of, edge - 8));
	/* The known part can be read, the tail cannot. */
	memcpy(edge - size, self->arg, size);
	*(__u32 *)(edge - size) = size + 8;
	EXPECT_EQ(-EFAULT, issue(self->world.heap, variant->of, edge - size));
	/* A structure that ends at the edge is good. */
	*(__u32 *)(edge - size) = size;
	EXPECT_EQ(0, issue(self->world.heap, variant->of, edge - size));
}

/* The structure is read-only. A command that writes no answer into it may succeed. */
TEST_F(command, an_answer_that_cannot_be_written_changes_nothing)
{
	struct kgc_stats before, after;
	__u64 found, mark = 4711, word = 0;
	int err;

	ASSERT_EQ(0, kgc_write(self->world.heap, self->world.target, NODE_WORD,
			       &mark, sizeof(mark)));
	before = stats_of(self->world.heap);
	ASSERT_EQ(0, mprotect(self->pages, PAGE, PROT_READ));
	err = issue(self->world.heap, variant->of, self->arg);
	if (!err && !variant->of->answers)
		return;
	EXPECT_EQ(-EFAULT, err);
	after = stats_of(self->world.heap);
	EXPECT_EQ(before.handles, after.handles);
	EXPECT_EQ(before.types, after.types);
	/* Nothing was dropped, and nothing exchanged. */
	EXPECT_EQ(0, kgc_object_info(self->world.heap, self->world.target,
				     NULL, NULL));
	ASSERT_EQ(0, kgc_load(self->world.heap, self->world.object, NODE_LEFT,
			      &found));
	ASSERT_EQ(0, kgc_read(self->world.heap, found, NODE_WORD, &word,
			      sizeof(word)));
	EXPECT_EQ(mark, word);
}

/* A read-only descriptor takes no command that changes the heap; a write-only one all. */
TEST_F(command, a_descriptor_that_may_not_write_changes_nothing)
{
	int reader = open(KGC_DEVICE, O_RDONLY), writer = open(KGC_DEVICE, O_WRONLY);
	struct kgc_final_record record;

	ASSERT_GE(reader, 0);
	ASSERT_GE(writer, 0);
	EXPECT_EQ(variant->of->looks, issue(reader, variant->of, self->arg) != -EBADF);
	EXPECT_NE(-EBADF, issue(writer, variant->of, self->arg));
	EXPECT_EQ(-1, read(writer, &record, sizeof(record)));
	EXPECT_EQ(EBADF, errno);
	close(reader);
	close(writer);
}

TEST_F(heap, an_unknown_command_is_enotty)
{
	static const unsigned long unknown[] = {
		_IO(KGC_IOC_TYPE, ARRAY_SIZE(commands)), _IO(KGC_IOC_TYPE, 0x7f),
		_IO(KGC_IOC_TYPE, 0xff), _IO('x', 0), 0, 0x5401,
		_IOW(KGC_IOC_TYPE, 0, int), ~0UL,
	};
	union argument arg = { .size = sizeof(arg) };

	for (size_t i = 0; i < ARRAY_SIZE(unknown); i++) {
		EXPECT_EQ(-1, ioctl(self->fd, unknown[i], &arg));
		EXPECT_EQ(ENOTTY, errno) {
			TH_LOG("command %lx", unknown[i]);
		}
	}
}

TEST(the_node_is_for_root_only)
{
	struct stat st;

	ASSERT_EQ(0, stat(KGC_DEVICE, &st));
	EXPECT_EQ(0600 | S_IFCHR, st.st_mode);
	EXPECT_EQ(0, st.st_uid);
}

TEST_F(heap, a_descriptor_cannot_be_mapped)
{
	EXPECT_EQ(MAP_FAILED, mmap(NULL, 4096, PROT_READ, MAP_SHARED, self->fd, 0));
	EXPECT_EQ(ENODEV, errno);
}

TEST_F(heap, info_is_consistent)
{
	struct kgc_info *info = &self->info;

	EXPECT_EQ(KGC_ABI_VERSION, info->abi_version);
	EXPECT_EQ(0, info->features & ~KGC_FEATURE_DEBUG);
	EXPECT_EQ(0, info->page_size & (info->page_size - 1));
	EXPECT_GE(info->max_small, 1024);
	EXPECT_GE(info->max_object, info->max_small);
	EXPECT_GE(info->max_object, 100 << 10);
	EXPECT_GT(info->nr_classes, 10);
	EXPECT_GE(info->max_batch, 4096);
	EXPECT_GE(info->max_handles, 1 << 16);
	EXPECT_GE(info->max_types, 16);
}

TEST_HARNESS_MAIN
