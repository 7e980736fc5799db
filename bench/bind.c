/* SPDX-License-Identifier: MIT */
/*
 * Binding the references of one plugin to an engine that is loaded: engraft's plan and commit
 * against what does the same by name.
 *
 *     bind COUNT ROUNDS ENGINE PLUGIN PLUGIN_OF_A_STUB
 *
 * Plan and commit are called where engraft calls them, inside the resolver of a trigger, when ld.so
 * has mapped the plugin and relocated nothing. The trigger then refuses, so that each round maps
 * the plugin anew and pays for the first touch of its pages, as each real load does.
 *
 * Prints "bind-COUNT-KEY NANOSECONDS" for all references together: the minimum of the rounds, in each
 * of which everything is measured once.
 */
#include <link.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "measure.h"
#include "relinker.h"

static struct samples engraft_plain, engraft_manifest, plan_plain, plan_manifest_part, scene_time,
    dlsym_loop, slot_patcher, eager, lazy;

/* ---- engraft ------------------------------------------------------------------------------------- */

static struct {
    const char *plugin;
    size_t expected;
    double scene, planned, committed; /* ns */
    char error[1200];
} moment;

static const struct image *image_of(const struct image *images, size_t count, const char *path)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(images[i].path, path) == 0)
            return &images[i];
    return NULL;
}

static void measure_commit(struct arena *arena, const struct image *images, size_t count,
                           const struct engine_instance *engines, size_t engine_count)
{
    struct plan_request request = {.plugin_path = moment.plugin, .plugin_abi = "v8:10.2"};
    const struct image *plugin = image_of(images, count, moment.plugin);
    struct plan plan;
    struct bound *bound;
    struct engraft_error error;
    double start = now();

    if (!plugin || plan_make(arena, images, count, plugin, engines, engine_count, &request, &plan,
                             &error) != ENGRAFT_OK)
        return;
    moment.planned = now() - start;
    if (plan.verdict == ENGRAFT_VERDICT_REFUSED)
        text_format(moment.error, sizeof moment.error, "%s", plan.reason);
    else if (plan.kinds[ENGRAFT_KIND_DIRECT] + plan.kinds[ENGRAFT_KIND_ADAPTED] != moment.expected)
        text_format(moment.error, sizeof moment.error, "%zu references bound instead of %zu",
                    plan.kinds[ENGRAFT_KIND_DIRECT], moment.expected);
    else if (commit_symbols(&plan, moment.plugin, "bench", &bound, &error) == ENGRAFT_OK) {
        moment.committed = now() - start;
        commit_rollback(bound);
    }
}

static void *resolver(void)
{
    struct arena arena = {0};
    struct image *images;
    struct engine_instance *engines;
    size_t count, engine_count;
    double start = now();

    if (self_images(&arena, &images, &count, NULL) == ENGRAFT_OK) {
        engine_count = self_engines(&arena, images, count, &engines);
        moment.scene = now() - start;
        measure_commit(&arena, images, count, engines, engine_count);
    }
    arena_release(&arena);
    return (void *)resolver;
}

#define CHAIN 8

/* The trigger stands at the end of a chain, so that it is relocated first (see door.c). */
static void moment_run(const char *plugin, size_t expected)
{
    struct tiny_image chain[CHAIN], wrapper;
    const char *needed[2] = {plugin, NULL};
    struct tiny_request request = {.resolver = (uintptr_t)resolver, .reason = "measured"};
    void *handle;

    memset(&moment, 0, sizeof moment);
    moment.plugin = plugin;
    moment.expected = expected;
    for (unsigned i = 0; i < CHAIN; i++) {
        if (tiny_create(&request, &chain[i], NULL) != ENGRAFT_OK)
            fail("trigger", NULL);
        memset(&request, 0, sizeof request);
        needed[1] = chain[i].path;
        request.needed = &needed[1];
        request.needed_count = 1;
    }
    request.needed = needed;
    request.needed_count = 2;
    if (tiny_create(&request, &wrapper, NULL) != ENGRAFT_OK)
        fail("wrapper", NULL);
    handle = dlopen(wrapper.path, RTLD_LAZY);
    if (handle || moment.committed == 0)
        fail(plugin, moment.error[0] ? moment.error : dlerror());
    tiny_close(&wrapper);
    for (unsigned i = 0; i < CHAIN; i++)
        tiny_close(&chain[i]);
}

/* ---- the others ------------------------------------------------------------------------------------ */

static double open_time(const char *path, int flags)
{
    double start = now(), time;
    void *handle = open_or_fail(path, flags);

    time = now() - start;
    dlclose(handle);
    return time;
}

static void dlsym_run(void *engine, char *const *names, size_t count)
{
    static void *volatile sink;
    double start = now();

    for (size_t i = 0; i < count; i++)
        sink = dlsym(engine, names[i]);
    sample_add(&dlsym_loop, now() - start);
    if (!sink)
        fail("dlsym", dlerror());
}

