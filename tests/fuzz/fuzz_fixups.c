/* SPDX-License-Identifier: MIT */
/* Code in which V8's heap may be inlined: the functions of an object, and the bytes as one function. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "abi-adapters/v8/fixups_flow.h"
#include "tests/unit/object.h"

static volatile uint64_t sink;

static const struct v8_fixup_needs all[] = {
    {.undefined_from = 5, .undefined_to = 4, .fields = true, .weak_from = 7, .weak_to = 3},
    {.undefined_from = 4, .undefined_to = 5, .fields = true},
};

static void find(const struct image *image)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct abi_repair *repairs = NULL;
        size_t count = 0;

        if (v8_fixups_find(image, &all[i], &repairs, &count, NULL) != ENGRAFT_OK)
            continue;
        for (size_t j = 0; j < count; j++)
            sink += repairs[j].vaddr + repairs[j].size + strlen(repairs[j].what);
        free(repairs);
    }
}

static void prove(const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct fixup_function function = {0};
        struct fixup_list patches = {0};
        struct fixup_step *steps = NULL;

        if (!fixups_decode(bytes, 0x1000, size, &steps, &function.count))
            return;
        function.steps = steps;
        if (function.count)
            fixups_flow(&function);
        if (function.count && !function.failed && fixups_prove(&function, &all[i], &patches))
            sink += patches.count;
        fixups_flow_release(&function);
        free(patches.items);
        free(steps);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct object object;

    object_init(&object, bytes, size);
    if (object.status == ENGRAFT_OK)
        find(&object.image);
    else
        prove(bytes, size < 65536 ? size : 65536);
    object_deinit(&object);
    return 0;
}
