/* SPDX-License-Identifier: MIT */
/*
 * engraft: run a plugin on the scripting engine that the process already embeds.
 *
 * Conventions of every function here
 * - Results come through `ret_` parameters that are written on success only; on failure only
 *   *reterr is written. `reterr` may be NULL.
 * - A status is returned, nothing is printed, nothing aborts (a trap that a plugin calls is the
 *   one exception, see engraft(7)).
 * - Structs that the caller allocates start with `size`, which the caller sets to
 *   sizeof(struct ...); the library reads and writes no further than that.
 * - Thread safety: "any thread" means callable at any time from any thread, but not from a signal
 *   handler. No function is async-signal-safe. Functions that load or bind take the dynamic
 *   linker's lock; they may be called from a constructor, not from an IFUNC resolver.
 * - Strings are UTF-8 or plain bytes, NUL-terminated. All sizes are bytes.
 * Since 0.1 where nothing else is said.
 */
#ifndef ENGRAFT_H
#define ENGRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define ENGRAFT_VERSION_MAJOR 0
#define ENGRAFT_VERSION_MINOR 1
#define ENGRAFT_VERSION_PATCH 0
/* major * 10000 + minor * 100 + patch */
#define ENGRAFT_VERSION_NUMBER 100u

#define ENGRAFT_PUBLIC __attribute__((visibility("default")))

enum engraft_status {
#define ENGRAFT_ERROR(name, number, text) ENGRAFT_##name = number,
#include "engraft-errors.h"
#undef ENGRAFT_ERROR
};

/* Why something failed. Fixed size, owned by the caller, never allocated. */
struct engraft_error {
    enum engraft_status status;
    char object[256];  /* file, process or module the failure is about; may be empty */
    char symbol[256];  /* symbol, as it stands in the object (mangled); may be empty */
    char reason[1024]; /* one sentence in English, what was seen and what to do */
};

/*
 * engraft_version() - version of the library that runs, as ENGRAFT_VERSION_NUMBER.
 * engraft_version_string() - the same as text, "0.1.0"; static storage.
 * engraft_has_feature() - whether this build can do `name`: "late-attach", "stub", "preload",
 *   "deep" (reading files and processes: engraft-deep.so can be loaded), "capstone",
 *   "engine:v8"... Unknown names are false.
 * engraft_status_text() - static text for a status; never NULL.
 * Any thread.
 */
ENGRAFT_PUBLIC unsigned engraft_version(void);
ENGRAFT_PUBLIC const char *engraft_version_string(void);
ENGRAFT_PUBLIC bool engraft_has_feature(const char *name);
ENGRAFT_PUBLIC const char *engraft_status_text(enum engraft_status status);

/*
 * engraft_engine_id() - the ids of all engines that files and processes are searched for, "v8"...
 * index counts from 0. Static storage; NULL after the last, and when engraft-deep.so cannot be loaded.
 * Any thread.
 */
ENGRAFT_PUBLIC const char *engraft_engine_id(size_t index);

/* ---- targets: where engines are looked for ------------------------------------------------- */

struct engraft_target; /* opaque; a snapshot, not updated when the process changes */

enum engraft_linkage {
    ENGRAFT_LINKAGE_EXECUTABLE = 1, /* the engine is in the main program */
    ENGRAFT_LINKAGE_SHARED = 2,     /* in shared libraries */
    ENGRAFT_LINKAGE_STATIC = 3,     /* linked into a library or program that does not export it */
};

enum engraft_symbols {
    ENGRAFT_SYMBOLS_NONE = 0,
    ENGRAFT_SYMBOLS_DYNAMIC = 1, /* exported: a plugin can be bound */
    ENGRAFT_SYMBOLS_SYMTAB = 2,  /* only in .symtab */
    ENGRAFT_SYMBOLS_DEBUG = 3,   /* only in separate debug data */
};

/* How much a piece of evidence says. */
enum engraft_strength {
    ENGRAFT_STRENGTH_HINT = 1,    /* agrees with the finding; says nothing alone */
    ENGRAFT_STRENGTH_SUPPORT = 2, /* text or code that others could carry, too */
    ENGRAFT_STRENGTH_PROOF = 3,   /* a definition, section or structure that only the engine has */
};

