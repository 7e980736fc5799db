/* SPDX-License-Identifier: MIT */
/* Handles that outlive scopes: strong, weak, eternal and traced. */
#include <memory>
#include <vector>

#include "shims.h"

using namespace probe;

static Local<Object> Marked(Isolate *isolate, int mark)
{
    EscapableHandleScope scope(isolate);
    Local<Object> object = Object::New(isolate);
    Local<Context> context = isolate->GetCurrentContext();

    EXPECT(object->Set(context, Str("mark"), Integer::New(isolate, mark)).FromMaybe(false));
    return scope.Escape(object);
}

static double MarkOf(Isolate *isolate, Local<Object> object)
{
    HandleScope scope(isolate);

    return Num(object->Get(isolate->GetCurrentContext(), Str("mark")).ToLocalChecked());
}

CASE(persistent_basic)
{
    Persistent<Object> persistent;
    Local<Object> object = Marked(isolate, 5);

    CHECK(persistent.IsEmpty());
    persistent.Reset(isolate, object);
    CHECK(!persistent.IsEmpty());
    CHECK(persistent == object);
    CHECK(persistent != Marked(isolate, 5));
    CHECK(Local<Object>::New(isolate, persistent) == object);
    CHECK_EQ(MarkOf(isolate, persistent.Get(isolate)), 5.0);
    persistent.Reset();
    CHECK(persistent.IsEmpty());
}

CASE(global_move)
{
    Global<Object> first(isolate, Marked(isolate, 1));
    Global<Object> second = std::move(first);

    CHECK(first.IsEmpty());
    CHECK_EQ(MarkOf(isolate, second.Get(isolate)), 1.0);
    first = std::move(second);
    CHECK(second.IsEmpty());
    second = first.Pass();
    CHECK_EQ(MarkOf(isolate, second.Get(isolate)), 1.0);
    Global<Object> copy(isolate, second);
    CHECK(copy == second);
    second.Reset();
    CHECK_EQ(MarkOf(isolate, copy.Get(isolate)), 1.0);
}

#if BEFORE(12, 9)
CASE(persistent_copyable)
{
    Persistent<Object, CopyablePersistentTraits<Object>> first(isolate, Marked(isolate, 3));
    Persistent<Object, CopyablePersistentTraits<Object>> second = first;

    CHECK(first == second);
    first.Reset();
    Collect(isolate);
    CHECK_EQ(MarkOf(isolate, second.Get(isolate)), 3.0);
}
#endif

CASE(global_survives)
{
    std::vector<Global<Object>> globals;
    double sum = 0;

    for (int i = 0; i < 300; i++) {
        HandleScope scope(isolate);

        globals.emplace_back(isolate, Marked(isolate, i));
    }
    Collect(isolate);
    for (int i = 0; i < 300; i += 2)
        globals[i].Reset();
    Collect(isolate);
    for (Global<Object> &global : globals) {
        HandleScope scope(isolate);

        if (!global.IsEmpty())
            sum += MarkOf(isolate, global.Get(isolate));
    }
    CHECK_EQ(sum, 150 * 150.0);
}

struct Watched {
    Isolate *isolate;
    Global<Object> handle;
    int first, second;
    void *fields[2];
};

static void SecondPass(const WeakCallbackInfo<Watched> &info)
{
    Watched *watched = info.GetParameter();

    EXPECT(info.GetIsolate() == watched->isolate);
    EXPECT(watched->handle.IsEmpty());
    HandleScope scope(info.GetIsolate());
    EXPECT_EQ(Text(Str("alive")), "alive");
    watched->second++;
}

static void FirstPass(const WeakCallbackInfo<Watched> &info)
{
    Watched *watched = info.GetParameter();

    EXPECT(info.GetIsolate() == watched->isolate);
    watched->handle.Reset();
    watched->first++;
}

static void BothPasses(const WeakCallbackInfo<Watched> &info)
{
    FirstPass(info);
    info.SetSecondPassCallback(SecondPass);
}

static void FieldsPass(const WeakCallbackInfo<Watched> &info)
{
    FirstPass(info);
    info.GetParameter()->fields[0] = info.GetInternalField(0);
    info.GetParameter()->fields[1] = info.GetInternalField(1);
}

CASE(weak_parameter)
{
    Watched watched = { isolate };

    {
        HandleScope scope(isolate);

        watched.handle.Reset(isolate, Marked(isolate, 1));
        watched.handle.SetWeak(&watched, FirstPass, WeakCallbackType::kParameter);
        Collect(isolate);
        CHECK_EQ(watched.first, 0);
        CHECK_EQ(MarkOf(isolate, watched.handle.Get(isolate)), 1.0);
    }
    Collect(isolate);
    CHECK_EQ(watched.first, 1);
    CHECK(watched.handle.IsEmpty());
}

CASE(weak_two_passes)
{
    Watched watched = { isolate };

    {
        HandleScope scope(isolate);

        watched.handle.Reset(isolate, Marked(isolate, 1));
        watched.handle.SetWeak(&watched, BothPasses, WeakCallbackType::kParameter);
    }
    Collect(isolate);
    CHECK_EQ(watched.first, 1);
    CHECK_EQ(watched.second, 1);
}

CASE(weak_internal_fields)
{
    static int one, two;
    Watched watched = { isolate };

    {
        HandleScope scope(isolate);
        Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

        objects->SetInternalFieldCount(2);
        Local<Object> object = objects->NewInstance(context).ToLocalChecked();
        SetPointer(object, 0, &one);
        SetPointer(object, 1, &two);
        watched.handle.Reset(isolate, object);
        watched.handle.SetWeak(&watched, FieldsPass, WeakCallbackType::kInternalFields);
    }
    Collect(isolate);
    CHECK_EQ(watched.first, 1);
    CHECK(watched.fields[0] == &one);
    CHECK(watched.fields[1] == &two);
}

