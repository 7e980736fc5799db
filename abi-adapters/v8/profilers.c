/* SPDX-License-Identifier: MIT */
/* The CPU profiler: its options, its samples, and the ticks of lines. */
#include <stdlib.h>

#include "crossings.h"
#include "records.h"

enum { TOO_MANY_PROFILERS = 2 };

/* ---- samples --------------------------------------------------------------------------------- */

/* CpuProfiler::CollectSample(Isolate *), host: with a std::optional<uint64_t>, which is two
 * words */
void v8_profiler_collect(void *isolate, struct v8_slot *slot)
{
    ((void (*)(void *, uint64_t, bool))slot->target)(isolate_of(isolate), 0, false);
}

/* CpuProfiler::CollectSample(Isolate *, std::optional<uint64_t>), host: without */
void v8_profiler_collect_traced(void *isolate, uint64_t trace_id, uintptr_t has_trace_id,
                                struct v8_slot *slot)
{
    (void)trace_id;
    (void)has_trace_id;
    ((void (*)(void *))slot->target)(isolate_of(isolate));
}

/* Isolate::IsInUse(). What continuations keep lies in the isolate, at an offset that is in the
 * headers. A profiler reads it there in the handler of a signal, whose first question is this:
 * so the shadow gets what the host has now. No collector knows that word, it is good until the
 * next one. */
bool v8_isolate_in_use(void *isolate, struct v8_slot *slot)
{
    const struct v8_pair *pair = slot->pair;
    int32_t own = v8_constant(V8_kContinuationPreservedEmbedderDataOffset, pair->plugin);
    int32_t hosts = v8_constant(V8_kContinuationPreservedEmbedderDataOffset, pair->host);
    char *host = isolate_of(isolate);

    if (own != V8_NONE && hosts != V8_NONE && host != isolate)
        *(v8_value *)((char *)isolate + own) = *(const v8_value *)(host + hosts);
    return ((bool (*)(void *))slot->target)(host);
}

/* What a host's state is to a plugin that does not have it. */
static int32_t state_near(const struct v8_pair *pair, int32_t state)
{
    if (state == v8_enum_value(V8_VALUE_StateTag_IDLE_EXTERNAL, pair->host))
        return v8_enum_value(V8_VALUE_StateTag_IDLE, pair->plugin);
    return v8_enum_value(V8_VALUE_StateTag_OTHER, pair->plugin);
}

/* CpuProfile::GetSampleState(int): StateTag is an int up to 11.3 and of 16 bits from 12.4 on */
int32_t v8_profile_sample_state(const void *profile, int index, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    int32_t state = (uint16_t)((int (*)(const void *, int))slot->target)(profile, index), own;

    return v8_enum_convert(V8_ENUM_StateTag, pair->host, pair->plugin, state, &own)
               ? own
               : state_near(pair, state);
}

/* ---- options --------------------------------------------------------------------------------- */

typedef void options_call(void *options, int mode, unsigned samples, int interval,
                          v8_local context, uintptr_t source);

static void options_new(void *options, int mode, unsigned samples, int interval,
                        v8_local context, unsigned source, struct v8_slot *slot)
{
    union record_buffer host = {{0}};

    ((options_call *)slot->target)(&host, mode, samples, interval, context, source);
    record_to_plugin(slot->pair, V8_RECORD_CpuProfilingOptions, &host, options);
}

/* CpuProfilingOptions(CpuProfilingMode, unsigned, int, MaybeLocal<Context>), host: with a source */
void v8_profiling_options_new(void *options, int mode, unsigned samples, int interval,
                              v8_local context, struct v8_slot *slot)
{
    options_new(options, mode, samples, interval, context, 0, slot);
}

/* CpuProfilingOptions(CpuProfilingMode, unsigned, int, MaybeLocal<Context>, CpuProfileSource),
 * host: without */
void v8_profiling_options_new_sourced(void *options, int mode, unsigned samples, int interval,
                                      v8_local context, unsigned source, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    uint8_t *own;

    options_new(options, mode, samples, interval, context, source, slot);
    own = record_field(options, V8_FIELD_CpuProfilingOptions_profile_source, pair->plugin);
    if (own)
        *own = (uint8_t)source;
}

/* ---- to start -------------------------------------------------------------------------------- */

