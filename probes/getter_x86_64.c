/* SPDX-License-Identifier: MIT */
/* The instructions of x86-64 that getters consist of: see getter_x86_64.h. */
#include <config.h>

#ifdef HAVE_CAPSTONE

#include "getter_x86_64.h"

#include <string.h>

/* ---- arithmetic ----------------------------------------------------------------------------- */

static bool same_register(const struct x86_64_instruction *instruction)
{
    return instruction->count == 2 && instruction->operands[0].type == X86_OP_REG &&
           instruction->operands[1].type == X86_OP_REG &&
           instruction->operands[0].reg == instruction->operands[1].reg;
}

static struct getter_word logical(unsigned id, struct getter_word left, struct getter_word right)
{
    /* A mask of nothing or everything needs no other side: or eax, -1. */
    if (word_is_number(right) && right.n == 0)
        return id == X86_INS_AND ? right : left;
    if (!word_is_number(left) || !word_is_number(right))
        return (struct getter_word){0};
    switch (id) {
    case X86_INS_AND:
        return word_number(left.n & right.n);
    case X86_INS_OR:
        return word_number(left.n | right.n);
    default:
        return word_number(left.n ^ right.n);
    }
}

/* and, or, xor, test: also of one register with itself. */
static bool step_logical(const struct x86_64_instruction *instruction)
{
    unsigned id = instruction->capstone->id, size = instruction->operands[0].size;
    struct getter_word left = x86_64_read(instruction, 0), right = x86_64_read(instruction, 1);
    struct getter_word result;

    if (id == X86_INS_TEST)
        id = X86_INS_AND;
    if (same_register(instruction))
        result = id == X86_INS_XOR ? word_number(0) : left;
    else
        result = logical(id, left, right);
    instruction->state->flags = flags_of_result(result, size);
    return instruction->capstone->id == X86_INS_TEST || x86_64_write(instruction, result);
}

static bool step_sum(const struct x86_64_instruction *instruction)
{
    unsigned id = instruction->capstone->id, size = instruction->operands[0].size;
    bool adds = id == X86_INS_ADD || id == X86_INS_INC;
    bool by_one = id == X86_INS_INC || id == X86_INS_DEC;
    struct getter_word left = x86_64_read(instruction, 0);
    struct getter_word right = by_one ? word_number(1) : x86_64_read(instruction, 1);
    signed char carry = instruction->state->flags.carry;

    if (same_register(instruction) && !adds)
        left = right = word_number(0);
    instruction->state->flags =
        adds ? flags_of_addition(left, right, size) : flags_of_subtraction(left, right, size);
    if (by_one)
        instruction->state->flags.carry = carry;
    return id == X86_INS_CMP ||
           x86_64_write(instruction, adds ? word_add(left, right) : word_subtract(left, right));
}

static bool step_shift(const struct x86_64_instruction *instruction)
{
    unsigned size = instruction->operands[0].size;
    struct getter_word word = x86_64_read(instruction, 0);
    struct getter_word amount =
        instruction->count == 2 ? x86_64_read(instruction, 1) : word_number(1);

    instruction->state->flags = GETTER_FLAGS_UNKNOWN;
    if (!word_is_number(word) || !word_is_number(amount))
        return x86_64_write(instruction, (struct getter_word){0});
    amount.n &= size == 8 ? 63 : 31;
    switch (instruction->capstone->id) {
    case X86_INS_SHL:
        return x86_64_write(instruction, word_number(word.n << amount.n));
    case X86_INS_SHR:
        return x86_64_write(instruction, word_number(word.n >> amount.n));
    default:
        word = word_sign_extended(word, size);
        return x86_64_write(instruction, word_number((uint64_t)((int64_t)word.n >> amount.n)));
    }
}

static bool step_unary(const struct x86_64_instruction *instruction)
{
    struct getter_word word = x86_64_read(instruction, 0);

    if (instruction->capstone->id == X86_INS_NEG)
        instruction->state->flags = GETTER_FLAGS_UNKNOWN;
    if (word_is_number(word))
        word.n = instruction->capstone->id == X86_INS_NEG ? -word.n : ~word.n;
    else
        word = (struct getter_word){0};
    return x86_64_write(instruction, word);
}

/* imul r, r/m, imm and imul r, r/m */
static bool step_multiply(const struct x86_64_instruction *instruction)
{
    struct getter_word left, right;

    if (instruction->count < 2)
        return false;
    left = x86_64_read(instruction, instruction->count - 2);
    right = x86_64_read(instruction, instruction->count - 1);
    instruction->state->flags = GETTER_FLAGS_UNKNOWN;
    if (!word_is_number(left) || !word_is_number(right))
        return x86_64_write(instruction, (struct getter_word){0});
    return x86_64_write(instruction, word_number(left.n * right.n));
}

/* ---- moves ---------------------------------------------------------------------------------- */

