/* SPDX-License-Identifier: MIT */
/* Scripts: origins, sources, unbound scripts, code caches, functions from source, streaming. */
#include "probe.h"

#include <cstring>
#include <memory>

using namespace probe;

namespace {

/* The origin every version writes in its own way: with the isolate up to 12.4. */
ScriptOrigin OriginOf(Isolate *isolate, const char *name, int line, int column)
{
#if BEFORE(12, 4)
    return ScriptOrigin(isolate, Str(name), line, column);
#else
    (void)isolate;
    return ScriptOrigin(Str(name), line, column);
#endif
}

ScriptOrigin FullOrigin(Isolate *isolate, Local<Data> options)
{
#if BEFORE(12, 4)
    return ScriptOrigin(isolate, Str("full.js"), 10, 20, true, 7, Str("full.map"), true, false,
                        false, options);
#else
    (void)isolate;
    return ScriptOrigin(Str("full.js"), 10, 20, true, 7, Str("full.map"), true, false, false,
                        options);
#endif
}

}  // namespace

CASE(script_compile)
{
    Local<Script> script = Script::Compile(context, Str("6 * 7")).ToLocalChecked();
    CHECK(script->Run(context).ToLocalChecked()->Int32Value(context).FromJust() == 42);
    CHECK(script->Run(context).ToLocalChecked()->Int32Value(context).FromJust() == 42);
}

CASE(script_compile_error)
{
    TryCatch guard(isolate);
    CHECK(Script::Compile(context, Str("6 *")).IsEmpty());
    CHECK(guard.HasCaught());
    CHECK(Text(guard.Exception()).find("SyntaxError") == 0);
}

CASE(script_origin)
{
    ScriptOrigin origin = OriginOf(isolate, "origin.js", 3, 5);
    CHECK(origin.LineOffset() == 3);
    CHECK(origin.ColumnOffset() == 5);
    Local<Script> script =
        Script::Compile(context, Str("(function named() {})"), &origin).ToLocalChecked();
    Local<Function> function = script->Run(context).ToLocalChecked().As<Function>();
    CHECK(Text(function->GetName()) == "named");
    CHECK(Text(function->GetScriptOrigin().ResourceName()) == "origin.js");
    CHECK(function->GetScriptLineNumber() == 3);
    CHECK(Text(script->GetResourceName()) == "origin.js");
}

CASE(script_origin_full)
{
    Local<PrimitiveArray> options = PrimitiveArray::New(isolate, 2);
    options->Set(isolate, 0, Symbol::New(isolate));
    options->Set(isolate, 1, Str("host"));
    ScriptOrigin origin = FullOrigin(isolate, options);
    CHECK(origin.ScriptId() == 7);
    Local<Script> script =
        Script::Compile(context, Str("(function f() {})"), &origin).ToLocalChecked();
    Local<Function> function = script->Run(context).ToLocalChecked().As<Function>();
    ScriptOrigin back = function->GetScriptOrigin();
    CHECK(Text(back.ResourceName()) == "full.js");
    CHECK(back.LineOffset() == 10);
    CHECK(back.ColumnOffset() == 20);
    CHECK(Text(back.SourceMapUrl()) == "full.map");
    CHECK(back.Options().IsSharedCrossOrigin());
    CHECK(back.Options().IsOpaque());
    CHECK(!back.Options().IsModule());
    CHECK(!back.Options().IsWasm());
    Local<PrimitiveArray> seen = back.GetHostDefinedOptions().As<PrimitiveArray>();
    CHECK(seen->Length() == 2);
    CHECK(Text(seen->Get(isolate, 1).As<Value>()) == "host");
}

