/* SPDX-License-Identifier: MIT */
/* Functions with a callback: what it is given, what it returns, what may happen in it. */
#include "shims.h"

using namespace probe;

typedef FunctionCallbackInfo<Value> Info;

static void CountArguments(const Info &info)
{
    std::string text = std::to_string(info.Length()) + ":";

    for (int i = 0; i < info.Length(); i++)
        text += Text(info[i]) + ",";
    info.GetReturnValue().Set(Str(text.c_str()));
}

CASE(function_arguments)
{
    Local<Function> function = Fn(CountArguments);

    CHECK_EQ(Text(Js("(f) => f()", function)), "0:");
    CHECK_EQ(Text(Js("(f) => f('a')", function)), "1:a,");
    CHECK_EQ(Text(Js("(f) => f(0, 1, 2, 3, 4, 5, 6, 7, 8, 9)", function)),
             "10:0,1,2,3,4,5,6,7,8,9,");
    CHECK_EQ(Text(Js("(f) => f(undefined, null, true, 1.5, 'x', 3n)", function)),
             "6:undefined,null,true,1.5,x,3,");
}

CASE(function_many_arguments)
{
    Local<Function> function = Fn(CountArguments);

    CHECK_EQ(Text(Js("(f) => { const a = Array.from({ length: 200 }, (_, i) => i); "
                     "return f(...a) === '200:' + a.map((i) => i + ',').join('') }", function)),
             "true");
    CHECK_EQ(Text(Js("(f) => f.apply(null, new Array(3000).fill(7)).length", function)),
             Show(5 + 3000 * 2));
}

static void OutOfRange(const Info &info)
{
    EXPECT(info[0]->IsNumber());
    EXPECT(info[1]->IsUndefined());
    EXPECT(info[5]->IsUndefined());
    EXPECT(info[1000]->IsUndefined());
    EXPECT(info[-1]->IsUndefined());
    info.GetReturnValue().Set(info[3]);
}

CASE(function_out_of_range)
{
    CHECK_EQ(Text(Js("(f) => f(1)", Fn(OutOfRange))), "undefined");
}

static void ReturnData(const Info &info)
{
    info.GetReturnValue().Set(info.Data());
}

CASE(function_data)
{
    static int here;
    Local<Function> external = Fn(ReturnData, External::New(isolate, &here));
    Local<Object> object = Object::New(isolate);
    Local<Value> none;

    CHECK_EQ(Text(Js("(f) => f()", Fn(ReturnData, Str("data")))), "data");
    CHECK_EQ(Text(Js("(f) => f()", Fn(ReturnData, Integer::New(isolate, 12)))), "12");
    CHECK_EQ(Text(Js("(f) => f()", Fn(ReturnData, Number::New(isolate, 0.25)))), "0.25");
    CHECK_EQ(Text(Js("(f) => f()", Fn(ReturnData, none))), "undefined");
    CHECK_EQ(Text(Js("(f, o) => f() === o", Fn(ReturnData, object), object)), "true");
    CHECK(ValueOf(Js("(f) => f()", external)) == &here);
    Collect(isolate);
    CHECK(ValueOf(Js("(f) => f()", external)) == &here);
}

CASE(function_template_data)
{
    Local<FunctionTemplate> none = FunctionTemplate::New(isolate, ReturnData);
    Local<FunctionTemplate> text = FunctionTemplate::New(isolate, ReturnData, Str("of template"));

    CHECK_EQ(Text(Js("(f) => f()", text->GetFunction(context).ToLocalChecked())), "of template");
    CHECK_EQ(Text(Js("(f) => f()", none->GetFunction(context).ToLocalChecked())), "undefined");
    CHECK_EQ(Text(Js("(f) => f(1, 2)", text->GetFunction(context).ToLocalChecked())),
             "of template");
}

static void CheckIsolate(const Info &info)
{
    EXPECT(info.GetIsolate() == Isolate::GetCurrent());
    EXPECT(info.GetReturnValue().GetIsolate() == Isolate::GetCurrent());
    EXPECT(ValueOf(info.Data()) == info.GetIsolate());
    info.GetReturnValue().Set(info.GetIsolate()->InContext());
}

CASE(function_isolate)
{
    CHECK_EQ(Text(Js("(f) => f()", Fn(CheckIsolate, External::New(isolate, isolate)))), "true");
}

