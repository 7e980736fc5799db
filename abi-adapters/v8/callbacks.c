/* SPDX-License-Identifier: MIT */
/*
 * What the host calls instead of a plugin's FunctionCallback. V8 hands to it, in four layouts:
 *
 *   up to 12.4  {implicit, values, length}; implicit: holder, isolate, -, result, data, new.target
 *   12.9        the same with the function's target for data, which GetFunctionTemplateData() takes the
 *               data from, and the context in slot 2
 *   13.6, 14.1  the same without a holder
 *   14.6        one array inside the exit frame: new.target at -1, argc, frame, isolate, result,
 *               context, target, receiver, arguments
 *
 * The values are the collector's to move: the implicit ones that the plugin gets lie in handles of the
 * host, the arguments stay where the host has them. For 14.6 see callback_frames.c.
 */
#include "callback_info.h"

_Static_assert(offsetof(struct v8_pair, last_shadow) == 16 &&
                   offsetof(struct shadow, isolate) == 0 && offsetof(struct shadow, pair) == 8 &&
                   offsetof(struct shadow, data) == 32 &&
                   offsetof(struct shadow, host_slots) == 64 &&
                   offsetof(struct shadow, plugin_slots) == 72 &&
                   offsetof(struct shadow, scope) == 80 &&
                   offsetof(struct shadow, undefined) == 88 && offsetof(struct shadow, hole) == 96,
               "callback_thunks.S knows the offsets");

typedef void function_callback(const void *info);

const char v8_without_data;

static inline void *lists_open(struct callback_frame *frame, const struct callback_view *view)
{
    struct v8_pair *pair = frame->pair;
    const struct v8_function_layout *plugin = &pair->layouts.plugin_function;
    v8_value data = function_data(pair, view->isolate, view->target);
    v8_value undefined = host_value(pair, view->isolate, V8_ROOT_UNDEFINED);
    v8_value *words = frame_handles(frame, plugin->count);

    if (!words)
        return NULL;
    words[0] = 0; /* the holder, or unused */
    if (plugin->holder != V8_NO_WORD)
        words[plugin->holder] = *view->holder;
    words[2] = undefined; /* the default, the context, or unused */
    words[plugin->result] = undefined;
    words[plugin->target] = data;
    words[plugin->new_target] = view->new_target ? *view->new_target : undefined;
    words[plugin->isolate] = 0;
    frame->plugin_result = &words[plugin->result];
    frame->info[0] = (v8_value)words;
    frame->info[1] = (v8_value)view->values;
    frame->info[2] = (v8_value)view->length;
    frame->shadow = plugin_enter_quick(pair, view->isolate);
    /* A page's address is even: a Smi to the collector. */
    words[plugin->isolate] = (v8_value)frame->shadow;
    return frame->info;
}

/* The hole is what up to 12.4 an empty Local is made of. */
static inline v8_value without_hole(const struct callback_frame *frame, v8_value result)
{
    if (frame->pair->layouts.hole_is_result &&
        result == host_value(frame->pair, frame->isolate, V8_ROOT_HOLE))
        return host_value(frame->pair, frame->isolate, V8_ROOT_UNDEFINED);
    return result;
}

__attribute__((noinline)) static void call_array(const void *info, struct v8_slot *slot)
{
    struct array_frame array;
    void *own;

    function_view_of(slot->pair, info, &array.view);
    frame_start(&array.frame, slot->pair, array.view.isolate, array.view.result);
    own = function_array_open(&array, &array.view);
    if (!own)
        return;
    ((function_callback *)slot->target)(own);
    *array.frame.host_result = frame_end(&array.frame);
    array_close(&array);
}

/* Words that only the plugin has; the host's own for them is unused. */
static void words_add(const struct v8_pair *pair, v8_value *implicit, v8_value receiver)
{
    const struct v8_info_layouts *layouts = &pair->layouts;
    const void *isolate = (const void *)implicit[layouts->host_function.isolate];
    v8_value undefined = host_value(pair, isolate, V8_ROOT_UNDEFINED);

    if (layouts->holder_is_missing)
        implicit[layouts->plugin_function.holder] = receiver;
    if (layouts->default_is_missing)
        implicit[layouts->plugin_function.fallback] = undefined;
    if (layouts->hole_is_default)
        implicit[layouts->plugin_function.result] = undefined;
}

