/* SPDX-License-Identifier: MIT */
/*
 * Stands where the relinked Node stands, and damages what the host keeps in its V8: the check of the
 * host has to notice.
 */
#include <dlfcn.h>
#include <stdlib.h>

__attribute__((visibility("default"))) int vandal_main(int argc, char **argv)
{
    void *script = dlopen(HOST_SCRIPT, RTLD_NOW | RTLD_NOLOAD);
    void (*spoil)(void) = script ? (void (*)(void))dlsym(script, "script_spoil") : NULL;

    (void)argv;
    if (!spoil)
        return 3;
    if (argc > 1)
        spoil();
    exit(0);
}