static void ReturnThis(const Info &info)
{
    info.GetReturnValue().Set(info.This());
}

CASE(function_this)
{
    Local<Function> function = Fn(ReturnThis);

    CHECK_EQ(Text(Js("(f) => { const o = {f}; return o.f() === o; }", function)), "true");
    CHECK_EQ(Text(Js("(f) => f.call('text') instanceof String", function)), "true");
    CHECK_EQ(Text(Js("(f) => { 'use strict'; return f.call(undefined) === globalThis }", function)),
             "true");
}

#if BEFORE(13, 6)
static void ReturnHolder(const Info &info)
{
    info.GetReturnValue().Set(info.Holder());
}

CASE(function_holder)
{
    Local<FunctionTemplate> shapes = FunctionTemplate::New(isolate);

    shapes->PrototypeTemplate()->Set(
        isolate, "holder",
        FunctionTemplate::New(isolate, ReturnHolder, Local<Value>(), Signature::New(isolate, shapes)));
    CHECK_EQ(Text(Js("(f) => { const o = {f}; return o.f() === o; }", Fn(ReturnHolder))), "true");
    CHECK_EQ(Text(Js("(C) => { const o = new C; return o.holder() === o; }",
                     shapes->GetFunction(context).ToLocalChecked())),
             "true");
}
#endif

static void Construct(const Info &info)
{
    std::string text = info.IsConstructCall() ? "new" : "call";

    text += info.NewTarget()->IsUndefined() ? "-" : "+";
    text += info.Length() ? Text(info[0]) : "";
    if (info.IsConstructCall()) {
        Local<Context> context = info.GetIsolate()->GetCurrentContext();

        EXPECT(info.This()->Set(context, Str("made"), Str(text.c_str())).FromMaybe(false));
        EXPECT(info.This()->Set(context, Str("target"), info.NewTarget()).FromMaybe(false));
    } else {
        info.GetReturnValue().Set(Str(text.c_str()));
    }
}

CASE(function_construct)
{
    Local<Function> function = FunctionTemplate::New(isolate, Construct)
                                   ->GetFunction(context)
                                   .ToLocalChecked();

    CHECK_EQ(Text(Js("(F) => F()", function)), "call-");
    CHECK_EQ(Text(Js("(F) => F(7)", function)), "call-7");
    CHECK_EQ(Text(Js("(F) => new F().made", function)), "new+");
    CHECK_EQ(Text(Js("(F) => new F(7, 8).made", function)), "new+7");
    CHECK_EQ(Text(Js("(F) => new F().target === F", function)), "true");
    CHECK_EQ(Text(Js("(F) => { class G extends F {} const g = new G(9);"
                     "return [g.target === G, g.made, g instanceof F].join() }", function)),
             "true,new+9,true");
    CHECK_EQ(Text(Js("(F) => { class H {} return Reflect.construct(F, [1], H).target === H }",
                     function)),
             "true");
}

static void ReturnObject(const Info &info)
{
    Local<Object> other = Object::New(info.GetIsolate());

    EXPECT(other->Set(info.GetIsolate()->GetCurrentContext(), Str("other"), True(info.GetIsolate()))
               .FromMaybe(false));
    info.GetReturnValue().Set(other);
}

CASE(function_construct_other)
{
    Local<Function> function = FunctionTemplate::New(isolate, ReturnObject)
                                   ->GetFunction(context)
                                   .ToLocalChecked();

    CHECK_EQ(Text(Js("(F) => new F().other", function)), "true");
    CHECK_EQ(Text(Js("(F) => F().other", function)), "true");
}

CASE(function_new_instance)
{
    Local<Function> function = FunctionTemplate::New(isolate, Construct)
                                   ->GetFunction(context)
                                   .ToLocalChecked();
    Local<Value> arguments[] = { Integer::New(isolate, 3), Str("b") };

    CHECK_EQ(Text(Js("(o) => o.made",
                     function->NewInstance(context, 2, arguments).ToLocalChecked())),
             "new+3");
    CHECK_EQ(Text(Js("(o) => o.made", function->NewInstance(context).ToLocalChecked())), "new+");
}