/* How sure it is that the engine is there, and of this version. */
enum engraft_confidence {
    ENGRAFT_CONFIDENCE_STRONG = 1,  /* two independent pieces of SUPPORT */
    ENGRAFT_CONFIDENCE_CERTAIN = 2, /* at least one PROOF */
};

/* One engine found in a target. Strings live as long as the target. */
struct engraft_engine {
    size_t size;
    const char *engine;  /* stable id: "v8" */
    const char *version; /* "10.2.154.26-node.39"; NULL when it cannot be told */
    const char *config;  /* "key=value key=value"; "" when nothing could be read */
    enum engraft_linkage linkage;
    enum engraft_symbols symbols;
    int ready;             /* 1 initialised, 0 not yet, -1 cannot be told */
    size_t module_count;   /* see engraft_target_module() */
    size_t evidence_count; /* see engraft_target_evidence() */
    enum engraft_confidence confidence;
    size_t api_count;   /* functions and objects of the engine's API that its modules export */
    bool relinkable;    /* whether plugins can be bound to it */
    const char *relink; /* one sentence: which plugins, or why none */
};

/* A module (mapped ELF object) of an engine. Strings live as long as the target. */
struct engraft_module {
    size_t size;
    const char *path;
    uintptr_t address; /* load address in the target process; 0 for a file */
    const char *build_id; /* hexadecimal, "" when there is none */
};

struct engraft_evidence {
    size_t size;
    const char *kind;   /* "dynamic-symbol", "data", "note", "registration", "string", ... */
    const char *detail; /* what was seen */
    const char *module; /* path of the module it was seen in */
    enum engraft_strength strength;
};

/* An engine that a file takes from elsewhere. Strings live as long as the target. */
struct engraft_need {
    size_t size;
    const char *engine;  /* stable id */
    const char *library; /* the DT_NEEDED name that brings it; NULL: whoever loads the file */
    const char *path;    /* that library on this machine; NULL when it was not found */
    const char *version; /* of the engine in it; NULL when it cannot be told */
    size_t symbol_count; /* how many of the engine's symbols the file refers to */
};

/* What a core file says of the process that it was. Strings live as long as the target. */
struct engraft_core {
    size_t size;
    const char *command; /* the start of its arguments; "" when it is not told */
    uint64_t pid;        /* 0: not told */
    int signal;          /* that ended the process; 0: none (gdb's gcore), or not told */
    bool truncated;      /* the file ends before the memory does */
};

/* A module that could not be read (its file is gone; a core file has no copy of it). */
struct engraft_missing {
    size_t size;
    const char *path;
    const char *build_id; /* hexadecimal, "" when it is not known */
    const char *reason;   /* one sentence */
};

/*
 * engraft_target_open() - take a snapshot of the engines in a target.
 * @spec: NULL or "self" for this process; a decimal PID; else the path of an ELF file or of a core
 *   file. A path made of digits only is written "./123".
 * @ret_target: the snapshot; release it with engraft_target_close().
 * Returns OK (also when no engine is found: the count is 0), ARGUMENT, NOT_FOUND (no such file or
 * process), SYSTEM (no permission, with errno's text), FORMAT, UNSUPPORTED, MEMORY, DEEP.
 * Any thread. Everything but "self" loads engraft-deep.so.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_target_open(const char *spec,
                                                       struct engraft_target **ret_target,
                                                       struct engraft_error *reterr);
ENGRAFT_PUBLIC void engraft_target_close(struct engraft_target *target); /* NULL is fine */
ENGRAFT_PUBLIC size_t engraft_target_engine_count(const struct engraft_target *target);
/* index < engraft_target_engine_count(), module < module_count, else ARGUMENT. */
ENGRAFT_PUBLIC enum engraft_status engraft_target_engine(const struct engraft_target *target,
                                                         size_t index,
                                                         struct engraft_engine *ret_engine);
