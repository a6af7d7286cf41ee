/* SPDX-License-Identifier: GPL-2.0 */
/* Refuse requests for memory that the calling thread makes. */
#ifndef SELFTESTS_INJECT_H
#define SELFTESTS_INJECT_H

#include <stdbool.h>

bool injection_ready(void);
/* Refuse the @nth request from now on. */
void refuse(unsigned int nth);
/* End it. Return: how many requests were missing until the @nth; 0: it was refused. */
unsigned int requests_missing(void);
/* End it. Return: whether the @nth request was reached and refused. */
bool was_refused(void);

#endif /* SELFTESTS_INJECT_H */
