/* SPDX-License-Identifier: MIT */
/* The ENGRAFT_* environment: engraft(7). */
#include <string.h>
#include <sys/auxv.h>

#include "relinker.h"

extern char **environ;
extern void *__libc_stack_end; /* ld.so, GLIBC_2.2.5: argc of the initial stack */

/* Plugins that the executable NEEDs are bound before libc's constructor has set environ: the block
 * that the kernel put on the stack is read then. */
static char **environment_block(void)
{
    char **block = environ;

    if (!block && __libc_stack_end) {
        const long *stack = __libc_stack_end;

        block = (char **)(void *)(stack + 1 + *stack + 1);
    }
    return block;
}

const char *environment_get(const char *name)
{
    size_t length = strlen(name);
    char **block = environment_block();

    if (getauxval(AT_SECURE) || !block)
        return NULL;
    for (; *block; block++)
        if (strncmp(*block, name, length) == 0 && (*block)[length] == '=')
            return *block + length + 1;
    return NULL;
}

bool policy_disabled(void)
{
    const char *value = environment_get("ENGRAFT_DISABLE");

    return value && *value && strcmp(value, "0") != 0;
}

const char *path_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static void value_copy(char *ret_value, size_t size, const char *value, size_t length)
{
    if (length >= size)
        length = size - 1;
    memcpy(ret_value, value, length);
    ret_value[length] = '\0';
}

int policy_value(const char *variable, const char *plugin_path, char *ret_value, size_t size)
{
    const char *list = environment_get(variable);
    const char *plugin = path_file_name(plugin_path ? plugin_path : "");
    int found = 0;

    while (list && *list) {
        size_t item = strcspn(list, ",");
        const char *equals = memchr(list, '=', item);

        if (!equals && !found) {
            value_copy(ret_value, size, list, item);
            found = 1;
        } else if (equals && strlen(plugin) == (size_t)(equals - list) &&
                   strncmp(list, plugin, (size_t)(equals - list)) == 0) {
            value_copy(ret_value, size, equals + 1, item - (size_t)(equals - list) - 1);
            return 2;
        }
        list += item + (list[item] == ',');
    }
    return found;
}
