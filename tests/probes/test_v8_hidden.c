/* SPDX-License-Identifier: MIT */
/* V8's version without symbols: in images made here, and in real ones. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/v8_hidden.h"

#define CHUNK (128u << 10) /* of scan_chunks() */
#define CONSTANTS_SIZE (3 * CHUNK)
#define DATA_SIZE (2 * CHUNK)

/* An object with constants and writable data, in memory. */
static struct {
    unsigned char constants[CONSTANTS_SIZE];
    unsigned char data[DATA_SIZE];
} object;

static struct image image = {
    .path = "made here",
    .memory = (const unsigned char *)&object,
    .segments = {{.memory_size = CONSTANTS_SIZE, .file_size = CONSTANTS_SIZE, .flags = PF_R},
                 {.vaddr = CONSTANTS_SIZE, .memory_size = DATA_SIZE, .file_size = DATA_SIZE,
                  .flags = PF_R | PF_W}},
    .segment_count = 2,
    .vaddr_end = sizeof object,
};

static struct v8_hidden hidden;

static void object_clear(void)
{
    memset(&object, 0, sizeof object);
    memset(object.constants, 'x', 2000);
}

static void text_put(size_t at, const char *text)
{
    memcpy(object.constants + at, text, strlen(text) + 1);
}

static void integers_put(size_t at, size_t step, int a, int b, int c, int d)
{
    const int numbers[] = {a, b, c, d};

    for (size_t i = 0; i < 4; i++)
        memcpy(object.data + at + i * step, &numbers[i], sizeof numbers[i]);
}

/* Words, the text, two offsets; returns where the text is. */
static size_t snapshot_put(size_t at, const char *text, const uint32_t *words, size_t count,
                           uint32_t offset_1, uint32_t offset_2)
{
    memcpy(object.constants + at, words, count * sizeof *words);
    at += count * sizeof *words;
    memset(object.constants + at, 0, 64);
    text_put(at, text);
    memcpy(object.constants + at + 64, &offset_1, sizeof offset_1);
    memcpy(object.constants + at + 68, &offset_2, sizeof offset_2);
    return at;
}

static void assert_version(const char *version, bool quadruple, bool snapshot)
{
    memset(&hidden, 0x55, sizeof hidden);
    assert_true(v8_hidden_find(&image, &hidden));
    assert_string_equal(hidden.version, version);
    assert_int_equal(hidden.quadruple, quadruple);
    assert_int_equal(hidden.snapshot, snapshot);
}

static void assert_no_version(void)
{
    assert_false(v8_hidden_find(&image, &hidden));
}

/* ---- text and integers --------------------------------------------------------------------------------- */

static void quadruple(void **state)
{
    (void)state;
    object_clear();
    assert_no_version();
    text_put(1000, "13.6.233.17-node.53");
    assert_no_version();
    integers_put(4000, 4, 13, 6, 233, 17);
    assert_version("13.6.233.17-node.53", true, false);
    assert_int_equal(hidden.version_vaddr, 1000);
    assert_int_equal(hidden.quadruple_vaddr, CONSTANTS_SIZE + 4000);
    assert_int_equal(hidden.snapshot_vaddr, 0);
    object_clear();
    integers_put(4000, 4, 13, 6, 233, 17);
    assert_no_version();
}

static void quadruple_orders(void **state)
{
    static const int numbers[] = {10, 2, 154, 26};

    (void)state;
    for (unsigned code = 0; code < 256; code++) {
        unsigned a = code & 3, b = code >> 2 & 3, c = code >> 4 & 3, d = code >> 6;

        object_clear();
        text_put(1000, "10.2.154.26");
        integers_put(40, code & 1 ? 16 : 4, numbers[a], numbers[b], numbers[c], numbers[d]);
        if ((1u << a | 1u << b | 1u << c | 1u << d) == 15)
            assert_version("10.2.154.26", true, false);
        else
            assert_no_version();
    }
}

static void not_the_integers(void **state)
{
    (void)state;
    object_clear();
    text_put(1000, "10.2.154.26");
    integers_put(4000, 8, 10, 2, 154, 26);
    assert_no_version();
    integers_put(5000, 4, 10, 2, 154, 27);
    assert_no_version();
    integers_put(6002, 4, 10, 2, 154, 26);
    assert_no_version();
    memcpy(object.constants + 8000, object.data + 6002, 16); /* constants are not writable data */
    assert_no_version();
}

/* A patch of 0 is not in the text; zeros are everywhere. */
static void patch_zero(void **state)
{
    (void)state;
    object_clear();
    text_put(1000, "14.7.173");
    integers_put(4000, 4, 7, 14, 173, 0);
    assert_no_version();
    integers_put(4000, 4, 0, 173, 7, 14);
    assert_version("14.7.173", true, false);
    object_clear();
    text_put(1000, "14.7.73");
    integers_put(4000, 4, 14, 7, 73, 0);
    assert_no_version();
}

