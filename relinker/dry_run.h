/* SPDX-License-Identifier: MIT */
/* A plan for a plugin that is not loaded, or is explained only: plan_object.c and needed.c. */
#ifndef ENGRAFT_DRY_RUN_H
#define ENGRAFT_DRY_RUN_H

#include "deep.h"
#include "relinker.h"

struct dry_run {
    const struct engraft_plan_request *request;
    struct arena arena;
    struct deep_modules plugin, stub; /* files that were opened; count 0: none */
    struct deep_modules brought;      /* a library with a stub that the plugin brings */
    const struct engraft_deep_table *deep;
    struct image *images; /* host's, then plugin, then stub */
    size_t count;
    struct engine_instance *engines;
    size_t engine_count;
    const struct image *plugin_image;
    struct engine_instance imagined; /* for host_abi without a host */
    struct plan plan;
    struct abi_repair *repairs; /* from malloc() */
    size_t repair_count;
    struct engraft_error *reterr;
    enum engraft_status status;
    void (*then)(struct dry_run *run, struct plan_request *plan_request);
    const char *symbol; /* engraft_explain() */
    struct engraft_plan **ret_plan;
};

/* The plugin's path, "" when there is none. */
const char *dry_run_path(const struct dry_run *run);

/* needed.c: what a plugin file links to. */

/* Opens the plugin's stub: in a directory of its RUNPATH, or beside it; or a library that the plugin
 * NEEDs and the stub of that one. */
void dry_run_find_stub(struct dry_run *run, const struct image *plugin);
/* A plugin that contains the host's engine itself is refused: true, and the plan says why. */
bool dry_run_refuse_copy(struct dry_run *run);
/* Adds to the plan's reason what would happen without engraft, or in spite of it. */
void dry_run_tell_needed(struct dry_run *run);

#endif
