/* SPDX-License-Identifier: MIT */
/* Names, features, and the calls that only pass on to another part. */
#include <config.h>

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x

unsigned engraft_version(void)
{
    return ENGRAFT_VERSION_NUMBER;
}

const char *engraft_version_string(void)
{
    return TEXT(ENGRAFT_VERSION_MAJOR) "." TEXT(ENGRAFT_VERSION_MINOR) "." TEXT(
        ENGRAFT_VERSION_PATCH);
}

bool engraft_has_feature(const char *name)
{
    static const char *const always[] = {"late-attach", "stub", "preload", "registration"};

    if (!name)
        return false;
    for (size_t i = 0; i < sizeof always / sizeof *always; i++)
        if (strcmp(name, always[i]) == 0)
            return true;
    if (strncmp(name, "engine:", 7) == 0)
        return probe_row(name + 7) != NULL;
    if (strcmp(name, "deep") == 0)
        return deep_table(NULL) != NULL;
#ifdef HAVE_CAPSTONE
    return strcmp(name, "capstone") == 0;
#else
    return false;
#endif
}

const char *engraft_verdict_name(enum engraft_verdict verdict)
{
    static const char *const names[] = {"", "exact", "compatible", "adapted", "degraded", "refused"};

    return (unsigned)verdict < sizeof names / sizeof *names ? names[verdict] : "";
}

const char *engraft_kind_name(enum engraft_kind kind)
{
    static const char *const names[] = {"",     "direct", "renamed", "adapted", "fallback",
                                        "trap", "null",   "local",   "native"};

    return (unsigned)kind < sizeof names / sizeof *names ? names[kind] : "";
}

enum engraft_status engraft_dlopen(const char *path, int flags, void **ret_handle,
                                   struct engraft_error *reterr)
{
    const struct loader *loader = self_loader();
    enum engraft_status status;
    void *handle = NULL;
    bool native;

    if (!ret_handle || !path)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "path or ret_handle is NULL");
    if (!loader->open || !loader->close || !loader->error)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, path, NULL,
                         "this process has no dlopen() (glibc before 2.34 without libdl.so.2)");
    status = door_open(path, flags, __builtin_return_address(0), "api", &handle, &native, reterr);
    if (status != ENGRAFT_OK)
        return status;
    if (native)
        handle = loader->open(path, flags);
    if (!handle) {
        const char *text = loader->error();

        return error_set(reterr, ENGRAFT_LOAD, path, NULL, "%s", text ? text : "");
    }
    *ret_handle = handle;
    return ENGRAFT_OK;
}

/* ---- engraft-deep.so ------------------------------------------------------------------------------------ */

struct own_path {
    char path[4096];
};

static void own_path_find(void *argument)
{
    struct own_path *own = argument;
    char *slash;

    own->path[0] = '\0';
    for (struct link_map *map = self_first_map(); map; map = map->l_next)
        if (map->l_ld == _DYNAMIC)
            text_format(own->path, sizeof own->path, "%s", map->l_name);
    slash = strrchr(own->path, '/');
    if (slash)
        slash[1] = '\0';
}

static const struct engraft_deep_table *deep_load(const char *directory, const char *name)
{
    const struct loader *loader = self_loader();
    const struct engraft_deep_table *table;
    char path[4096 + 64];
    void *handle;
    void *(*symbol)(void *, const char *) = NULL;

    text_format(path, sizeof path, "%s%s", directory, name);
    handle = loader->open ? loader->open(path, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!handle)
        return NULL;
    *(void **)&symbol = self_function("dlsym");
    table = symbol ? symbol(handle, "engraft_deep_table") : NULL;
    if (table && table->version == ENGRAFT_DEEP_VERSION)
        return table; /* stays loaded */
    loader->close(handle);
    return NULL;
}

const struct engraft_deep_table *deep_table(struct engraft_error *reterr)
{
    static const struct engraft_deep_table *table;
    struct own_path own;
    const char *text;

    if (table)
        return table;
    self_locked(own_path_find, &own);
    table = deep_load(own.path, "engraft/engraft-deep.so");
    if (!table)
        table = deep_load(own.path, "engraft-deep.so");
    if (!table) {
        text = self_loader()->error ? self_loader()->error() : NULL;
        error_set(reterr, ENGRAFT_DEEP, "engraft-deep.so", NULL,
                  "it cannot be loaded from %s: %s", own.path,
                  text ? text : "not the same version as libengraft");
    }
    return table;
}

enum engraft_status engraft_stub_create(const struct engraft_stub_request *request,
                                        struct engraft_stub_result *ret_result,
                                        struct engraft_error *reterr)
{
    const struct engraft_deep_table *deep;

    if (!request || request->size < sizeof *request || !ret_result ||
        ret_result->size < sizeof *ret_result)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "request or ret_result is NULL or its size is not set");
    deep = deep_table(reterr);
    return deep ? deep->stub_create(request, ret_result, reterr) : ENGRAFT_DEEP;
}

void engraft_stub_result_clear(struct engraft_stub_result *result)
{
    if (!result)
        return;
    free(result->import_path);
    free(result->stub_path);
    free(result->abi);
    result->import_path = result->stub_path = result->abi = NULL;
}
