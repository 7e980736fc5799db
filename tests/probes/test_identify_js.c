/* SPDX-License-Identifier: MIT */
/* What the hooks of JavaScript engines read from data, in objects that are made here. */
#include "fixture.h"

#include <string.h>

#include "probes/facts.h"
#include "probes/identify.h"
#include "relinker/error.h"

#define CONSTANTS_SIZE 4096u
#define DATA_SIZE 4096u

/* An object with constants and writable data. */
static struct {
    unsigned char constants[CONSTANTS_SIZE];
    unsigned char data[DATA_SIZE];
} object;

static struct image image;
static struct identity identity;

static void object_clear(void)
{
    memset(&object, 0, sizeof object);
    image = (struct image){
        .path = "made here",
        .memory = (const unsigned char *)&object,
        .segments = {{.memory_size = CONSTANTS_SIZE, .file_size = CONSTANTS_SIZE, .flags = PF_R},
                     {.vaddr = CONSTANTS_SIZE, .memory_size = DATA_SIZE, .file_size = DATA_SIZE,
                      .flags = PF_R | PF_W},
                     {.vaddr = sizeof object, .file_size = 1 << 20, .flags = PF_R | PF_X}},
        .segment_count = 3,
        .vaddr_end = sizeof object,
    };
}

#define constant_put(at, literal) memcpy(object.constants + (at), literal, sizeof literal - 1)
#define data_put(at, literal) memcpy(object.data + (at), literal, sizeof literal - 1)

static void real_put(unsigned char *at, double number)
{
    memcpy(at, &number, sizeof number);
}

static int teardown(void **state)
{
    (void)state;
    identity_clear(&identity);
    return 0;
}

/* The one engine of the object. */
static const struct engine_instance *identified(const char *id)
{
    identity_clear(&identity);
    assert_true(identify_image(&image, &identity));
    assert_int_equal(identity.engine_count, 1);
    assert_string_equal(identity.engines[0].abi.engine, id);
    return &identity.engines[0];
}

#define assert_version(id, text) assert_string_equal(identified(id)->abi.version, text)

/* ---- Duktape --------------------------------------------------------------------------------------------- */

#define STREAM_AT 512u
#define STREAM_NUMBER (STREAM_AT + 4) /* each byte of it begins one bit late */

static void duktape_object(void)
{
    object_clear();
    constant_put(100, "ctx: top=%ld, stack=%s");
    constant_put(200, "{\"_ptr\":\"null\"}");
}

/* The stream of bits with a number, as Duktape has it. */
static void stream_put(unsigned at, double number)
{
    unsigned char bytes[9] = {0}, *to = object.constants + at + 4;

    real_put(bytes, number);
    constant_put(at, "FHs`");
    to[0] = 0;
    for (unsigned i = 0; i < 8; i++) {
        to[i] = (unsigned char)(to[i] | bytes[i] >> 1);
        to[i + 1] = (unsigned char)(bytes[i] << 7);
    }
    to[8] |= 0x5b;
    constant_put(at + 13, "\x3c\xa5\xc3");
}

static void duktape_versions(void **state)
{
    static const unsigned char v2_7[] = {0x46, 0x48, 0x73, 0x60, 0, 0, 0, 0, 0, 0x1b, 0xea, 0x20,
                                         0x5b, 0x3c, 0xa5, 0xc3};

    (void)state;
    duktape_object();
    assert_version("duktape", "");
    memcpy(object.constants + STREAM_AT, v2_7, sizeof v2_7); /* Debian's */
    assert_version("duktape", "2.7.0");
    stream_put(STREAM_AT, 20700);
    assert_memory_equal(object.constants + STREAM_AT, v2_7, sizeof v2_7);
    for (unsigned number = 10000; number < 32768; number++) {
        char version[16];

        if (number % 100 > 3 || number / 100 % 100 > 11)
            continue;
        stream_put(STREAM_AT, number);
        text_format(version, sizeof version, "%u.%u.%u", number / 10000, number / 100 % 100,
                    number % 100);
        assert_version("duktape", version);
    }
}

