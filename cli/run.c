/* SPDX-License-Identifier: MIT */
/* engraft run -- COMMAND: sets the environment and becomes COMMAND. */
#include <argp.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli.h"
#include "engraft.h"
#include "output.h"
#include "program.h"

#define PRELOAD "libengraft-preload.so"
#define NODE_MODULES "node-modules.cjs"

static const char doc[] =
    "Start COMMAND, and the programs it starts, with engraft in place: plugins that they load "
    "are bound to the engine that the process already has.\v"
    "ENGRAFT_HOST and the like in engraft(7) tell what the options take: a value for all "
    "plugins, or plugin.so=VALUE, several with commas.\n"
    "\n"
    "Exit status: that of COMMAND; 127 when there is no such command, 126 when it cannot be "
    "executed, 1 error, 2 usage.";

enum { KEY_LOG = 256, KEY_REPORT, KEY_PLUGIN_ABI, KEY_HOST, KEY_TRAP, KEY_ALLOW,
       KEY_NODE_MODULES };

static const struct argp_option options[] = {
    { "log", KEY_LOG, "FILE", 0, "write what engraft does to FILE", 0 },
    { "report", KEY_REPORT, "FILE", 0,
      "write what is bound to FILE, as JSON; %p in the name is the process", 0 },
    { "host", KEY_HOST, "ENGINE", 0, "host engine: id, id:version, file name or path", 0 },
    { "plugin-abi", KEY_PLUGIN_ABI, "ABI", 0, "what plugins were compiled for: v8:10.2", 0 },
    { "trap", KEY_TRAP, "abort|return", 0, "what a call of an unserved function does", 0 },
    { "allow", KEY_ALLOW, "mismatch", 0, "bind although no adapter covers the versions", 0 },
    { "node-modules", KEY_NODE_MODULES, "VERSION,...", 0,
      "module versions of Node.js (108) whose addons packages may choose when they have none for "
      "this node; any", 0 },
    { 0 },
};

struct arguments {
    const char *log;
    const char *report;
    const char *host;
    const char *plugin_abi;
    const char *trap;
    const char *allow;
    const char *node_modules;
    char **command;
};

static bool is_word(const char *text, size_t length, const char *const *words)
{
    for (size_t i = 0; words[i]; i++) {
        if (strlen(words[i]) == length && !strncmp(words[i], text, length))
            return true;
    }
    return false;
}

/* "any", or numbers with commas between them. */
static bool is_module_versions(const char *value)
{
    return !strcmp(value, "any") ||
           (value[0] && strspn(value, "0123456789,") == strlen(value));
}

