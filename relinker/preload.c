/* SPDX-License-Identifier: MIT */
/*
 * libengraft-preload.so: dlopen(), dlclose() and dlerror() in front of the C library's.
 *
 * dlopen() itself is assembly (arch/<a>_preload.S): when there is nothing to do, it jumps to the C
 * library's with the caller's return address in place, because ld.so searches by who called.
 */
#include <stddef.h>
#include <string.h>

#include "preload.h"

#define PRELOAD_PUBLIC __attribute__((visibility("default")))

/* The text of a failure that ld.so's own dlerror() does not know, for this thread. */
static __thread char error_text[1024] __attribute__((tls_model("initial-exec")));
static __thread bool error_pending __attribute__((tls_model("initial-exec")));

struct preload_answer engraft_preload_dlopen(const char *path, int flags, const void *caller)
{
    struct preload_answer answer = {0, NULL};
    struct engraft_private_answer door;

    engraft_private_dlopen(path, flags, caller, (const void *)engraft_preload_dlopen, &door,
                           error_text, sizeof error_text);
    error_pending = door.handled && !door.handle;
    answer.next = door.handled ? NULL : door.next;
    answer.handle = door.handle;
    return answer;
}

PRELOAD_PUBLIC int dlclose(void *handle);
PRELOAD_PUBLIC char *dlerror(void);

int dlclose(void *handle)
{
    error_pending = false;
    return engraft_private_dlclose(handle, (const void *)engraft_preload_dlopen);
}

/* As in glibc: the text of the last failure, once. What ld.so knows is newer than ours, because its
 * own text of a refusal has been taken. */
char *dlerror(void)
{
    char *newer = engraft_private_dlerror((const void *)engraft_preload_dlopen);
    bool ours = error_pending;

    error_pending = false;
    return newer || !ours ? newer : error_text;
}
