/* SPDX-License-Identifier: MIT */
/* Lookups in abi-adapters/v8/data, by values that were measured in other ways. */
#include "unit.h"

#include <string.h>

#include "abi-adapters/v8/data.h"

static const struct v8_function_row *row_of(const char *symbol, enum v8_version version)
{
    int index = v8_function_find(symbol, version);

    assert_true(index >= 0);
    assert_string_equal(v8_function_name(index), symbol);
    return v8_function_at(index);
}

static void versions_are_numbered(void **state)
{
    enum v8_version version = V8_VERSIONS;

    (void)state;
    assert_true(v8_version_find(10, 2, &version));
    assert_int_equal(version, V8_10_2);
    assert_string_equal(v8_version_name(V8_14_6), "14.6");
    assert_false(v8_version_find(10, 3, &version));
}

static void constants_of_headers(void **state)
{
    static const enum v8_version from[] = {V8_10_2, V8_11_3, V8_12_4, V8_12_9,
                                           V8_13_6, V8_14_1, V8_14_6};
    static const int32_t roots[] = {288, 496, 592, 584, 640, 648, 688};

    (void)state;
    for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++)
        assert_int_equal(v8_constant(V8_kIsolateRootsOffset, from[i]), roots[i]);
    assert_int_equal(v8_constant(V8_kUndefinedOddballKind, V8_11_3), 5);
    assert_int_equal(v8_constant(V8_kUndefinedOddballKind, V8_12_4), 4);
    assert_int_equal(v8_constant(V8_kCallbackInfoDataOffset, V8_14_1), V8_NONE);
    assert_int_equal(v8_constant(V8_kCallbackInfoDataOffset, V8_14_6), 8);
    assert_int_equal(v8_constant(V8_NODE_MODULE_VERSION, V8_13_6), 137);
    assert_int_equal(v8_constant(V8_FunctionCallbackInfo_kHolderIndex, V8_10_2), 0);
    assert_int_equal(v8_constant(V8_PropertyCallbackInfo_kIsolateIndex, V8_12_9), 3);
}

static void registers_of_functions(void **state)
{
    const struct v8_function_row *row;

    (void)state;
    row = row_of("_ZN2v86String11NewFromUtf8EPNS_7IsolateEPKcNS_13NewStringTypeEi", V8_10_2);
    assert_int_equal(row->isolates, 1 << 0);
    assert_int_equal(row->registers, 4);
    assert_int_equal(row->flags, 0);
    assert_int_equal(row->shapes[V8_10_2], row->shapes[V8_14_6]);

    row = row_of("_ZN4node25AddEnvironmentCleanupHookEPN2v87IsolateEPFvPvES3_", V8_10_2);
    assert_int_equal(row->isolates, 1 << 0);
    assert_int_equal(row->registers, 3);
    assert_int_equal(row->flags, V8_HAS_CALLBACK);

    /* unique_ptr<BackingStore>: the result's address comes first, the isolate behind it. */
    row = row_of("_ZN2v811ArrayBuffer15NewBackingStoreEPNS_7IsolateEm", V8_10_2);
    assert_int_equal(row->isolates, 1 << 1);
    assert_int_equal(row->registers, 3);
    assert_true(row->flags & V8_RETURNS_MEMORY);

    /* A constructor: the isolate behind `this`, which has it from then on, and an inline getter. */
    row = row_of("_ZN2v811HandleScopeC1EPNS_7IsolateE", V8_10_2);
    assert_int_equal(row->isolates, 1 << 1);
    assert_true(row->flags & V8_HAS_ISOLATE);

    /* Nine arguments: three are on the stack. */
    row = row_of("_ZN2v816FunctionTemplate3NewEPNS_7IsolateEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEE"
                 "NS_5LocalIS4_EENSA_INS_9SignatureEEEiNS_19ConstructorBehaviorENS_14SideEffectTypeE"
                 "PKNS_9CFunctionEttt", V8_10_2);
    assert_int_equal(row->registers, 6);
    assert_int_equal(row->stack, 5);
    assert_int_equal(row->isolates, 1 << 0);

    assert_int_equal(v8_function_find("_ZN2v86String11NewFromUtf8E", V8_10_2), -1);
    assert_int_equal(v8_function_find("", V8_10_2), -1);
}

/* 9.4 passes CpuProfilingOptions by value in registers and returns nothing. */
static void one_symbol_with_two_conventions(void **state)
{
    static const char symbol[] =
        "_ZN2v811CpuProfiler14StartProfilingENS_5LocalINS_6StringEEENS_19CpuProfilingOptionsE"
        "St10unique_ptrINS_24DiscardedSamplesDelegateESt14default_deleteIS6_EE";

    (void)state;
    assert_int_not_equal(v8_function_find(symbol, V8_9_4), v8_function_find(symbol, V8_10_2));
    assert_int_equal(row_of(symbol, V8_9_4)->registers, 5);
    assert_int_equal(row_of(symbol, V8_10_2)->registers, 4);
}

