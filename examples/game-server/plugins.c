/* SPDX-License-Identifier: MIT */
#include "plugins.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PLUGINS_MAX = 64 };

struct plugin {
    char name[256];
    void *library;
    int (*load)(const struct game_api *api);
    void (*tick)(void);
    void (*unload)(void);
};

static struct plugin plugins[PLUGINS_MAX];
static size_t plugin_count;
static struct plugin *current; /* the plugin that runs now: only one thread calls plugins */
static const struct engine *game;
static unsigned long tick_number;

static int api_call(const char *function, const char *arguments, char *ret_result, size_t size)
{
    return game->call(function, arguments, ret_result, size);
}

static int api_register_function(const char *name, game_function *function, void *user)
{
    return game->register_function(current, name, function, user);
}

static unsigned long api_tick(void)
{
    return tick_number;
}

static void api_log(const char *text)
{
    printf("%s: %s\n", current ? current->name : "plugin", text);
    fflush(stdout);
}

static const struct game_api api = {
    .version = GAME_API_VERSION,
    .call = api_call,
    .register_function = api_register_function,
    .tick = api_tick,
    .log = api_log,
};

static bool refuse(struct plugin *plugin, const char *reason)
{
    fprintf(stderr, "server: plugin %s left out: %s\n", plugin->name, reason);
    if (plugin->library)
        dlclose(plugin->library);
    return false;
}

static bool find_exports(struct plugin *plugin)
{
    *(void **)&plugin->load = dlsym(plugin->library, "game_plugin_load");
    *(void **)&plugin->tick = dlsym(plugin->library, "game_plugin_tick");
    *(void **)&plugin->unload = dlsym(plugin->library, "game_plugin_unload");
    return plugin->load && plugin->tick && plugin->unload;
}

static bool load(struct plugin *plugin, const char *path)
{
    int status;

    plugin->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!plugin->library)
        return refuse(plugin, dlerror());
    if (!find_exports(plugin))
        return refuse(plugin, "it is no plugin of this server: an export is missing");
    current = plugin;
    status = plugin->load(&api);
    if (status) {
        game->unregister(plugin);
        refuse(plugin, "game_plugin_load() failed");
    }
    current = NULL;
    return status == 0;
}

static int is_library(const struct dirent *entry)
{
    size_t length = strlen(entry->d_name);

    return length > 3 && !strcmp(entry->d_name + length - 3, ".so");
}

int plugins_load(const char *folder, const struct engine *engine)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_library, alphasort);

    if (count < 0) {
        fprintf(stderr, "server: %s: %s\n", folder, strerror(errno));
        return -1;
    }
    game = engine;
    for (int i = 0; i < count; i++) {
        struct plugin *plugin = &plugins[plugin_count];
        char path[4096];

        if (plugin_count < PLUGINS_MAX) {
            *plugin = (struct plugin){0};
            snprintf(plugin->name, sizeof(plugin->name), "%s", entries[i]->d_name);
            snprintf(path, sizeof(path), "%s/%s", folder, entries[i]->d_name);
            plugin_count += load(plugin, path);
        }
        free(entries[i]);
    }
    free(entries);
    return (int)plugin_count;
}

void plugins_tick(void)
{
    for (size_t i = 0; i < plugin_count; i++) {
        current = &plugins[i];
        plugins[i].tick();
    }
    current = NULL;
    tick_number++;
}

void plugins_unload(void)
{
    while (plugin_count > 0) {
        current = &plugins[--plugin_count];
        game->unregister(current);
        current->unload();
        dlclose(current->library);
    }
    current = NULL;
}
