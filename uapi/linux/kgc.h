/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/kgc: a garbage-collected heap per open file.
 *
 * Every ioctl takes a pointer to a structure whose first member is its size
 * in bytes as the caller knows it. A kernel that knows a longer structure
 * reads the missing tail as zero; a kernel that knows a shorter one refuses a
 * tail that is not zero with E2BIG. On success the kernel writes back at most
 * @size bytes. Reserved members must be zero. On failure it writes back as much;
 * of the members marked "out" only the counts named @done then mean anything, and
 * the number of the cycle when KGC_COLLECT ends with EINTR.
 *
 * Errors common to all commands:
 *
 * ========== ==============================================================
 * ENOTTY     unknown command
 * EINVAL     @size is smaller than the first version of the structure, a
 *            reserved member is not zero, or a value is out of its range
 * E2BIG      the structure is longer than the kernel's and the tail is not 0,
 *            or it is longer than a page
 * EOPNOTSUPP a flag or option this kernel does not know
 * EFAULT     a user pointer cannot be read or written. An argument structure
 *            that cannot is found out before anything has changed, unless it
 *            is unmapped meanwhile; of an array, the part before the fault
 *            has been worked on and @done tells how much
 * EPERM      conservative types need CAP_SYSLOG, setting an option for debugging
 *            or KGC_OPT_EXPEDITE needs CAP_SYS_ADMIN
 * EBADF      a command that changes the heap, on a descriptor that is not open for
 *            writing: all but KGC_INFO, KGC_READ, KGC_OBJECT_INFO, KGC_OPTION_GET,
 *            KGC_OPTION_INFO, KGC_STATS and KGC_HEAPS; read() on one that is not open
 *            for reading
 * ENOENT     a handle that is not open: never issued, dropped, or stale; an object
 *            without a finalizer that could be called off
 * ENOMEM     no memory in the machine or in the cgroup, or what the call needs would
 *            pass the heap's hard limit, or the module's cap on all heaps; open()
 *            fails so as well. Handles, types and finalizers count like objects
 * ENOSPC     the type table or the handle table is full
 * EEXIST     the object has a finalizer
 * ENAMETOOLONG a name is longer than KGC_TYPE_NAME_MAX allows
 * EAGAIN     read() of a file opened with O_NONBLOCK, and there is no record
 * EINTR      a signal came while waiting, or ends the process; a cycle asked
 *            for goes on
 * EIO        the heap has been set aside: the module found it damaged, and it has no
 *            cycles any more. Allocations go on until they reach a limit
 * ========== ==============================================================
 */
#ifndef _UAPI_LINUX_KGC_H
#define _UAPI_LINUX_KGC_H

#include <linux/ioctl.h>
#include <linux/types.h>

#define KGC_ABI_VERSION		1
#define KGC_IOC_TYPE		0xC7

/* Handle 0 is the NULL pointer. It is never issued. */
#define KGC_NULL_HANDLE		0ULL

#define KGC_RESULT_BIT		(1ULL << 63)

/**
 * KGC_RESULT() - name the handle an earlier operation of the same batch made
 * @i: index of that operation, smaller than the index of the one using it
 *
 * May stand wherever a batch operation takes a handle. ENOENT when operation
 * @i made no handle or failed; a NULL pointer it loaded reads as handle 0.
 */
#define KGC_RESULT(i)		(KGC_RESULT_BIT | (__u64)(i))

/**
 * struct kgc_info - KGC_INFO: what this module and this heap are
 * @size: sizeof(struct kgc_info)
 * @flags: must be 0
 * @abi_version: out: KGC_ABI_VERSION of the module
 * @heap_id: out: number of the heap, its directory name in debugfs
 * @page_size: out: bytes in a heap page
 * @nr_classes: out: size classes, class 0 (large objects) included
 * @max_small: out: largest object in bytes served from a size class
 * @max_object: out: largest object in bytes the heap can hold
 * @max_types: out: types a heap can register
 * @max_handles: out: handles a heap can have open
 * @max_batch: out: operations one KGC_BATCH may carry
 * @features: out: KGC_FEATURE_* bits
 */
