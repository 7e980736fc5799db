/* SPDX-License-Identifier: MIT */
/*
 * Carrying out what a plugin asks of V8's heap, for every value that can be there, before and after a
 * change of its constants.
 *
 * The host's values mean something in the plugin's V8: undefined's kind 4 is its 5. A test is right when
 * it tells of each value of the host what the unchanged code would tell of the value with that meaning.
 * Rows of fixups.def propose changes; one that does not make its test, and every other test of the
 * function, right is not made.
 */
#include <stdlib.h>
#include <string.h>

#include "fixups_flow.h"

#define CHAIN_MAX 24
#define TYPE_LIMIT 0x1000u /* above all instance types */
#define ANY (-1)

enum edit_op { EDIT_END, EDIT_ADD, EDIT_AND, EDIT_CMP, EDIT_TEST };

struct edit {
    uint8_t op;
    int64_t from, to;
};

#define FIXUP(root, from, to, name, edits) {ROOT_##root, from, to, name, {edits}},
#define EDIT(op, from, to) {EDIT_##op, from, to},
static const struct row {
    uint8_t root;
    int from, to;
    const char *name;
    struct edit edits[3];
} rows[] = {
#include "fixups.def"
};
#undef EDIT
#undef FIXUP

/* ---- arithmetic ----------------------------------------------------------------------------------- */

static uint64_t truncate(uint64_t value, unsigned size)
{
    return size >= 8 ? value : value & ((UINT64_C(1) << size * 8) - 1);
}

static uint64_t sign_extend(uint64_t value, unsigned size)
{
    unsigned bits = size >= 8 ? 0 : 64 - size * 8;

    return (uint64_t)((int64_t)(value << bits) >> bits);
}

static const struct fixup_patch *patch_find(const struct fixup_list *patches, uint32_t step)
{
    for (size_t i = 0; patches && i < patches->count; i++)
        if (fixup_at(*patches, struct fixup_patch, i)->step == step)
            return fixup_at(*patches, struct fixup_patch, i);
    return NULL;
}

static uint64_t number_of(const struct fixup_function *function, uint32_t step,
                          const struct fixup_list *patches)
{
    const struct fixup_patch *patch = patch_find(patches, step);

    return (uint64_t)(patch ? patch->number : function->steps[step].b.number);
}

static uint64_t operation(unsigned op, uint64_t left, uint64_t right, unsigned size)
{
    unsigned amount = (unsigned)right & (size == 8 ? 63 : 31);

    switch (op) {
    case FIXUP_MOVE:
        return truncate(left, size);
    case FIXUP_EXTEND:
        return sign_extend(left, size);
    case FIXUP_ADD:
    case FIXUP_LEA:
        return truncate(left + right, size);
    case FIXUP_SUB:
    case FIXUP_CMP:
        return truncate(left - right, size);
    case FIXUP_SHL:
        return truncate(left << amount, size);
    case FIXUP_SHR:
        return truncate(left, size) >> amount;
    case FIXUP_SAR:
        return truncate((uint64_t)((int64_t)sign_extend(left, size) >> amount), size);
    default:
        return truncate(left & right, size);
    }
}

static uint64_t root_value(const struct fixup_node *node, uint64_t input)
{
    switch (node->root) {
    case ROOT_KIND:
        return node->size == 8 ? input << 32 : truncate(input, 4);
    case ROOT_NODE:
        return truncate(input, 1);
    default:
        return truncate(input, 2);
    }
}

