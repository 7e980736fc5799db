/* SPDX-License-Identifier: MIT */
/*
 * enode-main list: the names of the checks. enode-main NAME: runs one; exit status 0 passed, 1 not,
 * 77 skipped. A process for each, so that a crash is one failure.
 */
#include "enode-test.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct engraft_node_error error;

static bool failed;

bool expect(bool condition, const char *text, const char *file, int line)
{
    if (!condition) {
        failed = true;
        fprintf(stderr, "%s:%d: expected %s; last error: %d %s\n", file, line, text,
                (int)error.status, error.message);
    }
    return condition;
}

bool expect_status(enum engraft_node_status expected, enum engraft_node_status status,
                   const char *text, const char *file, int line)
{
    if (status == expected)
        return true;
    failed = true;
    fprintf(stderr, "%s:%d: %s is \"%s\" instead of \"%s\"; last error: %s\n%s\n", file, line, text,
            engraft_node_status_text(status), engraft_node_status_text(expected), error.message,
            error.stack);
    return false;
}

bool expect_text(const char *expected, const char *actual, const char *text, const char *file,
                 int line)
{
    if (actual != NULL && strstr(actual, expected) != NULL)
        return true;
    failed = true;
    fprintf(stderr, "%s:%d: %s is \"%s\", without \"%s\"\n", file, line, text,
            actual != NULL ? actual : "(null)", expected);
    return false;
}

engraft_node *start_with(const struct engraft_node_options *options)
{
    engraft_node *node = NULL;
    if (!EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_start(options, &node, &error)))
        exit(1);
    return node;
}

engraft_node *start_node(void)
{
    return start_with(NULL);
}

void stop_node(engraft_node *node)
{
    int exit_code = -1;
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 10000, &exit_code, &error));
    EXPECT(exit_code == 0);
}

struct engraft_node_value run(engraft_node *node, const char *source)
{
    struct engraft_node_value value = engraft_node_undefined();
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_run_string(node, source, (size_t)-1, NULL,
                                                           ENGRAFT_NODE_AWAIT, &value, &error));
    return value;
}

double run_number(engraft_node *node, const char *source)
{
    struct engraft_node_value value = run(node, source);
    double number = value.kind == ENGRAFT_NODE_NUMBER ? value.as.number : -1;
    EXPECT(value.kind == ENGRAFT_NODE_NUMBER);
    engraft_node_value_clear(&value);
    return number;
}

/* ---- showing values */

static char shown[8192];

static void append(const char *format, ...)
{
    size_t used = strlen(shown);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(shown + used, sizeof(shown) - used, format, arguments);
    va_end(arguments);
}

static void show_value(const struct engraft_node_value *value);

static void show_items(const struct engraft_node_value *value)
{
    append("[");
    for (size_t i = 0; i < value->as.array.count; i++) {
        append(i == 0 ? "" : ",");
        show_value(&value->as.array.items[i]);
    }
    append("]");
}

static void show_properties(const struct engraft_node_value *value)
{
    append("{");
    for (size_t i = 0; i < value->as.object.count; i++) {
        append("%s%s:", i == 0 ? "" : ",", value->as.object.items[i].key);
        show_value(&value->as.object.items[i].value);
    }
    append("}");
}

static void show_bytes(const struct engraft_node_value *value)
{
    append("<");
    for (size_t i = 0; i < value->as.text.length; i++)
        append("%02x", (unsigned char)value->as.text.data[i]);
    append(">");
}

static void show_value(const struct engraft_node_value *value)
{
    switch (value->kind) {
    case ENGRAFT_NODE_UNDEFINED: append("undefined"); break;
    case ENGRAFT_NODE_NULL: append("null"); break;
    case ENGRAFT_NODE_BOOLEAN: append(value->as.boolean ? "true" : "false"); break;
    case ENGRAFT_NODE_NUMBER: append("%g", value->as.number); break;
    case ENGRAFT_NODE_INTEGER: append("%lldn", (long long)value->as.integer); break;
    case ENGRAFT_NODE_DECIMAL: append("%sn", value->as.text.data); break;
    case ENGRAFT_NODE_STRING: append("'%s'", value->as.text.data); break;
    case ENGRAFT_NODE_BYTES: show_bytes(value); break;
    case ENGRAFT_NODE_DATE: append("@%.0f", value->as.number); break;
    case ENGRAFT_NODE_ARRAY: show_items(value); break;
    case ENGRAFT_NODE_OBJECT: show_properties(value); break;
    case ENGRAFT_NODE_FUNCTION: append("function"); break;
    case ENGRAFT_NODE_PROMISE: append("promise"); break;
    case ENGRAFT_NODE_REFERENCE: append("reference"); break;
    }
}

const char *show(const struct engraft_node_value *value)
{
    shown[0] = '\0';
    show_value(value);
    return shown;
}

const char *run_shown(engraft_node *node, const char *source)
{
    struct engraft_node_value value = run(node, source);
    const char *text = show(&value);
    engraft_node_value_clear(&value);
    return text;
}

/* ---- the process */

static char directory[] = "/tmp/engraft-node-XXXXXX";
static bool directory_made;

static void remove_directory(void)
{
    char path[512];
    DIR *entries = opendir(directory);
    for (struct dirent *entry; entries != NULL && (entry = readdir(entries)) != NULL;) {
        snprintf(path, sizeof(path), "%s/%s", directory, entry->d_name);
        unlink(path);
    }
    if (entries != NULL)
        closedir(entries);
    rmdir(directory);
}

const char *write_file(const char *name, const char *text)
{
    static char path[512];
    if (!directory_made) {
        if (mkdtemp(directory) == NULL)
            exit(99);
        directory_made = true;
        atexit(remove_directory);
    }
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "w");
    if (file == NULL || fputs(text, file) < 0 || fclose(file) != 0)
        exit(99);
    return path;
}

int count_entries(const char *path)
{
    int count = 0;
    DIR *entries = opendir(path);
    while (entries != NULL && readdir(entries) != NULL)
        count++;
    if (entries != NULL)
        closedir(entries);
    return count;
}

long resident_kilobytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%*d %ld", &pages) != 1)
        pages = 0;
    if (file != NULL)
        fclose(file);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

bool thorough(void)
{
    return getenv("ENGRAFT_TEST_LONG") != NULL;
}

static const struct check *const lists[] = {value_checks, call_checks, end_checks, host_checks};

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--exit-while-running") == 0) {
        host_start_v8();
        exit_while_running();
    }
    for (size_t i = 0; argc == 2 && i < sizeof(lists) / sizeof(lists[0]); i++) {
        for (const struct check *check = lists[i]; check->name != NULL; check++) {
            if (strcmp(argv[1], "list") == 0) {
                puts(check->name);
            } else if (strcmp(argv[1], check->name) == 0) {
                host_start_v8();
                check->run();
                return failed ? 1 : 0;
            }
        }
    }
    return argc == 2 && strcmp(argv[1], "list") == 0 ? 0 : 99;
}
