/* SPDX-License-Identifier: MIT */
/*
 * Where the words of FunctionCallbackInfo and PropertyCallbackInfo lie in one version of V8, resolved
 * once for a pair: every callback needs most of them.
 */
#ifndef ENGRAFT_V8_INFO_LAYOUT_H
#define ENGRAFT_V8_INFO_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#include "data.h"

#define V8_NO_WORD INT8_MIN

struct v8_function_layout {
    bool array;      /* all words, and the arguments behind them, are one array (14.6) */
    bool has_target; /* the word `target` is the function, and its data behind it (12.9) */
    uint8_t count;   /* words, without arguments */
    int8_t isolate, result, fallback, target, new_target, holder;
    int8_t argc, type, receiver; /* of an array */
};

struct v8_property_layout {
    bool embedded; /* the class is itself the words; otherwise it has a pointer to them */
    bool boxed;    /* the data is in an object, and the receiver is not told (14.6) */
    uint8_t count;
    int8_t isolate, result, fallback, holder, holder_v2, receiver, data, should_throw;
    int8_t type, callback_info; /* of an array */
};

/* Of the implicit words of FunctionCallbackInfo, in all versions that have lists. */
enum { USUAL_HOLDER, USUAL_ISOLATE, USUAL_DEFAULT, USUAL_RESULT, USUAL_TARGET, USUAL_NEW_TARGET, USUAL_WORDS };

/* The two sides of a pair. */
struct v8_info_layouts {
    struct v8_function_layout plugin_function, host_function;
    struct v8_property_layout plugin_property, host_property;
    int8_t throws[3]; /* by the host's value of ShouldThrowOnError: the plugin's */
    bool hole_is_result; /* the plugin may leave the hole where the host wants undefined */
    bool usual;          /* lists have their words where they always had them: USUAL_... */
    bool in_place;       /* FunctionCallbackInfo is the host's own, with another isolate */
    bool word_is_missing; /* ... but for one of these: */
    bool copied;          /* not in place, from lists of the host to lists, the target to data */
    bool holder_is_missing, default_is_missing;
    bool hole_is_default; /* the host may have the hole where the plugin expects undefined */
};

void v8_info_layouts_fill(struct v8_info_layouts *ret, enum v8_version plugin,
                          enum v8_version host);

/* Other constants that callbacks need. */
struct v8_callback_constants {
    int32_t host_roots[6]; /* by enum v8_root: offsets in the isolate */
    int32_t call_frame, construct_frame, accessor_frame; /* types of frames, of whom has them */
    int32_t plugin_dont_throw;
    int32_t callback_info_data; /* likewise: where an object keeps the data */
    /* Intercepted; a host that is void goes by the result. */
    bool host_is_void;
    uint8_t plugin_yes, host_yes, host_no;
};

void v8_callback_constants_fill(struct v8_callback_constants *ret, enum v8_version plugin,
                                enum v8_version host);

#endif
