/* SPDX-License-Identifier: MIT */
/* engraft ps: the engines in all processes. */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "engraft.h"
#include "metrics.h"
#include "output.h"
#include "rows.h"
#include "snapshot.h"

static const char doc[] =
    "Tell which engines run on this machine: a line for each engine of each process that may be "
    "read. Processes that may not be read are counted.\v"
    "Lists are separated by commas. `--engine list' prints the ids of all engines.\n"
    "\n"
    "Exit status: 0 also when there is no engine, 1 error, 2 usage.";

enum { KEY_JSON = 256, KEY_PROMETHEUS, KEY_SORT };

static const struct argp_option options[] = {
    { "engine", 'e', "ID[,ID...]", 0, "only these engines", 0 },
    { "user", 'u', "USER[,USER...]", 0, "only processes of these users (names or numbers)", 0 },
    { "pid", 'p', "PID[,PID...]", 0, "only these processes", 0 },
    { "sort", KEY_SORT, "KEY", 0, "pid, user, command, engine or version", 0 },
    { "watch", 'w', "SECONDS", OPTION_ARG_OPTIONAL, "again and again, until Ctrl-C (every 2 s)", 0 },
    { "json", KEY_JSON, NULL, 0, "print JSON (see engraft(7))", 0 },
    { "prometheus", KEY_PROMETHEUS, NULL, 0, "print metrics in Prometheus' text format 0.0.4", 0 },
    { "output", 'o', "FILE", 0, "with --prometheus: replace FILE, by renaming", 0 },
    { 0 },
};

#define DEFAULT_INTERVAL 2000 /* ms */
#define MINIMUM_INTERVAL 100

struct arguments {
    struct selection selection;
    bool json, prometheus;
    const char *output;
    int interval; /* ms; 0: once */
};

/* ---- arguments ---- */

/* The words of a list, which become its parts; NULL-terminated, from malloc(). */
static char **list_split(char *text, size_t *ret_count)
{
    char **words = calloc(strlen(text) / 2 + 2, sizeof(*words));
    char *rest = NULL;
    size_t count = 0;

    if (!words)
        out_of_memory();
    for (char *word = strtok_r(text, ",", &rest); word; word = strtok_r(NULL, ",", &rest))
        words[count++] = word;
    *ret_count = count;
    return words;
}

static bool number_parse(const char *text, unsigned long limit, unsigned long *ret_number)
{
    char *end;

    errno = 0;
    *ret_number = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && !*end && !errno && *ret_number <= limit;
}

static _Noreturn void list_engines(void)
{
    const char *id;

    for (size_t i = 0; (id = engraft_engine_id(i)); i++)
        puts(id);
    exit(EXIT_OK);
}

static bool is_engine(const char *word)
{
    const char *id;

    for (size_t i = 0; (id = engraft_engine_id(i)); i++) {
        if (!strcmp(id, word))
            return true;
    }
    return false;
}

static _Noreturn void unknown_engine(const struct argp_state *state, const char *word)
{
    char *ids = NULL;
    size_t size;
    FILE *stream = open_memstream(&ids, &size);
    const char *id;

    if (!stream)
        out_of_memory();
    for (size_t i = 0; (id = engraft_engine_id(i)); i++)
        fprintf(stream, "%s%s", i ? ", " : "", id);
    if (fclose(stream) != 0)
        out_of_memory();
    argp_error(state, "there is no engine `%s'; there are: %s", word, ids);
    exit(EXIT_USAGE);
}

static void parse_engines(struct selection *selection, char *arg, const struct argp_state *state)
{
    size_t count;

    if (!strcmp(arg, "list"))
        list_engines();
    selection->engines = list_split(arg, &count);
    if (!count)
        argp_error(state, "--engine needs an engine");
    if (!engraft_engine_id(0))
        return; /* engraft-deep.so is missing; what comes next says it */
    for (size_t i = 0; i < count; i++) {
        if (!is_engine(selection->engines[i]))
            unknown_engine(state, selection->engines[i]);
    }
}

static void parse_users(struct selection *selection, char *arg, const struct argp_state *state)
{
    char **words = list_split(arg, &selection->uid_count);

    if (!selection->uid_count)
        argp_error(state, "--user needs a user");
    selection->uids = calloc(selection->uid_count, sizeof(*selection->uids));
    if (!selection->uids)
        out_of_memory();
    for (size_t i = 0; i < selection->uid_count; i++) {
        const struct passwd *user = getpwnam(words[i]);
        unsigned long number = 0;

        if (!user && !number_parse(words[i], UINT_MAX, &number))
            argp_error(state, "there is no user `%s'", words[i]);
        selection->uids[i] = user ? user->pw_uid : (unsigned)number;
    }
    free(words);
}

static void parse_pids(struct selection *selection, char *arg, const struct argp_state *state)
{
    char **words = list_split(arg, &selection->pid_count);

    if (!selection->pid_count)
        argp_error(state, "--pid needs a process");
    selection->pids = calloc(selection->pid_count, sizeof(*selection->pids));
    if (!selection->pids)
        out_of_memory();
    for (size_t i = 0; i < selection->pid_count; i++) {
        unsigned long number;

        if (!number_parse(words[i], INT_MAX, &number))
            argp_error(state, "`%s' is not a process number", words[i]);
        selection->pids[i] = (int)number;
    }
    free(words);
}

