/* SPDX-License-Identifier: MIT */
/* v8::MicrotaskQueue: plugins see a proxy of the host's. */
#ifndef ENGRAFT_V8_MICROTASKS_H
#define ENGRAFT_V8_MICROTASKS_H

#include "adapter.h"

/* The host's queue behind the plugin's; NULL for NULL. */
void *microtask_queue_of(void *queue);
/* The plugin's for a queue of the host; NULL for NULL, or without memory. */
void *microtask_queue_for(struct v8_pair *pair, void *queue);

#endif
