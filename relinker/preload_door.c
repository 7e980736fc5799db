/* SPDX-License-Identifier: MIT */
/* libengraft's side of libengraft-preload.so. */
#include "preload.h"

#include "relinker.h"

void engraft_private_dlopen(const char *path, int flags, const void *caller, const void *self,
                            struct engraft_private_answer *ret_answer, char *text, size_t size)
{
    struct engraft_error error;
    bool native = true;
    enum engraft_status status;

    self_set_interposer(self);
    ret_answer->handle = NULL;
    ret_answer->next = (void *)self_loader()->open;
    status = door_open(path, flags, caller, "preload", &ret_answer->handle, &native, &error);
    ret_answer->handled = !native;
    if (status != ENGRAFT_OK)
        text_format(text, size, "%s", error.reason);
}

int engraft_private_dlclose(void *handle, const void *self)
{
    int result;

    self_set_interposer(self);
    if (!self_loader()->close)
        return -1;
    result = self_loader()->close(handle);
    registry_purge_locked();
    return result;
}

char *engraft_private_dlerror(const void *self)
{
    self_set_interposer(self);
    return self_loader()->error ? self_loader()->error() : NULL;
}
