/* SPDX-License-Identifier: MIT */
/* The private seam between libengraft-preload.so and libengraft.so.0: both come from one build. */
#ifndef ENGRAFT_PRELOAD_H
#define ENGRAFT_PRELOAD_H

#include "engraft.h"

struct engraft_private_answer {
    bool handled;
    void *handle; /* handled and NULL: failed, the text is in `text` */
    void *next;   /* not handled: the dlopen() to jump to */
};

/* What arch/<a>_preload.S reads: both in registers. */
struct preload_answer {
    void *next; /* NULL: return handle */
    void *handle;
};

__attribute__((visibility("hidden"))) struct preload_answer
engraft_preload_dlopen(const char *path, int flags, const void *caller);

/* `self`: an address in the interposer, which the search for the next dlopen() goes behind. */
ENGRAFT_PUBLIC void engraft_private_dlopen(const char *path, int flags, const void *caller,
                                           const void *self,
                                           struct engraft_private_answer *ret_answer, char *text,
                                           size_t size);
ENGRAFT_PUBLIC int engraft_private_dlclose(void *handle, const void *self);
ENGRAFT_PUBLIC char *engraft_private_dlerror(const void *self);

#endif