struct kgc_info {
	__u32 size;
	__u32 flags;
	__u32 abi_version;
	__u32 heap_id;
	__u32 page_size;
	__u32 nr_classes;
	__u32 max_small;
	__u32 max_object;
	__u32 max_types;
	__u32 max_handles;
	__u32 max_batch;
	__u32 features;
};

#define KGC_FEATURE_DEBUG	(1U << 0)	/* built with KGC_DEBUG=1 */

/* A type id naming the type being registered itself, in kgc_field.target. */
#define KGC_TYPE_SELF		0xffffffffU
#define KGC_TYPE_ANY		0U

#define KGC_TYPE_NAME_MAX	32

/*
 * Most fields of a type: one element is one step of marking, and its description is
 * 64 KiB. What has more pointers is an array (KGC_TYPE_ARRAY).
 */
#define KGC_MAX_FIELDS		8192

/* struct kgc_type_register.flags; the first two exclude fields and each other */
#define KGC_TYPE_NOSCAN		(1U << 0)	/* holds no pointers */
#define KGC_TYPE_CONSERVATIVE	(1U << 1)	/* every word may be a pointer */
#define KGC_TYPE_ARRAY		(1U << 2)	/* an element, repeated to the end */

/**
 * struct kgc_field - one pointer field of a type
 * @offset: bytes from the start of the object (of the element for arrays),
 *	a multiple of 8
 * @target: id of the only type the field may point to, KGC_TYPE_SELF, or
 *	KGC_TYPE_ANY
 */
struct kgc_field {
	__u32 offset;
	__u32 target;
};

/**
 * struct kgc_type_register - KGC_TYPE_REGISTER: describe objects to the heap
 * @size: sizeof(struct kgc_type_register)
 * @flags: KGC_TYPE_*
 * @object_size: bytes in an object; for KGC_TYPE_ARRAY bytes in one element,
 *	then a multiple of 8 unless the type is KGC_TYPE_NOSCAN
 * @align: alignment in bytes, a power of two up to 4096; 0 means 8, or where
 *	@object_size is smaller the largest power of two that divides it
 * @nr_fields: entries at @fields; at most @object_size / 8, and KGC_MAX_FIELDS
 * @type: must be 0; out: id, a small positive number
 * @name: user address of a NUL-terminated name shorter than
 *	KGC_TYPE_NAME_MAX; 0 for none
 * @fields: user address of struct kgc_field[@nr_fields]; offsets ascend
 *
 * EINVAL for a size of 0 or over kgc_info.max_object, a bad alignment, fields
 * that are unaligned, repeated, unsorted, outside the object or too many, a target
 * that is no type, or fields together with NOSCAN or CONSERVATIVE. ENAMETOOLONG for
 * a name without its NUL. ENOSPC when the type table is full. EPERM for
 * CONSERVATIVE without CAP_SYSLOG: a program that may write any word and watch what it
 * is taken for can find out which kernel addresses hold objects.
 */
struct kgc_type_register {
	__u32 size;
	__u32 flags;
	__u32 object_size;
	__u32 align;
	__u32 nr_fields;
	__u32 type;
	__aligned_u64 name;
	__aligned_u64 fields;
};

/**
 * struct kgc_alloc - KGC_ALLOC: allocate zeroed objects
 * @size: sizeof(struct kgc_alloc)
 * @flags: must be 0
 * @type: type id
 * @count: elements per object for KGC_TYPE_ARRAY types, else 0 or 1
 * @nr: objects to allocate, at least 1
 * @done: must be 0; out: objects allocated and handles written
 * @handles: user address of __u64[@nr], receives one handle per object
 * @__reserved: must be 0
 *
 * EINVAL for an unknown type, @nr of 0 or a size over kgc_info.max_object.
 * The call waits for a second at most with an object that a limit refuses, while a
 * cycle is to be expected that may make room. When memory or handles run out after
 * some objects the call fails with ENOMEM or ENOSPC, @done tells how many handles
 * stand. EFAULT drops the handles that could not be delivered.
 */
