/* SPDX-License-Identifier: MIT */
/* engraft_processes_*: the engines of all processes, as engraft-deep.so finds them. */
#include <stdlib.h>

#include "api.h"

struct engraft_processes {
    const struct engraft_deep_table *deep;
    struct deep_processes *list;
    bool valid; /* whether the last snapshot could be taken */
};

const char *engraft_engine_id(size_t index)
{
    const struct engraft_deep_table *deep = deep_table(NULL);

    return deep ? deep->engine_id(index) : NULL;
}

enum engraft_status engraft_processes_open(struct engraft_processes **ret_processes,
                                           struct engraft_error *reterr)
{
    const struct engraft_deep_table *deep;
    struct engraft_processes *processes;

    if (!ret_processes)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "ret_processes is NULL");
    deep = deep_table(reterr);
    if (!deep)
        return ENGRAFT_DEEP;
    processes = calloc(1, sizeof *processes);
    if (processes) {
        processes->deep = deep;
        processes->list = deep->processes_create();
    }
    if (!processes || !processes->list) {
        free(processes);
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    }
    *ret_processes = processes;
    return ENGRAFT_OK;
}

enum engraft_status engraft_processes_read(struct engraft_processes *processes,
                                           struct engraft_error *reterr)
{
    enum engraft_status status;

    if (!processes)
        return error_set(reterr, ENGRAFT_ARGUMENT, NULL, NULL, "processes is NULL");
    status = processes->deep->processes_read(processes->list, reterr);
    processes->valid = status == ENGRAFT_OK;
    return status;
}

void engraft_processes_close(struct engraft_processes *processes)
{
    if (!processes)
        return;
    processes->deep->processes_destroy(processes->list);
    free(processes);
}

void engraft_processes_summary(const struct engraft_processes *processes,
                               struct engraft_processes_summary *ret_summary)
{
    static const struct engraft_processes_summary nothing;

    if (ret_summary)
        result_copy(ret_summary,
                    processes && processes->valid ? &processes->list->summary : &nothing,
                    sizeof nothing);
}

size_t engraft_processes_count(const struct engraft_processes *processes)
{
    return processes && processes->valid ? processes->list->count : 0;
}

enum engraft_status engraft_processes_process(const struct engraft_processes *processes,
                                              size_t index, struct engraft_process *ret_process)
{
    struct engraft_process result = {0};
    const struct deep_process *process;

    if (!ret_process || index >= engraft_processes_count(processes))
        return ENGRAFT_ARGUMENT;
    process = &processes->list->items[index];
    result.pid = process->pid;
    result.uid = process->uid;
    result.user = process->user;
    result.command = process->command;
    result.container = process->container;
    result.engine_count = process->engine_count;
    return result_copy(ret_process, &result, sizeof result);
}

enum engraft_status engraft_processes_engine(const struct engraft_processes *processes,
                                             size_t index, size_t engine,
                                             struct engraft_engine *ret_engine,
                                             const char **ret_path)
{
    const struct deep_process_engine *found;
    struct engraft_engine result;
    enum engraft_status status;

    if (!ret_engine || index >= engraft_processes_count(processes) ||
        engine >= processes->list->items[index].engine_count)
        return ENGRAFT_ARGUMENT;
    found = &processes->list->items[index].engines[engine];
    engine_describe(found->instance, &result);
    result.ready = -1;
    result.module_count = 1;
    result.evidence_count = 0;
    status = result_copy(ret_engine, &result, sizeof result);
    if (status == ENGRAFT_OK && ret_path)
        *ret_path = found->path;
    return status;
}
