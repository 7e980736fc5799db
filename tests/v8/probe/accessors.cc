/* SPDX-License-Identifier: MIT */
/* Properties that call C++: accessors, native and lazy data properties. */
#include "shims.h"

using namespace probe;

static double stored;

static void Getter(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    EXPECT(info.GetIsolate() == Isolate::GetCurrent());
    EXPECT(HolderOf(info)->IsObject());
    EXPECT(!info.ShouldThrowOnError());
    info.GetReturnValue().Set(Str((Text(name) + "=" + Show(stored) + "/" + Text(info.Data())).c_str()));
}

static void Setter(Local<Name> name, Local<Value> value, const PropertyCallbackInfo<void> &info)
{
    EXPECT_EQ(Text(name), "p");
    EXPECT(HolderOf(info)->IsObject());
    stored = Num(value) + Num(info.Data());
}

CASE(accessor_on_object)
{
    Local<Object> object = Object::New(isolate);

    stored = 1;
    CHECK(AddAccessor(context, object, "p", Getter, Setter, Integer::New(isolate, 10)));
    CHECK_EQ(Text(Js("(o) => o.p", object)), "p=1/10");
    CHECK_EQ(Text(Js("(o) => { o.p = 5; return o.p; }", object)), "p=15/10");
    CHECK_EQ(Text(object->Get(context, Str("p")).ToLocalChecked()), "p=15/10");
    CHECK(object->Set(context, Str("p"), Integer::New(isolate, 7)).FromJust());
    CHECK_EQ(stored, 17.0);
    CHECK(object->HasRealNamedCallbackProperty(context, Str("p")).FromJust());
}

CASE(accessor_on_template)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    stored = 2;
    AddAccessor(objects, "p", Getter, Setter, Integer::New(isolate, 1));
    AddAccessor(objects, "fixed", Getter);
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(o) => o.p + ' ' + o.fixed", object)), "p=2/1 fixed=2/undefined");
    CHECK_EQ(Text(Js("(o) => { o.p = 3; return o.p; }", object)), "p=4/1");
    CHECK_EQ(Text(Js("(o) => Object.keys(o).sort().join()", object)), "fixed,p");
}

static void ReturnParts(Local<Name>, const PropertyCallbackInfo<Value> &info)
{
    Local<Context> context = info.GetIsolate()->GetCurrentContext();
    Local<Array> parts = Array::New(info.GetIsolate(), 3);

    EXPECT(parts->Set(context, 0, HolderOf(info)).FromMaybe(false));
#if BEFORE(14, 6)
    EXPECT(parts->Set(context, 1, info.This()).FromMaybe(false));
#else
    EXPECT(parts->Set(context, 1, HolderOf(info)).FromMaybe(false));
#endif
    EXPECT(parts->Set(context, 2, info.Data()).FromMaybe(false));
    info.GetReturnValue().Set(parts);
}

CASE(accessor_parts)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    AddAccessor(objects, "parts", ReturnParts, nullptr, Str("data"));
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(o) => { const p = o.parts; return [p[0] === o, p[1] === o, p[2]].join() }",
                     object)),
             "true,true,data");
    CHECK_EQ(Text(Js("(o) => Object.create(o).parts[0] === o", object)), "true");
}

#if BEFORE(14, 6)
static void ThisName(Local<Name>, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(
        info.This()->Get(info.GetIsolate()->GetCurrentContext(), Str("name")).ToLocalChecked());
}

CASE(accessor_this)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    AddAccessor(objects, "mine", ThisName);
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(o) => { const c = Object.create(o); c.name = 'child'; o.name = 'parent';"
                     "return c.mine + ' ' + o.mine; }", object)),
             /* 14.6 tells no native property who was asked; SetAccessor() up to 12.4 is another thing. */
             HostIs(14, 6) && SINCE(12, 9) ? "parent parent" : "child parent");
}
#endif

static void ThrowingGetter(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    info.GetIsolate()->ThrowException(Exception::RangeError(name.As<String>()));
}

static void ThrowingSetter(Local<Name> name, Local<Value> value, const PropertyCallbackInfo<void> &info)
{
    info.GetIsolate()->ThrowException(value);
}

CASE(accessor_throws)
{
    Local<Object> object = Object::New(isolate);

    CHECK(AddAccessor(context, object, "bad", ThrowingGetter, ThrowingSetter));
    CHECK_EQ(Text(Js("(o) => { try { o.bad } catch (e) { return e.name + e.message } }", object)),
             "RangeErrorbad");
    CHECK_EQ(Text(Js("(o) => { try { o.bad = 'it' } catch (e) { return 'threw ' + e } }", object)),
             "threw it");
}

static void ReturnByName(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    std::string kind = Text(name);
    ReturnValue<Value> value = info.GetReturnValue();
    Local<Value> empty;

    if (kind == "yes")
        value.Set(true);
    else if (kind == "int")
        value.Set(-3);
    else if (kind == "unsigned")
        value.Set(4000000000u);
    else if (kind == "double")
        value.Set(1.75);
    else if (kind == "null")
        value.SetNull();
    else if (kind == "undefined")
        value.SetUndefined();
    else if (kind == "text")
        value.SetEmptyString();
    else if (kind == "empty")
        value.Set(empty);
}

