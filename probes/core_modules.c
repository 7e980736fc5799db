/* SPDX-License-Identifier: MIT */
/*
 * The modules of a core file. A core holds the data of a module and, as a rule, its first page; code
 * and constants are in the file that was mapped, if that is still here: its build-id, its first page
 * or its dynamic section must be those of the core. A file that is gone or has been replaced is
 * reported as missing, and its module consists of what the core has.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core.h"
#include "error.h"

#define DELETED " (deleted)"
#define PAGE 4096u

/* Mappings of one file that follow each other. */
struct group {
    const struct core_mapping *first;
    size_t count;
    bool executable, described;
    char *path; /* without " (deleted)" when no such file exists */
};

/* ---- whether a file is the one that was mapped -------------------------------------------------------------- */

/* Both images describe the same object: is there a difference in what both can show? */
static bool build_ids_compare(const struct image *in_core, const struct image *file,
                              struct deep_missing *missing, bool *ret_known)
{
    char id[sizeof missing->build_id];

    reader_build_id(in_core, missing->build_id, sizeof missing->build_id);
    reader_build_id(file, id, sizeof id);
    *ret_known = missing->build_id[0] != '\0';
    if (!*ret_known || strcmp(id, missing->build_id) == 0)
        return true;
    text_format(missing->reason, sizeof missing->reason,
                id[0] ? "another file lies there now: its build-id is %s"
                      : "another file lies there now: it has no build-id", id);
    return false;
}

static uint64_t page_of(const struct core *core)
{
    return core->page_size > 1 ? core->page_size : (uint64_t)sysconf(_SC_PAGESIZE);
}

/* The distance between address and offset is that of some segment, for each mapping. Holes between
 * segments were mapped along with the first. */
static bool layout_fits(const struct group *group, const struct image *file, uint64_t page)
{
    for (size_t i = 0; i < group->count; i++) {
        const struct core_mapping *mapping = &group->first[i];
        unsigned at = 0;

        for (; at < file->segment_count; at++) {
            const struct image_segment *segment = &file->segments[at];

            if (mapping->start - mapping->offset == file->load_address +
                                                        (segment->vaddr & ~(page - 1)) -
                                                        (segment->offset & ~(page - 1)))
                break;
        }
        if (at == file->segment_count)
            return false;
    }
    return true;
}

/* Without a build-id in the core: the first page, which has the addresses and sizes of all segments. */
static bool first_pages_compare(const struct core *core, const struct group *group,
                                const struct image *file, bool *ret_known)
{
    unsigned char ours[PAGE], theirs[PAGE];

    *ret_known = group->first->offset == 0 &&
                 core_read(core, group->first->start, ours, sizeof ours) &&
                 file_read(reader_file(file), theirs, sizeof theirs, 0);
    return !*ret_known || memcmp(ours, theirs, sizeof ours) == 0;
}

/* Without that page: the tags of the dynamic section, and the sizes, which ld.so does not change. */
static bool dynamics_compare(const struct core *core, const struct image *file, bool *ret_known)
{
    size_t word = core->form.narrow ? 4 : 8;

    *ret_known = false;
    for (size_t i = 0; i < file->dynamic_count; i++) {
        int64_t tag = file->dynamic[i].d_tag;
        uint64_t address = file->load_address + file->dynamic_vaddr + i * 2 * word;
        unsigned char bytes[16];
        Elf64_Dyn entry;

        if (!core_read(core, address, bytes, 2 * word))
            return true;
        *ret_known = true;
        entry = elf_read_dynamic(core->form, bytes);
        if (entry.d_tag != tag)
            return false;
        if ((tag == DT_STRSZ || tag == DT_NEEDED || tag == DT_SONAME) &&
            entry.d_un.d_val != file->dynamic[i].d_un.d_val)
            return false;
    }
    return true;
}

static bool is_same(const struct core *core, const struct group *group,
                    const struct image *in_core, const struct image *file,
                    struct deep_missing *missing)
{
    bool known = false, same = true;

    if (in_core)
        same = build_ids_compare(in_core, file, missing, &known);
    if (known)
        return same;
    known = !layout_fits(group, file, page_of(core));
    same = !known;
    if (!known)
        same = first_pages_compare(core, group, file, &known);
    if (!known)
        same = dynamics_compare(core, file, &known);
    if (known && same)
        return true;
    text_format(missing->reason, sizeof missing->reason, "%s",
                known ? "another file lies there now"
                      : "nothing in the core tells whether this file was the one mapped");
    return false;
}