static void duktape_no_versions(void **state)
{
    static const double numbers[] = {0, 1, 9999, 20700.5, 1e300, -20700, 100000};

    (void)state;
    duktape_object();
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        stream_put(STREAM_AT, numbers[i]);
        assert_version("duktape", "");
    }
    stream_put(STREAM_AT, 20700);
    assert_version("duktape", "2.7.0");
    for (unsigned i = 12; i < 16; i++) {
        stream_put(STREAM_AT, 20700);
        object.constants[STREAM_AT + i] ^= 1;
        assert_version("duktape", "");
    }
    stream_put(STREAM_AT, 20700);
    stream_put(STREAM_AT + 100, 20600); /* two: none is believed */
    assert_version("duktape", "");
    stream_put(STREAM_AT + 100, 20700);
    assert_version("duktape", "2.7.0");
    duktape_object();
    memcpy(object.data + DATA_SIZE - 8, "FHs`\0\0\0", 8); /* nothing behind it */
    assert_version("duktape", "");
}

static void duktape_soname(void **state)
{
    (void)state;
    duktape_object();
    image.soname = "libduktape.so.207";
    assert_version("duktape", "2.7");
    assert_true(has_evidence(identified("duktape"), "text", "libduktape.so.207"));
    image.soname = "libduktape.so.20700";
    assert_version("duktape", "");
    image.soname = "libduktape.so.2a";
    assert_version("duktape", "");
    image.soname = "libduktape.so.";
    assert_version("duktape", "");
    image.soname = "libuktape.so.207";
    assert_version("duktape", "");
    image.soname = "libduktape.so.207";
    stream_put(STREAM_AT, 20600); /* contents count */
    assert_version("duktape", "2.6.0");
}

static void duktape_environment(void **state)
{
    (void)state;
    duktape_object();
    assert_string_equal(identified("duktape")->abi.config, "");
    constant_put(1000, "ll u nl p2 a8 x64 linux gcc");
    assert_string_equal(identified("duktape")->abi.config,
                        "fast-integers=no tagged-values=unpacked");
    duktape_object();
    constant_put(1000, "ll pf nl p1 a4 x86 linux clang");
    assert_string_equal(identified("duktape")->abi.config,
                        "fast-integers=yes tagged-values=packed");
    duktape_object();
    constant_put(1000, "made for x64 linux gcc");
    constant_put(1100, "ll u linux gcc");
    constant_put(1200, "ll x nl p2 a8 x64 linux gcc");
    memset(object.constants + 1300, 'l', 60);
    constant_put(1360, " linux gcc");
    assert_string_equal(identified("duktape")->abi.config, "");
    memcpy(object.constants + 4, " linux gcc", 10); /* nothing before it */
    assert_string_equal(identified("duktape")->abi.config, "");
}

/* ---- njs ---------------------------------------------------------------------------------------------- */

#define KEY "\x05\xee" "version_number"
#define HEAD "\x03\x01\0\0\0\0\0\0"

static void njs_object(void)
{
    object_clear();
    constant_put(100, "njs_vm_external_add() failed");
    constant_put(200, "njs_object_traverse() recursion limit:%d");
}

static void number_put(unsigned at, double number)
{
    data_put(at, KEY HEAD);
    real_put(object.data + at + sizeof KEY - 1 + 8, number);
}

static void njs_keys_in_line(void **state)
{
    (void)state;
    njs_object();
    assert_version("njs", "");
    number_put(0x100, 0x000709);
    assert_version("njs", "0.7.9");
    number_put(0x100, 0x00080a);
    assert_version("njs", "0.8.10");
    number_put(0x200, 0x000809); /* two: none is believed */
    assert_version("njs", "");
    njs_object();
    for (unsigned i = 0; i < sizeof KEY - 1 + 8; i++) {
        number_put(0x100, 0x000709);
        object.data[0x100 + i] ^= 0x80;
        assert_version("njs", "");
    }
    number_put(0x100, 1.5);
    assert_version("njs", "");
    number_put(0x100, 1e9);
    assert_version("njs", "");
    number_put(0x100, -1801);
    assert_version("njs", "");
    njs_object();
    data_put(DATA_SIZE - 24, KEY HEAD); /* nothing behind it */
    assert_version("njs", "");
}

