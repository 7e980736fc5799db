/* SPDX-License-Identifier: MIT */
/* What a shadow isolate begins with, for what happens with every callback. */
#ifndef ENGRAFT_V8_SHADOW_H
#define ENGRAFT_V8_SHADOW_H

#include "adapter.h"

#define DATA_SLOTS 4 /* kNumIsolateDataSlots, in all versions */

/* The first words of a shadow; what the plugin's headers read lies behind 224 bytes. */
struct shadow {
    void *isolate;
    struct v8_pair *pair;
    struct v8_shadow_frames frames;
    v8_value data[DATA_SLOTS]; /* as both sides had them when they were last brought in step */
};

static inline bool data_is(const void *base, int32_t offset, const v8_value data[DATA_SLOTS])
{
    const v8_value *slots = (const v8_value *)((const char *)base + offset);

    return ((slots[0] ^ data[0]) | (slots[1] ^ data[1]) | (slots[2] ^ data[2]) |
            (slots[3] ^ data[3])) == 0;
}

/* plugin_enter() where nothing is to be done, else itself. What the plugin had changed was carried over
 * when it was left. */
static inline void *plugin_enter_quick(struct v8_pair *pair, void *isolate)
{
    struct shadow *shadow = atomic_load_explicit(&pair->last_shadow, memory_order_relaxed);

    if (__builtin_expect(shadow && shadow->isolate == isolate && !pair->mirrored &&
                             data_is(isolate, pair->constants.host_data, shadow->data),
                         1))
        return shadow;
    shadow = plugin_enter(pair, isolate);
    atomic_store_explicit(&pair->last_shadow, shadow, memory_order_relaxed);
    return shadow;
}

static inline void plugin_leave_quick(struct v8_pair *pair, void *isolate, struct shadow *shadow)
{
    if (__builtin_expect(!shadow || pair->mirrored ||
                             !data_is(shadow, pair->constants.plugin_data, shadow->data),
                         0))
        plugin_leave(pair, isolate, shadow);
}

#endif
