/* SPDX-License-Identifier: MIT */
/* The debug offsets of CPython 3.13 and later: where other tools find what they need to know. */
#include <string.h>

#include "error.h"
#include "examine.h"

/* The head of _Py_DebugOffsets, measured in 3.13.5, 3.14.10 and 3.15.2: it is initialised data. The
 * name is in the code that checks it as well, so that the numbers have to make sense. */
struct debug_offsets {
    char cookie[8]; /* "xdebugpy" */
    uint64_t version; /* PY_VERSION_HEX */
    uint64_t free_threaded;
};

static bool offsets_make_sense(const struct debug_offsets *offsets)
{
    return offsets->version >= 0x030d0000 && offsets->version < 0x04000000 &&
           offsets->free_threaded <= 1;
}

bool cpython_identify(struct examination *examination)
{
    struct engine_instance *instance = examination->instance;
    const struct text_hit *hit = text_hit_of(examination, "xdebug%^py");
    const void *bytes = hit ? image_at(examination->image, hit->vaddr, sizeof(struct debug_offsets))
                            : NULL;
    struct debug_offsets offsets;
    char version[sizeof instance->abi.version];

    if (!bytes)
        return true;
    memcpy(&offsets, bytes, sizeof offsets);
    offsets.version = image_u64(examination->image, (const unsigned char *)&offsets.version);
    offsets.free_threaded =
        image_u64(examination->image, (const unsigned char *)&offsets.free_threaded);
    if (!offsets_make_sense(&offsets))
        return true;
    python_version_format(offsets.version, version, sizeof version);
    evidence_add(instance, 0, "data", "_Py_DebugOffsets: %s", version);
    config_set(&instance->abi, offsets.free_threaded ? "free-threaded=yes" : "free-threaded=no");
    if (!instance->abi.version[0])
        text_format(instance->abi.version, sizeof instance->abi.version, "%s", version);
    return true;
}
