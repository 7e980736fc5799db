/* SPDX-License-Identifier: MIT */
/* Code events, extensions, WebAssembly, dates, and callbacks an isolate asks for decisions. */
#include "own.h"

#include <v8-extension.h>
#include <v8-wasm.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <vector>

using namespace probe;

namespace {

std::atomic<int> code_events, code_named;
std::atomic<Isolate *> code_isolate;

void CodeEvent(const JitCodeEvent *event)
{
    if (event->type != JitCodeEvent::CODE_ADDED)
        return;
    code_events++;
    code_isolate = event->isolate;
    std::string name(event->name.str, event->name.len);
    if (name.find("jittedHere") != std::string::npos && event->code_len > 0 && event->code_start)
        code_named++;
}

} // namespace

CASE(jit_code_events)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    code_events = code_named = 0;
    own.isolate()->SetJitCodeEventHandler(kJitCodeEventDefault, CodeEvent);
    Js("(function jittedHere() { return 1 })()");
    own.isolate()->SetJitCodeEventHandler(kJitCodeEventDefault, nullptr);
    CHECK(code_named > 0);
    CHECK(code_isolate == own.isolate());
    int before = code_events;
    Js("(function jittedLater() { return 1 })()");
    CHECK_EQ(code_events.load(), before);
}

CASE(jit_code_events_existing)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    Js("globalThis.kept = function jittedHere() { return 1 }; kept()");
    code_events = code_named = 0;
    own.isolate()->SetJitCodeEventHandler(kJitCodeEventEnumExisting, CodeEvent);
    own.isolate()->SetJitCodeEventHandler(kJitCodeEventDefault, nullptr);
    CHECK(code_events > 10);
    CHECK(code_named > 0);
}

CASE(code_range)
{
    void *start = nullptr;
    size_t length = 0;
    const void *embedded = nullptr;
    size_t embedded_length = 0;

    isolate->GetCodeRange(&start, &length);
    isolate->GetEmbeddedCodeRange(&embedded, &embedded_length);
    CHECK(length < size_t{ 1 } << 40);
    CHECK(embedded != nullptr);
    CHECK(embedded_length > 100000);
}

CASE(code_pages)
{
    MemoryRange pages[4096];
    size_t count = isolate->CopyCodePages(4096, pages);

    CHECK(count > 0);
    CHECK(count < 100000);
    CHECK(pages[0].start != nullptr);
    CHECK(pages[0].length_in_bytes > 0);
}

CASE(unwind_state)
{
    JSEntryStubs stubs = isolate->GetJSEntryStubs();

    CHECK(stubs.js_entry_stub.code.start != nullptr);
    CHECK(stubs.js_entry_stub.code.length_in_bytes > 0);
    CHECK(stubs.js_run_microtasks_entry_stub.code.start != nullptr);
}

namespace {

size_t sampled_frames;
StateTag sampled_state;

/* As a signal handler of a profiler would, but called from JavaScript. */
void SampleStack(const FunctionCallbackInfo<Value> &)
{
    RegisterState registers;
    void *frames[16];
    SampleInfo information;

    registers.fp = __builtin_frame_address(0);
    registers.sp = registers.fp;
    registers.pc = reinterpret_cast<void *>(SampleStack);
    /* What V8 does not fill is seen: the state became smaller with 12.4. */
    memset(static_cast<void *>(&information), 0x5a, sizeof information);
    Isolate::GetCurrent()->GetStackSample(registers, frames, 16, &information);
    sampled_frames = information.frames_count;
    sampled_state = information.vm_state;
}

} // namespace

CASE(stack_sample)
{
    Local<v8::Function> sample = v8::Function::New(context, SampleStack).ToLocalChecked();

    sampled_frames = 0;
    Js("(function outer(sample) { (function inner() { sample() })() })", sample.As<Value>());
    CHECK(sampled_frames >= 2);
    CHECK(sampled_frames <= 16);
    CHECK_EQ(static_cast<int>(sampled_state), static_cast<int>(HostIs(12, 4) ? v8::JS : EXTERNAL));
}

