/* SPDX-License-Identifier: MIT */
/* Getters as instructions, of both architectures, and code that must not be taken for one. */
#include <config.h>

#include "fixture.h"

#include <string.h>

#include "probes/getter.h"

enum {
    CODE = 0,
    DATA_TEXT = 0x1100,
    DATA_REAL = 0x1200,
    WRITABLE = 0x2000,
    SPAN = 0x3000,
};

static unsigned char memory[SPAN];

/* An image whose code ends with the bytes; read-only data and writable data follow on their pages. */
static struct image image_of(uint16_t machine, const void *code, size_t size)
{
    static const double real = 504;
    struct image image = {
        .path = "code",
        .memory = memory,
        .machine = machine,
        .type = ET_DYN,
        .segments = {{.vaddr = CODE, .memory_size = size, .file_size = size, .flags = PF_R | PF_X},
                     {.vaddr = 0x1000, .memory_size = 0x1000, .file_size = 0x1000, .flags = PF_R},
                     {.vaddr = WRITABLE, .memory_size = 0x1000, .file_size = 0x1000,
                      .flags = PF_R | PF_W}},
        .segment_count = 3,
        .vaddr_end = SPAN,
    };

    memset(memory, 0x11, sizeof memory);
    memcpy(memory + CODE, code, size);
    strcpy((char *)memory + DATA_TEXT, "text 1.2.3");
    memcpy(memory + DATA_REAL, &real, sizeof real);
    return image;
}

static void need_capstone(void)
{
#ifndef HAVE_CAPSTONE
    print_message("# configured without capstone\n");
    skip();
#endif
}

static struct getter_value decoded(uint16_t machine, const void *code, size_t size)
{
    struct image image = image_of(machine, code, size);
    struct getter_value value;

    need_capstone();
    assert_true(getter_decode(&image, CODE, &value));
    return value;
}

static void assert_refused(uint16_t machine, const char *name, const void *code, size_t size)
{
    struct image image = image_of(machine, code, size);
    struct getter_value value;

    need_capstone();
    if (getter_decode(&image, CODE, &value))
        fail_msg("%s: decoded as kind %d, number %llu", name, (int)value.kind,
                 (unsigned long long)value.number);
}

static void assert_stored(const struct getter_value *value, unsigned argument, int64_t offset,
                          uint64_t expected)
{
    uint64_t number = ~expected;

    assert_int_equal(value->kind, GETTER_STORES);
    assert_true(getter_stored(value, argument, offset, 4, &number));
    assert_int_equal(number, expected);
}

/* ---- AArch64 -------------------------------------------------------------------------------- */

#define AARCH64(...) EM_AARCH64, (const uint32_t[]){__VA_ARGS__}, sizeof((uint32_t[]){__VA_ARGS__})

static void aarch64_number(void **state)
{
    (void)state;
    assert_int_equal(decoded(AARCH64(0xd503245f,                   /* bti c */
                                     0x528bf280,                   /* mov w0, #0x5f94 */
                                     0x72a00020,                   /* movk w0, #0x1, lsl #16 */
                                     0xd65f03c0)).number, 90004);  /* ret */
}

static void aarch64_text(void **state)
{
    struct getter_value value = decoded(AARCH64(0xb0000000,   /* adrp x0, 0x1000 */
                                                0x91040000,   /* add x0, x0, #0x100 */
                                                0xd65f03c0)); /* ret */

    (void)state;
    assert_int_equal(value.kind, GETTER_TEXT);
    assert_int_equal(value.address, DATA_TEXT);
}

static void aarch64_real(void **state)
{
    static const double expected = 504;
    struct getter_value value = decoded(AARCH64(0xb0000000,   /* adrp x0, 0x1000 */
                                                0xfd410000,   /* ldr d0, [x0, #512] */
                                                0xd65f03c0)); /* ret */

    (void)state;
    assert_int_equal(value.kind, GETTER_REAL);
    assert_memory_equal(&value.number, &expected, sizeof expected);
}