CASE(accessor_returns)
{
    Local<Object> object = Object::New(isolate);

    for (const char *name : { "yes", "int", "unsigned", "double", "null", "undefined", "text",
                              "empty", "nothing" })
        CHECK(AddAccessor(context, object, name, ReturnByName));
    CHECK_EQ(Text(Js("(o) => Object.keys(o).map((k) => typeof o[k] + ' ' + o[k]).join()", object)),
             "boolean true,number -3,number 4000000000,number 1.75,object null,"
             "undefined undefined,string ,undefined undefined,undefined undefined");
}

static void CollectingGetter(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(Str("before"));
    Collect(info.GetIsolate());
    EXPECT_EQ(Text(info.Data()), "kept data");
    EXPECT_EQ(Text(name), "collected");
    EXPECT(HolderOf(info)->IsObject());
    EXPECT_EQ(Text(info.GetReturnValue().Get()), "before");
}

CASE(accessor_collects)
{
    Local<Object> object = Object::New(isolate);

    CHECK(AddAccessor(context, object, "collected", CollectingGetter, nullptr, Str("kept data")));
    CHECK_EQ(Text(Js("(o) => o.collected", object)), "before");
}

static void SymbolGetter(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    EXPECT(name->IsSymbol());
    info.GetReturnValue().Set(name);
}

CASE(accessor_symbol)
{
    Local<Object> object = Object::New(isolate);
    Local<Symbol> symbol = Symbol::New(isolate, Str("key"));

    CHECK(object->SetNativeDataProperty(context, symbol, SymbolGetter).FromJust());
    CHECK_EQ(Text(Js("(o, s) => o[s] === s", object, symbol)), "true");
}

CASE(native_data_property)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    stored = 4;
    objects->SetNativeDataProperty(Local<Name>(Str("p")), Getter, Setter, Integer::New(isolate, 2));
    objects->SetNativeDataProperty(Local<Name>(Str("fixed")), Getter, nullptr, Local<Value>(),
                                   static_cast<PropertyAttribute>(ReadOnly | DontEnum));
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(Text(Js("(o) => { o.p = 1; o.fixed = 2; return o.p + ' ' + o.fixed }", object)),
             "p=3/2 fixed=3/undefined");
    CHECK_EQ(Text(Js("(o) => Object.keys(o).join()", object)), "p");
    CHECK_EQ(Text(Js("(o) => 'value' in Object.getOwnPropertyDescriptor(o, 'p')", object)), "true");
}

CASE(native_data_property_object)
{
    Local<Object> object = Object::New(isolate);

    stored = 6;
    CHECK(object->SetNativeDataProperty(context, Str("p"), Getter, Setter, Integer::New(isolate, 1))
              .FromJust());
    CHECK_EQ(Text(Js("(o) => { o.p = 8; return o.p }", object)), "p=9/1");
}

static int lazy_calls;

static void LazyGetter(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    lazy_calls++;
    info.GetReturnValue().Set(Str((Text(name) + " of " + Text(info.Data())).c_str()));
}

CASE(lazy_data_property)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    lazy_calls = 0;
    objects->SetLazyDataProperty(Str("lazy"), LazyGetter, Str("template"));
    Local<Object> object = objects->NewInstance(context).ToLocalChecked();
    CHECK_EQ(lazy_calls, 0);
    CHECK_EQ(Text(Js("(o) => o.lazy + ',' + o.lazy", object)), "lazy of template,lazy of template");
    CHECK_EQ(lazy_calls, 1);
}

static void FunctionGetter(const FunctionCallbackInfo<Value> &info)
{
    EXPECT_EQ(info.Length(), 0);
    info.GetReturnValue().Set(stored);
}

static void FunctionSetter(const FunctionCallbackInfo<Value> &info)
{
    EXPECT_EQ(info.Length(), 1);
    stored = Num(info[0]) + Num(info.Data());
}

CASE(accessor_property_template)
{
    Local<FunctionTemplate> functions = FunctionTemplate::New(isolate);

    functions->PrototypeTemplate()->SetAccessorProperty(
        Str("calc"), FunctionTemplate::New(isolate, FunctionGetter),
        FunctionTemplate::New(isolate, FunctionSetter, Integer::New(isolate, 20)), DontDelete);
    CHECK_EQ(Text(Js("(C) => { const c = new C; c.calc = 3; "
                     "return c.calc + typeof Object.getOwnPropertyDescriptor(C.prototype, 'calc').get }",
                     functions->GetFunction(context).ToLocalChecked())),
             "23function");
}

static void ConstantGetter(Local<Name>, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(3);
}

CASE(accessor_hot)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    AddAccessor(objects, "three", ConstantGetter);
    /* Often enough for inline caches and the optimizing compiler. */
    CHECK_EQ(Num(Js("(o) => { let n = 0; const g = () => o.three;"
                    "for (let i = 0; i < 30000; i++) n += g(); return n; }",
                    objects->NewInstance(context).ToLocalChecked())),
             90000.0);
}

#if BEFORE(12, 4)
static void OldGetter(Local<String> name, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(Str(("old " + Text(name)).c_str()));
}

static void OldSetter(Local<String>, Local<Value> value, const PropertyCallbackInfo<void> &)
{
    stored = Num(value);
}

CASE(accessor_by_string)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    objects->SetAccessor(Str("a"), OldGetter, OldSetter, Local<Value>(), DEFAULT, DontEnum);
    objects->SetNativeDataProperty(Str("b"), OldGetter, OldSetter);
    CHECK_EQ(Text(Js("(o) => { o.a = 5; return [o.a, o.b, Object.keys(o)].join() }",
                     objects->NewInstance(context).ToLocalChecked())),
             "old a,old b,b");
    CHECK_EQ(stored, 5.0);
}
#endif