namespace {

void Native(const FunctionCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(Str("native of the extension"));
}

int extension_lookups;

class NativeExtension : public Extension {
public:
    NativeExtension()
        : Extension("probe/native", "native function probeNative();"
                                    "var probeExtension = probeNative() + '!';")
    {
    }
    Local<FunctionTemplate> GetNativeFunctionTemplate(Isolate *isolate, Local<String> name) override
    {
        extension_lookups++;
        EXPECT_EQ(Text(name), "probeNative");
        return FunctionTemplate::New(isolate, Native);
    }
};

const char *const dependency[] = { "probe/native" };

void RegisterOnce()
{
    static bool registered;

    if (registered)
        return;
    registered = true;
    RegisterExtension(std::make_unique<NativeExtension>());
    RegisterExtension(std::make_unique<Extension>(
        "probe/depends", "var probeDepends = 'on ' + probeExtension;", 1,
        const_cast<const char **>(dependency)));
}

} // namespace

CASE(extension_native)
{
    static const char *names[] = { "probe/native" };
    ExtensionConfiguration configuration(1, names);

    RegisterOnce();
    Local<Context> extended = Context::New(isolate, &configuration);
    CHECK(!extended.IsEmpty());
    Context::Scope scope(extended);
    CHECK_EQ(Text(Js("probeExtension")), "native of the extension!");
    /* Once for an isolate: later contexts have the function from V8's cache. */
    CHECK(extension_lookups >= 1);
}

CASE(extension_dependency)
{
    static const char *names[] = { "probe/depends" };
    ExtensionConfiguration configuration(1, names);

    RegisterOnce();
    Context::Scope scope(Context::New(isolate, &configuration));
    CHECK_EQ(Text(Js("probeDepends")), "on native of the extension!");
}

CASE(extension_fields)
{
    NativeExtension extension;

    CHECK_EQ(extension.name(), "probe/native");
    CHECK(extension.source()->length() > 10);
    CHECK_EQ(extension.dependency_count(), 0);
    CHECK(!extension.auto_enable());
    extension.set_auto_enable(true);
    CHECK(extension.auto_enable());
}

namespace {

/* (func (export "answer") (result i32) i32.const 42), and a memory of one page. */
const uint8_t wasm[] = { 0,    0x61, 0x73, 0x6d, 1,    0,    0,    0,    1,    5,   1,    0x60,
                         0,    1,    0x7f, 3,    2,    1,    0,    5,    3,    1,   0,    1,
                         7,    0x10, 2,    6,    'a',  'n',  's',  'w',  'e',  'r', 0,    0,
                         3,    'm',  'e',  'm',  2,    0,    0x0a, 6,    1,    4,   0,    0x41,
                         0x2a, 0x0b };

Local<WasmModuleObject> CompileWasm(Isolate *isolate)
{
    return WasmModuleObject::Compile(isolate, MemorySpan<const uint8_t>(wasm, sizeof wasm))
        .ToLocalChecked();
}

} // namespace

CASE(wasm_compile)
{
    Local<WasmModuleObject> module = CompileWasm(isolate);

    CHECK(module->IsWasmModuleObject());
    CHECK_EQ(Num(Js("(module) => new WebAssembly.Instance(module).exports.answer()",
                    module.As<Value>())), 42.0);
}

CASE(wasm_compile_error)
{
    static const uint8_t junk[] = { 0, 0x61, 0x73, 0x6d, 9, 9, 9, 9 };
    TryCatch guard(isolate);

    MemorySpan<const uint8_t> bytes(junk, sizeof junk);
    CHECK(WasmModuleObject::Compile(isolate, bytes).IsEmpty());
    CHECK(guard.HasCaught());
}

CASE(wasm_compiled_module)
{
    CompiledWasmModule compiled = CompileWasm(isolate)->GetCompiledModule();
    MemorySpan<const uint8_t> bytes = compiled.GetWireBytesRef();

    CHECK_EQ(bytes.size(), sizeof wasm);
    CHECK(memcmp(bytes.data(), wasm, sizeof wasm) == 0);
    Local<WasmModuleObject> again =
        WasmModuleObject::FromCompiledModule(isolate, compiled).ToLocalChecked();
    CHECK_EQ(Num(Js("(module) => new WebAssembly.Instance(module).exports.answer()",
                    again.As<Value>())), 42.0);
    CHECK(compiled.source_url().size() < 1000);
}

