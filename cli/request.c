/* SPDX-License-Identifier: MIT */
#include "request.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "output.h"

enum { KEY_HOST = 256, KEY_HOST_ABI, KEY_PLUGIN_ABI, KEY_ENGINE, KEY_ALLOW_MISMATCH, KEY_JSON, KEY_ALL = 'a' };

static const struct argp_option options[] = {
    { "host", KEY_HOST, "PID|FILE|CORE", 0, "the host: a process, an ELF file or a core file", 0 },
    { "host-abi", KEY_HOST_ABI, "ABI", 0, "instead of a host, an engine version: v8:12.4", 0 },
    { "all", KEY_ALL, NULL, 0, "every engine version that there are adapters for, in a table", 0 },
    { "plugin-abi", KEY_PLUGIN_ABI, "ABI", 0, "what the plugin was compiled for: v8:10.2", 0 },
    { "engine", KEY_ENGINE, "ENGINE", 0,
      "which engine of the host: an id, id:version, a file name or a path", 0 },
    { "allow-mismatch", KEY_ALLOW_MISMATCH, NULL, 0,
      "go on although the versions differ and no adapter covers them", 0 },
    { "json", KEY_JSON, NULL, 0, "print JSON (see engraft(7))", 0 },
    { 0 },
};

/* A version that is not known is an answer; an engine that is not known, a typing error. */
static void check_engine(struct argp_state *state, const char *abi)
{
    char feature[64];

    if (!abi || !strchr(abi, ':'))
        return;
    snprintf(feature, sizeof(feature), "engine:%.*s", (int)(strchr(abi, ':') - abi), abi);
    if (!engraft_has_feature(feature))
        argp_error(state, "`%s' is of no engine that plugins can be bound to", abi);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *request = state->input;

    switch (key) {
    case ARGP_KEY_INIT:
        memset(request, 0, sizeof(*request));
        request->plan.size = sizeof(request->plan);
        return 0;
    case KEY_HOST:
        request->host = arg;
        return 0;
    case KEY_HOST_ABI:
        request->plan.host_abi = arg;
        return 0;
    case KEY_PLUGIN_ABI:
        request->plan.plugin_abi = arg;
        return 0;
    case KEY_ENGINE:
        request->plan.host_engine = arg;
        return 0;
    case KEY_ALL:
        request->all = true;
        return 0;
    case KEY_ALLOW_MISMATCH:
        request->plan.allow_mismatch = true;
        return 0;
    case KEY_JSON:
        request->json = true;
        return 0;
    case ARGP_KEY_END:
        if (request->host && request->plan.host_abi)
            argp_error(state, "--host and --host-abi exclude each other");
        if (request->all && (request->host || request->plan.host_abi || request->plan.host_engine))
            argp_error(state, "--all is every host version: no --host, --host-abi or --engine");
        check_engine(state, request->plan.host_abi);
        check_engine(state, request->plan.plugin_abi);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp request_argp = { options, parse, NULL, NULL, NULL, NULL, NULL };

bool request_open(struct request *request)
{
    struct engraft_error error = { 0 };

    if (!request->host)
        return true;
    if (engraft_target_open(request->host, &request->target, &error) != ENGRAFT_OK) {
        print_error(&error);
        return false;
    }
    request->plan.host = request->target;
    return true;
}

void request_close(struct request *request)
{
    engraft_target_close(request->target);
}

void print_side(const char *label, const char *name, const char *abi, const char *source)
{
    char *text;

    if (asprintf(&text, "%s%s%s%s%s%s", name, name[0] ? "  " : "", abi ? abi : "engine unknown",
                 source[0] ? " (" : "", source, source[0] ? ")" : "") < 0)
        out_of_memory();
    print_field(label, NULL, text);
    free(text);
}

void print_pair(const struct request *request, const struct engraft_plan *plan,
                const char *plugin)
{
    enum engraft_verdict verdict = engraft_plan_verdict(plan);
    const char *reason = engraft_plan_reason(plan);

    print_side("plugin", plugin, engraft_plan_plugin_abi(plan),
               engraft_plan_plugin_abi_source(plan));
    print_side("host", request->host ? request->host : "", engraft_plan_host_abi(plan), "");
    print_field("verdict", color_of_verdict(verdict), engraft_verdict_name(verdict));
    if (reason[0])
        print_field("reason", NULL, reason);
}

int exit_status_of(enum engraft_verdict verdict)
{
    switch (verdict) {
    case ENGRAFT_VERDICT_EXACT:
    case ENGRAFT_VERDICT_COMPATIBLE:
        return EXIT_OK;
    case ENGRAFT_VERDICT_ADAPTED:
        return EXIT_ADAPTED;
    case ENGRAFT_VERDICT_DEGRADED:
        return EXIT_DEGRADED;
    case ENGRAFT_VERDICT_REFUSED:
        return EXIT_REFUSED;
    }
    return EXIT_ERROR;
}
