/* SPDX-License-Identifier: MIT */
#include "snapshot.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "json.h"
#include "output.h"

#define CONTAINER_WIDTH 12 /* as much of an id as people know it by */
#define USER_WIDTH 12

enum {
    COLUMN_PID,
    COLUMN_USER,
    COLUMN_COMMAND,
    COLUMN_ENGINE,
    COLUMN_VERSION,
    COLUMN_LINKAGE,
    COLUMN_SYMBOLS,
    COLUMN_CONTAINER,
};

/* ---- for people ---- */

static void print_summary(const struct engraft_processes_summary *summary, size_t with_engine)
{
    size_t processes = summary->read + summary->forbidden + summary->failed;

    fflush(stdout);
    fprintf(stderr, "%zu process%s, %zu with an engine", processes, processes == 1 ? "" : "es",
            with_engine);
    if (summary->forbidden)
        fprintf(stderr, "; %zu of other users not readable%s", summary->forbidden,
                geteuid() == 0 ? "" : " (run as root)");
    if (summary->failed)
        fprintf(stderr, "; %zu not readable", summary->failed);
    if (summary->files_failed)
        fprintf(stderr, "; %zu file%s not readable", summary->files_failed,
                summary->files_failed == 1 ? "" : "s");
    putc('\n', stderr);
    if (summary->failed)
        print_error(&summary->first_failure);
}

static bool any_container(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (rows[i].process.container[0])
            return true;
    }
    return false;
}

/* Ids are 64 digits; people know them by the first twelve. Names stay. */
static void shorten(const char *container, char *ret_text, size_t size)
{
    bool id = strspn(container, "0123456789abcdef") == 64 && !container[64];

    snprintf(ret_text, size, "%.*s", id ? CONTAINER_WIDTH : INT_MAX, container);
}

static void print_row(struct table *table, const struct row *row)
{
    char pid[16], user[64], container[256];
    bool long_user = strlen(row->process.user) > USER_WIDTH;

    snprintf(pid, sizeof(pid), "%d", row->process.pid);
    snprintf(user, sizeof(user), "%.*s%s", long_user ? USER_WIDTH - 1 : USER_WIDTH,
             row->process.user, long_user ? "+" : "");
    shorten(row->process.container, container, sizeof(container));
    table_row(table, NULL,
              (const char *const[]){ pid, user, row->process.command,
                                     row->engine.engine,
                                     row->engine.version ? row->engine.version : "-",
                                     linkage_name(row->engine.linkage),
                                     symbols_name(row->engine.symbols), container });
}

static void print_table(const struct row *rows, size_t count)
{
    static const char *const headings[] = { "PID",     "USER",    "COMMAND", "ENGINE", "VERSION",
                                            "LINKAGE", "SYMBOLS", NULL };
    static const char *const with_container[] = { "PID",     "USER",    "COMMAND",
                                                  "ENGINE",  "VERSION", "LINKAGE",
                                                  "SYMBOLS", "CONTAINER", NULL };
    struct table *table;

    if (count == 0)
        return;
    table = table_create(any_container(rows, count) ? with_container : headings);
    table_align_right(table, COLUMN_PID);
    /* What is lost of these least hurts; SYMBOLS is not wider than its heading. */
    table_may_cut(table, COLUMN_COMMAND);
    table_may_cut(table, COLUMN_VERSION);
    table_may_cut(table, COLUMN_SYMBOLS);
    table_may_cut(table, COLUMN_CONTAINER);
    for (size_t i = 0; i < count; i++)
        print_row(table, &rows[i]);
    table_print(table);
    table_destroy(table);
}

/* What fits the terminal in which the table is drawn again and again: its heading, the summary and
 * the cursor take a line each. */
static size_t rows_that_fit(size_t count, bool redrawn)
{
    struct winsize window;
    size_t room;

    if (!redrawn || ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row < 8)
        return count;
    room = window.ws_row - 3u;
    return count <= room ? count : room - 1;
}

void snapshot_print(const struct snapshot *snapshot)
{
    size_t shown = rows_that_fit(snapshot->count, snapshot->redrawn);

    if (snapshot->redrawn)
        fputs("\033[H\033[2J", stdout);
    print_table(snapshot->rows, shown);
    if (shown < snapshot->count)
        printf("... and %zu more\n", snapshot->count - shown);
    print_summary(&snapshot->summary, snapshot->with_engine);
}

/* ---- for programs ---- */

static json_t *json_size(size_t number)
{
    return json_integer((json_int_t)number);
}

static json_t *json_engine(const struct row *row)
{
    const struct engraft_engine *engine = &row->engine;
    json_t *object = json_new_object();

    json_set(object, "engine", json_text(engine->engine));
    json_set(object, "version", json_text(engine->version));
    json_set(object, "linkage", json_text(linkage_name(engine->linkage)));
    json_set(object, "symbols", json_text(symbols_name(engine->symbols)));
    json_set(object, "confidence", json_text(confidence_name(engine->confidence)));
    json_set(object, "config", json_config(engine->config));
    json_set(object, "api_count", json_size(engine->api_count));
    json_set(object, "relink", json_relink(engine));
    json_set(object, "path", json_text(row->path));
    return object;
}

static json_t *json_process(const struct row *rows, size_t count, size_t first)
{
    const struct engraft_process *process = &rows[first].process;
    json_t *object = json_new_object(), *engines = json_new_array();

    json_set(object, "pid", json_integer(process->pid));
    json_set(object, "uid", json_integer(process->uid));
    json_set(object, "user", json_text(process->user));
    json_set(object, "command", json_text(process->command));
    json_set(object, "container", json_text(process->container[0] ? process->container : NULL));
    for (size_t i = first; i < count; i++) {
        if (rows[i].process.pid == process->pid)
            json_add(engines, json_engine(&rows[i]));
    }
    json_set(object, "engines", engines);
    return object;
}

static json_t *json_summary(const struct engraft_processes_summary *summary, size_t with_engine)
{
    const struct engraft_error *failure = &summary->first_failure;
    json_t *object = json_new_object();

    json_set(object, "seen", json_size(summary->seen));
    json_set(object, "read", json_size(summary->read));
    json_set(object, "with_engine", json_size(with_engine));
    json_set(object, "kernel_threads", json_size(summary->kernel_threads));
    json_set(object, "zombies", json_size(summary->zombies));
    json_set(object, "gone", json_size(summary->gone));
    json_set(object, "forbidden", json_size(summary->forbidden));
    json_set(object, "failed", json_size(summary->failed));
    json_set(object, "first_failure", json_text(summary->failed ? failure->reason : NULL));
    json_set(object, "files_known", json_size(summary->files_known));
    json_set(object, "files_read", json_size(summary->files_read));
    json_set(object, "files_failed", json_size(summary->files_failed));
    return object;
}

void snapshot_print_json(const struct snapshot *snapshot)
{
    json_t *object = json_new_object(), *processes = json_new_array();

    for (size_t i = 0; i < snapshot->count; i++) {
        if (row_is_first(snapshot->rows, i))
            json_add(processes, json_process(snapshot->rows, snapshot->count, i));
    }
    json_set(object, "processes", processes);
    json_set(object, "summary", json_summary(&snapshot->summary, snapshot->with_engine));
    if (snapshot->one_of_many)
        json_print_line(object);
    else
        json_print(object);
}
