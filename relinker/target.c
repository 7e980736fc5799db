/* SPDX-License-Identifier: MIT */
/* engraft_target_*: a snapshot of the engines in this process, another one, or a file. */
#include <stdlib.h>
#include <string.h>

#include "api.h"

struct self_call {
    struct engraft_target *target;
    struct engraft_error *reterr;
    enum engraft_status status;
};

static void self_open(void *argument)
{
    struct self_call *call = argument;
    struct engraft_target *target = call->target;

    call->status = self_images(&target->arena, &target->images, &target->image_count,
                               call->reterr);
    if (call->status != ENGRAFT_OK)
        return;
    /* Before paths are filled in: that the main program has none tells it from libraries. */
    target->engine_count = self_engines(&target->arena, target->images, target->image_count,
                                        &target->engines);
    for (size_t i = 0; i < target->image_count; i++) {
        target->images[i].path =
            arena_string(&target->arena, image_file(&target->images[i]));
        if (!target->images[i].path) {
            call->status = error_set(call->reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
            return;
        }
    }
    call->status = target_live_self(target, call->reterr);
}

static void deep_close(struct engraft_target *target)
{
    target->deep->close(&target->modules);
    free(target->engines);
    free(target->needs);
}

static enum engraft_status deep_open(struct engraft_target *target, const char *spec,
                                     struct engraft_error *reterr)
{
    enum engraft_status status;

    target->deep = deep_table(reterr);
    if (!target->deep)
        return ENGRAFT_DEEP;
    status = target->deep->open(spec, &target->modules, reterr);
    if (status != ENGRAFT_OK)
        return status;
    target->images = target->modules.images;
    target->image_count = target->modules.count;
    status = target->deep->identify(&target->modules, &target->engines, &target->engine_count,
                                    reterr);
    if (status == ENGRAFT_OK)
        status = target->deep->needs(&target->modules, target->engines, target->engine_count,
                                     &target->needs, &target->need_count, reterr);
    if (status == ENGRAFT_OK)
        status = target_live_process(target, reterr);
    if (status != ENGRAFT_OK)
        deep_close(target);
    return status;
}

enum engraft_status engraft_target_open(const char *spec, struct engraft_target **ret_target,
                                        struct engraft_error *reterr)
{
    struct arena arena = {0};
    struct engraft_target *target;
    struct self_call call;

    if (!ret_target)
        return error_set(reterr, ENGRAFT_ARGUMENT, spec, NULL, "ret_target is NULL");
    target = arena_allocate(&arena, sizeof *target);
    if (!target)
        return error_set(reterr, ENGRAFT_MEMORY, spec, NULL, "out of memory");
    target->arena = arena;
    call = (struct self_call){target, reterr, ENGRAFT_OK};
    if (!spec || strcmp(spec, "self") == 0)
        self_locked(self_open, &call);
    else
        call.status = deep_open(target, spec, reterr);
    if (call.status != ENGRAFT_OK) {
        arena_release(&target->arena);
        return call.status;
    }
    *ret_target = target;
    return ENGRAFT_OK;
}

void engraft_target_close(struct engraft_target *target)
{
    if (!target)
        return;
    if (target->deep)
        deep_close(target);
    live_found_clear(&target->live);
    arena_release(&target->arena);
}

size_t engraft_target_engine_count(const struct engraft_target *target)
{
    return target ? target->engine_count : 0;
}

enum engraft_status result_copy(void *to, const void *from, size_t size)
{
    size_t wanted;

    memcpy(&wanted, to, sizeof wanted);
    if (wanted < sizeof wanted)
        return ENGRAFT_ARGUMENT;
    memcpy((char *)to + sizeof wanted, (const char *)from + sizeof wanted,
           (wanted < size ? wanted : size) - sizeof wanted);
    return ENGRAFT_OK;
}

/* Static texts: one instance or a hundred, the reasons are few. */
static const char *relink_text(const struct engine_instance *instance, bool *ret_relinkable)
{
    *ret_relinkable = false;
    if (!instance->prefixes[0])
        return "engraft cannot bind plugins of this engine yet";
    if (instance->modules[0] && !image_can_be_bound(instance->modules[0]))
        return "engraft binds plugins on x86-64 and 64-bit AArch64 only";
    if (instance->symbols != ENGRAFT_SYMBOLS_DYNAMIC)
        return "none of its symbols is exported: nothing can be bound to it";
    if (!instance->abi.version[0])
        return "its version cannot be told: plugins are refused";
    *ret_relinkable = true;
    return "plugins of the same major.minor version; others where an adapter covers them "
           "(engraft check)";
}

void engine_describe(const struct engine_instance *instance, struct engraft_engine *ret_engine)
{
    *ret_engine = (struct engraft_engine){
        .engine = instance->abi.engine,
        .version = instance->abi.version[0] ? instance->abi.version : NULL,
        .config = instance->abi.config,
        .linkage = instance->linkage,
        .symbols = instance->symbols,
        .ready = instance->ready,
        .module_count = instance->module_count,
        .evidence_count = instance->evidence_count,
        .confidence = instance->confidence,
        .api_count = instance->api_count,
    };
    ret_engine->relink = relink_text(instance, &ret_engine->relinkable);
}

enum engraft_status engraft_target_engine(const struct engraft_target *target, size_t index,
                                          struct engraft_engine *ret_engine)
{
    const struct engine_instance *instance;
    struct engraft_engine engine;

    if (!target || !ret_engine || index >= target->engine_count)
        return ENGRAFT_ARGUMENT;
    instance = &target->engines[index];
    engine_describe(instance, &engine);
    return result_copy(ret_engine, &engine, sizeof engine);
}

enum engraft_status engraft_target_module(const struct engraft_target *target, size_t index,
                                          size_t module, struct engraft_module *ret_module)
{
    struct engraft_module result = {.build_id = ""};
    const struct image *image;

    if (!target || !ret_module || index >= target->engine_count ||
        module >= target->engines[index].module_count)
        return ENGRAFT_ARGUMENT;
    image = target->engines[index].modules[module];
    result.path = image->path;
    result.address = image->load_address;
    if (target->deep) {
        char *text = arena_allocate((struct arena *)(uintptr_t)&target->arena, 129);

        if (text)
            target->deep->build_id(image, text, 129);
        result.build_id = text ? text : "";
    }
    return result_copy(ret_module, &result, sizeof result);
}

enum engraft_status engraft_target_evidence(const struct engraft_target *target, size_t index,
                                            size_t evidence, struct engraft_evidence *ret_evidence)
{
    struct engraft_evidence result = {0};
    const struct engine_instance *instance;

    if (!target || !ret_evidence || index >= target->engine_count ||
        evidence >= target->engines[index].evidence_count)
        return ENGRAFT_ARGUMENT;
    instance = &target->engines[index];
    result.kind = instance->evidence[evidence].kind;
    result.detail = instance->evidence[evidence].detail;
    result.strength = instance->evidence[evidence].strength;
    result.module = instance->modules[instance->evidence[evidence].module]->path;
    return result_copy(ret_evidence, &result, sizeof result);
}

size_t engraft_target_need_count(const struct engraft_target *target)
{
    return target ? target->need_count : 0;
}

enum engraft_status engraft_target_need(const struct engraft_target *target, size_t index,
                                        struct engraft_need *ret_need)
{
    struct engraft_need result = {0};
    const struct deep_need *need;

    if (!target || !ret_need || index >= target->need_count)
        return ENGRAFT_ARGUMENT;
    need = &target->needs[index];
    result.engine = need->engine;
    result.library = need->library;
    result.path = need->path[0] ? need->path : NULL;
    result.version = need->version[0] ? need->version : NULL;
    result.symbol_count = need->symbol_count;
    return result_copy(ret_need, &result, sizeof result);
}

size_t engraft_target_missing_count(const struct engraft_target *target)
{
    return target ? target->modules.missing_count : 0;
}

enum engraft_status engraft_target_missing(const struct engraft_target *target, size_t index,
                                           struct engraft_missing *ret_missing)
{
    struct engraft_missing result = {0};
    const struct deep_missing *missing;

    if (!target || !ret_missing || index >= target->modules.missing_count)
        return ENGRAFT_ARGUMENT;
    missing = &target->modules.missing[index];
    result.path = missing->path;
    result.build_id = missing->build_id;
    result.reason = missing->reason;
    return result_copy(ret_missing, &result, sizeof result);
}

enum engraft_status engraft_target_core(const struct engraft_target *target,
                                        struct engraft_core *ret_core)
{
    struct engraft_core result = {0};

    if (!target || !ret_core || !target->modules.is_core)
        return ENGRAFT_ARGUMENT;
    result.command = target->modules.command ? target->modules.command : "";
    result.pid = target->modules.core_pid;
    result.signal = target->modules.core_signal;
    result.truncated = target->modules.core_truncated;
    return result_copy(ret_core, &result, sizeof result);
}