static void *options_to_host(struct v8_pair *pair, void *options, union record_buffer *ret_host)
{
    if (record_is_equal(pair, V8_RECORD_CpuProfilingOptions))
        return options;
    *ret_host = (union record_buffer){{0}};
    record_to_host(pair, V8_RECORD_CpuProfilingOptions, options, ret_host);
    return ret_host;
}

/* The host has moved the context out of the options, or else the caller frees it. */
static void options_from_host(struct v8_pair *pair, const void *host, void *options)
{
    if (host != options)
        record_to_plugin(pair, V8_RECORD_CpuProfilingOptions, host, options);
}

/* CpuProfiler::Start(CpuProfilingOptions, std::unique_ptr<DiscardedSamplesDelegate>): both are
 * passed by address. The result is {id, status}. */
uint64_t v8_profiler_start(void *profiler, void *options, void **delegate, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    union record_buffer host;
    void *passed;
    uint64_t result;

    if (!v8_object_share(pair, V8_CLASS_DiscardedSamplesDelegate, *delegate))
        return (uint64_t)TOO_MANY_PROFILERS << 32;
    passed = options_to_host(pair, options, &host);
    result = ((uint64_t (*)(void *, void *, void **))slot->target)(profiler, passed, delegate);
    options_from_host(pair, passed, options);
    return result;
}

typedef uint64_t start_titled_call(void *profiler, v8_local title, void *options, void **delegate);

static uint64_t start_titled(void *profiler, v8_local title, void *options, void **delegate,
                             struct v8_slot *slot)
{
    union record_buffer host;
    void *passed = options_to_host(slot->pair, options, &host);
    uint64_t result =
        ((start_titled_call *)slot->target)(profiler, title, passed, delegate);

    options_from_host(slot->pair, passed, options);
    return result;
}

/* CpuProfiler::Start(Local<String>, CpuProfilingOptions,
 * std::unique_ptr<DiscardedSamplesDelegate>) */
uint64_t v8_profiler_start_titled(void *profiler, v8_local title, void *options, void **delegate,
                                  struct v8_slot *slot)
{
    if (!v8_object_share(slot->pair, V8_CLASS_DiscardedSamplesDelegate, *delegate))
        return (uint64_t)TOO_MANY_PROFILERS << 32;
    return start_titled(profiler, title, options, delegate, slot);
}

/* CpuProfiler::StartProfiling(Local<String>, CpuProfilingOptions,
 * std::unique_ptr<DiscardedSamplesDelegate>): the result is the status */
uint64_t v8_profiler_start_profiling(void *profiler, v8_local title, void *options,
                                     void **delegate, struct v8_slot *slot)
{
    if (!v8_object_share(slot->pair, V8_CLASS_DiscardedSamplesDelegate, *delegate))
        return TOO_MANY_PROFILERS;
    return start_titled(profiler, title, options, delegate, slot);
}

/* ---- line ticks ------------------------------------------------------------------------------ */

/* CpuProfileNode::GetLineTicks(LineTick *, unsigned) const: from 14.1 on a line has one for each
 * column */
bool v8_profile_node_ticks(const void *node, unsigned char *ticks, unsigned length,
                           struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    unsigned count =
        HOST_CALL(pair, profile_node_hit_lines, unsigned (*)(const void *))(node);
    size_t host_size = (size_t)v8_record_size(V8_RECORD_CpuProfileNode_LineTick, pair->host);
    size_t size = (size_t)v8_record_size(V8_RECORD_CpuProfileNode_LineTick, pair->plugin);
    unsigned char *host;
    bool filled;

    if (!ticks || length == 0 || length < count)
        return false;
    host = calloc((size_t)count + 1, host_size);
    if (!host)
        return false;
    filled = ((bool (*)(const void *, void *, unsigned))slot->target)(node, host, count + 1);
    for (unsigned i = 0; filled && i < count; i++)
        record_to_plugin(pair, V8_RECORD_CpuProfileNode_LineTick, host + i * host_size,
                         ticks + i * size);
    free(host);
    return filled;
}

/* ---- events of code -------------------------------------------------------------------------- */

/* CodeEventHandler::Enable(): the plugin's object gets its events from here on */
void v8_code_handler_enable(void *handler, struct v8_slot *slot)
{
    if (v8_object_share(slot->pair, V8_CLASS_CodeEventHandler, handler))
        ((void (*)(void *))slot->target)(handler);
}
