/* SPDX-License-Identifier: MIT */
/*
 * What V8 hands to callbacks of properties: accessors and interceptors.
 *
 *   up to 12.4  a pointer to: should throw, holder, isolate, default, result, data, receiver
 *   12.9..14.1  itself the words: key, should throw, holder, isolate, holder as HolderV2() has it, result,
 *               data, receiver
 *   14.6        the exit frame: key, frame, isolate, result, the object that has the data, holder, and for
 *               setters, deleters, definers should throw and value. The receiver is told no more: it
 *               becomes the holder.
 */
#include "callback_info.h"

void property_view_of(const struct v8_pair *pair, const void *info, bool throws,
                      struct callback_view *ret)
{
    const struct v8_property_layout *host = &pair->layouts.host_property;
    v8_value *words = host->embedded ? (v8_value *)info : *(v8_value *const *)info;

    ret->isolate = (void *)words[host->isolate];
    ret->result = &words[host->result];
    ret->holder = &words[host->holder];
    ret->receiver = host->receiver != V8_NO_WORD ? &words[host->receiver] : ret->holder;
    ret->data = &words[host->boxed ? host->callback_info : host->data];
    ret->should_throw = SMI(pair->constants.plugin_dont_throw);
    if (throws || !host->boxed) {
        v8_value mode = words[host->should_throw] >> 32;

        if (mode < sizeof pair->layouts.throws)
            ret->should_throw = SMI(pair->layouts.throws[mode]);
    }
}

v8_value property_data(const struct v8_pair *pair, const struct callback_view *view)
{
    if (!pair->layouts.host_property.boxed)
        return *view->data;
    return *(v8_value *)(*view->data - 1 + (v8_value)pair->constants.callback_info_data);
}

/* The map of an object, and a map's instance type, lie where they are in all versions. */
static bool is_global_object(const struct v8_pair *pair, v8_value value)
{
    const int *type = (const int *)pair->functions[V8_HOST_type_of_global_object];
    v8_value map;

    if (!(value & 1) || !type)
        return false;
    memcpy(&map, (const char *)value - 1, sizeof map);
    return ((const uint16_t *)(map - 1))[6] == *type;
}

v8_value holder_proxy(const struct v8_pair *pair, void *isolate, v8_value holder)
{
    v8_local context;

    if (!is_global_object(pair, holder))
        return holder;
    if (HOST_HAS(pair, global_proxy_of))
        return HOST_CALL(pair, global_proxy_of, v8_value (*)(v8_value))(holder);
    if (!HOST_HAS(pair, object_creation_context))
        return holder;
    context = HOST_CALL(pair, object_creation_context,
                        v8_local (*)(v8_local))(handle_new((struct v8_pair *)pair, isolate, holder));
    return context ? *HOST_CALL(pair, context_global, v8_local (*)(v8_local))(context) : holder;
}

static v8_value default_value(const struct callback_frame *frame, enum frame_default result)
{
    static const enum v8_root roots[] = {
        [FRAME_UNDEFINED] = V8_ROOT_UNDEFINED,
        [FRAME_HOLE] = V8_ROOT_HOLE,
        [FRAME_TRUE] = V8_ROOT_TRUE,
    };

    return result == FRAME_ZERO ? 0 : host_value(frame->pair, frame->isolate, roots[result]);
}

static void set_word(v8_value *words, int8_t index, v8_value value)
{
    if (index != V8_NO_WORD)
        words[index] = value;
}

void *property_words_open(struct callback_frame *frame, const struct callback_view *view,
                          v8_value data, v8_value result)
{
    struct v8_pair *pair = frame->pair;
    const struct v8_property_layout *plugin = &pair->layouts.plugin_property;
    v8_value *words = frame_handles(frame, plugin->count);

    if (!words)
        return NULL;
    for (unsigned i = 0; i < plugin->count; i++)
        words[i] = 0;
    words[plugin->should_throw] = view->should_throw;
    words[plugin->holder] = *view->holder;
    words[plugin->result] = result;
    set_word(words, plugin->fallback, result);
    words[plugin->data] = data;
    words[plugin->receiver] = *view->receiver;
    /* 14.6 has no other holder. */
    if (pair->layouts.host_property.boxed)
        set_word(words, plugin->holder_v2, *view->holder);
    frame->plugin_result = &words[plugin->result];
    frame->info[0] = (v8_value)words;
    frame->shadow = plugin_enter_quick(pair, view->isolate);
    words[plugin->isolate] = (v8_value)frame->shadow;
    return plugin->embedded ? (void *)words : frame->info;
}

void *property_frame_open(struct array_frame *array, struct v8_slot *slot, const void *info,
                          bool throws, enum frame_default result)
{
    struct callback_frame *frame = &array->frame;
    v8_value value;

    property_view_of(slot->pair, info, throws, &array->view);
    frame_start(frame, slot->pair, array->view.isolate, array->view.result);
    value = default_value(frame, result);
    if (slot->pair->layouts.plugin_property.boxed)
        return property_array_open(array, value);
    return property_words_open(frame, &array->view, property_data(slot->pair, &array->view), value);
}

v8_value property_frame_close(struct array_frame *array)
{
    v8_value result = frame_end(&array->frame);

    if (array->frame.pair->layouts.plugin_property.boxed)
        array_close(array);
    return result;
}
