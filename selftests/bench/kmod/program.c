// SPDX-License-Identifier: GPL-2.0
/*
 * The frame around a program: see program.h.
 */
#ifdef __KERNEL__
#include <linux/completion.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/vmstat.h>
#endif

#include "program.h"

/* A heap under the pacer. Types come first, then program_start(). */
int program_open(struct program *p)
{
	struct kgc_type_desc desc = {
		.name = "bytes", .align = 8, .flags = KGC_DESC_NOSCAN,
		.owner = THIS_MODULE,
	};
	unsigned int i;
	int err;

	memset(p, 0, sizeof(*p));
	p->worker = kvcalloc(PROGRAM_WORKERS, sizeof(*p->worker), GFP_KERNEL);
	if (!p->worker)
		return -ENOMEM;
	err = bench_heap_open(&p->h, "program");
	if (err) {
		kvfree(p->worker);
		return err;
	}
	for (i = 0; i < PROGRAM_WORKERS; i++) {
		p->worker[i].p = p;
		p->worker[i].nr = i;
		p->worker[i].seed = i + 1;
	}
	for (i = 0; i < PROGRAM_KINDS; i++) {
		desc.size = program_sizes[i];
		p->kind[i] = program_type(p, &desc);
	}
	kgc_option_set(p->h.heap, KGC_OPT_GOGC, bench_param("gogc", 100));
	program_look(p);
	bench_busy_begin(&p->busy);
	return p->worker[0].err;
}

/* Register a type of the program. If that fails, the first worker has failed. */
struct kgc_type *program_type(struct program *p,
			      const struct kgc_type_desc *desc)
{
	struct kgc_type *type = kgc_type_register(p->h.heap, desc);

	if (!IS_ERR(type))
		return type;
	p->worker[0].err = PTR_ERR(type);
	return NULL;
}

static void program_report(struct program *p, u64 busy)
{
	struct worker *all = &p->worker[0];
	unsigned int i;

	for (i = 1; i < PROGRAM_WORKERS; i++) {
		all->sum += p->worker[i].sum;
		all->allocs += p->worker[i].allocs;
		all->bytes += p->worker[i].bytes;
		histogram_merge(&all->steps, &p->worker[i].steps);
	}
	bench_result(BENCH_SUBJECT, "total", "ns", busy, 1);
	bench_result(BENCH_SUBJECT, "worst", "ns", all->steps.max, 1);
	for (i = 0; i < HISTOGRAM_RANKS; i++)
		bench_result(BENCH_SUBJECT, histogram_rank(i)->name, "ns",
			     histogram_at(&all->steps, histogram_rank(i)->ppm), 1);
	bench_result(BENCH_SUBJECT, "operations", "", all->steps.n, 1);
	bench_result(BENCH_SUBJECT, "per operation", "ns", busy, all->steps.n);
	if (all->allocs) {
		bench_result(BENCH_SUBJECT, "allocations per operation", "",
			     all->allocs, all->steps.n);
		bench_result(BENCH_SUBJECT, "bytes per operation", "B",
			     all->bytes, all->steps.n);
	}
	/* exact in thousandths */
	bench_result(BENCH_SUBJECT, "checksum", "", all->sum & U32_MAX, 1);
	bench_result(BENCH_SUBJECT, "peak", "KiB", program_peak_kib(p), 1);
}

int program_close(struct program *p, int err)
{
	u64 busy = bench_busy_ns(&p->busy);

	if (!err)
		program_report(p, busy);
	bench_heap_close(&p->h);
	kvfree(p->worker);
	return err;
}

#ifdef __KERNEL__
/* Note how much memory has been taken, and at the first call how much is free. */
void program_look(struct program *p)
{
	u64 now = global_zone_page_state(NR_FREE_PAGES) << (PAGE_SHIFT - 10);

	if (!p->free_kib)
		p->free_kib = now;
	if (now < p->free_kib)
		p->peak_kib = max(p->peak_kib, p->free_kib - now);
	cond_resched();
}

u64 program_peak_kib(struct program *p)
{
	program_look(p);
	return p->peak_kib;
}

struct program_thread {
	struct worker		*w;
	int			(*run)(struct worker *w);
	struct completion	done;
};

static int program_thread(void *data)
{
	struct program_thread *t = data;

	t->w->err = t->run(t->w);
	complete(&t->done);
	return 0;
}

/* Run @n workers in parallel and wait for them. Return: the first error, or 0. */
int program_run(struct program *p, unsigned int n, int (*run)(struct worker *w))
{
	struct program_thread *t;
	struct task_struct *task;
	unsigned int i;
	int err = 0;

	t = kcalloc(n, sizeof(*t), GFP_KERNEL);
	if (!t)
		return -ENOMEM;
	for (i = 0; i < n; i++) {
		t[i].w = &p->worker[i];
		t[i].run = run;
		init_completion(&t[i].done);
		task = kthread_run(program_thread, &t[i], "kgc_bench/%u", i);
		if (IS_ERR(task)) {
			t[i].w->err = PTR_ERR(task);
			complete(&t[i].done);
		}
	}
	for (i = 0; i < n; i++) {
		wait_for_completion(&t[i].done);
		err = err ?: t[i].w->err;
	}
	kfree(t);
	return err;
}
#endif