ENGRAFT_PUBLIC enum engraft_status engraft_target_module(const struct engraft_target *target,
                                                         size_t index, size_t module,
                                                         struct engraft_module *ret_module);
ENGRAFT_PUBLIC enum engraft_status engraft_target_evidence(const struct engraft_target *target,
                                                           size_t index, size_t evidence,
                                                           struct engraft_evidence *ret_evidence);
/*
 * engraft_target_need() - engines that an ELF file refers to and does not contain; a process or a
 * core has none. engraft_target_missing() - modules of a process or a core that could not be read.
 * index < the count, else ARGUMENT. Any thread, one at a time for one target.
 */
ENGRAFT_PUBLIC size_t engraft_target_need_count(const struct engraft_target *target);
ENGRAFT_PUBLIC enum engraft_status engraft_target_need(const struct engraft_target *target,
                                                       size_t index,
                                                       struct engraft_need *ret_need);
ENGRAFT_PUBLIC size_t engraft_target_missing_count(const struct engraft_target *target);
ENGRAFT_PUBLIC enum engraft_status engraft_target_missing(const struct engraft_target *target,
                                                          size_t index,
                                                          struct engraft_missing *ret_missing);
/* Returns OK, or ARGUMENT when the target is no core file. */
ENGRAFT_PUBLIC enum engraft_status engraft_target_core(const struct engraft_target *target,
                                                       struct engraft_core *ret_core);

/* ---- processes: which engines run on this machine ------------------------------------------------ */

struct engraft_processes; /* opaque; remembers what it learnt of files between snapshots */

/* One process with at least one engine. Strings live until the next engraft_processes_read(). */
struct engraft_process {
    size_t size;
    int pid;             /* as this process sees it */
    unsigned uid;        /* its effective user */
    const char *user;    /* that user's name here, or the number */
    const char *command; /* the kernel's name of it, at most 15 bytes of anything */
    const char *container; /* id or name from its control group, "chroot" or "namespace" where its
                              root or its mounts are others than ours; "" when neither */
    size_t engine_count;
};

/* What a snapshot covered. */
struct engraft_processes_summary {
    size_t size;
    size_t seen;           /* entries of /proc */
    size_t read;           /* processes whose modules were looked at */
    size_t kernel_threads; /* have no modules */
    size_t zombies;        /* have none any more */
    size_t gone;           /* ended meanwhile */
    size_t forbidden;      /* another user's */
    size_t failed;         /* anything else; `first_failure` says what */
    struct engraft_error first_failure;
    size_t files_known;    /* distinct files mapped, known from an earlier look */
    size_t files_read;     /* distinct files mapped and read in this snapshot */
    size_t files_failed;   /* distinct files mapped that could not be read */
};

/*
 * engraft_processes_open() - an empty set; release it with engraft_processes_close().
 * engraft_processes_read() - takes a snapshot of all processes that may be seen; the one before it
 *   is gone. Files that have not changed since (device, inode, size, times) are not read again.
 * Return OK, ARGUMENT, SYSTEM (no /proc), MEMORY, DEEP. Any thread, one at a time for one set.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_processes_open(struct engraft_processes **ret_processes,
                                                          struct engraft_error *reterr);
ENGRAFT_PUBLIC enum engraft_status engraft_processes_read(struct engraft_processes *processes,
                                                          struct engraft_error *reterr);
ENGRAFT_PUBLIC void engraft_processes_close(struct engraft_processes *processes); /* NULL is fine */
ENGRAFT_PUBLIC void
engraft_processes_summary(const struct engraft_processes *processes,
                          struct engraft_processes_summary *ret_summary);
/* Processes with an engine, by ascending PID. index < the count, else ARGUMENT. Of the engines,
 * `ready` is -1 (engraft_target_open() looks), `module_count` is 1 and evidence is not kept. */
ENGRAFT_PUBLIC size_t engraft_processes_count(const struct engraft_processes *processes);
ENGRAFT_PUBLIC enum engraft_status
engraft_processes_process(const struct engraft_processes *processes, size_t index,
                          struct engraft_process *ret_process);
