/* SPDX-License-Identifier: MIT */
/*
 * Bytes that grow. A failed allocation is remembered instead of returned, so that a writer appends
 * freely and asks once, at the end.
 */
#ifndef ENGRAFT_STUB_BUFFER_H
#define ENGRAFT_STUB_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buffer {
    unsigned char *bytes;
    size_t size, capacity;
    bool failed; /* out of memory: what was appended since is lost */
};

void buffer_deinit(struct buffer *buffer);
/* Appends `size` bytes (zeros when `bytes` is NULL) and returns their offset. */
size_t buffer_append(struct buffer *buffer, const void *bytes, size_t size);
/* Appends a string with its NUL and returns its offset. */
size_t buffer_append_string(struct buffer *buffer, const char *text);
/* Appends zeros until the size is a multiple of `alignment`. */
void buffer_align(struct buffer *buffer, size_t alignment);
/* `size` bytes at `offset`, or NULL when the buffer has failed. */
void *buffer_at(struct buffer *buffer, size_t offset, size_t size);

#endif
