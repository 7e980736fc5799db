/* SPDX-License-Identifier: MIT */
/*
 * Array buffers and their backing stores. Up to 12.4 both are made of (isolate, length); 12.9 asks
 * whether the memory is to be zero, and 13.6, for a backing store, what to do when there is none.
 */
#include "crossings.h"

enum { ZERO_INITIALIZED, UNINITIALIZED }; /* BackingStoreInitializationMode */
enum { RETURN_NULL, OUT_OF_MEMORY };      /* BackingStoreOnFailureMode */

#define MAYBE_NOTHING 0
#define MAYBE_TRUE 0x0101 /* Maybe<bool>: there is one, it is true */

/* A std::unique_ptr<BackingStore> is returned where the first argument says. */
typedef void **store_call(void **ret_store, void *isolate, size_t length);
typedef void **store_mode_call(void **ret_store, void *isolate, size_t length, int mode);
typedef void **store_failure_call(void **ret_store, void *isolate, size_t length, int mode,
                                  int failure);
typedef v8_local new_call(void *isolate, size_t length);
typedef v8_local new_mode_call(void *isolate, size_t length, int mode);
typedef size_t length_call(const void *object);
typedef void *data_call(const void *object);

/* ---- making them ----------------------------------------------------------------------------- */

/* New(Isolate *, size_t), on a host with a mode */
v8_local v8_buffer_new(void *isolate, size_t length, struct v8_slot *slot)
{
    return ((new_mode_call *)slot->target)(isolate_of(isolate), length, ZERO_INITIALIZED);
}

/* New(Isolate *, size_t, BackingStoreInitializationMode), on a host without */
v8_local v8_buffer_new_mode(void *isolate, size_t length, int mode, struct v8_slot *slot)
{
    (void)mode;
    return ((new_call *)slot->target)(isolate_of(isolate), length);
}

/* Whether the isolate's allocator has so much: where the host ends the process if it has not. */
static bool can_allocate(struct v8_pair *pair, void *isolate, size_t length)
{
    typedef void *allocate_call(void *, size_t);
    typedef void free_call(void *, void *, size_t);
    void *allocator, *memory;
    v8_function_pointer *const *table;

    if (!length)
        return true;
    allocator = HOST_CALL(pair, isolate_allocator, void *(*)(void *))(isolate);
    table = *(v8_function_pointer *const **)allocator;
    memory = ((allocate_call *)table[3])(allocator, length); /* AllocateUninitialized() */
    if (memory)
        ((free_call *)table[4])(allocator, memory, length);
    return memory != NULL;
}

/* MaybeNew(Isolate *, size_t, BackingStoreInitializationMode), on a host whose New() has no mode */
v8_local v8_buffer_maybe(void *isolate, size_t length, int mode, struct v8_slot *slot)
{
    if (!can_allocate(slot->pair, isolate_of(isolate), length))
        return NULL;
    return v8_buffer_new_mode(isolate, length, mode, slot);
}

/* The same, on a host that has New() with a mode */
v8_local v8_buffer_maybe_mode(void *isolate, size_t length, int mode, struct v8_slot *slot)
{
    void *own = isolate_of(isolate);

    return can_allocate(slot->pair, own, length)
               ? ((new_mode_call *)slot->target)(own, length, mode)
               : NULL;
}

/* NewBackingStore(Isolate *, size_t) with what the host wants: slot->target is what it has. */
static void **store_new(const struct v8_slot *slot, void **ret_store, void *isolate, size_t length,
                        int mode, int failure)
{
    enum v8_version host = slot->pair->host;

    if (host >= V8_13_6)
        return ((store_failure_call *)slot->target)(ret_store, isolate, length, mode, failure);
    if (failure == RETURN_NULL && !can_allocate(slot->pair, isolate, length)) {
        *ret_store = NULL;
        return ret_store;
    }
    if (host >= V8_12_9)
        return ((store_mode_call *)slot->target)(ret_store, isolate, length, mode);
    return ((store_call *)slot->target)(ret_store, isolate, length);
}

/* NewBackingStore(Isolate *, size_t) */
void **v8_store_new(void **ret_store, void *isolate, size_t length, struct v8_slot *slot)
{
    return store_new(slot, ret_store, isolate_of(isolate), length, ZERO_INITIALIZED, OUT_OF_MEMORY);
}

/* NewBackingStore(Isolate *, size_t, BackingStoreInitializationMode) */
void **v8_store_new_mode(void **ret_store, void *isolate, size_t length, int mode,
                         struct v8_slot *slot)
{
    return store_new(slot, ret_store, isolate_of(isolate), length, mode, OUT_OF_MEMORY);
}

/* NewBackingStore(Isolate *, size_t, BackingStoreInitializationMode, BackingStoreOnFailureMode) */
void **v8_store_new_failure(void **ret_store, void *isolate, size_t length, int mode, int failure,
                            struct v8_slot *slot)
{
    return store_new(slot, ret_store, isolate_of(isolate), length, mode, failure);
}