CASE(script_origin_column)
{
    ScriptOrigin origin = OriginOf(isolate, "column.js", 0, 100);
    Local<Script> script =
        Script::Compile(context, Str("null.x"), &origin)
            .ToLocalChecked();
    TryCatch guard(isolate);
    CHECK(script->Run(context).IsEmpty());
    CHECK(guard.HasCaught());
    CHECK_EQ(guard.Message()->GetStartColumn(), 105);
    CHECK(Text(guard.Message()->GetScriptResourceName()) == "column.js");
    CHECK(guard.Message()->GetScriptOrigin().ColumnOffset() == 100);
}

CASE(script_source)
{
    ScriptCompiler::Source source(Str("1 + 2"), OriginOf(isolate, "source.js", 0, 0));
    Local<Script> script = ScriptCompiler::Compile(context, &source).ToLocalChecked();
    CHECK(script->Run(context).ToLocalChecked()->Int32Value(context).FromJust() == 3);
    CHECK(source.GetCachedData() == nullptr);
    CHECK(!source.GetResourceOptions().IsModule());
}

CASE(script_source_bare)
{
    ScriptCompiler::Source source(Str("'bare'"));
    Local<Script> script =
        ScriptCompiler::Compile(context, &source, ScriptCompiler::kEagerCompile).ToLocalChecked();
    CHECK(Text(script->Run(context).ToLocalChecked()) == "bare");
}

CASE(script_unbound)
{
    ScriptCompiler::Source source(Str("globalThis.unboundRuns = (globalThis.unboundRuns || 0) + 1;"
                                      "\n//# sourceMappingURL=unbound.map\n"
                                      "//# sourceURL=unbound-url.js"),
                                  OriginOf(isolate, "unbound.js", 2, 0));
    Local<UnboundScript> unbound =
        ScriptCompiler::CompileUnboundScript(isolate, &source).ToLocalChecked();
    CHECK(unbound->GetId() > 0);
    CHECK(Text(unbound->GetScriptName()) == "unbound.js");
    CHECK(Text(unbound->GetSourceMappingURL()) == "unbound.map");
    CHECK(Text(unbound->GetSourceURL()) == "unbound-url.js");
    CHECK(unbound->GetLineNumber(0) == 2);
    Local<Script> script = unbound->BindToCurrentContext();
    CHECK(script->Run(context).ToLocalChecked()->Int32Value(context).FromJust() == 1);
    CHECK(unbound->BindToCurrentContext()->Run(context).ToLocalChecked()->Int32Value(context)
              .FromJust() == 2);
    CHECK(Text(script->GetUnboundScript()->GetScriptName()) == "unbound.js");
    Js("delete globalThis.unboundRuns");
}

CASE(code_cache_create)
{
    ScriptCompiler::Source source(Str("(function cached() { return 11; })()"));
    Local<UnboundScript> unbound =
        ScriptCompiler::CompileUnboundScript(isolate, &source).ToLocalChecked();
    std::unique_ptr<ScriptCompiler::CachedData> cache(ScriptCompiler::CreateCodeCache(unbound));
    CHECK(cache != nullptr);
    CHECK(cache->length > 16);
    CHECK(cache->data != nullptr);
    CHECK(!cache->rejected);
    CHECK(cache->buffer_policy == ScriptCompiler::CachedData::BufferOwned);
    CHECK(ScriptCompiler::CachedDataVersionTag() == ScriptCompiler::CachedDataVersionTag());
}

CASE(code_cache_consume)
{
    const char *code = "(function cached() { return 12; })()";
    ScriptCompiler::Source first(Str(code), OriginOf(isolate, "cache.js", 0, 0));
    Local<UnboundScript> unbound =
        ScriptCompiler::CompileUnboundScript(isolate, &first).ToLocalChecked();
    std::unique_ptr<ScriptCompiler::CachedData> made(ScriptCompiler::CreateCodeCache(unbound));
    CHECK(made != nullptr);
    uint8_t *copy = new uint8_t[made->length];
    memcpy(copy, made->data, made->length);
    ScriptCompiler::Source second(
        Str(code), OriginOf(isolate, "cache.js", 0, 0),
        new ScriptCompiler::CachedData(copy, made->length,
                                       ScriptCompiler::CachedData::BufferOwned));
    Local<Script> script =
        ScriptCompiler::Compile(context, &second, ScriptCompiler::kConsumeCodeCache)
            .ToLocalChecked();
    CHECK(second.GetCachedData() != nullptr);
    CHECK(!second.GetCachedData()->rejected);
    CHECK(script->Run(context).ToLocalChecked()->Int32Value(context).FromJust() == 12);
}

