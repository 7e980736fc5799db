/* SPDX-License-Identifier: MIT */
/*
 * What looking for the texts of all engines in a file costs, against the tools one would take for it.
 *
 *     scan ROUNDS PATTERNS FILE
 *
 * Writes the presence texts of engines.def to PATTERNS, one in a line, and finds them in FILE in three ways:
 * scan_image(), which reads the segments that hold constants; memmem() over the same bytes, once for
 * each text; `strings -a FILE | grep -F -f PATTERNS`. Prints "scan-KEY NANOSECONDS", the least of
 * ROUNDS, and for scan_image() also scan-engraft-mb, per MB of the bytes it looked at. All three have
 * to find something. Texts with a line's end are left out of all, as grep would split them.
 */
#include <string.h>

#include "measure.h"

#include "probes/facts.h"
#include "probes/readers.h"
#include "probes/scan.h"

#define NEEDLE_MAX 512

static struct scan_needle needles[NEEDLE_MAX];
static char texts[NEEDLE_MAX][256];
static size_t needle_count;

static void facts_add(const struct fact *facts, FILE *patterns)
{
    for (size_t i = 0; i < FACTS_MAX && facts[i].kind && needle_count < NEEDLE_MAX; i++) {
        char *text = texts[needle_count];
        bool inside;
        size_t length;

        if (facts[i].kind != FACT_TEXT)
            continue;
        length = pattern_literal(facts[i].name, text, sizeof texts[0], &inside);
        if (memchr(text, '\n', length))
            continue;
        needles[needle_count++] = (struct scan_needle){text, length};
        fprintf(patterns, "%.*s\n", (int)length, text);
    }
}

static void needles_collect(const char *path)
{
    const struct engine_facts *facts;
    FILE *patterns = fopen(path, "w");

    if (!patterns)
        fail(path, "cannot be written");
    for (size_t i = 0; (facts = engine_facts_at(i)); i++)
        facts_add(facts->presence, patterns);
    fclose(patterns);
}

/* ---- three ways ---------------------------------------------------------------------------------------- */

struct bytes {
    unsigned char *bytes;
    size_t length;
};

static bool chunk_collect(void *user, const struct scan_chunk *chunk)
{
    struct bytes *all = user;

    all->bytes = realloc(all->bytes, all->length + chunk->length);
    if (!all->bytes)
        fail("memory", "none left");
    memcpy(all->bytes + all->length, chunk->bytes, chunk->length);
    all->length += chunk->length;
    return true;
}

static bool hit(void *user, size_t needle, uint64_t vaddr)
{
    (void)needle;
    (void)vaddr;
    ++*(size_t *)user;
    return true;
}

static size_t scan_all(const struct scan *scan, const struct image *image)
{
    size_t hits = 0;

    if (scan_image(scan, image, hit, &hits) != ENGRAFT_OK)
        fail(image->path, "scan_image() fails");
    return hits;
}

static size_t memmem_all(const struct bytes *all)
{
    const unsigned char *end = all->bytes + all->length, *at;
    size_t hits = 0;

    for (size_t i = 0; i < needle_count; i++)
        for (at = all->bytes; (at = memmem(at, (size_t)(end - at), needles[i].bytes,
                                           needles[i].length)); at++)
            hits++;
    return hits;
}

static struct image image_open(const char *path)
{
    struct deep_modules modules;

    if (file_modules(path, &modules, NULL) != ENGRAFT_OK)
        fail(path, "not an ELF object");
    return modules.images[0];
}

int main(int argc, char **argv)
{
    unsigned rounds = argc == 4 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    struct samples ours = {.count = 0}, loop = {.count = 0}, tools = {.count = 0};
    struct bytes all = {NULL, 0};
    char command[8192];
    struct image image;
    struct scan *scan;

    if (!rounds)
        fail("usage", "scan ROUNDS PATTERNS FILE");
    pin_to_cpu();
    needles_collect(argv[2]);
    scan = scan_create(needles, needle_count);
    image = image_open(argv[3]);
    if (!scan || scan_chunks(&image, 0, NULL, chunk_collect, &all) != ENGRAFT_OK)
        fail("memory", "none left");
    snprintf(command, sizeof command, "LC_ALL=C strings -a '%s' | LC_ALL=C grep -c -F -f '%s'",
             argv[3], argv[2]);
    for (unsigned i = 0; i < rounds; i++) {
        double start = now(), middle;
        size_t found = scan_all(scan, &image);

        middle = now();
        sample_add(&ours, middle - start);
        if (found == 0 || memmem_all(&all) != found)
            fail(argv[3], "the two do not find the same");
        start = now();
        sample_add(&loop, start - middle);
        if (number_from(command) == 0)
            fail(command, "finds nothing");
        sample_add(&tools, now() - start);
    }
    printf("scan-engraft %.0f\nscan-memmem %.0f\nscan-strings %.0f\nscan-engraft-mb %.0f\n",
           samples_minimum(&ours), samples_minimum(&loop), samples_minimum(&tools),
           samples_minimum(&ours) / ((double)all.length / 1048576));
    return 0;
}
