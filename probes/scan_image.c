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

static void memory_read(const struct image *image, uint64_t vaddr, unsigned char *buffer,
                        size_t length)
{
    const void *bytes = image_at(image, vaddr, length);

    if (bytes) {
        memcpy(buffer, bytes, length);
        return;
    }
    while (length) { /* some page of it cannot be had */
        size_t part = PAGE - (size_t)(vaddr % PAGE);

        if (part > length)
            part = length;
        bytes = image_at(image, vaddr, part);
        if (bytes)
            memcpy(buffer, bytes, part);
        else
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
    bool (*hit)(void *user, size_t needle, uint64_t vaddr);
    void *user;
    uint64_t vaddr;   /* of the chunk */
    size_t reported;  /* hits from here on belong to the next chunk */
    bool stopped;
};

static bool walk_hit(void *user, size_t needle, size_t position)
{
    struct walk *walk = user;

    if (position >= walk->reported)
        return false;
    walk->stopped = !walk->hit(walk->user, needle, walk->vaddr + position);
    return !walk->stopped;
}

/* Chunks overlap by all but one byte of the longest needle; a hit is reported in the first chunk that
 * holds a needle of any length there, so that vaddrs keep their order. */
static void segment_walk(const struct scan *scan, const struct image *image,
                         const struct image_segment *segment, uint64_t size,
                         unsigned char *buffer, struct walk *walk)
{
    size_t overlap = scan_length_max(scan) - 1;
    size_t kept = 0; /* bytes of the last chunk at the start of the buffer */
    uint64_t at = 0;

    while (at < size && !walk->stopped) {
        size_t length = size - at < CHUNK ? (size_t)(size - at) : CHUNK;
        size_t whole = kept + length;

        scan_read(image, segment, segment->vaddr + at, buffer + kept, length);
        walk->vaddr = segment->vaddr + at - kept;
        at += length;
        walk->reported = at < size ? whole - overlap : whole;
        scan_bytes(scan, buffer, whole, walk_hit, walk);
        kept = whole - walk->reported;
        memmove(buffer, buffer + walk->reported, kept);
    }
}

enum engraft_status scan_image(const struct scan *scan, const struct image *image,
                               bool (*hit)(void *user, size_t needle, uint64_t vaddr),
                               void *user)
{
    struct walk walk = {.hit = hit, .user = user};
    uint64_t left = SCAN_IMAGE_MAX;
    unsigned char *buffer;

    if (scan_length_max(scan) == 0)
        return ENGRAFT_OK;
    buffer = malloc(CHUNK + scan_length_max(scan));
    if (!buffer)
        return ENGRAFT_MEMORY;
    for (unsigned i = 0; i < image->segment_count && !walk.stopped; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t size = segment->file_size < left ? segment->file_size : left;

        if (!scan_wants_segment(image, segment))
            continue;
        segment_walk(scan, image, segment, size, buffer, &walk);
        left -= size;
    }
    free(buffer);
    return ENGRAFT_OK;
}
