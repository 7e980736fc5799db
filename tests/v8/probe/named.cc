/* SPDX-License-Identifier: MIT */
/* Interceptors of named properties, each kind answering and declining. */
#include "shims.h"

using namespace probe;

/* What the interceptors were asked, in order. */
static std::string asked;

static void Note(const char *what, Local<Name> name)
{
    asked += (asked.empty() ? "" : " ") + std::string(what) + ":" + Text(name);
}

/* They answer for names that start with "my", and for no other. */
static bool Mine(Local<Name> name)
{
    return name->IsString() && Text(name).rfind("my", 0) == 0;
}

template <typename T> static void CheckInfo(const PropertyCallbackInfo<T> &info)
{
    EXPECT(info.GetIsolate() == Isolate::GetCurrent());
    EXPECT(HolderOf(info)->IsObject());
    EXPECT_EQ(HolderOf(info)->InternalFieldCount(), 1);
    EXPECT_EQ(Text(info.Data()), "named data");
#if BEFORE(14, 6)
    EXPECT(info.This()->IsObject());
    EXPECT(info.Holder()->IsObject());
#endif
}

INTERCEPTOR Get(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(name))
        NOT_MINE;
    Note("get", name);
    CheckInfo(info);
    if (Text(name) == "myEmpty")
        NOT_MINE;
    info.GetReturnValue().Set(Str(("got " + Text(name)).c_str()));
    ANSWERED;
}

INTERCEPTOR Put(Local<Name> name, Local<Value> value, const ChangeInfo &info)
{
    if (!Mine(name))
        NOT_MINE;
    Note("set", name);
    CheckInfo(info);
    asked += "=" + Text(value);
    if (info.ShouldThrowOnError())
        asked += "!";
    ANSWERED_CHANGE(info, value);
}

INTERCEPTOR Query(Local<Name> name, const PropertyCallbackInfo<Integer> &info)
{
    if (!Mine(name))
        NOT_MINE;
    Note("query", name);
    CheckInfo(info);
    if (Text(name) == "myMissing")
        NOT_MINE;
    info.GetReturnValue().Set(Text(name) == "myFixed" ? static_cast<int>(ReadOnly | DontDelete)
                                                      : static_cast<int>(None));
    ANSWERED;
}

INTERCEPTOR Delete(Local<Name> name, const PropertyCallbackInfo<Boolean> &info)
{
    if (!Mine(name))
        NOT_MINE;
    Note("delete", name);
    CheckInfo(info);
    if (info.ShouldThrowOnError())
        asked += "!";
    info.GetReturnValue().Set(Text(name) != "myFixed");
    ANSWERED;
}

static void Enumerate(const PropertyCallbackInfo<Array> &info)
{
    Local<Value> names[] = { Str("myA"), Str("myB") };

    CheckInfo(info);
    asked += (asked.empty() ? "" : " ") + std::string("enumerate");
    info.GetReturnValue().Set(Array::New(info.GetIsolate(), names, 2));
}

INTERCEPTOR Define(Local<Name> name, const PropertyDescriptor &descriptor, const ChangeInfo &info)
{
    if (!Mine(name))
        NOT_MINE;
    Note("define", name);
    CheckInfo(info);
    if (descriptor.has_value())
        asked += "=" + Text(descriptor.value());
    if (descriptor.has_get())
        asked += "=" + Text(descriptor.get()->TypeOf(info.GetIsolate()));
    if (descriptor.has_enumerable())
        asked += descriptor.enumerable() ? "+e" : "-e";
    if (descriptor.has_writable())
        asked += descriptor.writable() ? "+w" : "-w";
    ANSWERED_CHANGE(info, True(info.GetIsolate()));
}

INTERCEPTOR Describe(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(name))
        NOT_MINE;
    Note("describe", name);
    CheckInfo(info);
    info.GetReturnValue().Set(
        Js("({ value: 'described', writable: true, enumerable: true, configurable: true })"));
    ANSWERED;
}

