/* SPDX-License-Identifier: MIT */
/* The stub generator from the inside: names, sets, arguments, and that libengraft reads what it
 * writes. What tools say of the files is in tests/stub/. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "deep.h"
#include "engine-stub/mangling.h"
#include "engine-stub/stub.h"
#include "engine-stub/symbol_set.h"
#include "relinker.h"

/* ---- mangled names ------------------------------------------------------------------------------- */

static void test_mangling(void **state)
{
    static const struct {
        const char *name;
        uint8_t type;
    } rows[] = {
        {"_ZN2v82V810GetVersionEv", STT_FUNC},
        {"_ZNK2v85Value8IsObjectEv", STT_FUNC},
        {"_ZN2v87IsolateD1Ev", STT_FUNC},
        {"_ZN2v811HandleScopeC2EPNS_7IsolateE", STT_FUNC}, /* ends with an E of its parameter */
        {"_ZN2v86Object3SetENS_5LocalINS_7ContextEEENS1_INS_5ValueEEES5_", STT_FUNC},
        {"_ZN2v85LocalINS_5ValueEE3NewEPNS_7IsolateES2_", STT_FUNC},
        {"_ZN2v811ArrayBuffer3NewEPNS_7IsolateESt10shared_ptrINS_12BackingStoreEE", STT_FUNC},
        {"_ZN2v87Isolate20SetFatalErrorHandlerEPFvPKcS2_E", STT_FUNC},
        {"_ZN2v88internal7Version6major_E", STT_OBJECT},
        {"_ZN2v88internal12FLAG_harmonyE", STT_OBJECT},
        {"_ZN2v85ArrayINS_5ValueEE5countE", STT_OBJECT}, /* static member of a template */
        {"_ZN1aILj5ELb1EE1bE", STT_OBJECT},
        {"_ZN1aIA10_cE1bE", STT_OBJECT},
        {"_ZTVN2v87MessageE", STT_OBJECT},
        {"_ZTIN2v87MessageE", STT_OBJECT},
        {"_ZTSN2v87MessageE", STT_OBJECT},
        {"_ZTTN2v87MessageE", STT_OBJECT},
        {"_ZGVN2v81aE", STT_OBJECT},
        {"_ZThn8_N2v87MessageD0Ev", STT_FUNC},
        {"_ZTWN2v81aE", STT_FUNC},
        {"_Z6renamev", STT_FUNC},
        {"_Znwm", STT_NOTYPE},
        {"_ZN1aIXadL_Z1fvEEE1bE", STT_NOTYPE}, /* an expression: not read */
        {"_ZN", STT_NOTYPE},
        {"_ZN99999999999999999999E", STT_NOTYPE},
        {"_Z", STT_NOTYPE},
        {"", STT_NOTYPE},
        {"node_module_register", STT_NOTYPE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (mangling_type(rows[i].name) != rows[i].type)
            fail_msg("%s: %d instead of %d", rows[i].name, mangling_type(rows[i].name),
                     rows[i].type);
}

static void test_mangling_of_deep_nesting(void **state)
{
    char name[4096] = "_ZN";

    (void)state;
    memset(name + 3, 'N', 2000);
    memset(name + 2003, 'E', 2001);
    assert_int_equal(mangling_type(name), STT_NOTYPE);
}

/* ---- sets ------------------------------------------------------------------------------------------ */

static void test_symbol_set(void **state)
{
    enum { COUNT = 5000 };
    static char names[COUNT][16];
    struct symbol_set set = {0};

    (void)state;
    assert_null(symbol_set_find(&set, "name", NULL));
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof(names[i]), "name%d", i);
        struct stub_symbol symbol = {.name = names[i], .size = (uint64_t)i};
        assert_true(symbol_set_add(&set, &symbol));
        symbol.version = "V1";
        assert_true(symbol_set_add(&set, &symbol));
        symbol.size = 77;
        assert_true(symbol_set_add(&set, &symbol)); /* is there: stays as it is */
    }
    assert_int_equal(set.count, 2 * COUNT);
    for (int i = 0; i < COUNT; i++) {
        struct stub_symbol *symbol = symbol_set_find(&set, names[i], "V1");
        assert_non_null(symbol);
        assert_string_equal(symbol->version, "V1");
        assert_int_equal(symbol->size, i);
        assert_null(symbol_set_find(&set, names[i], NULL)->version);
        assert_null(symbol_set_find(&set, names[i], "V2"));
    }
    assert_null(symbol_set_find(&set, "name5000", NULL));
    symbol_set_deinit(&set);
}

/* ---- arguments --------------------------------------------------------------------------------------- */

static enum engraft_status create(const struct engraft_stub_request *request)
{
    struct engraft_stub_result result, before;
    struct engraft_error error = {0};

    memset(&result, 0x5a, sizeof(result));
    result.size = sizeof(result);
    before = result;
    enum engraft_status status = stub_create(request, &result, &error);
    assert_int_not_equal(status, ENGRAFT_OK);
    assert_memory_equal(&result, &before, sizeof(result)); /* untouched on failure */
    assert_int_equal(error.status, status);
    assert_string_not_equal(error.reason, "");
    return status;
}

