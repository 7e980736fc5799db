/* SPDX-License-Identifier: MIT */
/* Manifests that are wrong in every way there is; that a stub's own one is read back is test_stub's. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>

#define SYMBOLS 3
#define BUCKETS 8

/* A note as it lies in an object, and an image that has nothing else. */
struct note {
    struct {
        Elf64_Nhdr header;
        char owner[8];
        struct engraft_manifest manifest;
        struct engraft_manifest_symbol symbols[SYMBOLS];
        uint32_t buckets[BUCKETS];
        char strings[128];
    } bytes;
    struct image image;
};

#define DESCRIPTOR offsetof(struct note, bytes.manifest)
#define AT(member) (uint32_t)(offsetof(struct note, bytes.member) - DESCRIPTOR)

static uint32_t string_add(struct note *note, uint32_t *used, const char *string, size_t size)
{
    uint32_t offset = AT(strings) + *used;

    memcpy(note->bytes.strings + *used, string, size);
    *used += (uint32_t)size;
    return offset;
}

static void symbols_add(struct note *note, uint32_t *used)
{
    static const char *const names[SYMBOLS] = {"one", "two", "three"};

    for (uint32_t i = 0; i < SYMBOLS; i++) {
        struct engraft_manifest_symbol *symbol = &note->bytes.symbols[i];
        uint32_t bucket;

        symbol->name = string_add(note, used, names[i], strlen(names[i]) + 1);
        symbol->gnu_hash = gnu_hash(names[i], NULL);
        symbol->type = STT_FUNC;
        symbol->size = i;
        bucket = symbol->gnu_hash & (BUCKETS - 1);
        while (note->bytes.buckets[bucket])
            bucket = (bucket + 1) & (BUCKETS - 1);
        note->bytes.buckets[bucket] = i + 1;
    }
}

static void note_init(struct note *note)
{
    struct engraft_manifest *manifest = &note->bytes.manifest;
    uint32_t used = 0;

    memset(note, 0, sizeof *note);
    note->bytes.header.n_namesz = 8;
    note->bytes.header.n_descsz = (uint32_t)(sizeof note->bytes - DESCRIPTOR);
    note->bytes.header.n_type = NT_ENGRAFT_MANIFEST;
    memcpy(note->bytes.owner, "engraft", 8);
    manifest->format = ENGRAFT_MANIFEST_FORMAT;
    manifest->size = note->bytes.header.n_descsz;
    manifest->engine = string_add(note, &used, "fake", 5);
    manifest->version = string_add(note, &used, "4.2", 4);
    manifest->prefixes = string_add(note, &used, "fake_\0_ZN4fake\0", 16);
    manifest->symbols = AT(symbols);
    manifest->symbol_count = SYMBOLS;
    manifest->buckets = AT(buckets);
    manifest->bucket_count = BUCKETS;
    symbols_add(note, &used);
    note->image.path = "note";
    note->image.memory = (const unsigned char *)&note->bytes;
    note->image.segments[0].memory_size = note->image.segments[0].file_size = sizeof note->bytes;
    note->image.segment_count = 1;
    note->image.vaddr_end = sizeof note->bytes;
    note->image.notes[0].size = sizeof note->bytes;
    note->image.note_count = 1;
}

static void test_good(void **state)
{
    static const char *const names[] = {"one", "two", "three"};
    struct note note;
    const struct engraft_manifest *manifest;

    (void)state;
    note_init(&note);
    manifest = manifest_of(&note.image, NT_ENGRAFT_MANIFEST);
    assert_ptr_equal(manifest, &note.bytes.manifest);
    assert_null(manifest_of(&note.image, NT_ENGRAFT_ENGINE));
    assert_string_equal(manifest_string(manifest, manifest->engine), "fake");
    assert_string_equal(manifest_string(manifest, manifest->version), "4.2");
    assert_string_equal(manifest_string(manifest, manifest->config), "");
    assert_ptr_equal(manifest_symbols(manifest), note.bytes.symbols);
    for (size_t i = 0; i < COUNT(names); i++)
        assert_ptr_equal(manifest_find(manifest, names[i], gnu_hash(names[i], NULL)),
                         &note.bytes.symbols[i]);
    assert_null(manifest_find(manifest, "four", gnu_hash("four", NULL)));
    assert_null(manifest_find(manifest, "four", gnu_hash("one", NULL))); /* a collision */
    assert_null(manifest_find(manifest, "one", gnu_hash("two", NULL)));
}

struct wrong {
    size_t offset; /* of a uint32_t in struct engraft_manifest */
    uint32_t value;
};

#define FIELD(member) offsetof(struct engraft_manifest, member)

