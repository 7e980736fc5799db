/* SPDX-License-Identifier: MIT */
/* Functions of values, objects and contexts that came after the first version, one by one. */
#include "shims.h"

#include <string>
#include <vector>

using namespace probe;

#if SINCE(12, 4)
static std::string NumericOf(Local<Context> context, const char *source)
{
    Local<Numeric> numeric;

    return Js(source)->ToNumeric(context).ToLocal(&numeric) ? Text(numeric) : "thrown";
}

CASE(value_to_numeric)
{
    TryCatch caught(isolate);

    CHECK_EQ(NumericOf(context, "'12'"), "12");
    CHECK_EQ(NumericOf(context, "12n"), "12");
    CHECK(Js("12n")->ToNumeric(context).ToLocalChecked()->IsBigInt());
    CHECK_EQ(NumericOf(context, "({ valueOf() { return 7n; } })"), "7");
    CHECK_EQ(NumericOf(context, "Symbol()"), "thrown");
    CHECK(caught.HasCaught());
}

static std::string PrimitiveOf(Local<Context> context, const char *source)
{
    Local<Primitive> primitive;

    return Js(source)->ToPrimitive(context).ToLocal(&primitive) ? Text(primitive) : "thrown";
}

CASE(value_to_primitive)
{
    TryCatch caught(isolate);

    CHECK_EQ(PrimitiveOf(context, "'text'"), "text");
    CHECK_EQ(PrimitiveOf(context, "[1, 2]"), "1,2");
    CHECK_EQ(PrimitiveOf(context, "({ valueOf() { return 5; }, toString() { return 1; } })"), "5");
    CHECK_EQ(PrimitiveOf(context, "({ [Symbol.toPrimitive](hint) { return hint; } })"), "default");
    CHECK_EQ(PrimitiveOf(context, "Object.create(null)"), "thrown");
    CHECK(caught.HasCaught());
}

CASE(typecheck_witness)
{
    Local<Value> first = Js("({ a: 1 })"), second = Js("({ a: 2 })"), other = Js("[1]");
    TypecheckWitness witness(isolate);

    CHECK(!witness.Matches(first));
    witness.Update(other);
    CHECK(witness.Matches(Js("[2]")));
    CHECK(!witness.Matches(first));
    witness.Update(second);
    CHECK(!witness.Matches(other));
}

CASE(array_from_function)
{
    int next = 0;
    Local<Array> array =
        Array::New(context, 300, [&]() -> MaybeLocal<Value> {
            return Number::New(isolate, next++ * 2);
        }).ToLocalChecked();

    CHECK_EQ(array->Length(), 300u);
    CHECK_EQ(Num(array->Get(context, 299).ToLocalChecked()), 598.0);
    TryCatch caught(isolate);
    CHECK(Array::New(context, 3, [&]() -> MaybeLocal<Value> {
              isolate->ThrowException(Str("no more"));
              return MaybeLocal<Value>();
          }).IsEmpty());
    CHECK(caught.HasCaught());
}
#endif

#if SINCE(11, 3)
CASE(value_weak_ref)
{
    CHECK(Js("new WeakRef({})")->IsWeakRef());
    CHECK(!Js("({})")->IsWeakRef());
    CHECK(!Js("1")->IsWeakRef());
    CHECK(!Js("new WeakMap")->IsWeakRef());
}

class Delegate : public Context::DeepFreezeDelegate {
public:
#if SINCE(12, 4)
    bool FreezeEmbedderObjectAndGetChildren(Local<Object>, LocalVector<Object> &) override
#else
    bool FreezeEmbedderObjectAndGetChildren(Local<Object>, std::vector<Local<Object>> &) override
#endif
    {
        calls++;
        return true;
    }

    int calls = 0;
};

CASE(context_deep_freeze)
{
    Local<Context> own = Context::New(isolate);
    Delegate delegate;

    Context::Scope scope(own);
    own->Global()->Set(own, Str("kept"), Object::New(isolate)).Check();
    CHECK(own->DeepFreeze(&delegate).IsJust());
    CHECK(Js("Object.isFrozen(kept)")->IsTrue());
}
#endif

