/* SPDX-License-Identifier: MIT */
/*
 * Duktape has its version in no text. Duktape.version is a double in the stream of bits that the
 * built-in objects are made from at run time (duk_builtins_data[]), where whole bytes begin one bit
 * late. Debian's 2.5.0 and 2.7.0 and the 2.4.0 of NetSurf, of other options, have the same neighbours:
 *
 *     46 48 73 60 00 00 00 00 00 1b ea 20 5b 3c a5 c3     20700.0 is 00 00 00 00 00 37 d4 40
 *
 * The stream of a big-endian Duktape is another one.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "examine.h"
#include "scan.h"

#define DOUBLE_OFFSET 4 /* without its first bit */
#define TAIL_OFFSET 11  /* constant again, but for a bit */

/* "ll uf nl p2 a8 x64 linux gcc" is what Duktape.env says: endianness, tagged values, options, the
 * layout of objects, alignment, and whom it was made for. */
#define ENVIRONMENT_MAX 48u

enum { NEEDLE_STREAM, NEEDLE_GCC, NEEDLE_CLANG, NEEDLE_COUNT };

#define NEEDLE(text) {text, sizeof text - 1}
static const struct scan_needle needles[NEEDLE_COUNT] = {
    [NEEDLE_STREAM] = NEEDLE("FHs`\0\0\0\0"),
    [NEEDLE_GCC] = NEEDLE(" linux gcc"),
    [NEEDLE_CLANG] = NEEDLE(" linux clang"),
};

struct finder {
    const struct image *image;
    unsigned long number; /* 20700; 0: none */
    bool disputed;
    char environment[8]; /* "ll uf" */
};

/* The number at the one place where the stream has it; 0: this is not the place. */
static unsigned long number_read(const unsigned char *stream)
{
    static const unsigned char tail[] = {0x20, 0x5b, 0x3c, 0xa5, 0xc3};
    uint64_t bits = 0;
    double number;

    if ((stream[TAIL_OFFSET] & 0x7f) != tail[0] ||
        memcmp(stream + TAIL_OFFSET + 1, tail + 1, sizeof tail - 1) != 0)
        return 0;
    for (unsigned i = 8; i-- > 0;) {
        const unsigned char *at = stream + DOUBLE_OFFSET + i;

        bits = bits << 8 | ((at[0] << 1 | at[1] >> 7) & 255);
    }
    memcpy(&number, &bits, sizeof number);
    if (!(number >= 10000 && number < 100000) || (double)(unsigned long)number != number)
        return 0;
    return (unsigned long)number;
}

static void stream_examine(struct finder *finder, uint64_t vaddr)
{
    const unsigned char *stream = image_at(finder->image, vaddr, TAIL_OFFSET + 5);
    unsigned long number = stream ? number_read(stream) : 0;

    if (number == 0)
        return;
    finder->disputed |= finder->number && finder->number != number;
    finder->number = number;
}

/* The text that has " linux" at `vaddr`, when it begins as an environment does. */
static void environment_examine(struct finder *finder, uint64_t vaddr)
{
    const char *bytes =
        vaddr >= ENVIRONMENT_MAX
            ? image_at(finder->image, vaddr - ENVIRONMENT_MAX, ENVIRONMENT_MAX)
            : NULL;
    const char *end = bytes ? memrchr(bytes, '\0', ENVIRONMENT_MAX) : NULL;
    const char *text = end ? end + 1 : NULL;

    if (!text || bytes + ENVIRONMENT_MAX - text < 12 || !strchr("lbm", text[0]) ||
        !strchr("lbm", text[1]) || text[2] != ' ' || !strchr("pu", text[3]) ||
        text[text[4] == 'f' ? 5 : 4] != ' ')
        return;
    memcpy(finder->environment, text, 5);
}

static bool hit(void *user, size_t needle, uint64_t vaddr)
{
    if (needle == NEEDLE_STREAM)
        stream_examine(user, vaddr);
    else
        environment_examine(user, vaddr);
    return true;
}

/* libduktape.so.207 is some 2.7. */
static void soname_hear(struct engine_instance *instance, const char *soname)
{
    static const char name[] = "libduktape.so.";
    unsigned long number;
    char *end;

    if (!soname || strncmp(soname, name, sizeof name - 1) != 0)
        return;
    number = strtoul(soname + sizeof name - 1, &end, 10);
    if (*end || number < 100 || number > 999)
        return;
    text_format(instance->abi.version, sizeof instance->abi.version, "%lu.%lu", number / 100,
                number % 100);
    evidence_add(instance, 0, "text", "DT_SONAME %s", soname);
}

static void version_set(struct engine_instance *instance, unsigned long number)
{
    text_format(instance->abi.version, sizeof instance->abi.version, "%lu.%lu.%lu", number / 10000,
                number / 100 % 100, number % 100);
    evidence_add(instance, 0, "data", "Duktape.version is %lu in the built-in objects", number);
}

static void environment_tell(struct abi *abi, const char *environment)
{
    if (!*environment)
        return;
    config_set(abi, environment[3] == 'p' ? "tagged-values=packed" : "tagged-values=unpacked");
    config_set(abi, environment[4] == 'f' ? "fast-integers=yes" : "fast-integers=no");
}

bool duktape_identify(struct examination *examination)
{
    struct finder finder = {.image = examination->image};
    struct scan *scan = scan_create(needles, NEEDLE_COUNT);

    if (scan)
        (void)scan_image(scan, examination->image, hit, &finder);
    scan_destroy(scan);
    environment_tell(&examination->instance->abi, finder.environment);
    if (finder.number && !finder.disputed)
        version_set(examination->instance, finder.number);
    else if (!finder.number)
        soname_hear(examination->instance, examination->image->soname);
    return true;
}
