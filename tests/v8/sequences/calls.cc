/* SPDX-License-Identifier: MIT */
/* Steps that call: functions, templates, accessors, interceptors, promises, scripts. */
#include "sequences.h"

using namespace sequences;

STEP(new_function)
{
    Local<Function> function;
    Local<Value> data = Any();

    if (!Function::New(here.context, Native, data, Below(4)).ToLocal(&function))
        return "<empty>";
    if (Chance(2))
        function->SetName(Str(AnyText().c_str()));
    return Put(function);
}

STEP(call)
{
    Local<Value> function = AnyThat([](Local<Value> value) { return value->IsFunction(); });
    Local<Value> receiver = Any();
    Local<Value> arguments[] = { Any(), Any(), Any() };
    int count = Below(4);
    Local<Value> value;

    if (function.IsEmpty())
        return "no function";
    if (Chance(4))
        return Show(function.As<Function>()->NewInstance(here.context, count, arguments));
    if (!function.As<Function>()->Call(here.context, receiver, count, arguments).ToLocal(&value))
        return "<empty>";
    return Put(value);
}

STEP(function_details)
{
    Local<Value> value = AnyThat([](Local<Value> value) { return value->IsFunction(); });

    if (value.IsEmpty())
        return "no function";
    Local<Function> function = value.As<Function>();
    switch (Below(5)) {
    case 0: return Show(function->GetName());
    case 1: return Show(function->GetInferredName());
    case 2: return std::to_string(function->GetScriptLineNumber()) + ":" +
                   std::to_string(function->GetScriptColumnNumber());
    case 3: return Show(function->GetBoundFunction());
    default: return Show(function->GetDebugName());
    }
}

/* ---- accessors and interceptors */

static void Getter(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (!Running())
        return;
    Tell("getter " + Show(Local<Value>(name)) + " holder " + Show(probe::HolderOf(info)) + " data " +
         Show(info.Data()));
    Nested(info.GetIsolate());
    if (Chance(8))
        info.GetIsolate()->ThrowException(Exception::Error(Str("thrown by a getter")));
    else if (Chance(4))
        info.GetReturnValue().Set(static_cast<uint32_t>(Below(100)));
    else
        info.GetReturnValue().Set(Any());
}

static void Setter(Local<Name> name, Local<Value> value, const PropertyCallbackInfo<void> &info)
{
    if (!Running())
        return;
    Tell("setter " + Show(Local<Value>(name)) + " = " + Show(value) + " data " + Show(info.Data()) +
         (info.ShouldThrowOnError() ? " strict" : ""));
    Nested(info.GetIsolate());
    if (Chance(8))
        info.GetIsolate()->ThrowException(Exception::Error(Str("thrown by a setter")));
}

static bool Declines(const char *what, Local<Value> name)
{
    if (!Running() || name->IsSymbol())
        return true;
    bool declines = Chance(3);
    Tell(std::string(what) + " " + Show(name) + (declines ? " declines" : ""));
    return declines;
}

INTERCEPTOR NamedGet(Local<Name> name, const PropertyCallbackInfo<Value> &info)
{
    if (Declines("named get", name))
        NOT_MINE;
    Nested(info.GetIsolate());
    if (Chance(8)) {
        info.GetIsolate()->ThrowException(Any());
        THREW;
    }
    info.GetReturnValue().Set(Any());
    ANSWERED;
}

INTERCEPTOR NamedSet(Local<Name> name, Local<Value> value, const probe::ChangeInfo &info)
{
    if (Declines("named set", name))
        NOT_MINE;
    Tell("to " + Show(value) + " data " + Show(info.Data()));
    Nested(info.GetIsolate());
    ANSWERED_CHANGE(info, value);
}

INTERCEPTOR NamedQuery(Local<Name> name, const PropertyCallbackInfo<Integer> &info)
{
    if (Declines("named query", name))
        NOT_MINE;
    info.GetReturnValue().Set(static_cast<int32_t>(Below(8)));
    ANSWERED;
}

INTERCEPTOR NamedDelete(Local<Name> name, const PropertyCallbackInfo<Boolean> &info)
{
    if (Declines("named delete", name))
        NOT_MINE;
    info.GetReturnValue().Set(Chance(2));
    ANSWERED;
}

