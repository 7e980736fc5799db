/* SPDX-License-Identifier: MIT */
/*
 * v8::Object and what hangs on it: internal fields, prototypes, accessors, creation contexts. Values that
 * one version or another does not have are in objects_values.c.
 */
#include "adapter.h"

typedef void *isolate_of_object_call(v8_value object);
typedef v8_local local_of_call(v8_local object);

#define TAG_NONE 0 /* kEmbedderDataTypeTagDefault */

static void *isolate_behind(const struct v8_pair *pair, v8_local object)
{
    return HOST_CALL(pair, isolate_of_object, isolate_of_object_call *)(*object);
}

/* internal::IsolateFromNeverReadOnlySpaceObject(Address) */
void *v8_isolate_of_value(v8_value object, struct v8_slot *slot)
{
    return shadow_of(slot->pair, ((isolate_of_object_call *)slot->target)(object));
}

/* Object::GetIsolate(), Context::GetIsolate(): gone in 14.6, where V8 itself reads it from the object */
void *v8_isolate_of_object(v8_local object, struct v8_slot *slot)
{
    return shadow_of(slot->pair, isolate_behind(slot->pair, object));
}

/* internal::Internals::GetCurrentIsolate() */
void *v8_isolate_of_thread(struct v8_slot *slot)
{
    return shadow_of(slot->pair, current_isolate(slot->pair));
}

/* internal::CanHaveInternalField(int): 10.2's headers then ask the exported function */
bool v8_no_internal_field(void)
{
    return false;
}

/* api_internal::GetFunctionTemplateData(Isolate *, Local<Data>): a callback of this host already has the
 * data where the plugin looks for the function (callback_info.c) */
v8_local v8_function_data_itself(void *isolate, v8_local data)
{
    (void)isolate;
    return data;
}

/* ---- aligned pointers ----------------------------------------------------------------------------------- */

/* SetAlignedPointerInInternalField(int, void *), Context::SetAlignedPointerInEmbedderData(int, void *), on a
 * host that wants a tag */
void v8_pointer_set_untagged(v8_local object, int index, void *value, struct v8_slot *slot)
{
    ((void (*)(v8_local, int, void *, unsigned))slot->target)(object, index, value, TAG_NONE);
}

/* Slow..AlignedPointerFrom..(int), on a host that wants a tag */
void *v8_pointer_get_untagged(v8_local object, int index, struct v8_slot *slot)
{
    return ((void *(*)(v8_local, int, unsigned))slot->target)(object, index, TAG_NONE);
}

/* The same with (Isolate *, int) */
void *v8_pointer_get_isolate_untagged(v8_local object, void *isolate, int index,
                                      struct v8_slot *slot)
{
    return ((void *(*)(v8_local, void *, int, unsigned))slot->target)(object, isolate_of(isolate),
                                                                     index, TAG_NONE);
}

/* (Isolate *, int), on a host that has (int) only */
void *v8_pointer_get_no_isolate(v8_local object, void *isolate, int index, struct v8_slot *slot)
{
    (void)isolate;
    return ((void *(*)(v8_local, int))slot->target)(object, index);
}

/* (Isolate *, int, tag), on such a host */
void *v8_pointer_get_int_only(v8_local object, void *isolate, int index, unsigned tag,
                              struct v8_slot *slot)
{
    (void)tag;
    return v8_pointer_get_no_isolate(object, isolate, index, slot);
}

/* SetAlignedPointerInInternalFields(int, int *, void **), gone in 14.6 */
void v8_pointers_set(v8_local object, int count, const int *indices, void *const *values,
                     struct v8_slot *slot)
{
    for (int i = 0; i < count; i++)
        v8_pointer_set_untagged(object, indices[i], values[i], slot);
}

/* GetAlignedPointerFromEmbedderDataInCreationContext(int), where the host has none */
void *v8_creation_pointer_get(v8_local object, int index, struct v8_slot *slot)
{
    v8_local context = HOST_CALL(slot->pair, object_creation_context, local_of_call *)(object);

    if (!context)
        return NULL;
    return HOST_CALL(slot->pair, context_pointer, void *(*)(v8_local, int))(context, index);
}

/* The same with (int, tag) */
void *v8_creation_pointer_get_tagged(v8_local object, int index, unsigned tag,
                                     struct v8_slot *slot)
{
    (void)tag;
    return v8_creation_pointer_get(object, index, slot);
}

/* The same with (Isolate *, int) */
void *v8_creation_pointer_get_isolate(v8_local object, void *isolate, int index,
                                      struct v8_slot *slot)
{
    (void)isolate;
    return v8_creation_pointer_get(object, index, slot);
}

/* The same with (Isolate *, int, tag) */
void *v8_creation_pointer_get_isolate_tagged(v8_local object, void *isolate, int index,
                                             unsigned tag, struct v8_slot *slot)
{
    (void)isolate;
    (void)tag;
    return v8_creation_pointer_get(object, index, slot);
}

/* ToExternalPointerTag(EmbedderDataTypeTag): headers ask for it and, without a sandbox, ignore it */
unsigned v8_tag_itself(unsigned tag)
{
    return tag;
}

