/* SPDX-License-Identifier: MIT */
/*
 * Objects of another word size or byte order, brought into the form that image.h describes: headers,
 * dynamic section, symbols and relocations are translated into memory of our own when the object is
 * opened, and a SysV hash table is built over the symbols. Data stay as they are.
 */
#include <stdlib.h>
#include <string.h>

#include "elf_form.h"
#include "readers.h"

#define DYNAMIC_MAX 65536u
#define STRINGS_MAX (256ull << 20)
#define SYMBOL_MAX IMAGE_SYMBOL_MAX
#define RELOCATION_MAX (4u << 20)
#define VERSION_MAX 32768u /* their numbers have 15 bits */

struct foreign {
    Elf64_Dyn *dynamic;
    Elf64_Sym *symbols;
    Elf64_Rela *rela;
    Elf64_Half *versym;
    uint32_t *hash; /* buckets, then chain */
};

/* ---- headers ------------------------------------------------------------------------------------------ */

/* Native program headers behind a native ELF header. Program headers that cannot be had are led to
 * the end, where image_read_headers() misses them. */
unsigned char *foreign_header(struct elf_form form, const unsigned char *bytes, size_t size,
                              size_t *ret_size)
{
    Elf64_Ehdr header = elf_read_header(form, bytes);
    size_t entry_size = elf_form_size(form, ELF_PROGRAM_HEADER), count = header.e_phnum;
    bool inside = header.e_phentsize == entry_size && header.e_phoff <= size &&
                  count * entry_size <= size - header.e_phoff;
    const unsigned char *entries = inside ? bytes + header.e_phoff : NULL;
    unsigned char *native = calloc(1, sizeof header + (inside ? count : 0) * sizeof(Elf64_Phdr));

    if (!native)
        return NULL;
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_phoff = sizeof header;
    header.e_phentsize = header.e_phentsize == entry_size ? sizeof(Elf64_Phdr) : 0;
    memcpy(native, &header, sizeof header);
    for (size_t i = 0; inside && i < count; i++) {
        Elf64_Phdr phdr = elf_read_program_header(form, entries + i * entry_size);

        memcpy(native + sizeof header + i * sizeof phdr, &phdr, sizeof phdr);
    }
    *ret_size = sizeof header + (inside ? count : 0) * sizeof(Elf64_Phdr);
    return native;
}

/* ---- dynamic section ------------------------------------------------------------------------------------ */

static void dynamic_read(struct image *image, struct foreign *foreign, struct elf_form form)
{
    size_t entry_size = elf_form_size(form, ELF_DYNAMIC);
    uint64_t room = image_file_room(image, image->dynamic_vaddr), count;
    const unsigned char *entries;

    count = (image->dynamic_size < room ? image->dynamic_size : room) / entry_size;
    if (count > DYNAMIC_MAX)
        count = DYNAMIC_MAX;
    entries = count ? image_at(image, image->dynamic_vaddr, count * entry_size) : NULL;
    foreign->dynamic = entries ? calloc(count, sizeof *foreign->dynamic) : NULL;
    if (!foreign->dynamic)
        return;
    image->dynamic = foreign->dynamic;
    for (; image->dynamic_count < count; image->dynamic_count++) {
        Elf64_Dyn *entry = &foreign->dynamic[image->dynamic_count];

        *entry = elf_read_dynamic(form, entries + image->dynamic_count * entry_size);
        if (entry->d_tag == DT_NULL)
            break;
    }
}

static uint64_t value_of(const struct image *image, int64_t tag)
{
    const Elf64_Dyn *entry = image_dynamic(image, tag);

    return entry ? entry->d_un.d_val : 0;
}

/* Where a table lies, and how many of its bytes there are. */
static uint64_t table_find(const struct image *image, int64_t tag, uint64_t *ret_room)
{
    const Elf64_Dyn *entry = image_dynamic(image, tag);
    uint64_t vaddr = entry ? image_pointer(image, entry->d_un.d_ptr) : 0;

    *ret_room = entry ? image_file_room(image, vaddr) : 0;
    return vaddr;
}

