/* SPDX-License-Identifier: MIT */
/* The patterns of facts.h, and the rows of engines.def that are made of them. */
#include "fixture.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "probes/facts.h"
#include "probes/identify.h"

#define SAMPLE_MAX 512u

static char *guarded; /* a page; behind it is none */
static size_t page;

static int guard(void **state)
{
    (void)state;
    page = (size_t)sysconf(_SC_PAGESIZE);
    guarded = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return guarded == MAP_FAILED || mprotect(guarded + page, page, PROT_NONE) != 0 ? -1 : 0;
}

static char version[72];
static size_t matched;

/* Matches with nothing readable behind the bytes. */
static bool match(const char *pattern, const char *bytes, size_t length)
{
    memcpy(guarded + page - length, bytes, length);
    memset(version, '#', sizeof version);
    matched = SIZE_MAX;
    return pattern_match(pattern, guarded + page - length, length, version, sizeof version,
                         &matched);
}

/* `bytes` is a literal; its NUL at the end counts. */
#define assert_match(pattern, bytes, expected_version, expected_length) \
    do { \
        assert_true(match(pattern, bytes, sizeof bytes)); \
        assert_string_equal(version, expected_version); \
        assert_int_equal(matched, expected_length); \
    } while (0)
#define assert_no_match(pattern, bytes) \
    do { \
        assert_false(match(pattern, bytes, sizeof bytes)); \
        assert_int_equal(matched, SIZE_MAX); \
        assert_int_equal(version[0], '#'); \
    } while (0)

/* ---- what each piece matches ------------------------------------------------------------------------- */

static void literals(void **state)
{
    (void)state;
    assert_match("engine", "engine", "", 6);
    assert_match("engine%0", "engine", "", 7);
    assert_match("en%^gine%^%0", "engine", "", 7);
    assert_match("100%% sure", "100% sure", "", 9);
    assert_match("", "anything", "", 0);
    assert_no_match("engine%0", "engines");
    assert_no_match("engine", "Engine");
    assert_no_match("100%%%%", "100%d");
    assert_no_match("%q", "%q");
    assert_no_match("end%", "end%");
}

static void versions(void **state)
{
    (void)state;
    assert_match("V%v%0", "V1.2.3", "1.2.3", 7);
    assert_match("V%v%0", "V2.1.0-beta3", "2.1.0-beta3", 13);
    assert_match("V%v%0", "V13.6.233.17-node.53", "13.6.233.17-node.53", 21);
    assert_match("V%v (", "V17.0.1+9_x~y (", "17.0.1+9_x~y", 15);
    assert_match("V%vp%d%0", "V3.1.2p20", "3.1.2", 10); /* as long as the rest matches */
    assert_match("V%v", "V1.2.", "1.2.", 5);
    assert_no_match("V%v%0", "V12");
    assert_no_match("V%v%0", "V.1.2");
    assert_no_match("V%v%0", "Vx1.2");
    assert_no_match("V%v%0", "V1.2 ");
    assert_no_match("V%v%0", "V");
    assert_no_match("V%v%0", "V1.2\xff");
}

static void words(void **state)
{
    (void)state;
    assert_match("on %w,", "on 2025-04-26,", "2025-04-26", 14);
    assert_match("on %w%0", "on 17", "17", 6);
    assert_no_match("on %w%0", "on xy");
    assert_match("V%m", "V8.0.30-servicing", "8.0.30", 7);
    assert_match("V%m.", "V8.0.30. It", "8.0.30", 8);
    assert_match("V%m%0", "V1.8.0_504", "1.8.0_504", 11);
    assert_no_match("V%m%0", "V8.0.30-servicing");
    assert_no_match("V%m", "V-8");
}

static void numbers(void **state)
{
    (void)state;
    assert_match("perl %n, version %n, subversion %n (", "perl 5, version 36, subversion 0 (",
                 "5.36.0", 34);
    assert_match("(%d-%d) %v%0", "(2022-04) 3.1", "3.1", 14);
    assert_match("v%n.%n.%n%0", "v24.21.0", "24.21.0", 9);
    assert_no_match("v%n.%n.%n%0", "v24.21.0Protocol-Version");
    assert_no_match("%d", "x");
    assert_no_match("%n", "-1");
    assert_no_match("x%d", "x");
}

