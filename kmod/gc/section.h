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
 * @ip: where it was entered; 0 when the entry is free
 * @serial: how often the entry has been used, as far as it fits a token
 * @task: that entered; NULL for an interrupt
 * @pid: of the task that entered
 * @comm: its name
 * @since_ns: monotonic time
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
 * @lock: guards @tracked; leaf, any context
 * @tracked: those known
 * @missed: sections entered while all entries were taken
 * @watch: reports sections that keep a cycle waiting
 * @side: of SRCU, 0 or 1, that sections were on when the cycle began to wait
 * @since_ns: when the cycle began to wait for sections; 0 while it does not
 * @halted: sections that begin now and may sleep wait for the tracer
 * @disturbed: a section that cannot wait has begun since
 * @resumed: for the end of @halted
 */
struct kgc_sections {
	raw_spinlock_t		lock;
	struct kgc_tracked	tracked[KGC_TRACKED] __guarded_by(&lock);
	u64			missed __guarded_by(&lock);
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
