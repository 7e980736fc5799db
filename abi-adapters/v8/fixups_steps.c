/* SPDX-License-Identifier: MIT */
/* What an instruction makes of what registers hold. */
#include "fixups_state.h"

/* ---- reading ---------------------------------------------------------------------------------------- */

static void address_use(struct flow *flow, const struct state *state,
                        const struct fixup_operand *operand, uint32_t step)
{
    if (operand->type != FIXUP_MEMORY)
        return;
    register_use(flow, state, operand->base, step);
    register_use(flow, state, operand->index, step);
}

static uint32_t load_kind(struct flow *flow, const struct state *state, uint32_t object, unsigned size)
{
    if (!state->oddball || (state->oddball != FIXUP_ANY_OBJECT && state->oddball != object))
        return 0;
    if (flow->noting)
        fixup_at(flow->function->tests, struct fixup_test,
                 test_find(flow->function, state->anchor - 1))->resolved = true;
    return node_make(flow, (struct fixup_node){.root = ROOT_KIND, .width = 8, .size = (uint8_t)size});
}

/* What memory holds; 0: nothing of interest. `width`: how much of a register it fills. */
static uint32_t load(struct flow *flow, const struct state *state,
                     const struct fixup_operand *operand, unsigned width)
{
    struct fixup_node node = {.width = (uint8_t)width, .size = operand->size};
    uint32_t object;

    if (operand->base >= 16 || operand->index != FIXUP_NO_REGISTER)
        return 0;
    object = state->registers[operand->base];
    if (operand->size == 8 && operand->number == -1) {
        node.root = ROOT_MAP;
        node.other = object;
        return node_make(flow, node);
    }
    if (operand->size == 2 && operand->number == 0xb) {
        node.root = node_of(flow, object)->root == ROOT_MAP ? ROOT_TYPE : ROOT_TYPE_MAYBE;
        node.other = node.root == ROOT_TYPE ? node_of(flow, object)->other : 0;
        return node_make(flow, node);
    }
    if (operand->size == 1 && operand->number == 0xb && node_of(flow, object)->root != ROOT_MAP) {
        node.root = ROOT_NODE;
        return node_make(flow, node);
    }
    if ((operand->size == 4 && operand->number == 0x2b) ||
        (operand->size == 8 && operand->number == 0x27))
        return load_kind(flow, state, object, operand->size);
    return 0;
}

/* The value of an operand, 0 when it is of no interest; what its address needs is read. */
static uint32_t operand_read(struct flow *flow, const struct state *state,
                             const struct fixup_operand *operand, uint32_t step)
{
    uint32_t value;

    address_use(flow, state, operand, step);
    if (operand->type == FIXUP_MEMORY)
        return load(flow, state, operand, 8);
    if (operand->type != FIXUP_REGISTER || operand->reg >= 16)
        return 0;
    value = state->registers[operand->reg];
    if (is_tracked(flow, value) && node_of(flow, value)->width < operand->size) {
        value_use(flow, value, step);
        return 0;
    }
    return value;
}

/* Of the left side of an operation: and eax, 7 asks for no more than al. */
static uint32_t left_read(struct flow *flow, const struct state *state,
                          const struct fixup_step *step, uint32_t index)
{
    struct fixup_operand operand = step->a;

    if ((step->op == FIXUP_AND || step->op == FIXUP_TEST) && operand.type == FIXUP_REGISTER &&
        step->b.type == FIXUP_NUMBER && step->b.number >= 0 && step->b.number < 0x100)
        operand.size = 1;
    return operand_read(flow, state, &operand, index);
}

static void register_set(struct state *state, const struct fixup_operand *operand, uint32_t value)
{
    if (operand->type == FIXUP_REGISTER && operand->reg < 16)
        state->registers[operand->reg] = value;
}

static void register_lose(struct state *state, const struct fixup_operand *operand, uint32_t step)
{
    register_set(state, operand, unknown(step, operand->reg & 15));
}

/* ---- instructions ----------------------------------------------------------------------------------- */

static void step_store(struct flow *flow, struct state *state, const struct fixup_step *step,
                       uint32_t index)
{
    address_use(flow, state, &step->a, index);
    if (step->b.type == FIXUP_REGISTER)
        register_use(flow, state, step->b.reg, index);
}

static void step_number(struct flow *flow, struct state *state, const struct fixup_step *step,
                        uint32_t index)
{
    struct fixup_node node = {.root = ROOT_NUMBER, .width = 8, .step = index};

    if (step->a.size >= 4)
        register_set(state, &step->a, node_make(flow, node));
    else
        register_lose(state, &step->a, index);
}

