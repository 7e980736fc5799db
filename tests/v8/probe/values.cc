/* SPDX-License-Identifier: MIT */
/* Roots and primitive values. */
#include <math.h>

#include "shims.h"

using namespace probe;

CASE(root_undefined)
{
    Local<Value> undefined = Undefined(isolate);

    CHECK(undefined->IsUndefined());
    CHECK(!undefined->IsNull());
    CHECK(undefined->IsNullOrUndefined());
    CHECK_EQ(Text(undefined), "undefined");
    CHECK_EQ(Text(Js("(v) => v === undefined && typeof v", undefined)), "undefined");
    CHECK(undefined == Js("undefined"));
}

CASE(root_null)
{
    Local<Value> null = Null(isolate);

    CHECK(null->IsNull());
    CHECK(!null->IsUndefined());
    CHECK(null->IsNullOrUndefined());
    CHECK_EQ(Text(Js("(v) => v === null", null)), "true");
    CHECK(null == Js("null"));
}

CASE(root_booleans)
{
    Local<Boolean> yes = True(isolate), no = False(isolate);

    CHECK(yes->IsTrue() && !yes->IsFalse() && yes->IsBoolean());
    CHECK(no->IsFalse() && !no->IsTrue() && no->IsBoolean());
    CHECK(yes->Value());
    CHECK(!no->Value());
    CHECK(Boolean::New(isolate, true) == yes);
    CHECK(Boolean::New(isolate, false) == no);
    CHECK_EQ(Text(Js("(a, b) => [a === true, b === false].join()", yes, no)), "true,true");
}

CASE(root_empty_string)
{
    Local<String> empty = String::Empty(isolate);

    CHECK(empty->IsString());
    CHECK_EQ(empty->Length(), 0);
    CHECK_EQ(Text(Js("(v) => v === ''", empty)), "true");
    CHECK(empty->StrictEquals(Str("")));
}

CASE(value_quick_checks)
{
    struct {
        const char *source;
        int undefined, null, yes, no, string;
    } rows[] = {
        { "undefined", 1, 0, 0, 0, 0 }, { "null", 0, 1, 0, 0, 0 },  { "true", 0, 0, 1, 0, 0 },
        { "false", 0, 0, 0, 1, 0 },     { "'text'", 0, 0, 0, 0, 1 }, { "''", 0, 0, 0, 0, 1 },
        { "0", 0, 0, 0, 0, 0 },         { "1.5", 0, 0, 0, 0, 0 },   { "({})", 0, 0, 0, 0, 0 },
        { "[]", 0, 0, 0, 0, 0 },        { "Symbol()", 0, 0, 0, 0, 0 },
        { "10n", 0, 0, 0, 0, 0 },       { "(() => 1)", 0, 0, 0, 0, 0 },
        { "'\\u0416'", 0, 0, 0, 0, 1 }, { "('a'.repeat(20) + 'b')", 0, 0, 0, 0, 1 },
        { "new String('s')", 0, 0, 0, 0, 0 },
    };

    for (auto &row : rows) {
        Local<Value> value = Js(row.source);
        int quick = value->IsUndefined() * 16 + value->IsNull() * 8 + value->IsTrue() * 4 +
                    value->IsFalse() * 2 + value->IsString();

        CHECK_EQ(std::string(row.source) + " " + Show(quick),
                 std::string(row.source) + " " +
                     Show(row.undefined * 16 + row.null * 8 + row.yes * 4 + row.no * 2 + row.string));
        CHECK_EQ(value->IsNullOrUndefined(), row.undefined || row.null);
    }
}

CASE(value_kinds)
{
    Local<Value> object = Js("({})");

    CHECK(object->IsObject() && !object->IsArray() && !object->IsFunction());
    CHECK(Js("[]")->IsArray());
    CHECK(Js("(() => 1)")->IsFunction());
    CHECK(Js("(async () => 1)")->IsAsyncFunction());
    CHECK(Js("(function* () {})")->IsGeneratorFunction());
    CHECK(Js("new Map")->IsMap() && Js("new Set")->IsSet());
    CHECK(Js("new WeakMap")->IsWeakMap() && Js("new WeakSet")->IsWeakSet());
    CHECK(Js("new Map().entries()")->IsMapIterator());
    CHECK(Js("new Date(0)")->IsDate() && Js("/a/")->IsRegExp());
    CHECK(Js("Promise.resolve()")->IsPromise() && Js("new Proxy({}, {})")->IsProxy());
    CHECK(Js("new Error('x')")->IsNativeError());
    CHECK(Js("(function () { return arguments; })()")->IsArgumentsObject());
    CHECK(Js("new ArrayBuffer(8)")->IsArrayBuffer());
    CHECK(Js("new SharedArrayBuffer(8)")->IsSharedArrayBuffer());
    CHECK(Js("new Uint8Array(8)")->IsUint8Array() && Js("new Float64Array(1)")->IsFloat64Array());
    CHECK(Js("new DataView(new ArrayBuffer(8))")->IsDataView());
    CHECK(Js("Symbol.iterator")->IsSymbol() && Js("1n")->IsBigInt());
    CHECK(Js("new Number(1)")->IsNumberObject() && Js("new Boolean(1)")->IsBooleanObject());
    CHECK(Js("Object(1n)")->IsBigIntObject() && Js("Object(Symbol())")->IsSymbolObject());
    CHECK(Js("'a'")->IsName() && Js("Symbol()")->IsName() && !Js("1")->IsName());
}

