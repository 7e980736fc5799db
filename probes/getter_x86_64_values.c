/* SPDX-License-Identifier: MIT */
/* Registers, operands and memory of x86-64: see getter_x86_64.h. */
#include <config.h>

#ifdef HAVE_CAPSTONE

#include "getter_x86_64.h"

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

bool x86_64_is_vector(const cs_x86_op *operand)
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

struct getter_word x86_64_address(const struct x86_64_instruction *instruction,
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
static struct getter_word immediate(const struct x86_64_instruction *instruction,
                                    const cs_x86_op *operand)
{
    unsigned size = instruction->capstone->detail->x86.encoding.imm_size;
    struct getter_word word = word_number((uint64_t)operand->imm);

    if (size == 1 || size == 2 || size == 4)
        word = word_sign_extended(word, size);
    return word_cut(word, instruction->operands[0].size);
}

struct getter_word x86_64_read(const struct x86_64_instruction *instruction, unsigned index)
{
    const cs_x86_op *operand = &instruction->operands[index];

    switch (operand->type) {
    case X86_OP_IMM:
        return immediate(instruction, operand);
    case X86_OP_REG:
        return register_get(instruction->state, (unsigned)operand->reg);
    case X86_OP_MEM:
        return operand->size > 8 ? (struct getter_word){0}
                                 : state_load(instruction->state,
                                              x86_64_address(instruction, operand), operand->size);
    default:
        return (struct getter_word){0};
    }
}

bool x86_64_write(const struct x86_64_instruction *instruction, struct getter_word word)
{
    const cs_x86_op *operand = &instruction->operands[0];

    switch (operand->type) {
    case X86_OP_REG:
        return register_put(instruction->state, (unsigned)operand->reg, word);
    case X86_OP_MEM:
        return operand->size <= 8 &&
               state_store(instruction->state, x86_64_address(instruction, operand), operand->size,
                           word);
    default:
        return false;
    }
}

static void vector_get(const struct x86_64_instruction *instruction, unsigned index, unsigned size,
                       struct getter_word ret_halves[2])
{
    const cs_x86_op *operand = &instruction->operands[index];
    unsigned low = size < 8 ? size : 8;
    struct getter_word address;

    ret_halves[1] = word_number(0);
    if (x86_64_is_vector(operand)) {
        const struct getter_word *halves =
            instruction->state->vectors[vector_number((unsigned)operand->reg)];

        ret_halves[0] = word_cut(halves[0], low);
        if (size == 16)
            ret_halves[1] = halves[1];
    } else if (operand->type == X86_OP_MEM) {
        address = x86_64_address(instruction, operand);
        ret_halves[0] = state_load(instruction->state, address, low);
        if (size == 16)
            ret_halves[1] = state_load(instruction->state, word_add(address, word_number(8)), 8);
    } else {
        ret_halves[0] = word_cut(x86_64_read(instruction, index), low);
    }
}

/* Between vectors, memory and general registers. movss and movsd between two vectors keep the upper
 * part of the first, the others clear it. */
bool x86_64_vector_move(const struct x86_64_instruction *instruction, unsigned size)
{
    const cs_x86_op *to = &instruction->operands[0];
    struct getter_word halves[2], *vector, address;

    if (instruction->count != 2 ||
        !(x86_64_is_vector(to) || x86_64_is_vector(&instruction->operands[1])))
        return false; /* movsd of memory to memory too, which has the same name */
    vector_get(instruction, 1, size, halves);
    if (x86_64_is_vector(to)) {
        vector = instruction->state->vectors[vector_number((unsigned)to->reg)];
        if (x86_64_is_vector(&instruction->operands[1]) &&
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
        return size <= 8 && x86_64_write(instruction, halves[0]);
    address = x86_64_address(instruction, to);
    return state_store(instruction->state, address, size < 8 ? size : 8, halves[0]) &&
           (size < 16 ||
            state_store(instruction->state, word_add(address, word_number(8)), 8, halves[1]));
}

/* pxor xmm0, xmm0 and the like, as zero. */
bool x86_64_vector_clear(const struct x86_64_instruction *instruction)
{
    const cs_x86_op *operands = instruction->operands;
    struct getter_word *vector;

    for (unsigned i = 0; i < instruction->count; i++)
        if (!x86_64_is_vector(&operands[i]) || (i && operands[i].reg != operands[1].reg))
            return false;
    if (instruction->count < 2 || (instruction->count == 2 && operands[0].reg != operands[1].reg))
        return false;
    vector = instruction->state->vectors[vector_number((unsigned)operands[0].reg)];
    vector[0] = vector[1] = word_number(0);
    return true;
}

#endif
