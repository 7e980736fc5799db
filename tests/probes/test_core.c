/* SPDX-License-Identifier: MIT */
/* Core files of every class and byte order, written by code; real ones are in core.t. */
#include "fixture.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "foreign_object.h"

static const char *written(const struct foreign_kind *kind, const char *path, unsigned segments)
{
    const char *core = fixture_path("core");
    unsigned char *bytes;
    size_t size;

    foreign_core(kind, path, segments, &bytes, &size);
    fixture_write(core, bytes, size);
    free(bytes);
    return core;
}

static void assert_dumped_v8(const char *core, const char *path)
{
    static struct engine_instance instances[2];
    struct deep_modules modules;
    struct engraft_error error;
    char id[64];

    if (file_modules(core, &modules, &error) != ENGRAFT_OK)
        fail_msg("%s", error.reason);
    assert_true(modules.is_core);
    assert_int_equal(modules.pid, 0);
    assert_int_equal(modules.core_pid, 4321);
    assert_int_equal(modules.core_signal, 6);
    assert_false(modules.core_truncated);
    assert_string_equal(modules.command, "foreign --argument");
    assert_int_equal(modules.missing_count, 0);
    assert_int_equal(modules.count, 1);
    assert_string_equal(modules.images[0].path, path);
    assert_int_equal(modules.images[0].load_address, FOREIGN_CORE_ADDRESS - 0x10000);
    reader_build_id(&modules.images[0], id, sizeof id);
    assert_string_equal(id, "0123456789abcdef");
    assert_int_equal(probe_images(modules.images, modules.count, instances, 2), 1);
    assert_string_equal(instances[0].abi.version, "10.2.154.26-node.39");
    modules_release(&modules);
}

/* All of the library was dumped: its file is not needed. */
static void without_file(void **state)
{
    (void)state;
    for (size_t i = 0; i < foreign_kind_count; i++)
        assert_dumped_v8(written(&foreign_kinds[i], "/there is no such.so", 0),
                         "/there is no such.so");
}

static void with_file(void **state)
{
    const char *path = fixture_path("library.so");

    (void)state;
    for (size_t i = 0; i < foreign_kind_count; i++) {
        unsigned char *bytes;
        size_t size;

        foreign_object(&foreign_kinds[i], &bytes, &size);
        fixture_write(path, bytes, size);
        free(bytes);
        assert_dumped_v8(written(&foreign_kinds[i], path, 0), path);
    }
}

/* The kernel adds this to the path of a file that had been removed. */
static void deleted(void **state)
{
    const char *path = fixture_path("removed.so");
    char with_note[4096];
    unsigned char *bytes;
    size_t size;

    (void)state;
    foreign_object(&foreign_kinds[0], &bytes, &size);
    fixture_write(path, bytes, size);
    free(bytes);
    snprintf(with_note, sizeof with_note, "%s (deleted)", path);
    assert_dumped_v8(written(&foreign_kinds[0], with_note, 0), path);
    assert_int_equal(unlink(path), 0);
    assert_dumped_v8(written(&foreign_kinds[0], with_note, 0), path);
}

/* e_phnum is 16 bits wide. */
static void many_segments(void **state)
{
    static const unsigned counts[] = {65534, 65535, 65536, 70000};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        for (size_t kind = 0; kind < foreign_kind_count; kind += 4)
            assert_dumped_v8(written(&foreign_kinds[kind], "/gone.so", counts[i]), "/gone.so");
}

/* Of a file that is gone, only its name is left. */
static void truncated(void **state)
{
    const char *core = fixture_path("core");
    unsigned missing = 0, failed = 0;
    unsigned char *bytes;
    size_t size;

    (void)state;
    foreign_core(&foreign_kinds[0], "/gone.so", 0, &bytes, &size);
    for (size_t length = 1; length < size; length += 7) {
        struct deep_modules modules;
        struct engraft_error error = {.status = ENGRAFT_OK};

        fixture_write(core, bytes, length);
        if (file_modules(core, &modules, &error) != ENGRAFT_OK) {
            failed++;
            assert_true(error.reason[0] != '\0');
            continue;
        }
        if (modules.missing_count) {
            assert_true(modules.core_truncated);
            assert_string_equal(modules.missing[0].path, "/gone.so");
            assert_non_null(strstr(modules.missing[0].reason, "No such file"));
            missing++;
        }
        modules_release(&modules);
    }
    free(bytes);
    assert_true(failed > 10);
    assert_true(missing > 10);
}

/* Offsets of numbers in NT_FILE of a 64-bit core: found by the row that is known. */
static unsigned char *rows_find(unsigned char *bytes, size_t size)
{
    uint64_t row[] = {2, 4096, FOREIGN_CORE_ADDRESS - 0x100000};
    unsigned char *found = memmem(bytes, size, row, sizeof row);

    assert_non_null(found);
    return found;
}

static void hostile_file_note(void **state)
{
    static const uint64_t values[] = {0, 1, 3, 1000, 1u << 20, UINT32_MAX, 1ull << 61,
                                      UINT64_MAX / 24, UINT64_MAX / 24 + 1, UINT64_MAX};
    static const struct foreign_kind native = {"native", EM_X86_64, false, false, FOREIGN_GNU,
                                               false, true, R_X86_64_RELATIVE};
    const char *core = fixture_path("core");
    unsigned opened = 0;

    (void)state;
    assert_dumped_v8(written(&native, "/gone.so", 0), "/gone.so");
    for (size_t word = 0; word < 8; word++)
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            struct deep_modules modules;
            unsigned char *bytes;
            size_t size;

            foreign_core(&native, "/gone.so", 0, &bytes, &size);
            memcpy(rows_find(bytes, size) + word * 8, &values[i], 8);
            fixture_write(core, bytes, size);
            free(bytes);
            if (file_modules(core, &modules, NULL) != ENGRAFT_OK)
                continue;
            assert_true(modules.count + modules.missing_count <= 2);
            modules_release(&modules);
            opened++;
        }
    assert_true(opened > 10);
}

static void spoiled(void **state)
{
    static const unsigned char values[] = {0xff, 0x00, 0x80, 0x01};
    const char *core = fixture_path("core");
    unsigned opened = 0, failed = 0;

    (void)state;
    for (size_t i = 0; i < foreign_kind_count; i += 5) {
        unsigned char *bytes;
        size_t size;

        foreign_core(&foreign_kinds[i], "/gone.so", 0, &bytes, &size);
        for (size_t at = 0; at < 1100; at++) {
            static struct engine_instance instance;
            struct deep_modules modules;
            unsigned char saved = bytes[at];

            bytes[at] = values[at % 4];
            fixture_write(core, bytes, size);
            bytes[at] = saved;
            if (file_modules(core, &modules, NULL) != ENGRAFT_OK) {
                failed++;
                continue;
            }
            opened++;
            probe_images(modules.images, modules.count, &instance, 1);
            modules_release(&modules);
        }
        free(bytes);
    }
    assert_true(opened > 100);
    assert_true(failed > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_file),
        cmocka_unit_test(with_file),
        cmocka_unit_test(deleted),
        cmocka_unit_test(many_segments),
        cmocka_unit_test(truncated),
        cmocka_unit_test(hostile_file_note),
        cmocka_unit_test(spoiled),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
