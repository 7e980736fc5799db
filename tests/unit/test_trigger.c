/* SPDX-License-Identifier: MIT */
/* The small ELF objects in memfds: what tools read in them, and what ld.so does with them. */
#include "unit.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const two_needed[] = {"libm.so.6", "libc.so.6"};

static void expect_in(const char *text, const char *word)
{
    if (!strstr(text, word))
        fail_msg("\"%s\" is not in:\n%s", word, text);
}

static void test_readelf(void **state)
{
    struct tiny_request request = {.soname = "libstand-in.so.1", .needed = two_needed,
                                   .needed_count = 2, .runpath = "/a:/b"};
    struct tiny_image tiny;
    int status;
    char *text;

    (void)state;
    assert_int_equal(tiny_create(&request, &tiny, NULL), ENGRAFT_OK);
    text = unit_run(&status, "LC_ALL=C readelf -aW %s 2>&1", tiny.path);
    assert_int_equal(status, 0);
    expect_in(text, "Library soname: [libstand-in.so.1]");
    expect_in(text, "Shared library: [libm.so.6]");
    expect_in(text, "Shared library: [libc.so.6]");
    expect_in(text, "(RUNPATH)");
    expect_in(text, "[/a:/b]");
    expect_in(text, "There are no relocations");
    if (strstr(text, "arning") || strstr(text, "rror:") || strstr(text, "RWE"))
        fail_msg("readelf has something to say:\n%s", text);
    free(text);
    text = unit_run(&status, "LC_ALL=C readelf -lW %s | grep -c 'R E'", tiny.path);
    assert_string_equal(text, "0\n"); /* no segment is executable */
    free(text);
    tiny_close(&tiny);
    assert_int_equal(tiny.fd, -1);
}

static void test_elflint(void **state)
{
    struct tiny_request requests[] = {
        {.soname = "libstand-in.so.1"},
        {.needed = two_needed, .needed_count = 2, .runpath = "/a"},
        {.resolver = 0x1000, .reason = "engraft_reason"},
    };
    int status;

    (void)state;
    free(unit_run(&status, "eu-elflint --version >/dev/null 2>&1"));
    if (status != 0) {
        print_message("# eu-elflint (elfutils) is not installed\n");
        skip();
    }
    for (size_t i = 0; i < COUNT(requests); i++) {
        struct tiny_image tiny;
        char *text;

        assert_int_equal(tiny_create(&requests[i], &tiny, NULL), ENGRAFT_OK);
        text = unit_run(&status, "LC_ALL=C eu-elflint --gnu-ld %s 2>&1", tiny.path);
        assert_string_equal(text, "No errors\n");
        free(text);
        tiny_close(&tiny);
    }
}

static void test_rpath(void **state)
{
    struct tiny_request request = {.runpath = "/a", .rpath = true};
    struct tiny_image tiny;
    int status;
    char *text;

    (void)state;
    assert_int_equal(tiny_create(&request, &tiny, NULL), ENGRAFT_OK);
    text = unit_run(&status, "LC_ALL=C readelf -dW %s", tiny.path);
    expect_in(text, "(RPATH)");
    assert_null(strstr(text, "(RUNPATH)"));
    free(text);
    tiny_close(&tiny);
}

static void test_our_own_reader(void **state)
{
    struct tiny_request request = {.soname = "libx.so", .needed = two_needed, .needed_count = 2,
                                   .resolver = 0x1000, .reason = "engraft_reason"};
    struct tiny_image tiny;
    struct object object;

    (void)state;
    assert_int_equal(tiny_create(&request, &tiny, NULL), ENGRAFT_OK);
    object_open(&object, tiny.path);
    assert_string_equal(object.image.soname, "libx.so");
    assert_string_equal(image_needed(&object.image, 0), "libm.so.6");
    assert_string_equal(image_needed(&object.image, 1), "libc.so.6");
    assert_null(image_needed(&object.image, 2));
    assert_int_equal(object.image.segment_count, 1);
    assert_int_equal(object.image.symbol_count, 3);
    assert_int_equal(object.image.rela_count, 2);
    assert_string_equal(
        image_name(&object.image, object.image.symbols[TINY_REASON_SYMBOL].st_name),
        "engraft_reason");
    object_deinit(&object);
    tiny_close(&tiny);
}

