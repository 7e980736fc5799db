/* SPDX-License-Identifier: MIT */
/* The instructions of AArch64 that getters consist of: see getter_aarch64.h. */
#include <config.h>

#ifdef HAVE_CAPSTONE

#include "getter_aarch64.h"

#include <string.h>

/* ---- arithmetic ----------------------------------------------------------------------------- */

/* The carry flag is kept as a borrow, as on x86: here, it is its opposite. */
static void flags_set(const struct aarch64_instruction *instruction, struct getter_flags flags,
                      bool borrow)
{
    if (!borrow && flags.carry >= 0)
        flags.carry = !flags.carry;
    instruction->state->flags = flags;
}

static bool step_sum(const struct aarch64_instruction *instruction, bool adds, bool flags,
                     bool writes)
{
    unsigned first = writes ? 1 : 0, size = aarch64_operand_size(&instruction->operands[0]);
    struct getter_word left = aarch64_read(instruction, first);
    struct getter_word right = aarch64_read(instruction, first + 1);

    if (instruction->count != first + 2 || size == 0 || size > 8)
        return false;
    right = word_cut(right, size);
    if (flags)
        flags_set(instruction,
                  adds ? flags_of_addition(left, right, size)
                       : flags_of_subtraction(left, right, size),
                  !adds);
    return !writes ||
           aarch64_write(instruction, adds ? word_add(left, right) : word_subtract(left, right));
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

static bool step_logical(const struct aarch64_instruction *instruction, char operation, bool flags,
                         bool writes)
{
    unsigned first = writes ? 1 : 0, size = aarch64_operand_size(&instruction->operands[0]);
    struct getter_word result;

    if (instruction->count != first + 2 || size == 0 || size > 8)
        return false;
    result = word_cut(
        logical(operation, aarch64_read(instruction, first), aarch64_read(instruction, first + 1)),
        size);
    if (flags)
        flags_set(instruction, flags_of_result(result, size), false);
    return !writes || aarch64_write(instruction, result);
}

/* movz, movn, movk and mov of a number or of a register */
static bool step_move(const struct aarch64_instruction *instruction)
{
    struct getter_word word = aarch64_read(instruction, 1), old;
    const cs_arm64_op *operand = &instruction->operands[1];

    if (instruction->count != 2)
        return false;
    if (instruction->capstone->id == ARM64_INS_MOVN && word_is_number(word))
        word.n = ~word.n;
    if (instruction->capstone->id == ARM64_INS_MOVK) {
        unsigned shift = operand->shift.type == ARM64_SFT_LSL ? operand->shift.value : 0;

        old = aarch64_read(instruction, 0);
        if (!word_is_number(old) || !word_is_number(word) || shift > 48)
            word = (struct getter_word){0};
        else
            word.n |= old.n & ~(0xffffull << shift);
    }
    return aarch64_write(instruction, word);
}

static bool step_shift(const struct aarch64_instruction *instruction)
{
    unsigned size = aarch64_operand_size(&instruction->operands[0]);
    struct getter_word word = aarch64_read(instruction, 1), amount = aarch64_read(instruction, 2);

    if (instruction->count != 3 || size == 0 || size > 8)
        return false;
    if (!word_is_number(word) || !word_is_number(amount))
        return aarch64_write(instruction, (struct getter_word){0});
    amount.n &= 8 * size - 1;
    switch (instruction->capstone->id) {
    case ARM64_INS_LSL:
        return aarch64_write(instruction, word_number(word.n << amount.n));
    case ARM64_INS_LSR:
        return aarch64_write(instruction, word_number(word.n >> amount.n));
    default:
        word = word_sign_extended(word, size);
        return aarch64_write(instruction, word_number((uint64_t)((int64_t)word.n >> amount.n)));
    }
}

static bool step_extend(const struct aarch64_instruction *instruction)
{
    struct getter_word word = aarch64_read(instruction, 1);

    if (instruction->count != 2)
        return false;
    switch (instruction->capstone->id) {
    case ARM64_INS_SXTB:
        return aarch64_write(instruction, word_sign_extended(word, 1));
    case ARM64_INS_SXTH:
        return aarch64_write(instruction, word_sign_extended(word, 2));
    case ARM64_INS_SXTW:
        return aarch64_write(instruction, word_sign_extended(word, 4));
    case ARM64_INS_UXTB:
        return aarch64_write(instruction, word_cut(word, 1));
    case ARM64_INS_UXTH:
        return aarch64_write(instruction, word_cut(word, 2));
    case ARM64_INS_MVN:
    case ARM64_INS_NEG:
        if (!word_is_number(word))
            return aarch64_write(instruction, (struct getter_word){0});
        word.n = instruction->capstone->id == ARM64_INS_NEG ? -word.n : ~word.n;
        return aarch64_write(instruction, word);
    default:
        return false;
    }
}

static bool step_multiply(const struct aarch64_instruction *instruction)
{
    struct getter_word left = aarch64_read(instruction, 1), right = aarch64_read(instruction, 2);

    if (instruction->count != 3)
        return false;
    if (!word_is_number(left) || !word_is_number(right))
        return aarch64_write(instruction, (struct getter_word){0});
    return aarch64_write(instruction, word_number(left.n * right.n));
}

/* ---- control flow --------------------------------------------------------------------------- */

/* Condition number `code`, as in the instruction: 1, 0, or -1. */
static int condition(const struct getter_flags *flags, unsigned code)
{
    int below_or_same =
        flags->carry == 1 || flags->zero == 1 ? 1 : (flags->carry < 0 || flags->zero < 0 ? -1 : 0);
    int less = flags->sign < 0 || flags->overflow < 0 ? -1 : flags->sign != flags->overflow;
    int less_or_equal = less == 1 || flags->zero == 1 ? 1 : (less < 0 || flags->zero < 0 ? -1 : 0);
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

static enum getter_step jump_if(const struct aarch64_instruction *instruction, int choice)
{
    const cs_arm64_op *place = &instruction->operands[instruction->count - 1];

    if (choice <= 0)
        return choice == 0 ? STEP_NEXT : STEP_STOP;
    if (place->type != ARM64_OP_IMM)
        return STEP_STOP;
    instruction->state->target = word_address((uint64_t)place->imm);
    return STEP_JUMP;
}

static enum getter_step step_branch(const struct aarch64_instruction *instruction)
{
    if (!instruction->count)
        return STEP_STOP;
    if (instruction->word >> 24 == 0x54) /* b.cond */
        return jump_if(instruction, condition(&instruction->state->flags, instruction->word & 15));
    return jump_if(instruction, 1);
}

static enum getter_step step_branch_zero(const struct aarch64_instruction *instruction)
{
    unsigned size = instruction->count == 2 ? aarch64_operand_size(&instruction->operands[0]) : 0;
    int zero;

    if (size == 0 || size > 8)
        return STEP_STOP;
    zero = flags_of_result(aarch64_read(instruction, 0), size).zero;
    if (instruction->capstone->id == ARM64_INS_CBNZ && zero >= 0)
        zero = !zero;
    return jump_if(instruction, zero);
}

static enum getter_step step_branch_bit(const struct aarch64_instruction *instruction)
{
    struct getter_word word = aarch64_read(instruction, 0), bit = aarch64_read(instruction, 1);
    bool is_set;

    if (instruction->count != 3 || !word_is_number(word) || !word_is_number(bit) || bit.n > 63)
        return STEP_STOP;
    is_set = word.n >> bit.n & 1;
    return jump_if(instruction, is_set == (instruction->capstone->id == ARM64_INS_TBNZ));
}

static enum getter_step step_call(const struct aarch64_instruction *instruction)
{
    struct getter_state *state = instruction->state;

    if (instruction->count != 1)
        return STEP_STOP;
    state->target = instruction->operands[0].type == ARM64_OP_IMM
                        ? word_address((uint64_t)instruction->operands[0].imm)
                        : aarch64_read(instruction, 0);
    if (instruction->capstone->id != ARM64_INS_BR)
        state_register_set(state, X30, word_address(instruction->capstone->address + 4));
    return STEP_JUMP;
}

static enum getter_step step_return(const struct aarch64_instruction *instruction)
{
    instruction->state->target =
        instruction->count ? aarch64_read(instruction, 0) : instruction->state->registers[X30];
    return STEP_JUMP;
}

/* csel, csinc and cset */
static enum getter_step step_choose(const struct aarch64_instruction *instruction)
{
    unsigned id = instruction->capstone->id;
    unsigned code = instruction->word >> 12 & 15;
    int choice = condition(&instruction->state->flags, code);
    struct getter_word first, second;

    if (id == ARM64_INS_CSET) /* csinc of zero and zero, with the condition turned round */
        first = second = word_number(0);
    else if (instruction->count == 3)
        first = aarch64_read(instruction, 1), second = aarch64_read(instruction, 2);
    else
        return STEP_STOP;
    if (id != ARM64_INS_CSEL)
        second = word_add(second, word_number(1));
    if (choice < 0)
        first = word_equals(first, second) ? first : (struct getter_word){0};
    return done(aarch64_write(instruction, choice ? first : second));
}

/* ---- all of them ---------------------------------------------------------------------------- */

static enum getter_step step_flow(const struct aarch64_instruction *instruction)
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
        return done(aarch64_real_move(instruction));
    case ARM64_INS_MOVI:
        return done(aarch64_real_zero(instruction));
    default:
        return STEP_STOP;
    }
}

