/* SPDX-License-Identifier: MIT */
/* The instructions of AArch64 that getters consist of: see getter_state.h. */
#include <config.h>

#include "getter_state.h"

#include <string.h>

#ifdef HAVE_CAPSTONE

#include <capstone/capstone.h>

/* 31 is the stack pointer; where an operand is the register that is always zero, it has no number. */
enum { X0, X8 = 8, X30 = 30, SP = 31, ZERO = 32, NONE = 0xff };

/* ---- operands ------------------------------------------------------------------------------------- */

struct instruction {
    struct getter_state *state;
    const cs_insn *capstone;
    const cs_arm64_op *operands;
    unsigned count;
    uint32_t word; /* for what versions of capstone tell in different ways */
};

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

static unsigned operand_size(const cs_arm64_op *operand)
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
    if (operand->shift.type != ARM64_SFT_LSL || operand->shift.value > 63 ||
        !word_is_number(word))
        return (struct getter_word){0};
    return word_number(word.n << operand->shift.value);
}

static struct getter_word read_operand(const struct instruction *instruction, unsigned index)
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

static bool write_register(const struct instruction *instruction, struct getter_word word)
{
    const cs_arm64_op *operand = &instruction->operands[0];

    return instruction->count && operand->type == ARM64_OP_REG &&
           register_put(instruction->state, (unsigned)operand->reg, word);
}

/* ---- arithmetic ------------------------------------------------------------------------------------ */

/* The carry flag is kept as a borrow, as on x86: here, it is its opposite. */
static void flags_set(const struct instruction *instruction, struct getter_flags flags, bool borrow)
{
    if (!borrow && flags.carry >= 0)
        flags.carry = !flags.carry;
    instruction->state->flags = flags;
}

static bool step_sum(const struct instruction *instruction, bool adds, bool flags, bool writes)
{
    unsigned first = writes ? 1 : 0, size = operand_size(&instruction->operands[0]);
    struct getter_word left = read_operand(instruction, first);
    struct getter_word right = read_operand(instruction, first + 1);

    if (instruction->count != first + 2 || size == 0 || size > 8)
        return false;
    right = word_cut(right, size);
    if (flags)
        flags_set(instruction, adds ? flags_of_addition(left, right, size)
                                    : flags_of_subtraction(left, right, size), !adds);
    return !writes ||
           write_register(instruction, adds ? word_add(left, right) : word_subtract(left, right));
}

static struct getter_word logical(char operation, struct getter_word left, struct getter_word right)
{
    if (word_is_number(left) && left.n == 0 && operation != '&')
        return right; /* orr x0, xzr, x1: a move */
    if (word_is_number(right) && right.n == 0 && operation != '&')
        return left;
    if (operation != '^' && word_equals(left, right) && left.kind != WORD_UNKNOWN)
        return left;
    if (!word_is_number(left) || !word_is_number(right))
        return (struct getter_word){0};
    switch (operation) {
    case '&':
        return word_number(left.n & right.n);
    case '|':
        return word_number(left.n | right.n);
    default:
        return word_number(left.n ^ right.n);
    }
}

static bool step_logical(const struct instruction *instruction, char operation, bool flags,
                         bool writes)
{
    unsigned first = writes ? 1 : 0, size = operand_size(&instruction->operands[0]);
    struct getter_word result;

    if (instruction->count != first + 2 || size == 0 || size > 8)
        return false;
    result = word_cut(logical(operation, read_operand(instruction, first),
                              read_operand(instruction, first + 1)), size);
    if (flags)
        flags_set(instruction, flags_of_result(result, size), false);
    return !writes || write_register(instruction, result);
}

