/* SPDX-License-Identifier: MIT */
/* The TEXT facts of all rows, searched for in one pass over an image. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "examine.h"
#include "scan.h"

#define PREFIX_MAX 64
#define MATCH_MAX 256

/* All TEXT facts with the literal each begins with; made once, never released. */
struct catalogue {
    struct scan *scan;
    size_t count;
    const struct fact *facts[TEXT_FACT_MAX];
    struct scan_needle needles[TEXT_FACT_MAX];
    char prefixes[TEXT_FACT_MAX][PREFIX_MAX];
};

static struct catalogue *the_catalogue;

static void catalogue_add(struct catalogue *catalogue, const struct fact *facts)
{
    for (size_t i = 0; i < FACTS_MAX && facts[i].kind; i++) {
        char *prefix = catalogue->prefixes[catalogue->count];

        if (facts[i].kind != FACT_TEXT || catalogue->count == TEXT_FACT_MAX)
            continue;
        catalogue->needles[catalogue->count] = (struct scan_needle){
            prefix, pattern_prefix(facts[i].name, prefix, PREFIX_MAX)};
        catalogue->facts[catalogue->count++] = &facts[i];
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

    for (i = 0; i < length && i + 1 < size; i++)
        to[i] = bytes[i] >= ' ' && bytes[i] <= '~' ? bytes[i] : ' ';
    while (i && to[i - 1] == ' ')
        i--;
    to[i] = '\0';
}

static bool hit(void *user, size_t needle, uint64_t vaddr)
{
    struct search *search = user;
    struct text_hit *hit = &search->texts->hits[needle];
    char version[sizeof hit->version];
    size_t available, length;
    const char *bytes = bytes_at(search->image, vaddr, &available);

    if (!bytes || !pattern_match(search->catalogue->facts[needle]->name, bytes, available, version,
                                 sizeof version, &length))
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

const struct text_hit *text_of(const struct texts *texts, const struct fact *fact)
{
    const struct catalogue *catalogue = catalogue_get();

    for (size_t i = 0; catalogue && i < catalogue->count; i++)
        if (catalogue->facts[i] == fact)
            return texts->hits[i].found ? &texts->hits[i] : NULL;
    return NULL;
}
