/* SPDX-License-Identifier: MIT */
/*
 * What the host calls instead of a plugin's callbacks of properties.
 *
 * An interceptor says in two ways that it has done what was asked for: up to 11.3 by a result that is
 * not the hole, from 12.4 on by returning Intercepted, whose values 14.6 has swapped; a flag of the
 * configuration tells which (templates.c). A host from 12.4 on is always told the new way.
 */
#include "callback_info.h"

typedef uint32_t callback_2(uintptr_t key, const void *info);
typedef uint32_t callback_3(uintptr_t key, void *value, const void *info);
typedef void callback_1(const void *info);

/* What an interceptor's result means to V8. */
enum operation {
    GET, /* a value; also of descriptors */
    QUERY,
    DELETE,
    SET, /* and define: whether it has succeeded */
};

_Static_assert(V8_CALLBACK_INTERCEPT_SETTER == V8_CALLBACK_INTERCEPT_GETTER + SET &&
                   V8_CALLBACK_VOID_GETTER == V8_CALLBACK_INTERCEPT_GETTER + SET + 1 &&
                   V8_CALLBACK_VOID_SETTER == V8_CALLBACK_VOID_GETTER + SET,
               "the kinds are in the order of the operations");

struct interception {
    struct array_frame array;
    enum operation operation;
    bool is_void; /* the plugin's says it by the result */
    v8_value host_default;
};

static enum frame_default default_of(const struct interception *call)
{
    static const enum frame_default defaults[] = {
        [GET] = FRAME_UNDEFINED,
        [QUERY] = FRAME_ZERO,
        [DELETE] = FRAME_TRUE,
        [SET] = FRAME_TRUE,
    };

    return call->is_void ? FRAME_HOLE : defaults[call->operation];
}

static void *interception_open(struct interception *call, struct v8_slot *slot, const void *info)
{
    void *own;

    call->is_void = slot->kind >= V8_CALLBACK_VOID_GETTER + 1;
    call->operation = slot->kind - 1 -
                      (call->is_void ? V8_CALLBACK_VOID_GETTER : V8_CALLBACK_INTERCEPT_GETTER);
    own = property_frame_open(&call->array, slot, info, call->operation >= DELETE,
                              default_of(call));
    /* A collection may have put the plugin's result there. */
    call->host_default = *call->array.frame.host_result;
    return own;
}

/* The plugin has thrown: then nothing else is to happen. */
static bool has_thrown(const struct callback_frame *frame)
{
    return HOST_HAS(frame->pair, isolate_has_pending_exception) &&
           HOST_CALL(frame->pair, isolate_has_pending_exception, bool (*)(void *))(frame->isolate);
}

/* What the host gets as the result of what was intercepted. */
static v8_value result_for_host(const struct interception *call, v8_value result)
{
    const struct callback_frame *frame = &call->array.frame;

    /* Whatever a setter of the old kind has set says only that it did. */
    if (call->operation == SET && call->is_void)
        return host_value(frame->pair, frame->isolate, V8_ROOT_TRUE);
    return result;
}

static uint32_t interception_close(struct interception *call, uint32_t answer)
{
    const struct callback_frame *frame = &call->array.frame;
    const struct v8_callback_constants *values = &frame->pair->constants;
    v8_value hole = host_value(frame->pair, frame->isolate, V8_ROOT_HOLE);
    v8_value result = property_frame_close(&call->array);
    bool intercepted = call->is_void ? result != hole : (uint8_t)answer == values->plugin_yes;

    if (intercepted && result != hole)
        *frame->host_result = result_for_host(call, result);
    else
        *frame->host_result = values->host_is_void ? hole : call->host_default;
    if (!intercepted && call->is_void && !values->host_is_void)
        intercepted = has_thrown(frame);
    return intercepted ? values->host_yes : values->host_no;
}

/* Getter, descriptor, query, deleter: named or indexed */
uint32_t v8_call_interceptor(uintptr_t key, const void *info, struct v8_slot *slot)
{
    struct interception call;
    void *own = interception_open(&call, slot, info);

    if (!own)
        return slot->pair->constants.host_no;
    return interception_close(&call, ((callback_2 *)slot->target)(key, own));
}

/* Setter, definer: named or indexed */
uint32_t v8_call_interceptor_of_set(uintptr_t key, void *value, const void *info,
                                    struct v8_slot *slot)
{
    struct interception call;
    void *own = interception_open(&call, slot, info);

    if (!own)
        return slot->pair->constants.host_no;
    return interception_close(&call, ((callback_3 *)slot->target)(key, value, own));
}

/* Enumerators return nothing in all versions. */
void v8_call_enumerator(const void *info, struct v8_slot *slot)
{
    struct array_frame array;
    struct callback_frame *frame = &array.frame;
    void *own = property_frame_open(&array, slot, info, false, FRAME_UNDEFINED);
    v8_value before, result;

    if (!own)
        return;
    before = *frame->host_result;
    ((callback_1 *)slot->target)(own);
    result = property_frame_close(&array);
    if (result == host_value(slot->pair, frame->isolate, V8_ROOT_UNDEFINED) ||
        result == host_value(slot->pair, frame->isolate, V8_ROOT_HOLE))
        result = before;
    *frame->host_result = result;
}

/* ---- accessors --------------------------------------------------------------------------------------- */

/* AccessorGetterCallback, AccessorNameGetterCallback */
void v8_call_getter(uintptr_t name, const void *info, struct v8_slot *slot)
{
    struct array_frame array;
    struct callback_frame *frame = &array.frame;
    void *own = property_frame_open(&array, slot, info, false, FRAME_UNDEFINED);
    v8_value result;

    if (!own)
        return;
    ((callback_2 *)slot->target)(name, own);
    result = property_frame_close(&array);
    if (result == host_value(slot->pair, frame->isolate, V8_ROOT_HOLE))
        result = host_value(slot->pair, frame->isolate, V8_ROOT_UNDEFINED);
    *frame->host_result = result;
}

/* AccessorSetterCallback, AccessorNameSetterCallback. From 12.9 on false says that it has failed; before,
 * nothing looked at the result. */
void v8_call_setter(uintptr_t name, void *value, const void *info, struct v8_slot *slot)
{
    struct array_frame array;
    struct callback_frame *frame = &array.frame;
    const struct v8_info_layouts *layouts = &slot->pair->layouts;
    bool tells = layouts->plugin_function.has_target && layouts->host_function.has_target;
    void *own = property_frame_open(&array, slot, info, true, tells ? FRAME_TRUE : FRAME_UNDEFINED);
    v8_value before, result;

    if (!own)
        return;
    before = *frame->host_result;
    ((callback_3 *)slot->target)(name, value, own);
    result = property_frame_close(&array);
    *frame->host_result = tells ? result : before;
}
