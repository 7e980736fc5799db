/* SPDX-License-Identifier: MIT */
/*
 * An addon that embeds V8 as if it were alone in the process: its own platform, its own isolates, on
 * this thread and on another, asynchronous WebAssembly that needs workers and a message loop.
 *
 * start(own_platform), run(), stop(); platform() tells where V8's platform is ("" when it is hidden).
 */
#include <dlfcn.h>
#include <libplatform/libplatform.h>
#include <node.h>
#include <v8.h>

#include <cstdio>
#include <memory>
#include <string>
#include <thread>

using v8::Context;
using v8::FunctionCallbackInfo;
using v8::HandleScope;
using v8::Isolate;
using v8::Local;
using v8::String;
using v8::Value;

static std::unique_ptr<v8::Platform> platform;

static std::string text_of(Isolate *isolate, Local<Value> value)
{
    String::Utf8Value text(isolate, value);

    return *text ? *text : "?";
}

static std::string evaluate(Isolate *isolate, Local<Context> context, const char *source)
{
    v8::TryCatch caught(isolate);
    Local<v8::Script> script;
    Local<Value> result;

    if (!v8::Script::Compile(context, String::NewFromUtf8(isolate, source).ToLocalChecked())
             .ToLocal(&script) ||
        !script->Run(context).ToLocal(&result))
        return "exception: " + text_of(isolate, caught.Exception());
    return text_of(isolate, result);
}

/* A module with one function, that returns 42. */
static const char compile_wasm[] =
    "var done = 'pending';"
    "WebAssembly.instantiate(new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,0,1,127,3,2,1,0,7,5,1,1,"
    "102,0,0,10,6,1,4,0,65,42,11])).then(m => { done = 'wasm ' + m.instance.exports.f() },"
    "e => { done = String(e) }); 0";

static std::string use_isolate(Isolate *isolate)
{
    Isolate::Scope scope(isolate);
    HandleScope handles(isolate);
    Local<Context> context = Context::New(isolate);
    Context::Scope context_scope(context);
    std::string result = evaluate(isolate, context, "[1, 2, 3].map(x => x * 14).join()");

    evaluate(isolate, context, compile_wasm);
    while (platform && evaluate(isolate, context, "done") == "pending") {
        v8::platform::PumpMessageLoop(platform.get(), isolate,
                                      v8::platform::MessageLoopBehavior::kWaitForWork);
        isolate->PerformMicrotaskCheckpoint();
    }
    /* Garbage, for which V8 posts jobs and tasks. */
    evaluate(isolate, context, "var a = []; for (let i = 0; i < 2e6; i++) a[i % 1000] = {i};");
    return result + " " + evaluate(isolate, context, "done");
}

static bool start_v8()
{
    platform = v8::platform::NewDefaultPlatform();
    v8::V8::InitializePlatform(platform.get());
    return v8::V8::Initialize();
}

static std::string new_isolate()
{
    std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(
        v8::ArrayBuffer::Allocator::NewDefaultAllocator());
    Isolate::CreateParams parameters;
    parameters.array_buffer_allocator = allocator.get();
    Isolate *isolate = Isolate::New(parameters);
    std::string result = use_isolate(isolate);

    isolate->Dispose();
    return result;
}

static void answer(const FunctionCallbackInfo<Value> &call, const std::string &text)
{
    Isolate *isolate = call.GetIsolate();

    call.GetReturnValue().Set(String::NewFromUtf8(isolate, text.c_str()).ToLocalChecked());
}

static void start(const FunctionCallbackInfo<Value> &call)
{
    answer(call, start_v8() ? "started" : "not started");
}

static std::string two_isolates()
{
    std::string other;
    std::thread thread([&] { other = new_isolate(); });
    std::string here = new_isolate();

    thread.join();
    return here + " | " + other;
}

static void stop_v8()
{
    v8::V8::Dispose();
    v8::V8::DisposePlatform();
    platform.reset();
}

static void run(const FunctionCallbackInfo<Value> &call)
{
    answer(call, two_isolates());
}

static void stop(const FunctionCallbackInfo<Value> &)
{
    stop_v8();
}

/* For a host that is no node: prints what run() answers. */
extern "C" __attribute__((visibility("default"))) void embedder_print(void)
{
    start_v8();
    puts(two_isolates().c_str());
    stop_v8();
}

static void where(const FunctionCallbackInfo<Value> &call)
{
    void **variable = (void **)dlsym(RTLD_DEFAULT, "_ZN2v88internal2V89platform_E");
    char text[32] = "";

    if (variable)
        snprintf(text, sizeof text, "%p", *variable);
    answer(call, text);
}

NODE_MODULE_INIT()
{
    NODE_SET_METHOD(exports, "start", start);
    NODE_SET_METHOD(exports, "run", run);
    NODE_SET_METHOD(exports, "stop", stop);
    NODE_SET_METHOD(exports, "platform", where);
    (void)module;
    (void)context;
}
