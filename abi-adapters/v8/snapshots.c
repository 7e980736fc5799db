/* SPDX-License-Identifier: MIT */
/*
 * SnapshotCreator. The object is one pointer of the host's in all versions; what serializes embedder
 * data is passed by value, a function and its data, more of it from version to version: with 12.4 for
 * contexts, with 12.9 for API wrappers. A function that is not given is NULL.
 */
#include "isolates.h"

/* Extra words of the host's version are zero; those of the plugin's are not passed on. */
typedef size_t add_call(void *creator, v8_local context, void *fields, void *fields_data,
                        void *contexts, void *contexts_data, void *wrappers, void *wrappers_data);

static size_t context_add(struct v8_slot *slot, void *creator, v8_local context, void *fields,
                          void *fields_data, void *contexts, void *contexts_data)
{
    struct v8_pair *pair = slot->pair;

    return ((add_call *)slot->target)(creator, context,
                                      v8_callback(pair, V8_CALLBACK_PLAIN_3, fields), fields_data,
                                      v8_callback(pair, V8_CALLBACK_PLAIN_3, contexts),
                                      contexts_data, NULL, NULL);
}

/* AddContext(), SetDefaultContext() up to 11.3 */
size_t v8_snapshot_context(void *creator, v8_local context, void *fields, void *data,
                           struct v8_slot *slot)
{
    return context_add(slot, creator, context, fields, data, NULL, NULL);
}

/* ... of 12.4 */
size_t v8_snapshot_context_data(void *creator, v8_local context, void *fields, void *fields_data,
                                void *contexts, void *contexts_data, struct v8_slot *slot)
{
    return context_add(slot, creator, context, fields, fields_data, contexts, contexts_data);
}

/* ... from 12.9 on */
size_t v8_snapshot_context_wrappers(void *creator, v8_local context, void *fields,
                                    void *fields_data, void *contexts, void *contexts_data,
                                    void *wrappers, void *wrappers_data, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;

    return ((add_call *)slot->target)(creator, context,
                                      v8_callback(pair, V8_CALLBACK_PLAIN_3, fields), fields_data,
                                      v8_callback(pair, V8_CALLBACK_PLAIN_3, contexts),
                                      contexts_data,
                                      v8_callback(pair, V8_CALLBACK_PLAIN_3, wrappers),
                                      wrappers_data);
}

/* SnapshotCreator::GetIsolate() */
void *v8_snapshot_isolate(void *creator, struct v8_slot *slot)
{
    return shadow_of(slot->pair, ((void *(*)(void *))slot->target)(creator));
}

/* SnapshotCreator(Isolate *, const intptr_t *, [const] StartupData *[, bool owns]): up to 11.3 the creator
 * always ends the isolate. */
void v8_snapshot_new(void *creator, void *isolate, const intptr_t *references, void *blob,
                     struct v8_slot *slot)
{
    ((void (*)(void *, void *, const intptr_t *, void *, int))slot->target)(
        creator, isolate_of(isolate), references, blob, true);
    shadow_renew(isolate_of(isolate));
}

/* SnapshotCreator(Isolate *, const Isolate::CreateParams &) */
void v8_snapshot_new_with(void *creator, void *isolate, const void *params, struct v8_slot *slot)
{
    union record_buffer host;

    params_to_host(slot->pair, params, &host);
    ((void (*)(void *, void *, const void *))slot->target)(creator, isolate_of(isolate), &host);
    shadow_renew(isolate_of(isolate));
}

/* SnapshotCreator(const Isolate::CreateParams &) */
void v8_snapshot_new_of(void *creator, const void *params, struct v8_slot *slot)
{
    union record_buffer host;

    params_to_host(slot->pair, params, &host);
    ((void (*)(void *, const void *))slot->target)(creator, &host);
}
