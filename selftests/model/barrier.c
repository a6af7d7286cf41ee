// SPDX-License-Identifier: GPL-2.0
/*
 * A mutator in the middle of a store or of turning a weak reference strong.
 */
#include "model.h"

void rest(struct mu *m)
{
	m->pc = P_REST;
	m->slot = m->old = m->new = m->t = 0;
}

static void go_on(struct mu *m, u8 pc)
{
	m->pc = pc;
	if (pc == P_REST)
		rest(m);
}

/*
 * This CPU has shaded an object. A clean round checks whether a CPU's count has changed.
 */
static void count(struct state *n, int i)
{
	int looked = n->cc == C_RGP || n->cc == C_CHKN ||
		     (n->cc == C_SNAP && n->chk & BIT(CPUOF(i)));

	/* only a change between two looks of the collector makes a difference */
	if (looked && !MUT(no_count))
		n->dirty |= BIT(CPUOF(i));
}

/* ---- shading ---------------------------------------------------------- */

/* Shade in one step. */
static void shade_at_once(int i, u8 val, u8 done)
{
	struct state n = *cur;
	u8 b = BIT(OBJ(val)), sp = BIT(spanof[OBJ(val)]);

	if (!(n.mark & b)) {
		n.mark |= b;
		count(&n, i);
		if (!(n.queued & sp)) {
			n.queued |= sp;
			n.list[CPUOF(i)] |= sp;
		}
	}
	go_on(&n.m[i], done);
	emit(&n, L("M%d shade %c", i, on(val)));
}

/* test and set the mark */
static void shade_mark(int i, u8 stage, u8 val, u8 done)
{
	struct state n = *cur;
	struct mu *m = &n.m[i];
	u8 b = BIT(OBJ(val)), queued = n.queued >> spanof[OBJ(val)] & 1, next;

	if (MUT(queued_before_mark) && !m->t && !(n.mark & b)) {
		m->t = 1 + queued;
		emit(&n, L("M%d reads queued of %c's span", i, on(val)));
		return;
	}
	next = n.mark & b || (MUT(queued_before_mark) && m->t == 2) ? done : stage + 1;
	n.mark |= b;
	m->t = 0;
	go_on(m, next);
	emit(&n, L("M%d marks %c", i, on(val)));
}

/* the mutant count_if_queued claims first */
static void shade_claim_count(int i, u8 stage, int sp, u8 done)
{
	struct state n = *cur;
	struct mu *m = &n.m[i];

	if (!m->t) {
		if (n.queued & BIT(sp))
			m->t = 3;
		else
			m->pc = stage + 3;
		n.queued |= BIT(sp);
		emit(&n, L("M%d claims span %d", i, sp));
		return;
	}
	count(&n, i);
	m->t = 0;
	go_on(m, done);
	emit(&n, L("M%d counts", i));
}

/* count before the flag is set */
static void shade_count(int i, u8 stage)
{
	struct state n = *cur;

	count(&n, i);
	n.m[i].pc = stage + 2;
	emit(&n, L("M%d counts", i));
}

static void shade_claim(int i, u8 stage, int sp, u8 done)
{
	struct state n = *cur;

	go_on(&n.m[i], n.queued & BIT(sp) ? done : stage + 3);
	n.queued |= BIT(sp);
	emit(&n, L("M%d claims span %d", i, sp));
}

/* push the span on this CPU's list */
static void shade_push(int i, int sp, u8 done)
{
	struct state n = *cur;

	n.list[CPUOF(i)] |= BIT(sp);
	go_on(&n.m[i], done);
	emit(&n, L("M%d pushes span %d", i, sp));
}

/*
 * One step of a shading: @stage, P_SO, P_SN or P_W3, is its first pc, @val the object,
 * and @done the pc after the last step.
 */
static void step_shade(int i, u8 stage, u8 val, u8 done)
{
	int sp = spanof[OBJ(val)];

	if (ATOMIC_SHADE) {
		shade_at_once(i, val, done);
		return;
	}
	switch (cur->m[i].pc - stage) {
	case 0:
		shade_mark(i, stage, val, done);
		break;
	case 1:
		if (MUT(count_if_queued))
			shade_claim_count(i, stage, sp, done);
		else
			shade_count(i, stage);
		break;
	case 2:
		shade_claim(i, stage, sp, done);
		break;
	case 3:
		shade_push(i, sp, done);
		break;
	}
}

/* ---- a store ---------------------------------------------------------- */

