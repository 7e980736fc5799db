/* SPDX-License-Identifier: MIT */
/* The V8 that a plugin was compiled for, from the plugin alone. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

static const char isolate_import[] =
    "extern void *current(void) __asm__(\"_ZN2v87Isolate10GetCurrentEv\");\n"
    "void *use(void) { return current(); }\n";

#define NODE_MODULE_SOURCE \
    "struct node_module { int version; unsigned flags; void *dso; const char *file; void *init;\n" \
    "    void *context_init; const char *name; void *priv; void *link; };\n" \
    "static void init(void) {}\n" \
    "#ifndef FILE\n#define FILE \"../src/addon.cc\"\n#endif\n" \
    "static struct node_module module = {VERSION, FLAGS, 0, FILE, init, 0, \"addon\", 0, 0};\n" \
    "#ifdef REGISTER\nextern void node_module_register(void *);\n" \
    "__attribute__((constructor)) static void start(void) { node_module_register(&module); }\n" \
    "#endif\nvoid *keep = &module;\n"

/* What v8_infer() says: "VERSION (SOURCE)", "none" when nothing. */
static const char *inferred(const char *name, const char *source, const char *flags)
{
    static char text[512];
    const char *told = NULL;
    struct abi abi;

    OPENED(opened, fixture_build(name, source, flags));
    assert_ptr_equal(probe_row("v8")->infer, v8_infer);
    if (v8_infer(&opened.images[0], &abi, &told)) {
        assert_string_equal(abi.engine, "v8");
        snprintf(text, sizeof text, "%s (%s)%s%s", abi.version, told, abi.config[0] ? " " : "",
                 abi.config);
    } else {
        strcpy(text, "none");
    }
    opened_deinit(&opened);
    return text;
}

static void initializer(void **state)
{
    (void)state;
    assert_string_equal(inferred("i1.so", "void node_register_module_v108(void) {}", ""),
                        "10.2 (module-version)");
    assert_string_equal(inferred("i2.so", "void node_register_module_v147(void) {}", ""),
                        "14.6 (module-version)");
    assert_string_equal(inferred("i3.so", "void node_register_module_v109(void) {}", ""), "none");
    assert_string_equal(inferred("i4.so", "void node_register_module_v108x(void) {}", ""), "none");
    assert_string_equal(inferred("i5.so", "void node_register_module_v(void) {}", ""), "none");
    /* asked for, not offered */
    assert_string_equal(inferred("i6.so",
                                 "void node_register_module_v108(void);"
                                 "void f(void) { node_register_module_v108(); }", ""),
                        "none");
}

static void node_module_struct(void **state)
{
    (void)state;
    assert_string_equal(
        inferred("m1.so", NODE_MODULE_SOURCE, "-DREGISTER -DVERSION=115 -DFLAGS=0"),
        "11.3 (module-version)");
    assert_string_equal(
        inferred("m2.so", NODE_MODULE_SOURCE, "-DREGISTER -DVERSION=116 -DFLAGS=0"), "none");
    assert_string_equal(
        inferred("m3.so", NODE_MODULE_SOURCE, "-DREGISTER -DVERSION=115 -DFLAGS=7000"), "none");
    assert_string_equal(inferred("m4.so", NODE_MODULE_SOURCE,
                                 "-DREGISTER -DVERSION=115 -DFLAGS=0 -DFILE='\"a table\"'"),
                        "none");
    /* a struct that nobody registers is some other data */
    assert_string_equal(inferred("m5.so", NODE_MODULE_SOURCE, "-DVERSION=115 -DFLAGS=0"), "none");
}

