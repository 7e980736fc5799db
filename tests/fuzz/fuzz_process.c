/* SPDX-License-Identifier: MIT */
/* What /proc tells of a process: its mappings as text, its control group. The kernel writes both, and
 * processes choose the names in them. */
#include "fuzz.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probes/processes.h"

static volatile uint64_t sink;

/* A directory like /proc with the one process 1, whose maps lie in memory: a file that is written and
 * truncated for each run takes a disk's time. */
static int directory = -1, file = -1;
static char path[] = "/tmp/engraft-fuzz-XXXXXX";

static void remove_directory(void)
{
    unlinkat(directory, "1/maps", 0);
    unlinkat(directory, "1", AT_REMOVEDIR);
    rmdir(path);
}

static void make_directory(void)
{
    char link[32];

    if (!mkdtemp(path))
        abort();
    atexit(remove_directory);
    directory = open(path, O_RDONLY | O_DIRECTORY);
    if (mkdirat(directory, "1", 0700) != 0)
        abort();
    file = memfd_create("maps", 0);
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    if (file < 0 || symlinkat(link, directory, "1/maps") != 0)
        abort();
}

static void walk(struct process_maps *maps)
{
    struct process_object object;

    if (process_maps_begin(maps, 1) != PROCESS_MAPS_OK)
        return;
    while (process_maps_next(maps, &object)) {
        const char *name = process_maps_path(maps, &object);

        sink += object.start + object.inode + (name ? strlen(name) : 0);
    }
    process_maps_end(maps);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct process_maps maps = {.no_query = true};
    char *text = malloc(size + 1), name[32];

    if (directory < 0)
        make_directory();
    maps.directory = directory;
    if (!text || ftruncate(file, 0) != 0 || pwrite(file, bytes, size, 0) != (ssize_t)size)
        abort();
    walk(&maps);
    memcpy(text, bytes, size);
    text[size] = '\0';
    if (container_in_cgroup(text, name, sizeof name))
        sink += strlen(name);
    free(text);
    process_maps_release(&maps);
    return 0;
}
