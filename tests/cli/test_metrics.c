/* SPDX-License-Identifier: MIT */
/* Metrics of processes that no machine has: values with everything that has to be escaped. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/metrics.h"

static struct row row(int pid, const char *engine, const char *version,
                      enum engraft_linkage linkage)
{
    struct row row = { .process = { .pid = pid },
                       .engine = { .engine = engine, .version = version, .linkage = linkage } };

    return row;
}

static char *text_of(struct row *rows, size_t count)
{
    struct engraft_processes_summary summary = { .read = 5, .forbidden = 3, .failed = 2,
                                                 .files_failed = 1 };
    char *text = NULL;
    size_t size;
    FILE *stream = open_memstream(&text, &size);

    assert_non_null(stream);
    metrics_write(stream, rows, count, &summary);
    assert_int_equal(fclose(stream), 0);
    return text;
}

static void test_empty(void **state)
{
    char *text = text_of(NULL, 0);

    (void)state;
    assert_string_equal(
        text, "# HELP engraft_processes Processes that have the engine loaded.\n"
              "# TYPE engraft_processes gauge\n"
              "# HELP engraft_processes_examined Processes that were searched for engines.\n"
              "# TYPE engraft_processes_examined gauge\n"
              "engraft_processes_examined 5\n"
              "# HELP engraft_processes_unreadable Processes that could not be searched for engines.\n"
              "# TYPE engraft_processes_unreadable gauge\n"
              "engraft_processes_unreadable{reason=\"permission\"} 3\n"
              "engraft_processes_unreadable{reason=\"error\"} 2\n"
              "# HELP engraft_files_unreadable Files that processes have loaded and that could not be read.\n"
              "# TYPE engraft_files_unreadable gauge\n"
              "engraft_files_unreadable 1\n");
    free(text);
}

static void contains(struct row *rows, size_t count, const char *expected)
{
    char *text = text_of(rows, count);

    if (!strstr(text, expected))
        print_message("%s", text);
    assert_non_null(strstr(text, expected));
    free(text);
}

/* A series counts processes, each once, wherever its rows stand. */
static void test_counts(void **state)
{
    struct row rows[] = {
        row(2, "lua", "5.4.4", ENGRAFT_LINKAGE_SHARED),
        row(1, "v8", "9.4", ENGRAFT_LINKAGE_EXECUTABLE),
        row(1, "lua", "5.4.4", ENGRAFT_LINKAGE_STATIC),
        row(1, "lua", "5.4.4", ENGRAFT_LINKAGE_SHARED),
        row(1, "v8", "10.2", ENGRAFT_LINKAGE_EXECUTABLE),
        row(2, "lua", "5.4.4", ENGRAFT_LINKAGE_SHARED),
        row(3, "lua", NULL, ENGRAFT_LINKAGE_SHARED),
        row(1, "lua", "5.4.4", ENGRAFT_LINKAGE_SHARED),
        row(4, "lua", NULL, ENGRAFT_LINKAGE_SHARED),
    };

    (void)state;
    contains(rows, sizeof(rows) / sizeof(rows[0]),
             "# TYPE engraft_processes gauge\n"
             "engraft_processes{engine=\"lua\",version=\"5.4.4\",linkage=\"shared\"} 2\n"
             "engraft_processes{engine=\"lua\",version=\"5.4.4\",linkage=\"static\"} 1\n"
             "engraft_processes{engine=\"lua\",version=\"unknown\",linkage=\"shared\"} 2\n"
             "engraft_processes{engine=\"v8\",version=\"9.4\",linkage=\"executable\"} 1\n"
             "engraft_processes{engine=\"v8\",version=\"10.2\",linkage=\"executable\"} 1\n"
             "# HELP engraft_processes_examined ");
}

static void test_escapes(void **state)
{
    static const struct {
        const char *version, *label;
    } cases[] = {
        { "a\\b\"c\nd", "a\\\\b\\\"c\\nd" },
        { "{}=,# ", "{}=,# " },
        { "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80" },
        { "\xff.\xfe", "\xef\xbf\xbd.\xef\xbf\xbd" },
        { "\xc3", "\xef\xbf\xbd" },             /* a sequence that ends too early */
        { "\xc0\xaf", "\xef\xbf\xbd\xef\xbf\xbd" }, /* longer than needed */
        { "\xe0\x80\xaf", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
        { "\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" }, /* a surrogate */
        { "\xf4\x90\x80\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct row one = row(1, "v8", cases[i].version, ENGRAFT_LINKAGE_SHARED);
        char expected[256];

        snprintf(expected, sizeof(expected), "\nengraft_processes{engine=\"v8\",version=\"%s\",",
                 cases[i].label);
        contains(&one, 1, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_counts),
        cmocka_unit_test(test_escapes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
