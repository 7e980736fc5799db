/* SPDX-License-Identifier: MIT */
/* Promises and microtasks: resolvers, reactions, hooks, queues and their scopes. */
#include "own.h"

#include <memory>

using namespace probe;

namespace {

std::string calls;

void Note(const FunctionCallbackInfo<Value> &info)
{
    calls += "note(" + (info.Length() > 0 ? Text(info[0]) : std::string()) + ")";
    info.GetReturnValue().Set(Str("noted"));
}

void NoteTask(void *data)
{
    calls += static_cast<const char *>(data);
}

} // namespace

CASE(promise_resolver)
{
    Local<Promise::Resolver> resolver = Promise::Resolver::New(context).ToLocalChecked();
    Local<Promise> promise = resolver->GetPromise();

    CHECK(promise->State() == Promise::kPending);
    CHECK(!promise->HasHandler());
    CHECK(resolver->Resolve(context, Integer::New(isolate, 9)).FromJust());
    CHECK(promise->State() == Promise::kFulfilled);
    CHECK_EQ(Num(promise->Result()), 9.0);
}

CASE(promise_reject)
{
    Local<Promise::Resolver> resolver = Promise::Resolver::New(context).ToLocalChecked();
    Local<Promise> promise = resolver->GetPromise();

    promise->MarkAsHandled();
    Js("(promise) => { promise.catch(() => {}) }", promise.As<Value>());
    CHECK(resolver->Reject(context, Exception::Error(Str("no"))).FromJust());
    CHECK(promise->State() == Promise::kRejected);
    CHECK_EQ(Text(promise->Result()), "Error: no");
    CHECK(promise->HasHandler());
}

CASE(promise_then)
{
    Local<Promise::Resolver> resolver = Promise::Resolver::New(context).ToLocalChecked();
    Local<v8::Function> note = v8::Function::New(context, Note).ToLocalChecked();
    Local<Promise> chained = resolver->GetPromise()->Then(context, note).ToLocalChecked();

    calls.clear();
    CHECK(resolver->Resolve(context, Str("value")).FromJust());
    isolate->PerformMicrotaskCheckpoint();
    CHECK_EQ(calls, "note(value)");
    CHECK(chained->State() == Promise::kFulfilled);
    CHECK_EQ(Text(chained->Result()), "noted");
}

CASE(promise_then_catch)
{
    Local<Promise::Resolver> first = Promise::Resolver::New(context).ToLocalChecked();
    Local<Promise::Resolver> second = Promise::Resolver::New(context).ToLocalChecked();
    Local<v8::Function> note = v8::Function::New(context, Note).ToLocalChecked();

    calls.clear();
    CHECK(!first->GetPromise()->Catch(context, note).IsEmpty());
    CHECK(!second->GetPromise()->Then(context, note, note).IsEmpty());
    CHECK(first->Reject(context, Str("one")).FromJust());
    CHECK(second->Reject(context, Str("two")).FromJust());
    isolate->PerformMicrotaskCheckpoint();
    CHECK_EQ(calls, "note(one)note(two)");
}

namespace {

std::string hooked;

void Hook(PromiseHookType type, Local<Promise> promise, Local<Value> parent)
{
    static const char letters[] = "irba";

    hooked += letters[static_cast<int>(type)];
    if (type == PromiseHookType::kInit)
        hooked += parent->IsPromise() ? "p" : "-";
    (void)promise;
}

std::string rejections;

void Rejected(PromiseRejectMessage message)
{
    rejections += std::to_string(static_cast<int>(message.GetEvent()));
    if (!message.GetValue().IsEmpty())
        rejections += Text(message.GetValue());
    rejections += message.GetPromise()->State() == Promise::kRejected ? "R" : "o";
}

} // namespace

CASE(promise_hook)
{

    hooked.clear();
    isolate->SetPromiseHook(Hook);
    Js("Promise.resolve(1).then(() => 2)");
    isolate->PerformMicrotaskCheckpoint();
    isolate->SetPromiseHook(nullptr);
    CHECK_EQ(hooked, "i-ripbra");
    hooked.clear();
    Js("Promise.resolve(1)");
    CHECK_EQ(hooked, "");
}

CASE(promise_context_hooks)
{
    Local<Context> in = Context::New(isolate);
    Context::Scope scope(in);
    Local<v8::Function> none;

    calls.clear();
    in->SetPromiseHooks(v8::Function::New(in, Note).ToLocalChecked(), none, none, none);
    Js("Promise.resolve(1)");
    in->SetPromiseHooks(none, none, none, none);
    Js("Promise.resolve(1)");
    CHECK_EQ(calls, "note([object Promise])");
}

CASE(promise_reject_callback)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    rejections.clear();
    own.isolate()->SetPromiseRejectCallback(Rejected);
    Local<Value> promise = Js("Promise.reject('why')");
    CHECK_EQ(rejections, "0whyR");
    rejections.clear();
    Js("(promise) => { promise.catch(() => {}) }", promise);
    CHECK_EQ(rejections, "1R");
}

CASE(microtask_function)
{

    calls.clear();
    CHECK(isolate->GetMicrotasksPolicy() == MicrotasksPolicy::kExplicit);
    isolate->EnqueueMicrotask(v8::Function::New(context, Note).ToLocalChecked());
    CHECK_EQ(calls, "");
    isolate->PerformMicrotaskCheckpoint();
    CHECK_EQ(calls, "note()");
}

CASE(microtask_callback)
{

    calls.clear();
    isolate->EnqueueMicrotask(NoteTask, const_cast<char *>("a"));
    isolate->EnqueueMicrotask(NoteTask, const_cast<char *>("b"));
    isolate->PerformMicrotaskCheckpoint();
    CHECK_EQ(calls, "ab");
}

