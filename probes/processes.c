/* SPDX-License-Identifier: MIT */
/* A snapshot of all processes: what their files implement, and why some could not be asked. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"
#include "process_files.h"
#include "processes.h"
#include "readers.h"

#define DELETED " (deleted)"
#define CONTAINER_MAX 256

/* ---- names of users ---- */

struct user {
    struct user *next;
    unsigned uid;
    char name[];
};

static struct user *user_create(unsigned uid)
{
    char buffer[4096], number[16];
    struct passwd entry, *found = NULL;
    const char *name = number;
    struct user *user;

    text_format(number, sizeof number, "%u", uid);
    if (getpwuid_r(uid, &entry, buffer, sizeof buffer, &found) == 0 && found)
        name = found->pw_name;
    user = malloc(sizeof *user + strlen(name) + 1);
    if (user) {
        user->uid = uid;
        strcpy(user->name, name);
    }
    return user;
}

static const char *user_name(struct user **users, unsigned uid)
{
    struct user *user = *users;

    while (user && user->uid != uid)
        user = user->next;
    if (!user) {
        user = user_create(uid);
        if (!user)
            return NULL;
        user->next = *users;
        *users = user;
    }
    return user->name;
}

/* ---- a snapshot ---- */

struct snapshot {
    struct deep_processes list; /* first: what the others see */
    size_t room;
    struct process_files *files;
    struct process_maps maps;
    struct process_place own;
    struct user *users;
};

static void process_clear(struct deep_process *process)
{
    for (size_t i = 0; i < process->engine_count; i++)
        if (i == 0 || process->engines[i].path != process->engines[i - 1].path)
            free((void *)(uintptr_t)process->engines[i].path);
    free(process->engines);
    free(process->container);
}

static void snapshot_clear(struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->list.count; i++)
        process_clear(&snapshot->list.items[i]);
    snapshot->list.count = 0;
    memset(&snapshot->list.summary, 0, sizeof snapshot->list.summary);
    snapshot->list.summary.size = sizeof snapshot->list.summary;
}

struct deep_processes *processes_create(void)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);

    if (!snapshot)
        return NULL;
    snapshot->maps.directory = -1;
    snapshot->files = process_files_create();
    if (!snapshot->files) {
        free(snapshot);
        return NULL;
    }
    return &snapshot->list;
}

void processes_destroy(struct deep_processes *processes)
{
    struct snapshot *snapshot = (struct snapshot *)processes;

    if (!snapshot)
        return;
    snapshot_clear(snapshot);
    while (snapshot->users) {
        struct user *user = snapshot->users;

        snapshot->users = user->next;
        free(user);
    }
    process_maps_release(&snapshot->maps);
    process_files_destroy(snapshot->files);
    free(snapshot->list.items);
    free(snapshot);
}

/* ---- the files of a process ---- */

/* Without " (deleted)", unless that really is the name's end. */
static char *object_path(struct snapshot *snapshot, pid_t pid, const struct process_object *object)
{
    const char *name = process_maps_path(&snapshot->maps, object);
    char *path = strdup(name ? name : ""), *whole;
    size_t length = path ? strlen(path) : 0, ending = strlen(DELETED);
    struct file_facts facts;

    if (length <= ending || strcmp(path + length - ending, DELETED) != 0)
        return path;
    whole = malloc(length + 64);
    if (!whole) {
        free(path);
        return NULL;
    }
    text_format(whole, length + 64, "/proc/%d/root%s", (int)pid, path);
    if (!file_facts_read(-1, whole, &facts) || facts.inode != object->inode)
        path[length - ending] = '\0';
    free(whole);
    return path;
}

