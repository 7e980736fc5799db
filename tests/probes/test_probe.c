/* SPDX-License-Identifier: MIT */
/* Finding engines among objects: markers, grouping, notes, and what V8's row reads. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>

#define V102 "-DMAJOR=10 -DMINOR=2 -DBUILD=154 -DPATCH=26"
#define EMBEDDED " -DEMBEDDER='\"-node.39\"' -DTEXT='\"10.2.154.26-node.39\"'"
#define PLATFORM_SOURCE \
    "void pump(void) __asm__(\"_ZN2v88platform15PumpMessageLoopEPNS_8PlatformEPNS_7IsolateENS0_" \
    "19MessageLoopBehaviorE\");\nvoid pump(void) {}\n"
#define BASE_SOURCE "void mutex(void) __asm__(\"_ZN2v84base5MutexC1Ev\");\nvoid mutex(void) {}\n"
#define NEEDS(library) " -Wl,--no-as-needed ./" library

static void rows_and_prefixes(void **state)
{
    (void)state;
    assert_non_null(probe_row("v8"));
    assert_ptr_equal(probe_row_at(0), probe_row("v8"));
    assert_null(probe_row("v9"));
    assert_null(probe_row_at(100));
    assert_ptr_equal(probe_row_of_symbol("_ZN2v87Isolate10GetCurrentEv"), probe_row("v8"));
    assert_ptr_equal(probe_row_of_symbol("_ZTVN2v813ArrayBuffer9AllocatorE"), probe_row("v8"));
    assert_ptr_equal(probe_row_of_symbol("node_module_register"), probe_row("v8"));
    assert_null(probe_row_of_symbol("napi_create_object"));
    assert_null(probe_row_of_symbol("_ZN3v8x3fooEv"));
    assert_null(probe_row_of_symbol("_ZN2v"));
    assert_null(probe_row_of_symbol(""));
}

static void nothing_in_a_plain_object(void **state)
{
    OPENED(opened, fixture_build("plain.so", "int answer(void) { return 42; }", ""));

    (void)state;
    assert_int_equal(opened.instance_count, 0);
    opened_deinit(&opened);
}

static void v8_in_one_library(void **state)
{
    OPENED(opened, fixture_build("any-name.dat", fake_v8,
                                 V102 EMBEDDED " -DTAGGED=8 -DSMI_SHIFT=31"));
    const struct engine_instance *v8 = &opened.instances[0];

    (void)state;
    assert_int_equal(opened.instance_count, 1);
    assert_ptr_equal(v8->row, probe_row("v8"));
    assert_string_equal(v8->abi.engine, "v8");
    assert_string_equal(v8->abi.version, "10.2.154.26-node.39");
    assert_string_equal(v8->abi.config, "pointer-compression=no sandbox=no smi-bits=32");
    assert_int_equal(v8->linkage, ENGRAFT_LINKAGE_SHARED);
    assert_int_equal(v8->symbols, ENGRAFT_SYMBOLS_DYNAMIC);
    assert_int_equal(v8->ready, -1);
    assert_int_equal(v8->module_count, 1);
    assert_string_equal(v8->prefixes[0], "_ZN2v8");
    assert_true(has_evidence(v8, "dynamic-symbol", "_ZN2v88internal7Version6major_E"));
    assert_true(has_evidence(v8, "data", "= \"10.2.154.26-node.39\""));
    opened_deinit(&opened);
}

static void v8_without_patch_and_text(void **state)
{
    OPENED(opened,
           fixture_build("nopatch.so", fake_v8, "-DMAJOR=12 -DMINOR=4 -DBUILD=254 -DPATCH=0"));

    (void)state;
    assert_int_equal(opened.instance_count, 1);
    assert_string_equal(opened.instances[0].abi.version, "12.4.254");
    assert_string_equal(opened.instances[0].abi.config, "");
    opened_deinit(&opened);
}

static void v8_with_other_configuration(void **state)
{
    OPENED(opened, fixture_build("chromium.so", fake_v8,
                                 V102 " -DTAGGED=4 -DSMI_SHIFT=0 -DSANDBOX -DLIBCXX"));

    (void)state;
    assert_string_equal(opened.instances[0].abi.config,
                        "pointer-compression=yes sandbox=yes smi-bits=31 stdlib=libc++");
    opened_deinit(&opened);
}

static void version_that_disagrees_is_unknown(void **state)
{
    OPENED(opened, fixture_build("liar.so", fake_v8, V102 " -DTEXT='\"11.3.244.8\"'"));

    (void)state;
    assert_int_equal(opened.instance_count, 1);
    assert_string_equal(opened.instances[0].abi.version, "");
    assert_true(has_evidence(&opened.instances[0], "data", "disagree"));
    opened_deinit(&opened);
}

/* What an import library looks like: V8's names, its data all zero. */
static void names_without_content_are_no_engine(void **state)
{
    static const char source[] =
        "void version(void) __asm__(\"_ZN2v82V810GetVersionEv\"); void version(void) {}\n"
        "#ifdef WHOLE\n"
        "void allocate(void) __asm__(\"_ZN2v87Isolate8AllocateEv\"); void allocate(void) {}\n"
        "#endif\n";
    OPENED(zero, fixture_build("zero.so", fake_v8, "-DMAJOR=0 -DMINOR=0 -DBUILD=0 -DPATCH=0"));
    OPENED(name, fixture_build("name.so", source, ""));
    OPENED(whole, fixture_build("whole.so", source, "-DWHOLE"));

    (void)state;
    assert_int_equal(zero.instance_count, 0);
    assert_int_equal(name.instance_count, 0);
    assert_int_equal(whole.instance_count, 1);
    assert_string_equal(whole.instances[0].abi.version, "");
    opened_deinit(&zero);
    opened_deinit(&name);
    opened_deinit(&whole);
}

