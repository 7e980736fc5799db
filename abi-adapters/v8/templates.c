/* SPDX-License-Identifier: MIT */
/* v8::ObjectTemplate: interceptors, access checks, objects that are called. */
#include "callback_info.h"

/* NamedPropertyHandlerConfiguration and IndexedPropertyHandlerConfiguration, the same in all versions:
 * tests/v8/layouts looks. */
struct handlers {
    void *getter, *setter, *query, *deleter, *enumerator, *definer, *descriptor;
    v8_local data;
    int flags;
};

typedef void set_handler_call(v8_local self, const struct handlers *handlers);
typedef void set_check_call(v8_local self, void *callback, v8_local data);
typedef void set_check_handlers_call(v8_local self, void *callback, const struct handlers *named,
                                     const struct handlers *indexed, v8_local data);
typedef void set_intrinsic_call(v8_local self, v8_local name, int intrinsic, int attributes);

/* 12.4 has interceptors of both kinds, and this flag for the new one; later ones are all new. */
static int flag_of_new(enum v8_version version)
{
    return version == V8_12_4
               ? v8_enum_value(V8_VALUE_PropertyHandlerFlags_kInternalNewCallbacksSignatures, version)
               : 0;
}

static int flags_for_host(const struct v8_pair *pair, int flags)
{
    int32_t converted = 0;

    v8_enum_flags_convert(V8_ENUM_PropertyHandlerFlags, pair->plugin, pair->host,
                          flags & ~flag_of_new(pair->plugin), &converted);
    return converted | flag_of_new(pair->host);
}

/* Whether the plugin's interceptors return nothing, and their results say what they did. */
static bool are_void(const struct v8_pair *pair, int flags)
{
    return pair->plugin < V8_12_4 ||
           (pair->plugin == V8_12_4 && !(flags & flag_of_new(pair->plugin)));
}

static struct handlers handlers_for_host(struct v8_pair *pair, const struct handlers *own)
{
    int shift = are_void(pair, own->flags) ? V8_CALLBACK_VOID_GETTER : V8_CALLBACK_INTERCEPT_GETTER;
    int getter = shift, query = getter + 1, deleter = getter + 2, setter = getter + 3;

    return (struct handlers){
        .getter = v8_callback(pair, getter, own->getter),
        .setter = v8_callback(pair, setter, own->setter),
        .query = v8_callback(pair, query, own->query),
        .deleter = v8_callback(pair, deleter, own->deleter),
        .enumerator = v8_callback(pair, V8_CALLBACK_ENUMERATOR, own->enumerator),
        .definer = v8_callback(pair, setter, own->definer),
        .descriptor = v8_callback(pair, getter, own->descriptor),
        .data = own->data,
        .flags = flags_for_host(pair, own->flags),
    };
}

/* ObjectTemplate::SetHandler(const NamedPropertyHandlerConfiguration &), and Indexed... */
void v8_template_set_handler(v8_local self, const struct handlers *own, struct v8_slot *slot)
{
    struct handlers handlers = handlers_for_host(slot->pair, own);

    ((set_handler_call *)slot->target)(self, &handlers);
}

/* ObjectTemplate::SetCallAsFunctionHandler(FunctionCallback, Local<Value>) */
void v8_template_set_call_as_function(v8_local self, void *callback, v8_local data,
                                      struct v8_slot *slot)
{
    ((set_check_call *)slot->target)(self, function_trampoline(slot->pair, callback, data), data);
}

/* ObjectTemplate::SetAccessCheckCallback(AccessCheckCallback, Local<Value>) */
void v8_template_set_access_check(v8_local self, void *callback, v8_local data,
                                  struct v8_slot *slot)
{
    ((set_check_call *)slot->target)(self, v8_callback(slot->pair, V8_CALLBACK_PLAIN_3, callback),
                                     data);
}

/* ObjectTemplate::SetAccessCheckCallbackAndHandler(AccessCheckCallback,
 * const NamedPropertyHandlerConfiguration &, const IndexedPropertyHandlerConfiguration &,
 * Local<Value>) */
void v8_template_set_access_check_handlers(v8_local self, void *callback,
                                           const struct handlers *named,
                                           const struct handlers *indexed, v8_local data,
                                           struct v8_slot *slot)
{
    struct handlers host_named = handlers_for_host(slot->pair, named);
    struct handlers host_indexed = handlers_for_host(slot->pair, indexed);

    ((set_check_handlers_call *)slot->target)(
        self, v8_callback(slot->pair, V8_CALLBACK_PLAIN_3, callback), &host_named, &host_indexed,
        data);
}

/* Template::SetIntrinsicDataProperty(Local<Name>, Intrinsic, PropertyAttribute). One that the host does
 * not know is left out. */
void v8_template_set_intrinsic(v8_local self, v8_local name, int intrinsic, int attributes,
                               struct v8_slot *slot)
{
    int32_t converted;

    if (v8_enum_convert(V8_ENUM_Intrinsic, slot->pair->plugin, slot->pair->host, intrinsic,
                        &converted))
        ((set_intrinsic_call *)slot->target)(self, name, converted, attributes);
}
