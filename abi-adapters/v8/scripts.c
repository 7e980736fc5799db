/* SPDX-License-Identifier: MIT */
/* v8::ScriptOrigin, v8::Script and v8::ScriptCompiler. */
#include <stdlib.h>

#include "records.h"
#include "referrers.h"

/* ---- origins ------------------------------------------------------------------------------------------ */

/* NULL stays NULL. */
static const void *origin_of(struct v8_pair *pair, const void *origin, union record_buffer *buffer)
{
    if (!origin || record_is_equal(pair, V8_RECORD_ScriptOrigin))
        return origin;
    record_to_host(pair, V8_RECORD_ScriptOrigin, origin, buffer);
    return buffer;
}

/* Function::GetScriptOrigin(), Message::GetScriptOrigin(): returned in memory of the plugin, which has
 * room for its own version's only. */
void *v8_origin_returned(void *ret, const void *object, struct v8_slot *slot)
{
    union record_buffer host;

    ((void *(*)(void *, const void *))slot->target)(&host, object);
    record_to_plugin(slot->pair, V8_RECORD_ScriptOrigin, &host, ret);
    return ret;
}

/* ScriptOrigin::VerifyHostDefinedOptions(), which its inline constructors call */
void v8_origin_verify(const void *origin, struct v8_slot *slot)
{
    union record_buffer host;

    ((void (*)(const void *))slot->target)(origin_of(slot->pair, origin, &host));
}

/* ScriptOrigin::HostDefinedOptions(), up to 10.2 */
v8_local v8_origin_options(const void *origin, struct v8_slot *slot)
{
    v8_local *options =
        record_field(origin, V8_FIELD_ScriptOrigin_host_defined_options, slot->pair->plugin);

    return *options;
}

/* Script::Compile(Local<Context>, Local<String>, ScriptOrigin *) */
v8_local v8_script_compile(v8_local context, v8_local source, const void *origin,
                           struct v8_slot *slot)
{
    union record_buffer host;

    return ((v8_local(*)(v8_local, v8_local, const void *))slot->target)(
        context, source, origin_of(slot->pair, origin, &host));
}

/* ConsumeCodeCacheTask::SourceTextAvailable(Isolate *, Local<String>, const ScriptOrigin &) */
void v8_consume_source_text(void *task, void *isolate, v8_local source, const void *origin,
                            struct v8_slot *slot)
{
    union record_buffer host;

    ((void (*)(void *, void *, v8_local, const void *))slot->target)(
        task, isolate_of(isolate), source, origin_of(slot->pair, origin, &host));
}

/* Script::ScriptId() of 14.6 */
int v8_script_id(v8_local script, struct v8_slot *slot)
{
    typedef v8_local unbound_call(v8_local script);
    typedef int id_call(v8_local script);
    v8_local unbound = HOST_CALL(slot->pair, script_unbound, unbound_call *)(script);

    return HOST_CALL(slot->pair, unbound_script_id, id_call *)(unbound);
}

/* ---- options ------------------------------------------------------------------------------------------- */

