/* SPDX-License-Identifier: MIT */
/*
 * One pass over bytes for many literals: see scan.h.
 *
 * Four bytes are looked at in every `stride` bytes, where the stride is so that each occurrence of
 * each needle has exactly one such sample among its first bytes. With needles of 6 bytes and more,
 * the stride is 3:
 *
 *     bytes     ..  c  t  o  r  .  L  u  a  :     L  u  a  5 ..
 *     samples   [c  t  o  r]      |
 *                        [r  .  L  u]             each 4 bytes, one in 3
 *                                 [u  a  :   ]    "$Lua: " has the sample at its first, second
 *                                                 or third byte
 *
 * Each needle puts its first `stride` groups of four (grams) into a table of bytes, one for each hash
 * value, of which the most used part stays in the caches. A sample whose byte is 0 starts no needle:
 * that is nearly all of them, and no sample waits for the one before it. Where the byte is set, the
 * needles with such a gram are compared.
 */
#include <stdlib.h>
#include <string.h>

#include "scan.h"

#define GRAM 4u
#define STRIDE_MAX 8u
#define TABLE_BITS 16u
#define TABLE_SIZE (1u << TABLE_BITS)
#define GROUP 8u /* samples of one branch */
#define MULTIPLIER_TRIES 64u

struct gram {
    uint32_t value, slot;
    uint32_t needle, offset; /* where in the needle it is */
};

struct scan {
    unsigned char set[TABLE_SIZE];
    const struct scan_needle *needles;
    size_t needle_count;
    struct gram *grams; /* by slot, then by the position an occurrence would have */
    size_t gram_count;
    uint32_t multiplier;
    unsigned stride;
    size_t length_max;
    uint32_t first[TABLE_SIZE]; /* of a slot that is set: index into grams */
};

static uint32_t load32(const unsigned char *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return value;
}

static uint32_t slot_of(uint32_t multiplier, uint32_t value)
{
    return value * multiplier >> (32 - TABLE_BITS);
}

/* ---- making -------------------------------------------------------------------------------------------- */

static bool needles_measure(struct scan *scan)
{
    size_t shortest = GRAM + STRIDE_MAX - 1;

    for (size_t i = 0; i < scan->needle_count; i++) {
        size_t length = scan->needles[i].length;

        if (length < SCAN_NEEDLE_MIN || length > SCAN_NEEDLE_MAX)
            return false;
        if (length < shortest)
            shortest = length;
        if (length > scan->length_max)
            scan->length_max = length;
    }
    scan->stride = (unsigned)(shortest - GRAM + 1);
    return true;
}

static int gram_compare(const void *a, const void *b)
{
    const struct gram *x = a, *y = b;

    if (x->slot != y->slot)
        return x->slot < y->slot ? -1 : 1;
    if (x->offset != y->offset) /* the farther into its needle, the earlier that starts */
        return x->offset > y->offset ? -1 : 1;
    return (x->needle > y->needle) - (x->needle < y->needle);
}

/* Most of what is scanned is zeros or runs of one byte, which hash to the same slots every time: they
 * shall hit none. Returns how many of the frequent values do. */
static unsigned table_fill(struct scan *scan, uint32_t multiplier)
{
    static const uint32_t frequent[] = {0, 0xffffffff, 0x20202020, 1, 0x100, 0x10000, 0x1000000};
    unsigned collisions = 0;

    memset(scan->set, 0, sizeof scan->set);
    scan->multiplier = multiplier;
    for (size_t i = 0; i < scan->gram_count; i++) {
        scan->grams[i].slot = slot_of(multiplier, scan->grams[i].value);
        scan->set[scan->grams[i].slot] = 1;
    }
    for (size_t i = 0; i < sizeof frequent / sizeof *frequent; i++)
        collisions += scan->set[slot_of(multiplier, frequent[i])] * (i ? 1u : 100u);
    return collisions;
}

static void table_choose(struct scan *scan)
{
    uint32_t multiplier = 0x9e3779b1, best = multiplier;
    unsigned fewest = UINT32_MAX;

    for (unsigned i = 0; i < MULTIPLIER_TRIES && fewest; i++) {
        unsigned collisions = table_fill(scan, multiplier);

        if (collisions < fewest) {
            fewest = collisions;
            best = multiplier;
        }
        multiplier = multiplier * 0x85ebca6b + 2;
    }
    table_fill(scan, best);
    qsort(scan->grams, scan->gram_count, sizeof *scan->grams, gram_compare);
    for (size_t i = scan->gram_count; i-- > 0;)
        scan->first[scan->grams[i].slot] = (uint32_t)i;
}

