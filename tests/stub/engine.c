/* SPDX-License-Identifier: MIT */
/*
 * An engine with one export of every kind that a stub has to deal with. It describes itself by the
 * note NT_ENGRAFT_ENGINE, as engines without a row in probes/engines.def do.
 */
#include "manifest.h"

struct note {
    uint32_t name_size, size, type;
    char name[8];
    struct engraft_manifest manifest;
    char engine[8], version[8], prefixes[12], ready[12];
};

#define OFFSET(field) \
    (uint32_t)(__builtin_offsetof(struct note, field) - __builtin_offsetof(struct note, manifest))

__attribute__((section(".note.engraft"), used, aligned(4))) static const struct note note = {
    .name_size = 8,
    .size = sizeof(struct note) - __builtin_offsetof(struct note, manifest),
    .type = NT_ENGRAFT_ENGINE,
    .name = ENGRAFT_NOTE_NAME,
    .manifest = {
        .format = ENGRAFT_MANIFEST_FORMAT,
        .size = sizeof(struct note) - __builtin_offsetof(struct note, manifest),
        .engine = OFFSET(engine),
        .version = OFFSET(version),
        .prefixes = OFFSET(prefixes),
        .ready = OFFSET(ready),
    },
    .engine = "fake",
    .version = "4.2",
    .prefixes = "fk_\0xk_",
    .ready = "fk_ready",
};

int fk_ready = 1;
int fk_old(void) { return 1; }
int fk_call(int a) { return a + 1; }
int xk_call(int a) { return a + 2; }
int other_call(int a) { return a + 3; } /* exported, but not by the engine's prefixes */
__attribute__((weak)) int fk_weak(void) { return 4; }
__attribute__((visibility("hidden"))) int fk_hidden(void) { return fk_call(5); }
__attribute__((visibility("protected"))) int fk_protected(void) { return fk_hidden(); }

__attribute__((aligned(32))) const long fk_table[20] = {1};
char fk_letter = 'x';
extern const long fk_table_alias[20] __attribute__((alias("fk_table")));
struct { char bytes[100]; } fk_zeros;
__thread int fk_thread_local = 1;

static int chosen(void) { return 6; }
static void *choose(void) { return (void *)chosen; }
int fk_ifunc(void) __attribute__((ifunc("choose")));

/* Without a type, as assembler files export; and a unique object, as C++ does. */
__asm__(".pushsection .text\n"
        ".globl fk_untyped_code\n"
        "fk_untyped_code: ret\n"
        ".popsection\n"
        ".pushsection .data\n"
        ".globl fk_untyped_data\n"
        "fk_untyped_data: .quad 0\n"
        ".globl fk_unique\n"
        ".type fk_unique, @gnu_unique_object\n"
        ".size fk_unique, 4\n"
        "fk_unique: .long 7\n"
        ".popsection\n");

int versioned_1(void) { return 1; }
int versioned_2(void) { return 2; }
__asm__(".symver versioned_1, fk_versioned@FK_1\n"
        ".symver versioned_2, fk_versioned@@FK_2\n");
