/* SPDX-License-Identifier: MIT */
/* Finding a defined symbol in one image by its own hash tables: see image.h. */
#include <string.h>

#include "image.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "byte 0 is the lowest of a word");

typedef uint16_t halves __attribute__((vector_size(16)));
typedef uint32_t words __attribute__((vector_size(16)));

/* 33^0 to 33^16 modulo 2^32. */
static const uint32_t powers[17] = {
    1, 33, 1089, 35937, 1185921, 39135393,
    1291467969, 3963737313, 1954312449, 67801377, 2237445441, 821255521,
    1331628417, 994064801, 2739367361, 204809697, 2463752705};

/* The hashes, from zero on, of the four words in sixteen bytes: neighbours are joined with 33, then
 * pairs with 33^2 = 1024 + 64 + 1. No lane overflows. */
static words hash_words(halves bytes)
{
    words pairs = (words)((bytes & 0xff) * 33 + (bytes >> 8));
    words first = pairs & 0xffff;

    return (first << 10) + (first << 6) + first + (pairs >> 16);
}

static words hash_sixteen(words hash, const char *bytes)
{
    halves all;

    memcpy(&all, bytes, sizeof all);
    return hash * powers[16] + hash_words(all);
}

/* `count` < 16 more bytes, the last of the sixteen before `end`. Zeros in front of them do not
 * count. */
static words hash_rest(words hash, const char *end, size_t count)
{
    static const uint8_t mask[32] = {[16] = 255, 255, 255, 255, 255, 255, 255, 255,
                                     255,        255, 255, 255, 255, 255, 255, 255};
    halves all, kept;

    memcpy(&all, end - 16, sizeof all);
    memcpy(&kept, mask + count, sizeof kept);
    return hash * powers[count] + hash_words(all & kept);
}

/* h * 33 + c over the bytes; sixteen at a time, because the plain loop waits for each byte and
 * mangled names are long (mean 88 bytes in libnode.so.108). Lane i of the vector holds what has to
 * be multiplied with 33^(12 - 4 i). */
uint32_t gnu_hash(const char *name, size_t *ret_length)
{
    size_t length = strlen(name), i = 0;
    words hash = {0, 0, 0, 5381};

    if (ret_length)
        *ret_length = length;
    if (length < 16) {
        uint32_t sum = 5381;

        for (; i < length; i++)
            sum = sum * 33 + (unsigned char)name[i];
        return sum;
    }
    for (; i + 16 <= length; i += 16)
        hash = hash_sixteen(hash, name + i);
    hash = hash_rest(hash, name + length, length - i);
    return hash[0] * powers[12] + hash[1] * powers[8] + hash[2] * powers[4] + hash[3];
}

uint32_t sysv_hash(const char *name)
{
    uint32_t hash = 0;

    for (const unsigned char *byte = (const unsigned char *)name; *byte; byte++) {
        hash = (hash << 4) + *byte;
        hash ^= (hash >> 24) & 0xf0;
    }
    return hash & 0x0fffffff;
}

bool symbol_is_exported(const Elf64_Sym *symbol)
{
    unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);

    return symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
           visibility != STV_HIDDEN && visibility != STV_INTERNAL;
}

static bool symbol_is(const struct image *image, uint32_t index, const char *name,
                      const char *version)
{
    const Elf64_Sym *symbol = &image->symbols[index];

    return symbol_is_exported(symbol) && symbol->st_name < image->string_size &&
           strcmp(image->strings + symbol->st_name, name) == 0 &&
           image_version_matches(image, index, version);
}

/* What somebody else made shall not cost a walk through a million symbols for each name. */
static uint32_t chain_limit(const struct image *image, uint32_t count)
{
    return image->fetch && count > IMAGE_CHAIN_MAX ? IMAGE_CHAIN_MAX : count;
}

static const Elf64_Sym *gnu_find(const struct image *image, const char *name, uint32_t hash,
                                 const char *version)
{
    uint64_t word = image->gnu.bloom[(hash / 64) & image->gnu.bloom_mask];
    const Elf64_Sym *candidate = NULL;
    uint32_t index, steps = chain_limit(image, image->gnu.chain_count);

    if (!(word >> (hash % 64) & word >> (hash >> image->gnu.bloom_shift) % 64 & 1))
        return NULL;
    index = image->gnu.buckets[hash % image->gnu.bucket_count];
    if (index < image->gnu.symbol_offset)
        return NULL;
    for (; steps-- && index - image->gnu.symbol_offset < image->gnu.chain_count; index++) {
        uint32_t chain = image->gnu.chain[index - image->gnu.symbol_offset];

        if (index < image->symbol_count && ((chain ^ hash) >> 1) == 0 &&
            symbol_is(image, index, name, version)) {
            if (image_version_is_first_choice(image, index, version))
                return &image->symbols[index];
            candidate = candidate ? candidate : &image->symbols[index];
        }
        if (chain & 1)
            break;
    }
    return candidate;
}

