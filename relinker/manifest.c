/* SPDX-License-Identifier: MIT */
/* Reading the notes of manifest.h; nothing in them is believed before it is checked. */
#include "manifest.h"

#include <string.h>

#include "relinker.h"

static bool offset_is_string(const struct engraft_manifest *manifest, uint32_t offset)
{
    return offset == 0 || (offset >= sizeof *manifest && offset < manifest->size &&
                           memchr((const char *)manifest + offset, '\0', manifest->size - offset));
}

static bool table_fits(const struct engraft_manifest *manifest, uint32_t offset, uint64_t count,
                       uint64_t size, uint32_t alignment)
{
    return count == 0 || (offset >= sizeof *manifest && offset % alignment == 0 &&
                          offset <= manifest->size && count * size <= manifest->size - offset);
}

static bool prefixes_end(const struct engraft_manifest *manifest)
{
    const char *at = (const char *)manifest + manifest->prefixes;
    const char *end = (const char *)manifest + manifest->size;

    while (manifest->prefixes && at < end && *at) {
        at = memchr(at, '\0', (size_t)(end - at));
        if (!at)
            return false;
        at++;
    }
    return at < end;
}

static bool manifest_is_valid(const struct engraft_manifest *manifest, uint32_t size)
{
    if (size < sizeof *manifest || manifest->format != ENGRAFT_MANIFEST_FORMAT ||
        manifest->size < sizeof *manifest || manifest->size > size || manifest->engine == 0)
        return false;
    return offset_is_string(manifest, manifest->engine) &&
           offset_is_string(manifest, manifest->version) &&
           offset_is_string(manifest, manifest->config) &&
           offset_is_string(manifest, manifest->plugin) &&
           offset_is_string(manifest, manifest->trap) &&
           offset_is_string(manifest, manifest->prefixes) &&
           offset_is_string(manifest, manifest->ready) && prefixes_end(manifest) &&
           table_fits(manifest, manifest->symbols, manifest->symbol_count,
                      sizeof(struct engraft_manifest_symbol), 4) &&
           (manifest->bucket_count & (manifest->bucket_count - 1)) == 0 &&
           table_fits(manifest, manifest->buckets, manifest->bucket_count, sizeof(uint32_t), 4);
}

const struct engraft_manifest *manifest_of(const struct image *image, uint32_t type)
{
    uint32_t size = 0;
    const struct engraft_manifest *manifest =
        image_note(image, ENGRAFT_NOTE_NAME, type, &size);

    if ((uintptr_t)manifest % _Alignof(struct engraft_manifest) != 0)
        return NULL; /* not as the format has it: nothing in it could be read in place */
    return manifest && manifest_is_valid(manifest, size) ? manifest : NULL;
}

const char *manifest_string(const struct engraft_manifest *manifest, uint32_t offset)
{
    return offset && offset_is_string(manifest, offset) ? (const char *)manifest + offset : "";
}

const struct engraft_manifest_symbol *manifest_symbols(const struct engraft_manifest *manifest)
{
    return (const void *)((const char *)manifest + manifest->symbols);
}

const struct engraft_manifest_symbol *manifest_find(const struct engraft_manifest *manifest,
                                                    const char *name, uint32_t hash)
{
    const uint32_t *buckets = (const void *)((const char *)manifest + manifest->buckets);
    const struct engraft_manifest_symbol *symbols = manifest_symbols(manifest);
    uint32_t mask = manifest->bucket_count - 1;

    for (uint32_t step = 0; step < manifest->bucket_count; step++) {
        uint32_t entry = buckets[(hash + step) & mask];

        if (entry == 0 || entry > manifest->symbol_count)
            return NULL;
        if (symbols[entry - 1].gnu_hash == hash &&
            strcmp(manifest_string(manifest, symbols[entry - 1].name), name) == 0)
            return &symbols[entry - 1];
    }
    return NULL;
}
