/* SPDX-License-Identifier: MIT */
/* Files and processes as images: what cannot be read says why, what changes under us is no crash. */
#include <config.h>

#include "fixture.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "probes/pid_maps.h"

#define V102 "-DMAJOR=10 -DMINOR=2 -DBUILD=154 -DPATCH=26"

static void assert_fails(const char *path, enum engraft_status status, const char *text)
{
    struct deep_modules modules;
    struct engraft_error error;

    memset(&error, 0, sizeof error);
    assert_int_equal(file_modules(path, &modules, &error), status);
    assert_int_equal(error.status, status);
    assert_string_equal(error.object, path);
    if (!strstr(error.reason, text))
        fail_msg("%s: \"%s\" does not say \"%s\"", path, error.reason, text);
    assert_int_equal(file_modules(path, &modules, NULL), status);
}

/* ---- files ------------------------------------------------------------------------------------------- */

static void no_files(void **state)
{
    const char *pipe = fixture_path("pipe"), *empty = fixture_path("empty");

    (void)state;
    assert_int_equal(mkfifo(pipe, 0600), 0);
    fixture_write(empty, "", 0);
    assert_fails(fixture_path("not-there"), ENGRAFT_NOT_FOUND, "No such file");
    assert_fails(fixture_directory(), ENGRAFT_FORMAT, "a directory");
    assert_fails(pipe, ENGRAFT_FORMAT, "a pipe");
    assert_fails("/dev/zero", ENGRAFT_FORMAT, "a device");
    assert_fails(empty, ENGRAFT_FORMAT, "empty");
}

static void other_contents(void **state)
{
    const char *path = fixture_path("other"), *plain = fixture_build("o.so", "int x;", "");
    const char *object = fixture_path("object.o");
    size_t size;
    unsigned char *bytes = fixture_read(plain, &size);
    Elf64_Ehdr *header = (void *)bytes;

    (void)state;
    fixture_write(path, "#!/bin/sh\nexit 0\n", 17);
    assert_fails(path, ENGRAFT_FORMAT, "not an ELF object");
    fixture_write(path, "\x28\xb5\x2f\xfd....", 8);
    assert_fails(path, ENGRAFT_FORMAT, "compressed (zstd)");
    fixture_write(path, bytes, 20);
    assert_fails(path, ENGRAFT_FORMAT, "short");
    header->e_ident[EI_CLASS] = 7;
    fixture_write(path, bytes, size);
    assert_fails(path, ENGRAFT_FORMAT, "neither 32-bit nor 64-bit");
    header->e_ident[EI_CLASS] = ELFCLASS32; /* no program headers where that class has them */
    fixture_write(path, bytes, size);
    assert_fails(path, ENGRAFT_FORMAT, "no program headers");
    header->e_ident[EI_CLASS] = ELFCLASS64;
    header->e_ident[EI_DATA] = ELFDATA2MSB;
    fixture_write(path, bytes, size);
    assert_fails(path, ENGRAFT_FORMAT, "neither a shared object nor an executable");
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_type = ET_CORE;
    fixture_write(path, bytes, size);
    assert_fails(path, ENGRAFT_FORMAT, "a core file without a list of the mapped files");
    free(bytes);
    fixture_run("cd '%s' && ${CC:-cc} -c o.so.c -o '%s'", fixture_directory(), object);
    assert_fails(object, ENGRAFT_UNSUPPORTED, "object file");
}

/* A library that is cut off anywhere is an error, or has lost only what no segment holds. */
static void truncated(void **state)
{
    const char *path = fixture_build("cut.so", fake_v8, V102);
    const char *cut = fixture_path("cut");
    size_t size;
    unsigned char *bytes = fixture_read(path, &size);
    unsigned failures = 0;

    (void)state;
    for (size_t length = 1; length < size; length += 61) {
        struct deep_modules modules;
        struct engraft_error error;
        struct engine_instance instance;

        fixture_write(cut, bytes, length);
        if (file_modules(cut, &modules, &error) != ENGRAFT_OK) {
            failures++;
            continue;
        }
        assert_int_equal(probe_images(modules.images, 1, &instance, 1), 1);
        reader_close(&modules.images[0]);
        free(modules.images);
    }
    assert_true(failures > 100);
    fixture_write(cut, bytes, size / 2);
    assert_fails(cut, ENGRAFT_FORMAT, "truncated");
    free(bytes);
}

