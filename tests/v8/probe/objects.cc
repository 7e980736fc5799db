/* SPDX-License-Identifier: MIT */
/* Objects and their properties. */
#include "shims.h"

using namespace probe;

CASE(object_set_get)
{
    Local<Object> object = Object::New(isolate);

    CHECK(object->Set(context, Str("a"), Integer::New(isolate, 1)).FromMaybe(false));
    CHECK(object->Set(context, Symbol::GetIterator(isolate), Str("i")).FromMaybe(false));
    CHECK(object->Set(context, Number::New(isolate, 1.5), Str("half")).FromMaybe(false));
    CHECK_EQ(Text(object->Get(context, Str("a")).ToLocalChecked()), "1");
    CHECK_EQ(Text(object->Get(context, Symbol::GetIterator(isolate)).ToLocalChecked()), "i");
    CHECK_EQ(Text(object->Get(context, Str("1.5")).ToLocalChecked()), "half");
    CHECK(object->Get(context, Str("b")).ToLocalChecked()->IsUndefined());
    CHECK_EQ(Text(Js("(o) => JSON.stringify(o)", object)), "{\"a\":1,\"1.5\":\"half\"}");
}

CASE(object_index)
{
    Local<Object> object = Object::New(isolate);

    CHECK(object->Set(context, 3, Str("three")).FromMaybe(false));
    CHECK(object->Set(context, 4294967294u, Str("far")).FromMaybe(false));
    CHECK_EQ(Text(object->Get(context, 3).ToLocalChecked()), "three");
    CHECK_EQ(Text(object->Get(context, 4294967294u).ToLocalChecked()), "far");
    CHECK(object->Has(context, 3).FromJust() && !object->Has(context, 4).FromJust());
    CHECK(object->Delete(context, 3).FromJust());
    CHECK(!object->Has(context, 3).FromJust());
    CHECK(object->HasOwnProperty(context, 4294967294u).FromJust());
}

CASE(object_has_delete)
{
    Local<Object> object = Js("Object.create({ inherited: 1 }, "
                              "{ fixed: { value: 2 }, loose: { value: 3, configurable: true } })")
                               .As<Object>();

    CHECK(object->Has(context, Str("inherited")).FromJust());
    CHECK(!object->HasOwnProperty(context, Str("inherited")).FromJust());
    CHECK(object->HasOwnProperty(context, Str("fixed")).FromJust());
    CHECK(object->Delete(context, Str("loose")).FromJust());
    CHECK(!object->Has(context, Str("loose")).FromJust());
    CHECK(!object->Delete(context, Str("fixed")).FromJust());
    CHECK(object->Delete(context, Str("never")).FromJust());
}

CASE(object_throwing_access)
{
    Local<Object> object = Js("({ get a() { throw new Error('get'); }, "
                              "set b(v) { throw new Error('set ' + v); } })")
                               .As<Object>();
    TryCatch catcher(isolate);

    CHECK(object->Get(context, Str("a")).IsEmpty());
    CHECK_EQ(Caught(catcher), "threw Error: get");
    catcher.Reset();
    CHECK(object->Set(context, Str("b"), Integer::New(isolate, 5)).IsNothing());
    CHECK_EQ(Caught(catcher), "threw Error: set 5");
    catcher.Reset();
    CHECK(!catcher.HasCaught());
}

CASE(object_define)
{
    Local<Object> object = Object::New(isolate);

    CHECK(object->CreateDataProperty(context, Str("data"), Str("d")).FromJust());
    CHECK(object->CreateDataProperty(context, 2, Str("two")).FromJust());
    CHECK(object->DefineOwnProperty(context, Str("fixed"), Str("f"),
                                    static_cast<PropertyAttribute>(ReadOnly | DontDelete))
              .FromJust());
    CHECK(object->DefineOwnProperty(context, Str("hidden"), Str("h"), DontEnum).FromJust());
    CHECK_EQ(Text(Js("(o) => { o.fixed = 1; delete o.fixed; "
                     "return [Object.keys(o), o.fixed, o.hidden].join(); }", object)),
             "2,data,fixed,f,h");
    CHECK(!object->DefineOwnProperty(context, Str("fixed"), Str("g")).FromMaybe(true));
}

static void ReturnData(const FunctionCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(info.Data());
}

