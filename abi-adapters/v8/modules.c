/* SPDX-License-Identifier: MIT */
/* v8::Module and the import of modules. */
#include <stdlib.h>

#include "crossings.h"
#include "referrers.h"

typedef v8_local local_of_call(const void *object);

/* ---- linking ------------------------------------------------------------------------------------------ */

typedef uint16_t instantiate_call(void *module, v8_local context, void *resolve, void *source);

/* Module::InstantiateModule(Local<Context>, ResolveModuleCallback), from 13.6 on with a callback for
 * "import source" that may be NULL: a function that has no such parameter does not look at it. */
uint16_t v8_module_instantiate(void *module, v8_local context, void *resolve, struct v8_slot *slot)
{
    return ((instantiate_call *)slot->target)(
        module, context, v8_callback(slot->pair, V8_CALLBACK_PLAIN_4, resolve), NULL);
}

uint16_t v8_module_instantiate_source(void *module, v8_local context, void *resolve, void *source,
                                      struct v8_slot *slot)
{
    return ((instantiate_call *)slot->target)(
        module, context, v8_callback(slot->pair, V8_CALLBACK_PLAIN_4, resolve),
        v8_callback(slot->pair, V8_CALLBACK_PLAIN_4, source));
}

uint16_t v8_module_instantiate_index(void *module, v8_local context, void *resolve, void *source,
                                     struct v8_slot *slot)
{
    return ((instantiate_call *)slot->target)(
        module, context, v8_callback(slot->pair, V8_CALLBACK_PLAIN_3, resolve),
        v8_callback(slot->pair, V8_CALLBACK_PLAIN_3, source));
}

/* The host resolves by names only. */
uint16_t v8_module_instantiate_index_by_name(void *module, v8_local context, void *resolve,
                                             void *source, struct v8_slot *slot)
{
    return ((instantiate_call *)slot->target)(
        module, context, v8_callback(slot->pair, V8_CALLBACK_RESOLVE_BY_INDEX, resolve),
        v8_callback(slot->pair, V8_CALLBACK_RESOLVE_BY_INDEX, source));
}

static v8_local request_attributes(const struct v8_pair *pair, v8_local request)
{
    if (HOST_HAS(pair, module_request_attributes))
        return HOST_CALL(pair, module_request_attributes, local_of_call *)(request);
    return HOST_CALL(pair, module_request_assertions, local_of_call *)(request);
}

static bool is_same(v8_local a, v8_local b)
{
    return a && b && *a == *b;
}

/* Which of the referrer's requests has these very objects; -1: none. */
static int request_index(struct v8_pair *pair, v8_local context, v8_local specifier,
                         v8_local attributes, v8_local referrer)
{
    typedef v8_local get_call(v8_local array, v8_local context, int index);
    typedef int length_call(v8_local array);
    v8_local requests = HOST_CALL(pair, module_requests, local_of_call *)(referrer);
    int length = HOST_CALL(pair, fixed_array_length, length_call *)(requests);

    for (int i = 0; i < length; i++) {
        v8_local request = HOST_CALL(pair, fixed_array_get, get_call *)(requests, context, i);

        if (is_same(HOST_CALL(pair, module_request_specifier, local_of_call *)(request),
                    specifier) &&
            is_same(request_attributes(pair, request), attributes))
            return i;
    }
    return -1;
}

/* ResolveModuleByIndexCallback and ResolveSourceByIndexCallback on a host up to 13.6 */
v8_local v8_call_resolve_by_index(v8_local context, v8_local specifier, v8_local attributes,
                                  v8_local referrer, struct v8_slot *slot)
{
    typedef v8_local resolve_callback(v8_local context, size_t index, v8_local referrer);
    struct crossing crossing;
    struct v8_scope scope;
    v8_local result;
    int index;

    scope_open(slot->pair, current_isolate(slot->pair), &scope);
    index = request_index(slot->pair, context, specifier, attributes, referrer);
    scope_close(slot->pair, &scope);
    if (index < 0)
        return NULL;
    crossing_in(&crossing, slot->pair, current_isolate(slot->pair));
    result = ((resolve_callback *)slot->target)(context, (size_t)index, referrer);
    crossing_in_end(&crossing);
    return result;
}

