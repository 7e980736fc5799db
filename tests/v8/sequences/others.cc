/* SPDX-License-Identifier: MIT */
/* Steps with scripts, contexts, buffers, external strings, serialization, collections. */
#include "sequences.h"

#include <stdlib.h>
#include <string.h>

#include <memory>

using namespace sequences;

/* ---- scripts */

static const char *const sources[] = {
    "(function named(a, b) { return [a, b, this === undefined]; })",
    "((f, x) => typeof f === 'function' ? f(x, 2) : x)",
    "[1, 'two', { three: 3 }, [4]]",
    "new Error('made by a script')",
    "(() => { throw new RangeError('thrown by a script'); })()",
    "\n\n   undefinedName.property",
    "syntax error here",
    "(class A { get x() { return 1; } static y = 2; })",
    "(function* () { yield 1; })()",
    "(async (f) => { await null; return typeof f; })",
    "(o) => Object.entries(o).length",
    "(o) => { 'use strict'; o.a = 1; o[1] = 2; delete o.b; return Object.keys(o).join(); }",
    "(o) => { for (const k in o) if (k === 'x') return o[k]; return JSON.stringify(o); }",
    "(o) => { o.x = 3; return [o.a, o.x, 'b' in o, o[0], o.length].map((v) => typeof v).join(); }",
    "(o, v) => Object.defineProperty(o, 'x', { value: v, configurable: true, writable: true })",
    "({ get a() { return this.b; }, set a(v) { this.b = v; }, [Symbol.for('a')]: 1 })",
    "new Map([['a', 1], ['b', { c: 2 }]])",
    "new Proxy({}, { get: (t, k) => typeof k === 'string' ? k + '!' : undefined })",
    "(function () { return arguments; })(1, 2)",
    "Promise.reject(new TypeError('rejected'))",
    "import('nowhere-at-all').catch((error) => error.name)",
};

STEP(script)
{
    const char *source = sources[Below(sizeof sources / sizeof *sources)];
    int line = Below(50), column = Below(5);
    ScriptOrigin origin = OriginOf(here.isolate, Str("sequence.js"), line, column);
    Local<Script> script;
    Local<Value> value;

    if (!Script::Compile(here.context, Str(source), &origin).ToLocal(&script))
        return "does not compile";
    if (!script->Run(here.context).ToLocal(&value))
        return "<empty>";
    return Put(value);
}

STEP(script_compiler)
{
    const char *source = sources[Below(sizeof sources / sizeof *sources)];
    ScriptOrigin origin = OriginOf(here.isolate, Str("compiled.js"), Below(9), 0);
    ScriptCompiler::Source text(Str(source), origin);
    Local<UnboundScript> unbound;
    Local<Value> value;

    if (!ScriptCompiler::CompileUnboundScript(here.isolate, &text,
                                              Chance(2) ? ScriptCompiler::kEagerCompile
                                                        : ScriptCompiler::kNoCompileOptions)
             .ToLocal(&unbound))
        return "does not compile";
    std::unique_ptr<ScriptCompiler::CachedData> cache(ScriptCompiler::CreateCodeCache(unbound));
    std::string text_of = Show(unbound->GetScriptName());
    if (!cache || cache->length <= 0)
        text_of += " no cache";
    if (!unbound->BindToCurrentContext()->Run(here.context).ToLocal(&value))
        return text_of + "<empty>";
    return text_of + Put(value);
}

STEP(compile_function)
{
    Local<String> names[] = { Str("one"), Str("two") };
    ScriptCompiler::Source source(Str("return [one, two, typeof extra]"),
                                  OriginOf(here.isolate, Str("function.js"), 3, 0));
    Local<Object> extensions[] = { AnyObject() };
    Local<Function> function;

    if (!ScriptCompiler::CompileFunction(here.context, &source, 2, names, Below(2), extensions)
             .ToLocal(&function))
        return "<empty>";
    return Put(function);
}

