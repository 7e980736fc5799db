/* SPDX-License-Identifier: MIT */
/* The search for many literals, against a search that compares each literal at each place. */
#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probes/scan.h"

#define HIT_MAX 65536
#define CHUNK (128u << 10) /* of scan_image() */

struct hits {
    size_t needle[HIT_MAX];
    uint64_t position[HIT_MAX];
    size_t count, limit; /* limit: of calls, 0 for none */
};

static struct hits found, expected;

static bool hit(void *user, size_t needle, size_t position)
{
    struct hits *hits = user;

    assert_true(hits->count < HIT_MAX);
    hits->needle[hits->count] = needle;
    hits->position[hits->count++] = position;
    return hits->count != hits->limit;
}

static bool hit_vaddr(void *user, size_t needle, uint64_t vaddr)
{
    return hit(user, needle, vaddr);
}

static void naive(const struct scan_needle *needles, size_t count, const unsigned char *bytes,
                  size_t length, struct hits *hits)
{
    for (size_t position = 0; position < length; position++)
        for (size_t i = 0; i < count; i++)
            if (needles[i].length <= length - position &&
                memcmp(bytes + position, needles[i].bytes, needles[i].length) == 0)
                hit(hits, i, position);
}

/* Runs both, in a block of exactly that size so that a sanitizer sees who reads behind it. */
static void assert_same(const struct scan_needle *needles, size_t count, const void *bytes,
                        size_t length)
{
    struct scan *scan = scan_create(needles, count);
    unsigned char *copy = malloc(length + !length);

    assert_non_null(scan);
    assert_non_null(copy);
    memcpy(copy, bytes, length);
    found.count = expected.count = 0;
    scan_bytes(scan, copy, length, hit, &found);
    naive(needles, count, copy, length, &expected);
    assert_int_equal(found.count, expected.count);
    for (size_t i = 0; i < found.count; i++) {
        assert_int_equal(found.position[i], expected.position[i]);
        assert_int_equal(found.needle[i], expected.needle[i]);
    }
    free(copy);
    scan_destroy(scan);
}

static uint32_t seed = 1;

static unsigned random_below(unsigned limit)
{
    seed ^= seed << 13; /* xorshift: its period is longer than all that is drawn here */
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed % limit;
}

static void random_fill(char *bytes, size_t length, unsigned alphabet)
{
    for (size_t i = 0; i < length; i++)
        bytes[i] = (char)(alphabet == 256 ? random_below(256) : 'a' + random_below(alphabet));
}

/* ---- bytes --------------------------------------------------------------------------------------------- */

/* Few letters: needles overlap themselves and others, and many are prefixes of others. */
static void random_texts(void **state)
{
    static char texts[40][24], bytes[3000];
    struct scan_needle needles[40];
    size_t hits = 0;

    (void)state;
    for (unsigned round = 0; round < 1500; round++) {
        unsigned count = 1 + random_below(40), shortest = 6 + random_below(8);
        unsigned alphabet = 1 + random_below(3);
        size_t length = random_below((unsigned)(sizeof bytes / (alphabet == 1 ? 20 : 1)));

        random_fill(bytes, length, alphabet);
        for (unsigned i = 0; i < count; i++) {
            needles[i] = (struct scan_needle){texts[i], shortest + random_below(8)};
            random_fill(texts[i], sizeof texts[i], alphabet);
        }
        assert_same(needles, count, bytes, length);
        hits += found.count;
    }
    assert_true(hits > 50000);
}

/* Binary data of every length, needles planted at every alignment, the last bytes included. */
static void planted(void **state)
{
    static const struct scan_needle needles[] = {
        {"$Lua: ", 6}, {"$LuaVersion: ", 13}, {"\0\0\0\0\0\1", 6}, {"$Lua: Lua 5.1", 13},
        {"node.js/v", 9}, {"js/v20", 6}, {"\377\376\375\374\373\372", 6}, {"$Lua: ", 6},
    };
    const size_t count = sizeof needles / sizeof *needles;
    char bytes[70];

    (void)state;
    for (size_t length = 0; length <= sizeof bytes; length++)
        for (size_t i = 0; i < count; i++)
            for (size_t at = 0; at + needles[i].length <= length; at++) {
                random_fill(bytes, length, 256);
                memcpy(bytes + at, needles[i].bytes, needles[i].length);
                assert_same(needles, count, bytes, length);
                assert_true(found.count > 0);
            }
}

static void planted_long(void **state)
{
    char text[1000], bytes[1200];
    struct scan_needle needles[] = {{text, 11}, {text, sizeof text}, {text + 1, 500}};

    (void)state;
    random_fill(text, sizeof text, 256);
    for (size_t at = 0; at + sizeof text <= sizeof bytes; at++) {
        random_fill(bytes, sizeof bytes, 256);
        memcpy(bytes + at, text, sizeof text);
        assert_same(needles, 3, bytes, sizeof bytes);
        assert_int_equal(found.count, 3);
    }
}

