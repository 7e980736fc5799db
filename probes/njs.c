/* SPDX-License-Identifier: MIT */
/*
 * njs has its version in its built-in object, as the value of njs.version_number, 0x000709, and that
 * of njs.version. Values are 16 bytes: type, truth, six bytes of nothing, a double. Measured:
 *
 *   0.7.9, 0.8.9  the key stands before the value, both in line (a length of e in both halves):
 *                   05 ee "version_number"  03 01 00 00 00 00 00 00  00 00 00 00 00 24 9c 40
 *   1.0.2         keys are numbers of atoms; the value's head is shorter:
 *                   00 00 00 00 03 01 00 00  00 00 00 00 20 00 f0 40
 *                 Other numbers look the same, so that njs.version has to be there as a text.
 */
#include <string.h>

#include "error.h"
#include "examine.h"
#include "scan.h"

#define NUMBER_MIN 0x000100 /* 0.1.0 */
#define NUMBER_MAX 0xffffff
#define CANDIDATE_MAX 16u
#define VERSION_MAX 16u

static const char key[] = "\x05\xee" "version_number\x03\x01\0\0\0\0\0"; /* and the last NUL */
static const char head[8] = "\0\0\0\0\x03\x01";

struct finder {
    const struct image *image;
    unsigned long numbers[CANDIDATE_MAX];
    unsigned count;
    bool too_many, confirmed[CANDIDATE_MAX];
};

static unsigned long number_read(const unsigned char *bytes)
{
    double number;

    memcpy(&number, bytes, sizeof number);
    if (!(number >= NUMBER_MIN && number <= NUMBER_MAX) ||
        (double)(unsigned long)number != number)
        return 0;
    return (unsigned long)number;
}

static void number_add(struct finder *finder, unsigned long number)
{
    for (unsigned i = 0; i < finder->count; i++)
        if (finder->numbers[i] == number)
            return;
    if (number == 0)
        return;
    if (finder->count == CANDIDATE_MAX)
        finder->too_many = true;
    else
        finder->numbers[finder->count++] = number;
}

static void version_format(unsigned long number, char *text)
{
    text_format(text, VERSION_MAX, "%lu.%lu.%lu", number >> 16, number >> 8 & 255, number & 255);
}

/* ---- keys in line ---------------------------------------------------------------------------------------- */

static bool key_hit(void *user, size_t needle, uint64_t vaddr)
{
    struct finder *finder = user;
    const unsigned char *value = image_at(finder->image, vaddr + sizeof key, sizeof(double));

    (void)needle;
    if (value)
        number_add(finder, number_read(value));
    return true;
}

static bool keys_find(struct finder *finder)
{
    struct scan *scan = scan_create(&(struct scan_needle){key, sizeof key}, 1);
    bool done = scan && scan_image(scan, finder->image, key_hit, finder) == ENGRAFT_OK;

    scan_destroy(scan);
    return done;
}

/* ---- numbers and texts ----------------------------------------------------------------------------------- */

static bool is_writable(const struct image *image, const struct image_segment *segment)
{
    (void)image;
    return (segment->flags & PF_W) != 0;
}

static bool numbers_collect(void *user, const struct scan_chunk *chunk)
{
    for (size_t at = -chunk->vaddr & 7; at + 16 <= chunk->length; at += 8)
        if (memcmp(chunk->bytes + at, head, sizeof head) == 0)
            number_add(user, number_read(chunk->bytes + at + 8));
    return true;
}

static bool text_hit(void *user, size_t needle, uint64_t vaddr)
{
    (void)vaddr;
    ((struct finder *)user)->confirmed[needle] = true;
    return true;
}

/* Leaves the numbers that are in the file as a text of their own. */
static bool texts_confirm(struct finder *finder)
{
    char texts[CANDIDATE_MAX][VERSION_MAX + 1] = {{0}}; /* with the NUL before it */
    struct scan_needle needles[CANDIDATE_MAX];
    struct scan *scan;
    unsigned kept = 0;
    bool done;

    for (unsigned i = 0; i < finder->count; i++) {
        version_format(finder->numbers[i], texts[i] + 1);
        needles[i] = (struct scan_needle){texts[i], strlen(texts[i] + 1) + 2};
    }
    scan = finder->count ? scan_create(needles, finder->count) : NULL;
    done = scan && scan_image(scan, finder->image, text_hit, finder) == ENGRAFT_OK;
    scan_destroy(scan);
    for (unsigned i = 0; i < finder->count; i++)
        if (finder->confirmed[i])
            finder->numbers[kept++] = finder->numbers[i];
    finder->count = kept;
    return done;
}

static bool numbers_find(struct finder *finder)
{
    return scan_chunks(finder->image, 16, is_writable, numbers_collect, finder) == ENGRAFT_OK &&
           !finder->too_many && texts_confirm(finder);
}

bool njs_identify(struct examination *examination)
{
    struct finder finder = {.image = examination->image};
    struct engine_instance *instance = examination->instance;
    char version[VERSION_MAX];

    if (examination->image->big_endian || !keys_find(&finder) ||
        (finder.count == 0 && !numbers_find(&finder)) || finder.count != 1)
        return true;
    version_format(finder.numbers[0], version);
    text_format(instance->abi.version, sizeof instance->abi.version, "%s", version);
    evidence_add(instance, 0, "data", "njs.version_number is 0x%lx", finder.numbers[0]);
    return true;
}
