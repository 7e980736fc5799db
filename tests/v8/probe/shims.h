/* SPDX-License-Identifier: MIT */
/* What versions spell differently and no case is about: written as addons of each time do. */
#ifndef PROBE_SHIMS_H
#define PROBE_SHIMS_H

#include "probe.h"

namespace probe {

inline void *ValueOf(Local<Value> external)
{
    return external.As<External>()->Value();
}

#if SINCE(14, 6)
inline void SetPointer(Local<Object> object, int index, void *value)
{
    object->SetAlignedPointerInInternalField(index, value, kEmbedderDataTypeTagDefault);
}
inline void *GetPointer(Local<Object> object, int index)
{
    return object->GetAlignedPointerFromInternalField(index, kEmbedderDataTypeTagDefault);
}
inline Local<Value> PrototypeOf(Local<Object> object) { return object->GetPrototypeV2(); }
#else
inline void SetPointer(Local<Object> object, int index, void *value)
{
    object->SetAlignedPointerInInternalField(index, value);
}
inline void *GetPointer(Local<Object> object, int index)
{
    return object->GetAlignedPointerFromInternalField(index);
}
inline Local<Value> PrototypeOf(Local<Object> object) { return object->GetPrototype(); }
#endif

/* From 12.9 on an own property with callbacks is a native data property only. */
inline bool AddAccessor(Local<Context> context, Local<Object> object, const char *name,
                        AccessorNameGetterCallback getter,
                        AccessorNameSetterCallback setter = nullptr,
                        Local<Value> data = Local<Value>())
{
#if SINCE(12, 9)
    return object->SetNativeDataProperty(context, Str(name), getter, setter, data).FromMaybe(false);
#else
    return object->SetAccessor(context, Str(name), getter, setter, data).FromMaybe(false);
#endif
}

inline void AddAccessor(Local<ObjectTemplate> object, const char *name,
                        AccessorNameGetterCallback getter,
                        AccessorNameSetterCallback setter = nullptr,
                        Local<Value> data = Local<Value>())
{
#if SINCE(12, 9)
    object->SetNativeDataProperty(Str(name), getter, setter, data);
#else
    object->SetAccessor(Local<Name>(Str(name)), getter, setter, data);
#endif
}

template <typename T> Local<Object> HolderOf(const PropertyCallbackInfo<T> &info)
{
#if SINCE(12, 9)
    return info.HolderV2();
#else
    return info.Holder();
#endif
}

inline Local<Function> Fn(FunctionCallback callback, Local<Value> data = Local<Value>())
{
    Local<Context> context = Isolate::GetCurrent()->GetCurrentContext();

    return Function::New(context, callback, data).ToLocalChecked();
}

/* What interceptors return, and how they say that they have answered. */
#if SINCE(12, 4)
typedef PropertyCallbackInfo<void> ChangeInfo;
#define INTERCEPTOR static v8::Intercepted
#define ANSWERED return v8::Intercepted::kYes
#define NOT_MINE return v8::Intercepted::kNo
#define ANSWERED_CHANGE(info, value) return v8::Intercepted::kYes
/* 12.4 fails when an interceptor that threw has answered without a value. */
#define THREW return SINCE(12, 9) ? v8::Intercepted::kYes : v8::Intercepted::kNo
#else
typedef PropertyCallbackInfo<Value> ChangeInfo;
#define INTERCEPTOR static void
#define ANSWERED return
#define NOT_MINE return
#define THREW return
#define ANSWERED_CHANGE(info, value)                                                               \
    do {                                                                                           \
        (info).GetReturnValue().Set(value);                                                        \
        return;                                                                                    \
    } while (0)
#endif

} // namespace probe

#endif
