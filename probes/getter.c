/* SPDX-License-Identifier: MIT */
/* Follows a function from its first instruction to its return: see getter.h. */
#include <config.h>

#include "getter.h"

#ifdef HAVE_CAPSTONE

#include <capstone/capstone.h>
#include <string.h>

#include "getter_state.h"

struct decoder {
    struct getter_state state;
    csh capstone;
    cs_insn *instruction;
    uint64_t vaddr;
    uint64_t visited[GETTER_STEP_MAX];
    unsigned visited_count;
};

const struct getter_architecture *getter_architecture_of(uint16_t machine)
{
    static const struct getter_architecture *const architectures[] = {
        &getter_x86_64,
        &getter_aarch64,
    };

    for (unsigned i = 0; i < sizeof architectures / sizeof *architectures; i++)
        if (architectures[i]->machine == machine)
            return architectures[i];
    return NULL;
}

bool getter_code_is_relocated(const struct image *image)
{
    return image->flags & DF_TEXTREL || image_dynamic(image, DT_TEXTREL);
}

/* ---- instructions --------------------------------------------------------------------------- */

size_t getter_code_size(const struct image *image, uint64_t vaddr, size_t max)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t room;

        if (!(segment->flags & PF_X) || vaddr < segment->vaddr ||
            vaddr - segment->vaddr >= segment->file_size)
            continue;
        room = segment->file_size - (vaddr - segment->vaddr);
        return room < max ? (size_t)room : max;
    }
    return 0;
}

static bool instruction_read(struct decoder *decoder)
{
    const struct getter_state *state = &decoder->state;
    size_t size = getter_code_size(state->image, decoder->vaddr, state->architecture->instruction_max);
    const uint8_t *bytes = size ? image_at(state->image, decoder->vaddr, size) : NULL;
    uint64_t vaddr = decoder->vaddr;

    return bytes && cs_disasm_iter(decoder->capstone, &bytes, &size, &vaddr, decoder->instruction);
}

/* An instruction that comes again is part of a loop. */
static bool visit(struct decoder *decoder)
{
    for (unsigned i = 0; i < decoder->visited_count; i++)
        if (decoder->visited[i] == decoder->vaddr)
            return false;
    if (decoder->visited_count == GETTER_STEP_MAX)
        return false;
    decoder->visited[decoder->visited_count++] = decoder->vaddr;
    return true;
}

/* ---- the path ------------------------------------------------------------------------------- */

static void state_init(struct getter_state *state, const struct image *image,
                       const struct getter_architecture *architecture,
                       const uint64_t *first_argument)
{
    memset(state, 0, sizeof *state);
    state->image = image;
    state->architecture = architecture;
    state->flags = GETTER_FLAGS_UNKNOWN;
    state->registers[architecture->stack].kind = WORD_STACK;
    for (unsigned i = 0; i < architecture->argument_count; i++) {
        struct getter_word *word = &state->registers[architecture->arguments[i]];

        word->kind = WORD_ARGUMENT;
        word->argument = i;
    }
    if (first_argument)
        state->registers[architecture->arguments[0]] = word_number(*first_argument);
    architecture->enter(state);
}

/* To where the state says. Returns false when it is not known; *ret_done: it is the function's end. */
static bool go(struct decoder *decoder, bool *ret_done)
{
    struct getter_state *state = &decoder->state;

    if (state->target.kind == WORD_SYMBOL) {
        struct getter_word symbol = state->target;

        state->architecture->leave(state);
        if (!state_call(state, symbol))
            return false;
    }
    switch (state->target.kind) {
    case WORD_RETURN:
        *ret_done = true;
        return true;
    case WORD_NUMBER:
        if (state->image->type != ET_EXEC)
            return false;
        break;
    case WORD_ADDRESS:
        break;
    default:
        return false;
    }
    decoder->vaddr = state->target.n;
    return true;
}

static bool follow(struct decoder *decoder)
{
    struct getter_state *state = &decoder->state;
    bool is_done = false;

    while (!is_done) {
        if (!visit(decoder) || !instruction_read(decoder))
            return false;
        switch (state->architecture->step(state, decoder->instruction)) {
        case STEP_NEXT:
            decoder->vaddr += decoder->instruction->size;
            break;
        case STEP_JUMP:
            if (!go(decoder, &is_done))
                return false;
            break;
        default:
            return false;
        }
    }
    return true;
}

/* ---- the result ----------------------------------------------------------------------------- */

static bool in_image(const struct image *image, struct getter_word word)
{
    return word.kind == WORD_ADDRESS && image_at(image, word.n, 1);
}

static bool result_of_call(const struct getter_state *state, struct getter_value *ret_value)
{
    const char *name;

    if (state->registers[state->architecture->result].kind != WORD_RESULT ||
        !in_image(state->image, state->call_argument))
        return false;
    name = image_name(state->image, state->image->symbols[state->call_symbol].st_name);
    if (!name || strlen(name) >= sizeof ret_value->callee)
        return false;
    ret_value->kind = GETTER_CALL;
    ret_value->address = state->call_argument.n;
    strcpy(ret_value->callee, name);
    return true;
}

/* Which of the two registers holds the result, nothing but the function's type tells. A pointer or a
 * number in the register of integers is often a step on the way to a double; the register of doubles
 * is not used on the way to an integer. */
