/* SPDX-License-Identifier: MIT */
/* Instructions of x86-64 as fixups_flow.c wants them. */
#include <config.h>

#include <stdlib.h>
#include <string.h>

#include "fixups_flow.h"

#ifdef HAVE_CAPSTONE
#include <capstone/capstone.h>

bool fixups_can_decode(void)
{
    return true;
}

/* The number of a general register, however much of it is named; NO_REGISTER for others, and for ah to
 * dh, which nobody reads a heap with. */
static uint8_t register_number(unsigned reg)
{
    static const uint16_t names[16][4] = {
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
    static const uint16_t high[4] = {X86_REG_AH, X86_REG_CH, X86_REG_DH, X86_REG_BH};

    for (uint8_t i = 0; i < 16; i++)
        for (unsigned j = 0; j < 4; j++)
            if (names[i][j] == reg)
                return i;
    for (uint8_t i = 0; i < 4; i++)
        if (high[i] == reg)
            return (uint8_t)(i | 0x40); /* of that register, and not its lowest byte */
    return FIXUP_NO_REGISTER;
}

static bool operand_decode(const cs_x86_op *from, struct fixup_operand *to)
{
    to->size = from->size;
    switch (from->type) {
    case X86_OP_REG:
        to->type = FIXUP_REGISTER;
        to->reg = register_number(from->reg);
        return to->reg < 16;
    case X86_OP_IMM:
        to->type = FIXUP_NUMBER;
        to->number = from->imm;
        return true;
    case X86_OP_MEM:
        to->type = FIXUP_MEMORY;
        to->base = register_number(from->mem.base);
        to->index = from->mem.index == X86_REG_INVALID ? FIXUP_NO_REGISTER
                                                       : register_number(from->mem.index);
        if (from->mem.segment != X86_REG_INVALID)
            to->base = FIXUP_NO_REGISTER;
        to->number = from->mem.disp;
        return true;
    default:
        return false;
    }
}

static const struct {
    uint16_t id;
    uint8_t op;
} operations[] = {
    {X86_INS_MOV, FIXUP_MOVE},     {X86_INS_MOVABS, FIXUP_MOVE}, {X86_INS_MOVZX, FIXUP_MOVE},
    {X86_INS_MOVSX, FIXUP_EXTEND}, {X86_INS_MOVSXD, FIXUP_EXTEND}, {X86_INS_ADD, FIXUP_ADD},
    {X86_INS_SUB, FIXUP_SUB},      {X86_INS_LEA, FIXUP_LEA},     {X86_INS_AND, FIXUP_AND},
    {X86_INS_SHR, FIXUP_SHR},      {X86_INS_SAR, FIXUP_SAR},     {X86_INS_CMP, FIXUP_CMP},
    {X86_INS_SHL, FIXUP_SHL},
    {X86_INS_TEST, FIXUP_TEST},    {X86_INS_CALL, FIXUP_CALL},   {X86_INS_RET, FIXUP_RETURN},
    {X86_INS_HLT, FIXUP_RETURN},   {X86_INS_UD2, FIXUP_RETURN},  {X86_INS_INT3, FIXUP_RETURN},
    {X86_INS_PUSH, FIXUP_PUSH},    {X86_INS_NOP, FIXUP_NOTHING}, {X86_INS_ENDBR64, FIXUP_NOTHING},
};

/* The processor numbers conditions in the low half of the opcode's last byte. */
static const struct {
    uint16_t jump, set, move;
} conditions[16] = {
    {X86_INS_JO, X86_INS_SETO, X86_INS_CMOVO},    {X86_INS_JNO, X86_INS_SETNO, X86_INS_CMOVNO},
    {X86_INS_JB, X86_INS_SETB, X86_INS_CMOVB},    {X86_INS_JAE, X86_INS_SETAE, X86_INS_CMOVAE},
    {X86_INS_JE, X86_INS_SETE, X86_INS_CMOVE},    {X86_INS_JNE, X86_INS_SETNE, X86_INS_CMOVNE},
    {X86_INS_JBE, X86_INS_SETBE, X86_INS_CMOVBE}, {X86_INS_JA, X86_INS_SETA, X86_INS_CMOVA},
    {X86_INS_JS, X86_INS_SETS, X86_INS_CMOVS},    {X86_INS_JNS, X86_INS_SETNS, X86_INS_CMOVNS},
    {X86_INS_JP, X86_INS_SETP, X86_INS_CMOVP},    {X86_INS_JNP, X86_INS_SETNP, X86_INS_CMOVNP},
    {X86_INS_JL, X86_INS_SETL, X86_INS_CMOVL},    {X86_INS_JGE, X86_INS_SETGE, X86_INS_CMOVGE},
    {X86_INS_JLE, X86_INS_SETLE, X86_INS_CMOVLE}, {X86_INS_JG, X86_INS_SETG, X86_INS_CMOVG},
};

static void operation_decode(unsigned id, struct fixup_step *step)
{
    step->op = FIXUP_OTHER;
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (operations[i].id == id)
            step->op = operations[i].op;
    for (uint8_t i = 0; i < 16; i++) {
        if (conditions[i].jump != id && conditions[i].set != id && conditions[i].move != id)
            continue;
        step->condition = i;
        step->op = conditions[i].jump == id  ? FIXUP_JUMP_IF
                   : conditions[i].set == id ? FIXUP_SET_IF
                                             : FIXUP_MOVE_IF;
    }
    if (id == X86_INS_JMP)
        step->op = FIXUP_JUMP;
    step->asks_carry = id == X86_INS_ADC || id == X86_INS_SBB;
}

/* xor r, r and the like read nothing, whatever the manual says. */
static bool is_idiom(const cs_insn *instruction)
{
    const cs_x86 *x86 = &instruction->detail->x86;

    if (x86->op_count != 2 || x86->operands[0].type != X86_OP_REG)
        return false;
    if (instruction->id == X86_INS_OR)
        return x86->operands[1].type == X86_OP_IMM && x86->operands[1].imm == -1;
    return (instruction->id == X86_INS_XOR || instruction->id == X86_INS_SBB ||
            instruction->id == X86_INS_SUB) &&
           x86->operands[1].type == X86_OP_REG &&
           x86->operands[0].reg == x86->operands[1].reg;
}

static uint16_t register_bits(const uint16_t *registers, unsigned count)
{
    uint16_t bits = 0;

    for (unsigned i = 0; i < count; i++) {
        uint8_t number = register_number(registers[i]);

        if (number != FIXUP_NO_REGISTER)
            bits |= (uint16_t)(1 << (number & 15));
    }
    return bits;
}

static void registers_decode(csh capstone, const cs_insn *instruction, struct fixup_step *step)
{
    cs_regs reads, writes;
    uint8_t read_count, write_count;

    if (cs_regs_access(capstone, instruction, reads, &read_count, writes, &write_count) != 0) {
        step->writes = step->reads = 0xffff;
        step->sets_flags = true;
        return;
    }
    step->reads = is_idiom(instruction) ? 0 : register_bits(reads, read_count);
    step->writes = register_bits(writes, write_count);
    for (unsigned i = 0; i < write_count; i++)
        step->sets_flags |= writes[i] == X86_REG_EFLAGS;
}

static void numbers_decode(const cs_insn *instruction, struct fixup_step *step)
{
    const cs_x86_encoding *encoding = &instruction->detail->x86.encoding;

    if (step->op == FIXUP_LEA) {
        step->number_at = encoding->disp_offset;
        step->number_size = encoding->disp_offset ? encoding->disp_size : 0;
    } else if (step->b.type == FIXUP_NUMBER) {
        step->number_at = encoding->imm_offset;
        step->number_size = encoding->imm_offset ? encoding->imm_size : 0;
    }
    if (step->number_at + step->number_size > step->size)
        step->number_size = 0;
}

static void step_decode(csh capstone, const cs_insn *instruction, struct fixup_step *step)
{
    const cs_x86 *x86 = &instruction->detail->x86;
    bool understood = x86->op_count <= 2;

    *step = (struct fixup_step){.vaddr = instruction->address, .size = (uint8_t)instruction->size};
    operation_decode(instruction->id, step);
    step->target = FIXUP_ELSEWHERE;
    registers_decode(capstone, instruction, step);
    if (x86->op_count > 0)
        understood &= operand_decode(&x86->operands[0], &step->a);
    if (x86->op_count > 1)
        understood &= operand_decode(&x86->operands[1], &step->b);
    if (instruction->id == X86_INS_SUB && is_idiom(instruction))
        understood = false;
    if (step->op < FIXUP_JUMP_IF && (!understood || x86->op_count != 2))
        step->op = FIXUP_OTHER;
    numbers_decode(instruction, step);
}

static uint32_t step_find(const struct fixup_step *steps, uint32_t count, uint64_t vaddr)
{
    uint32_t low = 0, high = count;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;

        if (steps[middle].vaddr < vaddr)
            low = middle + 1;
        else
            high = middle;
    }
    return low < count && steps[low].vaddr == vaddr ? low : FIXUP_ELSEWHERE;
}

