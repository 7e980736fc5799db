/* SPDX-License-Identifier: MIT */
/* The layouts of callback infos, from the constants of V8's headers. */
#include "info_layout.h"

static int8_t word(enum v8_constant_id id, enum v8_version version)
{
    int32_t value = v8_constant(id, version);

    return value == V8_NONE ? V8_NO_WORD : (int8_t)value;
}

static int8_t word_or(enum v8_constant_id id, enum v8_constant_id other, enum v8_version version)
{
    int8_t first = word(id, version);

    return first == V8_NO_WORD ? word(other, version) : first;
}

static void function_fill(struct v8_function_layout *ret, enum v8_version version)
{
    *ret = (struct v8_function_layout){
        .array = word(V8_FunctionCallbackInfo_kArgcIndex, version) != V8_NO_WORD,
        .has_target = word(V8_FunctionCallbackInfo_kTargetIndex, version) != V8_NO_WORD,
        .count = (uint8_t)word(V8_FunctionCallbackInfo_kArgsLength, version),
        .isolate = word(V8_FunctionCallbackInfo_kIsolateIndex, version),
        .result = word(V8_FunctionCallbackInfo_kReturnValueIndex, version),
        .fallback = word(V8_FunctionCallbackInfo_kReturnValueDefaultValueIndex, version),
        .target = word_or(V8_FunctionCallbackInfo_kTargetIndex, V8_FunctionCallbackInfo_kDataIndex,
                          version),
        .new_target = word(V8_FunctionCallbackInfo_kNewTargetIndex, version),
        .holder = word(V8_FunctionCallbackInfo_kHolderIndex, version),
        .argc = word(V8_FunctionCallbackInfo_kArgcIndex, version),
        .type = word(V8_FunctionCallbackInfo_kFrameTypeIndex, version),
        .receiver = word(V8_FunctionCallbackInfo_kReceiverIndex, version),
    };
}

static void property_fill(struct v8_property_layout *ret, enum v8_version version)
{
    *ret = (struct v8_property_layout){
        .embedded = word(V8_PropertyCallbackInfo_kPropertyKeyIndex, version) != V8_NO_WORD,
        .boxed = word(V8_PropertyCallbackInfo_kCallbackInfoIndex, version) != V8_NO_WORD,
        .count = (uint8_t)word_or(V8_PropertyCallbackInfo_kArgsLength,
                                  V8_PropertyCallbackInfo_kFullArgsLength, version),
        .isolate = word(V8_PropertyCallbackInfo_kIsolateIndex, version),
        .result = word(V8_PropertyCallbackInfo_kReturnValueIndex, version),
        .fallback = word(V8_PropertyCallbackInfo_kReturnValueDefaultValueIndex, version),
        .holder = word(V8_PropertyCallbackInfo_kHolderIndex, version),
        .holder_v2 = word(V8_PropertyCallbackInfo_kHolderV2Index, version),
        .receiver = word(V8_PropertyCallbackInfo_kThisIndex, version),
        .data = word(V8_PropertyCallbackInfo_kDataIndex, version),
        .should_throw = word(V8_PropertyCallbackInfo_kShouldThrowOnErrorIndex, version),
        .type = word(V8_PropertyCallbackInfo_kFrameTypeIndex, version),
        .callback_info = word(V8_PropertyCallbackInfo_kCallbackInfoIndex, version),
    };
}

static void throws_fill(int8_t throws[3], enum v8_version plugin, enum v8_version host)
{
    static const enum v8_constant_id modes[] = {V8_kThrowOnError, V8_kDontThrow,
                                                V8_kInferShouldThrowMode};

    for (unsigned i = 0; i < 3; i++)
        throws[v8_constant(modes[i], host)] = (int8_t)v8_constant(modes[i], plugin);
}

static bool is_usual(const struct v8_function_layout *layout)
{
    return !layout->array && layout->isolate == USUAL_ISOLATE && layout->result == USUAL_RESULT &&
           layout->target == USUAL_TARGET && layout->new_target == USUAL_NEW_TARGET &&
           layout->count == USUAL_WORDS &&
           (layout->holder == USUAL_HOLDER || layout->holder == V8_NO_WORD) &&
           (layout->fallback == USUAL_DEFAULT || layout->fallback == V8_NO_WORD);
}

/* Lists have the same words since ever; but the data has become the target, which the host itself looks
 * for when it walks the stack. */
static void in_place_fill(struct v8_info_layouts *ret)
{
    const struct v8_function_layout *plugin = &ret->plugin_function, *host = &ret->host_function;

    ret->usual = is_usual(plugin) && (host->array || is_usual(host));
    ret->in_place = ret->usual && !host->array && plugin->has_target >= host->has_target;
    ret->holder_is_missing = plugin->holder != V8_NO_WORD && host->holder == V8_NO_WORD;
    ret->default_is_missing = plugin->fallback != V8_NO_WORD && host->fallback == V8_NO_WORD;
    /* Up to 12.4 no result, and an empty Local as the result, is the hole. */
    ret->hole_is_default = plugin->has_target && !host->has_target;
    ret->word_is_missing = ret->holder_is_missing || ret->default_is_missing || ret->hole_is_default;
    ret->copied = ret->usual && !ret->in_place && !host->array && host->holder == V8_NO_WORD;
    ret->hole_is_result = !plugin->has_target && host->has_target;
}

void v8_info_layouts_fill(struct v8_info_layouts *ret, enum v8_version plugin,
                          enum v8_version host)
{
    function_fill(&ret->plugin_function, plugin);
    function_fill(&ret->host_function, host);
    property_fill(&ret->plugin_property, plugin);
    property_fill(&ret->host_property, host);
    throws_fill(ret->throws, plugin, host);
    in_place_fill(ret);
}

/* Only one of the two has it. */
static int32_t either(enum v8_constant_id id, enum v8_version plugin, enum v8_version host)
{
    int32_t value = v8_constant(id, host);

    return value == V8_NONE ? v8_constant(id, plugin) : value;
}

static void roots_fill(int32_t roots[6], enum v8_version host)
{
    static const enum v8_constant_id indexes[6] = {
        V8_kUndefinedValueRootIndex, V8_kTheHoleValueRootIndex, V8_kNullValueRootIndex,
        V8_kTrueValueRootIndex,      V8_kFalseValueRootIndex,   V8_kEmptyStringRootIndex,
    };

    for (unsigned i = 0; i < 6; i++)
        roots[i] = v8_constant(V8_kIsolateRootsOffset, host) + 8 * v8_constant(indexes[i], host);
}

void v8_callback_constants_fill(struct v8_callback_constants *ret, enum v8_version plugin,
                                enum v8_version host)
{
    int32_t yes = v8_enum_value(V8_VALUE_Intercepted_kYes, host);

    *ret = (struct v8_callback_constants){
        .call_frame = either(V8_kFrameTypeApiCallExit, plugin, host),
        .construct_frame = either(V8_kFrameTypeApiConstructExit, plugin, host),
        .accessor_frame = either(V8_kFrameTypeApiNamedAccessorExit, plugin, host),
        .plugin_dont_throw = v8_constant(V8_kDontThrow, plugin),
        .callback_info_data = either(V8_kCallbackInfoDataOffset, plugin, host),
        .host_is_void = yes == V8_NONE,
        .plugin_yes = (uint8_t)v8_enum_value(V8_VALUE_Intercepted_kYes, plugin),
        .host_yes = (uint8_t)yes,
        .host_no = (uint8_t)v8_enum_value(V8_VALUE_Intercepted_kNo, host),
    };
    roots_fill(ret->host_roots, host);
}
