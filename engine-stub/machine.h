/* SPDX-License-Identifier: MIT */
/*
 * What a stub's ELF files need to know about an architecture.
 *
 * To add one: append a row in machine.c with the numbers of its ELF supplement. Nothing else in
 * this directory knows an architecture.
 */
#ifndef ENGRAFT_STUB_MACHINE_H
#define ENGRAFT_STUB_MACHINE_H

#include <stdint.h>

struct machine {
    uint16_t elf_machine; /* EM_* */
    const char *name;
    uint32_t relocation_word;      /* S + A into a 64-bit word */
    uint32_t relocation_jump_slot; /* on undefined symbols, proves a function */
    uint32_t property_type;        /* GNU property of branch and shadow-stack protection... */
    uint32_t property_bits;        /* ...and its bits; a file without code has them all */
    uint64_t page_size;            /* largest that the supplement allows ld.so to meet */
};

/* NULL when engraft knows no such machine. */
const struct machine *machine_of(uint16_t elf_machine);
/* The machine this code was compiled for. */
const struct machine *machine_native(void);

#endif