/* movz, movn, movk and mov of a number or of a register */
static bool step_move(const struct instruction *instruction)
{
    struct getter_word word = read_operand(instruction, 1), old;
    const cs_arm64_op *operand = &instruction->operands[1];

    if (instruction->count != 2)
        return false;
    if (instruction->capstone->id == ARM64_INS_MOVN && word_is_number(word))
        word.n = ~word.n;
    if (instruction->capstone->id == ARM64_INS_MOVK) {
        unsigned shift = operand->shift.type == ARM64_SFT_LSL ? operand->shift.value : 0;

        old = read_operand(instruction, 0);
        if (!word_is_number(old) || !word_is_number(word) || shift > 48)
            word = (struct getter_word){0};
        else
            word.n |= old.n & ~(0xffffull << shift);
    }
    return write_register(instruction, word);
}

static bool step_shift(const struct instruction *instruction)
{
    unsigned size = operand_size(&instruction->operands[0]);
    struct getter_word word = read_operand(instruction, 1), amount = read_operand(instruction, 2);

    if (instruction->count != 3 || size == 0 || size > 8)
        return false;
    if (!word_is_number(word) || !word_is_number(amount))
        return write_register(instruction, (struct getter_word){0});
    amount.n &= 8 * size - 1;
    switch (instruction->capstone->id) {
    case ARM64_INS_LSL:
        return write_register(instruction, word_number(word.n << amount.n));
    case ARM64_INS_LSR:
        return write_register(instruction, word_number(word.n >> amount.n));
    default:
        word = word_sign_extended(word, size);
        return write_register(instruction,
                              word_number((uint64_t)((int64_t)word.n >> amount.n)));
    }
}

static bool step_extend(const struct instruction *instruction)
{
    struct getter_word word = read_operand(instruction, 1);

    if (instruction->count != 2)
        return false;
    switch (instruction->capstone->id) {
    case ARM64_INS_SXTB:
        return write_register(instruction, word_sign_extended(word, 1));
    case ARM64_INS_SXTH:
        return write_register(instruction, word_sign_extended(word, 2));
    case ARM64_INS_SXTW:
        return write_register(instruction, word_sign_extended(word, 4));
    case ARM64_INS_UXTB:
        return write_register(instruction, word_cut(word, 1));
    case ARM64_INS_UXTH:
        return write_register(instruction, word_cut(word, 2));
    case ARM64_INS_MVN:
    case ARM64_INS_NEG:
        if (!word_is_number(word))
            return write_register(instruction, (struct getter_word){0});
        word.n = instruction->capstone->id == ARM64_INS_NEG ? -word.n : ~word.n;
        return write_register(instruction, word);
    default:
        return false;
    }
}

static bool step_multiply(const struct instruction *instruction)
{
    struct getter_word left = read_operand(instruction, 1), right = read_operand(instruction, 2);

    if (instruction->count != 3)
        return false;
    if (!word_is_number(left) || !word_is_number(right))
        return write_register(instruction, (struct getter_word){0});
    return write_register(instruction, word_number(left.n * right.n));
}

/* ---- memory ---------------------------------------------------------------------------------------- */

/* The address of memory operand `index`. One that is written back comes from the instruction itself:
 * versions of capstone tell the difference between [x1, #8]! and [x1], #8 in different ways. */
static bool address_of(const struct instruction *instruction, unsigned index, bool pair,
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
            offset = adjusted(register_get(instruction->state, (unsigned)operand->mem.index),
                              operand);
        *ret_address = word_add(base, offset);
        return true;
    }
    if (mode != 1 && mode != 3)
        return false;
    offset = word_sign_extended(word_number(word >> 12 & 0x1ff), 8);
    if (pair) { /* seven bits, in units of the registers' size */
        offset = word_number(word >> 15 & 0x7f);
        offset.n = ((offset.n ^ 0x40) - 0x40) * operand_size(&instruction->operands[0]);
    } else {
        offset.n = (offset.n ^ 0x100) - 0x100;
    }
    *ret_address = mode == 3 ? word_add(base, offset) : base;
    return register_put(instruction->state, (unsigned)operand->mem.base, word_add(base, offset));
}

