/* SPDX-License-Identifier: MIT */
/* A section of notes: manifests and what engines say of themselves. */
#include "fuzz.h"

#include "tests/unit/object.h"

static volatile uint64_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct image image = {
        .path = "note",
        .memory = bytes,
        .segments = {{.memory_size = size, .file_size = size}},
        .segment_count = 1,
        .vaddr_end = size,
        .notes = {{.size = size}},
        .note_count = 1,
    };

    sink = image_walk(&image);
    return 0;
}