CASE(microtask_policy_auto)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    CHECK(own.isolate()->GetMicrotasksPolicy() == MicrotasksPolicy::kAuto);
    Js("globalThis.order = 'start'; Promise.resolve().then(() => { order += ' micro' })");
    CHECK_EQ(Text(Js("order")), "start micro");
}

CASE(microtask_scope)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    own.isolate()->SetMicrotasksPolicy(MicrotasksPolicy::kScoped);
    Js("globalThis.seen = 0");
    {
#if BEFORE(12, 9)
        MicrotasksScope scope(own.isolate(), MicrotasksScope::kRunMicrotasks);
#else
        MicrotasksScope scope(inside.context(), MicrotasksScope::kRunMicrotasks);
#endif
        CHECK_EQ(MicrotasksScope::GetCurrentDepth(own.isolate()), 1);
        CHECK(!MicrotasksScope::IsRunningMicrotasks(own.isolate()));
        Js("Promise.resolve().then(() => { seen++ })");
        CHECK_EQ(Num(Js("seen")), 0.0);
    }
    CHECK_EQ(Num(Js("seen")), 1.0);
    CHECK_EQ(MicrotasksScope::GetCurrentDepth(own.isolate()), 0);
}

CASE(microtask_scope_queue)
{
    std::unique_ptr<MicrotaskQueue> queue =
        MicrotaskQueue::New(isolate, MicrotasksPolicy::kScoped);

    calls.clear();
    {
        MicrotasksScope scope(isolate, queue.get(), MicrotasksScope::kDoNotRunMicrotasks);

        CHECK_EQ(queue->GetMicrotasksScopeDepth(), 0);
        queue->EnqueueMicrotask(isolate, NoteTask, const_cast<char *>("q"));
    }
    CHECK_EQ(calls, "");
    {
        MicrotasksScope scope(isolate, queue.get(), MicrotasksScope::kRunMicrotasks);

        CHECK_EQ(queue->GetMicrotasksScopeDepth(), 1);
    }
    CHECK_EQ(calls, "q");
}

namespace {

void Completed(Isolate *isolate, void *data)
{
    (void)isolate;
    calls += static_cast<const char *>(data);
}

} // namespace

/* The queue's functions are virtual: calls through the vtable of the host. */
CASE(microtask_queue)
{
    std::unique_ptr<MicrotaskQueue> queue = MicrotaskQueue::New(isolate);

    calls.clear();
    queue->AddMicrotasksCompletedCallback(Completed, const_cast<char *>("done"));
    queue->EnqueueMicrotask(isolate, NoteTask, const_cast<char *>("1"));
    queue->EnqueueMicrotask(isolate,
                            v8::Function::New(context, Note).ToLocalChecked());
    CHECK(!queue->IsRunningMicrotasks());
    queue->PerformCheckpoint(isolate);
    CHECK_EQ(calls, "1note()done");
    queue->RemoveMicrotasksCompletedCallback(Completed, const_cast<char *>("done"));
    calls.clear();
    queue->PerformCheckpoint(isolate);
    CHECK_EQ(calls, "");
}

CASE(microtask_queue_of_context)
{
    std::unique_ptr<MicrotaskQueue> queue =
        MicrotaskQueue::New(isolate, MicrotasksPolicy::kExplicit);

    {
        Local<Context> in =
            Context::New(isolate, nullptr, MaybeLocal<ObjectTemplate>(), MaybeLocal<Value>(),
                         DeserializeInternalFieldsCallback(), queue.get());
        Context::Scope scope(in);

        CHECK(in->GetMicrotaskQueue() == queue.get());
        Js("globalThis.ran = false; Promise.resolve().then(() => { ran = true })");
        isolate->PerformMicrotaskCheckpoint();
        CHECK(Js("ran")->IsFalse());
        queue->PerformCheckpoint(isolate);
        CHECK(Js("ran")->IsTrue());
    }
}

CASE(microtasks_completed_callback)
{
    char data[] = "completed";

    calls.clear();
    isolate->AddMicrotasksCompletedCallback(Completed, data);
    isolate->EnqueueMicrotask(NoteTask, const_cast<char *>("task "));
    isolate->PerformMicrotaskCheckpoint();
    CHECK_EQ(calls, "task completed");
    isolate->RemoveMicrotasksCompletedCallback(Completed, data);
}

namespace {

int entered_calls, completed_calls;
Isolate *entered_isolate;

void BeforeCall(Isolate *isolate)
{
    entered_calls++;
    entered_isolate = isolate;
}

void CallCompleted(Isolate *isolate)
{
    completed_calls++;
    entered_isolate = isolate;
}

} // namespace

CASE(call_callbacks)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    entered_calls = completed_calls = 0;
    entered_isolate = nullptr;
    own.isolate()->AddBeforeCallEnteredCallback(BeforeCall);
    own.isolate()->AddCallCompletedCallback(CallCompleted);
    Js("1");
    CHECK_EQ(entered_calls, 1);
    CHECK_EQ(completed_calls, 1);
    CHECK(entered_isolate == own.isolate());
    own.isolate()->RemoveBeforeCallEnteredCallback(BeforeCall);
    own.isolate()->RemoveCallCompletedCallback(CallCompleted);
    Js("1");
    CHECK_EQ(entered_calls, 1);
}

CASE(microtask_suppressed)
{

    calls.clear();
    {
        Isolate::SuppressMicrotaskExecutionScope suppress(isolate);

        isolate->EnqueueMicrotask(NoteTask, const_cast<char *>("late"));
        isolate->PerformMicrotaskCheckpoint();
        CHECK_EQ(calls, "");
    }
    isolate->PerformMicrotaskCheckpoint();
    CHECK_EQ(calls, "late");
}
