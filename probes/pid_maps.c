/* SPDX-License-Identifier: MIT */
#include "pid_maps.h"

#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

struct mapping {
    uint64_t start, end, offset, inode;
    dev_t device;
    bool executable;
    char *path;
};

static bool number_parse(char **at, int base, char end, uint64_t *ret_value)
{
    char *rest;

    if (**at == '-' || **at == ' ')
        return false;
    *ret_value = strtoull(*at, &rest, base);
    if (rest == *at || *rest != end)
        return false;
    *at = rest + 1;
    return true;
}

/* The kernel writes a newline in a path as \012 and leaves everything else as it is. */
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

/* start-end perms offset major:minor inode    path */
static bool line_parse(char *line, struct mapping *ret_mapping)
{
    struct mapping mapping = {.path = NULL};
    uint64_t major, minor;
    char *at = line;

    if (!number_parse(&at, 16, '-', &mapping.start) || !number_parse(&at, 16, ' ', &mapping.end))
        return false;
    if (strlen(at) < 5 || at[4] != ' ')
        return false;
    mapping.executable = at[2] == 'x';
    at += 5;
    if (!number_parse(&at, 16, ' ', &mapping.offset) || !number_parse(&at, 16, ':', &major) ||
        !number_parse(&at, 16, ' ', &minor) || !number_parse(&at, 10, ' ', &mapping.inode))
        return false;
    mapping.device = makedev((unsigned)major, (unsigned)minor);
    at += strspn(at, " ");
    if (*at != '/' || mapping.inode == 0)
        return false;
    path_decode(at);
    mapping.path = at;
    *ret_mapping = mapping;
    return true;
}

/* An object is mapped with rising offsets from its ELF header on. */
static bool continues(const struct mapped_files *files, uint64_t offset,
                      const struct mapping *mapping)
{
    const struct mapped_file *last;

    if (files->count == 0 || mapping->offset == 0)
        return false;
    last = &files->items[files->count - 1];
    return last->inode == mapping->inode && last->device == mapping->device &&
           mapping->offset >= offset;
}

static bool file_add(struct mapped_files *files, const struct mapping *mapping)
{
    struct mapped_file *items = files->items;

    if ((files->count & (files->count - 1)) == 0) {
        size_t room = files->count ? files->count * 2 : 1;

        items = realloc(items, room * sizeof *items);
        if (!items)
            return false;
        files->items = items;
    }
    items[files->count] = (struct mapped_file){
        .start = mapping->start,
        .end = mapping->end,
        .offset = mapping->offset,
        .device = mapping->device,
        .inode = mapping->inode,
        .executable = mapping->executable,
        .path = strdup(mapping->path),
    };
    return items[files->count++].path != NULL;
}

bool maps_parse(char *text, struct mapped_files *ret_files)
{
    struct mapped_files files = {NULL, 0};
    uint64_t offset = 0;
    char *rest = NULL;

    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        struct mapping mapping;

        if (!line_parse(line, &mapping))
            continue;
        if (continues(&files, offset, &mapping)) {
            files.items[files.count - 1].executable |= mapping.executable;
        } else if (!file_add(&files, &mapping)) {
            maps_clear(&files);
            return false;
        }
        offset = mapping.offset;
    }
    *ret_files = files;
    return true;
}

void maps_clear(struct mapped_files *files)
{
    for (size_t i = 0; i < files->count; i++)
        free(files->items[i].path);
    free(files->items);
    files->items = NULL;
    files->count = 0;
}
