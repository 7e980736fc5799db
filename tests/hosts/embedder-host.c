/* SPDX-License-Identifier: MIT */
/* A host that has a V8, has not started it yet, and opens a plugin: V8-LIBRARY PLUGIN. */
#include <dlfcn.h>
#include <stdio.h>

int main(int argc, char **argv)
{
    void *engine = argc == 3 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
    void *plugin = engine ? dlopen(argv[2], RTLD_LAZY | RTLD_LOCAL) : NULL;
    void (*print)(void) = NULL;

    if (plugin)
        *(void **)&print = dlsym(plugin, "embedder_print");
    if (!print) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    print();
    return 0;
}
