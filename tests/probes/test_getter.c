/* SPDX-License-Identifier: MIT */
/* Getters as compilers make them, and those of real engines. */
#include <config.h>

#include "fixture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "probes/getter.h"

static void need_capstone(void)
{
#ifndef HAVE_CAPSTONE
    print_message("# configured without capstone\n");
    skip();
#elif !defined __x86_64__ && !defined __aarch64__
    print_message("# getters are decoded on x86-64 and AArch64\n");
    skip();
#endif
}

/* ---- what the compiler makes ---------------------------------------------------------------- */

static const char source[] =
    "typedef unsigned long size_t;\n"
    "int number(void) { return 2041; }\n"
    "int zero(void) { return 0; }\n"
    "int negative(void) { return -7; }\n"
    "long wide(void) { return 0x123456789abcdef0; }\n"
    "const char *text(void) { return \"text 1.2.3\"; }\n"
    "double real(void) { return 504.0; }\n"
    "double real_of(void *state) { (void)state; return 5.5; }\n"
    "static const double five = 503;\n"
    "const double *place(const double **state) { return state ? *state : &five; }\n"
    "void stores(int *a, int *b, int *c, int *d)\n"
    "{ if (a) *a = 8; if (b) *b = 6; if (c) *c = 13; if (d) *d = 2; }\n"
    "struct version { unsigned major, minor; unsigned short patch, level; };\n"
    "void fill(struct version *v) { v->major = 9; v->minor = 1; v->patch = 4; v->level = 15; }\n"
    "int which(int w)\n"
    "{ switch (w) { case 1: return 90004; case 2: return 2; case 3: return 67; case 4: return 68;\n"
    "               case 5: return 1; case 6: return 12; default: return 99; } }\n"
    "const char *forward(void) { return text(); }\n"
    "static const char *hidden(void) __attribute__((noinline));\n"
    "static const char *hidden(void) { return \"hidden 2.0\"; }\n"
    "const char *helped(void) { return hidden(); }\n"
    "extern const char *const pointer;\n"
    "const char *const pointer = \"pointer 4.5.6\";\n"
    "const char *through(void) { return pointer; }\n"
    "extern const int constant;\n"
    "const int constant = 77;\n"
    "int packed(void) { return constant << 16 | 3 << 8 | 1; }\n"
    "extern void *made(const char *);\n"
    "void *passes(void) { return made(\"passed 3.0.8\"); }\n"
    /* from here on: what must not be decoded */
    "int counter = 5;\n"
    "char buffer[100];\n"
    "int changes(void) { return counter; }\n"
    "const char *maybe(void) { return counter ? \"a\" : \"b\"; }\n"
    "int loops(int *p) { int sum = 0; while (*p++) sum++; return sum; }\n"
    "extern int unknown(void);\n"
    "int calls(void) { return unknown(); }\n"
    "int after(void) { unknown(); return 5; }\n"
    "extern int snprintf(char *, size_t, const char *, ...);\n"
    "const char *formats(void)\n"
    "{ snprintf(buffer, sizeof buffer, \"%d.%d\", 1, 2); return buffer; }\n"
    "int of_number(int number) { return number ? 1 : 2; }\n"
    "int writes(void) { counter = 7; return 7; }\n"
    "int stores_data(int *a) { *a = counter; return 0; }\n"
    "extern void fail(const char *) __attribute__((noreturn));\n"
    "void dies(void) { fail(\"dies 1.2.3\"); }\n"
    "void nothing(void) {}\n"
    "int same(int number) { return number; }\n"
    "int compares(int number) { return number == 136 ? unknown() : number; }\n"
    "int twice(void) { return counter ? (int)sizeof buffer : buffer[0]; }\n";

static const char *const variants[] = {
    "-O0",
    "-O1",
    "-O2",
    "-O3",
    "-Os",
    "-O2 -fcf-protection",
    "-O0 -fcf-protection",
    "-O2 -mbranch-protection=standard",
    "-O2 -fno-plt",
    "-O2 -Wl,-z,norelro",
    "-O0 -fuse-ld=lld -Wl,--pack-dyn-relocs=relr",
    "-O2 -Wl,-Bsymbolic -s",
};