CASE(object_descriptor)
{
    Local<Object> object = Object::New(isolate);
    PropertyDescriptor data(Str("value"), false);
    PropertyDescriptor accessor(Fn(ReturnData, Str("got")), Undefined(isolate));

    data.set_enumerable(true);
    data.set_configurable(false);
    CHECK(data.has_value() && data.has_writable() && !data.has_get());
    CHECK(data.enumerable() && !data.configurable() && !data.writable());
    CHECK(object->DefineProperty(context, Str("data"), data).FromJust());
    CHECK(accessor.has_get() && accessor.has_set() && !accessor.has_value());
    CHECK(accessor.set()->IsUndefined() && accessor.get()->IsFunction());
    CHECK(object->DefineProperty(context, Str("accessor"), accessor).FromJust());
    CHECK_EQ(Text(Js("(o) => { const d = Object.getOwnPropertyDescriptors(o);"
                     "return [d.data.value, d.data.writable, d.data.enumerable, o.accessor,"
                     "typeof d.accessor.set].join(); }", object)),
             "value,false,true,got,undefined");
}

CASE(object_own_descriptor)
{
    Local<Object> object = Js("({ a: 1, get b() { return 2; } })").As<Object>();

    CHECK_EQ(Text(Js("(d) => JSON.stringify(d)",
                     object->GetOwnPropertyDescriptor(context, Str("a")).ToLocalChecked())),
             "{\"value\":1,\"writable\":true,\"enumerable\":true,\"configurable\":true}");
    CHECK_EQ(Text(Js("(d) => typeof d.get",
                     object->GetOwnPropertyDescriptor(context, Str("b")).ToLocalChecked())),
             "function");
    CHECK(object->GetOwnPropertyDescriptor(context, Str("c")).ToLocalChecked()->IsUndefined());
}

CASE(object_attributes)
{
    Local<Object> object = Js("Object.defineProperty({ plain: 1 }, 'fixed', { value: 1 })")
                               .As<Object>();

    CHECK_EQ(object->GetPropertyAttributes(context, Str("plain")).FromJust(), None);
    CHECK_EQ(object->GetPropertyAttributes(context, Str("fixed")).FromJust(),
             ReadOnly | DontEnum | DontDelete);
    CHECK_EQ(object->GetRealNamedPropertyAttributes(context, Str("plain")).FromJust(), None);
    CHECK(object->GetRealNamedPropertyAttributes(context, Str("none")).IsNothing());
}

CASE(object_names)
{
    Local<Object> object = Js("Object.defineProperty(Object.assign(Object.create({ up: 1 }), "
                              "{ b: 1, 2: 1, a: 1, [Symbol.iterator]: 1 }), 'hidden', { value: 1 })")
                               .As<Object>();
    const char *join = "(a) => a.map(String).join()";

    CHECK_EQ(Text(Js(join, object->GetOwnPropertyNames(context).ToLocalChecked())), "2,b,a");
    CHECK_EQ(Text(Js(join, object->GetPropertyNames(context).ToLocalChecked())), "2,b,a,up");
    CHECK_EQ(Text(Js(join, object->GetOwnPropertyNames(context, ALL_PROPERTIES).ToLocalChecked())),
             "2,b,a,hidden,Symbol(Symbol.iterator)");
    CHECK_EQ(Text(Js(join, object->GetOwnPropertyNames(context, SKIP_STRINGS).ToLocalChecked())),
             "Symbol(Symbol.iterator)");
    CHECK_EQ(Text(Js(join, object->GetPropertyNames(context, KeyCollectionMode::kOwnOnly,
                                                    ONLY_ENUMERABLE, IndexFilter::kSkipIndices)
                               .ToLocalChecked())),
             "b,a,Symbol(Symbol.iterator)");
    CHECK_EQ(Text(Js("(a) => a.map((n) => typeof n).join()",
                     object->GetPropertyNames(context, KeyCollectionMode::kIncludePrototypes,
                                              static_cast<PropertyFilter>(ONLY_ENUMERABLE |
                                                                          SKIP_SYMBOLS),
                                              IndexFilter::kIncludeIndices,
                                              KeyConversionMode::kConvertToString)
                         .ToLocalChecked())),
             "string,string,string,string");
}

CASE(object_prototype)
{
    Local<Object> object = Object::New(isolate);
    Local<Object> parent = Js("({ up: 'yes' })").As<Object>();

    CHECK(PrototypeOf(object) == Js("Object.prototype"));
#if SINCE(14, 6)
    CHECK(object->SetPrototypeV2(context, parent).FromJust());
#else
    CHECK(object->SetPrototype(context, parent).FromJust());
#endif
    CHECK(PrototypeOf(object) == parent);
    CHECK_EQ(Text(object->Get(context, Str("up")).ToLocalChecked()), "yes");
}

