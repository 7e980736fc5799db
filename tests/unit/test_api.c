/* SPDX-License-Identifier: MIT */
/* The public interface as another program sees it: linked to libengraft.so.0, engraft.h only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "engraft.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static struct engraft_error error;

/* A failure has a status, the same in the record, and a reason; with reterr NULL it is the same. */
#define FAILS(expected, call) \
    do { \
        struct engraft_error *reterr = &error; \
        memset(&error, 0x5a, sizeof error); \
        assert_int_equal(call, expected); \
        assert_int_equal(error.status, expected); \
        assert_string_not_equal(error.reason, ""); \
        reterr = NULL; \
        assert_int_equal(call, expected); \
        (void)reterr; \
    } while (0)

static void test_version(void **state)
{
    char text[32];

    (void)state;
    assert_int_equal(engraft_version(), ENGRAFT_VERSION_NUMBER);
    assert_int_equal(ENGRAFT_VERSION_NUMBER, ENGRAFT_VERSION_MAJOR * 10000 +
                                                 ENGRAFT_VERSION_MINOR * 100 +
                                                 ENGRAFT_VERSION_PATCH);
    snprintf(text, sizeof text, "%d.%d.%d", ENGRAFT_VERSION_MAJOR, ENGRAFT_VERSION_MINOR,
             ENGRAFT_VERSION_PATCH);
    assert_string_equal(engraft_version_string(), text);
}

static void test_features(void **state)
{
    (void)state;
    assert_true(engraft_has_feature("stub"));
    assert_true(engraft_has_feature("preload"));
    assert_true(engraft_has_feature("late-attach"));
    assert_true(engraft_has_feature("deep"));
    assert_true(engraft_has_feature("engine:v8"));
    assert_false(engraft_has_feature("engine:"));
    assert_false(engraft_has_feature("engine:none"));
    assert_false(engraft_has_feature("no such feature"));
    assert_false(engraft_has_feature(""));
    assert_false(engraft_has_feature(NULL));
}

static void test_names(void **state)
{
    (void)state;
    assert_string_equal(engraft_verdict_name(ENGRAFT_VERDICT_EXACT), "exact");
    assert_string_equal(engraft_verdict_name(ENGRAFT_VERDICT_REFUSED), "refused");
    assert_string_equal(engraft_verdict_name((enum engraft_verdict)77), "");
    assert_string_equal(engraft_kind_name(ENGRAFT_KIND_DIRECT), "direct");
    assert_string_equal(engraft_kind_name(ENGRAFT_KIND_TRAP), "trap");
    assert_string_equal(engraft_kind_name((enum engraft_kind)77), "");
    assert_string_equal(engraft_status_text((enum engraft_status)-1), "unknown status");
}

/* ---- targets ---------------------------------------------------------------------------------------- */

static void test_target_self(void **state)
{
    static const char *const specs[] = {NULL, "self"};

    (void)state;
    for (size_t i = 0; i < COUNT(specs); i++) {
        struct engraft_target *target = NULL;

        assert_int_equal(engraft_target_open(specs[i], &target, NULL), ENGRAFT_OK);
        assert_non_null(target);
        assert_int_equal(engraft_target_engine_count(target), 0);
        engraft_target_close(target);
    }
}

