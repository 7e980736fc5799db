/* SPDX-License-Identifier: MIT */
/* Isolates: own ones, several at once, on threads; their data, their handlers. */
#include "own.h"

#include <cstring>
#include <functional>
#include <memory>
#include <thread>

using namespace probe;

CASE(isolate_own)
{
    OwnIsolate own(PlatformOf(context));
    {
        Inside inside(own.isolate());

        CHECK(Isolate::GetCurrent() == own.isolate());
        CHECK(own.isolate() != isolate);
        CHECK_EQ(Num(Js("6 * 7")), 42.0);
    }
    CHECK(Isolate::GetCurrent() == isolate);
}

CASE(isolate_two)
{
    OwnIsolate first(PlatformOf(context)), second(PlatformOf(context));

    CHECK(first.isolate() != second.isolate());
    for (int i = 0; i < 3; i++) {
        Isolate *each = i % 2 ? second.isolate() : first.isolate();
        Inside inside(each);

        CHECK(Isolate::GetCurrent() == each);
        CHECK_EQ(Text(Js("typeof marker")), "undefined");
        Js("globalThis.marker = 1");
    }
    CHECK(Isolate::GetCurrent() == isolate);
}

CASE(isolate_nested)
{
    OwnIsolate outer(PlatformOf(context)), inner(PlatformOf(context));
    Inside first(outer.isolate());
    Local<Value> kept = Js("'outer'");

    {
        Inside second(inner.isolate());

        CHECK(Isolate::GetCurrent() == inner.isolate());
        CHECK_EQ(Text(Js("'inner' + 1")), "inner1");
    }
    CHECK(Isolate::GetCurrent() == outer.isolate());
    CHECK_EQ(Text(kept), "outer");
}

CASE(isolate_enter_exit)
{
    OwnIsolate own(PlatformOf(context));

    CHECK(!own.isolate()->IsInUse());
    own.isolate()->Enter();
    EXPECT(own.isolate()->IsInUse());
    EXPECT(Isolate::TryGetCurrent() == own.isolate());
    own.isolate()->Exit();
    CHECK(!own.isolate()->IsInUse());
    CHECK(Isolate::TryGetCurrent() == isolate);
}

#if BEFORE(13, 6)
/* The order that Node's header asked for up to 23; from 24 on it is the other way round. */
CASE(isolate_unregister_first)
{
    node::MultiIsolatePlatform *platform = PlatformOf(context);
    std::unique_ptr<ArrayBuffer::Allocator> allocator(
        ArrayBuffer::Allocator::NewDefaultAllocator());
    Isolate::CreateParams params;
    uv_loop_t loop;
    Isolate *own = Isolate::Allocate();

    uv_loop_init(&loop);
    params.array_buffer_allocator = allocator.get();
    platform->RegisterIsolate(own, &loop);
    Isolate::Initialize(own, params);
    {
        Inside inside(own);

        EXPECT_EQ(Num(Js("1 + 1")), 2.0);
    }
    platform->DrainTasks(own);
    platform->UnregisterIsolate(own);
    own->Dispose();
    while (uv_run(&loop, UV_RUN_DEFAULT)) {
    }
    CHECK_EQ(uv_loop_close(&loop), 0);
}
#endif

CASE(isolate_data)
{
    OwnIsolate own(PlatformOf(context));
    static int things[16];

    CHECK(Isolate::GetNumberOfDataSlots() >= 4);
    for (uint32_t i = 0; i < 4; i++)
        own.isolate()->SetData(i, &things[i]);
    Inside inside(own.isolate());
    Js("1");
    for (uint32_t i = 0; i < 4; i++)
        CHECK(own.isolate()->GetData(i) == &things[i]);
}

CASE(isolate_data_of_main)
{
    static int thing;
    void *before = isolate->GetData(3);

    isolate->SetData(3, &thing);
    void *seen = isolate->GetData(3);
    isolate->SetData(3, before);
    CHECK(seen == &thing);
    CHECK(isolate->GetData(3) == before);
}

namespace {

/* Runs an own isolate on a thread. The platform's functions may be called from any thread. */
void OnThread(node::MultiIsolatePlatform *platform, const std::function<void(Isolate *)> &work)
{
    std::thread thread([&] {
        OwnIsolate own(platform);
        Locker locker(own.isolate());

        work(own.isolate());
    });
    thread.join();
}

} // namespace

CASE(isolate_thread)
{
    std::string result;
    bool none = false, current = false;

    OnThread(PlatformOf(context), [&](Isolate *own) {
        none = Isolate::TryGetCurrent() == nullptr || Isolate::TryGetCurrent() == own;
        Inside inside(own);

        current = Isolate::GetCurrent() == own;
        result = Text(Js("[3, 1, 2].sort().join('-')"));
    });
    CHECK(none);
    CHECK(current);
    CHECK_EQ(result, "1-2-3");
    CHECK(Isolate::GetCurrent() == isolate);
}

CASE(isolate_threads)
{
    node::MultiIsolatePlatform *platform = PlatformOf(context);
    double results[3] = { 0, 0, 0 };
    std::thread threads[3];

    for (int i = 0; i < 3; i++) {
        threads[i] = std::thread([platform, i, &results] {
            OwnIsolate own(platform);
            Inside inside(own.isolate());
            Local<Value> number = Integer::New(own.isolate(), i);

            results[i] = Num(Js("(n) => { let sum = n;"
                                "for (let i = 0; i < 100000; i++) sum += i % 3;"
                                "return sum }", number));
        });
    }
    for (std::thread &thread : threads)
        thread.join();
    for (int i = 0; i < 3; i++)
        CHECK_EQ(results[i], 99999.0 + i);
}

