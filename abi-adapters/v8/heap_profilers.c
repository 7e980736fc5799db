/* SPDX-License-Identifier: MIT */
/* The heap profiler: profiles of allocations, snapshots, graphs of embedders. */
#include <stdlib.h>

#include "crossings.h"
#include "hosted.h"
#include "records.h"

static v8_function_pointer *method(void *object, unsigned index)
{
    return (*(v8_function_pointer ***)object)[index];
}

/* ---- AllocationProfile --------------------------------------------------------------------------
 * The host's object, whose samples (a std::vector) have another size. The plugin owns it. */

enum { GET_ROOT, GET_SAMPLES, DESTROY_PROFILE, DESTROY_PROFILE_DELETING };

/* std::vector */
struct samples {
    unsigned char *first, *last, *limit;
};

struct allocation_profile {
    v8_function_pointer *const *table;
    void *host;
    struct samples samples;
};

static void *profile_root(struct allocation_profile *profile)
{
    return ((void *(*)(void *))method(profile->host, GET_ROOT))(profile->host);
}

static struct samples *profile_samples(struct allocation_profile *profile)
{
    return &profile->samples;
}

static void profile_destroy(struct allocation_profile *profile)
{
    ((void (*)(void *))method(profile->host, DESTROY_PROFILE_DELETING))(profile->host);
    free(profile->samples.first);
}

static void profile_destroy_deleting(struct allocation_profile *profile)
{
    profile_destroy(profile);
    free(profile);
}

static v8_function_pointer *const profile_table[] = {
    [GET_ROOT] = (v8_function_pointer *)profile_root,
    [GET_SAMPLES] = (v8_function_pointer *)profile_samples,
    [DESTROY_PROFILE] = (v8_function_pointer *)profile_destroy,
    [DESTROY_PROFILE_DELETING] = (v8_function_pointer *)profile_destroy_deleting,
};

/* Hosts that do not tell have only samples of what lives. */
static void sample_to_plugin(struct v8_pair *pair, const void *host, void *ret_sample)
{
    bool *live;

    record_to_plugin(pair, V8_RECORD_AllocationProfile_Sample, host, ret_sample);
    live = record_field(ret_sample, V8_FIELD_AllocationProfile_Sample_is_live, pair->plugin);
    if (live && v8_field_offset(V8_FIELD_AllocationProfile_Sample_is_live, pair->host) < 0)
        *live = true;
}

static bool samples_fill(struct v8_pair *pair, const struct samples *host, struct samples *ret)
{
    size_t host_size = (size_t)v8_record_size(V8_RECORD_AllocationProfile_Sample, pair->host);
    size_t size = (size_t)v8_record_size(V8_RECORD_AllocationProfile_Sample, pair->plugin);
    size_t count = (size_t)(host->last - host->first) / host_size;

    ret->first = calloc(count + 1, size);
    if (!ret->first)
        return false;
    for (size_t i = 0; i < count; i++)
        sample_to_plugin(pair, host->first + i * host_size, ret->first + i * size);
    ret->last = ret->limit = ret->first + count * size;
    return true;
}

static void *profile_for(struct v8_pair *pair, void *host)
{
    struct allocation_profile *profile = calloc(1, sizeof *profile);
    const struct samples *samples;

    if (profile) {
        samples = ((const struct samples *(*)(void *))method(host, GET_SAMPLES))(host);
        if (samples_fill(pair, samples, &profile->samples)) {
            profile->table = profile_table;
            profile->host = host;
            return profile;
        }
    }
    free(profile);
    ((void (*)(void *))method(host, DESTROY_PROFILE_DELETING))(host);
    return NULL;
}

/* HeapProfiler::GetAllocationProfile() */
void *v8_heap_allocation_profile(void *profiler, struct v8_slot *slot)
{
    void *host = ((void *(*)(void *))slot->target)(profiler);

    if (!host || record_is_equal(slot->pair, V8_RECORD_AllocationProfile_Sample))
        return host;
    return profile_for(slot->pair, host);
}

/* ---- names of contexts --------------------------------------------------------------------------
 * The host asks by the global object up to 14.1, and by the context in 14.6. */

enum { GET_NAME };

struct name_resolver {
    v8_function_pointer *const *table;
    void *plugin;
    struct v8_pair *pair;
};

typedef const char *name_call(void *resolver, v8_local object);

static const char *name_asked(struct name_resolver *resolver, v8_local object)
{
    struct crossing crossing;
    const char *name;

    crossing_in(&crossing, resolver->pair, current_isolate(resolver->pair));
    name = ((name_call *)method(resolver->plugin, GET_NAME))(resolver->plugin, object);
    crossing_in_end(&crossing);
    return name;
}

static const char *name_of_context(struct name_resolver *resolver, v8_local context)
{
    return name_asked(resolver,
                      HOST_CALL(resolver->pair, context_global, v8_local (*)(v8_local))(context));
}