static bool value_of(const struct fixup_function *function, uint32_t index, uint64_t input,
                     const struct fixup_list *patches, unsigned depth, uint64_t *ret_value)
{
    const struct fixup_node *node = fixup_at(function->nodes, struct fixup_node, index);
    uint64_t left, right = 0;

    if (node->root == ROOT_NUMBER) {
        *ret_value = number_of(function, node->step, patches);
        if (function->steps[node->step].a.size == 4)
            *ret_value = truncate(*ret_value, 4);
        return true;
    }
    if (!node->op) {
        *ret_value = root_value(node, input);
        return true;
    }
    if (depth == CHAIN_MAX || !value_of(function, node->parent, input, patches, depth + 1, &left))
        return false;
    if (node->other) {
        if (!value_of(function, node->other, input, patches, depth + 1, &right))
            return false;
    } else if (node->op != FIXUP_MOVE && node->op != FIXUP_EXTEND) {
        right = number_of(function, node->step, patches);
    }
    *ret_value = operation(node->op, left, right, node->size);
    if (node->op == FIXUP_EXTEND) /* of a whole register, or of its lower half */
        *ret_value = truncate(*ret_value, function->steps[node->step].a.size);
    return true;
}

struct flags {
    bool carry, zero, sign, overflow;
    bool known; /* carry and overflow are */
};

static struct flags flags_of_operation(unsigned op, uint64_t left, uint64_t right, unsigned size)
{
    uint64_t result = operation(op, left, right, size), top = UINT64_C(1) << (size * 8 - 1);
    struct flags flags = {.zero = result == 0, .sign = result & top, .known = true};

    left = truncate(left, size);
    right = truncate(right, size);
    if (op == FIXUP_SUB || op == FIXUP_CMP) {
        flags.carry = left < right;
        flags.overflow = (left ^ right) & (left ^ result) & top;
    } else if (op == FIXUP_ADD) {
        flags.carry = result < left;
        flags.overflow = ~(left ^ right) & (left ^ result) & top;
    } else {
        flags.known = op == FIXUP_AND || op == FIXUP_TEST;
    }
    return flags;
}

static int condition_of(const struct flags *flags, unsigned condition)
{
    bool result;

    switch (condition >> 1) {
    case 0:
        result = flags->overflow;
        break;
    case 1:
        result = flags->carry;
        break;
    case 2:
        result = flags->zero;
        break;
    case 3:
        result = flags->carry || flags->zero;
        break;
    case 4:
        result = flags->sign;
        break;
    case 6:
        result = flags->sign != flags->overflow;
        break;
    case 7:
        result = flags->zero || flags->sign != flags->overflow;
        break;
    default: /* parity */
        return -1;
    }
    if (!flags->known && condition >> 1 != 2 && condition >> 1 != 4)
        return -1;
    return result != (condition & 1);
}

int fixups_evaluate(const struct fixup_function *function, const struct fixup_test *test,
                    unsigned condition, uint64_t input, const struct fixup_list *patches)
{
    uint64_t left, right = number_of(function, test->step, patches);
    struct flags flags;

    if (!value_of(function, test->left, input, patches, 0, &left) ||
        (test->right && !value_of(function, test->right, input, patches, 0, &right)))
        return -1;
    flags = test->swapped ? flags_of_operation(test->op, right, left, test->size)
                          : flags_of_operation(test->op, left, right, test->size);
    return condition_of(&flags, condition);
}

/* ---- what values mean ------------------------------------------------------------------------------- */

static unsigned test_root_of(const struct fixup_function *function, const struct fixup_test *test)
{
    return fixup_at(function->nodes, struct fixup_node, test->left)->root;
}

/* Value `index` of the host's V8, and what the plugin's V8 has for it. False after the last. */
static bool meaning(unsigned root, const struct v8_fixup_needs *needs, unsigned index,
                    uint64_t *ret_host, uint64_t *ret_plugin)
{
    static const uint8_t kinds[] = {0, 1, 2, 3}; /* false, true, the hole, null */

    *ret_host = index;
    switch (root) {
    case ROOT_KIND:
        if (!needs->undefined_from || index > sizeof kinds)
            return false;
        *ret_host = index < sizeof kinds ? kinds[index] : needs->undefined_to;
        *ret_plugin = index < sizeof kinds ? kinds[index] : needs->undefined_from;
        return true;
    case ROOT_NODE:
        *ret_plugin = index & ~(uint64_t)(needs->weak_from ^ needs->weak_to);
        return needs->weak_from && index < 256;
    case ROOT_TYPE:
    case ROOT_TYPE_MAYBE:
        *ret_plugin = index >= 0x400 && index <= 0x80a ? 0x412 : index; /* has no fields */
        return needs->fields && index < TYPE_LIMIT;
    default:
        return false;
    }
}

