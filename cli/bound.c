/* SPDX-License-Identifier: MIT */
#include "bound.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "output.h"

/* ---- for people -------------------------------------------------------------------------------------- */

static void print_owned(const char *label, const char *color, char *text, int length)
{
    if (length < 0)
        out_of_memory();
    print_field(label, color, text);
    free(text);
}

static void print_kinds(const struct engraft_target *target, size_t index)
{
    size_t counts[KIND_COUNT] = { 0 };

    for (size_t kind = ENGRAFT_KIND_DIRECT; kind < KIND_COUNT; kind++)
        counts[kind] = engraft_target_bound_kind_count(target, index, (enum engraft_kind)kind);
    print_bindings(counts);
}

static void print_traps(const struct engraft_target *target, size_t index, size_t count)
{
    struct table *table = table_create((const char *const[]){ "HITS", "TRAP", NULL });

    for (size_t i = 0; i < count; i++) {
        struct engraft_bound_trap trap = { .size = sizeof(trap) };
        char hits[32], *name;

        if (engraft_target_bound_trap(target, index, i, &trap) != ENGRAFT_OK)
            continue;
        snprintf(hits, sizeof(hits), "%" PRIu64, trap.hits);
        name = demangle(trap.symbol);
        table_row(table, trap.hits ? "red" : NULL, (const char *const[]){ hits, name });
        free(name);
    }
    putchar('\n');
    table_print(table);
    table_destroy(table);
}

static void print_abis(const struct engraft_target *target, size_t index,
                       const struct engraft_bound_plugin *plugin)
{
    const char *host = engraft_target_bound_host(target, index, 0);
    const char *source = plugin->plugin_abi_source;
    char *text = NULL;
    int length;

    length = asprintf(&text, "%s%s%s%s", plugin->plugin_abi ? plugin->plugin_abi : "unknown",
                      source[0] ? " (" : "", source, source[0] ? ")" : "");
    print_owned("built for", NULL, text, length);
    length = asprintf(&text, "%s%s%s", plugin->host_abi ? plugin->host_abi : "unknown",
                      host ? " in " : "", host ? host : "");
    print_owned("bound to", NULL, text, length);
}

static void print_plugin(const struct engraft_target *target, size_t index,
                         const struct engraft_bound_plugin *plugin)
{
    char *text = NULL;
    int length = asprintf(&text, "%s%s", plugin->path, plugin->loaded ? "" : " (unloaded)");

    putchar('\n');
    print_owned("plugin", NULL, text, length);
    length = asprintf(&text, "%s%s", engraft_verdict_name(plugin->verdict),
                      plugin->audited ? "" : ", not audited yet");
    print_owned("verdict", color_of_verdict(plugin->verdict), text, length);
    if (plugin->reason[0])
        print_field("reason", NULL, plugin->reason);
    print_abis(target, index, plugin);
    print_field("door", NULL, plugin->door);
    print_kinds(target, index);
    if (plugin->trap_count == 0)
        return;
    length = asprintf(&text, "hit %" PRIu64 " time%s", plugin->traps_hit,
                      plugin->traps_hit == 1 ? "" : "s");
    print_owned("traps", plugin->traps_hit ? "red" : NULL, text, length);
    print_traps(target, index, plugin->trap_count);
}

static void print_refusals(const struct engraft_target *target, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct engraft_refusal refusal = { .size = sizeof(refusal) };

        if (engraft_target_refused(target, i, &refusal) != ENGRAFT_OK)
            continue;
        putchar('\n');
        print_field("refused", "red", refusal.path);
        print_field("reason", NULL, refusal.reason);
    }
}

void bound_print(const struct engraft_target *target)
{
    struct engraft_activity activity = { .size = sizeof(activity) };
    char *text = NULL;
    int length;

    if (engraft_target_activity(target, &activity) != ENGRAFT_OK)
        return;
    length = asprintf(&text, "%s in %s", activity.version ? activity.version : "(version unknown)",
                      activity.module);
    putchar('\n');
    print_owned("engraft", NULL, text, length);
    if (activity.problem) {
        print_field("problem", "red", activity.problem);
        return;
    }
    length = asprintf(&text, "%zu bound, %zu refused", activity.bound_count,
                      activity.refused_count);
    print_owned("plugins", NULL, text, length);
    for (size_t i = 0; i < activity.bound_count; i++) {
        struct engraft_bound_plugin plugin = { .size = sizeof(plugin) };

        if (engraft_target_bound(target, i, &plugin) == ENGRAFT_OK)
            print_plugin(target, i, &plugin);
    }
    print_refusals(target, activity.refused_count);
}

