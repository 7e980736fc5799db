/* SPDX-License-Identifier: MIT */
#include "process_files.h"

#include <stdlib.h>
#include <string.h>

#include "pid_maps.h"
#include "readers.h"

/* ---- what is known of a file in this snapshot ---- */

/* By device and inode, open addressing. */
struct known_file {
    dev_t device;
    uint64_t inode;                  /* 0: a free place */
    struct identity identity;        /* its engines belong to the identities, or are recovered */
    bool failed;                     /* it could not be read so far */
    size_t process;                  /* the last process, by number, that was seen to map it */
};

struct known_files {
    struct known_file *items;
    size_t room, count; /* room is a power of two */
};

static struct known_file *known_place(const struct known_files *files, dev_t device,
                                      uint64_t inode)
{
    uint64_t hash = (inode ^ ((uint64_t)device << 40)) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(hash >> 20) & (files->room - 1);

    while (files->items[at].inode &&
           (files->items[at].inode != inode || files->items[at].device != device))
        at = (at + 1) & (files->room - 1);
    return &files->items[at];
}

static bool known_grow(struct known_files *files)
{
    struct known_files larger = {.room = files->room ? files->room * 2 : 1024};

    if (files->count * 2 < files->room)
        return true;
    larger.items = calloc(larger.room, sizeof *larger.items);
    if (!larger.items)
        return false;
    for (size_t i = 0; i < files->room; i++) {
        const struct known_file *file = &files->items[i];

        if (file->inode)
            *known_place(&larger, file->device, file->inode) = *file;
    }
    larger.count = files->count;
    free(files->items);
    *files = larger;
    return true;
}

/* A file that only one process led to: by its memory, its root, its link to the executable. */
struct recovered {
    struct recovered *next;
    struct identity identity;
};

struct process_files {
    struct identities *identities;
    struct known_files known;
    struct recovered *recovered;
    size_t process; /* which one of the snapshot's is being looked at */
};

/* ---- the whole ---- */

struct process_files *process_files_create(void)
{
    struct process_files *files = calloc(1, sizeof *files);

    if (!files)
        return NULL;
    files->identities = identities_create();
    if (files->identities)
        return files;
    free(files);
    return NULL;
}

static void recovered_clear(struct process_files *files)
{
    while (files->recovered) {
        struct recovered *recovered = files->recovered;

        files->recovered = recovered->next;
        identity_clear(&recovered->identity);
        free(recovered);
    }
}

void process_files_destroy(struct process_files *files)
{
    recovered_clear(files);
    identities_destroy(files->identities);
    free(files->known.items);
    free(files);
}

void process_files_renew(struct process_files *files)
{
    recovered_clear(files);
    identities_renew(files->identities);
    files->known.count = 0;
    if (files->known.room)
        memset(files->known.items, 0, files->known.room * sizeof *files->known.items);
    files->process = 0;
}

void process_files_next(struct process_files *files)
{
    files->process++;
}

void process_files_count(const struct process_files *files,
                         struct engraft_processes_summary *ret_summary)
{
    struct identities_counts counts = identities_counts(files->identities);
    size_t recovered = 0;

    for (const struct recovered *file = files->recovered; file; file = file->next)
        recovered++;
    ret_summary->files_known = counts.known;
    ret_summary->files_read = counts.read + recovered;
    ret_summary->files_failed = counts.failed - recovered;
}

/* ---- a file ---- */

static bool is_elf_in_memory(pid_t pid, const struct mapped_file *file)
{
    char magic[SELFMAG];

    return file->offset == 0 && pid_read(pid, file->start, magic, sizeof magic) &&
           memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* What could not be read by way of one process perhaps can by way of this one: a name leads to it in
 * its root, it is its executable, or its memory can be read. False: out of memory. */
static bool file_recover(struct process_files *files, pid_t pid, const struct mapped_file *mapped,
                         struct known_file *file)
{
    struct reader_source source = {
        .fd = mapped_file_open(pid, mapped),
        .pid = pid,
        .readable = is_elf_in_memory(pid, mapped),
        .map_start = mapped->start,
        .map_offset = mapped->offset,
        .map_executable = mapped->executable,
    };
    struct recovered *recovered;
    struct image image;
    bool enough;

    if (source.fd < 0 && !source.readable)
        return true;
    if (reader_open(mapped->path, &source, &image, NULL) != ENGRAFT_OK)
        return true;
    recovered = calloc(1, sizeof *recovered);
    enough = recovered && identify_image(&image, &recovered->identity);
    reader_close(&image);
    if (!enough) {
        free(recovered);
        return false;
    }
    recovered->next = files->recovered;
    files->recovered = recovered;
    file->identity = recovered->identity;
    file->failed = false;
    return true;
}

static bool file_ask(struct process_files *files, pid_t pid, const struct mapped_file *mapped,
                     struct known_file *file)
{
    size_t failed = identities_counts(files->identities).failed;
    const struct identity *identity = identities_of(files->identities, pid, mapped);

    if (!identity)
        return false;
    *file = (struct known_file){
        .device = mapped->device,
        .inode = mapped->inode,
        .identity = *identity,
        .failed = identities_counts(files->identities).failed != failed,
    };
    files->known.count++;
    return true;
}

bool process_files_identity(struct process_files *files, struct process_maps *maps, pid_t pid,
                            const struct process_object *object, struct identity *ret_identity)
{
    struct known_file *file;
    struct mapped_file mapped = {
        .start = object->start,
        .end = object->end,
        .offset = object->offset,
        .device = object->device,
        .inode = object->inode,
        .executable = object->executable,
    };

    *ret_identity = (struct identity){NULL, 0};
    if (!known_grow(&files->known))
        return false;
    file = known_place(&files->known, object->device, object->inode);
    if (!file->inode || (file->failed && file->process != files->process)) {
        mapped.path = process_maps_path(maps, object);
        if (!mapped.path)
            return true;
        if (!file->inode && !file_ask(files, pid, &mapped, file))
            return false;
        if (file->failed && !file_recover(files, pid, &mapped, file))
            return false;
    }
    if (file->process != files->process)
        *ret_identity = file->identity;
    file->process = files->process;
    return true;
}

