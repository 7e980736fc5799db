/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <dlfcn.h>
#include <stdio.h>

struct export {
    const char *name;
    void *place; /* a function pointer in struct engine */
};

bool engine_open(struct engine *engine, const char *path, bool global)
{
    const struct export exports[] = {
        {"game_start", &engine->start},
        {"game_engine_version", &engine->engine_version},
        {"game_tick", &engine->tick},
        {"game_call", &engine->call},
        {"game_register", &engine->register_function},
        {"game_unregister", &engine->unregister},
        {"game_enter", &engine->enter},
        {"game_leave", &engine->leave},
        {"game_stop", &engine->stop},
    };
    void *library = dlopen(path, RTLD_NOW | (global ? RTLD_GLOBAL : RTLD_LOCAL));

    if (!library) {
        fprintf(stderr, "server: %s\n", dlerror());
        return false;
    }
    for (size_t i = 0; i < sizeof(exports) / sizeof(exports[0]); i++) {
        void *address = dlsym(library, exports[i].name);
        if (!address) {
            fprintf(stderr, "server: %s has no %s\n", path, exports[i].name);
            return false;
        }
        *(void **)exports[i].place = address;
    }
    return true;
}
