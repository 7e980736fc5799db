/* SPDX-License-Identifier: MIT */
/* Architecture code of test_trap: one file for each, chosen by configure. */
#ifndef TESTS_UNIT_TRAP_CALL_H
#define TESTS_UNIT_TRAP_CALL_H

#include <stdint.h>

/* Calls a trap that returns, with every register known, with each alignment of the stack that occurs.
 * NULL, or the name of a register that the caller's ABI says is kept and is not, or that should hold
 * the result 0 and does not. */
const char *trap_call_watched(uint64_t trap);

#endif