enum Kind {
    RETURN_TRUE, RETURN_FALSE, RETURN_INT, RETURN_NEGATIVE, RETURN_LARGE, RETURN_DOUBLE, RETURN_NULL,
    RETURN_UNDEFINED, RETURN_EMPTY_STRING, RETURN_LOCAL, RETURN_EMPTY_LOCAL, RETURN_GLOBAL,
    RETURN_EMPTY_GLOBAL, RETURN_TRACED, RETURN_NOTHING, RETURN_TWICE, RETURN_INT64, RETURN_UINT16,
    RETURN_FALSE_DIRECT, RETURN_NON_EMPTY,
};

static void ReturnKind(const Info &info)
{
    Isolate *isolate = info.GetIsolate();
    ReturnValue<Value> value = info.GetReturnValue();
    Global<String> global(isolate, Str("global")), empty_global;
    Local<Value> empty;

    switch (static_cast<int>(Num(info[0]))) {
    case RETURN_TRUE: value.Set(true); break;
    case RETURN_FALSE: value.Set(false); break;
    case RETURN_INT: value.Set(42); break;
    case RETURN_NEGATIVE: value.Set(int32_t(-2147483647 - 1)); break;
    case RETURN_LARGE: value.Set(4294967295u); break;
    case RETURN_DOUBLE: value.Set(0.125); break;
    case RETURN_NULL: value.SetNull(); break;
    case RETURN_UNDEFINED: value.SetUndefined(); break;
    case RETURN_EMPTY_STRING: value.SetEmptyString(); break;
    case RETURN_LOCAL: value.Set(Str("local")); break;
    case RETURN_EMPTY_LOCAL: value.Set(empty); break;
    case RETURN_GLOBAL: value.Set(global); break;
    case RETURN_EMPTY_GLOBAL: value.Set(empty_global); break;
    case RETURN_TRACED: {
        TracedReference<String> *traced = new TracedReference<String>(isolate, Str("traced"));

        value.Set(*traced);
        traced->Reset();
        delete traced;
        break;
    }
    case RETURN_TWICE:
        value.Set(1);
        value.Set(Str("second"));
        break;
#if SINCE(12, 9)
    case RETURN_INT64: value.Set(int64_t(1) << 40); break;
    case RETURN_UINT16: value.Set(uint16_t(65535)); break;
    case RETURN_FALSE_DIRECT: value.SetFalse(); break;
#endif
#if SINCE(12, 4)
    case RETURN_NON_EMPTY: value.SetNonEmpty(Str("not empty")); break;
#endif
    }
}

static std::string Returned(Isolate *isolate, Local<Function> function, Kind kind)
{
    return Text(Js("(f, kind) => { const v = f(kind); return typeof v + ' ' + v; }", function,
                   Integer::New(isolate, kind)));
}

CASE(return_booleans)
{
    Local<Function> function = Fn(ReturnKind);

    CHECK_EQ(Returned(isolate, function, RETURN_TRUE), "boolean true");
    CHECK_EQ(Returned(isolate, function, RETURN_FALSE), "boolean false");
#if SINCE(12, 9)
    CHECK_EQ(Returned(isolate, function, RETURN_FALSE_DIRECT), "boolean false");
#endif
}

CASE(return_numbers)
{
    Local<Function> function = Fn(ReturnKind);

    CHECK_EQ(Returned(isolate, function, RETURN_INT), "number 42");
    CHECK_EQ(Returned(isolate, function, RETURN_NEGATIVE), "number -2147483648");
    CHECK_EQ(Returned(isolate, function, RETURN_LARGE), "number 4294967295");
    CHECK_EQ(Returned(isolate, function, RETURN_DOUBLE), "number 0.125");
#if SINCE(12, 9)
    CHECK_EQ(Returned(isolate, function, RETURN_INT64), "number 1099511627776");
    CHECK_EQ(Returned(isolate, function, RETURN_UINT16), "number 65535");
#endif
}

CASE(return_oddballs)
{
    Local<Function> function = Fn(ReturnKind);

    CHECK_EQ(Returned(isolate, function, RETURN_NULL), "object null");
    CHECK_EQ(Returned(isolate, function, RETURN_UNDEFINED), "undefined undefined");
    CHECK_EQ(Returned(isolate, function, RETURN_NOTHING), "undefined undefined");
    CHECK_EQ(Returned(isolate, function, RETURN_EMPTY_STRING), "string ");
}

