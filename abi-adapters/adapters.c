/* SPDX-License-Identifier: MIT */
/* Which engines have adapters, and what all of them compare with: see abi_adapter.h. */
#include "abi_adapter.h"

#include <string.h>

#include "error.h"

extern const struct abi_adapter abi_adapter_v8;

static const struct abi_adapter *const adapters[] = {
    &abi_adapter_v8,
};

const struct abi_adapter *abi_adapter_of(const char *engine)
{
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        if (strcmp(adapters[i]->engine, engine) == 0)
            return adapters[i];
    return NULL;
}

const char *abi_known(size_t index)
{
    for (size_t i = 0; i < sizeof adapters / sizeof *adapters; i++)
        for (size_t j = 0; adapters[i]->version && adapters[i]->version(j); j++)
            if (index-- == 0)
                return adapters[i]->version(j);
    return NULL;
}

uintptr_t abi_host_address(const struct abi_pair *pair, const char *symbol)
{
    uint32_t hash = gnu_hash(symbol, NULL);

    for (unsigned i = 0; pair->engine && i < pair->engine->module_count; i++) {
        const struct image *module = pair->engine->modules[i];
        const Elf64_Sym *found = image_find(module, symbol, hash, NULL);

        if (found)
            return pair->live ? image_symbol_address(module, found) : 1;
    }
    return 0;
}

uintptr_t abi_host_hidden(const struct abi_pair *pair, const char *symbol)
{
    uintptr_t address = abi_host_address(pair, symbol);

    for (unsigned i = 0; !address && pair->engine && i < pair->engine->module_count; i++) {
        const struct image *module = pair->engine->modules[i];
        Elf64_Sym found;

        if (pair->live && pair->find_hidden && pair->find_hidden(module, symbol, &found))
            address = image_symbol_address(module, &found);
        if (!pair->live && module->find_hidden &&
            module->find_hidden(module, symbol, &found) != ENGRAFT_SYMBOLS_NONE)
            address = 1;
    }
    return address;
}

/* ---- configurations ------------------------------------------------------------------------------- */

/* The value of `key` in a "key=value key=value" list; NULL when it is not there. */
static const char *config_value(const char *config, const char *key, size_t key_length,
                                size_t *ret_length)
{
    while (*config) {
        size_t length = strcspn(config, " ");

        if (length > key_length && config[key_length] == '=' &&
            memcmp(config, key, key_length) == 0) {
            *ret_length = length - key_length - 1;
            return config + key_length + 1;
        }
        config += length;
        config += strspn(config, " ");
    }
    return NULL;
}

bool abi_config_agrees(const char *plugin, const char *host, char *ret_reason, size_t size)
{
    while (*plugin) {
        size_t length = strcspn(plugin, " "), key_length = strcspn(plugin, "= ");
        const char *value = plugin + key_length + 1, *host_value;
        size_t value_length, host_length = 0;

        if (key_length < length) {
            value_length = length - key_length - 1;
            host_value = config_value(host, plugin, key_length, &host_length);
            if (host_value && (host_length != value_length ||
                               memcmp(host_value, value, value_length) != 0)) {
                text_format(ret_reason, size, "%.*s is %.*s in the plugin and %.*s in the host",
                            (int)key_length, plugin, (int)value_length, value,
                            (int)host_length, host_value);
                return false;
            }
        }
        plugin += length;
        plugin += strspn(plugin, " ");
    }
    return true;
}

/* ---- versions ------------------------------------------------------------------------------------- */

bool abi_version_parts(const char *version, unsigned *ret_parts, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        unsigned value = 0;

        if (*version < '0' || *version > '9')
            return false;
        for (; *version >= '0' && *version <= '9'; version++) {
            if (value > 100000000)
                return false;
            value = value * 10 + (unsigned)(*version - '0');
        }
        ret_parts[i] = value;
        if (*version == '.')
            version++;
        else if (i + 1 < count)
            return false;
    }
    return true;
}
