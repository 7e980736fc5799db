/* SPDX-License-Identifier: MIT */
/* One instruction of AArch64 and its operands, for the two files of that name. */
#ifndef ENGRAFT_GETTER_AARCH64_H
#define ENGRAFT_GETTER_AARCH64_H

#include <capstone/capstone.h>

#include "getter_state.h"

/* 31 is the stack pointer; where an operand is the register that is always zero, it has no number. */
enum { X0, X8 = 8, X30 = 30, SP = 31, ZERO = 32, NONE = 0xff };

struct aarch64_instruction {
    struct getter_state *state;
    const cs_insn *capstone;
    const cs_arm64_op *operands;
    unsigned count;
    uint32_t word; /* for what versions of capstone tell in different ways */
};

/* Bytes of the register that an operand is; 0: it is none that is followed. */
unsigned aarch64_operand_size(const cs_arm64_op *operand);
struct getter_word aarch64_read(const struct aarch64_instruction *instruction, unsigned index);
/* To the first operand. */
bool aarch64_write(const struct aarch64_instruction *instruction, struct getter_word word);
/* Load or store of one register; size 0: that of the register. */
bool aarch64_memory(const struct aarch64_instruction *instruction, unsigned size, bool is_signed,
                    bool loads);
bool aarch64_pair(const struct aarch64_instruction *instruction, bool loads);
/* fmov between registers of both kinds and of a number; movi of zero, which is how 0.0 is made */
bool aarch64_real_move(const struct aarch64_instruction *instruction);
bool aarch64_real_zero(const struct aarch64_instruction *instruction);

#endif
