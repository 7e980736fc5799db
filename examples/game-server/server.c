/* SPDX-License-Identifier: MIT */
/*
 * A small game server. Its scripts run on V8 inside libgame.so; what it knows of V8 is the version
 * that it prints. Plugins come from a folder, by plain dlopen().
 */
#include "engine.h"
#include "plugins.h"
#include "ticks.h"

#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

struct options {
    const char *engine;
    const char *plugins;
    size_t ticks;
    size_t skip;
    unsigned rate;
    unsigned isolates;
    bool global;
    bool entered;
    bool json;
};

static const char usage[] =
    "usage: server --engine LIBGAME [option...]\n"
    "\n"
    "  --engine FILE      the engine module, libgame.so\n"
    "  --global           with its libraries in the global scope (default: RTLD_LOCAL)\n"
    "  --plugins FOLDER   loads every *.so in it\n"
    "  --ticks N          how many (default 640); SIGINT and SIGTERM end it earlier\n"
    "  --rate N           per second (default 64; 0: as fast as possible)\n"
    "  --skip N           leave the first N out of the times\n"
    "  --isolates N       2: a second isolate runs JavaScript all the time\n"
    "  --entered          call plugins while the game's isolate is entered\n"
    "  --json             the summary as JSON\n";

static volatile sig_atomic_t stopping;

static void stop(int signal)
{
    (void)signal;
    stopping = 1;
}

static bool number(const char *text, unsigned long *ret_number)
{
    char *end;

    *ret_number = strtoul(text, &end, 10);
    return *text && !*end;
}

static bool read_option(struct options *options, int option)
{
    unsigned long value = 0;

    switch (option) {
    case 'e': options->engine = optarg; return true;
    case 'p': options->plugins = optarg; return true;
    case 'g': options->global = true; return true;
    case 'n': options->entered = true; return true;
    case 'j': options->json = true; return true;
    case 't': case 'r': case 'i': case 's':
        if (!number(optarg, &value))
            return false;
        break;
    default: return false;
    }
    if (option == 't')
        options->ticks = value;
    else if (option == 's')
        options->skip = value;
    else if (option == 'r')
        options->rate = (unsigned)value;
    else
        options->isolates = (unsigned)value;
    return true;
}

static bool read_options(struct options *options, int argc, char **argv)
{
    static const struct option known[] = {
        {"engine", required_argument, NULL, 'e'},   {"plugins", required_argument, NULL, 'p'},
        {"ticks", required_argument, NULL, 't'},    {"rate", required_argument, NULL, 'r'},
        {"isolates", required_argument, NULL, 'i'}, {"skip", required_argument, NULL, 's'},
        {"global", no_argument, NULL, 'g'},         {"entered", no_argument, NULL, 'n'},
        {"json", no_argument, NULL, 'j'},           {0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
        if (!read_option(options, option))
            return false;
    return options->engine && optind == argc;
}

static bool play(const struct options *options, const struct engine *engine, struct ticks *ticks)
{
    bool fine = true;

    while (fine && !stopping && ticks->count < ticks->capacity) {
        ticks_wait(ticks);
        ticks_begin(ticks);
        fine = engine->tick();
        if (options->entered)
            engine->enter();
        plugins_tick();
        if (options->entered)
            engine->leave();
        ticks_end(ticks);
    }
    return fine;
}

/* A plugin that brings a run-time of its own must leave these to the server. */
static bool signals_kept(void)
{
    static const int signals[] = {SIGINT, SIGTERM};
    struct sigaction action;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (sigaction(signals[i], NULL, &action) || action.sa_handler != stop)
            return false;
    return !sigaction(SIGPIPE, NULL, &action) && action.sa_handler == SIG_DFL &&
           !sigaction(SIGSEGV, NULL, &action) && action.sa_handler == SIG_DFL;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = stop};

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

static const char text_form[] =
    "server: %zu ticks; p50 %.1f us, p99 %.1f us, max %.1f us\n"
    "server: of processor time p50 %.1f us, p99 %.1f us\n"
    "server: checksum %08x, modules %u asked for, %u compiled\n"
    "server: second isolate %lu rounds, %lu wrong\n"
    "server: %d plugins, signal handlers kept: %s\n";

static const char json_form[] =
    "{\"ticks\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f, "
    "\"cpu_p50_us\": %.1f, \"cpu_p99_us\": %.1f, \"checksum\": \"%08x\", "
    "\"modules_asked_for\": %u, \"modules_compiled\": %u, \"second_rounds\": %lu, "
    "\"second_wrong\": %lu, \"plugins\": %d, \"signals_kept\": %s}\n";

static void print_summary(const struct options *options, const struct ticks *ticks,
                          const struct game_result *result, int plugins, bool kept)
{
    struct tick_times taken = ticks_summary(ticks, ticks->taken, options->skip);
    struct tick_times used = ticks_summary(ticks, ticks->used, options->skip);

    printf(options->json ? json_form : text_form, ticks->count, taken.p50, taken.p99, taken.max,
           used.p50, used.p99, result->checksum, result->modules_asked_for,
           result->modules_compiled, result->second_rounds, result->second_wrong, plugins,
           kept ? "true" : "false");
}

int main(int argc, char **argv)
{
    struct options options = {.ticks = 640, .rate = 64, .isolates = 1};
    struct game_result result = {0};
    struct engine engine;
    struct ticks ticks;
    int plugins = 0;

    if (!read_options(&options, argc, argv)) {
        fputs(usage, stderr);
        return 2;
    }
    catch_signals();
    if (!engine_open(&engine, options.engine, options.global) || !engine.start(options.isolates))
        return 1;
    fprintf(stderr, "server: V8 %s is running\n", engine.engine_version());
    if (options.plugins && (plugins = plugins_load(options.plugins, &engine)) < 0)
        return 1;
    if (!ticks_init(&ticks, options.ticks, options.rate))
        return 1;
    bool fine = play(&options, &engine, &ticks);
    bool kept = signals_kept();
    plugins_unload();
    kept = kept && signals_kept();
    fine = engine.stop(&result) && fine;
    print_summary(&options, &ticks, &result, plugins, kept);
    ticks_deinit(&ticks);
    return fine ? 0 : 1;
}
