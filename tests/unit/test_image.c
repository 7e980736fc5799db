/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- objects of this process ------------------------------------------------------------------------ */

static void test_own_objects(void **state)
{
    struct arena arena = {0};
    struct image *images, *libc = NULL;
    size_t count;

    (void)state;
    assert_int_equal(self_images(&arena, &images, &count, NULL), ENGRAFT_OK);
    assert_true(count >= 3); /* the program, libcmocka, libc, ... */
    for (size_t i = 0; i < count; i++) {
        assert_true(images[i].live);
        assert_true(images[i].symbol_count > 0);
        assert_non_null(images[i].dynamic);
        assert_true(image_contains(&images[i], (uintptr_t)images[i].dynamic));
        assert_false(image_contains(&images[i], (uintptr_t)&arena));
        assert_ptr_equal(self_image_at(images, count, (uintptr_t)images[i].dynamic), &images[i]);
        if (images[i].soname && strcmp(images[i].soname, "libc.so.6") == 0)
            libc = &images[i];
    }
    assert_ptr_equal(self_image_at(images, count, (uintptr_t)test_own_objects), &images[0]);
    assert_non_null(libc);
    assert_ptr_equal(self_image_at(images, count, (uintptr_t)dlsym(RTLD_NEXT, "gnu_get_libc_version")), libc);
    assert_null(self_image_at(images, count, (uintptr_t)&arena));
    assert_int_equal(image_is_relocated(libc), 1);
    assert_true(image_walk(libc) != 0);
    arena_release(&arena);
}

/* ---- how many symbols? -------------------------------------------------------------------------------- */

static const char exporting[] =
    "extern int outside(void), *elsewhere; int shown = 1; int (*table[])(void) = {outside};\n"
    "int visible(void) { return outside() + *elsewhere; }\n";
static const char closed[] =
    "extern int outside(void), *elsewhere;\n"
    "static int (*table[])(void) = {outside};\n"
    "__attribute__((constructor)) static void run(void) { table[0](); *elsewhere = outside(); }\n";

static uint32_t symbols_by_readelf(const char *path)
{
    int status;
    char *text = unit_run(&status, "LC_ALL=C readelf -W --dyn-syms %s 2>&1", path);
    const char *at = strstr(text, "contains ");
    unsigned count = 0;

    if (status != 0 || !at || sscanf(at, "contains %u entr", &count) != 1)
        fail_msg("readelf says: %s", text);
    free(text);
    return count;
}

static bool linker_is_there(const char *linker)
{
    char flags[64];

    text_format(flags, sizeof flags, "-fuse-ld=%s", linker);
    return unit_build("probe.so", "int x;", flags) != NULL;
}

static void symbols_with_linker(const char *linker)
{
    static const char *const styles[] = {"gnu", "sysv", "both"};

    if (!linker_is_there(linker)) {
        print_message("# the compiler cannot link with %s\n", linker);
        skip();
    }
    for (size_t i = 0; i < COUNT(styles); i++)
        for (int exports = 0; exports < 2; exports++) {
            char flags[128];
            const char *path;
            struct object object;

            text_format(flags, sizeof flags, "-fuse-ld=%s -Wl,--hash-style=%s", linker, styles[i]);
            path = unit_build("counted.so", exports ? exporting : closed, flags);
            assert_non_null(path);
            object_open(&object, path);
            if (object.image.symbol_count != symbols_by_readelf(path))
                fail_msg("%s: %u symbols instead of %u", flags, object.image.symbol_count,
                         symbols_by_readelf(path));
            assert_int_equal(image_find_name(&object.image, "visible") != NULL, exports);
            assert_int_equal(image_find_name(&object.image, "shown") != NULL, exports);
            assert_null(image_find_name(&object.image, "outside"));
            object_deinit(&object);
        }
}

static void test_symbols_bfd(void **state)
{
    (void)state;
    symbols_with_linker("bfd");
}

static void test_symbols_gold(void **state)
{
    (void)state;
    symbols_with_linker("gold");
}

static void test_symbols_lld(void **state)
{
    (void)state;
    symbols_with_linker("lld");
}

/* ---- what an object says of itself ---------------------------------------------------------------------- */