ENGRAFT_PUBLIC enum engraft_status
engraft_processes_engine(const struct engraft_processes *processes, size_t index, size_t engine,
                         struct engraft_engine *ret_engine, const char **ret_path);

/* ---- plans ----------------------------------------------------------------------------------- */

enum engraft_verdict {
    ENGRAFT_VERDICT_EXACT = 1,
    ENGRAFT_VERDICT_COMPATIBLE = 2,
    ENGRAFT_VERDICT_ADAPTED = 3,
    ENGRAFT_VERDICT_DEGRADED = 4,
    ENGRAFT_VERDICT_REFUSED = 5,
};

enum engraft_kind {
    ENGRAFT_KIND_DIRECT = 1,   /* the host's function or object of the same name */
    ENGRAFT_KIND_RENAMED = 2,  /* the same function under another name */
    ENGRAFT_KIND_ADAPTED = 3,  /* through an adapter */
    ENGRAFT_KIND_FALLBACK = 4, /* degraded behaviour, documented per symbol */
    ENGRAFT_KIND_TRAP = 5,     /* nothing serves it: a call names itself, then aborts or returns 0 */
    ENGRAFT_KIND_NULL = 6,     /* weak and unserved: stays null */
    ENGRAFT_KIND_LOCAL = 7,    /* defined by the plugin itself and kept its own */
    ENGRAFT_KIND_NATIVE = 8,   /* thread-local: left to the dynamic linker and audited */
};

/* "exact", "direct", ...: the stable words of engraft(7). Static storage. Any thread. */
ENGRAFT_PUBLIC const char *engraft_verdict_name(enum engraft_verdict verdict);
ENGRAFT_PUBLIC const char *engraft_kind_name(enum engraft_kind kind);

struct engraft_plan; /* opaque; holds copies of everything it tells */

struct engraft_plan_request {
    size_t size;
    const char *plugin_path; /* a file that is or is not loaded... */
    void *plugin_handle;     /* ...or a handle from dlopen(); exactly one of the two is set */
    const struct engraft_target *host; /* NULL: this process */
    const char *host_engine; /* which engine of the host: an id, "id:version", a file name or a
                                path of one of its modules; NULL: the rules of engraft(7) */
    const char *plugin_abi;  /* "v8:10.2": overrides what the plugin says; NULL: do not */
    const char *host_abi;    /* "v8:12.4" instead of a host: names are not resolved, only the
                                tables speak; NULL: use host */
    bool allow_mismatch;     /* plan although the versions differ and no adapter exists */
};

/* One binding of a plan. Strings live as long as the plan. */
struct engraft_binding {
    size_t size;
    const char *symbol;  /* as the plugin spells it */
    const char *version; /* symbol version the plugin asks for; NULL = none */
    enum engraft_kind kind;
    const char *target; /* symbol in the host engine, adapter or reason; "" when there is none */
    const char *module; /* path of the module that holds the target; "" when there is none */
    uintptr_t address;  /* in this process; 0 for other targets and for null */
};

/* A place in the plugin's own code where headers of the engine inlined what differs between the two
 * versions. It is changed before any of the code runs; one with length 0 cannot be, and the plugin is
 * refused. Addresses are those of the file's program headers. */
struct engraft_fixup {
    size_t size;
    uint64_t address;    /* of the first byte */
    uint64_t offset;     /* of it in the file */
    uint64_t function;   /* where its function starts */
    const char *pattern; /* what it is, or why it cannot be changed; static */
    unsigned length;     /* bytes */
    unsigned char before[8], after[8];
};

