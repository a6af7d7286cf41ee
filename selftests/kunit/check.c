// SPDX-License-Identifier: GPL-2.0
/* Keep a promise as a KUnit case. */
#include <check.h>
#include <shim.h>

char check_context[256];
char check_note[256];
struct rnd_state shim_random_state;

/* Suites run one after the other, so one variable is enough. */
static struct kunit *running;

void check_failed(const char *file, int line, const char *what)
{
	if (WARN_ON(!running))
		return;
	/* indented so that run-guest can read the results in debugfs */
	KUNIT_FAIL(running, "    # %s:%d: %s, when: %s", file, line, what,
		   check_context);
	kunit_try_catch_throw(&running->try_catch);
}

void check_promise(struct kunit *test, const struct promise *promises,
		   unsigned int nr)
{
	unsigned int i;

	running = test;
	check_context[0] = 0;
	check_note[0] = 0;
	prandom_seed_state(&shim_random_state, 1);
	for (i = 0; i < nr; i++)
		if (!strcmp(promises[i].text, test->name))
			promises[i].keep();
	if (check_note[0])
		kunit_info(test, "%s\n", check_note);
	running = NULL;
}
