/* SPDX-License-Identifier: MIT */
#include "stub_source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "error.h"

enum { LIST_SIZE_MAX = 64 << 20 };

/* ---- files ----------------------------------------------------------------------------------------- */

/* A name made of digits is a process to the reader; a path with a slash never is. */
static enum engraft_status file_open(const char *path, struct deep_modules *ret_modules,
                                     struct engraft_error *reterr)
{
    char spec[4096];

    if (text_format(spec, sizeof(spec), "%s%s", strchr(path, '/') ? "" : "./", path) + 1 >=
        sizeof(spec))
        return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL, "the path is too long");
    enum engraft_status status = engraft_deep_table.open(spec, ret_modules, reterr);
    if (status != ENGRAFT_OK)
        return status;
    if (ret_modules->count == 1 && ret_modules->pid == 0 && !ret_modules->is_core)
        return ENGRAFT_OK;
    engraft_deep_table.close(ret_modules);
    *ret_modules = (struct deep_modules){0};
    return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL,
                     "is not one ELF file (a core?): give a library, an executable or a plugin");
}

static enum engraft_status machine_agree(struct stub_source *source, const struct image *image,
                                         const char *path, struct engraft_error *reterr)
{
    const struct machine *machine = machine_of(image->machine);
    enum engraft_status status = image_check_native(image, reterr);

    if (status != ENGRAFT_OK)
        return status;
    if (!machine)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, path, NULL,
                         "no stubs can be made for ELF machine %u", (unsigned)image->machine);
    if (source->machine && source->machine != machine)
        return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL,
                         "is for %s, but the files before it are for %s", machine->name,
                         source->machine->name);
    source->machine = machine;
    return ENGRAFT_OK;
}

static enum engraft_status engine_open(struct stub_source *source, struct engraft_error *reterr)
{
    const char *path = source->request->engine_path;

    if (!path)
        return ENGRAFT_OK;
    enum engraft_status status = file_open(path, &source->engine_file, reterr);
    if (status != ENGRAFT_OK)
        return status;
    source->engine = &source->engine_file.images[0];
    return machine_agree(source, source->engine, path, reterr);
}

static enum engraft_status plugins_open(struct stub_source *source, struct engraft_error *reterr)
{
    const struct engraft_stub_request *request = source->request;

    source->plugin_files = calloc(request->plugin_count + 1, sizeof(*source->plugin_files));
    if (!source->plugin_files)
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    for (size_t i = 0; i < request->plugin_count; i++) {
        const char *path = request->plugins[i];
        enum engraft_status status = file_open(path, &source->plugin_files[i], reterr);
        if (status == ENGRAFT_OK)
            status = machine_agree(source, &source->plugin_files[i].images[0], path, reterr);
        if (status != ENGRAFT_OK)
            return status;
    }
    return ENGRAFT_OK;
}

/* ---- the list ---------------------------------------------------------------------------------------- */

static bool read_all(int fd, char *bytes, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t got = read(fd, bytes + done, size - done);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static enum engraft_status list_read(struct stub_source *source, int fd, const char *path,
                                     struct engraft_error *reterr)
{
    struct statx file; /* glibc 2.33 gave fstat() a symbol that an older one lacks */

    if (statx(fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_SIZE, &file) != 0)
        return error_set(reterr, ENGRAFT_SYSTEM, path, NULL, "%s", strerror(errno));
    if (!S_ISREG(file.stx_mode) || file.stx_size > (uint64_t)LIST_SIZE_MAX)
        return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL,
                         "is not a regular file of at most %d MiB", LIST_SIZE_MAX >> 20);
    size_t size = (size_t)file.stx_size;
    source->list = malloc(size + 1);
    if (!source->list)
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    if (!read_all(fd, source->list, size))
        return error_set(reterr, ENGRAFT_SYSTEM, path, NULL, "could not be read to its end");
    source->list[size] = '\0';
    if (memchr(source->list, '\0', size))
        return error_set(reterr, ENGRAFT_ARGUMENT, path, NULL, "is not a text file");
    return ENGRAFT_OK;
}

static enum engraft_status list_open(struct stub_source *source, struct engraft_error *reterr)
{
    const char *path = source->request->symbols_path;

    if (!path)
        return ENGRAFT_OK;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return error_set(reterr, errno == ENOENT ? ENGRAFT_NOT_FOUND : ENGRAFT_SYSTEM, path, NULL,
                         "cannot be opened: %s", strerror(errno));
    enum engraft_status status = list_read(source, fd, path, reterr);
    close(fd);
    return status;
}

/* ---- all together ------------------------------------------------------------------------------------ */

static enum engraft_status source_check(const struct stub_source *source,
                                        struct engraft_error *reterr)
{
    const struct engraft_stub_request *request = source->request;
    const char *path = request->symbols_path ? request->symbols_path : request->engine_path;

    if (source->set.count != 0)
        return ENGRAFT_OK;
    if (!path)
        path = request->plugins[0];
    return error_set(reterr, ENGRAFT_NOT_FOUND, path, NULL,
                     "no dynamic symbol of the engine %s in it, so there is nothing to make a stub of",
                     source->abi.engine);
}

enum engraft_status stub_source_init(struct stub_source *source,
                                     const struct engraft_stub_request *request,
                                     struct engraft_error *reterr)
{
    /* Plugins first: the manifest keeps the order in which they name the symbols. */
    static enum engraft_status (*const steps[])(struct stub_source *, struct engraft_error *) = {
        engine_open,        plugins_open,    list_open,         source_find_abi,
        source_add_plugins, source_add_list, source_add_engine,
    };

    *source = (struct stub_source){.request = request};
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        enum engraft_status status = steps[i](source, reterr);
        if (status != ENGRAFT_OK)
            return status;
    }
    if (!source->machine)
        source->machine = machine_native();
    return source_check(source, reterr);
}

void stub_source_deinit(struct stub_source *source)
{
    symbol_set_deinit(&source->set);
    if (source->engine)
        engraft_deep_table.close(&source->engine_file);
    for (size_t i = 0; source->plugin_files && i < source->request->plugin_count; i++)
        if (source->plugin_files[i].count)
            engraft_deep_table.close(&source->plugin_files[i]);
    free(source->plugin_files);
    free(source->instance);
    free(source->list);
}
