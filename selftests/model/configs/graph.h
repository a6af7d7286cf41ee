/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"graph"
#endif
#define BOUNDS \
	"3 objects (one with 2 fields) in 1 span, 2 roots, 2 " \
	"mutators, 1 marker, from every graph"
#define LEAVES \
	"shade as one step; two stores that race (roots, base)"
#define NO	3
#define FIELDS	{ 2, 1, 0 }
#define NSLOT	3
#define NSPAN	1
#define SPANS	{ 0, 0, 0 }
#define NR	2
#define NM	2
#ifndef BS
#define BS	1
#endif
#ifndef BA
#define BA	1
#endif
#define ATOMIC_SHADE	1
