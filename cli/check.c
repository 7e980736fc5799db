/* SPDX-License-Identifier: MIT */
/* engraft check PLUGIN: the plan for a plugin and a host, nothing loaded, nothing changed. */
#include <argp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "engraft.h"
#include "hosts.h"
#include "json.h"
#include "output.h"
#include "request.h"

static const char doc[] =
    "Tell what would happen to PLUGIN in a host, and the verdict, without loading it.\v"
    "Exit status: 0 exact or compatible, 10 adapted, 11 degraded, 12 refused, 1 error, 2 usage. "
    "With --all it is that of the worst host, where adapted counts as 0. "
    "Without --list, only what is not served is listed.";

static const struct argp_option options[] = {
    { "list", 'l', NULL, 0, "list every reference, not only the unserved", 0 },
    { 0 },
};

struct arguments {
    struct request request;
    const char *plugin;
    bool list;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->request;
        return 0;
    case 'l':
        arguments->list = true;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one plugin at a time; `%s' is too much", arg);
        arguments->plugin = arg;
        return 0;
    case ARGP_KEY_END:
        if (arguments->list && arguments->request.all)
            argp_error(state, "--list is for one host, and --all is a table of them");
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a plugin is missing");
        return EINVAL;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_json(const struct engraft_plan *plan)
{
    json_t *object = json_new_object();

    json_set(object, "verdict", json_text(engraft_verdict_name(engraft_plan_verdict(plan))));
    json_set(object, "reason", json_text(engraft_plan_reason(plan)));
    json_set(object, "plugin_abi", json_text(engraft_plan_plugin_abi(plan)));
    json_set(object, "host_abi", json_text(engraft_plan_host_abi(plan)));
    json_set(object, "counts", json_counts(plan));
    json_set(object, "bindings", json_bindings(plan));
    json_set(object, "fixups", json_fixups(plan));
    json_print(object);
}

static void print_counts(const struct engraft_plan *plan)
{
    size_t counts[KIND_COUNT] = { 0 };

    for (size_t kind = ENGRAFT_KIND_DIRECT; kind < KIND_COUNT; kind++)
        counts[kind] = engraft_plan_kind_count(plan, (enum engraft_kind)kind);
    print_bindings(counts);
}

/* A trap or a fallback, in full: the reader has to find the call in their own source. */
static void print_special(const struct engraft_binding *binding)
{
    char *name = demangle(binding->symbol);

    print_field(engraft_kind_name(binding->kind), color_of_kind(binding->kind), name);
    if (strcmp(name, binding->symbol) != 0)
        print_field("", NULL, binding->symbol);
    if (binding->target[0])
        print_field("", NULL, binding->target);
    free(name);
}

static void print_all_special(const struct engraft_plan *plan)
{
    for (size_t i = 0; i < engraft_plan_binding_count(plan); i++) {
        struct engraft_binding binding = { .size = sizeof(binding) };

        if (engraft_plan_binding(plan, i, &binding) != ENGRAFT_OK)
            continue;
        if (binding.kind == ENGRAFT_KIND_TRAP || binding.kind == ENGRAFT_KIND_FALLBACK)
            print_special(&binding);
    }
}

static void table_binding(struct table *table, const struct engraft_binding *binding)
{
    char *name = demangle(binding->symbol);
    const char *module = file_name(binding->module);
    /* The name of the target is worth its place only where it is another one; where there is no
     * module it is a reason, and stands in the list of the unserved. */
    bool other_name = binding->module[0] && strcmp(binding->target, binding->symbol) != 0;
    char *text;

    if (asprintf(&text, "%s%s%s%s%s", name, binding->version ? "@" : "",
                 binding->version ? binding->version : "", other_name ? " -> " : "",
                 other_name ? binding->target : "") < 0)
        out_of_memory();
    table_row(table, color_of_kind(binding->kind),
              (const char *const[]){ engraft_kind_name(binding->kind), module, text });
    free(text);
    free(name);
}

static void bytes_text(const unsigned char *bytes, unsigned length, char *text, size_t size)
{
    text[0] = '\0';
    for (unsigned i = 0; i < length && 3 * i + 3 < size; i++)
        snprintf(text + 3 * i, 4, "%s%02x", i ? " " : "", bytes[i]);
}

/* Changes in the plugin's own code: all of them with --list, else their number and what stops it. */
static void print_fixups(const struct engraft_plan *plan, bool list)
{
    size_t count = engraft_plan_fixup_count(plan);
    char text[256], before[32], after[32];

    if (count) {
        snprintf(text, sizeof(text), "%zu in the plugin's own code", count);
        print_field("fix-ups", NULL, text);
    }
    for (size_t i = 0; i < count; i++) {
        struct engraft_fixup fixup = { .size = sizeof(fixup) };

        engraft_plan_fixup(plan, i, &fixup);
        if (!list && fixup.length)
            continue;
        bytes_text(fixup.before, fixup.length, before, sizeof(before));
        bytes_text(fixup.after, fixup.length, after, sizeof(after));
        snprintf(text, sizeof(text), "0x%llx (function 0x%llx): %s%s%s%s%s",
                 (unsigned long long)fixup.address, (unsigned long long)fixup.function,
                 fixup.pattern, fixup.length ? ": " : "", before, fixup.length ? " -> " : "",
                 after);
        print_field("", NULL, text);
    }
}

static void print_table(const struct engraft_plan *plan)
{
    struct table *table =
        table_create((const char *const[]){ "KIND", "MODULE", "SYMBOL", NULL });

    for (size_t i = 0; i < engraft_plan_binding_count(plan); i++) {
        struct engraft_binding binding = { .size = sizeof(binding) };

        if (engraft_plan_binding(plan, i, &binding) == ENGRAFT_OK)
            table_binding(table, &binding);
    }
    putchar('\n');
    table_print(table);
    table_destroy(table);
}

static void print_text(const struct arguments *arguments, const struct engraft_plan *plan)
{
    print_pair(&arguments->request, plan, arguments->plugin);
    print_counts(plan);
    print_all_special(plan);
    print_fixups(plan, arguments->list);
    if (arguments->list && engraft_plan_binding_count(plan) > 0)
        print_table(plan);
}

static int check(struct arguments *arguments)
{
    struct engraft_error error = { 0 };
    struct engraft_plan *plan;
    int status;

    if (!request_open(&arguments->request))
        return EXIT_ERROR;
    arguments->request.plan.plugin_path = arguments->plugin;
    if (engraft_plan_create(&arguments->request.plan, &plan, &error) != ENGRAFT_OK) {
        print_error(&error);
        return EXIT_ERROR;
    }
    status = exit_status_of(engraft_plan_verdict(plan));
    if (arguments->request.json)
        print_json(plan);
    else
        print_text(arguments, plan);
    engraft_plan_destroy(plan);
    return status;
}

int check_main(int argc, char **argv)
{
    static const struct argp_child children[] = { { &request_argp, 0, NULL, 0 }, { 0 } };
    static const struct argp argp = { options, parse, "PLUGIN", doc, children, NULL, NULL };
    struct arguments arguments = { 0 };
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    if (!arguments.request.host && !arguments.request.all && !arguments.request.plan.host_abi)
        print_problem(arguments.plugin, "no --host and no --host-abi was given: this process, "
                                        "which has no engine, is taken for the host");
    status = arguments.request.all ? hosts_check(&arguments.request, arguments.plugin)
                                   : check(&arguments);
    request_close(&arguments.request);
    return status;
}
