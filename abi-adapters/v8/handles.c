/* SPDX-License-Identifier: MIT */
/*
 * Handle scopes of the host, for adapters.
 *
 * HandleScopeData {next, limit, level} is where an isolate keeps its innermost scope. Its offset is in
 * the headers from 12.4 on; before, it is measured: a scope that was opened has copies of next and limit,
 * and a handle made in it moves next.
 */
#include "adapter.h"

typedef void scope_start_call(struct v8_scope *scope, void *isolate);
typedef void scope_end_call(struct v8_scope *scope);
typedef v8_value *handle_create_call(void *isolate, v8_value value);
typedef v8_value *scope_extend_call(void *isolate);
typedef void scope_shrink_call(struct v8_scope *scope, void *isolate);

#define SEARCH_FIRST 512
#define SEARCH_LAST 0xe800 /* V8 10.2 keeps it at 0xd768 of an isolate, 11.3 at 0xe390 */

static v8_value *data_at(void *isolate, uint32_t offset)
{
    return (v8_value *)((char *)isolate + offset);
}

/* Opened by the host's own code, whose copies are looked for. */
static uint32_t scope_data_measure(struct v8_pair *pair, void *isolate)
{
    struct v8_scope scope;
    v8_value *handle;
    uint32_t offset;

    HOST_CALL(pair, handle_scope_start, scope_start_call *)(&scope, isolate);
    handle = HOST_CALL(pair, handle_create, handle_create_call *)(isolate, 0);
    for (offset = SEARCH_FIRST; offset < SEARCH_LAST; offset += 8)
        if (data_at(isolate, offset)[0] == (v8_value)(handle + 1) &&
            (data_at(isolate, offset)[1] == (v8_value)scope.limit || handle != scope.next))
            break;
    HOST_CALL(pair, handle_scope_end, scope_end_call *)(&scope);
    return offset < SEARCH_LAST ? offset : 0;
}

v8_value *host_scope_data(struct v8_pair *pair, void *isolate)
{
    uint32_t offset = atomic_load_explicit(&pair->scope_data, memory_order_relaxed);

    if (!offset) {
        int32_t known = v8_constant(V8_kIsolateHandleScopeDataOffset, pair->host);

        offset = known != V8_NONE ? (uint32_t)known : scope_data_measure(pair, isolate);
        atomic_store_explicit(&pair->scope_data, offset, memory_order_relaxed);
    }
    return data_at(isolate, offset);
}

static int *level_of(v8_value *data)
{
    return (int *)&data[2];
}

void scope_open(struct v8_pair *pair, void *isolate, struct v8_scope *ret_scope)
{
    v8_value *data = host_scope_data(pair, isolate);

    *ret_scope = (struct v8_scope){isolate, (v8_value *)data[0], (v8_value *)data[1]};
    ++*level_of(data);
}

void scope_close(struct v8_pair *pair, struct v8_scope *scope)
{
    v8_value *data = host_scope_data(pair, scope->isolate);

    if (data[1] != (v8_value)scope->limit && HOST_HAS(pair, handle_scope_end)) {
        HOST_CALL(pair, handle_scope_end, scope_end_call *)(scope);
        return;
    }
    data[0] = (v8_value)scope->next;
    --*level_of(data);
    if (data[1] != (v8_value)scope->limit) {
        data[1] = (v8_value)scope->limit;
        HOST_CALL(pair, handle_scope_shrink, scope_shrink_call *)(scope, scope->isolate);
    }
}

/* The host makes room: next and limit then are of a new block. */
static void scope_extend(struct v8_pair *pair, void *isolate, v8_value *data)
{
    v8_value *handle;

    data[0] = data[1]; /* what is left of this block would be too short */
    if (HOST_HAS(pair, handle_scope_extend)) {
        handle = HOST_CALL(pair, handle_scope_extend, scope_extend_call *)(isolate);
        data[0] = (v8_value)handle;
        return;
    }
    handle = HOST_CALL(pair, handle_create, handle_create_call *)(isolate, 0);
    data[0] = (v8_value)handle;
}

v8_value *scope_take(struct v8_pair *pair, void *isolate, size_t count)
{
    v8_value *data = host_scope_data(pair, isolate), *first;

    if ((data[1] - data[0]) / sizeof *first < count) {
        for (v8_value *rest = (v8_value *)data[0]; rest != (v8_value *)data[1]; rest++)
            *rest = 0; /* skipped, and visited all the same */
        scope_extend(pair, isolate, data);
        if ((data[1] - data[0]) / sizeof *first < count)
            return NULL;
    }
    first = (v8_value *)data[0];
    memset(first, 0, count * sizeof *first);
    data[0] += count * sizeof *first;
    return first;
}

v8_local handle_new(struct v8_pair *pair, void *isolate, v8_value value)
{
    v8_local handle = scope_take(pair, isolate, 1);

    *handle = value;
    return handle;
}

v8_local scope_escape(struct v8_pair *pair, struct v8_scope *scope, v8_local local)
{
    v8_value value = local ? *local : 0;

    scope_close(pair, scope);
    return local ? handle_new(pair, scope->isolate, value) : NULL;
}
