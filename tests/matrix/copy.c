/* SPDX-License-Identifier: MIT */
/* An executable that takes an engine's data directly: with -no-pie the linker makes a COPY
 * relocation of it. SYMBOL is that data. */
#include <stdio.h>

extern int SYMBOL;

int main(void)
{
    dprintf(1, "host: copied = %d\n", SYMBOL);
    return 0;
}
