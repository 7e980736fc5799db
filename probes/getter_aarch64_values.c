/* SPDX-License-Identifier: MIT */
/* Registers, operands and memory of AArch64: see getter_aarch64.h. */
#include <config.h>

#ifdef HAVE_CAPSTONE

#include "getter_aarch64.h"

#include <string.h>

/* ---- operands ------------------------------------------------------------------------------- */

/* The number of a general register and how many of its bytes are meant; NONE for others. */
static unsigned register_number(unsigned name, unsigned *ret_size)
{
    *ret_size = 8;
    if (name >= ARM64_REG_X0 && name <= ARM64_REG_X28)
        return name - ARM64_REG_X0;
    switch (name) {
    case ARM64_REG_X29:
        return 29;
    case ARM64_REG_X30:
        return X30;
    case ARM64_REG_SP:
        return SP;
    case ARM64_REG_XZR:
        return ZERO;
    }
    *ret_size = 4;
    if (name >= ARM64_REG_W0 && name <= ARM64_REG_W30)
        return name - ARM64_REG_W0;
    return name == ARM64_REG_WSP ? SP : name == ARM64_REG_WZR ? ZERO : NONE;
}

/* The same for a register of floating-point numbers and vectors. */
static unsigned vector_number(unsigned name, unsigned *ret_size)
{
    static const struct {
        unsigned first, size;
    } rows[] = {
        {ARM64_REG_S0, 4},
        {ARM64_REG_D0, 8},
        {ARM64_REG_Q0, 16},
    };

    for (unsigned i = 0; i < sizeof rows / sizeof *rows; i++)
        if (name >= rows[i].first && name - rows[i].first < 32) {
            *ret_size = rows[i].size;
            return name - rows[i].first;
        }
    return NONE;
}

unsigned aarch64_operand_size(const cs_arm64_op *operand)
{
    unsigned size = 0;

    if (operand->type != ARM64_OP_REG)
        return 0;
    if (register_number((unsigned)operand->reg, &size) != NONE)
        return size;
    return vector_number((unsigned)operand->reg, &size) != NONE ? size : 0;
}

static struct getter_word register_get(const struct getter_state *state, unsigned name)
{
    unsigned size, number = register_number(name, &size);

    if (number == NONE)
        return (struct getter_word){0};
    return number == ZERO ? word_number(0) : word_cut(state->registers[number], size);
}

/* A write of 4 bytes clears the upper half. */
static bool register_put(struct getter_state *state, unsigned name, struct getter_word word)
{
    unsigned size, number = register_number(name, &size);

    if (number == NONE)
        return false;
    if (number != ZERO)
        state_register_set(state, number, word_cut(word, size));
    return true;
}

static struct getter_word extended(struct getter_word word, unsigned extender)
{
    switch (extender) {
    case ARM64_EXT_INVALID:
    case ARM64_EXT_UXTX:
    case ARM64_EXT_SXTX:
        return word;
    case ARM64_EXT_UXTW:
        return word_cut(word, 4);
    case ARM64_EXT_SXTW:
        return word_sign_extended(word, 4);
    default:
        return (struct getter_word){0};
    }
}

/* With what an operand says of its extension and its shift. */
static struct getter_word adjusted(struct getter_word word, const cs_arm64_op *operand)
{
    word = extended(word, (unsigned)operand->ext);
    if (operand->shift.type == ARM64_SFT_INVALID || operand->shift.value == 0)
        return word;
    if (operand->shift.type != ARM64_SFT_LSL || operand->shift.value > 63 || !word_is_number(word))
        return (struct getter_word){0};
    return word_number(word.n << operand->shift.value);
}

struct getter_word aarch64_read(const struct aarch64_instruction *instruction, unsigned index)
{
    const cs_arm64_op *operand = &instruction->operands[index];

    if (index >= instruction->count)
        return (struct getter_word){0};
    switch (operand->type) {
    case ARM64_OP_IMM:
        return adjusted(word_number((uint64_t)operand->imm), operand);
    case ARM64_OP_REG:
        return adjusted(register_get(instruction->state, (unsigned)operand->reg), operand);
    default:
        return (struct getter_word){0};
    }
}

bool aarch64_write(const struct aarch64_instruction *instruction, struct getter_word word)
{
    const cs_arm64_op *operand = &instruction->operands[0];

    return instruction->count && operand->type == ARM64_OP_REG &&
           register_put(instruction->state, (unsigned)operand->reg, word);
}

/* ---- memory --------------------------------------------------------------------------------- */

/* The address of memory operand `index`. One that is written back comes from the instruction itself:
 * versions of capstone tell the difference between [x1, #8]! and [x1], #8 in different ways. */
static bool address_of(const struct aarch64_instruction *instruction, unsigned index, bool pair,
                       struct getter_word *ret_address)
{
    const cs_arm64_op *operand = &instruction->operands[index];
    uint32_t word = instruction->word;
    unsigned mode = pair ? word >> 23 & 3 : word >> 10 & 3; /* 1: after it, 3: before it */
    struct getter_word base, offset;

    if (operand->type != ARM64_OP_MEM)
        return false;
    base = register_get(instruction->state, (unsigned)operand->mem.base);
    if (!instruction->capstone->detail->arm64.writeback) {
        offset = word_number((uint64_t)(int64_t)operand->mem.disp);
        if (operand->mem.index != ARM64_REG_INVALID)
            offset =
                adjusted(register_get(instruction->state, (unsigned)operand->mem.index), operand);
        *ret_address = word_add(base, offset);
        return true;
    }
    if (mode != 1 && mode != 3)
        return false;
    offset = word_sign_extended(word_number(word >> 12 & 0x1ff), 8);
    if (pair) { /* seven bits, in units of the registers' size */
        offset = word_number(word >> 15 & 0x7f);
        offset.n = ((offset.n ^ 0x40) - 0x40) * aarch64_operand_size(&instruction->operands[0]);
    } else {
        offset.n = (offset.n ^ 0x100) - 0x100;
    }
    *ret_address = mode == 3 ? word_add(base, offset) : base;
    return register_put(instruction->state, (unsigned)operand->mem.base, word_add(base, offset));
}

