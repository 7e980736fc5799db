/* SPDX-License-Identifier: MIT */
/*
 * Searches through bytes that somebody else made: the literals against memmem(), and V8's version
 * data. Pieces of the input itself are the literals, so that there is something to find.
 */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include "probes/scan.h"
#include "probes/v8_hidden.h"

#define NEEDLE_MAX 12

static volatile uint64_t sink;

struct tally {
    size_t counts[NEEDLE_MAX], total, last;
};

static bool hit(void *user, size_t needle, size_t position)
{
    struct tally *tally = user;

    if (tally->total++ && position < tally->last)
        abort();
    tally->last = position;
    tally->counts[needle]++;
    return true;
}

static void literals_try(const uint8_t *bytes, size_t size)
{
    struct scan_needle needles[NEEDLE_MAX];
    size_t count = bytes[0] % NEEDLE_MAX + 1u;
    struct tally tally = {.total = 0};
    struct scan *scan;

    for (size_t i = 0; i < count; i++) {
        size_t at = ((size_t)bytes[2 * i] << 8 | bytes[2 * i + 1]) % (size - 31);

        needles[i] = (struct scan_needle){(const char *)bytes + at, 6u + bytes[i] % 26u};
    }
    scan = scan_create(needles, count);
    scan_bytes(scan, bytes, size, hit, &tally);
    scan_destroy(scan);
    for (size_t i = 0; i < count; i++) {
        const uint8_t *at = bytes, *end = bytes + size;

        for (; (at = memmem(at, (size_t)(end - at), needles[i].bytes, needles[i].length)); at++)
            tally.counts[i]--;
        if (tally.counts[i] != 0)
            abort();
    }
}

static void v8_try(const uint8_t *bytes, size_t size)
{
    size_t half = size / 2;
    struct image image = {
        .path = "bytes",
        .memory = bytes,
        .segments = {{.memory_size = half, .file_size = half, .flags = PF_R},
                     {.vaddr = half, .memory_size = size - half, .file_size = size - half,
                      .flags = PF_R | PF_W}},
        .segment_count = 2,
        .vaddr_end = size,
    };
    struct v8_hidden hidden;

    if (v8_hidden_find(&image, &hidden))
        sink += strlen(hidden.version) + hidden.version_vaddr;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 64)
        return 0;
    literals_try(bytes, size);
    v8_try(bytes, size);
    return 0;
}