CASE(wasm_compiled_module_moves)
{
    OwnIsolate own(PlatformOf(context));
    CompiledWasmModule compiled = CompileWasm(isolate)->GetCompiledModule();
    Inside inside(own.isolate());
    Local<WasmModuleObject> there =
        WasmModuleObject::FromCompiledModule(own.isolate(), compiled).ToLocalChecked();

    CHECK_EQ(Num(Js("(module) => new WebAssembly.Instance(module).exports.answer()",
                    there.As<Value>())), 42.0);
}

CASE(wasm_memory)
{
    Local<Value> memory = Js("(module) => new WebAssembly.Instance(module).exports.mem",
                             CompileWasm(isolate).As<Value>());

    CHECK(memory->IsWasmMemoryObject());
    Local<ArrayBuffer> buffer = memory.As<WasmMemoryObject>()->Buffer();
    CHECK_EQ(buffer->ByteLength(), size_t{ 65536 });
    CHECK(!buffer->IsDetachable());
}

CASE(wasm_serialize)
{
    Local<WasmModuleObject> module = CompileWasm(isolate);

    Js("(module) => { const f = new WebAssembly.Instance(module).exports.answer;"
       "for (let i = 0; i < 10; i++) f() }", module.As<Value>());
    OwnedBuffer buffer = module->GetCompiledModule().Serialize();
    CHECK(buffer.size == 0 || buffer.buffer != nullptr);
    CHECK(buffer.size < 1000000);
}

namespace {

int wasm_asked;

bool AllowWasm(Local<Context> context, Local<String> source)
{
    EXPECT(!context.IsEmpty());
    EXPECT(!source.IsEmpty());
    wasm_asked++;
    return false;
}

} // namespace

CASE(wasm_code_generation)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    wasm_asked = 0;
    inside.context()->AllowCodeGenerationFromStrings(true);
    own.isolate()->SetAllowWasmCodeGenerationCallback(AllowWasm);
    CHECK_EQ(Text(Js("new WebAssembly.Module(Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0))"))
                 .substr(0, 19), "threw CompileError:");
    CHECK_EQ(wasm_asked, 1);
}

namespace {

bool eval_code_like;

ModifyCodeGenerationFromStringsResult ModifyEval(Local<Context>, Local<Value> source,
                                                 bool is_code_like)
{
    ModifyCodeGenerationFromStringsResult result;

    eval_code_like = is_code_like;
    result.codegen_allowed = Text(source) != "forbidden()";
    if (Text(source) == "'changed'")
        result.modified_source = Str("'replaced'");
    return result;
}

} // namespace

CASE(eval_modified)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    own.isolate()->SetModifyCodeGenerationFromStringsCallback(ModifyEval);
    inside.context()->AllowCodeGenerationFromStrings(false);
    CHECK(!inside.context()->IsCodeGenerationFromStringsAllowed());
    inside.context()->SetErrorMessageForCodeGenerationFromStrings(Str("not here"));
    CHECK_EQ(Text(Js("eval('\\'changed\\'')")), "replaced");
    CHECK_EQ(Text(Js("eval('1 + 1')")), "2");
    CHECK_EQ(Text(Js("eval('forbidden()')")), "threw EvalError: not here");
    CHECK(!eval_code_like);
}

CASE(date_value)
{
    Local<Value> date = v8::Date::New(context, 86400000.5).ToLocalChecked();

    CHECK(date->IsDate());
    CHECK_EQ(date.As<v8::Date>()->ValueOf(), 86400000.0);
    isolate->DateTimeConfigurationChangeNotification(Isolate::TimeZoneDetection::kRedetect);
#if SINCE(11, 3)
    CHECK_EQ(Text(date.As<v8::Date>()->ToISOString()), "1970-01-02T00:00:00.000Z");
#endif
#if SINCE(12, 9)
    CHECK_EQ(Text(date.As<v8::Date>()->ToUTCString()), "Fri, 02 Jan 1970 00:00:00 GMT");
    CHECK_EQ(v8::Date::Parse(context, Str("1970-01-02T00:00:00Z")).ToLocalChecked().As<v8::Date>()
                 ->ValueOf(), 86400000.0);
#endif
}

