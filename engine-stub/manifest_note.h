/* SPDX-License-Identifier: MIT */
/* Writes the note NT_ENGRAFT_MANIFEST; the format is in relinker/manifest.h and engraft(5). */
#ifndef ENGRAFT_STUB_MANIFEST_NOTE_H
#define ENGRAFT_STUB_MANIFEST_NOTE_H

#include "buffer.h"
#include "engine.h"
#include "symbol_set.h"

struct manifest_facts {
    const struct abi *abi;
    const char *plugin;          /* NULL: for no particular plugin */
    const char *trap;            /* NULL: the default */
    const char *const *prefixes; /* NULL: the engine's row knows them */
    const struct symbol_set *set;
};

/* Appends the whole note, header and name included. Out of memory shows in the buffer; false when
 * the note would be longer than its 32-bit offsets reach. */
bool manifest_note_append(struct buffer *note, const struct manifest_facts *facts);

#endif
