/* SPDX-License-Identifier: MIT */
/*
 * A host that runs V8 for itself and opens the plugin of features-driver.c.
 *
 *   features-host [--global] ENGINE DRIVER SCRIPT LIBRARY [LIBRARY] -- WORD...
 *
 * The words are those of features.h; with "2:" before them they go to the second library. The host's
 * own are
 *   check          its V8 answers
 *   second, rest   an isolate on a thread of its own starts running JavaScript, and ends
 *   adapted, own   V8's platform is another one than the host's, or is the host's
 *   stop           its V8 is stopped
 */
#include "features-v8.h"
#include "features.h"

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENGINE(row)                                                                                \
    row(engine_start) row(engine_check) row(engine_evaluate) row(engine_isolate) row(engine_pump)  \
    row(engine_inside) row(engine_platform) row(engine_own_platform) row(engine_stop)              \
    row(second_start) row(second_stop)

static struct {
#define MEMBER(name) __typeof__(name) *name;
    ENGINE(MEMBER)
#undef MEMBER
} engine;

static features_open_function *open_features;
static features_do_function *do_features;

static void fail(const char *what, const char *why)
{
    printf("not ok %s\n#   %s\n", what, why);
    exit(1);
}

static void tell(int ok, const char *name, const char *why)
{
    if (ok)
        printf("ok %s\n", name);
    else
        printf("not ok %s\n#   %s\n", name, why);
    fflush(stdout);
}

static void *open_library(const char *path, int scope)
{
    void *handle = dlopen(path, RTLD_NOW | scope);

    if (!handle)
        fail("the host starts", dlerror());
    return handle;
}

static void *find(void *library, const char *name)
{
    void *address = dlsym(library, name);

    if (!address)
        fail("the host starts", dlerror());
    return address;
}

static void open_engine(const char *path, int scope)
{
    void *library = open_library(path, scope);
    const char *wrong;

#define FIND(name) *(void **)&engine.name = find(library, #name);
    ENGINE(FIND)
#undef FIND
    wrong = engine.engine_start();
    if (wrong)
        fail("the host starts", wrong);
}

static void open_driver(const char *path)
{
    void *library = open_library(path, RTLD_LOCAL);

    *(void **)&open_features = find(library, "features_open");
    *(void **)&do_features = find(library, "features_do");
}

/* ---- words */

struct inside {
    struct features *features;
    const char *word;
};

static void do_inside(void *user, const void *context)
{
    const struct inside *inside = user;
    const struct features_host host = {engine.engine_isolate(), context, engine.engine_evaluate,
                                       engine.engine_pump};

    do_features(inside->features, inside->word, &host);
}

static void end_second(void)
{
    const char *wrong;
    unsigned long rounds = engine.second_stop(&wrong);

    printf("# the second isolate has played %lu rounds\n", rounds);
    tell(rounds > 10 && !*wrong, "the host's second isolate went on",
         *wrong ? wrong : "too few rounds");
}

static int do_own(const char *word)
{
    const char *wrong;

    if (!strcmp(word, "check")) {
        wrong = engine.engine_check();
        tell(!wrong, "the host's V8 answers", wrong);
    } else if (!strcmp(word, "second")) {
        engine.second_start();
    } else if (!strcmp(word, "rest")) {
        end_second();
    } else if (!strcmp(word, "adapted")) {
        tell(engine.engine_platform() != engine.engine_own_platform(), "V8 has the dispatcher",
             "its platform is the host's");
    } else if (!strcmp(word, "own")) {
        tell(engine.engine_platform() == engine.engine_own_platform(),
             "V8 has the host's platform again", "it is another one");
    } else if (!strcmp(word, "stop")) {
        engine.engine_stop();
        tell(1, "the host's V8 is stopped", NULL);
    } else {
        return 0;
    }
    return 1;
}

static int do_word(struct features **features, const char *word)
{
    struct features_host host = {engine.engine_isolate(), NULL, engine.engine_evaluate,
                                 engine.engine_pump};

    if (do_own(word))
        return 1;
    if (!strncmp(word, "2:", 2)) {
        features++;
        word += 2;
    }
    if (!strcmp(word, "inside")) {
        engine.engine_inside(do_inside, &(struct inside){*features, word});
        return 1;
    }
    return do_features(*features, word, &host);
}

/* ---- a host has handlers of its own */

static void ignore(int number)
{
    (void)number;
}

static void handle_signals(void)
{
    struct sigaction action = {.sa_handler = ignore, .sa_flags = SA_RESTART};

    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    sigaction(SIGCHLD, &(struct sigaction){.sa_handler = SIG_DFL}, NULL);
}

int main(int argc, char **argv)
{
    int global = argc > 1 && !strcmp(argv[1], "--global"), count = 0, at = 1 + global;
    struct features *features[2] = {NULL, NULL};

    if (argc < at + 5)
        fail("the host starts", "usage");
    handle_signals();
    open_engine(argv[at], global ? RTLD_GLOBAL : RTLD_LOCAL);
    open_driver(argv[at + 1]);
    for (const char *script = argv[at + 2]; count < 2 && strcmp(argv[at + 3 + count], "--"); count++)
        if (!(features[count] = open_features(argv[at + 3 + count], script)))
            return 1;
    for (at += 4 + count; at < argc; at++)
        if (!do_word(features, argv[at]))
            fail(argv[at], "no such word");
    puts("# the end");
    return 0;
}