/* Zeros are what files are full of; a needle of zeros is found all the same. */
static void zeros(void **state)
{
    static const char bytes[200];
    const struct scan_needle needles[] = {{"\0\0\0\0\0\0\0\0", 8}, {"Lua 5.1", 7}};

    (void)state;
    assert_same(needles, 2, bytes, sizeof bytes);
    assert_int_equal(found.count, sizeof bytes - 7);
}

static void needle_lengths(void **state)
{
    static const char long_text[SCAN_NEEDLE_MAX + 1];
    struct scan_needle needles[] = {{"long enough", 11}, {long_text, 5}};
    struct scan *scan;

    (void)state;
    assert_null(scan_create(needles, 2));
    needles[1].length = SCAN_NEEDLE_MAX + 1;
    assert_null(scan_create(needles, 2));
    needles[1].length = SCAN_NEEDLE_MAX;
    scan = scan_create(needles, 2);
    assert_non_null(scan);
    assert_int_equal(scan_length_max(scan), SCAN_NEEDLE_MAX);
    scan_destroy(scan);
    assert_same(NULL, 0, "there is nothing to find", 24);
    scan_destroy(NULL);
}

static void stopped(void **state)
{
    const struct scan_needle needle = {"abcabc", 6};
    struct scan *scan = scan_create(&needle, 1);

    (void)state;
    found.count = 0;
    found.limit = 2;
    scan_bytes(scan, (const void *)"abcabcabcabcabcabc", 18, hit, &found);
    found.limit = 0;
    assert_int_equal(found.count, 2);
    assert_int_equal(found.position[1], 3);
    scan_destroy(scan);
}

/* ---- images -------------------------------------------------------------------------------------------- */

#define HEADERS 4096u

/* A file of two or three segments behind its headers, whose vaddrs are not their offsets. */
struct part {
    uint32_t flags;
    size_t size;
    unsigned char *bytes; /* in the file's */
    uint64_t vaddr;
};

static unsigned char *file_layout(struct part *parts, size_t count, size_t *ret_size)
{
    size_t size = HEADERS, at = HEADERS;
    unsigned char *file;
    Elf64_Phdr *phdr;

    for (size_t i = 0; i < count; i++)
        size += (parts[i].size + 4095) & ~(size_t)4095;
    file = calloc(1, size);
    assert_non_null(file);
    *(Elf64_Ehdr *)(void *)file = (Elf64_Ehdr){
        .e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
        .e_type = ET_DYN, .e_machine = EM_X86_64, .e_version = EV_CURRENT,
        .e_phoff = sizeof(Elf64_Ehdr), .e_ehsize = sizeof(Elf64_Ehdr),
        .e_phentsize = sizeof(Elf64_Phdr), .e_phnum = (Elf64_Half)count,
    };
    phdr = (void *)(file + sizeof(Elf64_Ehdr));
    for (size_t i = 0; i < count; i++) {
        parts[i].bytes = file + at;
        parts[i].vaddr = at + 0x10000 * i;
        phdr[i] = (Elf64_Phdr){.p_type = PT_LOAD, .p_flags = parts[i].flags, .p_offset = at,
                               .p_vaddr = parts[i].vaddr, .p_filesz = parts[i].size,
                               .p_memsz = parts[i].size + 100, .p_align = 4096};
        at += (parts[i].size + 4095) & ~(size_t)4095;
    }
    *ret_size = size;
    return file;
}

static void file_search(const char *path, const struct scan_needle *needles, size_t count)
{
    struct deep_modules modules;
    struct scan *scan = scan_create(needles, count);

    assert_int_equal(file_modules(path, &modules, NULL), ENGRAFT_OK);
    found.count = 0;
    assert_int_equal(scan_image(scan, &modules.images[0], hit_vaddr, &found), ENGRAFT_OK);
    reader_close(&modules.images[0]);
    free(modules.images);
    scan_destroy(scan);
}

/* Each needle once, wherever it lies with respect to the end of a chunk. */
static void chunk_borders(void **state)
{
    static const struct scan_needle needles[] = {{"$Lua: ", 6}, {"Version mismatch of V8", 22}};
    struct part parts[] = {{.flags = PF_R, .size = 3 * CHUNK + 17},
                           {.flags = PF_R | PF_X, .size = 4096}};
    const char *path = fixture_path("borders");
    size_t size;
    unsigned char *file = file_layout(parts, 2, &size);

    (void)state;
    for (size_t before = 0; before <= 48; before++) {
        size_t at = CHUNK - before + 3;

        memset(parts[0].bytes, 0, parts[0].size);
        memcpy(parts[0].bytes + at, needles[1].bytes, needles[1].length);
        memcpy(parts[0].bytes + at + needles[1].length, needles[0].bytes, needles[0].length);
        memcpy(parts[0].bytes + 2 * CHUNK - before, needles[0].bytes, needles[0].length);
        memcpy(parts[0].bytes + parts[0].size - 6, needles[0].bytes, needles[0].length);
        fixture_write(path, file, size);
        file_search(path, needles, 2);
        assert_int_equal(found.count, 4);
        assert_int_equal(found.position[0], parts[0].vaddr + at);
        assert_int_equal(found.position[1], parts[0].vaddr + at + 22);
        assert_int_equal(found.position[2], parts[0].vaddr + 2 * CHUNK - before);
        assert_int_equal(found.position[3], parts[0].vaddr + parts[0].size - 6);
    }
    free(file);
}