#define NOTE_SECTION ".pushsection .note.engraft,\\\"a\\\",@note\\n.balign 4\\n"
#define MANIFEST_NOTE \
    "__asm__(\"" NOTE_SECTION ".long 8,8,1\\n.asciz \\\"engraft\\\"\\n.quad 0\\n" \
    ".popsection\");\n"

static void stub_is_no_engine(void **state)
{
    char source[8192];

    (void)state;
    strcpy(source, fake_v8);
    strcat(source, MANIFEST_NOTE);
    OPENED(opened, fixture_build("stub.so", source, V102));
    assert_int_equal(opened.instance_count, 0);
    opened_deinit(&opened);
}

/* Engraft rewrites a plugin's undefined references to SHN_ABS; a SysV hash table finds them. */
static void bound_plugin_is_no_engine(void **state)
{
    const char *plugin = fixture_build(
        "bound.so",
        "extern const char *version(void) __asm__(\"_ZN2v82V810GetVersionEv\");\n"
        "const char *call(void) { return version(); }\n",
        "-Wl,--hash-style=sysv");
    OPENED(opened, plugin);
    const struct image *image = &opened.images[0];
    Elf64_Sym *bound = NULL;

    (void)state;
    for (uint32_t i = 1; i < image->symbol_count; i++)
        if (strcmp(image_name(image, image->symbols[i].st_name), "_ZN2v82V810GetVersionEv") == 0)
            bound = (Elf64_Sym *)&image->symbols[i];
    assert_non_null(bound);
    bound->st_shndx = SHN_ABS;
    bound->st_value = 0x1000;
    bound->st_other = STV_HIDDEN;
    assert_null(image_find_name(image, "_ZN2v82V810GetVersionEv")); /* nobody is bound to it */
    assert_int_equal(probe_images(opened.images, 1, opened.instances, ENGINE_MAX), 0);
    bound->st_other = STV_DEFAULT;
    assert_non_null(image_find_name(image, "_ZN2v82V810GetVersionEv"));
    assert_int_equal(probe_images(opened.images, 1, opened.instances, ENGINE_MAX), 0);
    opened_deinit(&opened);
}

/* libv8.so NEEDs libglue, which NEEDs libv8_libbase; libv8_libplatform NEEDs libv8. */
static void component_build(void **state)
{
    const char *base = fixture_build("cbase.so", BASE_SOURCE, "");
    const char *glue = fixture_build("cglue.so", "int glue;", NEEDS("cbase.so"));
    const char *core = fixture_build("ccore.so", fake_v8, V102 NEEDS("cglue.so"));
    const char *platform = fixture_build("cplatform.so", PLATFORM_SOURCE, NEEDS("ccore.so"));
    const char *lone = fixture_build("clone.so", BASE_SOURCE, "");
    OPENED(opened, platform, lone, base, glue, core);
    const struct engine_instance *v8 = &opened.instances[0];

    (void)state;
    assert_int_equal(opened.instance_count, 1);
    assert_int_equal(v8->module_count, 3);
    assert_ptr_equal(v8->modules[0], &opened.images[4]);
    assert_ptr_equal(v8->modules[1], &opened.images[0]);
    assert_ptr_equal(v8->modules[2], &opened.images[2]);
    assert_true(images_connected(opened.images, 5, 2, 4));
    assert_false(images_connected(opened.images, 5, 1, 4));
    opened_deinit(&opened);
}

