/* SPDX-License-Identifier: MIT */
/*
 * Readers of engraft-deep.so: they give images whose bytes come from a file or from the memory of
 * another process. Such an image lies in a reservation of anonymous memory as large as the object;
 * a page is filled when it is first asked for. Files are never mapped: one that is truncated while
 * it is read then means an error, and not a SIGBUS.
 */
#ifndef ENGRAFT_READERS_H
#define ENGRAFT_READERS_H

#include <sys/types.h>

#include "deep.h"

/* Where the bytes of an image come from. At least one of fd and pid is set. */
struct reader_source {
    int fd;                /* of the file, owned by the image once it is open; -1: memory only */
    pid_t pid;             /* the process that maps it; 0: a file alone */
    bool readable;         /* whether the memory of the process can be read */
    uint64_t map_start;    /* address and file offset of its first mapping */
    uint64_t map_offset;
    bool map_executable;   /* whether some mapping of it is executable */
};

/*
 * reader_open() - an image with its own reader.
 * @path: copied.  On failure source->fd is closed.
 * Returns OK, FORMAT, UNSUPPORTED, SYSTEM, MEMORY.
 */
enum engraft_status reader_open(const char *path, const struct reader_source *source,
                                struct image *ret_image, struct engraft_error *reterr);
void reader_close(struct image *image);

/* The file of an image; -1 when there is none. */
int reader_file(const struct image *image);
/* Lower-case hexadecimal; "" when there is none or when it does not fit. */
void reader_build_id(const struct image *image, char *ret_text, size_t size);

/* Symbols outside of the dynamic table; see image.h's find_hidden. */
struct symtab;
struct symtab *symtab_create(int fd, const char *build_id);
void symtab_destroy(struct symtab *symtab); /* NULL is fine */
enum engraft_symbols symtab_find(const struct symtab *symtab, const char *name,
                                 Elf64_Sym *ret_symbol);

/* What stat() tells. glibc 2.33 gave stat() and fstat() new symbols that an older one lacks, statx()
 * is in all since 2.28. `path` NULL: of the descriptor. False with errno. */
struct file_facts {
    mode_t mode;
    uint64_t size, inode;
    dev_t device;
};
bool file_facts_read(int fd, const char *path, struct file_facts *ret_facts);
/* Opens a regular file for reading; -1 and *reterr when it is none. */
int file_open(const char *path, enum engraft_status *ret_status, struct engraft_error *reterr);
enum engraft_status file_modules(const char *path, struct deep_modules *ret_modules,
                                 struct engraft_error *reterr);
enum engraft_status pid_modules(pid_t pid, struct deep_modules *ret_modules,
                                struct engraft_error *reterr);
/* Bounded read of another process; false unless all of it was read. */
bool pid_read(pid_t pid, uint64_t address, void *buffer, size_t length);
/* Whole content of a small file of /proc, NUL-terminated; NULL with errno. Release with free(). */
char *proc_read(const char *path, size_t limit, size_t *ret_length);

#endif