#define OPTION(name, version)                                                                    \
    v8_enum_value(V8_VALUE_ScriptCompiler_CompileOptions_##name, version)
/* From 13.6 on CompileOptions are bits. */
#define HAS_BITS(version) (OPTION(kFollowCompileHintsMagicComment, version) != V8_NONE)

/* Hints that the host knows nothing of are not given: they only make it compile earlier. */
static int compile_options(const struct v8_pair *pair, int options)
{
    int32_t converted = 0;

    if (HAS_BITS(pair->plugin) && HAS_BITS(pair->host)) {
        v8_enum_flags_convert(V8_ENUM_ScriptCompiler_CompileOptions, pair->plugin, pair->host,
                              options, &converted);
        return converted;
    }
    if (HAS_BITS(pair->plugin))
        options &= ~OPTION(kFollowCompileHintsMagicComment, pair->plugin) &
                   (OPTION(kFollowCompileHintsPerFunctionMagicComment, pair->plugin) == V8_NONE
                        ? -1
                        : ~OPTION(kFollowCompileHintsPerFunctionMagicComment, pair->plugin));
    if (!v8_enum_convert(V8_ENUM_ScriptCompiler_CompileOptions, pair->plugin, pair->host, options,
                         &converted))
        return 0;
    return converted;
}

/* Only counted. */
static int no_cache_reason(const struct v8_pair *pair, int reason)
{
    int32_t converted;

    if (v8_enum_convert(V8_ENUM_ScriptCompiler_NoCacheReason, pair->plugin, pair->host, reason,
                        &converted))
        return converted;
    return v8_enum_value(V8_VALUE_ScriptCompiler_NoCacheReason_kNoCacheNoReason, pair->host);
}

/* ---- sources ------------------------------------------------------------------------------------------- */

/* A Source of the plugin as the host has it, during a call. Both own the cached data, one after the
 * other: what the host has done with it is copied back. */
struct source {
    struct v8_pair *pair;
    void *plugin;
    union record_buffer host;
};

static void *source_open(struct source *ret, struct v8_pair *pair, void *plugin)
{
    ret->pair = pair;
    ret->plugin = plugin;
    record_to_host(pair, V8_RECORD_ScriptCompiler_Source, plugin, &ret->host);
    return &ret->host;
}

static void source_close(struct source *source)
{
    record_to_plugin(source->pair, V8_RECORD_ScriptCompiler_Source, &source->host, source->plugin);
}

typedef v8_local compile_call(void *where, void *source, int options, int reason);

/* ScriptCompiler::Compile(Local<Context>, Source *, CompileOptions, NoCacheReason);
 * CompileUnboundScript, CompileUnboundInternal and CompileModule with an Isolate * instead */
v8_local v8_compile(void *where, void *plugin_source, int options, int reason,
                    struct v8_slot *slot)
{
    struct source source;
    void *host = source_open(&source, slot->pair, plugin_source);
    v8_local result;

    result = ((compile_call *)slot->target)(isolate_of(where), host,
                                            compile_options(slot->pair, options),
                                            no_cache_reason(slot->pair, reason));
    source_close(&source);
    return result;
}

static v8_local source_referrer(const struct source *source)
{
    enum v8_version version = source->pair->plugin;
    v8_local *name =
        record_field(source->plugin, V8_FIELD_ScriptCompiler_Source_resource_name, version);
    v8_local *options =
        record_field(source->plugin, V8_FIELD_ScriptCompiler_Source_host_defined_options, version);

    return referrer_new(source->pair, *name, *options);
}

typedef v8_local compile_function_call(v8_local context, void *source, size_t arguments_count,
                                       v8_local *arguments, size_t extensions_count,
                                       v8_local *extensions, int options, int reason,
                                       v8_local *ret_script);

/* ScriptCompiler::CompileFunction; CompileFunctionInContext and CompileFunctionInternal, which tell the
 * ScriptOrModule, too. A host that has the former only does not look at `ret_script`: the plugin then
 * gets what has its name and options. */
static v8_local compile_function(v8_local context, void *plugin_source, size_t arguments_count,
                                 v8_local *arguments, size_t extensions_count,
                                 v8_local *extensions, int options, int reason,
                                 v8_local *ret_script, struct v8_slot *slot)
{
    struct source source;
    void *host = source_open(&source, slot->pair, plugin_source);
    v8_local result;

    if (ret_script)
        *ret_script = NULL;
    result = ((compile_function_call *)slot->target)(
        context, host, arguments_count, arguments, extensions_count, extensions,
        compile_options(slot->pair, options), no_cache_reason(slot->pair, reason), ret_script);
    source_close(&source);
    if (result && ret_script && !*ret_script)
        *ret_script = source_referrer(&source);
    return result;
}

v8_local v8_compile_function(v8_local context, void *source, size_t arguments_count,
                             v8_local *arguments, size_t extensions_count, v8_local *extensions,
                             int options, int reason, struct v8_slot *slot)
{
    return compile_function(context, source, arguments_count, arguments, extensions_count,
                            extensions, options, reason, NULL, slot);
}

v8_local v8_compile_function_script(v8_local context, void *source, size_t arguments_count,
                                    v8_local *arguments, size_t extensions_count,
                                    v8_local *extensions, int options, int reason,
                                    v8_local *ret_script, struct v8_slot *slot)
{
    return compile_function(context, source, arguments_count, arguments, extensions_count,
                            extensions, options, reason, ret_script, slot);
}

/* ---- streams ------------------------------------------------------------------------------------------- */

/*
 * StreamedSource: the plugin has memory for it, but only its own functions look into it. From 12.4 on it
 * is larger, and a background thread writes to it: for older plugins the one word that theirs has is the
 * address of the host's.
 */
static size_t streamed_size(enum v8_version version)
{
    return v8_record_size(V8_RECORD_ScriptCompiler_StreamedSource, version);
}

static bool is_elsewhere(const struct v8_pair *pair)
{
    return streamed_size(pair->plugin) < streamed_size(pair->host);
}

static void *streamed_of(const struct v8_pair *pair, void *source)
{
    return is_elsewhere(pair) ? *(void **)source : source;
}

/* What the plugin's headers say of a source that was not measured. */
static void details_clear(const struct v8_pair *pair, void *source)
{
    static const enum v8_field_id times[] = {
        V8_FIELD_ScriptCompiler_StreamedSource_compilation_details_foreground_time_in_microseconds,
        V8_FIELD_ScriptCompiler_StreamedSource_compilation_details_background_time_in_microseconds,
    };

    if (streamed_size(pair->plugin) == streamed_size(pair->host))
        return;
    memset((char *)source + sizeof(void *), 0, streamed_size(pair->plugin) - sizeof(void *));
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        int64_t *time = record_field(source, times[i], pair->plugin);

        if (time)
            *time = -1;
    }
}

