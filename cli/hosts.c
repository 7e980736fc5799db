/* SPDX-License-Identifier: MIT */
#include "hosts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "json.h"
#include "output.h"

typedef enum engraft_status plan_maker(const struct request *request, const char *subject,
                                       struct engraft_plan **ret_plan,
                                       struct engraft_error *reterr);

static enum engraft_status make_check(const struct request *request, const char *plugin,
                                      struct engraft_plan **ret_plan, struct engraft_error *reterr)
{
    (void)plugin; /* it is in the request */
    return engraft_plan_create(&request->plan, ret_plan, reterr);
}

static enum engraft_status make_explain(const struct request *request, const char *symbol,
                                        struct engraft_plan **ret_plan,
                                        struct engraft_error *reterr)
{
    return engraft_explain(symbol, &request->plan, ret_plan, reterr);
}

/* A plan for each version; NULL when one could not be made, which is printed. */
static struct engraft_plan **plans_make(struct request *request, const char *subject,
                                        plan_maker *make, size_t *ret_count)
{
    struct engraft_error error = { 0 };
    struct engraft_plan **plans;
    size_t count = 0;

    while (engraft_known_abi(count))
        count++;
    plans = calloc(count + 1, sizeof(*plans));
    if (!plans)
        out_of_memory();
    *ret_count = count;
    for (size_t i = 0; i < count; i++) {
        request->plan.host_abi = engraft_known_abi(i);
        if (make(request, subject, &plans[i], &error) == ENGRAFT_OK)
            continue;
        print_error(&error);
        while (i-- > 0)
            engraft_plan_destroy(plans[i]);
        free(plans);
        return NULL;
    }
    return plans;
}

static void plans_destroy(struct engraft_plan **plans, size_t count)
{
    for (size_t i = 0; i < count; i++)
        engraft_plan_destroy(plans[i]);
    free(plans);
}

static int plans_status(struct engraft_plan **plans, size_t count)
{
    int worst = EXIT_OK;

    for (size_t i = 0; i < count; i++) {
        int status = exit_status_of(engraft_plan_verdict(plans[i]));

        if (status != EXIT_ADAPTED && status > worst)
            worst = status;
    }
    return worst;
}

static bool is_unserved(const struct engraft_binding *binding)
{
    return binding->kind == ENGRAFT_KIND_TRAP || binding->kind == ENGRAFT_KIND_FALLBACK;
}

/* ---- check, for people --------------------------------------------------------------------------- */

/* The reason of a refusal; else the first trap, else the first fallback. Release with free(). */
static char *obstacle_of(const struct engraft_plan *plan)
{
    struct engraft_binding found = { 0 };
    char *name, *text;
    int length;

    if (engraft_plan_verdict(plan) == ENGRAFT_VERDICT_REFUSED)
        return strdup(engraft_plan_reason(plan));
    for (size_t i = 0; i < engraft_plan_binding_count(plan); i++) {
        struct engraft_binding binding = { .size = sizeof(binding) };

        if (engraft_plan_binding(plan, i, &binding) == ENGRAFT_OK && is_unserved(&binding) &&
            (!found.symbol || binding.kind > found.kind))
            found = binding;
    }
    if (!found.symbol)
        return strdup("");
    name = demangle(found.symbol);
    length = asprintf(&text, "%.*s: %s", (int)strcspn(name, "("), name, found.target);
    free(name);
    return length < 0 ? NULL : text;
}

static size_t count_of(const struct engraft_plan *plan, enum engraft_kind kind)
{
    return engraft_plan_kind_count(plan, kind);
}

static void row_of_host(struct table *table, const char *host, const struct engraft_plan *plan)
{
    enum engraft_verdict verdict = engraft_plan_verdict(plan);
    size_t numbers[] = {
        count_of(plan, ENGRAFT_KIND_DIRECT) + count_of(plan, ENGRAFT_KIND_RENAMED),
        count_of(plan, ENGRAFT_KIND_ADAPTED),
        count_of(plan, ENGRAFT_KIND_FALLBACK),
        count_of(plan, ENGRAFT_KIND_TRAP),
        engraft_plan_fixup_count(plan),
    };
    char texts[sizeof(numbers) / sizeof(*numbers)][24];
    char *obstacle = obstacle_of(plan);

    if (!obstacle)
        out_of_memory();
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
        snprintf(texts[i], sizeof(texts[i]), "%zu", numbers[i]);
    table_row(table, color_of_verdict(verdict),
              (const char *const[]){ host, engraft_verdict_name(verdict), texts[0], texts[1],
                                     texts[2], texts[3], texts[4], obstacle });
    free(obstacle);
}

