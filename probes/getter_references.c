/* SPDX-License-Identifier: MIT */
/* The constants that a function's instructions hold, one instruction after the other. */
#include <config.h>

#include "getter.h"

#ifdef HAVE_CAPSTONE

#include <capstone/capstone.h>
#include <string.h>

#include "getter_state.h"

#define CALL_CLOBBERED 18u /* x0 to x17 */

struct hearer {
    const struct image *image;
    bool (*hear)(void *user, uint64_t value, bool is_address);
    void *user;
    /* AArch64 makes a constant in two instructions or more. */
    struct {
        enum { NOTHING, ADDRESS, NUMBER } kind;
        uint64_t value;
    } registers[GETTER_REGISTER_MAX];
};

static bool number_hear(const struct hearer *hearer, uint64_t number)
{
    if (!hearer->hear(hearer->user, number, false))
        return false;
    return hearer->image->type != ET_EXEC || !image_at(hearer->image, number, 1) ||
           hearer->hear(hearer->user, number, true);
}

static bool address_hear(const struct hearer *hearer, uint64_t vaddr)
{
    return !image_at(hearer->image, vaddr, 1) || hearer->hear(hearer->user, vaddr, true);
}

/* ---- x86-64 ----------------------------------------------------------------------------------- */

static bool x86_64_hear(struct hearer *hearer, csh capstone, const cs_insn *instruction)
{
    const cs_x86 *x86 = &instruction->detail->x86;

    if (cs_insn_group(capstone, instruction, CS_GRP_JUMP) ||
        cs_insn_group(capstone, instruction, CS_GRP_CALL))
        return true;
    for (unsigned i = 0; i < x86->op_count; i++) {
        const cs_x86_op *operand = &x86->operands[i];

        if (operand->type == X86_OP_IMM && !number_hear(hearer, (uint64_t)operand->imm))
            return false;
        if (operand->type == X86_OP_MEM && operand->mem.base == X86_REG_RIP &&
            instruction->id == X86_INS_LEA &&
            !address_hear(hearer, instruction->address + instruction->size +
                                      (uint64_t)operand->mem.disp))
            return false;
    }
    return true;
}

/* ---- AArch64 ---------------------------------------------------------------------------------- */

/* 0 to 30 for x or w registers, else -1. */
static int register_number(const cs_arm64_op *operand)
{
    if (operand->type != ARM64_OP_REG)
        return -1;
    if (operand->reg >= ARM64_REG_X0 && operand->reg <= ARM64_REG_X28)
        return (int)(operand->reg - ARM64_REG_X0);
    if (operand->reg >= ARM64_REG_W0 && operand->reg <= ARM64_REG_W30)
        return (int)(operand->reg - ARM64_REG_W0);
    return operand->reg == ARM64_REG_X29 ? 29 : operand->reg == ARM64_REG_X30 ? 30 : -1;
}

static bool aarch64_add_hear(struct hearer *hearer, const cs_arm64_op *operands, int to)
{
    int from = register_number(&operands[1]);
    uint64_t value;

    if (from < 0 || operands[2].type != ARM64_OP_IMM ||
        hearer->registers[from].kind != ADDRESS) {
        hearer->registers[to].kind = NOTHING;
        return true;
    }
    value = hearer->registers[from].value + ((uint64_t)operands[2].imm << operands[2].shift.value);
    hearer->registers[to].kind = ADDRESS;
    hearer->registers[to].value = value;
    return address_hear(hearer, value);
}

static bool aarch64_set(struct hearer *hearer, int to, uint64_t value)
{
    hearer->registers[to].kind = NUMBER;
    hearer->registers[to].value = value;
    return number_hear(hearer, value);
}

/* One more piece of 16 bits: the number is told each time, the last time it is whole. */
static bool aarch64_piece_hear(struct hearer *hearer, const cs_arm64_op *piece, int to)
{
    unsigned shift = piece->shift.value & 63;
    uint64_t old = hearer->registers[to].value;

    if (hearer->registers[to].kind != NUMBER)
        return true;
    return aarch64_set(hearer, to,
                       (old & ~(0xffffull << shift)) | ((uint64_t)piece->imm & 0xffff) << shift);
}