CASE(number)
{
    Local<Number> half = Number::New(isolate, 0.5);

    CHECK_EQ(half->Value(), 0.5);
    CHECK(half->IsNumber() && !half->IsInt32() && !half->IsUint32());
    CHECK(isnan(Number::New(isolate, NAN)->Value()));
    CHECK_EQ(Number::New(isolate, 1e300)->Value(), 1e300);
    CHECK(Js("7")->IsInt32() && Js("7")->IsUint32());
    CHECK(Js("-7")->IsInt32() && !Js("-7")->IsUint32());
    CHECK(!Js("4294967295")->IsInt32() && Js("4294967295")->IsUint32());
    CHECK_EQ(Js("12.7")->Int32Value(context).FromJust(), 12);
    CHECK_EQ(Js("-1")->Uint32Value(context).FromJust(), 4294967295u);
    CHECK_EQ(Js("9007199254740991")->IntegerValue(context).FromJust(), 9007199254740991LL);
    CHECK_EQ(Js("'1.25'")->NumberValue(context).FromJust(), 1.25);
    TryCatch catcher(isolate);
    CHECK(Js("Symbol()")->NumberValue(context).IsNothing());
    CHECK(catcher.HasCaught());
}

CASE(integer)
{
    CHECK_EQ(Integer::New(isolate, -5)->Value(), -5);
    CHECK_EQ(Integer::NewFromUnsigned(isolate, 4000000000u)->Value(), 4000000000LL);
    CHECK_EQ(Integer::New(isolate, 2147483647)->Value(), 2147483647);
    CHECK_EQ(Integer::New(isolate, -2147483647 - 1)->Value(), -2147483648LL);
    CHECK_EQ(Js("41").As<Int32>()->Value(), 41);
    CHECK_EQ(Js("4294967295").As<Uint32>()->Value(), 4294967295u);
    CHECK_EQ(Text(Js("(a, b) => a + b", Integer::New(isolate, 40), Integer::New(isolate, 2))), "42");
}

CASE(bigint)
{
    uint64_t words[] = { 1, 2, 3 };
    uint64_t got[3] = {};
    int sign = -1, count = 3;
    bool lossless = false;
    Local<BigInt> big = BigInt::NewFromWords(context, 1, 3, words).ToLocalChecked();

    CHECK_EQ(Text(BigInt::New(isolate, -3)), "-3");
    CHECK_EQ(Text(BigInt::NewFromUnsigned(isolate, 18446744073709551615u)), "18446744073709551615");
    CHECK_EQ(big->WordCount(), 3);
    big->ToWordsArray(&sign, &count, got);
    CHECK(sign == 1 && count == 3 && got[0] == 1 && got[1] == 2 && got[2] == 3);
    CHECK_EQ(Text(Js("(b) => b === -(1n + (2n << 64n) + (3n << 128n))", big)), "true");
    CHECK_EQ(Js("-7n").As<BigInt>()->Int64Value(&lossless), -7);
    CHECK(lossless);
    CHECK_EQ(Js("(1n << 64n) + 5n").As<BigInt>()->Uint64Value(&lossless), 5u);
    CHECK(!lossless);
    CHECK_EQ(Text(Js("'12'")->ToBigInt(context).ToLocalChecked()), "12");
}

CASE(symbol)
{
    Local<Symbol> named = Symbol::New(isolate, Str("named"));
    Local<Object> object = Object::New(isolate);

    CHECK_EQ(Text(named->Description(isolate)), "named");
    CHECK(Symbol::New(isolate)->Description(isolate)->IsUndefined());
    CHECK(Symbol::For(isolate, Str("k")) == Js("Symbol.for('k')"));
    CHECK(Symbol::ForApi(isolate, Str("k")) == Symbol::ForApi(isolate, Str("k")));
    CHECK(Symbol::ForApi(isolate, Str("k")) != Symbol::For(isolate, Str("k")));
    CHECK(Symbol::GetIterator(isolate) == Js("Symbol.iterator"));
    CHECK(Symbol::GetToStringTag(isolate) == Js("Symbol.toStringTag"));
    CHECK(Symbol::GetHasInstance(isolate) == Js("Symbol.hasInstance"));
    CHECK(object->Set(context, named, Str("v")).FromMaybe(false));
    CHECK_EQ(Text(Js("(o, s) => o[s]", object, named)), "v");
    CHECK_EQ(Text(Js("(o) => Object.keys(o).length", object)), "0");
}

