/* SPDX-License-Identifier: MIT */
/*
 * The host whose Node is measured: V8 in a library of its own (tests/node-suite/script.cc, linked
 * to the host's V8), started and used before anything of Node is opened, and used again at the end.
 *
 *   NODE_LIBRARY, NODE_MAIN   what is opened then, and given the command line. Undefined: nothing
 *                             is, and the host waits for the end of its standard input if it has
 *                             an argument: what a host costs without Node
 *   HOST_FLAGS                RTLD_LOCAL, or RTLD_GLOBAL: V8 is in the global scope
 *   HOST_TRAP_HANDLER         the library of the host's V8; the host enables V8's trap handler for
 *                             WebAssembly, which it has to do before it uses V8
 *
 * With HOST_MARKS in the environment, the microseconds in which the host's own V8, isolate, context
 * and script were started are written to standard error: a program that is only Node starts none.
 */
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { host_broken = 97 }; /* no status of Node's own */

typedef const char *script_use(void);
typedef int node_main(int argc, char **argv);

static script_use *check;
static pid_t host_process;

static void complain(const char *what, const char *reason)
{
    fprintf(stderr, "host: %s: %s\n", what, reason);
    _exit(host_broken);
}

static void *find(const char *library, int flags, const char *name)
{
    void *handle = dlopen(library, RTLD_NOW | flags);
    void *address = handle ? dlsym(handle, name) : NULL;

    if (!address)
        complain(name, dlerror());
    return address;
}

static void check_host(void)
{
    const char *reason = getpid() == host_process ? check() : NULL;

    if (reason)
        complain("the host's V8 is damaged", reason);
}

static long microseconds(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000L + now.tv_nsec / 1000;
}

/* v8::V8::EnableWebAssemblyTrapHandler(bool use_v8_signal_handler) */
static void enable_trap_handler(void)
{
#ifdef HOST_TRAP_HANDLER
    bool (*enable)(bool) = (bool (*)(bool))find(HOST_TRAP_HANDLER, HOST_FLAGS,
                                                "_ZN2v82V828EnableWebAssemblyTrapHandlerEb");

    if (!enable(true))
        complain("EnableWebAssemblyTrapHandler", "it answered false");
#endif
}

static void start_host(void)
{
    script_use *start = (script_use *)find(HOST_SCRIPT, HOST_FLAGS, "script_start");
    long before = microseconds();
    const char *reason;

    enable_trap_handler();
    reason = start();

    if (reason)
        complain("the host's V8 does not start", reason);
    if (getenv("HOST_MARKS"))
        fprintf(stderr, "%ld\n", microseconds() - before);
    check = (script_use *)find(HOST_SCRIPT, HOST_FLAGS, "script_check");
    host_process = getpid();
    atexit(check_host);
}

int main(int argc, char **argv)
{
    start_host();
#ifdef NODE_LIBRARY
    return ((node_main *)find(NODE_LIBRARY, RTLD_LOCAL, NODE_MAIN))(argc, argv);
#else
    (void)argv;
    if (argc > 1) {
        puts("ready");
        fflush(stdout);
        while (getchar() != EOF)
            ;
    }
    return 0;
#endif
}
