/* SPDX-License-Identifier: MIT */
/* Interceptors of indexed properties, each kind answering and declining. */
#include "shims.h"

using namespace probe;

static std::string asked;

static void Note(const char *what, uint32_t index)
{
    asked += (asked.empty() ? "" : " ") + std::string(what) + ":" + Show(index);
}

/* They answer below 10. */
static bool Mine(uint32_t index)
{
    return index < 10;
}

template <typename T> static void CheckInfo(const PropertyCallbackInfo<T> &info)
{
    EXPECT(info.GetIsolate() == Isolate::GetCurrent());
    EXPECT_EQ(HolderOf(info)->InternalFieldCount(), 2);
    EXPECT_EQ(Num(info.Data()), 77.0);
#if BEFORE(14, 6)
    EXPECT(info.This()->IsObject());
    EXPECT(info.Holder()->IsObject());
#endif
}

INTERCEPTOR Get(uint32_t index, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(index))
        NOT_MINE;
    Note("get", index);
    CheckInfo(info);
    info.GetReturnValue().Set(index * 10);
    ANSWERED;
}

INTERCEPTOR Put(uint32_t index, Local<Value> value, const ChangeInfo &info)
{
    if (!Mine(index))
        NOT_MINE;
    Note("set", index);
    CheckInfo(info);
    asked += "=" + Text(value);
    if (info.ShouldThrowOnError())
        asked += "!";
    ANSWERED_CHANGE(info, value);
}

INTERCEPTOR Query(uint32_t index, const PropertyCallbackInfo<Integer> &info)
{
    if (!Mine(index))
        NOT_MINE;
    Note("query", index);
    CheckInfo(info);
    if (index == 9)
        NOT_MINE;
    info.GetReturnValue().Set(index == 8 ? static_cast<int>(DontDelete) : static_cast<int>(None));
    ANSWERED;
}

INTERCEPTOR Delete(uint32_t index, const PropertyCallbackInfo<Boolean> &info)
{
    if (!Mine(index))
        NOT_MINE;
    Note("delete", index);
    CheckInfo(info);
    info.GetReturnValue().Set(index != 8);
    ANSWERED;
}

static void Enumerate(const PropertyCallbackInfo<Array> &info)
{
    Local<Value> indices[] = { Integer::New(info.GetIsolate(), 1), Integer::New(info.GetIsolate(), 4) };

    CheckInfo(info);
    asked += (asked.empty() ? "" : " ") + std::string("enumerate");
    info.GetReturnValue().Set(Array::New(info.GetIsolate(), indices, 2));
}

INTERCEPTOR Define(uint32_t index, const PropertyDescriptor &descriptor, const ChangeInfo &info)
{
    if (!Mine(index))
        NOT_MINE;
    Note("define", index);
    CheckInfo(info);
    if (descriptor.has_value())
        asked += "=" + Text(descriptor.value());
    if (descriptor.has_configurable())
        asked += descriptor.configurable() ? "+c" : "-c";
    ANSWERED_CHANGE(info, True(info.GetIsolate()));
}

INTERCEPTOR Describe(uint32_t index, const PropertyCallbackInfo<Value> &info)
{
    if (!Mine(index))
        NOT_MINE;
    Note("describe", index);
    CheckInfo(info);
    info.GetReturnValue().Set(
        Js("({ value: 'described', writable: true, enumerable: true, configurable: true })"));
    ANSWERED;
}

static Local<Object> With(Isolate *isolate, const IndexedPropertyHandlerConfiguration &handlers)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    asked.clear();
    objects->SetInternalFieldCount(2);
    objects->SetHandler(handlers);
    return objects->NewInstance(isolate->GetCurrentContext()).ToLocalChecked();
}

static Local<Object> Full(Isolate *isolate)
{
    return With(isolate, IndexedPropertyHandlerConfiguration(Get, Put, Query, Delete, Enumerate,
                                                             Integer::New(isolate, 77)));
}