static void short_head_put(unsigned at, double number)
{
    data_put(at, "\0\0\0\0\x03\x01\0\0");
    real_put(object.data + at + 8, number);
}

static void njs_atoms(void **state)
{
    (void)state;
    njs_object();
    short_head_put(0x100, 0x010002);
    short_head_put(0x180, 0x10000);
    short_head_put(0x1c0, 3.14);
    assert_version("njs", ""); /* a number alone */
    constant_put(1000, "x1.0.2");
    assert_version("njs", ""); /* the end of a text */
    constant_put(1000, "\0" "1.0.2x");
    assert_version("njs", "");
    constant_put(1000, "\0" "1.0.2\0");
    assert_version("njs", "1.0.2");
    constant_put(1100, "\0" "1.0.0\0");
    assert_version("njs", ""); /* which one? */
    njs_object();
    constant_put(1000, "\0" "1.0.2\0");
    short_head_put(0x104, 0x010002); /* no pointer's place */
    assert_version("njs", "");
    short_head_put(DATA_SIZE - 16, 0x010002);
    assert_version("njs", "1.0.2");
}

static void njs_many_numbers(void **state)
{
    (void)state;
    njs_object();
    constant_put(1000, "\0" "1.0.2\0");
    for (unsigned i = 0; i < 16; i++)
        short_head_put(16 * i, 0x010002 + i);
    assert_version("njs", "1.0.2");
    short_head_put(16 * 16, 0x020000);
    assert_version("njs", ""); /* too many to be believed */
    image.big_endian = true;
    number_put(0x200, 0x000709);
    assert_version("njs", "");
}

/* ---- those with facts only ------------------------------------------------------------------------------ */

static void texts_before_and_after(void **state)
{
    (void)state;
    object_clear();
    constant_put(100, "Build\0" "0.12.0\0OSS Release Version\0");
    constant_put(200, "Argument to HermesInternal.getFunctionLocation must be callable");
    assert_version("hermes", "0.12.0");
    assert_string_equal(identified("hermes")->abi.config, "");
    constant_put(300, "hades (concurrent)");
    assert_string_equal(identified("hermes")->abi.config, "gc=hades");
    object_clear();
    constant_put(100, "QuickJS memory usage -- 2025-04-26 version, %d-bit, malloc limit: %ld");
    constant_put(200, "[function bytecode]");
    assert_version("quickjs", "2025-04-26");
    object_clear();
    constant_put(100, "QuickJS-ng memory usage -- %s version, %d-bit");
    constant_put(200, "[function bytecode]");
    assert_version("quickjs-ng", "");
    object_clear();
    constant_put(100, "\0JavaScript-C38.3.0esrpre");
    constant_put(200, "\0live Debugger.Frame");
    assert_version("spidermonkey", "38.3.0esrpre");
}

static void node_text_twice(void **state)
{
    (void)state;
    object_clear();
    constant_put(100, "https://nodejs.org/download/release/v22.22.2/node-v22.22.2-headers.tar.gz");
    constant_put(200, "node.js/v22.22.2Protocol-Version\0");
    assert_int_equal((identify_image(&image, &identity), identity.engine_count), 0);
    constant_put(300, "node.js/v22.22.2\0");
    assert_version("node", "22.22.2");
    constant_put(300, "node.js/v22.22.3\0");
    assert_version("node", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(duktape_versions, teardown),
        cmocka_unit_test_teardown(duktape_no_versions, teardown),
        cmocka_unit_test_teardown(duktape_soname, teardown),
        cmocka_unit_test_teardown(duktape_environment, teardown),
        cmocka_unit_test_teardown(njs_keys_in_line, teardown),
        cmocka_unit_test_teardown(njs_atoms, teardown),
        cmocka_unit_test_teardown(njs_many_numbers, teardown),
        cmocka_unit_test_teardown(texts_before_and_after, teardown),
        cmocka_unit_test_teardown(node_text_twice, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
