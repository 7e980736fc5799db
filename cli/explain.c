/* SPDX-License-Identifier: MIT */
/* engraft explain SYMBOL: what would happen to one symbol between two versions, and why. */
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
    "Tell what would happen to SYMBOL, and why. SYMBOL is a C name, a mangled C++ name, or a "
    "C++ name as people write it (then every overload is told).\v"
    "Exit status: as for `engraft check'.";

struct arguments {
    struct request request;
    const char *symbol;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct arguments *arguments = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &arguments->request;
        return 0;
    case ARGP_KEY_ARG:
        if (state->arg_num > 0)
            argp_error(state, "one symbol at a time; `%s' is too much", arg);
        arguments->symbol = arg;
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a symbol is missing");
        return EINVAL;
    case ARGP_KEY_END:
        if (!arguments->request.plan.plugin_abi)
            argp_error(state, "--plugin-abi is missing");
        if (!arguments->request.host && !arguments->request.plan.host_abi &&
            !arguments->request.all)
            argp_error(state, "--host, --host-abi or --all is missing");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void print_json(const char *symbol, const struct engraft_plan *plan)
{
    json_t *object = json_new_object();

    json_set(object, "symbol", json_text(symbol));
    json_set(object, "verdict", json_text(engraft_verdict_name(engraft_plan_verdict(plan))));
    json_set(object, "reason", json_text(engraft_plan_reason(plan)));
    json_set(object, "plugin_abi", json_text(engraft_plan_plugin_abi(plan)));
    json_set(object, "host_abi", json_text(engraft_plan_host_abi(plan)));
    json_set(object, "bindings", json_bindings(plan));
    json_print(object);
}

static void print_binding(const struct engraft_binding *binding)
{
    char *name = demangle(binding->symbol);

    print_field("symbol", NULL, name);
    if (strcmp(name, binding->symbol) != 0)
        print_field("", NULL, binding->symbol);
    print_field("kind", color_of_kind(binding->kind), engraft_kind_name(binding->kind));
    if (binding->target[0])
        print_field("target", NULL, binding->target);
    if (binding->module[0])
        print_field("module", NULL, binding->module);
    free(name);
}

static void print_text(const struct request *request, const struct engraft_plan *plan)
{
    print_pair(request, plan, "");
    for (size_t i = 0; i < engraft_plan_binding_count(plan); i++) {
        struct engraft_binding binding = { .size = sizeof(binding) };

        putchar('\n');
        if (engraft_plan_binding(plan, i, &binding) == ENGRAFT_OK)
            print_binding(&binding);
    }
}

static int explain(struct arguments *arguments)
{
    struct engraft_error error = { 0 };
    struct engraft_plan *plan;
    int status;

    if (!request_open(&arguments->request))
        return EXIT_ERROR;
    if (engraft_explain(arguments->symbol, &arguments->request.plan, &plan, &error) !=
        ENGRAFT_OK) {
        print_error(&error);
        return EXIT_ERROR;
    }
    status = exit_status_of(engraft_plan_verdict(plan));
    if (arguments->request.json)
        print_json(arguments->symbol, plan);
    else
        print_text(&arguments->request, plan);
    engraft_plan_destroy(plan);
    return status;
}

int explain_main(int argc, char **argv)
{
    static const struct argp_child children[] = { { &request_argp, 0, NULL, 0 }, { 0 } };
    static const struct argp argp = { NULL, parse, "SYMBOL", doc, children, NULL, NULL };
    struct arguments arguments = { 0 };
    int status;

    argp_parse(&argp, argc, argv, 0, NULL, &arguments);
    status = arguments.request.all ? hosts_explain(&arguments.request, arguments.symbol)
                                   : explain(&arguments);
    request_close(&arguments.request);
    return status;
}
