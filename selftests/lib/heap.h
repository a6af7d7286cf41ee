/* SPDX-License-Identifier: GPL-2.0 */
/* The fixture of most tests: an open heap. */
#ifndef SELFTESTS_HEAP_H
#define SELFTESTS_HEAP_H

#include "debugfs_files.h"
#include "harness.h"

/*
 * A stress program defines HEAP_VERIFY, the option "verify" of its heaps, before it
 * includes this file. At the end the fixture then checks that the verifier ran, if any
 * cycle did, and found no error.
 */
#ifndef HEAP_VERIFY
#define HEAP_VERIFY 0
#endif

/* Errors that the verifier has found in a heap; 0 if debugfs cannot be read. */
static inline __u64 verify_errors(__u64 id)
{
	__u64 errors = 0;

	debugfs_value(id, "verify", "VerifyErrors", &errors);
	return errors;
}

static inline __u64 verify_runs(__u64 id)
{
	__u64 runs = 1;

	debugfs_value(id, "verify", "VerifyRuns", &runs);
	return runs;
}

/* Allocate @nr objects of @type and drop their handles. This starts no cycle itself. */
static inline int batch_litter(int heap, int type, unsigned long nr)
{
	struct kgc_batch_builder batch;
	int err = kgc_batch_init(&batch, heap, 4096);

	while (!err && nr) {
		kgc_batch_reset(&batch);
		for (int i = 0; i < 2048 && nr; i++, nr--)
			kgc_batch_drop(&batch, KGC_RESULT(kgc_batch_alloc(&batch, type, 0)));
		err = flush_all(&batch);
	}
	kgc_batch_destroy(&batch);
	return err;
}

static inline void no_cycles(struct __test_metadata *_metadata, int heap)
{
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_GOGC, KGC_GOGC_OFF));
	ASSERT_EQ(0, kgc_option_set(heap, KGC_OPT_PERIOD_MS, 0));
}

FIXTURE(heap) {
	int fd;
	int node;			/* type id of the node in node.h */
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
	if (HEAP_VERIFY)
		ASSERT_EQ(0, kgc_option_set(self->fd, KGC_OPT_VERIFY,
					    HEAP_VERIFY));
}

FIXTURE_TEARDOWN(heap)
{
	if (HEAP_VERIFY) {
		if (stats_of(self->fd).num_gc)
			EXPECT_GE(verify_runs(self->info.heap_id), 1);
		EXPECT_EQ(0, verify_errors(self->info.heap_id));
	}
	kgc_close(self->fd);
}

#endif /* SELFTESTS_HEAP_H */
