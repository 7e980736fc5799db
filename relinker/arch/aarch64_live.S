/* SPDX-License-Identifier: MIT */
/*
 * Trap thunks, aarch64. A thunk may clobber x16 and x17 only: x8 is the address of a large result.
 *
 *     thunk i:  bti  c
 *               movz w16, #i
 *               b    engraft_trap_enter
 *               nop                              16 bytes
 *
 * What a trap returns is 0 in every register that can hold a result: x0, x1, v0 to v3. A result
 * through x8 is left as the caller made it.
 */
#include "../trap_live.h"

        .text
        .p2align 4
        .globl  engraft_trap_thunks
        .hidden engraft_trap_thunks
        .type   engraft_trap_thunks, %function
engraft_trap_thunks:
        .cfi_startproc
        .set    index, 0
        .rept   TRAP_COUNT
        hint    #34
        movz    w16, #index
        b       engraft_trap_enter
        nop
        .set    index, index + 1
        .endr
        .cfi_endproc
        .size   engraft_trap_thunks, . - engraft_trap_thunks

        .type   engraft_trap_enter, %function
engraft_trap_enter:
        .cfi_startproc
        hint    #34
        stp     x29, x30, [sp, #-16]!
        .cfi_def_cfa_offset 16
        .cfi_offset x29, -16
        .cfi_offset x30, -8
        mov     x29, sp
        mov     w0, w16
        bl      engraft_trap_hit
        mov     x0, #0
        mov     x1, #0
        movi    v0.2d, #0
        movi    v1.2d, #0
        movi    v2.2d, #0
        movi    v3.2d, #0
        ldp     x29, x30, [sp], #16
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
        .size   engraft_trap_enter, . - engraft_trap_enter

        .hidden engraft_trap_hit
#include "aarch64_notes.inc"
