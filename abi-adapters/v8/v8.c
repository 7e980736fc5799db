/* SPDX-License-Identifier: MIT */
/*
 * V8: how two versions relate.
 *
 * V8's headers inline layouts of the heap, of isolates and of callback arguments into the plugin.
 * Within one major.minor these hold (v8-internal.h is identical from the first to the newest patch
 * of node 20, 22, 24 and 26); between two of them a plugin can resolve every name and still return
 * wrong data (an addon for V8 10.2 in node 20), so that no pair is accepted that the tables of the
 * adapters (versions.def, bindings.def) do not know.
 */
#include <string.h>

#include "bindings.h"
#include "error.h"
#include "fixups.h"
#include "host.h"
#include "node_module.h"
#include "shadow.h"

#define OVERRIDE "ENGRAFT_ALLOW=mismatch tries anyway"

static bool versions_known(const struct abi *plugin, const struct abi *host, unsigned *ret_plugin,
                           unsigned *ret_host, struct abi_relation *ret)
{
    if (!abi_version_parts(plugin->version, ret_plugin, 2)) {
        text_format(ret->reason, sizeof ret->reason,
                    "it cannot be told which V8 the plugin was compiled for%s%s%s; say it with "
                    "ENGRAFT_PLUGIN_ABI=v8:MAJOR.MINOR",
                    plugin->version[0] ? " (\"" : "", plugin->version,
                    plugin->version[0] ? "\")" : "");
        return false;
    }
    if (!abi_version_parts(host->version, ret_host, 2)) {
        text_format(ret->reason, sizeof ret->reason,
                    "the plugin was compiled for V8 %s and the version of the host's V8 cannot "
                    "be told%s%s%s; " OVERRIDE,
                    plugin->version, host->version[0] ? " (\"" : "", host->version,
                    host->version[0] ? "\")" : "");
        return false;
    }
    return true;
}

/* Both versions have rows in the tables, and this machine has thunks. */
static bool adapters_known(const struct abi *plugin, const struct abi *host,
                           const unsigned *plugin_parts, const unsigned *host_parts,
                           struct abi_relation *ret)
{
    enum v8_version version;
    const char *unknown = NULL;

#ifndef __x86_64__
    text_format(ret->reason, sizeof ret->reason,
                "the plugin was compiled for V8 %s and the host runs V8 %s: adapters between "
                "versions are for x86-64 only; " OVERRIDE,
                plugin->version, host->version);
    return false;
#endif
    if (!v8_version_find(plugin_parts[0], plugin_parts[1], &version))
        unknown = plugin->version;
    else if (v8_constant(V8_kIsolateEmbedderDataOffset, version) < (int)sizeof(struct shadow)) {
        text_format(ret->reason, sizeof ret->reason,
                    "the plugin was compiled for V8 %s and the host runs V8 %s: plugins of %s look "
                    "for an isolate's data where the adapters have theirs",
                    plugin->version, host->version, plugin->version);
        return false;
    } else if (!v8_version_find(host_parts[0], host_parts[1], &version))
        unknown = host->version;
    if (!unknown)
        return true;
    text_format(ret->reason, sizeof ret->reason,
                "the plugin was compiled for V8 %s and the host runs V8 %s: their layouts differ "
                "and the adapters do not know V8 %s; " OVERRIDE,
                plugin->version, host->version, unknown);
    return false;
}

/* The tables are those of V8 as Node.js builds it. */
static bool config_known(const struct abi *abi, const char *who, struct abi_relation *ret)
{
    static const struct {
        const char *word, *text;
    } others[] = {
        {"pointer-compression=yes", "pointer compression"},
        {"sandbox=yes", "the sandbox"},
        {"stdlib=libc++", "libc++"},
    };

    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (!strstr(abi->config, others[i].word))
            continue;
        text_format(ret->reason, sizeof ret->reason,
                    "the V8 %s of %s is built with %s, which the adapters between versions do not "
                    "know; " OVERRIDE,
                    abi->version, who, others[i].text);
        return false;
    }
    return true;
}