/*
 * engraft_plan_create() - work out what would happen to a plugin; changes nothing, loads nothing.
 * @request: see above.  @ret_plan: release with engraft_plan_destroy().
 * Returns OK also when the verdict is "refused": the plan says why. ARGUMENT, NOT_FOUND, FORMAT,
 * SYSTEM, UNSUPPORTED, MEMORY, DEEP when no plan can be made at all. Any thread.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_plan_create(const struct engraft_plan_request *request,
                                                       struct engraft_plan **ret_plan,
                                                       struct engraft_error *reterr);
ENGRAFT_PUBLIC void engraft_plan_destroy(struct engraft_plan *plan); /* NULL is fine */
ENGRAFT_PUBLIC enum engraft_verdict engraft_plan_verdict(const struct engraft_plan *plan);
/* Why the verdict is what it is; "" when it needs no reason. */
ENGRAFT_PUBLIC const char *engraft_plan_reason(const struct engraft_plan *plan);
/* "v8:10.2", "v8:10.2.154.26-node.39"; NULL when it could not be told. */
ENGRAFT_PUBLIC const char *engraft_plan_plugin_abi(const struct engraft_plan *plan);
ENGRAFT_PUBLIC const char *engraft_plan_host_abi(const struct engraft_plan *plan);
/* What told the plugin's ABI: "manifest", "module-version", "inferred", "inherited" (from the plugin
 * that brings the object), "linked" (it NEEDs the host engine's own library), "contained" (it
 * is an engine itself), "override", "". */
ENGRAFT_PUBLIC const char *engraft_plan_plugin_abi_source(const struct engraft_plan *plan);
ENGRAFT_PUBLIC size_t engraft_plan_binding_count(const struct engraft_plan *plan);
ENGRAFT_PUBLIC size_t engraft_plan_kind_count(const struct engraft_plan *plan,
                                              enum engraft_kind kind);
/* index < engraft_plan_binding_count(), else ARGUMENT. */
ENGRAFT_PUBLIC enum engraft_status engraft_plan_binding(const struct engraft_plan *plan,
                                                        size_t index,
                                                        struct engraft_binding *ret_binding);
/* For plugin_path only. index < engraft_plan_fixup_count(), else ARGUMENT. */
ENGRAFT_PUBLIC size_t engraft_plan_fixup_count(const struct engraft_plan *plan);
ENGRAFT_PUBLIC enum engraft_status engraft_plan_fixup(const struct engraft_plan *plan, size_t index,
                                                      struct engraft_fixup *ret_fixup);

/*
 * engraft_explain() - what would happen to one symbol, and why, for a pair of versions.
 * @symbol: a mangled or C name, or a demangled C++ name (then every overload is told).
 * @request: plugin_abi and (host or host_abi) are used; plugin_path and handle are ignored.
 * @ret_plan: a plan whose bindings are the symbol (or its overloads); destroy it.
 * Returns OK, ARGUMENT, NOT_FOUND (no such symbol in the tables or the host), MEMORY, DEEP.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_explain(const char *symbol,
                                                   const struct engraft_plan_request *request,
                                                   struct engraft_plan **ret_plan,
                                                   struct engraft_error *reterr);

/*
 * engraft_known_abi() - the versions of engines that there are adapters for: each may be host_abi.
 * Returns static text, "v8:12.4", those of one engine ascending; NULL behind the last.
 */
ENGRAFT_PUBLIC const char *engraft_known_abi(size_t index);

/* ---- binding --------------------------------------------------------------------------------- */

/*
 * engraft_dlopen() - dlopen() with the plugin, and every new object it brings, bound to the host
 * engine before relocation.
 * @path, @flags: as for dlopen(3). A path without engine references, and a process without an
 *   engine, get plain dlopen().
 * @ret_handle: a handle for dlsym() and dlclose(), the same that dlopen() would give.
 * Returns OK, ARGUMENT, LOAD (the dynamic linker's own message is the reason), REFUSED,
 * AMBIGUOUS, UNKNOWN_ABI, NO_ENGINE, AUDIT, LIMIT, MEMORY, SYSTEM. On failure nothing of the plugin has
 * run. Any thread.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_dlopen(const char *path, int flags, void **ret_handle,
                                                  struct engraft_error *reterr);

/*
 * engraft_relink() - bind an object that is loaded and relocated already ("late attach").
 * @handle: from dlopen(); stays the caller's.
 * Its constructors have run; pointers to engine functions that it has copied elsewhere are not
 * found. All slots are rewritten or none is. While the call runs, other threads must not execute
 * code of this plugin (slots change one by one, each atomically).
 * Returns OK (also when it is bound already), ARGUMENT, REFUSED, AMBIGUOUS, UNKNOWN_ABI,
 * NO_ENGINE, SYSTEM, LIMIT, MEMORY.
 *
 * engraft_unlink() - undo engraft_relink(): every slot gets the value that it had.
 * Returns OK, ARGUMENT, STATE (was not bound by engraft_relink()), SYSTEM.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_relink(void *handle, struct engraft_error *reterr);
ENGRAFT_PUBLIC enum engraft_status engraft_unlink(void *handle, struct engraft_error *reterr);

/*
 * engraft_report_write() - write what is bound in this process, as JSON (docs/schema/
 * report.json), to a file descriptor. Returns OK, SYSTEM, MEMORY. Any thread.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_report_write(int fd, struct engraft_error *reterr);

/* ---- what engraft does in a target -------------------------------------------------------------- */

