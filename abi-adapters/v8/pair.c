/* SPDX-License-Identifier: MIT */
/*
 * Pairs: a version of V8 that plugins were compiled for, on the V8 of a host. A pair is made when the
 * first plugin of its kind is planned and stays: thunks that the host holds point to it.
 */
#include <sys/mman.h>

#include "bindings.h"
#include "fork_lock.h"

#define PAIRS 8

static const char *const host_names[V8_HOST_FUNCTIONS] = {
#define HOST(id, symbol) [V8_HOST_##id] = symbol,
#include "hosts.def"
#undef HOST
};

FORK_LOCK

static struct v8_pair pairs[PAIRS];

bool v8_versions_of(const struct abi_pair *pair, enum v8_version *ret_plugin,
                    enum v8_version *ret_host)
{
    unsigned plugin[2], host[2];

    return abi_version_parts(pair->plugin->version, plugin, 2) &&
           abi_version_parts(pair->host->version, host, 2) &&
           v8_version_find(plugin[0], plugin[1], ret_plugin) &&
           v8_version_find(host[0], host[1], ret_host);
}

static void pair_fill(struct v8_pair *pair, const struct abi_pair *abi)
{
    for (unsigned i = 0; i < V8_HOST_FUNCTIONS; i++) {
        uintptr_t address = abi_host_address(abi, host_names[i]);

        memcpy(&pair->functions[i], &address, sizeof address);
    }
    v8_info_layouts_fill(&pair->layouts, pair->plugin, pair->host);
    v8_callback_constants_fill(&pair->constants, pair->plugin, pair->host);
    pair->mirrored = v8_constant(V8_kIsolateHandleScopeDataOffset, pair->plugin) != V8_NONE &&
                     pair->plugin >= V8_14_1;
}

struct v8_pair *v8_pair_of(const struct abi_pair *abi)
{
    enum v8_version plugin, host;
    struct v8_pair *pair = NULL;
    const struct image *image;
    uintptr_t module;

    if (!abi->live || !abi->engine || !abi->engine->module_count ||
        !v8_versions_of(abi, &plugin, &host))
        return NULL;
    image = abi->engine->modules[0];
    module = image->load_address + image->vaddr_start;
    lock();
    for (unsigned i = 0; i < PAIRS && !pair; i++)
        if (pairs[i].used && pairs[i].plugin == plugin && pairs[i].module == module)
            pair = &pairs[i];
    for (unsigned i = 0; i < PAIRS && !pair; i++) {
        size_t size = V8_FUNCTIONS * sizeof *pairs->slots;
        void *slots;

        if (pairs[i].used)
            continue;
        slots = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (slots == MAP_FAILED)
            break;
        pair = &pairs[i];
        *pair = (struct v8_pair){.plugin = plugin, .host = host, .module = module,
                                 .module_size = image->vaddr_end - image->vaddr_start,
                                 .slots = slots};
        pair_fill(pair, abi);
        pair->used = true;
    }
    unlock();
    return pair;
}
