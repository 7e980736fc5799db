// SPDX-License-Identifier: MIT
// What V8's headers inline, as programs use it: compiled with every version's headers, then called by
// run.c with a heap of another version.
#include <v8.h>

#define SITE extern "C" __attribute__((noinline, visibility("default")))
#if V8_MAJOR_VERSION * 100 + V8_MINOR_VERSION >= 1406
#define TAG , 0
#else
#define TAG
#endif

using v8::Global;
using v8::Local;
using v8::Object;
using v8::Value;

SITE void sink(int);

SITE int undefined(Local<Value> v) { return v->IsUndefined(); }
SITE int null(Local<Value> v) { return v->IsNull(); }
SITE int null_or_undefined(Local<Value> v) { return v->IsNullOrUndefined(); }
SITE int not_undefined(Local<Value> v) { return !v->IsUndefined(); }
SITE int not_null_or_undefined(Local<Value> v) { return !v->IsNullOrUndefined(); }

SITE int undefined_branch(Local<Value> v)
{
    if (v->IsUndefined()) {
        sink(1);
        return 7;
    }
    sink(2);
    return 9;
}

SITE int null_or_undefined_branch(Local<Value> v)
{
    if (v->IsNullOrUndefined()) {
        sink(1);
        return 7;
    }
    sink(2);
    return 9;
}

SITE int undefined_then_null(Local<Value> v)
{
    if (v->IsUndefined() || v->IsNull()) {
        sink(1);
        return 7;
    }
    return 9;
}

SITE int null_then_undefined(Local<Value> v)
{
    if (v->IsNull() || v->IsUndefined()) {
        sink(1);
        return 7;
    }
    return 9;
}

SITE int classify(Local<Value> v)
{
    if (v->IsUndefined())
        return 1;
    if (v->IsNull())
        return 2;
    return v->IsString() ? 3 : 4;
}

SITE int string_or_undefined(Local<Value> v)
{
    if (v->IsString())
        return 3;
    return v->IsUndefined() ? 1 : 4;
}

SITE int undefined_select(Local<Value> v, int a, int b) { return v->IsUndefined() ? a : b; }
SITE int null_or_undefined_select(Local<Value> v, int a, int b)
{
    return v->IsNullOrUndefined() ? a : b;
}
SITE int empty_or_undefined(Local<Value> v) { return v.IsEmpty() || v->IsUndefined(); }
SITE int undefined_two(Local<Value> a, Local<Value> b)
{
    return a->IsUndefined() + 2 * b->IsUndefined();
}
SITE int both(Local<Value> a, Local<Value> b)
{
    return a->IsNullOrUndefined() && b->IsUndefined();
}

SITE int undefined_count(Local<Value>* values, int count)
{
    int found = 0;

    for (int i = 0; i < count; i++)
        found += values[i]->IsUndefined();
    return found;
}

// Other questions about a type: they are to stay what they are.
using Base = v8::String::ExternalStringResourceBase;
SITE void* string_resource(v8::String* s) { return s->GetExternalStringResource(); }
SITE void* string_base(v8::String* s, v8::String::Encoding* e)
{
    return s->GetExternalStringResourceBase(e);
}
SITE int string_base_is(v8::String* s, Base* wanted)
{
    v8::String::Encoding encoding = v8::String::UNKNOWN_ENCODING;

    if (s->GetExternalStringResourceBase(&encoding) != wanted) {
        sink(1);
        return 9;
    }
    sink(2);
    return encoding == v8::String::ONE_BYTE_ENCODING ? 7 : 8;
}

SITE void* pointer_0(Object* o) { return o->GetAlignedPointerFromInternalField(0 TAG); }
SITE void* pointer_1(Object* o) { return o->GetAlignedPointerFromInternalField(1 TAG); }
SITE void* pointer_at(Object* o, int i) { return o->GetAlignedPointerFromInternalField(i TAG); }
SITE long pointer_sum(Object* o)
{
    return (long)o->GetAlignedPointerFromInternalField(0 TAG) +
           2 * (long)o->GetAlignedPointerFromInternalField(1 TAG);
}
SITE void* field_at(Object* o, int i) { return *o->GetInternalField(i); }

SITE int weak(Global<Object>& g) { return g.IsWeak(); }
SITE int weak_branch(Global<Object>& g)
{
    if (g.IsWeak()) {
        sink(1);
        return 7;
    }
    return 9;
}
SITE void make_weak(Global<Object>& g) { g.SetWeak(); }