/* The libengraft of a process or a core. Strings live as long as the target, here and below. */
struct engraft_activity {
    size_t size;
    const char *version; /* of that libengraft, "0.1.0"; NULL when it cannot be told */
    const char *module;  /* its path in the process */
    const char *problem; /* why it cannot be told what is bound (then both counts are 0): another
                            build's records, unreadable memory, records that are no such; else NULL */
    size_t bound_count;
    size_t refused_count;
};

/* One object that is bound in a process. */
struct engraft_bound_plugin {
    size_t size;
    const char *path;
    const char *door; /* how engraft came to it: "stub", "preload", "api", "relink" */
    enum engraft_verdict verdict;
    const char *reason;            /* as engraft_plan_reason() */
    const char *plugin_abi;        /* as engraft_plan_plugin_abi() */
    const char *plugin_abi_source; /* as engraft_plan_plugin_abi_source() */
    const char *host_abi;
    bool loaded;        /* false: it has been unloaded since */
    bool audited;       /* every relocation has been proved to end on its target */
    size_t host_count;  /* see engraft_target_bound_host() */
    size_t trap_count;  /* see engraft_target_bound_trap() */
    uint64_t traps_hit; /* how often traps of this object were called, all together */
};

/* A function that nothing serves. */
struct engraft_bound_trap {
    size_t size;
    const char *symbol; /* as the plugin spells it */
    uint64_t hits;      /* how often it was called so far */
};

/* An object that was not bound, and therefore not loaded. */
struct engraft_refusal {
    size_t size;
    const char *path;
    const char *reason;
};

/*
 * engraft_target_activity() - whether engraft is active in the process, and what it has done there
 *   up to engraft_target_open(). The process is not stopped and runs nothing for this; libengraft is
 *   found by a symbol, whatever its file is called. A core file tells the same of the process that it
 *   is of: the call of a trap that ended it is counted. Nothing is active in an ELF file.
 * Returns OK, STATE (engraft is not active there), ARGUMENT.
 *
 * engraft_target_bound() - object number `index` < bound_count, in the order they were bound.
 * engraft_target_bound_host() - path of module `host` < host_count of the engine it is bound to;
 *   NULL when there is none.
 * engraft_target_bound_kind_count() - how many of its references are of a kind.
 * engraft_target_bound_trap() - trap number `trap` < trap_count.
 * engraft_target_refused() - refusal number `index` < refused_count. Without ENGRAFT_REPORT the
 *   process keeps the first 16 that differ, with it the first 256.
 * Return OK, ARGUMENT. Any thread.
 */
ENGRAFT_PUBLIC enum engraft_status
engraft_target_activity(const struct engraft_target *target,
                        struct engraft_activity *ret_activity);
ENGRAFT_PUBLIC enum engraft_status engraft_target_bound(const struct engraft_target *target,
                                                        size_t index,
                                                        struct engraft_bound_plugin *ret_plugin);
ENGRAFT_PUBLIC const char *engraft_target_bound_host(const struct engraft_target *target,
                                                     size_t index, size_t host);
ENGRAFT_PUBLIC size_t engraft_target_bound_kind_count(const struct engraft_target *target,
                                                      size_t index, enum engraft_kind kind);
