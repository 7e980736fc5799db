/* SPDX-License-Identifier: MIT */
#include "rows.h"

#include <stdlib.h>
#include <string.h>

#include "output.h"

static const char *const sort_names[] = {
    [SORT_PID] = "pid",       [SORT_USER] = "user",       [SORT_COMMAND] = "command",
    [SORT_ENGINE] = "engine", [SORT_VERSION] = "version",
};

bool sort_of_name(const char *name, enum sort *ret_sort)
{
    for (size_t i = 0; i < sizeof(sort_names) / sizeof(sort_names[0]); i++) {
        if (!strcmp(name, sort_names[i])) {
            *ret_sort = (enum sort)i;
            return true;
        }
    }
    return false;
}

/* ---- which ---- */

static bool wants_engine(const struct selection *selection, const char *id)
{
    char **engine = selection->engines;

    if (!engine)
        return true;
    while (*engine && strcmp(*engine, id) != 0)
        engine++;
    return *engine != NULL;
}

static bool wants_process(const struct selection *selection, const struct engraft_process *process)
{
    bool pid = selection->pid_count == 0, user = selection->uid_count == 0;

    for (size_t i = 0; i < selection->pid_count; i++)
        pid |= selection->pids[i] == process->pid;
    for (size_t i = 0; i < selection->uid_count; i++)
        user |= selection->uids[i] == process->uid;
    return pid && user;
}

/* ---- in which order ---- */

static int compare_numbers(long long one, long long other)
{
    return (one > other) - (one < other);
}

/* Unknown ones last. */
static int compare_versions(const char *one, const char *other)
{
    if (!one || !other)
        return !one - !other;
    return strverscmp(one, other);
}

static int compare_key(const struct row *one, const struct row *other, enum sort sort)
{
    int order;

    switch (sort) {
    case SORT_USER:
        return strcmp(one->process.user, other->process.user);
    case SORT_COMMAND:
        return strcmp(one->process.command, other->process.command);
    case SORT_ENGINE:
        return strcmp(one->engine.engine, other->engine.engine);
    case SORT_VERSION: /* of different engines they do not compare */
        order = strcmp(one->engine.engine, other->engine.engine);
        return order ? order : compare_versions(one->engine.version, other->engine.version);
    case SORT_PID:
        break;
    }
    return 0;
}

/* What the key leaves open: by PID, then as the engines are called. Every order is total. */
static int compare_rows(const void *left, const void *right, void *sort)
{
    const struct row *one = left, *other = right;
    int order = compare_key(one, other, *(const enum sort *)sort);

    if (!order)
        order = compare_numbers(one->process.pid, other->process.pid);
    if (!order)
        order = strcmp(one->engine.engine, other->engine.engine);
    if (!order)
        order = compare_versions(one->engine.version, other->engine.version);
    return order ? order : strcmp(one->path, other->path);
}

/* ---- rows ---- */

static struct row *row_add(struct row **rows, size_t *count)
{
    if ((*count & (*count - 1)) == 0) {
        struct row *larger = realloc(*rows, (*count ? *count * 2 : 1) * sizeof(*larger));

        if (!larger)
            out_of_memory();
        *rows = larger;
    }
    return &(*rows)[(*count)++];
}

static void process_add(const struct engraft_processes *processes, size_t index,
                        const struct selection *selection, struct row **rows, size_t *count)
{
    struct engraft_process process = { .size = sizeof(process) };

    if (engraft_processes_process(processes, index, &process) != ENGRAFT_OK ||
        !wants_process(selection, &process))
        return;
    for (size_t i = 0; i < process.engine_count; i++) {
        struct row row = { .process = process, .engine = { .size = sizeof(row.engine) } };

        if (engraft_processes_engine(processes, index, i, &row.engine, &row.path) == ENGRAFT_OK &&
            wants_engine(selection, row.engine.engine))
            *row_add(rows, count) = row;
    }
}

struct row *rows_create(const struct engraft_processes *processes,
                        const struct selection *selection, size_t *ret_count)
{
    enum sort sort = selection->sort;
    struct row *rows = NULL;
    size_t count = 0;

    for (size_t i = 0; i < engraft_processes_count(processes); i++)
        process_add(processes, i, selection, &rows, &count);
    if (count)
        qsort_r(rows, count, sizeof(*rows), compare_rows, &sort);
    *ret_count = count;
    return rows;
}

bool row_is_first(const struct row *rows, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (rows[i].process.pid == rows[index].process.pid)
            return false;
    }
    return true;
}
