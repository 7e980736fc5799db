/* SPDX-License-Identifier: MIT */
/*
 * The structures of ELF files of either class and either byte order, as the 64-bit ones of this
 * machine. Bytes need no alignment; that there are enough of them is the caller's business
 * (elf_form_size()).
 */
#ifndef ENGRAFT_ELF_FORM_H
#define ENGRAFT_ELF_FORM_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_form {
    bool narrow; /* ELFCLASS32 */
    bool big;    /* ELFDATA2MSB */
};

enum elf_structure {
    ELF_HEADER,
    ELF_PROGRAM_HEADER,
    ELF_SECTION_HEADER,
    ELF_SYMBOL,
    ELF_DYNAMIC,
    ELF_RELA,
    ELF_REL,
};

/* False: `bytes` do not begin an ELF header. At least EI_NIDENT of them must be there. */
bool elf_form_of(const void *bytes, struct elf_form *ret_form);
bool elf_form_is_native(struct elf_form form);
size_t elf_form_size(struct elf_form form, enum elf_structure structure);

uint16_t elf_read_u16(struct elf_form form, const void *bytes);
uint32_t elf_read_u32(struct elf_form form, const void *bytes);
uint64_t elf_read_u64(struct elf_form form, const void *bytes);
uint64_t elf_read_word(struct elf_form form, const void *bytes); /* an address or a size */

Elf64_Ehdr elf_read_header(struct elf_form form, const void *bytes);
Elf64_Phdr elf_read_program_header(struct elf_form form, const void *bytes);
Elf64_Shdr elf_read_section_header(struct elf_form form, const void *bytes);
Elf64_Sym elf_read_symbol(struct elf_form form, const void *bytes);
Elf64_Dyn elf_read_dynamic(struct elf_form form, const void *bytes);
/* A 32-bit r_info is widened: ELF64_R_SYM() and ELF64_R_TYPE() apply. `addend`: ELF_RELA. */
Elf64_Rela elf_read_relocation(struct elf_form form, const void *bytes, bool addend);

#endif
