/* SPDX-License-Identifier: MIT */
#include <elf.h>
#include <stddef.h>

#include "machine.h"

/* elf.h of glibc 2.36 has the names for both machines; the page sizes are those of GNU ld's
 * max-page-size, so that RELRO ends on a page whatever the kernel was configured for. */
static const struct machine machines[] = {
    {EM_X86_64, "x86-64", R_X86_64_64, R_X86_64_JUMP_SLOT, GNU_PROPERTY_X86_FEATURE_1_AND,
     GNU_PROPERTY_X86_FEATURE_1_IBT | GNU_PROPERTY_X86_FEATURE_1_SHSTK, 0x1000},
    {EM_AARCH64, "aarch64", R_AARCH64_ABS64, R_AARCH64_JUMP_SLOT,
     GNU_PROPERTY_AARCH64_FEATURE_1_AND,
     GNU_PROPERTY_AARCH64_FEATURE_1_BTI | GNU_PROPERTY_AARCH64_FEATURE_1_PAC, 0x10000},
};

const struct machine *machine_of(uint16_t elf_machine)
{
    for (size_t i = 0; i < sizeof(machines) / sizeof(machines[0]); i++)
        if (machines[i].elf_machine == elf_machine)
            return &machines[i];
    return NULL;
}

/* The linker's name for the ELF header of the object that holds this code. */
extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden")));

const struct machine *machine_native(void)
{
    return machine_of(__ehdr_start.e_machine);
}