static bool engines_add(struct snapshot *snapshot, struct deep_process *process, pid_t pid,
                        const struct process_object *object, const struct identity *identity)
{
    size_t count = process->engine_count + identity->engine_count;
    struct deep_process_engine *engines = realloc(process->engines, count * sizeof *engines);
    char *path;

    if (!engines)
        return false;
    process->engines = engines;
    path = object_path(snapshot, pid, object);
    if (!path)
        return false;
    for (size_t i = 0; i < identity->engine_count; i++)
        engines[process->engine_count++] =
            (struct deep_process_engine){&identity->engines[i], path};
    return true;
}

static bool objects_walk(struct snapshot *snapshot, struct deep_process *process, pid_t pid)
{
    struct process_object object;

    while (process_maps_next(&snapshot->maps, &object)) {
        struct identity identity;

        if (!object.loaded)
            continue;
        if (!process_files_identity(snapshot->files, &snapshot->maps, pid, &object, &identity))
            return false;
        if (identity.engine_count && !engines_add(snapshot, process, pid, &object, &identity))
            return false;
    }
    return true;
}

/* ---- a process ---- */

enum outcome { READ, NO_MEMORY, KERNEL_THREAD, ZOMBIE, GONE, FORBIDDEN, FAILED };

/* Why there are no mappings, or none that may be seen. */
static enum outcome outcome_without_maps(pid_t pid, enum outcome otherwise)
{
    unsigned long flags;
    char state;

    if (!process_state(pid, &state, &flags))
        return otherwise == FORBIDDEN && errno != ENOENT && errno != ESRCH ? FORBIDDEN : GONE;
    if (flags & PROCESS_KERNEL_THREAD)
        return KERNEL_THREAD;
    return state == 'Z' || state == 'X' ? ZOMBIE : otherwise;
}

/* The first thread of a process may end before the others: they still have the memory. */
static pid_t other_thread(pid_t pid)
{
    char path[64];
    pid_t thread = 0;
    DIR *directory;

    text_format(path, sizeof path, "/proc/%d/task", (int)pid);
    directory = opendir(path);
    if (!directory)
        return 0;
    for (struct dirent *entry; !thread && (entry = readdir(directory));) {
        long number = strtol(entry->d_name, NULL, 10);

        if (number > 0 && number != pid)
            thread = (pid_t)number;
    }
    closedir(directory);
    return thread;
}

static void failure_keep(struct snapshot *snapshot, pid_t pid, int number)
{
    struct engraft_processes_summary *summary = &snapshot->list.summary;
    char name[32];

    text_format(name, sizeof name, "%d", (int)pid);
    if (summary->failed == 0)
        error_set(&summary->first_failure, ENGRAFT_SYSTEM, name, NULL, "/proc/%d/maps: %s",
                  (int)pid, strerror(number));
}

static enum outcome maps_walk(struct snapshot *snapshot, struct deep_process *process, pid_t pid)
{
    enum process_maps_status status = process_maps_begin(&snapshot->maps, pid);
    bool enough;

    if (status == PROCESS_MAPS_NONE)
        return outcome_without_maps(pid, READ);
    if (status == PROCESS_MAPS_FAILED) {
        int number = errno;
        enum outcome outcome =
            outcome_without_maps(pid, number == EACCES || number == EPERM ? FORBIDDEN : FAILED);

        if (outcome == FAILED)
            failure_keep(snapshot, pid, number);
        return outcome;
    }
    enough = objects_walk(snapshot, process, pid);
    process_maps_end(&snapshot->maps);
    return enough ? READ : NO_MEMORY;
}

static void command_read(pid_t pid, char *ret_command, size_t size)
{
    char path[64], *text;
    size_t length = 0;

    text_format(path, sizeof path, "/proc/%d/comm", (int)pid);
    text = proc_read(path, 4096, &length);
    if (length && text[length - 1] == '\n')
        text[length - 1] = '\0';
    text_format(ret_command, size, "%s", text ? text : "");
    free(text);
}

/* What is only told of processes with an engine. */
static enum outcome process_describe(struct snapshot *snapshot, struct deep_process *process)
{
    char container[CONTAINER_MAX];

