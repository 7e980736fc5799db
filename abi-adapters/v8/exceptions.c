/* SPDX-License-Identifier: MIT */
/* v8::Exception, v8::Message and what is about stack traces. */
#include "adapter.h"

typedef v8_local get_call(v8_local object, v8_local context, v8_local key);
typedef uint16_t define_call(v8_local object, v8_local context, v8_local key, v8_local value,
                             int attributes);

#define JUST_TRUE 0x0101 /* Maybe<bool>: has_value, value */
#define DONT_ENUM 2

/* A property of an object by name; NULL: it threw, or it is no object. */
static v8_local property_of(struct v8_pair *pair, v8_local context, v8_local object,
                            const char *name)
{
    typedef v8_local string_call(void *isolate, const char *text, int type, int length);
    typedef bool is_object_call(v8_local value);
    v8_local key = HOST_CALL(pair, string_new, string_call *)(current_isolate(pair), name,
                                                                    0, -1);

    if (!key || !object || !HOST_CALL(pair, value_is_object, is_object_call *)(object))
        return NULL;
    return HOST_CALL(pair, object_get, get_call *)(object, context, key);
}

static v8_local current_context(struct v8_pair *pair)
{
    typedef v8_local context_call(void *isolate);

    return HOST_CALL(pair, isolate_context, context_call *)(current_isolate(pair));
}

/* ---- new exceptions ------------------------------------------------------------------------------------ */

/* Exception::Error(Local<String>) and its like have options from 12.4 on: {cause}. */
v8_local v8_exception_plain(v8_local message, struct v8_slot *slot)
{
    return ((v8_local(*)(v8_local, v8_local))slot->target)(message, NULL);
}

/* The host has none: a cause is what its constructors would have made of {cause}. */
v8_local v8_exception_caused(v8_local message, v8_local options, struct v8_slot *slot)
{
    v8_local error = ((v8_local(*)(v8_local))slot->target)(message), context, cause, key;
    typedef v8_local string_call(void *isolate, const char *text, int type, int length);
    typedef uint16_t has_call(v8_local object, v8_local context, v8_local key);
    typedef bool is_object_call(v8_local value);
    struct v8_pair *pair = slot->pair;

    if (!options || !HOST_CALL(pair, value_is_object, is_object_call *)(options))
        return error;
    context = current_context(pair);
    key = HOST_CALL(pair, string_new, string_call *)(current_isolate(pair), "cause", 0, -1);
    if (HOST_CALL(pair, object_has, has_call *)(options, context, key) != JUST_TRUE)
        return error;
    cause = property_of(pair, context, options, "cause");
    if (cause)
        HOST_CALL(pair, object_define_own, define_call *)(error, context, key, cause, DONT_ENUM);
    return error;
}

/* Exception::CaptureStackTrace(Local<Context>, Local<Object>) of 12.9: Error.captureStackTrace() */
uint16_t v8_exception_capture(v8_local context, v8_local object, struct v8_slot *slot)
{
    typedef v8_local global_call(v8_local context);
    typedef bool is_function_call(v8_local value);
    typedef v8_local function_call(v8_local function, v8_local context, v8_local receiver,
                                   int count, v8_local *arguments);
    struct v8_pair *pair = slot->pair;
    v8_local global = HOST_CALL(pair, context_global, global_call *)(context);
    v8_local error = property_of(pair, context, global, "Error");
    v8_local function = property_of(pair, context, error, "captureStackTrace");

    if (!function || !HOST_CALL(pair, value_is_function, is_function_call *)(function))
        return 0;
    return HOST_CALL(pair, function_call, function_call *)(function, context, error, 1, &object)
               ? JUST_TRUE
               : 0;
}

/* ---- messages ------------------------------------------------------------------------------------------ */

/* Message::GetIsolate() */
void *v8_message_isolate(v8_local message, struct v8_slot *slot)
{
    void *isolate = slot->target ? ((void *(*)(v8_local))slot->target)(message)
                                 : current_isolate(slot->pair);

    return shadow_of(slot->pair, isolate);
}

typedef void print_call(void *isolate, void *stream, void *filter);

/* Message::PrintCurrentStackTrace(Isolate *, std::ostream &), from 13.6 on with a filter that may be
 * NULL */
void v8_message_print(void *isolate, void *stream, struct v8_slot *slot)
{
    ((print_call *)slot->target)(isolate_of(isolate), stream, NULL);
}

void v8_message_print_filtered(void *isolate, void *stream, void *filter, struct v8_slot *slot)
{
    ((print_call *)slot->target)(isolate_of(isolate), stream,
                                 v8_callback(slot->pair, V8_CALLBACK_ISOLATE_2, filter));
}

/* ---- stack traces --------------------------------------------------------------------------------------- */

#define FRAMES 16

/* StackTrace::CurrentScriptId(Isolate *) of 14.1: of the first frame that has one */
int v8_stack_trace_script_id(void *shadow, struct v8_slot *slot)
{
    typedef v8_local trace_call(void *isolate, int limit, int options);
    typedef int count_call(v8_local trace);
    typedef v8_local frame_call(v8_local trace, void *isolate, unsigned index);
    typedef int id_call(v8_local frame);
    struct v8_pair *pair = slot->pair;
    void *isolate = isolate_of(shadow);
    struct v8_scope scope;
    int id = 0, count;
    v8_local trace;

    scope_open(pair, isolate, &scope);
    trace = HOST_CALL(pair, stack_trace_current, trace_call *)(
        isolate, FRAMES, v8_enum_value(V8_VALUE_StackTrace_StackTraceOptions_kDetailed, pair->host));
    count = HOST_CALL(pair, stack_trace_count, count_call *)(trace);
    for (int i = 0; i < count && id <= 0; i++)
        id = HOST_CALL(pair, stack_frame_script_id, id_call *)(
            HOST_CALL(pair, stack_trace_frame, frame_call *)(trace, isolate, (unsigned)i));
    scope_close(pair, &scope);
    return id > 0 ? id : 0;
}