CASE(return_handles)
{
    Local<Function> function = Fn(ReturnKind);

    CHECK_EQ(Returned(isolate, function, RETURN_LOCAL), "string local");
    CHECK_EQ(Returned(isolate, function, RETURN_GLOBAL), "string global");
    CHECK_EQ(Returned(isolate, function, RETURN_TRACED), "string traced");
    CHECK_EQ(Returned(isolate, function, RETURN_TWICE), "string second");
#if SINCE(12, 4)
    CHECK_EQ(Returned(isolate, function, RETURN_NON_EMPTY), "string not empty");
#endif
}

CASE(return_empty_handles)
{
    Local<Function> function = Fn(ReturnKind);

    CHECK_EQ(Returned(isolate, function, RETURN_EMPTY_LOCAL), "undefined undefined");
    CHECK_EQ(Returned(isolate, function, RETURN_EMPTY_GLOBAL), "undefined undefined");
}

static void GetReturned(const Info &info)
{
    ReturnValue<Value> value = info.GetReturnValue();

    EXPECT(value.Get()->IsUndefined());
    value.Set(5);
    EXPECT_EQ(Num(value.Get()), 5.0);
    value.Set(true);
    EXPECT(value.Get()->IsTrue());
    value.SetNull();
    EXPECT(value.Get()->IsNull());
    value.Set(info[0]);
    EXPECT(value.Get() == info[0]);
}

CASE(return_get)
{
    CHECK_EQ(Text(Js("(f) => f('kept')", Fn(GetReturned))), "kept");
}

static void Throw(const Info &info)
{
    info.GetReturnValue().Set(1);
    info.GetIsolate()->ThrowException(info[0]);
}

CASE(function_throws)
{
    Local<Function> function = Fn(Throw);

    CHECK_EQ(Text(Js("(f) => { try { f('thrown'); } catch (e) { return 'caught ' + e; } }",
                     function)),
             "caught thrown");
    CHECK_EQ(Text(Js("(f) => { try { new f(3); } catch (e) { return e + 1; } }", function)), "4");
    CHECK_EQ(Text(Js("(f) => f(new RangeError('out'))", function)), "threw RangeError: out");
    CHECK_EQ(Text(Js("(f) => f(undefined)", function)), "threw undefined");
}

static void ThrowError(const Info &info)
{
    Local<String> message = Str("not so");

    info.GetIsolate()->ThrowException(Exception::TypeError(message));
}

static void CatchInside(const Info &info)
{
    TryCatch catcher(info.GetIsolate());
    Local<Context> context = info.GetIsolate()->GetCurrentContext();
    Local<Value> result;

    EXPECT(!info[0].As<Function>()->Call(context, info.This(), 0, nullptr).ToLocal(&result));
    EXPECT(catcher.HasCaught());
    info.GetReturnValue().Set(Str(Caught(catcher).c_str()));
}

static void RethrowInside(const Info &info)
{
    TryCatch catcher(info.GetIsolate());
    Local<Context> context = info.GetIsolate()->GetCurrentContext();

    EXPECT(info[0].As<Function>()->Call(context, info.This(), 0, nullptr).IsEmpty());
    catcher.ReThrow();
}

CASE(function_throw_nested)
{
    Local<Function> thrower = Fn(ThrowError);

    CHECK_EQ(Text(Js("(g, f) => g(f)", Fn(CatchInside), thrower)), "threw TypeError: not so");
    CHECK_EQ(Text(Js("(g, f) => g(() => { f(); })", Fn(CatchInside), thrower)),
             "threw TypeError: not so");
    CHECK_EQ(Text(Js("(g, f) => { try { g(f) } catch (e) { return 'outside ' + e.message } }",
                     Fn(RethrowInside), thrower)),
             "outside not so");
}

static void CallBack(const Info &info)
{
    Local<Context> context = info.GetIsolate()->GetCurrentContext();
    Local<Value> arguments[] = { info[1], Str("from callback") };
    Local<Value> value;

    if (info[0].As<Function>()->Call(context, info.This(), 2, arguments).ToLocal(&value))
        info.GetReturnValue().Set(value);
}

CASE(function_nested)
{
    CHECK_EQ(Text(Js("(f) => f((a, b) => f((c, d) => [a, b, c, d].join(), 2), 1)", Fn(CallBack))),
             "1,from callback,2,from callback");
}