static Local<Object> With(Isolate *isolate, const NamedPropertyHandlerConfiguration &handlers)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    asked.clear();
    objects->SetInternalFieldCount(1);
    objects->SetHandler(handlers);
    return objects->NewInstance(isolate->GetCurrentContext()).ToLocalChecked();
}

static Local<Object> Full(Isolate *isolate)
{
    return With(isolate, NamedPropertyHandlerConfiguration(Get, Put, Query, Delete, Enumerate,
                                                                   Str("named data")));
}

CASE(named_getter)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => o.myX", object)), "got myX");
    CHECK_EQ(Text(Js("(o) => o['my' + 'Y']", object)), "got myY");
    CHECK_EQ(Text(object->Get(isolate->GetCurrentContext(), Str("myZ")).ToLocalChecked()), "got myZ");
    CHECK_EQ(asked, "get:myX get:myY get:myZ");
}

CASE(named_getter_declines)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => typeof o.other + typeof o.toString + typeof o.myEmpty", object)),
             "undefinedfunctionundefined");
    CHECK_EQ(asked, "get:myEmpty");
}

CASE(named_setter)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => { o.myX = 5; o.other = 6; return o.other + o.myX; }", object)),
             "6got myX");
    CHECK_EQ(asked, "set:myX=5 get:myX");
    CHECK(object->Set(context, Str("myY"), Str("api")).FromJust());
    CHECK_EQ(asked, "set:myX=5 get:myX set:myY=api");
}

CASE(named_setter_strict)
{
    CHECK_EQ(Text(Js("(o) => { 'use strict'; o.myX = 5; return 1; }", Full(isolate))), "1");
    CHECK_EQ(asked, "set:myX=5!");
}

CASE(named_query)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => ['myX' in o, 'other' in o, 'myMissing' in o].join()", object)),
             "true,false,false");
    CHECK(object->HasOwnProperty(context, Str("myY")).FromJust());
    CHECK_EQ(object->GetPropertyAttributes(context, Str("myFixed")).FromJust(),
             ReadOnly | DontDelete);
    CHECK_EQ(asked.substr(0, 31), "query:myX query:myMissing query");
}

CASE(named_deleter)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => [delete o.myX, delete o.myFixed, delete o.other].join()", object)),
             "true,false,true");
    CHECK_EQ(asked, "delete:myX delete:myFixed");
    asked.clear();
    Js("(o) => { 'use strict'; try { delete o.myFixed } catch (e) { return e.name } }", object);
    CHECK_EQ(asked, "delete:myFixed!");
}

CASE(named_enumerator)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => { o.plain = 1; return Object.keys(o).sort().join(); }", object)),
             "myA,myB,plain");
    CHECK_EQ(Text(Js("(o) => { const a = []; for (const k in o) a.push(k); return a.sort().join() }",
                     object)),
             "myA,myB,plain");
    CHECK(asked.find("enumerate") == 0);
}

CASE(named_definer)
{
    Local<Object> object = With(
        isolate, NamedPropertyHandlerConfiguration(Get, Put, Describe, Delete, Enumerate, Define,
                                                   Str("named data")));

    Js("(o) => Object.defineProperty(o, 'myX', { value: 4, enumerable: true, writable: false })",
       object);
    CHECK_EQ(asked.substr(asked.find("define")), "define:myX=4+e-w");
    asked.clear();
    Js("(o) => Object.defineProperty(o, 'myG', { get() { return 1 } })", object);
    CHECK_EQ(asked.substr(asked.find("define")), "define:myG=function");
    CHECK_EQ(Text(Js("(o) => Object.defineProperty(o, 'other', { value: 9 }).other", object)), "9");
}

CASE(named_descriptor)
{
    Local<Object> object = With(
        isolate, NamedPropertyHandlerConfiguration(Get, Put, Describe, Delete, Enumerate, Define,
                                                   Str("named data")));

    CHECK_EQ(Text(Js("(o) => Object.getOwnPropertyDescriptor(o, 'myX').value", object)), "described");
    CHECK_EQ(asked, "describe:myX");
    CHECK_EQ(Text(Js("(o) => Object.getOwnPropertyDescriptor(o, 'other')", object)), "undefined");
}

