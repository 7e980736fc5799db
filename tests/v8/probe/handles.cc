/* SPDX-License-Identifier: MIT */
/* Local handles and the scopes they live in. */
#include <vector>

#include "shims.h"

using namespace probe;

CASE(handle_local)
{
    Local<Value> empty;
    Local<Value> one = Object::New(isolate);
    Local<Value> other = Local<Value>::New(isolate, one);

    CHECK(empty.IsEmpty());
    CHECK(!one.IsEmpty());
    CHECK(one == other);
    CHECK(one != Local<Value>(Object::New(isolate)));
    CHECK(other->IsObject());
    CHECK(other.As<Object>() == one);
    other.Clear();
    CHECK(other.IsEmpty());
    CHECK(other == empty);
}

CASE(handle_maybe)
{
    MaybeLocal<String> nothing;
    MaybeLocal<String> something = Str("it");
    Local<String> text;

    CHECK(nothing.IsEmpty());
    CHECK(!nothing.ToLocal(&text));
    CHECK(text.IsEmpty());
    CHECK(something.ToLocal(&text));
    CHECK_EQ(Text(text), "it");
    CHECK_EQ(Text(something.ToLocalChecked()), "it");
    CHECK_EQ(Text(nothing.FromMaybe(Str("else"))), "else");
    CHECK(Just(3).FromJust() == 3);
    CHECK(Nothing<int>().FromMaybe(4) == 4);
    CHECK(Just(3) == Just(3) && Nothing<int>() != Just(3));
}

CASE(handle_scope_nested)
{
    Local<Object> outer = Object::New(isolate);
    int before = HandleScope::NumberOfHandles(isolate);

    {
        HandleScope scope(isolate);
        Local<Value> inner = Integer::New(isolate, 1);
        Local<Object> object = Object::New(isolate);

        CHECK(scope.GetIsolate() == isolate);
        {
            HandleScope innermost(isolate);

            for (int i = 0; i < 100; i++)
                CHECK(!Object::New(isolate).IsEmpty());
            CHECK(HandleScope::NumberOfHandles(isolate) >= before + 100);
        }
        CHECK(object->Set(context, Str("inner"), inner).FromMaybe(false));
        CHECK(outer->Set(context, Str("object"), object).FromMaybe(false));
    }
    CHECK_EQ(HandleScope::NumberOfHandles(isolate), before);
    CHECK_EQ(Text(Js("(o) => o.object.inner", outer)), "1");
}

CASE(handle_many)
{
    HandleScope scope(isolate);
    std::vector<Local<Object>> objects;
    double sum = 0;

    for (int i = 0; i < 5000; i++) {
        Local<Object> object = Object::New(isolate);

        CHECK(object->Set(context, 0, Integer::New(isolate, i)).FromMaybe(false));
        objects.push_back(object);
    }
    Collect(isolate);
    for (Local<Object> object : objects) {
        HandleScope inner(isolate);

        sum += Num(object->Get(context, 0).ToLocalChecked());
    }
    CHECK_EQ(sum, 4999 * 5000 / 2.0);
    CHECK(HandleScope::NumberOfHandles(isolate) >= 5000);
}

static Local<Object> Deep(Isolate *isolate, int depth)
{
    EscapableHandleScope scope(isolate);
    Local<Context> context = isolate->GetCurrentContext();
    Local<Object> object = Object::New(isolate);

    if (depth > 0)
        EXPECT(object->Set(context, Str("next"), Deep(isolate, depth - 1)).FromMaybe(false));
    return scope.Escape(object);
}

CASE(handle_escape)
{
    int before = HandleScope::NumberOfHandles(isolate);
    Local<Object> object = Deep(isolate, 20);

    CHECK(HandleScope::NumberOfHandles(isolate) <= before + 2);
    Collect(isolate);
    CHECK_EQ(Text(Js("(o) => { let n = 0; while (o.next) { o = o.next; n++; } return n; }", object)),
             "20");
}

CASE(handle_escape_maybe)
{
    MaybeLocal<String> escaped, empty;

    {
        EscapableHandleScope scope(isolate);
        MaybeLocal<String> text = String::NewFromUtf8(isolate, "out");

        escaped = scope.EscapeMaybe(text);
    }
    {
        EscapableHandleScope scope(isolate);

        empty = scope.EscapeMaybe(MaybeLocal<String>());
    }
    CHECK_EQ(Text(escaped.ToLocalChecked()), "out");
    CHECK(empty.IsEmpty());
}

CASE(handle_seal)
{
    Local<Object> object = Object::New(isolate);
    Local<String> key = Str("key");

    {
        SealHandleScope seal(isolate);
        {
            HandleScope scope(isolate);

            CHECK(object->Set(context, key, Integer::New(isolate, 7)).FromMaybe(false));
        }
    }
    CHECK_EQ(Num(object->Get(context, key).ToLocalChecked()), 7.0);
}

CASE(handle_collected_scopes)
{
    Local<Array> kept = Array::New(isolate);

    for (uint32_t i = 0; i < 3; i++) {
        HandleScope scope(isolate);
        Local<String> text = Str(std::string(i + 1, 'x').c_str());

        Collect(isolate);
        CHECK(kept->Set(context, i, text).FromMaybe(false));
    }
    CHECK_EQ(Text(Js("(a) => a.join()", kept)), "x,xx,xxx");
}

#if SINCE(12, 4)
CASE(handle_local_vector)
{
    LocalVector<Value> values(isolate);

    for (int i = 0; i < 300; i++)
        values.push_back(Number::New(isolate, i + 0.5));
    Collect(isolate);
    CHECK_EQ(values.size(), 300u);
    CHECK_EQ(Num(values[299]), 299.5);
    Local<Array> array = Array::New(isolate, values.data(), values.size());
    CHECK_EQ(Text(Js("(a) => a.reduce((x, y) => x + y)", array)), "45000");
}
#endif

CASE(handle_data_casts)
{
    Local<Value> value = Str("text");
    Local<Value> number = Number::New(isolate, 2.5);
    Local<Data> data = value;

    CHECK_EQ(Text(Local<String>::Cast(value)), "text");
    CHECK_EQ(Number::Cast(*number)->Value(), 2.5);
    CHECK_EQ(value.As<String>()->Length(), 4);
    CHECK(data->IsValue());
    CHECK(!data->IsPrivate() && !data->IsModule() && !data->IsFunctionTemplate());
    data = ObjectTemplate::New(isolate);
    CHECK(data->IsObjectTemplate());
    data = FunctionTemplate::New(isolate);
    CHECK(data->IsFunctionTemplate());
    data = Private::New(isolate);
    CHECK(data->IsPrivate());
}

CASE(handle_external)
{
    static int here;
    Local<Value> external = External::New(isolate, &here);

    CHECK(external->IsExternal());
    CHECK(!Object::New(isolate)->IsExternal());
    CHECK(ValueOf(external) == &here);
    Collect(isolate);
    CHECK(ValueOf(external) == &here);
    CHECK_EQ(Text(Js("(e) => typeof e", external)), "object");
}
