/* SPDX-License-Identifier: MIT */
/*
 * The symbols a stub stands for, in the order in which they were added, found by name and version.
 * Names and versions are borrowed from the files that were read and must outlive the set.
 */
#ifndef ENGRAFT_STUB_SYMBOL_SET_H
#define ENGRAFT_STUB_SYMBOL_SET_H

#include "image.h"

struct stub_symbol {
    const char *name;
    const char *version;    /* NULL: none */
    bool version_hidden;    /* not the default version of this name */
    bool weak;
    bool placed;            /* address is the engine's */
    uint8_t type;           /* STT_FUNC, STT_OBJECT; STT_NOTYPE when it cannot be told */
    uint8_t other;          /* st_other of the engine */
    uint32_t gnu_hash;
    uint64_t size;          /* 0: not known */
    uint64_t address;       /* in the engine's file: tells aliases and alignment */
};

struct symbol_set {
    struct stub_symbol *symbols;
    size_t count, capacity;
    uint32_t *slots; /* index + 1, open addressing; slot_count is a power of two */
    size_t slot_count;
};

void symbol_set_deinit(struct symbol_set *set);
/* The first symbol of this name with this version; version NULL: any. NULL when there is none. */
struct stub_symbol *symbol_set_find(const struct symbol_set *set, const char *name,
                                    const char *version);
/* Adds a copy with gnu_hash filled in; a symbol that is there already stays as it is. False when
 * out of memory. */
bool symbol_set_add(struct symbol_set *set, const struct stub_symbol *symbol);

#endif
