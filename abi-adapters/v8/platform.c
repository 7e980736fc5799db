/* SPDX-License-Identifier: MIT */
/*
 * The dispatcher: a v8::Platform, in the layout of the host's version, that hands every call on to the
 * host's platform or to a plugin's. It owns nothing and keeps no task, so it can come and go while both
 * sides run; the object itself is static, for a thread may still hold it when it is removed.
 *
 * To whom: what names an isolate, to the isolate's; what is posted or traced, to that of the isolate
 * that the thread has entered, without one to the host's: a plugin's may be gone without a word, when
 * exit() is under way. Memory and clocks, to the host's, which V8 was initialised with.
 *
 * C sees the virtual functions of C++ as the ABI does (Itanium C++ ABI 3.1, 3.2): `this` is the first
 * argument, a result that is a class with a destructor lies where a pointer in front of it says, and
 * a std::unique_ptr is passed by address. Calls are handed on with all argument registers, so that one
 * function serves all calls of one shape.
 */
#include "host.h"

static const struct platform_layout layouts[] = {
#define PLATFORM_LAYOUT(major, minor, ...) {major, minor, {__VA_ARGS__}},
#include "platform-layouts.def"
#undef PLATFORM_LAYOUT
};

const struct platform_layout *platform_layout_of(const char *version)
{
    unsigned parts[2];

    if (!abi_version_parts(version, parts, 2))
        return NULL;
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++)
        if (layouts[i].major == parts[0] && layouts[i].minor == parts[1])
            return &layouts[i];
    return NULL;
}

/* ---- to whom ------------------------------------------------------------------------------------------ */

static struct cxx_object *to_host(const struct dispatcher *self)
{
    return atomic_load_explicit(&self->host->own, memory_order_acquire);
}

static struct cxx_object *to_isolate(const struct dispatcher *self, uintptr_t isolate)
{
    return platform_of_isolate(self->host, (const void *)isolate);
}

static struct cxx_object *to_current(const struct dispatcher *self)
{
    void *isolate = self->host->functions.isolate_current();

    return isolate ? to_isolate(self, (uintptr_t)isolate) : to_host(self);
}

/* ---- the shapes of calls ------------------------------------------------------------------------------ */

typedef uintptr_t integer_call(struct cxx_object *self, uintptr_t a, uintptr_t b, uintptr_t c);
typedef void *structure_call(void *ret, struct cxx_object *self, uintptr_t a, uintptr_t b,
                             uintptr_t c);
typedef double number_call(struct cxx_object *self);
typedef void delayed_call(struct cxx_object *self, uintptr_t a, uintptr_t b, uintptr_t c,
                          double delay);

/* Plugin and host have the same major.minor: their vtables, too. */
static void (*slot_of(const struct dispatcher *self, const struct cxx_object *platform,
                      enum platform_call call))(void)
{
    return platform->vtable[self->host->slots[call]];
}

#define INTEGER(name, call, receiver)                                                            \
    static uintptr_t name(struct dispatcher *self, uintptr_t a, uintptr_t b, uintptr_t c)        \
    {                                                                                            \
        struct cxx_object *platform = receiver;                                                  \
                                                                                                 \
        return ((integer_call *)slot_of(self, platform, call))(platform, a, b, c);               \
    }
#define STRUCTURE(name, call, receiver)                                                          \
    static void *name(void *ret, struct dispatcher *self, uintptr_t a, uintptr_t b, uintptr_t c) \
    {                                                                                            \
        struct cxx_object *platform = receiver;                                                  \
                                                                                                 \
        return ((structure_call *)slot_of(self, platform, call))(ret, platform, a, b, c);        \
    }
#define NUMBER(name, call)                                                                       \
    static double name(struct dispatcher *self)                                                  \
    {                                                                                            \
        struct cxx_object *platform = to_host(self);                                             \
                                                                                                 \
        return ((number_call *)slot_of(self, platform, call))(platform);                         \
    }
#define DELAYED(name, call)                                                                      \
    static void name(struct dispatcher *self, uintptr_t a, uintptr_t b, uintptr_t c,             \
                     double delay)                                                               \
    {                                                                                            \
        struct cxx_object *platform = to_current(self);                                          \
                                                                                                 \
        ((delayed_call *)slot_of(self, platform, call))(platform, a, b, c, delay);               \
    }

