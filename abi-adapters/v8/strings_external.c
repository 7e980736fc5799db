/* SPDX-License-Identifier: MIT */
/*
 * External strings. Their resource is an object of the plugin whose virtual functions V8 calls, and
 * V8 gives it back: it gets a table that serves both (vtables.c).
 */
#include "adapter.h"

#define TWO_BYTE_ENCODING 0
#define ONE_BYTE_ENCODING 8

typedef bool is_call(v8_local string);
typedef v8_local new_call(void *isolate, void *resource);
typedef bool make_call(v8_local string, void *resource);

/* EstimateMemoryUsage() const of external strings, from 13.6 on: kDefaultMemoryEstimate. */
size_t v8_resource_estimate(const void *resource, struct v8_slot *slot)
{
    (void)resource;
    (void)slot;
    return (size_t)-1;
}

/* A resource of the host's own code keeps its table. */
static bool resource_share(struct v8_pair *pair, enum v8_class_id class, void *resource)
{
    if (resource && *(uintptr_t *)resource - pair->module < pair->module_size)
        return true;
    return v8_object_share(pair, class, resource);
}

static bool share_one_byte(struct v8_pair *pair, void *resource)
{
    return resource_share(pair, V8_CLASS_String_ExternalOneByteStringResource, resource);
}

static bool share_two_byte(struct v8_pair *pair, void *resource)
{
    return resource_share(pair, V8_CLASS_String_ExternalStringResource, resource);
}

/* NewExternalOneByte(Isolate *, ExternalOneByteStringResource *) */
v8_local v8_external_one_byte(void *isolate, void *resource, struct v8_slot *slot)
{
    if (!share_one_byte(slot->pair, resource))
        return NULL;
    return ((new_call *)slot->target)(isolate_of(isolate), resource);
}

/* NewExternalTwoByte(Isolate *, ExternalStringResource *) */
v8_local v8_external_two_byte(void *isolate, void *resource, struct v8_slot *slot)
{
    if (!share_two_byte(slot->pair, resource))
        return NULL;
    return ((new_call *)slot->target)(isolate_of(isolate), resource);
}

/* MakeExternal(ExternalOneByteStringResource *), which all hosts have */
bool v8_external_make_one_byte(v8_local string, void *resource, struct v8_slot *slot)
{
    return share_one_byte(slot->pair, resource) && ((make_call *)slot->target)(string, resource);
}

/* MakeExternal(ExternalStringResource *), which all hosts have */
bool v8_external_make_two_byte(v8_local string, void *resource, struct v8_slot *slot)
{
    return share_two_byte(slot->pair, resource) && ((make_call *)slot->target)(string, resource);
}

/* MakeExternal(Isolate *, ExternalOneByteStringResource *) */
bool v8_external_make_one_byte_in(v8_local string, void *isolate, void *resource,
                                  struct v8_slot *slot)
{
    (void)isolate;
    return v8_external_make_one_byte(string, resource, slot);
}

/* MakeExternal(Isolate *, ExternalStringResource *) */
bool v8_external_make_two_byte_in(v8_local string, void *isolate, void *resource,
                                  struct v8_slot *slot)
{
    (void)isolate;
    return v8_external_make_two_byte(string, resource, slot);
}

/* CanMakeExternal(), on a host that asks for the encoding: the string's own */
bool v8_external_can(v8_local string, struct v8_slot *slot)
{
    int encoding = HOST_CALL(slot->pair, string_is_one_byte, is_call *)(string)
                       ? ONE_BYTE_ENCODING
                       : TWO_BYTE_ENCODING;

    return ((bool (*)(v8_local, int))slot->target)(string, encoding);
}

/* CanMakeExternal(Encoding), on a host that does not ask */
bool v8_external_can_as(v8_local string, int encoding, struct v8_slot *slot)
{
    int own = HOST_CALL(slot->pair, string_is_one_byte, is_call *)(string) ? ONE_BYTE_ENCODING
                                                                         : TWO_BYTE_ENCODING;

    return encoding == own && ((is_call *)slot->target)(string);
}

/* ExternalOneByteStringResource::UpdateDataCache(), CheckCachedDataInvariants() */
void v8_resource_one_byte_call(void *resource, struct v8_slot *slot)
{
    if (share_one_byte(slot->pair, resource))
        ((void (*)(void *))slot->target)(resource);
}

/* ExternalStringResource::UpdateDataCache(), CheckCachedDataInvariants() */
void v8_resource_two_byte_call(void *resource, struct v8_slot *slot)
{
    if (share_two_byte(slot->pair, resource))
        ((void (*)(void *))slot->target)(resource);
}

/* ---- external strings that the host made ----------------------------------------------------- */

/* A resource of the host's own is called by both from now on. NULL: a plugin of a third version has
 * it already. */
static void *resource_lend(struct v8_pair *pair, enum v8_class_id class, void *resource)
{
    return v8_object_lend(pair, class, resource) ? resource : NULL;
}

/* GetExternalOneByteStringResource() const */
void *v8_external_get_one_byte(v8_local string, struct v8_slot *slot)
{
    return resource_lend(slot->pair, V8_CLASS_String_ExternalOneByteStringResource,
                         ((void *(*)(v8_local))slot->target)(string));
}

/* GetExternalStringResourceSlow() const */
void *v8_external_get_two_byte(v8_local string, struct v8_slot *slot)
{
    return resource_lend(slot->pair, V8_CLASS_String_ExternalStringResource,
                         ((void *(*)(v8_local))slot->target)(string));
}

/* GetExternalStringResourceBaseSlow(Encoding *) const */
void *v8_external_get_base(v8_local string, int *ret_encoding, struct v8_slot *slot)
{
    void *resource = ((void *(*)(v8_local, int *))slot->target)(string, ret_encoding);

    return resource_lend(slot->pair,
                         *ret_encoding == ONE_BYTE_ENCODING
                             ? V8_CLASS_String_ExternalOneByteStringResource
                             : V8_CLASS_String_ExternalStringResource,
                         resource);
}
