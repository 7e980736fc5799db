/* SPDX-License-Identifier: MIT */
/* v8::Isolate: which one it is, and its life. */
#include <stdlib.h>

#include "fork_lock.h"
#include "hosted.h"
#include "isolates.h"
#include "records.h"

/* Isolate::GetCurrent(), Isolate::TryGetCurrent(), Isolate::Allocate() */
void *v8_isolate_returned(struct v8_slot *slot)
{
    return shadow_of(slot->pair, ((void *(*)(void))slot->target)());
}

/* Isolate::Allocate(const IsolateGroup &) */
void *v8_isolate_returned_by(const void *from, struct v8_slot *slot)
{
    return shadow_of(slot->pair, ((void *(*)(const void *))slot->target)(from));
}

/* ---- the end ---------------------------------------------------------------------------------------------- */

/*
 * Documented once was to take an isolate from Node's platform first, and to dispose of it then. From 13.6
 * on V8 asks the platform while it disposes of an isolate: there what comes first waits for the other.
 */
struct ending {
    void *isolate;
    struct hosted *platform; /* waits for Dispose(); NULL: is disposed of already */
    struct ending *next;
};

FORK_LOCK

static struct ending *endings;

/* The other half, if it was first; else this one is kept. */
static bool ending_meet(void *isolate, struct hosted *platform, struct ending *ret)
{
    struct ending **link, *ending;

    lock();
    for (link = &endings; *link && (*link)->isolate != isolate; link = &(*link)->next)
        continue;
    ending = *link;
    if (ending) {
        *link = ending->next;
        *ret = *ending;
        free(ending);
    } else if ((*link = malloc(sizeof **link))) {
        **link = (struct ending){isolate, platform, NULL};
    }
    unlock();
    return ending != NULL;
}

/* An isolate that was ended otherwise may have been at the same address. */
static void ending_forget(void *isolate)
{
    lock();
    for (struct ending **link = &endings; *link; link = &(*link)->next) {
        if ((*link)->isolate == isolate) {
            struct ending *gone = *link;

            *link = gone->next;
            free(gone);
            break;
        }
    }
    unlock();
}

static void unregister(const struct hosted *platform, void *isolate)
{
    v8_function_pointer *function = hosted_method(
        platform, V8_METHOD_node_MultiIsolatePlatform_UnregisterIsolate_PIsolate);

    ((void (*)(void *, void *))function)(platform->host, isolate);
}

/* MultiIsolatePlatform::UnregisterIsolate(Isolate *) */
void v8_platform_unregister(struct hosted *platform, void *shadow, struct v8_slot *slot)
{
    void *isolate = isolate_of(shadow);
    struct ending other;

    if (slot->pair->host < V8_13_6 || ending_meet(isolate, platform, &other))
        unregister(platform, isolate);
}

static void disposed(const struct v8_pair *pair, void *isolate)
{
    struct ending other;

    if (pair->host >= V8_13_6 && ending_meet(isolate, NULL, &other) && other.platform)
        unregister(other.platform, isolate);
}

/* Isolate::Dispose() */
void v8_isolate_dispose(void *shadow, struct v8_slot *slot)
{
    void *isolate = isolate_of(shadow);

    ((void (*)(void *))slot->target)(isolate);
    disposed(slot->pair, isolate);
}

/* SnapshotCreator::~SnapshotCreator() up to 11.3: disposes of the isolate, too. */
void v8_snapshot_delete(void *creator, struct v8_slot *slot)
{
    void *isolate = HOST_CALL(slot->pair, snapshot_isolate, void *(*)(void *))(creator);

    ((void (*)(void *))slot->target)(creator);
    disposed(slot->pair, isolate);
}

/* ---- CreateParams ---------------------------------------------------------------------------------------- */

#define PARAMS(name) V8_FIELD_Isolate_CreateParams_##name

static void callback_translate(struct v8_pair *pair, union record_buffer *params,
                               enum v8_field_id field, enum v8_callback_kind kind)
{
    void **callback = record_field(params, field, pair->host);

    if (callback)
        *callback = v8_callback(pair, kind, *callback);
}

/* What is not zero where a version has not heard of it. */
static void defaults_set(void *params, enum v8_version version)
{
    static const enum v8_field_id indexes[] = {PARAMS(embedder_wrapper_type_index),
                                               PARAMS(embedder_wrapper_object_index)};

    for (size_t i = 0; i < sizeof indexes / sizeof *indexes; i++) {
        int32_t *index = record_field(params, indexes[i], version);

        if (index)
            *index = -1;
    }
}

static bool has_indexes(enum v8_version version)
{
    return v8_field_offset(PARAMS(embedder_wrapper_type_index), version) >= 0;
}

/* The host's own allocators are left alone. */
static void allocator_share(struct v8_pair *pair, void *allocator)
{
    if (allocator && *(uintptr_t *)allocator - pair->module >= pair->module_size)
        v8_object_share(pair, V8_CLASS_ArrayBuffer_Allocator, allocator);
}

