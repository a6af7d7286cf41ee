// SPDX-License-Identifier: GPL-2.0
/*
 * The collector: phases, roots, clean rounds, weak references, finalizers, flushes. Also
 * what a sweep may find.
 */
#include "model.h"

static int all_tok(const struct state *s, u8 ph)
{
	int i;

	for (i = 0; i < NM; i++)
		if (s->m[i].otok != ph && s->m[i].pc != P_OUT)
			return 0;
	return 1;
}

static int markers_busy(void)
{
	int j;

	for (j = 0; j < NK; j++)
		if (cur->k[j].pc != K_IDLE)
			return 1;
	return 0;
}

/* Return: whether one of the first @nr lists has a span. */
static int some_list(int nr)
{
	int i;

	for (i = 0; i < nr; i++)
		if (cur->list[i])
			return 1;
	return 0;
}

static void publish(struct state *n, u8 ph)
{
	n->vis = n->phase;
	n->phase = ph;
}

void go(struct state *n, u8 cc)
{
	n->cc = cc;
	n->chk = n->creg = 0;
}

/* ---- a cycle begins ------------------------------------------------------ */

static void begin_cycle(void)
{
	struct state n = *cur;

	if (HASGEN && unswept(cur) && !MUT(arm_before_swept))
		return;
	if (cur->cyc >= CYCLES)
		return;
	mandatory++;
	n.garb = n.alloc & ~strong(&n);
	if (FIN)
		n.garb &= ~closure(&n, n.finreg | n.finq);
	n.cyc++;
	publish(&n, ARM);
	go(&n, C_ARMGP);
	if (MUT(no_arm)) {
		n.phase = MARK;
		go(&n, C_MARKGP);
	}
	emit(&n, "C phase=ARM");
}

static void begin_mark(void)
{
	struct state n = *cur;

	if (!all_tok(cur, ARM) && !MUT(no_gp_arm))
		return;
	mandatory++;
	publish(&n, MARK);
	n.closed = 0;
	go(&n, C_MARKGP);
	emit(&n, "C phase=MARK");
}

static void begin_roots(void)
{
	struct state n = *cur;

	if (!all_tok(cur, MARK) && !MUT(no_gp_mark))
		return;
	mandatory++;
	n.vis = n.phase;
	go(&n, C_ROOTS);
	emit(&n, "C mark grace period over");
}

static void scan_roots(void)
{
	struct state n;
	int i, o;

	for (i = 0; i < NR; i++) {
		if (cur->chk & BIT(i))
			continue;
		mandatory++;
		n = *cur;
		n.chk |= BIT(i);
		if (n.root[i] && MSPLIT) {
			n.cc = C_ROOTM;
			n.creg = n.root[i];
		} else if (n.root[i]) {
			kshade(&n, NULL, n.root[i]);
		}
		emit(&n, L("C scans root%d", i));
	}
	if (cur->chk != BIT(NR) - 1)
		return;
	mandatory++;
	n = *cur;
	if (FIN && !MUT(finq_no_root))
		for (o = 0; o < NO; o++)
			if (n.finq & BIT(o))
				kshade(&n, NULL, o + 1);
	go(&n, C_DRAIN);
	emit(&n, "C drains");
}

static void mark_root(void)
{
	struct state n = *cur;

	mandatory++;
	kshade(&n, NULL, n.creg);
	n.creg = 0;
	n.cc = C_ROOTS;
	emit(&n, L("C shades %c", on(cur->creg)));
}

/* ---- clean rounds --------------------------------------------------------- */

/* no object will be marked any more */
static void marking_done(struct state *n)
{
	go(n, CLN && !MUT(cleanup_late) && !MUT(cleanup_before_fin) ? C_CLEAN : C_SETTLE);
}

/* continue with finalizable objects, if the configuration has any */
static void go_to_finalizers(struct state *n)
{
	if (!FIN)
		marking_done(n);
	else
		go(n, MUT(cleanup_before_fin) ? C_CLEAN : C_FIN);
}

