/* SPDX-License-Identifier: MIT */
/* The one module of an ELF file. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "error.h"
#include "readers.h"

static const char *kind_of_file(mode_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "a directory";
    case S_IFIFO:
        return "a pipe";
    case S_IFSOCK:
        return "a socket";
    default:
        return "a device";
    }
}

static uint64_t nanoseconds(const struct statx_timestamp *time)
{
    return (uint64_t)time->tv_sec * 1000000000u + time->tv_nsec;
}

bool file_facts_read(int fd, const char *path, struct file_facts *ret_facts)
{
    struct statx file;

    if (statx(path ? AT_FDCWD : fd, path ? path : "", path ? 0 : AT_EMPTY_PATH,
              STATX_BASIC_STATS, &file) != 0)
        return false;
    ret_facts->mode = file.stx_mode;
    ret_facts->size = file.stx_size;
    ret_facts->inode = file.stx_ino;
    ret_facts->modified = nanoseconds(&file.stx_mtime);
    ret_facts->changed = nanoseconds(&file.stx_ctime);
    ret_facts->device = makedev(file.stx_dev_major, file.stx_dev_minor);
    return true;
}

/* A device does things when it is opened: what is no regular file is not even opened. O_NONBLOCK: when
 * it has become a pipe meanwhile, there is no waiting for a writer. */
static int regular_open(const char *path)
{
    struct file_facts file;

    if (!file_facts_read(-1, path, &file))
        return -1;
    return open(path, O_CLOEXEC | O_NONBLOCK | O_NOCTTY |
                          (S_ISREG(file.mode) ? O_RDONLY : O_PATH));
}

int file_open(const char *path, enum engraft_status *ret_status, struct engraft_error *reterr)
{
    int fd = regular_open(path);
    enum engraft_status status;
    struct file_facts file;

    if (fd < 0) {
        int number = errno;

        status = error_set(reterr,
                           number == ENOENT || number == ENOTDIR ? ENGRAFT_NOT_FOUND
                                                                 : ENGRAFT_SYSTEM,
                           path, NULL, "%s", strerror(number));
    } else if (!file_facts_read(fd, NULL, &file)) {
        status = error_set(reterr, ENGRAFT_SYSTEM, path, NULL, "%s", strerror(errno));
    } else if (!S_ISREG(file.mode)) {
        status = error_set(reterr, ENGRAFT_FORMAT, path, NULL, "%s, not an ELF file",
                           kind_of_file(file.mode));
    } else if (file.size == 0) {
        status = error_set(reterr, ENGRAFT_FORMAT, path, NULL, "an empty file");
    } else {
        return fd;
    }
    if (fd >= 0)
        close(fd);
    if (ret_status)
        *ret_status = status;
    return -1;
}

bool file_read(int fd, void *buffer, size_t length, uint64_t offset)
{
    unsigned char *at = buffer;

    if (offset > INT64_MAX || length > INT64_MAX - offset) {
        errno = 0;
        return false;
    }
    while (length) {
        ssize_t done = pread(fd, at, length, (off_t)offset);

        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0) {
            if (done == 0)
                errno = 0;
            return false;
        }
        at += done;
        offset += (uint64_t)done;
        length -= (size_t)done;
    }
    return true;
}

void modules_release(struct deep_modules *modules)
{
    for (size_t i = 0; i < modules->count; i++)
        reader_close(&modules->images[i]);
    for (size_t i = 0; i < modules->missing_count; i++)
        free(modules->missing[i].path);
    free(modules->images);
    free(modules->missing);
    if (modules->is_core)
        core_destroy(modules->reader);
    memset(modules, 0, sizeof *modules);
}

static bool is_core(int fd)
{
    unsigned char header[sizeof(Elf32_Ehdr)];
    struct elf_form form;

    return file_read(fd, header, EI_NIDENT + 2, 0) && elf_form_of(header, &form) &&
           elf_read_u16(form, header + EI_NIDENT) == ET_CORE;
}

enum engraft_status file_modules(const char *path, struct deep_modules *ret_modules,
                                 struct engraft_error *reterr)
{
    enum engraft_status status = ENGRAFT_OK;
    struct reader_source source = {.fd = file_open(path, &status, reterr)};
    struct image *image;

    if (source.fd < 0)
        return status;
    if (is_core(source.fd))
        return core_modules(path, source.fd, ret_modules, reterr);
    image = calloc(1, sizeof *image);
    if (!image) {
        close(source.fd);
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    }
    status = reader_open(path, &source, image, reterr);
    if (status != ENGRAFT_OK) {
        free(image);
        return status;
    }
    *ret_modules = (struct deep_modules){.images = image, .count = 1};
    return ENGRAFT_OK;
}
