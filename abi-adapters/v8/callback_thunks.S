/* SPDX-License-Identifier: MIT */
/*
 * The quick ways of callbacks.c from the host into a plugin's FunctionCallback, x86-64: what is called
 * most. rdi is the host's FunctionCallbackInfo, r11 the slot. What is not as usual goes to the slot's
 * function in C.
 */
#include "thunks.h"

#ifdef __x86_64__

#define SLOT_FUNCTION 8
#define SLOT_TARGET 16
#define SLOT_PAIR 24
#define SLOT_DATA 40

/* struct v8_pair and struct shadow; callbacks.c knows the offsets. */
#define PAIR_LAST 16
#define SHADOW_ISOLATE 0
#define SHADOW_PAIR 8
#define SHADOW_DATA 32
#define SHADOW_HOST_SLOTS 64
#define SHADOW_PLUGIN_SLOTS 72
#define SHADOW_SCOPE 80
#define SHADOW_UNDEFINED 88
#define SHADOW_HOLE 96

/* The implicit words */
#define HOLDER 0
#define ISOLATE 8
#define DEFAULT 16
#define RESULT 24
#define TARGET 32
#define NEW_TARGET 40
#define WORDS_SIZE 48

.macro SAVE register, offset
        pushq   \register
        .cfi_def_cfa_offset \offset
        .cfi_offset \register, -\offset
.endm

/* The shadow of isolate rcx to rbp, unless that takes longer. */
.macro SHADOW_OF slow
        movq    SLOT_PAIR(%r11), %rax
        movq    PAIR_LAST(%rax), %rbp
        testq   %rbp, %rbp
        jz      \slow
        cmpq    SHADOW_ISOLATE(%rbp), %rcx
        jne     \slow
.endm

/* Equal: the data slots of one side are as they were. */
.macro SLOTS_EQUAL side
        movq    \side(%rbp), %rdx
        movdqu  (%rdx), %xmm0
        movdqu  16(%rdx), %xmm1
        pcmpeqd SHADOW_DATA(%rbp), %xmm0
        pcmpeqd SHADOW_DATA + 16(%rbp), %xmm1
        pand    %xmm1, %xmm0
        pmovmskb %xmm0, %edx
        cmpl    $0xffff, %edx
.endm

.macro LEAVE
        movq    SHADOW_PAIR(%rbp), %rdi
        movq    SHADOW_ISOLATE(%rbp), %rsi
        movq    %rbp, %rdx
        call    plugin_leave
.endm

/* The host's own words, with another isolate for the time of the call. */
FUNCTION v8_entry_function_in_place
        SAVE    %rbx, 16
        SAVE    %rbp, 24
        subq    $8, %rsp
        .cfi_def_cfa_offset 32
        movq    (%rdi), %rbx
        movq    ISOLATE(%rbx), %rcx
        SHADOW_OF 8f
        SLOTS_EQUAL SHADOW_HOST_SLOTS
        jne     8f
        movq    %rbp, ISOLATE(%rbx)
        call    *SLOT_TARGET(%r11)
        movq    SHADOW_ISOLATE(%rbp), %rcx
        movq    %rcx, ISOLATE(%rbx)
        SLOTS_EQUAL SHADOW_PLUGIN_SLOTS
        jne     9f
7:      addq    $8, %rsp
        .cfi_remember_state
        .cfi_def_cfa_offset 24
        popq    %rbp
        .cfi_def_cfa_offset 16
        popq    %rbx
        .cfi_def_cfa_offset 8
        ret
8:      .cfi_restore_state
        .cfi_remember_state
        addq    $8, %rsp
        .cfi_def_cfa_offset 24
        popq    %rbp
        .cfi_def_cfa_offset 16
        popq    %rbx
        .cfi_def_cfa_offset 8
        movq    %r11, %rsi
        jmp     *SLOT_FUNCTION(%r11)
9:      .cfi_restore_state
        LEAVE
        jmp     7b
END v8_entry_function_in_place

/* Words of the plugin's own, in handles, with undefined for data. On the stack: the plugin's info, and
 * the limit of the block of handles. */
FUNCTION v8_entry_function_copied
        SAVE    %rbx, 16
        SAVE    %rbp, 24
        SAVE    %r12, 32
        subq    $32, %rsp
        .cfi_def_cfa_offset 64
        movq    (%rdi), %rbx
        movq    ISOLATE(%rbx), %rcx
        SHADOW_OF 8f
        leaq    v8_without_data(%rip), %rdx
        cmpq    SLOT_DATA(%r11), %rdx
        jne     8f
        SLOTS_EQUAL SHADOW_HOST_SLOTS
        jne     8f
        movq    SHADOW_SCOPE(%rbp), %r12
        movq    (%r12), %rsi
        movq    8(%r12), %rdx
        leaq    WORDS_SIZE(%rsi), %r8
        cmpq    %rdx, %r8
        ja      8f
        movq    %r8, (%r12)
        movq    8(%rdi), %r9
        movq    16(%rdi), %r10
        movq    %rsi, (%rsp)
        movq    %r9, 8(%rsp)
        movq    %r10, 16(%rsp)
        movq    %rdx, 24(%rsp)
        movq    -8(%r9), %rax
        movq    %rax, HOLDER(%rsi)
        movq    %rbp, ISOLATE(%rsi)
        movq    SHADOW_UNDEFINED(%rbp), %rax
        movq    %rax, DEFAULT(%rsi)
        movq    %rax, RESULT(%rsi)
        movq    %rax, TARGET(%rsi)
        movq    NEW_TARGET(%rbx), %rax
        movq    %rax, NEW_TARGET(%rsi)
        movq    %rsp, %rdi
        call    *SLOT_TARGET(%r11)
        movq    (%rsp), %rsi
        movq    RESULT(%rsi), %rax
        cmpq    SHADOW_HOLE(%rbp), %rax
        cmove   SHADOW_UNDEFINED(%rbp), %rax
        movq    %rax, RESULT(%rbx)
        movq    24(%rsp), %rdx
        cmpq    8(%r12), %rdx
        jne     1f                      /* another block: it goes with the host's scope */
        movq    %rsi, (%r12)
1:      SLOTS_EQUAL SHADOW_PLUGIN_SLOTS
        jne     9f
7:      addq    $32, %rsp
        .cfi_remember_state
        .cfi_def_cfa_offset 32
        popq    %r12
        .cfi_def_cfa_offset 24
        popq    %rbp
        .cfi_def_cfa_offset 16
        popq    %rbx
        .cfi_def_cfa_offset 8
        ret
8:      .cfi_restore_state
        .cfi_remember_state
        addq    $32, %rsp
        .cfi_def_cfa_offset 32
        popq    %r12
        .cfi_def_cfa_offset 24
        popq    %rbp
        .cfi_def_cfa_offset 16
        popq    %rbx
        .cfi_def_cfa_offset 8
        movq    %r11, %rsi
        jmp     *SLOT_FUNCTION(%r11)
9:      .cfi_restore_state
        LEAVE
        jmp     7b
END v8_entry_function_copied

#endif

#ifdef __linux__
        .section .note.GNU-stack, "", %progbits
#endif
