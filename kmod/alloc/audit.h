/* SPDX-License-Identifier: GPL-2.0 */
/* A check of an allocator's lists and counters against each other. */
#ifndef _KGC_AUDIT_H
#define _KGC_AUDIT_H

#include <linux/types.h>

struct kgc_allocator;

/* Called for each contradiction, often under a central lock: must not sleep. */
typedef void (*kgc_audit_fn)(struct kgc_allocator *a, const char *what,
			     const void *where);

/* Whether the allocator may have changed since the audit began; must not sleep. */
typedef bool (*kgc_disturbed_fn)(struct kgc_allocator *a);

void kgc_audit(struct kgc_allocator *a, kgc_audit_fn report,
	       kgc_disturbed_fn disturbed);

#endif /* _KGC_AUDIT_H */
