/* SPDX-License-Identifier: MIT */
/* Which engine a plugin is about, and which of the host's engines is to serve it. */
#include "relinker.h"

#include <string.h>

static const struct image *image_named(const struct image *images, size_t count, const char *name)
{
    for (size_t i = 0; name[0] && i < count; i++)
        if ((images[i].soname && strcmp(images[i].soname, name) == 0) ||
            strcmp(images[i].path, name) == 0 ||
            (!strchr(name, '/') && strcmp(path_file_name(images[i].path), name) == 0))
            return &images[i];
    return NULL;
}

const struct engraft_manifest *plan_manifest(const struct image *images, size_t count,
                                             const struct image *plugin)
{
    const char *needed;

    for (size_t i = 0; (needed = image_needed(plugin, i)); i++) {
        const struct image *image = image_named(images, count, needed);
        const struct engraft_manifest *manifest =
            image ? manifest_of(image, NT_ENGRAFT_MANIFEST) : NULL;

        if (manifest)
            return manifest;
    }
    return NULL;
}

bool plan_names(const struct image *image, const char *const *prefixes)
{
    for (uint32_t i = 1; i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];
        const char *name;

        if (symbol->st_shndx != SHN_UNDEF || ELF64_ST_BIND(symbol->st_info) == STB_LOCAL)
            continue;
        name = image_name(image, symbol->st_name);
        if (name && name_has_prefix(name, prefixes))
            return true;
    }
    return false;
}

const char *plan_engine_id(const struct image *plugin, const struct engraft_manifest *manifest,
                           const struct engine_instance *engines, size_t count)
{
    if (manifest)
        return manifest_string(manifest, manifest->engine);
    for (size_t i = 0; i < count; i++)
        if (engines[i].prefixes[0] && plan_names(plugin, engines[i].prefixes))
            return engines[i].abi.engine;
    return NULL;
}

bool plan_concerns(const struct image *images, size_t image_count, const struct image *plugin,
                   const struct engine_instance *engines,
                   size_t engine_count)
{
    for (size_t i = 0; i < engine_count; i++)
        for (unsigned j = 0; j < engines[i].module_count; j++)
            if (engines[i].modules[j] == plugin)
                return false; /* the engine's own parts refer to each other */
    return plan_engine_id(plugin, plan_manifest(images, image_count, plugin), engines,
                          engine_count) != NULL;
}

static bool engine_matches(const struct engine_instance *engine, const char *wish)
{
    char text[128];

    if (strcmp(wish, engine->abi.engine) == 0)
        return true;
    abi_text(&engine->abi, text, sizeof text);
    if (strncmp(wish, text, strlen(wish)) == 0 && strchr(wish, ':'))
        return true;
    for (unsigned i = 0; i < engine->module_count; i++) {
        const struct image *module = engine->modules[i];

        if (strcmp(wish, module->path) == 0 || strcmp(wish, path_file_name(module->path)) == 0 ||
            (module->soname && strcmp(wish, module->soname) == 0) ||
            (module->path[0] == '\0' && strcmp(wish, "executable") == 0))
            return true;
    }
    return false;
}

static void closure_mark(const struct image *images, size_t count, size_t at, bool *marks)
{
    const char *needed;

    marks[at] = true;
    for (size_t i = 0; (needed = image_needed(&images[at], i)); i++) {
        const struct image *next = image_named(images, count, needed);

        if (next && !marks[next - images])
            closure_mark(images, count, (size_t)(next - images), marks);
    }
}

bool *plan_closure(struct arena *arena, const struct image *images, size_t count,
                   const struct image *root)
{
    bool *marks = arena_allocate(arena, count + 1);

    if (marks && root >= images && root < images + count)
        closure_mark(images, count, (size_t)(root - images), marks);
    return marks;
}

bool plan_needs(const struct image *images, size_t count, const struct image *plugin,
                const struct engine_instance *engine)
{
    struct arena arena = {0};
    bool *marks = plan_closure(&arena, images, count, plugin);
    bool needs = false;

    for (unsigned i = 0; marks && i < engine->module_count; i++) {
        const struct image *module = engine->modules[i];

        needs |= module >= images && module < images + count && marks[module - images];
    }
    arena_release(&arena);
    return needs;
}

const char *plan_engine_path(const struct engine_instance *engine)
{
    const char *path = engine->module_count ? engine->modules[0]->path : "";

    return path[0] ? path : "the executable";
}

struct choice {
    const struct engine_instance *candidates[2 * ENGINE_MAX];
    size_t count;
};

/* Keeps the candidates with `keep`, unless none has it. */
static void choice_narrow(struct choice *choice, const bool *keep)
{
    size_t kept = 0;

    for (size_t i = 0; i < choice->count; i++)
        kept += keep[i];
    if (kept == 0)
        return;
    kept = 0;
    for (size_t i = 0; i < choice->count; i++)
        if (keep[i])
            choice->candidates[kept++] = choice->candidates[i];
    choice->count = kept;
}

enum engraft_status plan_choose(const struct image *images, size_t image_count,
                                const struct image *plugin, const char *engine_id,
                                const struct engine_instance *engines, size_t engine_count,
                                const char *wish, const struct engine_instance **ret_engine,
                                struct engraft_error *reterr)
{
    struct choice choice = {{0}, 0};
    bool keep[2 * ENGINE_MAX];

    for (size_t i = 0; i < engine_count && choice.count < 2 * ENGINE_MAX; i++)
        if (strcmp(engines[i].abi.engine, engine_id) == 0 &&
            (!wish || engine_matches(&engines[i], wish)))
            choice.candidates[choice.count++] = &engines[i];
    if (choice.count == 0 && wish)
        return error_set(reterr, ENGRAFT_NO_ENGINE, plugin->path, NULL,
                         "the host has no engine %s that matches \"%s\" (ENGRAFT_HOST)",
                         engine_id, wish);
    if (choice.count == 0)
        return error_set(reterr, ENGRAFT_NO_ENGINE, plugin->path, NULL,
                         "the host has no engine %s", engine_id);
    for (size_t i = 0; i < choice.count; i++)
        keep[i] = choice.candidates[i]->symbols == ENGRAFT_SYMBOLS_DYNAMIC;
    choice_narrow(&choice, keep);
    for (size_t i = 0; i < choice.count; i++)
        keep[i] = choice.candidates[i]->ready == 1;
    choice_narrow(&choice, keep);
    for (size_t i = 0; choice.count > 1 && i < choice.count; i++)
        keep[i] = plan_needs(images, image_count, plugin, choice.candidates[i]);
    if (choice.count > 1)
        choice_narrow(&choice, keep);
    if (choice.count > 1)
        return error_set(reterr, ENGRAFT_AMBIGUOUS, plugin->path, NULL,
                         "the host has two engines %s that could serve: %s %s in %s and %s %s in "
                         "%s; choose with ENGRAFT_HOST",
                         engine_id, engine_id, choice.candidates[0]->abi.version,
                         plan_engine_path(choice.candidates[0]), engine_id,
                         choice.candidates[1]->abi.version, plan_engine_path(choice.candidates[1]));
    if (choice.candidates[0]->symbols != ENGRAFT_SYMBOLS_DYNAMIC)
        return error_set(reterr, ENGRAFT_REFUSED, plugin->path, NULL,
                         "the host's %s %s in %s exports none of its symbols: nothing can be bound "
                         "to it",
                         engine_id, choice.candidates[0]->abi.version,
                         plan_engine_path(choice.candidates[0]));
    *ret_engine = choice.candidates[0];
    return ENGRAFT_OK;
}
