/* SPDX-License-Identifier: MIT */
/* What the libraries that a plugin file NEEDs mean for it: its stub, a second copy of the host's engine,
 * names that the host's executable takes over. For dry runs only: files are opened. */
#include <string.h>
#include <unistd.h>

#include "api.h"
#include "dry_run.h"

const char *dry_run_path(const struct dry_run *run)
{
    return run->request->plugin_path ? run->request->plugin_path : "";
}

/* ---- what a plugin file NEEDs ------------------------------------------------------------------------------- */

/* Opens the library `name` in `directory` when `accept` likes it; `ret_modules` keeps it. */
typedef bool library_accept(const struct dry_run *run, const struct image *library);

static bool library_candidate(struct dry_run *run, const char *directory, const char *name,
                              library_accept *accept, struct deep_modules *ret_modules)
{
    char path[4096];

    text_format(path, sizeof path, "%s/%s", directory, name);
    if (access(path, R_OK) != 0 || run->deep->open(path, ret_modules, NULL) != ENGRAFT_OK)
        return false;
    if (ret_modules->count && !image_is_foreign(&ret_modules->images[0]) &&
        accept(run, &ret_modules->images[0]))
        return true;
    run->deep->close(ret_modules);
    memset(ret_modules, 0, sizeof *ret_modules);
    return false;
}

/* In the directories of a list "one:$ORIGIN/two"; `origin` is where the plugin lies. */
static bool library_in_path(struct dry_run *run, const char *list, const char *origin,
                            const char *name, library_accept *accept,
                            struct deep_modules *ret_modules)
{
    char one[4096];

    while (list && *list) {
        size_t item = strcspn(list, ":");
        size_t skip = strncmp(list, "$ORIGIN", 7) == 0     ? 7
                      : strncmp(list, "${ORIGIN}", 9) == 0 ? 9
                                                           : 0;

        text_format(one, sizeof one, "%s%.*s", skip ? origin : "", (int)(item - skip),
                    list + skip);
        if (skip <= item && library_candidate(run, one, name, accept, ret_modules))
            return true;
        list += item + (list[item] == ':');
    }
    return false;
}

static void directory_of(const char *path, char *ret_directory, size_t size)
{
    char *slash;

    text_format(ret_directory, size, "%s", path);
    slash = strrchr(ret_directory, '/');
    if (slash)
        *slash = '\0';
    else
        text_format(ret_directory, size, ".");
}

static bool is_stub(const struct dry_run *run, const struct image *library)
{
    (void)run;
    return manifest_of(library, NT_ENGRAFT_MANIFEST) != NULL;
}

/* The stub that `image` NEEDs: in a directory of its RUNPATH, or beside it. */
static bool stub_find(struct dry_run *run, const struct image *image)
{
    const char *runpath = image->runpath ? image->runpath : image->rpath, *needed;
    char directory[4096];

    directory_of(image->path, directory, sizeof directory);
    for (size_t i = 0; (needed = image_needed(image, i)); i++)
        if (!strchr(needed, '/') &&
            (library_in_path(run, runpath, directory, needed, is_stub, &run->stub) ||
             library_candidate(run, directory, needed, is_stub, &run->stub)))
            return true;
    return false;
}

static bool is_any(const struct dry_run *run, const struct image *library)
{
    (void)run;
    (void)library;
    return true;
}

void dry_run_find_stub(struct dry_run *run, const struct image *plugin)
{
    const char *runpath = plugin->runpath ? plugin->runpath : plugin->rpath, *needed;
    char directory[4096];

    if (stub_find(run, plugin))
        return;
    directory_of(plugin->path, directory, sizeof directory);
    for (size_t i = 0; (needed = image_needed(plugin, i)); i++) {
        if (strchr(needed, '/') ||
            !(library_in_path(run, runpath, directory, needed, is_any, &run->brought) ||
              library_in_path(run, environment_get("LD_LIBRARY_PATH"), directory, needed, is_any,
                              &run->brought)))
            continue;
        if (stub_find(run, &run->brought.images[0]))
            return;
        run->deep->close(&run->brought);
        memset(&run->brought, 0, sizeof run->brought);
    }
}

/* ---- a plugin that is, or brings, an engine that the host has ----------------------------------------------- */