CASE(named_all_seven)
{
    Local<Object> object = With(
        isolate, NamedPropertyHandlerConfiguration(Get, Put, Query, Delete, Enumerate, Define,
                                                   Describe, Str("named data")));

    CHECK_EQ(Text(Js("(o) => [o.myX, o.myX = 2, 'myX' in o, delete o.myX, Object.keys(o)].join()",
                     object)),
             "got myX,2,true,true,myA,myB");
    Js("(o) => Object.defineProperty(o, 'myD', { value: 1 })", object);
    CHECK(asked.find("define:myD=1") != std::string::npos);
}

/* A configuration without data: Data() is undefined then. */
INTERCEPTOR GetWithoutData(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(name))
        NOT_MINE;
    info.GetReturnValue().Set(info.Data()->IsUndefined());
    ANSWERED;
}

CASE(named_without_data)
{
    CHECK_EQ(Text(Js("(o) => o.myX",
                     With(isolate, NamedPropertyHandlerConfiguration(GetWithoutData)))),
             "true");
}

INTERCEPTOR GetAll(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    Note("all", name);
    info.GetReturnValue().Set(Str("all"));
    ANSWERED;
}

CASE(named_non_masking)
{
    Local<Object> object = With(
        isolate,
        NamedPropertyHandlerConfiguration(GetAll, nullptr, nullptr, nullptr, nullptr, Local<Value>(),
                                          PropertyHandlerFlags::kNonMasking));

    CHECK_EQ(Text(Js("(o) => { o.real = 'real'; return [o.real, o.missing].join(); }", object)),
             "real,all");
    CHECK_EQ(asked.substr(asked.rfind(' ') + 1), "all:missing");
}

CASE(named_masking)
{
    Local<Object> object = With(isolate, NamedPropertyHandlerConfiguration(GetAll));

    CHECK_EQ(Text(Js("(o) => { o.real = 'real'; return [o.real, o.missing].join(); }", object)),
             "all,all");
}

CASE(named_only_strings)
{
    const char *source = "(o, s) => [o.a, o[s]].join()";
    Local<Symbol> symbol = Symbol::New(isolate, Str("s"));

    CHECK_EQ(Text(Js(source,
                     With(isolate, NamedPropertyHandlerConfiguration(
                                               GetAll, nullptr, nullptr, nullptr, nullptr,
                                               Local<Value>(),
                                               PropertyHandlerFlags::kOnlyInterceptStrings)),
                     symbol)),
             "all,");
    CHECK_EQ(Text(Js(source, With(isolate, NamedPropertyHandlerConfiguration(GetAll)),
                     symbol)),
             "all,all");
}

CASE(named_no_side_effect)
{
    Local<Object> object = With(
        isolate, NamedPropertyHandlerConfiguration(
                     Get, nullptr, nullptr, nullptr, nullptr, Str("named data"),
                     static_cast<PropertyHandlerFlags>(
                         static_cast<int>(PropertyHandlerFlags::kHasNoSideEffect) |
                         static_cast<int>(PropertyHandlerFlags::kNonMasking))));

    CHECK_EQ(Text(Js("(o) => { o.myReal = 1; return [o.myReal, o.myX].join(); }", object)),
             "1,got myX");
}

INTERCEPTOR ThrowingGet(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(name))
        NOT_MINE;
    info.GetIsolate()->ThrowException(Exception::Error(name.As<String>()));
    THREW;
}

INTERCEPTOR ThrowingSet(Local<Name> name, Local<Value> value, const ChangeInfo &info)
{
    if (!Mine(name))
        NOT_MINE;
    info.GetIsolate()->ThrowException(value);
    THREW;
}

