/* SPDX-License-Identifier: MIT */
/* Allocators of array buffers: the plugin's and the host's. The buffers are in buffers_api.c. */
#include "adapter.h"

/* ---- what hosts find in a plugin's ArrayBuffer::Allocator (virtuals.def) -------------------------------- */

/* MaxAllocationSize() const, from 13.6 on: TypedArray::kMaxByteLength, 2^53 - 1 on 64-bit machines. */
size_t v8_allocator_max(const void *allocator, struct v8_slot *slot)
{
    (void)allocator;
    (void)slot;
    return ((size_t)1 << 53) - 1;
}

typedef void *allocate_call(void *allocator, size_t length);
typedef void free_call(void *allocator, void *data, size_t length);

/* Reallocate(void *, size_t, size_t), up to 12.9: allocates, copies and frees as its default does. */
void *v8_allocator_reallocate(void *allocator, void *data, size_t old_length, size_t new_length,
                              struct v8_slot *slot)
{
    v8_function_pointer *const *table = *(v8_function_pointer *const **)allocator;
    void *moved;

    (void)slot;
    if (old_length == new_length)
        return data;
    moved = ((allocate_call *)table[2])(allocator, new_length);
    if (!moved)
        return NULL;
    memcpy(moved, data, old_length < new_length ? old_length : new_length);
    ((free_call *)table[4])(allocator, data, old_length);
    return moved;
}

/* ---- what a plugin finds in the host's ---------------------------------------------------------------------- */

/* The host's object, which from now on is called by both. */
static void *allocator_lend(struct v8_pair *pair, void *allocator)
{
    return v8_object_lend(pair, V8_CLASS_ArrayBuffer_Allocator, allocator) ? allocator : NULL;
}

/* Allocator::NewDefaultAllocator() */
void *v8_allocator_default(struct v8_slot *slot)
{
    return allocator_lend(slot->pair, ((void *(*)(void))slot->target)());
}

/* Isolate::GetArrayBufferAllocator(). NULL: a plugin of a third version has it already. */
void *v8_allocator_of_isolate(void *isolate, struct v8_slot *slot)
{
    return allocator_lend(slot->pair, ((void *(*)(void *))slot->target)(isolate_of(isolate)));
}

/* node::GetArrayBufferAllocator(IsolateData *) */
void *v8_allocator_of_node(void *data, struct v8_slot *slot)
{
    return allocator_lend(slot->pair, ((void *(*)(void *))slot->target)(data));
}