/* "[plugin.so=]word,..." with the words given. */
static void check_words(struct argp_state *state, const char *option, const char *value,
                        const char *const *words)
{
    for (const char *part = value; part;) {
        const char *end = strchrnul(part, ',');
        const char *equals = memrchr(part, '=', (size_t)(end - part));
        const char *word = equals ? equals + 1 : part;

        if (!is_word(word, (size_t)(end - word), words))
            argp_error(state, "--%s does not take `%.*s'", option, (int)(end - word), word);
        part = *end ? end + 1 : NULL;
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    static const char *const trap_words[] = { "abort", "return", NULL };
    static const char *const allow_words[] = { "mismatch", NULL };
    struct arguments *arguments = state->input;

    switch (key) {
    case KEY_LOG:
        arguments->log = arg;
        return 0;
    case KEY_REPORT:
        arguments->report = arg;
        return 0;
    case KEY_PLUGIN_ABI:
        arguments->plugin_abi = arg;
        return 0;
    case KEY_HOST:
        arguments->host = arg;
        return 0;
    case KEY_TRAP:
        check_words(state, "trap", arg, trap_words);
        arguments->trap = arg;
        return 0;
    case KEY_ALLOW:
        check_words(state, "allow", arg, allow_words);
        arguments->allow = arg;
        return 0;
    case KEY_NODE_MODULES:
        if (!is_module_versions(arg))
            argp_error(state, "--node-modules does not take `%s'", arg);
        arguments->node_modules = arg;
        return 0;
    case ARGP_KEY_ARG:
        arguments->command = &state->argv[state->next - 1];
        state->next = state->argc;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a command is missing");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- the library to preload ---- */

static bool try_file(const char *directory, const char *name, char *ret_path)
{
    char path[PATH_MAX];

    return snprintf(path, sizeof(path), "%s/%s", directory, name) < PATH_MAX &&
           realpath(path, ret_path);
}

/* The directory of this command: in the build tree the library is beside it, or in .libs/. */
static bool own_directory(char *ret_path)
{
    ssize_t length = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);

    if (length <= 0)
        return false;
    ret_path[length] = '\0';
    *strrchr(ret_path, '/') = '\0';
    return true;
}

static bool find_preload(char *ret_path)
{
    const char *given = getenv("ENGRAFT_PRELOAD");
    char own[PATH_MAX];

    if (given && given[0]) {
        if (realpath(given, ret_path))
            return true;
        print_problem(given, "%s (named by ENGRAFT_PRELOAD)", strerror(errno));
        return false;
    }
    if (own_directory(own) && (try_file(own, PRELOAD, ret_path) ||
                               try_file(own, ".libs/" PRELOAD, ret_path)))
        return true;
    if (try_file(ENGRAFT_LIBDIR, PRELOAD, ret_path) ||
        try_file(ENGRAFT_PKGLIBDIR, PRELOAD, ret_path))
        return true;
    print_problem(ENGRAFT_LIBDIR "/" PRELOAD, "%s; is engraft installed whole? ENGRAFT_PRELOAD "
                                              "can name the file", strerror(ENOENT));
    return false;
}

/* ---- the environment of the command ---- */

static void set_variable(const char *name, const char *value)
{
    if (value && setenv(name, value, 1) != 0)
        out_of_memory();
}

/* The command may change its directory before the file is opened. */
static void set_file_variable(const char *name, const char *path)
{
    char *directory;
    char *absolute;

    if (!path || path[0] == '/') {
        set_variable(name, path);
        return;
    }
    directory = get_current_dir_name();
    if (!directory || asprintf(&absolute, "%s/%s", directory, path) < 0)
        out_of_memory();
    set_variable(name, absolute);
    free(absolute);
    free(directory);
}

static bool set_preload(const char *path)
{
    const char *before = getenv("LD_PRELOAD");
    size_t length = strlen(path);
    char *value;

    if (strpbrk(path, " :$")) {
        print_problem(path, "LD_PRELOAD cannot hold a path with a space, a colon or a dollar "
                            "sign; put the library under another path");
        return false;
    }
    if (!before || !before[0]) {
        set_variable("LD_PRELOAD", path);
        return true;
    }
    if (!strncmp(before, path, length) && strchr(": ", before[length]))
        return true; /* first already: engraft run under engraft run */
    if (asprintf(&value, "%s:%s", path, before) < 0)
        out_of_memory();
    set_variable("LD_PRELOAD", value);
    free(value);
    return true;
}

/* ---- what node loads first ---- */

static bool find_node_modules(char *ret_path)
{
    char own[PATH_MAX];

    return (own_directory(own) && (try_file(own, "abi-adapters/v8/" NODE_MODULES, ret_path) ||
                                   try_file(own, "../abi-adapters/v8/" NODE_MODULES, ret_path))) ||
           try_file(ENGRAFT_PKGDATADIR, NODE_MODULES, ret_path);
}

/* "path" as NODE_OPTIONS wants it. */
static char *quoted(const char *path)
{
    char *result = malloc(2 * strlen(path) + 3), *to = result;

    if (!result)
        out_of_memory();
    *to++ = '"';
    for (; *path; path++) {
        if (*path == '"' || *path == '\\')
            *to++ = '\\';
        *to++ = *path;
    }
    strcpy(to, "\"");
    return result;
}

static bool set_node_options(void)
{
    const char *wished = getenv("ENGRAFT_NODE_MODULES"), *before = getenv("NODE_OPTIONS");
    char path[PATH_MAX];
    char *option, *value;

    if (!wished || !wished[0])
        return true;
    if (!find_node_modules(path)) {
        print_problem(ENGRAFT_PKGDATADIR "/" NODE_MODULES, "%s; is engraft installed whole?",
                      strerror(ENOENT));
        return false;
    }
    option = quoted(path);
    if (!before || !strstr(before, option)) { /* else: engraft run under engraft run */
        if (asprintf(&value, "%s%s--require=%s", before ? before : "",
                     before && before[0] ? " " : "", option) < 0)
            out_of_memory();
        set_variable("NODE_OPTIONS", value);
        free(value);
    }
    free(option);
    return true;
}

static void set_environment(const struct arguments *arguments)
{
    set_variable("ENGRAFT_HOST", arguments->host);
    set_variable("ENGRAFT_PLUGIN_ABI", arguments->plugin_abi);
    set_variable("ENGRAFT_TRAP", arguments->trap);
    set_variable("ENGRAFT_ALLOW", arguments->allow);
    set_variable("ENGRAFT_NODE_MODULES", arguments->node_modules);
    set_file_variable("ENGRAFT_REPORT", arguments->report);
    set_file_variable("ENGRAFT_LOG", arguments->log);
    if (arguments->log && !getenv("ENGRAFT_DEBUG"))
        set_variable("ENGRAFT_DEBUG", "all");
}

static int execute(char **command)
{
    int reason;

    execvp(command[0], command);
    reason = errno;
    if (reason == ENOENT && !strchr(command[0], '/'))
        print_problem(command[0], "command not found");
    else
        print_problem(command[0], "%s", strerror(reason));
    return reason == ENOENT ? EXIT_NO_SUCH_COMMAND : EXIT_CANNOT_EXECUTE;
}

int run_main(int argc, char **argv)
{
    static const struct argp argp = { options, parse, "[--] COMMAND [ARGUMENT...]", doc, NULL,
                                      NULL, NULL };
    struct arguments arguments = { 0 };
    const char *disable;
    char preload[PATH_MAX];

    argp_parse(&argp, argc, argv, ARGP_IN_ORDER, NULL, &arguments);
    if (!find_preload(preload) || !set_preload(preload))
        return EXIT_ERROR;
    set_environment(&arguments);
    if (!set_node_options())
        return EXIT_ERROR;
    disable = getenv("ENGRAFT_DISABLE");
    if (disable && disable[0] && strcmp(disable, "0") != 0)
        print_problem("ENGRAFT_DISABLE", "is set: engraft will do nothing");
    program_describe(arguments.command[0]);
    return execute(arguments.command);
}