CASE(named_throws)
{
    Local<Object> object =
        With(isolate, NamedPropertyHandlerConfiguration(ThrowingGet, ThrowingSet));

    CHECK_EQ(Text(Js("(o) => { try { o.myX } catch (e) { return 'caught ' + e.message } }", object)),
             "caught myX");
    CHECK_EQ(Text(Js("(o) => { try { o.myX = 'v' } catch (e) { return 'caught ' + e } }", object)),
             "caught v");
}

INTERCEPTOR CollectingGet(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(name))
        NOT_MINE;
    info.GetReturnValue().Set(Str("set before"));
    Collect(info.GetIsolate());
    EXPECT_EQ(Text(info.Data()), "named data");
    EXPECT_EQ(Text(name), "myCollected");
    EXPECT_EQ(HolderOf(info)->InternalFieldCount(), 1);
    ANSWERED;
}

CASE(named_collects)
{
    CHECK_EQ(Text(Js("(o) => o['my' + 'Collected']",
                     With(isolate, NamedPropertyHandlerConfiguration(
                                               CollectingGet, nullptr, nullptr, nullptr, nullptr,
                                               Str("named data"))))),
             "set before");
}

CASE(named_on_prototype)
{
    Local<FunctionTemplate> functions = FunctionTemplate::New(isolate);

    asked.clear();
    functions->InstanceTemplate()->SetInternalFieldCount(1);
    functions->InstanceTemplate()->SetHandler(NamedPropertyHandlerConfiguration(
        Get, nullptr, nullptr, nullptr, nullptr, Str("named data")));
    CHECK_EQ(Text(Js("(C) => { const c = Object.create(new C); c.own = 1; return c.myX + c.own; }",
                     functions->GetFunction(context).ToLocalChecked())),
             "got myX1");
    CHECK_EQ(asked, "get:myX");
}

#if BEFORE(14, 6)
INTERCEPTOR CompareThis(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(name))
        NOT_MINE;
    info.GetReturnValue().Set(info.This() == HolderOf(info));
    ANSWERED;
}

CASE(named_this_and_holder)
{
    CHECK_EQ(Text(Js("(o) => [o.myX, Object.create(o).myX].join()",
                     With(isolate, NamedPropertyHandlerConfiguration(CompareThis)))),
             /* 14.6 tells nobody who was asked: This() is the holder (docs/V8-COMPATIBILITY.md). */
             HostIs(14, 6) ? "true,true" : "true,false");
}
#endif

INTERCEPTOR CallingGet(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(name))
        NOT_MINE;
    Note("outer", name);
    info.GetReturnValue().Set(Js("(o) => 'via ' + o.inner", HolderOf(info)));
    ANSWERED;
}

CASE(named_nested)
{
    Local<Object> object = With(isolate, NamedPropertyHandlerConfiguration(CallingGet));

    CHECK_EQ(Text(Js("(o) => { o.inner = 'inside'; return o.myX; }", object)), "via inside");
    CHECK_EQ(asked, "outer:myX");
}

CASE(named_hot)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Num(Js("(o) => { let n = 0; for (let i = 0; i < 3000; i++) n += o.myX.length;"
                    "return n; }", object)),
             21000.0);
}

/* Until 14.1 interceptors without an Intercepted can be given, too. */
#if SINCE(12, 4) && BEFORE(12, 9)
static void OldGet(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (Mine(name))
        info.GetReturnValue().Set(Str("old"));
}

static void OldSet(Local<Name> name, Local<Value> value, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(name))
        return;
    Note("old", name);
    info.GetReturnValue().Set(value);
}

static void OldQuery(Local<Name> name, const PropertyCallbackInfo<Integer> &info)
{
    if (Mine(name))
        info.GetReturnValue().Set(static_cast<int>(None));
}

CASE(named_old_signatures)
{
    Local<Object> object = With(isolate, NamedPropertyHandlerConfiguration(OldGet, OldSet, OldQuery));

    CHECK_EQ(Text(Js("(o) => { o.myX = 1; o.b = 2; return [o.myX, o.b, 'myQ' in o, 'q' in o].join(); }",
                     object)),
             "old,2,true,false");
    CHECK_EQ(asked, "old:myX");
}
#endif
