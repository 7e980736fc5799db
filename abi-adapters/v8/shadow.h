/* SPDX-License-Identifier: MIT */
/* What a shadow isolate begins with, for what happens with every callback. */
#ifndef ENGRAFT_V8_SHADOW_H
#define ENGRAFT_V8_SHADOW_H

#include "adapter.h"

#define DATA_SLOTS 4 /* kNumIsolateDataSlots, in all versions */

/* HandleScopeData, the same in all versions that have it in their headers. */
struct handle_data {
    v8_value *next, *limit;
    int level;
};

/* Whose HandleScopeData holds, for plugins that have it inlined (shadow_scopes.c). */
struct mirror {
    unsigned depth;          /* calls of the plugin by the host that are under way */
    bool away;               /* in the innermost of them, the plugin has called the host */
    unsigned interrupting;   /* calls by a signal handler of the plugin meanwhile */
    bool open;               /* called otherwise, the plugin has opened scopes */
    struct handle_data base; /* the host's, outside of them */
    struct handle_data last; /* as both had it when the plugin went on */
};

/* The first words of a shadow; what the plugin's headers read lies behind 224 bytes. callback_thunks.S
 * knows the offsets. */
struct shadow {
    void *isolate;
    struct v8_pair *pair;
    struct v8_shadow_frames frames;
    v8_value data[DATA_SLOTS]; /* as both sides had them when they were last brought in step */
    v8_value *host_slots, *plugin_slots; /* where each side has them */
    v8_value *scope;                     /* the host's HandleScopeData; NULL: not known from headers */
    v8_value undefined, hole;            /* of the host */
    struct mirror mirror;
};

/* Two words at a time; V8's own slots need not be aligned to more than one. */
typedef v8_value two_words __attribute__((vector_size(16), aligned(8)));

/* What a mirrored plugin's HandleScopeData becomes: made; when the host calls the plugin, and when that
 * returns; when the plugin calls the host, and when that returns. */
void mirror_start(struct shadow *shadow);
void mirror_enter(struct shadow *shadow);
void mirror_leave(struct shadow *shadow);
void mirror_call(struct shadow *shadow);
void mirror_return(struct shadow *shadow);

static inline bool data_is(const v8_value *slots, const v8_value data[DATA_SLOTS])
{
    const two_words *a = (const two_words *)slots, *b = (const two_words *)data;
    two_words difference = (a[0] ^ b[0]) | (a[1] ^ b[1]);

    return (difference[0] | difference[1]) == 0;
}

/* plugin_enter() where nothing is to be done, else itself. What the plugin had changed was carried over
 * when it was left. */
static inline struct shadow *plugin_enter_quick(struct v8_pair *pair, void *isolate)
{
    struct shadow *shadow = atomic_load_explicit(&pair->last_shadow, memory_order_relaxed);

    if (__builtin_expect(shadow && shadow->isolate == isolate &&
                             data_is(shadow->host_slots, shadow->data),
                         1))
        return shadow;
    shadow = plugin_enter(pair, isolate);
    if (!pair->mirrored)
        atomic_store_explicit(&pair->last_shadow, shadow, memory_order_relaxed);
    return shadow;
}

static inline void plugin_leave_quick(struct v8_pair *pair, void *isolate, struct shadow *shadow)
{
    if (__builtin_expect(pair->mirrored || !shadow || !data_is(shadow->plugin_slots, shadow->data), 0))
        plugin_leave(pair, isolate, shadow);
}

#endif
