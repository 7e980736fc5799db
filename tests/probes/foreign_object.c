/* SPDX-License-Identifier: MIT */
#include "foreign_object.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

const struct foreign_kind foreign_kinds[] = {
    {"i386", EM_386, true, false, FOREIGN_GNU, false, false, R_386_RELATIVE},
    {"arm", EM_ARM, true, false, FOREIGN_SYSV, false, false, R_ARM_RELATIVE},
    {"mipsel", EM_MIPS, true, false, FOREIGN_NO_HASH, false, false, R_MIPS_REL32},
    {"mips", EM_MIPS, true, true, FOREIGN_NO_HASH, false, false, R_MIPS_REL32},
    {"powerpc", EM_PPC, true, true, FOREIGN_GNU, false, true, R_PPC_RELATIVE},
    {"ppc64", EM_PPC64, false, true, FOREIGN_GNU, false, true, R_PPC64_RELATIVE},
    {"s390x", EM_S390, false, true, FOREIGN_SYSV, true, true, R_390_RELATIVE},
    {"sparc64", EM_SPARCV9, false, true, FOREIGN_SYSV, false, true, R_SPARC_RELATIVE},
    {"m68k", EM_68K, true, true, FOREIGN_SYSV, false, true, R_68K_RELATIVE},
    {"riscv32", EM_RISCV, true, false, FOREIGN_GNU, false, true, R_RISCV_RELATIVE},
};
const size_t foreign_kind_count = sizeof foreign_kinds / sizeof *foreign_kinds;

/* ---- bytes ------------------------------------------------------------------------------------------- */

void foreign_set(struct foreign_writer *writer, size_t at, uint64_t value, size_t width)
{
    for (size_t i = 0; i < width; i++)
        writer->bytes[at + (writer->big ? width - 1 - i : i)] = (unsigned char)(value >> (8 * i));
}

void foreign_bytes(struct foreign_writer *writer, const void *bytes, size_t size)
{
    if (writer->size + size > writer->room) {
        writer->room = 2 * (writer->size + size);
        writer->bytes = realloc(writer->bytes, writer->room);
        if (!writer->bytes)
            abort();
    }
    if (bytes)
        memcpy(writer->bytes + writer->size, bytes, size);
    else
        memset(writer->bytes + writer->size, 0, size);
    writer->size += size;
}

void foreign_put(struct foreign_writer *writer, uint64_t value, size_t width)
{
    foreign_bytes(writer, NULL, width);
    foreign_set(writer, writer->size - width, value, width);
}

void foreign_word(struct foreign_writer *writer, uint64_t value)
{
    foreign_put(writer, value, writer->narrow ? 4 : 8);
}

void foreign_align(struct foreign_writer *writer, size_t alignment)
{
    foreign_bytes(writer, NULL, (alignment - writer->size % alignment) % alignment);
}

void foreign_ident(struct foreign_writer *writer)
{
    unsigned char ident[EI_NIDENT] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3,
                                      writer->narrow ? ELFCLASS32 : ELFCLASS64,
                                      writer->big ? ELFDATA2MSB : ELFDATA2LSB, EV_CURRENT};

    foreign_bytes(writer, ident, sizeof ident);
}

/* ---- parts -------------------------------------------------------------------------------------------- */

#define V8 "_ZN2v88internal7Version"
#define VADDR 0x10000u /* of the file's first byte */

/* Data of four bytes each; `text`: a word that points to a string. */
static const struct {
    const char *name, *text;
    uint32_t value;
    uint8_t info;
    bool undefined;
} symbols[] = {
    {"an_import", NULL, 0, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), true},
    {V8 "6major_E", NULL, 10, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), false},
    {V8 "6minor_E", NULL, 2, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), false},
    {V8 "6build_E", NULL, 154, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), false},
    {V8 "6patch_E", NULL, 26, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), false},
    {V8 "9embedder_E", "-node.39", 0, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT), false},
    {V8 "15version_string_E", "10.2.154.26-node.39", 0, ELF64_ST_INFO(STB_GLOBAL, STT_OBJECT),
     false},
    {"_ZN2v82V810GetVersionEv", NULL, 0, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), false},
};
#define SYMBOL_COUNT (sizeof symbols / sizeof *symbols)

struct layout {
    uint64_t note, strings, strings_size, dynsym, hash, gnu_hash, relocations, relocations_size;
    uint64_t dynamic, dynamic_size, names[SYMBOL_COUNT], values[SYMBOL_COUNT], texts[SYMBOL_COUNT];
    uint64_t soname, needed, version, versym, verneed;
};

static uint64_t here(const struct foreign_writer *writer)
{
    return VADDR + writer->size;
}

static uint64_t string_put(struct foreign_writer *writer, const char *text)
{
    uint64_t at = here(writer);

    foreign_bytes(writer, text, strlen(text) + 1);
    return at;
}