static enum getter_step step_data(const struct aarch64_instruction *instruction)
{
    switch (instruction->capstone->id) {
    case ARM64_INS_LDR:
    case ARM64_INS_LDUR:
        return done(aarch64_memory(instruction, 0, false, true));
    case ARM64_INS_LDRB:
    case ARM64_INS_LDURB:
        return done(aarch64_memory(instruction, 1, false, true));
    case ARM64_INS_LDRH:
    case ARM64_INS_LDURH:
        return done(aarch64_memory(instruction, 2, false, true));
    case ARM64_INS_LDRSW:
    case ARM64_INS_LDURSW:
        return done(aarch64_memory(instruction, 4, true, true));
    case ARM64_INS_STR:
    case ARM64_INS_STUR:
        return done(aarch64_memory(instruction, 0, false, false));
    case ARM64_INS_STRB:
    case ARM64_INS_STURB:
        return done(aarch64_memory(instruction, 1, false, false));
    case ARM64_INS_STRH:
    case ARM64_INS_STURH:
        return done(aarch64_memory(instruction, 2, false, false));
    case ARM64_INS_LDP:
        return done(aarch64_pair(instruction, true));
    case ARM64_INS_STP:
        return done(aarch64_pair(instruction, false));
    default:
        return step_flow(instruction);
    }
}

static enum getter_step step_arithmetic(const struct aarch64_instruction *instruction)
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
    struct aarch64_instruction instruction = {state, capstone, capstone->detail->arm64.operands,
                                              capstone->detail->arm64.op_count, 0};

    memcpy(&instruction.word, capstone->bytes, sizeof instruction.word);
    switch (capstone->id) {
    case ARM64_INS_NOP:
    case ARM64_INS_HINT: /* paciasp, autiasp, bti */
        return STEP_NEXT;
    case ARM64_INS_ADR:
    case ARM64_INS_ADRP:
        return done(
            aarch64_write(&instruction, word_address((uint64_t)instruction.operands[1].imm)));
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
