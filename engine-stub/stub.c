/* SPDX-License-Identifier: MIT */
#include "stub.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "error.h"
#include "stub_files.h"

/* ---- names ------------------------------------------------------------------------------------------- */

struct stub_names {
    char name[128];   /* NAME of lib<NAME>.so */
    char soname[300]; /* of the run-time stub */
    char *import_path, *stub_path;
};

/* "libnode" of "/usr/lib/libnode.so.108", "dd_pprof" of "dd_pprof.node" */
static void stem_of(const char *path, char *ret_stem, size_t size)
{
    const char *base = strrchr(path, '/');
    base = base ? base + 1 : path;
    const char *end = strstr(base, ".so");
    if (!end || end == base)
        end = strrchr(base, '.');
    int length = end && end != base ? (int)(end - base) : (int)strlen(base);

    text_format(ret_stem, size, "%.*s", length, base);
}

/* Names become parts of file names and of SONAMEs, and linkers split lists of them at ':'. */
static bool name_is_usable(const char *name, size_t limit)
{
    if (!*name || *name == '.' || *name == '-' || strlen(name) >= limit)
        return false;
    for (const char *at = name; *at; at++)
        if ((unsigned char)*at <= ' ' || *at == '/' || *at == ':' || *at == 0x7f)
            return false;
    return true;
}

/* NAME: as asked for, else that of the engine's library, else the engine's id. */
static enum engraft_status name_choose(const struct stub_source *source, struct stub_names *names,
                                       struct engraft_error *reterr)
{
    const char *asked = source->request->name;
    char stem[256];

    if (!asked && source->engine) {
        stem_of(source->engine->soname ? source->engine->soname : source->request->engine_path,
                stem, sizeof(stem));
        asked = strncmp(stem, "lib", 3) == 0 && stem[3] ? stem + 3 : stem;
    }
    if (!asked)
        asked = source->abi.engine;
    if (!name_is_usable(asked, sizeof(names->name)))
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "'%s' cannot be the NAME of lib<NAME>.so", asked);
    text_format(names->name, sizeof(names->name), "%s", asked);
    return ENGRAFT_OK;
}

/* Never the engine's own: ld.so would take the engine that is loaded for the stub, and load none. */
static enum engraft_status soname_choose(const struct stub_source *source, struct stub_names *names,
                                         struct engraft_error *reterr)
{
    const char *plugin = source->request->plugin_name;
    char stem[128] = "";

    if (plugin) {
        stem_of(plugin, stem, sizeof(stem));
        if (!name_is_usable(stem, sizeof(stem)))
            return error_set(reterr, ENGRAFT_ARGUMENT, plugin, NULL,
                             "'%s' cannot be part of a file name", stem);
    }
    text_format(names->soname, sizeof(names->soname), "lib%s%s%s.engraft.so", names->name,
                plugin ? "-" : "", stem);
    if (source->engine && source->engine->soname &&
        strcmp(source->engine->soname, names->soname) == 0)
        return error_set(reterr, ENGRAFT_ARGUMENT, source->request->engine_path, NULL,
                         "has the SONAME %s that the stub would get: give another name",
                         names->soname);
    return ENGRAFT_OK;
}

static enum engraft_status names_init(struct stub_names *names, const struct stub_source *source,
                                      struct engraft_error *reterr)
{
    const char *directory = source->request->output_directory;
    enum engraft_status status = name_choose(source, names, reterr);

    if (status == ENGRAFT_OK)
        status = soname_choose(source, names, reterr);
    if (status != ENGRAFT_OK)
        return status;
    if (asprintf(&names->import_path, "%s/lib%s.so", directory, names->name) < 0)
        names->import_path = NULL;
    if (asprintf(&names->stub_path, "%s/%s", directory, names->soname) < 0)
        names->stub_path = NULL;
    if (!names->import_path || !names->stub_path)
        return error_set(reterr, ENGRAFT_MEMORY, directory, NULL, "out of memory");
    return ENGRAFT_OK;
}

static void names_deinit(struct stub_names *names)
{
    free(names->import_path);
    free(names->stub_path);
}

/* ---- the request --------------------------------------------------------------------------------------- */

/* glibc 2.33 gave stat() a symbol that an older one lacks; statx() is in all since 2.28. */
static bool facts_of_file(const char *path, struct statx *ret_facts)
{
    return statx(AT_FDCWD, path, 0, STATX_TYPE | STATX_INO, ret_facts) == 0;
}

static enum engraft_status request_check(const struct engraft_stub_request *request,
                                         const struct engraft_stub_result *result,
                                         struct engraft_error *reterr)
{
    struct statx directory;