/* String::GetExternalStringResource() and GetExternalStringResourceBase(): of a type they ask no more than
 * a string's representation and encoding (mask 15; compilers also ask it as 7 and 8), which mean the same
 * from 10.2 to 14.6. Whether an object has fields cannot be told by these four bits. */
static bool test_is_of_strings(const struct fixup_function *function, const struct fixup_test *test,
                               const struct fixup_list *patches)
{
    const uint64_t mask = 15;
    unsigned root = test_root_of(function, test);

    if (root != ROOT_TYPE && root != ROOT_TYPE_MAYBE)
        return false;
    for (unsigned condition = 0; condition < 16; condition++) {
        if (!(test->conditions >> condition & 1))
            continue;
        for (uint64_t i = 0; i < TYPE_LIMIT; i++) {
            int is = fixups_evaluate(function, test, condition, i, patches);

            if (is < 0 || is != fixups_evaluate(function, test, condition, i & mask, NULL))
                return false;
        }
    }
    return true;
}

/* Whether the test, with the patches, tells of the host's values what it should. */
static bool test_is_right(const struct fixup_function *function, const struct fixup_test *test,
                          const struct v8_fixup_needs *needs, const struct fixup_list *patches)
{
    unsigned root = test_root_of(function, test);
    uint64_t host, plugin;

    if (test_is_of_strings(function, test, patches))
        return true;
    for (unsigned i = 0; meaning(root, needs, i, &host, &plugin); i++)
        for (unsigned condition = 0; condition < 16; condition++) {
            int is, wanted;

            if (!(test->conditions >> condition & 1))
                continue;
            is = fixups_evaluate(function, test, condition, host, patches);
            wanted = fixups_evaluate(function, test, condition, plugin, NULL);
            if (is < 0 || is != wanted)
                return false;
        }
    return true;
}

bool fixups_test_is_anchor(const struct fixup_function *function, const struct fixup_test *test,
                           unsigned condition, bool *ret_taken)
{
    const uint64_t oddball = 0x83;
    unsigned root = test_root_of(function, test);
    int answer, other;

    if (root != ROOT_TYPE && root != ROOT_TYPE_MAYBE)
        return false;
    answer = fixups_evaluate(function, test, condition, oddball, NULL);
    if (answer < 0)
        return false;
    for (uint64_t i = 0; i < TYPE_LIMIT; i++) {
        other = fixups_evaluate(function, test, condition, i, NULL);
        if (other < 0 || (i != oddball && other == answer))
            return false;
    }
    *ret_taken = answer;
    return true;
}

/* ---- rows -------------------------------------------------------------------------------------------- */

struct chain {
    struct {
        uint8_t op;
        int64_t number;
        uint32_t step; /* whose number it is */
    } links[CHAIN_MAX];
    unsigned count;
};

static bool chain_add(const struct fixup_function *function, struct chain *chain, unsigned op,
                      uint32_t step, uint32_t other, unsigned size)
{
    int64_t number;

    if (other) {
        const struct fixup_node *node = fixup_at(function->nodes, struct fixup_node, other);

        if (node->root != ROOT_NUMBER)
            return true; /* test r, r */
        step = node->step;
    }
    number = (int64_t)sign_extend((uint64_t)function->steps[step].b.number, size);
    if (chain->count == CHAIN_MAX)
        return false;
    if (op == FIXUP_SUB)
        number = -number;
    chain->links[chain->count].op = op == FIXUP_CMP    ? EDIT_CMP
                                    : op == FIXUP_TEST ? EDIT_TEST
                                    : op == FIXUP_AND  ? EDIT_AND
                                    : op == FIXUP_ADD || op == FIXUP_SUB || op == FIXUP_LEA
                                        ? EDIT_ADD
                                        : EDIT_END;
    chain->links[chain->count].number = number;
    chain->links[chain->count++].step = step;
    return true;
}

