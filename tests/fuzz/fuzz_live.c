/* SPDX-License-Identifier: MIT */
/* What engraft's library says of itself in a process that has nothing but these bytes, at an address. */
#include "fuzz.h"

#include <string.h>

#include "api.h"

struct input {
    const uint8_t *bytes;
    size_t size;
};

static volatile uint64_t sink;

static bool input_read(void *context, uint64_t address, void *buffer, size_t length)
{
    const struct input *input = context;
    uint64_t at = address - FUZZ_LIVE_BASE;

    if (length > input->size || at > input->size - length)
        return false;
    memcpy(buffer, input->bytes + at, length);
    return true;
}

static uint64_t found_walk(const struct live_found *found)
{
    uint64_t sum = strlen(found->version) + strlen(found->problem);

    for (size_t i = 0; i < found->plugin_count; i++) {
        const struct live_found_plugin *plugin = &found->plugins[i];

        sum += strlen(plugin->plugin.path) + strlen(plugin->plugin.reason) +
               strlen(plugin->plugin.door) + strlen(plugin->plugin.plugin_abi_source) +
               strlen(engraft_verdict_name(plugin->plugin.verdict)) + plugin->plugin.traps_hit;
        for (size_t j = 0; j < plugin->plugin.host_count; j++)
            sum += strlen(plugin->hosts[j]);
        for (size_t j = 0; j < plugin->plugin.trap_count; j++)
            sum += strlen(plugin->traps[j].symbol);
    }
    for (size_t i = 0; i < found->refusal_count; i++)
        sum += strlen(found->refusals[i].path) + strlen(found->refusals[i].reason);
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct input input = {bytes, size};
    struct live_source source = {.read = input_read, .context = &input, .no_memory = "too short"};
    struct live_found found;

    /* An odd number is waited for, and nobody makes it even: that is test_live's. */
    if (size > offsetof(struct live_header, sequence) &&
        bytes[offsetof(struct live_header, sequence)] % 2)
        return 0;
    if (live_read(&source, FUZZ_LIVE_BASE, NULL, &found, NULL) != ENGRAFT_OK)
        return 0;
    sink = found_walk(&found);
    live_found_clear(&found);
    return 0;
}