/* A copy of a register of which less is known is known as far: mov ax, [rax + 0xb] / mov ecx, eax. */
static bool is_plain_copy(const struct fixup_step *step)
{
    return step->op == FIXUP_MOVE && step->a.size == step->b.size && step->a.size >= 4 &&
           step->b.type == FIXUP_REGISTER && step->b.reg < 16;
}

/* mov, movzx, movsx: of a whole register, or what becomes zero or the sign around a part. */
static void step_move(struct flow *flow, struct state *state, const struct fixup_step *step,
                      uint32_t index)
{
    uint8_t width = step->a.size >= 4 ? 8 : step->a.size;
    struct fixup_node node = {.op = step->op, .width = width, .size = step->b.size, .step = index};
    uint32_t value;

    if (step->a.type != FIXUP_REGISTER) {
        step_store(flow, state, step, index);
        return;
    }
    if (step->b.type == FIXUP_NUMBER) {
        step_number(flow, state, step, index);
        return;
    }
    if (is_plain_copy(step) && is_tracked(flow, state->registers[step->b.reg]) &&
        node_of(flow, state->registers[step->b.reg])->width < step->b.size) {
        register_set(state, &step->a, state->registers[step->b.reg]);
        return;
    }
    value = operand_read(flow, state, &step->b, index);
    if (step->b.type == FIXUP_MEMORY && value && step->op == FIXUP_MOVE &&
        node_of(flow, value)->root != ROOT_KIND)
        value = load(flow, state, &step->b, width);
    else if (value && is_tracked(flow, value)) {
        node.root = node_of(flow, value)->root;
        node.parent = value;
        if (step->a.size != 8 || step->b.size != 8)
            value = node_make(flow, node);
    } else if (step->a.size != 8 || step->b.size != 8) {
        if (value)
            value_use(flow, value, index);
        value = 0;
    }
    register_set(state, &step->a, value ? value : unknown(index, step->a.reg));
}

/* The other side of an operation on a tracked value: 0 is its number, a node of a number or one that the
 * same root is read for; else it is not understood. */
static bool right_side(struct flow *flow, uint32_t left, const struct fixup_operand *operand,
                       uint32_t value, uint32_t *ret_right)
{
    *ret_right = 0;
    if (operand->type == FIXUP_NUMBER)
        return true;
    if (!value || !(is_number(flow, value) || value == left))
        return false;
    *ret_right = value;
    return true;
}

/* Which of two values is the one that is tracked; 0: none, and both are used. */
static uint32_t sides_find(struct flow *flow, const struct fixup_step *step, uint32_t index,
                           uint32_t a, uint32_t b, uint32_t *ret_right, bool *ret_swapped)
{
    *ret_swapped = false;
    if (a && is_tracked(flow, a) && right_side(flow, a, &step->b, b, ret_right))
        return a;
    *ret_swapped = true;
    if (b && is_tracked(flow, b) && a && is_number(flow, a)) {
        *ret_right = a;
        return b;
    }
    if (a)
        value_use(flow, a, index);
    if (b)
        value_use(flow, b, index);
    return 0;
}

static void step_compare(struct flow *flow, struct state *state, const struct fixup_step *step,
                         uint32_t index)
{
    uint32_t a = left_read(flow, state, step, index);
    uint32_t b = operand_read(flow, state, &step->b, index);
    struct fixup_test test = {.step = index, .op = step->op, .size = step->a.size};

    test.left = sides_find(flow, step, index, a, b, &test.right, &test.swapped);
    state->flags = test.left ? flags_of(flow, test) : 0;
}

/* add, sub, and, shifts: what is read, is also what is written. */
static void step_arithmetic(struct flow *flow, struct state *state, const struct fixup_step *step,
                            uint32_t index)
{
    struct fixup_node node = {.op = step->op, .width = step->a.size >= 4 ? 8 : step->a.size,
                              .size = step->a.size, .step = index};
    struct fixup_test test = {.step = index, .op = step->op, .size = step->a.size};
    uint32_t a = left_read(flow, state, step, index);
    uint32_t b = operand_read(flow, state, &step->b, index);

    test.left = sides_find(flow, step, index, a, b, &test.right, &test.swapped);
    if (test.left && test.swapped && step->op != FIXUP_ADD && step->op != FIXUP_AND) {
        value_use(flow, test.left, index);
        test.left = 0;
    }
    state->flags = 0;
    if (!test.left) {
        register_lose(state, &step->a, index);
        return;
    }
    node.root = node_of(flow, test.left)->root;
    node.parent = test.left;
    node.other = test.right;
    if (step->a.type == FIXUP_MEMORY) /* it is written there: not ours */
        value_use(flow, test.left, index);
    register_set(state, &step->a, node_make(flow, node));
    state->flags = flags_of(flow, test);
}

