/* SPDX-License-Identifier: MIT */
/*
 * Constants of V8's heap that its headers inlined into a plugin's code, and how to make that code ask
 * another V8's questions. Data adapters cannot help there: nothing is called.
 *
 *     undefined    Value::IsUndefined(), IsNullOrUndefined(): the kind of an oddball
 *     fields       Object::GetInternalField(), GetAlignedPointerFromInternalField(): their offset
 *     weak         PersistentBase::IsWeak(): bits of a handle's node
 *
 * Everything else that is inlined and reads the heap is equal from 10.2 to 14.6 (docs/LIMITS.md).
 */
#ifndef ENGRAFT_V8_FIXUPS_H
#define ENGRAFT_V8_FIXUPS_H

#include <string.h>

#include "engine.h"

/* What differs for a pair; all zero: nothing. */
struct v8_fixup_needs {
    uint8_t undefined_from, undefined_to; /* 0: equal */
    bool fields;
    uint8_t weak_from, weak_to; /* masks; 0: equal, or the difference is of no effect */
};

/* Whether a version ("10.2.154.26-node.39") is of this line. */
static inline bool v8_version_is(const char *version, const char *line)
{
    size_t length = strlen(line);

    return strncmp(version, line, length) == 0 && (version[length] == '.' || !version[length]);
}

/* False: a version that no row tells. Callable in a resolver. */
static inline bool v8_fixup_needs(const struct abi *plugin, const struct abi *host,
                                  struct v8_fixup_needs *ret_needs)
{
    /* Undefined's kind, offset of internal fields (0: code asks an imported function), mask of the state
     * of a node: headers of Node 16 to 26. tests/unit/test_v8_fixups.c compares with data/. */
    static const struct {
        const char *line;
        uint8_t undefined, fields, mask;
    } rows[] = {
        {"9.4", 5, 0, 7},   {"10.2", 5, 0, 7},  {"10.8", 5, 24, 3}, {"11.3", 5, 24, 3},
        {"11.8", 5, 24, 3}, {"12.4", 4, 24, 3}, {"12.9", 4, 32, 3}, {"13.6", 4, 32, 3},
        {"14.1", 4, 32, 3}, {"14.6", 4, 32, 3},
    };
    const size_t count = sizeof rows / sizeof *rows;
    size_t a = count, b = count;

    for (size_t i = 0; i < count; i++) {
        if (v8_version_is(plugin->version, rows[i].line))
            a = i;
        if (v8_version_is(host->version, rows[i].line))
            b = i;
    }
    if (a == count || b == count)
        return false;
    *ret_needs = (struct v8_fixup_needs){0};
    if (rows[a].undefined != rows[b].undefined) {
        ret_needs->undefined_from = rows[a].undefined;
        ret_needs->undefined_to = rows[b].undefined;
    }
    /* Hosts without a row of their own for fields have them at 24. */
    ret_needs->fields = rows[a].fields && rows[a].fields != (rows[b].fields ? rows[b].fields : 24);
    if (rows[a].mask == 7 && rows[b].mask == 3) { /* 3 on 7: the values of three bits that are not
                                                     weak give none that is */
        ret_needs->weak_from = 7;
        ret_needs->weak_to = 3;
    }
    return true;
}

static inline bool v8_fixup_needs_any(const struct v8_fixup_needs *needs)
{
    return needs->undefined_from || needs->fields || needs->weak_from;
}

/* All sites of an image, from malloc(), ascending. A site with size 0 is one that is there and not
 * understood: the plugin cannot be used. Statuses: MEMORY, UNSUPPORTED (another machine, no unwind
 * table to know functions by, built without capstone). Not in a resolver. */
enum engraft_status v8_fixups_find(const struct image *image, const struct v8_fixup_needs *needs,
                                   struct abi_repair **ret_repairs, size_t *ret_count,
                                   struct engraft_error *reterr);

#endif
