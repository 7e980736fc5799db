/* SPDX-License-Identifier: MIT */
/*
 * V8: how two versions relate.
 *
 * V8's headers inline layouts of the heap, of isolates and of callback arguments into the plugin.
 * Within one major.minor these hold (v8-internal.h is identical from the first to the newest patch
 * of node 20, 22, 24 and 26); between two of them a plugin can resolve every name and still return
 * wrong data (an addon for V8 10.2 in node 20), so that no pair is accepted without adapters.
 */
#include <string.h>

#include "error.h"
#include "fixups.h"
#include "host.h"

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

static void v8_relate(const struct abi *plugin, const struct abi *host, struct abi_relation *ret)
{
    unsigned plugin_parts[2], host_parts[2];
    char difference[256];

    ret->verdict = ENGRAFT_VERDICT_REFUSED;
    ret->reason[0] = '\0';
    if (!versions_known(plugin, host, plugin_parts, host_parts, ret))
        return;
    if (plugin_parts[0] != host_parts[0] || plugin_parts[1] != host_parts[1]) {
        text_format(ret->reason, sizeof ret->reason,
                    "the plugin was compiled for V8 %s and the host runs V8 %s: their layouts "
                    "differ and there are no adapters for this pair; " OVERRIDE,
                    plugin->version, host->version);
        return;
    }
    if (!abi_config_agrees(plugin->config, host->config, difference, sizeof difference)) {
        text_format(ret->reason, sizeof ret->reason,
                    "plugin (V8 %s) and host (V8 %s) are built differently: %s; " OVERRIDE,
                    plugin->version, host->version, difference);
        return;
    }
    ret->verdict = ENGRAFT_VERDICT_EXACT;
}

/* Names of V8's ABI that are not C++: post-mortem constants are ints, node's registration a call. */
static int v8_is_data(const char *symbol)
{
    if (strncmp(symbol, "v8dbg_", 6) == 0)
        return 1;
    return strcmp(symbol, "node_module_register") == 0 ? 0 : -1;
}

static bool v8_repairs(const struct abi_pair *pair)
{
    struct v8_fixup_needs needs;

    return v8_fixup_needs(pair->plugin, pair->host, &needs) && v8_fixup_needs_any(&needs);
}

extern const struct abi_adapter abi_adapter_v8;
const struct abi_adapter abi_adapter_v8 = {
    .engine = "v8",
    .relate = v8_relate,
    .route = lifecycle_route,
    .is_data = v8_is_data,
    .enter = host_enter,
    .leave = host_leave,
    .repairs = v8_repairs,
};
