/* SPDX-License-Identifier: MIT */
/* Every kind of reference, used in a constructor: what it prints has run. */
#include <stdio.h>

extern int aud_data[16];
int aud_one(void), aud_two(void), aud_three(void), aud_four(void);

static int (*const table[])(void) = {aud_two, aud_three};
static int *const element = &aud_data[0];

__attribute__((constructor)) static void construct(void)
{
    dprintf(1, "constructor: %d\n", aud_one() + table[0]() + table[1]() + aud_four() + *element);
}
