/* SPDX-License-Identifier: MIT */
/* /proc/PID/maps as structs. */
#ifndef ENGRAFT_PID_MAPS_H
#define ENGRAFT_PID_MAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* A file of which some part is mapped as one object: its mappings follow each other. */
struct mapped_file {
    uint64_t start, end; /* of its first mapping */
    uint64_t offset;     /* file offset of the first mapping */
    dev_t device;
    uint64_t inode;
    bool executable; /* some mapping of it is */
    char *path;      /* as the kernel writes it, "\012" decoded, " (deleted)" kept */
};

struct mapped_files {
    struct mapped_file *items;
    size_t count;
};

/* Reads `text` (which it changes). False when memory runs out. Lines that cannot be parsed and
 * mappings without a file are left out. Release with maps_clear(). */
bool maps_parse(char *text, struct mapped_files *ret_files);
void maps_clear(struct mapped_files *files);

/* The file itself, read-only; -1 when no way leads to it. The caller closes it. */
int mapped_file_open(pid_t pid, const struct mapped_file *file);

#endif
