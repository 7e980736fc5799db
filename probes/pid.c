/* SPDX-License-Identifier: MIT */
/*
 * The modules of a running process: which files are mapped, from /proc/PID/maps; their content from
 * the files, or from the process's memory where no path leads to the file any more; data that
 * changes always from the memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "error.h"
#include "pid_maps.h"
#include "readers.h"

#define MAPS_MAX (64u << 20)
#define DELETED " (deleted)"

/* ---- /proc ------------------------------------------------------------------------------------------- */

char *proc_read(const char *path, size_t limit, size_t *ret_length)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    size_t room = 0, length = 0;
    char *text = NULL;

    while (fd >= 0) {
        ssize_t done;

        if (room - length < 2) {
            char *larger = room < limit ? realloc(text, room = room ? room * 2 : 8192) : NULL;

            if (!larger) {
                errno = ENOMEM;
                break;
            }
            text = larger;
        }
        done = read(fd, text + length, room - length - 1);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            break;
        if (done == 0) {
            close(fd);
            text[length] = '\0';
            *ret_length = length;
            return text;
        }
        length += (size_t)done;
    }
    if (fd >= 0) {
        int number = errno;

        close(fd);
        errno = number;
    }
    free(text);
    return NULL;
}

bool pid_read(pid_t pid, uint64_t address, void *buffer, size_t length)
{
    unsigned char *at = buffer;

    while (length) {
        struct iovec local = {at, length};
        struct iovec remote = {(void *)(uintptr_t)address, length};
        ssize_t done = process_vm_readv(pid, &local, 1, &remote, 1, 0);

        if (done <= 0)
            return false;
        at += done;
        address += (uint64_t)done;
        length -= (size_t)done;
    }
    return true;
}

/* ---- why a process has no modules --------------------------------------------------------------------- */

#define PROCESS_KERNEL_THREAD 0x00200000ul /* PF_KTHREAD of the kernel's task flags */

/* State letter and flags: the fields behind the command's name, which may hold anything. */
static bool stat_read(pid_t pid, char *ret_state, unsigned long *ret_flags)
{
    char path[64], *text, *at;
    size_t length;
    bool known = false;

    text_format(path, sizeof path, "/proc/%d/stat", (int)pid);
    text = proc_read(path, 65536, &length);
    at = text ? strrchr(text, ')') : NULL;
    if (at && at[1] == ' ') {
        *ret_state = at[2];
        at += 3;
        for (int field = 3; field < 8 && *at; field++) /* to the space before field 9 */
            at = at + 1 + strcspn(at + 1, " ");
        *ret_flags = strtoul(at, NULL, 10);
        known = true;
    }
    free(text);
    return known;
}

static enum engraft_status without_memory(pid_t pid, struct engraft_error *reterr)
{
    char name[32], state = 0;
    unsigned long flags = 0;

    text_format(name, sizeof name, "%d", (int)pid);
    if (!stat_read(pid, &state, &flags))
        return error_set(reterr, ENGRAFT_NOT_FOUND, name, NULL, "no such process");
    if (flags & PROCESS_KERNEL_THREAD)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, name, NULL,
                         "a kernel thread: it has no modules");
    if (state == 'Z' || state == 'X')
        return error_set(reterr, ENGRAFT_NOT_FOUND, name, NULL,
                         "a zombie: the process has ended and its memory is gone");
    return error_set(reterr, ENGRAFT_UNSUPPORTED, name, NULL, "no ELF object is mapped");
}

static enum engraft_status maps_failed(pid_t pid, int number, struct engraft_error *reterr)
{
    char name[32];

    text_format(name, sizeof name, "%d", (int)pid);
    if (number == ENOENT || number == ESRCH)
        return error_set(reterr, ENGRAFT_NOT_FOUND, name, NULL, "no such process");
    if (number == EACCES || number == EPERM)
        return error_set(reterr, ENGRAFT_SYSTEM, name, NULL,
                         "no permission to read the process (%s): run as its user or as root",
                         strerror(number));
    return error_set(reterr, ENGRAFT_SYSTEM, name, NULL, "/proc/%d/maps: %s", (int)pid,
                     strerror(number));
}

/* ---- the file of a mapping ------------------------------------------------------------------------------ */

