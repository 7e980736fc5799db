/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

static void expect(const char *list, const char *plugin, int found, const char *value)
{
    char text[16] = "untouched";

    if (list)
        setenv("ENGRAFT_UNIT_LIST", list, 1);
    else
        unsetenv("ENGRAFT_UNIT_LIST");
    if (policy_value("ENGRAFT_UNIT_LIST", plugin, text, sizeof text) != found)
        fail_msg("%s of \"%s\" is not %d", plugin ? plugin : "(null)", list ? list : "", found);
    assert_string_equal(text, found ? value : "untouched");
}

static void test_lists(void **state)
{
    (void)state;
    expect(NULL, "a.so", 0, NULL);
    expect("", "a.so", 0, NULL);
    expect("return", "a.so", 1, "return");
    expect("return", "/usr/lib/a.so", 1, "return");
    expect("return", NULL, 1, "return");
    expect("a.so=x", "a.so", 2, "x");
    expect("a.so=x", "/some/where/a.so", 2, "x");
    expect("a.so=x", "b.so", 0, NULL);
    expect("a.so=x", "aa.so", 0, NULL);
    expect("a.so=x", "a.so.1", 0, NULL);
    expect("a.so=x,y", "a.so", 2, "x");
    expect("a.so=x,y", "b.so", 1, "y");
    expect("y,a.so=x", "a.so", 2, "x");
    expect("y,z", "a.so", 1, "y"); /* the first for all */
    expect("a.so=x,a.so=y", "a.so", 2, "x");
    expect("a.so=", "a.so", 2, "");
    expect("a.so=v8:10.2", "a.so", 2, "v8:10.2");
    expect("a.so=k=v", "a.so", 2, "k=v");
    expect(",,a.so=x,,", "a.so", 2, "x");
    expect(",,a.so=x", "a.so", 2, "x");
}

static void test_long_values_are_cut(void **state)
{
    (void)state;
    expect("0123456789abcdefghij", "a.so", 1, "0123456789abcde");
    expect("a.so=0123456789abcdefghij,x", "a.so", 2, "0123456789abcde");
}

static void test_environment(void **state)
{
    (void)state;
    setenv("ENGRAFT_UNIT", "one", 1);
    assert_string_equal(environment_get("ENGRAFT_UNIT"), "one");
    setenv("ENGRAFT_UNIT", "two", 1);
    assert_string_equal(environment_get("ENGRAFT_UNIT"), "two");
    assert_null(environment_get("ENGRAFT_UNI"));
    assert_null(environment_get("ENGRAFT_UNIT_"));
    setenv("ENGRAFT_UNIT", "", 1);
    assert_string_equal(environment_get("ENGRAFT_UNIT"), "");
    unsetenv("ENGRAFT_UNIT");
    assert_null(environment_get("ENGRAFT_UNIT"));
}

static void test_no_environment_at_all(void **state)
{
    extern char **environ;
    char **before = environ, *nothing[] = {NULL};

    (void)state;
    environ = nothing;
    assert_null(environment_get("PATH"));
    environ = before;
}

static void test_disabled(void **state)
{
    static const struct {
        const char *value;
        bool disabled;
    } rows[] = {{NULL, false}, {"", false}, {"0", false}, {"1", true}, {"yes", true}, {"00", true}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].value)
            setenv("ENGRAFT_DISABLE", rows[i].value, 1);
        else
            unsetenv("ENGRAFT_DISABLE");
        assert_int_equal(policy_disabled(), rows[i].disabled);
    }
    unsetenv("ENGRAFT_DISABLE");
}

static void test_file_names(void **state)
{
    (void)state;
    assert_string_equal(path_file_name("/a/b.so"), "b.so");
    assert_string_equal(path_file_name("b.so"), "b.so");
    assert_string_equal(path_file_name("/a/"), "");
    assert_string_equal(path_file_name(""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists),
        cmocka_unit_test(test_long_values_are_cut),
        cmocka_unit_test(test_environment),
        cmocka_unit_test(test_no_environment_at_all),
        cmocka_unit_test(test_disabled),
        cmocka_unit_test(test_file_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