#if SINCE(12, 9)
CASE(object_receiver)
{
    Local<Object> object = Js("({ get self() { return this.mark; }, set self(value) {"
                              " this.got = value; }, mark: 'own' })").As<Object>();
    Local<Object> receiver = Js("({ mark: 'other' })").As<Object>();

    CHECK_EQ(Text(object->Get(context, Str("self"), receiver).ToLocalChecked()), "other");
    CHECK_EQ(Text(object->Get(context, Str("self"), MaybeLocal<Object>()).ToLocalChecked()), "own");
    CHECK(object->Set(context, Str("self"), Str("set"), receiver).FromMaybe(false));
    CHECK_EQ(Text(receiver->Get(context, Str("got")).ToLocalChecked()), "set");
    CHECK(object->Get(context, Str("got")).ToLocalChecked()->IsUndefined());
}
#endif

#if SINCE(13, 6)
CASE(symbol_dispose)
{
    CHECK(Symbol::GetDispose(isolate)->StrictEquals(Js("Symbol.dispose")) ||
          Js("Symbol.dispose")->IsUndefined());
    CHECK(Symbol::GetDispose(isolate)->StrictEquals(Symbol::GetDispose(isolate)));
    CHECK(!Symbol::GetDispose(isolate)->StrictEquals(Symbol::GetAsyncDispose(isolate)));
}

CASE(value_hash)
{
    Local<Object> object = Object::New(isolate);

    CHECK_EQ(object->GetHash(), static_cast<uint32_t>(object->GetIdentityHash()));
    CHECK_EQ(Number::New(isolate, 2.5)->GetHash(), Number::New(isolate, 2.5)->GetHash());
    CHECK_EQ(Str("text")->GetHash(), static_cast<uint32_t>(Str("text")->GetIdentityHash()));
    CHECK_EQ(Js("12345678901234567890n")->GetHash(), Js("12345678901234567890n")->GetHash());
    CHECK_EQ(Undefined(isolate)->GetHash(), Undefined(isolate)->GetHash());
}

CASE(value_primitive)
{
    CHECK(Js("1")->IsPrimitive());
    CHECK(Js("'a'")->IsPrimitive());
    CHECK(Js("null")->IsPrimitive());
    CHECK(Js("1n")->IsPrimitive());
    CHECK(!Js("({})")->IsPrimitive());
    CHECK(!Js("(() => 1)")->IsPrimitive());
}
#endif

#if SINCE(14, 1)
CASE(number_of_integers)
{
    CHECK_EQ(Num(Number::New(isolate, int32_t(-2147483647))), -2147483647.0);
    CHECK_EQ(Num(Number::New(isolate, uint32_t(4294967295u))), 4294967295.0);
}
#endif

#if SINCE(14, 6)
CASE(object_attributes_or_none)
{
    Local<Object> object = Js("Object.defineProperty({}, 'a', { value: 1 })").As<Object>();
    PropertyAttribute attributes = None;

    CHECK(object->GetPropertyAttributes(context, Str("a"), &attributes).FromMaybe(false));
    CHECK_EQ(static_cast<int>(attributes), ReadOnly | DontEnum | DontDelete);
    attributes = DontEnum;
    CHECK(!object->GetPropertyAttributes(context, Str("b"), &attributes).FromMaybe(true));
    CHECK_EQ(static_cast<int>(attributes), static_cast<int>(DontEnum));
}
#endif

/* Thousands of handles, in scopes inside scopes: the host makes room for them several times. */
static double Deep(Isolate *isolate, int depth)
{
    EscapableHandleScope scope(isolate);
    Local<Number> sum = Number::New(isolate, 0);

    EXPECT(scope.GetIsolate() == isolate);
    for (int i = 0; i < 900; i++)
        sum = Number::New(isolate, sum->Value() + 1);
    if (depth)
        sum = Number::New(isolate, sum->Value() + Deep(isolate, depth - 1));
    return scope.Escape(sum)->Value();
}