CASE(icu_locale)
{
    isolate->LocaleConfigurationChangeNotification();
    CHECK_EQ(Text(Js("new Intl.NumberFormat('de').format(1234.5)")), "1.234,5");
#if SINCE(12, 4)
    CHECK(!isolate->GetDefaultLocale().empty());
#endif
}

CASE(version_text)
{
    std::string version = V8::GetVersion();
    int numbers = 0;

    for (char c : version)
        numbers += c == '.';
    CHECK(numbers >= 2);
}

namespace {

std::string log_events;

void LogEvent(const char *name, int status)
{
    log_events += std::string(name) + std::to_string(status) + ";";
}

} // namespace

CASE(event_logger)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    log_events.clear();
    own.isolate()->SetEventLogger(LogEvent);
    Js("(() => { const all = []; for (let i = 0; i < 1000; i++) all.push({ i }) })()");
    Collect(own.isolate());
    /* From 12.4 on V8 tells nothing unless its own flags ask for it. */
    CHECK_EQ(log_events.find("V8.Execute0;") != std::string::npos, !HostIs(12, 4));
    CHECK_EQ(log_events.find("V8.Execute1;") != std::string::npos, !HostIs(12, 4));
}

namespace {

std::string imported;
bool import_attributes_empty;

MaybeLocal<Promise> Import(Local<Context> context, Local<Data> options, Local<Value> resource,
                           Local<String> specifier, Local<FixedArray> attributes)
{
    Local<Promise::Resolver> resolver = Promise::Resolver::New(context).ToLocalChecked();

    imported = Text(resource) + " " + Text(specifier);
    import_attributes_empty = attributes->Length() == 0;
    EXPECT(!options.IsEmpty());
    resolver->Resolve(context, Str("a namespace")).Check();
    return resolver->GetPromise();
}

void InitializeMeta(Local<Context> context, Local<Module> module, Local<Object> meta)
{
    EXPECT(!module.IsEmpty());
    meta->Set(context, Str("url"), Str("meta:url")).Check();
}

MaybeLocal<Module> ResolveNothing(Local<Context>, Local<String>, Local<FixedArray>, Local<Module>)
{
    return MaybeLocal<Module>();
}

ScriptOrigin OriginOf(Isolate *isolate, const char *name, bool module)
{
#if BEFORE(12, 4)
    return ScriptOrigin(isolate, Str(name), 0, 0, false, -1, Local<Value>(), false, false, module);
#else
    return ScriptOrigin(Str(name), 0, 0, false, -1, Local<Value>(), false, false, module);
#endif
}

} // namespace

CASE(import_dynamically)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    ScriptOrigin origin = OriginOf(own.isolate(), "importer.js", false);

    imported.clear();
    own.isolate()->SetHostImportModuleDynamicallyCallback(Import);
    Local<Script> script =
        Script::Compile(inside.context(), Str("import('the module')"), &origin).ToLocalChecked();
    Local<Value> promise = script->Run(inside.context()).ToLocalChecked();
    own.isolate()->PerformMicrotaskCheckpoint();
    CHECK_EQ(imported, "importer.js the module");
    CHECK(import_attributes_empty);
    CHECK(promise->IsPromise());
    CHECK_EQ(Text(promise.As<Promise>()->Result()), "a namespace");
}

CASE(import_meta)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    ScriptOrigin origin = OriginOf(own.isolate(), "meta.mjs", true);
    ScriptCompiler::Source source(Str("export const url = import.meta.url"), origin);

    own.isolate()->SetHostInitializeImportMetaObjectCallback(InitializeMeta);
    Local<Module> module = ScriptCompiler::CompileModule(own.isolate(), &source).ToLocalChecked();
    CHECK(module->InstantiateModule(inside.context(), ResolveNothing).FromJust());
    CHECK(!module->Evaluate(inside.context()).IsEmpty());
    CHECK_EQ(Text(Js("(space) => space.url", module->GetModuleNamespace())), "meta:url");
}
