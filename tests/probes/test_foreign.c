/* SPDX-License-Identifier: MIT */
/* Objects of other classes and byte orders: what is asked of an image is told of them, too. */
#include "fixture.h"

#include <elf.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "foreign_object.h"

#define MAJOR "_ZN2v88internal7Version6major_E"

static const char *written(const struct foreign_kind *kind)
{
    const char *path = fixture_path(kind->name);
    unsigned char *bytes;
    size_t size;

    foreign_object(kind, &bytes, &size);
    fixture_write(path, bytes, size);
    free(bytes);
    return path;
}

static void assert_image(const struct image *image, const struct foreign_kind *kind)
{
    const Elf64_Sym *symbol;
    char id[64];

    assert_int_equal(image->machine, kind->machine);
    assert_true(image_is_foreign(image));
    assert_int_equal(image_word_size(image), kind->narrow ? 4 : 8);
    assert_int_equal(image->big_endian, kind->big);
    assert_string_equal(image->soname, "libforeign.so.1");
    assert_string_equal(image_needed(image, 0), "libforeign-needed.so.6");
    assert_null(image_needed(image, 1));
    reader_build_id(image, id, sizeof id);
    assert_string_equal(id, "0123456789abcdef");
    assert_int_equal(image->symbol_count, 9);
    assert_string_equal(image_name(image, image->symbols[1].st_name), "an_import");
    assert_string_equal(image_symbol_version(image, 1), "FOREIGN_1.0");
    assert_null(image_symbol_version(image, 2));
    assert_null(image_find_name(image, "an_import"));
    assert_null(image_find_name(image, "no_such_symbol"));
    symbol = image_find_name(image, MAJOR);
    assert_non_null(symbol);
    assert_int_equal(image_u32(image, image_at(image, symbol->st_value, 4)), 10);
}

static void kinds(void **state)
{
    (void)state;
    assert_true(foreign_kind_count >= 10);
    for (size_t i = 0; i < foreign_kind_count; i++) {
        const struct foreign_kind *kind = &foreign_kinds[i];

        OPENED(object, written(kind));
        assert_image(&object.images[0], kind);
        assert_int_equal(object.instance_count, 1);
        assert_string_equal(object.instances[0].abi.version, "10.2.154.26-node.39");
        assert_true(has_evidence(&object.instances[0], "data", "10.2.154.26-node.39"));
        opened_deinit(&object);
    }
}

/* Nothing can be bound to them: what binds asks first. */
static void refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < foreign_kind_count; i++) {
        struct engraft_error error;

        OPENED(object, written(&foreign_kinds[i]));
        assert_int_equal(image_check_native(&object.images[0], &error), ENGRAFT_UNSUPPORTED);
        assert_non_null(
            strstr(error.reason, foreign_kinds[i].narrow ? "32-bit" : "64-bit big-endian object"));
        opened_deinit(&object);
    }
    OPENED(native, fixture_build("native.so", "int x;", ""));
    assert_false(image_is_foreign(&native.images[0]));
    assert_int_equal(image_word_size(&native.images[0]), 8);
    assert_int_equal(image_check_native(&native.images[0], NULL), ENGRAFT_OK);
    opened_deinit(&native);
}

/* What a real linker makes of it, where there is one. */
static void linked(void **state)
{
    static const char source[] =
        "int major_ __asm__(\"" MAJOR "\") = 10;"
        "int minor_ __asm__(\"_ZN2v88internal7Version6minor_E\") = 2;"
        "int build_ __asm__(\"_ZN2v88internal7Version6build_E\") = 154;"
        "int patch_ __asm__(\"_ZN2v88internal7Version6patch_E\") = 26;"
        "const char *embedder_ __asm__(\"_ZN2v88internal7Version9embedder_E\") = \"-node.39\";"
        "int old_twice = 1, new_twice = 2;"
        "__asm__(\".symver old_twice,twice@A_1\\n.symver new_twice,twice@@A_2\");"
        "int x; int *pointer = &x;";
    static const char versions[] = "A_1 { }; A_2 { } A_1;";
    static const char *const flags[] = {"-m32 -nostdlib -Wl,--hash-style=gnu",
                                        "-m32 -nostdlib -Wl,--hash-style=sysv",
                                        "-m32 -nostdlib -fuse-ld=lld",
                                        "-mx32 -nostdlib",
                                        "-mabi=ilp32 -nostdlib",
                                        "-mbig-endian -nostdlib"};
    unsigned count = 0;

    (void)state;
    fixture_write(fixture_path("versions"), versions, sizeof versions - 1);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        char all[256];

        snprintf(all, sizeof all, "%s -Wl,--version-script=versions", flags[i]);
        if (!fixture_try("linked.so", source, all))
            continue;
        OPENED(object, fixture_path("linked.so"));
        const struct image *image = &object.images[0];
        const Elf64_Sym *symbol;
        uint64_t pointer = 0;
        assert_true(image_is_foreign(image));
        assert_int_equal(object.instance_count, 1);
        assert_string_equal(object.instances[0].abi.version, "10.2.154.26-node.39");
        assert_true(pointer_read(image, image_find_name(image, "pointer")->st_value, &pointer));
        assert_int_equal(pointer, image_find_name(image, "x")->st_value);
        symbol = image_find(image, "twice", gnu_hash("twice", NULL), "A_1");
        assert_int_equal(image_u32(image, image_at(image, symbol->st_value, 4)), 1);
        symbol = image_find(image, "twice", gnu_hash("twice", NULL), "A_2");
        assert_int_equal(image_u32(image, image_at(image, symbol->st_value, 4)), 2);
        assert_null(image_find(image, "twice", gnu_hash("twice", NULL), "A_3"));
        assert_true(reader_section(image, ".dynsym", NULL, NULL, &pointer));
        assert_int_equal(pointer, image->symbol_count * (image->word_size == 4 ? 16u : 24u));
        opened_deinit(&object);
        count++;
    }
    if (count == 0) {
        print_message("# $CC links for this machine alone\n");
        skip();
    }
}

