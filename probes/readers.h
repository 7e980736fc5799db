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
#include "elf_form.h"

struct core;

#define MODULE_MAX 4096u /* of one process or core, and as many that are missing */
#define MODULE_TIMES_MAX 16u /* the same file: ld.so has so many namespaces */

/* Where the bytes of an image come from. At least one of fd, pid and core is set. */
struct reader_source {
    int fd;                /* of the file, owned by the image once it is open; -1: memory only */
    pid_t pid;             /* the process that maps it; 0: none */
    const struct core *core; /* what is left of a process that mapped it; outlives the image */
    uint64_t page_size;    /* of that process; 0: this machine's */
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
/*
 * reader_section() - the first section called `name`, by the section headers of the image's file.
 * @ret_vaddr: 0 for a section that is not loaded.  @ret_offset, @ret_size: in the file; a section of
 *   SHT_NOBITS has no bytes there and size 0.  Any of them may be NULL.
 * False: there is no file, no (usable) section headers, or no such section. Nothing says that the
 * numbers lie inside of the file: image_at() and file_read() check them.
 */
bool reader_section(const struct image *image, const char *name, uint64_t *ret_vaddr,
                    uint64_t *ret_offset, uint64_t *ret_size);
/* Lower-case hexadecimal; "" when there is none or when it does not fit. */
void reader_build_id(const struct image *image, char *ret_text, size_t size);

/* foreign.c: see image_is_foreign(). The header is native and from malloc(); NULL: no memory. */
struct foreign;
unsigned char *foreign_header(struct elf_form form, const unsigned char *bytes, size_t size,
                              size_t *ret_size);
/* Fills what the dynamic section tells of an image; NULL: no memory. */
struct foreign *foreign_create(struct image *image, struct elf_form form);
void foreign_destroy(struct foreign *foreign); /* NULL is fine */

/* The section headers of a file; NULL when it has none. */
struct sections;
struct sections *sections_create(int fd);
void sections_destroy(struct sections *sections); /* NULL is fine */
bool sections_find(const struct sections *sections, const char *name, Elf64_Shdr *ret_header);

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
    uint64_t modified, changed; /* ns since 1970 */
    dev_t device;
};
bool file_facts_read(int fd, const char *path, struct file_facts *ret_facts);
/* Opens a regular file for reading; -1 and *reterr when it is none. */
int file_open(const char *path, enum engraft_status *ret_status, struct engraft_error *reterr);
/* Bounded read of a file; false with errno (0 at the file's end) unless all of it was read. */
bool file_read(int fd, void *buffer, size_t length, uint64_t offset);
enum engraft_status file_modules(const char *path, struct deep_modules *ret_modules,
                                 struct engraft_error *reterr);
/* Closes what file_modules(), pid_modules() and core_modules() opened. */
void modules_release(struct deep_modules *modules);
enum engraft_status pid_modules(pid_t pid, struct deep_modules *ret_modules,
                                struct engraft_error *reterr);
/* Bounded read of another process; false unless all of it was read. */
bool pid_read(pid_t pid, uint64_t address, void *buffer, size_t length);
/* The modules of a core file; `fd` is owned by the modules, or closed on failure. */
enum engraft_status core_modules(const char *path, int fd, struct deep_modules *ret_modules,
                                 struct engraft_error *reterr);
void core_destroy(struct core *core); /* NULL is fine */
/* What was dumped of the process's memory; false unless all of it was. */
bool core_read(const struct core *core, uint64_t address, void *buffer, size_t length);
/* Whole content of a small file of /proc, NUL-terminated; NULL with errno. Release with free(). */
char *proc_read(const char *path, size_t limit, size_t *ret_length);

#endif