static bool load(const struct aarch64_instruction *instruction, unsigned index,
                 struct getter_word address, unsigned size, bool is_signed)
{
    const cs_arm64_op *operand = &instruction->operands[index];
    unsigned width, number = vector_number((unsigned)operand->reg, &width);
    struct getter_word word = state_load(instruction->state, address, size < 8 ? size : 8);

    if (number == NONE)
        return register_put(instruction->state, (unsigned)operand->reg,
                            is_signed ? word_sign_extended(word, size) : word);
    instruction->state->vectors[number][0] = word;
    instruction->state->vectors[number][1] =
        size == 16 ? state_load(instruction->state, word_add(address, word_number(8)), 8)
                   : word_number(0);
    return true;
}

static bool store(const struct aarch64_instruction *instruction, unsigned index,
                  struct getter_word address, unsigned size)
{
    const cs_arm64_op *operand = &instruction->operands[index];
    unsigned width, number = vector_number((unsigned)operand->reg, &width);
    const struct getter_word *vector;

    if (number == NONE)
        return register_number((unsigned)operand->reg, &width) != NONE &&
               state_store(instruction->state, address, size,
                           register_get(instruction->state, (unsigned)operand->reg));
    vector = instruction->state->vectors[number];
    return state_store(instruction->state, address, size < 8 ? size : 8, vector[0]) &&
           (size < 16 ||
            state_store(instruction->state, word_add(address, word_number(8)), 8, vector[1]));
}

/* One register; size 0: that of the register. */
bool aarch64_memory(const struct aarch64_instruction *instruction, unsigned size, bool is_signed,
                    bool loads)
{
    struct getter_word address;

    if (instruction->count < 2 || instruction->operands[0].type != ARM64_OP_REG)
        return false;
    if (size == 0)
        size = aarch64_operand_size(&instruction->operands[0]);
    if (size == 0)
        return false;
    if (instruction->operands[1].type == ARM64_OP_IMM) /* ldr x0, label */
        address = word_address((uint64_t)instruction->operands[1].imm);
    else if (!address_of(instruction, 1, false, &address))
        return false;
    return loads ? load(instruction, 0, address, size, is_signed)
                 : store(instruction, 0, address, size);
}

bool aarch64_pair(const struct aarch64_instruction *instruction, bool loads)
{
    unsigned size = aarch64_operand_size(&instruction->operands[0]);
    struct getter_word first, second;

    if (instruction->count < 3 || instruction->operands[0].type != ARM64_OP_REG ||
        instruction->operands[1].type != ARM64_OP_REG || size == 0 ||
        !address_of(instruction, 2, true, &first))
        return false;
    second = word_add(first, word_number(size));
    return loads ? load(instruction, 0, first, size, false) &&
                       load(instruction, 1, second, size, false)
                 : store(instruction, 0, first, size) && store(instruction, 1, second, size);
}

/* ---- floating point ------------------------------------------------------------------------- */

static uint64_t bits_of(double number, unsigned size)
{
    float narrow = (float)number;
    uint32_t narrow_bits;
    uint64_t bits;

    memcpy(&bits, &number, sizeof bits);
    memcpy(&narrow_bits, &narrow, sizeof narrow_bits);
    return size == 4 ? narrow_bits : bits;
}

/* fmov between registers of both kinds and of a number */
bool aarch64_real_move(const struct aarch64_instruction *instruction)
{
    const cs_arm64_op *to = &instruction->operands[0], *from = &instruction->operands[1];
    unsigned to_size = 0, from_size = 0, number;
    struct getter_word word;

    if (instruction->count != 2 || to->type != ARM64_OP_REG)
        return false;
    number = vector_number((unsigned)to->reg, &to_size);
    if (from->type == ARM64_OP_FP) {
        word = word_number(bits_of(from->fp, to_size));
    } else if (from->type == ARM64_OP_REG) {
        unsigned other = vector_number((unsigned)from->reg, &from_size);

        word = other == NONE ? register_get(instruction->state, (unsigned)from->reg)
                             : word_cut(instruction->state->vectors[other][0], from_size);
    } else {
        return false;
    }
    if (number == NONE)
        return register_put(instruction->state, (unsigned)to->reg, word);
    instruction->state->vectors[number][0] = word;
    instruction->state->vectors[number][1] = word_number(0);
    return to_size <= 8;
}

/* movi of zero, which is how 0.0 is made */
bool aarch64_real_zero(const struct aarch64_instruction *instruction)
{
    const cs_arm64_op *operands = instruction->operands;
    unsigned number, size;

    if (instruction->count != 2 || operands[0].type != ARM64_OP_REG ||
        operands[1].type != ARM64_OP_IMM || operands[1].imm != 0)
        return false;
    number = vector_number((unsigned)operands[0].reg, &size);
    if (number == NONE && operands[0].reg >= ARM64_REG_V0 && operands[0].reg <= ARM64_REG_V31)
        number = (unsigned)operands[0].reg - ARM64_REG_V0;
    if (number == NONE)
        return false;
    instruction->state->vectors[number][0] = word_number(0);
    instruction->state->vectors[number][1] = word_number(0);
    return true;
}

#endif
