/* SPDX-License-Identifier: MIT */
/* The TEXT facts of all rows, searched for in one pass over an image. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "examine.h"
#include "scan.h"

#define MATCH_MAX 512u
#define BEFORE_MAX 48u /* what a pattern may have before the literal that is searched for */

/* All TEXT facts with the literal each begins with; made once, never released. */
struct catalogue {
    struct scan *scan;
    size_t count;
    const struct fact *facts[TEXT_FACT_MAX];
    struct scan_needle needles[TEXT_FACT_MAX];
    char literals[TEXT_FACT_MAX][PATTERN_LITERAL_MAX];
    bool inside[TEXT_FACT_MAX]; /* the pattern begins before its literal */
};

static struct catalogue *the_catalogue;

static void catalogue_add(struct catalogue *catalogue, const struct fact *facts)
{
    for (size_t i = 0; i < FACTS_MAX && facts[i].kind; i++) {
        size_t number = catalogue->count;
        char *literal = catalogue->literals[number];

        if (facts[i].kind != FACT_TEXT || number == TEXT_FACT_MAX)
            continue;
        catalogue->needles[number] = (struct scan_needle){
            literal, pattern_literal(facts[i].name, literal, PATTERN_LITERAL_MAX,
                                     &catalogue->inside[number])};
        catalogue->facts[number] = &facts[i];
        catalogue->count++;
    }
}

static struct catalogue *catalogue_create(void)
{
    struct catalogue *catalogue = calloc(1, sizeof *catalogue);
    const struct engine_facts *facts;

    if (!catalogue)
        return NULL;
    for (size_t i = 0; (facts = engine_facts_at(i)); i++) {
        catalogue_add(catalogue, facts->presence);
        catalogue_add(catalogue, facts->version);
        catalogue_add(catalogue, facts->config);
    }
    catalogue->scan = scan_create(catalogue->needles, catalogue->count);
    if (catalogue->scan)
        return catalogue;
    free(catalogue);
    return NULL;
}

/* Two threads may make one each at the same time; the first is kept. */
static const struct catalogue *catalogue_get(void)
{
    struct catalogue *catalogue = __atomic_load_n(&the_catalogue, __ATOMIC_ACQUIRE);
    struct catalogue *made;

    if (catalogue)
        return catalogue;
    made = catalogue_create();
    if (!made || __atomic_compare_exchange_n(&the_catalogue, &catalogue, made, false,
                                             __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    scan_destroy(made->scan);
    free(made);
    return catalogue;
}

/* ---- one image ------------------------------------------------------------------------------------- */

struct search {
    const struct image *image;
    const struct catalogue *catalogue;
    struct texts *texts;
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
    struct text_hit *hit = &search->texts->hits[needle];
    char version[sizeof hit->version];
    size_t length;
    const char *bytes = match_at(search, needle, &vaddr, version, sizeof version, &length);

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

bool texts_find(const struct image *image, struct texts *ret_texts)
{
    struct search search = {image, catalogue_get(), ret_texts};

    memset(ret_texts, 0, sizeof *ret_texts);
    return search.catalogue &&
           scan_image(search.catalogue->scan, image, hit, &search) == ENGRAFT_OK;
}

/* Facts were added in the order in which they lie in memory. */
const struct text_hit *text_of(const struct texts *texts, const struct fact *fact)
{
    const struct catalogue *catalogue = catalogue_get();
    size_t low = 0, high = catalogue ? catalogue->count : 0;

    while (low < high) {
        size_t middle = (low + high) / 2;

        if (catalogue->facts[middle] == fact)
            return texts->hits[middle].found ? &texts->hits[middle] : NULL;
        if (catalogue->facts[middle] < fact)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct text_hit *text_hit_of(const struct examination *examination, const char *pattern)
{
    const struct fact *facts = examination->facts->presence;

    for (size_t i = 0; i < FACTS_MAX && facts[i].kind; i++)
        if (facts[i].kind == FACT_TEXT && strcmp(facts[i].name, pattern) == 0)
            return text_of(examination->texts, &facts[i]);
    return NULL;
}
