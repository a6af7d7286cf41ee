/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"flush"
#endif
#define BOUNDS \
	"caches of 2 CPUs that flush one after another, by the " \
	"collector or by themselves, refill, central path, sweep on " \
	"demand; 3 objects in 2 spans (2 + 1), 1 root, 2 mutators, " \
	"every way to cache the spans"
#define LEAVES \
	"fields; shade as one step; mutators stay on their CPUs"
#define NO	3
#define FIELDS	{ 0, 0, 0 }
#define NSLOT	0
#define NSPAN	2
#define SPANS	{ 0, 0, 1 }
#define NR	1
#define NM	2
#ifndef CYCLES
#define CYCLES	2
#endif
#define CACHES	1
#ifndef BS
#define BS	1
#endif
#ifndef BA
#define BA	2
#endif
#define ATOMIC_SHADE	1
