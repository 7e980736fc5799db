/* SPDX-License-Identifier: MIT */
/*
 * ObjectTemplate::SetAccessor where the host has it no more (12.9). V8 has two others: a native data
 * property, whose setter is not called for an object that only inherits it, and from 14.6 on is not told
 * the receiver; and a property with two functions. The latter calls the plugin whenever the former did,
 * with the receiver; the difference is that JavaScript sees functions in the property's descriptor.
 *
 * Such a function has for data what the plugin's callback needs: the name and the plugin's own data. It
 * lives as long as the isolate does, as templates do.
 */
#include <stdlib.h>

#include "accessors.h"
#include "callback_info.h"

typedef v8_local external_new_call(void *isolate, void *value);
typedef v8_local external_new_tagged_call(void *isolate, void *value, unsigned tag);
typedef void *external_value_call(v8_local external);
typedef void *external_value_tagged_call(v8_local external, unsigned tag);
typedef v8_local globalize_call(void *isolate, v8_value value);
typedef v8_local globalize_slot_call(void *isolate, v8_local value);
typedef v8_local template_new_call(void *isolate, void *callback, v8_local data,
                                   v8_local signature, int length, int behavior, int side_effect,
                                   const void *fast, unsigned type, unsigned first, unsigned last);
typedef void accessor_property_call(v8_local self, v8_local name, v8_local getter, v8_local setter,
                                    int attributes, int control);
typedef void setter_call(v8_local name, v8_local value, const void *info);
typedef void getter_call(v8_local name, const void *info);

#define ATTRIBUTE_READ_ONLY 1
#define BEHAVIOR_THROW 0

/* In globals: handles that stay. */
struct accessor_data {
    v8_local name, data; /* data NULL: undefined */
};

static v8_local globalize(struct v8_pair *pair, void *isolate, v8_local value)
{
    if (!value)
        return NULL;
    if (HOST_HAS(pair, reference_globalize))
        return HOST_CALL(pair, reference_globalize, globalize_call *)(isolate, *value);
    return HOST_CALL(pair, reference_globalize_slot, globalize_slot_call *)(isolate, value);
}

static v8_local data_new(struct v8_pair *pair, void *isolate, const struct accessor *own)
{
    struct accessor_data *data = malloc(sizeof *data);

    if (!data)
        return NULL;
    *data = (struct accessor_data){globalize(pair, isolate, own->name),
                                   globalize(pair, isolate, own->data)};
    if (HOST_HAS(pair, external_new_tagged))
        return HOST_CALL(pair, external_new_tagged, external_new_tagged_call *)(isolate, data, 0);
    return HOST_CALL(pair, external_new, external_new_call *)(isolate, data);
}

static v8_local function_new(struct v8_pair *pair, void *isolate, void *callback, v8_local data,
                             v8_local signature, int length, int side_effect)
{
    return HOST_CALL(pair, function_template_new, template_new_call *)(
        isolate, callback, data, signature, length, BEHAVIOR_THROW, side_effect, NULL, 0, 0, 0);
}

/* Assigning to an accessor without a setter did nothing. */
static void assignment_ignored(const void *info)
{
    (void)info;
}

void accessor_set_functions(struct v8_pair *pair, const struct accessor *own)
{
    void *isolate = current_isolate(pair);
    v8_local data = data_new(pair, isolate, own), getter, setter = NULL;
    void *set = own->setter ? v8_callback(pair, V8_CALLBACK_FUNCTION_SETTER, own->setter)
                            : (void *)assignment_ignored;

    if (!data)
        return;
    getter = function_new(pair, isolate, v8_callback(pair, V8_CALLBACK_FUNCTION_GETTER, own->getter),
                          data, own->signature, 0, own->getter_effect);
    if (!(own->attributes & ATTRIBUTE_READ_ONLY))
        setter = function_new(pair, isolate, set, data, own->signature, 1, own->setter_effect);
    if (HOST_HAS(pair, template_accessor_property))
        HOST_CALL(pair, template_accessor_property, accessor_property_call *)(
            own->self, own->name, getter, setter, own->attributes & ~ATTRIBUTE_READ_ONLY, 0);
    else
        HOST_CALL(pair, template_accessor_property_control, accessor_property_call *)(
            own->self, own->name, getter, setter, own->attributes & ~ATTRIBUTE_READ_ONLY,
            own->control);
}

