/* SPDX-License-Identifier: MIT */
/*
 * Microtasks. A MicrotaskQueue is an object of the host with virtual functions, which plugins call with
 * their isolate and their callbacks: what they get is a proxy. Its virtual functions are the same, in the
 * same order, in all versions from 9.4 to 14.6.
 */
#include <stdlib.h>

#include "crossings.h"
#include "fork_lock.h"
#include "microtasks.h"

typedef void virtual_function(void);

struct proxy {
    virtual_function *const *table;
    void *queue; /* the host's */
    struct v8_pair *pair;
    struct proxy *next;
};

enum method {
    DESTROY,
    DESTROY_DELETING,
    ENQUEUE_FUNCTION,
    ENQUEUE_CALLBACK,
    ADD_COMPLETED,
    REMOVE_COMPLETED,
    PERFORM,
    IS_RUNNING,
    DEPTH,
    METHODS,
};

FORK_LOCK

static struct proxy *proxies;

/* The host's own function for a method. */
static virtual_function *host_method(const struct proxy *proxy, enum method method)
{
    return (*(virtual_function *const **)proxy->queue)[method];
}

/* ---- what plugins call ------------------------------------------------------------------------------------ */

static void forget(struct proxy *gone)
{
    lock();
    for (struct proxy **link = &proxies; *link; link = &(*link)->next) {
        if (*link == gone) {
            *link = gone->next;
            break;
        }
    }
    unlock();
}

static void destroy(struct proxy *proxy)
{
    struct crossing crossing;

    crossing_out(&crossing, proxy->pair);
    ((void (*)(void *))host_method(proxy, DESTROY_DELETING))(proxy->queue);
    crossing_out_end(&crossing);
    forget(proxy);
    proxy->queue = NULL;
}

static void destroy_deleting(struct proxy *proxy)
{
    destroy(proxy);
    free(proxy);
}

static void enqueue_function(struct proxy *proxy, void *isolate, v8_local function)
{
    struct crossing crossing;

    crossing_out(&crossing, proxy->pair);
    ((void (*)(void *, void *, v8_local))host_method(proxy, ENQUEUE_FUNCTION))(
        proxy->queue, isolate_of(isolate), function);
    crossing_out_end(&crossing);
}

static void enqueue_callback(struct proxy *proxy, void *isolate, void *callback, void *data)
{
    struct crossing crossing;

    crossing_out(&crossing, proxy->pair);
    ((void (*)(void *, void *, void *, void *))host_method(proxy, ENQUEUE_CALLBACK))(
        proxy->queue, isolate_of(isolate),
        v8_callback(proxy->pair, V8_CALLBACK_PLAIN_1, callback), data);
    crossing_out_end(&crossing);
}

static void change_completed(struct proxy *proxy, enum method method, void *callback, void *data)
{
    ((void (*)(void *, void *, void *))host_method(proxy, method))(
        proxy->queue, v8_callback(proxy->pair, V8_CALLBACK_ISOLATE_2, callback), data);
}

static void add_completed(struct proxy *proxy, void *callback, void *data)
{
    change_completed(proxy, ADD_COMPLETED, callback, data);
}

static void remove_completed(struct proxy *proxy, void *callback, void *data)
{
    change_completed(proxy, REMOVE_COMPLETED, callback, data);
}

static void perform(struct proxy *proxy, void *isolate)
{
    struct crossing crossing;

    crossing_out(&crossing, proxy->pair);
    ((void (*)(void *, void *))host_method(proxy, PERFORM))(proxy->queue, isolate_of(isolate));
    crossing_out_end(&crossing);
}

static bool is_running(struct proxy *proxy)
{
    return ((bool (*)(void *))host_method(proxy, IS_RUNNING))(proxy->queue);
}

static int depth(struct proxy *proxy)
{
    return ((int (*)(void *))host_method(proxy, DEPTH))(proxy->queue);
}

