/* SPDX-License-Identifier: MIT */
/*
 * Accessors of templates. Over the versions the parameters AccessControl (gone in 12.4) and
 * AccessorSignature (gone in 11.3) went, the forms for Strings (12.9), and ObjectTemplate::SetAccessor
 * (12.9).
 */
#include "accessors.h"

typedef void native_call(v8_local self, v8_local name, void *getter, void *setter, v8_local data,
                         int attributes, int getter_effect, int setter_effect);
typedef void native_control_call(v8_local self, v8_local name, void *getter, void *setter,
                                 v8_local data, int attributes, int control, int getter_effect,
                                 int setter_effect);
typedef void accessor_control_call(v8_local self, v8_local name, void *getter, void *setter,
                                   v8_local data, int control, int attributes, int getter_effect,
                                   int setter_effect);
typedef void lazy_call(v8_local self, v8_local name, void *getter, v8_local data, int attributes,
                       int getter_effect, int setter_effect);
typedef void accessor_property_call(v8_local self, v8_local name, v8_local getter, v8_local setter,
                                    int attributes, int control);

static void native_set(struct v8_pair *pair, const struct accessor *own)
{
    void *getter = v8_callback(pair, V8_CALLBACK_ACCESSOR_GETTER, own->getter);
    void *setter = v8_callback(pair, V8_CALLBACK_ACCESSOR_SETTER, own->setter);

    if (HOST_HAS(pair, template_native_data_property))
        HOST_CALL(pair, template_native_data_property, native_call *)(
            own->self, own->name, getter, setter, own->data, own->attributes, own->getter_effect,
            own->setter_effect);
    else
        HOST_CALL(pair, template_native_data_property_control, native_control_call *)(
            own->self, own->name, getter, setter, own->data, own->attributes, own->control,
            own->getter_effect, own->setter_effect);
}

static void accessor_set(struct v8_pair *pair, const struct accessor *own)
{
    bool has = HOST_HAS(pair, object_template_accessor);
    void *getter, *setter;

    if (own->signature || (!has && !HOST_HAS(pair, object_template_accessor_control))) {
        accessor_set_functions(pair, own);
        return;
    }
    getter = v8_callback(pair, V8_CALLBACK_ACCESSOR_GETTER, own->getter);
    setter = v8_callback(pair, V8_CALLBACK_ACCESSOR_SETTER, own->setter);
    if (has)
        HOST_CALL(pair, object_template_accessor, native_call *)(
            own->self, own->name, getter, setter, own->data, own->attributes, own->getter_effect,
            own->setter_effect);
    else
        HOST_CALL(pair, object_template_accessor_control, accessor_control_call *)(
            own->self, own->name, getter, setter, own->data, own->control, own->attributes,
            own->getter_effect, own->setter_effect);
}

/* ---- SetNativeDataProperty ----------------------------------------------------------------------------- */

/* Template::SetNativeDataProperty(name, getter, setter, Local<Value>, PropertyAttribute, SideEffectType,
 * SideEffectType) from 12.4 on */
void v8_template_native(v8_local self, v8_local name, void *getter, void *setter, v8_local data,
                        int attributes, int getter_effect, int setter_effect, struct v8_slot *slot)
{
    struct accessor own = {self, name, getter, setter, data, NULL, 0, attributes,
                           getter_effect, setter_effect};

    native_set(slot->pair, &own);
}

/* The same with AccessControl behind the attributes, up to 12.4 */
void v8_template_native_control(v8_local self, v8_local name, void *getter, void *setter,
                                v8_local data, int attributes, int control, int getter_effect,
                                int setter_effect, struct v8_slot *slot)
{
    struct accessor own = {self, name, getter, setter, data, NULL, control, attributes,
                           getter_effect, setter_effect};

    native_set(slot->pair, &own);
}

/* The same with Local<AccessorSignature> between these two, 10.2 */
void v8_template_native_signature(v8_local self, v8_local name, void *getter, void *setter,
                                  v8_local data, int attributes, v8_local signature, int control,
                                  int getter_effect, int setter_effect, struct v8_slot *slot)
{
    struct accessor own = {self, name, getter, setter, data, NULL, control, attributes,
                           getter_effect, setter_effect};

    (void)signature;
    native_set(slot->pair, &own);
}

/* ---- SetAccessor ---------------------------------------------------------------------------------------- */

/* ObjectTemplate::SetAccessor(name, getter, setter, Local<Value>, PropertyAttribute, SideEffectType,
 * SideEffectType) of 12.4 */
void v8_template_accessor(v8_local self, v8_local name, void *getter, void *setter, v8_local data,
                          int attributes, int getter_effect, int setter_effect,
                          struct v8_slot *slot)
{
    struct accessor own = {self, name, getter, setter, data, NULL, 0, attributes,
                           getter_effect, setter_effect};

    accessor_set(slot->pair, &own);
}

/* The same with AccessControl before the attributes, up to 11.3 */
void v8_template_accessor_control(v8_local self, v8_local name, void *getter, void *setter,
                                  v8_local data, int control, int attributes, int getter_effect,
                                  int setter_effect, struct v8_slot *slot)
{
    struct accessor own = {self, name, getter, setter, data, NULL, control, attributes,
                           getter_effect, setter_effect};

    accessor_set(slot->pair, &own);
}

/* The same with Local<AccessorSignature> behind the attributes, 10.2 */
void v8_template_accessor_signature(v8_local self, v8_local name, void *getter, void *setter,
                                    v8_local data, int control, int attributes,
                                    v8_local signature, int getter_effect, int setter_effect,
                                    struct v8_slot *slot)
{
    struct accessor own = {self, name, getter, setter, data, signature, control, attributes,
                           getter_effect, setter_effect};

    accessor_set(slot->pair, &own);
}

/* AccessorSignature::New(Isolate *, Local<FunctionTemplate>): it is the template, seen otherwise. */
v8_local v8_accessor_signature_new(void *isolate, v8_local receiver, struct v8_slot *slot)
{
    (void)isolate, (void)slot;
    return receiver;
}

/* ---- others ----------------------------------------------------------------------------------------------- */

/* Template::SetLazyDataProperty(Local<Name>, AccessorNameGetterCallback, Local<Value>, PropertyAttribute,
 * SideEffectType, SideEffectType) */
void v8_template_lazy(v8_local self, v8_local name, void *getter, v8_local data, int attributes,
                      int getter_effect, int setter_effect, struct v8_slot *slot)
{
    ((lazy_call *)slot->target)(self, name,
                                v8_callback(slot->pair, V8_CALLBACK_ACCESSOR_GETTER, getter), data,
                                attributes, getter_effect, setter_effect);
}

/* Template::SetAccessorProperty(Local<Name>, Local<FunctionTemplate>, Local<FunctionTemplate>,
 * PropertyAttribute) on hosts with AccessControl behind it */
void v8_template_accessor_property(v8_local self, v8_local name, v8_local getter, v8_local setter,
                                   int attributes, struct v8_slot *slot)
{
    ((accessor_property_call *)slot->target)(self, name, getter, setter, attributes, 0);
}
