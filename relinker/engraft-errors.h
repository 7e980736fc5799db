/* SPDX-License-Identifier: MIT */
/*
 * Every status of the library, in one list: name, number, text.
 * Numbers are part of the ABI: append, never renumber.
 */
ENGRAFT_ERROR(OK, 0, "success")
ENGRAFT_ERROR(ARGUMENT, 1, "an argument is not valid")
ENGRAFT_ERROR(MEMORY, 2, "out of memory")
ENGRAFT_ERROR(SYSTEM, 3, "a system call failed")
ENGRAFT_ERROR(NOT_FOUND, 4, "no such file, process, module or symbol")
ENGRAFT_ERROR(FORMAT, 5, "not a well-formed ELF object")
ENGRAFT_ERROR(UNSUPPORTED, 6, "not supported on this system")
ENGRAFT_ERROR(NO_ENGINE, 7, "no matching engine in the host")
ENGRAFT_ERROR(AMBIGUOUS, 8, "several engines match and no rule chooses one")
ENGRAFT_ERROR(UNKNOWN_ABI, 9, "the engine version the plugin was built for cannot be told")
ENGRAFT_ERROR(REFUSED, 10, "binding would not be safe")
ENGRAFT_ERROR(LOAD, 11, "the dynamic linker could not load the object")
ENGRAFT_ERROR(AUDIT, 12, "a reference did not end on its planned target")
ENGRAFT_ERROR(LIMIT, 13, "a fixed limit of the library is exhausted")
ENGRAFT_ERROR(STATE, 14, "not possible in the current state")
ENGRAFT_ERROR(DEEP, 15, "engraft-deep.so cannot be used")
