/* SPDX-License-Identifier: MIT */
/*
 * v8::Context. What tells a context made from a snapshot how to read fields are structures {callback,
 * data}, passed as two words each: one up to 11.3, a second from 12.4 and a third from 12.9 on. The host is
 * always given three; it does not look at those it does not know.
 */
#include "crossings.h"
#include "microtasks.h"

typedef uintptr_t word;

struct deserializer {
    void *callback, *data;
};

typedef v8_local context_new_call(void *isolate, void *extensions, v8_local global_template,
                                  v8_local global, struct deserializer fields, void *queue,
                                  struct deserializer context_data, struct deserializer wrappers);
typedef v8_local context_from_snapshot_call(void *isolate, size_t index, struct deserializer fields,
                                            void *extensions, v8_local global, void *queue,
                                            struct deserializer context_data,
                                            struct deserializer wrappers);

static const struct deserializer none;

/* (Local<Object> or Local<Context>, int, StartupData, void *) */
static struct deserializer of_index(struct v8_slot *slot, struct deserializer plugins)
{
    plugins.callback = v8_callback(slot->pair, V8_CALLBACK_PLAIN_5, plugins.callback);
    return plugins;
}

/* (Local<Object>, StartupData, void *) */
static struct deserializer of_wrapper(struct v8_slot *slot, struct deserializer plugins)
{
    plugins.callback = v8_callback(slot->pair, V8_CALLBACK_PLAIN_4, plugins.callback);
    return plugins;
}

/* Context::New(Isolate *, ExtensionConfiguration *, MaybeLocal<ObjectTemplate>, MaybeLocal<Value>,
 * DeserializeInternalFieldsCallback, MicrotaskQueue *, DeserializeContextDataCallback,
 * DeserializeAPIWrapperCallback) */
v8_local v8_context_new_3(void *isolate, void *extensions, v8_local global_template,
                          v8_local global, struct deserializer fields, void *queue,
                          struct deserializer context_data, struct deserializer wrappers,
                          struct v8_slot *slot)
{
    return ((context_new_call *)slot->target)(
        isolate_of(isolate), extensions, global_template, global, of_index(slot, fields),
        microtask_queue_of(queue), of_index(slot, context_data), of_wrapper(slot, wrappers));
}

v8_local v8_context_new_2(void *isolate, void *extensions, v8_local global_template,
                          v8_local global, struct deserializer fields, void *queue,
                          struct deserializer context_data, struct v8_slot *slot)
{
    return v8_context_new_3(isolate, extensions, global_template, global, fields, queue,
                            context_data, none, slot);
}

v8_local v8_context_new_1(void *isolate, void *extensions, v8_local global_template,
                          v8_local global, struct deserializer fields, void *queue,
                          struct v8_slot *slot)
{
    return v8_context_new_3(isolate, extensions, global_template, global, fields, queue, none, none,
                            slot);
}

/* Context::FromSnapshot(Isolate *, size_t, DeserializeInternalFieldsCallback, ExtensionConfiguration *,
 * MaybeLocal<Value>, MicrotaskQueue *, DeserializeContextDataCallback, DeserializeAPIWrapperCallback) */
v8_local v8_context_from_snapshot_3(void *isolate, size_t index, struct deserializer fields,
                                    void *extensions, v8_local global, void *queue,
                                    struct deserializer context_data, struct deserializer wrappers,
                                    struct v8_slot *slot)
{
    return ((context_from_snapshot_call *)slot->target)(
        isolate_of(isolate), index, of_index(slot, fields), extensions, global,
        microtask_queue_of(queue), of_index(slot, context_data), of_wrapper(slot, wrappers));
}

v8_local v8_context_from_snapshot_2(void *isolate, size_t index, struct deserializer fields,
                                    void *extensions, v8_local global, void *queue,
                                    struct deserializer context_data, struct v8_slot *slot)
{
    return v8_context_from_snapshot_3(isolate, index, fields, extensions, global, queue,
                                      context_data, none, slot);
}

v8_local v8_context_from_snapshot_1(void *isolate, size_t index, struct deserializer fields,
                                    void *extensions, v8_local global, void *queue,
                                    struct v8_slot *slot)
{
    return v8_context_from_snapshot_3(isolate, index, fields, extensions, global, queue, none, none,
                                      slot);
}

/* Context::SetAbortScriptExecution(AbortScriptExecutionCallback) */
void v8_context_set_abort(v8_local context, void *callback, struct v8_slot *slot)
{
    ((void (*)(v8_local, void *))slot->target)(
        context, v8_callback(slot->pair, V8_CALLBACK_ISOLATE_2, callback));
}

/* ---- continuation preserved embedder data: of contexts up to 11.3, of isolates from 12.4 on ---------------- */

/* Context::GetContinuationPreservedEmbedderData() */
v8_local v8_context_continuation(v8_local context, struct v8_slot *slot)
{
    (void)context;
    return ((v8_local(*)(void *))slot->target)(current_isolate(slot->pair));
}

/* Context::SetContinuationPreservedEmbedderData(Local<Value>) */
void v8_context_set_continuation(v8_local context, v8_local data, struct v8_slot *slot)
{
    (void)context;
    ((void (*)(void *, v8_local))slot->target)(current_isolate(slot->pair), data);
}

static v8_local context_of(struct v8_slot *slot, void *isolate)
{
    return HOST_CALL(slot->pair, isolate_context, v8_local(*)(void *))(isolate_of(isolate));
}

/* Isolate::GetContinuationPreservedEmbedderData(), ...V2() */
v8_local v8_isolate_continuation(void *isolate, struct v8_slot *slot)
{
    v8_local context = context_of(slot, isolate);

    if (!context)
        return host_root(slot->pair, isolate_of(isolate), V8_ROOT_UNDEFINED);
    return ((v8_local(*)(v8_local))slot->target)(context);
}

/* Isolate::SetContinuationPreservedEmbedderData(Local<Value>), ...V2(Local<Data>) */
void v8_isolate_set_continuation(void *isolate, v8_local data, struct v8_slot *slot)
{
    v8_local context = context_of(slot, isolate);

    if (context)
        ((void (*)(v8_local, v8_local))slot->target)(context, data);
}

/* ---- Context::DeepFreezeDelegate, one virtual function ---------------------------------------------------- */

struct freeze_delegate {
    v8_function_pointer *const *vtable;
    void *plugins; /* the plugin's object */
    struct v8_pair *pair;
};

typedef word freeze_call(void *delegate, v8_local object, void *ret_children);

/* FreezeEmbedderObjectAndGetChildren(Local<Object>, std::vector<Local<Object>> &): LocalVector is one, too */
static word freeze(struct freeze_delegate *delegate, v8_local object, void *ret_children)
{
    struct crossing crossing;
    word done;

    crossing_in(&crossing, delegate->pair, current_isolate(delegate->pair));
    done = (**(freeze_call ***)delegate->plugins)(delegate->plugins, object, ret_children);
    crossing_in_end(&crossing);
    return done;
}

/* Context::DeepFreeze(DeepFreezeDelegate *); Maybe<void> */
uint8_t v8_context_deep_freeze(v8_local context, void *delegate, struct v8_slot *slot)
{
    static v8_function_pointer *const vtable[] = {(v8_function_pointer *)freeze};
    struct freeze_delegate hosts = {vtable, delegate, slot->pair};

    return ((uint8_t(*)(v8_local, void *))slot->target)(context, delegate ? &hosts : NULL);
}