/* StreamedSource::StreamedSource(std::unique_ptr<ExternalSourceStream>, Encoding) */
void v8_streamed_new(void *source, void *stream, int encoding, struct v8_slot *slot)
{
    void *host = source;

    if (is_elsewhere(slot->pair)) {
        host = calloc(1, streamed_size(slot->pair->host));
        *(void **)source = host;
        if (!host)
            return; /* streams and compiles nothing */
    } else {
        details_clear(slot->pair, source);
    }
    ((void (*)(void *, void *, int))slot->target)(host, stream, encoding);
}

/* StreamedSource::~StreamedSource() */
void v8_streamed_delete(void *source, struct v8_slot *slot)
{
    void *host = streamed_of(slot->pair, source);

    if (host)
        ((void (*)(void *))slot->target)(host);
    if (host != source)
        free(host);
}

typedef void *start_streaming_call(void *isolate, void *source, int type, int options,
                                   void *hint_callback, void *hint_data);

/* ScriptCompiler::StartStreaming(Isolate *, StreamedSource *, ScriptType), from 11.3 on with
 * CompileOptions, from 12.4 on with a CompileHintCallback and its data: functions with less parameters do
 * not look at the others. The hint callback gets nothing of V8's, on any thread. */
void *v8_start_streaming_hints(void *isolate, void *source, int type, int options,
                               void *hint_callback, void *hint_data, struct v8_slot *slot)
{
    void *host = streamed_of(slot->pair, source);

    if (!host)
        return NULL;
    return ((start_streaming_call *)slot->target)(isolate_of(isolate), host, type,
                                                  compile_options(slot->pair, options),
                                                  hint_callback, hint_data);
}

void *v8_start_streaming_options(void *isolate, void *source, int type, int options,
                                 struct v8_slot *slot)
{
    return v8_start_streaming_hints(isolate, source, type, options, NULL, NULL, slot);
}

void *v8_start_streaming(void *isolate, void *source, int type, struct v8_slot *slot)
{
    return v8_start_streaming_hints(isolate, source, type, 0, NULL, NULL, slot);
}

/* ScriptCompiler::Compile(Local<Context>, StreamedSource *, Local<String>, const ScriptOrigin &) and
 * CompileModule */
v8_local v8_compile_streamed(v8_local context, void *source, v8_local text, const void *origin,
                             struct v8_slot *slot)
{
    union record_buffer buffer;
    void *host = streamed_of(slot->pair, source);

    if (!host)
        return NULL;
    return ((v8_local(*)(v8_local, void *, v8_local, const void *))slot->target)(
        context, host, text, origin_of(slot->pair, origin, &buffer));
}

/* ---- compile hints ------------------------------------------------------------------------------------- */

/* A std::vector, where the host has nothing to put into it. */
void *v8_empty_vector(void *ret)
{
    return memset(ret, 0, 3 * sizeof(void *));
}

void *v8_same(void *object)
{
    return object;
}
