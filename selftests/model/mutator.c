// SPDX-License-Identifier: GPL-2.0
/*
 * What a mutator can do. It is at rest in a section, or in the middle of an
 * operation.
 */
#include "model.h"

int in_region(const struct mu *m)
{
	switch (m->pc) {
	case P_SO: case P_SN:
		return m->t != 0;	/* only mutants set m->t here */
	case P_SOP: case P_SNP: case P_W3P:
		return !MUT(push_outside_region);
	case P_SON: case P_SNN: case P_W3N: case P_SOC: case P_SNC: case P_W3C:
		return 1;
	case P_W2: case P_W3: case P_A1: case P_A2: case P_A3:
	case P_B0: case P_B1: case P_B1P: case P_B2: case P_CEN: case P_RMW:
	case P_A2T:
		return 1;
	}
	return 0;
}

/* Return: the mutators that are in a region. */
u8 regions(const struct state *s)
{
	u8 r = 0;
	int i;

	for (i = 0; i < NM; i++)
		if (in_region(&s->m[i]))
			r |= BIT(i);
	return r;
}

/* ---- from rest: choice, not progress ------------------------------------ */

/* leave the section and enter again, under the visible phase */
static void leave_and_enter(int i)
{
	struct state n = *cur;
	struct mu *m = &n.m[i];

	if (cur->phase == m->otok)
		return;
	m->tok = m->otok = n.phase;
	m->held = closure(&n, rootset(&n));
	mandatory++;
	emit(&n, L("M%d leaves and enters under %s", i, phname[n.phase]));
}

/* a section can use a slot of an object that it holds */
static int in_reach(const struct mu *m, u8 x)
{
	return x < NR || m->held & BIT(owner(x));
}

/* PLAIN: leaving, loads and drops are separate steps */
static void leave_load_drop(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n = *cur;
	int x, v, o;

	memset(&n.m[i], 0, sizeof(n.m[i]));
	n.m[i].pc = P_OUT;
	mandatory++;
	emit(&n, L("M%d leaves its section", i));
	for (x = 0; x < NR + NSLOT; x++) {
		v = getslot(cur, x);
		if (!v || (c->held & BIT(OBJ(v))) || !in_reach(c, x))
			continue;
		n = *cur;
		n.m[i].held |= BIT(OBJ(v));
		emit(&n, L("M%d loads %s", i, slotname(x)));
	}
	for (o = 0; o < NO; o++)
		if (c->held & BIT(o)) {
			n = *cur;
			n.m[i].held &= ~BIT(o);
			emit(&n, L("M%d forgets %c", i, 'a' + o));
		}
}

/* the mutant nested_fresh */
static void nest(int i)
{
	const struct mu *c = &cur->m[i];
	struct state n;

	if (c->tok != cur->phase) {
		n = *cur;
		n.m[i].tok = n.phase;
		emit(&n, L("M%d nested enter takes %s", i, phname[n.phase]));
	}
	if (c->tok != c->otok) {
		n = *cur;
		n.m[i].tok = c->otok;
		emit(&n, L("M%d nested exit", i));
	}
}

static void store_to(int i, u8 x, u8 v)
{
	struct state n = *cur;
	struct mu *m = &n.m[i];

	n.bs--;
	if (m->tok == IDLE || m->tok == SETTLE || (x < NR && MUT(no_root_barrier))) {
		setslot(&n, x, v);
		emit(&n, L("M%d stores %c to %s", i, on(v), slotname(x)));
		return;
	}
	m->slot = x;
	m->new = v;
	m->old = getslot(cur, x);
	begin_store(m);
	emit(&n, L("M%d begins %s=%c, old %c", i, slotname(x), on(v), on(m->old)));
}

static void begin_stores(int i)
{
	const struct mu *c = &cur->m[i];
	int x, v;

	for (x = 0; x < NR + NSLOT; x++) {
		if (!in_reach(c, x))
			continue;
		for (v = 0; v <= NO; v++)
			if ((!v || c->held & BIT(OBJ(v))) && v != getslot(cur, x))
				store_to(i, x, v);
	}
}