struct kgc_alloc {
	__u32 size;
	__u32 flags;
	__u32 type;
	__u32 nr;
	__u64 count;
	__aligned_u64 handles;
	__u32 done;
	__u32 __reserved;
};

/**
 * struct kgc_access - KGC_LOAD, KGC_STORE, KGC_XCHG: pointer fields
 * @size: sizeof(struct kgc_access)
 * @flags: must be 0
 * @handle: the object
 * @offset: bytes from its start to a pointer field; every aligned word of a
 *	conservative object is one
 * @value: in (STORE, XCHG): handle of the new target or 0; in (LOAD): must be
 *	0; out (LOAD, XCHG): a new handle to the target found, or 0 for NULL
 *
 * EINVAL when @offset is no pointer field, or the field is declared for
 * another target type. In a conservative object a word that is no address of
 * a live object loads as 0.
 */
struct kgc_access {
	__u32 size;
	__u32 flags;
	__u64 handle;
	__u64 offset;
	__u64 value;
};

/**
 * struct kgc_bytes - KGC_READ, KGC_WRITE: plain bytes of an object
 * @size: sizeof(struct kgc_bytes)
 * @flags: must be 0
 * @handle: the object
 * @offset: first byte
 * @length: bytes, at least 1
 * @addr: user buffer
 *
 * EINVAL when the range leaves the object or overlaps a pointer field (reads
 * too: addresses are not shown). Conservative objects may be written, each
 * word through the barrier; what is read from them has words that are
 * addresses of this heap replaced by 0.
 */
struct kgc_bytes {
	__u32 size;
	__u32 flags;
	__u64 handle;
	__u64 offset;
	__u64 length;
	__aligned_u64 addr;
};

/**
 * struct kgc_handle - KGC_DUP, KGC_OBJECT_INFO, weak handles
 * @size: sizeof(struct kgc_handle)
 * @flags: must be 0
 * @handle: in: the handle
 * @result: out: DUP, WEAK_CREATE, WEAK_GET: the new handle; WEAK_GET: 0 when
 *	the object is dead
 * @type: out: OBJECT_INFO: type id
 * @object_size: out: OBJECT_INFO: usable bytes
 */
struct kgc_handle {
	__u32 size;
	__u32 flags;
	__u64 handle;
	__u64 result;
	__u32 type;
	__u32 object_size;
};

/**
 * struct kgc_drop - KGC_DROP: close handles
 * @size: sizeof(struct kgc_drop)
 * @flags: must be 0
 * @nr: handles at @handles, at least 1
 * @done: must be 0; out: handles dropped; stops at the first bad one with ENOENT
 * @handles: user address of __u64[@nr]
 */
struct kgc_drop {
	__u32 size;
	__u32 flags;
	__u32 nr;
	__u32 done;
	__aligned_u64 handles;
};

#define KGC_COLLECT_WAIT	(1U << 0)	/* return when the cycles are over */
#define KGC_COLLECT_FINALIZERS	(1U << 1)	/* and when their records have been read */

/**
 * struct kgc_collect - KGC_COLLECT: ask for full cycles
 * @size: sizeof(struct kgc_collect)
 * @flags: KGC_COLLECT_*
 * @cycles: cycles that must begin after this call, 1 or 2; two free all
 *	precisely typed garbage that exists now
 * @__reserved: must be 0
 * @cycle: out: number of the cycle that will satisfy the request; compare
 *	with kgc_stats.num_gc
 *
 * Two cycles do not free what an object with a finalizer refers to before its record
 * has been read and the handle in it dropped; for that two more are needed. Neither
 * do they free what a word of a conservative object names, or an object of up to 8
 * bytes without pointers while another one is alive in its block of 16 bytes.
 *
 * With KGC_COLLECT_FINALIZERS, which needs KGC_COLLECT_WAIT (EINVAL otherwise), the call
 * also waits until another thread has read the record of every object that was found
 * dead. EINTR when a signal ends the wait; the cycles go on. EIO when the heap has been
 * set aside.
 */
