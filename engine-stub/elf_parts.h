/* SPDX-License-Identifier: MIT */
/* The tables of a shared object that are computed from its symbols: used by elf_object.c only. */
#ifndef ENGRAFT_STUB_ELF_PARTS_H
#define ENGRAFT_STUB_ELF_PARTS_H

#include "elf_object.h"

/* Fills .dynsym, .gnu.version, .hash, .gnu.hash, .gnu.version_d, .rela.dyn, .note.gnu.property and
 * makes room for .dynamic. Values that need addresses are filled in by parts_place(). */
void parts_build(struct elf_object *object);
void parts_place(struct elf_object *object);

#endif