static void NamedEnumerate(const PropertyCallbackInfo<Array> &info)
{
    Local<Value> names[] = { Str("x"), Str("enumerated") };

    if (Running())
        Tell("named enumerate");
    info.GetReturnValue().Set(Array::New(info.GetIsolate(), names, 2));
}

INTERCEPTOR NamedDefine(Local<Name> name, const PropertyDescriptor &descriptor,
                        const probe::ChangeInfo &info)
{
    if (Declines("named define", name))
        NOT_MINE;
    Tell((descriptor.has_value() ? "value " + Show(descriptor.value()) : std::string("no value")) +
         (descriptor.has_enumerable() ? descriptor.enumerable() ? " +e" : " -e" : "") +
         (descriptor.has_writable() ? descriptor.writable() ? " +w" : " -w" : "") +
         (descriptor.has_configurable() ? descriptor.configurable() ? " +c" : " -c" : "") +
         (descriptor.has_get() ? " get " + Show(descriptor.get()) : ""));
    ANSWERED_CHANGE(info, True(info.GetIsolate()));
}

INTERCEPTOR IndexedGet(uint32_t index, const PropertyCallbackInfo<Value> &info)
{
    if (Declines("indexed get", Integer::New(info.GetIsolate(), index)))
        NOT_MINE;
    info.GetReturnValue().Set(Any());
    ANSWERED;
}

INTERCEPTOR IndexedSet(uint32_t index, Local<Value> value, const probe::ChangeInfo &info)
{
    if (Declines("indexed set", Integer::New(info.GetIsolate(), index)))
        NOT_MINE;
    Tell("to " + Show(value));
    Nested(info.GetIsolate());
    ANSWERED_CHANGE(info, value);
}

INTERCEPTOR IndexedDelete(uint32_t index, const PropertyCallbackInfo<Boolean> &info)
{
    if (Declines("indexed delete", Integer::New(info.GetIsolate(), index)))
        NOT_MINE;
    info.GetReturnValue().Set(Chance(2));
    ANSWERED;
}

static Local<ObjectTemplate> AnyTemplate(Isolate *isolate)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);
    Local<Value> data = Any();
    uint32_t what = Below(16), flags = Below(4);

    if (data->IsObject())
        data = Str("data");
    objects->SetInternalFieldCount(Below(5));
    objects->Set(isolate, "plain", Integer::New(isolate, 5));
    if (what & 1)
        objects->SetNativeDataProperty(Local<Name>(Str("a")), Getter,
                                       what & 2 ? Setter : nullptr, data);
    if (what & 2)
        objects->SetLazyDataProperty(Local<Name>(Str("b")), Getter, data);
    if (what & 4)
        objects->SetHandler(NamedPropertyHandlerConfiguration(
            NamedGet, NamedSet, flags & 1 ? NamedQuery : nullptr, NamedDelete, NamedEnumerate,
            flags & 2 ? NamedDefine : nullptr, nullptr, data,
            flags & 1 ? PropertyHandlerFlags::kNone : PropertyHandlerFlags::kOnlyInterceptStrings));
    if (what & 8)
        objects->SetHandler(IndexedPropertyHandlerConfiguration(IndexedGet, IndexedSet, nullptr,
                                                                IndexedDelete, nullptr, data));
    if (Chance(4))
        objects->SetCallAsFunctionHandler(Native, data);
    return objects;
}

STEP(new_instance)
{
    Local<Object> object;

    if (!AnyTemplate(here.isolate)->NewInstance(here.context).ToLocal(&object))
        return "<empty>";
    return Put(object);
}

STEP(new_class)
{
    Local<FunctionTemplate> parent = FunctionTemplate::New(here.isolate, Native, Any());
    Local<FunctionTemplate> child = FunctionTemplate::New(here.isolate, Native);
    Local<Function> function;
    Local<Object> object;

    parent->SetClassName(Str("Parent"));
    parent->PrototypeTemplate()->Set(here.isolate, "method",
                                     FunctionTemplate::New(here.isolate, Native, Str("method"),
                                                           Signature::New(here.isolate, parent)));
    parent->PrototypeTemplate()->SetAccessorProperty(Str("x"),
                                                     FunctionTemplate::New(here.isolate, Native));
    child->SetClassName(Str("Child"));
    child->Inherit(parent);
    child->InstanceTemplate()->SetInternalFieldCount(2);
    if (Chance(3))
        child->ReadOnlyPrototype();
    if (!child->GetFunction(here.context).ToLocal(&function))
        return "<empty>";
    std::string text = Put(function);
    if (!function->NewInstance(here.context).ToLocal(&object))
        return text + " no instance";
    return text + " " + Put(object) + std::to_string(parent->HasInstance(object)) +
           std::to_string(child->HasInstance(object)) +
           Show(object->Get(here.context, Str("x")));
}