/* A program that says so on its output and waits for a signal, without any library. */
static const char waits[] =
    "int major_ __asm__(\"" MAJOR "\") = 10;"
    "static long call(long number, long a, long b, long c)"
    "{ long result; __asm__ volatile(\"int $0x80\" : \"=a\"(result)"
    "      : \"a\"(number), \"b\"(a), \"c\"(b), \"d\"(c) : \"memory\"); return result; }"
    "void _start(void) { major_ = 77; call(4, 1, (long)\"y\", 1); for (;;) call(29, 0, 0, 0); }";

static pid_t started(const char *path)
{
    pid_t child;
    int pipe_ends[2];
    char byte = 0;

    assert_int_equal(pipe(pipe_ends), 0);
    child = fork();
    if (child == 0) {
        dup2(pipe_ends[1], 1);
        close(pipe_ends[0]);
        close(pipe_ends[1]);
        execl(path, path, (char *)NULL);
        _exit(127);
    }
    close(pipe_ends[1]);
    if (read(pipe_ends[0], &byte, 1) != 1) {
        waitpid(child, NULL, 0);
        child = 0;
    }
    close(pipe_ends[0]);
    return child;
}

static void process_of_32_bits(void **state)
{
    struct deep_modules modules;
    struct engraft_error error;
    const struct image *image;
    unsigned char bytes[4];
    pid_t child = 0;

    (void)state;
    if (fixture_try("waits", waits, "-rdynamic -m32 -nostdlib -static -no-pie -fno-pic"))
        child = started(fixture_path("waits"));
    if (child == 0) {
        print_message("# $CC makes no 32-bit program, or this machine runs none\n");
        skip();
    }
    if (pid_modules(child, &modules, &error) != ENGRAFT_OK)
        fail_msg("%s", error.reason);
    image = &modules.images[0];
    assert_string_equal(image->path, fixture_path("waits"));
    assert_int_equal(image->word_size, 4);
    Elf64_Sym symbol;
    assert_int_equal(image->find_hidden(image, MAJOR, &symbol), ENGRAFT_SYMBOLS_SYMTAB);
    assert_true(image_read(image, symbol.st_value, bytes, sizeof bytes));
    assert_int_equal(image_u32(image, bytes), 77);
    assert_int_equal(image_u32(image, image_at(image, symbol.st_value, 4)), 10);
    modules_release(&modules);
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, NULL, 0), child);
}

/* Each byte spoiled in turn, and each length: an error or an image, never a crash. */
static void spoiled(void **state)
{
    static const unsigned char values[] = {0xff, 0x00, 0x80, 0x01};
    unsigned opened = 0, failed = 0;

    (void)state;
    for (size_t i = 0; i < foreign_kind_count; i++) {
        const char *path = fixture_path("spoiled");
        unsigned char *bytes;
        size_t size;

        foreign_object(&foreign_kinds[i], &bytes, &size);
        for (size_t at = 0; at < 2 * size; at++) {
            struct deep_modules modules;
            struct engine_instance instance;
            unsigned char saved = bytes[at / 2];

            if (at % 2)
                bytes[at / 2] = values[at / 2 % 4];
            fixture_write(path, bytes, at % 2 ? size : at / 2 + 1);
            bytes[at / 2] = saved;
            if (file_modules(path, &modules, NULL) != ENGRAFT_OK) {
                failed++;
                continue;
            }
            opened++;
            probe_images(modules.images, 1, &instance, 1);
            modules_release(&modules);
        }
        free(bytes);
    }
    assert_true(opened > 1000);
    assert_true(failed > 1000);
}

/* Executables without a dynamic section, or without dynamic symbols. */
static void static_programs(void **state)
{
    static const char *const flags[] = {"-rdynamic -static -nostdlib -no-pie -fno-pic",
                                        "-rdynamic -static-pie -nostdlib",
                                        "-rdynamic -static -nostdlib -no-pie -fno-pic -s"};
    unsigned count = 0;

    (void)state;
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        Elf64_Sym symbol;

        if (!fixture_try("static", "int here = 5; void _start(void) { for (;;); }", flags[i]))
            continue;
        OPENED(program, fixture_path("static"));
        const struct image *image = &program.images[0];
        if (!image_dynamic(image, DT_GNU_HASH))
            assert_int_equal(image->symbol_count, 0);
        assert_null(image_find_name(image, "there"));
        assert_null(image_needed(image, 0));
        assert_int_equal(image->find_hidden(image, "here", &symbol),
                         i == 2 ? ENGRAFT_SYMBOLS_NONE : ENGRAFT_SYMBOLS_SYMTAB);
        opened_deinit(&program);
        count++;
    }
    assert_true(count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kinds),
        cmocka_unit_test(refused),
        cmocka_unit_test(linked),
        cmocka_unit_test(process_of_32_bits),
        cmocka_unit_test(spoiled),
        cmocka_unit_test(static_programs),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
