/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "symbol_set.h"

void symbol_set_deinit(struct symbol_set *set)
{
    free(set->symbols);
    free(set->slots);
    *set = (struct symbol_set){0};
}

static bool version_equal(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static void slot_fill(struct symbol_set *set, size_t index)
{
    size_t slot = set->symbols[index].gnu_hash & (set->slot_count - 1);
    while (set->slots[slot] != 0)
        slot = (slot + 1) & (set->slot_count - 1);
    set->slots[slot] = (uint32_t)(index + 1);
}

/* Walks the symbols of one name; *slot is the state of the walk. */
static struct stub_symbol *next_of_name(const struct symbol_set *set, const char *name,
                                        uint32_t hash, size_t *slot)
{
    while (set->slots[*slot] != 0) {
        struct stub_symbol *symbol = &set->symbols[set->slots[*slot] - 1];
        *slot = (*slot + 1) & (set->slot_count - 1);
        if (symbol->gnu_hash == hash && strcmp(symbol->name, name) == 0)
            return symbol;
    }
    return NULL;
}

struct stub_symbol *symbol_set_find(const struct symbol_set *set, const char *name,
                                    const char *version)
{
    if (set->slot_count == 0)
        return NULL;
    uint32_t hash = gnu_hash(name, NULL);
    size_t slot = hash & (set->slot_count - 1);
    struct stub_symbol *symbol;
    while ((symbol = next_of_name(set, name, hash, &slot)))
        if (!version || version_equal(symbol->version, version))
            return symbol;
    return NULL;
}

static bool symbol_set_contains(const struct symbol_set *set, const struct stub_symbol *wanted)
{
    if (set->slot_count == 0)
        return false;
    uint32_t hash = gnu_hash(wanted->name, NULL);
    size_t slot = hash & (set->slot_count - 1);
    struct stub_symbol *symbol;
    while ((symbol = next_of_name(set, wanted->name, hash, &slot)))
        if (version_equal(symbol->version, wanted->version))
            return true;
    return false;
}

static bool symbol_set_grow(struct symbol_set *set)
{
    size_t capacity = set->capacity ? set->capacity * 2 : 1024;
    struct stub_symbol *symbols = realloc(set->symbols, capacity * sizeof(*symbols));
    if (!symbols)
        return false;
    set->symbols = symbols;
    uint32_t *slots = calloc(capacity * 2, sizeof(*slots));
    if (!slots)
        return false;
    free(set->slots);
    set->slots = slots;
    set->slot_count = capacity * 2;
    set->capacity = capacity;
    for (size_t i = 0; i < set->count; i++)
        slot_fill(set, i);
    return true;
}

bool symbol_set_add(struct symbol_set *set, const struct stub_symbol *symbol)
{
    if (symbol_set_contains(set, symbol))
        return true;
    if (set->count == set->capacity && !symbol_set_grow(set))
        return false;
    set->symbols[set->count] = *symbol;
    set->symbols[set->count].gnu_hash = gnu_hash(symbol->name, NULL);
    slot_fill(set, set->count++);
    return true;
}
