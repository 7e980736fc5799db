/* SPDX-License-Identifier: MIT */
/* The loader: a shared object over engraft-node that contains no V8 and no Node. */
#include "js_loader.h"

#include <stdlib.h>
#include <string.h>

struct js_loader {
    engraft_node *node;
    struct engraft_node_value describe; /* of a script: what it exports */
    struct engraft_node_value forget;   /* takes a file out of require()'s cache */
};

struct exported {
    struct js_function function;
    struct engraft_node_value value;
};

struct js_script {
    js_loader *loader;
    char *path;
    struct engraft_node_value list; /* [[name, arity, is async, function]...] */
    struct exported *exported;
    size_t count;
};

/* Exported functions: the module itself if it is one, and those of its properties that are. */
static const char describe_source[] =
    "(function (exported) {\n"
    "    const list = [];\n"
    "    const add = (name, value) => { if (typeof value === 'function') list.push([name,\n"
    "        value.length, value.constructor.name === 'AsyncFunction', value]) };\n"
    "    if (typeof exported === 'function') add(exported.name || 'default', exported);\n"
    "    for (const name of Object.keys(exported)) add(name, exported[name]);\n"
    "    return list;\n"
    "})";

static const char forget_source[] =
    "((file) => { try { delete require.cache[require.resolve(file)] } catch {} })";

static enum engraft_node_status fail(enum engraft_node_status status, const char *message,
                                     struct engraft_node_error *reterr)
{
    if (reterr != NULL) {
        memset(reterr, 0, sizeof(*reterr));
        reterr->status = status;
        strncpy(reterr->message, message, sizeof(reterr->message) - 1);
    }
    return status;
}

static enum engraft_node_status no_memory(struct engraft_node_error *reterr)
{
    return fail(ENGRAFT_NODE_SYSTEM, "no memory", reterr);
}

/* ---- the loader */

static enum engraft_node_status make_function(js_loader *loader, const char *source,
                                              struct engraft_node_value *ret_function,
                                              struct engraft_node_error *reterr)
{
    return engraft_node_run_string(loader->node, source, (size_t)-1, "js-loader", 0, ret_function,
                                   reterr);
}

static enum engraft_node_status close_loader(js_loader *loader, int timeout,
                                             struct engraft_node_error *reterr)
{
    engraft_node_value_clear(&loader->describe);
    engraft_node_value_clear(&loader->forget);
    enum engraft_node_status status = engraft_node_stop(loader->node, timeout, NULL, reterr);
    free(loader);
    return status;
}

