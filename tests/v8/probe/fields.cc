/* SPDX-License-Identifier: MIT */
/* Internal fields: values and pointers that objects carry for C++. */
#include "shims.h"

using namespace probe;

static int pointees[32];

static Local<Object> WithFields(Isolate *isolate, int count)
{
    Local<ObjectTemplate> objects = ObjectTemplate::New(isolate);

    objects->SetInternalFieldCount(count);
    EXPECT_EQ(objects->InternalFieldCount(), count);
    return objects->NewInstance(isolate->GetCurrentContext()).ToLocalChecked();
}

/* Since 12 what is in a field is a Data. */
static Local<Value> FieldOf(Local<Object> object, int index)
{
    return object->GetInternalField(index).As<Value>();
}

CASE(fields_value)
{
    Local<Object> object = WithFields(isolate, 2);

    CHECK_EQ(object->InternalFieldCount(), 2);
    CHECK(FieldOf(object, 0)->IsUndefined());
    object->SetInternalField(0, Str("first"));
    object->SetInternalField(1, Number::New(isolate, 2.5));
    CHECK_EQ(Text(FieldOf(object, 0)), "first");
    CHECK_EQ(Num(FieldOf(object, 1)), 2.5);
    object->SetInternalField(0, object);
    Collect(isolate);
    CHECK(FieldOf(object, 0) == object);
    CHECK_EQ(Num(FieldOf(object, 1)), 2.5);
}

CASE(fields_pointer)
{
    Local<Object> object = WithFields(isolate, 1);

    SetPointer(object, 0, &pointees[0]);
    CHECK(GetPointer(object, 0) == &pointees[0]);
    Collect(isolate);
    CHECK(GetPointer(object, 0) == &pointees[0]);
    SetPointer(object, 0, nullptr);
    CHECK(GetPointer(object, 0) == nullptr);
}

CASE(fields_many)
{
    Local<Object> object = WithFields(isolate, 20);

    for (int i = 0; i < 20; i++) {
        if (i % 2)
            SetPointer(object, i, &pointees[i]);
        else
            object->SetInternalField(i, Integer::New(isolate, i));
    }
    Collect(isolate);
    for (int i = 0; i < 20; i++) {
        if (i % 2)
            CHECK(GetPointer(object, i) == &pointees[i]);
        else
            CHECK_EQ(Num(FieldOf(object, i)), i);
    }
}

#if BEFORE(14, 6)
CASE(fields_pointers_at_once)
{
    Local<Object> object = WithFields(isolate, 3);
    int indices[] = { 2, 0 };
    void *values[] = { &pointees[2], &pointees[1] };

    object->SetAlignedPointerInInternalFields(2, indices, values);
    CHECK(GetPointer(object, 2) == &pointees[2]);
    CHECK(GetPointer(object, 0) == &pointees[1]);
    CHECK(FieldOf(object, 1)->IsUndefined());
}
#endif

CASE(fields_persistent)
{
    Local<Object> object = WithFields(isolate, 2);
    Global<Object> global(isolate, object);

    SetPointer(object, 1, &pointees[4]);
    CHECK_EQ(Object::InternalFieldCount(global), 2);
#if SINCE(14, 6)
    CHECK(Object::GetAlignedPointerFromInternalField(global, 1, kEmbedderDataTypeTagDefault) ==
          &pointees[4]);
#else
    CHECK(Object::GetAlignedPointerFromInternalField(global, 1) == &pointees[4]);
#endif
}

#if SINCE(14, 1)
CASE(fields_tagged)
{
    Local<Object> object = WithFields(isolate, 2);

    object->SetAlignedPointerInInternalField(0, &pointees[1], 3);
    object->SetAlignedPointerInInternalField(1, &pointees[2], 4);
#if SINCE(14, 6)
    CHECK(object->GetAlignedPointerFromInternalField(0, 3) == &pointees[1]);
    CHECK(object->GetAlignedPointerFromInternalField(isolate, 1, 4) == &pointees[2]);
#else
    CHECK(object->GetAlignedPointerFromInternalField(0) == &pointees[1]);
    CHECK(object->GetAlignedPointerFromInternalField(isolate, 1) == &pointees[2]);
#endif
}
#endif

CASE(fields_of_other_objects)
{
    CHECK_EQ(WithFields(isolate, 0)->InternalFieldCount(), 0);
    CHECK_EQ(Js("new Map").As<Object>()->InternalFieldCount(), 0);
    CHECK_EQ(Js("(() => 1)").As<Object>()->InternalFieldCount(), 0);
    CHECK_EQ(Js("new Proxy({}, {})").As<Object>()->InternalFieldCount(), 0);
    CHECK(Js("new Uint8Array(1)").As<Object>()->InternalFieldCount() >= 0);
}

/* Array buffers have fields, too; what reads them inline takes another way for their type. */
CASE(fields_of_buffers)
{
    Local<Object> view = Js("new Uint8Array(4)").As<Object>();
    int count = view->InternalFieldCount();

    for (int i = 0; i < count; i++) {
        SetPointer(view, i, &pointees[i]);
        CHECK(GetPointer(view, i) == &pointees[i]);
        SetPointer(view, i, nullptr);
        CHECK(GetPointer(view, i) == nullptr);
    }
}

static void Construct(const FunctionCallbackInfo<Value> &info)
{
    SetPointer(info.This(), 0, &pointees[3]);
    info.This()->SetInternalField(1, info[0]);
}

static void FieldText(const FunctionCallbackInfo<Value> &info)
{
    EXPECT(GetPointer(info.This(), 0) == &pointees[3]);
    info.GetReturnValue().Set(FieldOf(info.This(), 1));
}

CASE(fields_of_class)
{
    Local<FunctionTemplate> shapes = FunctionTemplate::New(isolate, Construct);

    shapes->InstanceTemplate()->SetInternalFieldCount(2);
    shapes->PrototypeTemplate()->Set(isolate, "text", FunctionTemplate::New(isolate, FieldText));
    CHECK_EQ(Text(Js("(C) => { class D extends C { more() { return this.text() + '!'; } }"
                     "const d = new D('kept'); d.added = 1; d.other = 2; return d.more(); }",
                     shapes->GetFunction(context).ToLocalChecked())),
             "kept!");
}