static void rounds_done(struct state *n)
{
	if (WEAK)
		go(n, C_CLOSE);
	else
		go_to_finalizers(n);
}

static void begin_round(void)
{
	struct state n = *cur;

	if ((markers_busy() && !MUT(markers_not_joined)) || cur->list[KLIST])
		return;
	if (MUT(no_rounds) && some_list(NC))
		return;
	mandatory++;
	if (MUT(no_rounds) || MUT(no_take)) {
		rounds_done(&n);
		emit(&n, "C done without a round");
		return;
	}
	go(&n, C_SNAP);
	emit(&n, "C round begins");
}

/* look at the counts, one CPU after the other */
static void look_at_counts(void)
{
	struct state n = *cur;
	int i;

	if (cur->chk == BIT(NC) - 1) {
		mandatory++;
		n.wchg = 0;	/* also look at the gate of the weak references */
		go(&n, C_RGP);
		n.rgp = MUT(no_round_gp) ? 0 : regions(cur);
		if (MUT(count_look_late))
			n.dirty = 0;
		emit(&n, "C round: grace period begins");
		return;
	}
	for (i = 0; i < NC; i++) {
		if (cur->chk & BIT(i))
			continue;
		mandatory++;
		n = *cur;
		n.chk |= BIT(i);
		emit(&n, L("C looks at count %d", i));
	}
}

static void round_gp(void)
{
	struct state n = *cur;

	if (cur->rgp)
		return;
	mandatory++;
	if (MUT(count_look_late))
		n.dirty = 0;
	go(&n, C_CHKN);
	emit(&n, "C round: grace period over");
}

/* look at every count again, then at every list */
static void check_round(void)
{
	int i, counts = cur->cc == C_CHKN;

	for (i = 0; i < NC; i++) {
		struct state n = *cur;
		int shaded = counts ? cur->dirty & BIT(i) : cur->list[i];

		if (cur->chk & BIT(i))
			continue;
		mandatory++;
		if (shaded && !(MUT(skip_a_cpu) && i == NC - 1)) {
			n.dirty = 0;
			go(&n, C_DRAIN);
			emit(&n, L("C round: CPU %d has shaded", i));
			continue;
		}
		n.chk |= BIT(i);
		if (n.chk == BIT(NC) - 1 && counts) {
			go(&n, C_CHKL);
			n.dirty = 0;
		} else if (n.chk == BIT(NC) - 1) {
			rounds_done(&n);
		}
		emit(&n, L("C round: CPU %d %s", i, counts ? "has not counted" :
							     "has an empty list"));
	}
}

/* ---- weak references and finalizers ---------------------------------------- */

static void close_weak(void)
{
	struct state n = *cur;

	mandatory++;
	if (MUT(weak_closing_flag)) {
		n.closed = 1;
		go(&n, C_CLOSEGP);
		n.rgp = regions(cur);
		emit(&n, "C closing flag set");
		return;
	}
	if (cur->wchg && !MUT(weak_close_blind)) {
		go(&n, C_DRAIN);
		emit(&n, "C closing fails: a weak_get has been here");
		return;
	}
	/*
	 * the collector may keep the target in any round, and does if lookups do not end;
	 * this garbage is for the next cycle
	 */
	if (cur->weak && cur->cyc == 1) {
		kshade(&n, NULL, cur->weak);
		n.garb &= ~closure(&n, BIT(OBJ(cur->weak)));
		go(&n, C_DRAIN);
		emit(&n, "C keeps what the weak reference names");
		n = *cur;
	}
	n.closed = 1;
	n.wchg = 0;
	go(&n, MUT(fin_before_weak) ? C_FIN : C_WEAK);
	emit(&n, "C weak references closed");
}

/* the mutant weak_closing_flag has a grace period instead of the gate */
static void closing_gp(void)
{
	struct state n = *cur;

	if (cur->rgp)
		return;
	mandatory++;
	go(&n, C_CLOSECHK);
	emit(&n, "C closing: grace period over");
}

