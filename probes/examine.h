/* SPDX-License-Identifier: MIT */
/* Facts held against one image: what the files of identification share among themselves. */
#ifndef ENGRAFT_EXAMINE_H
#define ENGRAFT_EXAMINE_H

#include "facts.h"

#define TEXT_FACT_MAX 256 /* TEXT facts of all rows together */

/* Where a TEXT fact was found first. */
struct text_hit {
    bool found;
    bool disputed; /* found again with another version */
    uint64_t vaddr;
    char version[72];
    char text[96]; /* what matched, for evidence */
};

/* The texts of one image, by number of the TEXT fact (text_number()). */
struct texts {
    struct text_hit hits[TEXT_FACT_MAX];
};

/* Searches the image once for all TEXT facts of all engines. False: no memory. */
bool texts_find(const struct image *image, struct texts *ret_texts);
/* What was found for a TEXT fact of engines.def; NULL when nothing was. */
const struct text_hit *text_of(const struct texts *texts, const struct fact *fact);

/* For hooks: what was found for the presence fact with this pattern; NULL when nothing was. */
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
void config_hear(struct inquiry *inquiry, const struct fact *fact);

#endif
