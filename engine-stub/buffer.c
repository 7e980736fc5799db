/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

void buffer_deinit(struct buffer *buffer)
{
    free(buffer->bytes);
    *buffer = (struct buffer){0};
}

static bool buffer_reserve(struct buffer *buffer, size_t size)
{
    if (buffer->failed || size > SIZE_MAX / 2 - buffer->size) {
        buffer->failed = true;
        return false;
    }
    size_t capacity = buffer->capacity ? buffer->capacity : 256;
    while (capacity < buffer->size + size)
        capacity *= 2;
    if (capacity == buffer->capacity)
        return true;
    unsigned char *bytes = realloc(buffer->bytes, capacity);
    if (!bytes) {
        buffer->failed = true;
        return false;
    }
    buffer->bytes = bytes;
    buffer->capacity = capacity;
    return true;
}

size_t buffer_append(struct buffer *buffer, const void *bytes, size_t size)
{
    size_t offset = buffer->size;
    if (size == 0 || !buffer_reserve(buffer, size))
        return offset;
    if (bytes)
        memcpy(buffer->bytes + offset, bytes, size);
    else
        memset(buffer->bytes + offset, 0, size);
    buffer->size += size;
    return offset;
}

size_t buffer_append_string(struct buffer *buffer, const char *text)
{
    return buffer_append(buffer, text, strlen(text) + 1);
}

void buffer_align(struct buffer *buffer, size_t alignment)
{
    buffer_append(buffer, NULL, (alignment - buffer->size % alignment) % alignment);
}

void *buffer_at(struct buffer *buffer, size_t offset, size_t size)
{
    if (buffer->failed || offset > buffer->size || size > buffer->size - offset)
        return NULL;
    return buffer->bytes + offset;
}
