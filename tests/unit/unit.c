/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static char directory[64];
static pid_t owner;

/* Texts that live as long as the program. */
static char *kept[1024];
static size_t kept_count;

static const char *keep(char *text)
{
    if (kept_count == COUNT(kept))
        fail_msg("too many texts to keep");
    return kept[kept_count++] = text;
}

static int entry_remove(const char *path, const struct stat *file, int type, struct FTW *walk)
{
    (void)file;
    (void)type;
    (void)walk;
    return remove(path);
}

static void directory_remove(void)
{
    if (getpid() == owner) /* not a child that a test has forked */
        nftw(directory, entry_remove, 8, FTW_DEPTH | FTW_PHYS);
}

const char *unit_path(const char *name)
{
    char *path;

    if (!directory[0]) {
        strcpy(directory, "/tmp/engraft-unit.XXXXXX");
        if (!mkdtemp(directory))
            fail_msg("mkdtemp failed");
        owner = getpid();
        atexit(directory_remove);
    }
    if (asprintf(&path, "%s/%s", directory, name) < 0)
        fail_msg("out of memory");
    return keep(path);
}

char *unit_run(int *ret_status, const char *format, ...)
{
    va_list arguments;
    char *command, *output = NULL;
    size_t size = 0;
    FILE *stream, *memory = open_memstream(&output, &size);
    int c, status;

    va_start(arguments, format);
    if (vasprintf(&command, format, arguments) < 0 || !memory)
        fail_msg("out of memory");
    va_end(arguments);
    stream = popen(command, "r");
    if (!stream)
        fail_msg("popen failed");
    while ((c = getc(stream)) != EOF)
        putc(c, memory);
    fclose(memory);
    status = pclose(stream);
    *ret_status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
    free(command);
    return output;
}

const char *unit_build(const char *name, const char *source, const char *flags)
{
    const char *compiler = getenv("CC");
    const char *path = unit_path(name), *source_path;
    char source_name[128];
    FILE *file;
    int status;

    snprintf(source_name, sizeof source_name, "%s.c", name);
    source_path = unit_path(source_name);
    file = fopen(source_path, "w");
    if (!file || fputs(source, file) < 0 || fclose(file) != 0)
        fail_msg("cannot write %s", source_path);
    free(unit_run(&status, "%s -w -shared -fPIC -O1 %s -o %s %s 2>%s.log",
                  compiler ? compiler : "cc", source_path, path, flags, path));
    return status == 0 ? path : NULL;
}

unsigned char *unit_read(const char *path, size_t *ret_size)
{
    FILE *file = fopen(path, "rb");
    unsigned char *bytes;
    long size = 0;

    if (!file || fseek(file, 0, SEEK_END) != 0 || (size = ftell(file)) < 0)
        fail_msg("cannot read %s", path);
    rewind(file);
    bytes = malloc((size_t)size + 1);
    if (!bytes || fread(bytes, 1, (size_t)size, file) != (size_t)size)
        fail_msg("cannot read %s", path);
    fclose(file);
    *ret_size = (size_t)size;
    return bytes;
}

const char *unit_world(const char *name)
{
    const char *top = getenv("abs_top_srcdir");
    int status;
    char *path = unit_run(&status, "%s/tests/world get %s 2>&2", top ? top : ".", name);

    path[strcspn(path, "\n")] = '\0';
    if (status != 0) {
        print_message("# tests/world get %s: exit status %d, its reason is above\n", name, status);
        free(path);
        skip();
    }
    return keep(path);
}

void object_open(struct object *object, const char *path)
{
    size_t size;
    unsigned char *bytes = unit_read(path, &size);

    object_init(object, bytes, size);
    free(bytes);
    if (object->status != ENGRAFT_OK)
        fail_msg("%s: %s", path, object->error.reason);
}
