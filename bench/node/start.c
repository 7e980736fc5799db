/* SPDX-License-Identifier: MIT */
/*
 * How long it takes in a running host until Node's first JavaScript has run, through engraft-node's
 * C API. Prints microseconds, one a line: the dlopen() of the library; the first
 * engraft_node_start() with a first script; five further ones, each after the stop of the one
 * before.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <engraft-node.h>

enum { again = 5 };

static __typeof__(engraft_node_start) *node_start;
static __typeof__(engraft_node_stop) *node_stop;
static __typeof__(engraft_node_run_string) *node_run_string;

static void check(int ok, const char *what, const char *reason)
{
    if (ok)
        return;
    fprintf(stderr, "start: %s: %s\n", what, reason ? reason : "?");
    _Exit(1);
}

static void *find(void *library, const char *name)
{
    void *address = library ? dlsym(library, name) : NULL;

    check(address != NULL, name, address ? NULL : dlerror());
    return address;
}

static long microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

static void start_host(void)
{
    void *script = dlopen(HOST_SCRIPT, RTLD_NOW | RTLD_LOCAL);
    const char *reason = ((const char *(*)(void))find(script, "script_start"))();

    check(reason == NULL, "the host's V8", reason);
}

static void open_node(void)
{
    long before = microseconds();
    void *library = dlopen(NODE_LIBRARY, RTLD_NOW | RTLD_LOCAL);

    node_start = find(library, "engraft_node_start");
    node_stop = find(library, "engraft_node_stop");
    node_run_string = find(library, "engraft_node_run_string");
    printf("%ld\n", microseconds() - before);
}

static void start_and_stop(void)
{
    struct engraft_node_error error = {.message = ""};
    struct engraft_node_value value = {.kind = ENGRAFT_NODE_UNDEFINED};
    engraft_node *node;
    long before = microseconds();

    check(node_start(NULL, &node, &error) == ENGRAFT_NODE_OK, "start", error.message);
    check(node_run_string(node, "6 * 7", (size_t)-1, NULL, 0, &value, &error) == ENGRAFT_NODE_OK,
          "run", error.message);
    printf("%ld\n", microseconds() - before);
    check(value.kind == ENGRAFT_NODE_NUMBER && value.as.number == 42, "6 * 7", "is not 42");
    check(node_stop(node, 1000, NULL, &error) == ENGRAFT_NODE_OK, "stop", error.message);
}

int main(void)
{
    int i;

    start_host();
    open_node();
    for (i = 0; i < 1 + again; i++)
        start_and_stop();
    return 0;
}