static void not_versions_of_v8(void **state)
{
    static const struct {
        const char *text;
        int numbers[4];
    } cases[] = {
        {"127.0.0.1", {127, 0, 0, 1}},      {"1.2.840.113549", {1, 2, 840, 113549}},
        {"26.10.0", {26, 10, 0, 0}},        {"75.75.75.75", {75, 75, 75, 75}},
        {"2.5.29.35", {2, 5, 29, 35}},      {"9.4.5.6", {9, 4, 5, 6}},
        {"10.02.154.26", {10, 2, 154, 26}}, {"10.2.154.26x", {10, 2, 154, 26}},
        {"10.2.154", {10, 2, 154, 26}},     {"10.2.154.", {10, 2, 154, 0}},
        {"10.2.154.26.1", {10, 2, 154, 26}}, {"10.2.154.-26", {10, 2, 154, 26}},
        {"10.2.154.26 beta", {10, 2, 154, 26}}, {"10.2.65536.26", {10, 2, 65536, 26}},
        {"3.4.3.26", {3, 4, 3, 26}},        {"27.0.0.1", {27, 0, 0, 1}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int *numbers = cases[i].numbers;

        object_clear();
        text_put(1000, cases[i].text);
        integers_put(4000, 4, numbers[0], numbers[1], numbers[2], numbers[3]);
        if (v8_hidden_find(&image, &hidden))
            fail_msg("%s is taken for V8 %s", cases[i].text, hidden.version);
    }
}

/* "15.6.75.27" ends with "6.75.27", whose integers are no more of a proof than before. */
static void inner_text(void **state)
{
    (void)state;
    object_clear();
    text_put(1000, "15.6.175.27");
    integers_put(4000, 4, 6, 175, 27, 0);
    assert_no_version();
    integers_put(4000, 4, 5, 6, 175, 27);
    assert_no_version();
    text_put(1100, "5.6.175.27");
    assert_version("5.6.175.27", true, false);
    assert_int_equal(hidden.version_vaddr, 1100);
}

static void suffixes(void **state)
{
    (void)state;
    object_clear();
    text_put(1000, "12.4.254.21");
    text_put(1100, "12.4.254.21-electron.0 (candidate)");
    integers_put(4000, 4, 21, 254, 4, 12);
    assert_version("12.4.254.21-electron.0 (candidate)", true, false);
}

static void two_versions(void **state)
{
    const uint32_t words[] = {1, 1, 0};

    (void)state;
    object_clear();
    text_put(1000, "12.4.254.21");
    text_put(1100, "13.6.233.17");
    integers_put(4000, 4, 21, 254, 4, 12);
    assert_version("12.4.254.21", true, false);
    integers_put(6000, 4, 13, 6, 233, 17);
    assert_no_version();
    snapshot_put(5000, "13.6.233.17", words, 3, 0x1000, 0x2000);
    assert_version("13.6.233.17", true, true);
}

/* ---- snapshots ----------------------------------------------------------------------------------------- */

static void snapshot_layouts(void **state)
{
    /* The last byte before the text is that of a checksum: a digit, a letter, a dot. */
    static const uint32_t words[][4] = {{1, 1}, {2, 0, 0x31abcdef}, {1, 1, 0x12345678, 0x41abcdef},
                                        {4, 1, 0xffffffff, 0x2e2e2e2e}, {64, 0, 0x32313233}};
    static const size_t counts[] = {2, 3, 4, 4, 3};

    (void)state;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        size_t at;

        object_clear();
        at = snapshot_put(5000, "8.4.371.23-node.88", words[i], counts[i], 0x5f76, 0x9d2d);
        assert_version("8.4.371.23-node.88", false, true);
        assert_int_equal(hidden.snapshot_vaddr, at);
        integers_put(400, 4, 23, 371, 4, 8);
        assert_version("8.4.371.23-node.88", true, true);
    }
}

static void not_snapshots(void **state)
{
    static const struct {
        uint32_t words[3], offsets[2];
    } cases[] = {
        {{0, 1, 7}, {0x1000, 0x2000}},     {{65, 1, 7}, {0x1000, 0x2000}},
        {{1, 2, 7}, {0x1000, 0x2000}},     {{1, 1, 7}, {0x2000, 0x1000}},
        {{1, 1, 7}, {0x10, 0x1000}},       {{1, 1, 7}, {0x1000, 0x10000000}},
        {{0x31, 0x31, 0x31}, {0x1000, 0x2000}},
    };
    static const uint32_t good[] = {1, 1, 7};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        object_clear();
        memset(object.constants + 4000, 0xee, 2000);
        snapshot_put(5000, "8.4.371.23", cases[i].words, 3, cases[i].offsets[0],
                     cases[i].offsets[1]);
        assert_no_version();
    }
    object_clear();
    object.constants[snapshot_put(5000, "8.4.371.23", good, 3, 0x1000, 0x2000) + 63] = 1;
    assert_no_version();
    object.constants[5000 + 12 + 63] = 0;
    assert_version("8.4.371.23", false, true);
}