static void strings_read(struct image *image)
{
    uint64_t size = value_of(image, DT_STRSZ), room, vaddr = table_find(image, DT_STRTAB, &room);
    const char *strings;

    if (size == 0 || size > room || size > STRINGS_MAX)
        return;
    strings = image_at(image, vaddr, size);
    if (!strings || strings[size - 1]) /* every name relies on the last NUL */
        return;
    image->strings = strings;
    image->string_size = size;
}

/* ---- how many symbols ------------------------------------------------------------------------------------ */

/* Entries are 8 bytes on Alpha and 64-bit S/390, and 4 everywhere else. */
static uint64_t count_by_hash(const struct image *image)
{
    bool wide = (image->machine == EM_S390 && image->word_size == 8) || image->machine == EM_ALPHA;
    uint64_t room, vaddr = table_find(image, DT_HASH, &room);
    const unsigned char *header = room >= 16 ? image_at(image, vaddr, 16) : NULL;

    if (!header)
        return 0;
    return wide ? image_u64(image, header + 8) : image_u32(image, header + 4);
}

static uint64_t count_by_gnu_chain(const struct image *image, uint64_t chain, uint32_t offset,
                                   uint32_t highest)
{
    uint64_t room = image_file_room(image, chain) / 4;

    for (uint64_t i = highest - offset; i < room && i < SYMBOL_MAX; i++) {
        const unsigned char *entry = image_at(image, chain + i * 4, 4);

        if (!entry)
            return 0;
        if (image_u32(image, entry) & 1)
            return offset + i + 1;
    }
    return 0;
}

static uint64_t count_by_gnu_hash(const struct image *image)
{
    uint64_t room, vaddr = table_find(image, DT_GNU_HASH, &room), buckets;
    const unsigned char *header = room >= 16 ? image_at(image, vaddr, 16) : NULL, *bucket;
    uint32_t bucket_count, offset, highest = 0;

    if (!header)
        return 0;
    bucket_count = image_u32(image, header);
    offset = image_u32(image, header + 4);
    buckets = vaddr + 16 + (uint64_t)image_u32(image, header + 8) * image_word_size(image);
    if (image_file_room(image, buckets) / 4 < bucket_count)
        return 0;
    bucket = image_at(image, buckets, (uint64_t)bucket_count * 4);
    for (uint32_t i = 0; bucket && i < bucket_count; i++)
        if (image_u32(image, bucket + (size_t)i * 4) > highest)
            highest = image_u32(image, bucket + (size_t)i * 4);
    if (highest < offset)
        return offset;
    return count_by_gnu_chain(image, buckets + (uint64_t)bucket_count * 4, offset, highest);
}

#define DT_MIPS_SYMBOL_COUNT 0x70000011 /* DT_MIPS_SYMTABNO */

static uint64_t symbol_count(const struct image *image)
{
    uint64_t count = count_by_hash(image), other = count_by_gnu_hash(image);

    if (other > count)
        count = other;
    if (count == 0 && image->machine == EM_MIPS)
        count = value_of(image, DT_MIPS_SYMBOL_COUNT);
    for (size_t i = 0; count == 0 && i < image->rela_count; i++)
        if (ELF64_R_SYM(image->rela[i].r_info) >= other)
            other = ELF64_R_SYM(image->rela[i].r_info) + 1;
    return count ? count : other;
}

/* ---- symbols ----------------------------------------------------------------------------------------------- */

/* In the order of the table within a bucket, as lookup.c expects it of versions. */
static bool hash_build(struct image *image, struct foreign *foreign)
{
    uint32_t count = image->symbol_count, bucket_count = count / 2 + 1;
    uint32_t *buckets = calloc((size_t)bucket_count + count, sizeof *buckets);
    uint32_t *chain = buckets + bucket_count;

    foreign->hash = buckets;
    if (!buckets)
        return false;
    for (uint32_t i = count - 1; i > 0; i--) {
        const char *name = image_name(image, image->symbols[i].st_name);
        uint32_t *bucket;

        if (!name || !symbol_is_exported(&image->symbols[i]))
            continue;
        bucket = &buckets[sysv_hash(name) % bucket_count];
        chain[i] = *bucket;
        *bucket = i;
    }
    image->sysv.buckets = buckets;
    image->sysv.chain = chain;
    image->sysv.bucket_count = bucket_count;
    image->sysv.chain_count = count;
    return true;
}