CASE(isolate_locker)
{
    OwnIsolate own(PlatformOf(context));
    bool elsewhere = false, unlocked = true;

    {
        Locker locker(own.isolate());

        EXPECT(Locker::IsLocked(own.isolate()));
        Isolate::Scope scope(own.isolate());
        HandleScope handles(own.isolate());
        Global<Context> kept(own.isolate(), Context::New(own.isolate()));
        {
            Unlocker unlocker(own.isolate());

            unlocked = !Locker::IsLocked(own.isolate());
            std::thread thread([&] {
                Locker inner(own.isolate());
                Isolate::Scope inner_scope(own.isolate());
                HandleScope inner_handles(own.isolate());
                Local<Context> here = kept.Get(own.isolate());
                Context::Scope entered(here);

                elsewhere = Num(Js("20 + 3")) == 23.0;
            });
            thread.join();
        }
        EXPECT(Locker::IsLocked(own.isolate()));
        Context::Scope entered(kept.Get(own.isolate()));
        EXPECT_EQ(Num(Js("1 + 1")), 2.0);
        kept.Reset();
    }
    CHECK(unlocked);
    CHECK(elsewhere);
}

namespace {

std::string fatal;

void Fatal(const char *location, const char *message)
{
    fatal = std::string(location) + ": " + message;
}

} // namespace

CASE(isolate_fatal_error_handler)
{
    OwnIsolate own(PlatformOf(context));

    fatal.clear();
    CHECK(!own.isolate()->IsDead());
    own.isolate()->SetFatalErrorHandler(Fatal);
    {
        Isolate::Scope scope(own.isolate());
        HandleScope handles(own.isolate());

        EXPECT(MaybeLocal<Value>().ToLocalChecked().IsEmpty());
    }
    CHECK_EQ(fatal.substr(0, 36), "v8::ToLocalChecked: Empty MaybeLocal");
    CHECK(own.isolate()->IsDead());
}

CASE(isolate_disallow_javascript)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    TryCatch guard(own.isolate());
    {
        Isolate::DisallowJavascriptExecutionScope no(
            own.isolate(), Isolate::DisallowJavascriptExecutionScope::THROW_ON_FAILURE);

        CHECK_EQ(Text(Js("1")).substr(0, 5), "threw");
        Isolate::AllowJavascriptExecutionScope yes(own.isolate());
        CHECK_EQ(Num(Js("1")), 1.0);
    }
    CHECK_EQ(Num(Js("2")), 2.0);
}

namespace {

int counter_value;
int *LookUpCounter(const char *)
{
    return &counter_value;
}

int histograms, histogram_samples;

void *MakeHistogram(const char *name, int, int, size_t buckets)
{
    EXPECT(name != nullptr);
    EXPECT(buckets < 100000);
    histograms++;
    return &histograms;
}

void AddSample(void *histogram, int)
{
    EXPECT(histogram == &histograms);
    histogram_samples++;
}

} // namespace

CASE(isolate_counters)
{
    std::unique_ptr<ArrayBuffer::Allocator> allocator(
        ArrayBuffer::Allocator::NewDefaultAllocator());
    Isolate::CreateParams params;

    histograms = histogram_samples = counter_value = 0;
    params.array_buffer_allocator = allocator.get();
    params.counter_lookup_callback = LookUpCounter;
    params.create_histogram_callback = MakeHistogram;
    params.add_histogram_sample_callback = AddSample;
    {
        OwnIsolate own(PlatformOf(context), params);
        Inside inside(own.isolate());

        Js("(() => { const all = []; for (let i = 0; i < 1000; i++) all.push(i) })()");
        Collect(own.isolate());
    }
    CHECK(histograms > 0);
    CHECK(histogram_samples > 0);
}

CASE(isolate_set_counters)
{
    OwnIsolate own(PlatformOf(context));

    histograms = histogram_samples = 0;
    own.isolate()->SetCounterFunction(LookUpCounter);
    own.isolate()->SetCreateHistogramFunction(MakeHistogram);
    own.isolate()->SetAddHistogramSampleFunction(AddSample);
    Inside inside(own.isolate());
    Js("1");
    Collect(own.isolate());
    CHECK(histogram_samples > 0);
    CHECK(histograms > 0);
}

namespace {

int features;

void Feature(Isolate *isolate, Isolate::UseCounterFeature feature)
{
    EXPECT(isolate == Isolate::GetCurrent());
    if (feature == Isolate::kStrictMode)
        features++;
}

} // namespace

CASE(isolate_use_counter)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());

    features = 0;
    own.isolate()->SetUseCounterCallback(Feature);
    Js("(function () { 'use strict'; return 1 })()");
    CHECK(features >= 1);
}

CASE(isolate_from_thread_none)
{
    Isolate *seen = isolate;

    std::thread thread([&] { seen = Isolate::TryGetCurrent(); });
    thread.join();
    CHECK(seen == nullptr);
}

CASE(isolate_stack_limit)
{
    OwnIsolate own(PlatformOf(context));
    Inside inside(own.isolate());
    char here;

    own.isolate()->SetStackLimit(reinterpret_cast<uintptr_t>(&here) - 200000);
    CHECK_EQ(Text(Js("(function deep(n) { return deep(n + 1) + 1 })(0)")),
             "threw RangeError: Maximum call stack size exceeded");
    CHECK_EQ(Num(Js("1")), 1.0);
}

CASE(isolate_contexts_entered)
{
    Local<Context> other = Context::New(isolate);

    CHECK(isolate->InContext());
    CHECK(isolate->GetCurrentContext() == context);
    CHECK(isolate->GetEnteredOrMicrotaskContext() == context);
    {
        Context::Scope scope(other);

        CHECK(isolate->GetCurrentContext() == other);
    }
    CHECK(isolate->GetCurrentContext() == context);
}