/* The numbers on the way from the root to the test, in order. */
static bool chain_make(const struct fixup_function *function, const struct fixup_test *test,
                       struct chain *ret_chain)
{
    uint32_t way[CHAIN_MAX];
    unsigned count = 0;

    for (uint32_t i = test->left;;) {
        const struct fixup_node *node = fixup_at(function->nodes, struct fixup_node, i);

        if (!node->op)
            break;
        if (count == CHAIN_MAX)
            return false;
        way[count++] = i;
        i = node->parent;
    }
    ret_chain->count = 0;
    while (count) {
        const struct fixup_node *node = fixup_at(function->nodes, struct fixup_node, way[--count]);

        if (node->op != FIXUP_MOVE && node->op != FIXUP_EXTEND &&
            !chain_add(function, ret_chain, node->op, node->step, node->other, node->size))
            return false;
    }
    return chain_add(function, ret_chain, test->op, test->step, test->right, test->size);
}

static bool row_matches(const struct row *row, const struct chain *chain, uint32_t *ret_steps)
{
    unsigned at = 0;

    for (unsigned i = 0; row->edits[i].op; i++) {
        while (at < chain->count && (chain->links[at].op != row->edits[i].op ||
                                     chain->links[at].number != row->edits[i].from))
            at++;
        if (at == chain->count)
            return false;
        ret_steps[i] = chain->links[at++].step;
    }
    return true;
}

/* A row that is about another root, or other constants. */
static bool row_is_strange(const struct row *row, unsigned root, const struct v8_fixup_needs *needs)
{
    if (root == ROOT_TYPE_MAYBE)
        root = ROOT_TYPE;
    if (row->root != root)
        return true;
    if (root == ROOT_KIND)
        return row->from != needs->undefined_from || row->to != needs->undefined_to;
    return root == ROOT_NODE && (row->from != needs->weak_from || row->to != needs->weak_to);
}

static bool patch_add(struct fixup_list *patches, const struct fixup_patch *patch)
{
    const struct fixup_patch *known = patch_find(patches, patch->step);
    struct fixup_patch *item;

    if (known)
        return known->number == patch->number;
    item = fixup_list_add(patches, sizeof *item);
    if (item)
        *item = *patch;
    return item != NULL;
}

static bool row_apply(const struct fixup_function *function, const struct row *row,
                      const uint32_t *steps, struct fixup_list *patches)
{
    for (unsigned i = 0; row->edits[i].op; i++) {
        struct fixup_patch patch = {steps[i], row->edits[i].to, row->name};

        if (row->edits[i].from == row->edits[i].to)
            continue;
        if (function->steps[steps[i]].op == FIXUP_SUB)
            patch.number = -patch.number;
        if (!patch_add(patches, &patch))
            return false;
    }
    return true;
}

static bool test_repair(const struct fixup_function *function, const struct fixup_test *test,
                        const struct v8_fixup_needs *needs, struct fixup_list *patches)
{
    struct chain chain;
    uint32_t steps[3];

    if (!chain_make(function, test, &chain))
        return false;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t before = patches->count;

        if (row_is_strange(&rows[i], test_root_of(function, test), needs) ||
            !row_matches(&rows[i], &chain, steps))
            continue;
        if (row_apply(function, &rows[i], steps, patches) &&
            test_is_right(function, test, needs, patches))
            return true;
        patches->count = before;
    }
    return false;
}

/* ---- a function -------------------------------------------------------------------------------------- */

static bool problem_add(struct fixup_function *function, uint32_t step, unsigned root,
                        const char *text)
{
    struct fixup_problem *problem = fixup_list_add(&function->problems, sizeof *problem);

    if (problem)
        *problem = (struct fixup_problem){step, (uint8_t)root, text};
    return problem != NULL;
}

static bool root_is_needed(unsigned root, const struct v8_fixup_needs *needs)
{
    uint64_t host, plugin;

    return meaning(root, needs, 0, &host, &plugin);
}

