/* SPDX-License-Identifier: MIT */
/*
 * Addons that tell Node.js of themselves in each of the ways there are, for module version NUMBER:
 *
 *     REGISTER    node_module_register(), nm_register_func           NODE_MODULE()
 *     CONTEXT     node_module_register(), nm_context_register_func   NODE_MODULE_CONTEXT_AWARE()
 *     EXPORT      node_register_module_v<NUMBER>                     NODE_MODULE_INIT()
 *     OPENER      Node-API: opens what $STRAY names with dlopen(), as a library would
 *
 * Each initialiser writes a line, so that a test can count them.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

extern void *isolate_current(void) __asm__("_ZN2v87Isolate13TryGetCurrentEv");

__attribute__((unused)) static void tell(const char *what, const void *exports, const void *module)
{
    char line[128];
    int length = snprintf(line, sizeof line, "%s: initialised%s%s\n", what,
                          isolate_current() ? "" : ", no isolate",
                          exports && module ? "" : ", no exports");

    if (write(1, line, (size_t)length) != length)
        abort();
}

#if defined(REGISTER) || defined(CONTEXT)
struct node_module {
    int version;
    unsigned flags;
    void *dso_handle;
    const char *filename;
    void (*initialise)(void *exports, void *module, void *priv);
    void (*initialise_context)(void *exports, void *module, void *context, void *priv);
    const char *name;
    void *priv;
    struct node_module *link;
};

extern void node_module_register(void *module);
static struct node_module module;

__attribute__((unused)) static void initialise(void *exports, void *object, void *priv)
{
    tell("register", exports, object);
    if (priv != &module)
        abort();
}

__attribute__((unused)) static void initialise_context(void *exports, void *object, void *context,
                                                       void *priv)
{
    tell("context", exports, object);
    if (!context || priv != &module)
        abort();
}

static struct node_module module = {
    .version = NUMBER,
    .filename = "node_module.c",
#ifdef REGISTER
    .initialise = initialise,
#endif
#ifdef CONTEXT
    .initialise_context = initialise_context,
#endif
    .name = "addon",
    .priv = &module,
};

__attribute__((constructor)) static void start(void)
{
    node_module_register(&module);
}
#endif

#ifdef EXPORT
#define NAME_(number) node_register_module_v##number
#define NAME(number) NAME_(number)
__attribute__((visibility("default"))) void NAME(NUMBER)(void *exports, void *object, void *context);

void NAME(NUMBER)(void *exports, void *object, void *context)
{
    tell("export", exports, object);
    if (!context)
        abort();
}
#endif

#ifdef OPENER
__attribute__((visibility("default"))) void *napi_register_module_v1(void *environment, void *exports);

void *napi_register_module_v1(void *environment, void *exports)
{
    (void)environment;
    printf("opener: %s\n", dlopen(getenv("STRAY"), RTLD_NOW) ? "opened" : dlerror());
    fflush(stdout);
    return exports;
}
#endif