static void aarch64_stores(void **state)
{
    struct getter_value value = decoded(AARCH64(0xb4000060,   /* cbz x0, +12 */
                                                0x52800104,   /* mov w4, #8 */
                                                0xb9000004,   /* str w4, [x0] */
                                                0xb4000061,   /* cbz x1, +12 */
                                                0x528000c4,   /* mov w4, #6 */
                                                0xb9000024,   /* str w4, [x1] */
                                                0xd65f03c0)); /* ret */

    (void)state;
    assert_int_equal(value.store_count, 2);
    assert_stored(&value, 0, 0, 8);
    assert_stored(&value, 1, 0, 6);
    value = decoded(AARCH64(0x52800121,   /* mov w1, #9 */
                            0x52800022,   /* mov w2, #1 */
                            0x29000801,   /* stp w1, w2, [x0] */
                            0xd65f03c0)); /* ret */
    assert_stored(&value, 0, 0, 9);
    assert_stored(&value, 0, 4, 1);
}

/* lua_version() of Lua 5.3: the address of a constant, if there is no state to read. */
static void aarch64_null_argument(void **state)
{
    static const uint32_t code[] = {
        0xb4000080, /* cbz x0, +16 */
        0xf9400c00, /* ldr x0, [x0, #24] */
        0xf9408800, /* ldr x0, [x0, #272] */
        0xd65f03c0, /* ret */
        0xb0000000, /* adrp x0, 0x1000 */
        0x91080000, /* add x0, x0, #0x200 */
        0xd65f03c0, /* ret */
    };
    struct image image = image_of(EM_AARCH64, code, sizeof code);
    struct getter_value value;

    (void)state;
    assert_refused(EM_AARCH64, "what it reads through its argument", code, sizeof code);
    assert_true(getter_decode_with(&image, CODE, 0, &value));
    assert_int_equal(value.kind, GETTER_TEXT);
    assert_int_equal(value.address, DATA_REAL);
}

static void aarch64_frames(void **state)
{
    struct getter_value value;

    (void)state;
    value = decoded(AARCH64(0xd503233f,   /* paciasp */
                            0xa9be7bfd,   /* stp x29, x30, [sp, #-32]! */
                            0x910003fd,   /* mov x29, sp */
                            0xf9000fe0,   /* str x0, [sp, #24] */
                            0xf9400fe0,   /* ldr x0, [sp, #24] */
                            0xf100001f,   /* cmp x0, #0 */
                            0x54000080,   /* b.eq +16 */
                            0xf9400fe0,   /* ldr x0, [sp, #24] */
                            0x52800101,   /* mov w1, #8 */
                            0xb9000401,   /* str w1, [x0, #4] */
                            0xa8c27bfd,   /* ldp x29, x30, [sp], #32 */
                            0xd50323bf,   /* autiasp */
                            0xd65f03c0)); /* ret */
    assert_stored(&value, 0, 4, 8);
    value = decoded(AARCH64(0xa9bf7bfd,   /* stp x29, x30, [sp, #-16]! */
                            0x94000004,   /* bl +16 */
                            0x11000400,   /* add w0, w0, #1 */
                            0xa8c17bfd,   /* ldp x29, x30, [sp], #16 */
                            0xd65f03c0,   /* ret */
                            0x52800500,   /* mov w0, #40 */
                            0xd65f03c0)); /* ret */
    assert_int_equal(value.kind, GETTER_NUMBER);
    assert_int_equal(value.number, 41);
}

