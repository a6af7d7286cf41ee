// SPDX-License-Identifier: GPL-2.0
/*
 * Writes sizeclass_table.h. Run by "make sizeclasses"; "make check" compares
 * its output with the file in the repo.
 *
 * The method is the Go runtime's (mksizeclasses.go, after tcmalloc): step
 * through the sizes with an alignment that grows with the size, give each
 * size the smallest span whose tail waste is at most 1/8, and let a size
 * replace its predecessor when it fits as often into the same span.
 */
#include <stdio.h>

#define PAGE		8192
#define MAX_SMALL	32768
#define MAX_CLASSES	128

struct class {
	unsigned int size;
	unsigned int pages;
};

static struct class classes[MAX_CLASSES];
static unsigned int nr = 1;	/* class 0 is for large objects */

static unsigned int step(unsigned int size, unsigned int align)
{
	if (size & (size - 1))
		return align;
	if (size >= 2048)
		return 256;
	if (size >= 128)
		return size / 8;
	if (size >= 32)
		return 16;
	return 8;
}

static void find_classes(void)
{
	unsigned int size, align = 8;

	for (size = align; size <= MAX_SMALL; size += align) {
		unsigned int bytes = PAGE;

		align = step(size, align);
		while (bytes % size > bytes / 8)
			bytes += PAGE;
		if (nr > 1 && bytes / PAGE == classes[nr - 1].pages &&
		    bytes / size == bytes / classes[nr - 1].size) {
			classes[nr - 1].size = size;
			continue;
		}
		classes[nr].size = size;
		classes[nr].pages = bytes / PAGE;
		nr++;
	}
}

/* Let the objects of the larger classes fill their spans. */
static void fill_spans(void)
{
	unsigned int c, bytes;

	for (c = 1; c < nr; c++) {
		bytes = classes[c].pages * PAGE;
		if (classes[c].size > 1024)
			classes[c].size =
				bytes / (bytes / classes[c].size) & ~127U;
	}
}

/* Tail of the span plus the worst rounding up from the next smaller class. */
static double worst_waste(unsigned int c)
{
	unsigned int bytes = classes[c].pages * PAGE;
	unsigned int n = bytes / classes[c].size;
	unsigned int smallest = classes[c - 1].size + 1;

	return 100.0 * (bytes - n * smallest) / bytes;
}

/*
 * Offset to index without a division: index = offset * magic >> 32, exact for
 * every offset inside a span; checked here one by one.
 */
static unsigned int magic(unsigned int c)
{
	unsigned int m = 0xffffffffU / classes[c].size + 1;
	unsigned int off;

	for (off = 0; off < classes[c].pages * PAGE; off++)
		if (off / classes[c].size !=
		    (unsigned int)((unsigned long long)off * m >> 32))
			return 0;
	return m;
}

int main(void)
{
	unsigned int c, i;

	find_classes();
	fill_spans();
	printf("/* %s: GPL-2.0 */\n", "SPDX-License-Identifier");
	printf("/* Written by mksizeclasses.c; do not edit. */\n\n");
	printf("/* class  bytes/object  bytes/span  objects  tail  worst waste\n");
	for (c = 1; c < nr; c++) {
		unsigned int bytes = classes[c].pages * PAGE;

		printf(" * %5u  %12u  %10u  %7u  %4u  %6.2f%%\n", c,
		       classes[c].size, bytes, bytes / classes[c].size,
		       bytes % classes[c].size, worst_waste(c));
	}
	printf(" */\n#define KGC_NR_CLASSES\t%u\n", nr);
	printf("#define KGC_MAX_SMALL\t%u\n\n", MAX_SMALL);
	printf("/* X(class, bytes per object, heap pages per span, magic, %s) */\n",
	       "worst waste in 1/100 %");
	printf("#define KGC_SIZE_CLASSES(X)");
	for (c = 1; c < nr; c++) {
		if (!magic(c)) {
			fprintf(stderr, "class %u has no exact magic\n", c);
			return 1;
		}
		printf(" \\\n\tX(%u, %u, %u, 0x%xU, %u)", c, classes[c].size,
		       classes[c].pages, magic(c),
		       (unsigned int)(worst_waste(c) * 100 + 0.999));
	}
	printf("\n\n/* class of every size rounded up to 8 bytes, up to 1024 */\n");
	printf("#define KGC_CLASS_BY_8");
	for (i = 0, c = 0; i <= 1024; i += 8) {
		while (i > classes[c].size)
			c++;
		printf("%s%u,", i % 128 ? " " : " \\\n\t", c);
	}
	printf("\n\n/* class of every size rounded up to 128 bytes, from 1024 */\n");
	printf("#define KGC_CLASS_BY_128");
	for (i = 1024, c = 0; i <= MAX_SMALL; i += 128) {
		while (i > classes[c].size)
			c++;
		printf("%s%u,", i % 2048 ? " " : " \\\n\t", c);
	}
	printf("\n");
	return 0;
}
