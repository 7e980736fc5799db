/* SPDX-License-Identifier: MIT */
/*
 * Looking up thousands of names in one module.
 *
 * A lookup is a chain of cache misses: Bloom word, bucket, chain, symbol, name. ld.so and dlsym()
 * wait for each of them, name after name. Here a block of names goes through one step at a time
 * and each step prefetches what the next one reads, so that the misses of a block overlap.
 */
#include <string.h>

#include "relinker.h"

#define BLOCK 64

struct probe {
    struct reference *reference;
    uint32_t index;
};

static size_t bloom_pass(const struct image *image, struct probe *probes, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t hash = probes[i].reference->hash;
        uint64_t word = image->gnu.bloom[(hash / 64) & image->gnu.bloom_mask];

        if (!(word >> (hash % 64) & word >> (hash >> image->gnu.bloom_shift) % 64 & 1))
            continue;
        probes[kept] = probes[i];
        __builtin_prefetch(&image->gnu.buckets[hash % image->gnu.bucket_count]);
        kept++;
    }
    return kept;
}

static size_t bucket_pass(const struct image *image, struct probe *probes, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t hash = probes[i].reference->hash;
        uint32_t index = image->gnu.buckets[hash % image->gnu.bucket_count];

        if (index < image->gnu.symbol_offset)
            continue;
        __builtin_prefetch(&image->gnu.chain[index - image->gnu.symbol_offset]);
        probes[kept] = probes[i];
        probes[kept++].index = index;
    }
    return kept;
}

/* Moves each probe to the first entry of its chain that has its hash. */
static size_t chain_pass(const struct image *image, struct probe *probes, size_t count)
{
    size_t kept = 0;

    for (size_t i = 0; i < count; i++) {
        uint32_t hash = probes[i].reference->hash;
        uint32_t at = probes[i].index - image->gnu.symbol_offset;

        for (; at < image->gnu.chain_count; at++) {
            uint32_t chain = image->gnu.chain[at];

            if (((chain ^ hash) >> 1) == 0) {
                probes[kept] = probes[i];
                probes[kept++].index = at + image->gnu.symbol_offset;
                __builtin_prefetch(&image->symbols[at + image->gnu.symbol_offset]);
                break;
            }
            if (chain & 1)
                break;
        }
    }
    return kept;
}

static void name_prefetch(const struct image *image, const struct probe *probes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *name;

        if (probes[i].index >= image->symbol_count)
            continue;
        name = image->strings + image->symbols[probes[i].index].st_name;
        __builtin_prefetch(name);
        __builtin_prefetch(name + 64);
    }
}

/* The whole chain again for the rare probe whose first entry with its hash is another name or
 * another version. */
static uint32_t find_slowly(const struct image *image, const struct reference *reference)
{
    const Elf64_Sym *symbol =
        image_find(image, reference->name, reference->hash, reference->version);

    return symbol ? (uint32_t)(symbol - image->symbols) : 0;
}

static void name_pass(const struct image *image, uint8_t module, struct probe *probes,
                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct reference *reference = probes[i].reference;
        uint32_t index = probes[i].index;
        const Elf64_Sym *symbol = index < image->symbol_count ? &image->symbols[index] : NULL;

        if (!symbol || symbol->st_shndx == SHN_UNDEF ||
            ELF64_ST_BIND(symbol->st_info) == STB_LOCAL || symbol->st_name >= image->string_size ||
            strcmp(image->strings + symbol->st_name, reference->name) != 0 ||
            !image_version_matches(image, index, reference->version) ||
            !image_version_is_first_choice(image, index, reference->version))
            index = find_slowly(image, reference);
        if (index) {
            reference->found = index;
            reference->module = module;
        }
    }
}

static void block_resolve(const struct image *image, uint8_t module, struct probe *probes,
                          size_t count)
{
    count = bloom_pass(image, probes, count);
    count = bucket_pass(image, probes, count);
    count = chain_pass(image, probes, count);
    name_prefetch(image, probes, count);
    name_pass(image, module, probes, count);
}

void resolve_references(const struct image *image, uint8_t module, struct reference *references,
                        size_t count)
{
    struct probe probes[BLOCK];
    size_t filled = 0;

    if (!image->symbols)
        return;
    for (size_t i = 0; i < count; i++) {
        struct reference *reference = &references[i];

        if (reference->found)
            continue;
        if (!image->gnu.bucket_count) {
            reference->found = find_slowly(image, reference);
            reference->module = module;
            continue;
        }
        __builtin_prefetch(&image->gnu.bloom[(reference->hash / 64) & image->gnu.bloom_mask]);
        probes[filled++].reference = reference;
        if (filled == BLOCK) {
            block_resolve(image, module, probes, filled);
            filled = 0;
        }
    }
    block_resolve(image, module, probes, filled);
}