static bool symbols_read(struct image *image, struct foreign *foreign, struct elf_form form)
{
    size_t entry_size = elf_form_size(form, ELF_SYMBOL);
    uint64_t room, vaddr = table_find(image, DT_SYMTAB, &room), count = symbol_count(image);
    const unsigned char *entries;

    if (count > room / entry_size)
        count = room / entry_size;
    if (!image->strings || count == 0 || count > SYMBOL_MAX)
        return true;
    entries = image_at(image, vaddr, count * entry_size);
    if (!entries)
        return true;
    foreign->symbols = calloc(count, sizeof *foreign->symbols);
    if (!foreign->symbols)
        return false;
    for (uint64_t i = 0; i < count; i++)
        foreign->symbols[i] = elf_read_symbol(form, entries + i * entry_size);
    image->symbols = foreign->symbols;
    image->symbol_count = (uint32_t)count;
    return hash_build(image, foreign);
}

/* ---- versions ------------------------------------------------------------------------------------------------ */

static void swap16(unsigned char *bytes)
{
    unsigned char first = bytes[0];

    bytes[0] = bytes[1];
    bytes[1] = first;
}

static void swap32(unsigned char *bytes)
{
    unsigned char first = bytes[0], second = bytes[1];

    bytes[0] = bytes[3];
    bytes[1] = bytes[2];
    bytes[2] = second;
    bytes[3] = first;
}

/* Widths of the fields of an entry: those of both classes are alike. */
static const unsigned char verdef_widths[] = {2, 2, 2, 2, 4, 4, 4, 0};
static const unsigned char verdaux_widths[] = {4, 4, 0};
static const unsigned char verneed_widths[] = {2, 2, 4, 4, 4, 0};
static const unsigned char vernaux_widths[] = {4, 2, 2, 4, 4, 0};

/* The bytes of an entry in our byte order: in their place, for they are our own copy. */
static const void *entry_turn(const struct image *image, uint64_t vaddr, const unsigned char *widths)
{
    size_t size = 0;
    unsigned char *at;

    for (size_t i = 0; widths[i]; i++)
        size += widths[i];
    at = (unsigned char *)(uintptr_t)image_at(image, vaddr, size);
    if (!at || (uintptr_t)at % 4 || image_file_room(image, vaddr) < size)
        return NULL;
    for (const unsigned char *width = widths; image->big_endian && *width; at += *width++) {
        if (*width == 2)
            swap16(at);
        else
            swap32(at);
    }
    return image_at(image, vaddr, size);
}

static void verdefs_turn(const struct image *image, uint64_t vaddr, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const Elf64_Verdef *entry = entry_turn(image, vaddr, verdef_widths);
        uint32_t next = entry ? entry->vd_next : 0;

        if (entry)
            entry_turn(image, vaddr + entry->vd_aux, verdaux_widths); /* the first is its name */
        if (next == 0)
            return;
        vaddr += next;
    }
}

static void verneeds_turn(const struct image *image, uint64_t vaddr, uint32_t count)
{
    unsigned names = 0;

    for (uint32_t i = 0; i < count; i++) {
        const Elf64_Verneed *entry = entry_turn(image, vaddr, verneed_widths);
        uint32_t next = entry ? entry->vn_next : 0;
        uint64_t at = entry ? vaddr + entry->vn_aux : 0;

        for (unsigned j = entry ? entry->vn_cnt : 0; j > 0 && names < VERSION_MAX; j--, names++) {
            const Elf64_Vernaux *name = entry_turn(image, at, vernaux_widths);

            if (!name || name->vna_next == 0)
                break;
            at += name->vna_next;
        }
        if (next == 0)
            return;
        vaddr += next;
    }
}

static uint32_t version_count(const struct image *image, int64_t tag)
{
    uint64_t count = value_of(image, tag);

    return count < VERSION_MAX ? (uint32_t)count : VERSION_MAX;
}

