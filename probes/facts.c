/* SPDX-License-Identifier: MIT */
/* The rows of engines.def as facts. */
#include "facts.h"

#include <string.h>

#include "error.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct engine_facts all_facts[] = {
#define ENGRAFT_ENGINE(key, name, ...) {.id = name, __VA_ARGS__},
#define ENGRAFT_BOUND_ENGINE(key, core_markers, name, ...) {.id = name, __VA_ARGS__},
#include "engines.def"
#undef ENGRAFT_BOUND_ENGINE
#undef ENGRAFT_ENGINE
};

_Static_assert(COUNT(all_facts) <= ENGINES_MAX, "ENGINES_MAX has to grow with engines.def");

const struct engine_facts *engine_facts_at(size_t index)
{
    return index < COUNT(all_facts) ? &all_facts[index] : NULL;
}

const struct engine_facts *engine_facts_of(const char *id)
{
    for (size_t i = 0; i < COUNT(all_facts); i++)
        if (strcmp(all_facts[i].id, id) == 0)
            return &all_facts[i];
    return NULL;
}

/* What follows "_Z" and a length; NULL: the name is no function's of C++ outside of every namespace. */
static const char *mangled_name(const char *name)
{
    size_t digits = strncmp(name, "_Z", 2) == 0 ? strspn(name + 2, "0123456789") : 0;

    return digits ? name + 2 + digits : NULL;
}

size_t api_prefix_length(const char *name, const char *const *prefixes)
{
    const char *mangled = mangled_name(name);
    size_t longest = 0;

    for (; *prefixes; prefixes++) {
        size_t length = strlen(*prefixes);

        if (length > longest &&
            (strncmp(name, *prefixes, length) == 0 ||
             (mangled && (*prefixes)[length - 1] == '_' &&
              strncmp(mangled, *prefixes, length) == 0)))
            longest = length;
    }
    return longest;
}

/* Where `word`'s key stands in the configuration, or where it belongs. */
static char *config_place(char *config, const char *word, size_t key_length, bool *ret_same)
{
    char *at = config;

    *ret_same = false;
    while (*at) {
        size_t length = strcspn(at, " ");
        size_t key = strcspn(at, "= ");
        int order = strncmp(at, word, key < key_length ? key : key_length);

        *ret_same = order == 0 && key == key_length;
        if (*ret_same || order > 0 || (order == 0 && key > key_length))
            return at;
        at += length + (at[length] == ' ');
    }
    return at;
}

void config_set(struct abi *abi, const char *key_and_value)
{
    char rest[sizeof abi->config];
    bool same;
    char *at = config_place(abi->config, key_and_value, strcspn(key_and_value, "="), &same);
    size_t room = sizeof abi->config - (size_t)(at - abi->config);

    if (same)
        return; /* the first that was found stands */
    if (strlen(abi->config) + strlen(key_and_value) + 2 > sizeof abi->config)
        return;
    text_format(rest, sizeof rest, "%s", at);
    if (*rest)
        text_format(at, room, "%s %s", key_and_value, rest);
    else
        text_format(at, room, "%s%s", at > abi->config ? " " : "", key_and_value);
}
