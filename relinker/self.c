/* SPDX-License-Identifier: MIT */
/* The objects of this process, by walking ld.so's list: no dl_iterate_phdr(), which deadlocks
 * against a callback of another thread when it is called inside an IFUNC resolver. */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "relinker.h"

static atomic_bool started, ending;

static void ending_set(void)
{
    atomic_store(&ending, true);
}

/* What atexit() is given runs before ld.so calls the destructors of all objects. */
__attribute__((constructor(101))) static void started_set(void)
{
    atexit(ending_set);
    atomic_store(&started, true);
}

bool self_ending(void)
{
    return atomic_load(&ending);
}

bool self_started(void)
{
    return atomic_load(&started);
}

struct link_map *self_first_map(void)
{
    return _r_debug.r_map;
}

bool self_in_base_namespace(void)
{
    for (struct link_map *map = self_first_map(); map; map = map->l_next)
        if (map->l_ld == _DYNAMIC)
            return true;
    return false;
}

static bool map_is_vdso(const struct link_map *map)
{
    return map->l_name && strncmp(map->l_name, "linux-vdso", 10) == 0;
}

enum engraft_status self_images(struct arena *arena, struct image **ret_images, size_t *ret_count,
                                struct engraft_error *reterr)
{
    struct image *images;
    size_t count = 0;

    for (struct link_map *map = self_first_map(); map; map = map->l_next)
        count++;
    images = arena_allocate(arena, count * sizeof *images);
    if (!images)
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    count = 0;
    for (struct link_map *map = self_first_map(); map; map = map->l_next) {
        struct engraft_error error;

        if (map_is_vdso(map))
            continue;
        if (image_read_map(map, &images[count], &error) == ENGRAFT_OK)
            count++;
        else
            log_line(LOG_DETECT, "%s: %s", map->l_name, error.reason);
    }
    *ret_images = images;
    *ret_count = count;
    return ENGRAFT_OK;
}

struct image *self_image_at(struct image *images, size_t count, uintptr_t address)
{
    for (size_t i = 0; i < count; i++)
        if (image_contains(&images[i], address))
            return &images[i];
    return NULL;
}

size_t self_engines(struct arena *arena, const struct image *images, size_t count,
                    struct engine_instance **ret_engines)
{
    struct engine_instance *engines = arena_allocate(arena, 2 * ENGINE_MAX * sizeof *engines);
    size_t registered;

    if (!engines)
        return 0;
    *ret_engines = engines;
    registered = registrations_apply(images, count, engines, ENGINE_MAX);
    count = registered + probe_images(images, count, engines + registered, ENGINE_MAX);
    for (size_t i = registered; i < count; i++) /* what is registered is not told twice */
        for (size_t j = 0; j < registered; j++)
            if (engines[i].modules[0] == engines[j].modules[0] &&
                strcmp(engines[i].abi.engine, engines[j].abi.engine) == 0) {
                engines[j].ready = engines[i].ready;
                engines[i--] = engines[--count];
                break;
            }
    return count;
}

/* ---- from outside the dynamic linker --------------------------------------------------------------- */

struct locked_call {
    void (*function)(void *argument);
    void *argument;
};

/* dl_iterate_phdr() holds the lock that every change of the list takes. */
static int locked_callback(struct dl_phdr_info *info, size_t size, void *data)
{
    struct locked_call *call = data;

    (void)info;
    (void)size;
    call->function(call->argument);
    return 1;
}

void self_locked(void (*function)(void *argument), void *argument)
{
    struct locked_call call = {function, argument};

    dl_iterate_phdr(locked_callback, &call);
}

/* What is known of engines in this process. An engine that goes leaves the answer too large, never
 * wrong; one that comes is among the objects that were added since, at the end of the list. */
static struct {
    unsigned long long loads;
    struct presence presence;
} seen; /* changed inside dl_iterate_phdr()'s lock only */

/* An engine is looked at again when what came after it has gone: its prefixes are there already. */
static void prefix_add(struct presence *presence, const char *prefix)
{
    size_t length = 0, size = strlen(prefix) + 1;

    while (presence->prefixes[length]) {
        if (strcmp(presence->prefixes + length, prefix) == 0)
            return;
        length += strlen(presence->prefixes + length) + 1;
    }
    if (length + size + 1 > sizeof presence->prefixes) {
        presence->prefixes_overflow = true;
        return;
    }
    memcpy(presence->prefixes + length, prefix, size);
    presence->prefixes[length + size] = '\0';
}

static void presence_probe(struct link_map *map)
{
    struct engine_instance engines[1];
    struct image image;

    if (map_is_vdso(map) || image_read_map(map, &image, NULL) != ENGRAFT_OK)
        return;
    if (!registrations_apply(&image, 1, engines, 1) && !probe_images(&image, 1, engines, 1))
        return;
    seen.presence.present = true;
    for (size_t i = 0; engines[0].prefixes[i]; i++)
        prefix_add(&seen.presence, engines[0].prefixes[i]);
}