static bool step_push(const struct x86_64_instruction *instruction, struct getter_word word)
{
    struct getter_state *state = instruction->state;

    state->registers[RSP] = word_add(state->registers[RSP], word_number(-8ull));
    return state_store(state, state->registers[RSP], 8, word);
}

static struct getter_word pop(struct getter_state *state)
{
    struct getter_word word = state_load(state, state->registers[RSP], 8);

    state->registers[RSP] = word_add(state->registers[RSP], word_number(8));
    return word;
}

/* cdqe, cwde */
static bool step_extend(struct getter_state *state, unsigned from, unsigned to)
{
    struct getter_word word = word_sign_extended(state->registers[RAX], from);

    state_register_set(state, RAX, word_cut(word, to));
    return true;
}

static bool step_move(const struct x86_64_instruction *instruction)
{
    unsigned id = instruction->capstone->id;
    struct getter_word word;

    if (instruction->count != 2 || x86_64_is_vector(&instruction->operands[0]) ||
        x86_64_is_vector(&instruction->operands[1]))
        return false;
    if (id == X86_INS_LEA)
        return x86_64_write(instruction, x86_64_address(instruction, &instruction->operands[1]));
    word = x86_64_read(instruction, 1);
    if (id == X86_INS_MOVSX || id == X86_INS_MOVSXD)
        word = word_sign_extended(word, instruction->operands[1].size);
    return x86_64_write(instruction, word);
}

/* ---- control flow --------------------------------------------------------------------------- */

/* Condition number `code`, as in the lowest four bits of the opcode: 1, 0, or -1. */
static int condition(const struct getter_flags *flags, unsigned code)
{
    int result, less = flags->sign < 0 || flags->overflow < 0 ? -1 : flags->sign != flags->overflow;

    switch (code >> 1) {
    case 0:
        result = flags->overflow;
        break;
    case 1:
        result = flags->carry;
        break;
    case 2:
        result = flags->zero;
        break;
    case 3:
        result = flags->carry == 1 || flags->zero == 1
                     ? 1
                     : (flags->carry < 0 || flags->zero < 0 ? -1 : 0);
        break;
    case 4:
        result = flags->sign;
        break;
    case 6:
        result = less;
        break;
    case 7:
        result = less == 1 || flags->zero == 1 ? 1 : (less < 0 || flags->zero < 0 ? -1 : 0);
        break;
    default: /* parity */
        result = -1;
    }
    return result < 0 ? -1 : result ^ (int)(code & 1);
}

static enum getter_step done(bool understood)
{
    return understood ? STEP_NEXT : STEP_STOP;
}

static enum getter_step step_jump_if(const struct x86_64_instruction *instruction, unsigned code)
{
    switch (condition(&instruction->state->flags, code)) {
    case 0:
        return STEP_NEXT;
    case 1:
        instruction->state->target = word_address((uint64_t)instruction->operands[0].imm);
        return STEP_JUMP;
    default:
        return STEP_STOP;
    }
}

/* cmov and set, where an unknown condition makes the result unknown and nothing else. */
static enum getter_step step_choose(const struct x86_64_instruction *instruction, unsigned code)
{
    int choice = condition(&instruction->state->flags, code);
    struct getter_word first = x86_64_read(instruction, 0), second;

    if (instruction->count == 1)
        return done(x86_64_write(instruction, choice < 0 ? (struct getter_word){0}
                                                         : word_number((uint64_t)choice)));
    second = x86_64_read(instruction, 1);
    if (choice < 0)
        return done(x86_64_write(instruction,
                                 word_equals(first, second) ? first : (struct getter_word){0}));
    return done(x86_64_write(instruction, choice ? second : first));
}

static enum getter_step step_jump(const struct x86_64_instruction *instruction)
{
    const cs_x86_op *operand = &instruction->operands[0];

    instruction->state->target = operand->type == X86_OP_IMM ? word_address((uint64_t)operand->imm)
                                                             : x86_64_read(instruction, 0);
    return STEP_JUMP;
}

static enum getter_step step_call(const struct x86_64_instruction *instruction)
{
    enum getter_step step = step_jump(instruction);
    uint64_t next = instruction->capstone->address + instruction->capstone->size;

    return step_push(instruction, word_address(next)) ? step : STEP_STOP;
}

static enum getter_step step_conditional(const struct x86_64_instruction *instruction)
{
    const uint8_t *opcode = instruction->capstone->detail->x86.opcode;
    const char *name = instruction->capstone->mnemonic;
    unsigned code = opcode[0] == 0x0f ? opcode[1] : opcode[0];

    switch (code & 0xf0) {
    case 0x70: /* with one byte of offset */
    case 0x80: /* with four */
        return name[0] == 'j' ? step_jump_if(instruction, code & 15) : STEP_STOP;
    case 0x40:
        return strncmp(name, "cmov", 4) == 0 ? step_choose(instruction, code & 15) : STEP_STOP;
    case 0x90:
        return strncmp(name, "set", 3) == 0 ? step_choose(instruction, code & 15) : STEP_STOP;
    default:
        return STEP_STOP;
    }
}