struct kgc_collect {
	__u32 size;
	__u32 flags;
	__u32 cycles;
	__u32 __reserved;
	__u64 cycle;
};

/* Options of a heap, for struct kgc_option. Values are 64-bit. */
enum kgc_option_id {
	KGC_OPT_GOGC = 1,	/* percent of growth before a cycle; KGC_GOGC_OFF */
	/*
	 * Longest time until a cycle begins, after the first allocation, dropped
	 * handle, STORE, XCHG, or WRITE to a conservative object, that follows the
	 * last one; 0 is never. In the kernel kgc_root_del() counts, kgc_store() does
	 * not
	 */
	KGC_OPT_PERIOD_MS = 2,
	KGC_OPT_SOFT_LIMIT = 3,	/* bytes of objects that the goal does not exceed; 0 is none */
	KGC_OPT_HARD_LIMIT = 4,	/* kgc_stats.held; at it calls fail; 0 is none */
	KGC_OPT_CPU_PERCENT = 5, /* of all CPUs, background marking, 1..100 */
	KGC_OPT_VERIFY = 6,	/* for debugging; 1: check marks; 2: and trace */
	KGC_OPT_TRACK_SECTIONS = 7, /* for debugging; 1: note open sections */
	KGC_OPT_SCAVENGE = 8,	/* enum kgc_scavenge_policy */
	KGC_OPT_HARDEN = 9,	/* KGC_HARDEN_* bits */
	KGC_OPT_EXPEDITE = 10,	/* enum kgc_expedite_policy; needs CAP_SYS_ADMIN */
};

#define KGC_GOGC_OFF		0xffffffffffffffffULL

enum kgc_scavenge_policy {
	KGC_SCAVENGE_LAZY = 0,	/* in the background, with hysteresis */
	KGC_SCAVENGE_NOW = 1,	/* as soon as an arena is empty */
};

/* Whether grace periods may be expedited, which disturbs CPUs that the heap does not use */
enum kgc_expedite_policy {
	KGC_EXPEDITE_BUDGET = 0, /* within the heap's part of the module's budget */
	KGC_EXPEDITE_NEVER = 1,
	KGC_EXPEDITE_ALWAYS = 2, /* beyond the budget */
};

#define KGC_HARDEN_RANDOM	(1U << 0)	/* random order within a span */
#define KGC_HARDEN_POISON	(1U << 1)	/* freed memory is overwritten */

/**
 * struct kgc_option - KGC_OPTION_GET, KGC_OPTION_SET
 * @size: sizeof(struct kgc_option)
 * @flags: must be 0
 * @option: enum kgc_option_id; EOPNOTSUPP when unknown
 * @__reserved: must be 0
 * @value: in or out; EINVAL when out of range
 *
 * Setting KGC_OPT_VERIFY, KGC_OPT_TRACK_SECTIONS or KGC_OPT_EXPEDITE takes CAP_SYS_ADMIN
 * in the initial user namespace: EPERM, whatever the value. The first two take CPU time of
 * the machine and write to its log, the third disturbs CPUs of others.
 */
struct kgc_option {
	__u32 size;
	__u32 flags;
	__u32 option;
	__u32 __reserved;
	__u64 value;
};

#define KGC_OPTION_NAME_MAX	24

/* struct kgc_option_info.attributes */
#define KGC_OPTION_HAS_OFF	(1U << 0)	/* @off switches it off */
#define KGC_OPTION_BITS		(1U << 1)	/* a set of bits, of those in @max */
#define KGC_OPTION_PRIVILEGED	(1U << 2)	/* to be set by CAP_SYS_ADMIN only */

