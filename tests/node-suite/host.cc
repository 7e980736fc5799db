/* SPDX-License-Identifier: MIT */
/*
 * A program that Node's test suite takes for `node`: a host whose V8 lies in a library that was
 * opened with RTLD_LOCAL, and which has used it, before the relinked Node is opened in it and is
 * given the command line. The executable that a test starts again (process.execPath) is this one,
 * so that every child is such a host too. Tests clear the environment of their children, therefore
 * all paths are compiled in.
 *
 * With HOST_IN_NODE this is a library that a copy of npm's node executable NEEDs. The executable's own
 * Node runs a line of JavaScript first, and from inside of that call the relinked Node is given the
 * command line: the host's isolate is entered, and its V8 lies in the global scope.
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

static int run_node(int argc, char **argv)
{
    void *node = open_library(NODE_LIBRARY);

    return ((node_main *)find(node, NODE_MAIN))(argc, argv);
}

#ifndef HOST_IN_NODE

int main(int argc, char **argv)
{
    start_host();
    return run_node(argc, argv);
}

#else

typedef int program_main(int argc, char **argv, char **environment);
typedef int start_main(program_main *, int, char **, void (*)(void), void (*)(void), void (*)(void),
                       void *);

static program_main *executable_main;
static int real_count;
static char **real_arguments;
static char **real_environment;

/* What is meant for the Node that is tested must not reach the host's. */
static char **without_node_variables(char **environment)
{
    size_t count = 0, kept = 0;

    while (environment[count])
        count++;
    char **rest = (char **)calloc(count + 1, sizeof(*rest));
    if (!rest)
        complain("environment", "no memory");
    for (size_t i = 0; i < count; i++)
        if (strncmp(environment[i], "NODE_", strlen("NODE_")) != 0)
            rest[kept++] = environment[i];
    return rest;
}

/* Of Node-API, as the executable has it. */
typedef struct napi_value_opaque *napi_value;
typedef napi_value napi_callback(void *environment, void *information);
extern "C" int napi_create_function(void *environment, const char *name, size_t length,
                                    napi_callback *callback, void *data, napi_value *ret_function);

/* What the host's line of JavaScript calls. The environment is the whole one again. */
static napi_value be_node(void *, void *)
{
    environ = real_environment;
    start_host();
    exit(run_node(real_count, real_arguments));
}

/* The executable holds a lock while this runs, in which nothing may exit. */
extern "C" __attribute__((visibility("default"))) napi_value
napi_register_module_v1(void *environment, napi_value)
{
    napi_value function = nullptr;

    if (napi_create_function(environment, nullptr, 0, be_node, nullptr, &function) != 0)
        complain("napi_create_function", "failed");
    return function;
}

static int host_main(int argc, char **argv, char **environment)
{
    static char evaluate[] = "-e";
    static char script[] = "const host = { exports: {} };"
                           "process.dlopen(host, '" HOST_LIBRARY "');"
                           "host.exports();";
    /* uv_setup_args() takes the arguments to be one block of memory. */
    size_t sizes[3] = { strlen(argv[0]) + 1, sizeof(evaluate), sizeof(script) };
    char *block = (char *)malloc(sizes[0] + sizes[1] + sizes[2]);
    static char *arguments[4];

    if (!block)
        complain("arguments", "no memory");
    arguments[0] = (char *)memcpy(block, argv[0], sizes[0]);
    arguments[1] = (char *)memcpy(block + sizes[0], evaluate, sizes[1]);
    arguments[2] = (char *)memcpy(block + sizes[0] + sizes[1], script, sizes[2]);
    real_count = argc;
    real_arguments = argv;
    real_environment = environment;
    environ = without_node_variables(environment);
    return executable_main(3, arguments, environ);
}

/* The executable calls this with its main(). */
extern "C" __attribute__((visibility("default"))) int
__libc_start_main(program_main *main, int argc, char **argv, void (*init)(void), void (*fini)(void),
                  void (*loader_fini)(void), void *stack_end)
{
    start_main *start = (start_main *)dlsym(RTLD_NEXT, "__libc_start_main");

    executable_main = main;
    return start(host_main, argc, argv, init, fini, loader_fini, stack_end);
}

#endif
