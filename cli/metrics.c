/* SPDX-License-Identifier: MIT */
#include "metrics.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "output.h"

/* ---- the text ---- */

/* A reader refuses a whole file for one byte that is not UTF-8. */
static void put_label(FILE *stream, const char *name, const char *value)
{
    fprintf(stream, "%s=\"", name);
    while (*value) {
        size_t length = utf8_length(value);

        if (*value == '\\' || *value == '"')
            putc('\\', stream);
        if (length == 0)
            fputs("\xef\xbf\xbd", stream);
        else if (*value == '\n')
            fputs("\\n", stream);
        else
            fwrite(value, 1, length, stream);
        value += length ? length : 1;
    }
    putc('"', stream);
}

static void put_heading(FILE *stream, const char *metric, const char *help)
{
    fprintf(stream, "# HELP %s %s\n# TYPE %s gauge\n", metric, help, metric);
}

static const char *version_of(const struct row *row)
{
    return row->engine.version ? row->engine.version : "unknown";
}

static int compare_series(const struct row *one, const struct row *other)
{
    int order = strcmp(one->engine.engine, other->engine.engine);

    if (!order)
        order = strverscmp(version_of(one), version_of(other));
    if (!order)
        order = strcmp(version_of(one), version_of(other));
    return order ? order : (int)one->engine.linkage - (int)other->engine.linkage;
}

/* By series, then by process: one that has the same engine twice counts once. */
static int compare_rows(const void *left, const void *right)
{
    const struct row *one = left, *other = right;
    int order = compare_series(one, other);

    if (order)
        return order;
    return (one->process.pid > other->process.pid) - (one->process.pid < other->process.pid);
}

static void put_processes(FILE *stream, const struct row *rows, size_t count)
{
    for (size_t i = 0, next; i < count; i = next) {
        size_t processes = 1;

        for (next = i + 1; next < count && compare_series(&rows[i], &rows[next]) == 0; next++)
            processes += rows[next].process.pid != rows[next - 1].process.pid;
        fputs("engraft_processes{", stream);
        put_label(stream, "engine", rows[i].engine.engine);
        putc(',', stream);
        put_label(stream, "version", version_of(&rows[i]));
        putc(',', stream);
        put_label(stream, "linkage", linkage_name(rows[i].engine.linkage));
        fprintf(stream, "} %zu\n", processes);
    }
}

void metrics_write(FILE *stream, struct row *rows, size_t count,
                   const struct engraft_processes_summary *summary)
{
    if (count)
        qsort(rows, count, sizeof(*rows), compare_rows);
    put_heading(stream, "engraft_processes", "Processes that have the engine loaded.");
    put_processes(stream, rows, count);
    put_heading(stream, "engraft_processes_examined", "Processes that were searched for engines.");
    fprintf(stream, "engraft_processes_examined %zu\n", summary->read);
    put_heading(stream, "engraft_processes_unreadable",
                "Processes that could not be searched for engines.");
    fprintf(stream, "engraft_processes_unreadable{reason=\"permission\"} %zu\n",
            summary->forbidden);
    fprintf(stream, "engraft_processes_unreadable{reason=\"error\"} %zu\n", summary->failed);
    put_heading(stream, "engraft_files_unreadable",
                "Files that processes have loaded and that could not be read.");
    fprintf(stream, "engraft_files_unreadable %zu\n", summary->files_failed);
}

/* ---- the file ---- */

/* Rename puts the new file in the place of whatever has the name: only of a file, or of nothing, and
 * of what a symbolic link leads to. */
static char *destination(const char *path)
{
    struct stat status;
    char *target;

    if (stat(path, &status) == 0 && !S_ISREG(status.st_mode)) {
        errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
        return NULL;
    }
    target = realpath(path, NULL);
    if (!target && errno == ENOENT)
        target = strdup(path);
    return target;
}

static bool fill(int fd, struct row *rows, size_t count,
                 const struct engraft_processes_summary *summary)
{
    FILE *stream = fdopen(fd, "w");
    bool done;

    if (!stream) {
        close(fd);
        return false;
    }
    metrics_write(stream, rows, count, summary);
    done = fflush(stream) == 0 && !ferror(stream) && fchmod(fd, 0644) == 0 && fsync(fd) == 0;
    return fclose(stream) == 0 && done;
}

bool metrics_file_write(const char *path, struct row *rows, size_t count,
                        const struct engraft_processes_summary *summary)
{
    char *target = destination(path), *temporary = NULL;
    bool done = false;
    int fd;

    /* Its end is not ".prom": a collector that looks meanwhile passes it by. */
    if (target && asprintf(&temporary, "%s.XXXXXX", target) < 0)
        out_of_memory();
    fd = temporary ? mkostemp(temporary, O_CLOEXEC) : -1;
    if (fd >= 0) {
        done = fill(fd, rows, count, summary) && rename(temporary, target) == 0;
        if (!done) {
            int number = errno;

            unlink(temporary);
            errno = number;
        }
    }
    if (!done)
        print_problem(path, "%s", errno == EINVAL ? "not a regular file" : strerror(errno));
    free(temporary);
    free(target);
    return done;
}