/* ---- prototypes -------------------------------------------------------------------------------------------- */

/* Up to 14.1 there is a version of both functions that sees the global object behind its proxy, the
 * hidden prototype: this is the proxy, whose own prototype is one further. */
static bool is_global_proxy(struct v8_pair *pair, v8_local object)
{
    v8_local context = HOST_CALL(pair, object_creation_context, local_of_call *)(object);

    return context && *HOST_CALL(pair, context_global, local_of_call *)(context) == *object;
}

/* GetPrototypeV2(), on a host that has the other one only */
v8_local v8_prototype_get(v8_local object, struct v8_slot *slot)
{
    v8_local prototype = ((local_of_call *)slot->target)(object);

    return is_global_proxy(slot->pair, object) ? ((local_of_call *)slot->target)(prototype)
                                               : prototype;
}

/* SetPrototypeV2(Local<Context>, Local<Value>), on a host that has the other one only; Maybe<bool> */
uint16_t v8_prototype_set(v8_local object, v8_local context, v8_local prototype,
                          struct v8_slot *slot)
{
    if (is_global_proxy(slot->pair, object))
        object = HOST_CALL(slot->pair, object_prototype, local_of_call *)(object);
    return ((uint16_t(*)(v8_local, v8_local, v8_local))slot->target)(object, context, prototype);
}

/* ---- creation contexts ------------------------------------------------------------------------------------- */

/* static CreationContext(const PersistentBase<Object> &) */
v8_local v8_creation_context_of_global(const v8_local *object, struct v8_slot *slot)
{
    return ((local_of_call *)slot->target)(*object);
}

/* ---- accessors --------------------------------------------------------------------------------------------- */

/* SetAccessorProperty(Local<Name>, Local<Function>, Local<Function>, PropertyAttribute), on a host that has
 * AccessControl */
void v8_accessor_property_set(v8_local object, v8_local name, v8_local getter, v8_local setter,
                              int attributes, struct v8_slot *slot)
{
    ((void (*)(v8_local, v8_local, v8_local, v8_local, int, int))slot->target)(
        object, name, getter, setter, attributes, 0);
}

/* SetAccessor(Local<Context>, Local<Name>, getter, setter, MaybeLocal<Value>, AccessControl,
 * PropertyAttribute, SideEffectType, SideEffectType); Maybe<bool> */
uint16_t v8_object_accessor_set(v8_local object, v8_local context, v8_local name, void *getter,
                                void *setter, v8_local data, int control, int attributes,
                                int getter_effects, int setter_effects, struct v8_slot *slot)
{
    getter = v8_callback(slot->pair, V8_CALLBACK_ACCESSOR_GETTER, getter);
    setter = v8_callback(slot->pair, V8_CALLBACK_ACCESSOR_SETTER, setter);
    return ((uint16_t(*)(v8_local, v8_local, v8_local, void *, void *, v8_local, int, int, int,
                         int))slot->target)(object, context, name, getter, setter, data, control,
                                            attributes, getter_effects, setter_effects);
}

/* SetNativeDataProperty(Local<Context>, Local<Name>, getter, setter, Local<Value>, PropertyAttribute,
 * SideEffectType, SideEffectType); Maybe<bool> */
uint16_t v8_object_data_property_set(v8_local object, v8_local context, v8_local name, void *getter,
                                     void *setter, v8_local data, int attributes,
                                     int getter_effects, int setter_effects, struct v8_slot *slot)
{
    getter = v8_callback(slot->pair, V8_CALLBACK_ACCESSOR_GETTER, getter);
    setter = v8_callback(slot->pair, V8_CALLBACK_ACCESSOR_SETTER, setter);
    return ((uint16_t(*)(v8_local, v8_local, v8_local, void *, void *, v8_local, int, int,
                         int))slot->target)(object, context, name, getter, setter, data, attributes,
                                            getter_effects, setter_effects);
}

/* SetAccessor(), on a host that has SetNativeDataProperty() only. The data are empty there when there are
 * none. */
uint16_t v8_object_accessor_as_data(v8_local object, v8_local context, v8_local name, void *getter,
                                    void *setter, v8_local data, int control, int attributes,
                                    int getter_effects, int setter_effects, struct v8_slot *slot)
{
    (void)control;
    return v8_object_data_property_set(object, context, name, getter, setter, data, attributes,
                                       getter_effects, setter_effects, slot);
}

/* SetLazyDataProperty(Local<Context>, Local<Name>, getter, Local<Value>, PropertyAttribute, SideEffectType,
 * SideEffectType); Maybe<bool> */
uint16_t v8_object_lazy_property_set(v8_local object, v8_local context, v8_local name, void *getter,
                                     v8_local data, int attributes, int getter_effects,
                                     int setter_effects, struct v8_slot *slot)
{
    getter = v8_callback(slot->pair, V8_CALLBACK_ACCESSOR_GETTER, getter);
    return ((uint16_t(*)(v8_local, v8_local, v8_local, void *, v8_local, int, int, int))slot->target)(
        object, context, name, getter, data, attributes, getter_effects, setter_effects);
}
