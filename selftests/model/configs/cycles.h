/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"cycles"
#endif
#define BOUNDS \
	"two cycles with sweep and reuse of slots; 3 objects (two " \
	"with a field) in 2 spans (2 + 1), 1 root, 2 mutators, 1 " \
	"marker, from every graph"
#define LEAVES \
	"shade as one step; caches (flush): all CPUs flush at once"
#define NO	3
#define FIELDS	{ 1, 1, 0 }
#define NSLOT	2
#define NSPAN	2
#define SPANS	{ 0, 0, 1 }
#define NR	1
#define NM	2
#ifndef CYCLES
#define CYCLES	2
#endif
#ifndef BS
#define BS	2
#endif
#ifndef BA
#define BA	1
#endif
#define ATOMIC_SHADE	1
