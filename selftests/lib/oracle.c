// SPDX-License-Identifier: GPL-2.0
/* Keep the mirror, and compute reachability in it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <kgc.h>

#include "oracle.h"

/* The same as in harness.h, which only the test programs include. */
#define ID_TAG 0x5a5a000000000000ULL

static void *grow(void *array, size_t room, size_t size)
{
	array = realloc(array, room * size);
	if (!array) {
		fprintf(stderr, "# out of memory for the oracle\n");
		abort();
	}
	return array;
}

int kind_register(int heap, struct kind *kind)
{
	struct kgc_field fields[8];
	int type;

	for (__u32 i = 0; i < kind->nr_fields; i++)
		fields[i] = (struct kgc_field){ kind->fields[i], KGC_TYPE_ANY };
	type = kgc_type_register(heap, kind->name, kind->size, kind->flags,
				 fields,
				 kind->flags & KGC_TYPE_CONSERVATIVE ? 0 :
				 kind->nr_fields);
	if (type < 0)
		return type;
	kind->type = type;
	return 0;
}

void oracle_init(struct oracle *oracle)
{
	*oracle = (struct oracle){ 0 };
}

void oracle_destroy(struct oracle *oracle)
{
	free(oracle->objects);
	free(oracle->slots);
}

__u32 oracle_alloc(struct oracle *oracle, const struct kind *kind,
		   __u32 elements)
{
	__u32 nr_slots = kind->nr_fields * (elements ?: 1);
	__u32 number = oracle->nr_objects++;

	if (number == oracle->room) {
		oracle->room = oracle->room * 2 + 64;
		oracle->objects = grow(oracle->objects, oracle->room,
				       sizeof(*oracle->objects));
	}
	if (oracle->nr_slots + nr_slots > oracle->slots_room) {
		oracle->slots_room = (oracle->nr_slots + nr_slots) * 2;
		oracle->slots = grow(oracle->slots, oracle->slots_room,
				     sizeof(*oracle->slots));
	}
	oracle->objects[number] = (struct oracle_object){
		.kind = kind,
		.id = ID_TAG | number,
		.elements = elements,
		.nr_slots = nr_slots,
		.first_slot = oracle->nr_slots,
		.handles = 1,
	};
	memset(oracle->slots + oracle->nr_slots, 0xff,
	       nr_slots * sizeof(*oracle->slots));
	oracle->nr_slots += nr_slots;
	return number;
}

__u32 *oracle_slot(struct oracle *oracle, __u32 object, __u32 slot)
{
	return &oracle->slots[oracle->objects[object].first_slot + slot];
}

const __u8 *oracle_pattern(const struct oracle_object *object)
{
	static __u8 bytes[ORACLE_MOST_BYTES + 256];

	if (!bytes[1])
		for (size_t i = 0; i < sizeof(bytes); i++)
			bytes[i] = i;
	/* An odd factor makes the patterns of neighbours differ in every byte. */
	return bytes + (__u8)(object->id * 31);
}

static void visit(struct oracle *oracle, __u32 object, __u32 *queue)
{
	if (object == ORACLE_NULL || oracle->objects[object].live)
		return;
	if (oracle->objects[object].dead) {
		fprintf(stderr, "# the test uses object %u, which is dead\n",
			object);
		abort();
	}
	oracle->objects[object].live = true;
	queue[oracle->nr_live++] = object;
}

void oracle_reach(struct oracle *oracle)
{
	__u32 *queue = grow(NULL, oracle->nr_objects + 1, sizeof(*queue));
	__u32 head = 0, i;

	oracle->nr_live = 0;
	for (i = 0; i < oracle->nr_objects; i++)
		oracle->objects[i].live = false;
	for (i = 0; i < oracle->nr_objects; i++)
		if (oracle->objects[i].handles)
			visit(oracle, i, queue);
	while (head < oracle->nr_live) {
		const struct oracle_object *object =
			&oracle->objects[queue[head++]];

		for (i = 0; i < object->nr_slots; i++)
			visit(oracle, oracle->slots[object->first_slot + i],
			      queue);
	}
	for (i = 0; i < oracle->nr_objects; i++)
		oracle->objects[i].dead = !oracle->objects[i].live;
	oracle->nr_dead = oracle->nr_objects - oracle->nr_live;
	free(queue);
}
