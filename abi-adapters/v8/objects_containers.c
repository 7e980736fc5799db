/* SPDX-License-Identifier: MIT */
/*
 * v8::Array and DictionaryTemplate where a host does not have them as the plugin knows them, and the
 * callbacks that arrays take.
 */
#include <stdlib.h>

#include "crossings.h"

/* ---- DictionaryTemplate, new in 12.4: elsewhere an array of its names ----------------------------------- */

/* std::string_view of libstdc++ */
struct text {
    size_t length;
    const char *start;
};

/* DictionaryTemplate::New(Isolate *, MemorySpan<const std::string_view>) */
v8_local v8_dictionary_new(void *shadow, const struct text *names, size_t count,
                           struct v8_slot *slot)
{
    const struct v8_pair *pair = slot->pair;
    void *isolate = isolate_of(shadow);
    v8_local array =
        HOST_CALL(pair, primitive_array_new, v8_local(*)(void *, int))(isolate, (int)count);

    for (size_t i = 0; i < count; i++) {
        struct v8_scope scope;
        v8_local name;

        scope_open(slot->pair, isolate, &scope);
        name = HOST_CALL(pair, string_new, v8_local(*)(void *, const char *, int, int))(
            isolate, names[i].start, 1, (int)names[i].length);
        HOST_CALL(pair, primitive_array_set, void (*)(v8_local, void *, int, v8_local))(
            array, isolate, (int)i, name);
        scope_close(slot->pair, &scope);
    }
    return array;
}

/* DictionaryTemplate::NewInstance(Local<Context>, MemorySpan<MaybeLocal<Value>>) */
v8_local v8_dictionary_instance(v8_local names, v8_local context, const v8_local *values,
                                size_t count, struct v8_slot *slot)
{
    const struct v8_pair *pair = slot->pair;
    void *isolate = current_isolate(pair);
    v8_local object = HOST_CALL(pair, object_new, v8_local(*)(void *))(isolate);

    for (size_t i = 0; i < count; i++) {
        struct v8_scope scope;
        v8_local name;

        if (!values[i])
            continue;
        scope_open(slot->pair, isolate, &scope);
        name = HOST_CALL(pair, primitive_array_get, v8_local(*)(v8_local, void *, int))(
            names, isolate, (int)i);
        HOST_CALL(pair, object_create_property,
                  uint16_t(*)(v8_local, v8_local, v8_local, v8_local))(object, context, name,
                                                                       values[i]);
        scope_close(slot->pair, &scope);
    }
    return object;
}

/* ---- Array::Iterate ---------------------------------------------------------------------------------------- */

enum { ITERATE_EXCEPTION, ITERATE_BREAK, ITERATE_CONTINUE };

typedef int iterate_call(uint32_t index, v8_local element, void *data);

/* Array::Iterate(Local<Context>, IterationCallback, void *); Maybe<void> */
uint8_t v8_array_iterate(v8_local array, v8_local context, void *callback, void *data,
                         struct v8_slot *slot)
{
    return ((uint8_t(*)(v8_local, v8_local, void *, void *))slot->target)(
        array, context, v8_callback(slot->pair, V8_CALLBACK_PLAIN_3, callback), data);
}

static int iterate_step(struct v8_pair *pair, v8_local array, v8_local context, uint32_t index,
                        iterate_call *callback, void *data)
{
    struct crossing crossing;
    struct v8_scope scope;
    int result = ITERATE_EXCEPTION;
    v8_local element;

    scope_open(pair, current_isolate(pair), &scope);
    element = HOST_CALL(pair, object_get_index, v8_local(*)(v8_local, v8_local, uint32_t))(
        array, context, index);
    if (element) {
        crossing_in(&crossing, pair, scope.isolate);
        result = callback(index, element, data);
        crossing_in_end(&crossing);
    }
    scope_close(pair, &scope);
    return result;
}

/* The same where the host has none: what the documentation of it says it is the same as */
uint8_t v8_array_iterate_by_get(v8_local array, v8_local context, iterate_call *callback, void *data,
                                struct v8_slot *slot)
{
    int result = ITERATE_CONTINUE;

    for (uint32_t i = 0; result == ITERATE_CONTINUE; i++) {
        if (i >= HOST_CALL(slot->pair, array_length, uint32_t(*)(v8_local))(array))
            break;
        result = iterate_step(slot->pair, array, context, i, callback, data);
    }
    return result != ITERATE_EXCEPTION;
}

/* ---- Array::New with a function for the elements ------------------------------------------------------- */

/* std::function<MaybeLocal<Value>()> of libstdc++ */
struct function {
    uintptr_t functor[2];
    int (*manager)(void *to, const void *from, int operation);
    v8_local (*invoker)(const struct function *function);
};

enum { FUNCTION_COPY = 2 };

static v8_local next_value(struct v8_pair *pair, const struct function *plugins)
{
    struct crossing crossing;
    v8_local value;

    crossing_in(&crossing, pair, current_isolate(pair));
    value = plugins->invoker(plugins);
    crossing_in_end(&crossing);
    return value;
}

static v8_local next_value_for_host(const struct function *hosts)
{
    return next_value((struct v8_pair *)hosts->functor[0],
                      (const struct function *)hosts->functor[1]);
}

/* A host's std::function that calls the plugin's is two words, copied as such. */
static int manager_for_host(void *to, const void *from, int operation)
{
    if (operation == FUNCTION_COPY)
        memcpy(to, from, 2 * sizeof(uintptr_t));
    return 0;
}

/* Array::New(Local<Context>, size_t, std::function<MaybeLocal<Value>()>) */
v8_local v8_array_new_by(v8_local context, size_t length, const struct function *next,
                         struct v8_slot *slot)
{
    struct function hosts = {
        {(uintptr_t)slot->pair, (uintptr_t)next}, manager_for_host, next_value_for_host};

    return ((v8_local(*)(v8_local, size_t, struct function *))slot->target)(context, length, &hosts);
}

/* The same where the host has none */
v8_local v8_array_new_of(v8_local context, size_t length, const struct function *next,
                         struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    void *isolate = current_isolate(pair);
    v8_local *values = malloc((length ? length : 1) * sizeof *values), array = NULL;
    struct v8_scope scope;
    size_t done = 0;

    (void)context;
    if (!values)
        return NULL;
    scope_open(pair, isolate, &scope);
    while (done < length && (values[done] = next_value(pair, next)))
        done++;
    if (done == length)
        array = HOST_CALL(pair, array_new, v8_local(*)(void *, v8_local *, size_t))(isolate, values,
                                                                                   length);
    free(values);
    return scope_escape(pair, &scope, array);
}