STEP(add_accessor)
{
    Local<Object> object = AnyObject();
    Local<Name> name = AnyName();
    Local<Value> getter = AnyThat([](Local<Value> value) { return value->IsFunction(); });

    switch (Below(3)) {
    case 0:
        return Show(object->SetNativeDataProperty(here.context, name, Getter, Setter, Any(),
                                                  Chance(2) ? DontEnum : None));
    case 1:
        return Show(object->SetLazyDataProperty(here.context, name, Getter, Any()));
    default:
        if (getter.IsEmpty() || object->IsProxy())
            return "none";
        object->SetAccessorProperty(name, getter.As<Function>(), Local<Function>(), DontEnum);
        return "set";
    }
}

STEP(internal_field)
{
    static int targets[4];
    Local<Value> value = AnyThat([](Local<Value> value) {
        return value->IsObject() && !value->IsArrayBuffer() && !value->IsArrayBufferView() &&
               !value->IsPromise() && !value->IsSharedArrayBuffer() && !value->IsExternal() &&
               value.As<Object>()->InternalFieldCount() >= 2;
    });

    if (value.IsEmpty())
        return "no object with fields";
    Local<Object> object = value.As<Object>();
    uint32_t which = Below(4);
    if (Chance(2)) {
        probe::SetPointer(object, 1, &targets[which]);
        return std::to_string(static_cast<int *>(probe::GetPointer(object, 1)) - targets);
    }
    Local<Value> before = object->GetInternalField(0).As<Value>();
    object->SetInternalField(0, Any());
    return Show(before) + " then " + Show(object->GetInternalField(0).As<Value>());
}

/* ---- promises */

STEP(new_promise)
{
    Local<Promise::Resolver> resolver;

    if (!Promise::Resolver::New(here.context).ToLocal(&resolver))
        return "<empty>";
    std::string text = Put(resolver->GetPromise());
    switch (Below(3)) {
    case 0: return text + Show(resolver->Resolve(here.context, Any()));
    case 1: return text + Show(resolver->Reject(here.context, Any()));
    default: return text;
    }
}

STEP(then)
{
    Local<Value> value = AnyThat([](Local<Value> value) { return value->IsPromise(); });
    Local<Function> function;
    Local<Promise> promise, made;

    if (value.IsEmpty() || !Function::New(here.context, Native, Any()).ToLocal(&function))
        return "no promise";
    promise = value.As<Promise>();
    std::string text = std::to_string(promise->State()) + std::to_string(promise->HasHandler());
    if (promise->State() != Promise::kPending)
        text += Show(promise->Result());
    switch (Below(4)) {
    case 0: return promise->Then(here.context, function).ToLocal(&made) ? text + Put(made) : text;
    case 1: return promise->Catch(here.context, function).ToLocal(&made) ? text + Put(made) : text;
    case 2:
        promise->MarkAsHandled();
        return text;
    default:
        return promise->Then(here.context, function, function).ToLocal(&made) ? text + Put(made)
                                                                            : text;
    }
}

static void Micro(void *data)
{
    if (!Running())
        return;
    Tell("microtask " + std::to_string(reinterpret_cast<uintptr_t>(data)));
    Nested(Isolate::GetCurrent());
}

STEP(microtask)
{
    Local<Value> value = AnyThat([](Local<Value> value) { return value->IsFunction(); });
    uint32_t which = Below(3);

    if (which == 0 && !value.IsEmpty()) {
        here.isolate->EnqueueMicrotask(value.As<Function>());
        return "a function";
    }
    if (which == 1) {
        here.isolate->EnqueueMicrotask(Micro, reinterpret_cast<void *>(uintptr_t(Below(100))));
        return "a callback";
    }
    here.isolate->PerformMicrotaskCheckpoint();
    return "run";
}
