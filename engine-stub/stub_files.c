/* SPDX-License-Identifier: MIT */
#include "stub_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

/* The names a file has on its way: where it is written, and where the file that was in its place
 * is kept until both are in theirs. */
struct pending {
    char *temporary, *backup;
    bool written, kept, placed;
};

static enum engraft_status pending_init(struct pending *pending, const char *path,
                                        struct engraft_error *reterr)
{
    int pid = getpid();

    *pending = (struct pending){0};
    if (asprintf(&pending->temporary, "%s.%d.new", path, pid) < 0)
        pending->temporary = NULL;
    if (asprintf(&pending->backup, "%s.%d.old", path, pid) < 0)
        pending->backup = NULL;
    if (!pending->temporary || !pending->backup)
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    return ENGRAFT_OK;
}

static void pending_deinit(struct pending *pending)
{
    if (pending->written && !pending->placed)
        unlink(pending->temporary);
    if (pending->kept)
        unlink(pending->backup);
    free(pending->temporary);
    free(pending->backup);
}

static enum engraft_status file_write(struct pending *pending, const struct stub_file *file,
                                      struct engraft_error *reterr)
{
    int fd = open(pending->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);

    if (fd < 0)
        return error_set(reterr, errno == ENOENT ? ENGRAFT_NOT_FOUND : ENGRAFT_SYSTEM, file->path,
                         NULL, "cannot be created: %s", strerror(errno));
    pending->written = true;
    enum engraft_status status = elf_object_write(file->object, fd, file->path, reterr);
    if (close(fd) != 0 && status == ENGRAFT_OK)
        status = error_set(reterr, ENGRAFT_SYSTEM, file->path, NULL, "cannot be written: %s",
                           strerror(errno));
    return status;
}

static enum engraft_status file_place(struct pending *pending, const char *path,
                                      struct engraft_error *reterr)
{
    /* Not every file system has links; without one a second failure costs the old file. */
    pending->kept = link(path, pending->backup) == 0;
    if (rename(pending->temporary, path) != 0)
        return error_set(reterr, ENGRAFT_SYSTEM, path, NULL, "cannot be put in place: %s",
                         strerror(errno));
    pending->placed = true;
    return ENGRAFT_OK;
}

static void file_restore(struct pending *pending, const char *path)
{
    if (!pending->placed)
        return;
    if (pending->kept && rename(pending->backup, path) == 0)
        pending->kept = false;
    else
        unlink(path);
}

enum engraft_status stub_files_write(const struct stub_file files[2], struct engraft_error *reterr)
{
    struct pending pending[2] = {0};
    enum engraft_status status = ENGRAFT_OK;

    for (int i = 0; i < 2 && status == ENGRAFT_OK; i++)
        status = pending_init(&pending[i], files[i].path, reterr);
    for (int i = 0; i < 2 && status == ENGRAFT_OK; i++)
        status = file_write(&pending[i], &files[i], reterr);
    for (int i = 0; i < 2 && status == ENGRAFT_OK; i++)
        status = file_place(&pending[i], files[i].path, reterr);
    for (int i = 0; i < 2 && status != ENGRAFT_OK; i++)
        file_restore(&pending[i], files[i].path);
    for (int i = 0; i < 2; i++)
        pending_deinit(&pending[i]);
    return status;
}
