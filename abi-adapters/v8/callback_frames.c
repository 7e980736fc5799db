/* SPDX-License-Identifier: MIT */
/*
 * Callback infos of 14.6, for plugins of it on older hosts: one array of words on the stack, as one of
 * them, the number of arguments, is no tagged value that could lie in a handle.
 *
 * The collector does not know the array, but everything in it is a copy of what the host has in a place
 * that the collector does update. So the open arrays of an isolate are in a list, and around every
 * collection callbacks of it bring them in step: the result, which the plugin may have written, goes to
 * the host's place before, all words are read again after it.
 */
#include <stdlib.h>

#include "callback_info.h"

typedef void gc_callback(void *isolate, int type, int flags, void *data);
typedef void gc_add_call(void *isolate, gc_callback *callback, void *data, int types);

#define GC_ALL 0xff

static v8_value read_new_target(const struct array_frame *array)
{
    const struct callback_frame *frame = &array->frame;

    return array->view.new_target ? *array->view.new_target
                                  : host_value(frame->pair, frame->isolate, V8_ROOT_UNDEFINED);
}

static void function_refresh(struct array_frame *array)
{
    const struct v8_function_layout *plugin = &array->frame.pair->layouts.plugin_function;
    v8_value *words = array->words;

    words[plugin->new_target] = read_new_target(array);
    words[plugin->target] = function_data(array->frame.pair, array->frame.isolate,
                                          array->view.target);
    memcpy(&words[plugin->receiver], array->view.receiver,
           (array->view.length + 1) * sizeof *words);
}

static void property_refresh(struct array_frame *array)
{
    const struct v8_pair *pair = array->frame.pair;

    array->words[pair->layouts.plugin_property.holder] =
        holder_proxy(pair, array->frame.isolate, *array->view.holder);
    array->box[(size_t)pair->constants.callback_info_data / sizeof(v8_value)] =
        property_data(pair, &array->view);
}

static void before_collection(void *isolate, int type, int flags, void *data)
{
    (void)isolate, (void)type, (void)flags;
    for (struct array_frame *array = shadow_frames(data)->first; array; array = array->outer)
        *array->frame.host_result = *array->frame.plugin_result;
}

static void after_collection(void *isolate, int type, int flags, void *data)
{
    (void)isolate, (void)type, (void)flags;
    for (struct array_frame *array = shadow_frames(data)->first; array; array = array->outer) {
        *array->frame.plugin_result = *array->frame.host_result;
        if (array->is_property)
            property_refresh(array);
        else
            function_refresh(array);
    }
}

/* Not strictly last in, first out: threads may take turns with an isolate (v8::Unlocker). */
static void frames_link(struct array_frame *array)
{
    struct v8_shadow_frames *frames = shadow_frames(array->frame.shadow);
    const struct v8_pair *pair = array->frame.pair;

    if (!frames->watched) {
        HOST_CALL(pair, isolate_add_gc_prologue, gc_add_call *)(array->frame.isolate,
                                                                before_collection,
                                                                array->frame.shadow, GC_ALL);
        HOST_CALL(pair, isolate_add_gc_epilogue, gc_add_call *)(array->frame.isolate,
                                                                after_collection,
                                                                array->frame.shadow, GC_ALL);
        frames->watched = true;
    }
    array->inner = NULL;
    array->outer = frames->first;
    if (frames->first)
        frames->first->inner = array;
    frames->first = array;
}

static void frames_unlink(struct array_frame *array)
{
    if (array->outer)
        array->outer->inner = array->inner;
    if (array->inner)
        array->inner->outer = array->outer;
    else
        shadow_frames(array->frame.shadow)->first = array->outer;
}

void *function_array_open(struct array_frame *array, const struct callback_view *view)
{
    struct v8_pair *pair = array->frame.pair;
    const struct v8_function_layout *plugin = &pair->layouts.plugin_function;
    size_t count = 1 + plugin->count + view->length; /* one in front of the array */
    v8_value undefined = host_value(pair, view->isolate, V8_ROOT_UNDEFINED);
    bool constructs = view->new_target && *view->new_target != undefined;
    v8_value *words = array->fixed;

    if (count > FRAME_WORDS && !(words = malloc(count * sizeof *words)))
        return NULL;
    memset(words, 0, (1 + (size_t)plugin->receiver) * sizeof *words);
    array->words = ++words;
    array->is_property = false;
    words[plugin->argc] = view->length;
    words[plugin->type] = SMI(constructs ? pair->constants.construct_frame : pair->constants.call_frame);
    words[plugin->result] = undefined;
    function_refresh(array);
    array->frame.plugin_result = &words[plugin->result];
    array->frame.shadow = plugin_enter_quick(pair, view->isolate);
    words[plugin->isolate] = (v8_value)array->frame.shadow;
    frames_link(array);
    return words;
}

void *property_array_open(struct array_frame *array, v8_value result)
{
    struct v8_pair *pair = array->frame.pair;
    const struct v8_property_layout *plugin = &pair->layouts.plugin_property;
    v8_value *words = array->fixed;

    memset(words, 0, plugin->count * sizeof *words);
    array->words = words;
    array->is_property = true;
    words[plugin->type] = SMI(pair->constants.accessor_frame);
    words[plugin->should_throw] = array->view.should_throw;
    words[plugin->callback_info] = (v8_value)array->box + 1;
    words[plugin->result] = result;
    array->box[0] = 0;
    property_refresh(array);
    array->frame.plugin_result = &words[plugin->result];
    array->frame.shadow = plugin_enter_quick(pair, array->frame.isolate);
    words[plugin->isolate] = (v8_value)array->frame.shadow;
    frames_link(array);
    return words;
}

void array_close(struct array_frame *array)
{
    frames_unlink(array);
    if (!array->is_property && array->words != array->fixed + 1)
        free(array->words - 1);
}