static const char *name_of_object(struct name_resolver *resolver, v8_local object)
{
    v8_local context =
        HOST_CALL(resolver->pair, object_creation_context, v8_local (*)(v8_local))(object);

    return context ? name_asked(resolver, context) : "";
}

static void resolver_destroy(struct name_resolver *resolver)
{
    (void)resolver;
}

static v8_function_pointer *const context_table[] = {
    (v8_function_pointer *)name_of_context,
    (v8_function_pointer *)resolver_destroy,
    (v8_function_pointer *)resolver_destroy,
};

static v8_function_pointer *const object_table[] = {
    (v8_function_pointer *)name_of_object,
    (v8_function_pointer *)resolver_destroy,
    (v8_function_pointer *)resolver_destroy,
};

static bool asks_by_context(enum v8_version version)
{
    return v8_class_slots(V8_CLASS_HeapProfiler_ContextNameResolver, version) > 0;
}

/* What the host gets for the plugin's resolver, during one call. */
static void *resolver_for(struct v8_pair *pair, void *resolver, struct name_resolver *ret)
{
    bool by_context = asks_by_context(pair->host);

    if (!resolver)
        return NULL;
    if (by_context == asks_by_context(pair->plugin))
        return v8_object_share(pair,
                               by_context ? V8_CLASS_HeapProfiler_ContextNameResolver
                                          : V8_CLASS_HeapProfiler_ObjectNameResolver,
                               resolver)
                   ? resolver
                   : NULL;
    *ret = (struct name_resolver){by_context ? context_table : object_table, resolver, pair};
    return ret;
}

static void *control_for(struct v8_pair *pair, void *control)
{
    return v8_object_share(pair, V8_CLASS_ActivityControl, control) ? control : NULL;
}

/* ---- snapshots ------------------------------------------------------------------------------- */

typedef void *snapshot_call(void *profiler, void *control, void *resolver, bool hide_internals,
                            bool capture_numbers);

/* HeapProfiler::TakeHeapSnapshot(ActivityControl *, ObjectNameResolver * | ContextNameResolver
 * *, bool, bool) */
void *v8_heap_snapshot(void *profiler, void *control, void *resolver, bool hide_internals,
                       bool capture_numbers, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    struct name_resolver names;

    return ((snapshot_call *)slot->target)(profiler, control_for(pair, control),
                                           resolver_for(pair, resolver, &names), hide_internals,
                                           capture_numbers);
}

static void *pointer_in(const void *object, enum v8_field_id field, enum v8_version version)
{
    void **pointer = record_field((void *)object, field, version);

    return pointer ? *pointer : NULL;
}

static void *resolver_in(const void *options, enum v8_version version)
{
    return pointer_in(options,
                      asks_by_context(version)
                          ? V8_FIELD_HeapProfiler_HeapSnapshotOptions_context_name_resolver
                          : V8_FIELD_HeapProfiler_HeapSnapshotOptions_global_object_name_resolver,
                      version);
}

static void *control_in(const void *options, enum v8_version version)
{
    return pointer_in(options, V8_FIELD_HeapProfiler_HeapSnapshotOptions_control, version);
}

static void pointer_put(void *object, enum v8_field_id field, enum v8_version version, void *value)
{
    void **pointer = record_field(object, field, version);

    if (pointer)
        *pointer = value;
}

/* HeapProfiler::TakeHeapSnapshot(const HeapSnapshotOptions &) */
void *v8_heap_snapshot_options(void *profiler, const void *options, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    union record_buffer host = {{0}};
    struct name_resolver names;
    void *resolver = resolver_for(pair, resolver_in(options, pair->plugin), &names);

    record_to_host(pair, V8_RECORD_HeapProfiler_HeapSnapshotOptions, options, &host);
    pointer_put(&host, V8_FIELD_HeapProfiler_HeapSnapshotOptions_control, pair->host,
                control_for(pair, control_in(options, pair->plugin)));
    pointer_put(&host, V8_FIELD_HeapProfiler_HeapSnapshotOptions_context_name_resolver,
                pair->host, resolver);
    pointer_put(&host, V8_FIELD_HeapProfiler_HeapSnapshotOptions_global_object_name_resolver,
                pair->host, resolver);
    return ((void *(*)(void *, const void *))slot->target)(profiler, &host);
}

/* The same, host: up to 10.2, which gets each option by itself */
void *v8_heap_snapshot_options_old(void *profiler, const void *options, struct v8_slot *slot)
{
    enum v8_version plugin = slot->pair->plugin;
    const int32_t *mode = record_field(
        (void *)options, V8_FIELD_HeapProfiler_HeapSnapshotOptions_snapshot_mode, plugin);
    const int32_t *numbers = record_field(
        (void *)options, V8_FIELD_HeapProfiler_HeapSnapshotOptions_numerics_mode, plugin);

    return v8_heap_snapshot(
        profiler, control_in(options, plugin), resolver_in(options, plugin),
        *mode == v8_enum_value(V8_VALUE_HeapProfiler_HeapSnapshotMode_kRegular, plugin),
        *numbers == v8_enum_value(V8_VALUE_HeapProfiler_NumericsMode_kExposeNumericValues, plugin),
        slot);
}