INTEGER(page_allocator, PLATFORM_PAGE_ALLOCATOR, to_host(self))
INTEGER(isolated_allocator, PLATFORM_ISOLATED_ALLOCATOR, to_host(self))
INTEGER(zone_allocator, PLATFORM_ZONE_ALLOCATOR, to_host(self))
INTEGER(memory_pressure, PLATFORM_MEMORY_PRESSURE, to_host(self))
INTEGER(memory_pressure_length, PLATFORM_MEMORY_PRESSURE_LENGTH, to_host(self))
INTEGER(worker_count, PLATFORM_WORKER_COUNT, to_current(self))
INTEGER(post_worker, PLATFORM_POST_WORKER, to_current(self))
INTEGER(post_blocking, PLATFORM_POST_BLOCKING, to_current(self))
INTEGER(post_low_priority, PLATFORM_POST_LOW_PRIORITY, to_current(self))
INTEGER(post_worker_at, PLATFORM_POST_WORKER_AT, to_current(self))
INTEGER(idle_enabled, PLATFORM_IDLE_ENABLED, to_isolate(self, a))
INTEGER(clock_integer, PLATFORM_CLOCK_INTEGER, to_host(self))
INTEGER(stack_printer, PLATFORM_STACK_PRINTER, to_host(self))
INTEGER(tracing, PLATFORM_TRACING, to_current(self))
INTEGER(dump, PLATFORM_DUMP, to_host(self))
INTEGER(allocation_observer, PLATFORM_ALLOCATION_OBSERVER, to_host(self))
STRUCTURE(foreground_runner, PLATFORM_FOREGROUND_RUNNER, to_isolate(self, a))
STRUCTURE(foreground_runner_priority, PLATFORM_FOREGROUND_RUNNER_PRIORITY, to_isolate(self, a))
STRUCTURE(post_job, PLATFORM_POST_JOB, to_current(self))
STRUCTURE(create_job, PLATFORM_CREATE_JOB, to_current(self))
STRUCTURE(create_job_at, PLATFORM_CREATE_JOB_AT, to_current(self))
STRUCTURE(blocking_scope, PLATFORM_BLOCKING_SCOPE, to_current(self))
STRUCTURE(boostable_scope, PLATFORM_BOOSTABLE_SCOPE, to_current(self))
NUMBER(monotonic_time, PLATFORM_TIME)
NUMBER(clock_number, PLATFORM_CLOCK)
NUMBER(clock_fine, PLATFORM_CLOCK_FINE)
DELAYED(post_delayed, PLATFORM_POST_DELAYED)
DELAYED(post_delayed_at, PLATFORM_POST_DELAYED_AT)

/* V8 does not delete its platform, and this one is nobody's to delete. */
static void destroy(struct dispatcher *self)
{
    (void)self;
}

static void (*const forwards[PLATFORM_CALLS])(void) = {
    [PLATFORM_DESTROY] = (void (*)(void))destroy,
    [PLATFORM_PAGE_ALLOCATOR] = (void (*)(void))page_allocator,
    [PLATFORM_ISOLATED_ALLOCATOR] = (void (*)(void))isolated_allocator,
    [PLATFORM_ZONE_ALLOCATOR] = (void (*)(void))zone_allocator,
    [PLATFORM_MEMORY_PRESSURE] = (void (*)(void))memory_pressure,
    [PLATFORM_MEMORY_PRESSURE_LENGTH] = (void (*)(void))memory_pressure_length,
    [PLATFORM_WORKER_COUNT] = (void (*)(void))worker_count,
    [PLATFORM_FOREGROUND_RUNNER] = (void (*)(void))foreground_runner,
    [PLATFORM_FOREGROUND_RUNNER_PRIORITY] = (void (*)(void))foreground_runner_priority,
    [PLATFORM_POST_WORKER] = (void (*)(void))post_worker,
    [PLATFORM_POST_BLOCKING] = (void (*)(void))post_blocking,
    [PLATFORM_POST_LOW_PRIORITY] = (void (*)(void))post_low_priority,
    [PLATFORM_POST_DELAYED] = (void (*)(void))post_delayed,
    [PLATFORM_POST_WORKER_AT] = (void (*)(void))post_worker_at,
    [PLATFORM_POST_DELAYED_AT] = (void (*)(void))post_delayed_at,
    [PLATFORM_IDLE_ENABLED] = (void (*)(void))idle_enabled,
    [PLATFORM_POST_JOB] = (void (*)(void))post_job,
    [PLATFORM_CREATE_JOB] = (void (*)(void))create_job,
    [PLATFORM_CREATE_JOB_AT] = (void (*)(void))create_job_at,
    [PLATFORM_BLOCKING_SCOPE] = (void (*)(void))blocking_scope,
    [PLATFORM_BOOSTABLE_SCOPE] = (void (*)(void))boostable_scope,
    [PLATFORM_TIME] = (void (*)(void))monotonic_time,
    [PLATFORM_CLOCK] = (void (*)(void))clock_number,
    [PLATFORM_CLOCK_INTEGER] = (void (*)(void))clock_integer,
    [PLATFORM_CLOCK_FINE] = (void (*)(void))clock_fine,
    [PLATFORM_STACK_PRINTER] = (void (*)(void))stack_printer,
    [PLATFORM_TRACING] = (void (*)(void))tracing,
    [PLATFORM_DUMP] = (void (*)(void))dump,
    [PLATFORM_ALLOCATION_OBSERVER] = (void (*)(void))allocation_observer,
};

/* ---- coming and going --------------------------------------------------------------------------------- */

void dispatcher_prepare(struct v8_host *host)
{
    for (uint8_t slot = 0; slot < PLATFORM_SLOT_MAX; slot++) {
        host->table[2 + slot] = forwards[host->layout->slots[slot]];
        host->slots[host->layout->slots[slot]] = slot;
    }
    host->dispatcher = (struct dispatcher){.vtable = &host->table[2], .host = host};
}

void dispatcher_install(struct v8_host *host)
{
    void *current = atomic_load_explicit(host->functions.platform, memory_order_acquire);

    if (!current || current == &host->dispatcher)
        return;
    atomic_store_explicit(&host->own, current, memory_order_release);
    host->functions.platform_set(&host->dispatcher);
}

void dispatcher_remove(struct v8_host *host)
{
    struct cxx_object *own = atomic_load_explicit(&host->own, memory_order_acquire);
    void *current = atomic_load_explicit(host->functions.platform, memory_order_acquire);

    if (current == &host->dispatcher && own)
        host->functions.platform_set(own);
}
