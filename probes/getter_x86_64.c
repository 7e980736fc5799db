/* SPDX-License-Identifier: MIT */
/* The instructions of x86-64 that getters consist of: see getter_state.h. */
#include <config.h>

#include "getter_state.h"

#include <string.h>

#ifdef HAVE_CAPSTONE

#include <capstone/capstone.h>

enum { RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, NONE = 0xff };

/* Rows: a register by its names of 8, 4, 2 and 1 bytes. */
static const unsigned short register_names[][4] = {
    {X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL},
    {X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL},
    {X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL},
    {X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL},
    {X86_REG_RSP, X86_REG_ESP, X86_REG_SP, X86_REG_SPL},
    {X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL},
    {X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL},
    {X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL},
    {X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B},
    {X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B},
    {X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B},
    {X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B},
    {X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B},
    {X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B},
    {X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B},
    {X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B},
};

/* ---- operands ------------------------------------------------------------------------------------- */

struct instruction {
    struct getter_state *state;
    const cs_insn *capstone;
    const cs_x86_op *operands;
    unsigned count;
};

/* The number of a general register; NONE for others (AH too). */
static unsigned register_number(unsigned name, unsigned *ret_size)
{
    for (unsigned i = 0; i < sizeof register_names / sizeof *register_names; i++)
        for (unsigned j = 0; j < 4; j++)
            if (register_names[i][j] == name) {
                *ret_size = 8u >> j;
                return i;
            }
    return NONE;
}

static unsigned vector_number(unsigned name)
{
    return name >= X86_REG_XMM0 && name <= X86_REG_XMM15 ? name - X86_REG_XMM0 : NONE;
}

static bool is_vector(const cs_x86_op *operand)
{
    return operand->type == X86_OP_REG && vector_number((unsigned)operand->reg) != NONE;
}

static struct getter_word register_get(const struct getter_state *state, unsigned name)
{
    unsigned size, number = register_number(name, &size);

    return number == NONE ? (struct getter_word){0} : word_cut(state->registers[number], size);
}

/* A write of 4 bytes clears the upper half, one of fewer leaves the rest as it was. */
static bool register_put(struct getter_state *state, unsigned name, struct getter_word word)
{
    unsigned size, number = register_number(name, &size);
    struct getter_word old;

    if (number == NONE)
        return false;
    word = word_cut(word, size);
    old = state->registers[number];
    if (size < 4) {
        if (word_is_number(old) && word_is_number(word))
            word = word_number((old.n >> (8 * size) << (8 * size)) | word.n);
        else
            word = (struct getter_word){0};
    }
    state_register_set(state, number, word);
    return true;
}

static struct getter_word address_of(const struct instruction *instruction,
                                     const cs_x86_op *operand)
{
    const x86_op_mem *memory = &operand->mem;
    struct getter_word address = word_number((uint64_t)memory->disp), index;

    if (memory->segment == X86_REG_FS || memory->segment == X86_REG_GS ||
        instruction->capstone->detail->x86.addr_size != 8)
        return (struct getter_word){0};
    if (memory->base == X86_REG_RIP)
        return word_address(instruction->capstone->address + instruction->capstone->size +
                            (uint64_t)memory->disp);
    if (memory->base != X86_REG_INVALID)
        address = word_add(address, register_get(instruction->state, (unsigned)memory->base));
    if (memory->index == X86_REG_INVALID || memory->index == X86_REG_RIZ)
        return address;
    index = register_get(instruction->state, (unsigned)memory->index);
    if (word_is_number(index))
        index.n *= (uint64_t)memory->scale;
    else if (memory->scale != 1)
        return (struct getter_word){0};
    return word_add(address, index);
}

