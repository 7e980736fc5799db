/* SPDX-License-Identifier: MIT */
/* See elf_form.h. The offsets of each field in both classes are those of <elf.h>. */
#include "elf_form.h"

#include <endian.h>
#include <string.h>

bool elf_form_of(const void *bytes, struct elf_form *ret_form)
{
    const unsigned char *ident = bytes;

    if (memcmp(ident, ELFMAG, SELFMAG) != 0 ||
        (ident[EI_CLASS] != ELFCLASS32 && ident[EI_CLASS] != ELFCLASS64) ||
        (ident[EI_DATA] != ELFDATA2LSB && ident[EI_DATA] != ELFDATA2MSB))
        return false;
    ret_form->narrow = ident[EI_CLASS] == ELFCLASS32;
    ret_form->big = ident[EI_DATA] == ELFDATA2MSB;
    return true;
}

bool elf_form_is_native(struct elf_form form)
{
    return !form.narrow && !form.big;
}

size_t elf_form_size(struct elf_form form, enum elf_structure structure)
{
    static const struct {
        size_t narrow, wide;
    } sizes[] = {
        [ELF_HEADER] = {sizeof(Elf32_Ehdr), sizeof(Elf64_Ehdr)},
        [ELF_PROGRAM_HEADER] = {sizeof(Elf32_Phdr), sizeof(Elf64_Phdr)},
        [ELF_SECTION_HEADER] = {sizeof(Elf32_Shdr), sizeof(Elf64_Shdr)},
        [ELF_SYMBOL] = {sizeof(Elf32_Sym), sizeof(Elf64_Sym)},
        [ELF_DYNAMIC] = {sizeof(Elf32_Dyn), sizeof(Elf64_Dyn)},
        [ELF_RELA] = {sizeof(Elf32_Rela), sizeof(Elf64_Rela)},
        [ELF_REL] = {sizeof(Elf32_Rel), sizeof(Elf64_Rel)},
    };

    return form.narrow ? sizes[structure].narrow : sizes[structure].wide;
}

/* ---- numbers ---------------------------------------------------------------------------------------- */

uint16_t elf_read_u16(struct elf_form form, const void *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof value);
    return form.big ? be16toh(value) : le16toh(value);
}

uint32_t elf_read_u32(struct elf_form form, const void *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return form.big ? be32toh(value) : le32toh(value);
}

uint64_t elf_read_u64(struct elf_form form, const void *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return form.big ? be64toh(value) : le64toh(value);
}

uint64_t elf_read_word(struct elf_form form, const void *bytes)
{
    return form.narrow ? elf_read_u32(form, bytes) : elf_read_u64(form, bytes);
}

/* ---- structures -------------------------------------------------------------------------------------- */

#define U16(type, field) \
    elf_read_u16(form, at + (form.narrow ? offsetof(Elf32_##type, field) \
                                         : offsetof(Elf64_##type, field)))
#define U32(type, field) \
    elf_read_u32(form, at + (form.narrow ? offsetof(Elf32_##type, field) \
                                         : offsetof(Elf64_##type, field)))
#define WORD(type, field) \
    elf_read_word(form, at + (form.narrow ? offsetof(Elf32_##type, field) \
                                          : offsetof(Elf64_##type, field)))

Elf64_Ehdr elf_read_header(struct elf_form form, const void *bytes)
{
    const unsigned char *at = bytes;
    Elf64_Ehdr header = {
        .e_type = U16(Ehdr, e_type),
        .e_machine = U16(Ehdr, e_machine),
        .e_version = U32(Ehdr, e_version),
        .e_entry = WORD(Ehdr, e_entry),
        .e_phoff = WORD(Ehdr, e_phoff),
        .e_shoff = WORD(Ehdr, e_shoff),
        .e_flags = U32(Ehdr, e_flags),
        .e_ehsize = U16(Ehdr, e_ehsize),
        .e_phentsize = U16(Ehdr, e_phentsize),
        .e_phnum = U16(Ehdr, e_phnum),
        .e_shentsize = U16(Ehdr, e_shentsize),
        .e_shnum = U16(Ehdr, e_shnum),
        .e_shstrndx = U16(Ehdr, e_shstrndx),
    };

    memcpy(header.e_ident, at, EI_NIDENT);
    return header;
}

Elf64_Phdr elf_read_program_header(struct elf_form form, const void *bytes)
{
    const unsigned char *at = bytes;

    return (Elf64_Phdr){
        .p_type = U32(Phdr, p_type),
        .p_flags = U32(Phdr, p_flags),
        .p_offset = WORD(Phdr, p_offset),
        .p_vaddr = WORD(Phdr, p_vaddr),
        .p_paddr = WORD(Phdr, p_paddr),
        .p_filesz = WORD(Phdr, p_filesz),
        .p_memsz = WORD(Phdr, p_memsz),
        .p_align = WORD(Phdr, p_align),
    };
}

Elf64_Shdr elf_read_section_header(struct elf_form form, const void *bytes)
{
    const unsigned char *at = bytes;

    return (Elf64_Shdr){
        .sh_name = U32(Shdr, sh_name),
        .sh_type = U32(Shdr, sh_type),
        .sh_flags = WORD(Shdr, sh_flags),
        .sh_addr = WORD(Shdr, sh_addr),
        .sh_offset = WORD(Shdr, sh_offset),
        .sh_size = WORD(Shdr, sh_size),
        .sh_link = U32(Shdr, sh_link),
        .sh_info = U32(Shdr, sh_info),
        .sh_addralign = WORD(Shdr, sh_addralign),
        .sh_entsize = WORD(Shdr, sh_entsize),
    };
}

Elf64_Sym elf_read_symbol(struct elf_form form, const void *bytes)
{
    const unsigned char *at = bytes;

    return (Elf64_Sym){
        .st_name = U32(Sym, st_name),
        .st_info = at[form.narrow ? offsetof(Elf32_Sym, st_info) : offsetof(Elf64_Sym, st_info)],
        .st_other = at[form.narrow ? offsetof(Elf32_Sym, st_other)
                                   : offsetof(Elf64_Sym, st_other)],
        .st_shndx = U16(Sym, st_shndx),
        .st_value = WORD(Sym, st_value),
        .st_size = WORD(Sym, st_size),
    };
}

Elf64_Dyn elf_read_dynamic(struct elf_form form, const void *bytes)
{
    const unsigned char *at = bytes;
    uint64_t tag = WORD(Dyn, d_tag);

    return (Elf64_Dyn){
        .d_tag = form.narrow ? (int32_t)(uint32_t)tag : (int64_t)tag,
        .d_un.d_val = WORD(Dyn, d_un),
    };
}

Elf64_Rela elf_read_relocation(struct elf_form form, const void *bytes, bool addend)
{
    const unsigned char *at = bytes;
    uint64_t info = WORD(Rel, r_info);
    Elf64_Rela relocation = {.r_offset = WORD(Rel, r_offset), .r_info = info};
    uint64_t added = addend ? WORD(Rela, r_addend) : 0;

    if (form.narrow)
        relocation.r_info = ELF64_R_INFO((uint64_t)ELF32_R_SYM(info), ELF32_R_TYPE(info));
    relocation.r_addend = form.narrow ? (int32_t)(uint32_t)added : (int64_t)added;
    return relocation;
}
