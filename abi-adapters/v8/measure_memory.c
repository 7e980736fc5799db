/* SPDX-License-Identifier: MIT */
/*
 * MeasureMemoryDelegate: an object of the plugin whose virtual functions the host calls. The last of
 * them, MeasurementComplete, gets a vector of pairs up to 11.8, and a structure with spans from 12.9 on;
 * 12.4 has both, the second behind the first and its structure without the last word. The host is given
 * a proxy that has its form. The host's own delegate is passed as it is.
 */
#include <stdlib.h>

#include "crossings.h"

typedef void virtual_function(void);

enum method { DESTROY, DESTROY_DELETING, SHOULD_MEASURE, COMPLETE, COMPLETE_OF_12_4, METHODS };

struct delegate {
    virtual_function *const *table;
};

struct proxy {
    virtual_function *const *table;
    struct delegate *plugin;
    struct v8_pair *pair;
};

/* std::pair<Local<Context>, size_t> */
struct context_size {
    v8_local context;
    size_t size;
};

/* std::vector */
struct context_sizes {
    struct context_size *first, *last, *limit;
};

/* MemorySpan */
struct span {
    void *first;
    size_t count;
};

/* MeasureMemoryDelegate::Result */
struct result {
    const struct span *contexts, *sizes;
    size_t unattributed, wasm_code, wasm_metadata;
};

#define RESULT_METHOD(suffix)                                                                    \
    V8_METHOD_MeasureMemoryDelegate_MeasurementComplete_MeasureMemoryDelegate_Result##suffix

static bool has_both(enum v8_version version)
{
    return v8_class_slot_of(V8_CLASS_MeasureMemoryDelegate, RESULT_METHOD(), version) >= 0;
}

static bool has_result(enum v8_version version)
{
    return has_both(version) ||
           v8_class_slot_of(V8_CLASS_MeasureMemoryDelegate, RESULT_METHOD(_), version) >= 0;
}

static virtual_function *plugin_method(const struct proxy *proxy, enum method method)
{
    if (method == COMPLETE && has_both(proxy->pair->plugin))
        method = COMPLETE_OF_12_4;
    return proxy->plugin->table[method];
}

/* ---- to the plugin ------------------------------------------------------------------------------------ */

static void complete_old(const struct proxy *proxy, const struct context_sizes *sizes,
                         size_t unattributed)
{
    ((void (*)(void *, const void *, size_t))plugin_method(proxy, COMPLETE))(proxy->plugin, sizes,
                                                                             unattributed);
}

static void complete_new(const struct proxy *proxy, struct result result)
{
    ((void (*)(void *, struct result))plugin_method(proxy, COMPLETE))(proxy->plugin, result);
}

static void old_of_new(const struct proxy *proxy, const struct result *result)
{
    size_t count = result->contexts->count;
    struct context_sizes sizes = {.first = calloc(count + 1, sizeof *sizes.first)};

    if (!sizes.first)
        return;
    for (size_t i = 0; i < count; i++)
        sizes.first[i] = (struct context_size){((v8_local *)result->contexts->first)[i],
                                               ((size_t *)result->sizes->first)[i]};
    sizes.last = sizes.limit = sizes.first + count;
    complete_old(proxy, &sizes, result->unattributed);
    free(sizes.first);
}

static void new_of_old(const struct proxy *proxy, const struct context_sizes *sizes,
                       size_t unattributed)
{
    size_t count = (size_t)(sizes->last - sizes->first);
    v8_local *contexts = calloc(count + 1, sizeof *contexts);
    size_t *bytes = calloc(count + 1, sizeof *bytes);
    struct span context_span = {contexts, count}, size_span = {bytes, count};

    for (size_t i = 0; contexts && bytes && i < count; i++) {
        contexts[i] = sizes->first[i].context;
        bytes[i] = sizes->first[i].size;
    }
    if (contexts && bytes)
        complete_new(proxy, (struct result){&context_span, &size_span, unattributed, 0, 0});
    free(contexts);
    free(bytes);
}

/* ---- what the host calls -------------------------------------------------------------------------------- */

static void destroy(struct proxy *proxy)
{
    struct crossing crossing;

    crossing_in(&crossing, proxy->pair, current_isolate(proxy->pair));
    ((void (*)(void *))plugin_method(proxy, DESTROY_DELETING))(proxy->plugin);
    crossing_in_end(&crossing);
}

static void destroy_deleting(struct proxy *proxy)
{
    destroy(proxy);
    free(proxy);
}

static bool should_measure(struct proxy *proxy, v8_local context)
{
    struct crossing crossing;
    bool result;

    crossing_in(&crossing, proxy->pair, current_isolate(proxy->pair));
    result = ((bool (*)(void *, v8_local))plugin_method(proxy, SHOULD_MEASURE))(proxy->plugin,
                                                                               context);
    crossing_in_end(&crossing);
    return result;
}

static void host_complete_old(struct proxy *proxy, const struct context_sizes *sizes,
                              size_t unattributed)
{
    struct crossing crossing;

    crossing_in(&crossing, proxy->pair, current_isolate(proxy->pair));
    if (has_result(proxy->pair->plugin))
        new_of_old(proxy, sizes, unattributed);
    else
        complete_old(proxy, sizes, unattributed);
    crossing_in_end(&crossing);
}

static void host_complete_new(struct proxy *proxy, struct result result)
{
    struct crossing crossing;

    if (has_both(proxy->pair->host))
        result.wasm_metadata = 0;
    crossing_in(&crossing, proxy->pair, current_isolate(proxy->pair));
    if (has_result(proxy->pair->plugin))
        complete_new(proxy, result);
    else
        old_of_new(proxy, &result);
    crossing_in_end(&crossing);
}

struct table {
    intptr_t offset;
    const void *type;
    virtual_function *methods[METHODS];
};

#define TABLE(complete)                                                                          \
    {.methods = {(virtual_function *)destroy, (virtual_function *)destroy_deleting,              \
                 (virtual_function *)should_measure, (virtual_function *)(complete),             \
                 (virtual_function *)host_complete_new}}

/* Of hosts that have the vector, or both; and that have the structure alone. */
static const struct table table_vector = TABLE(host_complete_old);
static const struct table table_result = TABLE(host_complete_new);

static virtual_function *const *table_of(enum v8_version host)
{
    return has_result(host) && !has_both(host) ? table_result.methods : table_vector.methods;
}

/* ---- functions -------------------------------------------------------------------------------------------- */

static bool is_of_host(const struct v8_pair *pair, const struct delegate *delegate)
{
    return (uintptr_t)delegate->table - pair->module < pair->module_size;
}

/* Isolate::MeasureMemory(std::unique_ptr<MeasureMemoryDelegate>, MeasureMemoryExecution): the pointer is
 * moved out of, the caller destroys what is left */
bool v8_isolate_measure(void *isolate, struct delegate **delegate, int execution,
                        struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    struct proxy *proxy = NULL;
    void *passed = *delegate;
    bool result;

    if (passed && !is_of_host(pair, passed)) {
        proxy = malloc(sizeof *proxy);
        if (!proxy)
            return false;
        *proxy = (struct proxy){table_of(pair->host), *delegate, pair};
        passed = proxy;
    }
    *delegate = NULL;
    result = ((bool (*)(void *, void **, int))slot->target)(isolate_of(isolate), &passed, execution);
    if (passed && passed == proxy)
        destroy_deleting(proxy);
    return result;
}
