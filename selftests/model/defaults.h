/* SPDX-License-Identifier: GPL-2.0 */
/* defaults of what a configuration does not define */
#ifndef NK
#define NK	1		/* markers */
#endif
#ifndef NC
#define NC	NM		/* CPUs: one per mutator */
#endif
#ifndef CPUOF
#define CPUOF(i)	(i)
#endif
#ifndef CYCLES
#define CYCLES	1
#endif
#ifndef HASGEN
#define HASGEN	(CYCLES > 1)	/* generations, sweep */
#endif
#ifndef CACHES
#define CACHES	0		/* per-CPU caches and owner generations */
#endif
#ifndef TINY
#define TINY	0		/* objects are blocks that a cache fills */
#endif
#ifndef ATOMIC_SHADE
#define ATOMIC_SHADE 0		/* mark, claim and push in one step */
#endif
#ifndef MSPLIT
#define MSPLIT	0		/* markers take single steps */
#endif
#ifndef WEAK
#define WEAK	0
#endif
#ifndef FIN
#define FIN	0
#endif
#ifndef FINOBJ
#define FINOBJ	0		/* objects that may have a finalizer */
#endif
#ifndef FINNEW
#define FINNEW	0		/* newborns may have one, too */
#endif
#ifndef FINRUN
#define FINRUN(i)	1	/* whether mutator i runs finalizers */
#endif
#ifndef CLN
#define CLN	0		/* there are cleanups */
#endif
#ifndef BC
#define BC	0		/* budget of cleanups added */
#endif
#ifndef NEST
#define NEST	0
#endif
#ifndef IRQ
#define IRQ	0
#endif
#ifndef PLAIN
#define PLAIN	0
#endif
#ifndef SYMM
#define SYMM	1		/* mutators are interchangeable */
#endif
#ifndef BW
#define BW	0		/* budget of weak_get */
#endif
#ifndef BX
#define BX	0		/* budget of weak_set */
#endif
#ifndef INIT_ALLOC
#define INIT_ALLOC(a)	1
#endif
#ifndef INIT_REACHABLE
#define INIT_REACHABLE	0
#endif
#ifndef INIT_FLOAT
#define INIT_FLOAT	0
#endif
#ifndef WORDS
#define WORDS	2
#endif
#ifndef MAXSTATES
#define MAXSTATES	200000000ull
#endif
