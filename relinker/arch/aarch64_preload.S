/* SPDX-License-Identifier: MIT */
/*
 * dlopen(path, flags), aarch64: asks engraft_preload_dlopen(path, flags, return address), then
 * returns its handle, or jumps to the next dlopen() as if it had been called directly.
 */
        .text
        .globl  dlopen
        .type   dlopen, %function
        .p2align 4
dlopen:
        .cfi_startproc
        hint    #34
        stp     x29, x30, [sp, #-32]!
        .cfi_def_cfa_offset 32
        .cfi_offset x29, -32
        .cfi_offset x30, -24
        stp     x0, x1, [sp, #16]
        mov     x29, sp
        mov     x2, x30
        bl      engraft_preload_dlopen
        mov     x16, x0
        mov     x17, x1
        ldp     x0, x1, [sp, #16]
        ldp     x29, x30, [sp], #32
        .cfi_def_cfa_offset 0
        cbz     x16, 1f
        br      x16
1:      mov     x0, x17
        ret
        .cfi_endproc
        .size   dlopen, . - dlopen

        .hidden engraft_preload_dlopen
#include "aarch64_notes.inc"