static void test_names_and_notes(void **state)
{
    const char *path = unit_build(
        "libnamed.so",
        "__asm__(\".pushsection .note.one, \\\"a\\\", @note\\n.balign 4\\n.long 4, 5, 7\\n"
        ".asciz \\\"abc\\\"\\n.ascii \\\"12345\\\"\\n.balign 4\\n"
        ".long 4, 0, 8\\n.asciz \\\"abc\\\"\\n.popsection\"); int x;",
        "-Wl,-soname,libother.so.7 -Wl,--build-id=0x0123456789abcdef -Wl,--no-as-needed -lm -lc "
        "-Wl,-rpath,/a:/b -Wl,--enable-new-dtags");
    static const unsigned char id[] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef};
    struct object object;
    uint32_t size = 0;
    const void *note;

    (void)state;
    assert_non_null(path);
    object_open(&object, path);
    assert_string_equal(object.image.soname, "libother.so.7");
    assert_string_equal(object.image.runpath, "/a:/b");
    assert_null(object.image.rpath);
    assert_string_equal(image_needed(&object.image, 0), "libm.so.6");
    assert_string_equal(image_needed(&object.image, 1), "libc.so.6");
    assert_null(image_needed(&object.image, 2));
    note = image_note(&object.image, "GNU", NT_GNU_BUILD_ID, &size);
    assert_non_null(note);
    assert_int_equal(size, sizeof id);
    assert_memory_equal(note, id, sizeof id);
    note = image_note(&object.image, "abc", 7, &size);
    assert_non_null(note);
    assert_int_equal(size, 5);
    assert_memory_equal(note, "12345", 5);
    assert_non_null(image_note(&object.image, "abc", 8, &size));
    assert_int_equal(size, 0);
    assert_null(image_note(&object.image, "abc", 9, &size));
    assert_null(image_note(&object.image, "ab", 7, &size));
    assert_null(image_note(&object.image, "abcd", 7, &size));
    object_deinit(&object);
}

static void test_bytes_at_the_edges(void **state)
{
    const char *path = unit_build("libedges.so", exporting, "");
    struct object object;
    const struct image_segment *last;
    uint64_t end;

    (void)state;
    assert_non_null(path);
    object_open(&object, path);
    last = &object.image.segments[object.image.segment_count - 1];
    end = last->vaddr + last->memory_size;
    assert_non_null(image_at(&object.image, end - 1, 1));
    assert_null(image_at(&object.image, end - 1, 2));
    assert_null(image_at(&object.image, end - 1, UINT64_MAX));
    assert_null(image_at(&object.image, end + 1, 0));
    assert_null(image_at(&object.image, UINT64_MAX, 1));
    assert_null(image_string_at(&object.image, end, 10));
    assert_string_equal(image_string_at(&object.image, 1, 4096) ? "" : "none",
                        ""); /* "ELF..." ends at its first 0 */
    assert_null(image_string_at(&object.image, 1, 3));
    assert_null(image_name(&object.image, object.image.string_size));
    assert_string_equal(image_name(&object.image, object.image.string_size - 1), "");
    object_deinit(&object);
}

/* ---- what is no object ------------------------------------------------------------------------------------ */

struct good {
    unsigned char *bytes;
    size_t size;
};

static struct good good_object(void)
{
    const char *path = unit_build("good.so", exporting, "-Wl,--hash-style=both");
    struct good good;

    assert_non_null(path);
    good.bytes = unit_read(path, &good.size);
    return good;
}

static void expect_status(const struct good *good, size_t offset, const void *bytes, size_t length,
                          enum engraft_status expected)
{
    unsigned char before[16];
    struct object object;

    memcpy(before, good->bytes + offset, length);
    memcpy(good->bytes + offset, bytes, length);
    object_init(&object, good->bytes, good->size);
    if (object.status != expected)
        fail_msg("offset %zu: status %d instead of %d", offset, object.status, expected);
    if (object.status != ENGRAFT_OK)
        assert_true(object.error.reason[0] || !object.span);
    memcpy(good->bytes + offset, before, length);
    object_deinit(&object);
}

