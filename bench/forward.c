/* SPDX-License-Identifier: MIT */
/* Fills the slots of a forwarding stub, the usual way to lead a plugin to an engine that it was not
 * linked to. bench/inputs makes the slots and the functions that jump through them. */
#include <dlfcn.h>
#include <stdio.h>

extern void *engine_slots[];
extern const int engine_slot_count;

__attribute__((constructor)) static void slots_fill(void)
{
    void *engine = dlopen("libbench-engine.so", RTLD_LAZY | RTLD_NOLOAD);

    for (int i = 0; engine && i < engine_slot_count; i++) {
        char name[32];

        snprintf(name, sizeof name, "engine_f%d", i);
        engine_slots[i] = dlsym(engine, name);
    }
}