/* Versions tell which library a reference means. */
static bool versions_read(struct image *image, struct foreign *foreign)
{
    uint64_t room, vaddr = table_find(image, DT_VERSYM, &room);
    const unsigned char *entries;

    if (image->symbol_count == 0 || room / 2 < image->symbol_count)
        return true;
    entries = image_at(image, vaddr, (uint64_t)image->symbol_count * 2);
    foreign->versym = entries ? calloc(image->symbol_count, sizeof *foreign->versym) : NULL;
    if (!foreign->versym)
        return entries == NULL;
    for (uint32_t i = 0; i < image->symbol_count; i++)
        foreign->versym[i] = image_u16(image, entries + (size_t)i * 2);
    image->versym = foreign->versym;
    vaddr = table_find(image, DT_VERDEF, &room);
    if (room >= sizeof(Elf64_Verdef)) {
        image->verdef_count = version_count(image, DT_VERDEFNUM);
        image->verdef = image->memory + vaddr;
        verdefs_turn(image, vaddr, image->verdef_count);
    }
    vaddr = table_find(image, DT_VERNEED, &room);
    if (room >= sizeof(Elf64_Verneed)) {
        image->verneed_count = version_count(image, DT_VERNEEDNUM);
        image->verneed = image->memory + vaddr;
        verneeds_turn(image, vaddr, image->verneed_count);
    }
    return true;
}

/* ---- relocations --------------------------------------------------------------------------------------------- */

/* What pointer_read() needs: it looks for the relocation of a place that holds zero, so that the
 * addend of a REL relocation, which lies in the place, is zero. */
static bool relocations_read(struct image *image, struct foreign *foreign, struct elf_form form)
{
    bool addend = image_dynamic(image, DT_RELA) != NULL;
    size_t entry_size = elf_form_size(form, addend ? ELF_RELA : ELF_REL);
    uint64_t room, vaddr = table_find(image, addend ? DT_RELA : DT_REL, &room);
    uint64_t count = value_of(image, addend ? DT_RELASZ : DT_RELSZ);
    const unsigned char *entries;

    count = (count < room ? count : room) / entry_size;
    if (count == 0 || count > RELOCATION_MAX || image->machine == EM_MIPS)
        return true; /* MIPS: no addend is elsewhere, and 64-bit r_info has another form */
    entries = image_at(image, vaddr, count * entry_size);
    if (!entries)
        return true;
    foreign->rela = calloc(count, sizeof *foreign->rela);
    if (!foreign->rela)
        return false;
    for (uint64_t i = 0; i < count; i++)
        foreign->rela[i] = elf_read_relocation(form, entries + i * entry_size, addend);
    image->rela = foreign->rela;
    image->rela_count = count;
    return true;
}

/* ---- entrance --------------------------------------------------------------------------------------------------- */

static const char *string_of(const struct image *image, int64_t tag)
{
    const Elf64_Dyn *entry = image_dynamic(image, tag);

    return entry ? image_name(image, entry->d_un.d_val) : NULL;
}

struct foreign *foreign_create(struct image *image, struct elf_form form)
{
    struct foreign *foreign = calloc(1, sizeof *foreign);

    if (!foreign)
        return NULL;
    dynamic_read(image, foreign, form);
    strings_read(image);
    if (!relocations_read(image, foreign, form) || !symbols_read(image, foreign, form) ||
        !versions_read(image, foreign)) {
        foreign_destroy(foreign);
        return NULL;
    }
    image->soname = string_of(image, DT_SONAME);
    image->runpath = string_of(image, DT_RUNPATH);
    image->rpath = string_of(image, DT_RPATH);
    image->flags = value_of(image, DT_FLAGS);
    image->flags_1 = value_of(image, DT_FLAGS_1);
    return foreign;
}

void foreign_destroy(struct foreign *foreign)
{
    if (!foreign)
        return;
    free(foreign->dynamic);
    free(foreign->symbols);
    free(foreign->rela);
    free(foreign->versym);
    free(foreign->hash);
    free(foreign);
}
