/* SPDX-License-Identifier: MIT */
/* Ending and interrupting what an isolate runs. */
#include "own.h"

#include <atomic>
#include <thread>

using namespace probe;

namespace {

/* Signals that the script runs, then the other thread acts. */
std::atomic<bool> spinning;

void Spinning(const FunctionCallbackInfo<Value> &)
{
    spinning = true;
}

Local<v8::Function> SpinningFunction(Local<Context> context)
{
    spinning = false;
    return v8::Function::New(context, Spinning).ToLocalChecked();
}

const char endless[] = "(spinning) => { for (;;) { spinning() } }";

MaybeLocal<Value> RunEndless(Isolate *isolate, Local<Context> context)
{
    Local<Value> argument = SpinningFunction(context);
    Local<v8::Function> function = Js(endless).As<v8::Function>();

    return function->Call(context, Undefined(isolate), 1, &argument);
}

} // namespace

CASE(terminate_from_thread)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    TryCatch guard(own.isolate());

    spinning = false;
    std::thread thread([&] {
        while (!spinning)
            std::this_thread::yield();
        own.isolate()->TerminateExecution();
    });
    bool ended = RunEndless(own.isolate(), inside.context()).IsEmpty();
    thread.join();
    CHECK(ended);
    CHECK(guard.HasCaught());
    CHECK(guard.HasTerminated());
    CHECK(!guard.CanContinue());
    own.isolate()->CancelTerminateExecution();
    guard.Reset();
    CHECK_EQ(Num(Js("2 + 2")), 4.0);
}

CASE(terminate_cancel)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    own.isolate()->TerminateExecution();
    own.isolate()->CancelTerminateExecution();
    CHECK(!own.isolate()->IsExecutionTerminating());
    CHECK_EQ(Num(Js("5")), 5.0);
}

namespace {

bool terminating_seen;

void TerminateHere(const FunctionCallbackInfo<Value> &)
{
    Isolate *isolate = Isolate::GetCurrent();

    isolate->TerminateExecution();
    TryCatch guard(isolate);
    Local<Script> script;
    if (Script::Compile(isolate->GetCurrentContext(), Str("for (;;) {}")).ToLocal(&script))
        EXPECT(script->Run(isolate->GetCurrentContext()).IsEmpty());
    terminating_seen = isolate->IsExecutionTerminating();
}

} // namespace

CASE(terminate_in_callback)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    TryCatch guard(own.isolate());
    Local<v8::Function> stop = v8::Function::New(inside.context(), TerminateHere).ToLocalChecked();

    terminating_seen = false;
    inside.context()->Global()->Set(inside.context(), Str("stop"), stop).Check();
    Local<Script> script =
        Script::Compile(inside.context(), Str("stop(); for (;;) {}")).ToLocalChecked();
    CHECK(script->Run(inside.context()).IsEmpty());
    CHECK(guard.HasTerminated());
    CHECK(terminating_seen);
    own.isolate()->CancelTerminateExecution();
}

namespace {

int interrupts;
Isolate *interrupt_isolate;

void Interrupt(Isolate *isolate, void *data)
{
    interrupts++;
    interrupt_isolate = isolate;
    EXPECT_EQ(static_cast<const char *>(data), "interrupt");
    isolate->TerminateExecution();
}

} // namespace

CASE(request_interrupt)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    TryCatch guard(own.isolate());
    char data[] = "interrupt";

    interrupts = 0;
    own.isolate()->RequestInterrupt(Interrupt, data);
    CHECK(RunEndless(own.isolate(), inside.context()).IsEmpty());
    CHECK_EQ(interrupts, 1);
    CHECK(interrupt_isolate == own.isolate());
    CHECK(guard.HasTerminated());
    own.isolate()->CancelTerminateExecution();
}