static void step_lea(struct flow *flow, struct state *state, const struct fixup_step *step,
                     uint32_t index)
{
    uint32_t base = step->b.base < 16 ? state->registers[step->b.base] : 0;
    struct fixup_node node = {.op = FIXUP_LEA, .width = 8, .size = step->a.size, .parent = base,
                              .step = index};

    if (base && is_tracked(flow, base) && step->b.index == FIXUP_NO_REGISTER && step->a.size >= 4 &&
        node_of(flow, base)->width == 8) {
        node.root = node_of(flow, base)->root;
        register_set(state, &step->a, node_make(flow, node));
        return;
    }
    address_use(flow, state, &step->b, index);
    register_lose(state, &step->a, index);
}

static void step_other(struct flow *flow, struct state *state, const struct fixup_step *step,
                       uint32_t index)
{
    for (unsigned i = 0; i < 16; i++)
        if (step->reads >> i & 1)
            register_use(flow, state, i, index);
    if (step->asks_carry)
        flags_ask(flow, state->flags, 2);
    for (unsigned i = 0; i < 16; i++)
        if (step->writes >> i & 1)
            state->registers[i] = unknown(index, i);
    if (step->sets_flags)
        state->flags = 0;
}

/* Constants in registers of arguments may be arguments. */
static void step_call(struct flow *flow, struct state *state, uint32_t index, bool returns)
{
    static const uint8_t arguments[] = {0, 1, 2, 6, 7, 8, 9}, lost[] = {0, 1, 2, 6, 7, 8, 9, 10, 11};

    for (unsigned i = 0; i < sizeof arguments; i++)
        if (is_number(flow, state->registers[arguments[i]]))
            register_use(flow, state, arguments[i], index);
    if (!returns)
        return;
    for (unsigned i = 0; i < sizeof lost; i++)
        state->registers[lost[i]] = unknown(index, lost[i]);
    state->flags = state->oddball = state->anchor = 0;
}

static void step_if(struct flow *flow, struct state *state, const struct fixup_step *step,
                    uint32_t index)
{
    flags_ask(flow, state->flags, step->condition);
    if (step->op == FIXUP_JUMP_IF)
        return;
    if (step->op == FIXUP_MOVE_IF) {
        uint32_t a = operand_read(flow, state, &step->a, index);
        uint32_t b = operand_read(flow, state, &step->b, index);

        if (a)
            value_use(flow, a, index);
        if (b)
            value_use(flow, b, index);
    } else {
        address_use(flow, state, &step->a, index);
    }
    register_lose(state, &step->a, index);
}

void step_flow(struct flow *flow, struct state *state, uint32_t index)
{
    const struct fixup_step *step = &flow->function->steps[index];

    switch (step->op) {
    case FIXUP_MOVE:
    case FIXUP_EXTEND:
        step_move(flow, state, step, index);
        break;
    case FIXUP_CMP:
    case FIXUP_TEST:
        step_compare(flow, state, step, index);
        break;
    case FIXUP_ADD:
    case FIXUP_SUB:
    case FIXUP_AND:
    case FIXUP_SHL:
    case FIXUP_SHR:
    case FIXUP_SAR:
        step_arithmetic(flow, state, step, index);
        break;
    case FIXUP_LEA:
        step_lea(flow, state, step, index);
        break;
    case FIXUP_JUMP_IF:
    case FIXUP_SET_IF:
    case FIXUP_MOVE_IF:
        step_if(flow, state, step, index);
        break;
    case FIXUP_CALL:
        address_use(flow, state, &step->a, index);
        step_call(flow, state, index, true);
        break;
    case FIXUP_RETURN:
        step_call(flow, state, index, false);
        break;
    case FIXUP_JUMP:
        address_use(flow, state, &step->a, index);
        if (step->target == FIXUP_ELSEWHERE)
            step_call(flow, state, index, false);
        break;
    case FIXUP_PUSH: /* of a tracked value: to align the stack */
        if (step->a.type == FIXUP_REGISTER && step->a.reg < 16 &&
            is_number(flow, state->registers[step->a.reg]))
            register_use(flow, state, step->a.reg, index);
        break;
    case FIXUP_NOTHING:
        break;
    default:
        step_other(flow, state, step, index);
    }
}