    if (!process_user(process->pid, &process->uid))
        return GONE;
    process->user = user_name(&snapshot->users, process->uid);
    command_read(process->pid, process->command, sizeof process->command);
    process_container(process->pid, &snapshot->own, container, sizeof container);
    process->container = strdup(container);
    return process->user && process->container ? READ : NO_MEMORY;
}

static bool process_keep(struct snapshot *snapshot, const struct deep_process *process)
{
    struct deep_processes *list = &snapshot->list;

    if (list->count == snapshot->room) {
        size_t room = snapshot->room ? snapshot->room * 2 : 64;
        struct deep_process *items = realloc(list->items, room * sizeof *items);

        if (!items)
            return false;
        list->items = items;
        snapshot->room = room;
    }
    list->items[list->count++] = *process;
    return true;
}

static enum outcome process_read(struct snapshot *snapshot, pid_t pid)
{
    struct deep_process process = {.pid = pid};
    enum outcome outcome;
    pid_t thread;

    process_files_next(snapshot->files);
    outcome = maps_walk(snapshot, &process, pid);
    thread = outcome == ZOMBIE ? other_thread(pid) : 0;

    if (thread && maps_walk(snapshot, &process, thread) == READ)
        outcome = READ;
    if (outcome == READ && process.engine_count) {
        outcome = process_describe(snapshot, &process);
        if (outcome == READ && process_keep(snapshot, &process))
            return READ;
        outcome = outcome == READ ? NO_MEMORY : outcome;
    }
    process_clear(&process);
    return outcome;
}

static bool outcome_count(struct engraft_processes_summary *summary, enum outcome outcome)
{
    size_t *const counts[] = {
        [READ] = &summary->read,           [KERNEL_THREAD] = &summary->kernel_threads,
        [ZOMBIE] = &summary->zombies,      [GONE] = &summary->gone,
        [FORBIDDEN] = &summary->forbidden, [FAILED] = &summary->failed,
    };

    if (outcome == NO_MEMORY)
        return false;
    ++*counts[outcome];
    return true;
}

static bool processes_walk(struct snapshot *snapshot, DIR *directory)
{
    struct engraft_processes_summary *summary = &snapshot->list.summary;

    for (struct dirent *entry; (entry = readdir(directory));) {
        char *rest;
        long pid = entry->d_name[0] >= '1' && entry->d_name[0] <= '9'
                       ? strtol(entry->d_name, &rest, 10)
                       : 0;

        if (pid <= 0 || *rest)
            continue;
        summary->seen++;
        if (!outcome_count(summary, process_read(snapshot, (pid_t)pid)))
            return false;
    }
    return true;
}

static int process_compare(const void *one, const void *other)
{
    int a = ((const struct deep_process *)one)->pid, b = ((const struct deep_process *)other)->pid;

    return (a > b) - (a < b);
}

static void snapshot_finish(struct snapshot *snapshot)
{
    struct deep_processes *list = &snapshot->list;

    process_files_count(snapshot->files, &list->summary);
    if (list->count)
        qsort(list->items, list->count, sizeof *list->items, process_compare);
}

enum engraft_status processes_read(struct deep_processes *processes, struct engraft_error *reterr)
{
    struct snapshot *snapshot = (struct snapshot *)processes;
    DIR *directory = opendir("/proc");
    bool enough;

    if (!directory)
        return error_set(reterr, ENGRAFT_SYSTEM, "/proc", NULL, "%s", strerror(errno));
    snapshot_clear(snapshot);
    process_files_renew(snapshot->files);
    process_place_of_self(&snapshot->own);
    snapshot->maps.directory = dirfd(directory);
    enough = processes_walk(snapshot, directory);
    closedir(directory);
    if (!enough) {
        snapshot_clear(snapshot);
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    }
    if (snapshot->list.summary.seen == 0)
        return error_set(reterr, ENGRAFT_SYSTEM, "/proc", NULL, "no process in it: not mounted?");
    snapshot_finish(snapshot);
    return ENGRAFT_OK;
}
