/* SPDX-License-Identifier: MIT */
#include "../relinker.h"

static const struct architecture *const architectures[] = {
    &architecture_x86_64,
    &architecture_aarch64,
};

const struct architecture *architecture_of(uint16_t machine)
{
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++)
        if (architectures[i]->machine == machine)
            return architectures[i];
    return NULL;
}

extern const Elf64_Ehdr __ehdr_start __attribute__((visibility("hidden"))); /* by the linker */

const struct architecture *architecture_self(void)
{
    return architecture_of(__ehdr_start.e_machine);
}

enum relocation_kind relocation_kind(const struct architecture *architecture, uint32_t type)
{
    if (type == architecture->jump_slot)
        return RELOCATION_JUMP_SLOT;
    if (type == architecture->slot)
        return RELOCATION_SLOT;
    if (type == architecture->word)
        return RELOCATION_WORD;
    if (type == architecture->relative)
        return RELOCATION_RELATIVE;
    if (type == architecture->copy)
        return RELOCATION_COPY;
    if (type == architecture->irelative)
        return RELOCATION_IRELATIVE;
    for (unsigned i = 0; i < 4 && architecture->tls[i]; i++)
        if (type == architecture->tls[i])
            return RELOCATION_TLS;
    return RELOCATION_OTHER;
}
