/* SPDX-License-Identifier: MIT */
/* A library that opens plugins: dlopen() searches with the RUNPATH or RPATH of its caller. */
#include "door.h"

void *caller_open(const char *path, char *reason, size_t size)
{
    void *handle = door_open(path, RTLD_NOW, reason, size);

    *(volatile char *)reason; /* keeps the call above from being a tail call */
    return handle;
}