static bool is_same_file(int fd, const struct mapped_file *file)
{
    struct file_facts found;

    return file_facts_read(fd, NULL, &found) && S_ISREG(found.mode) &&
           found.device == file->device && found.inode == file->inode;
}

/* Opens what a descriptor of O_PATH names, when it is a regular file: opening a device for reading
 * may wind a tape. Closes `named`. */
static int open_regular(int named)
{
    struct file_facts facts;
    char path[64];
    int fd = -1;

    if (named < 0)
        return -1;
    if (file_facts_read(named, NULL, &facts) && S_ISREG(facts.mode)) {
        text_format(path, sizeof path, "/proc/self/fd/%d", named);
        fd = open(path, O_RDONLY | O_CLOEXEC);
    }
    close(named);
    return fd;
}

static int close_other(int fd, const struct mapped_file *file)
{
    if (fd >= 0 && !is_same_file(fd, file)) {
        close(fd);
        fd = -1;
    }
    return fd;
}

/* Follows links of the target's file system inside its root, never out of it. */
static int open_in_root(pid_t pid, const char *path, const struct mapped_file *file)
{
    struct open_how how = {
        .flags = O_PATH | O_CLOEXEC,
        .resolve = RESOLVE_IN_ROOT,
    };
    char root_path[64];
    int root, fd;

    text_format(root_path, sizeof root_path, "/proc/%d/root", (int)pid);
    root = open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        return -1;
    fd = (int)syscall(SYS_openat2, root, path, &how, sizeof how);
    close(root);
    return open_regular(close_other(fd, file));
}

/* map_files is the mapped file itself, whatever became of its name; the kernel wants a capability
 * for it. The others are names, which may lead elsewhere by now. */
int mapped_file_open(pid_t pid, const struct mapped_file *file)
{
    char path[128];
    int fd;

    text_format(path, sizeof path, "/proc/%d/map_files/%lx-%lx", (int)pid,
                (unsigned long)file->start, (unsigned long)file->end);
    fd = open_regular(open(path, O_PATH | O_CLOEXEC));
    if (fd >= 0)
        return fd;
    text_format(path, sizeof path, "/proc/%d/exe", (int)pid);
    fd = open_regular(close_other(open(path, O_PATH | O_CLOEXEC), file));
    return fd >= 0 ? fd : open_in_root(pid, file->path, file);
}

/* A file that really is called "x (deleted)" can be opened by that name. */
static void deleted_strip(pid_t pid, struct mapped_file *file)
{
    size_t length = strlen(file->path), ending = strlen(DELETED);
    int fd;

    if (length <= ending || strcmp(file->path + length - ending, DELETED) != 0)
        return;
    fd = open_in_root(pid, file->path, file);
    if (fd >= 0)
        close(fd);
    else
        file->path[length - ending] = '\0';
}

/* ---- modules --------------------------------------------------------------------------------------------- */