/**
 * struct kgc_option_info - KGC_OPTION_INFO: which options there are
 * @size: sizeof(struct kgc_option_info)
 * @flags: must be 0
 * @index: 0 for the first option, 1 for the next; ENOENT behind the last
 * @option: out: enum kgc_option_id
 * @attributes: out: KGC_OPTION_* bits
 * @__reserved: must be 0
 * @min: out: smallest value
 * @max: out: largest value
 * @off: out: with KGC_OPTION_HAS_OFF the value that means "off"
 * @name: out: its name, NUL-terminated
 * @unit: out: the unit of its values, NUL-terminated; empty if there is none
 * @values: out: names of its values, each followed by a space or, the last, by
 *	NUL: of @min, @min + 1 and so on, with KGC_OPTION_BITS of bit 0, bit 1 and so
 *	on; empty where the values are numbers
 */
struct kgc_option_info {
	__u32 size;
	__u32 flags;
	__u32 index;
	__u32 option;
	__u32 attributes;
	__u32 __reserved;
	__u64 min;
	__u64 max;
	__u64 off;
	char name[KGC_OPTION_NAME_MAX];
	char unit[16];
	char values[64];
};

/* Why a cycle began; index into kgc_stats.gc_reason */
enum kgc_reason {
	KGC_REASON_GROWTH,	/* the heap reached its trigger */
	KGC_REASON_PERIOD,	/* kgc_option PERIOD_MS passed */
	KGC_REASON_REQUEST,	/* KGC_COLLECT or kgc_collect() */
	KGC_REASON_LIMIT,	/* the soft limit, or an allocation failed */
	KGC_REASON_SHRINK,	/* the machine or the cgroup is short of memory */
	KGC_NR_REASONS,
};

/* What refused a heap more memory; index into kgc_stats.refused */
enum kgc_refusal {
	KGC_REFUSAL_LIMIT,	/* KGC_OPT_HARD_LIMIT of the heap */
	KGC_REFUSAL_CAP,	/* max_bytes of the module, over all heaps */
	KGC_REFUSAL_MEMORY,	/* the machine, or the heap's cgroup, had none */
	KGC_NR_REFUSALS,
};

/**
 * struct kgc_stats - KGC_STATS: counters of this heap
 * @size: sizeof(struct kgc_stats)
 * @flags: must be 0
 * @heap_alloc: bytes of allocated objects, dead ones not yet swept included
 * @total_alloc: bytes allocated since the heap began
 * @mallocs: objects allocated since the heap began. Objects of up to 8 bytes
 *	without pointers share 16-byte blocks; a block counts as one object
 * @frees: objects found dead since the heap began
 * @heap_objects: @mallocs - @frees
 * @heap_inuse: bytes in spans with at least one object
 * @heap_idle: bytes in arenas that no span uses
 * @heap_sys: bytes taken from the kernel's page allocator
 * @heap_released: bytes given back since the heap began; never goes down, unlike
 *	HeapReleased of Go's MemStats
 * @meta_sys: bytes of metadata: spans, bitmaps, types, caches, handles, finalizers
 * @next_gc: heap size in bytes at which the next cycle should be over
 * @num_gc: cycles completed
 * @num_forced_gc: of these, on request
 * @gc_reason: cycles by enum kgc_reason
 * @gc_cpu_ns: CPU time of the collector's work items
 * @last_gc_ns: monotonic time at which the last cycle ended, 0 if none has (LastGC
 *	in debugfs is the same moment since 1970)
 * @pause_total_ns: 0: the collector never stops its mutators
 * @longest_step_ns: longest allocation that did not end in its CPU's cache, with all
 *	that it had to do or wait for: sweeping, memory from the kernel, clearing a
 *	large object, being slowed down. heap<ID>/steps in debugfs has it by cause.
 *	The barrier has no loop and is not timed
 * @live_bytes: bytes marked by the last cycle
 * @live_objects: objects marked by the last cycle
 * @handles: handles open, weak ones included
 * @types: types registered
 * @phase: enum kgc_phase
 * @gc_cpu_permille: @gc_cpu_ns over the time of all CPUs since the heap began
 * @mark_rounds: termination rounds, all cycles together
 * @mark_rounds_max: most rounds one cycle took
 * @cycle_ns: duration of the last cycle
 * @mark_ns: time its marking took
 * @held: bytes that count against the limits: @heap_sys and @meta_sys
 * @refused: by enum kgc_refusal, how often the heap wanted memory and did not get it
 * @gc_waiter_ns: CPU time that threads waiting for cycles spent on them, beyond
 *	@gc_cpu_ns
 * @gc_mutator_ns: the same of allocating threads that a cycle fell behind
 * @short_cycles: cycles for which the collectors' share of CPU time was not enough
 * @expedited: grace periods that were expedited
 * @expedite_refused: urgent grace periods that were not: the budget was used up, or
 *	the option forbids it
 */
