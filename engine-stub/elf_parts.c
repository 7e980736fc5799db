/* SPDX-License-Identifier: MIT */
#include "elf_parts.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "image.h"

/* ---- order of symbols --------------------------------------------------------------------------- */

/* A defined symbol on its way into .gnu.hash, which wants symbols sorted by bucket. */
struct hashed_symbol {
    uint32_t bucket, hash;
    size_t symbol;
};

static const struct object_symbol *object_symbols(const struct elf_object *object, size_t *ret_count)
{
    *ret_count = object->symbols.size / sizeof(struct object_symbol);
    return (const struct object_symbol *)(const void *)object->symbols.bytes;
}

static int hashed_symbol_compare(const void *a, const void *b)
{
    const struct hashed_symbol *first = a, *second = b;

    if (first->bucket != second->bucket)
        return first->bucket < second->bucket ? -1 : 1;
    return (first->symbol > second->symbol) - (first->symbol < second->symbol);
}

/* Appends one entry of .dynsym and .gnu.version. st_value is relative to its part until
 * parts_place(), st_shndx is the part until the writer knows section numbers. */
static void symbol_append(struct elf_object *object, const struct object_symbol *symbol,
                          size_t order)
{
    Elf64_Sym entry = {
        .st_name = (uint32_t)buffer_append_string(&object->parts[PART_DYNSTR], symbol->name),
        .st_info = (uint8_t)ELF64_ST_INFO(symbol->binding, symbol->type),
        .st_other = symbol->other,
        .st_shndx = symbol->part == PART_UNDEFINED ? SHN_UNDEF : (uint16_t)symbol->part,
        .st_value = symbol->offset,
        .st_size = symbol->size,
    };
    uint32_t index = (uint32_t)(object->parts[PART_DYNSYM].size / sizeof(entry));
    uint32_t *slot = buffer_at(&object->indices, order * sizeof(index), sizeof(index));

    if (slot)
        *slot = index;
    buffer_append(&object->parts[PART_DYNSYM], &entry, sizeof(entry));
    if (object->versions.size)
        buffer_append(&object->parts[PART_VERSYM], &symbol->version, sizeof(symbol->version));
}

/* ---- hash tables --------------------------------------------------------------------------------- */

static void gnu_hash_build(struct elf_object *object, const struct hashed_symbol *hashed,
                           size_t count, uint32_t bucket_count)
{
    struct buffer *part = &object->parts[PART_GNU_HASH];
    uint32_t words = 1, shift = 6;

    while ((uint64_t)words * 64 < (uint64_t)count * 8) {
        words *= 2;
        shift++;
    }
    uint32_t header[4] = {bucket_count, object->first_hashed, words, shift};
    buffer_append(part, header, sizeof(header));
    size_t bloom_offset = buffer_append(part, NULL, (size_t)words * 8);
    size_t bucket_offset = buffer_append(part, NULL, (size_t)bucket_count * 4);
    size_t chain_offset = buffer_append(part, NULL, count * 4);
    uint64_t *bloom = buffer_at(part, bloom_offset, (size_t)words * 8);
    uint32_t *buckets = buffer_at(part, bucket_offset, (size_t)bucket_count * 4);
    uint32_t *chain = buffer_at(part, chain_offset, count * 4);

    if (!bloom || !buckets || !chain)
        return;
    for (size_t i = 0; i < count; i++) {
        uint32_t hash = hashed[i].hash, bucket = hashed[i].bucket;
        bool last = i + 1 == count || hashed[i + 1].bucket != bucket;

        bloom[(hash / 64) & (words - 1)] |=
            (uint64_t)1 << (hash % 64) | (uint64_t)1 << ((hash >> shift) % 64);
        if (buckets[bucket] == 0)
            buckets[bucket] = object->first_hashed + (uint32_t)i;
        chain[i] = (hash & ~1u) | (last ? 1u : 0u);
    }
}

static void sysv_hash_build(struct elf_object *object)
{
    const struct buffer *symbols = &object->parts[PART_DYNSYM];
    struct buffer *part = &object->parts[PART_HASH];
    uint32_t count = (uint32_t)(symbols->size / sizeof(Elf64_Sym));
    uint32_t header[2] = {count / 2 + 1, count};

    buffer_append(part, header, sizeof(header));
    size_t offset = buffer_append(part, NULL, ((size_t)header[0] + count) * 4);
    uint32_t *buckets = buffer_at(part, offset, ((size_t)header[0] + count) * 4);
    const char *strings = (const char *)object->parts[PART_DYNSTR].bytes;

    if (!buckets || symbols->failed || object->parts[PART_DYNSTR].failed)
        return;
    uint32_t *chain = buckets + header[0];
    const Elf64_Sym *entries = (const Elf64_Sym *)(const void *)symbols->bytes;
    for (uint32_t i = object->first_global; i < count; i++) {
        uint32_t bucket = sysv_hash(strings + entries[i].st_name) % header[0];

        chain[i] = buckets[bucket];
        buckets[bucket] = i;
    }
}

