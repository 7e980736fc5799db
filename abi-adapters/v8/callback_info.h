/* SPDX-License-Identifier: MIT */
/* FunctionCallbackInfo and PropertyCallbackInfo, from the host's layout to the plugin's. */
#ifndef ENGRAFT_V8_CALLBACK_INFO_H
#define ENGRAFT_V8_CALLBACK_INFO_H

#include "shadow.h"

#define SMI(value) ((v8_value)(intptr_t)(value) << 32)

/* Words of an array on the stack; a call with more arguments takes memory. */
#define FRAME_WORDS 40

/* The parts of a call of a function, wherever the host keeps them; of a property: without values. */
struct callback_view {
    v8_value *values; /* arguments; the receiver lies in front of them */
    v8_value *result;
    v8_value *target;     /* or the data, where the host has no targets */
    v8_value *new_target; /* NULL: no construct call */
    v8_value *holder, *receiver;
    v8_value *data; /* of properties: the data, or the object that has it (14.6) */
    void *isolate;
    size_t length;
    v8_value should_throw;
};

/* A callback under way: on the stack of its trampoline. */
struct callback_frame {
    struct v8_pair *pair;
    void *isolate, *shadow;
    v8_value *data;          /* HandleScopeData of the host */
    v8_value *next, *limit;  /* handles, as they were before */
    v8_value *host_result;   /* where the host looks for the result */
    v8_value *plugin_result; /* where the plugin writes it */
    v8_value info[3];        /* FunctionCallbackInfo up to 14.1; PropertyCallbackInfo up to 12.4 */
};

/* What a plugin from 14.6 on gets. */
struct array_frame {
    struct callback_frame frame;
    struct array_frame *inner, *outer; /* all that are open in an isolate (callback_frames.c) */
    struct callback_view view;
    v8_value *words;
    v8_value box[2];     /* what looks like the object that holds a property callback's data */
    v8_value fixed[FRAME_WORDS];
    bool is_property;
};

/* What the plugin finds as the result before it has set one. */
enum frame_default {
    FRAME_UNDEFINED, /* the same as the host's undefined */
    FRAME_HOLE,
    FRAME_TRUE,
    FRAME_ZERO,
};

/* A root of the host. */
static inline v8_value host_value(const struct v8_pair *pair, const void *isolate,
                                  enum v8_root root)
{
    return *(const v8_value *)((const char *)isolate + pair->constants.host_roots[root]);
}

/* Handles in the innermost scope, from `frame` on until it is closed. NULL: none are to be had. */
static inline v8_value *frame_handles(struct callback_frame *frame, size_t count)
{
    v8_value *next = (v8_value *)frame->data[0];

    if (__builtin_expect(count <= (size_t)((v8_value *)frame->data[1] - next), 1)) {
        frame->data[0] = (v8_value)(next + count);
        return next;
    }
    return scope_take(frame->pair, frame->isolate, count);
}

static inline void frame_start(struct callback_frame *frame, struct v8_pair *pair, void *isolate,
                               v8_value *result)
{
    frame->pair = pair;
    frame->isolate = isolate;
    frame->host_result = result;
    frame->data = host_scope_data(pair, isolate);
    frame->next = (v8_value *)frame->data[0];
    frame->limit = (v8_value *)frame->data[1];
}

/* The plugin has returned. Handles that it left are taken back, unless they are in another block: that
 * one goes with the host's scope. The result stays where it is; returned. */
static inline v8_value frame_end(struct callback_frame *frame)
{
    v8_value result = *frame->plugin_result;

    plugin_leave_quick(frame->pair, frame->isolate, frame->shadow);
    if (__builtin_expect(frame->data[1] == (v8_value)frame->limit, 1))
        frame->data[0] = (v8_value)frame->next;
    return result;
}

/* What the host hands to a FunctionCallback. */
static inline void view_of_array(const struct v8_pair *pair, v8_value *words,
                                 struct callback_view *ret)
{
    const struct v8_function_layout *host = &pair->layouts.host_function;

    ret->receiver = &words[host->receiver];
    ret->values = ret->receiver + 1;
    ret->length = (size_t)words[host->argc];
    ret->result = &words[host->result];
    ret->target = &words[host->target];
    ret->isolate = (void *)words[host->isolate];
    ret->new_target = words[host->type] == SMI(pair->constants.construct_frame)
                          ? &words[host->new_target]
                          : NULL;
    ret->holder = ret->receiver;
}

static inline void view_of_lists(const struct v8_pair *pair, const v8_value *info,
                                 struct callback_view *ret)
{
    const struct v8_function_layout *host = &pair->layouts.host_function;
    v8_value *implicit = (v8_value *)info[0];

    ret->values = (v8_value *)info[1];
    ret->receiver = ret->values - 1;
    ret->length = (unsigned)info[2]; /* an int up to 12.4 */
    ret->result = &implicit[host->result];
    ret->isolate = (void *)implicit[host->isolate];
    ret->new_target = &implicit[host->new_target];
    ret->target = &implicit[host->target];
    ret->holder = host->holder != V8_NO_WORD ? &implicit[host->holder] : ret->receiver;
}

static inline void function_view_of(const struct v8_pair *pair, const void *info,
                                    struct callback_view *ret)
{
    if (pair->layouts.host_function.array)
        view_of_array(pair, (v8_value *)info, ret);
    else
        view_of_lists(pair, info, ret);
}

/* What the host gets for a FunctionCallback that is registered with these data (functions.c). */
void *function_trampoline(struct v8_pair *pair, void *callback, v8_local data);
/* slot->data of a callback that was never registered with data: the host need not be asked for it. */
extern const char v8_without_data __attribute__((visibility("hidden")));

/* What the plugin finds where it looks for the data or, from 12.9 on, for the target: a plugin with
 * targets on a host without gets the data there, and GetFunctionTemplateData() returns it as it is. */
static inline v8_value function_data(const struct v8_pair *pair, void *isolate, v8_local target)
{
    if (pair->layouts.plugin_function.has_target || !pair->layouts.host_function.has_target)
        return *target;
    return *HOST_CALL(pair, function_template_data, v8_local (*)(void *, v8_local))(isolate,
                                                                                  target);
}

/* A JSGlobalObject is not for plugins: its proxy. Others as they are. */
v8_value holder_proxy(const struct v8_pair *pair, void *isolate, v8_value holder);

void property_view_of(const struct v8_pair *pair, const void *info, bool throws,
                      struct callback_view *ret);
/* The words of the plugin's PropertyCallbackInfo up to 14.1, in handles. NULL: out of memory. */
void *property_words_open(struct callback_frame *frame, const struct callback_view *view,
                          v8_value data, v8_value result);
v8_value property_data(const struct v8_pair *pair, const struct callback_view *view);

/* Builds what the plugin's callback of a property gets from what the host's would. `throws`: it is one
 * that is told ShouldThrowOnError. NULL: out of memory. */
void *property_frame_open(struct array_frame *array, struct v8_slot *slot, const void *info,
                          bool throws, enum frame_default result);
v8_value property_frame_close(struct array_frame *array);

/* ---- arrays of 14.6 (callback_frames.c) -------------------------------------------------------------- */

/* NULL: out of memory. */
void *function_array_open(struct array_frame *array, const struct callback_view *view);
void *property_array_open(struct array_frame *array, v8_value result);
void array_close(struct array_frame *array);

#endif
