/* SPDX-License-Identifier: MIT */
/* A core file: what was dumped of the memory of a process, and the notes about it. */
#ifndef ENGRAFT_CORE_H
#define ENGRAFT_CORE_H

#include "readers.h"

/* A file that the process had mapped: one row of NT_FILE. */
struct core_mapping {
    uint64_t start, end;
    uint64_t offset;  /* in the file */
    const char *path; /* in the core's own memory */
    bool executable;
    bool described; /* by a segment: gdb writes none for what it does not dump */
};

struct core {
    int fd;
    struct elf_form form;
    uint64_t file_size;
    bool truncated; /* the file ends before its last segment does */
    struct core_segment *segments; /* by address */
    size_t segment_count;

    struct core_mapping *mappings; /* by NT_FILE's order, which is by address */
    size_t mapping_count;
    bool mappings_left_out; /* more than any process has */
    unsigned note_count;    /* that were looked at */
    uint64_t page_size;
    char *paths; /* the text of NT_FILE */

    int32_t pid, signal; /* 0: not told */
    char command[81];    /* the start of the arguments, or the name of the program */
    uint64_t entry;      /* AT_ENTRY */
};

/* `fd` belongs to the core, and is closed on failure. */
enum engraft_status core_create(const char *path, int fd, struct core **ret_core,
                                struct engraft_error *reterr);
/* How many bytes from `address` on were dumped, in one piece; stops counting at `wanted`. */
uint64_t core_room(const struct core *core, uint64_t address, uint64_t wanted);

#endif