CASE(code_cache_reject)
{
    uint8_t *junk = new uint8_t[64];
    memset(junk, 0x5a, 64);
    ScriptCompiler::Source source(
        Str("'rejected cache'"), OriginOf(isolate, "reject.js", 0, 0),
        new ScriptCompiler::CachedData(junk, 64, ScriptCompiler::CachedData::BufferOwned));
    Local<Script> script =
        ScriptCompiler::Compile(context, &source, ScriptCompiler::kConsumeCodeCache)
            .ToLocalChecked();
    CHECK(source.GetCachedData()->rejected);
    CHECK(Text(script->Run(context).ToLocalChecked()) == "rejected cache");
}

CASE(code_cache_background)
{
    const char *code = "(function behind() { return 13; })()";
    ScriptCompiler::Source first(Str(code));
    Local<UnboundScript> unbound =
        ScriptCompiler::CompileUnboundScript(isolate, &first).ToLocalChecked();
    std::unique_ptr<ScriptCompiler::CachedData> made(ScriptCompiler::CreateCodeCache(unbound));
    uint8_t *copy = new uint8_t[made->length];
    memcpy(copy, made->data, made->length);
    /* The task may run on any thread; here it is run at once. */
    ScriptCompiler::ConsumeCodeCacheTask *task = ScriptCompiler::StartConsumingCodeCache(
        isolate, std::make_unique<ScriptCompiler::CachedData>(
                     copy, made->length, ScriptCompiler::CachedData::BufferOwned));
    CHECK(task != nullptr);
    if (task == nullptr) return;
    task->Run();
    ScriptCompiler::Source second(
        Str(code),
        new ScriptCompiler::CachedData(made->data, made->length,
                                       ScriptCompiler::CachedData::BufferNotOwned),
        task);
    Local<Script> script =
        ScriptCompiler::Compile(context, &second, ScriptCompiler::kConsumeCodeCache)
            .ToLocalChecked();
    CHECK(script->Run(context).ToLocalChecked()->Int32Value(context).FromJust() == 13);
}

CASE(compile_function)
{
    Local<Object> extension = Object::New(isolate);
    extension->Set(context, Str("extra"), Integer::New(isolate, 5)).Check();
    Local<String> names[] = {Str("a"), Str("b")};
    Local<Object> extensions[] = {extension};
    ScriptCompiler::Source source(Str("return a * b + extra"),
                                  OriginOf(isolate, "function.js", 1, 0));
    Local<Function> function =
        ScriptCompiler::CompileFunction(context, &source, 2, names, 1, extensions)
            .ToLocalChecked();
    Local<Value> arguments[] = {Integer::New(isolate, 3), Integer::New(isolate, 4)};
    Local<Value> result =
        function->Call(context, Undefined(isolate), 2, arguments).ToLocalChecked();
    CHECK(result->Int32Value(context).FromJust() == 17);
    CHECK(Text(function->GetScriptOrigin().ResourceName()) == "function.js");
}

