/* SPDX-License-Identifier: MIT */
/* Steps over values and objects: made, converted, compared, and their properties. */
#include "sequences.h"

using namespace sequences;

STEP(new_primitive)
{
    uint32_t kind = Below(10), number = Below(1u << 30);

    switch (kind) {
    case 0: return Put(Integer::New(here.isolate, static_cast<int32_t>(number) - (1 << 29)));
    case 1: return Put(Number::New(here.isolate, number / 1024.0));
    case 2: return Put(Boolean::New(here.isolate, number & 1));
    case 3: return Put(Undefined(here.isolate));
    case 4: return Put(Null(here.isolate));
    case 5: return Put(Integer::NewFromUnsigned(here.isolate, number * 4));
    case 6: return Put(BigInt::New(here.isolate, static_cast<int64_t>(number) << 32));
    case 7: return Put(Symbol::New(here.isolate, Str(AnyText().c_str())));
    case 8: return Put(Symbol::For(here.isolate, Str(AnyText().c_str())));
    default: return Put(String::Empty(here.isolate));
    }
}

STEP(new_string)
{
    static const uint16_t two[] = { 'w', 0x20ac, 'd', 'e', 0x4e2d };
    std::string text = AnyText();
    uint32_t kind = Below(4);

    if (kind == 0)
        return Put(String::NewFromTwoByte(here.isolate, two, NewStringType::kInternalized, 5)
                       .ToLocalChecked());
    if (kind == 1)
        return Put(String::NewFromOneByte(here.isolate, reinterpret_cast<const uint8_t *>(text.data()),
                                          NewStringType::kNormal, text.size()).ToLocalChecked());
    Local<String> left = Str(text.c_str());
    Local<Value> right = AnyThat([](Local<Value> value) { return value->IsString(); });
    if (right.IsEmpty() || right.As<String>()->Length() > 5000)
        return Put(left);
    return Put(String::Concat(here.isolate, left, right.As<String>()));
}

STEP(new_container)
{
    Local<Value> elements[] = { Any(), Any(), Any() };

    switch (Below(9)) {
    case 0: return Put(Object::New(here.isolate));
    case 1: return Put(Array::New(here.isolate, elements, 3));
    case 2: return Put(Array::New(here.isolate, Below(6)));
    case 3: return Put(Map::New(here.isolate));
    case 4: return Put(Set::New(here.isolate));
    case 5: return Put(Date::New(here.context, Below(1u << 30) * 1000.0).ToLocalChecked());
    case 6: return Put(RegExp::New(here.context, Str("(a|b)+(c)?"), RegExp::kIgnoreCase).ToLocalChecked());
    case 7: {
        Local<Name> names[] = { Str("first"), Str("second"), Str("first") };
        return Put(Object::New(here.isolate, Null(here.isolate), names, elements, 3));
    }
    default: {
        Local<Object> target = Object::New(here.isolate), handler = Object::New(here.isolate);
        Local<Proxy> proxy;
        return Proxy::New(here.context, target, handler).ToLocal(&proxy) ? Put(proxy) : "no proxy";
    }
    }
}

STEP(new_wrapped)
{
    switch (Below(5)) {
    case 0: return Put(NumberObject::New(here.isolate, Below(50)));
    case 1: return Put(StringObject::New(here.isolate, Str(AnyText().c_str())));
    case 2: return Put(BooleanObject::New(here.isolate, Chance(2)));
    case 3: return Put(BigIntObject::New(here.isolate, Below(100)));
    default: return Put(SymbolObject::New(here.isolate, Symbol::GetIterator(here.isolate)));
    }
}

STEP(new_error)
{
    Local<String> text = Str(AnyText().c_str());

    switch (Below(4)) {
    case 0: return Put(Exception::Error(text));
    case 1: return Put(Exception::RangeError(text));
    case 2: return Put(Exception::SyntaxError(text));
    default: return Put(Exception::ReferenceError(text));
    }
}

