/* SPDX-License-Identifier: MIT */
/*
 * What a small function returns, read from its instructions: the target is never run.
 *
 * Engines tell their version through functions such as
 *
 *     int jsc_get_major_version(void)             mov eax, 2; ret
 *     const char *JS_GetImplementationVersion()   lea rax, [rip + text]; ret
 *     void Tcl_GetVersion(int *major, ...)        test rdi, rdi; je ...; mov [rdi], 8; ... ret
 *     double lua_version(lua_State *)             movsd xmm0, [rip + constant]; ret
 *
 * The decoder follows what is known of each register (a constant, an address in the image, an
 * argument) along the one path that the function takes, and gives up at the first thing that it does
 * not know for certain: a call, data that can change, a branch that depends on either, a loop. It
 * does not guess, so that a value which it returns is the one that the function returns.
 *
 * Without capstone (./configure --with-capstone=no) every function here returns false.
 */
#ifndef ENGRAFT_GETTER_H
#define ENGRAFT_GETTER_H

#include <stdbool.h>
#include <stdint.h>

#include "image.h"

enum {
    GETTER_STORE_MAX = 8,
    GETTER_NAME_MAX = 64,
};

/* A store through the pointer that is argument number `argument` (0: the first). */
struct getter_store {
    unsigned argument;
    int64_t offset;
    uint64_t value;
    unsigned size; /* in bytes: 1, 2, 4 or 8 */
};

struct getter_value {
    enum getter_kind {
        GETTER_NUMBER = 1, /* a constant in the register of integer results */
        GETTER_TEXT,       /* a pointer into the image, which the caller checks to be a text */
        GETTER_STORES,     /* what it stored through its arguments */
        GETTER_REAL,       /* a constant in the register of floating-point results */
        GETTER_CALL,       /* what `callee` makes of a text: Guile's scm_from_utf8_string("3.0.8") */
    } kind;
    /* NUMBER: all 64 bits, of which the caller takes as many as the function's type has.
     * REAL: the bits of the double. */
    uint64_t number;
    /* TEXT: the vaddr that the pointer points to. CALL: that of the first argument.
     * NUMBER: the same number where it may just as well be the address of something in an object
     * that is not position-independent (mov eax, offset text), else 0. */
    uint64_t address;
    struct getter_store stores[GETTER_STORE_MAX]; /* sorted by argument and offset */
    unsigned store_count;
    char callee[GETTER_NAME_MAX]; /* CALL: name of the dynamic symbol that is jumped to */
};

/*
 * getter_decode() - the value of the function at `vaddr`, when it is called with arguments that are
 *   pointers and not null (a test of one for null is decided so).
 * getter_decode_with() - the same with a first argument of that value: PL_version_info(1), or
 *   lua_version(NULL) of Lua 5.2 and 5.3, which then returns the address of its constant.
 * False when it cannot be told, and for images of other machines than x86-64 and AArch64.
 */
bool getter_decode(const struct image *image, uint64_t vaddr, struct getter_value *ret_value);
bool getter_decode_with(const struct image *image, uint64_t vaddr, uint64_t first_argument,
                        struct getter_value *ret_value);

/*
 * getter_load() - the variable that the function at `vaddr` looks at first: Py_IsInitialized() returns
 *   one, JNI_GetCreatedJavaVMs() compares one with a number.
 * False when there is none before something that is not understood.
 */
bool getter_load(const struct image *image, uint64_t vaddr, uint64_t *ret_vaddr,
                 unsigned *ret_size);

/*
 * getter_references() - the constants in the code of a function, whatever it makes of them: addresses
 *   in the image and numbers, in the order of the instructions, each as often as it is there. In an
 *   object that is not position-independent, a number that may be an address is told as both.
 * @size: of the function, in bytes; 0: not known, it ends with the first return. At most
 *   GETTER_REFERENCE_INSTRUCTIONS are looked at.
 * hear() returns false to stop.
 */
#define GETTER_REFERENCE_INSTRUCTIONS 512u
void getter_references(const struct image *image, uint64_t vaddr, uint64_t size,
                       bool (*hear)(void *user, uint64_t value, bool is_address), void *user);

/* What is at `offset` of argument number `argument` after the STORES of a value: a compiler may have
 * joined two neighbours into one store. False when it was not stored. */
bool getter_stored(const struct getter_value *value, unsigned argument, int64_t offset,
                   unsigned size, uint64_t *ret_number);

#endif