/* The pages that ld.so has closed (PT_GNU_RELRO). */
static void slots_protect(const struct image *image, int protection)
{
    uintptr_t size = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = (image->load_address + image->relro_vaddr) & ~(size - 1);
    uintptr_t last = (image->load_address + image->relro_vaddr + image->relro_size) & ~(size - 1);

    if (last > first)
        mprotect((void *)first, last - first, protection);
}

/* What plugin loaders write: for every slot, ask for its name. The kind that opens the slots' pages
 * once; most open them once a slot. */
static void patcher_run(void *engine, const char *path)
{
    void *handle = open_or_fail(path, RTLD_LAZY);
    double start = now();
    struct link_map *map;
    struct image image;
    size_t patched = 0;
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 ||
        image_read_map(map, &image, NULL) != ENGRAFT_OK || !image.jmprel_count)
        fail(path, "no slots");
    slots_protect(&image, PROT_READ | PROT_WRITE);
    for (size_t i = 0; i < image.jmprel_count + image.rela_count; i++) {
        const Elf64_Rela *rela = i < image.jmprel_count ? &image.jmprel[i]
                                                        : &image.rela[i - image.jmprel_count];
        const Elf64_Sym *symbol = &image.symbols[ELF64_R_SYM(rela->r_info)];
        void *target;

        if (!ELF64_R_SYM(rela->r_info) || symbol->st_shndx != SHN_UNDEF)
            continue;
        target = dlsym(engine, image.strings + symbol->st_name);
        if (target) {
            *(void **)(image.load_address + rela->r_offset) = target;
            patched++;
        }
    }
    slots_protect(&image, PROT_READ);
    sample_add(&slot_patcher, now() - start);
    if (patched < image.jmprel_count)
        fail(path, "a name was not found");
    dlclose(handle);
}

/* ---- rounds ----------------------------------------------------------------------------------------- */

static void round_run(void *engine, const char *plugin, const char *stub_plugin, char *const *names,
                      size_t count)
{
    moment_run(plugin, count);
    sample_add(&engraft_plain, moment.committed);
    sample_add(&plan_plain, moment.planned);
    moment_run(stub_plugin, count);
    sample_add(&engraft_manifest, moment.committed);
    sample_add(&plan_manifest_part, moment.planned);
    sample_add(&scene_time, moment.scene);
    dlsym_run(engine, names, count);
    patcher_run(engine, plugin);
    sample_add(&eager, open_time(plugin, RTLD_NOW));
    sample_add(&lazy, open_time(plugin, RTLD_LAZY));
}

/* Copies of the plugin's undefined names that the engine has, as a program would list them. */
static char **names_of(void *engine, const char *path, size_t *ret_count)
{
    void *handle = open_or_fail(path, RTLD_LAZY);
    struct link_map *map;
    struct image image;
    char **names;
    size_t count = 0;

    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0 ||
        image_read_map(map, &image, NULL) != ENGRAFT_OK)
        fail(path, "no image");
    names = calloc(image.symbol_count, sizeof *names);
    for (uint32_t i = 1; names && i < image.symbol_count; i++) {
        const char *name = image_name(&image, image.symbols[i].st_name);

        if (image.symbols[i].st_shndx == SHN_UNDEF && dlsym(engine, name))
            names[count++] = strdup(name);
    }
    dlclose(handle);
    *ret_count = count;
    return names;
}

static void print(const char *key, size_t count, double value)
{
    printf("bind-%zu-%s %.0f\n", count, key, value);
}

int main(int argc, char **argv)
{
    unsigned rounds;
    size_t count, wanted;
    void *engine;
    char **names;

    if (argc != 6)
        fail("usage", "bind COUNT ROUNDS ENGINE PLUGIN PLUGIN_OF_A_STUB");
    wanted = strtoul(argv[1], NULL, 10);
    rounds = (unsigned)strtoul(argv[2], NULL, 10);
    pin_to_cpu();
    engine = open_or_fail(argv[3], RTLD_NOW | RTLD_LOCAL);
    names = names_of(engine, argv[4], &count);
    if (count != wanted)
        fail(argv[4], "does not have that many references to the engine");
    for (unsigned i = 0; i < rounds; i++)
        round_run(engine, argv[4], argv[5], names, count);
    print("engraft", count, samples_minimum(&engraft_plain));
    print("engraft-plan", count, samples_minimum(&plan_plain));
    print("manifest", count, samples_minimum(&engraft_manifest));
    print("manifest-plan", count, samples_minimum(&plan_manifest_part));
    print("scene", count, samples_minimum(&scene_time));
    print("dlsym", count, samples_minimum(&dlsym_loop));
    print("patcher", count, samples_minimum(&slot_patcher));
    print("ldso", count, samples_minimum(&eager) - samples_minimum(&lazy));
    return 0;
}