CASE(indexed_getter)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => [o[3], o['4'], o[20]].join()", object)), "30,40,");
    CHECK_EQ(Num(object->Get(context, 5).ToLocalChecked()), 50.0);
    CHECK_EQ(Num(object->Get(context, Integer::New(isolate, 6)).ToLocalChecked()), 60.0);
    CHECK_EQ(asked, "get:3 get:4 get:5 get:6");
}

CASE(indexed_setter)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => { o[3] = 'a'; o[30] = 'b'; return [o[3], o[30]].join(); }", object)),
             "30,b");
    CHECK(object->Set(context, 4, Str("api")).FromJust());
    CHECK_EQ(asked, "set:3=a get:3 set:4=api");
    asked.clear();
    Js("(o) => { 'use strict'; o[2] = 'strict'; }", object);
    CHECK_EQ(asked, "set:2=strict!");
}

CASE(indexed_query)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => [1 in o, 9 in o, 30 in o].join()", object)), "true,false,false");
    CHECK(object->Has(context, 2).FromJust());
    CHECK(object->HasRealIndexedProperty(context, 40).IsJust());
    CHECK_EQ(asked, "query:1 query:9 query:2");
}

CASE(indexed_deleter)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => [delete o[1], delete o[8], delete o[30]].join()", object)),
             "true,false,true");
    CHECK(object->Delete(context, 2).FromJust());
    CHECK_EQ(asked, "delete:1 delete:8 delete:2");
}

CASE(indexed_enumerator)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => { o[20] = 1; o.named = 2; return Object.keys(o).sort().join(); }", object)),
             "1,20,4,named");
    CHECK_EQ(Text(Js("(o) => { let s = 0; for (const k in o) if (k < 10) s += o[k]; return s; }",
                     object)),
             "50");
    CHECK(asked.find("enumerate") == 0);
}

CASE(indexed_definer)
{
    Local<Object> object =
        With(isolate, IndexedPropertyHandlerConfiguration(Get, Put, Describe, Delete, Enumerate,
                                                          Define, Integer::New(isolate, 77)));

    Js("(o) => Object.defineProperty(o, 3, { value: 'v', configurable: true })", object);
    CHECK_EQ(asked.substr(asked.find("define")), "define:3=v+c");
    CHECK_EQ(Text(Js("(o) => Object.defineProperty(o, 33, { value: 9 })[33]", object)), "9");
}

CASE(indexed_descriptor)
{
    Local<Object> object =
        With(isolate, IndexedPropertyHandlerConfiguration(Get, Put, Describe, Delete, Enumerate,
                                                          Define, Integer::New(isolate, 77)));

    CHECK_EQ(Text(Js("(o) => Object.getOwnPropertyDescriptor(o, 3).value", object)), "described");
    CHECK_EQ(Text(Js("(o) => Object.getOwnPropertyDescriptor(o, 33)", object)), "undefined");
    CHECK_EQ(asked, "describe:3");
}

CASE(indexed_all_seven)
{
    Local<Object> object =
        With(isolate, IndexedPropertyHandlerConfiguration(Get, Put, Query, Delete, Enumerate, Define,
                                                          Describe, Integer::New(isolate, 77)));

    CHECK_EQ(Text(Js("(o) => [o[1], o[2] = 'x', 3 in o, delete o[4]].join()", object)),
             "10,x,true,true");
    Js("(o) => Object.defineProperty(o, 5, { value: 1 })", object);
    CHECK(asked.find("define:5=1") != std::string::npos);
}

INTERCEPTOR GetData(uint32_t index, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(info.Data()->IsUndefined());
    ANSWERED;
}

CASE(indexed_without_data)
{
    CHECK_EQ(Text(Js("(o) => o[12345]", With(isolate, IndexedPropertyHandlerConfiguration(GetData)))),
             "true");
}

