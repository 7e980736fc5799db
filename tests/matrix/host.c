/* SPDX-License-Identifier: MIT */
/*
 * A host that does what its arguments say, one after the other, and prints what came of it. It is
 * linked to no engine (unless the fake one is built into it) and not to engraft.
 *
 *   local=PATH global=PATH    dlopen an engine, or what stands in its way
 *   start                     initialise the engine opened last (or the program's own)
 *   close-engine              dlclose what local= or global= opened last
 *   load[:FLAG,...]=PATH      load a plugin through the door MATRIX_DOOR; FLAG: now lazy global
 *                             local noload nodelete deepbind
 *   via:LIBRARY=PATH          the same, as a call that LIBRARY makes
 *   report close relink unlink    act on the plugin loaded last
 *   threads=PATH              4 threads, each loads its own plugin (% is its number), again and again
 *   resident=PATH visible=SYMBOL mapped=PART count=PATH open=PATH mdwe    questions and the like
 */
#define _GNU_SOURCE
#include "door.h"

#include <errno.h>
#include <link.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

#define DEPTH 16
#define THREADS 4
#define ROUNDS 10

static void *libraries[DEPTH], *plugins[DEPTH];
static unsigned library_count, plugin_count;

static void say(const char *what, const char *text)
{
    dprintf(1, "host: %s = %s\n", what, text);
}

static void fail(const char *what, const char *text)
{
    say(what, text);
    exit(98);
}

/* ---- the engine ---- */

static void library_open(const char *path, int flags)
{
    void *handle = dlopen(path, RTLD_NOW | flags);

    if (!handle)
        fail("engine", dlerror());
    libraries[library_count++] = handle;
}

static void *engine_symbol(const char *name)
{
    return dlsym(library_count ? libraries[library_count - 1] : RTLD_DEFAULT, name);
}

/* C++ as the Itanium ABI passes it: a unique_ptr is returned and passed through a pointer. */
typedef void platform_create(void *ret_platform, int threads, int idle, int stack_dump,
                             void *tracing);

static void v8_start(void)
{
    platform_create *create = (platform_create *)engine_symbol(
        "_ZN2v88platform18NewDefaultPlatformEiNS0_15IdleTaskSupportENS0_21InProcessStackDumpingE"
        "St10unique_ptrINS_17TracingControllerESt14default_deleteIS4_EE");
    void (*install)(void *) =
        (void (*)(void *))engine_symbol("_ZN2v82V818InitializePlatformEPNS_8PlatformE");
    bool (*initialize)(int) = (bool (*)(int))engine_symbol("_ZN2v82V810InitializeEi");
    void *platform = NULL, *no_tracing = NULL;

    if (!create || !install || !initialize)
        fail("start", "no engine");
    create(&platform, 1, 0, 0, &no_tracing);
    install(platform);
    if (!initialize(0)) /* no pointer compression, no sandbox, Smis of 32 bits */
        fail("start", "V8::Initialize");
}

static void engine_start(void)
{
    void (*fake_start)(void) = (void (*)(void))engine_symbol("fake_start");

    if (fake_start)
        fake_start();
    else
        v8_start();
}

/* ---- plugins ---- */

static int flags_parse(const char *text, size_t length)
{
    static const struct {
        const char *name;
        int flag;
    } names[] = {{"now", RTLD_NOW},           {"lazy", RTLD_LAZY},
                 {"global", RTLD_GLOBAL},     {"local", RTLD_LOCAL},
                 {"noload", RTLD_NOLOAD},     {"nodelete", RTLD_NODELETE},
                 {"deepbind", RTLD_DEEPBIND}, {"invalid", 0x4000}};
    int flags = 0;

    while (length) {
        size_t word = 0;

        while (word < length && text[word] != ',')
            word++;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            if (strlen(names[i].name) == word && memcmp(names[i].name, text, word) == 0)
                flags |= names[i].flag;
        text += word;
        length -= word;
        if (length)
            text++, length--;
    }
    return flags;
}

static void plugin_opened(void *handle, const char *reason)
{
    if (!handle) {
        say("failed", reason);
        if (dlerror())
            say("dlerror", "was still set");
        return;
    }
    say("loaded", "yes");
    if (plugin_count && plugins[plugin_count - 1] == handle)
        say("handle", "same");
    plugins[plugin_count++] = handle;
}

static void plugin_load(const char *path, int flags)
{
    char reason[2048] = "";
    void *handle;

    dlerror();
    handle = door_open(path, flags, reason, sizeof reason);
    plugin_opened(handle, reason);
}

/* dlopen() searches for the caller: LIBRARY's function makes the call. */
static void plugin_load_via(const char *library, const char *path)
{
    char reason[2048] = "";
    void *caller = dlopen(library, RTLD_NOW);
    void *(*load)(const char *, char *, size_t) =
        caller ? (void *(*)(const char *, char *, size_t))dlsym(caller, "caller_open") : NULL;

    if (!load)
        fail("via", dlerror());
    void *handle = load(path, reason, sizeof reason); /* before plugin_opened() may look at reason */
    plugin_opened(handle, reason);
}

static void plugin_report(void)
{
    void *plugin = plugin_count ? plugins[plugin_count - 1] : RTLD_DEFAULT;
    void (*report)(void) = (void (*)(void))dlsym(plugin, "plugin_report");

    if (report)
        report();
    else
        say("report", "none");
}

static void plugin_close(void)
{
    if (!plugin_count)
        say("closed", "nothing");
    else if (dlclose(plugins[--plugin_count]) != 0)
        say("closed", dlerror());
}

