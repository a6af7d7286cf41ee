// SPDX-License-Identifier: GPL-2.0
// libkgc from C++: handles of either 64-bit type, and addresses that are NULL. 'make
// check' compiles and links it.
#include <cstdint>
#include <vector>

#include <kgc.h>

template <typename Handle>
static int use(int heap, int type)
{
	std::vector<Handle> many(8);
	Handle a = 0, b = 0;
	__u32 done;
	int err;

	err = kgc_alloc(heap, type, 0, &a) + kgc_alloc(heap, type, 0, &b) +
	      kgc_alloc_many(heap, type, 0, many.size(), many.data(), &done) +
	      kgc_drop_many(heap, many.data(), many.size(), &done) +
	      kgc_store(heap, a, 0, b) + kgc_load(heap, a, 0, &b) +
	      kgc_xchg(heap, a, 0, 0, &b) + kgc_xchg(heap, a, 0, b, NULL) +
	      kgc_dup(heap, a, &b) + kgc_weak_create(heap, a, &b) +
	      kgc_weak_get(heap, b, &b) + kgc_finalize(heap, a, 1) +
	      kgc_finalize_cancel(heap, a, &b) + kgc_finalize_cancel(heap, a, nullptr) +
	      kgc_types(heap, 0, 0, NULL, 0, &b) + kgc_types(heap, 0, 0, NULL, 0, NULL) +
	      kgc_collect(heap, 2, KGC_COLLECT_WAIT, &b) + kgc_collect(heap, 1, 0, NULL) +
	      kgc_option_get(heap, KGC_OPT_GOGC, &b) + kgc_option_set(heap, KGC_OPT_GOGC, b) +
	      kgc_scavenge(heap, &b) + kgc_scavenge(heap, nullptr);
	return err;
}

int main()
{
	struct kgc_field next = { 0, KGC_TYPE_SELF };
	struct kgc_batch_builder batch;
	struct kgc_final_record records[4];
	struct kgc_stats stats;
	int heap = kgc_open();
	int node = kgc_type_register(heap, "node", 16, 0, &next, 1);
	__u64 count = KGC_RESULT(1);

	kgc_batch_init(&batch, heap, 16);
	kgc_batch_destroy(&batch);
	kgc_stats(heap, &stats);
	return use<uint64_t>(heap, node) + use<__u64>(heap, node) + (count == 0) +
	       use<unsigned long>(heap, node) + use<unsigned long long>(heap, node) +
	       kgc_final_read(heap, records, 4);
}