/* False, with the reason, when this compiler does not know the flags. */
static bool compiled_init(struct opened *compiled, const char *flags)
{
    static unsigned number;
    char name[32];

    snprintf(name, sizeof name, "getters-%u.so", number++);
    if (!fixture_try(name, source, flags)) {
        print_message("# not tried: %s\n", flags);
        return false;
    }
    opened_init(compiled, (const char *const[]){fixture_path(name), NULL});
    return true;
}

static uint64_t vaddr_of(const struct image *image, const char *name)
{
    const Elf64_Sym *symbol = image_find_name(image, name);

    if (!symbol)
        fail_msg("%s: no %s", image->path, name);
    return symbol->st_value;
}

static struct getter_value decoded(const struct image *image, const char *name, const char *flags)
{
    struct getter_value value = {0};

    if (!getter_decode(image, vaddr_of(image, name), &value))
        fail_msg("%s of %s, %s: not decoded", name, image->path, flags);
    return value;
}

static void assert_text(const struct image *image, const struct getter_value *value,
                        const char *expected)
{
    const char *text = image_string_at(image, value->address, 100);

    assert_true(value->kind == GETTER_TEXT || value->kind == GETTER_CALL);
    assert_non_null(text);
    assert_string_equal(text, expected);
}

static void assert_real(const struct getter_value *value, double expected)
{
    assert_int_equal(value->kind, GETTER_REAL);
    assert_memory_equal(&value->number, &expected, sizeof expected);
}

static void assert_stored(const struct getter_value *value, unsigned argument, int64_t offset,
                          unsigned size, uint64_t expected)
{
    uint64_t number = ~expected;

    assert_int_equal(value->kind, GETTER_STORES);
    assert_true(getter_stored(value, argument, offset, size, &number));
    assert_int_equal(number, expected);
}

static void assert_numbers(const struct image *image, const char *flags)
{
    static const struct {
        const char *name;
        int number;
    } rows[] = {{"number", 2041}, {"zero", 0}, {"negative", -7}, {"packed", 0x4d0301}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct getter_value value = decoded(image, rows[i].name, flags);

        assert_int_equal(value.kind, GETTER_NUMBER);
        assert_int_equal((int)value.number, rows[i].number);
    }
    assert_int_equal(decoded(image, "wide", flags).number, 0x123456789abcdef0);
}

static void assert_places(const struct image *image, const char *flags)
{
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"text", "text 1.2.3"},
        {"forward", "text 1.2.3"},
        {"helped", "hidden 2.0"},
        {"through", "pointer 4.5.6"},
        {"passes", "passed 3.0.8"},
    };
    struct getter_value value;
    const double *real;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        value = decoded(image, rows[i].name, flags);
        assert_text(image, &value, rows[i].text);
    }
    assert_int_equal(value.kind, GETTER_CALL);
    assert_string_equal(value.callee, "made");
    assert_false(getter_decode(image, vaddr_of(image, "place"), &value));
    assert_true(getter_decode_with(image, vaddr_of(image, "place"), 0, &value));
    assert_int_equal(value.kind, GETTER_TEXT);
    real = image_at(image, value.address, sizeof *real);
    assert_true(real && *real == 503);
    value = decoded(image, "real", flags);
    assert_real(&value, 504);
    value = decoded(image, "real_of", flags);
    assert_real(&value, 5.5);
}