struct kgc_stats {
	__u32 size;
	__u32 flags;
	__u64 heap_alloc;
	__u64 total_alloc;
	__u64 mallocs;
	__u64 frees;
	__u64 heap_objects;
	__u64 heap_inuse;
	__u64 heap_idle;
	__u64 heap_sys;
	__u64 heap_released;
	__u64 meta_sys;
	__u64 next_gc;
	__u64 num_gc;
	__u64 num_forced_gc;
	__u64 gc_reason[8];
	__u64 gc_cpu_ns;
	__u64 last_gc_ns;
	__u64 pause_total_ns;
	__u64 longest_step_ns;
	__u64 live_bytes;
	__u64 live_objects;
	__u64 handles;
	__u32 types;
	__u32 phase;
	__u32 gc_cpu_permille;
	__u32 mark_rounds_max;
	__u64 mark_rounds;
	__u64 cycle_ns;
	__u64 mark_ns;
	__u64 held;
	__u64 refused[4];
	__u64 gc_waiter_ns;
	__u64 gc_mutator_ns;
	__u64 short_cycles;
	__u64 expedited;
	__u64 expedite_refused;
};

#define KGC_HEAP_NAME_MAX	32

/* struct kgc_heap_entry.flags */
#define KGC_HEAP_OF_MODULE	(1U << 0)	/* made by a kernel module, not by open() */
#define KGC_HEAP_ASIDE		(1U << 1)	/* set aside: no cycle begins or ends */

/**
 * struct kgc_heap_entry - a heap, in the list of KGC_HEAPS
 * @id: its number, its directory name in debugfs
 * @uid: who opened it, in the caller's user namespace; 0 for a module's
 * @flags: KGC_HEAP_OF_MODULE, KGC_HEAP_ASIDE
 * @__reserved: 0
 * @name: NUL-terminated: process and command that opened it, or as the module says;
 *	the process has the number that the caller's PID namespace gives it
 * @created_ns: when it was opened, in monotonic time. Numbers are used again; a number
 *	and this time are not
 * @__spare: 0
 * @stats: its counters, as KGC_STATS; its @size says how much of it the entry has
 */
struct kgc_heap_entry {
	__u32 id;
	__u32 uid;
	__u32 flags;
	__u32 __reserved;
	char name[KGC_HEAP_NAME_MAX];
	__u64 created_ns;
	__u64 __spare[3];
	struct kgc_stats stats;
};

/**
 * struct kgc_heaps - KGC_HEAPS: the open heaps that the caller may see
 * @size: sizeof(struct kgc_heaps)
 * @flags: must be 0
 * @after: only heaps with numbers above this one; 0 for all
 * @entry_size: sizeof(struct kgc_heap_entry) as the caller knows it; what the kernel
 *	does not know of an entry it sets to 0
 * @nr: room at @entries, in entries, at least 1
 * @done: must be 0; out: entries written. Fewer than @nr: these were the last
 * @entries: user address of struct kgc_heap_entry[@nr]; ascends by @id
 *
 * The caller sees the heaps that were opened with its effective user in its user
 * namespace, and every heap that was opened in a namespace in which it has
 * CAP_SYS_ADMIN; of both, those that were opened in its PID namespace or one below.
 * Heaps of kernel modules take CAP_SYS_ADMIN in the initial namespace.
 *
 * The list is no snapshot: a heap that is open all the time is in it, one that is
 * opened or closed meanwhile may be. EINVAL for @nr of 0 or an @entry_size below
 * the first version, E2BIG for one over a page. EFAULT: the @done entries before
 * stand. EINTR when the process is being killed.
 */
