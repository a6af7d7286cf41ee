/* SPDX-License-Identifier: GPL-2.0 WITH Linux-syscall-note */
/*
 * /dev/kgc: a garbage-collected heap per open file.
 *
 * Every ioctl takes a pointer to a structure whose first member is its size
 * in bytes as the caller knows it. A kernel that knows a longer structure
 * reads the missing tail as zero. A kernel that knows a shorter one refuses a
 * tail that is not zero with E2BIG. Reserved members must be zero. The kernel
 * writes back at most @size bytes, also when the command fails. After a failure,
 * only these of the members marked "out" are valid: the counts named @done and,
 * if KGC_COLLECT ends with EINTR, the number of the cycle.
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
 * EFAULT     a user pointer cannot be read or written. If it is the argument
 *            structure, nothing has changed, unless another thread unmapped it
 *            during the call. If it is an array, the kernel has processed the
 *            @done elements before the fault
 * EPERM      a conservative type without CAP_SYSLOG; setting an option for
 *            debugging or KGC_OPT_EXPEDITE without CAP_SYS_ADMIN
 * EBADF      the descriptor is not open for writing; only KGC_INFO, KGC_READ,
 *            KGC_OBJECT_INFO, KGC_OPTION_GET, KGC_OPTION_INFO, KGC_STATS and
 *            KGC_HEAPS do not need that. Or read() of a descriptor that is not
 *            open for reading
 * ENOENT     a handle that is not open: never issued, dropped, or stale; an object
 *            that has no finalizer to cancel; no option at that index
 * ENOMEM     no memory in the machine or in the cgroup, or the call would exceed the
 *            heap's hard limit or the module's cap on all heaps. Handles, types and
 *            finalizers count like objects. open() fails so, too
 * ENOSPC     the type table or the handle table is full
 * EEXIST     the object has a finalizer
 * ENODATA    the heap has had no census of its types yet
 * ESTALE     a newer census has taken the place of the one that the caller reads
 * EBUSY      another snapshot of the heap is open
 * EMFILE     the process, or ENFILE the machine, has too many open files
 * ECANCELED  read() of a snapshot: the cycle could not wait for the reader
 * ESHUTDOWN  read() of a snapshot: the heap was closed before it was complete
 * ENAMETOOLONG a name is longer than KGC_TYPE_NAME_MAX allows
 * EAGAIN     read() of a file opened with O_NONBLOCK finds no record
 * EINTR      a signal came during a wait, or the process is being killed; a cycle
 *            asked for goes on
 * EIO        the heap has been set aside: the module found it damaged, and runs no
 *            cycles in it any more. Allocations go on until they reach a limit
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
 * It may stand wherever a batch operation takes a handle. If operation @i failed or
 * makes no handle, the operation that uses it fails with ENOENT. If operation @i
 * loaded NULL, it is handle 0.
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

/* In kgc_field.target: the type that is being registered, and any type. */
#define KGC_TYPE_SELF		0xffffffffU
#define KGC_TYPE_ANY		0U

#define KGC_TYPE_NAME_MAX	32

