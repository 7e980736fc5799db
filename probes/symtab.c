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
#define SECTION_MAX 100000u
#define TABLE_MAX (384ull << 20) /* bytes of symbols, and of their names: 16 million symbols */
#define PROBES_PER_SYMBOL 16u    /* on the average; names that were made to collide take more */
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

/* A linker keeps each name once: of those that have the same, table_find() wants the first. */
static bool is_same_name(const struct table *table, uint32_t entry, const GElf_Sym *symbol)
{
    GElf_Sym other;

    return gelf_getsym(table->symbols, (int)entry - 1, &other) && other.st_name == symbol->st_name;
}

static void table_insert(struct table *table, const GElf_Sym *symbol, const char *name,
                         size_t entry, uint64_t *probes)
{
    size_t at = gnu_hash(name, NULL) & (table->index_size - 1);

    for (; table->index[at]; at = (at + 1) & (table->index_size - 1))
        if (*probes == 0 || is_same_name(table, table->index[at], symbol))
            return;
        else
            --*probes;
    table->index[at] = (uint32_t)entry + 1;
}

static bool table_index(struct table *table)
{
    uint64_t probes = 65536 + (uint64_t)table->count * PROBES_PER_SYMBOL;

    for (table->index_size = 64; table->index_size < 2 * table->count;)
        table->index_size *= 2;
    table->index = calloc(table->index_size, sizeof *table->index);
    for (size_t i = 0; table->index && i < table->count; i++) {
        GElf_Sym symbol;
        const char *name;

        if (gelf_getsym(table->symbols, (int)i, &symbol) && is_wanted(&symbol) &&
            (name = symbol_name(table, &symbol)) && *name)
            table_insert(table, &symbol, name, i, &probes);
    }
    return table->index != NULL;
}

static bool table_load(struct table *table)
{
    GElf_Shdr header, strings_header;
    Elf_Scn *section = symtab_section(table->elf, &header), *strings;
    Elf_Data *data;

    if (!section || header.sh_entsize == 0 || header.sh_size > TABLE_MAX)
        return false;
    table->symbols = elf_getdata(section, NULL);
    strings = elf_getscn(table->elf, header.sh_link);
    data = strings && gelf_getshdr(strings, &strings_header) &&
                   strings_header.sh_type == SHT_STRTAB && strings_header.sh_size <= TABLE_MAX
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

/* Of a file, or of what lies in memory. */
static bool part_read(int fd, const void *memory, size_t memory_size, void *buffer, size_t size,
                      uint64_t offset)
{
    if (!memory)
        return file_read(fd, buffer, size, offset);
    if (offset > memory_size || size > memory_size - offset)
        return false;
    memcpy(buffer, (const unsigned char *)memory + offset, size);
    return true;
}

/* elf_begin() makes a structure for each section, before anybody could ask it how many there are. More
 * than 65279 are counted in section 0. */
static bool sections_are_few(int fd, const void *memory, size_t memory_size)
{
    unsigned char bytes[sizeof(Elf64_Ehdr)] = "", section[sizeof(Elf64_Shdr)];
    struct elf_form form;
    Elf64_Ehdr header;

    if (!part_read(fd, memory, memory_size, bytes, sizeof(Elf32_Ehdr), 0) ||
        !elf_form_of(bytes, &form) ||
        !part_read(fd, memory, memory_size, bytes, elf_form_size(form, ELF_HEADER), 0))
        return false;
    header = elf_read_header(form, bytes);
    if (header.e_shnum || header.e_shoff == 0)
        return true;
    return part_read(fd, memory, memory_size, section, elf_form_size(form, ELF_SECTION_HEADER),
                     header.e_shoff) &&
           elf_read_section_header(form, section).sh_size <= SECTION_MAX;
}

/* ELF_C_READ reads with pread() and never maps the file. */
static bool table_open(struct table *table, int fd)
{
    memset(table, 0, sizeof *table);
    table->fd = fd;
    elf_version(EV_CURRENT);
    table->elf = fd >= 0 && sections_are_few(fd, NULL, 0) ? elf_begin(fd, ELF_C_READ, NULL) : NULL;
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
    table->elf = sections_are_few(-1, table->memory, size) ? elf_memory(table->memory, size) : NULL;
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