/* One that is narrower than the operation is sign-extended, whatever size is given for it. */
static struct getter_word immediate(const struct instruction *instruction,
                                    const cs_x86_op *operand)
{
    unsigned size = instruction->capstone->detail->x86.encoding.imm_size;
    struct getter_word word = word_number((uint64_t)operand->imm);

    if (size == 1 || size == 2 || size == 4)
        word = word_sign_extended(word, size);
    return word_cut(word, instruction->operands[0].size);
}

static struct getter_word read_operand(const struct instruction *instruction, unsigned index)
{
    const cs_x86_op *operand = &instruction->operands[index];

    switch (operand->type) {
    case X86_OP_IMM:
        return immediate(instruction, operand);
    case X86_OP_REG:
        return register_get(instruction->state, (unsigned)operand->reg);
    case X86_OP_MEM:
        return operand->size > 8 ? (struct getter_word){0}
                                 : state_load(instruction->state, address_of(instruction, operand),
                                              operand->size);
    default:
        return (struct getter_word){0};
    }
}

static bool write_operand(const struct instruction *instruction, struct getter_word word)
{
    const cs_x86_op *operand = &instruction->operands[0];

    switch (operand->type) {
    case X86_OP_REG:
        return register_put(instruction->state, (unsigned)operand->reg, word);
    case X86_OP_MEM:
        return operand->size <= 8 && state_store(instruction->state,
                                                 address_of(instruction, operand), operand->size,
                                                 word);
    default:
        return false;
    }
}

/* ---- arithmetic ------------------------------------------------------------------------------------ */

static bool same_register(const struct instruction *instruction)
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
static bool step_logical(const struct instruction *instruction)
{
    unsigned id = instruction->capstone->id, size = instruction->operands[0].size;
    struct getter_word left = read_operand(instruction, 0), right = read_operand(instruction, 1);
    struct getter_word result;

    if (id == X86_INS_TEST)
        id = X86_INS_AND;
    if (same_register(instruction))
        result = id == X86_INS_XOR ? word_number(0) : left;
    else
        result = logical(id, left, right);
    instruction->state->flags = flags_of_result(result, size);
    return instruction->capstone->id == X86_INS_TEST || write_operand(instruction, result);
}

static bool step_sum(const struct instruction *instruction)
{
    unsigned id = instruction->capstone->id, size = instruction->operands[0].size;
    bool adds = id == X86_INS_ADD || id == X86_INS_INC;
    bool by_one = id == X86_INS_INC || id == X86_INS_DEC;
    struct getter_word left = read_operand(instruction, 0);
    struct getter_word right = by_one ? word_number(1) : read_operand(instruction, 1);
    signed char carry = instruction->state->flags.carry;

    if (same_register(instruction) && !adds)
        left = right = word_number(0);
    instruction->state->flags = adds ? flags_of_addition(left, right, size)
                                     : flags_of_subtraction(left, right, size);
    if (by_one)
        instruction->state->flags.carry = carry;
    return id == X86_INS_CMP ||
           write_operand(instruction, adds ? word_add(left, right) : word_subtract(left, right));
}

static bool step_shift(const struct instruction *instruction)
{
    unsigned size = instruction->operands[0].size;
    struct getter_word word = read_operand(instruction, 0);
    struct getter_word amount = instruction->count == 2 ? read_operand(instruction, 1)
                                                        : word_number(1);

    instruction->state->flags = GETTER_FLAGS_UNKNOWN;
    if (!word_is_number(word) || !word_is_number(amount))
        return write_operand(instruction, (struct getter_word){0});
    amount.n &= size == 8 ? 63 : 31;
    switch (instruction->capstone->id) {
    case X86_INS_SHL:
        return write_operand(instruction, word_number(word.n << amount.n));
    case X86_INS_SHR:
        return write_operand(instruction, word_number(word.n >> amount.n));
    default:
        word = word_sign_extended(word, size);
        return write_operand(instruction, word_number((uint64_t)((int64_t)word.n >> amount.n)));
    }
}

