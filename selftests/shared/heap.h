/* SPDX-License-Identifier: GPL-2.0 */
/* The fixture of most tests: an open heap. */
#ifndef SELFTESTS_HEAP_H
#define SELFTESTS_HEAP_H

#include "harness.h"

FIXTURE(heap) {
	int fd;
	int node;			/* type id of the node above */
	struct kgc_info info;
};

FIXTURE_SETUP(heap)
{
	self->fd = kgc_open();
	ASSERT_GE(self->fd, 0) {
		TH_LOG("cannot open %s: %s; is the module loaded?", KGC_DEVICE,
		       strerror(-self->fd));
	}
	ASSERT_EQ(0, kgc_info(self->fd, &self->info));
	self->node = register_node(self->fd);
	ASSERT_GT(self->node, 0);
}

FIXTURE_TEARDOWN(heap)
{
	kgc_close(self->fd);
}

#endif /* SELFTESTS_HEAP_H */