static MaybeLocal<Module> Resolve(Local<Context>, Local<String> specifier, Local<FixedArray>,
                                  Local<Module>)
{
    Isolate *isolate = Isolate::GetCurrent();
    ScriptCompiler::Source source(Str("export default 5; export const b = 'b';"),
                                  OriginOf(isolate, specifier, 0, 0, true));

    Tell("resolve " + Show(specifier));
    Nested(isolate);
    if (Chance(5)) {
        isolate->ThrowException(Exception::Error(Str("not resolved")));
        return MaybeLocal<Module>();
    }
    return ScriptCompiler::CompileModule(isolate, &source);
}

STEP(module)
{
    static const char *const texts[] = {
        "import d, { b } from 'other'; export const a = d + b;", "export let x = 1; throw x;",
        "export { nothing } from 'other';", "export default await 5;", "export * from 'again';",
    };
    ScriptCompiler::Source source(Str(texts[Below(5)]),
                                  OriginOf(here.isolate, Str("module.mjs"), 0, 0, true));
    Local<Module> module;
    Local<Value> value;

    if (!ScriptCompiler::CompileModule(here.isolate, &source).ToLocal(&module))
        return "does not compile";
    if (module->InstantiateModule(here.context, Resolve).FromMaybe(false) &&
        module->Evaluate(here.context).ToLocal(&value))
        Put(value);
    std::string text = std::to_string(module->GetStatus());
    if (module->GetStatus() == Module::kErrored)
        return text + Show(module->GetException());
    if (module->GetStatus() < Module::kInstantiated)
        return text;
    return text + Put(module->GetModuleNamespace());
}

STEP(json)
{
    Local<Value> value = Any();
    Local<String> text;

    if (Chance(3))
        return Show(JSON::Parse(here.context, Str("{\"a\": [1, 2, {\"b\": null}], \"a\": \"x\"}")));
    if (!JSON::Stringify(here.context, value, Chance(2) ? Str(" ") : Local<String>()).ToLocal(&text))
        return "<empty>";
    return Put(text);
}

STEP(stack)
{
    Local<StackTrace> trace = StackTrace::CurrentStackTrace(here.isolate, 4);
    std::string text = std::to_string(trace->GetFrameCount());

    for (int i = 0; i < trace->GetFrameCount(); i++) {
        Local<StackFrame> frame = trace->GetFrame(here.isolate, i);
        text += " " + Show(frame->GetFunctionName()) + std::to_string(frame->GetLineNumber()) + ":" +
                std::to_string(frame->GetColumn()) + std::to_string(frame->IsEval()) +
                std::to_string(frame->IsConstructor());
    }
    return text;
}

STEP(throwing)
{
    TryCatch catcher(here.isolate);
    Local<Value> value = Any();

    here.isolate->ThrowException(value);
    std::string text = std::to_string(catcher.HasCaught()) + Show(catcher.Exception()) +
                       Show(catcher.StackTrace(here.context));
    if (Chance(3))
        catcher.ReThrow();
    else
        catcher.Reset();
    return text + Show(Exception::CreateMessage(here.isolate, value)->GetSourceLine(here.context)
                           .FromMaybe(Local<String>()));
}

/* ---- contexts */

STEP(context)
{
    /* Never destroyed: when the process exits the isolate is gone. */
    static Global<Context> *contexts = new Global<Context>[3];
    static int generation;
    uint32_t index = Below(3);

    for (int i = 0; i < 3 && generation != Generation(); i++)
        contexts[i].Reset();
    generation = Generation();
    if (contexts[index].IsEmpty() || Chance(6)) {
        Local<ObjectTemplate> global = ObjectTemplate::New(here.isolate);
        global->Set(here.isolate, "native", FunctionTemplate::New(here.isolate, Native));
        Local<Context> made = Context::New(here.isolate, nullptr, global);
        if (made.IsEmpty())
            return "<empty>";
        made->SetSecurityToken(here.context->GetSecurityToken());
        made->SetEmbedderData(1, Str(AnyText().c_str()));
        contexts[index].Reset(here.isolate, made);
    }
    Local<Context> context = contexts[index].Get(here.isolate);
    Context::Scope scope(context);
    Local<Value> value = Any();
    bool set = context->Global()->Set(context, Str("value"), value).FromMaybe(false);
    Nested(here.isolate);
    Local<Script> script;
    if (!Script::Compile(context, Str("typeof value + typeof native(value)")).ToLocal(&script))
        return "does not compile";
    return std::to_string(set) + Show(script->Run(context)) + Show(context->GetEmbedderData(1));
}