/*
 * Most fields of a type, for two reasons: marking scans an element in one step, and the
 * description of so many takes 64 KiB. For more pointers use KGC_TYPE_ARRAY.
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
 * @align: alignment in bytes, a power of two up to 4096. 0 means 8 or, if
 *	@object_size is below 8, the largest power of two that divides it
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
 * CONSERVATIVE without CAP_SYSLOG: a program that can write any word, and see how the
 * collector treats it, can find out which kernel addresses hold objects.
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
 * @count: elements per object for KGC_TYPE_ARRAY types, otherwise 0 or 1
 * @nr: objects to allocate, at least 1
 * @done: must be 0; out: objects allocated and handles written
 * @handles: user address of __u64[@nr], receives one handle per object
 * @__reserved: must be 0
 *
 * EINVAL for an unknown type, @nr of 0 or a size over kgc_info.max_object.
 * If a limit refuses an object although a cycle may make room, the call waits for
 * that cycle, for a second at most.
 *
 * If memory or handles run out after some objects, the call fails with
 * ENOMEM or ENOSPC, and the first @done handles are valid. On EFAULT the kernel
 * drops the handle that it could not deliver.
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
 * EINVAL when @offset is not a pointer field, or the field is declared for
 * another target type. In a conservative object, a word that is not the address of
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
 * EINVAL when the range is not in the object or overlaps a pointer field, for
 * reads, too, because the kernel shows no addresses. A program may write any word
 * of a conservative object; each goes through the write barrier. If it reads a
 * word that is an address in any heap, it gets 0.
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
 * @done: must be 0; out: handles dropped before the first one that is not open, where
 *	the call fails with ENOENT
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
#define KGC_COLLECT_FINALIZERS	(1U << 1)	/* and their records have been read */

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
 * Two cycles do not free an object with a finalizer, nor what it refers to. That takes
 * two more, after its record has been read and the handle in it dropped. Two cycles do
 * not free what a word of a conservative object names, either, nor an object of up to 8
 * bytes without pointers while another one in its block of 16 bytes is alive.
 *
 * With KGC_COLLECT_FINALIZERS, which needs KGC_COLLECT_WAIT (EINVAL otherwise), the call
 * also waits until other threads have read the record of every object that was found
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
	 * ms until a cycle begins, counted from the first of these events after the
	 * last cycle: an allocation, a dropped handle, STORE, XCHG, or WRITE to a
	 * conservative object; 0 is never. In the kernel kgc_root_del() counts, too,
	 * but kgc_store() does not
	 */
	KGC_OPT_PERIOD_MS = 2,
	KGC_OPT_SOFT_LIMIT = 3,	/* bytes of objects; lowers the goal; 0 is none */
	KGC_OPT_HARD_LIMIT = 4,	/* most of kgc_stats.held; 0 is none */
	KGC_OPT_CPU_PERCENT = 5, /* of all CPUs, for background work, 1..100 */
	KGC_OPT_VERIFY = 6,	/* for debugging; 1: check marks; 2: and trace */
	KGC_OPT_TRACK_SECTIONS = 7, /* for debugging; 1: note open sections */
	KGC_OPT_SCAVENGE = 8,	/* enum kgc_scavenge_policy */
	KGC_OPT_HARDEN = 9,	/* KGC_HARDEN_* bits */
	KGC_OPT_EXPEDITE = 10,	/* enum kgc_expedite_policy; needs CAP_SYS_ADMIN */
	KGC_OPT_PROFILE_BYTES = 11, /* one byte in so many is sampled, to 1 GiB; 0: none */
};

#define KGC_GOGC_OFF		0xffffffffffffffffULL

