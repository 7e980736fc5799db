/* SPDX-License-Identifier: MIT */
#ifndef ENGINE_H
#define ENGINE_H

#include "game.h"

/* The functions of libgame.so, found in the library that was opened. */
struct engine {
    bool (*start)(unsigned isolates);
    const char *(*engine_version)(void);
    bool (*tick)(void);
    int (*call)(const char *function, const char *arguments, char *ret_result, size_t size);
    int (*register_function)(const void *owner, const char *name, game_function *function,
                             void *user);
    void (*unregister)(const void *owner);
    void (*enter)(void);
    void (*leave)(void);
    bool (*stop)(struct game_result *ret_result);
};

/* Opens libgame.so, and V8 with it, in a scope of its own or in the global one. Never closed: V8
   cannot be. False after a message on stderr. */
bool engine_open(struct engine *engine, const char *path, bool global);

#endif
