/* SPDX-License-Identifier: MIT */
/* Values: what they are made of, who reads them, which tests flags come from. See fixups_flow.h. */
#include <string.h>

#include "fixups_state.h"

#define NODES_MAX 65536u

/* ---- nodes ---------------------------------------------------------------------------------------- */

const struct fixup_node *node_of(const struct flow *flow, uint32_t value)
{
    static const struct fixup_node unknown;

    return value & FIXUP_UNKNOWN ? &unknown
                                 : fixup_at(flow->function->nodes, struct fixup_node, value);
}

static uint32_t node_hash(const struct fixup_node *node)
{
    uint32_t hash = node->root * 31u + node->op;

    hash = hash * 31 + node->parent;
    hash = hash * 31 + node->step;
    hash = hash * 31 + node->other;
    return (hash ^ hash >> 11) % FIXUP_BUCKETS;
}

static bool node_equal(const struct fixup_node *a, const struct fixup_node *b)
{
    return a->root == b->root && a->op == b->op && a->width == b->width && a->size == b->size &&
           a->parent == b->parent && a->step == b->step && a->other == b->other;
}

uint32_t node_make(struct flow *flow, struct fixup_node node)
{
    struct fixup_function *function = flow->function;
    uint32_t hash = node_hash(&node);
    struct fixup_node *item;

    for (uint32_t i = function->buckets[hash]; i; i = node_of(flow, i)->next)
        if (node_equal(node_of(flow, i), &node))
            return i;
    item = function->nodes.count < NODES_MAX ? fixup_list_add(&function->nodes, sizeof *item) : NULL;
    if (!item) {
        function->failed = true;
        return FIXUP_UNKNOWN;
    }
    node.next = function->buckets[hash];
    *item = node;
    function->buckets[hash] = (uint32_t)function->nodes.count - 1;
    return function->buckets[hash];
}

uint32_t unknown(uint32_t step, unsigned reg)
{
    return FIXUP_UNKNOWN | (step * 16 + reg);
}

bool is_tracked(const struct flow *flow, uint32_t value)
{
    unsigned root = node_of(flow, value)->root;

    return root == ROOT_TYPE || root == ROOT_TYPE_MAYBE || root == ROOT_KIND || root == ROOT_NODE;
}

static bool is_mixed(const struct flow *flow, uint32_t value)
{
    unsigned root = node_of(flow, value)->root;

    return root == ROOT_MIXED_TYPE || root == ROOT_MIXED_KIND;
}

bool is_number(const struct flow *flow, uint32_t value)
{
    return node_of(flow, value)->root == ROOT_NUMBER;
}

/* ---- what was found ------------------------------------------------------------------------------ */

void problem_add(struct flow *flow, uint32_t step, unsigned root, const char *text)
{
    struct fixup_problem *problem;

    if (!flow->noting)
        return;
    problem = fixup_list_add(&flow->function->problems, sizeof *problem);
    if (problem)
        *problem = (struct fixup_problem){step, (uint8_t)root, text};
    else
        flow->function->failed = true;
}

static void escape_add(struct flow *flow, uint32_t node, uint32_t step)
{
    struct fixup_use *use = fixup_list_add(&flow->function->escapes, sizeof *use);

    if (use)
        *use = (struct fixup_use){node, step};
    else
        flow->function->failed = true;
}

static void member_use(struct flow *flow, uint32_t value, uint32_t step, unsigned depth)
{
    const struct fixup_list *merges = &flow->function->merges;

    if (!flow->noting)
        return;
    if (is_mixed(flow, value))
        problem_add(flow, step, node_of(flow, value)->root == ROOT_MIXED_KIND ? ROOT_KIND : ROOT_TYPE,
                    "a value that paths have in several forms is read");
    else if (is_tracked(flow, value) || is_number(flow, value))
        escape_add(flow, value, step);
    else if (value & FIXUP_UNKNOWN && value & FIXUP_MERGED)
        for (size_t i = 0; depth < 4 && i < merges->count; i++)
            if (fixup_at(*merges, struct fixup_merge, i)->merged == value)
                member_use(flow, fixup_at(*merges, struct fixup_merge, i)->member, step, depth + 1);
}

void value_use(struct flow *flow, uint32_t value, uint32_t step)
{
    member_use(flow, value, step, 0);
}

void register_use(struct flow *flow, const struct state *state, unsigned reg, uint32_t step)
{
    if (reg < 16)
        value_use(flow, state->registers[reg], step);
}

/* ---- tests and flags ------------------------------------------------------------------------------ */

static uint32_t test_root(const struct fixup_function *function, uint32_t test)
{
    return fixup_at(function->tests, struct fixup_test, test)->same;
}

uint32_t test_find(const struct fixup_function *function, uint32_t test)
{
    while (test_root(function, test) != test)
        test = test_root(function, test);
    return test;
}

uint32_t tests_union(struct flow *flow, uint32_t a, uint32_t b)
{
    a = test_find(flow->function, a - 1);
    b = test_find(flow->function, b - 1);
    fixup_at(flow->function->tests, struct fixup_test, a < b ? b : a)->same = a < b ? a : b;
    return (a < b ? a : b) + 1;
}