STEP(convert)
{
    Local<Value> value = Any();

    switch (Below(12)) {
    case 0: return Show(value->ToString(here.context));
    case 1: return Show(value->ToNumber(here.context));
    case 2: return Show(value->ToObject(here.context));
    case 3: return Show(value->ToInt32(here.context));
    case 4: return Show(value->ToUint32(here.context));
    case 5: return Show(value->NumberValue(here.context));
    case 6: return Show(value->Int32Value(here.context));
    case 7: return Show(value->IntegerValue(here.context));
    case 8: return std::to_string(value->BooleanValue(here.isolate));
    case 9: return Show(value->ToInteger(here.context));
    case 10: return Show(value->ToArrayIndex(here.context));
    default: return Show(value->ToBigInt(here.context));
    }
}

STEP(compare)
{
    Local<Value> left = Any(), right = Any();

    switch (Below(5)) {
    case 0: return Show(left->Equals(here.context, right));
    case 1: return std::to_string(left->StrictEquals(right));
    case 2: return std::to_string(left->SameValue(right));
    case 3: return Show(left->InstanceOf(here.context, AnyObject()));
    default: return Show(left->TypeOf(here.isolate).As<Value>());
    }
}

STEP(get)
{
    Local<Object> object = AnyObject();
    Local<Value> value;

    if (Chance(3))
        return Show(object->Get(here.context, Below(4)));
    if (!object->Get(here.context, AnyName()).ToLocal(&value))
        return "<empty>";
    return Chance(2) ? Put(value) : Show(value);
}

STEP(set)
{
    Local<Object> object = AnyObject();
    Local<Value> value = Any();

    if (Chance(3))
        return Show(object->Set(here.context, Below(4), value));
    return Show(object->Set(here.context, AnyName(), value));
}

STEP(has)
{
    Local<Object> object = AnyObject();
    Local<Name> name = AnyName();

    switch (Below(5)) {
    case 0: return Show(object->Has(here.context, name));
    case 1: return Show(object->Has(here.context, Below(4)));
    case 2: return Show(object->HasOwnProperty(here.context, name));
    case 3: return Show(object->HasRealNamedProperty(here.context, name));
    default: return Show(object->HasOwnProperty(here.context, Below(4)));
    }
}

STEP(remove)
{
    Local<Object> object = AnyObject();

    if (Chance(3))
        return Show(object->Delete(here.context, Below(4)));
    return Show(object->Delete(here.context, AnyName()));
}

STEP(define)
{
    Local<Object> object = AnyObject();
    Local<Name> name = AnyName();
    Local<Value> value = Any();

    switch (Below(4)) {
    case 0: return Show(object->CreateDataProperty(here.context, name, value));
    case 1: return Show(object->CreateDataProperty(here.context, Below(4), value));
    case 2: return Show(object->DefineOwnProperty(here.context, name, value,
                                                  static_cast<PropertyAttribute>(Below(8))));
    default: {
        PropertyDescriptor descriptor(value, Chance(2));
        descriptor.set_enumerable(Chance(2));
        if (Chance(2))
            descriptor.set_configurable(true);
        return Show(object->DefineProperty(here.context, name, descriptor));
    }
    }
}

STEP(describe_property)
{
    Local<Object> object = AnyObject();
    Local<Name> name = AnyName();

    switch (Below(5)) {
    case 0: return Show(object->GetOwnPropertyDescriptor(here.context, name));
    case 1: {
        Maybe<PropertyAttribute> attributes = object->GetPropertyAttributes(here.context, name);
        return attributes.IsJust() ? std::to_string(attributes.FromJust()) : "<nothing>";
    }
    case 2: return Show(object->GetRealNamedProperty(here.context, name));
    case 3: {
        Maybe<PropertyAttribute> attributes =
            object->GetRealNamedPropertyAttributes(here.context, name);
        return attributes.IsJust() ? std::to_string(attributes.FromJust()) : "<nothing>";
    }
    default: return Show(object->GetRealNamedPropertyInPrototypeChain(here.context, name));
    }
}

STEP(names)
{
    Local<Object> object = AnyObject();
    MaybeLocal<Array> names;
    Local<Array> array;
    Local<Value> name;
    std::string ret_text;

    switch (Below(4)) {
    case 0: names = object->GetPropertyNames(here.context); break;
    case 1: names = object->GetOwnPropertyNames(here.context); break;
    case 2:
        names = object->GetOwnPropertyNames(here.context, ALL_PROPERTIES,
                                            KeyConversionMode::kConvertToString);
        break;
    default:
        names = object->GetPropertyNames(here.context, KeyCollectionMode::kIncludePrototypes,
                                         ONLY_ENUMERABLE, IndexFilter::kSkipIndices);
        break;
    }
    if (!names.ToLocal(&array))
        return "<empty>";
    ret_text = std::to_string(array->Length());
    for (uint32_t i = 0; i < array->Length() && i < 12; i++)
        if (array->Get(here.context, i).ToLocal(&name))
            ret_text += " " + Show(name);
    return ret_text;
}