static const Elf64_Sym *sysv_find(const struct image *image, const char *name,
                                  const char *version)
{
    uint32_t index = image->sysv.buckets[sysv_hash(name) % image->sysv.bucket_count];
    uint32_t steps = chain_limit(image, image->sysv.chain_count);
    const Elf64_Sym *candidate = NULL;

    for (; index != 0 && steps; steps--) {
        if (index >= image->symbol_count || index >= image->sysv.chain_count)
            break;
        if (symbol_is(image, index, name, version)) {
            if (image_version_is_first_choice(image, index, version))
                return &image->symbols[index];
            candidate = candidate ? candidate : &image->symbols[index];
        }
        index = image->sysv.chain[index];
    }
    return candidate;
}

const Elf64_Sym *image_find(const struct image *image, const char *name, uint32_t hash,
                            const char *version)
{
    if (!image->symbols)
        return NULL;
    if (image->gnu.bucket_count)
        return gnu_find(image, name, hash, version);
    if (image->sysv.bucket_count)
        return sysv_find(image, name, version);
    return NULL;
}

const Elf64_Sym *image_find_name(const struct image *image, const char *name)
{
    return image_find(image, name, gnu_hash(name, NULL), NULL);
}

uint64_t image_symbol_address(const struct image *image, const Elf64_Sym *symbol)
{
    return symbol->st_shndx == SHN_ABS ? symbol->st_value
                                       : image->load_address + symbol->st_value;
}

/* ---- versions -------------------------------------------------------------------------------------- */

/* An entry of a list of versions; their offsets in a hostile file may be anything. */
static const void *version_at(const struct image *image, uint64_t vaddr, uint64_t length)
{
    const void *entry = image_at(image, vaddr, length);

    return (uintptr_t)entry % 4 ? NULL : entry;
}

static const char *verdef_name(const struct image *image, unsigned version)
{
    uint64_t vaddr = (uint64_t)(image->verdef - image->memory);

    for (uint32_t i = 0; i < image->verdef_count; i++) {
        const Elf64_Verdef *definition = version_at(image, vaddr, sizeof *definition);
        const Elf64_Verdaux *name;

        if (!definition)
            return NULL;
        if (definition->vd_ndx == version) {
            name = version_at(image, vaddr + definition->vd_aux, sizeof *name);
            return name ? image_name(image, name->vda_name) : NULL;
        }
        if (definition->vd_next == 0)
            return NULL;
        vaddr += definition->vd_next;
    }
    return NULL;
}

static const char *verneed_aux_name(const struct image *image, uint64_t vaddr, unsigned count,
                                    unsigned version)
{
    for (unsigned i = 0; i < count; i++) {
        const Elf64_Vernaux *need = version_at(image, vaddr, sizeof *need);

        if (!need)
            return NULL;
        if (need->vna_other == version)
            return image_name(image, need->vna_name);
        if (need->vna_next == 0)
            return NULL;
        vaddr += need->vna_next;
    }
    return NULL;
}

static const char *verneed_name(const struct image *image, unsigned version)
{
    uint64_t vaddr = (uint64_t)(image->verneed - image->memory);

    for (uint32_t i = 0; i < image->verneed_count; i++) {
        const Elf64_Verneed *need = version_at(image, vaddr, sizeof *need);
        const char *name;

        if (!need)
            return NULL;
        name = verneed_aux_name(image, vaddr + need->vn_aux, need->vn_cnt, version);
        if (name || need->vn_next == 0)
            return name;
        vaddr += need->vn_next;
    }
    return NULL;
}

const char *image_symbol_version(const struct image *image, uint32_t index)
{
    unsigned version;
    const char *name = NULL;

    if (!image->versym || index >= image->symbol_count)
        return NULL;
    version = image->versym[index] & 0x7fff;
    if (version <= VER_NDX_GLOBAL)
        return NULL;
    if (image->verdef)
        name = verdef_name(image, version);
    if (!name && image->verneed)
        name = verneed_name(image, version);
    return name;
}

bool image_version_matches(const struct image *image, uint32_t index, const char *version)
{
    unsigned entry;
    const char *name;

    if (!image->versym || !image->verdef)
        return true; /* an unversioned library satisfies any version, as in ld.so */
    entry = image->versym[index];
    if (!version)
        return !(entry & 0x8000) || (entry & 0x7fff) == 2; /* default version, or the oldest */
    if ((entry & 0x7fff) == VER_NDX_LOCAL)
        return false;
    name = image_symbol_version(image, index);
    return name && strcmp(name, version) == 0;
}

/* ld.so gives a reference without a version the base or the oldest definition (index 1 or 2) when
 * there is one, and else the default one, in whatever order the chain has them. */
bool image_version_is_first_choice(const struct image *image, uint32_t index, const char *version)
{
    return version || !image->versym || !image->verdef || (image->versym[index] & 0x7fff) <= 2;
}
