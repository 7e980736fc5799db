/* SPDX-License-Identifier: MIT */
#ifndef PLUGINS_H
#define PLUGINS_H

#include "engine.h"

/* Loads every *.so of a folder, by name. One that cannot be used is named on stderr with the
   reason, and left out. Returns how many were loaded, -1 if the folder cannot be read. */
int plugins_load(const char *folder, const struct engine *engine);

/* All of them, once per tick. */
void plugins_tick(void);

/* In the reverse order. */
void plugins_unload(void);

#endif