static void truncated_while_read(void **state)
{
    const char *path = fixture_build("shrinks.so", "const char big[100000] = {1};", "");
    struct deep_modules modules;
    struct image *image;
    Elf64_Sym symbol;

    (void)state;
    assert_int_equal(file_modules(path, &modules, NULL), ENGRAFT_OK);
    image = &modules.images[0];
    symbol = *image_find_name(image, "big");
    assert_non_null(image_at(image, symbol.st_value, 1));
    assert_int_equal(truncate(path, 5000), 0);
    assert_null(image_at(image, symbol.st_value + 50000, 50000));
    assert_null(image_at(image, symbol.st_value + 100000000, 1));
    reader_close(image);
    free(modules.images);
}

/* Each byte of the headers and of the dynamic section, spoiled in turn. Nothing may crash. */
static void spoiled_bytes(void **state)
{
    static const unsigned char values[] = {0xff, 0x00, 0x80};
    const char *path = fixture_build("spoiled.so", fake_v8, V102 " -DTAGGED=8");
    size_t size, end = 64 + 12 * 56;
    unsigned char *bytes = fixture_read(path, &size);
    unsigned opened_count = 0, refused = 0;

    (void)state;
    OPENED(good, path);
    size_t dynamic = 0;
    for (unsigned i = 0; i < good.images[0].segment_count; i++) {
        const struct image_segment *segment = &good.images[0].segments[i];

        if (good.images[0].dynamic_vaddr - segment->vaddr < segment->file_size)
            dynamic = segment->offset + (good.images[0].dynamic_vaddr - segment->vaddr);
    }
    assert_true(dynamic > 0);
    opened_deinit(&good);
    for (size_t i = 0; i < end + 400; i++) {
        size_t at = i < end ? i : dynamic + (i - end);
        unsigned char saved = bytes[at];
        struct deep_modules modules;
        struct engine_instance instance;
        struct abi abi;
        const char *source;

        bytes[at] = values[i % 3];
        fixture_write(path, bytes, size);
        bytes[at] = saved;
        if (file_modules(path, &modules, NULL) != ENGRAFT_OK) {
            refused++;
            continue;
        }
        opened_count++;
        probe_images(modules.images, 1, &instance, 1);
        v8_infer(&modules.images[0], &abi, &source);
        reader_close(&modules.images[0]);
        free(modules.images);
    }
    assert_true(opened_count > 100);
    assert_true(refused > 50);
    free(bytes);
}

static void build_ids(void **state)
{
    char text[80];

    (void)state;
    OPENED(with, fixture_build("id.so", "int x;", "-Wl,--build-id=0x0123456789abcdef"));
    OPENED(without, fixture_build("noid.so", "int x;", "-Wl,--build-id=none"));
    reader_build_id(&with.images[0], text, sizeof text);
    assert_string_equal(text, "0123456789abcdef");
    reader_build_id(&with.images[0], text, 16);
    assert_string_equal(text, "");
    reader_build_id(&without.images[0], text, sizeof text);
    assert_string_equal(text, "");
    opened_deinit(&with);
    opened_deinit(&without);
}

