/* SPDX-License-Identifier: MIT */
/*
 * Trap thunks, x86-64. A thunk may clobber r11 only: r10 is the static chain and al counts the
 * vector registers of a variadic call.
 *
 *     thunk i:  f3 0f 1e fa          endbr64
 *               41 bb ii ii ii ii    mov  $i, %r11d
 *               e9 rr rr rr rr       jmp  engraft_trap_enter
 *               90                   nop                       16 bytes
 *
 * What a trap returns is 0 in every register that can hold a result: rax, rdx, xmm0, xmm1. A result
 * through a hidden pointer is left as the caller made it.
 */
#include "../trap_live.h"

        .text
        .p2align 4
        .globl  engraft_trap_thunks
        .hidden engraft_trap_thunks
        .type   engraft_trap_thunks, @function
engraft_trap_thunks:
        .cfi_startproc
        .set    index, 0
        .rept   TRAP_COUNT
        endbr64
        movl    $index, %r11d
        .byte   0xe9
        .long   engraft_trap_enter - . - 4
        nop
        .set    index, index + 1
        .endr
        .cfi_endproc
        .size   engraft_trap_thunks, . - engraft_trap_thunks

        .p2align 4
        .type   engraft_trap_enter, @function
engraft_trap_enter:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        andq    $-16, %rsp
        movl    %r11d, %edi
        call    engraft_trap_hit
        xorl    %eax, %eax
        xorl    %edx, %edx
        pxor    %xmm0, %xmm0
        pxor    %xmm1, %xmm1
        leave
        .cfi_def_cfa %rsp, 8
        ret
        .cfi_endproc
        .size   engraft_trap_enter, . - engraft_trap_enter

        .hidden engraft_trap_hit
#include "x86_64_notes.inc"
