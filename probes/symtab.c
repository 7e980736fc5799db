/* SPDX-License-Identifier: MIT */
/*
 * Symbols that are in a .symtab only: of the file itself, of the small file that it carries in
 * .gnu_debugdata (Fedora's way: the functions that are not exported), of its separate debug file.
 */
#include <fcntl.h>
#include <gelf.h>
#include <libelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "readers.h"
#include "xz.h"

#define CARRIED_SECTION ".gnu_debugdata"
#define CARRIED_MAX (64u << 20)
#define UNPACKED_MAX (256u << 20)
#define DEBUG_DIRECTORY "/usr/lib/debug/.build-id"

/* The symbols of one file and an index by name (open addressing, entry + 1). */
struct table {
    int fd;       /* own; -1 */
    void *memory; /* own; the file when it is not in fd */
    Elf *elf;
    Elf_Data *symbols;
    const char *strings;
    size_t string_size, count;
    uint32_t *index;
    size_t index_size; /* power of two */
};

struct symtab {
    struct table tables[2]; /* the file's, or else of the carried one and the debug file */
    enum engraft_symbols kinds[2];
    unsigned count;
};

static Elf_Scn *symtab_section(Elf *elf, GElf_Shdr *ret_header)
{
    Elf_Scn *section = NULL;

    while ((section = elf_nextscn(elf, section)))
        if (gelf_getshdr(section, ret_header) && ret_header->sh_type == SHT_SYMTAB)
            return section;
    return NULL;
}

static const char *symbol_name(const struct table *table, const GElf_Sym *symbol)
{
    if (symbol->st_name >= table->string_size)
        return NULL;
    return memchr(table->strings + symbol->st_name, '\0', table->string_size - symbol->st_name)
               ? table->strings + symbol->st_name
               : NULL;
}

static bool is_wanted(const GElf_Sym *symbol)
{
    unsigned type = GELF_ST_TYPE(symbol->st_info);

    return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS &&
           (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE);
}

static void table_insert(struct table *table, const char *name, size_t entry)
{
    size_t at = gnu_hash(name, NULL) & (table->index_size - 1);

    while (table->index[at])
        at = (at + 1) & (table->index_size - 1);
    table->index[at] = (uint32_t)entry + 1;
}

static bool table_index(struct table *table)
{
    for (table->index_size = 64; table->index_size < 2 * table->count;)
        table->index_size *= 2;
    table->index = calloc(table->index_size, sizeof *table->index);
    for (size_t i = 0; table->index && i < table->count; i++) {
        GElf_Sym symbol;
        const char *name;

        if (gelf_getsym(table->symbols, (int)i, &symbol) && is_wanted(&symbol) &&
            (name = symbol_name(table, &symbol)) && *name)
            table_insert(table, name, i);
    }
    return table->index != NULL;
}

static bool table_load(struct table *table)
{
    GElf_Shdr header, strings_header;
    Elf_Scn *section = symtab_section(table->elf, &header), *strings;
    Elf_Data *data;

    if (!section || header.sh_entsize == 0)
        return false;
    table->symbols = elf_getdata(section, NULL);
    strings = elf_getscn(table->elf, header.sh_link);
    data = strings && gelf_getshdr(strings, &strings_header) &&
                   strings_header.sh_type == SHT_STRTAB
               ? elf_getdata(strings, NULL)
               : NULL;
    if (!table->symbols || !data || !data->d_buf)
        return false;
    table->strings = data->d_buf;
    table->string_size = data->d_size;
    table->count = table->symbols->d_size / header.sh_entsize;
    return table->count < INT32_MAX && table_index(table);
}

static void table_close(struct table *table)
{
    free(table->index);
    elf_end(table->elf);
    free(table->memory);
    if (table->fd >= 0)
        close(table->fd);
}

static bool table_use(struct table *table)
{
    if (table->elf && elf_kind(table->elf) == ELF_K_ELF && table_load(table))
        return true;
    table_close(table);
    return false;
}

/* ELF_C_READ reads with pread() and never maps the file. */
static bool table_open(struct table *table, int fd)
{
    memset(table, 0, sizeof *table);
    table->fd = fd;
    elf_version(EV_CURRENT);
    table->elf = fd >= 0 ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
    return table_use(table);
}

static bool carried_unpack(int fd, const Elf64_Shdr *header, void **ret_bytes, size_t *ret_size)
{
    void *packed = header->sh_size <= CARRIED_MAX ? malloc(header->sh_size + 1) : NULL;
    bool done = packed && file_read(fd, packed, header->sh_size, header->sh_offset) &&
                xz_decode(packed, header->sh_size, UNPACKED_MAX, ret_bytes, ret_size);

    free(packed);
    return done;
}

/* The file that lies in a section of the file. */
static bool table_open_carried(struct table *table, int fd)
{
    struct sections *sections = sections_create(fd);
    Elf64_Shdr header;
    size_t size = 0;
    bool found = sections_find(sections, CARRIED_SECTION, &header);

    sections_destroy(sections);
    memset(table, 0, sizeof *table);
    table->fd = -1;
    if (!found || !carried_unpack(fd, &header, &table->memory, &size))
        return false;
    table->elf = elf_memory(table->memory, size);
    return table_use(table);
}

static int debug_file_open(const char *build_id)
{
    char path[sizeof DEBUG_DIRECTORY + 160];

    if (strlen(build_id) < 3)
        return -1;
    text_format(path, sizeof path, DEBUG_DIRECTORY "/%.*s/%s.debug", 2, build_id, build_id + 2);
    return file_open(path, NULL, NULL);
}

static void symtab_add(struct symtab *symtab, bool opened, enum engraft_symbols kind)
{
    if (opened)
        symtab->kinds[symtab->count++] = kind;
}

struct symtab *symtab_create(int fd, const char *build_id)
{
    struct symtab *symtab = calloc(1, sizeof *symtab);

    if (!symtab)
        return NULL;
    symtab_add(symtab,
               fd >= 0 && table_open(&symtab->tables[0], fcntl(fd, F_DUPFD_CLOEXEC, 0)),
               ENGRAFT_SYMBOLS_SYMTAB);
    if (symtab->count)
        return symtab;
    symtab_add(symtab, fd >= 0 && table_open_carried(&symtab->tables[0], fd),
               ENGRAFT_SYMBOLS_DEBUG);
    symtab_add(symtab, table_open(&symtab->tables[symtab->count], debug_file_open(build_id)),
               ENGRAFT_SYMBOLS_DEBUG);
    return symtab;
}

void symtab_destroy(struct symtab *symtab)
{
    for (unsigned i = 0; symtab && i < symtab->count; i++)
        table_close(&symtab->tables[i]);
    free(symtab);
}

static bool table_find(const struct table *table, const char *name, Elf64_Sym *ret_symbol)
{
    size_t at = gnu_hash(name, NULL) & (table->index_size - 1);

    for (; table->index[at]; at = (at + 1) & (table->index_size - 1)) {
        GElf_Sym symbol;
        const char *found;

        if (!gelf_getsym(table->symbols, (int)table->index[at] - 1, &symbol) ||
            !(found = symbol_name(table, &symbol)) || strcmp(found, name) != 0)
            continue;
        *ret_symbol = symbol;
        return true;
    }
    return false;
}

enum engraft_symbols symtab_find(const struct symtab *symtab, const char *name,
                                 Elf64_Sym *ret_symbol)
{
    for (unsigned i = 0; symtab && i < symtab->count; i++)
        if (table_find(&symtab->tables[i], name, ret_symbol))
            return symtab->kinds[i];
    return ENGRAFT_SYMBOLS_NONE;
}