/* a store begins, or begins again: m->old was just read */
void begin_store(struct mu *m)
{
	int o = m->old && !MUT(no_barrier), nw;

	if (m->tok == ARM && MUT(arm_no_old))
		o = 0;
	if (m->tok == MARK && MUT(mark_no_shade))
		o = 0;
	nw = m->tok == ARM && m->new && !MUT(arm_no_new) && !MUT(no_barrier);
	if (MUT(shade_after_store))
		o = 0;
	m->pc = o ? P_SO : nw ? P_SN : P_CX;
}

static u8 after_old(const struct mu *m)
{
	if (MUT(shade_after_store))
		return P_REST;
	return m->tok == ARM && m->new && !MUT(arm_no_new) ? P_SN : P_CX;
}

/* the store is done: give the section the result of the operation */
void stored(struct state *s, struct mu *m)
{
	int o = m->slot - SLOT_FIN;

	if (!FIN || m->slot < SLOT_FIN)
		return;
	/* the finalizer runs now, in this section */
	if (s->ran & BIT(o))
		viol = "a finalizer runs twice";
	if (!(s->alloc & BIT(o)))
		viol = "a finalizer runs on a freed object";
	if (WEAK && s->weak == o + 1)
		viol = "a finalizer runs, its object still weakly reachable";
	s->ran |= BIT(o);
	m->held |= BIT(o);
}

static void step_cmpxchg(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n = *cur;
	struct mu *m = &n.m[i];
	u8 v = getslot(&n, c->slot);

	if (v == c->old || MUT(plain_store)) {
		setslot(&n, c->slot, c->new);
		stored(&n, m);
		if (MUT(shade_after_store) && c->old) {
			m->pc = P_SO;
			emit(&n, L("M%d stored, shades after", i));
			return;
		}
		rest(m);
		emit(&n, L("M%d cmpxchg %s: %c -> %c", i, slotname(c->slot), on(c->old),
			   on(c->new)));
		return;
	}
	m->old = v;
	if (FIN && c->slot >= SLOT_FIN)
		rest(m);	/* another mutator has taken it */
	else
		begin_store(m);
	emit(&n, L("M%d cmpxchg fails, old is %c", i, on(v)));
}

void step_store(int i)
{
	const struct mu *c = &cur->m[i];

	if (c->pc == P_CX)
		step_cmpxchg(i);
	else if (c->pc >= P_SN)
		step_shade(i, P_SN, c->new, P_CX);
	else
		step_shade(i, P_SO, c->old, after_old(c));
}

/* ---- weak_get --------------------------------------------------------- */

/* the weak reference has turned strong */
void weak_got(struct state *s, struct mu *m, u8 v)
{
	if (!(s->alloc & BIT(OBJ(v))))
		viol = "weak_get returns a freed slot";
	else if (s->dead & BIT(OBJ(v)))
		viol = "weak_get returns an object declared dead";
	m->held |= BIT(OBJ(v));
	s->garb &= ~closure(s, BIT(OBJ(v)));
}

static void step_weak_test(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n = *cur;
	struct mu *m = &n.m[i];

	if (MUT(weak_no_shade) || (cur->mark & BIT(OBJ(c->old))))
		m->pc = P_W4;
	else
		m->pc = P_W2;
	if (c->tok == ARM && m->pc == P_W2)
		m->pc = MUT(weak_arm_plain) ? P_W4 : P_W3;
	if (m->pc == P_W3)	/* the objects that it shades may float for a cycle */
		n.garb &= ~closure(&n, BIT(OBJ(c->old)));
	emit(&n, L("M%d weak_get tests %c", i, on(c->old)));
}

static void step_weak_gate(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n = *cur;
	struct mu *m = &n.m[i];

	if (!cur->closed) {
		n.wchg = 1;
		m->pc = P_W3;
		n.garb &= ~closure(&n, BIT(OBJ(c->old)));
		emit(&n, L("M%d weak_get counts itself", i));
		return;
	}
	if (cur->weak == c->old) {
		if (strong(cur) & BIT(OBJ(c->old)))
			viol = "weak_get declares a reachable object dead";
		n.dead |= BIT(OBJ(c->old));
	}
	rest(m);
	emit(&n, L("M%d weak_get: closed, %c is dead", i, on(c->old)));
}

static void step_weak_reread(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n = *cur;
	struct mu *m = &n.m[i];

	if (cur->weak == c->old || MUT(weak_no_reread))
		weak_got(&n, m, c->old);
	rest(m);
	emit(&n, L("M%d weak_get re-reads, %c", i, on(c->old)));
}

void step_weak(int i)
{
	const struct mu *c = &cur->m[i];

	switch (c->pc) {
	case P_W1:
		step_weak_test(i);
		break;
	case P_W2:
		step_weak_gate(i);
		break;
	case P_W4:
		step_weak_reread(i);
		break;
	default:
		step_shade(i, P_W3, c->old, P_W4);
		break;
	}
}