/* ---- places -------------------------------------------------------------------------------------------- */

static void chunk_borders(void **state)
{
    static const uint32_t words[] = {1, 1, 7};

    (void)state;
    for (size_t before = 0; before <= 160; before += before < 24 ? 1 : 8) {
        object_clear();
        text_put(CHUNK - before, "10.2.154.26-node.39");
        integers_put((CHUNK - before) & ~(size_t)3, 16, 26, 154, 2, 10);
        assert_version("10.2.154.26-node.39", true, false);
        object_clear();
        snapshot_put(2 * CHUNK - before, "10.2.154.26-node.39", words, 3, 0x1000, 0x2000);
        assert_version("10.2.154.26-node.39", false, true);
    }
}

static void ends_of_segments(void **state)
{
    static const uint32_t words[] = {1, 1};

    (void)state;
    object_clear();
    text_put(0, "10.2.154.26");
    integers_put(0, 4, 26, 154, 2, 10);
    assert_version("10.2.154.26", true, false);
    object_clear();
    text_put(CONSTANTS_SIZE - 12, "10.2.154.26");
    integers_put(DATA_SIZE - 16, 4, 26, 154, 2, 10);
    assert_version("10.2.154.26", true, false);
    memcpy(object.constants + CONSTANTS_SIZE - 1, "6", 1); /* no NUL any more */
    assert_no_version();
    object_clear();
    snapshot_put(0, "10.2.154.26", words, 2, 0x1000, 0x2000); /* less than the longest header */
    assert_no_version();
    snapshot_put(8, "10.2.154.26", words, 2, 0x1000, 0x2000);
    assert_version("10.2.154.26", false, true);
}

/* As many versions and as many of their integers as fit: an end in reasonable time is what counts. */
static void flooded(void **state)
{
    char text[24];
    size_t at = 0;

    (void)state;
    object_clear();
    for (unsigned i = 0; at < CONSTANTS_SIZE - 24; i++, at += strlen(text) + 1) {
        snprintf(text, sizeof text, "%u.%u.%u.%u", 5 + i % 4, i % 7, 20 + i / 9 % 3000, 9999);
        text_put(at, text);
    }
    for (size_t i = 0; i + 4 <= DATA_SIZE; i += 4)
        memcpy(object.data + i, &(int){9999}, sizeof(int));
    assert_no_version();
}

/* ---- configuration ------------------------------------------------------------------------------------- */

static void assert_configuration(int pointer_compression, int sandbox, bool external_snapshot)
{
    assert_true(v8_hidden_find(&image, &hidden));
    assert_int_equal(hidden.pointer_compression, pointer_compression);
    assert_int_equal(hidden.sandbox, sandbox);
    assert_int_equal(hidden.external_snapshot, external_snapshot);
}

static void configuration(void **state)
{
    static const uint32_t words[] = {1, 1, 7};

    (void)state;
    object_clear();
    text_put(1000, "8.7.220.38");
    integers_put(4000, 4, 8, 7, 220, 38);
    assert_configuration(-1, -1, false);
    object_clear();
    text_put(1000, "15.6.75.27");
    integers_put(4000, 4, 15, 6, 75, 27);
    assert_configuration(0, 0, false);
    text_put(7000, "Failed to reserve virtual memory for process-wide V8 pointer compression cage");
    assert_configuration(1, 0, false);
    text_put(8000, "Failed to reserve the virtual address space for the V8 sandbox");
    assert_configuration(1, 1, false);
    text_put(9000, "v8_context_snapshot_blob.bin");
    assert_configuration(1, 1, true);
    snapshot_put(10000, "15.6.75.27", words, 3, 0x1000, 0x2000);
    assert_configuration(1, 1, false);
}

/* ---- real ones ----------------------------------------------------------------------------------------- */

static bool find_in(const char *path)
{
    struct deep_modules modules;
    bool is_found;

    assert_int_equal(file_modules(path, &modules, NULL), ENGRAFT_OK);
    is_found = v8_hidden_find(&modules.images[0], &hidden);
    reader_close(&modules.images[0]);
    free(modules.images);
    return is_found;
}

