// SPDX-License-Identifier: GPL-2.0
/* The collector's steps that empty the caches of all CPUs. */
#include "model.h"

void publish_ticket(void)
{
	struct state n = *cur;

	mandatory++;
	n.hgen ^= 1;
	n.closed = 0;
	go(&n, CACHES ? C_FGP : C_PUBIDLE);
	if (CACHES)
		n.rgp = MUT(no_flip_gp) ? 0 : regions(cur);
	emit(&n, "C heap ticket published");
}

void ticket_gp(void)
{
	struct state n = *cur;

	if (cur->rgp)
		return;
	mandatory++;
	go(&n, C_FLIP);
	emit(&n, "C ticket grace period over");
}

static void try_to_flip(int i)
{
	struct state n = *cur;

	mandatory++;
	n.chk |= BIT(i);
	if (MUT(skip_flip) && i == NC - 1) {
		emit(&n, L("C forgets CPU %d", i));
		return;
	}
	if (n.ticket[i] == (n.hgen ^ 1) ||
	    (MUT(flip_not_exclusive) && n.ticket[i] != n.hgen)) {
		n.ticket[i] = T_FLIP;
		n.creg = i;
		n.cc = C_FLIP1;
	}
	emit(&n, L("C tries to flip CPU %d", i));
}

void flip(void)
{
	struct state n = *cur;
	int i;

	if (cur->chk == BIT(NC) - 1) {
		mandatory++;
		go(&n, C_PUBIDLE);
		emit(&n, "C all CPUs flipped");
		return;
	}
	for (i = 0; i < NC; i++)
		if (!(cur->chk & BIT(i)))
			try_to_flip(i);
}

void flip_read(void)
{
	struct state n = *cur;

	mandatory++;
	n.cspan = cur->cache[cur->creg];
	n.cc = C_FLIP1P;
	emit(&n, L("C reads CPU %d's span", cur->creg));
}

void flip_give_back(void)
{
	struct state n = *cur;

	mandatory++;
	if (cur->cspan && cur->cache[cur->creg] != cur->cspan)
		viol = "a span is given back twice";
	n.cspan = 0;
	give_back(&n, cur->creg);
	n.cc = C_FLIP2;
	emit(&n, L("C gives back CPU %d's span", cur->creg));
}

void flip_publish(void)
{
	struct state n = *cur;

	mandatory++;
	n.ticket[cur->creg] = n.hgen;
	n.cc = C_FLIP;
	n.creg = 0;
	emit(&n, L("C flipped CPU %d", cur->creg));
}