#if SINCE(12, 9)
CASE(object_prototype_v2)
{
    Local<Object> object = Object::New(isolate);

    CHECK(object->SetPrototypeV2(context, Null(isolate)).FromJust());
    CHECK(object->GetPrototypeV2()->IsNull());
    CHECK(context->Global()->GetPrototypeV2()->IsObject());
}
#endif

CASE(object_private)
{
    Local<Object> object = Object::New(isolate);
    Local<Private> key = Private::New(isolate, Str("key"));

    CHECK(!object->HasPrivate(context, key).FromJust());
    CHECK(object->SetPrivate(context, key, Str("secret")).FromJust());
    CHECK(object->HasPrivate(context, key).FromJust());
    CHECK_EQ(Text(object->GetPrivate(context, key).ToLocalChecked()), "secret");
    CHECK_EQ(Text(Js("(o) => Reflect.ownKeys(o).length", object)), "0");
    CHECK(object->DeletePrivate(context, key).FromJust());
    CHECK(!object->HasPrivate(context, key).FromJust());
    CHECK(object->GetPrivate(context, key).ToLocalChecked()->IsUndefined());
}

CASE(object_real_named)
{
    Local<Object> object = Js("Object.assign(Object.create({ up: 1 }), { own: 2 })").As<Object>();

    CHECK(object->HasRealNamedProperty(context, Str("own")).FromJust());
    CHECK(!object->HasRealNamedProperty(context, Str("up")).FromJust());
    CHECK_EQ(Num(object->GetRealNamedProperty(context, Str("own")).ToLocalChecked()), 2.0);
    CHECK_EQ(Num(object->GetRealNamedPropertyInPrototypeChain(context, Str("up")).ToLocalChecked()),
             1.0);
    CHECK(object->GetRealNamedPropertyInPrototypeChain(context, Str("own")).IsEmpty());
    CHECK(!object->HasRealIndexedProperty(context, 0).FromJust());
    CHECK(!object->HasRealNamedCallbackProperty(context, Str("own")).FromJust());
    CHECK(!object->HasNamedLookupInterceptor() && !object->HasIndexedLookupInterceptor());
}

CASE(object_identity)
{
    Local<Object> object = Object::New(isolate);
    int hash = object->GetIdentityHash();

    CHECK(hash != 0);
    Collect(isolate);
    CHECK_EQ(object->GetIdentityHash(), hash);
    CHECK(Str("name").As<Name>()->GetIdentityHash() != 0);
}

CASE(object_clone)
{
    Local<Object> object = Js("({ a: 1, b: { c: 2 } })").As<Object>();
    Local<Object> clone = object->Clone();

    CHECK(clone != object);
    CHECK_EQ(Text(Js("(o, c) => { c.a = 5; return [o.a, c.a, o.b === c.b].join(); }", object, clone)),
             "1,5,true");
#if SINCE(13, 6)
    CHECK(object->Clone(isolate)->IsObject());
#endif
}

CASE(object_creation_context)
{
    Local<Object> object = Object::New(isolate);
    Local<Context> created;

#if SINCE(12, 9)
    CHECK(object->GetCreationContext(isolate).ToLocal(&created));
    CHECK(created == context);
    CHECK(object->GetCreationContextChecked(isolate) == context);
#endif
    CHECK(object->GetCreationContext().ToLocal(&created));
    CHECK(created == context);
    CHECK(object->GetCreationContextChecked() == context);
#if BEFORE(11, 3)
    CHECK(object->CreationContext() == context);
#endif
}

#if BEFORE(14, 6)
CASE(object_isolate)
{
    CHECK(Object::New(isolate)->GetIsolate() == isolate);
    CHECK(Js("[]").As<Object>()->GetIsolate() == isolate);
    CHECK(context->GetIsolate() == isolate);
}
#endif

CASE(object_call)
{
    Local<Object> function = Js("(function (a) { return this.x + a; })").As<Object>();
    Local<Object> receiver = Js("({ x: 10 })").As<Object>();
    Local<Value> argument = Integer::New(isolate, 5);
    Local<Object> Point = Js("(class { constructor(x) { this.x = x; } })").As<Object>();
    TryCatch catcher(isolate);

    CHECK_EQ(Text(function->CallAsFunction(context, receiver, 1, &argument).ToLocalChecked()), "15");
    CHECK_EQ(Text(Js("(p) => p.x", Point->CallAsConstructor(context, 1, &argument).ToLocalChecked())),
             "5");
    CHECK(function->IsCallable() && Point->IsConstructor() && !receiver->IsCallable());
    CHECK(receiver->CallAsFunction(context, receiver, 0, nullptr).IsEmpty());
    CHECK(catcher.HasCaught());
}

