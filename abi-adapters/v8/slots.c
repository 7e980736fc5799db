/* SPDX-License-Identifier: MIT */
/*
 * The pool of slots. A slot that the plugin calls lives as long as the pair of versions, and is found by
 * the pair; one that the host calls, a callback, is found by the callback, and is free again when the
 * object that the callback lies in has gone.
 *
 * Slots are taken inside an IFUNC resolver and by calls of V8's API: a static table, one lock.
 */
#include "callbacks.h"
#include "fork_lock.h"
#include "thunks.h"

_Static_assert(sizeof(struct v8_slot) == V8_SLOT_SIZE, "thunks.S knows the size");
_Static_assert(offsetof(struct v8_slot, function) == 8 && offsetof(struct v8_slot, target) == 16 &&
                   offsetof(struct v8_slot, inner) == 32 &&
                   offsetof(struct v8_slot, isolates) == 48 && offsetof(struct v8_slot, stack) == 49,
               "thunks.S knows the offsets");

#define BUCKETS 4096

FORK_LOCK

static uint32_t used;                    /* slots that were ever in use */
static uint32_t free_first;              /* chain of free ones: index + 1 */
static uint32_t callback_first[BUCKETS]; /* chains of callbacks: index + 1 */

static const struct {
    v8_function_pointer *trampoline;
    uint8_t registers;
} kinds[V8_CALLBACK_KINDS] = {
#define CALLBACK(kind, function, registers)                                                      \
    [V8_CALLBACK_##kind] = {(v8_function_pointer *)(function), registers},
#include "callbacks.def"
#undef CALLBACK
};

uintptr_t v8_slot_address(const struct v8_slot *slot)
{
    return (uintptr_t)&v8_thunks[(size_t)(slot - v8_slots) * V8_THUNK_SIZE];
}

struct v8_slot *v8_slot_at(unsigned index)
{
    return &v8_slots[index];
}

unsigned v8_slot_index(const struct v8_slot *slot)
{
    return (unsigned)(slot - v8_slots);
}

static struct v8_slot *slot_take(void)
{
    struct v8_slot *slot = NULL;

    if (free_first) {
        slot = &v8_slots[free_first - 1];
        free_first = slot->next;
    } else if (used < V8_SLOTS) {
        slot = &v8_slots[used++];
    }
    if (slot)
        memset(slot, 0, sizeof *slot);
    return slot;
}

v8_function_pointer *v8_slot_entry(unsigned registers, unsigned stack)
{
    static v8_function_pointer *const entries[] = {
        v8_entry_slot_0, v8_entry_slot_1, v8_entry_slot_2,
        v8_entry_slot_3, v8_entry_slot_4, v8_entry_slot_5,
    };

    if (stack || registers >= sizeof entries / sizeof *entries)
        return v8_entry_slot_wide;
    return entries[registers];
}

static v8_function_pointer *mask_entry(unsigned isolates)
{
    static v8_function_pointer *const entries[] = {
        v8_entry_mask_0, v8_entry_mask_1, v8_entry_mask_2,
        v8_entry_mask_3, v8_entry_mask_4, v8_entry_mask_5,
    };

    if (!isolates)
        return v8_entry_jump;
    for (unsigned i = 0; i < sizeof entries / sizeof *entries; i++)
        if (isolates == 1u << i)
            return entries[i];
    return v8_entry_mask_any;
}

static struct v8_slot *slot_of_call(struct v8_pair *pair, v8_function_pointer *entry,
                                    v8_function_pointer *function, uintptr_t target)
{
    struct v8_slot *slot;

    lock();
    slot = slot_take();
    unlock();
    if (!slot)
        return NULL;
    slot->entry = pair->mirrored ? v8_entry_mirrored : entry;
    slot->inner = entry;
    slot->function = function;
    slot->target = (v8_function_pointer *)target;
    slot->pair = pair;
    return slot;
}

struct v8_slot *v8_slot_masked(struct v8_pair *pair, uintptr_t target, unsigned isolates,
                               unsigned stack)
{
    struct v8_slot *slot = slot_of_call(pair, mask_entry(isolates), NULL, target);

    if (slot) {
        slot->isolates = (uint8_t)isolates;
        slot->stack = (uint8_t)stack;
    }
    return slot;
}

struct v8_slot *v8_slot_adapter(struct v8_pair *pair, v8_function_pointer *function,
                                uintptr_t target, unsigned registers, unsigned stack)
{
    struct v8_slot *slot = slot_of_call(pair, v8_slot_entry(registers, stack), function, target);

    if (slot) {
        slot->registers = (uint8_t)registers;
        slot->stack = (uint8_t)stack;
    }
    return slot;
}

struct v8_slot *v8_slot_shared(struct v8_pair *pair, v8_function_pointer *inner,
                               v8_function_pointer *function, v8_function_pointer *target,
                               const void *data)
{
    struct v8_slot *slot;

    lock();
    slot = slot_take();
    unlock();
    if (slot)
        *slot = (struct v8_slot){.entry = v8_entry_caller, .function = function, .target = target,
                                 .pair = pair, .inner = inner, .data = data};
    return slot;
}

void v8_slot_free(struct v8_slot *slot)
{
    lock();
    slot->next = free_first;
    free_first = v8_slot_index(slot) + 1;
    unlock();
}

/* ---- callbacks -------------------------------------------------------------------------------------- */

static uint32_t *callback_chain(const void *callback)
{
    return &callback_first[(uintptr_t)callback * 0x9e3779b97f4a7c15u >> 52];
}

static bool is_thunk(const void *address)
{
    return (uintptr_t)address - (uintptr_t)v8_thunks < V8_SLOTS * V8_THUNK_SIZE;
}

static v8_function_pointer *callback_entry(const struct v8_pair *pair, enum v8_callback_kind kind)
{
    if (kind == V8_CALLBACK_FUNCTION && !pair->mirrored) {
        if (pair->layouts.in_place && !pair->layouts.word_is_missing)
            return v8_entry_function_in_place;
        if (pair->layouts.copied)
            return v8_entry_function_copied;
    }
    return v8_slot_entry(kinds[kind].registers, 0);
}

void *v8_callback(struct v8_pair *pair, enum v8_callback_kind kind, void *callback)
{
    struct v8_slot *slot = NULL;
    uint32_t *chain = callback_chain(callback);

    if (!callback || is_thunk(callback))
        return callback;
    lock();
    for (uint32_t i = *chain; i && !slot; i = v8_slots[i - 1].next)
        if ((void *)v8_slots[i - 1].target == callback && v8_slots[i - 1].pair == pair &&
            v8_slots[i - 1].kind == kind + 1)
            slot = &v8_slots[i - 1];
    if (!slot && (slot = slot_take())) {
        slot->entry = callback_entry(pair, kind);
        slot->function = kinds[kind].trampoline;
        slot->target = (v8_function_pointer *)callback;
        slot->pair = pair;
        slot->kind = (uint8_t)(kind + 1);
        slot->registers = kinds[kind].registers;
        slot->next = *chain;
        *chain = (uint32_t)(slot - v8_slots) + 1;
    }
    unlock();
    return slot ? (void *)v8_slot_address(slot) : NULL;
}

struct v8_slot *v8_slot_of_thunk(const void *address)
{
    return is_thunk(address)
               ? &v8_slots[((uintptr_t)address - (uintptr_t)v8_thunks) / V8_THUNK_SIZE]
               : NULL;
}

void *v8_callback_original(void *callback)
{
    size_t index = ((uintptr_t)callback - (uintptr_t)v8_thunks) / V8_THUNK_SIZE;

    return is_thunk(callback) && v8_slots[index].kind ? (void *)v8_slots[index].target : callback;
}

void v8_callbacks_forget(uintptr_t start, uintptr_t end)
{
    lock();
    for (size_t i = 0; i < BUCKETS; i++) {
        uint32_t *link = &callback_first[i];

        while (*link) {
            struct v8_slot *slot = &v8_slots[*link - 1];

            if ((uintptr_t)slot->target - start < end - start) {
                uint32_t index = *link;

                *link = slot->next;
                slot->kind = 0;
                slot->next = free_first;
                free_first = index;
            } else {
                link = &slot->next;
            }
        }
    }
    unlock();
}