/* Code is left out where constants have their own segment, and looked at where they have not. */
static void segments_of_constants(void **state)
{
    static const struct scan_needle needle = {"$Lua: ", 6};
    struct part parts[] = {{.flags = PF_R, .size = 50000}, {.flags = PF_R | PF_X, .size = 60000},
                           {.flags = PF_R | PF_W, .size = 3000}};
    const char *path = fixture_path("constants");
    size_t size;
    unsigned char *file = file_layout(parts, 3, &size);
    Elf64_Phdr *phdr = (void *)(file + sizeof(Elf64_Ehdr));

    (void)state;
    for (size_t i = 0; i < 3; i++)
        memcpy(parts[i].bytes + 1000, needle.bytes, needle.length);
    fixture_write(path, file, size);
    file_search(path, &needle, 1);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.position[0], parts[0].vaddr + 1000);
    assert_int_equal(found.position[1], parts[2].vaddr + 1000);
    phdr[0].p_filesz = phdr[0].p_memsz = 1500; /* patchelf's, say */
    fixture_write(path, file, size);
    file_search(path, &needle, 1);
    assert_int_equal(found.count, 3);
    assert_int_equal(found.position[1], parts[1].vaddr + 1000);
    free(file);
}

/* What was cut off a file while it is open reads as zeros. */
static void truncated_meanwhile(void **state)
{
    static const struct scan_needle needle = {"$Lua: ", 6};
    struct part part = {.flags = PF_R, .size = 3 * CHUNK};
    const char *path = fixture_path("cut");
    size_t size;
    unsigned char *file = file_layout(&part, 1, &size);
    struct scan *scan = scan_create(&needle, 1);
    struct deep_modules modules;

    (void)state;
    memcpy(part.bytes + 1000, needle.bytes, needle.length);
    memcpy(part.bytes + 2 * CHUNK, needle.bytes, needle.length);
    fixture_write(path, file, size);
    assert_int_equal(file_modules(path, &modules, NULL), ENGRAFT_OK);
    assert_int_equal(truncate(path, CHUNK), 0);
    found.count = 0;
    assert_int_equal(scan_image(scan, &modules.images[0], hit_vaddr, &found), ENGRAFT_OK);
    assert_int_equal(found.count, 1);
    assert_int_equal(found.position[0], part.vaddr + 1000);
    reader_close(&modules.images[0]);
    free(modules.images);
    scan_destroy(scan);
    free(file);
}

static bool fetch_not_page_3(const struct image *image, uint64_t vaddr, uint64_t length)
{
    (void)image;
    return vaddr + length <= 3 * 4096 || vaddr >= 4 * 4096;
}

/* Memory without a file, of which one page cannot be had. */
static void memory_only(void **state)
{
    static const struct scan_needle needle = {"$Lua: ", 6};
    static unsigned char memory[2 * CHUNK];
    struct image image = {
        .path = "memory", .memory = memory, .fetch = fetch_not_page_3,
        .segments = {{.memory_size = sizeof memory, .file_size = sizeof memory, .flags = PF_R}},
        .segment_count = 1, .vaddr_end = sizeof memory,
    };
    const size_t places[] = {100, 3 * 4096 - 6, 3 * 4096 + 50, 4 * 4096, CHUNK - 2};
    struct scan *scan = scan_create(&needle, 1);

    (void)state;
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        memcpy(memory + places[i], needle.bytes, needle.length);
    found.count = 0;
    assert_int_equal(scan_image(scan, &image, hit_vaddr, &found), ENGRAFT_OK);
    assert_int_equal(found.count, 4);
    assert_int_equal(found.position[1], places[1]);
    assert_int_equal(found.position[2], places[3]);
    assert_int_equal(found.position[3], places[4]);
    found.count = 0;
    found.limit = 1;
    assert_int_equal(scan_image(scan, &image, hit_vaddr, &found), ENGRAFT_OK);
    found.limit = 0;
    assert_int_equal(found.count, 1);
    scan_destroy(scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_texts),
        cmocka_unit_test(planted),
        cmocka_unit_test(planted_long),
        cmocka_unit_test(zeros),
        cmocka_unit_test(needle_lengths),
        cmocka_unit_test(stopped),
        cmocka_unit_test(chunk_borders),
        cmocka_unit_test(segments_of_constants),
        cmocka_unit_test(truncated_meanwhile),
        cmocka_unit_test(memory_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
