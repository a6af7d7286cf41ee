/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"clean"
#endif
#define BOUNDS \
	"cleanups, of either object or both, added at any time, beside " \
	"finalizers, sweep; 2 objects of one field in 1 span, 1 root, 2 " \
	"mutators (either runs finalizers), 1 marker, from every graph"
#define LEAVES \
	"weak references (fin); several cleanups of an object"
#define NO	2
#define FIELDS	{ 1, 1 }
#define NSLOT	2
#define NSPAN	1
#define SPANS	{ 0, 0 }
#define NR	1
#define NM	2
#ifndef CYCLES
#define CYCLES	2
#endif
#define FIN	1
#ifndef FINOBJ
#define FINOBJ	3
#endif
#define CLN	1
#ifndef BC
#define BC	1
#endif
#ifndef BS
#define BS	1
#endif
#ifndef BA
#define BA	1
#endif
#define ATOMIC_SHADE	1