static bool step_unary(const struct instruction *instruction)
{
    struct getter_word word = read_operand(instruction, 0);

    if (instruction->capstone->id == X86_INS_NEG)
        instruction->state->flags = GETTER_FLAGS_UNKNOWN;
    if (word_is_number(word))
        word.n = instruction->capstone->id == X86_INS_NEG ? -word.n : ~word.n;
    else
        word = (struct getter_word){0};
    return write_operand(instruction, word);
}

/* imul r, r/m, imm and imul r, r/m */
static bool step_multiply(const struct instruction *instruction)
{
    struct getter_word left, right;

    if (instruction->count < 2)
        return false;
    left = read_operand(instruction, instruction->count - 2);
    right = read_operand(instruction, instruction->count - 1);
    instruction->state->flags = GETTER_FLAGS_UNKNOWN;
    if (!word_is_number(left) || !word_is_number(right))
        return write_operand(instruction, (struct getter_word){0});
    return write_operand(instruction, word_number(left.n * right.n));
}

/* ---- moves ----------------------------------------------------------------------------------------- */

static void vector_get(const struct instruction *instruction, unsigned index, unsigned size,
                       struct getter_word ret_halves[2])
{
    const cs_x86_op *operand = &instruction->operands[index];
    unsigned low = size < 8 ? size : 8;
    struct getter_word address;

    ret_halves[1] = word_number(0);
    if (is_vector(operand)) {
        const struct getter_word *halves =
            instruction->state->vectors[vector_number((unsigned)operand->reg)];

        ret_halves[0] = word_cut(halves[0], low);
        if (size == 16)
            ret_halves[1] = halves[1];
    } else if (operand->type == X86_OP_MEM) {
        address = address_of(instruction, operand);
        ret_halves[0] = state_load(instruction->state, address, low);
        if (size == 16)
            ret_halves[1] = state_load(instruction->state, word_add(address, word_number(8)), 8);
    } else {
        ret_halves[0] = word_cut(read_operand(instruction, index), low);
    }
}

/* Between vectors, memory and general registers. movss and movsd between two vectors keep the upper
 * part of the first, the others clear it. */
static bool step_vector_move(const struct instruction *instruction, unsigned size)
{
    const cs_x86_op *to = &instruction->operands[0];
    struct getter_word halves[2], *vector, address;

    if (instruction->count != 2 || !(is_vector(to) || is_vector(&instruction->operands[1])))
        return false; /* movsd of memory to memory too, which has the same name */
    vector_get(instruction, 1, size, halves);
    if (is_vector(to)) {
        vector = instruction->state->vectors[vector_number((unsigned)to->reg)];
        if (is_vector(&instruction->operands[1]) &&
            (instruction->capstone->id == X86_INS_MOVSS ||
             instruction->capstone->id == X86_INS_MOVSD)) {
            vector[0] = size == 8 ? halves[0] : (struct getter_word){0};
            return true;
        }
        vector[0] = halves[0];
        vector[1] = halves[1];
        return true;
    }
    if (to->type != X86_OP_MEM)
        return size <= 8 && write_operand(instruction, halves[0]);
    address = address_of(instruction, to);
    return state_store(instruction->state, address, size < 8 ? size : 8, halves[0]) &&
           (size < 16 || state_store(instruction->state, word_add(address, word_number(8)), 8,
                                     halves[1]));
}

/* pxor xmm0, xmm0 and the like, as zero. */
static bool step_vector_clear(const struct instruction *instruction)
{
    const cs_x86_op *operands = instruction->operands;
    struct getter_word *vector;

    for (unsigned i = 0; i < instruction->count; i++)
        if (!is_vector(&operands[i]) || (i && operands[i].reg != operands[1].reg))
            return false;
    if (instruction->count < 2 || (instruction->count == 2 && operands[0].reg != operands[1].reg))
        return false;
    vector = instruction->state->vectors[vector_number((unsigned)operands[0].reg)];
    vector[0] = vector[1] = word_number(0);
    return true;
}

