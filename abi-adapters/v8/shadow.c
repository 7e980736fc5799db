/* SPDX-License-Identifier: MIT */
/*
 * Shadow isolates: what a plugin of another version sees where the host has its v8::Isolate.
 *
 * V8's headers inline reads at fixed offsets of the isolate: the table of roots (undefined, null, true,
 * ...), the embedder's data slots and, from 14.1 on, HandleScopeData. A shadow is a page with these at
 * the offsets of the plugin's version; its first word is the host's isolate. Roots never move, data
 * slots and HandleScopeData are copied when control passes from one side to the other.
 *
 * Shadows are found by isolate and pair without a lock: callbacks need them. A page is never given back,
 * only used again for another isolate.
 */
#include <sys/mman.h>

#include "fork_lock.h"
#include "shadow.h"
#include "thunks.h"

#define REGION ((size_t)1 << V8_SHADOW_SHIFT)
#define SHADOW_SIZE 4096
#define SHADOWS (REGION / SHADOW_SIZE)
#define TABLE (4 * SHADOWS)

uintptr_t v8_shadow_region;

FORK_LOCK

static char *region;
static size_t used;
static _Atomic(struct shadow *) table[TABLE]; /* open addressing; entries stay, their isolate changes */

static size_t home(const struct v8_pair *pair, const void *isolate)
{
    return (((uintptr_t)isolate >> 4) + ((uintptr_t)pair >> 6)) * 0x9e3779b97f4a7c15u >>
           (64 - V8_SHADOW_SHIFT + 12 - 2);
}

static struct shadow *find(const struct v8_pair *pair, const void *isolate)
{
    for (size_t i = home(pair, isolate);; i = (i + 1) % TABLE) {
        struct shadow *shadow = atomic_load_explicit(&table[i], memory_order_acquire);

        if (!shadow || (shadow->isolate == isolate && shadow->pair == pair))
            return shadow;
    }
}

static v8_value *at(const void *base, int32_t offset)
{
    return (v8_value *)((char *)base + offset);
}

static const enum v8_constant_id root_index[V8_ROOTS] = {
    [V8_ROOT_UNDEFINED] = V8_kUndefinedValueRootIndex,
    [V8_ROOT_HOLE] = V8_kTheHoleValueRootIndex,
    [V8_ROOT_NULL] = V8_kNullValueRootIndex,
    [V8_ROOT_TRUE] = V8_kTrueValueRootIndex,
    [V8_ROOT_FALSE] = V8_kFalseValueRootIndex,
    [V8_ROOT_EMPTY] = V8_kEmptyStringRootIndex,
};

static v8_value *root(enum v8_version version, const void *isolate, enum v8_root root)
{
    return at(isolate, v8_constant(V8_kIsolateRootsOffset, version) +
                           8 * v8_constant(root_index[root], version));
}

v8_local host_root(const struct v8_pair *pair, void *isolate, enum v8_root which)
{
    return root(pair->host, isolate, which);
}

