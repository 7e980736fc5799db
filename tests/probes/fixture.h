/* SPDX-License-Identifier: MIT */
/* Objects that the tests of probes look at, made by the compiler when the test runs. */
#ifndef TESTS_PROBES_FIXTURE_H
#define TESTS_PROBES_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "probes/probes.h"
#include "probes/readers.h"

/* A directory that is removed when the test program ends. */
const char *fixture_directory(void);
/* DIRECTORY/NAME; the text lives as long as the program. */
const char *fixture_path(const char *name);
/* Compiles C source with $CC FLAGS to fixture_path(name): a shared object, or an executable when the
 * flags have -rdynamic. Fails the test when the compiler does. */
const char *fixture_build(const char *name, const char *source, const char *flags);
/* The same, false instead of a failure: for what not every linker can do. */
bool fixture_try(const char *name, const char *source, const char *flags);
void fixture_write(const char *path, const void *bytes, size_t size);
void *fixture_read(const char *path, size_t *ret_size); /* from malloc() */
/* The directory of something tests/world knows; skips the test when it cannot be had. */
const char *fixture_world(const char *name);
void fixture_run(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The images of some files, as if one process had mapped them all. */
struct opened {
    struct image images[16];
    size_t count;
    struct engine_instance instances[ENGINE_MAX];
    size_t instance_count;
};

/* Opens the files (NULL-terminated) and probes them. */
void opened_init(struct opened *opened, const char *const *paths);
void opened_deinit(struct opened *opened);
#define OPENED(name, ...) \
    struct opened name; \
    opened_init(&name, (const char *const[]){__VA_ARGS__, NULL})

bool has_evidence(const struct engine_instance *instance, const char *kind, const char *text);

/* Source of a library that says what a V8 says: -DMAJOR= -DMINOR= -DBUILD= -DPATCH=, optionally
 * -DTEXT= -DEMBEDDER= (strings), -DTAGGED=, -DSMI_SHIFT=, -DSANDBOX, -DLIBCXX. */
extern const char fake_v8[];

#endif
