/* SPDX-License-Identifier: GPL-2.0 */
/* Open sections, and those that keep a cycle waiting. */
#ifndef _KGC_SECTION_H
#define _KGC_SECTION_H

#include <linux/kgc.h>
#include <linux/sched.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "../compat.h"

struct seq_file;

#define KGC_TRACKED	64	/* sections remembered at the same time */

/**
 * struct kgc_tracked - one section, while sections are tracked
 * @ip: address of the code that entered; 0 while the entry is free
 * @serial: counts the uses of the entry, in as many bits as a token has for it
 * @task: the task that entered; NULL for an interrupt
 * @pid: process id of @task; 0 for an interrupt
 * @comm: name of @task, or "interrupt"
 * @since_ns: monotonic time of the entry
 */
struct kgc_tracked {
	unsigned long	ip;
	unsigned int	serial;
	struct task_struct *task;
	pid_t		pid;
	char		comm[TASK_COMM_LEN];
	u64		since_ns;
};

/**
 * struct kgc_sections - the sections of a heap
 * @lock: guards @tracked and @missed; leaf, any context
 * @tracked: open sections, while sections are tracked. Builds with KGC_DEBUG=1 read the entry
 *	of a section without @lock, when they check whether the section is over
 * @missed: sections that are not in @tracked because all entries were taken; read without
 *	@lock for statistics
 * @took: lengths of the sections that were in @tracked
 * @watch: logs that sections keep a cycle waiting
 * @side: side of SRCU, 0 or 1, that sections used when the cycle began to wait
 * @since_ns: when the cycle began to wait for sections; 0 while it does not
 * @halted: a section that begins now waits for the tracer, if it may sleep
 * @disturbed: a section has begun while @halted was set, because it could not wait, or had
 *	waited too long
 * @resumed: waits for the end of @halted
 *
 * The state machine writes @side, @since_ns and @halted. The end of a grace period clears
 * @since_ns. Sections set @disturbed.
 */
struct kgc_sections {
	raw_spinlock_t		lock;
	struct kgc_tracked	tracked[KGC_TRACKED] __guarded_by(&lock);
	u64			missed __guarded_by(&lock);
	struct kgc_histogram	took;
	struct delayed_work	watch;
	unsigned int		side;
	u64			since_ns;
	bool			halted;
	bool			disturbed;
	wait_queue_head_t	resumed;
};

struct kgc_section kgc_section_inner(struct kgc_heap *heap)
	__acquires(kgc_section) __acquires(srcu);
void kgc_sections_init(struct kgc_heap *heap);
void kgc_sections_stop(struct kgc_heap *heap);
void kgc_sections_wait_begin(struct kgc_heap *heap);
void kgc_sections_wait_end(struct kgc_heap *heap);
void kgc_sections_halt(struct kgc_heap *heap);
bool kgc_sections_disturbed(struct kgc_heap *heap);
void kgc_sections_resume(struct kgc_heap *heap);
bool kgc_sections_stuck(struct kgc_heap *heap, unsigned int ms);
void kgc_sections_show(struct seq_file *m, struct kgc_heap *heap);

#endif /* _KGC_SECTION_H */
