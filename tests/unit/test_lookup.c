/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- hashes ---------------------------------------------------------------------------------------- */

/* The definition: h = h * 33 + c, from 5381. */
static uint32_t gnu_hash_plain(const char *name)
{
    uint32_t hash = 5381;

    for (; *name; name++)
        hash = hash * 33 + (unsigned char)*name;
    return hash;
}

static void test_gnu_hash_of_every_length(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 200; length++)
        for (unsigned seed = 0; seed < 16; seed++) {
            char *name = malloc(length + 1); /* its end is the end of the block */
            size_t found = ~(size_t)0;

            for (size_t i = 0; i < length; i++)
                name[i] = (char)(1 + (i * 37 + seed * 101 + length) % 255);
            name[length] = '\0';
            assert_int_equal(gnu_hash(name, &found), gnu_hash_plain(name));
            assert_int_equal(found, length);
            assert_int_equal(gnu_hash(name, NULL), gnu_hash_plain(name));
            free(name);
        }
}

static void test_gnu_hash_of_every_byte(void **state)
{
    char name[18];

    (void)state;
    for (unsigned byte = 1; byte < 256; byte++)
        for (size_t at = 0; at < 17; at++) {
            memset(name, 0xff, 17);
            name[17] = '\0';
            name[at] = (char)byte;
            assert_int_equal(gnu_hash(name, NULL), gnu_hash_plain(name));
        }
}

static void test_known_hashes(void **state)
{
    (void)state;
    assert_int_equal(gnu_hash("", NULL), 0x1505);
    assert_int_equal(gnu_hash("printf", NULL), 0x156b2bb8);
    assert_int_equal(gnu_hash("exit", NULL), 0x7c967e3f);
    assert_int_equal(gnu_hash("syscall", NULL), 0xbac212a0);
    assert_int_equal(sysv_hash(""), 0);
    assert_int_equal(sysv_hash("printf"), 0x077905a6);
    assert_int_equal(sysv_hash("exit"), 0x0006cf04);
    assert_int_equal(sysv_hash("syscall"), 0x0b09985c);
}

/* ---- against ld.so ----------------------------------------------------------------------------------- */

static bool is_comparable(const Elf64_Sym *symbol)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);

    return symbol->st_shndx != SHN_UNDEF && symbol->st_shndx != SHN_ABS && symbol->st_value &&
           ELF64_ST_BIND(symbol->st_info) != STB_LOCAL &&
           (type == STT_FUNC || type == STT_OBJECT || type == STT_NOTYPE);
}

static void compare_with_dlsym(const char *library, size_t least)
{
    void *handle = dlopen(library, RTLD_NOW);
    struct link_map *map = handle;
    struct image image;
    size_t compared = 0, versioned = 0;

    if (!handle)
        fail_msg("%s", dlerror());
    assert_int_equal(image_read_map(map, &image, NULL), ENGRAFT_OK);
    for (uint32_t i = 1; i < image.symbol_count; i++) {
        const Elf64_Sym *symbol = &image.symbols[i], *found;
        const char *name = image_name(&image, symbol->st_name);
        const char *version = image_symbol_version(&image, i);
        void *address;

        if (!name || !is_comparable(symbol))
            continue;
        address = version ? dlvsym(handle, name, version) : dlsym(handle, name);
        found = image_find(&image, name, gnu_hash(name, NULL), version);
        if (!address || !image_contains(&image, (uintptr_t)address))
            continue; /* another library's, which ld.so prefers */
        if (!found)
            fail_msg("%s: %s@%s is not found", library, name, version ? version : "");
        if (ELF64_ST_TYPE(found->st_info) == STT_GNU_IFUNC)
            continue; /* another symbol of this name and version */
        if (image_symbol_address(&image, found) != (uintptr_t)address)
            fail_msg("%s: %s@%s is not where ld.so finds it", library, name,
                     version ? version : "");
        assert_null(version ? image_find(&image, name, gnu_hash(name, NULL), "NO_SUCH_1") : NULL);
        compared++;
        versioned += version != NULL;
    }
    print_message("# %s: %zu symbols compared, %zu of them with a version\n", library, compared,
                  versioned);
    assert_true(compared >= least);
    dlclose(handle);
}

static void test_libc(void **state)
{
    (void)state;
    compare_with_dlsym("libc.so.6", 2000);
}

static void test_libstdcxx(void **state)
{
    (void)state;
    compare_with_dlsym("libstdc++.so.6", 4000);
}

static void test_absent_names(void **state)
{
    static const char *const names[] = {"", "printg", "no_such_symbol_anywhere", "prinf", "printff"};
    void *handle = dlopen("libc.so.6", RTLD_NOW);
    struct image image;

    (void)state;
    assert_int_equal(image_read_map(handle, &image, NULL), ENGRAFT_OK);
    for (size_t i = 0; i < COUNT(names); i++)
        assert_null(image_find_name(&image, names[i]));
    dlclose(handle);
}

/* ---- versions ------------------------------------------------------------------------------------------ */

