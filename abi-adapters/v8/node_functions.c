/* SPDX-License-Identifier: MIT */
/*
 * Functions of node:: that addons call, where another version of Node has them otherwise. An
 * async_context is two doubles: it is passed, and returned, in two vector registers.
 */
#include <stdlib.h>

#include "adapter.h"

typedef uintptr_t word;

struct async_context {
    double id, trigger;
};

/* Buffer::New(Isolate *, char *, size_t, FreeCallback, void *hint) */
v8_local v8_node_buffer_new(void *isolate, char *data, size_t length, void *callback, void *hint,
                            struct v8_slot *slot)
{
    return ((v8_local(*)(void *, char *, size_t, void *, void *))slot->target)(
        isolate_of(isolate), data, length, v8_callback(slot->pair, V8_CALLBACK_PLAIN_2, callback),
        hint);
}

/* MakeCallback() without an async_context, gone in Node 25: Node itself passed {0, 0}. All three
 * forms take a word to say what is called. */
v8_local v8_node_make_callback(void *isolate, v8_local receiver, word callee, int count,
                               v8_local *arguments, struct v8_slot *slot)
{
    return ((v8_local(*)(void *, v8_local, word, int, v8_local *, double, double))slot->target)(
        isolate_of(isolate), receiver, callee, count, arguments, 0, 0);
}

/* AsyncHooksGetExecutionAsyncId(Local<Context>), where Node asks the isolate for its context. */
double v8_node_execution_async_id(v8_local context, struct v8_slot *slot)
{
    (void)context;
    return ((double (*)(void *))slot->target)(current_isolate(slot->pair));
}

/* EmitAsyncInit(Isolate *, Local<Object>, std::string_view, double), where the name ends with a
 * NUL */
struct async_context v8_node_async_init(void *isolate, v8_local resource, size_t length,
                                        const char *name, double trigger, struct v8_slot *slot)
{
    char *copy = strndup(name, length);
    struct async_context context =
        ((struct async_context(*)(void *, v8_local, const char *, double))slot->target)(
            isolate_of(isolate), resource, copy ? copy : "", trigger);

    free(copy);
    return context;
}

/* Stop(Environment *), where it takes flags as well */
int v8_node_stop(void *environment, struct v8_slot *slot)
{
    return ((int (*)(void *, int))slot->target)(environment, 0);
}

/* ---- reports: const char * up to Node 24, std::string_view then ------------------------------ */

/* GetNodeReport(Isolate * or Environment *, message, trigger, Local<Value>, std::ostream &) */
void v8_node_report(void *environment, const char *message, const char *trigger, v8_local error,
                    void *stream, struct v8_slot *slot)
{
    message = message ? message : "";
    trigger = trigger ? trigger : "";
    ((void (*)(void *, size_t, const char *, size_t, const char *, v8_local, void *))slot->target)(
        isolate_of(environment), strlen(message), message, strlen(trigger), trigger, error, stream);
}

/* A std::string of libstdc++. */
struct cxx_string {
    const char *text;
    size_t length;
};

/* TriggerNodeReport(..., message, trigger, const std::string &name, Local<Value> error) */
void *v8_node_trigger_report(void *ret_name, void *environment, const char *message,
                             const char *trigger, const struct cxx_string *name, v8_local error,
                             struct v8_slot *slot)
{
    message = message ? message : "";
    trigger = trigger ? trigger : "";
    return ((void *(*)(void *, void *, size_t, const char *, size_t, const char *, size_t,
                       const char *, v8_local))slot->target)(
        ret_name, isolate_of(environment), strlen(message), message, strlen(trigger), trigger,
        name->length, name->text, error);
}

/* ---- CallbackScope --------------------------------------------------------------------------- */

/*
 * 56 bytes up to Node 24, 72 from 25 on: too many for the plugin's. The host's is made on the
 * heap, as napi_open_callback_scope() does, and the plugin's holds its address.
 */
struct callback_scope {
    void *host;
};

#define CALLBACK_SCOPE_SIZE 256

/* CallbackScope(Isolate * or Environment *, Local<Object>, async_context) */
void v8_node_scope_start(struct callback_scope *scope, void *environment, v8_local resource,
                         double id, double trigger, struct v8_slot *slot)
{
    scope->host = calloc(1, CALLBACK_SCOPE_SIZE);
    if (!scope->host)
        return; /* no before and after hooks are called, nor are microtasks run */
    ((void (*)(void *, void *, v8_local, double, double))slot->target)(
        scope->host, isolate_of(environment), resource, id, trigger);
}

void v8_node_scope_end(const struct callback_scope *scope, struct v8_slot *slot)
{
    if (scope->host)
        ((void (*)(void *))slot->target)(scope->host);
    free(scope->host);
}