/* The host's words serve the plugin, too: they get its isolate for the time of the call. The collector
 * visits them; the address of a page is even, a Smi. */
__attribute__((noinline)) static void call_in_place(const void *info, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    const struct v8_info_layouts *layouts = &pair->layouts;
    v8_value *implicit = *(v8_value *const *)info;
    v8_value *isolate = &implicit[USUAL_ISOLATE], host_isolate = *isolate;
    struct shadow *shadow = plugin_enter_quick(pair, (void *)host_isolate);

    if (__builtin_expect(layouts->word_is_missing, 0))
        words_add(pair, implicit, ((v8_value *const *)info)[1][-1]);
    *isolate = (v8_value)shadow;
    ((function_callback *)slot->target)(info);
    *isolate = host_isolate;
    plugin_leave_quick(pair, (void *)host_isolate, shadow);
}

/* The words in handles, all stores and no call but the plugin's, where there is room for them. */
static inline bool call_usual(const struct callback_view *view, struct v8_slot *slot, v8_value target)
{
    struct v8_pair *pair = slot->pair;
    void *isolate = view->isolate;
    v8_value *data = host_scope_data(pair, isolate);
    v8_value *words = (v8_value *)data[0], *limit = (v8_value *)data[1];
    v8_value undefined = host_value(pair, isolate, V8_ROOT_UNDEFINED), result;
    struct shadow *shadow;

    if (__builtin_expect(limit - words < USUAL_WORDS, 0))
        return false;
    data[0] = (v8_value)(words + USUAL_WORDS);
    words[USUAL_HOLDER] = *view->holder;
    words[USUAL_ISOLATE] = 0;
    words[USUAL_DEFAULT] = undefined;
    words[USUAL_RESULT] = undefined;
    words[USUAL_TARGET] = target;
    words[USUAL_NEW_TARGET] = view->new_target ? *view->new_target : undefined;
    shadow = plugin_enter_quick(pair, isolate);
    words[USUAL_ISOLATE] = (v8_value)shadow;
    ((function_callback *)slot->target)(
        (v8_value[]){(v8_value)words, (v8_value)view->values, (v8_value)view->length});
    result = words[USUAL_RESULT];
    plugin_leave_quick(pair, isolate, shadow);
    if (__builtin_expect(data[1] == (v8_value)limit, 1))
        data[0] = (v8_value)words;
    if (result == host_value(pair, isolate, V8_ROOT_HOLE))
        result = undefined;
    *view->result = result;
    return true;
}

/* Whatever the layouts are. */
__attribute__((noinline)) static void call_lists(const void *info, struct v8_slot *slot)
{
    struct callback_frame frame;
    struct callback_view view;
    void *own;

    function_view_of(slot->pair, info, &view);
    frame_start(&frame, slot->pair, view.isolate, view.result);
    own = lists_open(&frame, &view);
    if (!own)
        return;
    ((function_callback *)slot->target)(own);
    *frame.host_result = without_hole(&frame, frame_end(&frame));
}

__attribute__((noinline)) static void call_other(const void *info, struct v8_slot *slot)
{
    const struct v8_pair *pair = slot->pair;
    struct callback_view view;

    if (pair->layouts.plugin_function.array) {
        call_array(info, slot);
        return;
    }
    function_view_of(pair, info, &view);
    if (!pair->layouts.usual ||
        !call_usual(&view, slot,
                    slot->data == &v8_without_data
                        ? host_value(pair, view.isolate, V8_ROOT_UNDEFINED)
                        : function_data(pair, view.isolate, view.target)))
        call_lists(info, slot);
}

/* FunctionCallback */
void v8_call_function(const void *info, struct v8_slot *slot)
{
    if (slot->pair->layouts.in_place)
        call_in_place(info, slot);
    else
        call_other(info, slot);
}
