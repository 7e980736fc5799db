/* SPDX-License-Identifier: MIT */
/*
 * How host and plugins load things: dlopen(), or engraft_dlopen() when MATRIX_DOOR=api. Nothing here
 * links to engraft, so that the same binaries run without it.
 */
#ifndef DOOR_H
#define DOOR_H

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct door_error { /* struct engraft_error */
    int status;
    char object[256], symbol[256], reason[1024];
};

typedef int door_open_function(const char *, int, void **, struct door_error *);
typedef int door_handle_function(void *, struct door_error *);

static inline void *door_function(const char *name)
{
    const char *library = getenv("MATRIX_LIBENGRAFT");
    void *handle = library ? dlopen(library, RTLD_NOW) : NULL;
    void *function = handle ? dlsym(handle, name) : NULL;

    if (!function) {
        fprintf(stderr, "matrix: no %s: %s\n", name, dlerror());
        exit(99);
    }
    return function;
}

/* NULL on failure, with the text in `reason`. */
static inline void *door_open(const char *path, int flags, char *reason, size_t size)
{
    const char *door = getenv("MATRIX_DOOR");
    struct door_error error;
    void *handle = NULL;
    const char *text;

    if (!door || strcmp(door, "api") != 0) {
        handle = dlopen(path, flags);
        text = handle ? "" : dlerror();
        snprintf(reason, size, "%s", text ? text : "(no text)");
        return handle;
    }
    memset(&error, 0, sizeof error);
    if (((door_open_function *)door_function("engraft_dlopen"))(path, flags, &handle, &error) == 0)
        return handle;
    snprintf(reason, size, "%s", error.reason[0] ? error.reason : "(no text)");
    return NULL;
}

#endif
