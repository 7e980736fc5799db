/* SPDX-License-Identifier: MIT */
/* examples/js-loader/driver.c in a host that runs V8 for itself, before and after. */
#include <v8.h>

#include <libplatform/libplatform.h>
#include <stdio.h>

extern "C" int driver_main(int argc, char **argv);

static bool works(v8::Isolate *isolate)
{
    v8::Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);
    v8::Local<v8::Context> context = v8::Context::New(isolate);
    v8::Context::Scope in_context(context);
    v8::Local<v8::Value> value =
        v8::Script::Compile(context, v8::String::NewFromUtf8Literal(isolate, "6 * 7"))
            .ToLocalChecked()
            ->Run(context)
            .ToLocalChecked();
    return value->Int32Value(context).FromMaybe(0) == 42;
}

int main(int argc, char **argv)
{
    std::unique_ptr<v8::Platform> platform = v8::platform::NewDefaultPlatform(1);
    v8::V8::InitializePlatform(platform.get());
    v8::V8::Initialize();
    v8::Isolate::CreateParams params;
    params.array_buffer_allocator = v8::ArrayBuffer::Allocator::NewDefaultAllocator();
    v8::Isolate *isolate = v8::Isolate::New(params);
    bool before = works(isolate);
    int wrong = driver_main(argc, argv);
    bool after = works(isolate);
    isolate->Dispose();
    delete params.array_buffer_allocator;
    if (!before || !after)
        puts("WRONG the host's own V8");
    fflush(stdout);
    return before && after ? wrong : 1;
}