static bool aarch64_hear(struct hearer *hearer, csh capstone, const cs_insn *instruction)
{
    const cs_arm64_op *operands = instruction->detail->arm64.operands;
    unsigned count = instruction->detail->arm64.op_count;
    int to = count ? register_number(&operands[0]) : -1;
    bool has_number = count == 2 && operands[1].type == ARM64_OP_IMM;

    if (cs_insn_group(capstone, instruction, CS_GRP_CALL)) {
        memset(hearer->registers, 0, CALL_CLOBBERED * sizeof hearer->registers[0]);
        return true;
    }
    if (to < 0)
        return true;
    switch (instruction->id) {
    case ARM64_INS_ADRP:
    case ARM64_INS_ADR:
        if (!has_number)
            return true;
        hearer->registers[to].kind = ADDRESS;
        hearer->registers[to].value = (uint64_t)operands[1].imm;
        return instruction->id == ARM64_INS_ADRP ||
               address_hear(hearer, (uint64_t)operands[1].imm);
    case ARM64_INS_ADD:
        return count != 3 || aarch64_add_hear(hearer, operands, to);
    case ARM64_INS_MOV:
    case ARM64_INS_MOVZ:
        if (has_number)
            return aarch64_set(hearer, to,
                               (uint64_t)operands[1].imm << (operands[1].shift.value & 63));
        hearer->registers[to].kind = NOTHING;
        return true;
    case ARM64_INS_MOVK:
        return !has_number || aarch64_piece_hear(hearer, &operands[1], to);
    case ARM64_INS_CMP:
        return !has_number || number_hear(hearer, (uint64_t)operands[1].imm
                                                      << (operands[1].shift.value & 63));
    default:
        return true;
    }
}

/* ---- functions -------------------------------------------------------------------------------- */

static void function_hear(struct hearer *hearer, csh capstone, cs_insn *instruction, uint64_t vaddr,
                          uint64_t size)
{
    const struct getter_architecture *architecture =
        getter_architecture_of(hearer->image->machine);

    for (unsigned i = 0; i < GETTER_REFERENCE_INSTRUCTIONS; i++) {
        size_t length = getter_code_size(hearer->image, vaddr, architecture->instruction_max);
        const uint8_t *bytes = length ? image_at(hearer->image, vaddr, length) : NULL;
        uint64_t start = vaddr;

        if (!bytes || !cs_disasm_iter(capstone, &bytes, &length, &vaddr, instruction) ||
            !(hearer->image->machine == EM_X86_64 ? x86_64_hear : aarch64_hear)(hearer, capstone,
                                                                                instruction))
            return;
        if (size ? vaddr - start >= size : cs_insn_group(capstone, instruction, CS_GRP_RET))
            return;
        size -= size ? vaddr - start : 0;
    }
}

void getter_references(const struct image *image, uint64_t vaddr, uint64_t size,
                       bool (*hear)(void *user, uint64_t value, bool is_address), void *user)
{
    const struct getter_architecture *architecture = getter_architecture_of(image->machine);
    struct hearer hearer = {.image = image, .hear = hear, .user = user};
    cs_insn *instruction;
    csh capstone;

    if (!architecture || getter_code_is_relocated(image) || image_is_foreign(image) ||
        cs_open((cs_arch)architecture->capstone_architecture,
                (cs_mode)architecture->capstone_mode, &capstone) != CS_ERR_OK)
        return;
    cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
    instruction = cs_malloc(capstone);
    if (instruction) {
        function_hear(&hearer, capstone, instruction, vaddr, size);
        cs_free(instruction, 1);
    }
    cs_close(&capstone);
}

#else

void getter_references(const struct image *image, uint64_t vaddr, uint64_t size,
                       bool (*hear)(void *user, uint64_t value, bool is_address), void *user)
{
    (void)image;
    (void)vaddr;
    (void)size;
    (void)hear;
    (void)user;
}

#endif