CASE(handle_scopes_deep)
{
    for (int i = 0; i < 20; i++) {
        HandleScope scope(isolate);
        Local<String> kept = Str("kept");

        CHECK(scope.GetIsolate() == isolate);
        CHECK_EQ(Deep(isolate, 8), 8100.0);
        CHECK_EQ(Text(kept), "kept");
    }
    Collect(isolate);
}

static void Recurse(const FunctionCallbackInfo<Value> &info)
{
    Isolate *isolate = info.GetIsolate();
    Local<Value> left = Number::New(isolate, Num(info[0]) - 1);

    for (int i = 0; i < 300; i++)
        Number::New(isolate, i + 0.5);
    if (Num(left) < 0)
        return info.GetReturnValue().Set(info[1]);
    Local<Value> arguments[] = {left, info[1], info[2]};
    info.GetReturnValue().Set(info[2]
                                  .As<Function>()
                                  ->Call(isolate->GetCurrentContext(), info.This(), 3, arguments)
                                  .ToLocalChecked());
}

CASE(handle_scopes_through_calls)
{
    Local<Function> function = Function::New(context, Recurse).ToLocalChecked();

    CHECK_EQ(Text(Js("(f) => f(40, 'through', f)", function)), "through");
}

CASE(context_continuation_data)
{
#if BEFORE(12, 4)
    context->SetContinuationPreservedEmbedderData(Str("data"));
    CHECK_EQ(Text(context->GetContinuationPreservedEmbedderData()), "data");
    context->SetContinuationPreservedEmbedderData(Undefined(isolate));
    CHECK(context->GetContinuationPreservedEmbedderData()->IsUndefined());
#elif BEFORE(14, 6)
    Local<Value> before = isolate->GetContinuationPreservedEmbedderData();
    isolate->SetContinuationPreservedEmbedderData(Str("data"));
    CHECK_EQ(Text(isolate->GetContinuationPreservedEmbedderData()), "data");
    isolate->SetContinuationPreservedEmbedderData(before);
#else
    Local<Data> before = isolate->GetContinuationPreservedEmbedderDataV2();
    isolate->SetContinuationPreservedEmbedderDataV2(Str("data"));
    CHECK_EQ(Text(isolate->GetContinuationPreservedEmbedderDataV2().As<Value>()), "data");
    isolate->SetContinuationPreservedEmbedderDataV2(before);
#endif
}

static Isolate *aborted;

static void Abort(Isolate *isolate, Local<Context>)
{
    aborted = isolate;
}

CASE(context_abort_script)
{
    Local<Context> own = Context::New(isolate);
    Local<Script> script;

    Context::Scope scope(own);
    CHECK(Script::Compile(own, Str("1")).ToLocal(&script));
    own->SetAbortScriptExecution(Abort);
    aborted = nullptr;
    {
        TryCatch caught(isolate);

        CHECK(script->Run(own).IsEmpty());
        CHECK(caught.HasCaught());
    }
    CHECK(aborted == isolate);
    own->SetAbortScriptExecution(nullptr);
    CHECK_EQ(Num(script->Run(own).ToLocalChecked()), 1.0);
}

#if SINCE(14, 6)
CASE(context_embedder_data)
{
    Local<Context> own = Context::New(isolate);

    own->SetEmbedderDataV2(2, Str("data"));
    CHECK_EQ(Text(own->GetEmbedderDataV2(2).As<Value>()), "data");
}
#endif

#if BEFORE(11, 3)
struct Finalized {
    Global<Object> handle;
    int calls;
};

static void Finalize(const WeakCallbackInfo<Finalized> &info)
{
    info.GetParameter()->handle.Reset();
    info.GetParameter()->calls++;
}

CASE(weak_finalizer)
{
    Finalized finalized = {};

    {
        HandleScope scope(isolate);

        finalized.handle.Reset(isolate, Object::New(isolate));
        finalized.handle.SetWeak(&finalized, Finalize, WeakCallbackType::kFinalizer);
    }
    Collect(isolate);
    CHECK_EQ(finalized.calls, 1);
    CHECK(finalized.handle.IsEmpty());
}
#endif
