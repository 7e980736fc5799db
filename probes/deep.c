/* SPDX-License-Identifier: MIT */
/* What engraft-deep.so offers to libengraft: the table of relinker/deep.h. */
#include <string.h>

#include "abi-adapters/v8/fixups.h"
#include "engine-stub/stub.h"
#include "error.h"
#include "facts.h"
#include "identify.h"
#include "processes.h"
#include "readers.h"

/* The number when all of `spec` is decimal digits; 0 when it is not, -1 when it is no PID. */
static long spec_pid(const char *spec)
{
    long pid = 0;

    if (strspn(spec, "0123456789") != strlen(spec))
        return 0;
    for (; *spec; spec++) {
        pid = pid * 10 + (*spec - '0');
        if (pid > INT32_MAX)
            return -1;
    }
    return pid ? pid : -1;
}

static enum engraft_status deep_open(const char *spec, struct deep_modules *ret_modules,
                                     struct engraft_error *reterr)
{
    long pid;

    if (!spec || !*spec)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "an empty target");
    pid = spec_pid(spec);
    if (pid < 0)
        return error_set(reterr, ENGRAFT_NOT_FOUND, spec, NULL, "no process has this number");
    return pid ? pid_modules((pid_t)pid, ret_modules, reterr)
               : file_modules(spec, ret_modules, reterr);
}

static bool deep_read(const struct deep_modules *modules, uint64_t address, void *buffer,
                      size_t length)
{
    return modules->is_core ? core_read(modules->reader, address, buffer, length)
                            : modules->pid && pid_read((pid_t)modules->pid, address, buffer, length);
}

static const char *deep_engine_id(size_t index)
{
    const struct engine_facts *facts = engine_facts_at(index);

    return facts ? facts->id : NULL;
}

static enum engraft_status deep_repairs(const struct image *image, const struct abi *plugin,
                                        const struct abi *host, struct abi_repair **ret_repairs,
                                        size_t *ret_count, struct engraft_error *reterr)
{
    struct v8_fixup_needs needs;

    *ret_repairs = NULL;
    *ret_count = 0;
    if (strcmp(plugin->engine, "v8") != 0 || !v8_fixup_needs(plugin, host, &needs))
        return ENGRAFT_OK;
    return v8_fixups_find(image, &needs, ret_repairs, ret_count, reterr);
}

const struct engraft_deep_table engraft_deep_table = {
    .version = ENGRAFT_DEEP_VERSION,
    .open = deep_open,
    .close = modules_release,
    .identify = identify_modules,
    .needs = identify_needs,
    .engine_id = deep_engine_id,
    .processes_create = processes_create,
    .processes_read = processes_read,
    .processes_destroy = processes_destroy,
    .build_id = reader_build_id,
    .read = deep_read,
    .repairs = deep_repairs,
    .stub_create = stub_create,
};
