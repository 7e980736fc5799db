/* SPDX-License-Identifier: MIT */
/* An engine that says what it is (see relinker/manifest.h) and whose functions do nothing but
 * return: what is left to measure is the way to them. bench/inputs makes the functions. */
#include "manifest.h"

struct note {
    uint32_t name_size, size, type;
    char name[8];
    struct engraft_manifest manifest;
    char engine[8], version[4], prefixes[12], ready[12];
};

#define OFFSET(field) \
    (uint32_t)(__builtin_offsetof(struct note, field) - __builtin_offsetof(struct note, manifest))

__attribute__((section(".note.engraft"), used, aligned(4))) static const struct note note = {
    .name_size = 8,
    .size = sizeof(struct note) - __builtin_offsetof(struct note, manifest),
    .type = NT_ENGRAFT_ENGINE,
    .name = ENGRAFT_NOTE_NAME,
    .manifest =
        {
            .format = ENGRAFT_MANIFEST_FORMAT,
            .size = sizeof(struct note) - __builtin_offsetof(struct note, manifest),
            .engine = OFFSET(engine),
            .version = OFFSET(version),
            .prefixes = OFFSET(prefixes),
            .ready = OFFSET(ready),
        },
    .engine = "bench",
    .version = "1.0",
    .prefixes = "engine_f\0",
    .ready = "engine_ok",
};

int engine_ok = 1;
