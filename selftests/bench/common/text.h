/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A text of nested lists, numbers and strings, the same on every run. The kernel, the
 * rivals and kgcctl parse it.
 */
#ifndef _KGC_BENCH_TEXT_H
#define _KGC_BENCH_TEXT_H

#define TEXT_BYTES	65536
#define TEXT_SLACK	64	/* room for one more value and all brackets */
#define TEXT_DEPTH	5
#define TEXT_LISTS	64

struct text {
	u64	seed;
	size_t	len;
	char	bytes[TEXT_BYTES];
};

static inline void text_put(struct text *t, char c)
{
	if (t->len < TEXT_BYTES - 1)
		t->bytes[t->len++] = c;
}

static inline void text_number(struct text *t, u32 n)
{
	if (n > 9)
		text_number(t, n / 10);
	text_put(t, '0' + n % 10);
}

static inline void text_value(struct text *t, unsigned int depth)
{
	u32 r = bench_random(&t->seed) % 4, n;

	if (!depth || !r || t->len > TEXT_BYTES - TEXT_SLACK) {
		text_number(t, bench_random(&t->seed) % 100000);
	} else if (r == 1) {
		text_put(t, '"');
		for (n = 1 + bench_random(&t->seed) % 12; n; n--)
			text_put(t, 'a' + bench_random(&t->seed) % 26);
		text_put(t, '"');
	} else {
		text_put(t, '[');
		for (n = 1 + bench_random(&t->seed) % 6; n; n--) {
			text_value(t, depth - 1);
			if (n > 1)
				text_put(t, ',');
		}
		text_put(t, ']');
	}
}

static inline void text_make(struct text *t)
{
	unsigned int n;

	t->seed = 1;
	text_put(t, '[');
	for (n = TEXT_LISTS; n; n--) {
		text_value(t, TEXT_DEPTH);
		if (n > 1)
			text_put(t, ',');
	}
	text_put(t, ']');
}

#endif /* _KGC_BENCH_TEXT_H */
