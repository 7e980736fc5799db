/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

/* ---- function or data? ------------------------------------------------------------------------------ */

static void test_table_of_names(void **state)
{
    static const struct {
        const char *name;
        int data;
    } rows[] = {
        {"_ZN2v82V810GetVersionEv", 0},
        {"_ZNK2v85Value8IsObjectEv", 0},
        {"_ZN2v87IsolateD1Ev", 0},
        {"_ZN2v811HandleScopeC2EPNS_7IsolateE", 0}, /* ends with an E of its parameter */
        {"_ZNKR2v81x1yEv", 0},
        {"_ZN2v88internal7Version6major_E", 1},
        {"_ZN2v88internal12FLAG_harmonyE", 1},
        {"_ZTVN2v87MessageE", 1},
        {"_ZTIN2v87MessageE", 1},
        {"_ZTSN2v87MessageE", 1},
        {"_ZTTN2v87MessageE", 1},
        {"_ZGVN2v81aE", 1},
        {"_ZGRN2v81aE_", 1},
        {"_ZThn8_N2v87MessageD0Ev", 0},
        {"_ZTv0_n24_N2v87MessageD0Ev", 0},
        {"_ZTWN2v81aE", 0},
        {"_ZN2v85LocalINS_5ValueEE3NewEPNS_7IsolateES2_", -1}, /* templates are not read */
        {"_ZN2v88internal6StringplERKS1_", -1},                /* nor operators */
        {"node_module_register", -1},
        {"_ZN", -1},
        {"_ZN2v8", -1},
        {"_ZN9v8E", -1}, /* the name ends before its length */
        {"_ZN99999999999999999999999999E", -1},
        {"_Z", -1},
        {"", -1},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        if (symbol_name_is_data(rows[i].name) != rows[i].data)
            fail_msg("%s: %d instead of %d", rows[i].name, symbol_name_is_data(rows[i].name),
                     rows[i].data);
}

/* What the name tells of every symbol of a real engine is what its symbol table says. */
static void test_names_of_libnode108(void **state)
{
    char path[4096];
    struct object engine;
    size_t right = 0, untold = 0;

    (void)state;
    text_format(path, sizeof path, "%s/usr/lib/x86_64-linux-gnu/libnode.so.108",
                unit_world("libnode108"));
    object_open(&engine, path);
    for (uint32_t i = 1; i < engine.image.symbol_count; i++) {
        const Elf64_Sym *symbol = &engine.image.symbols[i];
        const char *name = image_name(&engine.image, symbol->st_name);
        unsigned type = ELF64_ST_TYPE(symbol->st_info);
        int answer;

        if (!name || symbol->st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_OBJECT))
            continue;
        answer = symbol_name_is_data(name);
        if (answer >= 0 && answer != (type == STT_OBJECT))
            fail_msg("%s is said to be %s", name, answer ? "data" : "a function");
        right += answer >= 0;
        untold += answer < 0;
    }
    print_message("# told of %zu names, not told of %zu\n", right, untold);
    assert_true(right > 30000);
    object_deinit(&engine);
}

/* ---- which symbols are references? -------------------------------------------------------------------- */

static const char plugin[] =
    "extern int fk_data, fk_indirect, other; extern int fk_call(void), fk_address(void);\n"
    "extern int fk_absent(void) __attribute__((weak));\n"
    "__attribute__((weak)) int fk_inline(void) { return 1; }\n"
    "__attribute__((visibility(\"hidden\"))) int fk_private(void) { return 2; }\n"
    "int fk_own_unused(void) { return 3; }\n"
    "static int fk_local(void) { return 4; }\n"
    "int (*table[])(void) = {fk_address, fk_inline}; int *pointer = &fk_indirect;\n"
    "int use(void) { return fk_call() + fk_data + (fk_absent ? fk_absent() : 0) + fk_inline()\n"
    "    + fk_private() + fk_local() + other; }\n";

static const struct reference *reference_named(const struct reference *references, size_t count,
                                               const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(references[i].name, name) == 0)
            return &references[i];
    return NULL;
}

