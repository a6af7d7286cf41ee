/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"weak"
#endif
#define BOUNDS \
	"1 weak reference, its gate, its clearing, shade in single " \
	"steps; 2 objects of one field in 1 span, 1 root, 2 mutators, " \
	"1 marker, from every graph"
#define LEAVES \
	"a second weak reference; sweep (fin)"
#define NO	2
#define FIELDS	{ 1, 1 }
#define NSLOT	2
#define NSPAN	1
#define SPANS	{ 0, 0 }
#define NR	1
#define NM	2
#define WEAK	1
#ifndef BS
#define BS	1
#endif
#ifndef BA
#define BA	1
#endif
#ifndef BW
#define BW	2
#endif
#ifndef BX
#define BX	1
#endif