static void test_arguments(void **state)
{
    struct engraft_stub_request request = {.size = sizeof(request)};
    struct engraft_stub_result result = {0};

    (void)state;
    assert_int_equal(create(NULL), ENGRAFT_ARGUMENT);
    assert_int_equal(create(&request), ENGRAFT_ARGUMENT); /* no directory */
    request.output_directory = "/";
    assert_int_equal(create(&request), ENGRAFT_ARGUMENT); /* nothing to make a stub of */
    request.plugin_count = 1;
    assert_int_equal(create(&request), ENGRAFT_ARGUMENT);
    request.plugin_count = 0;
    request.engine_path = "/nonexistent/libengine.so";
    assert_int_equal(create(&request), ENGRAFT_NOT_FOUND);
    request.trap = "explode";
    assert_int_equal(create(&request), ENGRAFT_ARGUMENT);
    request.trap = NULL;
    request.output_directory = "/nonexistent";
    assert_int_equal(create(&request), ENGRAFT_NOT_FOUND);
    request.size = 8;
    assert_int_equal(create(&request), ENGRAFT_ARGUMENT);
    request.size = sizeof(request);
    assert_int_equal(stub_create(&request, &result, NULL), ENGRAFT_ARGUMENT); /* result.size 0 */
}

/* ---- written and read ---------------------------------------------------------------------------------- */

struct written {
    char directory[32];
    struct engraft_stub_result result;
};

static void list_write(const char *path, int count)
{
    FILE *list = fopen(path, "w");

    assert_non_null(list);
    for (int i = 0; i < count; i++)
        fprintf(list, "fk_%d %s %d%s\n", i, i % 2 ? "func" : "object", i, i % 3 ? "" : " FK_1");
    assert_int_equal(fclose(list), 0);
}

static void stub_of_list(struct written *written, int count)
{
    char list[64];
    struct engraft_error error = {0};

    strcpy(written->directory, "test_stub.XXXXXX");
    assert_non_null(mkdtemp(written->directory));
    snprintf(list, sizeof(list), "%s/list", written->directory);
    list_write(list, count);
    struct engraft_stub_request request = {
        .size = sizeof(request),
        .symbols_path = list,
        .output_directory = written->directory,
        .plugin_abi = "fake:4.2",
        .plugin_name = "plug.so",
    };
    written->result = (struct engraft_stub_result){.size = sizeof(written->result)};
    if (stub_create(&request, &written->result, &error) != ENGRAFT_OK)
        fail_msg("%s", error.reason);
    unlink(list);
}

static void written_clear(struct written *written)
{
    unlink(written->result.import_path);
    unlink(written->result.stub_path);
    rmdir(written->directory);
    free(written->result.import_path);
    free(written->result.stub_path);
    free(written->result.abi);
}

static void check_symbols(const struct engraft_manifest *manifest, int count)
{
    char name[16];

    assert_int_equal(manifest->symbol_count, count);
    for (int i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "fk_%d", i);
        const struct engraft_manifest_symbol *symbol =
            manifest_find(manifest, name, gnu_hash(name, NULL));
        assert_non_null(symbol);
        assert_int_equal(symbol - manifest_symbols(manifest), i); /* in the list's order */
        assert_int_equal(symbol->type, i % 2 ? STT_FUNC : STT_OBJECT);
        assert_int_equal(symbol->size, i);
        assert_string_equal(manifest_string(manifest, symbol->version), i % 3 ? "" : "FK_1");
    }
    assert_null(manifest_find(manifest, "fk_none", gnu_hash("fk_none", NULL)));
}

static void test_manifest(void **state)
{
    static const int counts[] = {1, 2, 3, 100, 5000};

    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct written written;
        struct deep_modules modules;
        stub_of_list(&written, counts[i]);
        assert_string_equal(written.result.abi, "fake:4.2");
        assert_int_equal(written.result.function_count, counts[i] / 2);
        assert_int_equal(written.result.object_count, counts[i] - counts[i] / 2);
        assert_int_equal(engraft_deep_table.open(written.result.stub_path, &modules, NULL),
                         ENGRAFT_OK);
        const struct engraft_manifest *manifest =
            manifest_of(&modules.images[0], NT_ENGRAFT_MANIFEST);
        assert_non_null(manifest);
        assert_string_equal(manifest_string(manifest, manifest->engine), "fake");
        assert_string_equal(manifest_string(manifest, manifest->version), "4.2");
        assert_string_equal(manifest_string(manifest, manifest->plugin), "plug.so");
        check_symbols(manifest, counts[i]);
        engraft_deep_table.close(&modules);
        written_clear(&written);
    }
}

/* What the dynamic linker finds in an import library, the library's own reader finds as well. */
static void test_import_library(void **state)
{
    struct written written;
    struct deep_modules modules;
    char name[16];

    (void)state;
    stub_of_list(&written, 1000);
    assert_int_equal(engraft_deep_table.open(written.result.import_path, &modules, NULL),
                     ENGRAFT_OK);
    const struct image *image = &modules.images[0];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof(name), "fk_%d", i);
        const char *version = i % 3 ? NULL : "FK_1";
        const Elf64_Sym *symbol = image_find(image, name, gnu_hash(name, NULL), version);
        assert_non_null(symbol);
        assert_int_equal(ELF64_ST_TYPE(symbol->st_info), i % 2 ? STT_FUNC : STT_OBJECT);
        assert_int_equal(symbol->st_size, i % 2 ? 0 : i ? i : 8); /* not known: a word */
        if (version) /* a symbol without a version serves every version asked for */
            assert_null(image_find(image, name, gnu_hash(name, NULL), "FK_2"));
    }
    engraft_deep_table.close(&modules);
    written_clear(&written);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_mangling),    cmocka_unit_test(test_mangling_of_deep_nesting),
        cmocka_unit_test(test_symbol_set),  cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_manifest),    cmocka_unit_test(test_import_library),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