static void plugin_attach(const char *name)
{
    struct door_error error;

    memset(&error, 0, sizeof error);
    if (!plugin_count)
        fail(name, "no plugin");
    if (((door_handle_function *)door_function(name))(plugins[plugin_count - 1], &error) == 0)
        say(name, "done");
    else
        say(name, error.reason);
}

/* ---- threads ---- */

static pthread_barrier_t barrier;

static void *thread_run(void *argument)
{
    const char *path = argument;

    for (int round = 0; round < ROUNDS; round++) {
        char reason[2048] = "";
        void *handle;

        pthread_barrier_wait(&barrier);
        handle = door_open(path, round % 2 ? RTLD_LAZY : RTLD_NOW, reason, sizeof reason);
        if (!handle) {
            say("failed", reason);
            continue;
        }
        ((void (*)(void))dlsym(handle, "plugin_report"))();
        dlclose(handle);
    }
    return NULL;
}

static void threads_run(const char *pattern)
{
    pthread_t threads[THREADS];
    static char paths[THREADS][4096];
    const char *number = strchr(pattern, '%');

    if (!number)
        fail("threads", "no % in the path");
    pthread_barrier_init(&barrier, NULL, THREADS);
    for (int i = 0; i < THREADS; i++) {
        snprintf(paths[i], sizeof paths[i], "%.*s%d%s", (int)(number - pattern), pattern, i,
                 number + 1);
        pthread_create(&threads[i], NULL, thread_run, paths[i]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- questions ---- */

static void ask_resident(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD);

    say("resident", handle ? "yes" : "no");
    if (handle)
        dlclose(handle);
}

/* How many references keep an object: takes them all away. */
static void ask_count(const char *path)
{
    char text[16];
    int count = 0;
    void *handle;

    while (count < 20 && (handle = dlopen(path, RTLD_NOW | RTLD_NOLOAD)) != NULL) {
        dlclose(handle);
        dlclose(handle);
        count++;
    }
    snprintf(text, sizeof text, "%d", count);
    say("references", text);
    plugin_count = 0;
}

static void ask_mapped(const char *part)
{
    FILE *maps = fopen("/proc/self/maps", "re");
    char line[8192];
    bool mapped = false;

    while (maps && fgets(line, sizeof line, maps))
        mapped |= strstr(line, part) != NULL;
    if (maps)
        fclose(maps);
    say("mapped", mapped ? "yes" : "no");
}

/* The host's own dlopen() of a library: which file it got. */
static void ask_open(const char *path)
{
    void *handle = dlopen(path, RTLD_NOW);
    struct link_map *map = NULL;
    const char *(*copy)(void);

    if (!handle) {
        say("open", dlerror());
        return;
    }
    dlinfo(handle, RTLD_DI_LINKMAP, &map);
    say("open", strrchr(map->l_name, '/') ? strrchr(map->l_name, '/') + 1 : map->l_name);
    copy = (const char *(*)(void))dlsym(handle, "fake_copy");
    if (copy)
        say("opened copy", copy());
}

static void protect(void)
{
    if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == 0)
        return;
    say("mdwe", errno == EINVAL ? "not known to this kernel" : "refused by this kernel");
    exit(77);
}

/* ---- the script ---- */

static bool act_with_value(const char *verb, size_t length, const char *value)
{
    char library[4096] = "";
    const char *option = memchr(verb, ':', length);

    if (option)
        snprintf(library, sizeof library, "%.*s", (int)(length - (size_t)(option + 1 - verb)),
                 option + 1);
    if (strncmp(verb, "local=", 6) == 0)
        library_open(value, RTLD_LOCAL);
    else if (strncmp(verb, "global=", 7) == 0)
        library_open(value, RTLD_GLOBAL);
    else if (strncmp(verb, "load=", 5) == 0)
        plugin_load(value, RTLD_NOW);
    else if (strncmp(verb, "load:", 5) == 0)
        plugin_load(value, flags_parse(library, strlen(library)));
    else if (strncmp(verb, "via:", 4) == 0)
        plugin_load_via(library, value);
    else if (strncmp(verb, "threads=", 8) == 0)
        threads_run(value);
    else if (strncmp(verb, "resident=", 9) == 0)
        ask_resident(value);
    else if (strncmp(verb, "visible=", 8) == 0)
        say("visible", dlsym(RTLD_DEFAULT, value) ? "yes" : "no");
    else if (strncmp(verb, "mapped=", 7) == 0)
        ask_mapped(value);
    else if (strncmp(verb, "count=", 6) == 0)
        ask_count(value);
    else if (strncmp(verb, "open=", 5) == 0)
        ask_open(value);
    else
        return false;
    return true;
}

static bool act(const char *verb)
{
    const char *equals = strchr(verb, '=');

    if (equals)
        return act_with_value(verb, (size_t)(equals - verb), equals + 1);
    if (strcmp(verb, "start") == 0)
        engine_start();
    else if (strcmp(verb, "report") == 0)
        plugin_report();
    else if (strcmp(verb, "close") == 0)
        plugin_close();
    else if (strcmp(verb, "close-engine") == 0)
        dlclose(libraries[--library_count]);
    else if (strcmp(verb, "relink") == 0)
        plugin_attach("engraft_relink");
    else if (strcmp(verb, "unlink") == 0)
        plugin_attach("engraft_unlink");
    else if (strcmp(verb, "mdwe") == 0)
        protect();
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!act(argv[i]))
            fail("no such verb", argv[i]);
    say("end", "reached");
    return 0;
}
