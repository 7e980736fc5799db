/* SPDX-License-Identifier: MIT */
/* TEXT facts, many of them searched for in one pass over an image. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "examine.h"
#include "scan.h"

#define MATCH_MAX 512u
#define TRIES_MAX 4096u /* of one text in one file: what is built to be tried costs no more */
#define BEFORE_MAX 48u /* what a pattern may have before the literal that is searched for */

/* TEXT facts with the literal that each is searched by; made once, never released. */
struct text_catalogue {
    struct scan *scan; /* NULL: no facts */
    size_t count, room;
    const struct fact **facts; /* in the order of their addresses */
    struct scan_needle *needles;
    char (*literals)[PATTERN_LITERAL_MAX];
    bool *inside; /* the pattern begins before its literal */
};

static struct text_catalogue *catalogues[1 + ENGINES_MAX]; /* 0: presence of all engines */

/* A pattern without a literal that is long enough cannot be searched for; tests/probes/test_pattern
 * finds such rows. */
static void catalogue_add(struct text_catalogue *catalogue, const struct fact *facts)
{
    for (size_t i = 0; i < FACTS_MAX && facts[i].kind; i++) {
        size_t number = catalogue->count, length;

        if (facts[i].kind != FACT_TEXT || number == catalogue->room)
            continue;
        length = pattern_literal(facts[i].name, catalogue->literals[number], PATTERN_LITERAL_MAX,
                                 &catalogue->inside[number]);
        if (length == 0)
            continue;
        catalogue->needles[number] = (struct scan_needle){catalogue->literals[number], length};
        catalogue->facts[number] = &facts[i];
        catalogue->count++;
    }
}

static void catalogue_destroy(struct text_catalogue *catalogue)
{
    if (!catalogue)
        return;
    scan_destroy(catalogue->scan);
    free(catalogue->facts);
    free(catalogue->needles);
    free(catalogue->literals);
    free(catalogue->inside);
    free(catalogue);
}

static struct text_catalogue *catalogue_allocate(size_t room)
{
    struct text_catalogue *catalogue = calloc(1, sizeof *catalogue);

    if (!catalogue)
        return NULL;
    catalogue->room = room;
    catalogue->facts = calloc(room, sizeof *catalogue->facts);
    catalogue->needles = calloc(room, sizeof *catalogue->needles);
    catalogue->literals = calloc(room, sizeof *catalogue->literals);
    catalogue->inside = calloc(room, sizeof *catalogue->inside);
    if (catalogue->facts && catalogue->needles && catalogue->literals && catalogue->inside)
        return catalogue;
    catalogue_destroy(catalogue);
    return NULL;
}

static struct text_catalogue *catalogue_create(const struct engine_facts *only)
{
    struct text_catalogue *catalogue =
        catalogue_allocate(only ? 2 * FACTS_MAX : ENGINES_MAX * FACTS_MAX);
    const struct engine_facts *facts;

    if (!catalogue)
        return NULL;
    for (size_t i = 0; !only && (facts = engine_facts_at(i)); i++)
        catalogue_add(catalogue, facts->presence);
    if (only) {
        catalogue_add(catalogue, only->version);
        catalogue_add(catalogue, only->config);
    }
    if (catalogue->count)
        catalogue->scan = scan_create(catalogue->needles, catalogue->count);
    if (catalogue->scan || catalogue->count == 0)
        return catalogue;
    catalogue_destroy(catalogue);
    return NULL;
}

/* Two threads may make one each at the same time; the first is kept. */
static const struct text_catalogue *catalogue_get(const struct engine_facts *only)
{
    struct text_catalogue **place = &catalogues[only ? 1 + (only - engine_facts_at(0)) : 0];
    struct text_catalogue *catalogue = __atomic_load_n(place, __ATOMIC_ACQUIRE);
    struct text_catalogue *made;

    if (catalogue)
        return catalogue;
    made = catalogue_create(only);
    if (!made || __atomic_compare_exchange_n(place, &catalogue, made, false, __ATOMIC_ACQ_REL,
                                             __ATOMIC_ACQUIRE))
        return made;
    catalogue_destroy(made);
    return catalogue;
}

/* ---- one image ------------------------------------------------------------------------------------- */

struct search {
    const struct image *image;
    const struct text_catalogue *catalogue;
    struct text_hit *hits;
};