CASE(private_name)
{
    Local<Private> one = Private::New(isolate, Str("one"));
    Local<Private> api = Private::ForApi(isolate, Str("api"));

    CHECK_EQ(Text(one->Name()), "one");
    CHECK(api == Private::ForApi(isolate, Str("api")));
    CHECK(one != Private::New(isolate, Str("one")));
}

CASE(value_conversions)
{
    CHECK_EQ(Text(Js("[1, [2, 3]]")->ToString(context).ToLocalChecked()), "1,2,3");
    CHECK_EQ(Text(Js("Symbol('s')")->ToDetailString(context).ToLocalChecked()), "Symbol(s)");
    CHECK_EQ(Js("'0x10'")->ToNumber(context).ToLocalChecked()->Value(), 16.0);
    CHECK_EQ(Js("3.9")->ToInteger(context).ToLocalChecked()->Value(), 3);
    CHECK_EQ(Js("-1")->ToUint32(context).ToLocalChecked()->Value(), 4294967295u);
    CHECK_EQ(Js("4294967297")->ToInt32(context).ToLocalChecked()->Value(), 1);
    CHECK(Js("'x'")->ToObject(context).ToLocalChecked()->IsStringObject());
    CHECK(Js("({})")->ToBoolean(isolate)->IsTrue());
    CHECK(Js("'a'")->BooleanValue(isolate) && !Js("''")->BooleanValue(isolate));
    CHECK(!Js("NaN")->BooleanValue(isolate) && Js("[]")->BooleanValue(isolate));
    CHECK_EQ(Js("'17'")->ToArrayIndex(context).ToLocalChecked()->Value(), 17u);
    CHECK(Js("'x'")->ToArrayIndex(context).IsEmpty());
}

CASE(value_equality)
{
    CHECK(Js("'1'")->Equals(context, Js("1")).FromJust());
    CHECK(!Js("'1'")->StrictEquals(Js("1")));
    CHECK(Js("'a'")->StrictEquals(Str("a")));
    CHECK(Js("NaN")->SameValue(Js("NaN")) && !Js("NaN")->StrictEquals(Js("NaN")));
    CHECK(!Js("0")->SameValue(Js("-0")) && Js("0")->StrictEquals(Js("-0")));
    CHECK(Js("null")->Equals(context, Js("undefined")).FromJust());
}

CASE(value_type_of)
{
    Local<Object> date = Js("Date").As<Object>();

    CHECK_EQ(Text(Js("1")->TypeOf(isolate)), "number");
    CHECK_EQ(Text(Js("null")->TypeOf(isolate)), "object");
    CHECK_EQ(Text(Js("(() => 1)")->TypeOf(isolate)), "function");
    CHECK_EQ(Text(Js("1n")->TypeOf(isolate)), "bigint");
    CHECK(Js("new Date(1)")->InstanceOf(context, date).FromJust());
    CHECK(!Js("[]")->InstanceOf(context, date).FromJust());
}

CASE(value_boxed)
{
    Local<Value> number = NumberObject::New(isolate, 2.5);
    Local<Value> yes = BooleanObject::New(isolate, true);
    Local<Value> text = StringObject::New(isolate, Str("text"));
    Local<Symbol> symbol = Symbol::New(isolate, Str("s"));
    Local<Value> boxed = SymbolObject::New(isolate, symbol);

    CHECK(number->IsNumberObject() && number.As<NumberObject>()->ValueOf() == 2.5);
    CHECK(yes->IsBooleanObject() && yes.As<BooleanObject>()->ValueOf());
    CHECK(text->IsStringObject());
    CHECK_EQ(Text(text.As<StringObject>()->ValueOf()), "text");
    CHECK(boxed->IsSymbolObject() && boxed.As<SymbolObject>()->ValueOf() == symbol);
    CHECK_EQ(Text(BigIntObject::New(isolate, 12).As<BigIntObject>()->ValueOf()), "12");
}

CASE(primitive_array)
{
    Local<PrimitiveArray> array = PrimitiveArray::New(isolate, 3);

    CHECK_EQ(array->Length(), 3);
    CHECK(array->Get(isolate, 0)->IsUndefined());
    array->Set(isolate, 1, Integer::New(isolate, 6));
    array->Set(isolate, 2, Str("x"));
    Collect(isolate);
    CHECK_EQ(Num(array->Get(isolate, 1)), 6.0);
    CHECK_EQ(Text(array->Get(isolate, 2)), "x");
}
