/* SPDX-License-Identifier: MIT */
/*
 * What looking up the symbols of all engines in a file costs, against the tools one would take for it.
 *
 *     symbols ROUNDS PATTERNS FILE...
 *
 * Writes the names of the presence facts of engines.def to PATTERNS, one in a line, and looks them up
 * in every FILE: by presence_holds(), through the hash tables of files that are open; and by
 * `readelf -W --dyn-syms FILE... | grep -F -w -f PATTERNS`. Prints "symbols-KEY NANOSECONDS" a file,
 * the least of ROUNDS. Both have to find something in one of the files.
 */
#include <string.h>

#include "measure.h"

#include "probes/examine.h"
#include "probes/readers.h"

#define FILE_MAX 1024

static struct image images[FILE_MAX];
static size_t image_count;

static void names_write(const char *path)
{
    const struct engine_facts *facts;
    FILE *patterns = fopen(path, "w");

    if (!patterns)
        fail(path, "cannot be written");
    for (size_t i = 0; (facts = engine_facts_at(i)); i++)
        for (size_t j = 0; j < FACTS_MAX && facts->presence[j].kind; j++)
            if (facts->presence[j].kind == FACT_SYMBOL)
                for (const char *at = facts->presence[j].name; *at; at += *at == ' ')
                    at += fprintf(patterns, "%.*s\n", (int)strcspn(at, " "), at) - 1;
    fclose(patterns);
}

/* Only dynamic symbols, as readelf is asked for: a file's other symbols are read when it is opened. */
static void image_add(const char *path)
{
    struct deep_modules modules;

    if (image_count == FILE_MAX || file_modules(path, &modules, NULL) != ENGRAFT_OK)
        return;
    images[image_count] = modules.images[0];
    images[image_count++].find_hidden = NULL;
}

static size_t look_up(const struct image *image)
{
    const struct engine_facts *facts;
    size_t found = 0;

    for (size_t i = 0; (facts = engine_facts_at(i)); i++) {
        struct engine_instance instance = {.module_count = 1, .modules = {image}};
        struct inquiry inquiry = {.image = image, .facts = facts, .instance = &instance};

        for (size_t j = 0; j < FACTS_MAX && facts->presence[j].kind; j++)
            if (facts->presence[j].kind == FACT_SYMBOL)
                found += presence_holds(&inquiry, &facts->presence[j]);
    }
    return found;
}

static char *command_make(const char *patterns)
{
    char *command = NULL;
    size_t size = 0;
    FILE *stream = open_memstream(&command, &size);

    fputs("LC_ALL=C readelf -W --dyn-syms", stream);
    for (size_t i = 0; i < image_count; i++)
        fprintf(stream, " '%s'", images[i].path);
    fprintf(stream, " 2>/dev/null | LC_ALL=C grep -c -F -w -f '%s'", patterns);
    fclose(stream);
    return command;
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    double ours = 0, tools = 0;
    char *command;

    if (!rounds)
        fail("usage", "symbols ROUNDS PATTERNS FILE...");
    pin_to_cpu();
    names_write(argv[2]);
    for (int i = 3; i < argc; i++)
        image_add(argv[i]);
    command = command_make(argv[2]);
    for (unsigned i = 0; i < rounds; i++) {
        double start = now(), middle, end;
        size_t found = 0;

        for (size_t j = 0; j < image_count; j++)
            found += look_up(&images[j]);
        middle = now();
        if (!found || !number_from(command))
            fail(argv[3], "nothing was found in any file");
        end = now();
        if (i == 0 || middle - start < ours)
            ours = middle - start;
        if (i == 0 || end - middle < tools)
            tools = end - middle;
    }
    printf("symbols-engraft %.0f\nsymbols-readelf %.0f\n", ours / (double)image_count,
           tools / (double)image_count);
    free(command);
    return 0;
}