static void sections(void **state)
{
    const char *source = "__attribute__((section(\".engraft_test\"))) int x = 0x600d;"
                         "int zero[99];";
    uint64_t vaddr = 0, offset = 0, size = 0;
    int value = 0;

    (void)state;
    OPENED(with, fixture_build("sections.so", source, ""));
    struct image *image = &with.images[0];
    assert_true(reader_section(image, ".engraft_test", &vaddr, &offset, &size));
    assert_int_equal(vaddr, image_find_name(image, "x")->st_value);
    assert_int_equal(size, sizeof value);
    assert_true(file_read(reader_file(image), &value, sizeof value, offset));
    assert_int_equal(value, 0x600d);
    assert_true(reader_section(image, ".bss", &vaddr, NULL, &size));
    assert_int_equal(size, 0);
    assert_true(reader_section(image, ".engraft_test", NULL, NULL, NULL));
    assert_false(reader_section(image, ".engraft", NULL, NULL, NULL));
    assert_false(reader_section(image, "", NULL, NULL, NULL));
    opened_deinit(&with);
    size_t length;
    unsigned char *bytes = fixture_read(fixture_path("sections.so"), &length);
    ((Elf64_Ehdr *)(void *)bytes)->e_shoff = 0;
    fixture_write(fixture_path("none.so"), bytes, length);
    OPENED(none, fixture_path("none.so"));
    assert_false(reader_section(&none.images[0], ".engraft_test", NULL, NULL, NULL));
    opened_deinit(&none);
    ((Elf64_Ehdr *)(void *)bytes)->e_shoff = length - 32;
    fixture_write(fixture_path("none.so"), bytes, length);
    OPENED(outside, fixture_path("none.so"));
    assert_false(reader_section(&outside.images[0], ".engraft_test", NULL, NULL, NULL));
    opened_deinit(&outside);
    free(bytes);
}

static enum engraft_symbols hidden(const char *path, const char *name, Elf64_Sym *ret_symbol)
{
    enum engraft_symbols kind;

    OPENED(object, path);
    kind = object.images[0].find_hidden(&object.images[0], name, ret_symbol);
    opened_deinit(&object);
    return kind;
}

/* Puts `content` into the library as .gnu_debugdata. */
static void carry(const char *content, const char *name)
{
    fixture_run("cd '%s' && objcopy --add-section .gnu_debugdata=%s stripped.so %s",
                fixture_directory(), content, name);
}

/* Symbols that a stripped file carries in an .xz file of its own. */
static void carried_symbols(void **state)
{
    const char *path = fixture_build(
        "whole.so", "static __attribute__((noinline)) int inner(int x) { return x * 3; }"
                    "int outer(int x) { return inner(x) + inner(x + 1); }", "");
    Elf64_Sym before, after;

    (void)state;
#ifndef HAVE_LZMA
    print_message("# built without liblzma\n");
    skip();
#endif
    if (system("xz --version >/dev/null 2>&1") != 0) {
        print_message("# there is no xz\n");
        skip();
    }
    assert_int_equal(hidden(path, "inner", &before), ENGRAFT_SYMBOLS_SYMTAB);
    fixture_run("cd '%s' && objcopy --only-keep-debug whole.so small && xz -k small && "
                "strip -s -o stripped.so whole.so", fixture_directory());
    assert_int_equal(hidden(fixture_path("stripped.so"), "inner", &after), ENGRAFT_SYMBOLS_NONE);
    carry("small.xz", "carries.so");
    assert_int_equal(hidden(fixture_path("carries.so"), "inner", &after), ENGRAFT_SYMBOLS_DEBUG);
    assert_int_equal(after.st_value, before.st_value);
    assert_int_equal(hidden(fixture_path("carries.so"), "other", &after), ENGRAFT_SYMBOLS_NONE);

    fixture_run("cd '%s' && head -c 300 small.xz >damaged", fixture_directory());
    carry("damaged", "damaged.so");
    assert_int_equal(hidden(fixture_path("damaged.so"), "inner", &after), ENGRAFT_SYMBOLS_NONE);
    /* 300 MB of zeros are 44 kB. */
    fixture_run("cd '%s' && { cat small; head -c 300000000 /dev/zero; } | xz -0 >large",
                fixture_directory());
    carry("large", "large.so");
    assert_int_equal(hidden(fixture_path("large.so"), "inner", &after), ENGRAFT_SYMBOLS_NONE);
}

/* ---- /proc/PID/maps ------------------------------------------------------------------------------------ */