static int parse_interval(const char *arg, const struct argp_state *state)
{
    char *end;
    double seconds = arg ? strtod(arg, &end) : 0;

    if (!arg)
        return DEFAULT_INTERVAL;
    if (end == arg || *end || !(seconds >= 0) || seconds > 1e6)
        argp_error(state, "`%s' is not a number of seconds", arg);
    return seconds * 1000 < MINIMUM_INTERVAL ? MINIMUM_INTERVAL : (int)(seconds * 1000);
}

static error_t parse_end(const struct arguments *arguments, const struct argp_state *state)
{
    if (arguments->json && arguments->prometheus)
        argp_error(state, "--json and --prometheus exclude each other");
    if (arguments->output && !arguments->prometheus)
        argp_error(state, "--output needs --prometheus");
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case 'e':
        parse_engines(&arguments->selection, arg, state);
        return 0;
    case 'u':
        parse_users(&arguments->selection, arg, state);
        return 0;
    case 'p':
        parse_pids(&arguments->selection, arg, state);
        return 0;
    case 'w':
        arguments->interval = parse_interval(arg, state);
        return 0;
    case 'o':
        arguments->output = arg;
        return 0;
    case KEY_SORT:
        if (!sort_of_name(arg, &arguments->selection.sort))
            argp_error(state, "`%s' is not a key: pid, user, command, engine or version", arg);
        return 0;
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case KEY_PROMETHEUS:
        arguments->prometheus = true;
        return 0;
    case ARGP_KEY_ARG:
        argp_error(state, "`%s' is too much; a process is chosen with --pid", arg);
        return EINVAL;
    case ARGP_KEY_END:
        return parse_end(arguments, state);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- snapshots ---- */

static bool show(const struct arguments *arguments, const struct engraft_processes *processes)
{
    struct snapshot snapshot = {
        .summary = { .size = sizeof(snapshot.summary) },
        .with_engine = engraft_processes_count(processes),
        .redrawn = arguments->interval && isatty(STDOUT_FILENO),
        .one_of_many = arguments->interval > 0,
    };
    bool done = true;

    snapshot.rows = rows_create(processes, &arguments->selection, &snapshot.count);
    engraft_processes_summary(processes, &snapshot.summary);
    if (arguments->output)
        done = metrics_file_write(arguments->output, snapshot.rows, snapshot.count,
                                  &snapshot.summary);
    else if (arguments->prometheus)
        metrics_write(stdout, snapshot.rows, snapshot.count, &snapshot.summary);
    else if (arguments->json)
        snapshot_print_json(&snapshot);
    else
        snapshot_print(&snapshot);
    free(snapshot.rows);
    if (snapshot.one_of_many && !snapshot.redrawn && !arguments->json && !arguments->output)
        putchar('\n');
    return fflush(stdout) == 0 && done;
}

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void resized(int signal)
{
    (void)signal;
}

/* Signals are let in while nothing is done; a second Ctrl-C ends a snapshot that takes too long. */
static void handle_signals(sigset_t *ret_outside)
{
    struct sigaction action = { .sa_handler = stop, .sa_flags = (int)SA_RESETHAND };
    struct sigaction resize = { .sa_handler = resized };

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGWINCH, &resize, NULL);
    sigprocmask(SIG_SETMASK, NULL, ret_outside);
}

/* Until the interval is over, or a signal comes: false when it says stop. */
static bool wait_interval(int milliseconds, const sigset_t *outside)
{
    struct timespec interval = { milliseconds / 1000, milliseconds % 1000 * 1000000L };
    sigset_t inside = *outside;

    sigaddset(&inside, SIGINT);
    sigaddset(&inside, SIGTERM);
    sigaddset(&inside, SIGWINCH);
    sigprocmask(SIG_SETMASK, &inside, NULL);
    if (!stopped)
        ppoll(NULL, 0, &interval, outside);
    sigprocmask(SIG_SETMASK, outside, NULL);
    return !stopped;
}

static int run(const struct arguments *arguments, struct engraft_processes *processes)
{
    struct engraft_error error = { 0 };
    sigset_t outside;

    if (arguments->interval)
        handle_signals(&outside);
    do {
        if (engraft_processes_read(processes, &error) != ENGRAFT_OK) {
            print_error(&error);
            return EXIT_ERROR;
        }
        if (!show(arguments, processes))
            return EXIT_ERROR;
    } while (arguments->interval && wait_interval(arguments->interval, &outside));
    return EXIT_OK;
}

int ps_main(int argc, char **argv)
{
    static const struct argp argp = { options, parse, NULL, doc, NULL, NULL, NULL };
    struct arguments arguments = { .interval = 0 };
    struct engraft_processes *processes;
    struct engraft_error error = { 0 };
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (engraft_processes_open(&processes, &error) != ENGRAFT_OK) {
        print_error(&error);
        return EXIT_ERROR;
    }
    status = run(&arguments, processes);
    engraft_processes_close(processes);
    free(arguments.selection.engines);
    free(arguments.selection.pids);
    free(arguments.selection.uids);
    return status;
}
