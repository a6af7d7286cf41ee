/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The oracle: a mirror of an object graph in plain memory. It is told of each
 * allocation, each store and each handle, knows nothing of the collector, and
 * says by its own breadth-first search which objects must have died and which
 * must live.
 */
#ifndef SELFTESTS_ORACLE_H
#define SELFTESTS_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/types.h>

#define ORACLE_NULL 0xffffffffU

/**
 * struct kind - a type of object, as the oracle and the tests see it
 * @name: of the type
 * @size: bytes in an object, or in an element of an array
 * @flags: KGC_TYPE_*
 * @nr_fields: pointer fields (of an element); for a conservative kind the words
 *	the tests use as such
 * @fields: their offsets
 * @word: offset of a plain word that carries the object's id
 * @most: largest number of elements the tests allocate; 0 for no array
 * @type: id the heap gave it
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

/* Register with the heap: 0 or -errno. */
int kind_register(int heap, struct kind *kind);

/* Slots are numbered through all elements. */
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
	__u32 handles;		/* strong handles open */
	bool live;		/* when oracle_reach() last looked */
	bool dead;		/* ... it was not; for ever */
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

/* A new object, its slots NULL, with one handle: its number. */
__u32 oracle_alloc(struct oracle *oracle, const struct kind *kind,
		   __u32 elements);

__u32 *oracle_slot(struct oracle *oracle, __u32 object, __u32 slot);

/* Bytes in the object. */
static inline __u64 oracle_bytes(const struct oracle_object *object)
{
	return (__u64)object->kind->size * (object->elements ?: 1);
}

/*
 * Kinds without pointers that are long enough are filled with a pattern of
 * their own, after the word with the id.
 */
#define ORACLE_TAIL 16

static inline bool oracle_patterned(const struct oracle_object *object)
{
	return !object->nr_slots && oracle_bytes(object) >= 8 + ORACLE_TAIL;
}

/* As many bytes as the object has, the first 8 of no meaning. */
const __u8 *oracle_pattern(const struct oracle_object *object);

/* Decide who lives: sets live and dead, nr_live and nr_dead. */
void oracle_reach(struct oracle *oracle);

/* The largest object the pattern is long enough for. */
#define ORACLE_MOST_BYTES (1 << 20)

/* What oracle_compare() starts from. */
struct oracle_root {
	__u32 object;
	__u64 handle;
};

/*
 * Walk the heap from @roots and compare every living object with the mirror:
 * id, elements, every pointer slot. 0 if all agree and every living object was
 * seen, else the number of differences, with the first printed; or -errno.
 */
int oracle_compare(struct oracle *oracle, int heap,
		   const struct oracle_root *roots, size_t nr_roots);

#endif /* SELFTESTS_ORACLE_H */