static bool region_reserve(void)
{
    char *start;

    if (region)
        return true;
    start = mmap(NULL, 2 * REGION, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (start == MAP_FAILED)
        return false;
    region = (char *)(((uintptr_t)start + REGION - 1) & ~(REGION - 1));
    if (region != start)
        munmap(start, (size_t)(region - start));
    munmap(region + REGION, (size_t)(start + REGION - region));
    v8_shadow_region = (uintptr_t)region >> V8_SHADOW_SHIFT;
    return true;
}

/* A page of a disposed isolate, else a new one. Locked. */
static struct shadow *take(const struct v8_pair *pair)
{
    struct shadow *shadow;

    for (size_t i = 0; i < used; i++) {
        shadow = (struct shadow *)(region + i * SHADOW_SIZE);
        if (!shadow->isolate && shadow->pair == pair)
            return shadow;
    }
    if (!region_reserve() || used == SHADOWS ||
        mprotect(region + used * SHADOW_SIZE, SHADOW_SIZE, PROT_READ | PROT_WRITE) != 0)
        return NULL;
    return (struct shadow *)(region + used++ * SHADOW_SIZE);
}

static v8_value *data_slots(enum v8_version version, const void *isolate)
{
    return at(isolate, v8_constant(V8_kIsolateEmbedderDataOffset, version));
}

static void fill(struct shadow *shadow, struct v8_pair *pair, void *isolate)
{
    for (unsigned i = 0; i < V8_ROOTS; i++)
        *root(pair->plugin, shadow, i) = *root(pair->host, isolate, i);
    shadow->pair = pair;
    shadow->frames = (struct v8_shadow_frames){0};
    shadow->plugin_slots = data_slots(pair->plugin, shadow);
    shadow->host_slots = data_slots(pair->host, isolate);
    shadow->scope = v8_constant(V8_kIsolateHandleScopeDataOffset, pair->host) != V8_NONE
                        ? host_scope_data(pair, isolate)
                        : NULL;
    shadow->undefined = *root(pair->host, isolate, V8_ROOT_UNDEFINED);
    shadow->hole = *root(pair->host, isolate, V8_ROOT_HOLE);
    shadow->isolate = isolate;
    memcpy(shadow->data, shadow->host_slots, sizeof shadow->data);
    memcpy(shadow->plugin_slots, shadow->data, sizeof shadow->data);
    if (pair->mirrored)
        mirror_start(shadow);
}

/* The table has four times as many entries as there are pages, and an entry for each isolate that ever
 * had a shadow: entries whose page now serves another isolate are taken out here. Locked. */
static void table_insert(struct shadow *shadow)
{
    size_t i = home(shadow->pair, shadow->isolate);

    while (atomic_load_explicit(&table[i], memory_order_relaxed))
        i = (i + 1) % TABLE;
    atomic_store_explicit(&table[i], shadow, memory_order_release);
}

static void table_remove(const struct shadow *gone)
{
    for (size_t i = home(gone->pair, gone->isolate); atomic_load(&table[i]); i = (i + 1) % TABLE) {
        size_t hole = i;

        if (atomic_load(&table[i]) != gone)
            continue;
        for (size_t j = (i + 1) % TABLE; atomic_load(&table[j]); j = (j + 1) % TABLE) {
            struct shadow *moved = atomic_load(&table[j]);

            if ((j + TABLE - home(moved->pair, moved->isolate)) % TABLE <
                (j + TABLE - hole) % TABLE)
                continue;
            atomic_store_explicit(&table[hole], moved, memory_order_release);
            hole = j;
        }
        atomic_store_explicit(&table[hole], NULL, memory_order_release);
        return;
    }
}

void *shadow_of(struct v8_pair *pair, void *isolate)
{
    struct shadow *shadow;

    if (!isolate || (uintptr_t)isolate >> V8_SHADOW_SHIFT == v8_shadow_region)
        return isolate;
    shadow = find(pair, isolate);
    if (shadow)
        return shadow;
    lock();
    shadow = find(pair, isolate);
    if (!shadow && (shadow = take(pair))) {
        fill(shadow, pair, isolate);
        table_insert(shadow);
    }
    unlock();
    return shadow;
}

void shadow_forget(void *isolate)
{
    lock();
    for (size_t i = 0; i < used; i++) {
        struct shadow *shadow = (struct shadow *)(region + i * SHADOW_SIZE);

        if (shadow->isolate != isolate)
            continue;
        table_remove(shadow);
        shadow->isolate = NULL;
        memset(shadow->data, 0, sizeof shadow->data);
    }
    unlock();
}

void shadow_renew(void *isolate)
{
    lock();
    for (size_t i = 0; i < used; i++) {
        struct shadow *shadow = (struct shadow *)(region + i * SHADOW_SIZE);

        if (shadow->isolate != isolate)
            continue;
        fill(shadow, shadow->pair, isolate);
    }
    unlock();
}

struct v8_shadow_frames *shadow_frames(void *shadow)
{
    return &((struct shadow *)shadow)->frames;
}

/* ---- in step ------------------------------------------------------------------------------------------ */

/* What one side has changed since the last time goes to the other. */
static void data_step(const struct v8_pair *pair, struct shadow *shadow)
{
    v8_value *plugins = data_slots(pair->plugin, shadow);
    v8_value *hosts = data_slots(pair->host, shadow->isolate);

    for (unsigned i = 0; i < DATA_SLOTS; i++) {
        if (plugins[i] != shadow->data[i])
            hosts[i] = plugins[i];
        else if (hosts[i] != shadow->data[i])
            plugins[i] = hosts[i];
        shadow->data[i] = plugins[i];
    }
}

void *plugin_enter(struct v8_pair *pair, void *isolate)
{
    struct shadow *shadow = find(pair, isolate);

    if (!shadow)
        shadow = shadow_of(pair, isolate);
    if (!shadow)
        return NULL;
    data_step(pair, shadow);
    if (pair->mirrored)
        mirror_enter(shadow);
    return shadow;
}

void plugin_leave(struct v8_pair *pair, void *isolate, void *shadow)
{
    (void)isolate;
    if (!shadow)
        return;
    data_step(pair, shadow);
    if (pair->mirrored)
        mirror_leave(shadow);
}

/* The host calls a virtual function of the plugin (thunks.S). */
void *v8_virtual_enter(struct v8_slot *slot, uintptr_t *words)
{
    void *isolate = NULL;

    for (unsigned i = 0; i < 6; i++)
        if (slot->isolates & 1u << i) {
            isolate = (void *)words[i];
            words[i] = (uintptr_t)shadow_of(slot->pair, isolate);
        }
    if (!isolate)
        isolate = current_isolate(slot->pair);
    return isolate ? plugin_enter(slot->pair, isolate) : NULL;
}

void v8_virtual_leave(struct v8_slot *slot, void *shadow)
{
    if (shadow)
        plugin_leave(slot->pair, ((struct shadow *)shadow)->isolate, shadow);
}

/* The plugin calls the host, and the host returns (thunks.S). */
void *plugin_call(struct v8_pair *pair)
{
    void *isolate = current_isolate(pair);
    struct shadow *shadow = isolate ? find(pair, isolate) : NULL;

    if (!shadow)
        return NULL;
    data_step(pair, shadow);
    if (pair->mirrored)
        mirror_call(shadow);
    return shadow;
}

static void came_back(struct v8_pair *pair, struct shadow *shadow)
{
    data_step(pair, shadow);
    if (pair->mirrored)
        mirror_return(shadow);
}

void plugin_return(struct v8_pair *pair, void *before)
{
    void *isolate = current_isolate(pair);
    struct shadow *shadow = isolate ? find(pair, isolate) : NULL;

    /* The call may have entered or left an isolate, and disposed of it. */
    if (before && before != shadow && ((struct shadow *)before)->isolate)
        came_back(pair, before);
    if (shadow)
        came_back(pair, shadow);
}

void *v8_mirror_out(struct v8_slot *slot)
{
    return plugin_call(slot->pair);
}

void v8_mirror_in(struct v8_slot *slot, void *shadow)
{
    plugin_return(slot->pair, shadow);
}
