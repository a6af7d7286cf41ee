/* SPDX-License-Identifier: GPL-2.0 */
/* Snapshots of a heap. */
#ifndef KGCCTL_SNAPSHOT_H
#define KGCCTL_SNAPSHOT_H

#include <stdio.h>

/*
 * Write a snapshot of @heap to @to, a regular file. Returns an exit status, and complains
 * unless that is STATUS_OK.
 */
int snapshot_take(unsigned int heap, FILE *to);

#endif /* KGCCTL_SNAPSHOT_H */
