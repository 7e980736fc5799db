/* SPDX-License-Identifier: MIT */
/* Shared by trap.c and arch/<a>_live.S. */
#ifndef ENGRAFT_TRAP_LIVE_H
#define ENGRAFT_TRAP_LIVE_H

#define TRAP_COUNT 2048
#define TRAP_THUNK_SIZE 16

#ifndef __ASSEMBLER__
extern const unsigned char engraft_trap_thunks[] __attribute__((visibility("hidden")));
#endif

#endif
