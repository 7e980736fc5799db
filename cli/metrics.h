/* SPDX-License-Identifier: MIT */
/* The rows of `engraft ps` as metrics for Prometheus, text exposition format 0.0.4. */
#ifndef ENGRAFT_CLI_METRICS_H
#define ENGRAFT_CLI_METRICS_H

#include <stdbool.h>
#include <stdio.h>

#include "rows.h"

/* Sorts `rows` for it. */
void metrics_write(FILE *stream, struct row *rows, size_t count,
                   const struct engraft_processes_summary *summary);

/*
 * metrics_file_write() - the same as a file that is there as a whole or not at all: written beside
 * `path`, synchronised, renamed. On failure the problem is printed, and what was at `path` stays.
 */
bool metrics_file_write(const char *path, struct row *rows, size_t count,
                        const struct engraft_processes_summary *summary);

#endif