/* ---- one module --------------------------------------------------------------------------------------------- */

static struct reader_source source_of(const struct core *core, const struct group *group, int fd)
{
    return (struct reader_source){
        .fd = fd,
        .core = core,
        .page_size = page_of(core),
        .readable = true,
        .map_start = group->first->start,
        .map_offset = group->first->offset,
        .map_executable = group->executable || !group->described,
    };
}

static bool has_magic(const struct core *core, const struct group *group, int fd)
{
    char magic[SELFMAG];
    bool read = fd >= 0 ? file_read(fd, magic, sizeof magic, 0)
                        : group->first->offset == 0 &&
                              core_read(core, group->first->start, magic, sizeof magic);

    return read && memcmp(magic, ELFMAG, SELFMAG) == 0;
}

/* Whether all that an image takes from its file was dumped. */
static bool is_complete(const struct core *core, const struct image *image)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        if (core_room(core, image->load_address + segment->vaddr, segment->file_size) <
            segment->file_size)
            return false;
    }
    return true;
}

/* The file's image where it is the right one. False: *missing says why, unless the file is there and
 * was not loaded as an object. */
static bool file_image(const struct core *core, const struct group *group, const struct image *in_core,
                       struct image *ret_image, struct deep_missing *missing)
{
    struct engraft_error error = {.status = ENGRAFT_OK};
    int fd = file_open(group->path, NULL, &error);
    struct reader_source source;

    if (in_core)
        reader_build_id(in_core, missing->build_id, sizeof missing->build_id);
    if (fd < 0) {
        text_format(missing->reason, sizeof missing->reason, "%s", error.reason);
        return false;
    }
    source = source_of(core, group, fd);
    if (reader_open(group->path, &source, ret_image, &error) != ENGRAFT_OK) {
        if (in_core || error.status == ENGRAFT_SYSTEM)
            text_format(missing->reason, sizeof missing->reason, "%s", error.reason);
        return false;
    }
    if (is_same(core, group, in_core, ret_image, missing))
        return true;
    reader_close(ret_image);
    return false;
}

static enum engraft_status missing_add(struct deep_modules *modules, const struct group *group,
                                       struct deep_missing *missing,
                                       struct engraft_error *reterr)
{
    missing->path = strdup(group->path);
    if (!missing->path)
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    modules->missing[modules->missing_count++] = *missing;
    return ENGRAFT_OK;
}

/* What the core alone has of it: its segments, its notes, its data. */
static bool core_image(const struct core *core, const struct group *group,
                       struct image *ret_image)
{
    struct reader_source source = source_of(core, group, -1);

    return has_magic(core, group, -1) &&
           reader_open(group->path, &source, ret_image, NULL) == ENGRAFT_OK;
}

/* Of a file that is not here: an object has several segments, a font or a table of locales has one
 * mapping. */
static bool is_code(const struct group *group)
{
    return group->executable || (!group->described && group->count > 1);
}

static enum engraft_status module_add(const struct core *core, const struct group *group,
                                      struct deep_modules *modules, struct engraft_error *reterr)
{
    struct deep_missing missing = {.path = NULL};
    struct image in_core, *image = &modules->images[modules->count];
    bool dumped = core_image(core, group, &in_core);

    if (!dumped && group->first->offset == 0 &&
        core_room(core, group->first->start, SELFMAG) == SELFMAG)
        return ENGRAFT_OK; /* its first bytes are there: no ELF object, or one mapped as data */
    if (file_image(core, group, dumped ? &in_core : NULL, image, &missing)) {
        modules->count++;
        if (dumped)
            reader_close(&in_core);
        return ENGRAFT_OK;
    }
    if (dumped) {
        *image = in_core;
        modules->count++;
        return is_complete(core, image) ? ENGRAFT_OK
                                        : missing_add(modules, group, &missing, reterr);
    }
    return is_code(group) && missing.reason[0]
               ? missing_add(modules, group, &missing, reterr)
               : ENGRAFT_OK;
}

/* Whether so many of the modules are of this file that there is no need for another. */
static bool is_enough(const struct deep_modules *modules, const struct group *group)
{
    unsigned times = 0;

    for (size_t i = 0; i < modules->count && times < MODULE_TIMES_MAX; i++)
        times += strcmp(modules->images[i].path, group->path) == 0;
    return times == MODULE_TIMES_MAX;
}