static void test_refused(void **state)
{
    const uint32_t size = (uint32_t)(sizeof((struct note *)0)->bytes - DESCRIPTOR);
    const struct wrong rows[] = {
        {FIELD(format), 0},        {FIELD(format), 2},
        {FIELD(size), 0},          {FIELD(size), sizeof(struct engraft_manifest) - 1},
        {FIELD(size), size + 1},   {FIELD(size), UINT32_MAX},
        {FIELD(engine), 0},        {FIELD(engine), 1}, /* inside of the header */
        {FIELD(engine), size},     {FIELD(engine), UINT32_MAX},
        {FIELD(version), 63},      {FIELD(version), size},
        {FIELD(config), 4},        {FIELD(config), UINT32_MAX},
        {FIELD(plugin), size + 4}, {FIELD(trap), size},
        {FIELD(ready), 5},         {FIELD(prefixes), 8},
        {FIELD(prefixes), size},   {FIELD(symbols), 0},
        {FIELD(symbols), 66},      {FIELD(symbols), size - 20},
        {FIELD(symbols), size},    {FIELD(symbols), UINT32_MAX - 3},
        {FIELD(symbol_count), size}, {FIELD(symbol_count), UINT32_MAX},
        {FIELD(bucket_count), 3},  {FIELD(bucket_count), 0x80000000u},
        {FIELD(buckets), 2},       {FIELD(buckets), size - 4},
        {FIELD(buckets), UINT32_MAX - 3},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct note note;

        note_init(&note);
        memcpy((char *)&note.bytes.manifest + rows[i].offset, &rows[i].value, 4);
        if (manifest_of(&note.image, NT_ENGRAFT_MANIFEST))
            fail_msg("row %zu was accepted", i);
    }
}

static void test_strings_without_an_end(void **state)
{
    struct note note;

    (void)state;
    note_init(&note); /* the last string runs to the end of the descriptor */
    memset(note.bytes.strings + 100, 'x', sizeof note.bytes.strings - 100);
    note.bytes.manifest.config = AT(strings) + 100;
    assert_null(manifest_of(&note.image, NT_ENGRAFT_MANIFEST));
    note_init(&note); /* so does the list of prefixes, in its second string */
    memset(note.bytes.strings + 100, 'x', sizeof note.bytes.strings - 100);
    note.bytes.strings[110] = '\0';
    note.bytes.manifest.prefixes = AT(strings) + 100;
    assert_null(manifest_of(&note.image, NT_ENGRAFT_MANIFEST));
    note_init(&note); /* and here only the empty string at its end is missing */
    memset(note.bytes.strings + 100, 'x', sizeof note.bytes.strings - 101);
    note.bytes.manifest.prefixes = AT(strings) + 100;
    assert_null(manifest_of(&note.image, NT_ENGRAFT_MANIFEST));
}

static void test_symbols_that_lead_nowhere(void **state)
{
    struct note note;
    const struct engraft_manifest *manifest;

    (void)state;
    note_init(&note);
    for (uint32_t i = 0; i < BUCKETS; i++)
        note.bytes.buckets[i] = SYMBOLS + 1; /* no such symbol */
    manifest = manifest_of(&note.image, NT_ENGRAFT_MANIFEST);
    assert_non_null(manifest);
    assert_null(manifest_find(manifest, "one", gnu_hash("one", NULL)));
    for (uint32_t i = 0; i < BUCKETS; i++)
        note.bytes.buckets[i] = 1; /* no end: every bucket is taken */
    assert_null(manifest_find(manifest, "absent", gnu_hash("absent", NULL)));
    note.bytes.symbols[0].name = UINT32_MAX;
    assert_null(manifest_find(manifest, "one", gnu_hash("one", NULL)));
    assert_string_equal(manifest_string(manifest, note.bytes.symbols[0].name), "");
}

static void test_wrong_note_headers(void **state)
{
    static const uint32_t sizes[] = {0, 1, 63, 0x7fffffff, UINT32_MAX, UINT32_MAX - 3};
    struct note note;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        note_init(&note);
        note.bytes.header.n_descsz = sizes[i];
        assert_null(manifest_of(&note.image, NT_ENGRAFT_MANIFEST));
        note_init(&note);
        note.bytes.header.n_namesz = sizes[i];
        assert_null(manifest_of(&note.image, NT_ENGRAFT_MANIFEST));
    }
    note_init(&note);
    note.image.notes[0].size = 3;
    assert_null(manifest_of(&note.image, NT_ENGRAFT_MANIFEST));
    note_init(&note);
    note.image.notes[0].size = sizeof note.bytes + 1;
    assert_null(manifest_of(&note.image, NT_ENGRAFT_MANIFEST));
}

/* No uint32_t may be read where it is not aligned: such a note is not believed. */
static void test_unaligned(void **state)
{
    struct note note;
    unsigned char *shifted = malloc(sizeof note.bytes + 16);

    (void)state;
    note_init(&note);
    memcpy(shifted + 2, &note.bytes, sizeof note.bytes);
    note.image.memory = shifted + 2;
    assert_null(manifest_of(&note.image, NT_ENGRAFT_MANIFEST));
    memcpy(shifted + 4, &note.bytes, sizeof note.bytes);
    note.image.memory = shifted + 4;
    const struct engraft_manifest *manifest = manifest_of(&note.image, NT_ENGRAFT_MANIFEST);
    assert_non_null(manifest); /* 4 is what a note promises, also for the 8-byte sizes */
    assert_int_equal(manifest_find(manifest, "three", gnu_hash("three", NULL))->size, 2);
    free(shifted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_good),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_strings_without_an_end),
        cmocka_unit_test(test_symbols_that_lead_nowhere),
        cmocka_unit_test(test_wrong_note_headers),
        cmocka_unit_test(test_unaligned),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