static void note_put(struct foreign_writer *writer, struct layout *layout)
{
    static const unsigned char id[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};

    foreign_align(writer, 8);
    layout->note = here(writer);
    foreign_put(writer, 4, 4);
    foreign_put(writer, sizeof id, 4);
    foreign_put(writer, NT_GNU_BUILD_ID, 4);
    foreign_bytes(writer, "GNU", 4);
    foreign_bytes(writer, id, sizeof id);
}

static void strings_put(struct foreign_writer *writer, struct layout *layout)
{
    layout->strings = string_put(writer, "");
    for (size_t i = 0; i < SYMBOL_COUNT; i++)
        layout->names[i] = string_put(writer, symbols[i].name) - layout->strings;
    layout->soname = string_put(writer, "libforeign.so.1") - layout->strings;
    layout->needed = string_put(writer, "libforeign-needed.so.6") - layout->strings;
    layout->version = string_put(writer, "FOREIGN_1.0") - layout->strings;
    layout->strings_size = here(writer) - layout->strings;
    for (size_t i = 0; i < SYMBOL_COUNT; i++)
        if (symbols[i].text)
            layout->texts[i] = string_put(writer, symbols[i].text);
}

static void data_put(struct foreign_writer *writer, const struct foreign_kind *kind,
                     struct layout *layout)
{
    foreign_align(writer, 8);
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        layout->values[i] = symbols[i].undefined ? 0 : here(writer);
        if (symbols[i].text)
            foreign_word(writer, kind->addend ? 0 : layout->texts[i]);
        else if (!symbols[i].undefined)
            foreign_put(writer, symbols[i].value, 4);
        foreign_align(writer, 8);
    }
}

static void symbol_put(struct foreign_writer *writer, uint64_t name, uint64_t value, uint8_t info,
                       uint16_t section)
{
    foreign_put(writer, name, 4);
    if (writer->narrow) {
        foreign_word(writer, value);
        foreign_word(writer, 4);
    }
    foreign_put(writer, info, 1);
    foreign_put(writer, STV_DEFAULT, 1);
    foreign_put(writer, section, 2);
    if (!writer->narrow) {
        foreign_word(writer, value);
        foreign_word(writer, 4);
    }
}

static void symbols_put(struct foreign_writer *writer, struct layout *layout)
{
    layout->dynsym = here(writer);
    symbol_put(writer, 0, 0, 0, SHN_UNDEF);
    for (size_t i = 0; i < SYMBOL_COUNT; i++)
        symbol_put(writer, layout->names[i], layout->values[i], symbols[i].info,
                   symbols[i].undefined ? SHN_UNDEF : 1);
}

static uint32_t hash_of(const char *name)
{
    uint32_t hash = 5381;

    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

/* One bucket, whose chain has all symbols. */
static void hash_put(struct foreign_writer *writer, const struct foreign_kind *kind,
                     struct layout *layout)
{
    size_t width = kind->wide_hash ? 8 : 4;

    foreign_align(writer, 8);
    if (kind->hash == FOREIGN_SYSV) {
        layout->hash = here(writer);
        foreign_put(writer, 1, width);
        foreign_put(writer, SYMBOL_COUNT + 1, width);
        foreign_put(writer, 1, width);
        foreign_put(writer, 0, width);
        for (size_t i = 1; i <= SYMBOL_COUNT; i++)
            foreign_put(writer, i == SYMBOL_COUNT ? 0 : i + 1, width);
    } else if (kind->hash == FOREIGN_GNU) {
        layout->gnu_hash = here(writer);
        foreign_put(writer, 1, 4);
        foreign_put(writer, 2, 4); /* the first is an import */
        foreign_put(writer, 1, 4);
        foreign_put(writer, 6, 4);
        foreign_word(writer, UINT64_MAX);
        foreign_put(writer, 2, 4);
        for (size_t i = 1; i < SYMBOL_COUNT; i++)
            foreign_put(writer, (hash_of(symbols[i].name) & ~1u) | (i + 1 == SYMBOL_COUNT),
                        4);
    }
}

/* The import is to have version 5 of what is needed; the others have none. */
static void versions_put(struct foreign_writer *writer, struct layout *layout)
{
    foreign_align(writer, 8);
    layout->versym = here(writer);
    foreign_put(writer, 0, 2);
    for (size_t i = 0; i < SYMBOL_COUNT; i++)
        foreign_put(writer, symbols[i].undefined ? 5 : 1, 2);
    foreign_align(writer, 8);
    layout->verneed = here(writer);
    foreign_put(writer, 1, 2);
    foreign_put(writer, 1, 2);
    foreign_put(writer, layout->needed, 4);
    foreign_put(writer, sizeof(Elf64_Verneed), 4);
    foreign_put(writer, 0, 4);
    foreign_put(writer, 0x1234, 4); /* the hash of its name, which nobody needs */
    foreign_put(writer, 0, 2);
    foreign_put(writer, 5, 2);
    foreign_put(writer, layout->version, 4);
    foreign_put(writer, 0, 4);
}

static void relocations_put(struct foreign_writer *writer, const struct foreign_kind *kind,
                            struct layout *layout)
{
    foreign_align(writer, 8);
    layout->relocations = here(writer);
    for (size_t i = 0; i < SYMBOL_COUNT; i++) {
        if (!symbols[i].text)
            continue;
        foreign_word(writer, layout->values[i]);
        foreign_word(writer, kind->relative); /* r_info of symbol 0 */
        if (kind->addend)
            foreign_word(writer, layout->texts[i]);
    }
    layout->relocations_size = here(writer) - layout->relocations;
}

static void dynamic_put(struct foreign_writer *writer, const struct foreign_kind *kind,
                        struct layout *layout)
{
    const uint64_t entries[][2] = {
        {DT_NEEDED, layout->needed},
        {DT_SONAME, layout->soname},
        {layout->hash ? DT_HASH : DT_NULL, layout->hash},
        {layout->gnu_hash ? DT_GNU_HASH : DT_NULL, layout->gnu_hash},
        {DT_STRTAB, layout->strings},
        {DT_STRSZ, layout->strings_size},
        {DT_SYMTAB, layout->dynsym},
        {kind->addend ? DT_RELA : DT_REL, layout->relocations},
        {kind->addend ? DT_RELASZ : DT_RELSZ, layout->relocations_size},
        {DT_VERSYM, layout->versym},
        {DT_VERNEED, layout->verneed},
        {DT_VERNEEDNUM, 1},
        {kind->machine == EM_MIPS ? 0x70000011 /* DT_MIPS_SYMTABNO */ : DT_NULL, SYMBOL_COUNT + 1},
    };

    layout->dynamic = here(writer);
    for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
        if (entries[i][0] == DT_NULL)
            continue;
        foreign_word(writer, entries[i][0]);
        foreign_word(writer, entries[i][1]);
    }
    foreign_word(writer, DT_NULL);
    foreign_word(writer, 0);
    layout->dynamic_size = here(writer) - layout->dynamic;
}