static void assert_stores(const struct image *image, const char *flags)
{
    struct getter_value value = decoded(image, "stores", flags);

    assert_int_equal(value.store_count, 4);
    assert_stored(&value, 0, 0, 4, 8);
    assert_stored(&value, 1, 0, 4, 6);
    assert_stored(&value, 2, 0, 4, 13);
    assert_stored(&value, 3, 0, 4, 2);
    value = decoded(image, "fill", flags);
    assert_stored(&value, 0, 0, 4, 9);
    assert_stored(&value, 0, 4, 4, 1);
    assert_stored(&value, 0, 8, 2, 4);
    assert_stored(&value, 0, 10, 2, 15);
    assert_false(getter_stored(&value, 0, 12, 2, &value.number));
    assert_false(getter_stored(&value, 1, 0, 4, &value.number));
}

/* A switch, which may be a table of numbers or of places to jump to. */
static void assert_choices(const struct image *image)
{
    static const int expected[] = {99, 90004, 2, 67, 68, 1, 12, 99, 99};
    uint64_t vaddr = vaddr_of(image, "which");
    struct getter_value value;

    for (unsigned i = 0; i < sizeof expected / sizeof *expected; i++) {
        if (!getter_decode_with(image, vaddr, i, &value)) {
            assert_int_not_equal(i, 1); /* what PL_version_info() is asked for */
            continue;
        }
        assert_int_equal(value.kind, GETTER_NUMBER);
        assert_int_equal((int)value.number, expected[i]);
    }
    assert_false(getter_decode(image, vaddr, &value));
}

static void assert_refusals(const struct image *image, const char *flags)
{
    static const char *const names[] = {"changes",   "maybe",  "loops",       "calls", "after",
                                        "formats",   "writes", "stores_data", "dies",  "nothing",
                                        "of_number", "same"};
    struct getter_value value;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (getter_decode(image, vaddr_of(image, names[i]), &value))
            fail_msg("%s, %s: decoded as kind %d, number %llu", names[i], flags, (int)value.kind,
                     (unsigned long long)value.number);
}

/* What getter_references() tells is searched for a text or for a number. */
struct wanted {
    const struct image *image;
    const char *text;
    uint64_t number;
    unsigned found, count;
};

static bool hear(void *user, uint64_t value, bool is_address)
{
    struct wanted *wanted = user;
    const char *text = is_address ? image_string_at(wanted->image, value, 100) : NULL;

    wanted->count++;
    if (wanted->text)
        wanted->found += text && strcmp(text, wanted->text) == 0;
    else
        wanted->found += !is_address && (uint32_t)value == wanted->number;
    return true;
}

static unsigned references(const struct image *image, const char *function, const char *text,
                           uint64_t number)
{
    const Elf64_Sym *symbol = image_find_name(image, function);
    struct wanted wanted = {.image = image, .text = text, .number = number};

    assert_non_null(symbol);
    getter_references(image, symbol->st_value, symbol->st_size, hear, &wanted);
    return wanted.found;
}

static bool hear_one(void *user, uint64_t value, bool is_address)
{
    (void)value;
    (void)is_address;
    return ++*(unsigned *)user < 1;
}

static void assert_references(const struct image *image)
{
    unsigned heard = 0;
    const Elf64_Sym *formats = image_find_name(image, "formats");

    assert_int_equal(references(image, "formats", "%d.%d", 0), 1);
    assert_int_equal(references(image, "dies", "dies 1.2.3", 0), 1);
    assert_int_equal(references(image, "dies", "%d.%d", 0), 0);
    assert_true(references(image, "compares", NULL, 136));
    assert_false(references(image, "compares", NULL, 90004));
    assert_non_null(formats);
    getter_references(image, formats->st_value, formats->st_size, hear_one, &heard);
    assert_int_equal(heard, 1); /* false stops it */
    getter_references(image, UINT64_MAX - 3, 16, hear_one, &heard);
    getter_references(image, image->vaddr_end, 16, hear_one, &heard);
    assert_int_equal(heard, 1); /* no code there */
}