static bool result_of_registers(const struct getter_state *state, struct getter_value *ret_value)
{
    struct getter_word word = state->registers[state->architecture->result];

    if (word_is_number(state->vectors[0][0])) {
        ret_value->kind = GETTER_REAL;
        ret_value->number = state->vectors[0][0].n;
        return true;
    }
    if (!state->result_written)
        return false;
    if (word_is_number(word)) {
        ret_value->kind = GETTER_NUMBER;
        ret_value->number = word.n;
        if (state->image->type == ET_EXEC && image_at(state->image, word.n, 1))
            ret_value->address = word.n;
        return true;
    }
    ret_value->kind = GETTER_TEXT;
    ret_value->address = word.n;
    return in_image(state->image, word);
}

static bool result(const struct getter_state *state, struct getter_value *ret_value)
{
    const struct getter_architecture *architecture = state->architecture;
    struct getter_word stack = state->registers[architecture->stack];

    memset(ret_value, 0, sizeof *ret_value);
    if (stack.kind != WORD_STACK || stack.n != architecture->return_size)
        return false;
    if (state->called)
        return result_of_call(state, ret_value);
    if (!state->store_count)
        return result_of_registers(state, ret_value);
    ret_value->kind = GETTER_STORES;
    memcpy(ret_value->stores, state->stores, sizeof state->stores);
    ret_value->store_count = state->store_count;
    return true;
}

static bool path_decode(struct decoder *decoder, const struct image *image, uint64_t vaddr,
                        const uint64_t *first_argument, bool by_name,
                        struct getter_value *ret_value)
{
    decoder->vaddr = vaddr;
    decoder->visited_count = 0;
    state_init(&decoder->state, image, getter_architecture_of(image->machine), first_argument);
    decoder->state.by_name = by_name;
    return follow(decoder) && result(&decoder->state, ret_value);
}

static bool decoder_open(struct decoder *decoder, const struct image *image)
{
    const struct getter_architecture *architecture = getter_architecture_of(image->machine);

    if (!architecture || getter_code_is_relocated(image) || image_is_foreign(image) ||
        cs_open((cs_arch)architecture->capstone_architecture,
                (cs_mode)architecture->capstone_mode, &decoder->capstone) != CS_ERR_OK)
        return false;
    cs_option(decoder->capstone, CS_OPT_DETAIL, CS_OPT_ON);
    decoder->instruction = cs_malloc(decoder->capstone);
    if (decoder->instruction)
        return true;
    cs_close(&decoder->capstone);
    return false;
}

static void decoder_close(struct decoder *decoder)
{
    cs_free(decoder->instruction, 1);
    cs_close(&decoder->capstone);
}

/* A call is followed where that ends well, else it may be what makes something of a text. */
static bool decode(const struct image *image, uint64_t vaddr, const uint64_t *first_argument,
                   struct getter_value *ret_value)
{
    struct decoder decoder;
    struct getter_value value;
    bool is_known;

    if (!decoder_open(&decoder, image))
        return false;
    is_known = path_decode(&decoder, image, vaddr, first_argument, false, &value) ||
               (decoder.state.met_function &&
                path_decode(&decoder, image, vaddr, first_argument, true, &value));
    decoder_close(&decoder);
    if (is_known)
        *ret_value = value;
    return is_known;
}

bool getter_load(const struct image *image, uint64_t vaddr, uint64_t *ret_vaddr,
                 unsigned *ret_size)
{
    struct getter_value value;
    struct decoder decoder;

    if (!decoder_open(&decoder, image))
        return false;
    (void)path_decode(&decoder, image, vaddr, NULL, false, &value);
    decoder_close(&decoder);
    *ret_vaddr = decoder.state.loaded_vaddr;
    *ret_size = decoder.state.loaded_size;
    return *ret_size > 0;
}

#else

static bool decode(const struct image *image, uint64_t vaddr, const uint64_t *first_argument,
                   struct getter_value *ret_value)
{
    (void)image;
    (void)vaddr;
    (void)first_argument;
    (void)ret_value;
    return false;
}

bool getter_load(const struct image *image, uint64_t vaddr, uint64_t *ret_vaddr,
                 unsigned *ret_size)
{
    (void)image;
    (void)vaddr;
    (void)ret_vaddr;
    (void)ret_size;
    return false;
}

#endif

bool getter_decode(const struct image *image, uint64_t vaddr, struct getter_value *ret_value)
{
    return decode(image, vaddr, NULL, ret_value);
}

bool getter_decode_with(const struct image *image, uint64_t vaddr, uint64_t first_argument,
                        struct getter_value *ret_value)
{
    return decode(image, vaddr, &first_argument, ret_value);
}

bool getter_stored(const struct getter_value *value, unsigned argument, int64_t offset,
                   unsigned size, uint64_t *ret_number)
{
    for (unsigned i = 0; i < value->store_count; i++) {
        const struct getter_store *store = &value->stores[i];
        uint64_t at = (uint64_t)offset - (uint64_t)store->offset;

        if (store->argument != argument || at >= store->size || store->size - at < size)
            continue;
        *ret_number = store->value >> (8 * at);
        if (size < 8)
            *ret_number &= (1ull << (8 * size)) - 1;
        return true;
    }
    return false;
}