static void anything(void **state)
{
    char text[300];

    (void)state;
    assert_match("[%*]", "[a]b]", "", 3); /* as little as possible */
    assert_match("[%*]", "[]", "", 2);
    assert_match("A%*V%v%0", "A V V1.0", "1.0", 9);
    assert_match("a%*z", "a\n\tz", "", 4);
    assert_no_match("a%*z", "a\0z");
    assert_no_match("a%*z", "a\x80z");
    assert_no_match("a%*z", "a");
    memset(text, '.', sizeof text);
    text[0] = 'a';
    text[201] = 'z';
    assert_true(match("a%*z", text, sizeof text)); /* 200 bytes between them */
    text[201] = '.';
    text[202] = 'z';
    assert_false(match("a%*z", text, sizeof text));
}

static void zeros(void **state)
{
    (void)state;
    assert_match("a%0%0b", "a\0\0b", "", 4);
    assert_match("a%0b", "a\0\0\0\0\0\0\0\0b", "", 10); /* padding */
    assert_match("a%0", "a\0\0", "", 2);
    assert_match("a%zb", "a\0\0\0b", "", 5);
    assert_match("a%zb", "a\0b", "", 3);
    assert_match("a%z", "a\0\0", "", 4); /* and the literal's own */
    assert_no_match("a%zb", "ab");
    assert_no_match("a%0b", "a\0\0\0\0\0\0\0\0\0b");
}

/* ---- hostile bytes ------------------------------------------------------------------------------------- */

static void long_versions(void **state)
{
    char text[600];

    (void)state;
    memset(text, '1', sizeof text);
    text[0] = 'V';
    text[5] = '.';
    text[599] = '\0';
    assert_false(match("V%v%0", text, sizeof text)); /* more than any version has */
    assert_true(match("V%v", text, sizeof text));
    assert_int_equal(strlen(version), sizeof version - 1);
    assert_int_equal(matched, sizeof version);
    assert_false(match("V%n.%n%0", text, sizeof text));
    assert_true(match("V%d.%d%0", text, sizeof text));
    assert_string_equal(version, "");
    /* A caller's smaller buffer cuts; it is not overrun. */
    memset(version, '#', sizeof version);
    assert_true(pattern_match("V%v%0", "V1.23456", 9, version, 4, &matched));
    assert_string_equal(version, "1.2");
    assert_int_equal(version[4], '#');
}

/* Many ways to match, none of which does: it has to end soon. */
static void much_work(void **state)
{
    char text[512];

    (void)state;
    memset(text, '1', sizeof text);
    for (size_t i = 1; i < sizeof text; i += 2)
        text[i] = '.';
    assert_false(match("%v%v%v!", text, sizeof text));
    assert_false(match("%*%v%*!", text, sizeof text));
    assert_false(match("%w%w%w%w", text, 3));
}

/* ---- the literal that is searched for --------------------------------------------------------------------- */

static void assert_literal(const char *pattern, const char *expected, bool expected_inside)
{
    char text[PATTERN_LITERAL_MAX] = "";
    bool inside = !expected_inside;

    assert_int_equal(pattern_literal(pattern, text, sizeof text, &inside), strlen(expected));
    assert_string_equal(text, expected);
    if (*expected)
        assert_int_equal(inside, expected_inside);
}

static void searched_literals(void **state)
{
    char many[2 * PATTERN_LITERAL_MAX + 1], text[PATTERN_LITERAL_MAX];
    bool inside;
    size_t length;

    (void)state;
    assert_literal("needle%v", "needle", false);
    assert_literal("nee%^dle%v", "needle", false);
    assert_literal("100%% sure%0", "100% sure", false);
    assert_literal("%0needle%0", "needle", true);
    assert_literal("%v%0%%.80s (%^%%.80s)%0", "%.80s (%.80s)", true);
    assert_literal("short%v longer one%0", " longer one", true);
    assert_literal("needle%v the longest", " the longest", true);
    assert_literal("needle%*and a longer one", "needle", false);
    assert_literal("five5%v", "", false);
    assert_literal("%*needle", "", false);
    assert_literal("", "", false);
    assert_literal("%", "", false);
    memset(many, 'a', sizeof many - 1);
    many[sizeof many - 1] = '\0';
    length = pattern_literal(many, text, sizeof text, &inside);
    assert_true(length >= PATTERN_LITERAL_MIN && length < sizeof text);
    assert_int_equal(strlen(text), length);
    assert_false(inside);
    assert_int_equal(pattern_literal("needle", text, 4, &inside), 0);
}