static void closing_check(void)
{
	struct state n = *cur;

	mandatory++;
	go(&n, some_list(NC) ? C_DRAIN : C_WEAK);
	emit(&n, "C closing: lists checked");
}

static void weak_done(struct state *n)
{
	if (MUT(fin_before_weak))
		marking_done(n);
	else
		go_to_finalizers(n);
}

static void look_at_weak(void)
{
	struct state n = *cur;

	mandatory++;
	if (cur->weak && !(cur->mark & BIT(OBJ(cur->weak))) &&
	    !MUT(weak_after_sweep) && !MUT(weak_not_cleared)) {
		n.creg = cur->weak;
		n.cc = C_WEAK2;
		emit(&n, L("C weak target %c is dead", on(n.creg)));
		return;
	}
	weak_done(&n);
	emit(&n, "C weak references done");
}

static void clear_weak(void)
{
	struct state n = *cur;

	mandatory++;
	if (cur->weak == cur->creg || MUT(weak_clear_plain)) {
		if (cur->weak && (strong(cur) & BIT(OBJ(cur->weak))))
			viol = "the weak reference of a reachable object is cleared";
		n.dead |= BIT(OBJ(cur->creg));
		n.weak = 0;
	}
	weak_done(&n);
	emit(&n, L("C clears weak reference to %c", on(cur->creg)));
}

static void queue_finalizers(void)
{
	struct state n = *cur;
	u8 white = cur->finreg & ~cur->mark;
	int o;

	mandatory++;
	if (!white) {
		go(&n, C_FDRAIN);
		emit(&n, "C final drain");
		return;
	}
	o = __builtin_ctz(white);
	if (MUT(fin_no_trace))
		n.mark |= BIT(o);
	else if (!MUT(fin_no_mark))
		kshade(&n, NULL, o + 1);
	n.finq |= BIT(o);
	if (!MUT(fin_twice))
		n.finreg &= ~BIT(o);
	if (MUT(fin_no_mark) || MUT(fin_twice))
		go(&n, C_FDRAIN);	/* otherwise the next step would find it again */
	emit(&n, L("C queues the finalizer of %c", 'a' + o));
}

static void final_drain(void)
{
	struct state n = *cur;

	if (markers_busy() || some_list(NLIST))
		return;
	mandatory++;
	if (MUT(fin_before_weak))
		go(&n, C_WEAK);
	else
		marking_done(&n);
	emit(&n, "C final drain over");
}

static void find_cleanups(void)
{
	struct state n = *cur;
	u8 white = cur->clnreg & ~cur->mark;
	int o;

	mandatory++;
	if (!white) {
		go(&n, MUT(cleanup_before_fin) ? C_FIN : C_SETTLE);
		emit(&n, "C cleanups done");
		return;
	}
	o = __builtin_ctz(white);
	if (reachable(cur) & BIT(o))
		viol = "the cleanup of a reachable object is found";
	n.gone |= BIT(o);
	if (!MUT(cleanup_stays))
		n.clnreg &= ~BIT(o);
	else
		go(&n, C_SETTLE);	/* otherwise the next step would find it again */
	if (MUT(cleanup_marks))
		kshade(&n, NULL, o + 1);
	emit(&n, L("C finds the cleanup of %c", 'a' + o));
}

/* ---- to the next generation ------------------------------------------------ */

static void publish_settle(struct state *n, const char *traced)
{
	publish(n, MUT(idle_after_mark) ? IDLE : SETTLE);
	n->tgt = cur->hgen ^ 1;
	n->dead = 0;
	go(n, C_SGP);
	emit(n, L("C %sphase=%s", traced, phname[n->phase]));
}

/*
 * Wait for sections to end, make new ones wait, and let them go on after the tracer has
 * run.
 */
