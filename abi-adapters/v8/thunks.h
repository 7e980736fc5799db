/* SPDX-License-Identifier: MIT */
/* What thunks.S and slots.c share; also read by the assembler. */
#ifndef ENGRAFT_V8_THUNKS_H
#define ENGRAFT_V8_THUNKS_H

#define V8_SLOTS 8192
#define V8_SLOT_SIZE 56
#define V8_THUNK_SIZE 16

#ifdef __ASSEMBLER__
.macro FUNCTION name
        .p2align 4
        .globl  \name
        .hidden \name
        .type   \name, @function
\name:
        .cfi_startproc
.endm

.macro END name
        .cfi_endproc
        .size   \name, . - \name
.endm
#endif

#ifndef __ASSEMBLER__
#include "adapter.h"

#define HIDDEN __attribute__((visibility("hidden")))

extern HIDDEN struct v8_slot v8_slots[V8_SLOTS];
extern HIDDEN const unsigned char v8_thunks[V8_SLOTS * V8_THUNK_SIZE];

HIDDEN v8_function_pointer v8_entry_mask_0, v8_entry_mask_1, v8_entry_mask_2, v8_entry_mask_3,
    v8_entry_mask_4, v8_entry_mask_5, v8_entry_mask_any, v8_entry_jump;
HIDDEN v8_function_pointer v8_entry_slot_0, v8_entry_slot_1, v8_entry_slot_2, v8_entry_slot_3,
    v8_entry_slot_4, v8_entry_slot_5, v8_entry_slot_wide;
HIDDEN v8_function_pointer v8_entry_mirrored, v8_entry_caller, v8_entry_virtual;
HIDDEN v8_function_pointer v8_entry_function_in_place, v8_entry_function_copied;

/* Called by v8_entry_mirrored. */
HIDDEN void *v8_mirror_out(struct v8_slot *slot);
HIDDEN void v8_mirror_in(struct v8_slot *slot, void *shadow);

/* Called by v8_entry_virtual. `words`: the six integer argument registers. */
HIDDEN void *v8_virtual_enter(struct v8_slot *slot, uintptr_t *words);
HIDDEN void v8_virtual_leave(struct v8_slot *slot, void *shadow);

/* A slot for one function of a shared table: called from the host's module, `inner` with the slot;
 * from elsewhere, `target`. */
struct v8_slot *v8_slot_shared(struct v8_pair *pair, v8_function_pointer *inner,
                               v8_function_pointer *function, v8_function_pointer *target,
                               const void *data);
void v8_slot_free(struct v8_slot *slot);
/* The entry for an adapter with so many registers and words on the stack. */
v8_function_pointer *v8_slot_entry(unsigned registers, unsigned stack);
#endif

#endif