/* ---- all rows ------------------------------------------------------------------------------------------ */

/* Every engine that is asked for: see issue 4. */
static const char *const ids[] = {
    "v8",       "node",      "spidermonkey", "javascriptcore", "chakra", "hermes",  "quickjs",
    "quickjs-ng", "jerryscript", "duktape",  "mujs",           "cpython", "pypy",   "ruby",
    "mruby",    "perl",      "php",          "lua",            "luajit", "luau",    "hotspot",
    "graalvm-native", "coreclr", "mono",     "beam",           "tcl",    "guile",   "r",
    "octave",   "swi-prolog", "wasmtime",    "wamr",           "wasmedge", "wasmer", "wasm3",
    "squirrel", "angelscript", "dart",       "moarvm",         "njs",
};
#define ID_COUNT (sizeof ids / sizeof *ids)

static void rows(void **state)
{
    const struct engine_facts *facts;
    size_t count = 0;

    (void)state;
    for (; (facts = engine_facts_at(count)); count++)
        for (size_t i = 0; i < count; i++)
            assert_string_not_equal(facts->id, engine_facts_at(i)->id);
    for (size_t i = 0; i < ID_COUNT; i++) {
        facts = engine_facts_of(ids[i]);
        if (!facts)
            fail_msg("engines.def has no row of %s", ids[i]);
        assert_string_equal(facts->id, ids[i]);
        assert_true(facts->presence[0].kind != FACT_NONE);
    }
    assert_int_equal(count, ID_COUNT);
    assert_null(engine_facts_of("basic"));
    assert_null(engine_facts_of(""));
}

static void each_text(void (*check)(const struct engine_facts *facts, const struct fact *fact))
{
    const struct engine_facts *facts;

    for (size_t i = 0; (facts = engine_facts_at(i)); i++) {
        const struct fact *const lists[] = {facts->presence, facts->version, facts->config};

        for (size_t list = 0; list < 3; list++)
            for (size_t j = 0; j < FACTS_MAX && lists[list][j].kind; j++)
                if (lists[list][j].kind == FACT_TEXT)
                    check(facts, &lists[list][j]);
    }
}

/* Bytes that a pattern matches. */
static size_t sample_write(const char *pattern, char *sample)
{
    size_t length = 0;

    for (; *pattern; pattern++) {
        const char *piece = "";

        assert_true(length + 16 < SAMPLE_MAX);
        if (*pattern != '%') {
            sample[length++] = *pattern;
            continue;
        }
        switch (*++pattern) {
        case 'v':
        case 'm':
            piece = "7.8.9";
            break;
        case 'w':
        case 'd':
        case 'n':
            piece = "2025";
            break;
        case '%':
            piece = "%";
            break;
        case '0':
        case 'z':
            sample[length++] = '\0';
            break;
        }
        memcpy(sample + length, piece, strlen(piece));
        length += strlen(piece);
    }
    return length;
}

static void text_check(const struct engine_facts *facts, const struct fact *fact)
{
    char literal[PATTERN_LITERAL_MAX], sample[SAMPLE_MAX];
    bool inside;
    size_t length = sample_write(fact->name, sample);

    if (pattern_literal(fact->name, literal, sizeof literal, &inside) < PATTERN_LITERAL_MIN)
        fail_msg("%s: nothing to search for in \"%s\"", facts->id, fact->name);
    if (!match(fact->name, sample, length))
        fail_msg("%s: \"%s\" does not match what it describes", facts->id, fact->name);
    assert_int_equal(matched, length);
    if (!memmem(sample, length, literal, strlen(literal)))
        fail_msg("%s: what \"%s\" matches has no \"%s\"", facts->id, fact->name, literal);
    for (size_t cut = 0; cut < length; cut++)
        if (match(fact->name, sample, cut))
            assert_true(matched <= cut);
}

static void texts(void **state)
{
    (void)state;
    each_text(text_check);
}

