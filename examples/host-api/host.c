/* SPDX-License-Identifier: MIT */
/* A host that tells engraft which engine it has, and loads a plugin onto it. */
#include <dlfcn.h>
#include <engraft.h>
#include <stdio.h>

#include "engine.h"

static const char *const prefixes[] = {"toy_"};

static int load_and_run(const char *path)
{
    const void *const addresses[] = {(const void *)toy_add}; /* one in each module of the engine */
    const struct engraft_registration engine = {
        .size = sizeof engine, .engine = "toy", .version = "1.0", .config = "",
        .addresses = addresses, .address_count = 1, .prefixes = prefixes, .prefix_count = 1};
    struct engraft_error error;
    void *plugin;
    unsigned id;

    if (engraft_register(&engine, &id, &error) != ENGRAFT_OK ||
        engraft_dlopen(path, RTLD_NOW, &plugin, &error) != ENGRAFT_OK) {
        fprintf(stderr, "host: %s\n", error.reason);
        return 1;
    }
    printf("the plugin says %d\n", ((int (*)(void))dlsym(plugin, "plugin_run"))());
    return 0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: host PLUGIN\n");
        return 2;
    }
    toy_start();
    return load_and_run(argv[1]);
}
