/* SPDX-License-Identifier: MIT */
/* engraft stub: writes what plugins link to instead of an engine. */
#include <argp.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli.h"
#include "engraft.h"
#include "output.h"

static const char doc[] =
    "Write a stub, and the import library to link plugins to. The symbols come from an engine "
    "(a shared library, or an executable that exports one), from what plugins import, or from "
    "a list.\v"
    "Each line of a list is: name [func|object] [size] [version].\n"
    "\n"
    "Exit status: 0 written, 1 error, 2 usage.";

enum { KEY_FROM = 256, KEY_SYMBOLS, KEY_NAME, KEY_FOR, KEY_PLUGIN_ABI, KEY_TRAP };

static const struct argp_option options[] = {
    { "output", 'o', "DIR", 0, "directory to write to; made when it is not there", 0 },
    { "from", KEY_FROM, "PLUGIN", OPTION_ARG_OPTIONAL,
      "take the imports of plugins: this one and all arguments", 0 },
    { "symbols", KEY_SYMBOLS, "FILE", 0, "take the symbols that are listed in FILE", 0 },
    { "name", KEY_NAME, "NAME", 0, "call the import library libNAME.so", 0 },
    { "for", KEY_FOR, "PLUGIN", 0, "name of the one plugin that the stub is for", 0 },
    { "plugin-abi", KEY_PLUGIN_ABI, "ABI", 0,
      "engine version plugins are compiled for (v8:10.2); read from the engine else", 0 },
    { "trap", KEY_TRAP, "abort|return", 0, "what a call of an unserved function does", 0 },
    { 0 },
};

struct arguments {
    struct engraft_stub_request request;
    const char **files; /* arguments, and what --from= names; room for all of argv */
    size_t file_count;
    bool from;
};

static void check_arguments(struct arguments *arguments, struct argp_state *state)
{
    struct engraft_stub_request *request = &arguments->request;

    if (!request->output_directory)
        argp_error(state, "--output is missing");
    if (arguments->from && arguments->file_count == 0)
        argp_error(state, "--from needs at least one plugin");
    if (!arguments->from && arguments->file_count > 1)
        argp_error(state, "one engine at a time (plugins follow --from)");
    if (arguments->file_count == 0 && !request->symbols_path)
        argp_error(state, "an engine, --from or --symbols is missing");
    if (arguments->from) {
        request->plugins = arguments->files;
        request->plugin_count = arguments->file_count;
    } else if (arguments->file_count == 1) {
        request->engine_path = arguments->files[0];
    }
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;
    struct engraft_stub_request *request = &arguments->request;

    switch (key) {
    case 'o':
        request->output_directory = arg;
        return 0;
    case KEY_FROM:
        arguments->from = true;
        if (arg)
            arguments->files[arguments->file_count++] = arg;
        return 0;
    case KEY_SYMBOLS:
        request->symbols_path = arg;
        return 0;
    case KEY_NAME:
        request->name = arg;
        return 0;
    case KEY_FOR:
        request->plugin_name = arg;
        return 0;
    case KEY_PLUGIN_ABI:
        request->plugin_abi = arg;
        return 0;
    case KEY_TRAP:
        if (strcmp(arg, "abort") != 0 && strcmp(arg, "return") != 0)
            argp_error(state, "--trap takes abort or return, not `%s'", arg);
        request->trap = arg;
        return 0;
    case ARGP_KEY_ARG:
        arguments->files[arguments->file_count++] = arg;
        return 0;
    case ARGP_KEY_END:
        check_arguments(arguments, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static int write_stub(const struct engraft_stub_request *request)
{
    struct engraft_stub_result result = { .size = sizeof(result) };
    struct engraft_error error = { 0 };

    if (mkdir(request->output_directory, 0777) != 0 && errno != EEXIST) {
        print_problem(request->output_directory, "%s", strerror(errno));
        return EXIT_ERROR;
    }
    if (engraft_stub_create(request, &result, &error) != ENGRAFT_OK) {
        print_error(&error);
        return EXIT_ERROR;
    }
    print_field("engine", NULL, result.abi);
    print_field("link to", NULL, result.import_path);
    print_field("ship", NULL, result.stub_path);
    printf("%-10s%zu functions, %zu objects\n", "symbols", result.function_count,
           result.object_count);
    engraft_stub_result_clear(&result);
    return EXIT_OK;
}

int stub_main(int argc, char **argv)
{
    static const struct argp argp = {
        options, parse, "ENGINE\n--from PLUGIN...\n--symbols FILE", doc, NULL, NULL, NULL
    };
    struct arguments arguments = { .request = { .size = sizeof(arguments.request) } };
    int status;

    arguments.files = calloc((size_t)argc + 1, sizeof(*arguments.files));
    if (!arguments.files)
        out_of_memory();
    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    status = write_stub(&arguments.request);
    free(arguments.files);
    return status;
}
