/* SPDX-License-Identifier: GPL-2.0 */
/* The calls whose requests for memory fail_nth refuses, and what they work on. */
#ifndef SELFTESTS_CALLS_H
#define SELFTESTS_CALLS_H

#include <stdbool.h>

#include <kgc.h>

#include "node.h"

#define NR_MANY		300	/* handles, more than a page of them */

struct stage {
	int fd;
	int node, tiny, large, array, loose;
	__u64 object, other, big, weak;
	__u64 many[NR_MANY];
};

bool stage_up(struct stage *st);
/*
 * Make objects for the calls that need them; other calls begin on an empty heap. Then
 * open so many handles that a few more need another page.
 */
bool stage_objects(struct stage *st);

/*
 * Each call's name; whether it needs objects; whether it asks for memory, so that some
 * refusal must make it fail.
 */
#define REFUSABLE(CALL) \
	CALL(open, false, true) \
	CALL(info, false, false) \
	CALL(type, false, true) \
	CALL(type_of_many_fields, false, false)	/* large memory has a second source */ \
	CALL(alloc, false, true) \
	CALL(alloc_tiny, false, true) \
	CALL(alloc_large, false, true) \
	CALL(alloc_many, false, true) \
	CALL(dup, true, true) \
	CALL(load, true, true) \
	CALL(store, true, false) \
	CALL(xchg, true, true) \
	CALL(read, true, false) \
	CALL(write, true, false) \
	CALL(object_info, true, false) \
	CALL(drop, true, false) \
	CALL(collect, true, false) \
	CALL(option, false, false) \
	CALL(stats, true, false) \
	CALL(scavenge, true, false) \
	CALL(types, true, true) \
	CALL(snapshot, true, true) \
	CALL(weak, true, true) \
	CALL(finalize, true, true) \
	CALL(finalize_cancel, true, false) \
	CALL(batch, false, true) \
	CALL(batch_large, false, true)

#define DECLARE_CALL(name, objects, memory)	int call_##name(struct stage *st);
REFUSABLE(DECLARE_CALL)

#endif /* SELFTESTS_CALLS_H */
