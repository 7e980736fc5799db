/* SPDX-License-Identifier: MIT */
/*
 * The relinker's own structs: references of a plugin, the plan, what commit did, the registry.
 *
 * Everything between "a plugin is mapped" and "its references are rewritten" runs inside an IFUNC
 * resolver, under the dynamic linker's lock, possibly before libc's constructors: memory comes from
 * an arena (mmap), there are no locks that a caller of ld.so could hold, no dl* calls, no stdio.
 */
#ifndef ENGRAFT_RELINKER_H
#define ENGRAFT_RELINKER_H

#include "abi-adapters/abi_adapter.h"
#include "engine.h"
#include "error.h"
#include "image.h"
#include "live.h"

/* ---- arena.c: memory that needs no malloc ---------------------------------------------------------- */

struct arena {
    unsigned char *memory;
    size_t used, size;
    struct arena_block *blocks;
};

/* Zeroed, aligned to 16; NULL when the system has no more. */
void *arena_allocate(struct arena *arena, size_t size);
/* The same, for what will be written from its start to its end. */
void *arena_allocate_written(struct arena *arena, size_t size);
char *arena_string(struct arena *arena, const char *string);
void arena_release(struct arena *arena);
/* Makes `memory`, a large allocation of `from`, belong to `to`. False: it is not one of its own, or
 * more than half of it would lie idle when only `used` bytes of it are wanted. */
bool arena_give(struct arena *from, struct arena *to, const void *memory, size_t used);

/* ---- log.c ------------------------------------------------------------------------------------------ */

enum log_area { LOG_DETECT, LOG_PLAN, LOG_COMMIT, LOG_AUDIT, LOG_DOOR, LOG_TRAP, LOG_AREAS };

