/* SPDX-License-Identifier: MIT */
/* Trampolines of isolate-wide callbacks that get a record, a value of an enumeration or a float. */
#include "crossings.h"
#include "isolates.h"
#include "records.h"

/* PromiseRejectMessage: the same in all versions, and larger than what goes into registers. */
struct promise_reject_message {
    v8_local promise;
    int event;
    v8_local value;
};

void v8_call_promise_reject(struct promise_reject_message message, struct v8_slot *slot)
{
    struct crossing crossing;

    crossing_in(&crossing, slot->pair, current_isolate(slot->pair));
    ((void (*)(struct promise_reject_message))slot->target)(message);
    crossing_in_end(&crossing);
}

/* ExceptionPropagationMessage, likewise. */
struct exception_propagation_message {
    void *isolate;
    v8_local exception, interface_name, property_name;
    uint32_t context;
};

void v8_call_propagation(struct exception_propagation_message message, struct v8_slot *slot)
{
    struct crossing crossing;

    crossing_in(&crossing, slot->pair, message.isolate);
    message.isolate = crossing.shadow;
    ((void (*)(struct exception_propagation_message))slot->target)(message);
    crossing_in_end(&crossing);
}

/* UseCounterCallback(Isolate *, UseCounterFeature): plugins may have an array of as many as they know. */
void v8_call_use_counter(void *isolate, int feature, struct v8_slot *slot)
{
    struct crossing crossing;
    enum v8_version plugin = slot->pair->plugin;

    if (feature >= v8_enum_value(V8_VALUE_Isolate_UseCounterFeature_kUseCounterFeatureCount, plugin))
        return;
    crossing_in(&crossing, slot->pair, isolate);
    ((void (*)(void *, int))slot->target)(crossing.shadow, feature);
    crossing_in_end(&crossing);
}

/* AddCrashKeyCallback(CrashKeyId, const std::string &). Keys that the plugin has no name for are not
 * told. */
void v8_call_crash_key(int key, const void *value, struct v8_slot *slot)
{
    int32_t own;

    if (v8_enum_convert(V8_ENUM_CrashKeyId, slot->pair->host, slot->pair->plugin, key, &own))
        ((void (*)(int, const void *))slot->target)(own, value);
}

/* JitCodeEventHandler(const JitCodeEvent *), on any thread */
void v8_call_jit_event(const void *event, struct v8_slot *slot)
{
    union record_buffer own;

    record_to_plugin(slot->pair, V8_RECORD_JitCodeEvent, event, &own);
    ((void (*)(const void *))slot->target)(&own);
}

/* AtomicsWaitCallback(AtomicsWaitEvent, Local<SharedArrayBuffer>, size_t, int64_t, double,
 * AtomicsWaitWakeHandle *, void *) */
void v8_call_atomics_wait(int event, v8_local buffer, size_t offset, int64_t value, double timeout,
                          void *wake, void *data, struct v8_slot *slot)
{
    struct crossing crossing;

    crossing_in(&crossing, slot->pair, current_isolate(slot->pair));
    ((void (*)(int, v8_local, size_t, int64_t, double, void *, void *))slot->target)(
        event, buffer, offset, value, timeout, wake, data);
    crossing_in_end(&crossing);
}

/* ---- out of memory ------------------------------------------------------------------------------------ */

/* OOMDetails, from 11.3 on */
struct oom_details {
    bool is_heap_oom;
    const char *detail;
};

typedef void oom_old_callback(const char *location, bool is_heap_oom);
typedef void oom_callback(const char *location, const struct oom_details *details);
typedef void oom_data_callback(const char *location, const struct oom_details *details,
                               const void *data);

/* The plugin's knows a bool only. */
void v8_call_oom_old(const char *location, const struct oom_details *details, struct v8_slot *slot)
{
    ((oom_old_callback *)slot->target)(location, details->is_heap_oom);
}

/* The host's knows a bool only. */
void v8_call_oom_of_old(const char *location, bool is_heap_oom, struct v8_slot *slot)
{
    struct oom_details details = {is_heap_oom, NULL};

    ((oom_callback *)slot->target)(location, &details);
}

/* The host passes no data: the slot has it. */
void v8_call_oom_data(const char *location, const struct oom_details *details,
                      struct v8_slot *slot)
{
    ((oom_data_callback *)slot->target)(location, details, slot->data);
}

void v8_call_oom_data_of_old(const char *location, bool is_heap_oom, struct v8_slot *slot)
{
    struct oom_details details = {is_heap_oom, NULL};

    ((oom_data_callback *)slot->target)(location, &details, slot->data);
}

enum v8_callback_kind v8_oom_kind(const struct v8_pair *pair)
{
    if (pair->plugin < V8_11_3)
        return pair->host < V8_11_3 ? V8_CALLBACK_PLAIN_2 : V8_CALLBACK_OOM_OLD;
    return pair->host < V8_11_3 ? V8_CALLBACK_OOM_OF_OLD : V8_CALLBACK_PLAIN_2;
}

/* Isolate::SetOOMErrorHandler(OOMErrorCallback) */
void v8_isolate_set_oom(void *isolate, void *callback, struct v8_slot *slot)
{
    ((void (*)(void *, void *))slot->target)(
        isolate_of(isolate), v8_callback(slot->pair, v8_oom_kind(slot->pair), callback));
}

/* Isolate::SetOOMErrorHandler(OOMErrorCallbackWithData, void *), where the host has only the other. One
 * function with two data gets the last of them. */
void v8_isolate_set_oom_data(void *isolate, void *callback, void *data, struct v8_slot *slot)
{
    enum v8_callback_kind kind =
        slot->pair->host < V8_11_3 ? V8_CALLBACK_OOM_DATA_OF_OLD : V8_CALLBACK_OOM_DATA;
    void *trampoline = v8_callback(slot->pair, kind, callback);

    if (trampoline) {
        uintptr_t offset = (uintptr_t)trampoline - v8_slot_address(v8_slot_at(0));
        uintptr_t size = v8_slot_address(v8_slot_at(1)) - v8_slot_address(v8_slot_at(0));

        v8_slot_at((unsigned)(offset / size))->data = data;
    }
    ((void (*)(void *, void *))slot->target)(isolate_of(isolate), trampoline);
}

/* V8::SetFatalMemoryErrorCallback(OOMErrorCallback) */
void v8_set_fatal_memory(void *callback, struct v8_slot *slot)
{
    ((void (*)(void *))slot->target)(v8_callback(slot->pair, v8_oom_kind(slot->pair), callback));
}

/* ---- samples of the stack ----------------------------------------------------------------------------- */

/* Isolate::GetStackSample(const RegisterState &, void **, size_t, SampleInfo *) */
void v8_isolate_stack_sample(void *isolate, const void *state, void **frames, size_t limit,
                             void *ret_info, struct v8_slot *slot)
{
    union record_buffer info = {{0}};

    ((void (*)(void *, const void *, void **, size_t, void *))slot->target)(isolate_of(isolate), state,
                                                                          frames, limit, &info);
    record_to_plugin(slot->pair, V8_RECORD_SampleInfo, &info, ret_info);
}