/* ---- the functions ---------------------------------------------------------------------------------------- */

static const struct accessor_data *data_of(struct v8_pair *pair, const struct callback_view *view)
{
    v8_local external = view->target;

    if (pair->layouts.host_function.has_target)
        external = HOST_CALL(pair, function_template_data, v8_local (*)(void *, v8_local))(
            view->isolate, view->target);
    if (HOST_HAS(pair, external_value_tagged))
        return HOST_CALL(pair, external_value_tagged, external_value_tagged_call *)(external, 0);
    return HOST_CALL(pair, external_value, external_value_call *)(external);
}

/* Objects of templates with a constructor have types of their own. */
static bool is_of_template(v8_value object)
{
    unsigned type;
    v8_value map;

    if (!(object & 1))
        return true;
    memcpy(&map, (const char *)object - 1, sizeof map);
    type = ((const uint16_t *)(map - 1))[6];
    return type != (unsigned)v8_constant(V8_kJSObjectType, V8_10_2);
}

/* Maybe<bool>: whether there is one, and it. */
static bool has_own(struct v8_pair *pair, void *isolate, v8_local object, v8_local name)
{
    v8_local context = HOST_CALL(pair, isolate_context, v8_local (*)(void *))(isolate);

    return HOST_CALL(pair, object_has_real_callback,
                     uint16_t (*)(v8_local, v8_local, v8_local))(object, context, name) == 0x101;
}

static v8_local prototype_of(struct v8_pair *pair, v8_local object)
{
    typedef v8_local prototype_call(v8_local object);

    if (HOST_HAS(pair, object_prototype_v2))
        return HOST_CALL(pair, object_prototype_v2, prototype_call *)(object);
    return HOST_CALL(pair, object_prototype, prototype_call *)(object);
}

/* The object in the chain of prototypes that has the property: of objects of a template the receiver
 * itself, as plugins look there for what belongs to it. */
static v8_local holder_of(struct v8_pair *pair, void *isolate, v8_local receiver, v8_local name)
{
    for (v8_local object = receiver;;) {
        if (is_of_template(*object) || has_own(pair, isolate, object, name))
            return object;
        object = prototype_of(pair, object);
        if (!object || *object == host_value(pair, isolate, V8_ROOT_NULL))
            return receiver;
    }
}

static void *open(struct callback_frame *frame, struct callback_view *view, struct v8_slot *slot,
                  const void *info, const struct accessor_data **ret_data)
{
    struct v8_pair *pair = slot->pair;
    v8_value undefined;

    function_view_of(pair, info, view);
    frame_start(frame, pair, view->isolate, view->result);
    *ret_data = data_of(pair, view);
    view->holder = holder_of(pair, view->isolate, view->receiver, (*ret_data)->name);
    view->should_throw = SMI(pair->constants.plugin_dont_throw);
    undefined = host_value(pair, view->isolate, V8_ROOT_UNDEFINED);
    return property_words_open(frame, view, (*ret_data)->data ? *(*ret_data)->data : undefined,
                               undefined);
}

void v8_call_function_getter(const void *info, struct v8_slot *slot)
{
    struct callback_frame frame;
    struct callback_view view;
    const struct accessor_data *data;
    void *own = open(&frame, &view, slot, info, &data);
    v8_value result;

    if (!own)
        return;
    ((getter_call *)slot->target)(data->name, own);
    result = frame_end(&frame);
    if (result == host_value(slot->pair, view.isolate, V8_ROOT_HOLE))
        result = host_value(slot->pair, view.isolate, V8_ROOT_UNDEFINED);
    *frame.host_result = result;
}

void v8_call_function_setter(const void *info, struct v8_slot *slot)
{
    struct callback_frame frame;
    struct callback_view view;
    const struct accessor_data *data;
    void *own = open(&frame, &view, slot, info, &data);

    if (!own)
        return;
    ((setter_call *)slot->target)(data->name, view.values, own);
    frame_end(&frame);
}
