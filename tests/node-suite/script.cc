/* SPDX-License-Identifier: MIT */
/*
 * The part of the host that talks to V8. It is linked to the host's V8 and opened with RTLD_LOCAL,
 * so that neither is in the global scope; or V8 is the executable's, and has an isolate already.
 * Nothing here is aware of Node or of engraft.
 */
#include <libplatform/libplatform.h>
#include <v8.h>

#include <memory>
#include <string>

namespace {

std::unique_ptr<v8::Platform> platform;
v8::Isolate *isolate;
v8::Global<v8::Context> context;
std::string reason;

/* What the host keeps between its two uses of V8: old objects, a closure, a promise. */
const char before[] =
    "globalThis.kept = new Map([['answer', { value: 42 }]]);"
    "globalThis.grow = ((list) => (item) => list.push(item))([]);"
    "globalThis.settled = 0;"
    "for (let i = 0; i < 1000; i++) grow(String(i));"
    "String(grow('last'))";

/* The objects are still there, new code compiles, microtasks run, an error is an error. */
const char after[] =
    "Promise.resolve(kept.get('answer').value).then((value) => { settled = value; });"
    "(() => { try { null.property; } catch (error) { return error instanceof TypeError; } })() +"
    "':' + grow('again') + ':' + [...'abc'].reverse().join('') + ':' + JSON.stringify([...kept])";

/* The result as a string; of an exception, its message. */
std::string run(const char *source)
{
    v8::HandleScope handles(isolate);
    v8::Local<v8::Context> current = context.Get(isolate);
    v8::Context::Scope scope(current);
    v8::TryCatch guard(isolate);
    v8::Local<v8::String> text;
    v8::Local<v8::Script> script;
    v8::Local<v8::Value> result;

    if (!v8::String::NewFromUtf8(isolate, source).ToLocal(&text) ||
        !v8::Script::Compile(current, text).ToLocal(&script) ||
        !script->Run(current).ToLocal(&result))
        result = guard.Exception();
    if (result.IsEmpty())
        return "terminated";
    return *v8::String::Utf8Value(isolate, result);
}

const char *expect(const char *source, const char *expected)
{
    std::string answer = run(source);

    if (answer == expected)
        return nullptr;
    reason = "got " + answer + " instead of " + expected;
    return reason.c_str();
}

bool start_engine()
{
    v8::Isolate::CreateParams parameters;

    platform = v8::platform::NewDefaultPlatform();
    v8::V8::InitializePlatform(platform.get());
    if (!v8::V8::Initialize())
        return false;
    parameters.array_buffer_allocator = v8::ArrayBuffer::Allocator::NewDefaultAllocator();
    isolate = v8::Isolate::New(parameters);
    return true;
}

} // namespace

extern "C" __attribute__((visibility("default"))) const char *script_start(void)
{
    isolate = v8::Isolate::TryGetCurrent();
    if (!isolate && !start_engine())
        return "V8::Initialize";

    v8::Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);
    context.Reset(isolate, v8::Context::New(isolate));
    return expect(before, "1001");
}

/* Microtasks run when the outermost call ends; below a call of an executable's own there is none. */
extern "C" __attribute__((visibility("default"))) const char *script_check(void)
{
    v8::Isolate::Scope entered(isolate);
    const char *wrong = expect(after, "true:1002:cba:[[\"answer\",{\"value\":42}]]");

    if (wrong)
        return wrong;
    isolate->PerformMicrotaskCheckpoint();
    while (platform && v8::platform::PumpMessageLoop(platform.get(), isolate))
        ;
    return expect("String(settled)", "42");
}

/* For the test of the check above. */
extern "C" __attribute__((visibility("default"))) void script_spoil(void)
{
    v8::Isolate::Scope entered(isolate);

    run("kept.clear()");
}
