/* SPDX-License-Identifier: MIT */
#ifndef GAME_H
#define GAME_H

/*
 * libgame.so: the engine module of the game server, the only part that uses V8. One game per
 * process. The server finds these functions with dlsym(), so that V8 can be kept in a local scope.
 */

#include "game-plugin.h"

#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GAME_EXPORT __attribute__((visibility("default")))

struct game_result {
    unsigned checksum;          /* of all entities over all ticks */
    unsigned modules_asked_for; /* WebAssembly compiled by worker threads, ... */
    unsigned modules_compiled;  /* ... and delivered by the message loop */
    unsigned long second_rounds; /* of the second isolate, 0 if there is none */
    unsigned long second_wrong;  /* of these, with a wrong result */
};

/* Initialises V8 with its own default platform and runs the scripts' top level. With two isolates,
   the second one runs JavaScript on a thread of its own until game_stop(). */
GAME_EXPORT bool game_start(unsigned isolates);
GAME_EXPORT const char *game_engine_version(void);

/* One tick: the scripts, then the tasks that wait for this isolate. False after an exception, which
   is on stderr. */
GAME_EXPORT bool game_tick(void);

GAME_EXPORT int game_call(const char *function, const char *arguments, char *ret_result,
                          size_t size);

/* `owner` is whatever tells the functions of one plugin from those of another. */
GAME_EXPORT int game_register(const void *owner, const char *name, game_function *function,
                              void *user);
GAME_EXPORT void game_unregister(const void *owner);

/* Between these the isolate is entered, as it is in hosts that call their plugins from a script. */
GAME_EXPORT void game_enter(void);
GAME_EXPORT void game_leave(void);

/* Waits for what the scripts have asked for, then ends V8. */
GAME_EXPORT bool game_stop(struct game_result *ret_result);

#ifdef __cplusplus
}
#endif

#endif
