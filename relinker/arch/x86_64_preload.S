/* SPDX-License-Identifier: MIT */
/*
 * dlopen(path, flags), x86-64: asks engraft_preload_dlopen(path, flags, return address), then
 * returns its handle, or jumps to the next dlopen() as if it had been called directly.
 */
        .text
        .globl  dlopen
        .type   dlopen, @function
        .p2align 4
dlopen:
        .cfi_startproc
        endbr64
        movq    (%rsp), %rdx
        pushq   %rdi
        .cfi_adjust_cfa_offset 8
        pushq   %rsi
        .cfi_adjust_cfa_offset 8
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    engraft_preload_dlopen
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        popq    %rsi
        .cfi_adjust_cfa_offset -8
        popq    %rdi
        .cfi_adjust_cfa_offset -8
        testq   %rax, %rax
        jz      1f
        jmp     *%rax
1:      movq    %rdx, %rax
        ret
        .cfi_endproc
        .size   dlopen, . - dlopen

        .hidden engraft_preload_dlopen
#include "x86_64_notes.inc"
