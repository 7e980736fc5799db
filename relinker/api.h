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

/* ---- live_reader.c: what engraft does in a process --------------------------------------------------- */

/* Memory of the process; read() is false when not all of it can be had. */
struct live_source {
    bool (*read)(void *context, uint64_t address, void *buffer, size_t length);
    void *context;
    const char *no_memory; /* what it means when nothing can be had */
    bool is_self;          /* and nothing can change or go */
};

struct live_found_plugin {
    struct engraft_bound_plugin plugin;
    const char *hosts[LIVE_MODULES];
    size_t kinds[PLAN_KINDS];
    struct engraft_bound_trap *traps;
};

struct live_found {
    bool active;
    char version[16];  /* "" when it cannot be told */
    char problem[256]; /* "": none */
    const char *module;
    struct live_found_plugin *plugins; /* the first that was bound first */
    struct engraft_refusal *refusals;
    size_t plugin_count, refusal_count;
    struct arena arena;
};

/* The engraft_live at `address`; file_head: as it stands in the file of the module, or NULL. What is
 * wrong with the target's records is no failure but ret_found->problem. Returns OK, MEMORY. */
enum engraft_status live_read(const struct live_source *source, uint64_t address,
                              const struct live_head *file_head, struct live_found *ret_found,
                              struct engraft_error *reterr);
void live_found_clear(struct live_found *found);
/* target_live.c: the same for a target whose images are known. */
enum engraft_status target_live_self(struct engraft_target *target, struct engraft_error *reterr);
enum engraft_status target_live_process(struct engraft_target *target,
                                        struct engraft_error *reterr);

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
    struct live_found live;
};

/* What the public API tells of an instance; pointers into it. */
void engine_describe(const struct engine_instance *instance, struct engraft_engine *ret_engine);

#endif