/* ---- rows against contents -------------------------------------------------------------------------------- */

#define CONTENT_SIZE (1u << 16)
static char content[CONTENT_SIZE];
static size_t content_length;

static void content_add(const char *bytes, size_t length)
{
    assert_true(content_length + length + 64 < CONTENT_SIZE);
    memcpy(content + content_length, bytes, length);
    content_length += length + 64; /* NULs: no neighbours */
}

static void content_clear(void)
{
    memset(content, 0, sizeof content);
    content_length = 64;
}

/* Whether the content, as constants of an object without symbols, is taken for the engine; for any
 * when `id` is NULL. */
static const char *found_id;

static bool content_is(const char *id)
{
    struct image image = {
        .path = "made here",
        .memory = (const unsigned char *)content,
        /* What has as little code as this has content is no engine. */
        .segments = {{.memory_size = CONTENT_SIZE, .file_size = CONTENT_SIZE, .flags = PF_R},
                     {.vaddr = CONTENT_SIZE, .file_size = 1 << 20, .flags = PF_R | PF_X}},
        .segment_count = 2,
        .vaddr_end = CONTENT_SIZE,
    };
    struct identity identity;
    bool found = false;

    assert_true(identify_image(&image, &identity));
    for (size_t i = 0; i < identity.engine_count; i++)
        found |= !id || strcmp(identity.engines[i].abi.engine, id) == 0;
    found_id = identity.engine_count
                   ? engine_facts_of(identity.engines[0].abi.engine)->id
                   : "none";
    identity_clear(&identity);
    return found;
}

static void sample_add(const struct engine_facts *facts, const struct fact *fact)
{
    char sample[SAMPLE_MAX];

    (void)facts;
    content_add(sample, sample_write(fact->name, sample));
}

/* One text is none, two are: V8's have to be proven by numbers. */
static void presence_of(const struct engine_facts *facts)
{
    unsigned count = 0;

    for (size_t i = 0; i < FACTS_MAX && facts->presence[i].kind; i++) {
        if (facts->presence[i].kind != FACT_TEXT)
            continue;
        content_clear();
        sample_add(facts, &facts->presence[i]);
        if (content_is(facts->id))
            fail_msg("\"%s\" alone is taken for %s", facts->presence[i].name, facts->id);
        count++;
    }
    content_clear();
    for (size_t i = 0; i < FACTS_MAX && facts->presence[i].kind; i++)
        if (facts->presence[i].kind == FACT_TEXT)
            sample_add(facts, &facts->presence[i]);
    if (content_is(facts->id) != (count >= 2 && !facts->bound))
        fail_msg("the %u texts of %s are %s", count, facts->id, count >= 2 ? "not it" : "enough");
}

static void presence(void **state)
{
    const struct engine_facts *facts;

    (void)state;
    for (size_t i = 0; (facts = engine_facts_at(i)); i++)
        presence_of(facts);
}

static void pattern_add(const struct engine_facts *facts, const struct fact *fact)
{
    (void)facts;
    content_add(fact->name, strlen(fact->name));
}

/* engraft's own files have all patterns. */
static void own_copy(void **state)
{
    const struct engine_facts *lua = engine_facts_of("lua");

    (void)state;
    content_clear();
    each_text(pattern_add);
    if (content_is(NULL))
        fail_msg("the patterns of %s are taken for it", found_id);
    for (size_t i = 0; i < FACTS_MAX && lua->presence[i].kind; i++) /* seen to see */
        if (lua->presence[i].kind == FACT_TEXT)
            sample_add(lua, &lua->presence[i]);
    assert_true(content_is("lua"));
    each_text(sample_add); /* who quotes all of them is none of them */
    assert_false(content_is(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(literals),
        cmocka_unit_test(versions),
        cmocka_unit_test(words),
        cmocka_unit_test(numbers),
        cmocka_unit_test(anything),
        cmocka_unit_test(zeros),
        cmocka_unit_test(long_versions),
        cmocka_unit_test(much_work),
        cmocka_unit_test(searched_literals),
        cmocka_unit_test(rows),
        cmocka_unit_test(texts),
        cmocka_unit_test(presence),
        cmocka_unit_test(own_copy),
    };

    return cmocka_run_group_tests(tests, guard, NULL);
}
