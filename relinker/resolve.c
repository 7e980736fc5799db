/* SPDX-License-Identifier: MIT */
/*
 * Looking up thousands of names in one module.
 *
 * A lookup is a chain of reads, each at a place that nothing foretells: bucket, hash chain, symbol,
 * name. ld.so and dlsym() wait for each of them, name after name, and nearly each is a miss of the
 * cache and, in a large engine, of the TLB as well. Here all names take a step before the first
 * takes the next one. Before the steps that read the symbol table and the string table they are
 * put in the order of these tables, so that a page is met once, and what comes soon is prefetched.
 *
 *     hash     in the plugin's order                           -> bucket
 *     bucket   sorted by bucket, the order of chains and       -> first of the chain
 *     chain    symbols as well (DT_GNU_HASH demands it)        -> symbol with that hash
 *     symbol                                                   -> offset of its name
 *     name     sorted by offset                                -> found, or looked up once more
 */
#include <string.h>

#include "relinker.h"

#define AHEAD 16
#define FEW 64
#define BINS 2048

/* A reference on its way; value is what the next step reads. */
struct item {
    uint32_t reference;
    uint32_t value;
};

struct search {
    const struct image *image;
    uint8_t module;
    struct reference *references;
    struct item *items, *spare;
    size_t count;
};

static void prefetch_string(const char *string)
{
    __builtin_prefetch(string);
    __builtin_prefetch(string + 64);
    __builtin_prefetch(string + 128);
}

/* By value, less than limit, as finely as BINS allow: entries of one page come together. */
static void items_sort(struct search *search, uint64_t limit)
{
    uint32_t starts[BINS + 1] = {0};
    struct item *sorted = search->spare;
    unsigned shift = 0;

    while (limit >> shift >= BINS)
        shift++;
    for (size_t i = 0; i < search->count; i++)
        starts[(search->items[i].value >> shift) + 1]++;
    for (size_t i = 1; i < BINS; i++)
        starts[i] += starts[i - 1];
    for (size_t i = 0; i < search->count; i++)
        sorted[starts[search->items[i].value >> shift]++] = search->items[i];
    search->spare = search->items;
    search->items = sorted;
}

static void hash_step(struct search *search, size_t first, size_t end)
{
    search->count = 0;
    for (size_t i = first; i < end; i++) {
        struct reference *reference = &search->references[i];

        if (i + AHEAD < end && !reference[AHEAD].hash)
            prefetch_string(reference[AHEAD].name);
        if (reference->found || reference->defined || reference->own)
            continue;
        if (!reference->hash)
            reference->hash = gnu_hash(reference->name, NULL);
        search->items[search->count].reference = (uint32_t)i;
        search->items[search->count++].value = reference->hash % search->image->gnu.bucket_count;
    }
}

static void bucket_step(struct search *search)
{
    const struct image *image = search->image;
    size_t kept = 0;

    for (size_t i = 0; i < search->count; i++) {
        uint32_t index = image->gnu.buckets[search->items[i].value];

        if (index < image->gnu.symbol_offset)
            continue;
        search->items[kept].reference = search->items[i].reference;
        search->items[kept++].value = index - image->gnu.symbol_offset;
    }
    search->count = kept;
}

static void chain_step(struct search *search)
{
    const struct image *image = search->image;
    size_t kept = 0;

    for (size_t i = 0; i < search->count; i++) {
        uint32_t hash = search->references[search->items[i].reference].hash;

        if (i + AHEAD < search->count) {
            __builtin_prefetch(&image->gnu.chain[search->items[i + AHEAD].value]);
            __builtin_prefetch(&search->references[search->items[i + AHEAD].reference]);
        }
        for (uint32_t at = search->items[i].value; at < image->gnu.chain_count; at++) {
            uint32_t chain = image->gnu.chain[at];

            if (((chain ^ hash) >> 1) == 0 && at + image->gnu.symbol_offset < image->symbol_count) {
                search->items[kept].reference = search->items[i].reference;
                search->items[kept++].value = at + image->gnu.symbol_offset;
                break;
            }
            if (chain & 1)
                break;
        }
    }
    search->count = kept;
}