bool log_wanted(enum log_area area);
void log_line(enum log_area area, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- policy.c: the ENGRAFT_* environment ------------------------------------------------------------ */

const char *environment_get(const char *name); /* NULL also in secure-execution mode */
bool policy_disabled(void);
/* The value of a list like "a.so=x,y" for a plugin: its own entry (returns 2), else the one for all
 * (returns 1), copied to ret_value. 0: there is none. */
int policy_value(const char *variable, const char *plugin_path, char *ret_value, size_t size);
const char *path_file_name(const char *path);

/* ---- arch/<a>.c: facts --------------------------------------------------------------------------- */

/* What a relocation does, with the architecture taken out. */
enum relocation_kind {
    RELOCATION_OTHER = 0,
    RELOCATION_RELATIVE,  /* slot = base + addend */
    RELOCATION_WORD,      /* slot = symbol + addend (ABS64) */
    RELOCATION_SLOT,      /* slot = symbol (GLOB_DAT) */
    RELOCATION_JUMP_SLOT, /* slot = symbol, possibly at the first call */
    RELOCATION_COPY,
    RELOCATION_TLS,
    RELOCATION_IRELATIVE,
};

struct architecture {
    uint16_t machine; /* EM_* */
    const char *name;
    uint32_t relative, word, slot, jump_slot, copy, irelative;
    uint32_t tls[4]; /* 0-terminated when fewer */
    uint32_t property_type, property_value; /* GNU property of code that supports CET or BTI */
};

extern const struct architecture architecture_x86_64, architecture_aarch64;
const struct architecture *architecture_self(void); /* of this library */
const struct architecture *architecture_of(uint16_t machine); /* NULL: not known */
enum relocation_kind relocation_kind(const struct architecture *architecture, uint32_t type);

/* ---- self.c: the objects of this process ----------------------------------------------------------- */

struct link_map *self_first_map(void); /* base namespace */
/* True when libengraft itself is in the base namespace, the only one it can serve. */
bool self_in_base_namespace(void);
/* Images of all objects of the base namespace, in load order; objects that cannot be parsed are
 * left out. *ret_images lives in the arena. */
enum engraft_status self_images(struct arena *arena, struct image **ret_images, size_t *ret_count,
                                struct engraft_error *reterr);
/* Engines among them (registrations first); arena memory. Returns the count. */
size_t self_engines(struct arena *arena, const struct image *images, size_t count,
                    struct engine_instance **ret_engines);
struct image *self_image_at(struct image *images, size_t count, uintptr_t address);
bool self_started(void); /* constructors of libengraft have run */
bool self_ending(void);  /* exit() has been called */
/* Calls function(argument) while no object can come or go: for callers that do not hold ld.so's
 * lock. The function must not call into ld.so. */
void self_locked(void (*function)(void *argument), void *argument);
/* Which engines are loaded, by the names of their symbols; what has been looked at is not looked at
 * again. May tell of an engine that has gone. */
struct presence {
    bool present;
    bool prefixes_overflow; /* not all prefixes are here */
    char prefixes[1024];    /* each NUL-terminated, an empty one at the end */
};
void self_presence(struct presence *ret_presence);
void self_presence_forget(void); /* look at all objects again: an engine was registered */

/* peek.c: true when this file surely has nothing to do with any engine: it names none, and brings no
 * other object. */
bool peek_is_unconcerned(const char *path, const struct presence *presence);
/* true when it surely names one. */
bool peek_names_engine(const char *path, const struct presence *presence);

/* Whether ld.so has relocated the object: 1, 0, or -1 when it has no relocation that tells. */
int image_is_relocated(const struct image *image);

/* A function of libc that libengraft does not link to (its version would be too new for glibc 2.31),
 * or of the C++ runtime: the first definition in load order, behind the interposer if there is one. */
void *self_function(const char *name);
/* Tells where the interposer of dlopen() is, so that self_function() does not return it. */
void self_set_interposer(const void *address);
/* dlopen(), dlclose(), dlerror() of the C library; NULL members: it has none. Not in a resolver. */
struct loader {
    void *(*open)(const char *path, int flags);
    int (*close)(void *handle);
    char *(*error)(void);
};
const struct loader *self_loader(void);

/* ---- hidden.c ---------------------------------------------------------------------------------------- */

/* A function or object of an object of this process that is in no dynamic symbol table: from .symtab of
 * its file, which must still be the one that was mapped, or of its debug file. Slow: reads it all. */
bool hidden_find(const struct image *image, const char *name, Elf64_Sym *ret_symbol);

/* ---- reference.c ------------------------------------------------------------------------------------ */

enum {
    USE_CALL = 1, /* JUMP_SLOT */
    USE_SLOT = 2, /* GLOB_DAT */
    USE_WORD = 4, /* ABS64 */
    USE_COPY = 8,
    USE_TLS = 16,
    USE_OTHER = 32,
};

struct reference {
    const char *name;
    uint32_t hash;   /* 0: not computed yet */
    uint32_t symbol; /* index in the plugin's dynamic symbol table */
    uint32_t found;  /* index in the host module's table; 0 = not found */
    uint8_t module;  /* index of the host module */
    uint8_t uses;    /* USE_* */
    uint8_t defined : 1; /* the plugin defines it itself, preemptibly */
    uint8_t own : 1;     /* a library that the plugin brings defines it: target is that */
    uint8_t type : 4;    /* STT_* of what was found */
    uint8_t kind;    /* enum engraft_kind, 0 = not decided */
    uint64_t target; /* run-time address */
    const char *version;
    const char *target_name; /* NULL: the same name */
};

/* Counts how each symbol is used; symbol_count bytes in the arena. */
uint8_t *references_uses(struct arena *arena, const struct image *image);
/* References of `image` to names with these prefixes. hashes may come from a manifest. */
enum engraft_status references_collect(struct arena *arena, const struct image *image,
                                       const char *const *prefixes,
                                       const struct engraft_manifest *manifest,
                                       struct reference **ret_references, size_t *ret_count,
                                       struct engraft_error *reterr);
/* 1 data, 0 function, -1 cannot be told, for the Itanium and C names of engines. */
int symbol_name_is_data(const char *name);
int reference_is_data(const struct image *image, const struct reference *reference,
                      const struct engraft_manifest *manifest, const struct abi_adapter *adapter);

/* ---- manifest.c -------------------------------------------------------------------------------------- */

/* The checked manifest (or engine note) of an image, or NULL. */
const struct engraft_manifest *manifest_of(const struct image *image, uint32_t type);
const char *manifest_string(const struct engraft_manifest *manifest, uint32_t offset);
const struct engraft_manifest_symbol *manifest_symbols(const struct engraft_manifest *manifest);
const struct engraft_manifest_symbol *manifest_find(const struct engraft_manifest *manifest,
                                                    const char *name, uint32_t hash);

/* ---- resolve.c --------------------------------------------------------------------------------------- */

/* Looks all references up in one image, those already found excepted. */
void resolve_references(const struct image *image, uint8_t module, struct reference *references,
                        size_t count);

/* ---- plan.c --------------------------------------------------------------------------------------------- */

#define PLAN_KINDS 9

struct plan {
    struct arena *arena; /* that holds the references */
    const struct image *plugin;
    const struct engine_instance *host; /* NULL: refused before one was chosen */
    const struct engraft_manifest *manifest; /* of its own stub; NULL: it has none */
    const struct engraft_manifest *brought;  /* else of the stub of a plugin that it brings */
    struct abi plugin_abi;
    const char *plugin_abi_source; /* as engraft_plan_plugin_abi_source() */
    struct abi host_abi;
    enum engraft_verdict verdict;
    struct engraft_error refusal; /* status OK unless refused */
    char reason[1024];
    struct reference *references; /* of the record, once one has been created */
    size_t count;
    size_t kinds[PLAN_KINDS];
    bool trap_returns;
    uintptr_t group; /* as abi_object's */
};

struct plan_request {
    const char *plugin_path; /* as the user names it: for policies and messages */
    const char *host_engine; /* NULL: ENGRAFT_HOST, then the rules */
    const char *plugin_abi;  /* NULL: see engraft(7), "What the plugin was built for" */
    const struct abi *inherited; /* of the plugin that brought this object; NULL: none */
    const char *host_abi;    /* overrides the host's; NULL: none */
    bool allow_mismatch;
    bool offline; /* the host is not this process: no IFUNC is called, no trap address taken */
    uintptr_t group; /* of the first object of this load; 0: this is the first */
};

/* Makes a plan; a refusal is a plan with verdict REFUSED. Only MEMORY fails. */
enum engraft_status plan_make(struct arena *arena, const struct image *images, size_t image_count,
                              const struct image *plugin, const struct engine_instance *engines,
                              size_t engine_count, const struct plan_request *request,
                              struct plan *ret_plan, struct engraft_error *reterr);
/* What adapters are told of a plan. */
struct abi_pair plan_pair(const struct plan *plan, bool live);
/* Decides kinds and verdict for references that are there already: engraft_explain(). */
void plan_explain(struct plan *plan, const struct plan_request *request);

/* ---- plan_engine.c ---------------------------------------------------------------------------------------- */

/* Whether an image refers to a name with one of the prefixes. */
bool plan_names(const struct image *image, const char *const *prefixes);
/* The id of the engine the plugin refers to, or NULL. */
const char *plan_engine_id(const struct image *plugin, const struct engraft_manifest *manifest,
                           const struct engine_instance *engines, size_t count);
/* Whether `plugin` NEEDs a module of the engine, directly or through others. */
bool plan_needs(const struct image *images, size_t count, const struct image *plugin,
                const struct engine_instance *engine);
/* For messages: its first module. */
const char *plan_engine_path(const struct engine_instance *engine);
/* True when the object has references to an engine: in its names or by its stub. */
bool plan_concerns(const struct image *images, size_t image_count, const struct image *plugin,
                   const struct engine_instance *engines,
                   size_t engine_count);
/* Chooses the host engine by the rules of engraft(7). */
enum engraft_status plan_choose(const struct image *images, size_t image_count,
                                const struct image *plugin, const char *engine_id,
                                const struct engine_instance *engines, size_t engine_count,
                                const char *wish, const struct engine_instance **ret_engine,
                                struct engraft_error *reterr);
/* The manifest of the stub that an image NEEDs, or NULL. */
const struct engraft_manifest *plan_manifest(const struct image *images, size_t count,
                                             const struct image *plugin);
/* One mark an image: `root` and what it NEEDs, directly or through others. NULL: out of memory. */
bool *plan_closure(struct arena *arena, const struct image *images, size_t count,
                   const struct image *root);
bool abi_parse(const char *text, struct abi *ret_abi); /* "v8:10.2.154" */
void abi_text(const struct abi *abi, char *ret_text, size_t size);

/* ---- trap.c --------------------------------------------------------------------------------------------- */

struct trap_info {
    const char *symbol; /* strings of the registry entry's arena */
    const char *plugin;
    const char *plugin_abi;
    const char *host;
    const char *host_abi;
    const char *reason; /* why nothing serves it; NULL: the host has no such function */
    bool returns;
    unsigned long hits;
};

unsigned traps_free(void);
void traps_lock(void); /* around fork() */
void traps_unlock(void);
/* The address of a new trap, 0 when all are in use. */
uint64_t trap_create(const struct trap_info *info);
void trap_destroy(uint64_t address);
unsigned long trap_hits(uint64_t address);
const void *trap_counter(uint64_t address);  /* of its hits, 64 bits; NULL: no trap */
const char *trap_symbol(uint64_t address);
/* Ends the process: a plugin would go on half bound. */
void trap_audit_failed(const struct engraft_error *error);

/* ---- commit.c ------------------------------------------------------------------------------------------- */

struct slot_undo {
    uint64_t address, value, written;
};

/* One object that engraft has bound. Owns copies of everything it tells. */
struct bound {
    struct bound *next;
    struct arena arena; /* holds this struct too */
    const char *path;
    const char *door;
    struct link_map *map; /* may dangle: always checked against dynamic and symbols first */
    const void *dynamic;
    uint64_t load_address;
    Elf64_Sym *symbols; /* the edited copy; NULL for late attach */
    size_t symbols_size;
    uint64_t symbols_before; /* DT_SYMTAB's d_ptr before */
    struct slot_undo *undo;  /* late attach */
    size_t undo_count;
    bool loaded, audited;
    const struct abi_adapter *adapter; /* that was told of this object; NULL: none */
    struct abi_object object;
    void *pin; /* a handle that keeps the host engine loaded, or NULL */
    struct abi plugin_abi, host_abi;
    const char *plugin_abi_source;
    enum engraft_verdict verdict;
    const char *reason;
    const char *modules[ENGINE_MODULE_MAX];
    unsigned module_count;
    struct reference *references; /* names lie in the plugin unless $ENGRAFT_REPORT is set */
    size_t count;
    size_t kinds[PLAN_KINDS];
    struct live_plugin live; /* the same for readers outside of the process */
    bool unrepaired;         /* its code waits for a repair: repair.c */
    struct abi_repair *repairs; /* that were made in its code */
    size_t repair_count;
};

/* Stores into an entry of .dynamic, whatever its protection. UNSUPPORTED: nothing was stored. */
enum engraft_status dynamic_store(const struct image *image, const Elf64_Dyn *entry,
                                  uint64_t value);
/* Rewrites the references of an object that is not relocated yet. All or nothing. */
enum engraft_status commit_symbols(struct plan *plan, const char *path, const char *door,
                                   struct bound **ret_bound, struct engraft_error *reterr);
/* Undoes commit_symbols() and forgets the record. */
void commit_rollback(struct bound *bound);
/* A record for a plan, without having changed anything. */
struct bound *bound_create(const struct plan *plan, const char *path, const char *door);
void bound_destroy(struct bound *bound); /* releases its memory and traps */
/* Tells the adapters that the object has adapted references, or that it is gone. */
enum engraft_status bound_enter(struct bound *bound, const struct plan *plan,
                                struct engraft_error *reterr);
void bound_leave(struct bound *bound);
bool bound_take_traps(struct bound *bound, struct plan *plan);

/* attach.c: writes the targets into the slots of a relocated object; RELRO is opened once. */
enum engraft_status attach_slots(struct bound *bound, const struct image *image,
                                 struct engraft_error *reterr);

/* ---- repair.c: changes in an object's code, where headers inlined what differs ------------------------ */

struct repairs {
    struct repairs *next;
    const char *path; /* of the file, as ld.so has it */
    struct abi plugin, host;
    struct abi_repair *items;
    size_t count;
};

/* Whether the object of a plan may need any. */
bool repairs_wanted(const struct plan *plan);
const struct repairs *repairs_for(const struct repairs *list, const char *path,
                                  const struct abi *plugin, const struct abi *host);
/* Fills items from the file; REFUSED when there is one that cannot be repaired. Not in a resolver. */
enum engraft_status repairs_find(struct arena *arena, struct repairs *repairs,
                                 struct engraft_error *reterr);
/* The same refusal, for a list. */
enum engraft_status repairs_check(const char *path, const struct abi_repair *items, size_t count,
                                  struct engraft_error *reterr);
/* All or nothing; what was done is kept in the record. */
enum engraft_status repairs_apply(struct bound *bound, const struct image *image,
                                  const struct repairs *repairs, struct engraft_error *reterr);
void repairs_undo(struct bound *bound, const struct image *image);

/* ---- audit.c -------------------------------------------------------------------------------------------- */

/* Proves that every relocation of the object that names the engine ended on its planned target. */
enum engraft_status audit_bound(const struct bound *bound, const struct image *image,
                                struct engraft_error *reterr);

/* ---- registry.c ------------------------------------------------------------------------------------------ */

void registry_lock(void);
void registry_unlock(void);
void registry_add(struct bound *bound);    /* locked by itself, as all below */
void registry_remove(struct bound *bound); /* unlinks, does not destroy */
void registry_audited(struct bound *bound);
void registry_refused(const char *path, const char *reason);
/* Forgets objects that are gone and frees what belonged to them. Under ld.so's lock: nobody else binds
 * meanwhile. Their pins wait for registry_release_pins(), which calls dlclose(). */
void registry_purge(const struct image *images, size_t count);
void registry_purge_now(void);    /* inside self_locked() */
void registry_purge_locked(void); /* the same, for callers without the lock; pins are released */
void registry_release_pins(void);
void registry_release_closing(void); /* in a destructor: the pins of plugins that dlclose() is removing */
struct bound *registry_first(void); /* under registry_lock() */
struct bound *registry_find(const struct image *image);
struct refused_load {
    struct refused_load *next;
    char path[256];
    char reason[1024];
    struct live_refusal live;
};
const struct refused_load *registry_first_refused(void);
/* Engines registered by the host's author, as instances over `images`. */
size_t registrations_apply(const struct image *images, size_t count,
                           struct engine_instance *ret_engines, size_t max);

/* ---- live.c: what is told to readers outside of the process; under registry_lock() ---------------------- */

/* Fills the record of a bound object, once its traps are taken; false: out of memory. */
bool live_describe(struct bound *bound);
void live_add(struct bound *bound);
void live_remove(struct bound *bound);
void live_flags(struct bound *bound); /* loaded or audited has changed */
void live_refused(struct refused_load *refused);
const struct live_header *live_own(void);

/* ---- shim.c: the moment ------------------------------------------------------------------------------------ */

/* What a load wants from the moment, and what it learned. Thread-local while the load lasts. */
struct load_request {
    struct load_request *outer; /* nested loads */
    enum { LOAD_SURVEY, LOAD_BIND } mode;
    const char *path;
    const char *door;
    const char *wrapper_path; /* l_name of the wrapper: what follows it in the list is new */
    const char *trigger_path;
    bool reached;             /* the trigger's resolver ran */
    bool concerned;           /* some new object names an engine */
    unsigned new_count;       /* objects the load brings, ours excepted */
    char engine_path[256];    /* host engine library the plugin is bound to; "" for an executable */
    char stand_ins[4][128];   /* engine libraries that are NEEDED and must stay out */
    unsigned stand_in_count;
    bool stand_ins_missing;   /* ... because there is no such file: then prove they are not missed */
    struct arena arena;
    const char **new_names;   /* l_name of the new objects, the plugin first */
    unsigned bound_count;     /* objects that were rewritten */
    struct repairs *repairs;  /* lists that the door has made */
    struct repairs *wanted;   /* one that it has to make, for the load to be tried again; or NULL */
    struct engraft_error error; /* status OK: the load may go on */
};

/* The request of this thread's innermost load, or NULL. */
struct load_request *shim_request(void);
void shim_push(struct load_request *request);
void shim_pop(struct load_request *request);
void shim_moment(struct load_request *request); /* inside the trigger's resolver */
void shim_audit(struct load_request *request);  /* inside the wrapper's resolver */
void shim_stub_moment(void);                    /* inside engraft_stub_bind_1's resolver */
void shim_stub_audit(void);                     /* before the constructors of a stub's plugin */

/* ---- trigger.c: ELF images in memfds ------------------------------------------------------------------------ */

#define TRIGGER_PATH_SIZE 40

struct tiny_image {
    int fd;
    char path[TRIGGER_PATH_SIZE]; /* /proc/<pid>/fd/<n> */
};

struct tiny_request {
    const char *soname;        /* NULL: none */
    const char *const *needed; /* DT_NEEDED, in order */
    size_t needed_count;
    const char *runpath; /* NULL: none */
    bool rpath;          /* write it as DT_RPATH */
    uintptr_t resolver;  /* non-zero: first relocation calls this IFUNC resolver */
    const char *reason;  /* with resolver: name of the undefined symbol of the second relocation */
};

#define TINY_REASON_SYMBOL 2 /* dynsym index of the second relocation's symbol */
#define TINY_REASON_SIZE 1280

enum engraft_status tiny_create(const struct tiny_request *request, struct tiny_image *ret_image,
                                struct engraft_error *reterr);
void tiny_close(struct tiny_image *image);

/* ---- door.c -------------------------------------------------------------------------------------------------- */

/* dlopen() through the moment. May be called with any path and flags. *ret_native: nothing to do, or nothing that engraft could do better
 * than the dynamic linker: call dlopen() yourself. `caller`: an address in the calling object. */
enum engraft_status door_open(const char *path, int flags, const void *caller, const char *door,
                              void **ret_handle, bool *ret_native, struct engraft_error *reterr);

/* ---- report.c ------------------------------------------------------------------------------------------------- */

void report_update(void); /* writes $ENGRAFT_REPORT when it is set; not inside a resolver */
void report_is_stale(void); /* it is to be written again before the process ends */

#endif
