/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

/* What text_format() knows, it writes as snprintf() does. */
#define SAME(...) \
    do { \
        char ours_[256], theirs_[256]; \
        size_t length_ = text_format(ours_, sizeof ours_, __VA_ARGS__); \
        int expected_ = snprintf(theirs_, sizeof theirs_, __VA_ARGS__); \
        assert_string_equal(ours_, theirs_); \
        assert_int_equal(length_, expected_); \
    } while (0)

static void test_conversions(void **state)
{
    static const int ints[] = {0, 1, -1, 9, 10, 4096, INT_MAX, INT_MIN};
    static const long longs[] = {0, -1, LONG_MAX, LONG_MIN};

    (void)state;
    SAME("nothing");
    SAME("%s", "");
    SAME("<%s|%s>", "one", "two");
    SAME("%.*s", 3, "truncated");
    SAME("%.*s", 0, "truncated");
    SAME("%.*s", 20, "short");
    SAME("%c%c", 'x', 'y');
    SAME("100%%");
    for (size_t i = 0; i < COUNT(ints); i++) {
        SAME("%d", ints[i]);
        SAME("%u", (unsigned)ints[i]);
        SAME("%x", (unsigned)ints[i]);
    }
    for (size_t i = 0; i < COUNT(longs); i++) {
        SAME("%ld", longs[i]);
        SAME("%lu", (unsigned long)longs[i]);
        SAME("%lx", (unsigned long)longs[i]);
        SAME("%zu", (size_t)longs[i]);
    }
    SAME("%p", (void *)0x1234abcd);
    SAME("%s: %d of %zu at %p (%.*s)", "mixed", -5, (size_t)7, (void *)&state, 2, "end");
}

static void test_null_string(void **state)
{
    char text[16];
    const char *volatile nothing = NULL;

    (void)state;
    text_format(text, sizeof text, "%s", nothing);
    assert_string_equal(text, "(null)");
}

/* An argument that is not NUL-terminated is read no further than its precision says. */
static void test_precision_bounds_reading(void **state)
{
    char exact[3] = {'a', 'b', 'c'}, text[16];

    (void)state;
    text_format(text, sizeof text, "%.*s", (int)sizeof exact, exact);
    assert_string_equal(text, "abc");
}

static void test_truncation(void **state)
{
    char text[16];

    (void)state;
    for (size_t size = 1; size <= sizeof text; size++) {
        size_t length;

        memset(text, '#', sizeof text);
        length = text_format(text, size, "%s-%d", "0123456789", 987654);
        assert_int_equal(length, size - 1);
        assert_memory_equal(text, "0123456789-987654", length);
        assert_int_equal(text[length], '\0');
        for (size_t i = size; i < sizeof text; i++)
            assert_int_equal(text[i], '#');
    }
    text[0] = '#';
    assert_int_equal(text_format(text, 0, "%s", "x"), 0);
    assert_int_equal(text[0], '#');
}

/* A format of one's own that ends in the middle of a conversion. */
static void test_broken_format(void **state)
{
    static const char *volatile broken[] = {"abc%", "abc%l", "abc%z"};
    char text[16];

    (void)state;
    for (size_t i = 0; i < COUNT(broken); i++) {
        const char *format = broken[i];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
        assert_int_equal(text_format(text, sizeof text, format), 3);
#pragma GCC diagnostic pop
        assert_string_equal(text, "abc");
    }
}

static void test_error_set(void **state)
{
    struct engraft_error error;
    char path[1000];

    (void)state;
    memset(&error, 0x5a, sizeof error);
    assert_int_equal(error_set(&error, ENGRAFT_FORMAT, "file", NULL, "%d parts", 3),
                     ENGRAFT_FORMAT);
    assert_int_equal(error.status, ENGRAFT_FORMAT);
    assert_string_equal(error.object, "file");
    assert_string_equal(error.symbol, "");
    assert_string_equal(error.reason, "3 parts");
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    error_set(&error, ENGRAFT_LIMIT, path, path, "%s%s", path, path);
    assert_int_equal(strlen(error.object), sizeof error.object - 1);
    assert_int_equal(strlen(error.symbol), sizeof error.symbol - 1);
    assert_int_equal(strlen(error.reason), sizeof error.reason - 1);
    assert_int_equal(error_set(NULL, ENGRAFT_MEMORY, path, NULL, "x"), ENGRAFT_MEMORY);
}

/* Numbers are part of the ABI: this list only grows. */
static void test_statuses(void **state)
{
    static const char *const names[] = {
        "OK",       "ARGUMENT",  "MEMORY",      "SYSTEM",  "NOT_FOUND", "FORMAT", "UNSUPPORTED",
        "NO_ENGINE", "AMBIGUOUS", "UNKNOWN_ABI", "REFUSED", "LOAD",      "AUDIT",  "LIMIT",
        "STATE",    "DEEP"};
    static const struct {
        int number;
        const char *name, *text;
    } rows[] = {
#define ENGRAFT_ERROR(name, number, text) {number, #name, text},
#include "engraft-errors.h"
#undef ENGRAFT_ERROR
    };

    (void)state;
    assert_true(COUNT(rows) >= COUNT(names));
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(rows[i].number, i);
        if (i < COUNT(names))
            assert_string_equal(rows[i].name, names[i]);
        assert_string_equal(engraft_status_text((enum engraft_status)i), rows[i].text);
    }
    assert_string_equal(engraft_status_text((enum engraft_status)COUNT(rows)), "unknown status");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_conversions),
        cmocka_unit_test(test_null_string),
        cmocka_unit_test(test_precision_bounds_reading),
        cmocka_unit_test(test_truncation),
        cmocka_unit_test(test_broken_format),
        cmocka_unit_test(test_error_set),
        cmocka_unit_test(test_statuses),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