static void reference_found(const struct search *search, struct reference *reference,
                            uint32_t index)
{
    const Elf64_Sym *symbol = &search->image->symbols[index];

    reference->found = index;
    reference->module = search->module;
    reference->type = (uint8_t)(ELF64_ST_TYPE(symbol->st_info) & 15);
    reference->target = image_symbol_address(search->image, symbol);
}

static void symbol_step(struct search *search)
{
    const struct image *image = search->image;

    for (size_t i = 0; i < search->count; i++) {
        struct item *item = &search->items[i];
        const Elf64_Sym *symbol = &image->symbols[item->value];

        if (i + AHEAD < search->count) {
            __builtin_prefetch(&image->symbols[search->items[i + AHEAD].value]);
            __builtin_prefetch(&search->references[search->items[i + AHEAD].reference]);
        }
        if (!symbol_is_exported(symbol) || symbol->st_name >= image->string_size) {
            item->value = 0; /* the name of no symbol */
            continue;
        }
        reference_found(search, &search->references[item->reference], item->value);
        item->value = symbol->st_name;
    }
}

/* Whether the symbol that has the hash is the one that is asked for. */
static bool is_found(const struct image *image, const struct reference *reference,
                     const char *name)
{
    return reference->found && strcmp(name, reference->name) == 0 &&
           image_version_matches(image, reference->found, reference->version) &&
           image_version_is_first_choice(image, reference->found, reference->version);
}

/* The whole chain, for the rare reference whose first entry with its hash is another name or another
 * version, and for tables without DT_GNU_HASH. */
static void find_slowly(const struct search *search, struct reference *reference)
{
    const Elf64_Sym *symbol =
        image_find(search->image, reference->name, reference->hash, reference->version);

    reference->found = 0;
    reference->target = 0;
    if (symbol)
        reference_found(search, reference, (uint32_t)(symbol - search->image->symbols));
}

static void name_step(struct search *search)
{
    const struct image *image = search->image;
    const struct item *items = search->items;

    for (size_t i = 0; i < search->count; i++) {
        struct reference *reference = &search->references[items[i].reference];

        if (i + 2 * AHEAD < search->count)
            __builtin_prefetch(&search->references[items[i + 2 * AHEAD].reference]);
        if (i + AHEAD < search->count) {
            const struct reference *next = &search->references[items[i + AHEAD].reference];

            prefetch_string(image->strings + items[i + AHEAD].value);
            prefetch_string(next->name);
        }
        if (!is_found(image, reference, image->strings + items[i].value))
            find_slowly(search, reference);
    }
}

static void search_run(struct search *search, size_t first, size_t end)
{
    hash_step(search, first, end);
    items_sort(search, search->image->gnu.bucket_count);
    bucket_step(search);
    chain_step(search);
    symbol_step(search);
    items_sort(search, search->image->string_size);
    name_step(search);
}

void resolve_references(const struct image *image, uint8_t module, struct reference *references,
                        size_t count)
{
    struct search search = {.image = image, .module = module, .references = references};
    struct arena arena = {0};
    struct item few[2 * FEW], *items = few;
    size_t at_once = FEW;

    if (!image->symbols)
        return;
    if (!image->gnu.bucket_count) {
        for (size_t i = 0; i < count; i++)
            if (!references[i].found && !references[i].defined)
                find_slowly(&search, &references[i]);
        return;
    }
    if (count > FEW && count <= UINT32_MAX)
        items = arena_allocate_written(&arena, 2 * count * sizeof *items);
    if (items && items != few)
        at_once = count;
    else
        items = few; /* without memory: a few at a time */
    for (size_t i = 0; i < count; i += at_once) {
        search.items = items;
        search.spare = items + at_once;
        search_run(&search, i, count - i < at_once ? count : i + at_once);
    }
    arena_release(&arena);
}