CASE(indexed_non_masking)
{
    Local<Object> object =
        With(isolate, IndexedPropertyHandlerConfiguration(Get, nullptr, nullptr, nullptr, nullptr,
                                                          Integer::New(isolate, 77),
                                                          PropertyHandlerFlags::kNonMasking));

    CHECK_EQ(Text(Js("(o) => { o[3] = 'real'; return [o[3], o[4]].join(); }", object)), "real,40");
}

INTERCEPTOR ThrowingGet(uint32_t index, const PropertyCallbackInfo<Value> &info)
{
    info.GetIsolate()->ThrowException(Integer::NewFromUnsigned(info.GetIsolate(), index));
    THREW;
}

CASE(indexed_throws)
{
    CHECK_EQ(Text(Js("(o) => { try { o[4294967294] } catch (e) { return 'caught ' + e } }",
                     With(isolate, IndexedPropertyHandlerConfiguration(ThrowingGet)))),
             "caught 4294967294");
}

INTERCEPTOR CollectingGet(uint32_t index, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(Str("before"));
    Collect(info.GetIsolate());
    CheckInfo(info);
    ANSWERED;
}

CASE(indexed_collects)
{
    CHECK_EQ(Text(Js("(o) => o[1]",
                     With(isolate, IndexedPropertyHandlerConfiguration(
                                       CollectingGet, nullptr, nullptr, nullptr, nullptr,
                                       Integer::New(isolate, 77))))),
             "before");
}

CASE(indexed_and_named)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    asked.clear();
    objects->SetInternalFieldCount(2);
    objects->SetHandler(IndexedPropertyHandlerConfiguration(Get, nullptr, nullptr, nullptr, nullptr,
                                                            Integer::New(isolate, 77)));
    objects->SetHandler(NamedPropertyHandlerConfiguration(
        [](Local<Name> name, const PropertyCallbackInfo<Value> &info) {
            info.GetReturnValue().Set(Str("named"));
            ANSWERED;
        }));
    CHECK_EQ(Text(Js("(o) => [o[3], o.x, o['5']].join()",
                     objects->NewInstance(context).ToLocalChecked())),
             "30,named,50");
}

CASE(indexed_array_like)
{
    Local<Object> object = Full(isolate);

    CHECK_EQ(Text(Js("(o) => { Object.defineProperty(o, 'length', { value: 4 });"
                     "return Array.prototype.map.call(o, (v) => v + 1).join(); }", object)),
             "1,11,21,31");
    CHECK_EQ(Num(Js("(o) => { let n = 0; for (let i = 0; i < 3000; i++) n += o[i % 10]; return n; }",
                    object)),
             135000.0);
}

#if BEFORE(12, 4)
static void OldGet(uint32_t index, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(index + 1);
}

CASE(indexed_old_handler)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    objects->SetIndexedPropertyHandler(OldGet);
    CHECK_EQ(Text(Js("(o) => o[41]", objects->NewInstance(context).ToLocalChecked())), "42");
}
#endif

static bool CheckAccess(Local<Context>, Local<Object>, Local<Value> data)
{
    EXPECT_EQ(Text(data), "check");
    return false;
}

INTERCEPTOR RefusedName(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(Str(("refused " + Text(name)).c_str()));
    ANSWERED;
}

INTERCEPTOR RefusedIndex(uint32_t index, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(index + 1);
    ANSWERED;
}

CASE(access_check_with_handlers)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);
    Local<Object> object;

    objects->SetAccessCheckCallbackAndHandler(
        CheckAccess, NamedPropertyHandlerConfiguration(RefusedName),
        IndexedPropertyHandlerConfiguration(RefusedIndex), Str("check"));
    {
        Local<Context> other = Context::New(isolate);
        Context::Scope scope(other);

        other->SetSecurityToken(Str("of another"));
        object = objects->NewInstance(other).ToLocalChecked();
    }
    CHECK_EQ(Text(Js("(o) => o.secret + ' ' + o[7]", object)), "refused secret 8");
}
