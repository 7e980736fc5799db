/* SPDX-License-Identifier: MIT */
/*
 * Files that many processes map, each looked at once. A file that is mapped keeps its inode, so
 * device and inode name it within a snapshot; between snapshots its size and times have to be the
 * same, too.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "identify.h"
#include "pid_maps.h"
#include "readers.h"

struct file {
    dev_t device; /* as /proc/PID/maps has it */
    uint64_t inode;
    unsigned snapshot; /* in which it was looked at last */
    bool readable;
    struct file_facts facts;
    struct identity identity;
};

struct identities {
    struct file **files; /* open addressing; NULL: the place is free */
    size_t room, count; /* room: a power of two */
    unsigned snapshot;
    struct identities_counts counts;
};

struct identities *identities_create(void)
{
    struct identities *identities = calloc(1, sizeof *identities);

    if (!identities)
        return NULL;
    identities->room = 1024;
    identities->files = calloc(identities->room, sizeof *identities->files);
    identities->snapshot = 1;
    if (identities->files)
        return identities;
    free(identities);
    return NULL;
}

static void file_destroy(struct file *file)
{
    if (!file)
        return;
    identity_clear(&file->identity);
    free(file);
}

void identities_destroy(struct identities *identities)
{
    if (!identities)
        return;
    for (size_t i = 0; i < identities->room; i++)
        file_destroy(identities->files[i]);
    free(identities->files);
    free(identities);
}

static struct file **place_of(const struct identities *identities, dev_t device, uint64_t inode)
{
    uint64_t hash = (inode ^ ((uint64_t)device << 32)) * 0x9e3779b97f4a7c15ull;
    size_t at = (size_t)(hash >> 32) & (identities->room - 1);
    const struct file *file;

    while ((file = identities->files[at]) && (file->inode != inode || file->device != device))
        at = (at + 1) & (identities->room - 1);
    return &identities->files[at];
}

/* Moves everything to a table of `room` places; what was not mapped since `oldest` is forgotten. */
static bool rehash(struct identities *identities, size_t room, unsigned oldest)
{
    struct identities moved = *identities;

    moved.files = calloc(room, sizeof *moved.files);
    if (!moved.files)
        return false;
    moved.room = room;
    moved.count = 0;
    for (size_t i = 0; i < identities->room; i++) {
        struct file *file = identities->files[i];

        if (!file)
            continue;
        if (file->snapshot < oldest) {
            file_destroy(file);
            continue;
        }
        *place_of(&moved, file->device, file->inode) = file;
        moved.count++;
    }
    free(identities->files);
    *identities = moved;
    return true;
}

/* Without memory to move, the old ones stay: more than is needed, and right. */
void identities_renew(struct identities *identities)
{
    rehash(identities, identities->room, identities->snapshot);
    identities->snapshot++;
    identities->counts = (struct identities_counts){0, 0, 0};
}

struct identities_counts identities_counts(const struct identities *identities)
{
    return identities->counts;
}

static bool is_unchanged(const struct file_facts *first, const struct file_facts *second)
{
    return first->device == second->device && first->inode == second->inode &&
           first->size == second->size && first->modified == second->modified &&
           first->changed == second->changed;
}

static bool starts_as_elf(int fd)
{
    char magic[SELFMAG];

    return file_read(fd, magic, sizeof magic, 0) && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* An emulator maps the program of another machine to read it: nothing of it runs as it is. */
static bool runs_here(const struct image *image)
{
#if defined __x86_64__
    return image->machine == EM_X86_64 || image->machine == EM_386;
#elif defined __aarch64__
    return image->machine == EM_AARCH64 || image->machine == EM_ARM;
#else
    (void)image;
    return true;
#endif
}

/* Looks at a file from scratch; closes fd. False: out of memory. */
static bool file_identify(int fd, const char *path, struct file *file, bool *ret_read)
{
    struct reader_source source = {.fd = fd};
    struct image image;
    bool done = true;

    identity_clear(&file->identity);
    *ret_read = true;
    if (!starts_as_elf(fd)) {
        close(fd);
        return true;
    }
    if (reader_open(path, &source, &image, NULL) != ENGRAFT_OK) {
        *ret_read = false; /* reader_open() has closed fd */
        return true;
    }
    done = !runs_here(&image) || identify_image(&image, &file->identity);
    reader_close(&image);
    return done;
}

static bool file_renew(struct identities *identities, pid_t pid, const struct mapped_file *mapped,
                       struct file *file)
{
    int fd = mapped_file_open(pid, mapped);
    struct file_facts facts;
    bool done;

    if (fd < 0 || !file_facts_read(fd, NULL, &facts)) {
        if (fd >= 0)
            close(fd);
        identity_clear(&file->identity);
        file->readable = false;
        identities->counts.failed++;
        return true;
    }
    if (file->readable && is_unchanged(&file->facts, &facts)) {
        close(fd);
        identities->counts.known++;
        return true;
    }
    file->facts = facts;
    done = file_identify(fd, mapped->path, file, &file->readable);
    if (file->readable)
        identities->counts.read++;
    else
        identities->counts.failed++;
    return done;
}

const struct identity *identities_of(struct identities *identities, pid_t pid,
                                     const struct mapped_file *mapped)
{
    struct file **place;

    if (identities->count * 2 >= identities->room && !rehash(identities, identities->room * 2, 1))
        return NULL;
    place = place_of(identities, mapped->device, mapped->inode);
    if (!*place) {
        *place = calloc(1, sizeof **place);
        if (!*place)
            return NULL;
        (*place)->device = mapped->device;
        (*place)->inode = mapped->inode;
        identities->count++;
    }
    if ((*place)->snapshot == identities->snapshot)
        return &(*place)->identity;
    (*place)->snapshot = identities->snapshot;
    return file_renew(identities, pid, mapped, *place) ? &(*place)->identity : NULL;
}