static void two_engines(void **state)
{
    const char *first = fixture_build("two1.so", fake_v8, V102);
    const char *second = fixture_build("two2.so", fake_v8,
                                       "-DMAJOR=11 -DMINOR=3 -DBUILD=244 -DPATCH=8");
    const char *platform = fixture_build("two2p.so", PLATFORM_SOURCE, NEEDS("two2.so"));
    OPENED(opened, first, platform, second);

    (void)state;
    assert_int_equal(opened.instance_count, 2);
    assert_string_equal(opened.instances[0].abi.version, "10.2.154.26");
    assert_int_equal(opened.instances[0].module_count, 1);
    assert_string_equal(opened.instances[1].abi.version, "11.3.244.8");
    assert_int_equal(opened.instances[1].module_count, 2);
    assert_int_equal(probe_images(opened.images, 3, opened.instances, 1), 1);
    opened_deinit(&opened);
}

static void hidden_in_symtab(void **state)
{
    const char *path = fixture_build("hidden.so", fake_v8,
                                     V102 EMBEDDED " -fvisibility=hidden");
    const char *stripped = fixture_path("stripped.so");

    (void)state;
    OPENED(opened, path);
    assert_int_equal(opened.instance_count, 1);
    assert_int_equal(opened.instances[0].symbols, ENGRAFT_SYMBOLS_SYMTAB);
    assert_int_equal(opened.instances[0].linkage, ENGRAFT_LINKAGE_STATIC);
    assert_string_equal(opened.instances[0].abi.version, "10.2.154.26-node.39");
    fixture_run("strip -o '%s' '%s'", stripped, path);
    OPENED(bare, stripped);
    assert_int_equal(bare.instance_count, 0);
    opened_deinit(&opened);
    opened_deinit(&bare);
}

static void in_the_executable(void **state)
{
    char source[8192];

    (void)state;
    strcpy(source, fake_v8);
    strcat(source, "int main(void) { return 0; }\n");
    OPENED(fixed, fixture_build("fixed", source, V102 " -no-pie -fno-pic -rdynamic"));
    OPENED(pie, fixture_build("pie", source, V102 " -pie -fPIE -rdynamic"));
    assert_int_equal(fixed.instance_count, 1);
    assert_int_equal(fixed.instances[0].linkage, ENGRAFT_LINKAGE_EXECUTABLE);
    assert_int_equal(pie.instance_count, 1);
    assert_int_equal(pie.instances[0].linkage, ENGRAFT_LINKAGE_EXECUTABLE);
    opened_deinit(&fixed);
    opened_deinit(&pie);
}

/* lld leaves zeros where a relocation will store a pointer. */
static void pointers_from_relocations(void **state)
{
    (void)state;
    if (!fixture_try("lld.so", fake_v8, V102 EMBEDDED " -fuse-ld=lld")) {
        print_message("# lld is not installed\n");
        skip();
    }
    OPENED(opened, fixture_path("lld.so"));
    assert_int_equal(opened.instance_count, 1);
    assert_string_equal(opened.instances[0].abi.version, "10.2.154.26-node.39");
    opened_deinit(&opened);
}

/* ---- engines that describe themselves ---------------------------------------------------------------- */

/* Header of 64 bytes, then: engine at 64, version (three characters) at 68, config at 72, prefixes at
 * 76, ready at 88; 104 bytes in all. */
#define ENGINE_NOTE \
    "__asm__(\"" NOTE_SECTION ".long 8,104,2\\n.asciz \\\"engraft\\\"\\n" \
    ".long 1,104,0,0, 64,68,72,0, 0,76,88,0, 0,0,0,0\\n" \
    ".asciz \\\"toy\\\"\\n.asciz \\\"\" VERSION \"\\\"\\n.asciz \\\"a=b\\\"\\n" \
    ".asciz \\\"toy_\\\"\\n.asciz \\\"_toy_\\\"\\n.byte 0\\n" \
    ".asciz \\\"toy_is_ready\\\"\\n.balign 4\\n.popsection\");\n"