/* What a second copy of the host's engine would do to the first, symbol by symbol. */
struct collision {
    size_t symbols; /* that the copy exports */
    size_t common;  /* of these, exported by the host's engine, too */
    size_t read_only; /* of these, data that the copy can write and the host's cannot */
    const char *first; /* a name of those */
};

static bool is_writable(const struct image *image, uint64_t vaddr)
{
    for (unsigned i = 0; i < image->segment_count; i++)
        if (vaddr - image->segments[i].vaddr < image->segments[i].memory_size)
            return image->segments[i].flags & PF_W &&
                   vaddr - image->relro_vaddr >= image->relro_size;
    return false;
}

static void collision_count(const struct image *copy, const struct engine_instance *engine,
                            struct collision *collision)
{
    for (uint32_t i = 1; i < copy->symbol_count; i++) {
        const Elf64_Sym *symbol = &copy->symbols[i], *host = NULL;
        const char *name = image_name(copy, symbol->st_name);
        unsigned module = 0;

        if (!name || !symbol_is_exported(symbol) || !name_has_prefix(name, engine->prefixes))
            continue;
        collision->symbols++;
        for (; !host && module < engine->module_count; module++)
            host = image_find_name(engine->modules[module], name);
        if (!host)
            continue;
        collision->common++;
        if (ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT || !is_writable(copy, symbol->st_value) ||
            is_writable(engine->modules[module - 1], host->st_value))
            continue;
        if (collision->read_only++ == 0)
            collision->first = name;
    }
}

/* The engine of the host that `image` is another copy of, or NULL. */
static const struct engine_instance *copied_engine(const struct dry_run *run,
                                                   const struct image *image,
                                                   struct engine_instance *ret_copy)
{
    if (probe_images(image, 1, ret_copy, 1) == 0)
        return NULL;
    for (size_t i = 0; i < run->engine_count; i++) {
        const struct engine_instance *engine = &run->engines[i];
        bool same = strcmp(engine->abi.engine, ret_copy->abi.engine) != 0;

        for (unsigned j = 0; j < engine->module_count; j++)
            same |= strcmp(image_file(engine->modules[j]), image_file(image)) == 0;
        if (!same && engine->module_count)
            return engine;
    }
    return NULL;
}

static void refuse_copy(struct dry_run *run, const struct engine_instance *engine,
                        const struct engine_instance *copy)
{
    struct plan *plan = &run->plan;
    struct collision collision = {0};
    char writes[256] = "";

    collision_count(copy->modules[0], engine, &collision);
    if (collision.read_only)
        text_format(writes, sizeof writes, "; %zu of these it writes and the host has read-only, as "
                    "%s: its constructors would crash", collision.read_only, collision.first);
    plan->plugin = run->plugin_image;
    plan->host = engine;
    plan->plugin_abi = copy->abi;
    plan->plugin_abi_source = "contained";
    plan->host_abi = engine->abi;
    plan->verdict = ENGRAFT_VERDICT_REFUSED;
    text_format(plan->reason, sizeof plan->reason,
                "it contains %s %s itself, and the host runs %s %s already: loaded as it is, it would "
                "be a second copy, or a mixture of both where the host's is in the global scope (%zu "
                "of its %zu symbols of %s would be the host's%s). Build it without %s, linked to a "
                "stub (engraft stub; for Node.js: examples/node-in-host)",
                copy->abi.engine, copy->abi.version, engine->abi.engine, engine->abi.version,
                collision.common, collision.symbols, copy->abi.engine, writes, copy->abi.engine);
    plan->refusal.status = ENGRAFT_REFUSED;
}

bool dry_run_refuse_copy(struct dry_run *run)
{
    struct engine_instance copy;
    const struct engine_instance *engine = copied_engine(run, run->plugin_image, &copy);

    if (engine)
        refuse_copy(run, engine, &copy);
    return engine != NULL;
}

static bool is_engine_copy(const struct dry_run *run, const struct image *library)
{
    struct engine_instance copy;

    return copied_engine(run, library, &copy) != NULL;
}