static void test_target_failures(void **state)
{
    struct engraft_target *target = (void *)&error;

    (void)state;
    FAILS(ENGRAFT_ARGUMENT, engraft_target_open("self", NULL, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_target_open("", &target, reterr));
    FAILS(ENGRAFT_NOT_FOUND, engraft_target_open("/no/such/file", &target, reterr));
    FAILS(ENGRAFT_NOT_FOUND, engraft_target_open("99999999999", &target, reterr));
    FAILS(ENGRAFT_NOT_FOUND, engraft_target_open("2147483647", &target, reterr));
    FAILS(ENGRAFT_FORMAT, engraft_target_open("/", &target, reterr));
    FAILS(ENGRAFT_FORMAT, engraft_target_open("/dev/null", &target, reterr));
    FAILS(ENGRAFT_FORMAT, engraft_target_open("/etc/passwd", &target, reterr));
    assert_ptr_equal(target, &error); /* untouched */
    engraft_target_close(NULL);
    assert_int_equal(engraft_target_engine_count(NULL), 0);
}

static void test_target_parts_out_of_range(void **state)
{
    struct engraft_target *target;
    struct engraft_engine engine = {.size = sizeof engine};
    struct engraft_module module = {.size = sizeof module};
    struct engraft_evidence evidence = {.size = sizeof evidence};

    (void)state;
    assert_int_equal(engraft_target_open(NULL, &target, NULL), ENGRAFT_OK);
    assert_int_equal(engraft_target_engine(target, 0, &engine), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_engine(target, (size_t)-1, &engine), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_engine(NULL, 0, &engine), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_module(target, 0, 0, &module), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_module(NULL, 0, 0, &module), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_evidence(target, 0, 0, &evidence), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_evidence(NULL, 0, 0, &evidence), ENGRAFT_ARGUMENT);
    engraft_target_close(target);
}

/* ---- registrations, and structs of other sizes ------------------------------------------------------------ */

static const void *const own_address[] = {(const void *)test_version};
static const char *const prefixes[] = {"unit_"};

static struct engraft_registration registration_good(void)
{
    return (struct engraft_registration){
        .size = sizeof(struct engraft_registration),
        .engine = "unit",
        .version = "1.2.3",
        .config = "a=b",
        .addresses = own_address,
        .address_count = 1,
        .prefixes = prefixes,
        .prefix_count = 1,
    };
}

static void test_registration_failures(void **state)
{
    static const void *const nowhere[] = {(const void *)16};
    static const char *const no_prefix[] = {NULL};
    char text[128];
    unsigned id = 77;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
#define WRONG(status, change) \
    do { \
        struct engraft_registration registration = registration_good(); \
        change; \
        FAILS(status, engraft_register(&registration, &id, reterr)); \
    } while (0)
    WRONG(ENGRAFT_ARGUMENT, registration.size = 0);
    WRONG(ENGRAFT_ARGUMENT, registration.size--);
    WRONG(ENGRAFT_ARGUMENT, registration.engine = NULL);
    WRONG(ENGRAFT_ARGUMENT, registration.engine = text);
    WRONG(ENGRAFT_ARGUMENT, registration.version = NULL);
    WRONG(ENGRAFT_ARGUMENT, registration.version = text);
    WRONG(ENGRAFT_ARGUMENT, registration.addresses = NULL);
    WRONG(ENGRAFT_ARGUMENT, registration.address_count = 0);
    WRONG(ENGRAFT_ARGUMENT, registration.address_count = 9);
    WRONG(ENGRAFT_ARGUMENT, registration.prefix_count = 17);
    WRONG(ENGRAFT_ARGUMENT, registration.prefix_count = 0); /* an engine engraft does not know */
    WRONG(ENGRAFT_ARGUMENT, registration.prefixes = NULL);
    WRONG(ENGRAFT_ARGUMENT, registration.prefixes = no_prefix);
    WRONG(ENGRAFT_NOT_FOUND, registration.addresses = nowhere);
    FAILS(ENGRAFT_ARGUMENT, engraft_register(NULL, &id, reterr));
    struct engraft_registration good = registration_good();
    FAILS(ENGRAFT_ARGUMENT, engraft_register(&good, NULL, reterr));
    assert_int_equal(id, 77);
    FAILS(ENGRAFT_ARGUMENT, engraft_unregister(0, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_unregister(1, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_unregister((unsigned)-1, reterr));
}

static void test_registration_limit(void **state)
{
    struct engraft_registration registration = registration_good();
    unsigned ids[8], more = 77;

    (void)state;
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(engraft_register(&registration, &ids[i], NULL), ENGRAFT_OK);
    FAILS(ENGRAFT_LIMIT, engraft_register(&registration, &more, reterr));
    assert_int_equal(more, 77);
    assert_int_equal(engraft_unregister(ids[3], NULL), ENGRAFT_OK);
    FAILS(ENGRAFT_ARGUMENT, engraft_unregister(ids[3], reterr));
    assert_int_equal(engraft_register(&registration, &ids[3], NULL), ENGRAFT_OK);
    for (unsigned i = 0; i < 8; i++)
        assert_int_equal(engraft_unregister(ids[i], NULL), ENGRAFT_OK);
}

/* Bytes behind the size that the caller gives stay as they are; a longer struct is filled as far as
 * this version knows it. */
#define SIZES(type, call) \
    do { \
        struct { \
            type value; \
            char behind[32]; \
        } result; \
        for (size_t size = 0; size <= sizeof result; size++) { \
            memset(&result, 0x5a, sizeof result); \
            result.value.size = size; \
            assert_int_equal(call(&result.value), \
                             size < sizeof(size_t) ? ENGRAFT_ARGUMENT : ENGRAFT_OK); \
            assert_int_equal(result.value.size, size); \
            for (size_t i = size < sizeof(size_t) ? sizeof(size_t) : size; i < sizeof result; i++) \
                assert_int_equal(((unsigned char *)&result)[i], 0x5a); \
        } \
    } while (0)

static struct engraft_target *sized_target;

static enum engraft_status engine_get(struct engraft_engine *engine)
{
    return engraft_target_engine(sized_target, 0, engine);
}

static enum engraft_status module_get(struct engraft_module *module)
{
    return engraft_target_module(sized_target, 0, 0, module);
}

static enum engraft_status evidence_get(struct engraft_evidence *evidence)
{
    return engraft_target_evidence(sized_target, 0, 0, evidence);
}

static void test_registered_engine(void **state)
{
    struct engraft_registration registration = registration_good();
    struct engraft_engine engine = {.size = sizeof engine};
    struct engraft_module module = {.size = sizeof module};
    unsigned id;

    (void)state;
    assert_int_equal(engraft_register(&registration, &id, NULL), ENGRAFT_OK);
    assert_int_equal(engraft_target_open(NULL, &sized_target, NULL), ENGRAFT_OK);
    assert_int_equal(engraft_target_engine_count(sized_target), 1);
    assert_int_equal(engine_get(&engine), ENGRAFT_OK);
    assert_string_equal(engine.engine, "unit");
    assert_string_equal(engine.version, "1.2.3");
    assert_string_equal(engine.config, "a=b");
    assert_int_equal(engine.linkage, ENGRAFT_LINKAGE_EXECUTABLE);
    assert_int_equal(engine.module_count, 1);
    assert_int_equal(engine.evidence_count, 1);
    assert_int_equal(module_get(&module), ENGRAFT_OK);
    assert_non_null(module.path);
    assert_int_equal(engraft_target_module(sized_target, 0, 1, &module), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_engine(sized_target, 0, NULL), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_module(sized_target, 0, 0, NULL), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_target_evidence(sized_target, 0, 0, NULL), ENGRAFT_ARGUMENT);
    SIZES(struct engraft_engine, engine_get);
    SIZES(struct engraft_module, module_get);
    SIZES(struct engraft_evidence, evidence_get);
    engraft_target_close(sized_target);
    assert_int_equal(engraft_unregister(id, NULL), ENGRAFT_OK);
}

/* ---- plans -------------------------------------------------------------------------------------------- */

static struct engraft_plan *sized_plan;

static enum engraft_status binding_get(struct engraft_binding *binding)
{
    return engraft_plan_binding(sized_plan, 0, binding);
}

static void test_plan_failures(void **state)
{
    struct engraft_plan_request request = {.size = sizeof request, .plugin_path = "/no/such/file"};
    struct engraft_plan *plan = (void *)&error;

    (void)state;
    FAILS(ENGRAFT_ARGUMENT, engraft_plan_create(NULL, &plan, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_plan_create(&request, NULL, reterr));
    FAILS(ENGRAFT_NOT_FOUND, engraft_plan_create(&request, &plan, reterr));
    request.plugin_path = "/etc/passwd";
    FAILS(ENGRAFT_FORMAT, engraft_plan_create(&request, &plan, reterr));
    request.plugin_handle = &plan; /* both */
    FAILS(ENGRAFT_ARGUMENT, engraft_plan_create(&request, &plan, reterr));
    request.plugin_path = NULL; /* not a handle */
    FAILS(ENGRAFT_ARGUMENT, engraft_plan_create(&request, &plan, reterr));
    request.plugin_handle = NULL; /* none */
    FAILS(ENGRAFT_ARGUMENT, engraft_plan_create(&request, &plan, reterr));
    request.plugin_path = "/no/such/file";
    for (request.size = 0; request.size < sizeof request; request.size++)
        FAILS(ENGRAFT_ARGUMENT, engraft_plan_create(&request, &plan, reterr));
    assert_ptr_equal(plan, &error);
    engraft_plan_destroy(NULL);
}

static void test_explain(void **state)
{
    struct engraft_plan_request request = {.size = sizeof request, .plugin_abi = "v8:10.2",
                                           .host_abi = "v8:10.2"};
    struct engraft_plan *plan = (void *)&error;
    struct engraft_binding binding = {.size = sizeof binding};

    (void)state;
    FAILS(ENGRAFT_ARGUMENT, engraft_explain(NULL, &request, &plan, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_explain("", &request, &plan, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_explain("name", NULL, &plan, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_explain("name", &request, NULL, reterr));
    request.plugin_abi = NULL;
    FAILS(ENGRAFT_ARGUMENT, engraft_explain("name", &request, &plan, reterr));
    request.plugin_abi = "v8";
    FAILS(ENGRAFT_ARGUMENT, engraft_explain("name", &request, &plan, reterr));
    request.plugin_abi = "v8:10.2";
    request.host_abi = "10.2";
    FAILS(ENGRAFT_ARGUMENT, engraft_explain("name", &request, &plan, reterr));
    assert_ptr_equal(plan, &error);
    request.host_abi = "v8:10.2";
    assert_int_equal(engraft_explain("_ZN2v82V810GetVersionEv", &request, &plan, NULL),
                     ENGRAFT_OK);
    assert_int_equal(engraft_plan_binding_count(plan), 1);
    assert_int_equal(engraft_plan_binding(plan, 0, &binding), ENGRAFT_OK);
    assert_string_equal(binding.symbol, "_ZN2v82V810GetVersionEv");
    assert_int_equal(engraft_plan_kind_count(plan, binding.kind), 1);
    assert_int_equal(engraft_plan_kind_count(plan, (enum engraft_kind)77), 0);
    assert_int_equal(engraft_plan_binding(plan, 1, &binding), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_plan_binding(plan, 0, NULL), ENGRAFT_ARGUMENT);
    assert_int_equal(engraft_plan_binding(NULL, 0, &binding), ENGRAFT_ARGUMENT);
    assert_string_equal(engraft_plan_plugin_abi(plan), "v8:10.2");
    sized_plan = plan;
    SIZES(struct engraft_binding, binding_get);
    engraft_plan_destroy(plan);
}

/* ---- binding --------------------------------------------------------------------------------------------- */

static void test_binding_failures(void **state)
{
    void *handle = &error;

    (void)state;
    FAILS(ENGRAFT_ARGUMENT, engraft_dlopen(NULL, 1, &handle, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_dlopen("libc.so.6", 1, NULL, reterr));
    FAILS(ENGRAFT_LOAD, engraft_dlopen("/no/such/plugin.so", 1, &handle, reterr));
    memset(&error, 0, sizeof error);
    engraft_dlopen("/no/such/plugin.so", 1, &handle, &error);
    assert_non_null(strstr(error.reason, "/no/such/plugin.so")); /* the dynamic linker's words */
    assert_ptr_equal(handle, &error);
    FAILS(ENGRAFT_ARGUMENT, engraft_relink(NULL, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_relink(&error, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_unlink(NULL, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_unlink(&error, reterr));
}

static void test_dlopen_without_an_engine(void **state)
{
    void *handle = NULL;

    (void)state;
    assert_int_equal(engraft_dlopen("libm.so.6", 1, &handle, NULL), ENGRAFT_OK);
    assert_non_null(handle);
    FAILS(ENGRAFT_STATE, engraft_unlink(handle, reterr));
}

static void test_report(void **state)
{
    char text[65536];
    FILE *file = tmpfile();
    size_t length;

    (void)state;
    FAILS(ENGRAFT_SYSTEM, engraft_report_write(-1, reterr));
    assert_non_null(file);
    assert_int_equal(engraft_report_write(fileno(file), NULL), ENGRAFT_OK);
    rewind(file);
    length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    assert_int_equal(text[0], '{');
    assert_non_null(strstr(text, "}\n"));
    fclose(file);
}

/* ---- log, stub -------------------------------------------------------------------------------------------- */

static unsigned lines;

static void log_count(const char *area, const char *line, void *user)
{
    assert_string_not_equal(area, "");
    assert_null(strchr(line, '\n'));
    assert_ptr_equal(user, &lines);
    lines++;
}

static void test_log(void **state)
{
    struct engraft_registration registration = registration_good();
    void *handle = NULL;
    unsigned id, before;

    (void)state;
    assert_int_equal(engraft_register(&registration, &id, NULL), ENGRAFT_OK);
    engraft_set_log(log_count, &lines);
    engraft_dlopen("/no/such/plugin.so", 1, &handle, NULL);
    engraft_set_log(NULL, NULL);
    before = lines;
    engraft_dlopen("/no/such/plugin.so", 1, &handle, NULL);
    assert_int_equal(lines, before);
    assert_int_equal(engraft_unregister(id, NULL), ENGRAFT_OK);
}

static void test_stub_failures(void **state)
{
    struct engraft_stub_request request = {.size = sizeof request, .output_directory = "/tmp"};
    struct engraft_stub_result result = {.size = sizeof result};

    (void)state;
    FAILS(ENGRAFT_ARGUMENT, engraft_stub_create(NULL, &result, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_stub_create(&request, NULL, reterr));
    FAILS(ENGRAFT_ARGUMENT, engraft_stub_create(&request, &result, reterr)); /* of what? */
    request.engine_path = "/no/such/engine";
    FAILS(ENGRAFT_NOT_FOUND, engraft_stub_create(&request, &result, reterr));
    result.size = 0;
    FAILS(ENGRAFT_ARGUMENT, engraft_stub_create(&request, &result, reterr));
    result.size = sizeof result;
    request.size--;
    FAILS(ENGRAFT_ARGUMENT, engraft_stub_create(&request, &result, reterr));
    assert_null(result.stub_path);
    engraft_stub_result_clear(&result);
    engraft_stub_result_clear(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_features),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_target_self),
        cmocka_unit_test(test_target_failures),
        cmocka_unit_test(test_target_parts_out_of_range),
        cmocka_unit_test(test_registration_failures),
        cmocka_unit_test(test_registration_limit),
        cmocka_unit_test(test_registered_engine),
        cmocka_unit_test(test_plan_failures),
        cmocka_unit_test(test_explain),
        cmocka_unit_test(test_binding_failures),
        cmocka_unit_test(test_dlopen_without_an_engine),
        cmocka_unit_test(test_report),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_stub_failures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
