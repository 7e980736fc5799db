/* SPDX-License-Identifier: MIT */
/* What fixups_flow.c (paths), fixups_steps.c (instructions) and fixups_values.c (values) share. */
#ifndef ENGRAFT_V8_FIXUPS_STATE_H
#define ENGRAFT_V8_FIXUPS_STATE_H

#include "fixups_flow.h"

struct state {
    uint32_t registers[16]; /* values */
    uint32_t flags;         /* index + 1 of a set; 0: of nothing that is tracked */
    uint32_t oddball;       /* the value that is one here; 0: none */
    uint32_t anchor;        /* test + 1 that told */
};

struct flow {
    struct fixup_function *function;
    struct state *states; /* by step, for leaders */
    bool *known, *waiting;
    uint32_t *queue;
    uint32_t queued;
    bool noting; /* the last pass */
};

/* ---- fixups_values.c ---- */

const struct fixup_node *node_of(const struct flow *flow, uint32_t value);
uint32_t node_make(struct flow *flow, struct fixup_node node);
uint32_t unknown(uint32_t step, unsigned reg);
bool is_tracked(const struct flow *flow, uint32_t value);
bool is_number(const struct flow *flow, uint32_t value);
/* One of two values, where paths meet at `step`. */
uint32_t value_join(struct flow *flow, uint32_t a, uint32_t b, uint32_t step, unsigned reg);

void problem_add(struct flow *flow, uint32_t step, unsigned root, const char *text);
/* A value, or that of a register, is read by what is not understood. */
void value_use(struct flow *flow, uint32_t value, uint32_t step);
void register_use(struct flow *flow, const struct state *state, unsigned reg, uint32_t step);

/* Which test a test is the same anchor as. */
uint32_t test_find(const struct fixup_function *function, uint32_t test);
uint32_t tests_union(struct flow *flow, uint32_t a, uint32_t b);
/* Flags: sets of tests. */
uint32_t flags_of(struct flow *flow, struct fixup_test test);
uint32_t flags_join(struct flow *flow, uint32_t a, uint32_t b);
void flags_ask(struct flow *flow, uint32_t set, unsigned condition);

/* ---- fixups_steps.c ---- */

void step_flow(struct flow *flow, struct state *state, uint32_t index);

#endif
