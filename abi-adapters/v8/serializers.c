/* SPDX-License-Identifier: MIT */
/*
 * Structured clones. The host calls the plugin's delegate by virtual functions, some of which only one of
 * the versions has; the delegate keeps its identity (vtables.c).
 */
#include "adapter.h"

/* ValueSerializer(Isolate *, Delegate *). A delegate that cannot serve the host is none: then host objects
 * cannot be cloned, which V8 throws. */
void v8_serializer_new(void *serializer, void *isolate, void *delegate, struct v8_slot *slot)
{
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
