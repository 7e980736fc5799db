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