/* ---- buffers */

STEP(new_buffer)
{
    uint32_t size = 8 * (1 + Below(8));
    Local<ArrayBuffer> buffer = ArrayBuffer::New(here.isolate, size);

    memset(buffer->GetBackingStore()->Data(), static_cast<int>(Below(256)), size);
    switch (Below(5)) {
    case 0: return Put(Uint8Array::New(buffer, 1, size - 2));
    case 1: return Put(Float64Array::New(buffer, 0, size / 8));
    case 2: return Put(DataView::New(buffer, 2, size - 4));
    case 3: return Put(BigInt64Array::New(buffer, 8, 0));
    default: return Put(buffer);
    }
}

STEP(outside_buffer)
{
    uint32_t size = 16 + Below(100);
    void *data = calloc(1, size);
    std::unique_ptr<BackingStore> store = ArrayBuffer::NewBackingStore(
        data, size, [](void *data, size_t, void *) { free(data); }, nullptr);

    return Put(ArrayBuffer::New(here.isolate, std::move(store)));
}

STEP(buffer)
{
    Local<Value> value = AnyThat([](Local<Value> value) {
        return value->IsArrayBuffer() || value->IsArrayBufferView();
    });

    if (value.IsEmpty())
        return "no buffer";
    if (value->IsArrayBuffer()) {
        Local<ArrayBuffer> buffer = value.As<ArrayBuffer>();
        std::shared_ptr<BackingStore> store = buffer->GetBackingStore();
        std::string text = std::to_string(buffer->ByteLength()) + " " +
                           std::to_string(store->ByteLength()) + std::to_string(store->IsShared()) +
                           std::to_string(buffer->IsDetachable());
        if (Chance(6) && buffer->IsDetachable())
#if SINCE(11, 3)
            text += Show(buffer->Detach(Local<Value>()));
#else
            buffer->Detach(), text += "1";
#endif
        return text + " " + std::to_string(buffer->ByteLength());
    }
    Local<ArrayBufferView> view = value.As<ArrayBufferView>();
    unsigned char bytes[16] = { 0 };
    size_t copied = view->CopyContents(bytes, sizeof bytes);
    return std::to_string(view->ByteLength()) + "@" + std::to_string(view->ByteOffset()) + " " +
           std::to_string(copied) + " " + std::to_string(bytes[0]) + std::to_string(bytes[15]) +
           std::to_string(view->HasBuffer()) + (Chance(2) ? Put(view->Buffer()) : "");
}

/* ---- strings outside of the heap */

struct OneByte : String::ExternalOneByteStringResource {
    explicit OneByte(const std::string &text) : text(text) {}
    const char *data() const override { return text.data(); }
    size_t length() const override { return text.size(); }
    std::string text;
};

struct TwoByte : String::ExternalStringResource {
    explicit TwoByte(size_t length) : text(length, 0x3b1) {}
    const uint16_t *data() const override { return text.data(); }
    size_t length() const override { return text.size(); }
    std::vector<uint16_t> text;
};

STEP(outside_string)
{
    Local<String> string;
    uint32_t length = 20 + Below(50);

    if (Chance(2)) {
        if (!String::NewExternalOneByte(here.isolate, new OneByte(std::string(length, 'e')))
                 .ToLocal(&string))
            return "<empty>";
        return std::to_string(string->IsExternalOneByte()) +
               std::to_string(string->GetExternalOneByteStringResource()->length()) + Put(string);
    }
    if (!String::NewExternalTwoByte(here.isolate, new TwoByte(length)).ToLocal(&string))
        return "<empty>";
    return std::to_string(string->IsExternalTwoByte()) +
           std::to_string(string->GetExternalStringResource()->length()) + Put(string);
}