/* HeapGraphNode::GetType(): an int up to 11.3 and a byte from 12.4 on */
int32_t v8_heap_node_type(const void *node, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    int32_t type = (uint8_t)((int (*)(const void *))slot->target)(node), own;

    if (v8_enum_convert(V8_ENUM_HeapGraphNode_Type, pair->host, pair->plugin, type, &own))
        return own;
    return type == v8_enum_value(V8_VALUE_HeapGraphNode_Type_kObjectShape, pair->host)
               ? v8_enum_value(V8_VALUE_HeapGraphNode_Type_kHidden, pair->plugin)
               : v8_enum_value(V8_VALUE_HeapGraphNode_Type_kObject, pair->plugin);
}

/* Functions that write to an OutputStream of the plugin: (object, stream, word) */
uintptr_t v8_write_to_stream(void *object, void *stream, uintptr_t word, struct v8_slot *slot)
{
    if (!v8_object_share(slot->pair, V8_CLASS_OutputStream, stream))
        return 0;
    return ((uintptr_t (*)(void *, void *, uintptr_t))slot->target)(object, stream, word);
}

/* HeapProfiler::QueryObjects(Local<Context>, QueryObjectPredicate *, std::vector<Global<Object>>
 * *) */
void v8_heap_query_objects(void *profiler, v8_local context, void *predicate, void *objects,
                           struct v8_slot *slot)
{
    if (v8_object_share(slot->pair, V8_CLASS_QueryObjectPredicate, predicate))
        ((void (*)(void *, v8_local, void *, void *))slot->target)(profiler, context, predicate,
                                                                   objects);
}

/* ---- graphs of embedders --------------------------------------------------------------------- */

typedef void graph_callback(void *isolate, void *graph, void *data);
typedef void set_callback_call(void *profiler, void *callback, void *data);

void v8_call_embedder_graph(void *isolate, void *graph, void *data, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    struct crossing crossing;
    void *own = hosted_for(pair, V8_CLASS_EmbedderGraph, graph);

    if (!own)
        return;
    crossing_in(&crossing, pair, isolate);
    ((graph_callback *)slot->target)(crossing.shadow, own, data);
    crossing_in_end(&crossing);
}

/* HeapProfiler::AddBuildEmbedderGraphCallback, RemoveBuildEmbedderGraphCallback */
void v8_heap_graph_callback(void *profiler, void *callback, void *data, struct v8_slot *slot)
{
    callback = v8_callback(slot->pair, V8_CALLBACK_EMBEDDER_GRAPH, callback);
    if (callback)
        ((set_callback_call *)slot->target)(profiler, callback, data);
}

/* HeapProfiler::SetGetDetachednessCallback */
void v8_heap_detachedness_callback(void *profiler, void *callback, void *data,
                                   struct v8_slot *slot)
{
    ((set_callback_call *)slot->target)(
        profiler, v8_callback(slot->pair, V8_CALLBACK_ISOLATE_4, callback), data);
}

/* EmbedderGraph::AddNode(std::unique_ptr<Node>): the graph owns the plugin's node and calls it */
void *v8_graph_add_node(struct hosted *graph, void **node, struct v8_slot *slot)
{
    v8_function_pointer *function = hosted_method(
        graph, V8_METHOD_EmbedderGraph_AddNode_unique_ptr_EmbedderGraph_Node);

    v8_object_share(slot->pair, V8_CLASS_EmbedderGraph_Node, *node);
    return ((void *(*)(void *, void **))function)(graph->host, node);
}

/* EmbedderGraph::V8Node(const Local<Data> &): a host up to 12.4 takes values, and any object of
 * the heap is one to it */
void *v8_graph_data_node(struct hosted *graph, const v8_local *data, struct v8_slot *slot)
{
    v8_function_pointer *function =
        hosted_method(graph, V8_METHOD_EmbedderGraph_V8Node_PLocal_Data);

    (void)slot;
    if (!function)
        function = hosted_method(graph, V8_METHOD_EmbedderGraph_V8Node_PLocal_Value);
    return ((void *(*)(void *, const v8_local *))function)(graph->host, data);
}

/* ---- what a host does not have --------------------------------------------------------------- */

/* HeapProfiler::GetDetachedJSWrapperObjects(): std::vector<Local<Value>>, empty */
void *v8_heap_detached_none(struct samples *ret_objects, void *profiler, struct v8_slot *slot)
{
    (void)profiler;
    (void)slot;
    *ret_objects = (struct samples){0};
    return ret_objects;
}