static void Recurse(const Info &info)
{
    Isolate *isolate = info.GetIsolate();
    Local<Context> context = isolate->GetCurrentContext();
    int depth = static_cast<int>(Num(info[0]));
    Local<Value> argument = Integer::New(isolate, depth - 1);
    Local<Value> below;

    if (depth == 0) {
        Collect(isolate);
        info.GetReturnValue().Set(0);
    } else if (info[1].As<Function>()->Call(context, info.This(), 1, &argument).ToLocal(&below)) {
        EXPECT_EQ(Num(info[0]), depth);
        info.GetReturnValue().Set(depth + Num(below));
    }
}

CASE(function_recursion)
{
    CHECK_EQ(Num(Js("(f) => { const g = (n) => f(n, g); return g(50); }", Fn(Recurse))), 1275.0);
}

static void CollectInside(const Info &info)
{
    Isolate *isolate = info.GetIsolate();
    Local<Context> context = isolate->GetCurrentContext();
    Local<Object> fresh = Object::New(isolate);

    EXPECT(fresh->Set(context, Str("a"), info[0]).FromMaybe(false));
    info.GetReturnValue().Set(fresh);
    Collect(isolate);
    EXPECT_EQ(Text(info[0]), "argument");
    EXPECT_EQ(Text(info.Data()), "data of it");
    EXPECT(info.This()->IsObject());
    EXPECT(info.GetReturnValue().Get() == fresh);
    EXPECT(info.GetReturnValue().Get()->IsObject());
}

CASE(function_collects)
{
    Local<Function> function = Fn(CollectInside, Str("data of it"));

    CHECK_EQ(Text(Js("(f) => ({ f }).f('argu' + 'ment').a", function)), "argument");
}

CASE(function_properties)
{
    Local<Function> function = Function::New(context, CountArguments, Str("d"), 3,
                                             ConstructorBehavior::kThrow)
                                   .ToLocalChecked();

    function->SetName(Str("named"));
    CHECK_EQ(Text(function->GetName()), "named");
    CHECK_EQ(Text(Js("(f) => [f.name, f.length, typeof f].join()", function)), "named,3,function");
    CHECK_EQ(Text(Js("(f) => { try { new f; } catch (e) { return e.name; } }", function)),
             "TypeError");
    CHECK_EQ(Text(Js("(function someName() {})").As<Function>()->GetName()), "someName");
}

CASE(function_call)
{
    Local<Function> function = Js("(function (a, b) { return this + a + b; })").As<Function>();
    Local<Value> arguments[] = { Str("a"), Str("b") };

    CHECK_EQ(Text(function->Call(context, Str("this "), 2, arguments).ToLocalChecked()), "this ab");
    CHECK_EQ(Text(function->Call(context, Str("t"), 0, nullptr).ToLocalChecked()),
             "tundefinedundefined");
#if SINCE(12, 9)
    CHECK_EQ(Text(function->Call(isolate, context, Str("i "), 2, arguments).ToLocalChecked()),
             "i ab");
#endif
    TryCatch catcher(isolate);
    Local<Function> thrower = Js("() => { throw new SyntaxError('no'); }").As<Function>();
    CHECK(thrower->Call(context, Undefined(isolate), 0, nullptr).IsEmpty());
    CHECK_EQ(Caught(catcher), "threw SyntaxError: no");
}

CASE(function_script_place)
{
    Local<Function> function = Js("\n   (function placed() {})").As<Function>();

    CHECK_EQ(function->GetScriptLineNumber(), 1);
    CHECK(function->GetScriptColumnNumber() > 3);
    CHECK(function->ScriptId() > 0);
    CHECK(function->GetBoundFunction()->IsUndefined());
    CHECK(Js("(f) => f.bind(null)", function).As<Function>()->GetBoundFunction() == function);
}

CASE(function_hot)
{
    Local<Function> function = Fn(CountArguments);

    /* Often enough that the optimizing compiler calls the callback in its own way. */
    CHECK_EQ(Text(Js("(f) => { let n = 0; const g = (i) => f(i, 'x').length;"
                     "for (let i = 0; i < 30000; i++) n += g(i % 10); return n; }", function)),
             Show(30000 * 6));
}
