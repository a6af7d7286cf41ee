// SPDX-License-Identifier: GPL-2.0
/*
 * The markers: they take spans off the lists and scan the marked objects in them.
 */
#include "model.h"

void kshade(struct state *n, struct mk *k, u8 v)
{
	int sp = spanof[OBJ(v)];

	if (n->mark & BIT(OBJ(v)))
		return;
	n->mark |= BIT(OBJ(v));
	if (k && sp == k->span)
		return;		/* the marker of the span reads the mark word again */
	if (!(n->queued & BIT(sp))) {
		n->queued |= BIT(sp);
		n->list[KLIST] |= BIT(sp);
	}
}

/* the field is done: go to the next field, the next object, or read again */
static void kadvance(struct mk *k)
{
	if (++k->fi >= nfields[OBJ(k->obj)]) {
		k->todo &= ~BIT(OBJ(k->obj));
		k->obj = k->fi = 0;
		if (!k->todo) {
			if (MUT(no_reread))
				memset(k, 0, sizeof(*k));
			else
				k->pc = K_READ;
		}
	}
}

/* MSPLIT: the object that the field points to is marked and queued */
static void kchild_done(struct mk *k)
{
	k->child = 0;
	k->pc = K_SCAN;
	kadvance(k);
}

static void scanstep(int j)
{
	const struct mk *c = &cur->k[j];
	int o;

	for (o = 0; o < NO; o++) {
		struct state n;
		struct mk *k;
		u8 v;

		if (c->obj ? o != OBJ(c->obj) : !(c->todo & BIT(o)))
			continue;
		n = *cur;
		k = &n.k[j];
		k->obj = o + 1;
		if (!nfields[o]) {
			k->fi = 0;
			kadvance(k);
			emit(&n, L("K%d scans %c", j, 'a' + o));
			continue;
		}
		v = n.fld[fbase[o] + k->fi];
		if (MSPLIT && v) {
			k->child = v;
			k->pc = K_MARK;
			emit(&n, L("K%d reads %c.f%d: %c", j, 'a' + o, c->fi, on(v)));
			continue;
		}
		if (v)
			kshade(&n, k, v);
		kadvance(k);
		emit(&n, L("K%d scans %c.f%d: %c", j, 'a' + o, c->fi, on(v)));
	}
}

static void take_span(int j)
{
	int i, sp;

	if (NK == 2 && j == 1 && cur->k[0].pc == K_IDLE)
		return;		/* both markers are idle, and interchangeable */
	for (sp = 0; sp < NSPAN; sp++) {
		struct state n = *cur;
		struct mk *k = &n.k[j];
		u8 any = 0;

		for (i = 0; i < NLIST; i++) {
			any |= n.list[i] & BIT(sp);
			n.list[i] &= ~BIT(sp);
		}
		if (!any)
			continue;
		k->span = sp;
		k->pc = K_TAKEN;
		mandatory++;
		if (MUT(late_clear))
			k->pc = K_READ;
		emit(&n, L("K%d takes span %d", j, sp));
	}
}

static void read_marks(int j)
{
	const struct mk *c = &cur->k[j];
	struct state n = *cur;
	struct mk *k = &n.k[j];
	u8 todo = n.mark & ~n.scan & spanmask[c->span];

	if (MUT(late_clear) && !todo) {
		k->pc = K_TAKEN;	/* the clear comes too late */
	} else if (!todo) {
		memset(k, 0, sizeof(*k));
	} else if (MSPLIT) {
		k->todo = todo;
		k->sc = n.scan & spanmask[c->span];
		k->pc = K_OR;
	} else {
		k->todo = todo;
		n.scan |= todo;
		k->pc = K_SCAN;
	}
	emit(&n, L("K%d reads marks of span %d", j, c->span));
}

void marker_step(int j)
{
	const struct mk *c = &cur->k[j];
	struct state n = *cur;
	struct mk *k = &n.k[j];
	int sp;

	if (c->pc == K_IDLE) {
		take_span(j);
		return;
	}
	mandatory++;
	switch (c->pc) {
	case K_TAKEN:
		n.queued &= ~BIT(c->span);
		k->pc = K_READ;
		if (MUT(late_clear))
			memset(k, 0, sizeof(*k));
		emit(&n, L("K%d clears queued of span %d", j, c->span));
		break;
	case K_READ:
		read_marks(j);
		break;
	case K_OR:
		/*
		 * not an atomic OR: bits that another marker has set meanwhile are lost
		 */
		n.scan = (n.scan & ~spanmask[c->span]) | c->sc | c->todo;
		k->sc = 0;
		k->pc = K_SCAN;
		emit(&n, L("K%d sets scan bits", j));
		break;
	case K_SCAN:
		scanstep(j);
		break;
	case K_MARK:
		sp = spanof[OBJ(c->child)];
		if (n.mark & BIT(OBJ(c->child)) || sp == c->span)
			kchild_done(k);
		else
			k->pc = K_CLAIM;
		n.mark |= BIT(OBJ(c->child));
		emit(&n, L("K%d marks %c", j, on(c->child)));
		break;
	case K_CLAIM:
		sp = spanof[OBJ(c->child)];
		if (n.queued & BIT(sp)) {
			kchild_done(k);
		} else {
			n.queued |= BIT(sp);
			k->pc = K_PUSH;
		}
		emit(&n, L("K%d claims span %d", j, sp));
		break;
	case K_PUSH:
		sp = spanof[OBJ(c->child)];
		n.list[KLIST] |= BIT(sp);
		kchild_done(k);
		emit(&n, L("K%d pushes span %d", j, sp));
		break;
	}
}