enum kgc_scavenge_policy {
	KGC_SCAVENGE_LAZY = 0,	/* when much is free, and once the heap is idle */
	KGC_SCAVENGE_NOW = 1,	/* every free page after each cycle */
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
 * Setting KGC_OPT_VERIFY, KGC_OPT_TRACK_SECTIONS or KGC_OPT_EXPEDITE to any value needs
 * CAP_SYS_ADMIN in the initial user namespace, otherwise EPERM. The first two use CPU time
 * of the machine and write to its log. The third disturbs CPUs that run other programs.
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
#define KGC_OPTION_PRIVILEGED	(1U << 2)	/* only CAP_SYS_ADMIN may set it */

/**
 * struct kgc_option_info - KGC_OPTION_INFO: which options there are
 * @size: sizeof(struct kgc_option_info)
 * @flags: must be 0
 * @index: 0 for the first option, 1 for the next; ENOENT past the last
 * @option: out: enum kgc_option_id
 * @attributes: out: KGC_OPTION_* bits
 * @__reserved: must be 0
 * @min: out: smallest value
 * @max: out: largest value
 * @off: out: with KGC_OPTION_HAS_OFF the value that means "off"
 * @name: out: its name, NUL-terminated
 * @unit: out: the unit of its values, NUL-terminated; empty if there is none
 * @values: out: names of its values, separated by spaces, NUL-terminated. They are for
 *	@min, @min + 1 and so on, or with KGC_OPTION_BITS for bit 0, bit 1 and so on.
 *	Empty if the values are numbers
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
	KGC_REASON_GROWTH,	/* the allowance is used up */
	KGC_REASON_PERIOD,	/* kgc_option PERIOD_MS passed */
	KGC_REASON_REQUEST,	/* KGC_COLLECT or kgc_collect() */
	KGC_REASON_LIMIT,	/* the allowance, lowered by a limit, is used up; or a
				 * request for memory failed
				 */
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
 * @heap_alloc: bytes of allocated objects, including dead ones not yet swept
 * @total_alloc: bytes allocated since the heap began
 * @mallocs: objects allocated since the heap began. Objects of up to 8 bytes
 *	without pointers share 16-byte blocks; a block counts as one object
 * @frees: objects found dead since the heap began
 * @heap_objects: @mallocs - @frees
 * @heap_inuse: bytes of pages that spans use
 * @heap_idle: bytes of pages in arenas that no span uses
 * @heap_sys: bytes taken from the kernel's page allocator
 * @heap_released: bytes given back since the heap began; never goes down, unlike
 *	HeapReleased of Go's MemStats
 * @meta_sys: bytes of metadata: spans, bitmaps, types, caches, handles, finalizers
 * @next_gc: heap size in bytes at which the next cycle should be over
 * @num_gc: cycles completed
 * @num_forced_gc: of these, cycles with KGC_REASON_REQUEST
 * @gc_reason: cycles by enum kgc_reason
 * @gc_cpu_ns: CPU time of the collector's work items
 * @last_gc_ns: monotonic time at which the last cycle ended, 0 if none has. LastGC
 *	in debugfs is the same moment, in ns since 1970
 * @pause_total_ns: 0: the collector never stops its mutators
 * @longest_step_ns: longest allocation that its CPU's cache could not serve. It includes
 *	sweeping, getting memory from the kernel, clearing a large object, and being
 *	throttled. heap<ID>/histograms in debugfs has it by cause. The write barrier is not
 *	timed, because it has no loop
 * @live_bytes: bytes marked by the last cycle
 * @live_objects: objects marked by the last cycle
 * @handles: handles open, weak ones included
 * @types: types registered
 * @phase: enum kgc_phase
 * @gc_cpu_permille: @gc_cpu_ns over the time of all online CPUs since the heap began
 * @mark_rounds: termination rounds, all cycles together
 * @mark_rounds_max: most rounds one cycle took
 * @cycle_ns: duration of the last cycle
 * @mark_ns: time its marking took
 * @held: bytes that count against the limits: the sum of @heap_sys and @meta_sys
 * @refused: how often a request of the heap for memory failed, by enum kgc_refusal
 * @gc_waiter_ns: CPU time that threads which wait for a cycle spent on it, not part of
 *	@gc_cpu_ns
 * @gc_mutator_ns: CPU time that allocating threads spent on a cycle that fell behind
 * @short_cycles: cycles for which the collectors' share of CPU time was too small
 * @expedited: grace periods that were expedited
 * @expedite_refused: urgent grace periods that were not expedited because the budget
 *	was used up or the option forbids it
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
#define KGC_HEAP_OF_MODULE	(1U << 0)	/* made by a module, not by open() */
#define KGC_HEAP_ASIDE		(1U << 1)	/* set aside: no more cycles */

/**
 * struct kgc_heap_entry - a heap, in the list of KGC_HEAPS
 * @id: its number, its directory name in debugfs
 * @uid: effective user of the opener, in the caller's user namespace; 0 for a module's
 * @flags: KGC_HEAP_OF_MODULE, KGC_HEAP_ASIDE
 * @__reserved: 0
 * @name: NUL-terminated: the PID and command that opened it, or the module's name for
 *	it. The PID is the one in the caller's PID namespace
 * @created_ns: monotonic time at which it was opened. Another heap may get the same
 *	@id later, but not with the same @created_ns
 * @__spare: 0
 * @stats: its counters, as KGC_STATS; stats.size is how many bytes of them the entry has
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
 * @entry_size: sizeof(struct kgc_heap_entry) as the caller knows it; the kernel sets
 *	members that it does not know to 0
 * @nr: room at @entries, in entries, at least 1
 * @done: must be 0; out: entries written. If fewer than @nr, no heap comes after these
 * @entries: user address of struct kgc_heap_entry[@nr]; ascends by @id
 *
 * The caller sees the heaps that were opened with its effective user in its user
 * namespace, and every heap that was opened in a namespace in which it has
 * CAP_SYS_ADMIN. Of both it sees only those opened in its PID namespace or in one
 * below. To see heaps of kernel modules it needs CAP_SYS_ADMIN in the initial namespace.
 *
 * The list is not a snapshot. A heap that is open during the whole call is in it; a heap
 * that is opened or closed during the call may be. EINVAL for @nr of 0 or an @entry_size
 * below the first version, E2BIG for one over a page. On EFAULT the first @done entries
 * are valid. EINTR when the process is being killed.
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

/* struct kgc_type_list.flags */
#define KGC_TYPES_CENSUS	(1U << 0)	/* first run a cycle that takes a census */

/**
 * struct kgc_type_entry - a type, in the list of KGC_TYPES
 * @type: its number
 * @object_size: bytes of an object, or of an element of an array
 * @flags: KGC_TYPE_NOSCAN if it has no pointers, KGC_TYPE_CONSERVATIVE, KGC_TYPE_ARRAY
 * @__reserved: 0
 * @name: NUL-terminated
 * @live_objects: objects that the census found reachable. Tiny objects that share a block
 *	count once, here and below
 * @live_bytes: bytes in their slots
 * @roots: handles and root slots that refer to one of them
 * @allocated_objects: objects ever allocated. Those in the span that a CPU allocates from
 *	may be missing until the next cycle
 * @allocated_bytes: bytes in their slots
 */
struct kgc_type_entry {
	__u32 type;
	__u32 object_size;
	__u32 flags;
	__u32 __reserved;
	char name[KGC_TYPE_NAME_MAX];
	__u64 live_objects;
	__u64 live_bytes;
	__u64 roots;
	__u64 allocated_objects;
	__u64 allocated_bytes;
};

/**
 * struct kgc_type_list - KGC_TYPES: the types of the heap, and what is alive of each
 * @size: sizeof(struct kgc_type_list)
 * @flags: 0: show the last census; KGC_TYPES_CENSUS: first wait for a cycle that takes one
 * @after: only types with numbers above this one; 0 for all
 * @entry_size: sizeof(struct kgc_type_entry) as the caller knows it; the kernel sets
 *	members that it does not know to 0
 * @nr: room at @entries, in entries, at least 1
 * @done: must be 0; out: entries written. If fewer than @nr, no type comes after these
 * @entries: user address of struct kgc_type_entry[@nr]; ascends by @type
 * @cycle: 0 for the last census, or what an earlier call wrote, to go on with the same
 *	census; out: number of the cycle that took it
 * @newborn_objects: out: objects of all types that were allocated in that cycle after the
 *	census had passed their slots
 * @newborn_bytes: out: bytes in their slots
 * @later_objects: out: objects of types that were registered after the census was asked
 *	for. They have no entries
 * @later_bytes: out: bytes in their slots
 *
 * EINVAL for @nr of 0, an @entry_size below the first version, or KGC_TYPES_CENSUS with a
 * @cycle; E2BIG for an @entry_size over a page. ENODATA if the heap has had no census;
 * ESTALE if the last census is another than that of @cycle. ENOMEM without memory for a
 * census, or at a limit. EINTR if a signal came; the cycle goes on. EIO if the heap has
 * been set aside. On EFAULT the first @done entries are valid.
 */
struct kgc_type_list {
	__u32 size;
	__u32 flags;
	__u32 after;
	__u32 entry_size;
	__u32 nr;
	__u32 done;
	__aligned_u64 entries;
	__u64 cycle;
	__u64 newborn_objects;
	__u64 newborn_bytes;
	__u64 later_objects;
	__u64 later_bytes;
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
 * @handle: the object; may be KGC_RESULT()
 * @value: second operand, see enum kgc_opcode; if it is a handle, it may be
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
 * @done: out: operations carried out, including failed ones; 0 when the batch
 *	itself is refused
 * @failed: out: of these, operations that failed
 *
 * The call returns 0 even if operations failed: read @failed and each @error.
 * EFAULT when @ops cannot be read or written; the first @done operations are carried
 * out. A signal ends the batch early: the call returns 0 with @done < @nr_ops, or EINTR
 * if no operation was done. Other threads may see the batch half done.
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
 * struct kgc_finalize - KGC_FINALIZE, KGC_FINALIZE_CANCEL: ask for a record when an
 * object is found dead, or cancel that
 * @size: sizeof(struct kgc_finalize)
 * @flags: must be 0
 * @handle: the object; EEXIST when it has a finalizer already, EINVAL when it
 *	is tiny (up to 8 bytes, without pointers): tiny objects share a block,
 *	and the collector finds only the whole block dead
 * @cookie: returned in the record; CANCEL: must be 0, out: the cookie
 *
 * When the collector finds the object unreachable, it keeps the object. poll()
 * then reports POLLIN, and read() returns a struct kgc_final_record with a new
 * handle. The reader owns the handle. If it drops the handle, the object dies. If it
 * first stores the handle in a reachable object, the object lives on. A finalizer
 * fires once. Closing the heap drops unread records.
 *
 * KGC_FINALIZE_CANCEL cancels the finalizer of @handle. ENOENT when it has none, or
 * the object has been found dead.
 */
struct kgc_finalize {
	__u32 size;
	__u32 flags;
	__u64 handle;
	__u64 cookie;
};

/**
 * struct kgc_final_record - what read() returns. It returns whole records only; readv()
 * may split one between its buffers
 * @cookie: as given to KGC_FINALIZE
 * @handle: a new handle to the object
 */
struct kgc_final_record {
	__u64 cookie;
	__u64 handle;
};

/**
 * struct kgc_snapshot - KGC_SNAPSHOT: ask for a snapshot of the heap
 * @size: sizeof(struct kgc_snapshot)
 * @flags: must be 0
 * @fd: must be 0; out: a descriptor from which the snapshot is read
 * @__reserved: must be 0
 *
 * <linux/kgc_snapshot.h> describes what read() returns. The next cycle writes it, and read()
 * waits for that; poll() works. The program has to read it at once. Meanwhile the cycle
 * does not end, so if the program reads too slowly or the heap outgrows its goal, read()
 * fails with ECANCELED, and the cycle goes on. Then the program may ask again.
 *
 * EBUSY as long as another snapshot of the heap is open. ENOMEM, EMFILE and ENFILE as for
 * other descriptors. EIO when the heap has been set aside. read() fails with ESHUTDOWN when
 * the heap was closed before the snapshot was complete, with EIO when it has been set aside.
 */
struct kgc_snapshot {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 __reserved;
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
#define KGC_TYPES		_IO(KGC_IOC_TYPE, 0x18)
#define KGC_SNAPSHOT		_IO(KGC_IOC_TYPE, 0x19)

#endif /* _UAPI_LINUX_KGC_H */
