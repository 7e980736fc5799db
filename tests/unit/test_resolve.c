/* SPDX-License-Identifier: MIT */
/* Looking names up in bulk gives what looking them up one by one gives. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define ENGINE "usr/lib/x86_64-linux-gnu/libnode.so.108"

static struct object engine;

static void engine_open(void)
{
    char path[4096];

    if (engine.span)
        return;
    text_format(path, sizeof path, "%s/" ENGINE, unit_world("libnode108"));
    object_open(&engine, path);
}

static bool is_defined(const Elf64_Sym *symbol)
{
    return symbol->st_shndx != SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) != STB_LOCAL;
}

/* References to all names of the table; with `suffix` none of them is right. */
static struct reference *references_create(const struct image *image, const char *suffix,
                                           size_t *ret_count)
{
    struct reference *references = calloc(image->symbol_count, sizeof *references);
    size_t count = 0;

    for (uint32_t i = 1; i < image->symbol_count; i++) {
        const char *name = image_name(image, image->symbols[i].st_name);
        char *copy;

        if (!name || !*name)
            continue;
        copy = malloc(strlen(name) + strlen(suffix) + 1);
        strcpy(copy, name);
        strcat(copy, suffix);
        references[count].name = copy;
        references[count].hash = gnu_hash(copy, NULL);
        references[count++].symbol = i;
    }
    *ret_count = count;
    return references;
}

static void references_destroy(struct reference *references, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free((char *)(uintptr_t)references[i].name);
    free(references);
}

static void test_all_names(void **state)
{
    size_t count, found = 0;
    struct reference *references;

    (void)state;
    engine_open();
    references = references_create(&engine.image, "", &count);
    resolve_references(&engine.image, 3, references, count);
    for (size_t i = 0; i < count; i++) {
        const Elf64_Sym *expected =
            image_find(&engine.image, references[i].name, references[i].hash, NULL);

        if (expected != (references[i].found ? &engine.image.symbols[references[i].found] : NULL))
            fail_msg("%s: bulk and single lookup differ", references[i].name);
        assert_int_equal(expected != NULL,
                         is_defined(&engine.image.symbols[references[i].symbol]));
        if (references[i].found)
            assert_int_equal(references[i].module, 3);
        found += references[i].found != 0;
    }
    print_message("# %zu names, %zu of them defined\n", count, found);
    assert_true(found > 40000);
    references_destroy(references, count);
}

static void test_wrong_names(void **state)
{
    static const char *const suffixes[] = {"x", "_", "v"};

    (void)state;
    engine_open();
    for (size_t j = 0; j < COUNT(suffixes); j++) {
        size_t count, hits = 0;
        struct reference *references = references_create(&engine.image, suffixes[j], &count);

        resolve_references(&engine.image, 0, references, count);
        for (size_t i = 0; i < count; i++) {
            if (references[i].found) { /* a name may be another one with its last letter off */
                assert_string_equal(
                    image_name(&engine.image, engine.image.symbols[references[i].found].st_name),
                    references[i].name);
                hits++;
            }
            assert_int_equal(references[i].found != 0,
                             image_find_name(&engine.image, references[i].name) != NULL);
        }
        assert_true(hits < count / 100);
        references_destroy(references, count);
    }
}

/* The right name with a wrong hash is not found, and the right hash with a wrong name is not taken. */
static void test_hash_and_name(void **state)
{
    size_t count;
    struct reference *references;

    (void)state;
    engine_open();
    references = references_create(&engine.image, "", &count);
    for (size_t i = 0; i < count; i++)
        references[i].hash ^= 0x1000;
    resolve_references(&engine.image, 0, references, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(references[i].found, 0);
    for (size_t i = 0; i < count; i++) {
        references[i].hash ^= 0x1000;
        ((char *)(uintptr_t)references[i].name)[0] = '!';
    }
    resolve_references(&engine.image, 0, references, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(references[i].found, 0);
    references_destroy(references, count);
}

/* What an earlier module has, a later one does not take over. */
static void test_first_module_wins(void **state)
{
    const char *first = unit_build("libfirst.so", "int a, b;", "");
    const char *second = unit_build("libsecond.so", "int b, c;", "-Wl,--hash-style=sysv");
    struct object objects[2];
    struct reference references[] = {{.name = "a"}, {.name = "b"}, {.name = "c"}, {.name = "d"}};
    static const int modules[] = {0, 0, 1, -1};

    (void)state;
    object_open(&objects[0], first);
    object_open(&objects[1], second);
    for (size_t i = 0; i < COUNT(references); i++)
        references[i].hash = gnu_hash(references[i].name, NULL);
    for (uint8_t i = 0; i < 2; i++)
        resolve_references(&objects[i].image, i, references, COUNT(references));
    for (size_t i = 0; i < COUNT(references); i++) {
        assert_int_equal(references[i].found != 0, modules[i] >= 0);
        if (modules[i] >= 0)
            assert_int_equal(references[i].module, modules[i]);
    }
    object_deinit(&objects[0]);
    object_deinit(&objects[1]);
}

/* Blocks are 64 names long: counts around their edges. */
static void test_counts(void **state)
{
    static const size_t counts[] = {0, 1, 63, 64, 65, 127, 128, 129, 1000};
    char source[65536];
    size_t length = 0;
    struct object object;

    (void)state;
    for (int i = 0; i < 1000; i++)
        length += text_format(source + length, sizeof source - length, "int name%d;\n", i);
    object_open(&object, unit_build("libmany.so", source, ""));
    for (size_t i = 0; i < COUNT(counts); i++) {
        struct reference *references = calloc(counts[i] + 1, sizeof *references);

        for (size_t j = 0; j < counts[i]; j++) {
            char name[16];

            text_format(name, sizeof name, "name%zu", j);
            references[j].name = strdup(name);
            references[j].hash = gnu_hash(name, NULL);
        }
        resolve_references(&object.image, 0, references, counts[i]);
        for (size_t j = 0; j < counts[i]; j++) {
            assert_true(references[j].found);
            free((char *)(uintptr_t)references[j].name);
        }
        assert_int_equal(references[counts[i]].found, 0);
        free(references);
    }
    object_deinit(&object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_names),         cmocka_unit_test(test_wrong_names),
        cmocka_unit_test(test_hash_and_name),     cmocka_unit_test(test_first_module_wins),
        cmocka_unit_test(test_counts),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);

    object_deinit(&engine);
    return failed;
}