static void v8_relate(const struct abi *plugin, const struct abi *host, struct abi_relation *ret)
{
    unsigned plugin_parts[2], host_parts[2];
    char difference[256];
    bool equal;

    ret->verdict = ENGRAFT_VERDICT_REFUSED;
    ret->reason[0] = '\0';
    if (!versions_known(plugin, host, plugin_parts, host_parts, ret))
        return;
    equal = plugin_parts[0] == host_parts[0] && plugin_parts[1] == host_parts[1];
    if (!equal && (!adapters_known(plugin, host, plugin_parts, host_parts, ret) ||
                   !config_known(plugin, "the plugin", ret) || !config_known(host, "the host", ret)))
        return;
    if (!abi_config_agrees(plugin->config, host->config, difference, sizeof difference)) {
        text_format(ret->reason, sizeof ret->reason,
                    "plugin (V8 %s) and host (V8 %s) are built differently: %s; " OVERRIDE,
                    plugin->version, host->version, difference);
        return;
    }
    ret->verdict = equal ? ENGRAFT_VERDICT_EXACT : ENGRAFT_VERDICT_ADAPTED;
    if (!equal)
        text_format(ret->reason, sizeof ret->reason,
                    "compiled for V8 %s, adapted to the host's V8 %s", plugin->version,
                    host->version);
}

static bool versions_equal(const struct abi_pair *pair)
{
    unsigned plugin[2], host[2];

    return abi_version_parts(pair->plugin->version, plugin, 2) &&
           abi_version_parts(pair->host->version, host, 2) && plugin[0] == host[0] &&
           plugin[1] == host[1];
}

/* Start and end of V8, its flags: none of them takes what has a layout, but for the platform, which
 * initialize_platform() of lifecycle.c makes fit for the host. */
static bool is_of_process(const char *symbol)
{
    return strncmp(symbol, "_ZN2v82V8", 9) == 0 || strncmp(symbol, "_ZN5cppgc", 9) == 0;
}

static bool v8_route(const struct abi_pair *pair, const char *symbol, struct abi_route *ret)
{
    if (versions_equal(pair))
        return lifecycle_route(pair, symbol, ret);
    return node_module_route(pair, symbol, ret) ||
           (is_of_process(symbol) && lifecycle_route(pair, symbol, ret)) ||
           v8_bindings_route(pair, symbol, ret);
}

static void v8_leave(const struct abi_object *object)
{
    node_module_leave(object);
    host_leave(object);
    v8_callbacks_forget(object->start, object->end);
    v8_vtables_forget(object->start, object->end);
}

/* Names of V8's ABI that are not C++: post-mortem constants are ints, node's registration a call. */
static int v8_is_data(const char *symbol)
{
    if (strncmp(symbol, "v8dbg_", 6) == 0)
        return 1;
    return strcmp(symbol, "node_module_register") == 0 ? 0 : -1;
}

static enum engraft_status v8_enter(const struct abi_pair *pair, const struct abi_object *object)
{
    enum engraft_status status = host_enter(pair, object);

    if (status == ENGRAFT_OK)
        node_module_enter(pair, object);
    return status;
}

static bool v8_repairs(const struct abi_pair *pair)
{
    struct v8_fixup_needs needs;

    return v8_fixup_needs(pair->plugin, pair->host, &needs) && v8_fixup_needs_any(&needs);
}

static const char *v8_version(size_t index)
{
    static const char *const versions[] = {
#define V8_VERSION(major, minor, node) "v8:" #major "." #minor,
#include "versions.def"
#undef V8_VERSION
    };

    return index < sizeof versions / sizeof *versions ? versions[index] : NULL;
}

static bool v8_name(const struct abi *plugin, size_t index, const char **ret_name)
{
    const struct abi_pair same = {.plugin = plugin, .host = plugin};
    enum v8_version version, host;
    bool known = v8_versions_of(&same, &version, &host);

    if (index >= V8_FUNCTIONS)
        return false;
    *ret_name = v8_function_name((int)index);
    if (!known || !(v8_function_at((int)index)->exported & 1u << version) ||
        v8_function_find(*ret_name, version) != (int)index)
        *ret_name = NULL;
    return true;
}

extern const struct abi_adapter abi_adapter_v8;
const struct abi_adapter abi_adapter_v8 = {
    .engine = "v8",
    .relate = v8_relate,
    .route = v8_route,
    .is_data = v8_is_data,
    .version = v8_version,
    .name = v8_name,
    .enter = v8_enter,
    .leave = v8_leave,
    .repairs = v8_repairs,
    .opened = node_module_opened,
};