/* ModuleRequest::GetPhase(); hosts before 13.6 know one only */
int v8_module_request_phase(const void *request, struct v8_slot *slot)
{
    int32_t phase = v8_enum_value(V8_VALUE_ModuleImportPhase_kEvaluation, slot->pair->plugin);

    if (slot->target)
        v8_enum_convert(V8_ENUM_ModuleImportPhase, slot->pair->host, slot->pair->plugin,
                        ((int (*)(const void *))slot->target)(request), &phase);
    return phase;
}

/* ---- synthetic modules ---------------------------------------------------------------------------------- */

/* std::vector<T> of libstdc++, and LocalVector<T> */
struct vector {
    char *first, *last, *limit;
};

/* MemorySpan<T> */
struct span {
    char *first;
    size_t count;
};

typedef v8_local synthetic_call(void *isolate, v8_local name, const void *exports, void *steps);

static v8_local synthetic(void *isolate, v8_local name, const void *exports, void *steps,
                          struct v8_slot *slot)
{
    return ((synthetic_call *)slot->target)(isolate_of(isolate), name, exports,
                                            v8_callback(slot->pair, V8_CALLBACK_PLAIN_2, steps));
}

/* Module::CreateSyntheticModule(Isolate *, Local<String>, names, SyntheticModuleEvaluationSteps): names
 * are a std::vector up to 11.3, a MemorySpan from 12.4 on */
v8_local v8_module_synthetic(void *isolate, v8_local name, const void *exports, void *steps,
                             struct v8_slot *slot)
{
    return synthetic(isolate, name, exports, steps, slot);
}

v8_local v8_module_synthetic_of_vector(void *isolate, v8_local name, const struct vector *exports,
                                       void *steps, struct v8_slot *slot)
{
    struct span span = {exports->first,
                        (size_t)(exports->last - exports->first) / sizeof(v8_local)};

    return synthetic(isolate, name, &span, steps, slot);
}

v8_local v8_module_synthetic_of_span(void *isolate, v8_local name, const struct span *exports,
                                     void *steps, struct v8_slot *slot)
{
    struct vector vector = {.first = exports->first,
                            .last = exports->first + exports->count * sizeof(v8_local)};

    vector.limit = vector.last;
    return synthetic(isolate, name, &vector, steps, slot);
}

/* ---- what waits for a top-level await ------------------------------------------------------------------- */

/* Memory of a std::vector: its owner's operator delete is free(). */
static char *vector_make(struct vector *ret, size_t size)
{
    ret->first = size ? malloc(size) : NULL;
    ret->last = ret->limit = ret->first ? ret->first + size : NULL;
    return ret->first;
}

/* The second first: libstdc++ has a std::tuple's elements in this order. */
struct stalled {
    v8_local message, module;
};

struct stalled_vectors {
    struct vector modules, messages;
};

typedef void *stalled_call(void *ret, v8_local module, void *isolate);

/* Module::GetStalledTopLevelAwaitMessage(Isolate *) of 11.3 returns a vector of tuples,
 * GetStalledTopLevelAwaitMessages(Isolate *) of 12.4 a pair of vectors. */
struct vector *v8_module_stalled_tuples(struct vector *ret, v8_local module, void *isolate,
                                        struct v8_slot *slot)
{
    struct stalled_vectors host;
    struct stalled *tuples;
    size_t count;

    *ret = (struct vector){0};
    ((stalled_call *)slot->target)(&host, module, isolate_of(isolate));
    count = (size_t)(host.modules.last - host.modules.first) / sizeof(v8_local);
    tuples = (struct stalled *)vector_make(ret, count * sizeof *tuples);
    for (size_t i = 0; tuples && i < count; i++)
        tuples[i] = (struct stalled){((v8_local *)host.messages.first)[i],
                                     ((v8_local *)host.modules.first)[i]};
    free(host.modules.first);
    free(host.messages.first);
    return ret;
}

