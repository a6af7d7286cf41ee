/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"markers"
#endif
#define BOUNDS \
	"2 markers in single steps, scan bits written without an " \
	"atomic; 3 objects (one with 2 fields) in 2 spans (2 + 1), 1 " \
	"root, 1 mutator, from every graph"
#define LEAVES \
	"a second mutator (span)"
#define NO	3
#define FIELDS	{ 2, 1, 0 }
#define NSLOT	3
#define NSPAN	2
#define SPANS	{ 0, 0, 1 }
#define NR	1
#define NM	1
#ifndef NK
#define NK	2
#endif
#define MSPLIT	1
#ifndef BS
#define BS	1
#endif
#ifndef BA
#define BA	0
#endif