static void aarch64_refusals(void **state)
{
    static const struct {
        const char *name;
        uint32_t code[5];
        unsigned count;
    } rows[] = {
        /* adrp x0, 0x2000; ldr w0, [x0, #16]; ret */
        {"reads writable data", {0xd0000000, 0xb9401000, 0xd65f03c0}, 3},
        /* ldr w0, [x0]; ret */
        {"reads through its argument", {0xb9400000, 0xd65f03c0}, 2},
        /* cbz w0, +12; mov w0, #1; ret; mov w0, #2; ret */
        {"tests a number", {0x34000060, 0x52800020, 0xd65f03c0, 0x52800040, 0xd65f03c0}, 5},
        /* mov w0, #3; sub w0, w0, #1; cbnz w0, -4; ret */
        {"loops", {0x52800060, 0x51000400, 0x35ffffe0, 0xd65f03c0}, 4},
        /* b . */
        {"jumps to itself", {0x14000000}, 1},
        /* stp x29, x30, [sp, #-16]!; bl +0x8000; mov w0, #1; ldp x29, x30, [sp], #16; ret */
        {"calls out of the image",
         {0xa9bf7bfd, 0x94002000, 0x52800020, 0xa8c17bfd, 0xd65f03c0}, 5},
        /* stp x29, x30, [sp, #-16]!; mov w0, #1; ret */
        {"leaves its frame behind", {0xa9bf7bfd, 0x52800020, 0xd65f03c0}, 3},
        /* mov w0, #1; svc #0; ret */
        {"asks the kernel", {0x52800020, 0xd4000001, 0xd65f03c0}, 3},
        /* mov w0, #1; adrp x1, 0x2000; str w0, [x1]; ret */
        {"writes data", {0x52800020, 0xd0000001, 0xb9000020, 0xd65f03c0}, 4},
        /* mov w0, #1 */
        {"has no end", {0x52800020}, 1},
        /* ret */
        {"returns nothing", {0xd65f03c0}, 1},
        {"is no code", {0x00000000}, 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(EM_AARCH64, rows[i].name, rows[i].code, 4 * rows[i].count);
}

/* ---- x86-64 ---------------------------------------------------------------------------------------- */

#define X86_64(...) EM_X86_64, (const uint8_t[]){__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

static void x86_64_numbers(void **state)
{
    (void)state;
    assert_int_equal(decoded(X86_64(0xf3, 0x0f, 0x1e, 0xfa,                   /* endbr64 */
                                    0xb8, 0x94, 0x5f, 1, 0,                   /* mov eax, 90004 */
                                    0xf3, 0xc3)).number, 90004);              /* repz ret */
    assert_int_equal(decoded(X86_64(0x31, 0xc0, 0xc3)).number, 0);            /* xor eax, eax; ret */
    assert_int_equal(decoded(X86_64(0x48, 0xc7, 0xc0, 0xfe, 0xff, 0xff, 0xff, /* mov rax, -2 */
                                    0xc3)).number, UINT64_MAX - 1);           /* ret */
    assert_int_equal(decoded(X86_64(0x83, 0xc8, 0xff,                         /* or eax, -1 */
                                    0x31, 0xc0,                               /* xor eax, eax */
                                    0x48, 0x83, 0xe8, 1,                      /* sub rax, 1 */
                                    0xc3)).number, UINT64_MAX);               /* ret */
    assert_int_equal(decoded(X86_64(0x6a, 0xf9, 0x58, 0xc3)).number,          /* push -7; pop rax; ret */
                     (uint64_t)-7);
}

/* What is a number may be an address where objects have a fixed place. */
static void x86_64_fixed_place(void **state)
{
    static const uint8_t code[] = {0xb8, 0x00, 0x11, 0, 0, 0xc3}; /* mov eax, 0x1100; ret */
    struct image image = image_of(EM_X86_64, code, sizeof code);
    struct getter_value value = decoded(EM_X86_64, code, sizeof code);

    (void)state;
    assert_int_equal(value.kind, GETTER_NUMBER);
    assert_int_equal(value.address, 0);
    image.type = ET_EXEC;
    assert_true(getter_decode(&image, CODE, &value));
    assert_int_equal(value.kind, GETTER_NUMBER);
    assert_int_equal(value.number, DATA_TEXT);
    assert_int_equal(value.address, DATA_TEXT);
}

static void x86_64_refusals(void **state)
{
    static const struct {
        const char *name;
        uint8_t code[16];
        unsigned count;
    } rows[] = {
        /* mov eax, 3; dec eax; jne -4; ret */
        {"loops", {0xb8, 3, 0, 0, 0, 0xff, 0xc8, 0x75, 0xfc, 0xc3}, 10},
        /* jmp . */
        {"jumps to itself", {0xeb, 0xfe}, 2},
        /* mov eax, [rip + 0x200a]; ret */
        {"reads writable data", {0x8b, 0x05, 0x0a, 0x20, 0, 0, 0xc3}, 7},
        /* mov eax, [rdi]; ret */
        {"reads through its argument", {0x8b, 0x07, 0xc3}, 3},
        /* mov eax, fs:[0]; ret */
        {"reads what belongs to the thread", {0x64, 0x8b, 0x04, 0x25, 0, 0, 0, 0, 0xc3}, 9},
        /* mov eax, 1; test edi, edi; je +1; ret; xor eax, eax; ret */
        {"tests a number",
         {0xb8, 1, 0, 0, 0, 0x85, 0xff, 0x74, 1, 0xc3, 0x31, 0xc0, 0xc3}, 13},
        /* push 1; mov eax, 1; ret */
        {"leaves its frame behind", {0x6a, 1, 0xb8, 1, 0, 0, 0, 0xc3}, 8},
        /* call +0x8000; mov eax, 1; ret */
        {"calls out of the image", {0xe8, 0, 0x80, 0, 0, 0xb8, 1, 0, 0, 0, 0xc3}, 11},
        /* mov eax, 1; syscall; ret */
        {"asks the kernel", {0xb8, 1, 0, 0, 0, 0x0f, 0x05, 0xc3}, 8},
        /* mov eax, 1; mov [rip + 0x1ffe], eax; ret */
        {"writes data", {0xb8, 1, 0, 0, 0, 0x89, 0x05, 0xfe, 0x1f, 0, 0, 0xc3}, 12},
        /* mov eax, 1; movsd (of strings); ret */
        {"copies", {0xb8, 1, 0, 0, 0, 0xa5, 0xc3}, 7},
        /* mov eax, 1; mov ah, 2; ret */
        {"writes a part of a register", {0xb8, 1, 0, 0, 0, 0xb4, 2, 0xc3}, 8},
        /* mov eax, ... */
        {"is cut off", {0xb8, 1, 0, 0}, 4},
        /* mov eax, 1 */
        {"has no end", {0xb8, 1, 0, 0, 0}, 5},
        /* ret */
        {"returns nothing", {0xc3}, 1},
        /* mov rax, rdi; ret */
        {"returns its argument", {0x48, 0x89, 0xf8, 0xc3}, 4},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_refused(EM_X86_64, rows[i].name, rows[i].code, rows[i].count);
}

/* ---- where there is no getter --------------------------------------------------------------- */

static void other_places(void **state)
{
    static const uint8_t code[] = {0xb8, 1, 0, 0, 0, 0xc3}; /* mov eax, 1; ret */
    static const uint64_t places[] = {sizeof code, 0x1100, WRITABLE, SPAN, UINT64_MAX};
    struct image image = image_of(EM_X86_64, code, sizeof code);
    struct getter_value value;

    (void)state;
    need_capstone();
    assert_true(getter_decode(&image, CODE, &value));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        assert_false(getter_decode(&image, places[i], &value));
    image.machine = EM_S390;
    assert_false(getter_decode(&image, CODE, &value));
    image.machine = EM_X86_64;
    image.flags = DF_TEXTREL; /* its instructions are still to be changed */
    assert_false(getter_decode(&image, CODE, &value));
}

/* In this build or in the other one. */
static void without_capstone(void **state)
{
    static const uint8_t code[] = {0xb8, 1, 0, 0, 0, 0xc3}; /* mov eax, 1; ret */
    struct image image = image_of(EM_X86_64, code, sizeof code);
    struct getter_value value;
    bool expected = false;

    (void)state;
#ifdef HAVE_CAPSTONE
    expected = true;
#endif
    assert_int_equal(getter_decode(&image, CODE, &value), expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aarch64_number),        cmocka_unit_test(aarch64_text),
        cmocka_unit_test(aarch64_real),          cmocka_unit_test(aarch64_stores),
        cmocka_unit_test(aarch64_null_argument), cmocka_unit_test(aarch64_frames),
        cmocka_unit_test(aarch64_refusals),      cmocka_unit_test(x86_64_numbers),
        cmocka_unit_test(x86_64_fixed_place),    cmocka_unit_test(x86_64_refusals),
        cmocka_unit_test(other_places),          cmocka_unit_test(without_capstone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
