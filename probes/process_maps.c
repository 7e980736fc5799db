/* SPDX-License-Identifier: MIT */
/*
 * Which objects a process has loaded. /proc/PID/maps as text is mostly formatting of numbers and of
 * path names that nobody looks at: Linux 6.11 on answers PROCMAP_QUERY on the same descriptor, which
 * was measured to take less than two thirds of the time. Older kernels get their text parsed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "error.h"
#include "processes.h"

#define TEXT_MAX (64u << 20)

/* ---- PROCMAP_QUERY, from linux/fs.h (6.11), which the C library's headers may be older than ---- */

struct map_query {
    uint64_t size;
    uint64_t flags;
    uint64_t address;
    uint64_t start, end;
    uint64_t vma_flags;
    uint64_t page_size;
    uint64_t offset;
    uint64_t inode;
    uint32_t device_major, device_minor;
    uint32_t name_size; /* in: room; out: with the NUL */
    uint32_t build_id_size;
    uint64_t name_address;
    uint64_t build_id_address;
};

#define MAP_QUERY _IOWR('f', 17, struct map_query)

enum { VMA_WRITABLE = 2, VMA_EXECUTABLE = 4, VMA_SHARED = 8, COVERING_OR_NEXT = 16, FILE_BACKED = 32 };

static bool query(struct process_maps *maps, struct process_mapping *ret_mapping)
{
    struct map_query query = {
        .size = sizeof query,
        .flags = COVERING_OR_NEXT | FILE_BACKED,
        .address = maps->at,
    };

    if (ioctl(maps->fd, MAP_QUERY, &query) != 0)
        return false;
    *ret_mapping = (struct process_mapping){
        .start = query.start,
        .end = query.end,
        .offset = query.offset,
        .inode = query.inode,
        .device = makedev(query.device_major, query.device_minor),
        .executable = query.vma_flags & VMA_EXECUTABLE,
        .writable = query.vma_flags & VMA_WRITABLE,
        .shared = query.vma_flags & VMA_SHARED,
    };
    maps->at = query.end;
    return true;
}

static char *query_path(struct process_maps *maps, const struct process_object *object)
{
    struct map_query query = {
        .size = sizeof query,
        .address = object->start,
        .name_size = sizeof maps->name,
        .name_address = (uintptr_t)maps->name,
    };

    if (ioctl(maps->fd, MAP_QUERY, &query) != 0 || query.name_size == 0 ||
        query.name_size > sizeof maps->name || query.start != object->start ||
        query.inode != object->inode)
        return NULL;
    maps->name[query.name_size - 1] = '\0';
    return maps->name;
}

/* ---- the text ---- */

static bool text_read(struct process_maps *maps)
{
    maps->length = 0;
    for (;;) {
        ssize_t done;

        if (maps->room - maps->length < 8192) {
            size_t room = maps->room ? maps->room * 2 : 65536;
            char *larger = room <= TEXT_MAX ? realloc(maps->text, room) : NULL;

            if (!larger) {
                errno = ENOMEM;
                return false;
            }
            maps->text = larger;
            maps->room = room;
        }
        done = read(maps->fd, maps->text + maps->length, maps->room - maps->length - 1);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0)
            return false;
        if (done == 0)
            break;
        maps->length += (size_t)done;
    }
    maps->text[maps->length] = '\0';
    maps->rest = maps->text;
    return true;
}

static bool number_parse(char **at, unsigned base, char end, uint64_t *ret_value)
{
    uint64_t value = 0;
    const char *first = *at;

    for (;; ++*at) {
        char c = **at;
        unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                         : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                                : 16;

        if (digit >= base)
            break;
        value = value * base + digit;
    }
    *ret_value = value;
    return *at != first && *(*at)++ == end;
}

