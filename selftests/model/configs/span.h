/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"span"
#endif
#define BOUNDS \
	"shade in single steps (mark, count, claim, push), the queue " \
	"by span, the clean round CPU by CPU; 3 objects of one field " \
	"in 2 spans (2 + 1), 1 root, 2 mutators on 2 CPUs, 1 marker, " \
	"from every graph"
#define LEAVES \
	"allocation during marking (base, born)"
#define NO	3
#define FIELDS	{ 1, 1, 1 }
#define NSLOT	3
#define NSPAN	2
#define SPANS	{ 0, 0, 1 }
#define NR	1
#define NM	2
#ifndef BS
#define BS	2
#endif
#ifndef BA
#define BA	0
#endif
