/* SPDX-License-Identifier: MIT */
/* One pass over what an image holds of its file: see scan.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "readers.h"
#include "scan.h"

#define PAGE 4096u
#define CHUNK (128u << 10) /* stays in the L2 cache between pread() and the search */
_Static_assert(CHUNK > SCAN_NEEDLE_MAX, "a chunk is longer than what it shares with the next");

static int file_of(const struct image *image)
{
    return image->reader ? reader_file(image) : -1;
}

/* Constants have segments of their own where a good part of the object is neither code nor writable.
 * A small one may be patchelf's. */
bool scan_wants_segment(const struct image *image, const struct image_segment *segment)
{
    uint64_t code = 0, constants = 0;

    if (!(segment->flags & PF_X))
        return true;
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *each = &image->segments[i];

        if (each->flags & PF_X)
            code += each->file_size / 16; /* the sum of sixteen cannot overflow */
        else if (!(each->flags & PF_W))
            constants += each->file_size / 16;
    }
    return constants < code / 16;
}

/* ---- bytes --------------------------------------------------------------------------------------------- */

/* The file may have been truncated since: the rest is zeros. */
static void file_part(int fd, unsigned char *buffer, size_t length, uint64_t offset)
{
    while (length) {
        ssize_t done = pread(fd, buffer, length, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            break;
        buffer += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    memset(buffer, 0, length);
}

/* Not by image_at(): of a process or a core, what that gives stays in memory. */
static void memory_read(const struct image *image, uint64_t vaddr, unsigned char *buffer,
                        size_t length)
{
    if (image_read(image, vaddr, buffer, length))
        return;
    while (length) { /* some page of it cannot be had */
        size_t part = PAGE - (size_t)(vaddr % PAGE);

        if (part > length)
            part = length;
        if (!image_read(image, vaddr, buffer, part))
            memset(buffer, 0, part);
        buffer += part;
        vaddr += part;
        length -= part;
    }
}

void scan_read(const struct image *image, const struct image_segment *segment, uint64_t vaddr,
               unsigned char *buffer, size_t length)
{
    int fd = file_of(image);

    if (fd >= 0)
        file_part(fd, buffer, length, segment->offset + (vaddr - segment->vaddr));
    else
        memory_read(image, vaddr, buffer, length);
}

/* ---- the walk ------------------------------------------------------------------------------------------ */

struct walk {
    const struct image *image;
    size_t overlap;
    bool (*chunk)(void *user, const struct scan_chunk *chunk);
    void *user;
    unsigned char *buffer; /* CHUNK + overlap */
};

static bool is_zero(const unsigned char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (bytes[i])
            return false;
    return true;
}

/* How many bytes from `at` on can be left out: a file may be made of nothing but a hole, and no literal
 * is nothing but zeros. `kept`: the bytes before it that were not examined alone. */
static uint64_t hole_size(const struct walk *walk, const struct image_segment *segment,
                          uint64_t at, uint64_t size, size_t kept)
{
    int fd = file_of(walk->image);
    uint64_t start = segment->offset + at, data;
    off_t found;

    if (fd < 0 || size - at <= 2 * CHUNK || !is_zero(walk->buffer, kept))
        return 0;
    found = lseek(fd, (off_t)start, SEEK_DATA);
    data = found >= 0 ? (uint64_t)found : errno == ENXIO ? UINT64_MAX : 0;
    if (data > start + (size - at))
        data = start + (size - at);
    return data > start + CHUNK ? data - start - CHUNK : 0;
}

static bool segment_walk(const struct walk *walk, const struct image_segment *segment,
                         uint64_t size)
{
    struct scan_chunk chunk = {.segment = segment, .bytes = walk->buffer};
    size_t kept = 0; /* bytes of the last chunk at the start of the buffer */
    uint64_t at = 0;

    while (at < size) {
        uint64_t hole = hole_size(walk, segment, at, size, kept);
        size_t length;

        if (hole)
            kept = 0;
        at += hole;
        length = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
        scan_read(walk->image, segment, segment->vaddr + at, walk->buffer + kept, length);
        chunk.vaddr = segment->vaddr + at - kept;
        chunk.length = kept + length;
        at += length;
        chunk.own = at < size ? chunk.length - walk->overlap : chunk.length;
        if (!walk->chunk(walk->user, &chunk))
            return false;
        kept = chunk.length - chunk.own;
        memmove(walk->buffer, walk->buffer + chunk.own, kept);
    }
    return true;
}

enum engraft_status scan_chunks(const struct image *image, size_t overlap,
                                bool (*wanted)(const struct image *image,
                                               const struct image_segment *segment),
                                bool (*chunk)(void *user, const struct scan_chunk *chunk),
                                void *user)
{
    struct walk walk = {.image = image, .overlap = overlap, .chunk = chunk, .user = user};
    uint64_t left = SCAN_IMAGE_MAX;

    walk.buffer = malloc(CHUNK + overlap);
    if (!walk.buffer)
        return ENGRAFT_MEMORY;
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t size = segment->file_size < left ? segment->file_size : left;

        if (!(wanted ? wanted : scan_wants_segment)(image, segment))
            continue;
        if (!segment_walk(&walk, segment, size))
            break;
        left -= size;
    }
    free(walk.buffer);
    return ENGRAFT_OK;
}

/* ---- literals ------------------------------------------------------------------------------------------ */

struct search {
    const struct scan *scan;
    bool (*hit)(void *user, size_t needle, uint64_t vaddr);
    void *user;
    const struct scan_chunk *chunk;
    bool stopped;
};

static bool chunk_hit(void *user, size_t needle, size_t position)
{
    struct search *search = user;

    if (position >= search->chunk->own)
        return false;
    search->stopped = !search->hit(search->user, needle, search->chunk->vaddr + position);
    return !search->stopped;
}

static bool chunk_search(void *user, const struct scan_chunk *chunk)
{
    struct search *search = user;

    search->chunk = chunk;
    scan_bytes(search->scan, chunk->bytes, chunk->length, chunk_hit, search);
    return !search->stopped;
}

enum engraft_status scan_image(const struct scan *scan, const struct image *image,
                               bool (*hit)(void *user, size_t needle, uint64_t vaddr),
                               void *user)
{
    struct search search = {.scan = scan, .hit = hit, .user = user};

    if (scan_length_max(scan) == 0)
        return ENGRAFT_OK;
    return scan_chunks(image, scan_length_max(scan) - 1, NULL, chunk_search, &search);
}
