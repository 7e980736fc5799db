/* SPDX-License-Identifier: MIT */
#include <config.h>

#include "xz.h"

#ifdef HAVE_LZMA

#include <lzma.h>
#include <stdint.h>
#include <stdlib.h>

#define DECODER_MEMORY (128u << 20) /* xz -9 asks for 65 MiB */
#define FIRST_ROOM (1u << 20)

static bool room_make(lzma_stream *stream, unsigned char **bytes, size_t *room, size_t limit)
{
    size_t used = *room - stream->avail_out, larger = *room ? *room * 2 : FIRST_ROOM;
    unsigned char *grown;

    if (larger > limit)
        larger = limit;
    if (larger <= *room)
        return false;
    grown = realloc(*bytes, larger);
    if (!grown)
        return false;
    *bytes = grown;
    *room = larger;
    stream->next_out = grown + used;
    stream->avail_out = larger - used;
    return true;
}

bool xz_decode(const void *bytes, size_t size, size_t limit, void **ret_bytes, size_t *ret_size)
{
    lzma_stream stream = LZMA_STREAM_INIT;
    unsigned char *decoded = NULL;
    size_t room = 0;
    lzma_ret result = lzma_stream_decoder(&stream, DECODER_MEMORY, 0);

    stream.next_in = bytes;
    stream.avail_in = size;
    while (result == LZMA_OK) {
        if (stream.avail_out == 0 && !room_make(&stream, &decoded, &room, limit))
            break;
        result = lzma_code(&stream, LZMA_FINISH);
    }
    lzma_end(&stream);
    if (result != LZMA_STREAM_END) {
        free(decoded);
        return false;
    }
    *ret_bytes = decoded;
    *ret_size = room - stream.avail_out;
    return true;
}

#else

bool xz_decode(const void *bytes, size_t size, size_t limit, void **ret_bytes, size_t *ret_size)
{
    (void)bytes, (void)size, (void)limit, (void)ret_bytes, (void)ret_size;
    return false;
}

#endif
