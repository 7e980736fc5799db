/* SPDX-License-Identifier: MIT */
/* One instruction of x86-64 and its operands, for the two files of that name. */
#ifndef ENGRAFT_GETTER_X86_64_H
#define ENGRAFT_GETTER_X86_64_H

#include <capstone/capstone.h>

#include "getter_state.h"

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, NONE = 0xff };

struct x86_64_instruction {
    struct getter_state *state;
    const cs_insn *capstone;
    const cs_x86_op *operands;
    unsigned count;
};

struct getter_word x86_64_address(const struct x86_64_instruction *instruction,
                                  const cs_x86_op *operand);
struct getter_word x86_64_read(const struct x86_64_instruction *instruction, unsigned index);
/* To the first operand. False for a place that is not followed: AH, data. */
bool x86_64_write(const struct x86_64_instruction *instruction, struct getter_word word);
bool x86_64_is_vector(const cs_x86_op *operand);
/* 4, 8 or 16 bytes, from or to a vector. */
bool x86_64_vector_move(const struct x86_64_instruction *instruction, unsigned size);
bool x86_64_vector_clear(const struct x86_64_instruction *instruction);

#endif
