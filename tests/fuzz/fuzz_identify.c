/* SPDX-License-Identifier: MIT */
/*
 * `engraft inspect FILE`, each time: which engines are in a file that somebody else made, and what it
 * needs. What is told has to be text that ends.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "deep.h"

static volatile uint64_t sink;

/* Ends within its array, and has nothing that a pattern cannot have matched. */
static void text_check(const char *text, size_t size)
{
    size_t length = strnlen(text, size);

    if (length == size)
        abort();
    for (size_t i = 0; i < length; i++)
        if ((unsigned char)text[i] < ' ' || (unsigned char)text[i] > '~')
            abort();
}

static void engine_check(const struct engine_instance *engine)
{
    text_check(engine->abi.engine, sizeof engine->abi.engine);
    text_check(engine->abi.version, sizeof engine->abi.version);
    text_check(engine->abi.config, sizeof engine->abi.config);
    if (!engine->abi.engine[0] || engine->module_count == 0)
        abort();
    for (unsigned i = 0; i < engine->evidence_count; i++) {
        if (engine->evidence[i].module >= engine->module_count)
            abort();
        sink += strlen(engine->evidence[i].kind) + strlen(engine->evidence[i].detail);
    }
}

static void identify_try(const struct deep_modules *modules)
{
    struct engine_instance *engines = NULL;
    struct deep_need *needs = NULL;
    size_t count = 0, need_count = 0;

    if (engraft_deep_table.identify(modules, &engines, &count, NULL) != ENGRAFT_OK)
        abort(); /* there is memory */
    for (size_t i = 0; i < count; i++)
        engine_check(&engines[i]);
    if (engraft_deep_table.needs(modules, engines, count, &needs, &need_count, NULL) != ENGRAFT_OK)
        abort();
    for (size_t i = 0; i < need_count; i++)
        sink += strlen(needs[i].engine) + strlen(needs[i].path) + strlen(needs[i].version) +
                needs[i].symbol_count;
    free(needs);
    free(engines);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    struct deep_modules modules;
    char path[64];

    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
        abort();
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (engraft_deep_table.open(path, &modules, NULL) == ENGRAFT_OK) {
        identify_try(&modules);
        engraft_deep_table.close(&modules);
    }
    close(fd);
    return 0;
}
