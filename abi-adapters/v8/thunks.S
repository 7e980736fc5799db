/* SPDX-License-Identifier: MIT */
/*
 * Thunks between plugins and a V8 of another version, x86-64. All of them are here, so that no code is
 * made at run time; their slots (struct v8_slot, adapter.h) say what they do.
 *
 *     thunk i:  endbr64;  lea slot i, %r11;  jmp *(%r11)            16 bytes
 *
 * Scratch registers are r11 and r10 (the static chain, which C++ does not use).
 */
#include "thunks.h"

#ifdef __x86_64__

#define SLOT_FUNCTION 8
#define SLOT_TARGET 16
#define SLOT_PAIR 24
#define SLOT_INNER 32
#define SLOT_DATA 40
#define SLOT_ISOLATES 48
#define SLOT_STACK 49

        .bss
        .p2align 6
        .globl  v8_slots
        .hidden v8_slots
        .type   v8_slots, @object
        .size   v8_slots, V8_SLOTS * V8_SLOT_SIZE
v8_slots:
        .zero   V8_SLOTS * V8_SLOT_SIZE

        .text
        .p2align 4
        .globl  v8_thunks
        .hidden v8_thunks
        .type   v8_thunks, @function
v8_thunks:
        .cfi_startproc
        .set    index, 0
        .rept   V8_SLOTS
        endbr64
        leaq    v8_slots + V8_SLOT_SIZE * index(%rip), %r11
        jmp     *(%r11)
        .p2align 4
        .set    index, index + 1
        .endr
        .cfi_endproc
        .size   v8_thunks, . - v8_thunks

/* The isolate behind a shadow; anything else stays. */
.macro UNMASK register
        movq    \register, %r10
        shrq    $24, %r10
        cmpq    v8_shadow_region(%rip), %r10
        jne     1f
        movq    (\register), \register
1:
.endm

/* ---- straight on to the host's function ---- */

FUNCTION v8_entry_jump
        jmp     *SLOT_TARGET(%r11)
END v8_entry_jump

.macro MASK number, register
FUNCTION v8_entry_mask_\number
        UNMASK  \register
        jmp     *SLOT_TARGET(%r11)
END v8_entry_mask_\number
.endm

MASK 0, %rdi
MASK 1, %rsi
MASK 2, %rdx
MASK 3, %rcx
MASK 4, %r8
MASK 5, %r9

.macro UNMASK_IF number, register
        testb   $(1 << \number), SLOT_ISOLATES(%r11)
        jz      1f
        UNMASK  \register
1:
.endm

FUNCTION v8_entry_mask_any
        UNMASK_IF 0, %rdi
        UNMASK_IF 1, %rsi
        UNMASK_IF 2, %rdx
        UNMASK_IF 3, %rcx
        UNMASK_IF 4, %r8
        UNMASK_IF 5, %r9
        jmp     *SLOT_TARGET(%r11)
END v8_entry_mask_any

/* ---- to a C function, with the slot behind its arguments ---- */

.macro WITH_SLOT number, register
FUNCTION v8_entry_slot_\number
        movq    %r11, \register
        jmp     *SLOT_FUNCTION(%r11)
END v8_entry_slot_\number
.endm

WITH_SLOT 0, %rdi
WITH_SLOT 1, %rsi
WITH_SLOT 2, %rdx
WITH_SLOT 3, %rcx
WITH_SLOT 4, %r8
WITH_SLOT 5, %r9

/* Six registers are full: the slot is the last word on the stack, behind a copy of the others. */
FUNCTION v8_entry_slot_wide
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        movzbl  SLOT_STACK(%r11), %r10d
        testb   $1, %r10b
        jnz     2f                      /* words + slot are even: aligned */
        pushq   $0
2:      pushq   %r11
3:      testl   %r10d, %r10d
        jz      4f
        pushq   8(%rbp, %r10, 8)
        decl    %r10d
        jmp     3b
4:      call    *SLOT_FUNCTION(%r11)
        leave
        .cfi_def_cfa %rsp, 8
        ret
END v8_entry_slot_wide

/* Calls what the slot has there, with a copy of the words that the caller has put on the stack. */
.macro CALL_WITH_STACK function
        movzbl  SLOT_STACK(%r11), %r10d
        testb   $1, %r10b
        jz      2f
        pushq   $0
2:      testl   %r10d, %r10d
        jz      3f
        pushq   8(%rbp, %r10, 8)
        decl    %r10d
        jmp     2b
3:      call    *\function(%r11)
.endm

/* ---- with HandleScopeData carried to the host and back ---- */

#define SAVED 192 /* 6 integer registers, rax, slot, 8 vector registers */