static const char two_versions[] =
    "const char *one_1(void) { return \"1\"; }\n"
    "const char *one_2(void) { return \"2\"; }\n"
    "const char *one_3(void) { return \"3\"; }\n"
    "__asm__(\".symver one_1, one@V1\\n.symver one_2, one@V2\\n.symver one_3, one@@V3\");\n"
    "const char *late_2(void) { return \"2\"; }\n"
    "const char *late_3(void) { return \"3\"; }\n"
    "__asm__(\".symver late_2, late@V2\\n.symver late_3, late@@V3\");\n"
    "const char *plain(void) { return \"plain\"; }\n";

static const char version_map[] = "V1 { global: one; plain; local: *; };\n"
                                  "V2 { global: late; } V1;\nV3 { } V2;\n";

/* A caller whose references have no version, as linked to a library without versions. */
static const char unversioned[] =
    "const char *one(void), *late(void), *plain(void);\n"
    "const char *call_one(void) { return one(); }\n"
    "const char *call_late(void) { return late(); }\n"
    "const char *call_plain(void) { return plain(); }\n";

static const char *ours(const struct image *image, const char *name, const char *version)
{
    const Elf64_Sym *symbol = image_find(image, name, gnu_hash(name, NULL), version);

    return symbol ? ((const char *(*)(void))(uintptr_t)image_symbol_address(image, symbol))() : NULL;
}

static void versions_of_library(const char *flags)
{
    char all[512];
    const char *library, *caller;
    void *handle, *calls;
    struct image image;
    FILE *map = fopen(unit_path("versions.map"), "w");

    fputs(version_map, map);
    fclose(map);
    text_format(all, sizeof all, "%s -Wl,--version-script=%s", flags, unit_path("versions.map"));
    library = unit_build("libversions.so", two_versions, all);
    caller = unit_build("libcaller.so", unversioned, "");
    assert_non_null(library);
    assert_non_null(caller);
    handle = dlopen(library, RTLD_NOW | RTLD_GLOBAL);
    calls = dlopen(caller, RTLD_NOW);
    if (!handle || !calls)
        fail_msg("%s", dlerror());
    assert_int_equal(image_read_map(handle, &image, NULL), ENGRAFT_OK);
    assert_string_equal(ours(&image, "one", "V1"), "1");
    assert_string_equal(ours(&image, "one", "V2"), "2");
    assert_string_equal(ours(&image, "one", "V3"), "3");
    assert_string_equal(ours(&image, "late", "V3"), "3");
    assert_null(ours(&image, "late", "V1"));
    assert_null(ours(&image, "plain", "V2"));
    /* Without a version: what ld.so takes for such a reference. */
    assert_string_equal(ours(&image, "one", NULL),
                        ((const char *(*)(void))dlsym(calls, "call_one"))());
    assert_string_equal(ours(&image, "late", NULL),
                        ((const char *(*)(void))dlsym(calls, "call_late"))());
    assert_string_equal(ours(&image, "plain", NULL),
                        ((const char *(*)(void))dlsym(calls, "call_plain"))());
    struct reference references[] = {{.name = "one", .hash = gnu_hash("one", NULL)},
                                     {.name = "late", .hash = gnu_hash("late", NULL)}};
    resolve_references(&image, 0, references, COUNT(references));
    for (size_t i = 0; i < COUNT(references); i++)
        assert_ptr_equal(&image.symbols[references[i].found],
                         image_find_name(&image, references[i].name));
    dlclose(calls);
    dlclose(handle);
}

static void test_versions_gnu(void **state)
{
    (void)state;
    versions_of_library("-Wl,--hash-style=gnu");
}

static void test_versions_sysv(void **state)
{
    (void)state;
    versions_of_library("-Wl,--hash-style=sysv");
}

static void test_sysv_table(void **state)
{
    const char *path = unit_build("libsysv.so",
                                  "int one(void) { return 1; } int two = 2; int three = 3;"
                                  "static int four; int *five(void) { return &four; }",
                                  "-Wl,--hash-style=sysv");
    struct object object;

    (void)state;
    assert_non_null(path);
    object_open(&object, path);
    assert_int_equal(object.image.gnu.bucket_count, 0);
    assert_non_null(image_find_name(&object.image, "one"));
    assert_non_null(image_find_name(&object.image, "two"));
    assert_non_null(image_find_name(&object.image, "three"));
    assert_non_null(image_find_name(&object.image, "five"));
    assert_null(image_find_name(&object.image, "four"));
    assert_null(image_find_name(&object.image, "six"));
    object_deinit(&object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gnu_hash_of_every_length),
        cmocka_unit_test(test_gnu_hash_of_every_byte),
        cmocka_unit_test(test_known_hashes),
        cmocka_unit_test(test_libc),
        cmocka_unit_test(test_libstdcxx),
        cmocka_unit_test(test_absent_names),
        cmocka_unit_test(test_versions_gnu),
        cmocka_unit_test(test_versions_sysv),
        cmocka_unit_test(test_sysv_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
