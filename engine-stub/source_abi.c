/* SPDX-License-Identifier: MIT */
/* Which engine, and which version of it, the stub is for. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "stub_source.h"

/* "v8:10.2.154.26" */
static enum engraft_status abi_parse(const char *text, struct abi *ret_abi,
                                     struct engraft_error *reterr)
{
    static const char id[] = "abcdefghijklmnopqrstuvwxyz0123456789_-";
    static const char version[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+~-";
    size_t id_length = strspn(text, id);
    const char *rest = text + id_length + 1;

    if (id_length == 0 || text[id_length] != ':' || *rest == '\0' ||
        rest[strspn(rest, version)] != '\0' || id_length >= sizeof(ret_abi->engine) ||
        strlen(rest) >= sizeof(ret_abi->version))
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL,
                         "'%s' is not an ABI: write ENGINE:VERSION, for example v8:10.2.154.26",
                         text);
    *ret_abi = (struct abi){0};
    memcpy(ret_abi->engine, text, id_length);
    text_format(ret_abi->version, sizeof(ret_abi->version), "%s", rest);
    return ENGRAFT_OK;
}

/* ---- from an engine -------------------------------------------------------------------------------- */

static void instance_names(const struct engine_instance *instances, size_t count, char *text,
                           size_t size)
{
    size_t used = 0;

    text[0] = '\0';
    for (size_t i = 0; i < count && used + 1 < size; i++)
        used += text_format(text + used, size - used, "%s%s", i ? ", " : "",
                            instances[i].abi.engine);
}

/* Of the engines in the file, the one that was asked for, else the only one. */
static enum engraft_status instance_choose(struct stub_source *source,
                                           const struct engine_instance *instances, size_t count,
                                           struct engraft_error *reterr)
{
    const char *path = source->request->engine_path, *wanted = source->abi.engine;
    const struct engine_instance *chosen = NULL;
    char names[128];

    for (size_t i = 0; i < count; i++)
        if (!*wanted || strcmp(instances[i].abi.engine, wanted) == 0)
            chosen = &instances[i];
    instance_names(instances, count, names, sizeof(names));
    if (!*wanted && count > 1)
        return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL,
                         "holds several engines (%s): say which with --plugin-abi ENGINE:VERSION",
                         names);
    if (!*wanted && count == 0)
        return error_set(reterr, ENGRAFT_UNKNOWN_ABI, path, NULL,
                         "no engine was recognised in it; if it is one, give --plugin-abi");
    if (!chosen && count > 0)
        return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL, "holds the engine %s, not %s", names,
                         wanted);
    if (!chosen)
        return ENGRAFT_OK;
    source->instance = malloc(sizeof(*source->instance));
    if (!source->instance)
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    *source->instance = *chosen;
    return ENGRAFT_OK;
}

static enum engraft_status abi_from_engine(struct stub_source *source,
                                           struct engraft_error *reterr)
{
    struct engine_instance *instances = calloc(ENGINE_MAX, sizeof(*instances));

    if (!instances)
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    size_t count = probe_images(source->engine, 1, instances, ENGINE_MAX);
    enum engraft_status status = instance_choose(source, instances, count, reterr);
    free(instances);
    if (status != ENGRAFT_OK || !source->instance)
        return status;
    struct abi asked = source->abi;
    source->abi = source->instance->abi;
    if (*asked.version)
        memcpy(source->abi.version, asked.version, sizeof(asked.version));
    source->prefixes = source->instance->prefixes;
    if (!source->instance->row)
        source->note_prefixes = source->instance->prefixes;
    return ENGRAFT_OK;
}

/* ---- from plugins ------------------------------------------------------------------------------------ */