/* The variable that a function looks at first, wherever it is. */
static void assert_loads(const struct image *image, const char *flags)
{
    static const struct {
        const char *function, *variable;
        unsigned size;
    } rows[] = {{"changes", "counter", 4}, {"maybe", "counter", 4}, {"twice", "counter", 4}};
    static const char *const none[] = {"number", "text", "real", "same", "nothing"};
    uint64_t vaddr;
    unsigned size;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!getter_load(image, vaddr_of(image, rows[i].function), &vaddr, &size))
            fail_msg("%s, %s: nothing is looked at", rows[i].function, flags);
        assert_int_equal(vaddr, vaddr_of(image, rows[i].variable));
        assert_int_equal(size, rows[i].size);
    }
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (getter_load(image, vaddr_of(image, none[i]), &vaddr, &size))
            fail_msg("%s, %s: looks at 0x%llx", none[i], flags, (unsigned long long)vaddr);
}

static void compiled_getters(void **state)
{
    unsigned tried = 0;

    (void)state;
    need_capstone();
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        struct opened compiled;

        if (!compiled_init(&compiled, variants[i]))
            continue;
        assert_numbers(&compiled.images[0], variants[i]);
        assert_places(&compiled.images[0], variants[i]);
        assert_stores(&compiled.images[0], variants[i]);
        assert_choices(&compiled.images[0]);
        assert_refusals(&compiled.images[0], variants[i]);
        assert_references(&compiled.images[0]);
        assert_loads(&compiled.images[0], variants[i]);
        opened_deinit(&compiled);
        tried++;
    }
    assert_true(tried >= 5);
}

/* In an executable with a fixed place, an address is a number like others. */
static void fixed_place(void **state)
{
    const char *path;

    (void)state;
    need_capstone();
    path = fixture_build("fixed",
                         "const char *text(void) { return \"fixed 1.2\"; }\n"
                         "int number(void) { return 90004; }\n"
                         "int main(void) { return 0; }\n",
                         "-rdynamic -no-pie -fno-pie -fno-pic -O2");
    OPENED(opened, path);
    struct getter_value value = decoded(&opened.images[0], "text", "-no-pie");
    const char *text = image_string_at(&opened.images[0], value.address, 100);

    assert_non_null(text);
    assert_string_equal(text, "fixed 1.2");
    value = decoded(&opened.images[0], "number", "-no-pie");
    assert_int_equal(value.kind, GETTER_NUMBER);
    assert_int_equal(value.number, 90004);
    assert_int_equal(value.address, 0);
    opened_deinit(&opened);
}

/* ---- real engines --------------------------------------------------------------------------- */

enum { PLAIN = -1 };

/* What tests/world names, a file of it, and what its function returns, as its package's version says. */
static const struct real_getter {
    const char *world, *file, *function;
    int argument; /* the first one, or PLAIN */
    enum getter_kind kind;
    const char *text; /* TEXT, CALL; else "": a real that is pointed to */
    double number;    /* NUMBER, REAL; STORES: of the first three arguments, as 80613 */
} real_getters[] = {
    {"mozjs102", "libmozjs-102.so.*.*", "_Z27JS_GetImplementationVersionv", PLAIN, GETTER_TEXT,
     "JavaScript-C102.15.1", 0},
    {"jsc-4.1-bookworm", "libjavascriptcoregtk-4.1.so.*.*", "jsc_get_major_version", PLAIN,
     GETTER_NUMBER, NULL, 2},
    {"jsc-6.0-trixie", "libjavascriptcoregtk-6.0.so.*.*", "jsc_get_minor_version", PLAIN,
     GETTER_NUMBER, NULL, 54},
    {"qjs-sid", "libqjs.so.*.*", "JS_GetVersion", PLAIN, GETTER_TEXT, "0.17.0", 0},
    {"tcl8.6-bookworm", "libtcl8.6.so", "Tcl_GetVersion", PLAIN, GETTER_STORES, NULL, 80613},
    {"tcl9.0-trixie", "libtcl9.0.so", "Tcl_GetVersion", PLAIN, GETTER_STORES, NULL, 90001},
    {"guile3.0-bookworm", "libguile-3.0.so.*.*", "scm_version", PLAIN, GETTER_CALL, "3.0.8", 0},
    {"lua5.3-bookworm", "liblua5.3.so.0.*", "lua_version", 0, GETTER_TEXT, "", 503},
    {"lua5.4-bookworm", "liblua5.4.so.0.*", "lua_version", PLAIN, GETTER_REAL, NULL, 504},
    {"luajit-bookworm", "libluajit-5.1.so.2.*", "lua_version", PLAIN, GETTER_TEXT, "", 501},
    {"swi-prolog-bookworm", "libswipl.so.9.*", "PL_version_info", 1, GETTER_NUMBER, NULL, 90004},
    {"angelscript-bookworm", "libangelscript.so.*", "asGetLibraryVersion", PLAIN, GETTER_TEXT,
     "2.35.1", 0},
    {"squirrel-trixie", "libsquirrel3.so.0.*", "sq_getversion", PLAIN, GETTER_NUMBER, NULL, 310},
    {"wasmedge-trixie", "libwasmedge.so.0.*", "WasmEdge_VersionGetMinor", PLAIN, GETTER_NUMBER,
     NULL, 14},
};