/* A library that the plugin NEEDs, where ld.so would most likely find it. */
static bool needed_copy(struct dry_run *run, const char *name, struct deep_modules *ret_modules)
{
    static const char system_path[] = "/lib/x86_64-linux-gnu:/usr/lib/x86_64-linux-gnu:"
                                      "/lib/aarch64-linux-gnu:/usr/lib/aarch64-linux-gnu:"
                                      "/usr/local/lib:/lib64:/usr/lib64:/lib:/usr/lib";
    const struct image *plugin = run->plugin_image;
    const char *runpath = plugin->runpath ? plugin->runpath : plugin->rpath;
    char directory[4096];

    directory_of(dry_run_path(run), directory, sizeof directory);
    return library_in_path(run, environment_get("LD_LIBRARY_PATH"), directory, name,
                           is_engine_copy, ret_modules) ||
           library_in_path(run, runpath, directory, name, is_engine_copy, ret_modules) ||
           library_in_path(run, system_path, directory, name, is_engine_copy, ret_modules);
}

static void tell(struct plan *plan, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void tell(struct plan *plan, const char *format, ...)
{
    size_t used = strlen(plan->reason);
    va_list arguments;

    if (used)
        text_format(plan->reason + used, sizeof plan->reason - used, "; ");
    used = strlen(plan->reason);
    va_start(arguments, format);
    text_vformat(plan->reason + used, sizeof plan->reason - used, format, arguments);
    va_end(arguments);
}

/* engraft keeps it out; whoever loads the plugin without engraft should know. */
static void tell_copies(struct dry_run *run)
{
    const char *needed;

    for (size_t i = 0; (needed = image_needed(run->plugin_image, i)); i++) {
        struct deep_modules modules = {0};
        struct engine_instance copy;

        if (strchr(needed, '/') || !needed_copy(run, needed, &modules))
            continue;
        copied_engine(run, &modules.images[0], &copy);
        tell(&run->plan, "it needs %s, which contains a second %s (%s): engraft keeps that out, "
                         "without engraft it would be loaded beside or mixed with the host's",
             needed, copy.abi.engine, copy.abi.version);
        run->deep->close(&modules);
    }
}

/* ---- names that the executable takes over ------------------------------------------------------------------- */

/* Whether a library that the plugin NEEDs would be asked for the name, if the executable were not
 * first: all but what every process has. */
static bool is_of_the_system(const char *name)
{
    static const char *const libraries[] = {"libc.so.6",      "libm.so.6",     "libstdc++.so.6",
                                            "libgcc_s.so.1",  "libdl.so.2",    "libpthread.so.0",
                                            "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"};

    for (size_t i = 0; i < sizeof libraries / sizeof *libraries; i++)
        if (strcmp(libraries[i], name) == 0)
            return true;
    return false;
}

static bool needs_more_than_system(const struct image *plugin)
{
    const char *needed;

    for (size_t i = 0; (needed = image_needed(plugin, i)); i++)
        if (!is_of_the_system(needed))
            return true;
    return false;
}

/* ld.so looks into the executable first. Its libuv, OpenSSL or zlib (a node executable exports all of
 * them) serve the plugin then, whatever the plugin NEEDs, and may be of another version. */
static void tell_interposed(struct dry_run *run, const struct image *executable)
{
    const struct image *plugin = run->plugin_image;
    const char *first = NULL;
    size_t count = 0;

    for (uint32_t i = 1; i < plugin->symbol_count; i++) {
        const Elf64_Sym *symbol = &plugin->symbols[i], *found;
        const char *name = image_name(plugin, symbol->st_name);
        const char *version = image_symbol_version(plugin, i);

        if (!name || symbol->st_shndx != SHN_UNDEF ||
            ELF64_ST_BIND(symbol->st_info) == STB_LOCAL || strncmp(name, "_Z", 2) == 0 ||
            name_has_prefix(name, run->plan.host->prefixes) ||
            (version && (strncmp(version, "GLIBC_", 6) == 0 || strncmp(version, "GCC_", 4) == 0)))
            continue;
        found = image_find(executable, name, gnu_hash(name, NULL), version);
        if (found && count++ == 0)
            first = name;
    }
    if (count)
        tell(&run->plan, "%zu names of other libraries (%s, ...) are exported by the host's "
                         "executable, which is asked first: they bind there, not to the libraries "
                         "that the plugin needs",
             count, first);
}

void dry_run_tell_needed(struct dry_run *run)
{
    if (run->plan.verdict == ENGRAFT_VERDICT_REFUSED || !run->plan.host)
        return;
    tell_copies(run);
    for (unsigned i = 0; i < run->plan.host->module_count; i++) {
        const struct image *module = run->plan.host->modules[i];

        if ((module->type == ET_EXEC || module == run->images) &&
            needs_more_than_system(run->plugin_image))
            tell_interposed(run, module);
    }
}