/* ---- JSON ---------------------------------------------------------------------------------------------- */

static json_t *new_array(void)
{
    json_t *array = json_array();

    if (!array)
        out_of_memory();
    return array;
}

static void append(json_t *array, json_t *value)
{
    if (json_array_append_new(array, value) != 0)
        out_of_memory();
}

static json_t *json_hosts(const struct engraft_target *target, size_t index, size_t count)
{
    json_t *array = new_array();

    for (size_t i = 0; i < count; i++)
        append(array, json_text(engraft_target_bound_host(target, index, i)));
    return array;
}

static json_t *json_kinds(const struct engraft_target *target, size_t index)
{
    json_t *object = json_new_object();

    for (enum engraft_kind kind = ENGRAFT_KIND_DIRECT; kind <= ENGRAFT_KIND_NATIVE; kind++)
        json_set(object, engraft_kind_name(kind),
                 json_integer((json_int_t)engraft_target_bound_kind_count(target, index, kind)));
    return object;
}

static json_t *json_traps(const struct engraft_target *target, size_t index, size_t count)
{
    json_t *array = new_array();

    for (size_t i = 0; i < count; i++) {
        struct engraft_bound_trap trap = { .size = sizeof(trap) };
        json_t *object;
        char *name;

        if (engraft_target_bound_trap(target, index, i, &trap) != ENGRAFT_OK)
            continue;
        object = json_new_object();
        name = demangle(trap.symbol);
        json_set(object, "symbol", json_text(trap.symbol));
        json_set(object, "demangled", json_text(name));
        json_set(object, "hits", json_integer((json_int_t)trap.hits));
        append(array, object);
        free(name);
    }
    return array;
}

static json_t *json_plugin(const struct engraft_target *target, size_t index,
                           const struct engraft_bound_plugin *plugin)
{
    json_t *object = json_new_object();

    json_set(object, "path", json_text(plugin->path));
    json_set(object, "door", json_text(plugin->door));
    json_set(object, "verdict", json_text(engraft_verdict_name(plugin->verdict)));
    json_set(object, "reason", json_text(plugin->reason));
    json_set(object, "plugin_abi", json_text(plugin->plugin_abi));
    json_set(object, "plugin_abi_source", json_text(plugin->plugin_abi_source));
    json_set(object, "host_abi", json_text(plugin->host_abi));
    json_set(object, "host", json_hosts(target, index, plugin->host_count));
    json_set(object, "counts", json_kinds(target, index));
    json_set(object, "traps", json_traps(target, index, plugin->trap_count));
    json_set(object, "traps_hit", json_integer((json_int_t)plugin->traps_hit));
    json_set(object, "loaded", json_boolean(plugin->loaded));
    json_set(object, "audited", json_boolean(plugin->audited));
    return object;
}

static json_t *json_refusals(const struct engraft_target *target, size_t count)
{
    json_t *array = new_array();

    for (size_t i = 0; i < count; i++) {
        struct engraft_refusal refusal = { .size = sizeof(refusal) };
        json_t *object;

        if (engraft_target_refused(target, i, &refusal) != ENGRAFT_OK)
            continue;
        object = json_new_object();
        json_set(object, "path", json_text(refusal.path));
        json_set(object, "reason", json_text(refusal.reason));
        append(array, object);
    }
    return array;
}

json_t *bound_json(const struct engraft_target *target)
{
    struct engraft_activity activity = { .size = sizeof(activity) };
    json_t *object, *plugins;

    if (engraft_target_activity(target, &activity) != ENGRAFT_OK)
        return json_null();
    object = json_new_object();
    plugins = new_array();
    for (size_t i = 0; i < activity.bound_count; i++) {
        struct engraft_bound_plugin plugin = { .size = sizeof(plugin) };

        if (engraft_target_bound(target, i, &plugin) == ENGRAFT_OK)
            append(plugins, json_plugin(target, i, &plugin));
    }
    json_set(object, "version", json_text(activity.version));
    json_set(object, "module", json_text(activity.module));
    json_set(object, "problem", json_text(activity.problem));
    json_set(object, "plugins", plugins);
    json_set(object, "refused", json_refusals(target, activity.refused_count));
    return object;
}
