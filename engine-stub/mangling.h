/* SPDX-License-Identifier: MIT */
/*
 * Is a symbol a function or data? Undefined entries of a dynamic symbol table do not say (they are
 * STT_NOTYPE), but a name mangled after the Itanium C++ ABI often does: functions carry their
 * parameter types, variables do not.
 */
#ifndef ENGRAFT_STUB_MANGLING_H
#define ENGRAFT_STUB_MANGLING_H

#include <stdint.h>

/* STT_FUNC, STT_OBJECT, or STT_NOTYPE when the name does not tell. */
uint8_t mangling_type(const char *name);

#endif