/* False when it cannot be had; a name that is not in the lock fails. */
static bool world_file(const struct real_getter *getter, char *ret_path, size_t size)
{
    const char *tree = getenv("abs_top_srcdir");
    char command[4352];
    FILE *output;
    int status;

    snprintf(command, sizeof command,
             "directory=$('%s/tests/world' get '%s' 2>/dev/null) || exit; "
             "find \"$directory\" -type f -name '%s' | sort | head -n 1",
             tree ? tree : ".", getter->world, getter->file);
    output = popen(command, "r");
    assert_non_null(output);
    if (!fgets(ret_path, (int)size, output))
        ret_path[0] = '\0';
    status = pclose(output);
    ret_path[strcspn(ret_path, "\n")] = '\0';
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
        return false;
    assert_int_equal(status, 0);
    assert_true(ret_path[0]);
    return true;
}

static void assert_getter(const struct image *image, const struct getter_value *value,
                          const struct real_getter *expected)
{
    uint64_t numbers[3] = {0};
    const double *real;

    assert_int_equal(value->kind, expected->kind);
    switch (expected->kind) {
    case GETTER_NUMBER:
        assert_true((double)value->number == expected->number);
        break;
    case GETTER_REAL:
        assert_real(value, expected->number);
        break;
    case GETTER_STORES:
        for (unsigned i = 0; i < 3; i++)
            assert_true(getter_stored(value, i, 0, 4, &numbers[i]));
        assert_true((double)(numbers[0] * 10000 + numbers[1] * 100 + numbers[2]) ==
                    expected->number);
        break;
    default:
        if (expected->text[0]) {
            assert_text(image, value, expected->text);
            break;
        }
        real = image_at(image, value->address, sizeof *real);
        assert_true(real && *real == expected->number);
    }
}

static void real_engines(void **state)
{
    unsigned tried = 0;

    (void)state;
    need_capstone();
    for (size_t i = 0; i < sizeof real_getters / sizeof *real_getters; i++) {
        const struct real_getter *getter = &real_getters[i];
        struct getter_value value;
        char path[4352];

        if (!world_file(getter, path, sizeof path)) {
            print_message("# %s cannot be had here\n", getter->world);
            continue;
        }
        OPENED(opened, path);
        uint64_t vaddr = vaddr_of(&opened.images[0], getter->function);

        print_message("# %s: %s\n", getter->world, getter->function);
        assert_true(getter->argument == PLAIN
                        ? getter_decode(&opened.images[0], vaddr, &value)
                        : getter_decode_with(&opened.images[0], vaddr,
                                             (uint64_t)getter->argument, &value));
        assert_getter(&opened.images[0], &value, getter);
        opened_deinit(&opened);
        tried++;
    }
    if (!tried)
        skip();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compiled_getters),
        cmocka_unit_test(fixed_place),
        cmocka_unit_test(real_engines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