static void print_check(struct engraft_plan **plans, size_t count, const char *plugin)
{
    struct table *table =
        table_create((const char *const[]){ "HOST", "VERDICT", "DIRECT", "ADAPTED", "FALLBACK",
                                            "TRAP", "FIXUPS", "OBSTACLE", NULL });

    print_side("plugin", plugin, engraft_plan_plugin_abi(plans[0]),
               engraft_plan_plugin_abi_source(plans[0]));
    for (size_t column = 2; column < 7; column++)
        table_align_right(table, column);
    for (size_t i = 0; i < count; i++)
        row_of_host(table, engraft_known_abi(i), plans[i]);
    putchar('\n');
    table_print(table);
    table_destroy(table);
    putchar('\n');
    print_field("note", NULL, "Hosts are taken to be built as Node.js is; one of another version "
                              "than the plugin's that has pointer compression, the sandbox or "
                              "libc++ is refused.");
}

/* ---- explain, for people --------------------------------------------------------------------------- */

static void rows_of_symbol(struct table *table, const char *host, const struct engraft_plan *plan)
{
    if (engraft_plan_binding_count(plan) == 0)
        table_row(table, color_of_verdict(ENGRAFT_VERDICT_REFUSED),
                  (const char *const[]){ host, "refused", engraft_plan_reason(plan) });
    for (size_t i = 0; i < engraft_plan_binding_count(plan); i++) {
        struct engraft_binding binding = { .size = sizeof(binding) };
        char *name, *text;

        if (engraft_plan_binding(plan, i, &binding) != ENGRAFT_OK)
            continue;
        name = demangle(binding.symbol);
        if (asprintf(&text, "%s%s%s", name, binding.target[0] ? ": " : "", binding.target) < 0)
            out_of_memory();
        table_row(table, color_of_kind(binding.kind),
                  (const char *const[]){ host, engraft_kind_name(binding.kind), text });
        free(text);
        free(name);
    }
}

static void print_explain(struct engraft_plan **plans, size_t count)
{
    struct table *table = table_create((const char *const[]){ "HOST", "KIND", "SYMBOL", NULL });

    print_side("plugin", "", engraft_plan_plugin_abi(plans[0]),
               engraft_plan_plugin_abi_source(plans[0]));
    for (size_t i = 0; i < count; i++)
        rows_of_symbol(table, engraft_known_abi(i), plans[i]);
    putchar('\n');
    table_print(table);
    table_destroy(table);
}

/* ---- JSON ------------------------------------------------------------------------------------------ */

static json_t *json_host(const struct engraft_plan *plan, const char *host, bool check)
{
    json_t *object = json_new_object();

    json_set(object, "host_abi", json_text(host));
    json_set(object, "verdict", json_text(engraft_verdict_name(engraft_plan_verdict(plan))));
    json_set(object, "reason", json_text(engraft_plan_reason(plan)));
    json_set(object, "counts", json_counts(plan));
    json_set(object, "bindings", json_bindings(plan));
    if (check)
        json_set(object, "fixups", json_fixups(plan));
    return object;
}

static void print_json(struct engraft_plan **plans, size_t count, const char *key,
                       const char *subject, bool check)
{
    json_t *object = json_new_object(), *hosts = json_new_array();

    for (size_t i = 0; i < count; i++)
        json_add(hosts, json_host(plans[i], engraft_known_abi(i), check));
    json_set(object, key, json_text(subject));
    json_set(object, "plugin_abi", json_text(engraft_plan_plugin_abi(plans[0])));
    json_set(object, "hosts", hosts);
    json_print(object);
}

/* ---- the verbs ------------------------------------------------------------------------------------- */

int hosts_check(struct request *request, const char *plugin)
{
    struct engraft_plan **plans;
    size_t count;
    int status;

    request->plan.plugin_path = plugin;
    plans = plans_make(request, plugin, make_check, &count);
    if (!plans)
        return EXIT_ERROR;
    status = plans_status(plans, count);
    if (request->json)
        print_json(plans, count, "plugin", plugin, true);
    else
        print_check(plans, count, plugin);
    plans_destroy(plans, count);
    return status;
}

int hosts_explain(struct request *request, const char *symbol)
{
    struct engraft_plan **plans;
    size_t count;
    int status;

    plans = plans_make(request, symbol, make_explain, &count);
    if (!plans)
        return EXIT_ERROR;
    status = plans_status(plans, count);
    if (request->json)
        print_json(plans, count, "symbol", symbol, false);
    else
        print_explain(plans, count);
    plans_destroy(plans, count);
    return status;
}