/* As many bytes as can be had from vaddr on, at most MATCH_MAX. */
static const char *bytes_at(const struct image *image, uint64_t vaddr, size_t *ret_length)
{
    for (size_t length = MATCH_MAX; length >= 8; length /= 2) {
        const char *bytes = image_at(image, vaddr, length);

        if (bytes) {
            *ret_length = length;
            return bytes;
        }
    }
    return NULL;
}

static void text_copy(char *to, size_t size, const char *bytes, size_t length)
{
    size_t i;

    while (length && *bytes == '\0')
        bytes++, length--;
    for (i = 0; i < length && i + 1 < size; i++)
        to[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : ' ';
    while (i && to[i - 1] == ' ')
        i--;
    to[i] = '\0';
}

/* Matches the pattern with its literal at `vaddr`. Where it begins before that, every beginning is
 * tried from the farthest on, so that "13.7.1" is not taken for "3.7.1". */
static const char *match_at(const struct search *search, size_t needle, uint64_t *vaddr,
                            char *version, size_t size, size_t *ret_length)
{
    uint64_t first = *vaddr - (search->catalogue->inside[needle] ? BEFORE_MAX : 0);

    for (uint64_t start = first < *vaddr || first == *vaddr ? first : 0; start <= *vaddr; start++) {
        size_t available;
        const char *bytes = bytes_at(search->image, start, &available);

        if (!bytes || !pattern_match(search->catalogue->facts[needle]->name, bytes, available,
                                     version, size, ret_length) ||
            start + *ret_length <= *vaddr)
            continue;
        *vaddr = start;
        return bytes;
    }
    return NULL;
}

static bool hit(void *user, size_t needle, uint64_t vaddr)
{
    struct search *search = user;
    struct text_hit *hit = &search->hits[needle];
    char version[sizeof hit->version];
    size_t length;
    const char *bytes = hit->tries++ < TRIES_MAX
                            ? match_at(search, needle, &vaddr, version, sizeof version, &length)
                            : NULL;

    if (!bytes)
        return true;
    if (hit->found) {
        hit->disputed |= strcmp(hit->version, version) != 0;
        return true;
    }
    hit->found = true;
    hit->vaddr = vaddr;
    text_format(hit->version, sizeof hit->version, "%s", version);
    text_copy(hit->text, sizeof hit->text, bytes, length);
    return true;
}

bool texts_find(const struct image *image, const struct engine_facts *facts,
                const struct texts *others, struct texts *ret_texts)
{
    struct search search = {image, catalogue_get(facts), NULL};

    if (!search.catalogue)
        return false;
    search.hits = calloc(search.catalogue->count + 1, sizeof *search.hits);
    if (!search.hits ||
        (search.catalogue->scan &&
         scan_image(search.catalogue->scan, image, hit, &search) != ENGRAFT_OK)) {
        free(search.hits);
        return false;
    }
    *ret_texts = (struct texts){search.catalogue, search.hits, others};
    return true;
}

void texts_release(struct texts *texts)
{
    free(texts->hits);
    texts->hits = NULL;
}

static const struct text_hit *hit_of(const struct texts *texts, const struct fact *fact)
{
    size_t low = 0, high = texts->catalogue->count;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (texts->catalogue->facts[middle] == fact)
            return texts->hits[middle].found ? &texts->hits[middle] : NULL;
        if (texts->catalogue->facts[middle] < fact)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct text_hit *text_of(const struct texts *texts, const struct fact *fact)
{
    const struct text_hit *hit = NULL;

    for (; texts && !hit; texts = texts->others)
        hit = hit_of(texts, fact);
    return hit;
}

static const struct fact *fact_with(const struct fact *facts, const char *pattern)
{
    for (size_t i = 0; i < FACTS_MAX && facts[i].kind; i++)
        if (facts[i].kind == FACT_TEXT && strcmp(facts[i].name, pattern) == 0)
            return &facts[i];
    return NULL;
}

const struct text_hit *text_hit_of(const struct examination *examination, const char *pattern)
{
    const struct fact *fact = fact_with(examination->facts->presence, pattern);

    if (!fact)
        fact = fact_with(examination->facts->version, pattern);
    return fact ? text_of(examination->texts, fact) : NULL;
}
