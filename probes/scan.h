/* SPDX-License-Identifier: MIT */
/*
 * One pass over bytes for many literals at once.
 *
 * A literal costs the same as a hundred: the longer the *shortest* one is, the fewer places of the
 * bytes are looked at (every 3rd for 6 bytes, every 5th for 8), and the rarer its first bytes are in
 * what is scanned, the less is compared. A scan may be used by several threads at a time.
 */
#ifndef ENGRAFT_SCAN_H
#define ENGRAFT_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "image.h"

#define SCAN_NEEDLE_MIN 6u
#define SCAN_NEEDLE_MAX 4096u

struct scan_needle {
    const char *bytes; /* may hold NULs; the caller keeps them alive */
    size_t length;     /* SCAN_NEEDLE_MIN to SCAN_NEEDLE_MAX */
};

struct scan;

/* NULL: no memory, or a needle of another length. Equal needles are all reported. */
struct scan *scan_create(const struct scan_needle *needles, size_t count);
void scan_destroy(struct scan *scan); /* NULL is fine */

/* Calls hit() for every occurrence, also of those that overlap, in ascending order of position; hit
 * returns false to stop. */
void scan_bytes(const struct scan *scan, const unsigned char *bytes, size_t length,
                bool (*hit)(void *user, size_t needle, size_t position), void *user);

/* The longest needle's length; 0 when there is none. */
size_t scan_length_max(const struct scan *scan);

/*
 * scan_image() - the same for what an image holds of its file: the segments that are not executable,
 * and the executable ones, too, where constants lie among the code (linked without -z separate-code).
 *
 * The file of the image is read in chunks with pread(), so that nothing is faulted into the image;
 * where there is no file, image_at() is asked. What cannot be read is skipped, and no more than
 * SCAN_IMAGE_MAX bytes are looked at. A needle that lies across two segments is not found.
 * @image: of this process, or of reader_open().
 * hit() gets vaddrs, ascending within a segment; segments come in the order of the image.
 * Returns OK (also when hit() stopped it), MEMORY.
 */
#define SCAN_IMAGE_MAX (2ull << 30)
enum engraft_status scan_image(const struct scan *scan, const struct image *image,
                               bool (*hit)(void *user, size_t needle, uint64_t vaddr),
                               void *user);

/*
 * scan_chunks() - the bytes that scan_image() looks at, piece by piece, for searches of another kind.
 * @overlap: so many bytes at the end of a chunk are the start of the next of that segment; at most
 *   SCAN_NEEDLE_MAX.
 * @wanted: which segments; NULL: those of scan_image().
 * chunk() returns false to stop. Returns OK (also then), MEMORY.
 */
struct scan_chunk {
    const struct image_segment *segment;
    const unsigned char *bytes; /* until chunk() returns */
    size_t length;
    size_t own;                 /* what starts here and later, the next chunk has as well */
    uint64_t vaddr;
};
enum engraft_status scan_chunks(const struct image *image, size_t overlap,
                                bool (*wanted)(const struct image *image,
                                               const struct image_segment *segment),
                                bool (*chunk)(void *user, const struct scan_chunk *chunk),
                                void *user);
/* The segments that hold constants. */
bool scan_wants_segment(const struct image *image, const struct image_segment *segment);
/* What the file (or, without one, the memory) holds of [vaddr, vaddr + length), which lies in the
 * file's part of the segment; unreadable bytes are zeros. */
void scan_read(const struct image *image, const struct image_segment *segment, uint64_t vaddr,
               unsigned char *buffer, size_t length);

#endif