static const char *world_path(const char *name, const char *file)
{
    static char path[4352];

    snprintf(path, sizeof path, "%s/%s", fixture_world(name), file);
    return path;
}

static void assert_real(const char *name, const char *file, const char *version, bool snapshot)
{
    assert_true(find_in(world_path(name, file)));
    assert_string_equal(hidden.version, version);
    assert_true(hidden.quadruple);
    assert_int_equal(hidden.snapshot, snapshot);
}

static void node_8(void **state)
{
    (void)state;
    assert_real("node-8.17.0", "bin/node", "6.2.414.78", false);
}

/* Without symbols, sections and PT_DYNAMIC: nothing but bytes in segments is left. */
static void node_24_bare(void **state)
{
    const char *copy = fixture_path("node");
    const char *node = world_path("node-24.21.0", "bin/node");
    size_t size;
    unsigned char *bytes;
    Elf64_Ehdr *header;
    Elf64_Phdr *phdr;

    (void)state;
    fixture_run("strip -s -o '%s' '%s'", copy, node);
    bytes = fixture_read(copy, &size);
    header = (void *)bytes;
    phdr = (void *)(bytes + header->e_phoff);
    header->e_shoff = header->e_shnum = header->e_shstrndx = 0;
    for (size_t i = 0; i < header->e_phnum; i++)
        if (phdr[i].p_type == PT_DYNAMIC)
            phdr[i].p_type = PT_NULL;
    fixture_write(copy, bytes, size);
    free(bytes);
    assert_true(find_in(copy));
    unlink(copy);
    assert_string_equal(hidden.version, "13.6.233.17-node.53");
    assert_true(hidden.quadruple && hidden.snapshot);
    assert_int_equal(hidden.pointer_compression, 0);
    assert_int_equal(hidden.sandbox, 0);
}

static void deno(void **state)
{
    (void)state;
    assert_real("deno", "deno", "15.0.245.2-rusty", true);
    assert_int_equal(hidden.pointer_compression, 0);
}

static void workerd(void **state)
{
    (void)state;
    assert_real("workerd", "bin/workerd", "15.8.62.5", true);
    assert_int_equal(hidden.pointer_compression, 1);
}

/* A Debian package of a stable suite stays; a security update changes the version: M.m is enough. */
static void chromium(void **state)
{
    (void)state;
    assert_true(find_in(world_path("chromium-bookworm", "usr/lib/chromium/chromium")));
    assert_true(hidden.quadruple);
    assert_false(hidden.snapshot);
    assert_true(hidden.external_snapshot);
    assert_int_equal(hidden.pointer_compression, 1);
    assert_int_equal(hidden.sandbox, 1);
    assert_true(atoi(hidden.version) >= 15);
}

static void qt_6(void **state)
{
    (void)state;
    assert_real("qtwebengine6-bookworm", "usr/lib/x86_64-linux-gnu/libQt6WebEngineCore.so.6",
                "10.2.154.17", true);
    assert_int_equal(hidden.pointer_compression, 1);
}

static void node_arm64(void **state)
{
    (void)state;
    assert_real("node-arm64-16.20.2", "bin/node", "9.4.146.26-node.26", true);
}

/* JavaScriptCore, with a V8 version in a text and v8:: exports of its own. */
static void bun(void **state)
{
    (void)state;
    assert_false(find_in(world_path("bun", "bin/bun")));
}

static void spidermonkey(void **state)
{
    (void)state;
    assert_false(find_in(world_path("firefox-esr", "usr/lib/firefox-esr/libxul.so")));
}

/* What looks for these texts has them, and is not what it looks for. */
static void engraft_itself(void **state)
{
    assert_false(find_in("/proc/self/exe"));
    (void)state;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quadruple),
        cmocka_unit_test(quadruple_orders),
        cmocka_unit_test(not_the_integers),
        cmocka_unit_test(patch_zero),
        cmocka_unit_test(not_versions_of_v8),
        cmocka_unit_test(inner_text),
        cmocka_unit_test(suffixes),
        cmocka_unit_test(two_versions),
        cmocka_unit_test(snapshot_layouts),
        cmocka_unit_test(not_snapshots),
        cmocka_unit_test(chunk_borders),
        cmocka_unit_test(ends_of_segments),
        cmocka_unit_test(flooded),
        cmocka_unit_test(configuration),
        cmocka_unit_test(node_8),
        cmocka_unit_test(node_24_bare),
        cmocka_unit_test(deno),
        cmocka_unit_test(workerd),
        cmocka_unit_test(chromium),
        cmocka_unit_test(qt_6),
        cmocka_unit_test(node_arm64),
        cmocka_unit_test(bun),
        cmocka_unit_test(spidermonkey),
        cmocka_unit_test(engraft_itself),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