static void grams_collect(struct scan *scan)
{
    struct gram *gram = scan->grams;

    for (size_t i = 0; i < scan->needle_count; i++)
        for (unsigned offset = 0; offset < scan->stride; offset++)
            *gram++ = (struct gram){
                .value = load32((const unsigned char *)scan->needles[i].bytes + offset),
                .needle = (uint32_t)i,
                .offset = offset,
            };
}

struct scan *scan_create(const struct scan_needle *needles, size_t count)
{
    struct scan *scan;

    if (count > UINT32_MAX / STRIDE_MAX)
        return NULL;
    scan = calloc(1, sizeof *scan);
    if (!scan)
        return NULL;
    scan->needles = needles;
    scan->needle_count = count;
    if (!needles_measure(scan))
        goto fail;
    scan->gram_count = count * scan->stride;
    scan->grams = calloc(scan->gram_count + 1, sizeof *scan->grams);
    if (!scan->grams)
        goto fail;
    grams_collect(scan);
    table_choose(scan);
    return scan;
fail:
    scan_destroy(scan);
    return NULL;
}

void scan_destroy(struct scan *scan)
{
    if (scan)
        free(scan->grams);
    free(scan);
}

size_t scan_length_max(const struct scan *scan)
{
    return scan->length_max;
}

/* ---- searching ----------------------------------------------------------------------------------------- */

struct search {
    const struct scan *scan;
    const unsigned char *bytes;
    size_t length;
    bool (*hit)(void *user, size_t needle, size_t position);
    void *user;
};

/* The needles that have the sample at `at` among their first bytes. False: hit() wants no more. */
static bool sample_compare(const struct search *search, size_t at)
{
    const struct scan *scan = search->scan;
    uint32_t value = load32(search->bytes + at), slot = slot_of(scan->multiplier, value);
    const struct gram *end = scan->grams + scan->gram_count;

    for (const struct gram *gram = scan->grams + scan->first[slot];
         gram < end && gram->slot == slot; gram++) {
        const struct scan_needle *needle = &scan->needles[gram->needle];
        size_t position = at - gram->offset;

        if (gram->value != value || at < gram->offset ||
            needle->length > search->length - position ||
            memcmp(search->bytes + position, needle->bytes, needle->length) != 0)
            continue;
        if (!search->hit(search->user, gram->needle, position))
            return false;
    }
    return true;
}

/* Inlined with a constant stride, so that the loads of a group need no arithmetic. */
static inline __attribute__((always_inline)) void search_with(const struct search *search,
                                                              size_t stride)
{
    const unsigned char *set = search->scan->set, *bytes = search->bytes;
    uint32_t multiplier = search->scan->multiplier;
    size_t at = 0, last = search->length - GRAM; /* of a sample */

    for (; last >= (GROUP - 1) * stride && at <= last - (GROUP - 1) * stride;
         at += GROUP * stride) {
        const unsigned char *from = bytes + at;
        unsigned any = set[slot_of(multiplier, load32(from))] |
                       set[slot_of(multiplier, load32(from + stride))] |
                       set[slot_of(multiplier, load32(from + 2 * stride))] |
                       set[slot_of(multiplier, load32(from + 3 * stride))] |
                       set[slot_of(multiplier, load32(from + 4 * stride))] |
                       set[slot_of(multiplier, load32(from + 5 * stride))] |
                       set[slot_of(multiplier, load32(from + 6 * stride))] |
                       set[slot_of(multiplier, load32(from + 7 * stride))];

        if (__builtin_expect(any, 0))
            for (size_t i = at; i < at + GROUP * stride; i += stride)
                if (set[slot_of(multiplier, load32(bytes + i))] && !sample_compare(search, i))
                    return;
    }
    for (; at <= last; at += stride)
        if (set[slot_of(multiplier, load32(bytes + at))] && !sample_compare(search, at))
            return;
}

void scan_bytes(const struct scan *scan, const unsigned char *bytes, size_t length,
                bool (*hit)(void *user, size_t needle, size_t position), void *user)
{
    struct search search = {scan, bytes, length, hit, user};

    if (length < GRAM || scan->needle_count == 0)
        return;
    switch (scan->stride) {
    case 3: search_with(&search, 3); break;
    case 4: search_with(&search, 4); break;
    case 5: search_with(&search, 5); break;
    case 6: search_with(&search, 6); break;
    case 7: search_with(&search, 7); break;
    default: search_with(&search, STRIDE_MAX); break;
    }
}
