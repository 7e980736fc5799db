/* SPDX-License-Identifier: MIT */
/* engraft inspect TARGET: every engine in a process or a file, with what proves it. */
#include <argp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bound.h"
#include "cli.h"
#include "engraft.h"
#include "json.h"
#include "output.h"

static const char doc[] =
    "Tell which engines are in TARGET: a process (PID), an ELF file, a core file, or `self' for "
    "this command. A file whose name is a number is written ./123.\v"
    "Exit status: 0 also when there is no engine, 1 error, 2 usage.";

enum { KEY_JSON = 256 };

static const struct argp_option options[] = {
    { "json", KEY_JSON, NULL, 0, "print JSON (see engraft(7))", 0 },
    { 0 },
};

struct arguments {
    const char *target;
    bool json;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case KEY_JSON:
        arguments->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one target at a time; `%s' is too much", arg);
        arguments->target = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a target is missing");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_modules(const struct engraft_target *target, size_t index, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct engraft_module module = { .size = sizeof(module) };
        char where[32] = "";
        char *text;

        if (engraft_target_module(target, index, i, &module) != ENGRAFT_OK)
            continue;
        if (module.address)
            snprintf(where, sizeof(where), " at 0x%jx", (uintmax_t)module.address);
        if (asprintf(&text, "%s%s%s%s", module.path, where, module.build_id[0] ? " build-id " : "",
                     module.build_id) < 0)
            out_of_memory();
        print_field(i == 0 ? "modules" : "", NULL, text);
        free(text);
    }
}

static void print_evidence(const struct engraft_target *target, size_t index, size_t count)
{
    struct table *table;

    if (count == 0)
        return;
    table = table_create((const char *const[]){ "STRENGTH", "EVIDENCE", "MODULE", "WHAT", NULL });
    for (size_t i = 0; i < count; i++) {
        struct engraft_evidence evidence = { .size = sizeof(evidence) };

        if (engraft_target_evidence(target, index, i, &evidence) != ENGRAFT_OK)
            continue;
        table_row(table, NULL,
                  (const char *const[]){ strength_name(evidence.strength), evidence.kind,
                                         file_name(evidence.module), evidence.detail });
    }
    putchar('\n');
    table_print(table);
    table_destroy(table);
}

static void print_symbols(const struct engraft_engine *engine)
{
    char *text;

    if (engine->api_count == 0) {
        print_field("symbols", NULL, symbols_name(engine->symbols));
        return;
    }
    if (asprintf(&text, "%s, %zu of the API exported", symbols_name(engine->symbols),
                 engine->api_count) < 0)
        out_of_memory();
    print_field("symbols", NULL, text);
    free(text);
}

static void print_engine(const struct engraft_target *target, size_t index,
                         const struct engraft_engine *engine)
{
    const char *ready = engine->ready < 0 ? "cannot be told" : engine->ready ? "yes" : "not yet";
    char *text;

    if (asprintf(&text, "%s %s", engine->engine,
                 engine->version ? engine->version : "(version unknown)") < 0)
        out_of_memory();
    putchar('\n');
    print_field("engine", "green", text);
    free(text);
    print_field("confident", NULL, confidence_name(engine->confidence));
    print_field("linkage", NULL, linkage_name(engine->linkage));
    print_symbols(engine);
    print_field("ready", NULL, ready);
    if (engine->config[0])
        print_field("config", NULL, engine->config);
    print_field("plugins", engine->relinkable ? "green" : NULL, engine->relink);
    print_modules(target, index, engine->module_count);
    print_evidence(target, index, engine->evidence_count);
}

static void print_needs(const struct engraft_target *target)
{
    for (size_t i = 0; i < engraft_target_need_count(target); i++) {
        struct engraft_need need = { .size = sizeof(need) };
        char *text;

        if (engraft_target_need(target, i, &need) != ENGRAFT_OK)
            continue;
        if (asprintf(&text, "%s%s%s: %zu symbols from %s%s%s%s", need.engine,
                     need.version ? " " : "", need.version ? need.version : "", need.symbol_count,
                     need.library ? need.library : "whoever loads it", need.path ? " (" : "",
                     need.path ? need.path : "", need.path ? ")" : "") < 0)
            out_of_memory();
        print_field(i == 0 ? "needs" : "", NULL, text);
        free(text);
    }
}

static void print_missing(const struct engraft_target *target)
{
    for (size_t i = 0; i < engraft_target_missing_count(target); i++) {
        struct engraft_missing missing = { .size = sizeof(missing) };
        char *text;

        if (engraft_target_missing(target, i, &missing) != ENGRAFT_OK)
            continue;
        if (asprintf(&text, "%s%s%s: %s", missing.path, missing.build_id[0] ? " build-id " : "",
                     missing.build_id, missing.reason) < 0)
            out_of_memory();
        print_field(i == 0 ? "missing" : "", "yellow", text);
        free(text);
    }
}

/* sigabbrev_np() is of glibc 2.32. */
static const char *signal_name(int number)
{
    static const struct {
        int number;
        const char *name;
    } names[] = { { SIGABRT, "ABRT" }, { SIGBUS, "BUS" },   { SIGFPE, "FPE" },   { SIGILL, "ILL" },
                  { SIGQUIT, "QUIT" }, { SIGSEGV, "SEGV" }, { SIGSYS, "SYS" }, { SIGTRAP, "TRAP" } };

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        if (names[i].number == number)
            return names[i].name;
    return "?";
}

static void print_core(const struct engraft_target *target)
{
    struct engraft_core core = { .size = sizeof(core) };
    char *text;

    if (engraft_target_core(target, &core) != ENGRAFT_OK)
        return;
    if (asprintf(&text, "of process %ju%s%s%s%s%s%s", (uintmax_t)core.pid,
                 core.command[0] ? ", " : "", core.command, core.signal ? ", ended by " : "",
                 core.signal ? "SIG" : "", core.signal ? signal_name(core.signal) : "",
                 core.truncated ? ", truncated: what is missing at its end was not looked at" : "") <
        0)
        out_of_memory();
    print_field("core", core.truncated ? "yellow" : NULL, text);
    free(text);
}

static void print_text(const char *spec, const struct engraft_target *target)
{
    size_t count = engraft_target_engine_count(target);
    char number[32];

    snprintf(number, sizeof(number), "%zu", count);
    print_field("target", NULL, spec);
    print_core(target);
    print_field("engines", NULL, count ? number : "none found");
    print_needs(target);
    print_missing(target);
    for (size_t i = 0; i < count; i++) {
        struct engraft_engine engine = { .size = sizeof(engine) };

        if (engraft_target_engine(target, i, &engine) == ENGRAFT_OK)
            print_engine(target, i, &engine);
    }
    bound_print(target);
}

static void print_json(const char *spec, const struct engraft_target *target)
{
    json_t *object = json_new_object();

    json_set(object, "target", json_text(spec));
    json_set(object, "engines", json_engines(target));
    json_set(object, "needs", json_needs(target));
    json_set(object, "missing", json_missing(target));
    json_set(object, "core", json_core(target));
    json_set(object, "engraft", bound_json(target));
    json_print(object);
}

int inspect_main(int argc, char **argv)
{
    static const struct argp argp = { options, parse, "PID|FILE|CORE|self", doc, NULL, NULL, NULL };
    struct arguments arguments = { 0 };
    struct engraft_error error = { 0 };
    struct engraft_target *target;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (engraft_target_open(arguments.target, &target, &error) != ENGRAFT_OK) {
        print_error(&error);
        return EXIT_ERROR;
    }
    if (arguments.json)
        print_json(arguments.target, target);
    else
        print_text(arguments.target, target);
    engraft_target_close(target);
    return EXIT_OK;
}
