/* SPDX-License-Identifier: MIT */
#include "trap_call.h"

#include <stddef.h>
#include <string.h>

struct registers {
    uint64_t rbx, r12, r13, r14, r15, rsp_before, rsp_after, unused, rax, rdx;
    double xmm0, xmm1;
};

static void call(uint64_t trap, uint64_t misalign, struct registers *ret_registers)
{
    __asm__ volatile(
        "subq $128, %%rsp\n\t" /* the red zone of the function around */
        "pushq %%rbp\n\t"
        "pushq %%rdi\n\t" /* ret_registers */
        "movq %%rsp, %%rbp\n\t"
        "andq $-16, %%rsp\n\t"
        "subq %%rdx, %%rsp\n\t"
        "movq %%rsp, 40(%%rdi)\n\t"
        "movq %%rsi, %%r11\n\t"
        "movq $0x1111, %%rbx\n\t"
        "movq $0x2222, %%r12\n\t"
        "movq $0x3333, %%r13\n\t"
        "movq $0x4444, %%r14\n\t"
        "movq $0x5555, %%r15\n\t"
        "movq $-1, %%rdx\n\t"
        "movq $8, %%rax\n\t" /* a variadic call with 8 vector registers */
        "movq %%rax, %%xmm0\n\t"
        "movq %%rax, %%xmm1\n\t"
        "call *%%r11\n\t"
        "movq %%rsp, %%rcx\n\t"
        "movq 0(%%rbp), %%rdi\n\t" /* rbp was kept, or this is the end */
        "movq %%rbx, 0(%%rdi)\n\t"
        "movq %%r12, 8(%%rdi)\n\t"
        "movq %%r13, 16(%%rdi)\n\t"
        "movq %%r14, 24(%%rdi)\n\t"
        "movq %%r15, 32(%%rdi)\n\t"
        "movq %%rcx, 48(%%rdi)\n\t"
        "movq %%rax, 64(%%rdi)\n\t"
        "movq %%rdx, 72(%%rdi)\n\t"
        "movsd %%xmm0, 80(%%rdi)\n\t"
        "movsd %%xmm1, 88(%%rdi)\n\t"
        "leaq 8(%%rbp), %%rsp\n\t"
        "popq %%rbp\n\t"
        "addq $128, %%rsp\n\t"
        : "+D"(ret_registers), "+S"(trap), "+d"(misalign)
        :
        : "rax", "rbx", "rcx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1",
          "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12",
          "xmm13", "xmm14", "xmm15", "memory", "cc");
}

static const char *compare(const struct registers *registers)
{
    if (registers->rsp_after != registers->rsp_before)
        return "rsp";
    if (registers->rbx != 0x1111)
        return "rbx";
    if (registers->r12 != 0x2222)
        return "r12";
    if (registers->r13 != 0x3333)
        return "r13";
    if (registers->r14 != 0x4444)
        return "r14";
    if (registers->r15 != 0x5555)
        return "r15";
    if (registers->rax || registers->rdx)
        return "rax, rdx";
    return registers->xmm0 == 0 && registers->xmm1 == 0 ? NULL : "xmm0, xmm1";
}

const char *trap_call_watched(uint64_t trap)
{
    const char *changed = NULL;

    for (uint64_t misalign = 0; misalign <= 8 && !changed; misalign += 8) {
        struct registers registers;

        memset(&registers, 0x5a, sizeof registers);
        call(trap, misalign, &registers);
        changed = compare(&registers);
    }
    return changed;
}
