/* SPDX-License-Identifier: MIT */
/* host ENGINE PLUGIN [api]: loads both, the plugin with dlopen() or engraft_dlopen(). */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

struct error { /* struct engraft_error */
    int status;
    char object[256], symbol[256], reason[1024];
};

static void *api_open(const char *path)
{
    static struct error error;
    void *library = dlopen("libengraft.so.0", RTLD_NOW), *handle = NULL;
    int (*open)(const char *, int, void **, struct error *) =
        library ? (int (*)(const char *, int, void **, struct error *))dlsym(library,
                                                                            "engraft_dlopen")
                : NULL;

    if (!open)
        printf("no engraft_dlopen: %s\n", dlerror());
    else if (open(path, RTLD_NOW, &handle, &error) != 0)
        printf("refused with status %d: %s\n", error.status, error.reason);
    return handle;
}

int main(int argc, char **argv)
{
    void *handle;

    setvbuf(stdout, NULL, _IONBF, 0);
    if (argc < 3 || !dlopen(argv[1], RTLD_NOW | RTLD_LOCAL)) {
        printf("no engine: %s\n", dlerror());
        return 2;
    }
    if (argc > 3 && strcmp(argv[3], "api") == 0) {
        handle = api_open(argv[2]);
    } else {
        handle = dlopen(argv[2], RTLD_NOW);
        if (!handle)
            printf("refused: %s\n", dlerror());
    }
    printf("%s\n", handle ? "loaded" : "not loaded");
    return handle ? 0 : 1;
}
