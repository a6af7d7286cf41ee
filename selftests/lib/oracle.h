/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle is a mirror of an object graph in plain memory. The test tells it of each
 * allocation, store and handle. It knows nothing of the collector: its own
 * breadth-first search decides which objects must have died and which must live.
 */
#ifndef SELFTESTS_ORACLE_H
#define SELFTESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define ORACLE_NULL 0xffffffffU

/**
 * struct kind - a type of object, as the oracle and the tests see it
 * @name: name of the type
 * @size: bytes in an object, or in an element of an array
 * @flags: KGC_TYPE_*
 * @nr_fields: pointer fields (of an element); in a conservative kind, the words
 *	that the tests use as pointers
 * @fields: offsets of these fields
 * @word: offset of a plain word that holds the object's id
 * @most: largest number of elements that the tests allocate; 0 if not an array
 * @type: type id that the heap assigned
 */
struct kind {
	const char *name;
	__u32 size;
	__u32 flags;
	__u32 nr_fields;
	__u32 fields[8];
	__u32 word;
	__u32 most;
	__u32 type;
};

/* Register the type with the heap. Return: 0 or -errno. */
int kind_register(int heap, struct kind *kind);

/* Slot numbers run on from one element to the next. */
static inline __u64 kind_slot_offset(const struct kind *kind, __u32 slot)
{
	return (__u64)kind->size * (slot / kind->nr_fields) +
	       kind->fields[slot % kind->nr_fields];
}

struct oracle_object {
	const struct kind *kind;
	__u64 id;
	__u32 elements;
	__u32 nr_slots;
	size_t first_slot;	/* in oracle.slots */
	__u32 handles;		/* open strong handles */
	bool live;		/* result of the last oracle_reach() */
	bool dead;		/* was unreachable then; never live again */
};

struct oracle {
	struct oracle_object *objects;
	__u32 nr_objects, room;
	__u32 *slots;
	size_t nr_slots, slots_room;
	__u32 nr_live;
	__u32 nr_dead;
};

void oracle_init(struct oracle *oracle);
void oracle_destroy(struct oracle *oracle);

/* Add an object with NULL slots and one handle. Return: its number. */
__u32 oracle_alloc(struct oracle *oracle, const struct kind *kind,
		   __u32 elements);

__u32 *oracle_slot(struct oracle *oracle, __u32 object, __u32 slot);

static inline __u64 oracle_bytes(const struct oracle_object *object)
{
	return (__u64)object->kind->size * (object->elements ?: 1);
}

/*
 * Objects without pointers hold a pattern after the word with the id, if they are long
 * enough.
 */
#define ORACLE_TAIL 16

static inline bool oracle_patterned(const struct oracle_object *object)
{
	return !object->nr_slots && oracle_bytes(object) >= 8 + ORACLE_TAIL;
}

/* Return: as many bytes as the object has; ignore the first 8. */
const __u8 *oracle_pattern(const struct oracle_object *object);

/* Find the reachable objects: sets live and dead, nr_live and nr_dead. */
void oracle_reach(struct oracle *oracle);

/* Size of the largest object that the pattern covers. */
#define ORACLE_MOST_BYTES (1 << 20)

/* A root from which oracle_compare() starts. */
struct oracle_root {
	__u32 object;
	__u64 handle;
};

/*
 * Walk the heap from @roots and compare every live object with the mirror: id, pointer
 * slots and last bytes. Return: 0 if all agree and the walk saw every live object;
 * otherwise the number of differences, with the first printed; or -errno.
 */
int oracle_compare(struct oracle *oracle, int heap,
		   const struct oracle_root *roots, size_t nr_roots);

#endif /* SELFTESTS_ORACLE_H */
