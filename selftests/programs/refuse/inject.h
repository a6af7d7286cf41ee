/* SPDX-License-Identifier: GPL-2.0 */
/* Requests for memory refused on request, for the calling thread. */
#ifndef SELFTESTS_INJECT_H
#define SELFTESTS_INJECT_H

#include <stdbool.h>

bool injection_ready(void);
/* From now on the @nth request is refused. */
void refuse(unsigned int nth);
/* Ends it. How many requests were missing to the one to be refused. */
unsigned int requests_missing(void);
/* Ends it. Whether there was such a request. */
bool was_refused(void);

#endif /* SELFTESTS_INJECT_H */
