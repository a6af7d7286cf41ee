/* SPDX-License-Identifier: GPL-2.0 */
/* The KUnit counterpart of selftests/host/check.h: promises are KUnit cases. */
#ifndef KUNIT_CHECK_H
#define KUNIT_CHECK_H

#include <kunit/test.h>

void check_failed(const char *file, int line, const char *what);

#define check(x)	((x) ? (void)0 : check_failed(__FILE__, __LINE__, #x))

extern char check_context[256];
#define trying(...)	snprintf(check_context, sizeof(check_context), __VA_ARGS__)

extern char check_note[256];
#define note(...)	snprintf(check_note, sizeof(check_note), __VA_ARGS__)

struct promise {
	const char *text;
	void (*keep)(void);
};

void check_promise(struct kunit *test, const struct promise *promises,
		   unsigned int nr);

#define PROMISE_ENTRY(fn, text)	{ text, fn },
#define PROMISE_CASE(fn, text)	{ .run_case = promise_case, .name = text },
#define PROGRAM(suite_name, begin, end)					\
static const struct promise promises[] = {				\
	ALL_PROMISES(PROMISE_ENTRY)					\
};									\
									\
static void promise_case(struct kunit *test)				\
{									\
	check_promise(test, promises, ARRAY_SIZE(promises));		\
}									\
									\
static struct kunit_case promise_cases[] = {				\
	ALL_PROMISES(PROMISE_CASE) {}					\
};									\
									\
static int promises_begin(struct kunit_suite *unused)			\
{									\
	return begin();							\
}									\
									\
static void promises_end(struct kunit_suite *unused)			\
{									\
	end();								\
}									\
									\
static struct kunit_suite promises_suite = {				\
	.name = suite_name,						\
	.suite_init = promises_begin,					\
	.suite_exit = promises_end,					\
	.test_cases = promise_cases,					\
};									\
kunit_test_suite(promises_suite)

static inline int nothing_to_begin(void)
{
	return 0;
}

static inline void nothing_to_end(void)
{
}

#endif /* KUNIT_CHECK_H */