static enum engraft_node_status open_loader(const char *root, js_loader **ret_loader,
                                            struct engraft_node_error *reterr)
{
    struct engraft_node_options options = {.size = sizeof(options), .root = root};
    js_loader *loader = calloc(1, sizeof(*loader));
    if (loader == NULL)
        return no_memory(reterr);
    enum engraft_node_status status = engraft_node_start(&options, &loader->node, reterr);
    if (status != ENGRAFT_NODE_OK) {
        free(loader);
        return status;
    }
    status = make_function(loader, describe_source, &loader->describe, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = make_function(loader, forget_source, &loader->forget, reterr);
    if (status == ENGRAFT_NODE_OK)
        *ret_loader = loader;
    else
        close_loader(loader, 0, NULL);
    return status;
}

/* ---- scripts */

static void unload(js_script *script)
{
    if (script == NULL)
        return;
    if (script->path != NULL) {
        struct engraft_node_value path = engraft_node_text(script->path, strlen(script->path));
        engraft_node_call(script->loader->node, &script->loader->forget, NULL, &path, 1, 0, NULL,
                          NULL);
    }
    engraft_node_value_clear(&script->list);
    free(script->exported);
    free(script->path);
    free(script);
}

/* The rows of `list` as structs; names and handles stay in the list. */
static enum engraft_node_status read_list(js_script *script, struct engraft_node_error *reterr)
{
    script->count = script->list.as.array.count;
    script->exported = calloc(script->count + 1, sizeof(*script->exported));
    if (script->exported == NULL)
        return no_memory(reterr);
    for (size_t i = 0; i < script->count; i++) {
        const struct engraft_node_value *row = script->list.as.array.items[i].as.array.items;
        struct exported *exported = &script->exported[i];
        exported->function.name = row[0].as.text.data;
        exported->function.arity = (unsigned)row[1].as.number;
        exported->function.is_async = row[2].as.boolean;
        exported->value = row[3];
    }
    return ENGRAFT_NODE_OK;
}

static enum engraft_node_status describe(js_script *script, const char *path,
                                         struct engraft_node_error *reterr)
{
    engraft_node *node = script->loader->node;
    struct engraft_node_value exports = engraft_node_undefined();
    enum engraft_node_status status =
        engraft_node_run_file(node, path, ENGRAFT_NODE_BY_REFERENCE, &exports, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = engraft_node_call(node, &script->loader->describe, NULL, &exports, 1, 0,
                                   &script->list, reterr);
    engraft_node_value_clear(&exports);
    return status == ENGRAFT_NODE_OK ? read_list(script, reterr) : status;
}

static enum engraft_node_status load(js_loader *loader, const char *path, js_script **ret_script,
                                     struct engraft_node_error *reterr)
{
    js_script *script = calloc(1, sizeof(*script));
    if (script == NULL)
        return no_memory(reterr);
    script->loader = loader;
    script->path = strdup(path);
    enum engraft_node_status status =
        script->path == NULL ? no_memory(reterr) : describe(script, path, reterr);
    if (status == ENGRAFT_NODE_OK)
        *ret_script = script;
    else
        unload(script);
    return status;
}

static size_t function_count(const js_script *script)
{
    return script->count;
}

static const struct js_function *function(const js_script *script, size_t index)
{
    return index < script->count ? &script->exported[index].function : NULL;
}

/* ---- calls */

static enum engraft_node_status call(js_script *script, const char *name,
                                     const struct engraft_node_value *arguments, size_t count,
                                     struct engraft_node_value *ret_value,
                                     struct engraft_node_error *reterr)
{
    for (size_t i = 0; i < script->count; i++) {
        if (strcmp(script->exported[i].function.name, name) == 0)
            return engraft_node_call(script->loader->node, &script->exported[i].value, NULL,
                                     arguments, count, 0, ret_value, reterr);
    }
    return fail(ENGRAFT_NODE_ARGUMENT, "the script exports no function of that name", reterr);
}

static enum engraft_node_status call_value(js_loader *loader,
                                           const struct engraft_node_value *callee,
                                           const struct engraft_node_value *arguments, size_t count,
                                           struct engraft_node_value *ret_value,
                                           struct engraft_node_error *reterr)
{
    return engraft_node_call(loader->node, callee, NULL, arguments, count, 0, ret_value, reterr);
}

static enum engraft_node_status await(js_loader *loader, const struct engraft_node_value *promise,
                                      int timeout, struct engraft_node_value *ret_value,
                                      struct engraft_node_error *reterr)
{
    return engraft_node_await(loader->node, promise, timeout, 0, ret_value, reterr);
}

static enum engraft_node_status register_function(js_loader *loader, const char *name,
                                                  js_callback callback, void *user,
                                                  struct engraft_node_value *ret_function,
                                                  struct engraft_node_error *reterr)
{
    return engraft_node_function(loader->node, name, callback, user, NULL,
                                 name != NULL ? ENGRAFT_NODE_GLOBAL : 0, ret_function, reterr);
}

__attribute__((visibility("default"))) const struct js_loader_table js_loader_table = {
    .version = JS_LOADER_VERSION,
    .open = open_loader,
    .close = close_loader,
    .load = load,
    .unload = unload,
    .function_count = function_count,
    .function = function,
    .call = call,
    .call_value = call_value,
    .await = await,
    .register_function = register_function,
    .get = engraft_node_value_get,
    .clear = engraft_node_value_clear,
};
