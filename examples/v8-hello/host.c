/* SPDX-License-Identifier: MIT */
/*
 * A host in C that embeds V8 the way a host does which wants it to itself: the engine lies in a
 * library under a name of the host's choice, is opened with RTLD_LOCAL, and is reached with dlsym.
 * Nothing of V8 is in the global scope, and the host is linked to neither V8 nor engraft.
 *
 *   host ENGINE [--global LIBRARY] PLUGIN [PROOF]
 *
 * --global loads LIBRARY into the global scope once the engine is running: where the hostile copy
 * of the demo goes.
 */
#include "hello.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* C++ as the Itanium ABI passes it: a result with a destructor is returned through a hidden
   pointer, an argument with a destructor is passed by address; a unique_ptr is one pointer. */
typedef void platform_create(void **ret_platform, int threads, int idle_tasks, int stack_dumping,
                             void **tracing_controller);
typedef void platform_install(void *platform);
typedef bool engine_initialize(int build_configuration);
typedef bool engine_dispose(void);
typedef void platform_dispose(void);
typedef const char *engine_version(void);

static const char platform_create_name[] =
    "_ZN2v88platform18NewDefaultPlatformEiNS0_15IdleTaskSupportENS0_21InProcessStackDumpingE"
    "St10unique_ptrINS_17TracingControllerESt14default_deleteIS4_EE";

static void fail(const char *what)
{
    const char *reason = dlerror();

    fprintf(stderr, "host: %s: %s\n", what, reason ? reason : "failed");
    exit(1);
}

static void *open_library(const char *path, int flags)
{
    void *handle = dlopen(path, RTLD_NOW | flags);

    if (!handle)
        fail(path);
    return handle;
}

static void *find(void *library, const char *name)
{
    void *address = dlsym(library, name);

    if (!address)
        fail(name);
    return address;
}

static void engine_start(void *engine)
{
    void *platform = NULL;
    void *no_tracing = NULL;

    ((platform_create *)find(engine, platform_create_name))(&platform, 1, 0, 0, &no_tracing);
    ((platform_install *)find(engine, "_ZN2v82V818InitializePlatformEPNS_8PlatformE"))(platform);
    /* 0: no pointer compression, no sandbox, Smis of 32 bits. */
    if (!((engine_initialize *)find(engine, "_ZN2v82V810InitializeEi"))(0))
        fail("V8::Initialize");
    printf("host: V8 %s is running\n",
           ((engine_version *)find(engine, "_ZN2v82V810GetVersionEv"))());
}

static void engine_stop(void *engine)
{
    ((engine_dispose *)find(engine, "_ZN2v82V87DisposeEv"))();
    ((platform_dispose *)find(engine, "_ZN2v82V815DisposePlatformEv"))();
}

/* The plugin is asked twice: whatever it did to the engine, the engine must still be usable. */
static int ask(void *plugin)
{
    int (*run)(char *, size_t) = (int (*)(char *, size_t))find(plugin, "v8_hello_run");
    char answer[4096];

    for (int round = 0; round < 2; round++)
        if (run(answer, sizeof(answer))) {
            fprintf(stderr, "host: the plugin failed: %s\n", answer);
            return 1;
        }
    printf("answer: %s\n", answer);
    return 0;
}

int main(int argc, char **argv)
{
    bool global = argc > 3 && !strcmp(argv[2], "--global");
    int plugin_at = global ? 4 : 2;

    if (argc <= plugin_at) {
        fprintf(stderr, "usage: host ENGINE [--global LIBRARY] PLUGIN [PROOF]\n");
        return 2;
    }
    void *engine = open_library(argv[1], RTLD_LOCAL);

    engine_start(engine);
    if (global)
        open_library(argv[3], RTLD_GLOBAL);
    fflush(stdout);
    void *plugin = open_library(argv[plugin_at], RTLD_LOCAL);
    int status = ask(plugin);

    if (!status && argc > plugin_at + 1) {
        void *proof = open_library(argv[plugin_at + 1], RTLD_LOCAL);

        fflush(stdout);
        status = ((int (*)(const char *))find(proof, "proof_print"))(argv[plugin_at]);
    }
    dlclose(plugin);
    engine_stop(engine);
    return status;
}
