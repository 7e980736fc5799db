/* SPDX-License-Identifier: MIT */
/* Arrays, maps, sets, proxies, dates, regular expressions and JSON. */
#include "shims.h"

using namespace probe;

CASE(array)
{
    Local<Value> elements[] = { Str("a"), Integer::New(isolate, 2), Null(isolate) };
    Local<Array> array = Array::New(isolate, elements, 3);
    Local<Array> holes = Array::New(isolate, 5);

    CHECK_EQ(array->Length(), 3u);
    CHECK_EQ(Text(Js("(a) => JSON.stringify(a)", array)), "[\"a\",2,null]");
    CHECK_EQ(holes->Length(), 5u);
    CHECK(!holes->Has(context, 0).FromJust());
    CHECK_EQ(Array::New(isolate)->Length(), 0u);
    CHECK(array->Set(context, 9, Str("far")).FromJust());
    CHECK_EQ(array->Length(), 10u);
}

CASE(array_large)
{
    Local<Array> array = Array::New(isolate, 10000);

    for (uint32_t i = 0; i < 10000; i++) {
        HandleScope scope(isolate);

        CHECK(array->Set(context, i, Number::New(isolate, i / 2.0)).FromJust());
    }
    CHECK_EQ(Num(Js("(a) => a.reduce((x, y) => x + y)", array)), 9999 * 10000 / 4.0);
}

#if SINCE(12, 4)
static Array::CallbackResult Add(uint32_t index, Local<Value> element, void *data)
{
    double *sum = static_cast<double *>(data);

    EXPECT_EQ(Num(element), index + 1.0);
    *sum += Num(element);
    return index == 3 ? Array::CallbackResult::kBreak : Array::CallbackResult::kContinue;
}

static Array::CallbackResult Refuse(uint32_t, Local<Value>, void *)
{
    Isolate::GetCurrent()->ThrowException(Str("refused"));
    return Array::CallbackResult::kException;
}

CASE(array_iterate)
{
    Local<Array> array = Js("[1, 2, 3, 4, 5, 6]").As<Array>();
    double sum = 0;

    CHECK(array->Iterate(context, Add, &sum).IsJust());
    CHECK_EQ(sum, 10.0);
    TryCatch catcher(isolate);
    CHECK(array->Iterate(context, Refuse, nullptr).IsNothing());
    CHECK_EQ(Caught(catcher), "threw refused");
}
#endif

CASE(map)
{
    Local<Map> map = Map::New(isolate);
    Local<Object> key = Object::New(isolate);

    CHECK(!map->Set(context, key, Str("by object")).IsEmpty());
    CHECK(!map->Set(context, Integer::New(isolate, 1), Str("by number")).IsEmpty());
    CHECK_EQ(map->Size(), 2u);
    CHECK_EQ(Text(map->Get(context, key).ToLocalChecked()), "by object");
    CHECK(map->Has(context, Integer::New(isolate, 1)).FromJust());
    CHECK_EQ(map->AsArray()->Length(), 4u);
    CHECK(map->Delete(context, key).FromJust());
    CHECK_EQ(Text(Js("(m) => m.size + m.get(1)", map)), "1by number");
    map->Clear();
    CHECK_EQ(map->Size(), 0u);
}

CASE(set)
{
    Local<Set> set = Set::New(isolate);

    CHECK(!set->Add(context, Str("a")).IsEmpty() && !set->Add(context, Str("a")).IsEmpty());
    CHECK(!set->Add(context, Null(isolate)).IsEmpty());
    CHECK_EQ(set->Size(), 2u);
    CHECK(set->Has(context, Null(isolate)).FromJust());
    CHECK_EQ(Text(Js("(a) => a.map(String).join()", set->AsArray())), "a,null");
    CHECK(set->Delete(context, Str("a")).FromJust());
    CHECK(!set->Has(context, Str("a")).FromJust());
    set->Clear();
    CHECK_EQ(set->Size(), 0u);
}

CASE(proxy)
{
    Local<Object> target = Js("({ a: 1 })").As<Object>();
    Local<Object> handler = Js("({ get: (t, k) => 'got ' + String(k) })").As<Object>();
    Local<Proxy> proxy = Proxy::New(context, target, handler).ToLocalChecked();

    CHECK(proxy->IsProxy());
    CHECK(proxy->GetTarget() == target && proxy->GetHandler() == handler);
    CHECK(!proxy->IsRevoked());
    CHECK_EQ(Text(proxy->Get(context, Str("x")).ToLocalChecked()), "got x");
    proxy->Revoke();
    CHECK(proxy->IsRevoked());
    CHECK_EQ(Text(Js("(p) => { try { p.x } catch (e) { return e.name } }", proxy)), "TypeError");
}

CASE(date)
{
    Local<Value> date = Date::New(context, 86400000.0 * 365).ToLocalChecked();

    CHECK(date->IsDate());
    CHECK_EQ(date.As<Date>()->ValueOf(), 86400000.0 * 365);
    CHECK_EQ(Text(Js("(d) => d.toISOString()", date)), "1971-01-01T00:00:00.000Z");
    CHECK_EQ(Js("new Date(12345)").As<Date>()->ValueOf(), 12345.0);
#if SINCE(11, 3)
    CHECK_EQ(Text(date.As<Date>()->ToISOString()), "1971-01-01T00:00:00.000Z");
#endif
    isolate->DateTimeConfigurationChangeNotification();
}

CASE(regexp)
{
    Local<RegExp> expression =
        RegExp::New(context, Str("(b+)c"),
                    static_cast<RegExp::Flags>(RegExp::kGlobal | RegExp::kIgnoreCase))
            .ToLocalChecked();
    TryCatch catcher(isolate);

    CHECK_EQ(Text(expression->GetSource()), "(b+)c");
    CHECK_EQ(expression->GetFlags(), RegExp::kGlobal | RegExp::kIgnoreCase);
    CHECK_EQ(Text(Js("(r) => 'aBBc'.replace(r, '[$1]')", expression)), "a[BB]");
    CHECK_EQ(Text(expression->Exec(context, Str("xbc")).ToLocalChecked()), "bc,b");
    CHECK(RegExp::New(context, Str("("), RegExp::kNone).IsEmpty());
    CHECK(catcher.HasCaught());
}

CASE(json)
{
    Local<Value> value = JSON::Parse(context, Str("{\"a\":[1,null,\"x\"]}")).ToLocalChecked();
    TryCatch catcher(isolate);

    CHECK_EQ(Text(Js("(v) => v.a[2] + v.a.length", value)), "x3");
    CHECK_EQ(Text(JSON::Stringify(context, value).ToLocalChecked()), "{\"a\":[1,null,\"x\"]}");
    CHECK_EQ(Text(JSON::Stringify(context, Js("[1]"), Str("--")).ToLocalChecked()), "[\n--1\n]");
    CHECK(JSON::Parse(context, Str("{")).IsEmpty());
    CHECK(catcher.HasCaught());
    CHECK_EQ(Text(Js("(e) => e.name", catcher.Exception())), "SyntaxError");
}
