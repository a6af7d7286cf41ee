/* SPDX-License-Identifier: GPL-2.0 */
#ifndef NAME
#define NAME	"irq"
#endif
#define BOUNDS \
	"as flush, but 1 CPU: the second mutator is an interrupt that " \
	"may come between any two steps of the first"
#define LEAVES \
	"a second CPU (flush); fields; shade as one step"
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
#define IRQ	1
#define NC	1
#define CPUOF(i)	0
#define SYMM	0