static bool file_is_elf(int fd)
{
    char magic[SELFMAG];

    return fd >= 0 && file_read(fd, magic, sizeof magic, 0) && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

static bool memory_is_elf(pid_t pid, const struct mapped_file *file)
{
    char magic[SELFMAG];

    return file->offset == 0 && pid_read(pid, file->start, magic, sizeof magic) &&
           memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* NOT_FOUND: what is mapped is no object. A file that was overwritten under the process is read from
 * its memory, which is what runs. */
static enum engraft_status module_open(pid_t pid, bool readable, struct mapped_file *file,
                                       struct image *ret_image, struct engraft_error *reterr)
{
    int fd = mapped_file_open(pid, file);
    struct reader_source source = {
        .fd = file_is_elf(fd) ? fd : -1,
        .pid = pid,
        .readable = readable,
        .map_start = file->start,
        .map_offset = file->offset,
        .map_executable = file->executable,
    };
    enum engraft_status status = ENGRAFT_FORMAT;

    if (fd >= 0 && source.fd < 0)
        close(fd);
    if (source.fd < 0 && !(readable && memory_is_elf(pid, file)))
        return fd < 0 && !readable
                   ? error_set(reterr, ENGRAFT_SYSTEM, file->path, NULL,
                               "neither its file nor the memory of the process can be read")
                   : error_set(reterr, ENGRAFT_NOT_FOUND, file->path, NULL, "not an ELF object");
    deleted_strip(pid, file);
    if (source.fd >= 0)
        status = reader_open(file->path, &source, ret_image, reterr);
    if (status == ENGRAFT_FORMAT && readable) {
        source.fd = -1;
        status = reader_open(file->path, &source, ret_image, reterr);
    }
    return status;
}

/* The executable first. */
static void executable_first(pid_t pid, struct mapped_files *files)
{
    char path[64];
    struct file_facts executable;

    text_format(path, sizeof path, "/proc/%d/exe", (int)pid);
    if (!file_facts_read(-1, path, &executable))
        return;
    for (size_t i = 1; i < files->count; i++) {
        struct mapped_file file = files->items[i];

        if (file.inode != executable.inode || file.device != executable.device)
            continue;
        memmove(&files->items[1], &files->items[0], i * sizeof file);
        files->items[0] = file;
        return;
    }
}

/* UNSUPPORTED: a file that is mapped as data, most of all. */
static bool is_missing(const struct mapped_file *file, enum engraft_status status)
{
    return file->executable && status != ENGRAFT_NOT_FOUND && status != ENGRAFT_UNSUPPORTED;
}

static void missing_add(struct deep_modules *modules, const struct mapped_file *file,
                        const struct engraft_error *error)
{
    struct deep_missing *missing = &modules->missing[modules->missing_count];

    missing->path = strdup(file->path);
    if (!missing->path)
        return;
    text_format(missing->reason, sizeof missing->reason, "%s", error->reason);
    modules->missing_count++;
}

/* A process may map a large file ten thousand times, and make us read it as often. */
static bool is_enough(const struct mapped_files *files, size_t index)
{
    const struct mapped_file *file = &files->items[index];
    unsigned times = 0;

    for (size_t i = 0; file->executable && i < index && times < MODULE_TIMES_MAX; i++)
        times += files->items[i].inode == file->inode && files->items[i].device == file->device;
    return times == MODULE_TIMES_MAX;
}

static enum engraft_status modules_open(pid_t pid, struct mapped_files *files,
                                        struct deep_modules *modules,
                                        struct engraft_error *reterr)
{
    char probe;
    bool readable =
        files->count && pid_read(pid, files->items[0].start, &probe, sizeof probe);
    struct engraft_error first = {.status = ENGRAFT_OK};

    modules->images = calloc(files->count ? files->count : 1, sizeof *modules->images);
    modules->missing = calloc(files->count ? files->count : 1, sizeof *modules->missing);
    if (!modules->images || !modules->missing)
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    for (size_t i = 0; i < files->count; i++) {
        struct engraft_error error;
        enum engraft_status status;

        if (is_enough(files, i))
            continue;
        status =
            modules->count == MODULE_MAX
                ? error_set(&error, ENGRAFT_FORMAT, NULL, NULL, "one of more than %u objects",
                            MODULE_MAX)
                : module_open(pid, readable, &files->items[i], &modules->images[modules->count],
                              &error);

        if (status == ENGRAFT_OK)
            modules->count++;
        else if (is_missing(&files->items[i], status))
            missing_add(modules, &files->items[i], &error);
        if (i == 0 && status != ENGRAFT_OK)
            first = error;
    }
    if (modules->count)
        return ENGRAFT_OK;
    if (first.status == ENGRAFT_OK)
        return without_memory(pid, reterr);
    if (reterr)
        *reterr = first;
    return first.status;
}

enum engraft_status pid_modules(pid_t pid, struct deep_modules *ret_modules,
                                struct engraft_error *reterr)
{
    struct deep_modules modules = {.pid = (uint64_t)pid};
    struct mapped_files files;
    enum engraft_status status;
    char path[64], *text;
    size_t length = 0;

    text_format(path, sizeof path, "/proc/%d/maps", (int)pid);
    text = proc_read(path, MAPS_MAX, &length);
    if (!text)
        return maps_failed(pid, errno, reterr);
    if (length == 0 || !maps_parse(text, &files)) {
        free(text);
        return length == 0 ? without_memory(pid, reterr)
                           : error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    }
    free(text);
    executable_first(pid, &files);
    status = modules_open(pid, &files, &modules, reterr);
    maps_clear(&files);
    if (status == ENGRAFT_OK)
        *ret_modules = modules;
    else
        modules_release(&modules);
    return status;
}