static void every_name_is_found(void **state)
{
    (void)state;
    for (int i = 0; i < V8_FUNCTIONS; i++) {
        int found = v8_function_find(v8_function_name(i), V8_10_2);

        assert_true(found == i || strcmp(v8_function_name(found), v8_function_name(i)) == 0);
    }
}

static void shapes_change_with_layouts(void **state)
{
    const struct v8_function_row *row =
        row_of("_ZN2v87Isolate17GetHeapStatisticsEPNS_14HeapStatisticsE", V8_10_2);

    (void)state;
    assert_int_equal(row->shapes[V8_10_2], row->shapes[V8_14_1]);
    assert_int_not_equal(row->shapes[V8_14_1], row->shapes[V8_14_6]);

    /* What has changed in a TryCatch are bits that no header's code touches. */
    row = row_of("_ZNK2v88TryCatch9HasCaughtEv", V8_10_2);
    assert_int_equal(row->shapes[V8_10_2], row->shapes[V8_14_6]);
    /* The same types, but a callback of which the argument has changed. */
    row = row_of("_ZN2v87Isolate24SetWasmStreamingCallbackEPFvRKNS_20FunctionCallbackInfoINS_5ValueEEEE",
                 V8_10_2);
    assert_int_not_equal(row->shapes[V8_14_1], row->shapes[V8_14_6]);
}

static void records(void **state)
{
    enum v8_field_id first;

    (void)state;
    assert_int_equal(v8_record_size(V8_RECORD_ScriptOrigin, V8_11_3), 48);
    assert_int_equal(v8_record_size(V8_RECORD_ScriptOrigin, V8_12_4), 40);
    assert_int_equal(v8_record_size(V8_RECORD_Isolate_CreateParams, V8_14_1), 168);
    assert_int_equal(v8_record_size(V8_RECORD_internal_HandleScopeData, V8_10_2), 0);
    assert_int_equal(v8_field_offset(V8_FIELD_ScriptOrigin_resource_name, V8_10_2), 8);
    assert_int_equal(v8_field_offset(V8_FIELD_ScriptOrigin_resource_name, V8_14_6), 0);
    assert_int_equal(v8_field_offset(V8_FIELD_ScriptOrigin_isolate, V8_14_6), -1);

    assert_int_equal(v8_record_fields(V8_RECORD_ScriptOrigin, &first), 8);
    assert_int_equal(first, V8_FIELD_ScriptOrigin_isolate);
    assert_string_equal(v8_field_name(first), "isolate");
    assert_int_equal(v8_field_at(first)->kind, V8_KIND_ISOLATE);
    assert_int_equal(v8_field_at(first)->record, V8_RECORD_ScriptOrigin);
}

static void enumerators(void **state)
{
    int32_t value = 77;

    (void)state;
    assert_int_equal(v8_enum_value(V8_VALUE_Intercepted_kYes, V8_14_1), 1);
    assert_true(v8_enum_convert(V8_ENUM_Intercepted, V8_14_1, V8_14_6, 1, &value));
    assert_int_equal(value, 0);
    /* GCType: a bit that was renamed is none that the other knows. */
    assert_false(v8_enum_flags_convert(V8_ENUM_GCType, V8_11_3, V8_13_6, 1 | 2, &value));
    assert_int_equal(value, 1);
    assert_false(v8_enum_convert(V8_ENUM_Intercepted, V8_14_1, V8_14_6, 12345, &value));
}

static void slots_of_vtables(void **state)
{
    (void)state;
    assert_int_equal(v8_class_slots(V8_CLASS_Platform, V8_10_2), 20);
    assert_int_equal(v8_class_slot(V8_CLASS_Platform, V8_10_2, 0), V8_METHOD_Platform_destroy);
    assert_int_equal(v8_class_slot_of(V8_CLASS_Platform, V8_METHOD_Platform_GetTracingController,
                                      V8_14_6), 15);
    assert_int_equal(v8_class_slot_of(V8_CLASS_ArrayBuffer_Allocator,
                                      V8_METHOD_Platform_GetTracingController, V8_14_6), -1);
    assert_int_equal(v8_class_slot(V8_CLASS_Platform, V8_10_2, 20), -1);
    /* this, and the isolate behind it */
    assert_int_equal(v8_method_at(V8_METHOD_Platform_IdleTasksEnabled_PIsolate)->isolates, 1 << 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(versions_are_numbered),
        cmocka_unit_test(constants_of_headers),
        cmocka_unit_test(registers_of_functions),
        cmocka_unit_test(one_symbol_with_two_conventions),
        cmocka_unit_test(every_name_is_found),
        cmocka_unit_test(shapes_change_with_layouts),
        cmocka_unit_test(records),
        cmocka_unit_test(enumerators),
        cmocka_unit_test(slots_of_vtables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