FUNCTION v8_entry_mirrored
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        subq    $SAVED, %rsp
        movq    %r11, -8(%rbp)
        movq    %rdi, -16(%rbp)
        movq    %rsi, -24(%rbp)
        movq    %rdx, -32(%rbp)
        movq    %rcx, -40(%rbp)
        movq    %r8, -48(%rbp)
        movq    %r9, -56(%rbp)
        movq    %rax, -64(%rbp)
        movups  %xmm0, -80(%rbp)
        movups  %xmm1, -96(%rbp)
        movups  %xmm2, -112(%rbp)
        movups  %xmm3, -128(%rbp)
        movups  %xmm4, -144(%rbp)
        movups  %xmm5, -160(%rbp)
        movups  %xmm6, -176(%rbp)
        movups  %xmm7, -192(%rbp)
        movq    %r11, %rdi
        call    v8_mirror_out
        movq    -8(%rbp), %r11
        movq    -16(%rbp), %rdi
        movq    -24(%rbp), %rsi
        movq    -32(%rbp), %rdx
        movq    -40(%rbp), %rcx
        movq    -48(%rbp), %r8
        movq    -56(%rbp), %r9
        movups  -80(%rbp), %xmm0
        movups  -96(%rbp), %xmm1
        movups  -112(%rbp), %xmm2
        movups  -128(%rbp), %xmm3
        movups  -144(%rbp), %xmm4
        movups  -160(%rbp), %xmm5
        movups  -176(%rbp), %xmm6
        movups  -192(%rbp), %xmm7
        movq    %rax, -16(%rbp)         /* the shadow, NULL: none */
        movq    -64(%rbp), %rax
        CALL_WITH_STACK SLOT_INNER
        movq    %rax, -24(%rbp)
        movq    %rdx, -32(%rbp)
        movups  %xmm0, -80(%rbp)
        movups  %xmm1, -96(%rbp)
        movq    -8(%rbp), %rdi
        movq    -16(%rbp), %rsi
        call    v8_mirror_in
        movq    -24(%rbp), %rax
        movq    -32(%rbp), %rdx
        movups  -80(%rbp), %xmm0
        movups  -96(%rbp), %xmm1
        leave
        .cfi_def_cfa %rsp, 8
        ret
END v8_entry_mirrored

/* ---- virtual functions that both sides call ---- */

#define PAIR_MODULE 0
#define PAIR_MODULE_SIZE 8

/* By the return address: from the host's module, or from elsewhere. */
FUNCTION v8_entry_caller
        pushq   %rax
        .cfi_adjust_cfa_offset 8
        movq    SLOT_PAIR(%r11), %rax
        movq    8(%rsp), %r10
        subq    PAIR_MODULE(%rax), %r10
        cmpq    PAIR_MODULE_SIZE(%rax), %r10
        popq    %rax
        .cfi_adjust_cfa_offset -8
        jb      1f
        jmp     *SLOT_TARGET(%r11)
1:      jmp     *SLOT_INNER(%r11)
END v8_entry_caller

/* The host calls the plugin's function, which slot->data is. */
FUNCTION v8_entry_virtual
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset %rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register %rbp
        subq    $SAVED, %rsp
        movq    %r11, -8(%rbp)
        movq    %r9, -16(%rbp)
        movq    %r8, -24(%rbp)
        movq    %rcx, -32(%rbp)
        movq    %rdx, -40(%rbp)
        movq    %rsi, -48(%rbp)
        movq    %rdi, -56(%rbp)
        movups  %xmm0, -80(%rbp)
        movups  %xmm1, -96(%rbp)
        movups  %xmm2, -112(%rbp)
        movups  %xmm3, -128(%rbp)
        movq    %r11, %rdi
        leaq    -56(%rbp), %rsi
        call    v8_virtual_enter
        movq    %rax, -64(%rbp)
        movq    -8(%rbp), %r11
        movq    -16(%rbp), %r9
        movq    -24(%rbp), %r8
        movq    -32(%rbp), %rcx
        movq    -40(%rbp), %rdx
        movq    -48(%rbp), %rsi
        movq    -56(%rbp), %rdi
        movups  -80(%rbp), %xmm0
        movups  -96(%rbp), %xmm1
        movups  -112(%rbp), %xmm2
        movups  -128(%rbp), %xmm3
        CALL_WITH_STACK SLOT_DATA
        movq    %rax, -24(%rbp)
        movq    %rdx, -32(%rbp)
        movups  %xmm0, -80(%rbp)
        movq    -8(%rbp), %rdi
        movq    -64(%rbp), %rsi
        call    v8_virtual_leave
        movq    -24(%rbp), %rax
        movq    -32(%rbp), %rdx
        movups  -80(%rbp), %xmm0
        leave
        .cfi_def_cfa %rsp, 8
        ret
END v8_entry_virtual

#endif

#ifdef __linux__
        .section .note.GNU-stack, "", %progbits
#endif