static void begin_finalizers(int i)
{
	int o;

	for (o = 0; o < NO; o++) {
		struct state n = *cur;
		struct mu *m = &n.m[i];

		if (!(cur->finq & BIT(o)))
			continue;
		m->slot = SLOT_FIN + o;
		m->old = o + 1;
		mandatory++;
		if (m->tok == IDLE || m->tok == SETTLE || MUT(fin_no_barrier)) {
			setslot(&n, SLOT_FIN + o, 0);
			stored(&n, m);
			rest(m);
			emit(&n, L("M%d runs the finalizer of %c", i, 'a' + o));
			continue;
		}
		begin_store(m);
		emit(&n, L("M%d begins to take %c off the queue", i, 'a' + o));
	}
}

static void weak_set(int i)
{
	int v;

	for (v = 1; cur->bx && v <= NO; v++) {
		struct state n = *cur;

		if (!(n.m[i].held & BIT(OBJ(v))) || cur->weak == v)
			continue;
		n.weak = v;
		n.bx--;
		emit(&n, L("M%d sets weak=%c", i, on(v)));
	}
}

static void cleanup_add(int i)
{
	u8 may = cur->bc ? cur->m[i].held & ~cur->clnreg : 0;
	int o;

	for (o = 0; o < NO; o++) {
		struct state n = *cur;

		if (!(may & BIT(o)))
			continue;
		n.clnreg |= BIT(o);
		n.bc--;
		emit(&n, L("M%d adds a cleanup to %c", i, 'a' + o));
	}
}

static void weak_get(int i)
{
	struct state n = *cur;
	struct mu *m = &n.m[i];
	u8 t = cur->weak;

	if (!cur->bw || !t || m->held & BIT(OBJ(t)))
		return;
	n.bw--;
	if (m->tok == MARK || m->tok == ARM) {
		m->old = t;
		m->pc = P_W1;
		emit(&n, L("M%d weak_get reads %c", i, on(t)));
	} else {
		weak_got(&n, m, t);
		emit(&n, L("M%d weak_get returns %c", i, on(t)));
	}
}

/* the steps of a section at rest */
void mutator_ops(int i)
{
	if (PLAIN)
		leave_load_drop(i);
	else
		leave_and_enter(i);
	/* with one cycle a SETTLE section can only rearrange what is reachable */
	if (!HASGEN && cur->m[i].otok == SETTLE)
		return;
	if (NEST && MUT(nested_fresh))
		nest(i);
	if (MUT(wait_in_section) && cur->cc != C_IDLE && cur->cc != C_SWEEP) {
		struct state n = *cur;

		n.m[i].pc = P_WAIT;
		emit(&n, L("M%d waits for the cycle inside its section", i));
	}
	if (cur->bs)
		begin_stores(i);
	if (FIN && FINRUN(i))
		begin_finalizers(i);
	if (WEAK) {
		weak_set(i);
		weak_get(i);
	}
	if (CLN)
		cleanup_add(i);
	begin_alloc(i);
}

/* ---- on from the middle of an operation ---------------------------------- */

static void enter(int i, u8 phase, const char *still)
{
	struct state n = *cur;

	n.m[i].pc = P_REST;
	n.m[i].tok = n.m[i].otok = phase;
	emit(&n, L("M%d enters under %s%s", i, phname[phase], still));
}

/* the mutant wait_in_section */
static void step_wait(int i)
{
	struct state n = *cur;

	if (cur->cc != C_IDLE && cur->cc != C_SWEEP)
		return;
	rest(&n.m[i]);
	mandatory++;
	emit(&n, L("M%d waited", i));
}

void mutator_step(int i)
{
	u8 pc = cur->m[i].pc;

	if (pc == P_OUT) {
		enter(i, cur->phase, "");
		if (cur->vis != cur->phase)	/* the new phase is not yet visible */
			enter(i, cur->vis, " still");
		return;
	}
	if (pc == P_WAIT) {
		step_wait(i);
		return;
	}
	mandatory++;
	if (pc <= P_CX)
		step_store(i);
	else if (pc <= P_W4)
		step_weak(i);
	else
		step_alloc(i);
}
