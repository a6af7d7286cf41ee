// SPDX-License-Identifier: GPL-2.0
/* The collector's steps that empty the caches of all CPUs. */
#include "model.h"

void publish_gen(void)
{
	struct state n = *cur;

	mandatory++;
	n.hgen ^= 1;
	n.closed = 0;
	go(&n, CACHES ? C_FGP : C_PUBIDLE);
	if (CACHES)
		n.rgp = MUT(no_flush_gp) ? 0 : regions(cur);
	emit(&n, "C new generation published");
}

void gen_gp(void)
{
	struct state n = *cur;

	if (cur->rgp)
		return;
	mandatory++;
	go(&n, C_FLUSH);
	emit(&n, "C grace period of the new generation over");
}

static void try_to_flush(int i)
{
	struct state n = *cur;

	mandatory++;
	n.chk |= BIT(i);
	if (MUT(skip_flush) && i == NC - 1) {
		emit(&n, L("C forgets CPU %d", i));
		return;
	}
	if (n.owner_gen[i] == (n.hgen ^ 1) ||
	    (MUT(flush_not_exclusive) && n.owner_gen[i] != n.hgen)) {
		n.owner_gen[i] = T_FLUSH;
		n.creg = i;
		n.cc = C_FLUSH1;
	}
	emit(&n, L("C tries to flush CPU %d", i));
}

void flush(void)
{
	struct state n = *cur;
	int i;

	if (cur->chk == BIT(NC) - 1) {
		mandatory++;
		go(&n, C_PUBIDLE);
		emit(&n, "C all CPUs flushed");
		return;
	}
	for (i = 0; i < NC; i++)
		if (!(cur->chk & BIT(i)))
			try_to_flush(i);
}

void flush_read(void)
{
	struct state n = *cur;

	mandatory++;
	n.cspan = cur->cache[cur->creg];
	n.cc = C_FLUSH1P;
	emit(&n, L("C reads CPU %d's span", cur->creg));
}

void flush_give_back(void)
{
	struct state n = *cur;

	mandatory++;
	if (cur->cspan && cur->cache[cur->creg] != cur->cspan)
		viol = "a span is given back twice";
	n.cspan = 0;
	give_back(&n, cur->creg);
	n.cc = C_FLUSH2;
	emit(&n, L("C gives back CPU %d's span", cur->creg));
}

void flush_publish(void)
{
	struct state n = *cur;

	mandatory++;
	n.owner_gen[cur->creg] = n.hgen;
	n.cc = C_FLUSH;
	n.creg = 0;
	emit(&n, L("C flushed CPU %d", cur->creg));
}
