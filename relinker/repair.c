/* SPDX-License-Identifier: MIT */
/*
 * Changing an object's code before any of it runs: constants that headers inlined into it.
 *
 * Where, is told by engraft-deep.so, which cannot be loaded inside a resolver. So a load whose moment
 * finds that it needs repairs is refused once; the door reads the file, and loads again with the list
 * (door.c). Through a stub's own door the list is made in the stub's init_array: constructors of the
 * plugin have not run.
 *
 * Not where a page can never become executable again (PR_SET_MDWE): refused before anything changes.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "api.h"

#ifndef PR_GET_MDWE
#define PR_GET_MDWE 66
#endif

bool repairs_wanted(const struct plan *plan)
{
    const struct abi_adapter *adapter = abi_adapter_of(plan->plugin_abi.engine);
    struct abi_pair pair = plan_pair(plan, true);

    return adapter && adapter->repairs && adapter->repairs(&pair);
}

/* ---- the list ---------------------------------------------------------------------------------------- */

static bool abi_same(const struct abi *a, const struct abi *b)
{
    return strcmp(a->engine, b->engine) == 0 && strcmp(a->version, b->version) == 0;
}

const struct repairs *repairs_for(const struct repairs *list, const char *path,
                                  const struct abi *plugin, const struct abi *host)
{
    while (list && !(strcmp(list->path, path) == 0 && abi_same(&list->plugin, plugin) &&
                     abi_same(&list->host, host)))
        list = list->next;
    return list;
}

/* The loader's "/usr/lib/x.so", or "x.so" of the working directory, which is no PID. */
static enum engraft_status file_open(const struct engraft_deep_table *deep, const char *path,
                                     struct deep_modules *ret_modules,
                                     struct engraft_error *reterr)
{
    char name[4096];

    text_format(name, sizeof name, "%s%s",
                !path[0]            ? "/proc/self/exe"
                : strchr(path, '/') ? ""
                                    : "./",
                path);
    return deep->open(name, ret_modules, reterr);
}

enum engraft_status repairs_check(const char *path, const struct abi_repair *items, size_t count,
                                  struct engraft_error *reterr)
{
    const struct abi_repair *first = NULL;
    size_t unknown = 0;

    for (size_t i = 0; i < count; i++)
        if (!items[i].size) {
            first = first ? first : &items[i];
            unknown++;
        }
    if (!unknown)
        return ENGRAFT_OK;
    return error_set(reterr, ENGRAFT_REFUSED, path, NULL,
                     "%zu of %zu places where its code has the engine's heap inlined cannot be "
                     "repaired for this host; the first, at 0x%lx in the function at 0x%lx: %s",
                     unknown, count, (unsigned long)first->vaddr, (unsigned long)first->function,
                     first->what);
}

static enum engraft_status repairs_keep(struct arena *arena, struct repairs *repairs,
                                        const struct abi_repair *items,
                                        struct engraft_error *reterr)
{
    repairs->items = arena_allocate(arena, (repairs->count + 1) * sizeof *items);
    if (!repairs->items)
        return error_set(reterr, ENGRAFT_MEMORY, repairs->path, NULL, "out of memory");
    if (repairs->count)
        memcpy(repairs->items, items, repairs->count * sizeof *items);
    return repairs_check(repairs->path, repairs->items, repairs->count, reterr);
}

enum engraft_status repairs_find(struct arena *arena, struct repairs *repairs,
                                 struct engraft_error *reterr)
{
    const struct engraft_deep_table *deep = deep_table(reterr);
    struct deep_modules modules = {0};
    struct abi_repair *items = NULL;
    enum engraft_status status = deep ? file_open(deep, repairs->path, &modules, reterr)
                                      : ENGRAFT_DEEP;

