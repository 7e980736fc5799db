/* SPDX-License-Identifier: MIT */
/* What the unit tests share: objects made by the compiler when the test runs, and images of files. */
#ifndef TESTS_UNIT_UNIT_H
#define TESTS_UNIT_UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/object.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* DIRECTORY/NAME, in a directory that is removed when the program ends; the text stays. */
const char *unit_path(const char *name);
/* Compiles C source with $CC FLAGS to unit_path(name) as a shared object; NULL when that fails. */
const char *unit_build(const char *name, const char *source, const char *flags);
/* Runs a command; its standard output, from malloc(). *ret_status is the exit status. */
char *unit_run(int *ret_status, const char *format, ...) __attribute__((format(printf, 2, 3)));
unsigned char *unit_read(const char *path, size_t *ret_size); /* from malloc() */
/* The directory of tests/world's NAME, or skips the test with the reason. */
const char *unit_world(const char *name);

void object_open(struct object *object, const char *path); /* fails the test when it cannot */

#endif
