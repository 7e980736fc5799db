/* SPDX-License-Identifier: MIT */
/*
 * One function of a plugin: its instructions, what registers hold of V8's heap along its paths, and
 * which tests are made of it.
 *
 *     mov    rcx, [rax - 1]            MAP of rax
 *     movzx  ecx, word [rcx + 0xb]     TYPE of rax
 *     cmp    ecx, 0x83                 a test; an anchor: rax is an oddball where it holds
 *     jne    ...
 *     cmp    dword [rax + 0x2b], 5     KIND of rax; a test
 *     sete   al                        ... of which the condition e is asked
 *
 * A value is a node: a root, or what an instruction makes of another node. So what a test asks can be
 * carried out for every value that the root may have, with the code as it is and as it is to be.
 */
#ifndef ENGRAFT_V8_FIXUPS_FLOW_H
#define ENGRAFT_V8_FIXUPS_FLOW_H

#include "fixups.h"

#define FIXUP_NO_REGISTER 0xff
#define FIXUP_ELSEWHERE UINT32_MAX /* a jump out of the function */

enum fixup_op {
    FIXUP_OTHER,
    FIXUP_MOVE, /* mov, movzx: the rest is zero */
    FIXUP_EXTEND, /* movsx, movsxd */
    FIXUP_ADD,
    FIXUP_SUB,
    FIXUP_LEA, /* of one register and a displacement */
    FIXUP_AND,
    FIXUP_SHL,
    FIXUP_SHR,
    FIXUP_SAR,
    FIXUP_CMP,
    FIXUP_TEST,
    FIXUP_JUMP_IF,
    FIXUP_SET_IF,
    FIXUP_MOVE_IF,
    FIXUP_JUMP,
    FIXUP_CALL,
    FIXUP_RETURN, /* ret, hlt, ud2, jumps to anywhere: nothing follows */
    FIXUP_PUSH,
    FIXUP_NOTHING, /* nop, endbr64 */
};

struct fixup_operand {
    enum { FIXUP_NONE, FIXUP_REGISTER, FIXUP_NUMBER, FIXUP_MEMORY } type;
    uint8_t size;        /* bytes */
    uint8_t reg;         /* REGISTER: 0 to 15 (rax rcx rdx rbx rsp rbp rsi rdi r8 ...) */
    uint8_t base, index; /* MEMORY */
    int64_t number;      /* NUMBER, or displacement */
};

struct fixup_step {
    uint64_t vaddr;
    uint8_t size, op;
    uint8_t condition;       /* as the processor numbers them; JUMP_IF, SET_IF, MOVE_IF */
    bool asks_carry;         /* adc, sbb */
    bool sets_flags;
    bool leader;
    struct fixup_operand a, b;
    uint8_t number_at, number_size; /* where the number (LEA: the displacement) lies; size 0: none */
    uint16_t reads, writes;  /* registers, for OTHER */
    uint32_t target;         /* JUMP, JUMP_IF: index of a step */
};

enum fixup_root {
    ROOT_UNKNOWN,
    ROOT_MAP,
    ROOT_TYPE,       /* the 16 bits of a map's instance type */
    ROOT_TYPE_MAYBE, /* 16 bits at that offset of something that is not known to be a map */
    ROOT_KIND,
    ROOT_NODE,   /* the byte at offset 11 of something */
    ROOT_NUMBER, /* a constant */
    ROOT_MIXED_TYPE, /* one of several things, among them a TYPE or what was made of one */
    ROOT_MIXED_KIND,
    ROOTS,
};

struct fixup_node {
    uint8_t root;
    uint8_t op;     /* OTHER: the root itself */
    uint8_t width;  /* bytes of the register that are known */
    uint8_t size;   /* of the operation; of KIND: 8 when it is the Smi's whole word */
    uint32_t parent;
    uint32_t step;  /* that made it */
    uint32_t next;  /* with the same hash */
    uint32_t other; /* of MAP, TYPE, KIND: node of the object; of an operation: the node of its right
                       side, 0: its number */
};

/* A value is the index of a node, or, where nothing of interest is known, of what defined it. */
#define FIXUP_ANY_OBJECT 1u         /* the node for "one of several" */
#define FIXUP_UNKNOWN 0x80000000u   /* | step * 16 + register */
#define FIXUP_MERGED 0x40000000u    /* | UNKNOWN: of several definitions, where paths meet */

struct fixup_test {
    uint32_t step, left, right; /* nodes; right 0: the number */
    uint8_t op, size;
    bool swapped; /* the instruction has them in the other order */
    uint16_t conditions; /* that are asked, one bit each */
    uint32_t same;       /* anchors that lead to one place: a disjoint set */
    bool resolved;
};

struct fixup_problem {
    uint32_t step;
    uint8_t root;
    const char *text;
};

struct fixup_use {
    uint32_t node, step;
};

struct fixup_merge {
    uint32_t merged, member; /* values */
};

/* Tests that flags may come from: one, or those of two sets. */
struct fixup_flags {
    uint32_t test, left, right; /* each + 1; 0: none */
};

#define FIXUP_BUCKETS 256

struct fixup_list {
    void *items;
    size_t count, room;
};

struct fixup_function {
    const struct fixup_step *steps;
    uint32_t count;
    bool failed; /* no memory, or too much of something */
    struct fixup_list nodes, tests, problems;
    struct fixup_list escapes; /* fixup_use: read by what is not understood */
    struct fixup_list flags, merges;
    uint32_t buckets[FIXUP_BUCKETS];
};

/* fixups_decode.c: the instructions of [vaddr, vaddr + size), from malloc(). False: some bytes are none,
 * or there is no memory. */
bool fixups_decode(const unsigned char *bytes, uint64_t vaddr, size_t size,
                   struct fixup_step **ret_steps, uint32_t *ret_count);
bool fixups_can_decode(void);

/* fixups_flow.c */
void fixups_flow(struct fixup_function *function);
void fixups_flow_release(struct fixup_function *function);

/* fixups_prove.c */
struct fixup_patch {
    uint32_t step;
    int64_t number;
    const char *name;
};
/* Fills patches (one a step, from malloc()) and adds problems for what cannot be repaired. */
bool fixups_prove(struct fixup_function *function, const struct v8_fixup_needs *needs,
                  struct fixup_list *patches);
/* Whether the condition of a test tells value `input` of the root; -1: it cannot be said. */
int fixups_evaluate(const struct fixup_function *function, const struct fixup_test *test,
                    unsigned condition, uint64_t input, const struct fixup_list *patches);
bool fixups_test_is_anchor(const struct fixup_function *function, const struct fixup_test *test,
                           unsigned condition, bool *ret_taken);

/* fixups.c: an item at the end of a list; NULL: no memory. */
void *fixup_list_add(struct fixup_list *list, size_t size);

#define fixup_at(list, type, index) (&((type *)(list).items)[index])

/* fixups_functions.c: where functions are, ascending. */
struct fixup_range {
    uint64_t start, end;
    bool gap; /* between functions that the unwind table tells */
};
enum engraft_status fixups_functions(const struct image *image, struct fixup_list *ranges,
                                     struct engraft_error *reterr);

#endif
