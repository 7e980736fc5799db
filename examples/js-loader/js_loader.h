/* SPDX-License-Identifier: MIT */
/*
 * A loader of JavaScript as a plugin: what a polyglot runtime such as MetaCall asks of its
 * node_loader, in C. A host opens the shared object and looks up one name, js_loader_table.
 *
 * Values are engraft-node's (engraft-node.h: who owns what). Every function may be called from any
 * thread; results come last, errors say message, place and JavaScript stack.
 */
#ifndef JS_LOADER_H
#define JS_LOADER_H

#include "engraft-node.h"

#define JS_LOADER_VERSION 1
#define JS_LOADER_TABLE "js_loader_table"

typedef struct js_loader js_loader; /* one Node.js, on a thread of its own */
typedef struct js_script js_script; /* one loaded file and what it exports */

/* A function that a script exports. The name lives as long as the script. */
struct js_function {
    const char *name;
    unsigned arity;   /* its declared parameters */
    bool is_async;    /* an async function: its call returns a promise */
};

/* A function of the host that scripts call as a global; as engraft_node_callback. */
typedef engraft_node_callback js_callback;

struct js_loader_table {
    unsigned version; /* JS_LOADER_VERSION */

    /* Starts Node.js; @root: where relative paths and require() begin, NULL: working directory. */
    enum engraft_node_status (*open)(const char *root, js_loader **ret_loader,
                                     struct engraft_node_error *reterr);
    /* Ends it and forgets its scripts, after waiting `timeout` milliseconds for what they still do. */
    enum engraft_node_status (*close)(js_loader *loader, int timeout,
                                      struct engraft_node_error *reterr);

    /* Loads a file (CommonJS or ES module). */
    enum engraft_node_status (*load)(js_loader *loader, const char *path, js_script **ret_script,
                                     struct engraft_node_error *reterr);
    /* Forgets it: handles are released, and require() would load the file anew. */
    void (*unload)(js_script *script);

    /* What it exports; index < count. */
    size_t (*function_count)(const js_script *script);
    const struct js_function *(*function)(const js_script *script, size_t index);

    /* Calls an exported function. A promise comes back as a PROMISE, for await(). */
    enum engraft_node_status (*call)(js_script *script, const char *name,
                                     const struct engraft_node_value *arguments, size_t count,
                                     struct engraft_node_value *ret_value,
                                     struct engraft_node_error *reterr);
    /* Calls a function that came as a value: a callback of JavaScript's. */
    enum engraft_node_status (*call_value)(js_loader *loader,
                                           const struct engraft_node_value *function,
                                           const struct engraft_node_value *arguments, size_t count,
                                           struct engraft_node_value *ret_value,
                                           struct engraft_node_error *reterr);
    enum engraft_node_status (*await)(js_loader *loader, const struct engraft_node_value *promise,
                                      int timeout, struct engraft_node_value *ret_value,
                                      struct engraft_node_error *reterr);

    /* Makes a function of the host: as a value for arguments, and as a global when it has a name. */
    enum engraft_node_status (*register_function)(js_loader *loader, const char *name,
                                                  js_callback callback, void *user,
                                                  struct engraft_node_value *ret_function,
                                                  struct engraft_node_error *reterr);

    /* A property of an object, borrowed, or NULL; and the end of a value that was returned. */
    const struct engraft_node_value *(*get)(const struct engraft_node_value *object,
                                            const char *key);
    void (*clear)(struct engraft_node_value *value);
};

#endif