struct kgc_heaps {
	__u32 size;
	__u32 flags;
	__u32 after;
	__u32 entry_size;
	__u32 nr;
	__u32 done;
	__aligned_u64 entries;
};

enum kgc_phase {
	KGC_PHASE_IDLE,
	KGC_PHASE_ARM,
	KGC_PHASE_MARK,
	KGC_PHASE_SETTLE,
};

/* struct kgc_op.op: which members count, and what @result holds */
enum kgc_opcode {
	KGC_OP_ALLOC = 1,	/* type, length (elements) -> handle */
	KGC_OP_LOAD = 2,	/* handle, offset -> handle or 0 */
	KGC_OP_STORE = 3,	/* handle, offset, value */
	KGC_OP_XCHG = 4,	/* handle, offset, value -> old handle or 0 */
	KGC_OP_READ = 5,	/* handle, offset, length, value (user address) */
	KGC_OP_WRITE = 6,	/* handle, offset, length, value (user address) */
	KGC_OP_READ_WORD = 7,	/* handle, offset -> 8 plain bytes */
	KGC_OP_WRITE_WORD = 8,	/* handle, offset, value (8 plain bytes) */
	KGC_OP_DUP = 9,		/* handle -> handle */
	KGC_OP_DROP = 10,	/* handle */
	KGC_OP_COLLECT = 11,	/* length (cycles), waits -> cycle number */
	KGC_OP_WEAK_CREATE = 12, /* handle -> weak handle */
	KGC_OP_WEAK_GET = 13,	/* weak handle -> handle or 0 */
	KGC_OP_WEAK_DROP = 14,	/* weak handle */
	KGC_OP_FINALIZE = 15,	/* handle, value (cookie) */
};

/**
 * struct kgc_op - one operation of a batch, 64 bytes
 * @op: enum kgc_opcode; an unknown one gets EOPNOTSUPP
 * @flags: must be 0
 * @error: out: 0 or a negative errno
 * @handle: object operated on, may be KGC_RESULT()
 * @value: second operand, see enum kgc_opcode; as a handle it may be
 *	KGC_RESULT()
 * @offset: bytes into the object
 * @length: bytes or elements
 * @type: type id
 * @__reserved: must be 0
 * @result: out: see enum kgc_opcode
 * @__reserved2: must be 0
 */
struct kgc_op {
	__u32 op;
	__u32 flags;
	__u64 handle;
	__u64 value;
	__u64 offset;
	__u64 length;
	__u32 type;
	__u32 __reserved;
	__u64 result;
	__s32 error;
	__u32 __reserved2;
};

#define KGC_BATCH_STOP_ON_ERROR	(1U << 0)	/* end at the first failure */

/**
 * struct kgc_batch - KGC_BATCH: many operations in one call
 * @size: sizeof(struct kgc_batch)
 * @flags: KGC_BATCH_*
 * @ops: user address of struct kgc_op[@nr_ops]
 * @nr_ops: at least 1, at most kgc_info.max_batch
 * @op_size: sizeof(struct kgc_op)
 * @done: out: operations carried out, failed ones included; 0 when the batch
 *	itself is refused
 * @failed: out: of these, failed ones
 *
 * The call returns 0 even if operations failed: read @failed and each @error.
 * EFAULT when @ops cannot be read or written: the @done operations before the
 * fault stand. A signal ends the batch early: 0 with @done < @nr_ops, or EINTR
 * when nothing was done. Other threads may see the batch half done.
 */
struct kgc_batch {
	__u32 size;
	__u32 flags;
	__aligned_u64 ops;
	__u32 nr_ops;
	__u32 op_size;
	__u32 done;
	__u32 failed;
};

