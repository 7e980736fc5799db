/* SPDX-License-Identifier: MIT */
/* A plugin: it calls the engine and brings none. */
#include "engine.h"

int plugin_run(void);

int plugin_run(void)
{
    return toy_add(40, 2);
}
