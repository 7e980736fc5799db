/* SPDX-License-Identifier: MIT */
/* Images of files without a reader, for unit tests and the fuzzer. */
#ifndef TESTS_UNIT_OBJECT_H
#define TESTS_UNIT_OBJECT_H

#include "relinker.h"

/*
 * An image of a file's bytes, laid out by its program headers in a malloc() block of exactly the
 * size that the segments span, so that a sanitizer sees every access outside of them.
 */
struct object {
    struct image image;
    unsigned char *span;
    enum engraft_status status; /* of image_read_buffer(); FORMAT also when it cannot be laid out */
    struct engraft_error error;
};

void object_init(struct object *object, const unsigned char *bytes, size_t size);
void object_deinit(struct object *object);

/* Calls everything that can be asked of an image; returns a number that depends on all answers. */
uint64_t image_walk(const struct image *image);

#endif
