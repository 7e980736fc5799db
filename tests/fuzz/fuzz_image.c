/* SPDX-License-Identifier: MIT */
/* The parser of one object, and everything that can be asked of an image. */
#include "fuzz.h"

#include "tests/unit/object.h"

static volatile uint64_t sink;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct object object;

    object_init(&object, bytes, size);
    if (object.status == ENGRAFT_OK)
        sink = image_walk(&object.image);
    object_deinit(&object);
    return 0;
}
