/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A program here is a list of promises. Each is a function that returns only if the
 * promise was kept. The program prints one line of KTAP for each.
 */
#ifndef HOST_CHECK_H
#define HOST_CHECK_H

void check_failed(const char *file, int line, const char *what)
	__attribute__((__noreturn__));

#define check(x)	((x) ? (void)0 : check_failed(__FILE__, __LINE__, #x))

/* What the test is trying; printed with a failed check. */
extern char check_context[256];
#define trying(...)	snprintf(check_context, sizeof(check_context), __VA_ARGS__)

/* A figure printed with the result of the current promise. */
#define note(...)	snprintf(check_note, sizeof(check_note), __VA_ARGS__)
extern char check_note[256];

struct promise {
	const char *text;
	void (*keep)(void);
};

int check_promises(const struct promise *promises, unsigned int nr);

#define PROMISES(list) check_promises(list, sizeof(list) / sizeof((list)[0]))

/*
 * A file of selftests/alloc/ lists its promises in ALL_PROMISES(PROMISE), each with
 * function and text, and ends with PROGRAM(): a program here, a suite in KUnit.
 */
#define PROMISE_ENTRY(fn, text)	{ text, fn },
#define PROGRAM(name, begin, end)					\
int main(void)								\
{									\
	static const struct promise promises[] = {			\
		ALL_PROMISES(PROMISE_ENTRY)				\
	};								\
	int status;							\
									\
	if (begin())							\
		return 1;						\
	status = PROMISES(promises);					\
	end();								\
	return status;							\
}

static inline int nothing_to_begin(void)
{
	return 0;
}

static inline void nothing_to_end(void)
{
}

#endif /* HOST_CHECK_H */