/* ---- versions ------------------------------------------------------------------------------------ */

static void version_append(struct elf_object *object, const char *name, uint32_t name_offset,
                           uint16_t index, bool last)
{
    Elf64_Verdef definition = {
        .vd_version = VER_DEF_CURRENT,
        .vd_flags = index == 1 ? VER_FLG_BASE : 0,
        .vd_ndx = index,
        .vd_cnt = 1,
        .vd_hash = sysv_hash(name),
        .vd_aux = sizeof(definition),
        .vd_next = last ? 0 : sizeof(definition) + sizeof(Elf64_Verdaux),
    };
    Elf64_Verdaux auxiliary = {.vda_name = name_offset};

    buffer_append(&object->parts[PART_VERDEF], &definition, sizeof(definition));
    buffer_append(&object->parts[PART_VERDEF], &auxiliary, sizeof(auxiliary));
}

static void versions_build(struct elf_object *object)
{
    size_t count = object->versions.size / sizeof(uint32_t);
    const uint32_t *names = (const uint32_t *)(const void *)object->versions.bytes;
    const char *strings = (const char *)object->parts[PART_DYNSTR].bytes;

    if (count == 0 || object->versions.failed || object->parts[PART_DYNSTR].failed)
        return;
    version_append(object, object->soname, object->soname_offset, 1, false);
    for (size_t i = 0; i < count; i++)
        version_append(object, strings + names[i], names[i], (uint16_t)(i + 2), i + 1 == count);
}

/* ---- the rest -------------------------------------------------------------------------------------- */

/* The linker keeps branch protection on in a process only if every object asks for it. */
static void property_build(struct elf_object *object)
{
    const struct machine *machine = object->machine;
    struct {
        Elf64_Nhdr header;
        char name[4];
        uint32_t type, size, bits, padding;
    } note = {{4, 16, NT_GNU_PROPERTY_TYPE_0}, "GNU", machine->property_type, 4,
              machine->property_bits, 0};

    buffer_append(&object->parts[PART_PROPERTY], &note, sizeof(note));
}

static void dynamic_append(struct elf_object *object, int64_t tag, uint64_t value)
{
    Elf64_Dyn entry = {.d_tag = tag, .d_un.d_val = value};

    buffer_append(&object->parts[PART_DYNAMIC], &entry, sizeof(entry));
}

static void dynamic_append_part(struct elf_object *object, enum object_part part, int64_t tag,
                                int64_t size_tag)
{
    if (object->parts[part].size == 0)
        return;
    dynamic_append(object, tag, object->addresses[part]);
    if (size_tag)
        dynamic_append(object, size_tag, object->parts[part].size);
}

/* Called twice: to learn the size, and again when addresses are known. */
static void dynamic_build(struct elf_object *object)
{
    const uint32_t *needed = (const uint32_t *)(const void *)object->needed.bytes;

    object->parts[PART_DYNAMIC].size = 0;
    for (size_t i = 0; i < object->needed.size / sizeof(uint32_t); i++)
        dynamic_append(object, DT_NEEDED, needed[i]);
    dynamic_append(object, DT_SONAME, object->soname_offset);
    if (object->runpath_offset)
        dynamic_append(object, DT_RUNPATH, object->runpath_offset);
    dynamic_append_part(object, PART_INIT_ARRAY, DT_INIT_ARRAY, DT_INIT_ARRAYSZ);
    dynamic_append_part(object, PART_FINI_ARRAY, DT_FINI_ARRAY, DT_FINI_ARRAYSZ);
    dynamic_append_part(object, PART_HASH, DT_HASH, 0);
    dynamic_append_part(object, PART_GNU_HASH, DT_GNU_HASH, 0);
    dynamic_append_part(object, PART_DYNSTR, DT_STRTAB, DT_STRSZ);
    dynamic_append_part(object, PART_DYNSYM, DT_SYMTAB, 0);
    dynamic_append(object, DT_SYMENT, sizeof(Elf64_Sym));
    if (object->parts[PART_RELA].size) {
        dynamic_append_part(object, PART_RELA, DT_RELA, DT_RELASZ);
        dynamic_append(object, DT_RELAENT, sizeof(Elf64_Rela));
    }
    dynamic_append(object, DT_FLAGS, DF_BIND_NOW);
    dynamic_append(object, DT_FLAGS_1, DF_1_NOW);
    if (object->versions.size) {
        dynamic_append_part(object, PART_VERSYM, DT_VERSYM, 0);
        dynamic_append_part(object, PART_VERDEF, DT_VERDEF, 0);
        dynamic_append(object, DT_VERDEFNUM, object->versions.size / sizeof(uint32_t) + 1);
    }
    dynamic_append(object, DT_NULL, 0);
}