/* A number in memory that is not as wide as what is to be written there. */
static bool patch_fits(const struct fixup_function *function, const struct fixup_patch *patch)
{
    const struct fixup_step *step = &function->steps[patch->step];
    uint64_t number = (uint64_t)patch->number;

    if (!step->number_size)
        return false;
    if (step->number_size >= step->a.size)
        return true;
    return truncate(sign_extend(number, step->number_size), step->a.size) ==
           truncate(number, step->a.size);
}

static bool node_has_step(const struct fixup_function *function, uint32_t index, uint32_t step)
{
    for (unsigned depth = 0; depth < CHAIN_MAX; depth++) {
        const struct fixup_node *node = fixup_at(function->nodes, struct fixup_node, index);

        if (node->root == ROOT_NUMBER)
            return node->step == step;
        if (!node->op)
            return false;
        if (node->step == step ||
            (node->other && node_has_step(function, node->other, step)))
            return true;
        index = node->parent;
    }
    return true;
}

/* What a patch changes is read by something that is not understood. */
static bool patch_escapes(const struct fixup_function *function, uint32_t step)
{
    for (size_t i = 0; i < function->escapes.count; i++)
        if (node_has_step(function, fixup_at(function->escapes, struct fixup_use, i)->node, step))
            return true;
    return false;
}

/* A value of the heap that goes where nobody looks. Masked, it is a string's encoding. */
static bool escapes_check(struct fixup_function *function, const struct v8_fixup_needs *needs)
{
    for (size_t i = 0; i < function->escapes.count; i++) {
        const struct fixup_use *use = fixup_at(function->escapes, struct fixup_use, i);
        const struct fixup_node *node = fixup_at(function->nodes, struct fixup_node, use->node);

        if ((node->root != ROOT_KIND && node->root != ROOT_TYPE) ||
            (node->root == ROOT_TYPE && (node->op == FIXUP_AND || !needs->fields)) ||
            !root_is_needed(node->root, needs))
            continue;
        if (!problem_add(function, use->step, node->root,
                         "a value of V8's heap is used in a way that is not known"))
            return false;
    }
    return true;
}

/* Bytes at offset 11 are everywhere: one is a node's state if a row says so. */
static bool test_is_of_interest(const struct fixup_function *function, const struct fixup_test *test,
                                const struct fixup_list *patches)
{
    bool interesting = test_root_of(function, test) != ROOT_NODE;

    for (size_t i = 0; !interesting && i < patches->count; i++)
        interesting = node_has_step(function, test->left,
                                    fixup_at(*patches, struct fixup_patch, i)->step);
    return test->conditions && interesting;
}

static bool tests_repair(struct fixup_function *function, const struct v8_fixup_needs *needs,
                         struct fixup_list *patches)
{
    for (size_t i = 0; i < function->tests.count; i++) {
        const struct fixup_test *test = fixup_at(function->tests, struct fixup_test, i);

        if (test->conditions && !test_is_right(function, test, needs, patches))
            test_repair(function, test, needs, patches);
    }
    /* A patch may have changed a number that another test, already seen, reads too. */
    for (size_t i = 0; i < function->tests.count; i++) {
        const struct fixup_test *test = fixup_at(function->tests, struct fixup_test, i);
        unsigned root = test_root_of(function, test);

        if (!test_is_of_interest(function, test, patches) ||
            test_is_right(function, test, needs, patches))
            continue;
        if (!problem_add(function, test->step, root, "this test of a value of V8's heap is not known"))
            return false;
    }
    return true;
}

bool fixups_prove(struct fixup_function *function, const struct v8_fixup_needs *needs,
                  struct fixup_list *patches)
{
    if (!tests_repair(function, needs, patches) || !escapes_check(function, needs))
        return false;
    for (size_t i = 0; i < patches->count; i++) {
        const struct fixup_patch *patch = fixup_at(*patches, struct fixup_patch, i);

        if (patch_fits(function, patch) && !patch_escapes(function, patch->step))
            continue;
        if (!problem_add(function, patch->step, ROOTS, "a constant of this test has other uses"))
            return false;
    }
    return true;
}
