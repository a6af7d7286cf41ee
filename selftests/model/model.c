// SPDX-License-Identifier: GPL-2.0
/*
 * model.c - explicit-state model of the kgc collection protocol
 *
 * The model has one transition relation and many bounded configurations; configs/NAME.h
 * describes each. The search is breadth first over exact states, without hash compaction,
 * so a counterexample is a shortest one. Mutants are run-time flags: the same binary
 * explores the protocol, and the protocol with one step missing.
 */
#include "model.h"

int mut;

static int find_mutant(const char *name)
{
	int k;

	for (k = 1; k < M_NR; k++)
		if (!strcmp(name, mutant_name[k]))
			return k;
	fprintf(stderr, "no mutant %s\n", name);
	exit(2);
}

static void print_bounds(void)
{
	printf("  %-8s covers %s; %d cycle%s; budget %d stores, %d allocations",
	       NAME, BOUNDS, CYCLES, CYCLES > 1 ? "s" : "", BS, BA);
	if (WEAK)
		printf(", %d weak gets, %d weak sets", BW, BX);
	printf("\n  %-8s leaves out %s\n", "", LEAVES);
}

int main(int argc, char **argv)
{
	int a, dfs = 0;
	u64 ninit;

	for (a = 1; a < argc; a++) {
		if (!strcmp(argv[a], "-q")) {
			quiet = 1;
		} else if (!strcmp(argv[a], "-d")) {
			dfs = 1;
		} else if (!strcmp(argv[a], "-b")) {
			print_bounds();
			exit(0);
		} else {
			mut = find_mutant(argv[a]);
		}
	}
	state_init();
	search_init(dfs);
	ninit = init();
	if (packbits > WORDS * 64) {
		fprintf(stderr, "%s: %d bits do not fit\n", NAME, packbits);
		return 2;
	}
	report_clean(ninit, search());
	return 0;
}
