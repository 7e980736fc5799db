/* SPDX-License-Identifier: MIT */
/* Keeps `engraft_live` up to date; see live.h. Callers hold the registry's lock, so there is one writer. */
#include <string.h>

#include "relinker.h"

#define TEXT(number) #number
#define VERSION(major, minor, patch) TEXT(major) "." TEXT(minor) "." TEXT(patch)

static struct live_header live = {
    .head = {
        .magic = LIVE_MAGIC,
        .layout = LIVE_LAYOUT,
        .size = sizeof live,
        .version = VERSION(ENGRAFT_VERSION_MAJOR, ENGRAFT_VERSION_MINOR, ENGRAFT_VERSION_PATCH),
    },
};

/* An alias, so that our own accesses go to our own object whoever else defines the name. */
extern struct live_header engraft_live __attribute__((alias("live"), visibility("default")));

_Static_assert(LIVE_KINDS == PLAN_KINDS - 1, "one count for each kind");
_Static_assert(LIVE_MODULES == ENGINE_MODULE_MAX, "all modules of an engine");

static uint64_t address_of(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}

static struct live_text text_of(const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (length > LIVE_TEXT_MAX)
        length = LIVE_TEXT_MAX;
    return (struct live_text){length ? address_of(text) : 0, length};
}

static void change_begin(void)
{
    __atomic_store_n(&live.sequence, live.sequence + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}

static void change_end(void)
{
    __atomic_store_n(&live.sequence, live.sequence + 1, __ATOMIC_RELEASE);
}

/* ---- records -------------------------------------------------------------------------------------------- */

static bool describe_traps(struct bound *bound)
{
    struct live_trap *traps;
    size_t count = 0;

    if (!bound->kinds[ENGRAFT_KIND_TRAP])
        return true;
    traps = arena_allocate(&bound->arena, bound->kinds[ENGRAFT_KIND_TRAP] * sizeof *traps);
    if (!traps)
        return false;
    for (size_t i = 0; i < bound->count && count < bound->kinds[ENGRAFT_KIND_TRAP]; i++) {
        const struct reference *reference = &bound->references[i];

        if (reference->kind != ENGRAFT_KIND_TRAP)
            continue;
        traps[count].symbol = text_of(trap_symbol(reference->target));
        traps[count++].hits = address_of(trap_counter(reference->target));
    }
    bound->live.traps = address_of(traps);
    bound->live.trap_count = count;
    return true;
}

static bool describe_abi(struct bound *bound, const struct abi *abi, struct live_text *ret_text)
{
    char text[128];
    const char *copy = NULL;

    if (abi->version[0]) {
        abi_text(abi, text, sizeof text);
        copy = arena_string(&bound->arena, text);
        if (!copy)
            return false;
    }
    *ret_text = text_of(copy);
    return true;
}

bool live_describe(struct bound *bound)
{
    struct live_plugin *record = &bound->live;

    record->verdict = (uint32_t)bound->verdict;
    text_format(record->door, sizeof record->door, "%s", bound->door);
    text_format(record->plugin_abi_source, sizeof record->plugin_abi_source, "%s",
                bound->plugin_abi_source ? bound->plugin_abi_source : "");
    record->path = text_of(bound->path);
    record->reason = text_of(bound->reason);
    for (unsigned i = 0; i < bound->module_count; i++)
        record->modules[i] = text_of(bound->modules[i]);
    record->module_count = bound->module_count;
    for (unsigned kind = 1; kind < PLAN_KINDS; kind++)
        record->counts[kind - 1] = bound->kinds[kind];
    return describe_abi(bound, &bound->plugin_abi, &record->plugin_abi) &&
           describe_abi(bound, &bound->host_abi, &record->host_abi) && describe_traps(bound);
}

/* ---- the lists ------------------------------------------------------------------------------------------ */

/* One store of 32 bits needs no sequence. */
void live_flags(struct bound *bound)
{
    __atomic_store_n(&bound->live.flags,
                     (bound->loaded ? LIVE_LOADED : 0u) | (bound->audited ? LIVE_AUDITED : 0u),
                     __ATOMIC_RELAXED);
}

void live_add(struct bound *bound)
{
    if (!bound->live.written_at && bound->undo_count) {
        bound->live.written_at = bound->undo[0].address;
        bound->live.written = bound->undo[0].written;
    }
    live_flags(bound);
    change_begin();
    bound->live.next = live.plugins;
    live.plugins = address_of(&bound->live);
    live.plugin_count++;
    change_end();
}

void live_remove(struct bound *bound)
{
    uint64_t *at = &live.plugins;

    while (*at && *at != address_of(&bound->live))
        at = &((struct live_plugin *)(uintptr_t)*at)->next;
    if (!*at)
        return;
    change_begin();
    *at = bound->live.next;
    live.plugin_count--;
    change_end();
}

void live_refused(struct refused_load *refused)
{
    refused->live.path = text_of(refused->path);
    refused->live.reason = text_of(refused->reason);
    change_begin();
    refused->live.next = live.refusals;
    live.refusals = address_of(&refused->live);
    live.refusal_count++;
    change_end();
}

const struct live_header *live_own(void)
{
    return &live;
}
