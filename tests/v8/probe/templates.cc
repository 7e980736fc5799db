/* SPDX-License-Identifier: MIT */
/* Function and object templates: classes, inheritance, signatures, call handlers. */
#include "shims.h"

using namespace probe;

typedef FunctionCallbackInfo<Value> Info;

static void InitPoint(const Info &info)
{
    static int pointee;
    Local<Context> context = info.GetIsolate()->GetCurrentContext();

    EXPECT(info.IsConstructCall());
    EXPECT_EQ(info.This()->InternalFieldCount(), 1);
    SetPointer(info.This(), 0, &pointee);
    EXPECT(info.This()->Set(context, Str("x"), info[0]).FromMaybe(false));
}

static void PointMethod(const Info &info)
{
    Local<Context> context = info.GetIsolate()->GetCurrentContext();

    EXPECT(GetPointer(info.This(), 0) != nullptr);
    info.GetReturnValue().Set(
        Num(info.This()->Get(context, Str("x")).ToLocalChecked()) + Num(info.Data()));
}

static Local<FunctionTemplate> PointClass(Isolate *isolate)
{
    Local<FunctionTemplate> points = FunctionTemplate::New(isolate, InitPoint);
    Local<Signature> signature = Signature::New(isolate, points);

    points->SetClassName(Str("Point"));
    points->InstanceTemplate()->SetInternalFieldCount(1);
    points->InstanceTemplate()->Set(isolate, "own", Integer::New(isolate, 3));
    points->PrototypeTemplate()->Set(
        isolate, "plus",
        FunctionTemplate::New(isolate, PointMethod, Integer::New(isolate, 100), signature));
    points->Set(isolate, "statical", Str("s"));
    return points;
}

CASE(template_class)
{
    Local<Function> Point = PointClass(isolate)->GetFunction(context).ToLocalChecked();

    CHECK_EQ(Text(Js("(P) => { const p = new P(5); return [p.x, p.own, p.plus(), P.statical, P.name,"
                     "p.constructor === P, p instanceof P].join(); }", Point)),
             "5,3,105,s,Point,true,true");
    CHECK_EQ(Text(Js("(P) => Object.prototype.toString.call(new P(1)) && String(new P(1).own)", Point)),
             "3");
}

CASE(template_signature)
{
    Local<Function> Point = PointClass(isolate)->GetFunction(context).ToLocalChecked();

    CHECK_EQ(Text(Js("(P) => { try { P.prototype.plus.call({}) } catch (e) { "
                     "return e.name + ': ' + e.message } }", Point)),
             "TypeError: Illegal invocation");
    CHECK_EQ(Text(Js("(P) => P.prototype.plus.call(new P(1))", Point)), "101");
}

CASE(template_inherit)
{
    Local<FunctionTemplate> base = PointClass(isolate);
    Local<FunctionTemplate> derived = FunctionTemplate::New(isolate, InitPoint);
    Local<FunctionTemplate> other = FunctionTemplate::New(isolate);

    derived->Inherit(base);
    derived->InstanceTemplate()->SetInternalFieldCount(1);
    derived->SetClassName(Str("Derived"));
    Local<Function> Derived = derived->GetFunction(context).ToLocalChecked();
    Local<Object> object = Derived->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(D) => new D(7).plus()", Derived)), "107");
    CHECK_EQ(Text(Js("(D, P) => new D(7) instanceof P", Derived,
                     base->GetFunction(context).ToLocalChecked())),
             "true");
    CHECK(base->HasInstance(object) && derived->HasInstance(object));
    CHECK(!other->HasInstance(object));
    CHECK(object->FindInstanceInPrototypeChain(base) == object);
    CHECK(object->FindInstanceInPrototypeChain(other).IsEmpty());
}

CASE(template_has_instance)
{
    Local<FunctionTemplate> functions = FunctionTemplate::New(isolate);
    Local<Object> object = functions->GetFunction(context)
                               .ToLocalChecked()
                               ->NewInstance(context)
                               .ToLocalChecked();

    CHECK(functions->HasInstance(object));
    CHECK(!functions->HasInstance(Object::New(isolate)));
    CHECK(!functions->HasInstance(Integer::New(isolate, 1)));
    CHECK(!functions->HasInstance(Undefined(isolate)));
    CHECK(functions->IsLeafTemplateForApiObject(object));
    CHECK(!functions->IsLeafTemplateForApiObject(Object::New(isolate)));
    CHECK(object->IsApiWrapper());
}

CASE(template_object)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);
    Local<ObjectTemplate> inner = ObjectTemplate::New(isolate);

    inner->Set(isolate, "deep", Str("value"));
    objects->Set(isolate, "inner", inner);
    objects->Set(Str("fixed"), Integer::New(isolate, 2), ReadOnly);
    objects->Set(Symbol::GetToStringTag(isolate), Str("Tagged"));
    objects->SetPrivate(Private::ForApi(isolate, Str("hidden")), Str("h"));
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(o) => { o.fixed = 9; return [o.inner.deep, o.fixed, String(o)].join(); }",
                     object)),
             "value,2,[object Tagged]");
    CHECK_EQ(Text(object->GetPrivate(context, Private::ForApi(isolate, Str("hidden")))
                      .ToLocalChecked()),
             "h");
}

CASE(template_constructor_of)
{
    Local<FunctionTemplate> functions = FunctionTemplate::New(isolate);
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate, functions);

    functions->SetClassName(Str("Made"));
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(object->GetConstructorName()), "Made");
    CHECK(functions->HasInstance(object));
}

static void CallObject(const Info &info)
{
    std::string text = info.IsConstructCall() ? "new " : "call ";

    info.GetReturnValue().Set(Str((text + Text(info.Data()) + " " + Text(info[0])).c_str()));
}

