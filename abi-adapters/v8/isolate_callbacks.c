/* SPDX-License-Identifier: MIT */
/* Functions of v8::Isolate that register callbacks, where a trampoline of call_plugin.c will do. */
#include "adapter.h"

typedef uintptr_t word;

typedef word isolate_2_call(void *isolate, void *callback);
typedef word isolate_3_call(void *isolate, void *callback, word b);
typedef word isolate_4_call(void *isolate, void *callback, word b, word c);

/* What a plugin asks for and the host has no more, or not yet. Zero is false, an empty handle, nothing. */
word v8_return_zero(void)
{
    return 0;
}

/* (Isolate *, callback) */
#define SET(name, kind)                                                                          \
    word v8_isolate_##name(void *isolate, void *callback, struct v8_slot *slot)                  \
    {                                                                                            \
        return ((isolate_2_call *)slot->target)(                                                 \
            isolate_of(isolate), v8_callback(slot->pair, V8_CALLBACK_##kind, callback));         \
    }

/* (Isolate *, callback, word) */
#define SET_WITH(name, kind)                                                                     \
    word v8_isolate_##name(void *isolate, void *callback, word b, struct v8_slot *slot)          \
    {                                                                                            \
        return ((isolate_3_call *)slot->target)(                                                 \
            isolate_of(isolate), v8_callback(slot->pair, V8_CALLBACK_##kind, callback), b);      \
    }

/* (Isolate *, callback, word, word) */
#define SET_WITH_TWO(name, kind)                                                                 \
    word v8_isolate_##name(void *isolate, void *callback, word b, word c, struct v8_slot *slot)  \
    {                                                                                            \
        return ((isolate_4_call *)slot->target)(                                                 \
            isolate_of(isolate), v8_callback(slot->pair, V8_CALLBACK_##kind, callback), b, c);   \
    }

/* Named for what the callback gets. A callback that is removed is found by its trampoline, which is
 * the same each time. */
SET(set_plain_0, PLAIN_0)
SET(set_plain_1, PLAIN_1)
SET(set_plain_2, PLAIN_2)
SET(set_plain_3, PLAIN_3)
SET(set_plain_4, PLAIN_4)
SET(set_plain_5, PLAIN_5)
SET(set_isolate_1, ISOLATE_1)
SET(set_isolate_2, ISOLATE_2)
SET(set_isolate_3, ISOLATE_3)
SET(set_isolate_5, ISOLATE_5)
SET(set_function, FUNCTION)
SET(set_promise_reject, PROMISE_REJECT)
SET(set_use_counter, USE_COUNTER)
SET(set_crash_key, CRASH_KEY)
SET(set_propagation, PROPAGATION)

SET_WITH(set_plain_1_with, PLAIN_1)
SET_WITH(set_plain_2_with, PLAIN_2)
SET_WITH(set_plain_3_with, PLAIN_3)
SET_WITH(set_isolate_2_with, ISOLATE_2)
SET_WITH(set_isolate_3_with, ISOLATE_3)
SET_WITH(set_isolate_4_with, ISOLATE_4)
SET_WITH(set_atomics_wait, ATOMICS_WAIT)

SET_WITH_TWO(set_plain_2_with_two, PLAIN_2)
SET_WITH_TWO(set_isolate_4_with_two, ISOLATE_4)

/* SetJitCodeEventHandler(JitCodeEventOptions, JitCodeEventHandler) */
void v8_isolate_set_jit_handler(void *isolate, word options, void *callback, struct v8_slot *slot)
{
    ((void (*)(void *, word, void *))slot->target)(
        isolate_of(isolate), options, v8_callback(slot->pair, V8_CALLBACK_JIT_EVENT, callback));
}

/* What a plugin asks for and the host has no more: true. */
word v8_return_one(void)
{
    return 1;
}

/* ContextDisposedNotification(ContextDependants) of 13.6; a bool before */
int v8_isolate_context_disposed(void *isolate, int dependants, struct v8_slot *slot)
{
    int some = v8_enum_value(V8_VALUE_ContextDependants_kSomeDependants, slot->pair->plugin);

    return ((int (*)(void *, bool))slot->target)(isolate_of(isolate), dependants == some);
}

/*
 * DisallowJavascriptExecutionScope has 24 bytes up to 10.2, and 16 from 11.3 on: too few for a host of
 * 10.2. What that host keeps are {on failure, isolate, three bools}, which fit.
 */
struct disallow_host {
    int on_failure;
    void *isolate;
    bool was_allowed[3];
};

struct disallow_plugin {
    void *isolate;
    int on_failure;
    bool was_allowed[3];
};

void v8_disallow_start(struct disallow_plugin *scope, void *isolate, int on_failure,
                       struct v8_slot *slot)
{
    struct disallow_host host;

    ((void (*)(void *, void *, int))slot->target)(&host, isolate_of(isolate), on_failure);
    *scope = (struct disallow_plugin){.isolate = host.isolate, .on_failure = host.on_failure};
    memcpy(scope->was_allowed, host.was_allowed, sizeof host.was_allowed);
}

void v8_disallow_end(const struct disallow_plugin *scope, struct v8_slot *slot)
{
    struct disallow_host host = {.on_failure = scope->on_failure, .isolate = scope->isolate};

    memcpy(host.was_allowed, scope->was_allowed, sizeof host.was_allowed);
    ((void (*)(void *))slot->target)(&host);
}