/* ---- headers -------------------------------------------------------------------------------------------- */

static void segment_put(struct foreign_writer *writer, uint32_t type, uint64_t vaddr, uint64_t size)
{
    foreign_put(writer, type, 4);
    if (!writer->narrow)
        foreign_put(writer, PF_R | PF_W | PF_X, 4);
    foreign_word(writer, vaddr - VADDR);
    foreign_word(writer, vaddr);
    foreign_word(writer, vaddr);
    foreign_word(writer, size);
    foreign_word(writer, size);
    if (writer->narrow)
        foreign_put(writer, PF_R | PF_W | PF_X, 4);
    foreign_word(writer, type == PT_LOAD ? 0x10000 : 4);
}

static void headers_put(struct foreign_writer *writer, const struct foreign_kind *kind,
                        const struct layout *layout, uint64_t size)
{
    size_t header_size = kind->narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);

    foreign_ident(writer);
    foreign_put(writer, ET_DYN, 2);
    foreign_put(writer, kind->machine, 2);
    foreign_put(writer, EV_CURRENT, 4);
    foreign_word(writer, 0);           /* e_entry */
    foreign_word(writer, header_size); /* e_phoff */
    foreign_word(writer, 0);           /* e_shoff */
    foreign_put(writer, 0, 4);
    foreign_put(writer, header_size, 2);
    foreign_put(writer, kind->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr), 2);
    foreign_put(writer, 3, 2);
    foreign_put(writer, 0, 2);
    foreign_put(writer, 0, 2);
    foreign_put(writer, 0, 2);
    segment_put(writer, PT_LOAD, VADDR, size);
    segment_put(writer, PT_DYNAMIC, layout->dynamic, layout->dynamic_size);
    segment_put(writer, PT_NOTE, layout->note, 24);
}

void foreign_object(const struct foreign_kind *kind, unsigned char **ret_bytes, size_t *ret_size)
{
    struct foreign_writer writer = {.narrow = kind->narrow, .big = kind->big};
    struct foreign_writer headers = writer;
    struct layout layout = {0};

    headers_put(&headers, kind, &layout, 0);
    foreign_bytes(&writer, NULL, headers.size); /* written when the rest is known */
    note_put(&writer, &layout);
    strings_put(&writer, &layout);
    data_put(&writer, kind, &layout);
    symbols_put(&writer, &layout);
    hash_put(&writer, kind, &layout);
    versions_put(&writer, &layout);
    relocations_put(&writer, kind, &layout);
    dynamic_put(&writer, kind, &layout);
    headers.size = 0;
    headers_put(&headers, kind, &layout, writer.size);
    memcpy(writer.bytes, headers.bytes, headers.size);
    free(headers.bytes);
    *ret_bytes = writer.bytes;
    *ret_size = writer.size;
}