static void trace_and_settle(void)
{
	struct state n = *cur;
	int i;

	for (i = 0; i < NM; i++) {
		struct mu *m = &n.m[i];

		if (m->pc != P_REST)
			return;
		m->tok = m->otok = n.phase;
		m->held = closure(&n, rootset(&n));
	}
	trace_floating(&n);
	publish_settle(&n, "traces, ");
}

static void settle(void)
{
	struct state n = *cur;

	mandatory++;
	/* without a trace in this cycle, nothing is known about the next one */
	n.floats = 0;
	publish_settle(&n, "");
	if (TINY)
		trace_and_settle();
}

/* without a second cycle: check what the sweep would free */
static void judge(struct state *n)
{
	if (n->alloc & ~n->mark & reachable(n))
		viol = "a reachable object would be freed";
	if (WEAK && n->weak && !(n->mark & BIT(OBJ(n->weak))))
		viol = "a weak reference to a slot about to be freed";
	if (n->garb & n->mark)
		viol = "garbage would survive a whole cycle";
}

static void settle_gp(void)
{
	struct state n = *cur;

	if (!all_tok(cur, SETTLE) && !MUT(no_gp_settle) && !MUT(idle_after_mark))
		return;
	mandatory++;
	n.vis = n.phase;
	if (!HASGEN) {
		judge(&n);
		go(&n, C_DONE);
		n.cyc = CYCLES;
		emit(&n, "C would sweep now");
		return;
	}
	go(&n, C_NEWGEN);
	if (MUT(idle_before_flush))
		publish(&n, IDLE);
	emit(&n, "C settle grace period over");
}

/* ---- the end of a cycle ---------------------------------------------------- */

static void publish_idle(void)
{
	struct state n = *cur;

	mandatory++;
	publish(&n, IDLE);
	go(&n, MUT(weak_after_sweep) ? C_LATEWEAK : C_SWEEP);
	emit(&n, "C phase=IDLE");
}

/* the mutant weak_after_sweep clears here */
static void clear_weak_late(void)
{
	struct state n = *cur;

	if (unswept(cur))
		return;
	mandatory++;
	if (n.weak && !(n.alloc & BIT(OBJ(n.weak))))
		n.weak = 0;
	go(&n, C_SWEEP);
	emit(&n, "C clears weak references late");
}

static void end_cycle(void)
{
	struct state n = *cur;

	if (unswept(cur) && !MUT(arm_before_swept))
		return;
	mandatory++;
	if (cur->garb)
		viol = "garbage has survived a whole cycle";
	go(&n, cur->cyc == CYCLES ? C_DONE : C_IDLE);
	emit(&n, n.cc == C_DONE ? "C done" : "C cycle over");
}

void collector_step(void)
{
	static void (*const step[C_NR])(void) = {
		[C_IDLE] = begin_cycle, [C_ARMGP] = begin_mark,
		[C_MARKGP] = begin_roots, [C_ROOTS] = scan_roots,
		[C_ROOTM] = mark_root, [C_DRAIN] = begin_round,
		[C_SNAP] = look_at_counts, [C_RGP] = round_gp,
		[C_CHKN] = check_round, [C_CHKL] = check_round,
		[C_CLOSE] = close_weak, [C_CLOSEGP] = closing_gp,
		[C_CLOSECHK] = closing_check, [C_WEAK] = look_at_weak,
		[C_WEAK2] = clear_weak, [C_FIN] = queue_finalizers,
		[C_FDRAIN] = final_drain, [C_CLEAN] = find_cleanups,
		[C_SETTLE] = settle,
		[C_SGP] = settle_gp, [C_NEWGEN] = publish_gen,
		[C_FGP] = gen_gp, [C_FLUSH] = flush, [C_FLUSH1] = flush_read,
		[C_FLUSH1P] = flush_give_back, [C_FLUSH2] = flush_publish,
		[C_PUBIDLE] = publish_idle, [C_SWEEP] = end_cycle,
		[C_LATEWEAK] = clear_weak_late,
	};

	step[cur->cc]();
}