void params_to_host(struct v8_pair *pair, const void *params, union record_buffer *ret)
{
    void **allocator = record_field(params, PARAMS(array_buffer_allocator), pair->plugin);
    void **shared = record_field(params, PARAMS(array_buffer_allocator_shared), pair->plugin);

    record_to_host(pair, V8_RECORD_Isolate_CreateParams, params, ret);
    if (!has_indexes(pair->plugin))
        defaults_set(ret, pair->host);
    callback_translate(pair, ret, PARAMS(code_event_handler), V8_CALLBACK_JIT_EVENT);
    callback_translate(pair, ret, PARAMS(fatal_error_callback), V8_CALLBACK_PLAIN_2);
    callback_translate(pair, ret, PARAMS(oom_error_callback), v8_oom_kind(pair));
    allocator_share(pair, *allocator);
    allocator_share(pair, *shared);
}

/* Isolate::CreateParams::CreateParams() */
void v8_params_new(void *params, struct v8_slot *slot)
{
    union record_buffer host;

    ((void (*)(void *))slot->target)(&host);
    record_to_plugin(slot->pair, V8_RECORD_Isolate_CreateParams, &host, params);
    if (!has_indexes(slot->pair->host))
        defaults_set(params, slot->pair->plugin);
}

/* Isolate::CreateParams::~CreateParams() */
void v8_params_delete(void *params, struct v8_slot *slot)
{
    union record_buffer host;

    record_to_host(slot->pair, V8_RECORD_Isolate_CreateParams, params, &host);
    ((void (*)(void *))slot->target)(&host);
}

/* Isolate::Initialize(Isolate *, const CreateParams &) */
void v8_isolate_initialize(void *isolate, const void *params, struct v8_slot *slot)
{
    union record_buffer host;

    ending_forget(isolate_of(isolate));
    params_to_host(slot->pair, params, &host);
    ((void (*)(void *, const void *))slot->target)(isolate_of(isolate), &host);
    shadow_renew(isolate_of(isolate));
}

/* Isolate::New(const CreateParams &) */
void *v8_isolate_new(const void *params, struct v8_slot *slot)
{
    union record_buffer host;
    void *isolate;

    params_to_host(slot->pair, params, &host);
    isolate = ((void *(*)(const void *))slot->target)(&host);
    shadow_renew(isolate);
    return shadow_of(slot->pair, isolate);
}

/* Isolate::New(const IsolateGroup &, const CreateParams &) */
void *v8_isolate_new_in(const void *group, const void *params, struct v8_slot *slot)
{
    union record_buffer host;
    void *isolate;

    params_to_host(slot->pair, params, &host);
    isolate = ((void *(*)(const void *, const void *))slot->target)(group, &host);
    shadow_renew(isolate);
    return shadow_of(slot->pair, isolate);
}

/* ---- ResourceConstraints ---------------------------------------------------------------------------------- */

typedef void configure_call(void *constraints, uint64_t a, uint64_t b);

/* ResourceConstraints::ConfigureDefaults(uint64_t, uint64_t), ConfigureDefaultsFromHeapSize(size_t, size_t) */
void v8_constraints_configure(void *constraints, uint64_t a, uint64_t b, struct v8_slot *slot)
{
    union record_buffer host;

    record_to_host(slot->pair, V8_RECORD_ResourceConstraints, constraints, &host);
    ((configure_call *)slot->target)(&host, a, b);
    record_to_plugin(slot->pair, V8_RECORD_ResourceConstraints, &host, constraints);
}

/* ---- HeapStatistics ---------------------------------------------------------------------------------------- */

/* HeapStatistics::HeapStatistics() */
void v8_heap_statistics_new(void *statistics, struct v8_slot *slot)
{
    union record_buffer host;

    ((void (*)(void *))slot->target)(&host);
    record_to_plugin(slot->pair, V8_RECORD_HeapStatistics, &host, statistics);
}

/* Isolate::GetHeapStatistics(HeapStatistics *) */
void v8_isolate_heap_statistics(void *isolate, void *ret_statistics, struct v8_slot *slot)
{
    union record_buffer host = {{0}};

    ((void (*)(void *, void *))slot->target)(isolate_of(isolate), &host);
    record_to_plugin(slot->pair, V8_RECORD_HeapStatistics, &host, ret_statistics);
}

/* The same, host: up to 14.1. It does not tell how much has ever been allocated: at least what is used. */
void v8_isolate_heap_statistics_less(void *isolate, void *ret_statistics, struct v8_slot *slot)
{
    enum v8_version plugin = slot->pair->plugin;
    uint64_t *allocated =
        record_field(ret_statistics, V8_FIELD_HeapStatistics_total_allocated_bytes, plugin);

    v8_isolate_heap_statistics(isolate, ret_statistics, slot);
    *allocated = *(uint64_t *)record_field(ret_statistics,
                                           V8_FIELD_HeapStatistics_used_heap_size, plugin);
}
