/* SPDX-License-Identifier: MIT */
/*
 * v8::Function and v8::FunctionTemplate: callbacks go to the host as trampolines. Fast API calls do not:
 * what describes them (CFunctionInfo) and what they get differs between versions, and V8 takes the slow
 * call when there is no fast one.
 */
#include "callback_info.h"

typedef v8_local function_new_call(v8_local context, void *callback, v8_local data, int length,
                                   int behavior, int side_effect);
typedef v8_local template_new_call(void *isolate, void *callback, v8_local data,
                                   v8_local signature, int length, int behavior, int side_effect,
                                   const void *fast, unsigned type, unsigned first, unsigned last);
typedef v8_local template_with_cache_call(void *isolate, void *callback, v8_local cache,
                                          v8_local data, v8_local signature, int length,
                                          int side_effect);
typedef v8_local template_with_fast_call(void *isolate, void *callback, v8_local data,
                                         v8_local signature, int length, int behavior,
                                         int side_effect, const void *fast);
typedef v8_local function_call_call(v8_local self, v8_local context, v8_local receiver, int count,
                                    v8_local *arguments);
typedef void set_call_handler_call(v8_local self, void *callback, v8_local data, int side_effect,
                                   const void *fast);

static const uintptr_t no_fast_calls[2]; /* an empty MemorySpan<const CFunction> */

static const char with_data;

/* A callback may be registered many times, by threads at the same time; what once had data has it. */
void *function_trampoline(struct v8_pair *pair, void *callback, v8_local data)
{
    void *thunk = v8_callback(pair, V8_CALLBACK_FUNCTION, callback);
    struct v8_slot *own = v8_slot_of_thunk(thunk);

    if (!own)
        return thunk;
    if (data)
        own->data = &with_data;
    else if (!own->data)
        own->data = &v8_without_data;
    return thunk;
}

/* Function::New(Local<Context>, FunctionCallback, Local<Value>, int, ConstructorBehavior,
 * SideEffectType); Local<Data> from 14.6 on */
v8_local v8_function_new(v8_local context, void *callback, v8_local data, int length,
                         int behavior, int side_effect, struct v8_slot *slot)
{
    return ((function_new_call *)slot->target)(context, function_trampoline(slot->pair, callback, data), data, length,
                                               behavior, side_effect);
}

/* Function::Call(Isolate *, Local<Context>, Local<Value>, int, Local<Value>[]) on hosts without the
 * isolate */
v8_local v8_function_call(v8_local self, void *isolate, v8_local context, v8_local receiver,
                          int count, v8_local *arguments, struct v8_slot *slot)
{
    (void)isolate;
    return ((function_call_call *)slot->target)(self, context, receiver, count, arguments);
}

/* FunctionTemplate::New(Isolate *, FunctionCallback, Local<Value>, Local<Signature>, int,
 * ConstructorBehavior, SideEffectType, const CFunction *, uint16_t, uint16_t, uint16_t) */
v8_local v8_template_new(void *isolate, void *callback, v8_local data, v8_local signature,
                         int length, int behavior, int side_effect, const void *fast,
                         unsigned type, unsigned first, unsigned last, struct v8_slot *slot)
{
    (void)fast;
    return ((template_new_call *)slot->target)(isolate_of(isolate), function_trampoline(slot->pair, callback, data), data,
                                               signature, length, behavior, side_effect, NULL, type,
                                               first, last);
}

/* FunctionTemplate::NewWithCache(Isolate *, FunctionCallback, Local<Private>, Local<Value>,
 * Local<Signature>, int, SideEffectType) */
v8_local v8_template_with_cache(void *isolate, void *callback, v8_local cache, v8_local data,
                                v8_local signature, int length, int side_effect,
                                struct v8_slot *slot)
{
    return ((template_with_cache_call *)slot->target)(isolate_of(isolate),
                                                      function_trampoline(slot->pair, callback, data), cache, data,
                                                      signature, length, side_effect);
}

/* FunctionTemplate::NewWithCFunctionOverloads(Isolate *, FunctionCallback, Local<Value>,
 * Local<Signature>, int, ConstructorBehavior, SideEffectType, const MemorySpan<const CFunction> &) */
v8_local v8_template_with_fast(void *isolate, void *callback, v8_local data, v8_local signature,
                               int length, int behavior, int side_effect, const void *fast,
                               struct v8_slot *slot)
{
    (void)fast;
    return ((template_with_fast_call *)slot->target)(isolate_of(isolate),
                                                     function_trampoline(slot->pair, callback, data), data, signature,
                                                     length, behavior, side_effect, no_fast_calls);
}

/* FunctionTemplate::SetCallHandler(FunctionCallback, Local<Value>, SideEffectType,
 * const MemorySpan<const CFunction> &); Local<Data> from 14.6 on */
void v8_template_set_call_handler(v8_local self, void *callback, v8_local data, int side_effect,
                                  const void *fast, struct v8_slot *slot)
{
    (void)fast;
    ((set_call_handler_call *)slot->target)(self, function_trampoline(slot->pair, callback, data), data, side_effect,
                                            no_fast_calls);
}

/* api_internal::GetFunctionTemplateData(Isolate *, Local<Data>), where the host has none: the data is
 * what lies where the plugin looks for the target. */
v8_local v8_function_template_data(void *isolate, v8_local target, struct v8_slot *slot)
{
    (void)isolate, (void)slot;
    return target;
}

/* api_internal::ConvertToJSGlobalProxyIfNecessary(Address), where the host has none */
v8_value v8_global_proxy_of(v8_value holder, struct v8_slot *slot)
{
    return holder_proxy(slot->pair, current_isolate(slot->pair), holder);
}
