/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A file of options, as 'kgcctl save' writes it. The line "kgc-options 1" comes first,
 * then a line "name value" per option. Empty lines and text after # are ignored.
 */
#ifndef KGCCTL_SAVED_H
#define KGCCTL_SAVED_H

#define SAVED_WORD	"kgc-options"
#define SAVED_VERSION	1

#endif /* KGCCTL_SAVED_H */