static uint32_t flags_make(struct flow *flow, struct fixup_flags flags)
{
    struct fixup_list *list = &flow->function->flags;
    struct fixup_flags *item;

    for (size_t i = 0; i < list->count; i++) {
        item = fixup_at(*list, struct fixup_flags, i);
        if (item->test == flags.test && item->left == flags.left && item->right == flags.right)
            return (uint32_t)i + 1;
    }
    item = list->count < 4096 ? fixup_list_add(list, sizeof *item) : NULL;
    if (!item) {
        flow->function->failed = true;
        return 0;
    }
    *item = flags;
    return (uint32_t)list->count;
}

static bool flags_contain(const struct flow *flow, uint32_t set, uint32_t what)
{
    const struct fixup_flags *flags;

    if (set == what || !set)
        return set == what;
    flags = fixup_at(flow->function->flags, struct fixup_flags, set - 1);
    return flags_contain(flow, flags->left, what) || flags_contain(flow, flags->right, what);
}

uint32_t flags_join(struct flow *flow, uint32_t a, uint32_t b)
{
    if (!b || flags_contain(flow, a, b))
        return a;
    if (!a || flags_contain(flow, b, a))
        return b;
    return flags_make(flow, (struct fixup_flags){0, a, b});
}

void flags_ask(struct flow *flow, uint32_t set, unsigned condition)
{
    const struct fixup_flags *flags;

    if (!set || !flow->noting)
        return;
    flags = fixup_at(flow->function->flags, struct fixup_flags, set - 1);
    if (flags->test)
        fixup_at(flow->function->tests, struct fixup_test, flags->test - 1)->conditions |=
            (uint16_t)(1u << condition);
    flags_ask(flow, flags->left, condition);
    flags_ask(flow, flags->right, condition);
}

uint32_t flags_of(struct flow *flow, struct fixup_test test)
{
    struct fixup_list *tests = &flow->function->tests;
    struct fixup_test *item;

    for (size_t i = 0; i < tests->count; i++) {
        item = fixup_at(*tests, struct fixup_test, i);
        if (item->step == test.step && item->left == test.left && item->right == test.right)
            return flags_make(flow, (struct fixup_flags){.test = (uint32_t)i + 1});
    }
    item = fixup_list_add(tests, sizeof *item);
    if (!item) {
        flow->function->failed = true;
        return 0;
    }
    test.same = (uint32_t)tests->count - 1;
    *item = test;
    return flags_make(flow, (struct fixup_flags){.test = (uint32_t)tests->count});
}

/* ---- where paths meet ------------------------------------------------------------------------------ */

static void merge_add(struct flow *flow, uint32_t merged, uint32_t member)
{
    struct fixup_list *merges = &flow->function->merges;
    struct fixup_merge *merge;

    if (merged == member || !(is_number(flow, member) || member & FIXUP_MERGED))
        return;
    for (size_t i = 0; i < merges->count; i++) {
        merge = fixup_at(*merges, struct fixup_merge, i);
        if (merge->merged == merged && merge->member == member)
            return;
    }
    merge = merges->count < NODES_MAX ? fixup_list_add(merges, sizeof *merge) : NULL;
    if (merge)
        *merge = (struct fixup_merge){merged, member};
    else
        flow->function->failed = true;
}

/* Two values that were made by the same instructions, of one of several objects: 0 when they are not. */
static uint32_t nodes_join(struct flow *flow, uint32_t a, uint32_t b, unsigned depth)
{
    struct fixup_node left = *node_of(flow, a), right = *node_of(flow, b);

    if (a == b)
        return a;
    if (left.root != right.root || left.op != right.op || left.width != right.width ||
        left.size != right.size || left.step != right.step || depth == 8)
        return 0;
    if (!left.op) {
        if (left.root != ROOT_MAP && left.root != ROOT_TYPE)
            return 0;
        left.other = FIXUP_ANY_OBJECT;
        return node_make(flow, left);
    }
    if (left.other != right.other) /* the right side of an operation */
        return 0;
    left.parent = nodes_join(flow, left.parent, right.parent, depth + 1);
    return left.parent ? node_make(flow, left) : 0;
}

/* One of two values, where paths meet at `step`. */
uint32_t value_join(struct flow *flow, uint32_t a, uint32_t b, uint32_t step, unsigned reg)
{
    unsigned left = node_of(flow, a)->root, right = node_of(flow, b)->root;
    uint32_t merged = unknown(step, reg) | FIXUP_MERGED;
    uint32_t joined = nodes_join(flow, a, b, 0);

    if (joined)
        return joined;
    if (left == ROOT_KIND || right == ROOT_KIND || left == ROOT_MIXED_KIND ||
        right == ROOT_MIXED_KIND)
        return node_make(flow, (struct fixup_node){.root = ROOT_MIXED_KIND});
    if (left == ROOT_TYPE || right == ROOT_TYPE || left == ROOT_MIXED_TYPE ||
        right == ROOT_MIXED_TYPE)
        return node_make(flow, (struct fixup_node){.root = ROOT_MIXED_TYPE});
    merge_add(flow, merged, a);
    merge_add(flow, merged, b);
    return merged;
}
