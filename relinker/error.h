/* SPDX-License-Identifier: MIT */
/* Filling the caller's error record. No allocation; safe inside an IFUNC resolver. */
#ifndef ENGRAFT_ERROR_FILL_H
#define ENGRAFT_ERROR_FILL_H

#include <stdarg.h>

#include "engraft.h"

/* Fills *reterr (when not NULL) and returns `status`, so that callers write `return error_set(...)`.
 * object and symbol may be NULL. */
enum engraft_status error_set(struct engraft_error *reterr, enum engraft_status status,
                              const char *object, const char *symbol, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* A bounded formatter that never allocates and knows %s %.*s %d %u %zu %x %lx %p %c %%: what a
 * resolver may use. Always terminates; returns the length written. */
size_t text_format(char *buffer, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
size_t text_vformat(char *buffer, size_t size, const char *format, va_list arguments);

#endif
