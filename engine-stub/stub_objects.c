/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "manifest_note.h"
#include "stub_files.h"

#define STUB_CORE "libengraft.so.0"

/* ---- addresses of data --------------------------------------------------------------------------------- */

/*
 * Data symbols get addresses in a .bss that is nowhere loaded. Linkers read three things off them:
 * the alignment of a COPY relocation (from the low bits of the address), which names are aliases
 * (same address), and the size. So symbols that overlap in the engine overlap here at the same
 * distance, and every group keeps its address modulo 64.
 */
enum { OBJECT_ALIGNMENT = 64 };

/*
 * Data of which the size is not known is a word here. With size 0, GNU ld 2.40 gives a program that
 * uses it a variable of its own without a COPY relocation and without a warning (ld.lld 14 refuses
 * to link, gold leaves it undefined): it would read zeros, and nothing could tell. With a size there
 * is a COPY relocation, and for that engraft refuses the program. Plugins have none.
 */
enum { UNKNOWN_OBJECT_SIZE = 8 };

static uint64_t object_size(const struct stub_symbol *symbol)
{
    return symbol->size ? symbol->size : UNKNOWN_OBJECT_SIZE;
}

struct placement {
    const struct stub_symbol *symbol;
    uint64_t offset; /* in PART_OBJECTS */
    size_t index;
};

static int placement_compare_address(const void *a, const void *b)
{
    const struct placement *first = a, *second = b;

    if (first->symbol->placed != second->symbol->placed)
        return first->symbol->placed ? -1 : 1;
    if (first->symbol->placed && first->symbol->address != second->symbol->address)
        return first->symbol->address < second->symbol->address ? -1 : 1;
    return (first->index > second->index) - (first->index < second->index);
}

static int placement_compare_index(const void *a, const void *b)
{
    const struct placement *first = a, *second = b;

    return (first->index > second->index) - (first->index < second->index);
}

static uint64_t placed_end(const struct stub_symbol *symbol)
{
    uint64_t end = symbol->address + object_size(symbol);

    return end < symbol->address ? UINT64_MAX : end;
}

/* Offsets of objects[first..count), sorted by address; returns the end of the part. */
static uint64_t objects_place(struct placement *objects, size_t count)
{
    uint64_t cursor = 0, group_start = 0, group_end = 0, group_offset = 0;

    for (size_t i = 0; i < count; i++) {
        const struct stub_symbol *symbol = objects[i].symbol;
        uint64_t end = placed_end(symbol);
        if (!symbol->placed) { /* an own place, aligned for anything */
            objects[i].offset = (cursor + OBJECT_ALIGNMENT - 1) & ~(uint64_t)(OBJECT_ALIGNMENT - 1);
            cursor = objects[i].offset + object_size(symbol);
            continue;
        }
        if (i == 0 || symbol->address >= group_end) {
            group_start = symbol->address;
            group_offset = cursor + ((symbol->address - cursor) & (OBJECT_ALIGNMENT - 1));
            group_end = 0;
        }
        if (end > group_end)
            group_end = end;
        objects[i].offset = group_offset + (symbol->address - group_start);
        cursor = group_offset + (group_end - group_start);
    }
    return cursor;
}

/* The data symbols of the set with their offsets, in the set's order. */
static struct placement *placements_create(const struct symbol_set *set, size_t *ret_count,
                                           uint64_t *ret_size)
{
    struct placement *objects = malloc((set->count + 1) * sizeof(*objects));
    size_t count = 0;

    if (!objects)
        return NULL;
    for (size_t i = 0; i < set->count; i++)
        if (set->symbols[i].type == STT_OBJECT)
            objects[count++] = (struct placement){.symbol = &set->symbols[i], .index = i};
    qsort(objects, count, sizeof(*objects), placement_compare_address);
    *ret_size = objects_place(objects, count);
    qsort(objects, count, sizeof(*objects), placement_compare_index);
    *ret_count = count;
    return objects;
}

/* ---- import library ---------------------------------------------------------------------------------- */

/* Sizes come from a file or a list that may say anything; no engine has a terabyte of data. */
static bool size_is_sane(uint64_t size)
{
    return size <= (uint64_t)1 << 40;
}

static uint16_t symbol_version(struct elf_object *object, const struct stub_symbol *symbol)
{
    if (!symbol->version)
        return object_add_version(object, ENGRAFT_STUB_VERSION);
    uint16_t version = object_add_version(object, symbol->version);
    return symbol->version_hidden ? (uint16_t)(version | OBJECT_VERSYM_HIDDEN) : version;
}

/* What cannot be told apart is called a function: a plugin that takes it for data does not get a
 * COPY relocation, which would be the one way to be bound wrongly. */