static bool step_push(const struct instruction *instruction, struct getter_word word)
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

static bool step_move(const struct instruction *instruction)
{
    unsigned id = instruction->capstone->id;
    struct getter_word word;

    if (instruction->count != 2 || is_vector(&instruction->operands[0]) ||
        is_vector(&instruction->operands[1]))
        return false;
    if (id == X86_INS_LEA)
        return write_operand(instruction, address_of(instruction, &instruction->operands[1]));
    word = read_operand(instruction, 1);
    if (id == X86_INS_MOVSX || id == X86_INS_MOVSXD)
        word = word_sign_extended(word, instruction->operands[1].size);
    return write_operand(instruction, word);
}

/* ---- control flow ---------------------------------------------------------------------------------- */

/* Condition number `code`, as in the lowest four bits of the opcode: 1, 0, or -1. */
static int condition(const struct getter_flags *flags, unsigned code)
{
    int result, less = flags->sign < 0 || flags->overflow < 0 ? -1
                                                               : flags->sign != flags->overflow;

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

static enum getter_step step_jump_if(const struct instruction *instruction, unsigned code)
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
static enum getter_step step_choose(const struct instruction *instruction, unsigned code)
{
    int choice = condition(&instruction->state->flags, code);
    struct getter_word first = read_operand(instruction, 0), second;

    if (instruction->count == 1)
        return done(write_operand(instruction, choice < 0 ? (struct getter_word){0}
                                                          : word_number((uint64_t)choice)));
    second = read_operand(instruction, 1);
    if (choice < 0)
        return done(write_operand(instruction, word_equals(first, second)
                                                   ? first
                                                   : (struct getter_word){0}));
    return done(write_operand(instruction, choice ? second : first));
}

static enum getter_step step_jump(const struct instruction *instruction)
{
    const cs_x86_op *operand = &instruction->operands[0];

    instruction->state->target = operand->type == X86_OP_IMM
                                     ? word_address((uint64_t)operand->imm)
                                     : read_operand(instruction, 0);
    return STEP_JUMP;
}

static enum getter_step step_call(const struct instruction *instruction)
{
    enum getter_step step = step_jump(instruction);
    uint64_t next = instruction->capstone->address + instruction->capstone->size;

    return step_push(instruction, word_address(next)) ? step : STEP_STOP;
}

static enum getter_step step_conditional(const struct instruction *instruction)
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

/* ---- all of them ------------------------------------------------------------------------------------ */

static enum getter_step step_vector(const struct instruction *instruction)
{
    switch (instruction->capstone->id) {
    case X86_INS_MOVD:
    case X86_INS_VMOVD:
    case X86_INS_MOVSS:
    case X86_INS_VMOVSS:
        return done(step_vector_move(instruction, 4));
    case X86_INS_MOVQ:
    case X86_INS_VMOVQ:
    case X86_INS_MOVSD:
    case X86_INS_VMOVSD:
        return done(step_vector_move(instruction, 8));
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
        return done(step_vector_move(instruction, 16));
    case X86_INS_PXOR:
    case X86_INS_XORPS:
    case X86_INS_XORPD:
    case X86_INS_VPXOR:
    case X86_INS_VXORPS:
    case X86_INS_VXORPD:
        return done(step_vector_clear(instruction));
    default:
        return step_conditional(instruction);
    }
}

static enum getter_step step_frame(const struct instruction *instruction)
{
    struct getter_state *state = instruction->state;

    switch (instruction->capstone->id) {
    case X86_INS_PUSH:
        return done(instruction->operands[0].size == 8 &&
                    step_push(instruction, read_operand(instruction, 0)));
    case X86_INS_POP:
        return done(instruction->operands[0].size == 8 &&
                    write_operand(instruction, pop(state)));
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
    struct instruction instruction = {state, capstone, capstone->detail->x86.operands,
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
