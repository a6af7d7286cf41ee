/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"tiny"
#endif
#define BOUNDS \
	"as flush, but objects are blocks of tiny ones: a cache fills up " \
	"those that it took, and the tracer notes what floats; from all " \
	"blocks that may be open"
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
#define TINY	1
#ifndef BS
#define BS	1
#endif
#ifndef BA
#define BA	2
#endif
#define ATOMIC_SHADE	1