CASE(object_constructor_name)
{
    CHECK_EQ(Text(Js("new (class Named {})").As<Object>()->GetConstructorName()), "Named");
    CHECK_EQ(Text(Js("[]").As<Object>()->GetConstructorName()), "Array");
    CHECK_EQ(Text(Js("new Map").As<Object>()->ObjectProtoToString(context).ToLocalChecked()),
             "[object Map]");
}

CASE(object_integrity)
{
    Local<Object> sealed = Js("({ a: 1 })").As<Object>(), frozen = Js("({ a: 1 })").As<Object>();

    CHECK(sealed->SetIntegrityLevel(context, IntegrityLevel::kSealed).FromJust());
    CHECK(frozen->SetIntegrityLevel(context, IntegrityLevel::kFrozen).FromJust());
    CHECK_EQ(Text(Js("(s, f) => { s.a = 2; f.a = 2; delete s.a; s.b = 1; "
                     "return [s.a, f.a, s.b, Object.isFrozen(f)].join(); }", sealed, frozen)),
             "2,1,,true");
}

CASE(object_new_with)
{
    Local<Name> names[] = { Str("a"), Symbol::GetIterator(isolate), Str("b") };
    Local<Value> values[] = { Integer::New(isolate, 1), Str("i"), Str("two") };
    Local<Object> prototype = Js("({ up: 'p' })").As<Object>();
    Local<Object> object = Object::New(isolate, prototype, names, values, 3);

    CHECK_EQ(Text(Js("(o) => [o.a, o.b, o[Symbol.iterator], o.up, Object.keys(o)].join()", object)),
             "1,two,i,p,a,b");
    CHECK(PrototypeOf(Object::New(isolate, Null(isolate), nullptr, nullptr, 0))->IsNull());
}

CASE(object_preview)
{
    bool pairs = false;

    CHECK_EQ(Text(Js("new Map([[1, 2], [3, 4]])").As<Object>()->PreviewEntries(&pairs).ToLocalChecked()),
             "1,2,3,4");
    CHECK(pairs);
    CHECK_EQ(Text(Js("new Set([5, 6]).values()").As<Object>()->PreviewEntries(&pairs).ToLocalChecked()),
             "5,6");
    CHECK(!pairs);
    CHECK(Js("({})").As<Object>()->PreviewEntries(&pairs).IsEmpty());
}

CASE(object_dictionary)
{
    Local<Object> object = Object::New(isolate);

    for (int i = 0; i < 2000; i++) {
        HandleScope scope(isolate);
        Local<String> key = Str(("key" + std::to_string(i)).c_str());

        CHECK(object->Set(context, key, Integer::New(isolate, i)).FromMaybe(false));
        if (i % 3 == 0)
            CHECK(object->Delete(context, key).FromMaybe(false));
    }
    Collect(isolate);
    CHECK_EQ(Text(Js("(o) => Object.keys(o).length + ',' + o.key1999", object)), "1333,1999");
}

CASE(object_is_api_wrapper)
{
    CHECK(!Object::New(isolate)->IsApiWrapper());
    CHECK(!Object::New(isolate)->IsUndetectable());
    CHECK_EQ(Object::New(isolate)->InternalFieldCount(), 0);
    CHECK(!Object::New(isolate)->IsCodeLike(isolate));
}

static void GetOwn(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    info.GetReturnValue().Set(Str((Text(name) + " " + Text(info.Data())).c_str()));
}

CASE(object_lazy_property)
{
    Local<Object> object = Object::New(isolate);

    CHECK(object->SetLazyDataProperty(context, Str("lazy"), GetOwn, Str("once")).FromJust());
    CHECK_EQ(Text(Js("(o) => o.lazy", object)), "lazy once");
    CHECK_EQ(Text(Js("(o) => Object.getOwnPropertyDescriptor(o, 'lazy').value", object)),
             "lazy once");
}

CASE(object_accessor_property)
{
    Local<Object> object = Object::New(isolate);
    Local<Function> getter = Js("(function () { return this.base + 1; })").As<Function>();
    Local<Function> setter = Js("(function (v) { this.base = v * 2; })").As<Function>();

    object->SetAccessorProperty(Str("calc"), getter, setter);
    object->SetAccessorProperty(Str("hidden"), getter, Local<Function>(), DontEnum);
    CHECK_EQ(Text(Js("(o) => { o.calc = 4; return [o.calc, Object.keys(o), o.hidden].join(); }",
                     object)),
             "9,calc,base,9");
}
