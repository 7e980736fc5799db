/* SPDX-License-Identifier: MIT */
#ifndef GAME_PLUGIN_H
#define GAME_PLUGIN_H

/*
 * What a plugin of the game server sees: plain C, nothing of V8. A plugin is a shared object in the
 * plugins folder that exports the three functions at the end; the server calls all of them, and
 * only them, on the thread that runs the game.
 */

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define GAME_API_VERSION 1

/* Called from the game's JavaScript. Both texts are JSON; what stands in `ret_result` is the value
   of the call. 0, or another number and the text of an error, which is thrown there. */
typedef int game_function(void *user, const char *arguments, char *ret_result, size_t size);

struct game_api {
    unsigned version; /* GAME_API_VERSION */

    /* Calls a global function of the game's scripts; `arguments` is a JSON array. 0, or -1 and the
       text of the exception in `ret_result`. */
    int (*call)(const char *function, const char *arguments, char *ret_result, size_t size);

    /* Makes a C function a global function of the game's scripts, until the plugin is unloaded. */
    int (*register_function)(const char *name, game_function *function, void *user);

    /* The number of the tick that runs or will run next. */
    unsigned long (*tick)(void);

    /* One line in the server's log, with the plugin's name before it. */
    void (*log)(const char *text);
};

/* The plugin keeps `api`: it stays valid until game_plugin_unload() has returned. 0 if the plugin
   can be used; otherwise the server drops it and goes on. */
int game_plugin_load(const struct game_api *api);

/* Once per tick, after the game's own scripts. */
void game_plugin_tick(void);

/* The game's scripts no longer see the plugin's functions. Every thread of the plugin has ended and
   nothing calls it any more once this returns. */
void game_plugin_unload(void);

#ifdef __cplusplus
}
#endif

#endif