static void import_symbol_add(struct elf_object *object, const struct stub_symbol *symbol,
                              const struct placement *placement)
{
    struct object_symbol entry = {
        .name = symbol->name,
        .part = placement ? PART_OBJECTS : PART_FUNCTIONS,
        .offset = placement ? placement->offset : object->reserved[PART_FUNCTIONS]++,
        .size = placement ? object_size(symbol) : 0,
        .binding = symbol->weak ? STB_WEAK : STB_GLOBAL,
        .type = placement ? STT_OBJECT : STT_FUNC,
        .other = symbol->other & (uint8_t)~STV_PROTECTED, /* any visibility but default is 0 in these bits */
        .version = symbol_version(object, symbol),
    };

    object_add_symbol(object, &entry);
}

enum engraft_status import_library_build(struct elf_object *object,
                                         const struct stub_source *source,
                                         struct engraft_error *reterr)
{
    const struct symbol_set *set = &source->set;
    size_t count, next = 0;

    for (size_t i = 0; i < set->count; i++)
        if (!size_is_sane(set->symbols[i].size))
            return error_set(reterr, ENGRAFT_FORMAT, NULL, set->symbols[i].name,
                             "its size of %lx bytes (hexadecimal) cannot be right",
                             (unsigned long)set->symbols[i].size);
    struct placement *objects =
        placements_create(set, &count, &object->reserved[PART_OBJECTS]);
    if (!objects)
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    for (size_t i = 0; i < set->count; i++) {
        bool is_object = next < count && objects[next].index == i;
        import_symbol_add(object, &set->symbols[i], is_object ? &objects[next] : NULL);
        next += is_object;
    }
    free(objects);
    return ENGRAFT_OK;
}

/* ---- run-time stub ----------------------------------------------------------------------------------- */

/* The plugin's version needs name this file: ld.so wants to see the versions defined in it,
 * although no symbol has them here. */
static void versions_copy(struct elf_object *object, const struct symbol_set *set)
{
    for (size_t i = 0; i < set->count; i++)
        object_add_version(object, set->symbols[i].version ? set->symbols[i].version
                                                           : ENGRAFT_STUB_VERSION);
}

static size_t undefined_add(struct elf_object *object, const char *name, uint8_t type)
{
    struct object_symbol symbol = {
        .name = name,
        .part = PART_UNDEFINED,
        .binding = STB_GLOBAL,
        .type = type,
        .version = VER_NDX_GLOBAL,
    };

    return object_add_symbol(object, &symbol);
}

/*
 * The trigger. ld.so relocates the stub after the plugin was mapped and before the plugin itself:
 *   word 1  engraft_stub_bind_1     an IFUNC; calling its resolver lets libengraft plan and commit
 *   word 2  engraft_stub_verdict_1  undefined: the load fails here unless libengraft defines it
 *   .init_array, .fini_array        audit before the plugin's constructors, release after its
 *                                   destructors
 */
static void trigger_add(struct elf_object *object)
{
    struct object_symbol reason = {
        .name = ENGRAFT_STUB_REASON,
        .part = PART_OBJECTS,
        .size = ENGRAFT_STUB_REASON_SIZE,
        .binding = STB_LOCAL, /* in .dynsym for libengraft, which looks at every entry */
        .type = STT_OBJECT,
        .version = VER_NDX_LOCAL,
    };

    object_add_word(object, PART_WORDS, undefined_add(object, ENGRAFT_STUB_BIND, STT_NOTYPE));
    object_add_word(object, PART_WORDS, undefined_add(object, ENGRAFT_STUB_VERDICT, STT_NOTYPE));
    object_add_word(object, PART_INIT_ARRAY, undefined_add(object, ENGRAFT_STUB_INIT, STT_NOTYPE));
    object_add_word(object, PART_FINI_ARRAY, undefined_add(object, ENGRAFT_STUB_FINI, STT_NOTYPE));
    object_add_symbol(object, &reason);
    object->reserved[PART_OBJECTS] = ENGRAFT_STUB_REASON_SIZE;
}

enum engraft_status runtime_stub_build(struct elf_object *object, const struct stub_source *source,
                                       struct engraft_error *reterr)
{
    struct manifest_facts facts = {
        .abi = &source->abi,
        .plugin = source->request->plugin_name,
        .trap = source->request->trap,
        .prefixes = source->note_prefixes,
        .set = &source->set,
    };

    object_add_needed(object, STUB_CORE);
    object_set_runpath(object, "$ORIGIN");
    versions_copy(object, &source->set);
    trigger_add(object);
    if (!manifest_note_append(&object->parts[PART_MANIFEST], &facts))
        return error_set(reterr, ENGRAFT_UNSUPPORTED, NULL, NULL,
                         "the symbols do not fit into a manifest of 4 GiB");
    return ENGRAFT_OK;
}