static void maps(void **state)
{
    char text[] =
        "00400000-00401000 r--p 00000000 fe:01 77                         /bin/a b\n"
        "00401000-00402000 r-xp 00001000 fe:01 77                         /bin/a b\n"
        "00402000-00403000 rw-p 00001000 fe:01 77                         /bin/a b\n"
        "00500000-00600000 rw-p 00000000 00:00 0                          [heap]\n"
        "00700000-00701000 r--p 00000000 fe:01 78                         /x\\012y (deleted)\n"
        "00800000-00801000 r--p 00000000 fe:01 78                         /x\\012y (deleted)\n"
        "00900000-00901000 r--p 00000000 fe:02 77                         /bin/a b\n"
        "nonsense\n"
        "00900000 r--p\n"
        "-1-2 r--p 0 0:0 5 /q\n"
        "00a00000-00b00000 rw-p 00000000 00:00 0\n";
    struct mapped_files files;

    (void)state;
    assert_true(maps_parse(text, &files));
    assert_int_equal(files.count, 4);
    assert_string_equal(files.items[0].path, "/bin/a b");
    assert_true(files.items[0].executable);
    assert_int_equal(files.items[0].start, 0x400000);
    assert_int_equal(files.items[0].end, 0x401000);
    assert_int_equal(files.items[0].inode, 77);
    assert_int_equal(files.items[0].device, makedev(0xfe, 1));
    assert_string_equal(files.items[1].path, "/x\ny (deleted)");
    assert_false(files.items[1].executable);
    assert_int_equal(files.items[2].start, 0x800000);
    assert_int_equal(files.items[3].device, makedev(0xfe, 2));
    maps_clear(&files);
    assert_int_equal(files.count, 0);
}

/* ---- processes ------------------------------------------------------------------------------------------- */

/* A child that has loaded `library`, says so, and waits; each further byte in makes it set
 * V8::platform_ and answer. */
struct child {
    pid_t pid;
    int to, from;
};

static void child_main(const char *library, int in, int out)
{
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    void **platform = handle ? dlsym(handle, "_ZN2v88internal2V89platform_E") : NULL;
    char byte = platform ? 'y' : 'n';

    while (write(out, &byte, 1) == 1 && read(in, &byte, 1) == 1)
        *platform = &byte;
    _exit(0);
}

static void child_start(struct child *child, const char *library)
{
    int down[2], up[2];
    char byte = 0;

    assert_int_equal(pipe(down), 0);
    assert_int_equal(pipe(up), 0);
    child->pid = fork();
    if (child->pid == 0) {
        close(down[1]);
        close(up[0]);
        child_main(library, down[0], up[1]);
    }
    assert_true(child->pid > 0);
    close(down[0]);
    close(up[1]);
    child->to = down[1];
    child->from = up[0];
    assert_int_equal(read(child->from, &byte, 1), 1);
    assert_int_equal(byte, 'y');
}

static void child_initialise(struct child *child)
{
    char byte = 'p';

    assert_int_equal(write(child->to, &byte, 1), 1);
    assert_int_equal(read(child->from, &byte, 1), 1);
}