static int presence_callback(struct dl_phdr_info *info, size_t size, void *data)
{
    unsigned long long added = info->dlpi_adds - seen.loads, count = 0;
    struct link_map *map;

    (void)size;
    for (map = self_first_map(); map; map = map->l_next)
        count++;
    for (map = self_first_map(); added && map; map = map->l_next, count--)
        if (count <= added)
            presence_probe(map);
    seen.loads = info->dlpi_adds;
    *(struct presence *)data = seen.presence;
    return 1;
}

static void presence_forget(void *argument)
{
    (void)argument;
    seen.loads = 0;
}

void self_presence_forget(void)
{
    self_locked(presence_forget, NULL);
}

void self_presence(struct presence *ret_presence)
{
    dl_iterate_phdr(presence_callback, ret_presence);
}

/* ---- has it been relocated? ---------------------------------------------------------------------- */

static int slot_state(const struct image *image, const Elf64_Rela *rela)
{
    const struct architecture *architecture = architecture_of(image->machine);
    uint32_t symbol = (uint32_t)ELF64_R_SYM(rela->r_info);
    const uint64_t *slot = image_at(image, rela->r_offset, sizeof *slot);
    bool strong = symbol < image->symbol_count && image->symbols &&
                  ELF64_ST_BIND(image->symbols[symbol].st_info) != STB_WEAK;

    if (!slot || !architecture)
        return -1;
    switch (relocation_kind(architecture, (uint32_t)ELF64_R_TYPE(rela->r_info))) {
    case RELOCATION_RELATIVE:
        if (image->load_address == 0)
            return -1;
        return *slot == image->load_address + (uint64_t)rela->r_addend;
    case RELOCATION_JUMP_SLOT: /* before: the PLT entry as a vaddr */
        return image->load_address == 0 ? -1 : *slot >= image->load_address;
    case RELOCATION_SLOT:
    case RELOCATION_WORD: /* before: 0, or the addend with some linkers */
        return strong && symbol ? *slot != 0 && *slot != (uint64_t)rela->r_addend : -1;
    default:
        return -1;
    }
}

/* One slot that only ld.so can have filled is proof. A slot that looks untouched is not: the program
 * may have stored something else since. */
static int table_state(const struct image *image, const Elf64_Rela *rela, size_t count)
{
    unsigned untouched = 0;

    for (size_t i = 0; i < count && untouched < 32; i++) {
        int state = slot_state(image, &rela[i]);

        if (state == 1)
            return 1;
        untouched += state == 0;
    }
    return untouched ? 0 : -1;
}

int image_is_relocated(const struct image *image)
{
    int state = table_state(image, image->rela, image->rela_count);

    if (state != 1 && image->jmprel_count) {
        int calls = table_state(image, image->jmprel, image->jmprel_count);

        state = calls > state ? calls : state;
    }
    if (state < 0 && image->relr_count && image->load_address && (image->relr[0] & 1) == 0) {
        const uint64_t *slot = image_at(image, image->relr[0], sizeof *slot);

        state = slot ? *slot >= image->load_address : -1;
    }
    if (state < 0 && !self_started())
        state = 0; /* start-up: the main program is relocated last */
    return state;
}

/* ---- functions that are not linked to -------------------------------------------------------------- */

static _Atomic(const void *) interposer;

void self_set_interposer(const void *address)
{
    atomic_store(&interposer, address);
}

/* A stub of a plugin that the executable NEEDs comes here before the interposer was ever called. */
static const void *interposer_find(void)
{
    const void *found = atomic_load(&interposer);

    for (struct link_map *map = self_first_map(); map && !found; map = map->l_next) {
        struct image image;

        if (!map_is_vdso(map) && image_read_map(map, &image, NULL) == ENGRAFT_OK && image.soname &&
            strcmp(image.soname, "libengraft-preload.so") == 0)
            found = map->l_ld;
    }
    return found;
}

void *self_function(const char *name)
{
    uint32_t hash = gnu_hash(name, NULL);
    const void *behind = interposer_find();
    bool passed = behind == NULL;

    for (struct link_map *map = self_first_map(); map; map = map->l_next) {
        struct image image;
        const Elf64_Sym *symbol;

        if (map_is_vdso(map) || image_read_map(map, &image, NULL) != ENGRAFT_OK)
            continue;
        if (!passed) {
            passed = image_contains(&image, (uintptr_t)behind);
            continue;
        }
        symbol = image_find(&image, name, hash, NULL);
        if (symbol && ELF64_ST_TYPE(symbol->st_info) == STT_FUNC)
            return (void *)(uintptr_t)image_symbol_address(&image, symbol);
    }
    return NULL;
}

static void loader_find(void *argument)
{
    struct loader *loader = argument;

    *(void **)&loader->open = self_function("dlopen");
    *(void **)&loader->close = self_function("dlclose");
    *(void **)&loader->error = self_function("dlerror");
}

const struct loader *self_loader(void)
{
    static struct loader found;
    static atomic_bool ready;

    if (!atomic_load(&ready)) {
        struct loader loader = {0};

        self_locked(loader_find, &loader);
        found = loader; /* every thread finds the same */
        atomic_store(&ready, loader.open != NULL);
    }
    return &found;
}
