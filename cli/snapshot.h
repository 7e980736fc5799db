/* SPDX-License-Identifier: MIT */
/* What `engraft ps` prints of one look at all processes. */
#ifndef ENGRAFT_CLI_SNAPSHOT_H
#define ENGRAFT_CLI_SNAPSHOT_H

#include "rows.h"

struct snapshot {
    struct row *rows;
    size_t count;
    struct engraft_processes_summary summary;
    size_t with_engine; /* processes, whatever was asked for */
    bool redrawn;       /* on a terminal, in the place of the one before */
    bool one_of_many;
};

void snapshot_print(const struct snapshot *snapshot);
void snapshot_print_json(const struct snapshot *snapshot);

#endif
