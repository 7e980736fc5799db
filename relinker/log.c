/* SPDX-License-Identifier: MIT */
/* One line, one write(2) of a stack buffer, only when somebody asked: engraft(7), ENGRAFT_DEBUG. */
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "relinker.h"

static const char *const area_names[LOG_AREAS] = {"detect", "plan", "commit",
                                                  "audit",  "door", "trap"};

static _Atomic(engraft_log_callback) log_callback;
static _Atomic(void *) log_user;
static atomic_int log_areas = -1; /* bits by area; -1: the environment has not been read */

static bool list_contains(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list) {
        size_t item = strcspn(list, ",");

        if ((item == length && strncmp(list, word, length) == 0) ||
            (item == 3 && strncmp(list, "all", 3) == 0))
            return true;
        list += item + (list[item] == ',');
    }
    return false;
}

static int areas_read(void)
{
    const char *list = environment_get("ENGRAFT_DEBUG");
    int areas = 0;

    if (!list && environment_get("ENGRAFT_LOG"))
        list = "all";
    for (int i = 0; list && i < LOG_AREAS; i++)
        if (list_contains(list, area_names[i]))
            areas |= 1 << i;
    atomic_store(&log_areas, areas);
    return areas;
}

bool log_wanted(enum log_area area)
{
    int areas = atomic_load(&log_areas);

    if (areas < 0)
        areas = areas_read();
    return (areas >> area & 1) || atomic_load(&log_callback);
}

static void line_write(const char *line, size_t length)
{
    const char *file = environment_get("ENGRAFT_LOG");
    int fd = STDERR_FILENO;

    if (file) {
        fd = open(file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
        if (fd < 0)
            return;
    }
    if (write(fd, line, length) < 0) {
        /* nobody is left to be told */
    }
    if (file)
        close(fd);
}

void log_line(enum log_area area, const char *format, ...)
{
    char line[1400];
    size_t prefix, length;
    va_list arguments;
    engraft_log_callback callback;

    if (!log_wanted(area))
        return;
    prefix = text_format(line, sizeof line, "engraft[%d] %s: ", (int)getpid(), area_names[area]);
    va_start(arguments, format);
    length = prefix + text_vformat(line + prefix, sizeof line - prefix - 1, format, arguments);
    va_end(arguments);
    callback = atomic_load(&log_callback);
    if (callback)
        callback(area_names[area], line + prefix, atomic_load(&log_user));
    if (atomic_load(&log_areas) >> area & 1) {
        line[length] = '\n';
        line_write(line, length + 1);
    }
}

void engraft_set_log(engraft_log_callback callback, void *user)
{
    atomic_store(&log_callback, NULL);
    atomic_store(&log_user, user);
    atomic_store(&log_callback, callback);
}
