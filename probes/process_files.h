/* SPDX-License-Identifier: MIT */
/* The files that the processes of a snapshot have loaded, whichever of them leads to each. */
#ifndef ENGRAFT_PROCESS_FILES_H
#define ENGRAFT_PROCESS_FILES_H

#include "identify.h"
#include "processes.h"

struct process_files;

struct process_files *process_files_create(void); /* NULL: no memory */
void process_files_destroy(struct process_files *files);

/* A new snapshot; identities of the last one are gone. A new process in it. */
void process_files_renew(struct process_files *files);
void process_files_next(struct process_files *files);

/*
 * process_files_identity() - what a file implements; nothing if this process had it before. A file
 * is asked for once in a snapshot, or until it could be read.
 * @maps: the walk that has told `object` last.  @ret_identity: its engines live until the next
 *   process_files_renew().
 * False: out of memory.
 */
bool process_files_identity(struct process_files *files, struct process_maps *maps, pid_t pid,
                            const struct process_object *object, struct identity *ret_identity);

/* Fills files_known, files_read, files_failed. */
void process_files_count(const struct process_files *files,
                         struct engraft_processes_summary *ret_summary);

#endif
