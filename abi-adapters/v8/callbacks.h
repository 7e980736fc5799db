/* SPDX-License-Identifier: MIT */
/* The trampolines of callbacks.def: what the host calls instead of a plugin's callback. */
#ifndef ENGRAFT_V8_CALLBACKS_H
#define ENGRAFT_V8_CALLBACKS_H

#include "adapter.h"

#define CALLBACK(kind, function, registers)                                               \
    extern v8_function_pointer function __attribute__((visibility("hidden")));
#include "callbacks.def"
#undef CALLBACK

#endif