/* ---- loaded ---------------------------------------------------------------------------------------- */

static int calls;
static bool allow;

static void nothing(void)
{
}

/* Does to the second relocation what the moment does. */
static void (*resolver(void))(void)
{
    struct link_map *last = self_first_map();
    struct image image;

    calls++;
    while (last->l_next)
        last = last->l_next;
    if (image_read_map(last, &image, NULL) == ENGRAFT_OK && allow) {
        Elf64_Sym *symbol = (Elf64_Sym *)(uintptr_t)&image.symbols[TINY_REASON_SYMBOL];

        symbol->st_shndx = SHN_ABS;
        symbol->st_value = 1;
        symbol->st_other = STV_HIDDEN;
    }
    return nothing;
}

static void test_answered(void **state)
{
    struct tiny_request request = {.resolver = (uintptr_t)resolver, .reason = "nobody answered"};
    struct tiny_image tiny;
    void *handle;

    (void)state;
    assert_int_equal(tiny_create(&request, &tiny, NULL), ENGRAFT_OK);
    calls = 0;
    allow = true;
    handle = dlopen(tiny.path, RTLD_NOW);
    if (!handle)
        fail_msg("%s", dlerror());
    assert_int_equal(calls, 1);
    dlclose(handle);
    tiny_close(&tiny);
}

static void test_refused(void **state)
{
    struct tiny_request request = {.resolver = (uintptr_t)resolver, .reason = "nobody answered"};
    struct tiny_image tiny;

    (void)state;
    assert_int_equal(tiny_create(&request, &tiny, NULL), ENGRAFT_OK);
    calls = 0;
    allow = false;
    assert_null(dlopen(tiny.path, RTLD_NOW));
    assert_int_equal(calls, 1);
    expect_in(dlerror(), "nobody answered");
    tiny_close(&tiny);
}

static void test_stand_in(void **state)
{
    struct tiny_request request = {.soname = "libno-such-engine.so.1"};
    struct tiny_image tiny;
    void *handle, *again;

    (void)state;
    assert_int_equal(tiny_create(&request, &tiny, NULL), ENGRAFT_OK);
    assert_null(dlopen("libno-such-engine.so.1", RTLD_NOW));
    handle = dlopen(tiny.path, RTLD_NOW);
    again = dlopen("libno-such-engine.so.1", RTLD_NOW);
    assert_non_null(handle);
    assert_ptr_equal(handle, again); /* by its SONAME */
    dlclose(again);
    dlclose(handle);
    tiny_close(&tiny);
}

static void test_too_much(void **state)
{
    static const char *const many[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9"};
    struct tiny_request request = {.needed = many, .needed_count = COUNT(many)};
    struct tiny_image tiny = {.fd = 77};
    struct engraft_error error = {0};

    (void)state;
    assert_int_not_equal(tiny_create(&request, &tiny, &error), ENGRAFT_OK);
    assert_int_equal(tiny.fd, -1);
    assert_string_not_equal(error.reason, "");
}

static void test_long_names(void **state)
{
    char *name = malloc(5000);
    const char *needed[] = {name};
    struct tiny_request request = {.needed = needed, .needed_count = 1, .runpath = name};
    struct tiny_image tiny;
    struct object object;

    (void)state;
    memset(name, 'n', 4999);
    name[4999] = '\0';
    assert_int_equal(tiny_create(&request, &tiny, NULL), ENGRAFT_OK);
    object_open(&object, tiny.path);
    assert_string_equal(image_needed(&object.image, 0), name);
    assert_string_equal(object.image.runpath, name);
    object_deinit(&object);
    tiny_close(&tiny);
    free(name);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_readelf),        cmocka_unit_test(test_elflint),
        cmocka_unit_test(test_rpath),
        cmocka_unit_test(test_our_own_reader), cmocka_unit_test(test_answered),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_stand_in),
        cmocka_unit_test(test_too_much),       cmocka_unit_test(test_long_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
