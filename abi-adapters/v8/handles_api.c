/* SPDX-License-Identifier: MIT */
/*
 * v8::HandleScope and its kin, Persistent and TracedReference: what a plugin imports of them.
 *
 * A HandleScope is {isolate, next, limit} in all versions. V8 14.1 has it inline in the headers; before, it
 * is imported, and here done by the same few instructions on the host's HandleScopeData. The isolate
 * in it is the shadow: HandleScope::GetIsolate() is inline.
 */
#include "adapter.h"

/* What only some versions' EscapableHandleScope has behind it lies at the same place in all. */
struct escapable_scope {
    struct v8_scope scope;
    v8_value *escape_slot;
};

/* HandleScope::HandleScope(Isolate *), Initialize(Isolate *) */
void v8_handle_scope_start(struct v8_scope *scope, void *shadow, struct v8_slot *slot)
{
    scope_open(slot->pair, isolate_of(shadow), scope);
    scope->isolate = shadow;
}

/* ~HandleScope() */
void v8_handle_scope_end(const struct v8_scope *scope, struct v8_slot *slot)
{
    struct v8_scope hosts = {isolate_of(scope->isolate), scope->next, scope->limit};

    scope_close(slot->pair, &hosts);
}

/* HandleScope::CreateHandle(internal::Isolate *, Address) */
v8_value *v8_handle_scope_create(void *shadow, v8_value value, struct v8_slot *slot)
{
    return handle_new(slot->pair, isolate_of(shadow), value);
}

/* HandleScope::Extend(Isolate *), where the host has none: its CreateHandle() extends by itself. What
 * it did to next and limit is carried to the shadow by the mirrored entry; the plugin counts on. */
v8_value *v8_handle_scope_extend(void *shadow, struct v8_slot *slot)
{
    return handle_new(slot->pair, isolate_of(shadow), 0);
}

/* HandleScope::DeleteExtensions(Isolate *), where the host has none. The plugin has set next and limit;
 * a scope whose limit differs has them deleted when it ends. */
void v8_handle_scope_shrink(struct v8_scope *scope, void *shadow, struct v8_slot *slot)
{
    void *isolate = isolate_of(shadow);
    v8_value *data = host_scope_data(slot->pair, isolate);
    struct v8_scope hosts = {isolate, (v8_value *)data[0], (v8_value *)data[1]};

    (void)scope;
    data[1] = ~data[1]; /* the outermost scope's is zero */
    ++*(int *)&data[2];
    HOST_CALL(slot->pair, handle_scope_end, void (*)(struct v8_scope *))(&hosts);
}

/* EscapableHandleScope::EscapableHandleScope(Isolate *), EscapableHandleScopeBase from 12.4 on */
void v8_escapable_scope_start(struct escapable_scope *scope, void *shadow, struct v8_slot *slot)
{
    void *isolate = isolate_of(shadow);

    scope->escape_slot =
        handle_new(slot->pair, isolate, *host_root(slot->pair, isolate, V8_ROOT_HOLE));
    v8_handle_scope_start(&scope->scope, shadow, slot);
}

/* EscapableHandleScope::Escape(Address *), EscapableHandleScopeBase::EscapeSlot(Address *). The host's own
 * complains when it is called twice. */
v8_value *v8_escapable_scope_escape(const struct escapable_scope *scope, v8_value *value,
                                    struct v8_slot *slot)
{
    void *isolate = isolate_of(scope->scope.isolate);
    struct escapable_scope hosts = {{isolate, scope->scope.next, scope->scope.limit},
                                    scope->escape_slot};

    if (!value) {
        *scope->escape_slot = *host_root(slot->pair, isolate, V8_ROOT_UNDEFINED);
        return NULL;
    }
    return ((v8_value * (*)(struct escapable_scope *, v8_value *)) slot->target)(&hosts, value);
}

/* ---- global handles --------------------------------------------------------------------------------- */

/* api_internal::GlobalizeReference(internal::Isolate *, Address *), on a host that takes the value */
v8_value *v8_globalize_slot(void *shadow, const v8_value *value, struct v8_slot *slot)
{
    return ((v8_value * (*)(void *, v8_value)) slot->target)(isolate_of(shadow), *value);
}

/* api_internal::GlobalizeReference(internal::Isolate *, Address), on a host that takes its address */
v8_value *v8_globalize_value(void *shadow, v8_value value, struct v8_slot *slot)
{
    return ((v8_value * (*)(void *, v8_value *)) slot->target)(isolate_of(shadow), &value);
}

/* internal::GlobalizeTracedReference(internal::Isolate *, Address *, Address *, GlobalHandleStoreMode),
 * on a host that takes the value, and may be told that it may drop the reference: 0, as before */
v8_value *v8_globalize_traced_slot(void *shadow, const v8_value *value, v8_value *place, int mode,
                                   struct v8_slot *slot)
{
    return ((v8_value * (*)(void *, v8_value, v8_value *, int, int)) slot->target)(
        isolate_of(shadow), *value, place, mode, 0);
}

/* internal::GlobalizeTracedReference(internal::Isolate *, Address, Address *, TracedReferenceStoreMode,
 * TracedReferenceHandling), on a host that takes the address: it never drops references on its own */
v8_value *v8_globalize_traced_value(void *shadow, v8_value value, v8_value *place, int mode,
                                    int handling, struct v8_slot *slot)
{
    (void)handling;
    return ((v8_value * (*)(void *, v8_value *, v8_value *, int)) slot->target)(
        isolate_of(shadow), &value, place, mode);
}

/* ---- weak callbacks --------------------------------------------------------------------------------- */

enum { WEAK_PARAMETER, WEAK_FIELDS };

/* v8::WeakCallbackInfo<void>, in all versions */
struct weak_info {
    void *isolate, *parameter;
    void **second; /* where the callback of the second pass goes; NULL: this is the second pass */
    void *fields[2];
};

/* api_internal::MakeWeak(Address *, void *, WeakCallbackInfo<void>::Callback, WeakCallbackType). 10.2's
 * finalizers, a third type, are told of an object that is gone already. */
void v8_make_weak(v8_value *global, void *parameter, void *callback, int type, struct v8_slot *slot)
{
    if (type > WEAK_FIELDS && slot->pair->host >= V8_11_3)
        type = WEAK_PARAMETER;
    ((void (*)(v8_value *, void *, void *, int))slot->target)(
        global, parameter, v8_callback(slot->pair, V8_CALLBACK_WEAK, callback), type);
}

/* WeakCallbackInfo<void>::Callback. The second pass's callback comes back as a trampoline, too. */
void v8_call_weak(const struct weak_info *info, struct v8_slot *slot)
{
    void *isolate = info->isolate, *second = info->second ? *info->second : NULL;
    struct weak_info own = *info;

    own.isolate = plugin_enter(slot->pair, isolate);
    own.second = info->second ? &second : NULL;
    ((void (*)(const struct weak_info *))slot->target)(&own);
    plugin_leave(slot->pair, isolate, own.isolate);
    if (info->second)
        *info->second = v8_callback(slot->pair, V8_CALLBACK_WEAK, second);
}
