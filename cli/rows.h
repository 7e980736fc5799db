/* SPDX-License-Identifier: MIT */
/* What `engraft ps` shows: an engine of a process each, of those that were asked for, sorted. */
#ifndef ENGRAFT_CLI_ROWS_H
#define ENGRAFT_CLI_ROWS_H

#include <stdbool.h>
#include <stddef.h>

#include "engraft.h"

struct row {
    struct engraft_process process;
    struct engraft_engine engine;
    const char *path; /* of the module that holds the engine */
};

enum sort { SORT_PID, SORT_USER, SORT_COMMAND, SORT_ENGINE, SORT_VERSION };

/* The words of --sort; false when it is none. */
bool sort_of_name(const char *name, enum sort *ret_sort);

/* What to show; an empty list is no limit. Lists end with NULL or are counted. */
struct selection {
    char **engines;
    int *pids;
    size_t pid_count;
    unsigned *uids;
    size_t uid_count;
    enum sort sort;
};

/* Rows live until the next engraft_processes_read(). Release with free(). */
struct row *rows_create(const struct engraft_processes *processes,
                        const struct selection *selection, size_t *ret_count);

/* Whether this is the first of the rows with its process; rows of a process need not be neighbours. */
bool row_is_first(const struct row *rows, size_t index);

#endif
