/* SPDX-License-Identifier: MIT */
/* engraft VERB ...: finds the verb and leaves the rest to its file. */
#include <argp.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "engraft.h"
#include "output.h"

#define TEXT(x) TEXT_(x)
#define TEXT_(x) #x
#define COMMAND_VERSION \
    TEXT(ENGRAFT_VERSION_MAJOR) "." TEXT(ENGRAFT_VERSION_MINOR) "." TEXT(ENGRAFT_VERSION_PATCH)

struct verb {
    const char *name;
    int (*main)(int argc, char **argv);
};

static const struct verb verbs[] = {
    { "run", run_main },
    { "check", check_main },
    { "inspect", inspect_main },
    { "ps", ps_main },
    { "stub", stub_main },
    { "explain", explain_main },
};

static const char doc[] =
    "Run a plugin on the scripting engine that its host process already embeds.\v"
    "Verbs:\n"
    "  run [OPTION...] -- COMMAND   start COMMAND with engraft in place\n"
    "  check PLUGIN --host TARGET   what would happen to a plugin, and the verdict\n"
    "  inspect TARGET               the engines in a process or a file\n"
    "  ps [OPTION...]               the engines in all processes\n"
    "  stub ENGINE -o DIR           write a stub to link plugins to\n"
    "  explain SYMBOL               what would happen to one symbol, and why\n"
    "\n"
    "`engraft VERB --help' tells the options of a verb; see also engraft(1) and engraft(7).";

struct arguments {
    const struct verb *verb;
    int first; /* index of the verb in argv */
};

static const struct verb *verb_find(const char *name)
{
    for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
        if (!strcmp(verbs[i].name, name))
            return &verbs[i];
    }
    return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        arguments->verb = verb_find(arg);
        if (!arguments->verb)
            argp_error(state, "there is no verb `%s'", arg);
        arguments->first = state->next - 1;
        state->next = state->argc; /* the rest is the verb's */
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a verb is missing");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_version(FILE *stream, struct argp_state *state)
{
    (void)state;
    fprintf(stream, "engraft %s\n", COMMAND_VERSION);
    if (strcmp(engraft_version_string(), COMMAND_VERSION) != 0)
        fprintf(stream, "libengraft %s\n", engraft_version_string());
}

int main(int argc, char **argv)
{
    static const struct argp argp = { NULL, parse, "VERB [ARGUMENT...]", doc, NULL, NULL, NULL };
    struct arguments arguments = { NULL, 0 };
    static char own_name[] = "engraft"; /* not "lt-engraft", whatever started it */
    char name[32];

    setlocale(LC_CTYPE, "");
    argp_err_exit_status = EXIT_USAGE;
    argp_program_version_hook = print_version;
    atexit(output_close);

    if (argc > 0)
        argv[0] = own_name;
    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);

    snprintf(name, sizeof(name), "engraft %s", arguments.verb->name);
    argv[arguments.first] = name; /* argp takes the name in its messages from here */
    return arguments.verb->main(argc - arguments.first, argv + arguments.first);
}
