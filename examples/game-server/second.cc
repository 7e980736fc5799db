/* SPDX-License-Identifier: MIT */
#include "second.h"

#include <libplatform/libplatform.h>
#include <v8.h>

#include <memory>

namespace {

using v8::Context;
using v8::Isolate;
using v8::Local;
using v8::Value;

const char script[] =
#include "second.js.inc"
    ;

Local<v8::Function> compile(Local<Context> context)
{
    Local<v8::String> source =
        v8::String::NewFromUtf8(context->GetIsolate(), script).ToLocalChecked();

    v8::Script::Compile(context, source).ToLocalChecked()->Run(context).ToLocalChecked();
    return context->Global()
        ->Get(context, v8::String::NewFromUtf8Literal(context->GetIsolate(), "round"))
        .ToLocalChecked()
        .As<v8::Function>();
}

/* One round; false after an exception. */
bool play(Local<Context> context, Local<v8::Function> round, int32_t *ret_result)
{
    v8::HandleScope handles(context->GetIsolate());
    Local<Value> result;

    return round->Call(context, context->Global(), 0, nullptr).ToLocal(&result) &&
           result->Int32Value(context).To(ret_result);
}

} // namespace

void SecondIsolate::run(v8::Platform *platform)
{
    std::unique_ptr<v8::ArrayBuffer::Allocator> allocator(
        v8::ArrayBuffer::Allocator::NewDefaultAllocator());
    Isolate::CreateParams params;
    params.array_buffer_allocator = allocator.get();
    Isolate *isolate = Isolate::New(params);
    {
        Isolate::Scope isolate_scope(isolate);
        v8::HandleScope handles(isolate);
        Local<Context> context = Context::New(isolate);
        Context::Scope context_scope(context);
        Local<v8::Function> round = compile(context);
        int32_t expected = 0, result = 0;

        for (; !stopping_; rounds_++) {
            bool played = play(context, round, &result);
            if (rounds_ == 0)
                expected = result;
            wrong_ += !played || result != expected;
            while (v8::platform::PumpMessageLoop(platform, isolate))
                continue;
        }
    }
    isolate->Dispose();
}

void SecondIsolate::start(v8::Platform *platform)
{
    thread_ = std::thread(&SecondIsolate::run, this, platform);
}

void SecondIsolate::stop(unsigned long *ret_rounds, unsigned long *ret_wrong)
{
    stopping_ = true;
    if (thread_.joinable())
        thread_.join();
    *ret_rounds = rounds_;
    *ret_wrong = wrong_;
}