static void targets_find(struct fixup_step *steps, uint32_t count)
{
    if (count)
        steps[0].leader = true;
    for (uint32_t i = 0; i < count; i++) {
        struct fixup_step *step = &steps[i];

        if (step->op != FIXUP_JUMP && step->op != FIXUP_JUMP_IF)
            continue;
        if (step->a.type == FIXUP_NUMBER)
            step->target = step_find(steps, count, (uint64_t)step->a.number);
        if (step->target != FIXUP_ELSEWHERE)
            steps[step->target].leader = true;
        if (i + 1 < count)
            steps[i + 1].leader = true;
    }
}

bool fixups_decode(const unsigned char *bytes, uint64_t vaddr, size_t size,
                   struct fixup_step **ret_steps, uint32_t *ret_count)
{
    struct fixup_list list = {0};
    cs_insn *instruction;
    csh capstone;
    bool failed = false;

    if (cs_open(CS_ARCH_X86, CS_MODE_64, &capstone) != CS_ERR_OK)
        return false;
    cs_option(capstone, CS_OPT_DETAIL, CS_OPT_ON);
    instruction = cs_malloc(capstone);
    while (instruction && size && !failed) {
        struct fixup_step *step;

        if (!cs_disasm_iter(capstone, &bytes, &size, &vaddr, instruction)) {
            failed = true;
            break;
        }
        step = fixup_list_add(&list, sizeof *step);
        if (step)
            step_decode(capstone, instruction, step);
        else
            failed = true;
    }
    failed |= !instruction;
    if (instruction)
        cs_free(instruction, 1);
    cs_close(&capstone);
    if (failed) {
        free(list.items);
        return false;
    }
    targets_find(list.items, (uint32_t)list.count);
    *ret_steps = list.items;
    *ret_count = (uint32_t)list.count;
    return true;
}

#else

bool fixups_can_decode(void)
{
    return false;
}

bool fixups_decode(const unsigned char *bytes, uint64_t vaddr, size_t size,
                   struct fixup_step **ret_steps, uint32_t *ret_count)
{
    (void)bytes, (void)vaddr, (void)size, (void)ret_steps, (void)ret_count;
    return false;
}

#endif
