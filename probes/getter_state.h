/* SPDX-License-Identifier: MIT */
/*
 * What getter.c knows while it follows a function: the registers, the frame, what was stored. The
 * instructions themselves are in getter_<architecture>.c.
 */
#ifndef ENGRAFT_GETTER_STATE_H
#define ENGRAFT_GETTER_STATE_H

#include "getter.h"

enum {
    GETTER_REGISTER_MAX = 32,
    GETTER_STEP_MAX = 96, /* instructions; each at most once, so that a loop ends it */
    GETTER_SLOT_MAX = 24,
};

/* What is known of a value of 64 bits. */
struct getter_word {
    enum getter_word_kind {
        WORD_UNKNOWN = 0,
        WORD_NUMBER,   /* n */
        WORD_ADDRESS,  /* the run-time address of vaddr n */
        WORD_ARGUMENT, /* argument number `argument`, a pointer that is not null, plus n */
        WORD_STACK,    /* the stack pointer at entry, plus n */
        WORD_RETURN,   /* where the function returns to */
        WORD_SYMBOL,   /* the address of dynamic symbol n, which another object defines */
        WORD_RESULT,   /* what the called function returned */
    } kind;
    unsigned argument;
    uint64_t n;
};

/* 1, 0, or -1: not known. `carry` is each architecture's own. */
struct getter_flags {
    signed char zero, sign, carry, overflow;
};

struct getter_slot {
    uint64_t offset; /* from the stack pointer at entry; downwards, so that it wraps */
    unsigned size;
    struct getter_word word;
};

struct cs_insn; /* <capstone/capstone.h>, for getter_*.c only */
struct getter_state;

enum getter_step {
    STEP_NEXT,
    STEP_JUMP, /* to state->target, also the end of the function */
    STEP_STOP, /* something that is not understood */
};

/* Facts of an architecture. */
struct getter_architecture {
    uint16_t machine; /* EM_* */
    int capstone_architecture, capstone_mode;
    unsigned char instruction_max;      /* bytes */
    unsigned char stack, result;        /* registers */
    unsigned char return_size;          /* what a return takes from the stack */
    unsigned char argument_count;
    unsigned char arguments[9];         /* registers; AArch64's x8, the place of a struct, is the ninth */
    uint32_t clobbered;                 /* registers that a call may change, as a mask */
    void (*enter)(struct getter_state *state);
    enum getter_step (*step)(struct getter_state *state, const struct cs_insn *instruction);
    /* Takes the return address to state->target. */
    void (*leave)(struct getter_state *state);
};

extern const struct getter_architecture getter_x86_64, getter_aarch64;

const struct getter_architecture *getter_architecture_of(uint16_t machine); /* NULL: unknown */
/* Relocations of code would change what the instructions say. */
bool getter_code_is_relocated(const struct image *image);
/* How many bytes of code there are at a vaddr, up to `max`. */
size_t getter_code_size(const struct image *image, uint64_t vaddr, size_t max);

struct getter_state {
    const struct image *image;
    const struct getter_architecture *architecture;
    struct getter_word registers[GETTER_REGISTER_MAX];
    struct getter_word vectors[GETTER_REGISTER_MAX][2]; /* low half first */
    struct getter_flags flags;
    struct getter_word target;
    bool by_name;      /* the image's own functions are not followed where a slot names them */
    bool met_function; /* there was such a slot */
    bool result_written;
    struct getter_slot slots[GETTER_SLOT_MAX];
    unsigned slot_count;
    struct getter_store stores[GETTER_STORE_MAX];
    unsigned store_count;
    uint64_t loaded_vaddr; /* the first variable that was looked at; loaded_size 0: none was */
    unsigned loaded_size;
    struct getter_word call_argument; /* of the last function that was called and not followed */
    uint64_t call_symbol;
    bool called;
};

#define GETTER_FLAGS_UNKNOWN ((struct getter_flags){-1, -1, -1, -1})

struct getter_word word_number(uint64_t number);
struct getter_word word_address(uint64_t vaddr);
/* The low `size` bytes, zero-extended; a narrower part of what is not a number is not known. */
struct getter_word word_cut(struct getter_word word, unsigned size);
struct getter_word word_sign_extended(struct getter_word word, unsigned size);
struct getter_word word_add(struct getter_word left, struct getter_word right);
struct getter_word word_subtract(struct getter_word left, struct getter_word right);
bool word_is_number(struct getter_word word);
bool word_equals(struct getter_word left, struct getter_word right);

/* ZF, SF and OF of left - right and of a result; the carry flag is that of x86, a borrow. */
struct getter_flags flags_of_subtraction(struct getter_word left, struct getter_word right,
                                         unsigned size);
struct getter_flags flags_of_addition(struct getter_word left, struct getter_word right,
                                      unsigned size);
/* of a logical operation: no carry, no overflow */
struct getter_flags flags_of_result(struct getter_word result, unsigned size);

void state_register_set(struct getter_state *state, unsigned number, struct getter_word word);
/* 1, 2, 4 or 8 bytes, zero-extended. What cannot be known is unknown, which is no failure. */
struct getter_word state_load(struct getter_state *state, struct getter_word address, unsigned size);
/* False for a store that may change what the decoder relies upon. */
bool state_store(struct getter_state *state, struct getter_word address, unsigned size,
                 struct getter_word word);
/* Calls what is not in the image. False: its arguments let it change the caller's frame. */
bool state_call(struct getter_state *state, struct getter_word symbol);

#endif
