/* SPDX-License-Identifier: MIT */
/* Shared objects of any class and byte order, written without a compiler for them. */
#ifndef TESTS_PROBES_FOREIGN_OBJECT_H
#define TESTS_PROBES_FOREIGN_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Numbers in some byte order and word size, one after the other. */
struct foreign_writer {
    unsigned char *bytes; /* from malloc() */
    size_t size, room;
    bool narrow, big;
};

void foreign_put(struct foreign_writer *writer, uint64_t value, size_t width);
void foreign_word(struct foreign_writer *writer, uint64_t value);
void foreign_bytes(struct foreign_writer *writer, const void *bytes, size_t size);
void foreign_align(struct foreign_writer *writer, size_t alignment);
/* Overwrites `width` bytes at `at`. */
void foreign_set(struct foreign_writer *writer, size_t at, uint64_t value, size_t width);
void foreign_ident(struct foreign_writer *writer);

enum foreign_hash { FOREIGN_SYSV, FOREIGN_GNU, FOREIGN_NO_HASH };

struct foreign_kind {
    const char *name;
    uint16_t machine;
    bool narrow, big;
    enum foreign_hash hash;
    bool wide_hash;    /* 8-byte entries in DT_HASH */
    bool addend;       /* RELA; else REL, with pointers in their places */
    uint32_t relative; /* type of the relocation */
};

extern const struct foreign_kind foreign_kinds[];
extern const size_t foreign_kind_count;

/*
 * A library that says it is V8 10.2.154.26-node.39, NEEDs "libforeign-needed.so.6", has SONAME
 * "libforeign.so.1", the build-id 0123456789abcdef and imports "an_import" in version FOREIGN_1.0. `bytes` from malloc().
 */
void foreign_object(const struct foreign_kind *kind, unsigned char **ret_bytes, size_t *ret_size);

/*
 * The core file of a process that had such a library mapped at FOREIGN_CORE_ADDRESS, from `path`, and
 * dumped it. `segment_count`: how many segments the core has at least (above 65534 it says so in its
 * section header). pid 4321, signal 6, "foreign --argument".
 */
#define FOREIGN_CORE_ADDRESS 0x20000000u
void foreign_core(const struct foreign_kind *kind, const char *path, unsigned segment_count,
                  unsigned char **ret_bytes, size_t *ret_size);

#endif
