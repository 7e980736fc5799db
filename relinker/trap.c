/* SPDX-License-Identifier: MIT */
/*
 * What a reference to a function that nothing serves is bound to.
 *
 * The thunks are prebuilt (arch/<a>_live.S) and finite: making code at run time is what MDWE
 * forbids. Thunk i loads i into the one register a call may clobber and jumps to
 * engraft_trap_enter, which saves what the caller passed and calls trap_hit(i).
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "relinker.h"
#include "trap_live.h"

struct trap {
    struct trap_info info;
    atomic_bool used;
    atomic_ulong hits;
};

static struct trap traps[TRAP_COUNT];
static atomic_uint traps_used;
static pthread_mutex_t traps_mutex = PTHREAD_MUTEX_INITIALIZER;

void traps_lock(void)
{
    pthread_mutex_lock(&traps_mutex);
}

void traps_unlock(void)
{
    pthread_mutex_unlock(&traps_mutex);
}

unsigned traps_free(void)
{
    return TRAP_COUNT - atomic_load(&traps_used);
}

uint64_t trap_create(const struct trap_info *info)
{
    static unsigned next;
    uint64_t address = 0;

    traps_lock();
    for (unsigned step = 0; step < TRAP_COUNT && !address; step++) {
        unsigned i = (next + step) % TRAP_COUNT;

        if (atomic_load(&traps[i].used))
            continue;
        traps[i].info = *info;
        atomic_store(&traps[i].hits, 0);
        atomic_store(&traps[i].used, true);
        atomic_fetch_add(&traps_used, 1);
        address = (uint64_t)(uintptr_t)engraft_trap_thunks + (uint64_t)i * TRAP_THUNK_SIZE;
        next = i + 1;
    }
    traps_unlock();
    return address;
}

static struct trap *trap_at(uint64_t address)
{
    uint64_t index = (address - (uint64_t)(uintptr_t)engraft_trap_thunks) / TRAP_THUNK_SIZE;

    return index < TRAP_COUNT ? &traps[index] : NULL;
}

void trap_destroy(uint64_t address)
{
    struct trap *trap = trap_at(address);

    if (trap && atomic_exchange(&trap->used, false))
        atomic_fetch_sub(&traps_used, 1);
}

unsigned long trap_hits(uint64_t address)
{
    struct trap *trap = trap_at(address);

    return trap ? atomic_load(&trap->hits) : 0;
}

/* Read by other processes as 64 bits: see live.h. */
_Static_assert(sizeof(atomic_ulong) == 8, "a counter of 64 bits");

const void *trap_counter(uint64_t address)
{
    struct trap *trap = trap_at(address);

    return trap ? &trap->hits : NULL;
}

const char *trap_symbol(uint64_t address)
{
    struct trap *trap = trap_at(address);

    return trap ? trap->info.symbol : NULL;
}

/* The C++ runtime of the process demangles, where there is one. */
static char *demangle(const char *symbol)
{
    char *(*function)(const char *, char *, size_t *, int *);
    int status = -1;

    *(void **)&function = self_function("__cxa_demangle");
    return function ? function(symbol, NULL, NULL, &status) : NULL;
}

static void trap_say(const struct trap_info *info)
{
    char line[2048];
    char *demangled = demangle(info->symbol);
    size_t length = text_format(
        line, sizeof line - 1,
        "engraft: trap: %s%s%s%s was called by %s (built for %s), but %s (%s) cannot serve it: "
        "%s; %s",
        demangled ? demangled : info->symbol, demangled ? " [" : "",
        demangled ? info->symbol : "", demangled ? "]" : "", info->plugin, info->plugin_abi,
        info->host, info->host_abi, info->reason ? info->reason : "it has no such function",
        info->returns ? "returning 0 (ENGRAFT_TRAP=return)" : "aborting (see ENGRAFT_TRAP)");

    free(demangled);
    line[length++] = '\n';
    if (write(STDERR_FILENO, line, length) < 0) {
        /* the trap acts all the same */
    }
}

/* A trap is the one place where the library speaks and may end the process: going on with a made-up
 * value is worse, and the plugin's author has to learn which function it was. */
__attribute__((visibility("hidden"))) void engraft_trap_hit(unsigned index);

void engraft_trap_hit(unsigned index)
{
    struct trap *trap = &traps[index % TRAP_COUNT];

    report_is_stale();
    if (atomic_fetch_add(&trap->hits, 1) == 0 || !trap->info.returns)
        trap_say(&trap->info);
    if (!trap->info.returns)
        abort();
}

void abi_trap(const char *symbol, const char *plugin_abi, const char *host_abi, const char *reason)
{
    char value[16];
    bool returns = policy_value("ENGRAFT_TRAP", "", value, sizeof value) &&
                   strcmp(value, "return") == 0;
    struct trap_info info = {.symbol = symbol, .plugin = "a plugin", .plugin_abi = plugin_abi,
                             .host = "the host's engine", .host_abi = host_abi,
                             .reason = reason, .returns = returns};

    trap_say(&info);
    if (!returns)
        abort();
}

void trap_audit_failed(const struct engraft_error *error)
{
    char line[1600];
    size_t length = text_format(line, sizeof line, "engraft: %s: %s; aborting\n", error->object,
                                error->reason);

    if (write(STDERR_FILENO, line, length) < 0) {
        /* the process ends all the same */
    }
    abort();
}
