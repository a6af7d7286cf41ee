/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"nest"
#endif
#define BOUNDS \
	"nested sections; 2 objects of one field in 1 span, 1 root, 2 " \
	"mutators, 1 marker, from every graph"
#define LEAVES \
	"a third object; shade as one step"
#define NO	2
#define FIELDS	{ 1, 1 }
#define NSLOT	2
#define NSPAN	1
#define SPANS	{ 0, 0 }
#define NR	1
#define NM	2
#ifndef BS
#define BS	3
#endif
#ifndef BA
#define BA	1
#endif
#define ATOMIC_SHADE	1
#define NEST	1