/* V8 maps the code of its builtins once more, near its heap: a part of an object that is known. */
static bool is_remapped(const struct deep_modules *modules, const struct group *group)
{
    for (size_t i = 0; i < modules->count; i++)
        if (strcmp(modules->images[i].path, group->path) == 0)
            return true;
    for (size_t i = 0; i < modules->missing_count; i++)
        if (strcmp(modules->missing[i].path, group->path) == 0)
            return true;
    return false;
}

/* ---- all modules --------------------------------------------------------------------------------------------- */

/* As in pid_maps.c: an object is mapped with rising offsets. */
static struct group group_at(const struct core *core, size_t first)
{
    const struct core_mapping *mapping = &core->mappings[first];
    struct group group = {.first = mapping, .described = true};

    do {
        group.executable |= mapping[group.count].executable;
        group.described &= mapping[group.count].described;
        group.count++;
    } while (first + group.count < core->mapping_count && mapping[group.count].offset != 0 &&
             mapping[group.count].offset >= mapping[group.count - 1].offset &&
             strcmp(mapping[group.count].path, mapping->path) == 0);
    return group;
}

/* A file may really be called "x (deleted)". */
static void deleted_strip(struct group *group)
{
    size_t length = strlen(group->path), ending = strlen(DELETED);

    if (length > ending && strcmp(group->path + length - ending, DELETED) == 0 &&
        access(group->path, F_OK) != 0)
        group->path[length - ending] = '\0';
}

static enum engraft_status group_add(const struct core *core, struct group *group,
                                     struct deep_modules *modules, struct engraft_error *reterr)
{
    enum engraft_status status = ENGRAFT_OK;

    group->path = strdup(group->first->path);
    if (!group->path)
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    deleted_strip(group);
    if (group->first->offset == 0 ? !is_enough(modules, group) : !is_remapped(modules, group))
        status = module_add(core, group, modules, reterr);
    free(group->path);
    return status;
}

/* Those that begin with a file's first byte first: see is_remapped(). */
static enum engraft_status groups_add(const struct core *core, struct deep_modules *modules,
                                      struct engraft_error *reterr)
{
    modules->images = calloc(MODULE_MAX, sizeof *modules->images);
    modules->missing = calloc(MODULE_MAX, sizeof *modules->missing);
    if (!modules->images || !modules->missing)
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < core->mapping_count;) {
            struct group group = group_at(core, i);
            enum engraft_status status;

            i += group.count;
            if ((group.first->offset == 0) != (round == 0))
                continue;
            if (modules->count == MODULE_MAX || modules->missing_count == MODULE_MAX)
                return error_set(reterr, ENGRAFT_UNSUPPORTED, NULL, NULL,
                                 "a core of more than %u objects", MODULE_MAX);
            status = group_add(core, &group, modules, reterr);
            if (status != ENGRAFT_OK)
                return status;
        }
    }
    return ENGRAFT_OK;
}

/* The program is where execution began. */
static void executable_first(const struct core *core, struct deep_modules *modules)
{
    for (size_t i = 1; core->entry && i < modules->count; i++) {
        struct image image = modules->images[i];

        if (!image_contains(&image, core->entry))
            continue;
        memmove(&modules->images[1], &modules->images[0], i * sizeof image);
        modules->images[0] = image;
        return;
    }
}

enum engraft_status core_modules(const char *path, int fd, struct deep_modules *ret_modules,
                                 struct engraft_error *reterr)
{
    struct deep_modules modules = {.is_core = true};
    struct core *core = NULL;
    enum engraft_status status = core_create(path, fd, &core, reterr);

    if (status != ENGRAFT_OK)
        return status;
    modules.reader = core;
    modules.command = core->command;
    modules.core_pid = core->pid > 0 ? (uint64_t)core->pid : 0;
    modules.core_signal = core->signal;
    modules.core_truncated = core->truncated;
    status = groups_add(core, &modules, reterr);
    if (status == ENGRAFT_OK && modules.count + modules.missing_count == 0)
        status = error_set(reterr, ENGRAFT_FORMAT, path, NULL,
                           core->mappings_left_out
                               ? "a core file that lists more mapped files than any process has"
                           : core->mapping_count
                               ? "a core file: none of the files that were mapped is an object"
                           : core->truncated
                               ? "a truncated core file: which files were mapped is not in it"
                               : "a core file without a list of the mapped files (NT_FILE)");
    if (status != ENGRAFT_OK) {
        modules_release(&modules);
        return status;
    }
    executable_first(core, &modules);
    *ret_modules = modules;
    return ENGRAFT_OK;
}