/* The row of the first engine symbol that the plugin wants. */
static const struct engine_row *row_of_plugin(const struct image *plugin)
{
    for (uint32_t i = 1; i < plugin->symbol_count; i++) {
        const char *name = image_name(plugin, plugin->symbols[i].st_name);
        if (plugin->symbols[i].st_shndx != SHN_UNDEF || !name)
            continue;
        const struct engine_row *row = probe_row_of_symbol(name);
        if (row)
            return row;
    }
    return NULL;
}

/* Plugins that share a stub were built against one version. */
static enum engraft_status abi_agree(struct stub_source *source, const char *path,
                                     const struct abi *abi, struct engraft_error *reterr)
{
    if (!*source->abi.engine) {
        source->abi = *abi;
        return ENGRAFT_OK;
    }
    if (strcmp(source->abi.engine, abi->engine) == 0 &&
        strcmp(source->abi.version, abi->version) == 0)
        return ENGRAFT_OK;
    return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL,
                     "was built for %s:%s, the plugins before it for %s:%s; "
                     "make two stubs, or give --plugin-abi",
                     abi->engine, abi->version, source->abi.engine, source->abi.version);
}

static enum engraft_status abi_from_plugin(struct stub_source *source, size_t index,
                                           struct engraft_error *reterr)
{
    const struct image *plugin = &source->plugin_files[index].images[0];
    const char *path = source->request->plugins[index], *told_by;
    const struct engine_row *row = row_of_plugin(plugin);
    struct abi abi = {0};

    if (!row)
        return error_set(reterr, ENGRAFT_NOT_FOUND, path, NULL,
                         "imports no symbol of an engine that engraft knows; if it does, give "
                         "--plugin-abi together with the engine or a list of symbols");
    if (!row->infer || !row->infer(plugin, &abi, &told_by) || !*abi.version)
        return error_set(reterr, ENGRAFT_UNKNOWN_ABI, path, NULL,
                         "which version of %s it was built for cannot be told: give --plugin-abi "
                         "%s:VERSION",
                         row->id, row->id);
    if (!*abi.engine)
        text_format(abi.engine, sizeof(abi.engine), "%s", row->id);
    return abi_agree(source, path, &abi, reterr);
}

/* ---- all together ------------------------------------------------------------------------------------ */

static enum engraft_status abi_check(struct stub_source *source, struct engraft_error *reterr)
{
    const struct engine_row *row = probe_row(source->abi.engine);
    const char *path = source->request->engine_path;

    if (!source->prefixes && row)
        source->prefixes = row->prefixes;
    if (!*source->abi.version)
        return error_set(reterr, ENGRAFT_UNKNOWN_ABI, path, NULL,
                         "the version of %s cannot be read: give --plugin-abi %s:VERSION",
                         source->abi.engine, source->abi.engine);
    if (!source->prefixes && !source->request->symbols_path)
        return error_set(reterr, ENGRAFT_UNKNOWN_ABI,
                         path ? path : source->request->plugins[0], NULL,
                         "which symbols belong to the engine %s is not known: list them with "
                         "--symbols",
                         source->abi.engine);
    return ENGRAFT_OK;
}

enum engraft_status source_find_abi(struct stub_source *source, struct engraft_error *reterr)
{
    const struct engraft_stub_request *request = source->request;
    enum engraft_status status = ENGRAFT_OK;

    if (request->plugin_abi)
        status = abi_parse(request->plugin_abi, &source->abi, reterr);
    if (status == ENGRAFT_OK && source->engine)
        status = abi_from_engine(source, reterr);
    for (size_t i = 0; status == ENGRAFT_OK && i < request->plugin_count; i++)
        if (!request->plugin_abi && !source->engine)
            status = abi_from_plugin(source, i, reterr);
    if (status == ENGRAFT_OK && !*source->abi.engine)
        status = error_set(reterr, ENGRAFT_UNKNOWN_ABI, request->symbols_path, NULL,
                           "a list does not say which engine it is of: give --plugin-abi "
                           "ENGINE:VERSION");
    return status == ENGRAFT_OK ? abi_check(source, reterr) : status;
}
