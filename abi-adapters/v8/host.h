/* SPDX-License-Identifier: MIT */
/*
 * V8 in a process of engraft's: the engine that plugins share, the plugins that use it as if it were
 * their own, and the platform that stands between the two.
 *
 * A V8 has one v8::Platform for all its isolates. The host's stays what it was for the host; isolates
 * that a plugin creates get their tasks from the plugin's platform. So that V8 can have both, it is
 * given a third, the dispatcher (platform.c), for as long as there is a plugin that needs it.
 */
#ifndef ENGRAFT_V8_HOST_H
#define ENGRAFT_V8_HOST_H

#include <stdatomic.h>

#include "../abi_adapter.h"

/* An object of a C++ class with virtual functions, seen from C. */
struct cxx_object {
    void (*const *vtable)(void);
};

/* The virtual functions of v8::Platform in all versions together. */
enum platform_call {
    PLATFORM_DESTROY,
    PLATFORM_PAGE_ALLOCATOR,
    PLATFORM_ISOLATED_ALLOCATOR,
    PLATFORM_ZONE_ALLOCATOR,
    PLATFORM_MEMORY_PRESSURE,
    PLATFORM_MEMORY_PRESSURE_LENGTH,
    PLATFORM_WORKER_COUNT,
    PLATFORM_FOREGROUND_RUNNER,
    PLATFORM_FOREGROUND_RUNNER_PRIORITY,
    PLATFORM_POST_WORKER,
    PLATFORM_POST_BLOCKING,
    PLATFORM_POST_LOW_PRIORITY,
    PLATFORM_POST_DELAYED,
    PLATFORM_POST_WORKER_AT,  /* ...Impl, with a source location */
    PLATFORM_POST_DELAYED_AT,
    PLATFORM_IDLE_ENABLED,
    PLATFORM_POST_JOB,
    PLATFORM_CREATE_JOB,
    PLATFORM_CREATE_JOB_AT,
    PLATFORM_BLOCKING_SCOPE,
    PLATFORM_BOOSTABLE_SCOPE,
    PLATFORM_TIME,
    PLATFORM_CLOCK,
    PLATFORM_CLOCK_INTEGER,
    PLATFORM_CLOCK_FINE,
    PLATFORM_STACK_PRINTER,
    PLATFORM_TRACING,
    PLATFORM_DUMP,
    PLATFORM_ALLOCATION_OBSERVER,
    PLATFORM_CALLS,
};

#define PLATFORM_SLOT_MAX 24

struct platform_layout {
    unsigned major, minor;
    uint8_t slots[PLATFORM_SLOT_MAX]; /* platform_call of each slot; DESTROY (0) behind the last */
};

const struct platform_layout *platform_layout_of(const char *version);

struct v8_host;

/* What V8 calls instead of a platform: its address is what V8 holds. */
struct dispatcher {
    void (*const *vtable)(void); /* v8_host.table, behind its two header words */
    struct v8_host *host;
};

/* Functions of the host engine that adapters call; NULL: it has none. */
struct v8_functions {
    void *(*isolate_current)(void);
    void *(*isolate_allocate)(void);
    void *(*isolate_allocate_in)(const void *group);
    void (*isolate_initialize)(void *isolate, const void *parameters);
    void (*isolate_dispose)(void *isolate);
    void (*isolate_free)(void *isolate);
    void (*platform_set)(void *platform);
    _Atomic(void *) *platform; /* the variable that it sets */
    void (*platform_initialize)(void *platform);
    void (*platform_dispose)(void);
    bool (*initialize)(int build);
    bool (*dispose)(void);
    void (*flags_from_text)(const char *text, size_t length);
    void (*flags_from_command_line)(int *argc, char **argv, bool remove);
    bool (*flags_are_frozen)(void);
    void *(*platform_create)(void *ret_platform, int threads, int idle, int dump, void *tracing,
                             int priority); /* returns ret_platform, a std::unique_ptr */
    bool (*cppgc_is_initialized)(void);
    void (*cppgc_initialize)(void *page_allocator, size_t heap_size);
};

/* One V8 of this process that has plugins. */
struct v8_host {
    bool used;
    bool has_node; /* its platform may be Node's, which knows only isolates that Node registered */
    bool started_by_plugin;
    unsigned version[2];
    struct v8_functions functions;
    const struct platform_layout *layout;
    struct dispatcher dispatcher;
    void (*table[2 + PLATFORM_SLOT_MAX])(void);
    uint8_t slots[PLATFORM_CALLS]; /* where each call stands in a vtable */
    _Atomic(struct cxx_object *) own;   /* the platform that was there before */
    _Atomic(struct cxx_object *) spare; /* for isolates of plugins that bring no platform */
};

/* One object of a plugin that has adapted references. */
struct v8_client {
    bool used;
    struct abi_object object;
    struct v8_host *host;
    struct v8_pair *pair; /* NULL: of the same version as the host */
    struct cxx_object *platform; /* between its InitializePlatform() and DisposePlatform() */
};

/* host.c; all of them lock by themselves. */
enum engraft_status host_enter(const struct abi_pair *pair, const struct abi_object *object);
void host_leave(const struct abi_object *object);
/* The client that an address lies in; NULL: none. */
struct v8_client *client_at(const void *address);
/* The host a call from `address` is for: that of its client, else the first there is. */
struct v8_host *host_at(const void *address);
void client_start(struct v8_client *client, struct cxx_object *platform);
void client_stop(struct v8_client *client);
void isolate_add(void *isolate, struct v8_client *client);
/* The record of an isolate, 0: it is no plugin's. To be read before V8 frees the isolate: another one
 * may lie at its address, and be somebody's, before the record is removed. */
unsigned long isolate_serial(const void *isolate);
void isolate_remove(const void *isolate, unsigned long serial);
/* Whose tasks an isolate's are: the platform of the plugin that created it, else the host's own. */
struct cxx_object *platform_of_isolate(struct v8_host *host, const void *isolate);

/* platform.c */
void dispatcher_prepare(struct v8_host *host);
void dispatcher_install(struct v8_host *host);
void dispatcher_remove(struct v8_host *host);

/* lifecycle.c */
bool lifecycle_route(const struct abi_pair *pair, const char *symbol, struct abi_route *ret);
void lifecycle_resolve(const struct abi_pair *pair, struct v8_functions *ret_functions);

#endif
