/* SPDX-License-Identifier: MIT */
/* Shared by the files that implement the public API outside the moment. */
#ifndef ENGRAFT_API_H
#define ENGRAFT_API_H

#include "deep.h"
#include "relinker.h"

/* The table of engraft-deep.so, loaded on first use; NULL with *reterr filled when it cannot be. */
const struct engraft_deep_table *deep_table(struct engraft_error *reterr);

/* Copies as much as the caller's struct (which starts with its size) holds. */
enum engraft_status result_copy(void *to, const void *from, size_t size);

struct engraft_target {
    struct arena arena;
    const struct engraft_deep_table *deep; /* NULL: this process */
    struct deep_modules modules;
    struct image *images; /* of this process: for paths only, the objects may be gone */
    size_t image_count;
    struct engine_instance *engines;
    size_t engine_count;
    struct deep_need *needs;
    size_t need_count;
};

/* What the public API tells of an instance; pointers into it. */
void engine_describe(const struct engine_instance *instance, struct engraft_engine *ret_engine);

#endif