STEP(integrity)
{
    Local<Object> object = AnyObject();

    if (!Chance(6))
        return "left as it is";
    return Show(object->SetIntegrityLevel(here.context, Chance(2) ? IntegrityLevel::kSealed
                                                                  : IntegrityLevel::kFrozen));
}

STEP(prototype)
{
    Local<Object> object = AnyObject(), other = AnyObject();

    if (Chance(2))
        return Show(probe::PrototypeOf(object));
    if (object->IsProxy() || other->IsProxy())
        return "a proxy";
#if SINCE(13, 6)
    return Show(object->SetPrototypeV2(here.context, other));
#else
    return Show(object->SetPrototype(here.context, other));
#endif
}

STEP(private_property)
{
    Local<Object> object = AnyObject();
    Local<Private> key = Private::ForApi(here.isolate, Str("sequences"));

    switch (Below(4)) {
    case 0: return Show(object->SetPrivate(here.context, key, Any()));
    case 1: return Show(object->HasPrivate(here.context, key));
    case 2: return Show(object->DeletePrivate(here.context, key));
    default: return Show(object->GetPrivate(here.context, key));
    }
}

STEP(containers)
{
    Local<Value> map = AnyThat([](Local<Value> value) { return value->IsMap(); });
    Local<Value> set = AnyThat([](Local<Value> value) { return value->IsSet(); });
    Local<Value> key = Any(), value = Any();
    bool is_key;
    Local<Array> entries;

    if (map.IsEmpty() || set.IsEmpty())
        return "none";
    switch (Below(8)) {
    case 0: return Show(map.As<Map>()->Set(here.context, key, value));
    case 1: return Show(map.As<Map>()->Get(here.context, key));
    case 2: return Show(map.As<Map>()->Delete(here.context, key));
    case 3: return std::to_string(map.As<Map>()->Size() * 1000 + set.As<Set>()->Size());
    case 4: return Put(map.As<Map>()->AsArray());
    case 5: return Show(set.As<Set>()->Add(here.context, value));
    case 6: return Show(set.As<Set>()->Has(here.context, key));
    default:
        if (!set.As<Object>()->PreviewEntries(&is_key).ToLocal(&entries))
            return "<empty>";
        return std::to_string(entries->Length()) + std::to_string(is_key);
    }
}

STEP(bigint)
{
    uint64_t words[] = { Below(1u << 30), Below(1u << 30) };
    uint64_t back[3] = { 7, 7, 7 };
    int sign = 0, count = 3;
    Local<BigInt> value;
    bool lossless = false;

    if (!BigInt::NewFromWords(here.context, Chance(2), 2, words).ToLocal(&value))
        return "<empty>";
    value->ToWordsArray(&sign, &count, back);
    int64_t number = value->Int64Value(&lossless);
    return std::to_string(sign) + " " + std::to_string(count) + " " + std::to_string(back[0]) + " " +
           std::to_string(back[1]) + " " + std::to_string(number) +
           std::to_string(lossless) + Put(value);
}

STEP(details)
{
    Local<Object> object = AnyObject();

    switch (Below(6)) {
    case 0: return Show(object->ObjectProtoToString(here.context));
    case 1: return std::to_string(object->InternalFieldCount());
    case 2: return std::to_string(object->IsCallable()) + std::to_string(object->IsConstructor());
    /* V8 ends the process for what it cannot clone. */
    case 3: return object->IsArray() || object->IsDate() ? Put(object->Clone()) : "not cloned";
    case 4: return Show(object->ToDetailString(here.context));
    default:
        return object->IsArray() ? std::to_string(object.As<Array>()->Length()) :
               object->IsDate() ? std::to_string(object.As<Date>()->ValueOf()) :
               object->IsRegExp() ? Show(object.As<RegExp>()->Exec(here.context, Str("xaBc"))) :
               std::to_string(object->HasNamedLookupInterceptor());
    }
}