/* start-end perms offset major:minor inode    path */
static bool line_parse(char *line, struct process_mapping *ret_mapping)
{
    uint64_t major, minor;
    char *at = line;

    if (!number_parse(&at, 16, '-', &ret_mapping->start) ||
        !number_parse(&at, 16, ' ', &ret_mapping->end) || strnlen(at, 5) < 5 || at[4] != ' ')
        return false;
    ret_mapping->writable = at[1] == 'w';
    ret_mapping->executable = at[2] == 'x';
    ret_mapping->shared = at[3] == 's';
    at += 5;
    if (!number_parse(&at, 16, ' ', &ret_mapping->offset) || !number_parse(&at, 16, ':', &major) ||
        !number_parse(&at, 16, ' ', &minor) || !number_parse(&at, 10, ' ', &ret_mapping->inode))
        return false;
    ret_mapping->device = makedev((unsigned)major, (unsigned)minor);
    ret_mapping->path = at + strspn(at, " ");
    return ret_mapping->path[0] == '/' && ret_mapping->inode != 0;
}

static bool text_next(struct process_maps *maps, struct process_mapping *ret_mapping)
{
    while (*maps->rest) {
        char *line = maps->rest;

        maps->rest += strcspn(line, "\n");
        if (*maps->rest)
            *maps->rest++ = '\0';
        if (line_parse(line, ret_mapping))
            return true;
    }
    return false;
}

/* ---- objects ---- */

static bool mapping_next(struct process_maps *maps)
{
    maps->pending = maps->no_query ? text_next(maps, &maps->next) : query(maps, &maps->next);
    return maps->pending;
}

/* The kernel writes a newline in a path as \012 in the text, and leaves everything else as it is. */
static void path_decode(char *path)
{
    char *to = path;

    while (*path) {
        if (strncmp(path, "\\012", 4) == 0) {
            *to++ = '\n';
            path += 4;
        } else {
            *to++ = *path++;
        }
    }
    *to = '\0';
}

static enum process_maps_status begin(struct process_maps *maps)
{
    if (!maps->no_query) {
        if (mapping_next(maps) || errno == ENOENT)
            return PROCESS_MAPS_OK;
        if (errno == ESRCH)
            return PROCESS_MAPS_NONE;
        maps->no_query = true; /* ENOTTY from an older kernel, or whatever a sandbox answers */
    }
    if (!text_read(maps))
        return errno == ESRCH ? PROCESS_MAPS_NONE : PROCESS_MAPS_FAILED;
    if (maps->length == 0)
        return PROCESS_MAPS_NONE;
    mapping_next(maps);
    return PROCESS_MAPS_OK;
}

enum process_maps_status process_maps_begin(struct process_maps *maps, pid_t pid)
{
    enum process_maps_status status;
    char path[64];

    text_format(path, sizeof path, "%d/maps", (int)pid);
    maps->fd = openat(maps->directory, path, O_RDONLY | O_CLOEXEC);
    if (maps->fd < 0)
        return errno == ENOENT || errno == ESRCH ? PROCESS_MAPS_NONE : PROCESS_MAPS_FAILED;
    maps->at = 0;
    maps->path = NULL;
    status = begin(maps);
    if (status != PROCESS_MAPS_OK) {
        int number = errno;

        process_maps_end(maps);
        errno = number;
    }
    return status;
}

static void object_add(struct process_object *object, const struct process_mapping *mapping)
{
    object->executable |= mapping->executable;
    object->loaded |= !mapping->shared &&
                      (mapping->executable || (mapping->writable && mapping->offset > 0));
}

bool process_maps_next(struct process_maps *maps, struct process_object *ret_object)
{
    struct process_mapping last = maps->next;

    if (!maps->pending)
        return false;
    *ret_object = (struct process_object){
        .start = last.start,
        .end = last.end,
        .offset = last.offset,
        .device = last.device,
        .inode = last.inode,
    };
    maps->path = last.path;
    object_add(ret_object, &last);
    while (mapping_next(maps)) {
        const struct process_mapping *next = &maps->next;

        if (next->inode != last.inode || next->device != last.device || next->offset == 0 ||
            next->offset < last.offset)
            break;
        object_add(ret_object, next);
        last = *next;
    }
    return true;
}

char *process_maps_path(struct process_maps *maps, const struct process_object *object)
{
    if (!maps->no_query)
        maps->path = query_path(maps, object);
    if (!maps->path || maps->path[0] != '/')
        return NULL;
    path_decode(maps->path);
    return maps->path;
}

void process_maps_end(struct process_maps *maps)
{
    close(maps->fd);
    maps->fd = -1;
}

void process_maps_release(struct process_maps *maps)
{
    free(maps->text);
    maps->text = NULL;
    maps->room = 0;
}
