/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file of options, as 'kgcctl save' writes it: "kgc-options 1", then a line
 * "name value" for each. Empty lines, and what stands behind #, are passed over.
 */
#ifndef KGCCTL_SAVED_H
#define KGCCTL_SAVED_H

#define SAVED_WORD	"kgc-options"
#define SAVED_VERSION	1

#endif /* KGCCTL_SAVED_H */