    if (status != ENGRAFT_OK)
        return status;
    if (modules.count != 1)
        status = error_set(reterr, ENGRAFT_FORMAT, repairs->path, NULL, "its file cannot be read");
    if (status == ENGRAFT_OK)
        status = deep->repairs(&modules.images[0], &repairs->plugin, &repairs->host, &items,
                               &repairs->count, reterr);
    if (status == ENGRAFT_OK)
        status = repairs_keep(arena, repairs, items, reterr);
    free(items);
    deep->close(&modules);
    return status;
}

/* ---- the code ----------------------------------------------------------------------------------------- */

static const struct image_segment *segment_of(const struct image *image, uint64_t vaddr)
{
    for (unsigned i = 0; i < image->segment_count; i++)
        if (vaddr - image->segments[i].vaddr < image->segments[i].file_size)
            return &image->segments[i];
    return NULL;
}

/* The file may be another one by now. */
static bool bytes_are(const struct image *image, const struct abi_repair *item,
                      const uint8_t *bytes)
{
    const struct image_segment *segment = segment_of(image, item->vaddr);
    const void *memory = segment && segment->flags & PF_X
                             ? image_at(image, item->vaddr, item->size)
                             : NULL;

    return memory && memcmp(memory, bytes, item->size) == 0;
}

static int protection_of(const struct image_segment *segment)
{
    return (segment->flags & PF_R ? PROT_READ : 0) | (segment->flags & PF_W ? PROT_WRITE : 0) |
           (segment->flags & PF_X ? PROT_EXEC : 0);
}

/* What is written may cross a page. */
static bool item_write(const struct image *image, const struct abi_repair *item,
                       const uint8_t *bytes)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t address = (uintptr_t)(image->load_address + item->vaddr), start = address & ~(page - 1);
    size_t size = ((address + item->size + page - 1) & ~(page - 1)) - start;

    if (mprotect((void *)start, size, PROT_READ | PROT_WRITE) != 0)
        return false;
    memcpy((void *)address, bytes, item->size);
    return mprotect((void *)start, size, protection_of(segment_of(image, item->vaddr))) == 0;
}

static bool pages_stay_executable(void)
{
    int flags = prctl(PR_GET_MDWE, 0, 0, 0, 0);

    return flags < 0 || !(flags & 1);
}

enum engraft_status repairs_apply(struct bound *bound, const struct image *image,
                                  const struct repairs *repairs, struct engraft_error *reterr)
{
    size_t count = repairs->count, done = 0;
    struct abi_repair *items = arena_allocate(&bound->arena, (count + 1) * sizeof *items);

    if (!items)
        return error_set(reterr, ENGRAFT_MEMORY, bound->path, NULL, "out of memory");
    memcpy(items, repairs->items, count * sizeof *items);
    for (size_t i = 0; i < count; i++)
        if (!items[i].size || !bytes_are(image, &items[i], items[i].before))
            return error_set(reterr, ENGRAFT_STATE, bound->path, NULL,
                             "its code is not what its file has at 0x%lx",
                             (unsigned long)items[i].vaddr);
    if (count && !pages_stay_executable())
        return error_set(reterr, ENGRAFT_UNSUPPORTED, bound->path, NULL,
                         "its code has to be repaired for this host, and this process forbids that "
                         "(PR_SET_MDWE)");
    while (done < count && item_write(image, &items[done], items[done].after))
        done++;
    if (done < count) {
        while (done--)
            item_write(image, &items[done], items[done].before);
        return error_set(reterr, ENGRAFT_SYSTEM, bound->path, NULL,
                         "its code has to be repaired for this host, and its memory cannot be "
                         "made writable and executable again");
    }
    bound->repairs = items;
    bound->repair_count = count;
    log_line(LOG_COMMIT, "%s: %zu places of its code repaired", bound->path, count);
    return ENGRAFT_OK;
}

void repairs_undo(struct bound *bound, const struct image *image)
{
    for (size_t i = 0; i < bound->repair_count; i++)
        if (bytes_are(image, &bound->repairs[i], bound->repairs[i].after))
            item_write(image, &bound->repairs[i], bound->repairs[i].before);
    bound->repair_count = 0;
}
