/* SPDX-License-Identifier: MIT */
/*
 * What `engraft check FILE`, `engraft inspect FILE` and `engraft stub --from FILE` do with a file that
 * somebody else made, be it for this machine or another, or a core: the reader, the probes, the plan,
 * and now and then identification and the stub generator.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "tests/unit/object.h"

#include "deep.h"
#include "probes/readers.h"

static volatile uint64_t sink;

static void plan_try(struct image *image)
{
    static struct engine_instance host = {.abi = {.engine = "v8", .version = "10.2.154"},
                                          .ready = -1, .prefixes = {"_ZN2v8", "_ZNK2v8", "fk_"}};
    struct plan_request request = {.plugin_path = image->path, .offline = true,
                                   .host_abi = "v8:10.2.154", .allow_mismatch = true};
    struct arena arena = {0};
    struct plan plan;

    if (plan_make(&arena, image, 1, image, &host, 1, &request, &plan, NULL) == ENGRAFT_OK)
        sink += plan.count + (uint64_t)plan.verdict;
    arena_release(&arena);
}

static void probe_try(struct image *image)
{
    static struct engine_instance engines[ENGINE_MAX];
    Elf64_Sym symbol;
    char id[129];

    sink += probe_images(image, 1, engines, ENGINE_MAX);
    reader_build_id(image, id, sizeof id);
    for (size_t i = 0; probe_row_at(i); i++) {
        struct abi abi = {.engine = ""};
        const char *source;

        if (probe_row_at(i)->infer)
            sink += probe_row_at(i)->infer(image, &abi, &source);
    }
    sink += (uint64_t)image->find_hidden(image, "main", &symbol);
    sink += reader_section(image, ".text", NULL, NULL, NULL);
}

static void identify_try(const struct deep_modules *modules)
{
    struct engine_instance *engines = NULL;
    struct deep_need *needs = NULL;
    size_t count = 0, need_count = 0;

    if (engraft_deep_table.identify(modules, &engines, &count, NULL) != ENGRAFT_OK)
        return;
    if (engraft_deep_table.needs(modules, engines, count, &needs, &need_count, NULL) == ENGRAFT_OK)
        sink += count + need_count;
    free(needs);
    free(engines);
}

static void modules_try(struct deep_modules *modules)
{
    for (size_t i = 0; i < modules->count; i++) {
        struct image *image = &modules->images[i];
        unsigned char byte;

        sink += image_walk(image);
        probe_try(image);
        if (image_check_native(image, NULL) == ENGRAFT_OK)
            plan_try(image);
        sink += engraft_deep_table.read(modules, image->load_address + image->vaddr_start, &byte, 1);
    }
    for (size_t i = 0; i < modules->missing_count; i++)
        sink += strlen(modules->missing[i].path) + strlen(modules->missing[i].reason);
}

static void stub_try(const char *path)
{
    static char directory[] = "fuzz-stub.XXXXXX";
    static bool made;
    struct engraft_stub_request request = {.size = sizeof request, .plugins = &path,
                                           .plugin_count = 1, .output_directory = directory,
                                           .name = "fuzz", .plugin_abi = "v8:10.2"};
    struct engraft_stub_result result = {.size = sizeof result};

    if (!made && !mkdtemp(directory))
        abort();
    made = true;
    if (engraft_deep_table.stub_create(&request, &result, NULL) == ENGRAFT_OK) {
        unlink(result.import_path);
        unlink(result.stub_path);
        engraft_stub_result_clear(&result);
    }
    if (rmdir(directory) == 0) { /* nothing is left behind, in success and in failure */
        made = false;
        strcpy(directory, "fuzz-stub.XXXXXX");
    } else {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static unsigned runs;
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct deep_modules modules;
    char path[64];

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (engraft_deep_table.open(path, &modules, NULL) == ENGRAFT_OK) {
        modules_try(&modules);
        if (runs % 4 == 0)
            identify_try(&modules);
        engraft_deep_table.close(&modules);
    }
    if (++runs % 8 == 0)
        stub_try(path);
    close(fd);
    return 0;
}