/* ---- all of them ---------------------------------------------------------------------------- */

static enum getter_step step_vector(const struct x86_64_instruction *instruction)
{
    switch (instruction->capstone->id) {
    case X86_INS_MOVD:
    case X86_INS_VMOVD:
    case X86_INS_MOVSS:
    case X86_INS_VMOVSS:
        return done(x86_64_vector_move(instruction, 4));
    case X86_INS_MOVQ:
    case X86_INS_VMOVQ:
    case X86_INS_MOVSD:
    case X86_INS_VMOVSD:
        return done(x86_64_vector_move(instruction, 8));
    case X86_INS_MOVAPS:
    case X86_INS_MOVAPD:
    case X86_INS_MOVUPS:
    case X86_INS_MOVUPD:
    case X86_INS_MOVDQA:
    case X86_INS_MOVDQU:
    case X86_INS_VMOVAPS:
    case X86_INS_VMOVAPD:
    case X86_INS_VMOVUPS:
    case X86_INS_VMOVUPD:
    case X86_INS_VMOVDQA:
    case X86_INS_VMOVDQU:
        return done(x86_64_vector_move(instruction, 16));
    case X86_INS_PXOR:
    case X86_INS_XORPS:
    case X86_INS_XORPD:
    case X86_INS_VPXOR:
    case X86_INS_VXORPS:
    case X86_INS_VXORPD:
        return done(x86_64_vector_clear(instruction));
    default:
        return step_conditional(instruction);
    }
}

static enum getter_step step_frame(const struct x86_64_instruction *instruction)
{
    struct getter_state *state = instruction->state;

    switch (instruction->capstone->id) {
    case X86_INS_PUSH:
        return done(instruction->operands[0].size == 8 &&
                    step_push(instruction, x86_64_read(instruction, 0)));
    case X86_INS_POP:
        return done(instruction->operands[0].size == 8 && x86_64_write(instruction, pop(state)));
    case X86_INS_LEAVE:
        state->registers[RSP] = state->registers[RBP];
        state_register_set(state, RBP, pop(state));
        return STEP_NEXT;
    case X86_INS_CALL:
        return step_call(instruction);
    case X86_INS_JMP:
        return step_jump(instruction);
    case X86_INS_RET:
        if (instruction->count)
            return STEP_STOP;
        state->target = pop(state);
        return STEP_JUMP;
    default:
        return step_vector(instruction);
    }
}

static enum getter_step step(struct getter_state *state, const struct cs_insn *capstone)
{
    struct x86_64_instruction instruction = {state, capstone, capstone->detail->x86.operands,
                                             capstone->detail->x86.op_count};

    switch (capstone->id) {
    case X86_INS_NOP:
    case X86_INS_ENDBR64:
        return STEP_NEXT;
    case X86_INS_MOV:
    case X86_INS_MOVABS:
    case X86_INS_MOVZX:
    case X86_INS_MOVSX:
    case X86_INS_MOVSXD:
    case X86_INS_LEA:
        return done(step_move(&instruction));
    case X86_INS_AND:
    case X86_INS_OR:
    case X86_INS_XOR:
    case X86_INS_TEST:
        return done(step_logical(&instruction));
    case X86_INS_ADD:
    case X86_INS_SUB:
    case X86_INS_CMP:
    case X86_INS_INC:
    case X86_INS_DEC:
        return done(step_sum(&instruction));
    case X86_INS_SHL:
    case X86_INS_SHR:
    case X86_INS_SAR:
        return done(step_shift(&instruction));
    case X86_INS_NEG:
    case X86_INS_NOT:
        return done(step_unary(&instruction));
    case X86_INS_IMUL:
        return done(step_multiply(&instruction));
    case X86_INS_CDQE:
        return done(step_extend(state, 4, 8));
    case X86_INS_CWDE:
        return done(step_extend(state, 2, 4));
    default:
        return step_frame(&instruction);
    }
}

static void leave(struct getter_state *state)
{
    state->target = pop(state);
}

static void enter(struct getter_state *state)
{
    struct getter_word address = {.kind = WORD_RETURN};

    state_store(state, state->registers[RSP], 8, address);
}

const struct getter_architecture getter_x86_64 = {
    .machine = EM_X86_64,
    .capstone_architecture = CS_ARCH_X86,
    .capstone_mode = CS_MODE_64,
    .instruction_max = 15,
    .stack = RSP,
    .result = RAX,
    .return_size = 8,
    .argument_count = 6,
    .arguments = {RDI, RSI, RDX, RCX, R8, R9},
    .clobbered = 1u << RAX | 1u << RCX | 1u << RDX | 1u << RSI | 1u << RDI | 1u << R8 | 1u << R9 |
                 1u << R10 | 1u << R11,
    .enter = enter,
    .step = step,
    .leave = leave,
};

#endif