ENGRAFT_PUBLIC enum engraft_status engraft_target_bound_trap(const struct engraft_target *target,
                                                             size_t index, size_t trap,
                                                             struct engraft_bound_trap *ret_trap);
ENGRAFT_PUBLIC enum engraft_status engraft_target_refused(const struct engraft_target *target,
                                                          size_t index,
                                                          struct engraft_refusal *ret_refusal);

/* ---- for authors of hosts --------------------------------------------------------------------- */

/* What a host author knows and probes cannot: which modules are the engine, and what it is. */
struct engraft_registration {
    size_t size;
    const char *engine;  /* id, "v8" */
    const char *version; /* full version */
    const char *config;  /* "key=value key=value" or "" */
    const void *const *addresses; /* one address inside each module of the engine */
    size_t address_count;         /* 1 to 8 */
    const char *const *prefixes;  /* symbol-name prefixes that belong to the engine; NULL: the
                                     engine's row in probes/engines.def */
    size_t prefix_count;          /* at most 16 */
};

/*
 * engraft_register() - tell engraft about an engine of this process. Strings are copied. The
 * registration is preferred to what probes find in the same modules.
 * engraft_unregister() - forget it; plugins that are bound stay bound.
 * @ret_id: for engraft_unregister(). Returns OK, ARGUMENT, LIMIT (8 registrations), NOT_FOUND (an
 * address is in no module). Any thread.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_register(const struct engraft_registration *registration,
                                                    unsigned *ret_id,
                                                    struct engraft_error *reterr);
ENGRAFT_PUBLIC enum engraft_status engraft_unregister(unsigned id, struct engraft_error *reterr);

/*
 * engraft_set_log() - get log lines as calls instead of (or without) ENGRAFT_DEBUG.
 * @callback: may be NULL to stop. `area` is one of "detect", "plan", "commit", "audit", "door",
 *   "trap"; `line` has no newline and lives for the call only. It is called from any thread and
 *   with the dynamic linker's lock held: it must not load, unload or look up symbols.
 */
typedef void (*engraft_log_callback)(const char *area, const char *line, void *user);
ENGRAFT_PUBLIC void engraft_set_log(engraft_log_callback callback, void *user);

/* ---- stubs -------------------------------------------------------------------------------------- */

struct engraft_stub_request {
    size_t size;
    const char *engine_path;       /* an engine library or an executable that exports one, or NULL */
    const char *const *plugins;    /* plugins to take the imports of, or NULL */
    size_t plugin_count;
    const char *symbols_path;      /* a list, one symbol a line ("name [func|object] [size]
                                      [version]"), or NULL. At least one of the three is set. */
    const char *output_directory;  /* must exist */
    const char *name;              /* NAME of lib<NAME>.so; NULL: from engine or plugin */
    const char *plugin_name;       /* identity of the plugin the stub is for; NULL: none */
    const char *plugin_abi;        /* "v8:10.2.154.26"; NULL: read from engine or plugins */
    const char *trap;              /* "abort", "return" or NULL */
};

/* What was written. Strings are the caller's: release with engraft_stub_result_clear(). */
struct engraft_stub_result {
    size_t size;
    char *import_path; /* link to this */
    char *stub_path;   /* ship this */
    char *abi;         /* "v8:10.2.154.26-node.39" */
    size_t function_count;
    size_t object_count;
};

/*
 * engraft_stub_create() - write a stub and its import library. Files appear whole or not at all.
 * Returns OK, ARGUMENT, NOT_FOUND, FORMAT, UNKNOWN_ABI, UNSUPPORTED (a TLS symbol, named), SYSTEM,
 * MEMORY, DEEP. Any thread.
 */
ENGRAFT_PUBLIC enum engraft_status engraft_stub_create(const struct engraft_stub_request *request,
                                                       struct engraft_stub_result *ret_result,
                                                       struct engraft_error *reterr);
ENGRAFT_PUBLIC void engraft_stub_result_clear(struct engraft_stub_result *result);

#ifdef __cplusplus
}
#endif

#endif
