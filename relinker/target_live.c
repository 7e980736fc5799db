/* SPDX-License-Identifier: MIT */
/* engraft_target_activity() and its kin: what engraft does in the process that is the target. */
#include <string.h>

#include "api.h"

/* ---- this process --------------------------------------------------------------------------------- */

static bool self_read(void *context, uint64_t address, void *buffer, size_t length)
{
    (void)context;
    memcpy(buffer, (const void *)(uintptr_t)address, length);
    return true;
}

static const char *self_module(const struct engraft_target *target, const void *address)
{
    const struct image *image =
        self_image_at(target->images, target->image_count, (uintptr_t)address);

    return image ? image->path : "";
}

/* Inside self_locked(): what has been unloaded is forgotten first. */
enum engraft_status target_live_self(struct engraft_target *target, struct engraft_error *reterr)
{
    const struct live_source source = {.read = self_read, .is_self = true};
    enum engraft_status status;

    registry_purge_now();
    registry_lock();
    status = live_read(&source, (uint64_t)(uintptr_t)live_own(), NULL, &target->live, reterr);
    registry_unlock();
    target->live.module = self_module(target, live_own());
    return status;
}

/* ---- another process, or what a core file has of one ------------------------------------------------------------------------------- */

static bool process_read(void *context, uint64_t address, void *buffer, size_t length)
{
    const struct engraft_target *target = context;

    return target->deep->read(&target->modules, address, buffer, length);
}

static enum engraft_status image_live(struct engraft_target *target, const struct image *image,
                                      const Elf64_Sym *symbol, struct live_found *ret_found,
                                      struct engraft_error *reterr)
{
    const struct live_source source = {
        .read = process_read,
        .context = target,
        .no_memory = target->modules.is_core
                         ? "the core file has no copy of the library's data"
                         : "the memory of the process cannot be read (root can, its user where "
                           "kernel.yama.ptrace_scope is 0)",
    };
    const void *in_file = image_at(image, symbol->st_value, sizeof(struct live_head));
    struct live_head head;

    if (in_file)
        memcpy(&head, in_file, sizeof head);
    return live_read(&source, image_symbol_address(image, symbol), in_file ? &head : NULL,
                     ret_found, reterr);
}

/* What the process calls its executable; for us that name leads to ours. */
static void hosts_name(struct live_found *found, const char *executable)
{
    for (size_t i = 0; i < found->plugin_count; i++)
        for (size_t j = 0; j < found->plugins[i].plugin.host_count; j++)
            if (strcmp(found->plugins[i].hosts[j], "/proc/self/exe") == 0)
                found->plugins[i].hosts[j] = executable;
}

/* A process has one libengraft in the namespace where it can serve: the first that can be read. */
enum engraft_status target_live_process(struct engraft_target *target,
                                        struct engraft_error *reterr)
{
    bool has_memory = target->modules.pid || target->modules.is_core;
    enum engraft_status status = ENGRAFT_OK;

    for (size_t i = 0; has_memory && i < target->image_count; i++) {
        const struct image *image = &target->images[i];
        const Elf64_Sym *symbol = image_find_name(image, LIVE_SYMBOL);
        struct live_found found;

        if (!symbol || ELF64_ST_TYPE(symbol->st_info) != STT_OBJECT)
            continue;
        status = image_live(target, image, symbol, &found, reterr);
        if (status != ENGRAFT_OK)
            break;
        found.module = image->path;
        hosts_name(&found, target->images[0].path);
        if (!target->live.active || !found.problem[0])
            target->live = found;
        if (!found.problem[0])
            break;
    }
    return status;
}

/* ---- the public calls --------------------------------------------------------------------------------- */

enum engraft_status engraft_target_activity(const struct engraft_target *target,
                                            struct engraft_activity *ret_activity)
{
    struct engraft_activity activity;

    if (!target || !ret_activity)
        return ENGRAFT_ARGUMENT;
    if (!target->live.active)
        return ENGRAFT_STATE;
    activity = (struct engraft_activity){
        .version = target->live.version[0] ? target->live.version : NULL,
        .module = target->live.module,
        .problem = target->live.problem[0] ? target->live.problem : NULL,
        .bound_count = target->live.plugin_count,
        .refused_count = target->live.refusal_count,
    };
    return result_copy(ret_activity, &activity, sizeof activity);
}

static const struct live_found_plugin *plugin_at(const struct engraft_target *target, size_t index)
{
    return target && index < target->live.plugin_count ? &target->live.plugins[index] : NULL;
}

enum engraft_status engraft_target_bound(const struct engraft_target *target, size_t index,
                                         struct engraft_bound_plugin *ret_plugin)
{
    const struct live_found_plugin *plugin = plugin_at(target, index);

    if (!plugin || !ret_plugin)
        return ENGRAFT_ARGUMENT;
    return result_copy(ret_plugin, &plugin->plugin, sizeof plugin->plugin);
}

const char *engraft_target_bound_host(const struct engraft_target *target, size_t index,
                                      size_t host)
{
    const struct live_found_plugin *plugin = plugin_at(target, index);

    return plugin && host < plugin->plugin.host_count ? plugin->hosts[host] : NULL;
}

size_t engraft_target_bound_kind_count(const struct engraft_target *target, size_t index,
                                       enum engraft_kind kind)
{
    const struct live_found_plugin *plugin = plugin_at(target, index);

    return plugin && (unsigned)kind < PLAN_KINDS ? plugin->kinds[kind] : 0;
}

enum engraft_status engraft_target_bound_trap(const struct engraft_target *target, size_t index,
                                              size_t trap, struct engraft_bound_trap *ret_trap)
{
    const struct live_found_plugin *plugin = plugin_at(target, index);

    if (!plugin || trap >= plugin->plugin.trap_count || !ret_trap)
        return ENGRAFT_ARGUMENT;
    return result_copy(ret_trap, &plugin->traps[trap], sizeof plugin->traps[trap]);
}

enum engraft_status engraft_target_refused(const struct engraft_target *target, size_t index,
                                           struct engraft_refusal *ret_refusal)
{
    if (!target || index >= target->live.refusal_count || !ret_refusal)
        return ENGRAFT_ARGUMENT;
    return result_copy(ret_refusal, &target->live.refusals[index],
                       sizeof target->live.refusals[index]);
}