struct stalled_vectors *v8_module_stalled_pair(struct stalled_vectors *ret, v8_local module,
                                               void *isolate, struct v8_slot *slot)
{
    struct vector host;
    v8_local *modules, *messages;
    size_t count;

    *ret = (struct stalled_vectors){{0}, {0}};
    ((stalled_call *)slot->target)(&host, module, isolate_of(isolate));
    count = (size_t)(host.last - host.first) / sizeof(struct stalled);
    modules = (v8_local *)vector_make(&ret->modules, count * sizeof *modules);
    messages = (v8_local *)vector_make(&ret->messages, count * sizeof *messages);
    for (size_t i = 0; modules && messages && i < count; i++) {
        modules[i] = ((struct stalled *)host.first)[i].module;
        messages[i] = ((struct stalled *)host.first)[i].message;
    }
    free(host.first);
    return ret;
}

/* ---- import() ------------------------------------------------------------------------------------------ */

typedef void set_callback_call(void *isolate, void *callback);

static void import_set(void *isolate, void *callback, enum v8_callback_kind kind,
                       struct v8_slot *slot)
{
    ((set_callback_call *)slot->target)(isolate_of(isolate),
                                        v8_callback(slot->pair, kind, callback));
}

/* SetHostImportModuleDynamicallyCallback(HostImportModuleDynamicallyWithImportAssertionsCallback) */
void v8_isolate_set_import_old(void *isolate, void *callback, struct v8_slot *slot)
{
    import_set(isolate, callback, V8_CALLBACK_IMPORT_OLD, slot);
}

/* SetHostImportModuleWithPhaseDynamicallyCallback(HostImportModuleWithPhaseDynamicallyCallback) */
void v8_isolate_set_import_phase(void *isolate, void *callback, struct v8_slot *slot)
{
    import_set(isolate, callback, V8_CALLBACK_IMPORT_PHASE, slot);
}

void v8_isolate_set_import_no_phase(void *isolate, void *callback, struct v8_slot *slot)
{
    import_set(isolate, callback, V8_CALLBACK_IMPORT_NO_PHASE, slot);
}

/* HostImportModuleDynamicallyWithImportAssertionsCallback: gets a ScriptOrModule */
v8_local v8_call_import_old(v8_local context, v8_local options, v8_local name, v8_local specifier,
                            v8_local attributes, struct v8_slot *slot)
{
    typedef v8_local import_callback(v8_local, v8_local, v8_local, v8_local);
    void *isolate = current_isolate(slot->pair);
    v8_local referrer = referrer_new(slot->pair, name, options), promise;
    struct crossing crossing;

    crossing_in(&crossing, slot->pair, isolate);
    promise = ((import_callback *)slot->target)(context, referrer, specifier, attributes);
    crossing_in_end(&crossing);
    return promise;
}

typedef v8_local phase_callback(v8_local context, v8_local options, v8_local name,
                                v8_local specifier, int phase, v8_local attributes);

static v8_local import_with_phase(v8_local context, v8_local options, v8_local name,
                                  v8_local specifier, int phase, v8_local attributes,
                                  struct v8_slot *slot)
{
    struct crossing crossing;
    v8_local promise;

    crossing_in(&crossing, slot->pair, current_isolate(slot->pair));
    promise = ((phase_callback *)slot->target)(context, options, name, specifier, phase, attributes);
    crossing_in_end(&crossing);
    return promise;
}

/* A phase that the plugin has no name for is the one that all know: the module is evaluated. */
v8_local v8_call_import_phase(v8_local context, v8_local options, v8_local name,
                              v8_local specifier, int phase, v8_local attributes,
                              struct v8_slot *slot)
{
    int32_t own = v8_enum_value(V8_VALUE_ModuleImportPhase_kEvaluation, slot->pair->plugin);

    v8_enum_convert(V8_ENUM_ModuleImportPhase, slot->pair->host, slot->pair->plugin, phase, &own);
    return import_with_phase(context, options, name, specifier, own, attributes, slot);
}

v8_local v8_call_import_no_phase(v8_local context, v8_local options, v8_local name,
                                 v8_local specifier, v8_local attributes, struct v8_slot *slot)
{
    return import_with_phase(
        context, options, name, specifier,
        v8_enum_value(V8_VALUE_ModuleImportPhase_kEvaluation, slot->pair->plugin), attributes,
        slot);
}
