/* SPDX-License-Identifier: MIT */
/*
 * Structured clones. The host calls the plugin's delegate by virtual functions, some of which only one of
 * the versions has; the delegate keeps its identity (vtables.c).
 */
#include "adapter.h"

#define CUSTOM V8_METHOD_ValueSerializer_Delegate_HasCustomHostObject_PIsolate

/* Delegates can have objects of their own from 12.4 on. */
static bool host_asks(const struct v8_pair *pair)
{
    return v8_class_slot_of(V8_CLASS_ValueSerializer_Delegate, CUSTOM, pair->host) >= 0;
}

static bool delegate_has_objects(const struct v8_pair *pair, void *delegate, void *isolate)
{
    v8_function_pointer *const *table = *(v8_function_pointer *const **)delegate;
    int slot = v8_class_slot_of(V8_CLASS_ValueSerializer_Delegate, CUSTOM, pair->plugin);

    return slot >= 0 && ((bool (*)(void *, void *))table[slot])(delegate, isolate);
}

/* ValueSerializer(Isolate *, Delegate *). A delegate that cannot serve the host is none: then host objects
 * cannot be cloned, which V8 throws. */
void v8_serializer_new(void *serializer, void *isolate, void *delegate, struct v8_slot *slot)
{
    if (delegate && !host_asks(slot->pair) && delegate_has_objects(slot->pair, delegate, isolate)) {
        abi_trap("_ZN2v815ValueSerializer8Delegate19HasCustomHostObjectEPNS_7IsolateE",
                 v8_version_name(slot->pair->plugin), v8_version_name(slot->pair->host),
                 "the host's ValueSerializer does not ask which objects are the plugin's own");
        delegate = NULL;
    }
    if (!v8_object_share(slot->pair, V8_CLASS_ValueSerializer_Delegate, delegate))
        delegate = NULL;
    ((void (*)(void *, void *, void *))slot->target)(serializer, isolate_of(isolate), delegate);
}

/* ValueDeserializer(Isolate *, const uint8_t *, size_t, Delegate *) */
void v8_deserializer_new(void *deserializer, void *isolate, const uint8_t *data, size_t size,
                         void *delegate, struct v8_slot *slot)
{
    if (!v8_object_share(slot->pair, V8_CLASS_ValueDeserializer_Delegate, delegate))
        delegate = NULL;
    ((void (*)(void *, void *, const uint8_t *, size_t, void *))slot->target)(
        deserializer, isolate_of(isolate), data, size, delegate);
}
