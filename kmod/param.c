// SPDX-License-Identifier: GPL-2.0
/* Module parameters that are sizes, such as "64M", as on the kernel command line. */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <linux/ctype.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/string.h>

#include "alloc/alloc.h"

/*
 * memparse() does not report errors: it wraps a size over 64 bits, and returns 0 for
 * text that is no number. Here 0 would mean no cap, so this function parses the text.
 */
static int size_parse(const char *val, u64 *bytes)
{
	static const char units[] = "kmgtpe";
	char text[32], *number, *unit;
	int err;

	if (strscpy(text, val, sizeof(text)) < 0)
		return -EINVAL;
	number = strim(text);
	if (!strcmp(number, "off")) {
		*bytes = 0;
		return 0;
	}
	err = kstrtou64(number, 0, bytes);
	if (err != -EINVAL || !*number)
		return err;
	val = number + strlen(number) - 1;
	unit = strchr(units, tolower(*val));
	if (!unit)
		return -EINVAL;
	number[val - number] = 0;
	err = kstrtou64(number, 10, bytes);
	if (err)
		return err;
	return check_shl_overflow(*bytes, 10 * (unit - units + 1), bytes) ? -ERANGE : 0;
}

static int max_bytes_set(const char *val, const struct kernel_param *kp)
{
	u64 bytes;
	int err = size_parse(val, &bytes);

	if (err)
		pr_err("max_bytes takes off, or bytes below 16E, with K, M, G, T, P or E\n");
	else
		kgc_limit_set_cap(bytes);
	return err;
}

static int max_bytes_get(char *text, const struct kernel_param *kp)
{
	return sysfs_emit(text, "%llu\n", kgc_limit_cap());
}

static const struct kernel_param_ops max_bytes_ops = {
	.set = max_bytes_set,
	.get = max_bytes_get,
};
module_param_cb(max_bytes, &max_bytes_ops, NULL, 0644);
__MODULE_PARM_TYPE(max_bytes, "size");
MODULE_PARM_DESC(max_bytes, "Most bytes all heaps together may hold, as 512M or 2G (0 or off: no cap)");
