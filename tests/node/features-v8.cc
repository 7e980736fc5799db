/* SPDX-License-Identifier: MIT */
/*
 * The part of a host that uses V8, for features-host.c: an isolate whose JavaScript goes on between
 * other things, and another one, with a thread of its own, that never rests. Nothing here knows of
 * Node or of engraft.
 */
#include "features-v8.h"

#include <dlfcn.h>
#include <libplatform/libplatform.h>
#include <v8.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

namespace {

using v8::Context;
using v8::Isolate;
using v8::Local;
using v8::Value;

std::unique_ptr<v8::Platform> platform;
std::unique_ptr<v8::ArrayBuffer::Allocator> allocator;
Isolate *isolate;
v8::Global<Context> context;

/* Async WebAssembly needs the platform's workers and its message loop. */
const char round_source[] =
    "var done = 0, kept = kept || new Map();"
    "for (let i = 0; i < 2000; i++) kept.set(i % 100, {i, text: String(i)});"
    "WebAssembly.instantiate(new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,"
    "102,0,0,10,6,1,4,0,65,42,11])).then((wasm) => { done = wasm.instance.exports.f() + kept.size },"
    "(error) => { done = String(error) }); done";

std::string run(Local<Context> current, const char *source)
{
    v8::TryCatch guard(current->GetIsolate());
    Local<v8::String> text;
    Local<v8::Script> script;
    Local<Value> result;

    if (!v8::String::NewFromUtf8(current->GetIsolate(), source).ToLocal(&text) ||
        !v8::Script::Compile(current, text).ToLocal(&script) ||
        !script->Run(current).ToLocal(&result))
        result = guard.Exception();
    if (result.IsEmpty())
        return "terminated";
    return *v8::String::Utf8Value(current->GetIsolate(), result);
}

/* "" or what went wrong. */
std::string play_round(Local<Context> current)
{
    std::string answer = run(current, round_source);

    while ((answer = run(current, "String(done)")) == "0") {
        v8::platform::PumpMessageLoop(platform.get(), current->GetIsolate(),
                                      v8::platform::MessageLoopBehavior::kWaitForWork);
        current->GetIsolate()->PerformMicrotaskCheckpoint();
    }
    return answer == "142" ? "" : answer;
}

Isolate *new_isolate()
{
    Isolate::CreateParams parameters;

    parameters.array_buffer_allocator = allocator.get();
    return Isolate::New(parameters);
}

/* ---- the one that never rests */

std::thread second;
std::atomic<bool> second_stopping;
std::atomic<unsigned long> second_rounds;
std::string second_wrong;

void play_second()
{
    Isolate *own = new_isolate();
    {
        Isolate::Scope entered(own);
        v8::HandleScope handles(own);
        Local<Context> current = Context::New(own);
        Context::Scope scope(current);
        while (!second_stopping && second_wrong.empty()) {
            v8::HandleScope inner(own);
            second_wrong = play_round(current);
            second_rounds++;
        }
    }
    own->Dispose();
}

} // namespace

const char *engine_start(void)
{
    platform = v8::platform::NewDefaultPlatform();
    v8::V8::InitializePlatform(platform.get());
    if (!v8::V8::Initialize())
        return "V8::Initialize";
    allocator.reset(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
    isolate = new_isolate();

    Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);
    context.Reset(isolate, Context::New(isolate));
    return engine_check();
}

void *engine_isolate(void)
{
    return isolate;
}

const char *engine_evaluate(const char *source)
{
    static std::string answer;
    Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);
    Local<Context> current = context.Get(isolate);
    Context::Scope scope(current);

    answer = run(current, source);
    return answer.c_str();
}

const char *engine_check(void)
{
    static std::string wrong;
    Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);
    Local<Context> current = context.Get(isolate);
    Context::Scope scope(current);

    wrong = play_round(current);
    return wrong.empty() ? nullptr : wrong.c_str();
}

void engine_pump(void)
{
    Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);

    while (v8::platform::PumpMessageLoop(platform.get(), isolate))
        ;
}

void engine_inside(engine_callback *callback, void *user)
{
    Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);
    Local<Context> current = context.Get(isolate);
    Context::Scope scope(current);

    callback(user, &current);
}

void *engine_platform(void)
{
    void **variable = (void **)dlsym(RTLD_DEFAULT, "_ZN2v88internal2V89platform_E");

    return variable ? *variable : nullptr;
}

void *engine_own_platform(void)
{
    return platform.get();
}

void second_start(void)
{
    second_stopping = false;
    second_rounds = 0;
    second = std::thread(play_second);
}

unsigned long second_stop(const char **ret_wrong)
{
    second_stopping = true;
    second.join();
    *ret_wrong = second_wrong.c_str();
    return second_rounds;
}

void engine_stop(void)
{
    context.Reset();
    isolate->Dispose();
    v8::V8::Dispose();
    v8::V8::DisposePlatform();
    platform.reset();
}