/* As compilers lay it out: offset to top and type information in front. */
static const struct {
    intptr_t offset;
    const void *type;
    virtual_function *methods[METHODS];
} table = {
    .methods = {
        [DESTROY] = (virtual_function *)destroy,
        [DESTROY_DELETING] = (virtual_function *)destroy_deleting,
        [ENQUEUE_FUNCTION] = (virtual_function *)enqueue_function,
        [ENQUEUE_CALLBACK] = (virtual_function *)enqueue_callback,
        [ADD_COMPLETED] = (virtual_function *)add_completed,
        [REMOVE_COMPLETED] = (virtual_function *)remove_completed,
        [PERFORM] = (virtual_function *)perform,
        [IS_RUNNING] = (virtual_function *)is_running,
        [DEPTH] = (virtual_function *)depth,
    },
};

/* ---- proxies ---------------------------------------------------------------------------------------------- */

static bool is_proxy(const void *queue)
{
    return queue && ((const struct proxy *)queue)->table == table.methods;
}

void *microtask_queue_of(void *queue)
{
    return is_proxy(queue) ? ((struct proxy *)queue)->queue : queue;
}

void *microtask_queue_for(struct v8_pair *pair, void *queue)
{
    struct proxy *proxy;

    if (!queue || is_proxy(queue))
        return queue;
    lock();
    for (proxy = proxies; proxy; proxy = proxy->next)
        if (proxy->queue == queue && proxy->pair == pair)
            break;
    if (!proxy && (proxy = malloc(sizeof *proxy))) {
        *proxy = (struct proxy){table.methods, queue, pair, proxies};
        proxies = proxy;
    }
    unlock();
    return proxy;
}

/* ---- functions -------------------------------------------------------------------------------------------- */

/* MicrotaskQueue::New(Isolate *, MicrotasksPolicy): a std::unique_ptr */
void **v8_microtask_queue_new(void **ret, void *isolate, int policy, struct v8_slot *slot)
{
    ((void *(*)(void **, void *, int))slot->target)(ret, isolate_of(isolate), policy);
    *ret = microtask_queue_for(slot->pair, *ret);
    return ret;
}

/* Context::GetMicrotaskQueue() */
void *v8_context_microtask_queue(v8_local context, struct v8_slot *slot)
{
    return microtask_queue_for(slot->pair, ((void *(*)(v8_local))slot->target)(context));
}

/* Context::SetMicrotaskQueue(MicrotaskQueue *) */
void v8_context_set_microtask_queue(v8_local context, void *queue, struct v8_slot *slot)
{
    ((void (*)(v8_local, void *))slot->target)(context, microtask_queue_of(queue));
}

typedef void scope_call(void *scope, void *isolate, void *queue, int type);

/* MicrotasksScope(Isolate *, MicrotaskQueue *, Type); SuppressMicrotaskExecutionScope without type */
void v8_microtasks_scope_queue(void *scope, void *isolate, void *queue, int type,
                               struct v8_slot *slot)
{
    ((scope_call *)slot->target)(scope, isolate_of(isolate), microtask_queue_of(queue), type);
}

void v8_suppress_microtasks(void *scope, void *isolate, void *queue, struct v8_slot *slot)
{
    ((scope_call *)slot->target)(scope, isolate_of(isolate), microtask_queue_of(queue), 0);
}

/* MicrotasksScope(Isolate *, Type), up to 12.4: the isolate's own queue */
void v8_microtasks_scope_isolate(void *scope, void *isolate, int type, struct v8_slot *slot)
{
    ((scope_call *)slot->target)(scope, isolate_of(isolate), NULL, type);
}

/* MicrotasksScope(Local<Context>, Type), from 11.3 on */
void v8_microtasks_scope_context(void *scope, v8_local context, int type, struct v8_slot *slot)
{
    typedef void *queue_call(v8_local context);
    void *queue = HOST_CALL(slot->pair, context_microtask_queue, queue_call *)(context);

    ((scope_call *)slot->target)(scope, current_isolate(slot->pair), queue, type);
}
