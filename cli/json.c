/* SPDX-License-Identifier: MIT */
#include "json.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"

static json_t *have(json_t *value)
{
    if (!value)
        out_of_memory();
    return value;
}

void json_set(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, have(value)) != 0)
        out_of_memory();
}

json_t *json_new_object(void)
{
    return have(json_object());
}

json_t *json_new_array(void)
{
    return have(json_array());
}

void json_add(json_t *array, json_t *value)
{
    if (json_array_append_new(array, have(value)) != 0)
        out_of_memory();
}

/* Bytes outside of ASCII become U+FFFD, each: what they meant cannot be told. */
static json_t *json_repaired(const char *text)
{
    char *copy = malloc(strlen(text) * 3 + 1);
    char *end = copy;
    json_t *value;

    if (!copy)
        out_of_memory();
    for (; *text; text++) {
        if ((unsigned char)*text < 0x80)
            *end++ = *text;
        else
            end = stpcpy(end, "\xef\xbf\xbd");
    }
    *end = '\0';
    value = have(json_string(copy));
    free(copy);
    return value;
}

json_t *json_text(const char *text)
{
    json_t *value;

    if (!text)
        return json_null();
    value = json_string(text);
    return value ? value : json_repaired(text);
}

json_t *json_config(const char *config)
{
    json_t *object = json_new_object();
    char *copy = strdup(config);
    char *rest;

    if (!copy)
        out_of_memory();
    for (char *word = strtok_r(copy, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *equals = strchr(word, '=');

        if (equals)
            *equals = '\0';
        json_set(object, word, json_text(equals ? equals + 1 : "yes"));
    }
    free(copy);
    return object;
}

static json_t *json_modules(const struct engraft_target *target, size_t index, size_t count)
{
    json_t *array = json_new_array();

    for (size_t i = 0; i < count; i++) {
        struct engraft_module module = { .size = sizeof(module) };
        json_t *object;
        char address[32];

        if (engraft_target_module(target, index, i, &module) != ENGRAFT_OK)
            continue;
        object = json_new_object();
        snprintf(address, sizeof(address), "0x%jx", (uintmax_t)module.address);
        json_set(object, "path", json_text(module.path));
        json_set(object, "address", json_text(module.address ? address : NULL));
        json_set(object, "build_id", json_text(module.build_id[0] ? module.build_id : NULL));
        json_add(array, object);
    }
    return array;
}

static json_t *json_evidence(const struct engraft_target *target, size_t index, size_t count)
{
    json_t *array = json_new_array();

    for (size_t i = 0; i < count; i++) {
        struct engraft_evidence evidence = { .size = sizeof(evidence) };
        json_t *object;

        if (engraft_target_evidence(target, index, i, &evidence) != ENGRAFT_OK)
            continue;
        object = json_new_object();
        json_set(object, "kind", json_text(evidence.kind));
        json_set(object, "strength", json_text(strength_name(evidence.strength)));
        json_set(object, "detail", json_text(evidence.detail));
        json_set(object, "module", json_text(evidence.module));
        json_add(array, object);
    }
    return array;
}

json_t *json_relink(const struct engraft_engine *engine)
{
    json_t *object = json_new_object();

    json_set(object, "possible", json_boolean(engine->relinkable));
    json_set(object, "reason", json_text(engine->relink));
    return object;
}

static json_t *json_engine(const struct engraft_target *target, size_t index,
                           const struct engraft_engine *engine)
{
    json_t *object = json_new_object();

    json_set(object, "engine", json_text(engine->engine));
    json_set(object, "version", json_text(engine->version));
    json_set(object, "modules", json_modules(target, index, engine->module_count));
    json_set(object, "linkage", json_text(linkage_name(engine->linkage)));
    json_set(object, "symbols", json_text(symbols_name(engine->symbols)));
    json_set(object, "config", json_config(engine->config));
    json_set(object, "ready", engine->ready < 0 ? json_null() : json_boolean(engine->ready));
    json_set(object, "confidence", json_text(confidence_name(engine->confidence)));
    json_set(object, "api_count", json_integer((json_int_t)engine->api_count));
    json_set(object, "relink", json_relink(engine));
    json_set(object, "evidence", json_evidence(target, index, engine->evidence_count));
    return object;
}

json_t *json_engines(const struct engraft_target *target)
{
    json_t *array = json_new_array();

    for (size_t i = 0; i < engraft_target_engine_count(target); i++) {
        struct engraft_engine engine = { .size = sizeof(engine) };

        if (engraft_target_engine(target, i, &engine) == ENGRAFT_OK)
            json_add(array, json_engine(target, i, &engine));
    }
    return array;
}

json_t *json_needs(const struct engraft_target *target)
{
    json_t *array = json_new_array();

    for (size_t i = 0; i < engraft_target_need_count(target); i++) {
        struct engraft_need need = { .size = sizeof(need) };
        json_t *object;

        if (engraft_target_need(target, i, &need) != ENGRAFT_OK)
            continue;
        object = json_new_object();
        json_set(object, "engine", json_text(need.engine));
        json_set(object, "version", json_text(need.version));
        json_set(object, "library", json_text(need.library));
        json_set(object, "path", json_text(need.path));
        json_set(object, "symbols", json_integer((json_int_t)need.symbol_count));
        json_add(array, object);
    }
    return array;
}

json_t *json_missing(const struct engraft_target *target)
{
    json_t *array = json_new_array();

    for (size_t i = 0; i < engraft_target_missing_count(target); i++) {
        struct engraft_missing missing = { .size = sizeof(missing) };
        json_t *object;

        if (engraft_target_missing(target, i, &missing) != ENGRAFT_OK)
            continue;
        object = json_new_object();
        json_set(object, "path", json_text(missing.path));
        json_set(object, "build_id", json_text(missing.build_id[0] ? missing.build_id : NULL));
        json_set(object, "reason", json_text(missing.reason));
        json_add(array, object);
    }
    return array;
}

json_t *json_core(const struct engraft_target *target)
{
    struct engraft_core core = { .size = sizeof(core) };
    json_t *object;

    if (engraft_target_core(target, &core) != ENGRAFT_OK)
        return json_null();
    object = json_new_object();
    json_set(object, "command", json_text(core.command[0] ? core.command : NULL));
    json_set(object, "pid", core.pid ? json_integer((json_int_t)core.pid) : json_null());
    json_set(object, "signal", core.signal ? json_integer(core.signal) : json_null());
    json_set(object, "truncated", json_boolean(core.truncated));
    return object;
}

json_t *json_counts(const struct engraft_plan *plan)
{
    json_t *object = json_new_object();

    for (enum engraft_kind kind = ENGRAFT_KIND_DIRECT; kind <= ENGRAFT_KIND_NATIVE; kind++)
        json_set(object, engraft_kind_name(kind),
                 json_integer((json_int_t)engraft_plan_kind_count(plan, kind)));
    return object;
}

static json_t *json_binding(const struct engraft_binding *binding)
{
    json_t *object = json_new_object();
    char *name = demangle(binding->symbol);

    json_set(object, "symbol", json_text(binding->symbol));
    json_set(object, "demangled", json_text(name));
    json_set(object, "kind", json_text(engraft_kind_name(binding->kind)));
    json_set(object, "target", json_text(binding->target));
    free(name);
    return object;
}

json_t *json_bindings(const struct engraft_plan *plan)
{
    json_t *array = json_new_array();

    for (size_t i = 0; i < engraft_plan_binding_count(plan); i++) {
        struct engraft_binding binding = { .size = sizeof(binding) };

        if (engraft_plan_binding(plan, i, &binding) == ENGRAFT_OK)
            json_add(array, json_binding(&binding));
    }
    return array;
}

static json_t *json_hexadecimal(uint64_t number)
{
    char text[32];

    snprintf(text, sizeof(text), "0x%llx", (unsigned long long)number);
    return json_text(text);
}

static json_t *json_bytes(const unsigned char *bytes, unsigned length)
{
    char text[2 * 8 + 1] = "";

    for (unsigned i = 0; i < length && i < 8; i++)
        snprintf(text + 2 * i, 3, "%02x", bytes[i]);
    return json_text(text);
}

json_t *json_fixups(const struct engraft_plan *plan)
{
    json_t *array = json_new_array();

    for (size_t i = 0; i < engraft_plan_fixup_count(plan); i++) {
        struct engraft_fixup fixup = { .size = sizeof(fixup) };
        json_t *object = json_new_object();

        engraft_plan_fixup(plan, i, &fixup);
        json_set(object, "address", json_hexadecimal(fixup.address));
        json_set(object, "offset", json_hexadecimal(fixup.offset));
        json_set(object, "function", json_hexadecimal(fixup.function));
        json_set(object, "pattern", json_text(fixup.pattern));
        json_set(object, "before", json_bytes(fixup.before, fixup.length));
        json_set(object, "after", json_bytes(fixup.after, fixup.length));
        json_add(array, object);
    }
    return array;
}

void json_print(json_t *value)
{
    if (json_dumpf(value, stdout, JSON_INDENT(2)) == 0)
        putchar('\n');
    json_decref(value);
}

void json_print_line(json_t *value)
{
    if (json_dumpf(value, stdout, JSON_COMPACT) == 0)
        putchar('\n');
    json_decref(value);
}
