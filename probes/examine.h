/* SPDX-License-Identifier: MIT */
/* Facts held against one image: what the files of identification share among themselves. */
#ifndef ENGRAFT_EXAMINE_H
#define ENGRAFT_EXAMINE_H

#include "facts.h"

/* Where a TEXT fact was found first. */
struct text_hit {
    bool found;
    bool disputed; /* found again with another version */
    unsigned tries; /* how often its literal was found */
    uint64_t vaddr;
    char version[72];
    char text[96]; /* what matched, for evidence */
};

/* What a search of one image for TEXT facts found. */
struct text_catalogue;
struct texts {
    const struct text_catalogue *catalogue;
    struct text_hit *hits;
    const struct texts *others; /* where text_of() looks as well; NULL */
};

/*
 * texts_find() - search an image once, for the presence facts of all engines or, in a file that has
 *   shown an engine, for that engine's version and configuration facts. There are few such files, so
 *   that only texts of presence facts have to be quick to search for.
 * @facts: NULL for all engines.
 * @others: an earlier result that ret_texts refers to; NULL.
 * False: no memory. Release with texts_release().
 */
bool texts_find(const struct image *image, const struct engine_facts *facts,
                const struct texts *others, struct texts *ret_texts);
void texts_release(struct texts *texts);
/* What was found for a TEXT fact of engines.def; NULL when nothing was. */
const struct text_hit *text_of(const struct texts *texts, const struct fact *fact);

/* For hooks: what was found for the presence or version fact with this pattern; NULL when nothing
 * was. */
const struct text_hit *text_hit_of(const struct examination *examination, const char *pattern);

/* One engine's facts, one image, one instance that is being made. */
struct inquiry {
    const struct image *image;
    const struct engine_facts *facts;
    const struct texts *texts;
    struct engine_instance *instance;
    bool disputed; /* two facts gave different versions */
};

/* Whether a presence fact holds; adds evidence and, for symbols, tells where they are. */
bool presence_holds(struct inquiry *inquiry, const struct fact *fact);
/* Lets a version fact speak, if it can. */
void version_hear(struct inquiry *inquiry, const struct fact *fact);
/* Offers a version: the first stands, others have to agree. */
void version_offer(struct inquiry *inquiry, const char *version);
/* CPython's PY_VERSION_HEX as text: 0x030d00a2 is 3.13.0a2. */
void python_version_format(uint64_t hex, char *text, size_t size);
void config_hear(struct inquiry *inquiry, const struct fact *fact);

#endif