static void test_collect(void **state)
{
    static const char *const prefixes[] = {"fk_", NULL};
    struct object object;
    struct arena arena = {0};
    struct reference *references;
    const struct reference *reference;
    size_t count;

    (void)state;
    object_open(&object, unit_build("plugin.so", plugin, "-O0 -Wl,-z,lazy"));
    assert_int_equal(references_collect(&arena, &object.image, prefixes, NULL, &references, &count,
                                        NULL),
                     ENGRAFT_OK);
    reference = reference_named(references, count, "fk_call");
    assert_non_null(reference);
    assert_int_equal(reference->uses, USE_CALL);
    assert_true(reference->hash == 0 || reference->hash == gnu_hash("fk_call", NULL));
    assert_false(reference->defined);
    assert_int_equal(reference_is_data(&object.image, reference, NULL, NULL), 0);
    reference = reference_named(references, count, "fk_data");
    assert_non_null(reference);
    assert_int_equal(reference->uses, USE_SLOT);
    assert_int_equal(reference_is_data(&object.image, reference, NULL, NULL), -1);
    reference = reference_named(references, count, "fk_address");
    assert_non_null(reference);
    assert_int_equal(reference->uses, USE_WORD);
    reference = reference_named(references, count, "fk_indirect");
    assert_non_null(reference);
    assert_int_equal(reference->uses, USE_WORD);
    assert_non_null(reference_named(references, count, "fk_absent"));
    reference = reference_named(references, count, "fk_inline");
    assert_non_null(reference);
    assert_true(reference->defined);
    assert_null(reference_named(references, count, "fk_private"));
    assert_null(reference_named(references, count, "fk_local"));
    assert_null(reference_named(references, count, "fk_own_unused"));
    assert_null(reference_named(references, count, "other"));
    assert_int_equal(count, 6);
    arena_release(&arena);
    object_deinit(&object);
}

/* Relocation types of the two architectures: one table of facts each. */
static void test_architectures(void **state)
{
    const struct architecture *x86_64 = architecture_of(EM_X86_64);
    const struct architecture *aarch64 = architecture_of(EM_AARCH64);

    (void)state;
    assert_non_null(x86_64);
    assert_non_null(aarch64);
    assert_null(architecture_of(EM_386));
    assert_non_null(architecture_self());
    assert_int_equal(relocation_kind(x86_64, R_X86_64_64), RELOCATION_WORD);
    assert_int_equal(relocation_kind(x86_64, R_X86_64_GLOB_DAT), RELOCATION_SLOT);
    assert_int_equal(relocation_kind(x86_64, R_X86_64_JUMP_SLOT), RELOCATION_JUMP_SLOT);
    assert_int_equal(relocation_kind(x86_64, R_X86_64_COPY), RELOCATION_COPY);
    assert_int_equal(relocation_kind(x86_64, R_X86_64_RELATIVE), RELOCATION_RELATIVE);
    assert_int_equal(relocation_kind(x86_64, R_X86_64_IRELATIVE), RELOCATION_IRELATIVE);
    assert_int_equal(relocation_kind(x86_64, R_X86_64_DTPMOD64), RELOCATION_TLS);
    assert_int_equal(relocation_kind(x86_64, R_X86_64_TPOFF64), RELOCATION_TLS);
    assert_int_equal(relocation_kind(x86_64, R_X86_64_PC32), RELOCATION_OTHER);
    assert_int_equal(relocation_kind(aarch64, R_AARCH64_ABS64), RELOCATION_WORD);
    assert_int_equal(relocation_kind(aarch64, R_AARCH64_GLOB_DAT), RELOCATION_SLOT);
    assert_int_equal(relocation_kind(aarch64, R_AARCH64_JUMP_SLOT), RELOCATION_JUMP_SLOT);
    assert_int_equal(relocation_kind(aarch64, R_AARCH64_COPY), RELOCATION_COPY);
    assert_int_equal(relocation_kind(aarch64, R_AARCH64_TLSDESC), RELOCATION_TLS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table_of_names),
        cmocka_unit_test(test_names_of_libnode108),
        cmocka_unit_test(test_collect),
        cmocka_unit_test(test_architectures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
