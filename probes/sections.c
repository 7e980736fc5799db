/* SPDX-License-Identifier: MIT */
/* The section headers of a file. Nothing is decided by them alone: a file may have none, or wrong
 * ones. */
#include <stdlib.h>
#include <string.h>

#include "elf_form.h"
#include "readers.h"

#define SECTION_MAX 100000u
#define NAMES_MAX (16u << 20)

struct sections {
    Elf64_Shdr *headers;
    char *names; /* NUL-terminated */
    size_t count, names_size;
};

static bool header_at(int fd, struct elf_form form, const Elf64_Ehdr *header, size_t index,
                      Elf64_Shdr *ret_section)
{
    unsigned char bytes[sizeof(Elf64_Shdr)];

    if (!file_read(fd, bytes, elf_form_size(form, ELF_SECTION_HEADER),
                   header->e_shoff + index * header->e_shentsize))
        return false;
    *ret_section = elf_read_section_header(form, bytes);
    return true;
}

/* Numbers that do not fit into the ELF header stand in section 0. */
static bool counts_read(int fd, struct elf_form form, const Elf64_Ehdr *header,
                        uint64_t *ret_count, uint64_t *ret_names)
{
    Elf64_Shdr zero;

    *ret_count = header->e_shnum;
    *ret_names = header->e_shstrndx;
    if (header->e_shnum != 0 && header->e_shstrndx != SHN_XINDEX)
        return true;
    if (!header_at(fd, form, header, 0, &zero))
        return false;
    if (header->e_shnum == 0)
        *ret_count = zero.sh_size;
    if (header->e_shstrndx == SHN_XINDEX)
        *ret_names = zero.sh_link;
    return true;
}

static bool headers_read(struct sections *sections, int fd, struct elf_form form,
                         const Elf64_Ehdr *header, uint64_t count)
{
    size_t size = count * header->e_shentsize;
    unsigned char *bytes = malloc(size);
    bool done = false;

    sections->headers = calloc(count, sizeof *sections->headers);
    if (bytes && sections->headers && file_read(fd, bytes, size, header->e_shoff)) {
        for (size_t i = 0; i < count; i++)
            sections->headers[i] =
                elf_read_section_header(form, bytes + i * header->e_shentsize);
        sections->count = count;
        done = true;
    }
    free(bytes);
    return done;
}

static bool names_read(struct sections *sections, int fd, uint64_t index)
{
    const Elf64_Shdr *names;

    if (index >= sections->count)
        return false;
    names = &sections->headers[index];
    if (names->sh_type != SHT_STRTAB || names->sh_size == 0 || names->sh_size > NAMES_MAX)
        return false;
    sections->names = malloc(names->sh_size + 1);
    if (!sections->names || !file_read(fd, sections->names, names->sh_size, names->sh_offset))
        return false;
    sections->names[names->sh_size] = '\0';
    sections->names_size = names->sh_size;
    return true;
}

struct sections *sections_create(int fd)
{
    struct sections *sections = calloc(1, sizeof *sections);
    unsigned char bytes[sizeof(Elf64_Ehdr)] = "";
    struct elf_form form;
    Elf64_Ehdr header;
    uint64_t count, names;

    if (sections && file_read(fd, bytes, sizeof(Elf32_Ehdr), 0) && elf_form_of(bytes, &form) &&
        file_read(fd, bytes, elf_form_size(form, ELF_HEADER), 0)) {
        header = elf_read_header(form, bytes);
        if (header.e_shoff != 0 &&
            header.e_shentsize == elf_form_size(form, ELF_SECTION_HEADER) &&
            counts_read(fd, form, &header, &count, &names) && count != 0 &&
            count <= SECTION_MAX && headers_read(sections, fd, form, &header, count) &&
            names_read(sections, fd, names))
            return sections;
    }
    sections_destroy(sections);
    return NULL;
}

void sections_destroy(struct sections *sections)
{
    if (!sections)
        return;
    free(sections->headers);
    free(sections->names);
    free(sections);
}

bool sections_find(const struct sections *sections, const char *name, Elf64_Shdr *ret_header)
{
    for (size_t i = 1; sections && i < sections->count; i++) {
        const Elf64_Shdr *header = &sections->headers[i];

        if (header->sh_name < sections->names_size &&
            strcmp(sections->names + header->sh_name, name) == 0) {
            *ret_header = *header;
            return true;
        }
    }
    return false;
}
