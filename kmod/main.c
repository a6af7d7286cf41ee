// SPDX-License-Identifier: GPL-2.0
/*
 * kgc: a garbage-collected heap for the Linux kernel. Loading and unloading.
 */
#include <linux/module.h>

#include "alloc/map.h"
#include "alloc/span.h"
#include "gc/tenant.h"
#include "gc/work.h"
#include "iface/chardev.h"
#include "reclaim.h"
#include "registry.h"
#include "stats/debugfs.h"

static int __init kgc_init(void)
{
	int err = kgc_map_init();

	if (err)
		return err;
	err = kgc_span_cache_init();
	if (err)
		goto err_map;
	err = kgc_work_init();
	if (err)
		goto err_span;
	err = kgc_reclaim_init();
	if (err)
		goto err_work;
	kgc_debugfs_init();
	err = kgc_chardev_init();
	if (err)
		goto err_reclaim;
	return 0;

err_reclaim:
	kgc_debugfs_exit();
	kgc_reclaim_exit();
err_work:
	kgc_work_exit();
err_span:
	kgc_span_cache_exit();
err_map:
	kgc_map_exit();
	return err;
}

static void __exit kgc_exit_module(void)
{
	kgc_chardev_exit();
	kgc_debugfs_exit();
	kgc_reclaim_exit();
	kgc_registry_exit();
	kgc_tenant_exit();
	kgc_work_exit();
	/* wait for RCU callbacks that still run code of this module */
	rcu_barrier();
	kgc_span_cache_exit();
	kgc_map_exit();
}

module_init(kgc_init);
module_exit(kgc_exit_module);

MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("Garbage-collected heap for kernel objects");
MODULE_VERSION(KGC_VERSION);
