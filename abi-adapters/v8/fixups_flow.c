/* SPDX-License-Identifier: MIT */
/*
 * What registers hold along the paths of one function: see fixups_flow.h.
 *
 * First until nothing changes, then once more to note tests, and uses that are not understood. Compilers
 * do not read what is dead, so that a register in which two paths left two things, one of them of V8's
 * heap, is of no interest until it is read; then it is a problem.
 */
#include <stdlib.h>
#include <string.h>

#include "fixups_state.h"

#define ROUNDS_MAX 64u /* visits of a block, on average */

/* ---- paths ----------------------------------------------------------------------------------------- */

static bool state_join(struct flow *flow, struct state *to, const struct state *from, uint32_t step)
{
    struct state before = *to;

    for (unsigned i = 0; i < 16; i++)
        to->registers[i] = value_join(flow, to->registers[i], from->registers[i], step, i);
    to->flags = flags_join(flow, to->flags, from->flags);
    if (!to->oddball || !from->oddball) {
        to->oddball = to->anchor = 0;
    } else {
        if (to->oddball != from->oddball)
            to->oddball = FIXUP_ANY_OBJECT;
        to->anchor = tests_union(flow, to->anchor, from->anchor);
    }
    return memcmp(&before, to, sizeof before) != 0;
}

static void block_reach(struct flow *flow, uint32_t step, const struct state *state)
{
    if (step >= flow->function->count)
        return;
    if (!flow->known[step]) {
        flow->states[step] = *state;
        flow->known[step] = true;
    } else if (!state_join(flow, &flow->states[step], state, step)) {
        return;
    }
    if (!flow->waiting[step]) {
        flow->waiting[step] = true;
        flow->queue[flow->queued++] = step;
    }
}

/* Where the condition of an anchor leads to, the object is an oddball. */
static void oddball_find(const struct flow *flow, struct state *taken, struct state *next,
                         unsigned condition)
{
    const struct fixup_flags *flags;
    const struct fixup_test *test;
    const struct fixup_node *node;
    bool is_taken;

    if (!taken->flags)
        return;
    flags = fixup_at(flow->function->flags, struct fixup_flags, taken->flags - 1);
    if (!flags->test)
        return;
    test = fixup_at(flow->function->tests, struct fixup_test, flags->test - 1);
    if (!fixups_test_is_anchor(flow->function, test, condition, &is_taken))
        return;
    for (node = node_of(flow, test->left); node->op; node = node_of(flow, node->parent))
        ;
    if (!is_taken)
        taken = next;
    taken->oddball = node->other ? node->other : FIXUP_ANY_OBJECT;
    taken->anchor = flags->test;
}

/* Returns the step behind the block. */
static uint32_t block_flow(struct flow *flow, uint32_t step)
{
    const struct fixup_function *function = flow->function;
    struct state state = flow->states[step];

    for (; step < function->count && !function->failed; step++) {
        const struct fixup_step *at = &function->steps[step];
        struct state taken;

        step_flow(flow, &state, step);
        if (at->op == FIXUP_RETURN)
            return step + 1;
        if (at->op == FIXUP_JUMP) {
            if (!flow->noting && at->target != FIXUP_ELSEWHERE)
                block_reach(flow, at->target, &state);
            return step + 1;
        }
        if (at->op == FIXUP_JUMP_IF && !flow->noting) {
            taken = state;
            oddball_find(flow, &taken, &state, at->condition);
            if (at->target != FIXUP_ELSEWHERE)
                block_reach(flow, at->target, &taken);
        }
        if (step + 1 < function->count && function->steps[step + 1].leader) {
            if (!flow->noting)
                block_reach(flow, step + 1, &state);
            return step + 1;
        }
    }
    return step;
}

static void state_unknown(struct state *state, uint32_t step)
{
    memset(state, 0, sizeof *state);
    for (unsigned i = 0; i < 16; i++)
        state->registers[i] = unknown(step, i) | FIXUP_MERGED;
}

static bool blocks_flow(struct flow *flow)
{
    uint64_t visits = 0, limit = (uint64_t)ROUNDS_MAX * flow->function->count + 1024;

    while (flow->queued && !flow->function->failed) {
        uint32_t step = flow->queue[--flow->queued];

        flow->waiting[step] = false;
        block_flow(flow, step);
        if (++visits > limit)
            return false;
    }
    return !flow->function->failed;
}

/* What only a table of jumps or an exception leads to starts with nothing known. */
static bool function_flow(struct flow *flow)
{
    struct fixup_function *function = flow->function;
    struct fixup_step *steps = (struct fixup_step *)(uintptr_t)function->steps;
    bool after = true;

    for (uint32_t i = 0; i < function->count; i++) {
        struct state state;

        if (after && steps[i].op == FIXUP_NOTHING && i)
            continue; /* padding */
        if (after || (steps[i].leader && !flow->known[i])) {
            steps[i].leader = true;
            if (!flow->known[i]) {
                state_unknown(&state, i);
                block_reach(flow, i, &state);
            }
            if (!blocks_flow(flow))
                return false;
        }
        after = steps[i].op == FIXUP_RETURN || steps[i].op == FIXUP_JUMP;
    }
    flow->noting = true;
    for (uint32_t i = 0; i < function->count; i++)
        if (flow->known[i])
            block_flow(flow, i);
    return !function->failed;
}

static bool anchor_is_asked(const struct fixup_function *function, const struct fixup_test *test)
{
    bool taken;

    for (unsigned i = 0; i < 16; i++)
        if (test->conditions >> i & 1 && fixups_test_is_anchor(function, test, i, &taken))
            return true;
    return false;
}

static void anchors_check(struct flow *flow)
{
    struct fixup_function *function = flow->function;

    for (size_t i = 0; i < function->tests.count; i++) {
        const struct fixup_test *test = fixup_at(function->tests, struct fixup_test, i);
        uint32_t same = test_find(function, (uint32_t)i);

        if (anchor_is_asked(function, test) &&
            !fixup_at(function->tests, struct fixup_test, same)->resolved)
            problem_add(flow, test->step, ROOT_KIND,
                        "an oddball is recognised and its kind is not seen to be read");
    }
}

void fixups_flow(struct fixup_function *function)
{
    struct flow flow = {.function = function};
    size_t count = function->count + 1u;

    flow.states = calloc(count, sizeof *flow.states);
    flow.known = calloc(count, sizeof *flow.known);
    flow.waiting = calloc(count, sizeof *flow.waiting);
    flow.queue = calloc(count, sizeof *flow.queue);
    if (!flow.states || !flow.known || !flow.waiting || !flow.queue ||
        !fixup_list_add(&function->nodes, sizeof(struct fixup_node)) ||
        !fixup_list_add(&function->nodes, sizeof(struct fixup_node))) {
        function->failed = true;
    } else {
        memset(function->nodes.items, 0, 2 * sizeof(struct fixup_node));
        if (function_flow(&flow))
            anchors_check(&flow);
        else
            function->failed = true;
    }
    free(flow.states);
    free(flow.known);
    free(flow.waiting);
    free(flow.queue);
}

void fixups_flow_release(struct fixup_function *function)
{
    free(function->nodes.items);
    free(function->tests.items);
    free(function->problems.items);
    free(function->escapes.items);
    free(function->flags.items);
    free(function->merges.items);
}
