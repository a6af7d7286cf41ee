/* SPDX-License-Identifier: GPL-2.0 */
#ifndef KGCCTL_TERMINAL_H
#define KGCCTL_TERMINAL_H

/*
 * Check that stdin and stdout are a terminal whose cursor can be moved. Returns an exit
 * status, and complains unless that is STATUS_OK.
 */
int terminal_check(void);

#endif /* KGCCTL_TERMINAL_H */