static void relocations_place(struct elf_object *object)
{
    const struct object_relocation *relocations = (const void *)object->relocations.bytes;
    size_t count = object->relocations.size / sizeof(*relocations);
    const uint32_t *indices = (const uint32_t *)(const void *)object->indices.bytes;

    for (size_t i = 0; i < count; i++) {
        Elf64_Rela *entry = buffer_at(&object->parts[PART_RELA], i * sizeof(*entry), sizeof(*entry));

        if (!entry)
            return;
        entry->r_offset = object->addresses[relocations[i].part] + relocations[i].offset;
        entry->r_info = ELF64_R_INFO((uint64_t)indices[relocations[i].symbol],
                                     object->machine->relocation_word);
    }
}

static void symbols_place(struct elf_object *object)
{
    struct buffer *part = &object->parts[PART_DYNSYM];
    Elf64_Sym *entries = (Elf64_Sym *)(void *)part->bytes;

    for (size_t i = 0; i < part->size / sizeof(*entries); i++)
        if (entries[i].st_shndx != SHN_UNDEF)
            entries[i].st_value += object->addresses[entries[i].st_shndx];
}

/* ---- entrances ------------------------------------------------------------------------------------- */

enum symbol_class { CLASS_LOCAL, CLASS_UNDEFINED, CLASS_DEFINED };

static enum symbol_class symbol_class(const struct object_symbol *symbol)
{
    if (symbol->binding == STB_LOCAL)
        return CLASS_LOCAL;
    return symbol->part == PART_UNDEFINED ? CLASS_UNDEFINED : CLASS_DEFINED;
}

/* Appends the symbols of a class that is not hashed; returns the index behind them. */
static uint32_t class_append(struct elf_object *object, const struct object_symbol *symbols,
                             size_t count, enum symbol_class wanted)
{
    for (size_t i = 0; i < count; i++)
        if (symbol_class(&symbols[i]) == wanted)
            symbol_append(object, &symbols[i], i);
    return (uint32_t)(object->parts[PART_DYNSYM].size / sizeof(Elf64_Sym));
}

static void unhashed_append(struct elf_object *object, const struct object_symbol *symbols,
                            size_t count)
{
    buffer_append(&object->parts[PART_DYNSYM], NULL, sizeof(Elf64_Sym));
    if (object->versions.size)
        buffer_append(&object->parts[PART_VERSYM], NULL, sizeof(Elf64_Half));
    object->first_global = class_append(object, symbols, count, CLASS_LOCAL);
    object->first_hashed = class_append(object, symbols, count, CLASS_UNDEFINED);
}

static void defined_append(struct elf_object *object, const struct object_symbol *symbols,
                           size_t count)
{
    uint32_t bucket_count = (uint32_t)(count / 4 + 1);
    struct hashed_symbol *hashed = malloc((count + 1) * sizeof(*hashed));
    size_t defined = 0;

    if (!hashed) {
        object->symbols.failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (symbol_class(&symbols[i]) != CLASS_DEFINED)
            continue;
        uint32_t hash = gnu_hash(symbols[i].name, NULL);
        hashed[defined++] = (struct hashed_symbol){hash % bucket_count, hash, i};
    }
    qsort(hashed, defined, sizeof(*hashed), hashed_symbol_compare);
    for (size_t i = 0; i < defined; i++)
        symbol_append(object, &symbols[hashed[i].symbol], hashed[i].symbol);
    gnu_hash_build(object, hashed, defined, bucket_count);
    free(hashed);
}

void parts_build(struct elf_object *object)
{
    size_t count;
    const struct object_symbol *symbols = object_symbols(object, &count);

    if (object->symbols.failed)
        return;
    buffer_append(&object->indices, NULL, count * sizeof(uint32_t));
    unhashed_append(object, symbols, count);
    defined_append(object, symbols, count);
    sysv_hash_build(object);
    versions_build(object);
    buffer_append(&object->parts[PART_RELA], NULL,
                  object->relocations.size / sizeof(struct object_relocation) * sizeof(Elf64_Rela));
    property_build(object);
    dynamic_build(object);
}

void parts_place(struct elf_object *object)
{
    symbols_place(object);
    relocations_place(object);
    dynamic_build(object);
}
