/* SPDX-License-Identifier: GPL-2.0 */
/* Who is inside a section, and who keeps a cycle waiting. */
#ifndef _KGC_SECTION_H
#define _KGC_SECTION_H

#include <linux/kgc.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

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
 * @misused: what kgc_misuse() was called for
 * @watch: complains about sections that keep a cycle waiting
 */
struct kgc_sections {
	raw_spinlock_t		lock;
	struct kgc_tracked	tracked[KGC_TRACKED];
	u64			missed;
	atomic_t		misused;
	struct delayed_work	watch;
};

void kgc_sections_init(struct kgc_heap *heap);
void kgc_sections_stop(struct kgc_heap *heap);
void kgc_sections_wait_begin(struct kgc_heap *heap);
void kgc_sections_wait_end(struct kgc_heap *heap);
void kgc_misuse(struct kgc_heap *heap, const char *what, const void *where);
void kgc_sections_show(struct seq_file *m, struct kgc_heap *heap);

#endif /* _KGC_SECTION_H */
