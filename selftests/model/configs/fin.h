/* SPDX-License-Identifier: GPL-2.0 */
#define NAME	"fin"
#define BOUNDS \
	"1 object with a finalizer and 1 weak reference, 2 cycles " \
	"with sweep; 2 objects of one field in 1 span, 1 root, 2 " \
	"mutators (either runs the finalizer), 1 marker, 1 store + 1 " \
	"allocation + 1 get, from every graph"
#define LEAVES \
	"chains of finalizers; shade as one step"
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
#define WEAK	1
#define FIN	1
#define FINOBJ	1
#ifndef BS
#define BS	1
#endif
#ifndef BA
#define BA	1
#endif
#ifndef BW
#define BW	1
#endif
#ifndef BX
#define BX	0
#endif
#define ATOMIC_SHADE	1
