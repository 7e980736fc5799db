/* SPDX-License-Identifier: MIT */
/*
 * A look into a file before it is loaded, so that a library that has nothing to do with any engine
 * costs its dlopen() and little more. Reads with pread(), never maps: a file that is cut short
 * meanwhile must not end the host.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "relinker.h"

#define PEEK_HEADER 4096
#define PEEK_LIMIT ((uint64_t)1 << 32) /* address space a file may span; pages are touched lazily */

static bool file_fetch(const struct image *image, uint64_t vaddr, uint64_t length)
{
    int fd = *(const int *)image->reader;

    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t at = vaddr - segment->vaddr;

        if (at >= segment->memory_size)
            continue;
        if (at >= segment->file_size)
            return true; /* .bss: zero already */
        if (length > segment->file_size - at)
            length = segment->file_size - at;
        return pread(fd, (void *)(uintptr_t)(image->memory + vaddr), length,
                     (off_t)(segment->offset + at)) == (ssize_t)length;
    }
    return false;
}

/* The span is not known before the program headers are read: they are read twice. */
static bool file_image(struct arena *arena, int *fd, const char *path, struct image *image)
{
    unsigned char *header = arena_allocate(arena, PEEK_HEADER);
    ssize_t size = header ? pread(*fd, header, PEEK_HEADER, 0) : -1;

    memset(image, 0, sizeof *image);
    image->path = path;
    if (size <= 0 || image_read_headers(header, (size_t)size, image, NULL) != ENGRAFT_OK ||
        image->vaddr_end > PEEK_LIMIT)
        return false;
    image->memory = arena_allocate(arena, image->vaddr_end);
    image->fetch = file_fetch;
    image->reader = fd;
    if (!image->memory)
        return false;
    image_read_dynamic(image);
    return image->dynamic != NULL;
}

struct residents {
    const struct image *image;
    bool all;
};

static bool is_resident_name(const char *name)
{
    for (struct link_map *map = self_first_map(); map; map = map->l_next) {
        const char *path = map->l_name ? map->l_name : "";
        struct image image;

        if (strcmp(strchr(name, '/') ? path : path_file_name(path), name) != 0)
            continue;
        if (strchr(name, '/'))
            return true;
        if (image_read_map(map, &image, NULL) == ENGRAFT_OK && image.soname &&
            strcmp(image.soname, name) == 0)
            return true;
    }
    return false;
}

/* By file name and SONAME, as ld.so would take it; what is resident in another way costs a survey, no
 * more. */
static void residents_check(void *argument)
{
    struct residents *residents = argument;
    const char *needed;

    residents->all = true;
    for (size_t i = 0; residents->all && (needed = image_needed(residents->image, i)); i++)
        residents->all = is_resident_name(needed);
}

static bool names_engine(const struct image *image, const struct presence *presence)
{
    for (uint32_t i = 1; i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];
        const char *name;

        if (symbol->st_shndx != SHN_UNDEF)
            continue;
        name = image_name(image, symbol->st_name);
        for (const char *prefix = presence->prefixes; name && *prefix;
             prefix += strlen(prefix) + 1)
            if (strncmp(name, prefix, strlen(prefix)) == 0)
                return true;
    }
    return false;
}

struct peek {
    struct arena arena;
    struct image image;
    int fd;
};

static bool peek_open(struct peek *peek, const char *path, const struct presence *presence)
{
    memset(peek, 0, sizeof *peek);
    if (!strchr(path, '/') || strchr(path, '$') || presence->prefixes_overflow)
        return false; /* which file that is, is ld.so's to say */
    peek->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (peek->fd < 0)
        return false;
    if (file_image(&peek->arena, &peek->fd, path, &peek->image))
        return true;
    close(peek->fd);
    arena_release(&peek->arena);
    return false;
}

static void peek_close(struct peek *peek)
{
    close(peek->fd);
    arena_release(&peek->arena);
}

bool peek_is_unconcerned(const char *path, const struct presence *presence)
{
    struct residents residents;
    struct peek peek;
    bool unconcerned;

    if (!peek_open(&peek, path, presence))
        return false;
    residents.image = &peek.image;
    self_locked(residents_check, &residents);
    unconcerned = residents.all && !names_engine(&peek.image, presence);
    peek_close(&peek);
    return unconcerned;
}

bool peek_names_engine(const char *path, const struct presence *presence)
{
    struct peek peek;
    bool names;

    if (!peek_open(&peek, path, presence))
        return false;
    names = names_engine(&peek.image, presence);
    peek_close(&peek);
    return names;
}