static void child_stop(struct child *child)
{
    close(child->to);
    close(child->from);
    assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

static void modules_close(struct deep_modules *modules)
{
    modules_release(modules);
}

/* The one V8 of a process, with what the test wants to know of it. */
static void assert_v8_in(pid_t pid, const char *path, int ready)
{
    struct deep_modules modules;
    struct engraft_error error;
    struct engine_instance instances[2];

    if (pid_modules(pid, &modules, &error) != ENGRAFT_OK)
        fail_msg("%s: %s", error.object, error.reason);
    assert_int_equal(modules.pid, pid);
    assert_true(modules.count >= 3); /* this program, the C library, the fixture */
    assert_int_equal(probe_images(modules.images, modules.count, instances, 2), 1);
    assert_string_equal(instances[0].abi.version, "10.2.154.26-node.39");
    assert_string_equal(instances[0].modules[0]->path, path);
    assert_true(instances[0].modules[0]->load_address != 0);
    assert_int_equal(instances[0].linkage, ENGRAFT_LINKAGE_SHARED);
    assert_int_equal(instances[0].ready, ready);
    modules_close(&modules);
}

static bool process_can_be_read(void)
{
    int value = 7, copy = 0;

    return pid_read(getpid(), (uintptr_t)&value, &copy, sizeof copy) && copy == 7;
}

#define FAKE V102 " -DEMBEDDER='\"-node.39\"' -DTEXT='\"10.2.154.26-node.39\"'"

static void process(void **state)
{
    const char *library = fixture_build("process.so", fake_v8, FAKE);
    struct child child;

    (void)state;
    if (!process_can_be_read())
        skip();
    child_start(&child, library);
    assert_v8_in(child.pid, library, 0);
    child_initialise(&child);
    assert_v8_in(child.pid, library, 1);
    child_stop(&child);
}

static void executable_comes_first(void **state)
{
    struct deep_modules modules;
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    (void)state;
    assert_true(length > 0);
    path[length] = '\0';
    assert_int_equal(pid_modules(getpid(), &modules, NULL), ENGRAFT_OK);
    assert_string_equal(modules.images[0].path, path);
    assert_int_equal(
        image_symbol_address(&modules.images[0],
                             image_find_name(&modules.images[0], "fixture_exported")),
        (uintptr_t)dlsym(RTLD_DEFAULT, "fixture_exported"));
    modules_close(&modules);
}

static void process_with_deleted_library(void **state)
{
    const char *library = fixture_build("gone\nfor good.so", fake_v8, FAKE);
    struct child child;

    (void)state;
    if (!process_can_be_read())
        skip();
    child_start(&child, library);
    assert_int_equal(unlink(library), 0);
    assert_v8_in(child.pid, library, 0);
    child_stop(&child);
}

static void process_with_a_name_that_looks_deleted(void **state)
{
    const char *library = fixture_build("here (deleted)", fake_v8, FAKE);
    struct child child;

    (void)state;
    if (!process_can_be_read())
        skip();
    child_start(&child, library);
    assert_v8_in(child.pid, library, 0);
    child_stop(&child);
}

/* Another file lies at the path now: what the process runs is told, not what the path says. */
static void process_with_replaced_library(void **state)
{
    const char *library = fixture_build("replaced.so", fake_v8, FAKE);
    const char *other = fixture_build("replacement.so", fake_v8,
                                      "-DMAJOR=11 -DMINOR=3 -DBUILD=244 -DPATCH=8");
    struct child child;

    (void)state;
    if (!process_can_be_read())
        skip();
    child_start(&child, library);
    assert_int_equal(rename(other, library), 0);
    assert_v8_in(child.pid, library, 0);
    child_stop(&child);
}

/* The file was overwritten in place: pages that the process has not changed show the text, but what
 * ld.so wrote to is its own. Whatever is told then, nothing crashes and other modules are there. */
static void process_with_overwritten_library(void **state)
{
    const char *library = fixture_build("overwritten.so", fake_v8, FAKE);
    struct deep_modules modules;
    struct child child;
    FILE *file;

    (void)state;
    if (!process_can_be_read())
        skip();
    child_start(&child, library);
    file = fopen(library, "r+");
    assert_non_null(file);
    assert_true(fputs("no longer a library", file) > 0);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(pid_modules(child.pid, &modules, NULL), ENGRAFT_OK);
    assert_true(modules.count >= 2);
    for (size_t i = 0; i < modules.count; i++)
        assert_string_not_equal(modules.images[i].path, library);
    modules_release(&modules);
    kill(child.pid, SIGKILL); /* it would read the text, too */
    child_stop(&child);
}

/* The reader of memory alone, and of a file alone where memory may not be read. */
static void sources(void **state)
{
    const char *library = fixture_build("sources.so", fake_v8, FAKE);
    struct reader_source source = {.fd = -1, .pid = getpid(), .readable = true};
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    struct engine_instance instance;
    struct engraft_error error;
    struct link_map *map;
    struct image image;

    (void)state;
    if (!process_can_be_read())
        skip();
    assert_non_null(handle);
    assert_int_equal(dlinfo(handle, RTLD_DI_LINKMAP, &map), 0);
    source.map_start = map->l_addr;
    source.map_executable = true;
    assert_int_equal(reader_open(library, &source, &image, &error), ENGRAFT_OK);
    assert_int_equal(image.load_address, map->l_addr);
    assert_int_equal(probe_images(&image, 1, &instance, 1), 1);
    assert_string_equal(instance.abi.version, "10.2.154.26-node.39");
    assert_int_equal(instance.ready, 0);
    assert_int_equal(reader_file(&image), -1);
    reader_close(&image);

    source.fd = file_open(library, NULL, NULL);
    source.readable = false;
    assert_int_equal(reader_open(library, &source, &image, &error), ENGRAFT_OK);
    assert_int_equal(probe_images(&image, 1, &instance, 1), 1);
    assert_string_equal(instance.abi.version, "10.2.154.26-node.39");
    assert_int_equal(instance.ready, -1);
    reader_close(&image);

    source.fd = file_open(library, NULL, NULL);
    source.map_executable = false; /* as a debugger maps it */
    assert_int_equal(reader_open(library, &source, &image, &error), ENGRAFT_UNSUPPORTED);
    assert_non_null(strstr(error.reason, "mapped as data"));
    dlclose(handle);
}

static void assert_no_process(pid_t pid, enum engraft_status status, const char *text)
{
    struct deep_modules modules;
    struct engraft_error error;

    assert_int_equal(pid_modules(pid, &modules, &error), status);
    if (!strstr(error.reason, text))
        fail_msg("\"%s\" does not say \"%s\"", error.reason, text);
}

static void no_process(void **state)
{
    siginfo_t information;
    pid_t child = fork();

    (void)state;
    if (child == 0)
        _exit(0);
    assert_int_equal(waitid(P_PID, (id_t)child, &information, WEXITED | WNOWAIT), 0);
    assert_no_process(child, ENGRAFT_NOT_FOUND, "zombie");
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_no_process(INT32_MAX, ENGRAFT_NOT_FOUND, "no such process");
}

static void kernel_thread(void **state)
{
    char name[32] = "";
    FILE *file = fopen("/proc/2/comm", "r");

    (void)state;
    if (file) {
        if (!fgets(name, sizeof name, file))
            name[0] = '\0';
        fclose(file);
    }
    if (strcmp(name, "kthreadd\n") != 0) {
        print_message("# no kernel thread is visible here\n");
        skip();
    }
    assert_no_process(2, ENGRAFT_UNSUPPORTED, "kernel thread");
}

/* In a child: giving up root cannot be undone. */
static void no_permission(void **state)
{
    struct deep_modules modules;
    struct engraft_error error;
    int status;
    pid_t child;

    (void)state;
    if (geteuid() != 0) {
        print_message("# needs another user's process: run as root\n");
        skip();
    }
    child = fork();
    if (child == 0) {
        if (setgid(65534) != 0 || setuid(65534) != 0)
            _exit(2);
        if (pid_modules(getppid(), &modules, &error) != ENGRAFT_SYSTEM)
            _exit(3);
        _exit(strstr(error.reason, "no permission") ? 0 : 4);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

__attribute__((visibility("default"))) int fixture_exported(void);
int fixture_exported(void)
{
    return 1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_files),
        cmocka_unit_test(other_contents),
        cmocka_unit_test(truncated),
        cmocka_unit_test(truncated_while_read),
        cmocka_unit_test(spoiled_bytes),
        cmocka_unit_test(build_ids),
        cmocka_unit_test(sections),
        cmocka_unit_test(carried_symbols),
        cmocka_unit_test(maps),
        cmocka_unit_test(process),
        cmocka_unit_test(executable_comes_first),
        cmocka_unit_test(process_with_deleted_library),
        cmocka_unit_test(process_with_a_name_that_looks_deleted),
        cmocka_unit_test(process_with_replaced_library),
        cmocka_unit_test(process_with_overwritten_library),
        cmocka_unit_test(sources),
        cmocka_unit_test(no_process),
        cmocka_unit_test(kernel_thread),
        cmocka_unit_test(no_permission),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