static void test_wrong_headers(void **state)
{
    static const Elf64_Half rel = ET_REL, core = ET_CORE, none = 0, many = 0xffff, odd = 57;
    static const Elf64_Off beyond = (Elf64_Off)1 << 40, unaligned = 65;
    struct good good = good_object();

    (void)state;
    expect_status(&good, 0, "\177ELF", 4, ENGRAFT_OK);
    expect_status(&good, 0, "\177ELG", 4, ENGRAFT_FORMAT);
    expect_status(&good, 0, "#!/b", 4, ENGRAFT_FORMAT);
    expect_status(&good, EI_CLASS, "\1", 1, ENGRAFT_UNSUPPORTED);
    expect_status(&good, EI_DATA, "\2", 1, ENGRAFT_UNSUPPORTED);
    expect_status(&good, offsetof(Elf64_Ehdr, e_type), &rel, 2, ENGRAFT_FORMAT);
    expect_status(&good, offsetof(Elf64_Ehdr, e_type), &core, 2, ENGRAFT_FORMAT);
    expect_status(&good, offsetof(Elf64_Ehdr, e_phnum), &none, 2, ENGRAFT_FORMAT);
    expect_status(&good, offsetof(Elf64_Ehdr, e_phnum), &many, 2, ENGRAFT_FORMAT);
    expect_status(&good, offsetof(Elf64_Ehdr, e_phentsize), &odd, 2, ENGRAFT_FORMAT);
    expect_status(&good, offsetof(Elf64_Ehdr, e_phoff), &beyond, 8, ENGRAFT_FORMAT);
    expect_status(&good, offsetof(Elf64_Ehdr, e_phoff), &unaligned, 8, ENGRAFT_FORMAT);
    free(good.bytes);
}

static void test_truncated(void **state)
{
    struct good good = good_object();
    size_t opened = 0;

    (void)state;
    for (size_t size = 0; size < good.size; size += size < 1024 ? 1 : 61) {
        struct object object;

        object_init(&object, good.bytes, size);
        if (object.status == ENGRAFT_OK) { /* section headers and the like are not needed */
            image_walk(&object.image);
            opened++;
        } else {
            assert_int_equal(object.status, ENGRAFT_FORMAT);
        }
        object_deinit(&object);
    }
    assert_true(opened < good.size / 61);
    free(good.bytes);
}

/* Every entry of the dynamic section, one at a time, says something wrong. */
static void test_hostile_dynamic_section(void **state)
{
    static const uint64_t values[] = {0, 1, 2, 3, 7, 0xfff, 0x7fffffff, 0xffffffff, (uint64_t)1 << 32,
                                      (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 7};
    struct good good = good_object();
    struct object object;
    uint64_t at = 0, end;
    size_t count;

    (void)state;
    object_init(&object, good.bytes, good.size);
    assert_int_equal(object.status, ENGRAFT_OK);
    for (unsigned i = 0; i < object.image.segment_count; i++) {
        const struct image_segment *segment = &object.image.segments[i];

        if (object.image.dynamic_vaddr - segment->vaddr < segment->file_size)
            at = segment->offset + (object.image.dynamic_vaddr - segment->vaddr);
    }
    end = object.image.vaddr_end;
    count = object.image.dynamic_count;
    object_deinit(&object);
    assert_true(at && count > 10);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < COUNT(values) + 4; j++) {
            uint64_t value = j < COUNT(values) ? values[j] : end - 4 * (j - COUNT(values));
            unsigned char *place = good.bytes + at + i * sizeof(Elf64_Dyn) + 8;
            uint64_t before;

            memcpy(&before, place, 8);
            memcpy(place, &value, 8);
            object_init(&object, good.bytes, good.size);
            assert_int_equal(object.status, ENGRAFT_OK);
            image_walk(&object.image);
            object_deinit(&object);
            memcpy(place, &before, 8);
        }
    free(good.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_own_objects),
        cmocka_unit_test(test_symbols_bfd),
        cmocka_unit_test(test_symbols_gold),
        cmocka_unit_test(test_symbols_lld),
        cmocka_unit_test(test_names_and_notes),
        cmocka_unit_test(test_bytes_at_the_edges),
        cmocka_unit_test(test_wrong_headers),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_hostile_dynamic_section),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
