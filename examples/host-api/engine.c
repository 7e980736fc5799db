/* SPDX-License-Identifier: MIT */
/* A scripting engine so small that its whole language is one addition. */
#include "engine.h"

static int started;

void toy_start(void)
{
    started = 1;
}

int toy_add(int left, int right)
{
    return started ? left + right : -1;
}