    if (!request || request->size < sizeof(*request) || !result || result->size < sizeof(*result))
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "request and result need their size set");
    if (!request->output_directory)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "no output directory was given");
    if (!request->engine_path && !request->symbols_path &&
        (!request->plugins || request->plugin_count == 0))
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "give an engine, plugins or a list of symbols to make a stub of");
    if (request->plugin_count != 0 && !request->plugins)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "plugin_count without plugins");
    if (request->trap && strcmp(request->trap, "abort") != 0 &&
        strcmp(request->trap, "return") != 0)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "trap is 'abort' or 'return', not '%s'", request->trap);
    if (!facts_of_file(request->output_directory, &directory) || !S_ISDIR(directory.stx_mode))
        return error_set(reterr, ENGRAFT_NOT_FOUND, request->output_directory, NULL,
                         "the output directory does not exist");
    return ENGRAFT_OK;
}

static bool same_file(const char *a, const char *b)
{
    struct statx first, second;

    return a && b && facts_of_file(a, &first) && facts_of_file(b, &second) &&
           first.stx_dev_major == second.stx_dev_major &&
           first.stx_dev_minor == second.stx_dev_minor && first.stx_ino == second.stx_ino;
}

/* `engraft stub ./libnode.so -o .` would put the import library in the engine's place. */
static enum engraft_status inputs_spare(const struct stub_source *source, const char *path,
                                        struct engraft_error *reterr)
{
    const struct engraft_stub_request *request = source->request;
    bool hit = same_file(request->engine_path, path) || same_file(request->symbols_path, path);

    for (size_t i = 0; i < request->plugin_count; i++)
        hit = hit || same_file(request->plugins[i], path);
    if (!hit)
        return ENGRAFT_OK;
    return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL,
                     "would replace an input: choose another directory or name");
}

/* ---- all together ------------------------------------------------------------------------------------- */

static enum engraft_status files_build(const struct stub_source *source,
                                       const struct stub_names *names, struct engraft_error *reterr)
{
    struct elf_object import_library, runtime_stub;
    /* The stub first: an import library alone would link plugins that then do not load. */
    struct stub_file files[2] = {
        {&runtime_stub, names->stub_path},
        {&import_library, names->import_path},
    };

    elf_object_init(&import_library, source->machine, names->soname);
    elf_object_init(&runtime_stub, source->machine, names->soname);
    enum engraft_status status = import_library_build(&import_library, source, reterr);
    if (status == ENGRAFT_OK)
        status = runtime_stub_build(&runtime_stub, source, reterr);
    if (status == ENGRAFT_OK)
        status = stub_files_write(files, reterr);
    elf_object_deinit(&import_library);
    elf_object_deinit(&runtime_stub);
    return status;
}

/* Takes the paths out of `names`. */
static enum engraft_status result_fill(const struct stub_source *source, struct stub_names *names,
                                       char *abi, struct engraft_stub_result *ret_result)
{
    ret_result->import_path = names->import_path;
    ret_result->stub_path = names->stub_path;
    ret_result->abi = abi;
    ret_result->object_count = 0;
    for (size_t i = 0; i < source->set.count; i++)
        ret_result->object_count += source->set.symbols[i].type == STT_OBJECT;
    ret_result->function_count = source->set.count - ret_result->object_count;
    names->import_path = names->stub_path = NULL;
    return ENGRAFT_OK;
}

static enum engraft_status stub_write(const struct stub_source *source,
                                      struct engraft_stub_result *ret_result,
                                      struct engraft_error *reterr)
{
    struct stub_names names = {0};
    char *abi = NULL;
    enum engraft_status status = names_init(&names, source, reterr);

    if (status == ENGRAFT_OK)
        status = inputs_spare(source, names.import_path, reterr);
    if (status == ENGRAFT_OK)
        status = inputs_spare(source, names.stub_path, reterr);
    if (status == ENGRAFT_OK &&
        asprintf(&abi, "%s:%s", source->abi.engine, source->abi.version) < 0)
        status = error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    if (status == ENGRAFT_OK) {
        status = files_build(source, &names, reterr);
        if (status == ENGRAFT_OK)
            result_fill(source, &names, abi, ret_result);
        else
            free(abi);
    }
    names_deinit(&names);
    return status;
}

enum engraft_status stub_create(const struct engraft_stub_request *request,
                                struct engraft_stub_result *ret_result,
                                struct engraft_error *reterr)
{
    struct stub_source source;
    enum engraft_status status = request_check(request, ret_result, reterr);

    if (status != ENGRAFT_OK)
        return status;
    status = stub_source_init(&source, request, reterr);
    if (status == ENGRAFT_OK)
        status = stub_write(&source, ret_result, reterr);
    stub_source_deinit(&source);
    return status;
}