CASE(template_call_as_function)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    objects->SetCallAsFunctionHandler(CallObject, Str("data"));
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    Local<Value> argument = Str("api");
    CHECK(object->IsCallable());
    CHECK_EQ(Text(Js("(o) => typeof o + ' ' + o('js')", object)), "function call data js");
    CHECK_EQ(Text(object->CallAsFunction(context, object, 1, &argument).ToLocalChecked()),
             "call data api");
    CHECK_EQ(Text(object->CallAsConstructor(context, 1, &argument).ToLocalChecked()),
             "new data api");
}

CASE(template_undetectable)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    objects->SetCallAsFunctionHandler(CallObject);
    objects->MarkAsUndetectable();
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK(object->IsUndetectable());
    CHECK(!object->IsUndefined() && !object->IsNull() && !object->IsNullOrUndefined());
    CHECK_EQ(Text(Js("(o) => [typeof o, o == null, o === null, !o].join()", object)),
             "undefined,true,false,true");
}

CASE(template_immutable_prototype)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    CHECK(!objects->IsImmutableProto());
    objects->SetImmutableProto();
    CHECK(objects->IsImmutableProto());
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(o) => { try { Object.setPrototypeOf(o, {}) } catch (e) { return e.name } }",
                     object)),
             "TypeError");
}

CASE(template_prototype_of_class)
{
    Local<FunctionTemplate> bare = FunctionTemplate::New(isolate);
    Local<FunctionTemplate> fixed = FunctionTemplate::New(isolate);

    bare->RemovePrototype();
    fixed->ReadOnlyPrototype();
    CHECK_EQ(Text(Js("(f) => 'prototype' in f", bare->GetFunction(context).ToLocalChecked())),
             "false");
    CHECK_EQ(Text(Js("(f) => { const p = f.prototype; f.prototype = {}; return f.prototype === p }",
                     fixed->GetFunction(context).ToLocalChecked())),
             "true");
}

static void Answer(const Info &info)
{
    info.GetReturnValue().Set(Str(("answer " + Text(info.Data())).c_str()));
}

CASE(template_call_handler)
{
    Local<FunctionTemplate> functions = FunctionTemplate::New(isolate);

    functions->SetCallHandler(Answer, Integer::New(isolate, 6));
    functions->SetLength(4);
    functions->SetClassName(Str("Later"));
    functions->SetAcceptAnyReceiver(true);
    CHECK_EQ(Text(Js("(f) => [f(), f.length, f.name].join()",
                     functions->GetFunction(context).ToLocalChecked())),
             "answer 6,4,Later");
}

CASE(template_constructor_behavior)
{
    Local<Function> function =
        FunctionTemplate::New(isolate, Answer, Local<Value>(), Local<Signature>(), 2,
                              ConstructorBehavior::kThrow, SideEffectType::kHasNoSideEffect)
            ->GetFunction(context)
            .ToLocalChecked();

    CHECK_EQ(Text(Js("(f) => { try { new f } catch (e) { return e.name + f.length } }", function)),
             "TypeError2");
    CHECK_EQ(Text(Js("(f) => f()", function)), "answer undefined");
}

CASE(template_intrinsic)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    objects->SetIntrinsicDataProperty(Str("entries"), kArrayProto_values);
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(o) => o.entries === Array.prototype.values", object)), "true");
}

CASE(template_many_instances)
{
    Local<Function> Point = PointClass(isolate)->GetFunction(context).ToLocalChecked();

    CHECK_EQ(Num(Js("(P) => { const a = []; for (let i = 0; i < 3000; i++) a.push(new P(i));"
                    "return a.reduce((s, p) => s + p.plus(), 0); }", Point)),
             2999 * 3000 / 2 + 300000.0);
}

static int allowed, checks;

static bool CheckAccess(Local<Context> accessing, Local<Object> accessed, Local<Value> data)
{
    EXPECT(!accessing.IsEmpty());
    EXPECT(accessed->IsObject());
    EXPECT_EQ(Text(data), "check data");
    checks++;
    return allowed;
}

CASE(template_access_check)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);
    Local<Object> object;

    objects->SetAccessCheckCallback(CheckAccess, Str("check data"));
    objects->Set(isolate, "x", Integer::New(isolate, 5));
    {
        Local<Context> other = Context::New(isolate);
        Context::Scope scope(other);

        other->SetSecurityToken(Str("another"));
        object = objects->NewInstance(other).ToLocalChecked();
    }
    allowed = 1;
    checks = 0;
    CHECK_EQ(Text(Js("(o) => o.x", object)), "5");
    CHECK(checks > 0);
    allowed = 0;
    CHECK_EQ(Text(Js("(o) => { try { return 'got ' + o.x } catch (e) { return 'refused' } }", object)),
             "refused");
}

#if SINCE(13, 6)
CASE(template_dictionary)
{
    constexpr std::string_view names[] = { "a", "b" };
    Local<DictionaryTemplate> shapes = DictionaryTemplate::New(isolate, names);
    MaybeLocal<Value> values[] = { Local<Value>(Integer::New(isolate, 1)), Local<Value>(Str("two")) };
    MaybeLocal<Value> partly[] = { Local<Value>(Integer::New(isolate, 1)), MaybeLocal<Value>() };

    CHECK_EQ(Text(Js("(o) => JSON.stringify(o)", shapes->NewInstance(context, values))),
             "{\"a\":1,\"b\":\"two\"}");
    CHECK_EQ(Text(Js("(o) => JSON.stringify(o)", shapes->NewInstance(context, partly))), "{\"a\":1}");
}
#endif
