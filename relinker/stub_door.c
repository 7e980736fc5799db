/* SPDX-License-Identifier: MIT */
/* What stubs call: the names of manifest.h. */
#include "relinker.h"

static void stub_bound(void)
{
}

/* ld.so relocates a stub before the plugin that NEEDs it, and calls this for the stub's first
 * relocation. libengraft is relocated by then (the stub NEEDs it); its constructors may not have
 * run. */
static void (*stub_bind_resolver(void))(void)
{
    shim_stub_moment();
    return stub_bound;
}

ENGRAFT_PUBLIC void engraft_stub_bind_1(void) __attribute__((ifunc("stub_bind_resolver")));
ENGRAFT_PUBLIC void engraft_stub_init_1(void);
ENGRAFT_PUBLIC void engraft_stub_fini_1(void);

/* Runs after the plugin has been relocated and before its constructors. A failed audit cannot
 * refuse the load any more: what is wrong is written to the slots, as late attach does. */
void engraft_stub_init_1(void)
{
    shim_stub_audit();
    report_update();
}

/* Runs after the plugin's destructors, inside dlclose(). */
void engraft_stub_fini_1(void)
{
    registry_release_closing();
}