static bool load(const struct instruction *instruction, unsigned index, struct getter_word address,
                 unsigned size, bool is_signed)
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

static bool store(const struct instruction *instruction, unsigned index, struct getter_word address,
                  unsigned size)
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
           (size < 16 || state_store(instruction->state, word_add(address, word_number(8)), 8,
                                     vector[1]));
}

/* One register; size 0: that of the register. */
static bool step_memory(const struct instruction *instruction, unsigned size, bool is_signed,
                        bool loads)
{
    struct getter_word address;

    if (instruction->count < 2 || instruction->operands[0].type != ARM64_OP_REG)
        return false;
    if (size == 0)
        size = operand_size(&instruction->operands[0]);
    if (size == 0)
        return false;
    if (instruction->operands[1].type == ARM64_OP_IMM) /* ldr x0, label */
        address = word_address((uint64_t)instruction->operands[1].imm);
    else if (!address_of(instruction, 1, false, &address))
        return false;
    return loads ? load(instruction, 0, address, size, is_signed)
                 : store(instruction, 0, address, size);
}

static bool step_pair(const struct instruction *instruction, bool loads)
{
    unsigned size = operand_size(&instruction->operands[0]);
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

/* ---- floating point --------------------------------------------------------------------------------- */

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
static bool step_real_move(const struct instruction *instruction)
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
static bool step_real_zero(const struct instruction *instruction)
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

/* ---- control flow ----------------------------------------------------------------------------------- */

/* Condition number `code`, as in the instruction: 1, 0, or -1. */
static int condition(const struct getter_flags *flags, unsigned code)
{
    int below_or_same = flags->carry == 1 || flags->zero == 1
                            ? 1
                            : (flags->carry < 0 || flags->zero < 0 ? -1 : 0);
    int less = flags->sign < 0 || flags->overflow < 0 ? -1 : flags->sign != flags->overflow;
    int less_or_equal = less == 1 || flags->zero == 1 ? 1
                                                      : (less < 0 || flags->zero < 0 ? -1 : 0);
    const int negated[] = {flags->zero, 0, flags->sign, flags->overflow, 0, 0, 0};
    int result;

    switch (code >> 1) {
    case 1: /* hs: no borrow */
        result = flags->carry < 0 ? -1 : !flags->carry;
        break;
    case 4:
        result = below_or_same < 0 ? -1 : !below_or_same;
        break;
    case 5:
        result = less < 0 ? -1 : !less;
        break;
    case 6:
        result = less_or_equal < 0 ? -1 : !less_or_equal;
        break;
    case 7:
        return 1;
    default:
        result = negated[code >> 1];
    }
    return result < 0 ? -1 : result ^ (int)(code & 1);
}

static enum getter_step done(bool understood)
{
    return understood ? STEP_NEXT : STEP_STOP;
}

static enum getter_step jump_if(const struct instruction *instruction, int choice)
{
    const cs_arm64_op *place = &instruction->operands[instruction->count - 1];

    if (choice <= 0)
        return choice == 0 ? STEP_NEXT : STEP_STOP;
    if (place->type != ARM64_OP_IMM)
        return STEP_STOP;
    instruction->state->target = word_address((uint64_t)place->imm);
    return STEP_JUMP;
}

static enum getter_step step_branch(const struct instruction *instruction)
{
    if (!instruction->count)
        return STEP_STOP;
    if (instruction->word >> 24 == 0x54) /* b.cond */
        return jump_if(instruction, condition(&instruction->state->flags, instruction->word & 15));
    return jump_if(instruction, 1);
}

static enum getter_step step_branch_zero(const struct instruction *instruction)
{
    unsigned size = instruction->count == 2 ? operand_size(&instruction->operands[0]) : 0;
    int zero;

    if (size == 0 || size > 8)
        return STEP_STOP;
    zero = flags_of_result(read_operand(instruction, 0), size).zero;
    if (instruction->capstone->id == ARM64_INS_CBNZ && zero >= 0)
        zero = !zero;
    return jump_if(instruction, zero);
}

static enum getter_step step_branch_bit(const struct instruction *instruction)
{
    struct getter_word word = read_operand(instruction, 0), bit = read_operand(instruction, 1);
    bool is_set;

    if (instruction->count != 3 || !word_is_number(word) || !word_is_number(bit) || bit.n > 63)
        return STEP_STOP;
    is_set = word.n >> bit.n & 1;
    return jump_if(instruction, is_set == (instruction->capstone->id == ARM64_INS_TBNZ));
}

static enum getter_step step_call(const struct instruction *instruction)
{
    struct getter_state *state = instruction->state;

    if (instruction->count != 1)
        return STEP_STOP;
    state->target = instruction->operands[0].type == ARM64_OP_IMM
                        ? word_address((uint64_t)instruction->operands[0].imm)
                        : read_operand(instruction, 0);
    if (instruction->capstone->id != ARM64_INS_BR)
        state_register_set(state, X30, word_address(instruction->capstone->address + 4));
    return STEP_JUMP;
}

static enum getter_step step_return(const struct instruction *instruction)
{
    instruction->state->target = instruction->count ? read_operand(instruction, 0)
                                                    : instruction->state->registers[X30];
    return STEP_JUMP;
}

/* csel, csinc and cset */
static enum getter_step step_choose(const struct instruction *instruction)
{
    unsigned id = instruction->capstone->id;
    unsigned code = instruction->word >> 12 & 15;
    int choice = condition(&instruction->state->flags, code);
    struct getter_word first, second;

    if (id == ARM64_INS_CSET) /* csinc of zero and zero, with the condition turned round */
        first = second = word_number(0);
    else if (instruction->count == 3)
        first = read_operand(instruction, 1), second = read_operand(instruction, 2);
    else
        return STEP_STOP;
    if (id != ARM64_INS_CSEL)
        second = word_add(second, word_number(1));
    if (choice < 0)
        first = word_equals(first, second) ? first : (struct getter_word){0};
    return done(write_register(instruction, choice ? first : second));
}

/* ---- all of them -------------------------------------------------------------------------------------- */

static enum getter_step step_flow(const struct instruction *instruction)
{
    switch (instruction->capstone->id) {
    case ARM64_INS_B:
        return step_branch(instruction);
    case ARM64_INS_CBZ:
    case ARM64_INS_CBNZ:
        return step_branch_zero(instruction);
    case ARM64_INS_TBZ:
    case ARM64_INS_TBNZ:
        return step_branch_bit(instruction);
    case ARM64_INS_BL:
    case ARM64_INS_BR:
    case ARM64_INS_BLR:
        return step_call(instruction);
    case ARM64_INS_RET:
        return step_return(instruction);
    case ARM64_INS_CSEL:
    case ARM64_INS_CSINC:
    case ARM64_INS_CSET:
        return step_choose(instruction);
    case ARM64_INS_FMOV:
        return done(step_real_move(instruction));
    case ARM64_INS_MOVI:
        return done(step_real_zero(instruction));
    default:
        return STEP_STOP;
    }
}

static enum getter_step step_data(const struct instruction *instruction)
{
    switch (instruction->capstone->id) {
    case ARM64_INS_LDR:
    case ARM64_INS_LDUR:
        return done(step_memory(instruction, 0, false, true));
    case ARM64_INS_LDRB:
    case ARM64_INS_LDURB:
        return done(step_memory(instruction, 1, false, true));
    case ARM64_INS_LDRH:
    case ARM64_INS_LDURH:
        return done(step_memory(instruction, 2, false, true));
    case ARM64_INS_LDRSW:
    case ARM64_INS_LDURSW:
        return done(step_memory(instruction, 4, true, true));
    case ARM64_INS_STR:
    case ARM64_INS_STUR:
        return done(step_memory(instruction, 0, false, false));
    case ARM64_INS_STRB:
    case ARM64_INS_STURB:
        return done(step_memory(instruction, 1, false, false));
    case ARM64_INS_STRH:
    case ARM64_INS_STURH:
        return done(step_memory(instruction, 2, false, false));
    case ARM64_INS_LDP:
        return done(step_pair(instruction, true));
    case ARM64_INS_STP:
        return done(step_pair(instruction, false));
    default:
        return step_flow(instruction);
    }
}

static enum getter_step step_arithmetic(const struct instruction *instruction)
{
    bool flags = instruction->word >> 29 & 1; /* adds, subs */
    /* ands is not told from and by its name in all versions of capstone. */
    bool tests = (instruction->word >> 29 & 3) == 3;

    switch (instruction->capstone->id) {
    case ARM64_INS_ADD:
        return done(step_sum(instruction, true, flags, true));
    case ARM64_INS_SUB:
        return done(step_sum(instruction, false, flags, true));
    case ARM64_INS_CMP:
        return done(step_sum(instruction, false, true, false));
    case ARM64_INS_CMN:
        return done(step_sum(instruction, true, true, false));
    case ARM64_INS_AND:
        return done(step_logical(instruction, '&', tests, true));
    case ARM64_INS_ORR:
        return done(step_logical(instruction, '|', false, true));
    case ARM64_INS_EOR:
        return done(step_logical(instruction, '^', false, true));
    case ARM64_INS_TST:
        return done(step_logical(instruction, '&', true, false));
    case ARM64_INS_LSL:
    case ARM64_INS_LSR:
    case ARM64_INS_ASR:
        return done(step_shift(instruction));
    case ARM64_INS_MUL:
        return done(step_multiply(instruction));
    default:
        return step_data(instruction);
    }
}

static enum getter_step step(struct getter_state *state, const struct cs_insn *capstone)
{
    struct instruction instruction = {state, capstone, capstone->detail->arm64.operands,
                                      capstone->detail->arm64.op_count, 0};

    memcpy(&instruction.word, capstone->bytes, sizeof instruction.word);
    switch (capstone->id) {
    case ARM64_INS_NOP:
    case ARM64_INS_HINT: /* paciasp, autiasp, bti */
        return STEP_NEXT;
    case ARM64_INS_ADR:
    case ARM64_INS_ADRP:
        return done(write_register(&instruction,
                                   word_address((uint64_t)instruction.operands[1].imm)));
    case ARM64_INS_MOV:
    case ARM64_INS_MOVZ:
    case ARM64_INS_MOVN:
    case ARM64_INS_MOVK:
        return done(step_move(&instruction));
    case ARM64_INS_SXTB:
    case ARM64_INS_SXTH:
    case ARM64_INS_SXTW:
    case ARM64_INS_UXTB:
    case ARM64_INS_UXTH:
    case ARM64_INS_MVN:
    case ARM64_INS_NEG:
        return done(step_extend(&instruction));
    default:
        return step_arithmetic(&instruction);
    }
}

static void leave(struct getter_state *state)
{
    state->target = state->registers[X30];
}

static void enter(struct getter_state *state)
{
    state->registers[X30] = (struct getter_word){.kind = WORD_RETURN};
}

const struct getter_architecture getter_aarch64 = {
    .machine = EM_AARCH64,
    .capstone_architecture = CS_ARCH_ARM64,
    .capstone_mode = CS_MODE_ARM,
    .instruction_max = 4,
    .stack = SP,
    .result = X0,
    .argument_count = 9,
    .arguments = {0, 1, 2, 3, 4, 5, 6, 7, X8},
    .clobbered = 0x4007ffff, /* x0 to x18, x30 */
    .enter = enter,
    .step = step,
    .leave = leave,
};

#endif