static const char toy_source[] =
    ENGINE_NOTE "#ifdef CORE\nint toy_is_ready = 1;\n#endif\nint THIS;\n";

#define TOY(version, name) "-DVERSION='\"" version "\"' -DTHIS=toy_" name

static void engine_by_note(void **state)
{
    OPENED(opened, fixture_build("toy.so", toy_source, TOY("1.2", "one") " -DCORE"));
    const struct engine_instance *toy = &opened.instances[0];

    (void)state;
    assert_int_equal(opened.instance_count, 1);
    assert_null(toy->row);
    assert_string_equal(toy->abi.engine, "toy");
    assert_string_equal(toy->abi.version, "1.2");
    assert_string_equal(toy->abi.config, "a=b");
    assert_string_equal(toy->prefixes[0], "toy_");
    assert_string_equal(toy->prefixes[1], "_toy_");
    assert_null(toy->prefixes[2]);
    assert_int_equal(toy->ready, -1);
    assert_true(has_evidence(toy, "note", "toy 1.2"));
    opened_deinit(&opened);
}

static void engine_by_notes_of_three_modules(void **state)
{
    const char *left = fixture_build("tleft.so", toy_source, TOY("1.2", "left"));
    const char *core = fixture_build("tcore.so", toy_source,
                                     TOY("1.2", "core") " -DCORE" NEEDS("tleft.so"));
    const char *right = fixture_build("tright.so", toy_source,
                                      TOY("1.2", "right") NEEDS("tcore.so"));
    const char *other = fixture_build("tother.so", toy_source,
                                      TOY("1.3", "other") NEEDS("tcore.so"));
    const char *copy = fixture_build("tcopy.so", toy_source, TOY("1.2", "copy") " -DCORE");
    OPENED(opened, left, right, other, core, copy);

    (void)state;
    assert_int_equal(opened.instance_count, 3);
    assert_ptr_equal(opened.instances[0].modules[0], &opened.images[3]);
    assert_int_equal(opened.instances[0].module_count, 3);
    assert_ptr_equal(opened.instances[1].modules[0], &opened.images[4]);
    assert_int_equal(opened.instances[1].module_count, 1);
    assert_string_equal(opened.instances[2].abi.version, "1.3");
    opened_deinit(&opened);
}

/* Every byte of the note's header, spoiled in turn: an engine or none, and no crash. */
static void notes_that_lie(void **state)
{
    const char *path = fixture_build("tlie.so", toy_source, TOY("1.2", "lie") " -DCORE");
    size_t size;
    unsigned char *bytes = fixture_read(path, &size), *note;
    unsigned refused = 0;

    (void)state;
    note = memmem(bytes, size, "engraft", 8);
    assert_non_null(note);
    for (size_t i = 0; i < 64; i++) {
        unsigned char saved = note[8 + i];

        note[8 + i] = 0xff;
        fixture_write(path, bytes, size);
        OPENED(opened, path);
        refused += opened.instance_count == 0;
        opened_deinit(&opened);
        note[8 + i] = saved;
    }
    assert_true(refused >= 16); /* format, size and the offsets of strings */
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_prefixes),
        cmocka_unit_test(nothing_in_a_plain_object),
        cmocka_unit_test(v8_in_one_library),
        cmocka_unit_test(v8_without_patch_and_text),
        cmocka_unit_test(v8_with_other_configuration),
        cmocka_unit_test(version_that_disagrees_is_unknown),
        cmocka_unit_test(names_without_content_are_no_engine),
        cmocka_unit_test(stub_is_no_engine),
        cmocka_unit_test(bound_plugin_is_no_engine),
        cmocka_unit_test(component_build),
        cmocka_unit_test(two_engines),
        cmocka_unit_test(hidden_in_symtab),
        cmocka_unit_test(in_the_executable),
        cmocka_unit_test(pointers_from_relocations),
        cmocka_unit_test(engine_by_note),
        cmocka_unit_test(engine_by_notes_of_three_modules),
        cmocka_unit_test(notes_that_lie),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
