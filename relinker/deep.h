/* SPDX-License-Identifier: MIT */
/*
 * The seam between libengraft.so.0 and engraft-deep.so, which holds everything that needs libelf,
 * libdw or capstone: readers of files, processes and cores, and the stub generator. libengraft
 * loads it on first need, from its own directory, and takes the one symbol `engraft_deep_table`.
 * Both come from one build: the table's version must be equal.
 *
 * Never called from an IFUNC resolver. Functions may allocate.
 */
#ifndef ENGRAFT_DEEP_H
#define ENGRAFT_DEEP_H

#include "engine.h"

#define ENGRAFT_DEEP_VERSION 4

/* A module of which nothing, or not all, could be read: an image of the rest may be there. */
struct deep_missing {
    char *path; /* from malloc() */
    char build_id[2 * 64 + 1];
    char reason[160];
};

/* An engine that a file refers to and does not contain. */
struct deep_need {
    const char *engine;  /* static storage */
    const char *library; /* a DT_NEEDED of the file's image; NULL: none brings it */
    char path[512];      /* where that library is here; "" when it was not found */
    char version[72];
    size_t symbol_count;
};

/* The modules of a file, a process or a core, read as images. */
struct deep_modules {
    struct image *images; /* for a file: one. For a process: every mapped ELF object, executable
                             first; path is the one in the target */
    size_t count;
    uint64_t pid; /* 0 for a file and for a core */
    bool is_core;
    struct deep_missing *missing; /* of a process or a core */
    size_t missing_count;
    /* Of a core: */
    const char *command; /* the start of its arguments; "" when it is not told */
    uint64_t core_pid;   /* 0: not told */
    int core_signal;     /* that ended the process; 0: none (gdb's gcore), or not told */
    bool core_truncated; /* the file ends before the memory does */
    void *reader;        /* private */
};

/* An engine in a file that a process has loaded. Both live until the next snapshot. */
struct deep_process_engine {
    const struct engine_instance *instance;
    const char *path;
};

/* A process with an engine; see struct engraft_process. */
struct deep_process {
    int pid;
    unsigned uid;
    const char *user;
    char command[16];
    char *container;
    struct deep_process_engine *engines;
    size_t engine_count;
};

/* A snapshot; files stay known from one to the next. */
struct deep_processes {
    struct deep_process *items; /* by ascending PID */
    size_t count;
    struct engraft_processes_summary summary;
};

struct engraft_deep_table {
    unsigned version; /* ENGRAFT_DEEP_VERSION */

    /* `spec`: a decimal PID, or the path of an ELF file or core. Statuses: engraft_target_open(). */
    enum engraft_status (*open)(const char *spec, struct deep_modules *ret_modules,
                                struct engraft_error *reterr);
    void (*close)(struct deep_modules *modules);

    /* All engines in them, from malloc(); probes/identify.h. */
    enum engraft_status (*identify)(const struct deep_modules *modules,
                                    struct engine_instance **ret_engines, size_t *ret_count,
                                    struct engraft_error *reterr);
    /* The engines that a file takes from elsewhere, from malloc(); none for a process or a core. */
    enum engraft_status (*needs)(const struct deep_modules *modules,
                                 const struct engine_instance *own, size_t own_count,
                                 struct deep_need **ret_needs, size_t *ret_count,
                                 struct engraft_error *reterr);

    /* Ids of engines; NULL after the last. */
    const char *(*engine_id)(size_t index);

    /* The processes of this machine; NULL: no memory. Statuses: engraft_processes_read(). */
    struct deep_processes *(*processes_create)(void);
    enum engraft_status (*processes_read)(struct deep_processes *processes,
                                          struct engraft_error *reterr);
    void (*processes_destroy)(struct deep_processes *processes);

    /* Hexadecimal build-id, "" when there is none. */
    void (*build_id)(const struct image *image, char *ret_text, size_t size);

    /* Memory of the process (of a core) at an address there; false unless all of it can be had. */
    bool (*read)(const struct deep_modules *modules, uint64_t address, void *buffer,
                 size_t length);

    /* What has to be changed in the code of an object that was compiled for `plugin`, to run on `host`:
     * abi_adapter.h, repairs(). From malloc(), ascending. UNSUPPORTED: it cannot be told. */
    enum engraft_status (*repairs)(const struct image *image, const struct abi *plugin,
                                   const struct abi *host, struct abi_repair **ret_repairs,
                                   size_t *ret_count, struct engraft_error *reterr);

    enum engraft_status (*stub_create)(const struct engraft_stub_request *request,
                                       struct engraft_stub_result *ret_result,
                                       struct engraft_error *reterr);
};

extern ENGRAFT_PUBLIC const struct engraft_deep_table engraft_deep_table;

#endif