/* NewBackingStoreForNodeLTS(Isolate *, size_t): may be null, and is not initialized */
void **v8_store_new_lts(void **ret_store, void *isolate, size_t length, struct v8_slot *slot)
{
    return store_new(slot, ret_store, isolate_of(isolate), length, UNINITIALIZED, RETURN_NULL);
}

/* BackingStore::Reallocate(Isolate *, std::unique_ptr<BackingStore>, size_t), gone in 13.6: a copy.
 * The caller destroys its argument. */
void **v8_store_reallocate(void **ret_store, void *isolate, void **store, size_t length,
                           struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    size_t old = HOST_CALL(pair, backing_store_length, length_call *)(*store);

    store_new(slot, ret_store, isolate_of(isolate), length, ZERO_INITIALIZED, OUT_OF_MEMORY);
    if (old && length)
        memcpy(HOST_CALL(pair, backing_store_data, data_call *)(*ret_store),
               HOST_CALL(pair, backing_store_data, data_call *)(*store),
               old < length ? old : length);
    return ret_store;
}

/* ---- what came later ------------------------------------------------------------------------- */

/* Detach(Local<Value>) where no buffer has a key; Maybe<bool>. slot->target is Detach(). */
uint16_t v8_buffer_detach(v8_local buffer, v8_local key, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    void *isolate = current_isolate(pair);

    if (key && *key != *host_root(pair, isolate, V8_ROOT_UNDEFINED)) {
        typedef v8_local string_call(void *, const char *, int, int);
        v8_local text = HOST_CALL(pair, string_new, string_call *)(
            isolate, "Provided key doesn't match [[ArrayBufferDetachKey]]", 0, -1);
        v8_local error = HOST_CALL(pair, exception_type_error, v8_local(*)(v8_local))(text);

        HOST_CALL(pair, isolate_throw, v8_local(*)(void *, v8_local))(isolate, error);
        return MAYBE_NOTHING;
    }
    ((void (*)(v8_local))slot->target)(buffer);
    return MAYBE_TRUE;
}

/* ArrayBuffer::IsResizableByUserJavaScript() const, on a host that can resize and does not tell:
 * slot->target is MaxByteLength() const. */
bool v8_buffer_is_resizable(v8_local buffer, struct v8_slot *slot)
{
    return ((length_call *)slot->target)(buffer) !=
           HOST_CALL(slot->pair, array_buffer_length, length_call *)(buffer);
}

/* How much of `count` bytes from `start` on there is. */
static size_t available(size_t length, size_t start, size_t count)
{
    size_t rest = start < length ? length - start : 0;

    return count < rest ? count : rest;
}

static size_t bytes_copy(data_call *data, length_call *length, v8_local source, size_t source_start,
                         size_t count, v8_local target, size_t target_start)
{
    count = available(length(source), source_start, count);
    count = available(length(target), target_start, count);
    if (count)
        memmove((char *)data(target) + target_start, (char *)data(source) + source_start, count);
    return count;
}

/* CopyArrayBufferBytes(size_t, size_t, Local<ArrayBuffer>, size_t) const: slot->target is Data()
 * const. A buffer that was detached has no bytes. */
size_t v8_buffer_copy(v8_local source, size_t source_start, size_t count, v8_local target,
                      size_t target_start, struct v8_slot *slot)
{
    return bytes_copy((data_call *)slot->target,
                      HOST_CALL(slot->pair, array_buffer_length, length_call *), source,
                      source_start, count, target, target_start);
}

/* The same of SharedArrayBuffer */
size_t v8_shared_buffer_copy(v8_local source, size_t source_start, size_t count, v8_local target,
                             size_t target_start, struct v8_slot *slot)
{
    return bytes_copy((data_call *)slot->target,
                      HOST_CALL(slot->pair, shared_buffer_length, length_call *), source,
                      source_start, count, target, target_start);
}

/* ArrayBufferView::GetContents(MemorySpan<uint8_t>): a span is an address and a length. Contents on
 * V8's heap are copied. */
struct v8_words v8_view_contents(v8_local view, void *storage, size_t size, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    size_t length = HOST_CALL(pair, view_length, length_call *)(view);
    v8_local buffer;
    char *data;

    if (length <= size && !HOST_CALL(pair, view_has_buffer, bool (*)(v8_local))(view)) {
        HOST_CALL(pair, view_copy, size_t(*)(v8_local, void *, size_t))(view, storage, length);
        return (struct v8_words){(uintptr_t)storage, length};
    }
    buffer = HOST_CALL(pair, view_buffer, v8_local(*)(v8_local))(view);
    data = HOST_CALL(pair, array_buffer_data, data_call *)(buffer);
    data += HOST_CALL(pair, view_offset, length_call *)(view);
    return (struct v8_words){(uintptr_t)data, length};
}