/**
 * struct kgc_scavenge - KGC_SCAVENGE: return free memory to the kernel now
 * @size: sizeof(struct kgc_scavenge)
 * @flags: must be 0
 * @released: out: bytes returned
 */
struct kgc_scavenge {
	__u32 size;
	__u32 flags;
	__u64 released;
};

/**
 * struct kgc_finalize - KGC_FINALIZE, KGC_FINALIZE_CANCEL: be told when an object is
 * found dead, or not any more
 * @size: sizeof(struct kgc_finalize)
 * @flags: must be 0
 * @handle: the object; EEXIST when it has a finalizer already, EINVAL when it
 *	is tiny (of up to 8 bytes, without pointers): such share a block, and
 *	the block is what is found dead
 * @cookie: returned in the record; CANCEL: must be 0, out: the cookie
 *
 * When the object is found unreachable it is kept, a handle to it is made and
 * a struct kgc_final_record can be read() from the file; poll() reports
 * POLLIN. The record's reader owns the handle: dropping it lets the object
 * die, storing it brings it back. A finalizer fires once. Closing the heap drops
 * what has not been read.
 *
 * KGC_FINALIZE_CANCEL calls the finalizer of @handle off; @cookie must be 0, and
 * receives the cookie. ENOENT when there is none, or the object has been found dead.
 */
struct kgc_finalize {
	__u32 size;
	__u32 flags;
	__u64 handle;
	__u64 cookie;
};

/**
 * struct kgc_final_record - what read() returns, whole records only; readv() may split
 * one between its buffers
 * @cookie: as given to KGC_FINALIZE
 * @handle: a new handle to the object
 */
struct kgc_final_record {
	__u64 cookie;
	__u64 handle;
};

#define KGC_INFO		_IO(KGC_IOC_TYPE, 0x00)
#define KGC_TYPE_REGISTER	_IO(KGC_IOC_TYPE, 0x01)
#define KGC_ALLOC		_IO(KGC_IOC_TYPE, 0x02)
#define KGC_LOAD		_IO(KGC_IOC_TYPE, 0x03)
#define KGC_STORE		_IO(KGC_IOC_TYPE, 0x04)
#define KGC_XCHG		_IO(KGC_IOC_TYPE, 0x05)
#define KGC_READ		_IO(KGC_IOC_TYPE, 0x06)
#define KGC_WRITE		_IO(KGC_IOC_TYPE, 0x07)
#define KGC_DUP			_IO(KGC_IOC_TYPE, 0x08)
#define KGC_DROP		_IO(KGC_IOC_TYPE, 0x09)
#define KGC_OBJECT_INFO		_IO(KGC_IOC_TYPE, 0x0a)
#define KGC_COLLECT		_IO(KGC_IOC_TYPE, 0x0b)
#define KGC_OPTION_GET		_IO(KGC_IOC_TYPE, 0x0c)
#define KGC_OPTION_SET		_IO(KGC_IOC_TYPE, 0x0d)
#define KGC_STATS		_IO(KGC_IOC_TYPE, 0x0e)
#define KGC_BATCH		_IO(KGC_IOC_TYPE, 0x0f)
#define KGC_SCAVENGE		_IO(KGC_IOC_TYPE, 0x10)
#define KGC_WEAK_CREATE		_IO(KGC_IOC_TYPE, 0x11)
#define KGC_WEAK_GET		_IO(KGC_IOC_TYPE, 0x12)
#define KGC_WEAK_DROP		_IO(KGC_IOC_TYPE, 0x13)
#define KGC_FINALIZE		_IO(KGC_IOC_TYPE, 0x14)
#define KGC_OPTION_INFO		_IO(KGC_IOC_TYPE, 0x15)
#define KGC_FINALIZE_CANCEL	_IO(KGC_IOC_TYPE, 0x16)
#define KGC_HEAPS		_IO(KGC_IOC_TYPE, 0x17)

#endif /* _UAPI_LINUX_KGC_H */
