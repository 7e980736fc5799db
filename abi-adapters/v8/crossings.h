/* SPDX-License-Identifier: MIT */
/* From the host into the plugin and back, for trampolines and proxies. */
#ifndef ENGRAFT_V8_CROSSINGS_H
#define ENGRAFT_V8_CROSSINGS_H

#include "adapter.h"

/* What a function returns in registers, whatever it is: rax and rdx. */
struct v8_words {
    uintptr_t first, second;
};

struct crossing {
    struct v8_pair *pair;
    void *isolate; /* NULL: none is entered on this thread */
    void *shadow;
};

/* The host calls the plugin. `isolate` may be NULL. */
static inline void crossing_in(struct crossing *ret, struct v8_pair *pair, void *isolate)
{
    *ret = (struct crossing){.pair = pair, .isolate = isolate};
    if (isolate)
        ret->shadow = plugin_enter(pair, isolate);
}

static inline void crossing_in_end(const struct crossing *crossing)
{
    if (crossing->isolate)
        plugin_leave(crossing->pair, crossing->isolate, crossing->shadow);
}

/* The plugin calls the host otherwise than through a thunk: by a virtual function. */
static inline void crossing_out(struct crossing *ret, struct v8_pair *pair)
{
    *ret = (struct crossing){.pair = pair, .shadow = plugin_call(pair)};
}

static inline void crossing_out_end(const struct crossing *crossing)
{
    plugin_return(crossing->pair, crossing->shadow);
}

#endif