CASE(weak_phantom)
{
    Global<Object> global;

    {
        HandleScope scope(isolate);

        global.Reset(isolate, Marked(isolate, 1));
        global.SetWeak();
        Collect(isolate);
        CHECK(!global.IsEmpty());
    }
    Collect(isolate);
    CHECK(global.IsEmpty());
}

CASE(weak_state)
{
    Global<Object> global(isolate, Marked(isolate, 1));
    Watched watched = { isolate };

    CHECK(!global.IsWeak());
    global.SetWeak(&watched, FirstPass, WeakCallbackType::kParameter);
    CHECK(global.IsWeak());
    CHECK(global.ClearWeak<Watched>() == &watched);
    CHECK(!global.IsWeak());
    global.SetWeak();
    CHECK(global.IsWeak());
    global.ClearWeak();
    CHECK(!global.IsWeak());
    global.Reset();
    CHECK(!global.IsWeak());
}

CASE(weak_cleared)
{
    Watched watched = { isolate };

    {
        HandleScope scope(isolate);

        watched.handle.Reset(isolate, Marked(isolate, 8));
        watched.handle.SetWeak(&watched, FirstPass, WeakCallbackType::kParameter);
        watched.handle.ClearWeak();
    }
    Collect(isolate);
    CHECK_EQ(watched.first, 0);
    CHECK_EQ(MarkOf(isolate, watched.handle.Get(isolate)), 8.0);
}

CASE(weak_many)
{
    std::vector<std::unique_ptr<Watched>> all;
    int first = 0, second = 0;

    for (int i = 0; i < 200; i++) {
        HandleScope scope(isolate);

        all.emplace_back(new Watched { isolate });
        all.back()->handle.Reset(isolate, Marked(isolate, i));
        all.back()->handle.SetWeak(all.back().get(), i % 2 ? FirstPass : BothPasses,
                                   WeakCallbackType::kParameter);
    }
    Collect(isolate);
    for (auto &watched : all) {
        first += watched->first;
        second += watched->second;
    }
    CHECK_EQ(first, 200);
    CHECK_EQ(second, 100);
}

CASE(weak_annotation)
{
    Global<Object> global(isolate, Marked(isolate, 2));

    global.AnnotateStrongRetainer("probe");
    global.SetWrapperClassId(7);
    CHECK_EQ(global.WrapperClassId(), 7);
    global.SetWrapperClassId(1234);
    CHECK_EQ(global.WrapperClassId(), 1234);
    CHECK_EQ(MarkOf(isolate, global.Get(isolate)), 2.0);
    CHECK(!global.IsWeak());
}

CASE(eternal)
{
    static Eternal<String> eternal; /* it cannot be given back */

    if (eternal.IsEmpty()) {
        HandleScope scope(isolate);

        eternal.Set(isolate, Str("for ever"));
    }
    Collect(isolate);
    CHECK(!eternal.IsEmpty());
    CHECK_EQ(Text(eternal.Get(isolate)), "for ever");
    CHECK(eternal.Get(isolate) == eternal.Get(isolate));
}

/* Nothing traces these, so a collection would clear them. */
CASE(traced_reference)
{
    typedef TracedReference<Object> Reference;
    Local<Object> object = Marked(isolate, 9);
    std::unique_ptr<Reference> traced(new Reference(isolate, object));

    CHECK(!traced->IsEmpty());
    CHECK(traced->Get(isolate) == object);
    CHECK(*traced == object);
    CHECK_EQ(MarkOf(isolate, traced->Get(isolate)), 9.0);
    std::unique_ptr<Reference> copy(new Reference(*traced));
    CHECK(*copy == *traced);
    std::unique_ptr<Reference> moved(new Reference(std::move(*traced)));
    CHECK(traced->IsEmpty());
    CHECK_EQ(MarkOf(isolate, moved->Get(isolate)), 9.0);
    moved->Reset(isolate, Marked(isolate, 10));
    CHECK(*moved != *copy);
    moved->Reset();
    CHECK(moved->IsEmpty());
    copy->Reset();
}

#if BEFORE(12, 4)
CASE(traced_class_id)
{
    std::unique_ptr<TracedReference<Object>> traced(
        new TracedReference<Object>(isolate, Object::New(isolate)));

    traced->SetWrapperClassId(21);
    CHECK_EQ(traced->WrapperClassId(), 21);
    traced->Reset();
}
#endif

CASE(global_of_kinds)
{
    Global<Value> number(isolate, Number::New(isolate, 1.5));
    Global<String> text(isolate, Str("text"));
    Global<Function> function(isolate, Js("(a) => a * 2").As<Function>());
    Global<Context> other(isolate, context);
    Global<FunctionTemplate> functions(isolate, FunctionTemplate::New(isolate));

    Collect(isolate);
    CHECK_EQ(Num(number.Get(isolate)), 1.5);
    CHECK_EQ(Text(text.Get(isolate)), "text");
    CHECK(other.Get(isolate) == context);
    Local<Value> argument = number.Get(isolate);
    CHECK_EQ(Num(function.Get(isolate)
                     ->Call(context, Undefined(isolate), 1, &argument)
                     .ToLocalChecked()),
             3.0);
    CHECK(functions.Get(isolate)->GetFunction(context).ToLocalChecked()->IsFunction());
}