#if BEFORE(11, 3)
CASE(compile_function_in_context)
{
    Local<String> names[] = {Str("n")};
    ScriptCompiler::Source source(Str("return n + 1"), OriginOf(isolate, "old.js", 0, 0));
    Local<ScriptOrModule> record;
    Local<Function> function =
        ScriptCompiler::CompileFunctionInContext(
            context, &source, 1, names, 0, nullptr, ScriptCompiler::kNoCompileOptions,
            ScriptCompiler::kNoCacheNoReason, &record)
            .ToLocalChecked();
    Local<Value> arguments[] = {Integer::New(isolate, 8)};
    CHECK(function->Call(context, Undefined(isolate), 1, arguments).ToLocalChecked()
              ->Int32Value(context).FromJust() == 9);
    CHECK(!record.IsEmpty());
    CHECK(Text(record->GetResourceName()) == "old.js");
}
#endif

CASE(code_cache_function)
{
    const char *code = "return 'function cache'";
    ScriptCompiler::Source source(Str(code), OriginOf(isolate, "fcache.js", 0, 0));
    Local<Function> function = ScriptCompiler::CompileFunction(context, &source).ToLocalChecked();
    std::unique_ptr<ScriptCompiler::CachedData> cache(
        ScriptCompiler::CreateCodeCacheForFunction(function));
    CHECK(cache != nullptr);
    CHECK(cache->length > 16);
    uint8_t *copy = new uint8_t[cache->length];
    memcpy(copy, cache->data, cache->length);
    ScriptCompiler::Source again(
        Str(code), OriginOf(isolate, "fcache.js", 0, 0),
        new ScriptCompiler::CachedData(copy, cache->length,
                                       ScriptCompiler::CachedData::BufferOwned));
    Local<Function> second =
        ScriptCompiler::CompileFunction(context, &again, 0, nullptr, 0, nullptr,
                                        ScriptCompiler::kConsumeCodeCache)
            .ToLocalChecked();
    CHECK(Text(second->Call(context, Undefined(isolate), 0, nullptr).ToLocalChecked()) ==
          "function cache");
}

namespace {

/* The source in two pieces; V8 takes ownership of each piece. */
class TwoPieces : public ScriptCompiler::ExternalSourceStream {
public:
    explicit TwoPieces(int *ended) : ended_(ended) {}
    ~TwoPieces() override { ++*ended_; }
    size_t GetMoreData(const uint8_t **source) override
    {
        static const char *const pieces[] = {"var streamed = 20;", " streamed + 3"};
        if (next_ == 2) return 0;
        size_t length = strlen(pieces[next_]);
        uint8_t *piece = new uint8_t[length];
        memcpy(piece, pieces[next_++], length);
        *source = piece;
        return length;
    }

private:
    int next_ = 0;
    int *ended_;
};

}  // namespace

CASE(script_streamed)
{
    int ended = 0;
    {
        ScriptCompiler::StreamedSource streamed(std::make_unique<TwoPieces>(&ended),
                                                ScriptCompiler::StreamedSource::ONE_BYTE);
        std::unique_ptr<ScriptCompiler::ScriptStreamingTask> task(
            ScriptCompiler::StartStreaming(isolate, &streamed));
        CHECK(task != nullptr);
        if (task == nullptr) return;
        task->Run();
        Local<Script> script =
            ScriptCompiler::Compile(context, &streamed, Str("var streamed = 20; streamed + 3"),
                                    OriginOf(isolate, "streamed.js", 0, 0))
                .ToLocalChecked();
        CHECK(script->Run(context).ToLocalChecked()->Int32Value(context).FromJust() == 23);
        CHECK(Text(script->GetResourceName()) == "streamed.js");
    }
    CHECK(ended == 1);
}

CASE(script_many_lines)
{
    /* Offsets of the origin move the lines of a message. */
    ScriptOrigin origin = OriginOf(isolate, "lines.js", 40, 0);
    Local<Script> script =
        Script::Compile(context, Str("var one;\n\nthrow new Error('line');"), &origin)
            .ToLocalChecked();
    TryCatch guard(isolate);
    CHECK(script->Run(context).IsEmpty());
    CHECK(guard.Message()->GetLineNumber(context).FromJust() == 43);
    CHECK(guard.Message()->GetScriptOrigin().LineOffset() == 40);
}