static void node_module_struct_with_relr(void **state)
{
    (void)state;
    if (!fixture_try("relr.so", NODE_MODULE_SOURCE,
                     "-DREGISTER -DVERSION=127 -DFLAGS=0 -Wl,-z,pack-relative-relocs")) {
        print_message("# the linker makes no RELR\n");
        skip();
    }
    OPENED(opened, fixture_path("relr.so"));
    struct abi abi;
    const char *source;

    assert_true(opened.images[0].relr_count > 0);
    assert_true(v8_infer(&opened.images[0], &abi, &source));
    assert_string_equal(abi.version, "12.4");
    opened_deinit(&opened);
}

static void needed_libnode(void **state)
{
    (void)state;
    fixture_build("n115.so", "int x;", "-Wl,-soname,libnode.so.115");
    fixture_build("n.so", "int x;", "-Wl,-soname,libnode.so");
    assert_string_equal(inferred("n1.so", isolate_import, "-Wl,--no-as-needed ./n115.so"),
                        "11.3 (inferred)");
    assert_string_equal(inferred("n2.so", isolate_import, "-Wl,--no-as-needed ./n.so"), "none");
}

#define IMPORT(number, symbol) \
    "extern void import" #number "(void) __asm__(\"" symbol "\");\n" \
    "void use" #number "(void) { import" #number "(); }\n"

/* Names that only one version has tell it; names that all have, or that no version has together, do
 * not. */
static void imports(void **state)
{
    static const char only_14_6[] =
        IMPORT(1, "_ZN2v810StackTrace27CurrentScriptIdsAndContextsEPNS_7IsolateENS_"
                  "10MemorySpanINS0_18ScriptIdAndContextEEE");
    static const char until_9_4[] = IMPORT(2, "_ZN2v811ArrayBuffer11ExternalizeEv");
    char both[1024];

    (void)state;
    snprintf(both, sizeof both, "%s%s", only_14_6, until_9_4);
    assert_string_equal(inferred("p1.so", only_14_6, ""), "14.6 (inferred)");
    assert_string_equal(inferred("p2.so", isolate_import, ""), "none");
    assert_string_equal(inferred("p3.so", until_9_4, ""), "none");
    assert_string_equal(inferred("p4.so", both, ""), "none");
    assert_string_equal(inferred("p5.so", "int x;", ""), "none");
}

static void library_of_the_plugin(void **state)
{
    static const char libstdcxx[] =
        "void node_register_module_v108(void) {}\n" IMPORT(
            1, "_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE");
    static const char libcxx[] =
        "void node_register_module_v108(void) {}\n" IMPORT(
            1, "_ZN2v811ArrayBuffer3NewEPNS_7IsolateENSt3__110shared_ptrINS_12BackingStoreEEE");

    (void)state;
    assert_string_equal(inferred("s1.so", libstdcxx, ""),
                        "10.2 (module-version) stdlib=libstdc++");
    assert_string_equal(inferred("s2.so", libcxx, ""), "10.2 (module-version) stdlib=libc++");
}

/* The search in the table of imports is a binary one. */
static void table_is_sorted(void **state)
{
    static const char *const names[] = {
#define V8_IMPORT(symbol, first, last) symbol,
#include "probes/v8-imports.def"
#undef V8_IMPORT
    };
    enum {
#define V8_VERSION(major, minor, module_version, measured) V8_##major##_##minor,
#include "probes/v8-versions.def"
#undef V8_VERSION
    };
    static const int firsts[] = {
#define V8_IMPORT(symbol, first, last) V8_##last - V8_##first,
#include "probes/v8-imports.def"
#undef V8_IMPORT
    };

    (void)state;
    assert_true(sizeof names / sizeof *names > 100);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_true(firsts[i] >= 0);
        if (i > 0 && strcmp(names[i - 1], names[i]) >= 0)
            fail_msg("%s stands behind %s", names[i], names[i - 1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(initializer),
        cmocka_unit_test(node_module_struct),
        cmocka_unit_test(node_module_struct_with_relr),
        cmocka_unit_test(needed_libnode),
        cmocka_unit_test(imports),
        cmocka_unit_test(library_of_the_plugin),
        cmocka_unit_test(table_is_sorted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
