/* SPDX-License-Identifier: MIT */
/* v8::Isolate: which one it is, and its life. */
#include "adapter.h"

/* Isolate::GetCurrent(), Isolate::TryGetCurrent(), Isolate::Allocate() */
void *v8_isolate_returned(struct v8_slot *slot)
{
    return shadow_of(slot->pair, ((void *(*)(void))slot->target)());
}

/* Isolate::Allocate(const IsolateGroup &) */
void *v8_isolate_returned_by(const void *from, struct v8_slot *slot)
{
    return shadow_of(slot->pair, ((void *(*)(const void *))slot->target)(from));
}
