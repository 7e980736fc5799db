/* SPDX-License-Identifier: MIT */
/*
 * A program that Node's test suite takes for `node`: a host whose V8 lies in a library that was
 * opened with RTLD_LOCAL, and which has used it, before the relinked Node is opened in it and is
 * given the command line. The executable that a test starts again (process.execPath) is this one,
 * so that every child is such a host too. Tests clear the environment of their children, therefore
 * all paths are compiled in.
 *
 * When the process exits, by whatever way, the host uses its own V8 again. If that has been damaged,
 * it says so in a file beside the executable as well as by its exit status: the parent of a child
 * may ignore both status and standard error.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* No status of Node's own; its tests use small numbers. */
enum { host_broken = 97 };

typedef const char *script_start(void);
typedef const char *script_check(void);
typedef int node_main(int argc, char **argv);

static script_check *check;
static pid_t host_process;

static void complain(const char *what, const char *reason)
{
    char line[1024];
    int length = snprintf(line, sizeof(line), "node-in-host: %s: %s\n", what, reason);
    int log = open(HOST_LOG, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);

    if (length > (int)sizeof(line))
        length = sizeof(line);
    if (log < 0 || write(log, line, (size_t)length) != length)
        fputs("node-in-host: the log cannot be written\n", stderr);
    fputs(line, stderr);
    _exit(host_broken);
}

static void *open_library(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (!handle)
        complain(path, dlerror());
    return handle;
}

static void *find(void *library, const char *name)
{
    void *address = dlsym(library, name);

    if (!address)
        complain(name, dlerror());
    return address;
}

/* Runs after what Node has registered, and before the engine's own destructors. */
static void check_host(void)
{
    const char *reason;

    if (getpid() != host_process)
        return;
    reason = check();
    if (reason)
        complain("the host's V8 is damaged", reason);
}

static void start_host(void)
{
    void *script = open_library(HOST_SCRIPT);
    const char *reason = ((script_start *)find(script, "script_start"))();

    if (reason)
        complain("the host's V8 does not start", reason);
    check = (script_check *)find(script, "script_check");
    host_process = getpid();
    atexit(check_host);
}

int main(int argc, char **argv)
{
    void *node;

    start_host();
    node = open_library(NODE_LIBRARY);
    return ((node_main *)find(node, NODE_MAIN))(argc, argv);
}