STEP(string)
{
    Local<Value> value = AnyThat([](Local<Value> value) { return value->IsString(); });

    if (value.IsEmpty())
        return "no string";
    Local<String> string = value.As<String>();
    std::string text = std::to_string(string->Length()) + std::to_string(string->IsOneByte()) +
                       std::to_string(string->ContainsOnlyOneByte()) +
                       std::to_string(string->IsExternalOneByte());
    String::Utf8Value utf8(here.isolate, string);
    uint32_t sum = 0;
    for (int i = 0; i < static_cast<int>(utf8.length()); i++)
        sum = sum * 31 + static_cast<unsigned char>((*utf8)[i]);
    text += " " + std::to_string(utf8.length()) + "/" + std::to_string(sum);
#if BEFORE(13, 6)
    text += " " + std::to_string(string->Utf8Length(here.isolate));
#else
    text += " " + std::to_string(string->Utf8LengthV2(here.isolate));
#endif
    uint16_t units[8] = { 0 };
    uint32_t offset = Below(3), length = Below(6);
    if (offset + length <= static_cast<uint32_t>(string->Length())) {
#if BEFORE(13, 6)
        string->Write(here.isolate, units, offset, length, String::NO_NULL_TERMINATION);
#else
        string->WriteV2(here.isolate, offset, length, units);
#endif
        text += Escaped(units, 8);
    }
    return text;
}

/* ---- serialization */

STEP(clone_by_wire)
{
    Local<Value> value = Any(), back;
    std::string text;
    ValueSerializer serializer(here.isolate);

    serializer.WriteHeader();
    serializer.WriteUint32(Below(1000));
    bool written = serializer.WriteValue(here.context, value).FromMaybe(false);
    std::pair<uint8_t *, size_t> wire = serializer.Release();
    if (written) {
        ValueDeserializer deserializer(here.isolate, wire.first, wire.second);
        uint32_t number = 0;
        text = std::to_string(wire.second) + Show(deserializer.ReadHeader(here.context)) +
               std::to_string(deserializer.ReadUint32(&number)) + std::to_string(number);
        text += deserializer.ReadValue(here.context).ToLocal(&back) ? Put(back) : "<empty>";
    }
    free(wire.first);
    return text;
}

/* ---- persistent handles and collections */

struct Watched {
    Global<Object> handle;
    int first, second;
};

static void Second(const WeakCallbackInfo<Watched> &info) { info.GetParameter()->second++; }

static void First(const WeakCallbackInfo<Watched> &info)
{
    info.GetParameter()->first++;
    info.GetParameter()->handle.Reset();
    if (info.GetParameter()->first == 1)
        info.SetSecondPassCallback(Second);
}

STEP(weak)
{
    /* The second pass may come later: they stay. */
    Watched *watched = new Watched[2]();
    {
        HandleScope scope(here.isolate);
        for (int i = 0; i < 2; i++) {
            watched[i].handle.Reset(here.isolate, Object::New(here.isolate));
            watched[i].handle.SetWeak(&watched[i], First, WeakCallbackType::kParameter);
        }
        if (Chance(2))
            Put(watched[1].handle.Get(here.isolate));
    }
    here.isolate->LowMemoryNotification();
    std::string text = std::to_string(watched[0].first) +
                       std::to_string(watched[0].handle.IsEmpty()) +
                       std::to_string(watched[1].first) + std::to_string(watched[1].handle.IsWeak());
    watched[0].handle.Reset();
    watched[1].handle.Reset();
    return text;
}

STEP(persistent)
{
    Global<Object> one(here.isolate, AnyObject()), two;
    Persistent<Value> old(here.isolate, Any());

    two = std::move(one);
    if (Chance(4))
        here.isolate->LowMemoryNotification();
    std::string text = std::to_string(one.IsEmpty()) + Show(two.Get(here.isolate)) +
                       Show(Local<Value>::New(here.isolate, old));
    two.SetWrapperClassId(7);
    text += std::to_string(two.WrapperClassId());
    old.Reset();
    return text;
}

STEP(eternal)
{
    static Eternal<String> eternal;

    if (eternal.IsEmpty())
        eternal.Set(here.isolate, Str("eternal"));
    return Show(eternal.Get(here.isolate));
}

STEP(escape)
{
    EscapableHandleScope scope(here.isolate);

    for (uint32_t left = Below(2000); left; left--)
        (void)Number::New(here.isolate, left + 0.5);
    return Show(scope.Escape(AnyObject()));
}
