/* SPDX-License-Identifier: MIT */
/* Values, memory and calls of a function that is being decoded: see getter_state.h. */
#include "getter_state.h"

#include <string.h>

#include "relinker.h"

/* ---- words ---------------------------------------------------------------------------------- */

struct getter_word word_number(uint64_t number)
{
    return (struct getter_word){.kind = WORD_NUMBER, .n = number};
}

struct getter_word word_address(uint64_t vaddr)
{
    return (struct getter_word){.kind = WORD_ADDRESS, .n = vaddr};
}

bool word_is_number(struct getter_word word)
{
    return word.kind == WORD_NUMBER;
}

bool word_equals(struct getter_word left, struct getter_word right)
{
    return left.kind == right.kind && left.argument == right.argument && left.n == right.n;
}

static uint64_t mask_of(unsigned size)
{
    return size < 8 ? (1ull << (8 * size)) - 1 : UINT64_MAX;
}

struct getter_word word_cut(struct getter_word word, unsigned size)
{
    if (size >= 8)
        return word;
    return word_is_number(word) ? word_number(word.n & mask_of(size)) : (struct getter_word){0};
}

struct getter_word word_sign_extended(struct getter_word word, unsigned size)
{
    uint64_t sign = size < 8 ? 1ull << (8 * size - 1) : 0;

    if (size >= 8)
        return word;
    word = word_cut(word, size);
    if (word_is_number(word))
        word.n = (word.n ^ sign) - sign;
    return word;
}

/* Whether a number can be added: it stays a place in the same thing. */
static bool is_place(struct getter_word word)
{
    return word.kind == WORD_ADDRESS || word.kind == WORD_ARGUMENT || word.kind == WORD_STACK;
}

struct getter_word word_add(struct getter_word left, struct getter_word right)
{
    if (word_is_number(left) && is_place(right))
        return word_add(right, left);
    if (!word_is_number(right) || !(word_is_number(left) || is_place(left)))
        return (struct getter_word){0};
    left.n += right.n;
    return left;
}

struct getter_word word_subtract(struct getter_word left, struct getter_word right)
{
    if (word_is_number(right))
        return word_add(left, word_number(-right.n));
    if (is_place(left) && left.kind == right.kind && left.argument == right.argument)
        return word_number(left.n - right.n);
    return (struct getter_word){0};
}

/* ---- flags ---------------------------------------------------------------------------------- */

static bool is_negative(uint64_t number, unsigned size)
{
    return number >> (8 * size - 1) & 1;
}

struct getter_flags flags_of_result(struct getter_word result, unsigned size)
{
    struct getter_flags flags = {-1, -1, 0, 0};

    result = word_cut(result, size);
    if (word_is_number(result)) {
        flags.zero = result.n == 0;
        flags.sign = is_negative(result.n, size);
    } else if (is_place(result)) { /* all 64 bits of it, and it is not null */
        flags.zero = 0;
    }
    return flags;
}

struct getter_flags flags_of_subtraction(struct getter_word left, struct getter_word right,
                                         unsigned size)
{
    struct getter_flags flags = GETTER_FLAGS_UNKNOWN;
    struct getter_word result;

    left = word_cut(left, size);
    right = word_cut(right, size);
    if (word_is_number(right) && right.n == 0)
        return flags_of_result(left, size);
    if (!word_is_number(left) || !word_is_number(right))
        return flags;
    result = word_cut(word_subtract(left, right), size);
    flags = flags_of_result(result, size);
    flags.carry = left.n < right.n;
    flags.overflow = is_negative((left.n ^ right.n) & (left.n ^ result.n), size);
    return flags;
}

struct getter_flags flags_of_addition(struct getter_word left, struct getter_word right,
                                      unsigned size)
{
    struct getter_flags flags = GETTER_FLAGS_UNKNOWN;
    struct getter_word result;

    left = word_cut(left, size);
    right = word_cut(right, size);
    if (!word_is_number(left) || !word_is_number(right))
        return flags;
    result = word_cut(word_add(left, right), size);
    flags = flags_of_result(result, size);
    flags.carry = result.n < left.n;
    flags.overflow = is_negative(~(left.n ^ right.n) & (left.n ^ result.n), size);
    return flags;
}

void state_register_set(struct getter_state *state, unsigned number, struct getter_word word)
{
    if (number >= GETTER_REGISTER_MAX)
        return;
    state->registers[number] = word;
    if (number == state->architecture->result)
        state->result_written = true;
}

/* ---- data that does not change -------------------------------------------------------------- */

static const struct image_segment *segment_at(const struct image *image, uint64_t vaddr,
                                              unsigned size)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        if (vaddr >= segment->vaddr && vaddr - segment->vaddr < segment->memory_size &&
            segment->memory_size - (vaddr - segment->vaddr) >= size)
            return segment;
    }
    return NULL;
}

static bool in_relro(const struct image *image, uint64_t vaddr, unsigned size)
{
    return vaddr >= image->relro_vaddr && vaddr - image->relro_vaddr < image->relro_size &&
           image->relro_size - (vaddr - image->relro_vaddr) >= size;
}

/* The address of a symbol, as the dynamic linker stores it. */
static struct getter_word symbol_word(const struct image *image, uint64_t index, int64_t addend)
{
    const Elf64_Sym *symbol;
    unsigned char type;

    if (index == 0 || index >= image->symbol_count)
        return (struct getter_word){0};
    symbol = &image->symbols[index];
    type = ELF64_ST_TYPE(symbol->st_info);
    if (type == STT_GNU_IFUNC || type == STT_TLS || symbol->st_shndx == SHN_ABS)
        return (struct getter_word){0};
    if (symbol->st_shndx == SHN_UNDEF)
        return addend ? (struct getter_word){0}
                      : (struct getter_word){.kind = WORD_SYMBOL, .n = index};
    return word_address(symbol->st_value + (uint64_t)addend);
}

/* What an entry of the global offset table holds. A function of the image itself is followed, or it is
 * called like those of others. */
static struct getter_word slot_word(struct getter_state *state, uint64_t index, int64_t addend)
{
    struct getter_word word = symbol_word(state->image, index, addend);

    if (word.kind != WORD_ADDRESS || addend != 0 ||
        ELF64_ST_TYPE(state->image->symbols[index].st_info) != STT_FUNC)
        return word;
    state->met_function = true;
    return state->by_name ? (struct getter_word){.kind = WORD_SYMBOL, .n = index} : word;
}

/* What a relocation of 8 bytes at `vaddr` stores. `ret_slot`: it is an entry of the global offset
 * table, which nothing but the dynamic linker changes, wherever it lies. */
static struct getter_word relocated_word(struct getter_state *state, const Elf64_Rela *rela,
                                         bool *ret_slot)
{
    const struct image *image = state->image;
    const struct architecture *architecture = architecture_of(image->machine);
    uint64_t symbol = ELF64_R_SYM(rela->r_info);

    switch (relocation_kind(architecture, (uint32_t)ELF64_R_TYPE(rela->r_info))) {
    case RELOCATION_RELATIVE:
        return word_address((uint64_t)rela->r_addend);
    case RELOCATION_WORD:
        return symbol_word(image, symbol, rela->r_addend);
    case RELOCATION_SLOT:
    case RELOCATION_JUMP_SLOT:
        *ret_slot = true;
        return slot_word(state, symbol, rela->r_addend);
    default:
        return (struct getter_word){0};
    }
}

/* Finds the relocation of an array that touches the bytes. */
static const Elf64_Rela *relocation_at(const Elf64_Rela *rela, size_t count, uint64_t vaddr,
                                       unsigned size)
{
    for (size_t i = 0; i < count; i++)
        if (rela[i].r_offset < vaddr + size && rela[i].r_offset + 8 > vaddr)
            return &rela[i];
    return NULL;
}

static bool relr_has(const struct image *image, uint64_t vaddr)
{
    uint64_t place = 0;

    for (size_t i = 0; i < image->relr_count; i++) {
        uint64_t word = image->relr[i];

        if ((word & 1) == 0) {
            if (word == vaddr)
                return true;
            place = word + 8;
            continue;
        }
        if (vaddr >= place && vaddr - place < 63 * 8 && (vaddr - place) % 8 == 0 &&
            (word >> ((vaddr - place) / 8 + 1) & 1))
            return true;
        place += 63 * 8;
    }
    return false;
}

static struct getter_word bytes_at(const struct image *image, uint64_t vaddr, unsigned size)
{
    const void *bytes = image_at(image, vaddr, size);
    uint64_t number = 0;

    if (!bytes)
        return (struct getter_word){0};
    memcpy(&number, bytes, size);
    return word_number(number);
}

/* Of data that is written to once, by relocations. */
static struct getter_word load_relocated(struct getter_state *state, uint64_t vaddr,
                                         unsigned size)
{
    const struct image *image = state->image;
    const Elf64_Rela *rela = relocation_at(image->rela, image->rela_count, vaddr, size);
    struct getter_word word;
    bool slot = false;

    if (!rela)
        rela = relocation_at(image->jmprel, image->jmprel_count, vaddr, size);
    if (rela) {
        if (rela->r_offset != vaddr || size != 8)
            return (struct getter_word){0};
        word = relocated_word(state, rela, &slot);
        return slot || in_relro(image, vaddr, size) ? word : (struct getter_word){0};
    }
    if (!in_relro(image, vaddr, size))
        return (struct getter_word){0};
    word = bytes_at(image, vaddr, size);
    for (uint64_t place = vaddr & ~7ull; place < vaddr + size; place += 8) {
        if (!relr_has(image, place))
            continue;
        if (place != vaddr || size != 8 || !word_is_number(word))
            return (struct getter_word){0};
        return word_address(image_pointer(image, word.n));
    }
    return word;
}

static struct getter_word load_constant(struct getter_state *state, uint64_t vaddr,
                                        unsigned size)
{
    const struct image_segment *segment = segment_at(state->image, vaddr, size);

    struct getter_word word;

    if (!segment)
        return (struct getter_word){0};
    if (!(segment->flags & PF_W))
        return bytes_at(state->image, vaddr, size);
    word = load_relocated(state, vaddr, size);
    if (word.kind == WORD_UNKNOWN && !state->loaded_size) {
        state->loaded_vaddr = vaddr;
        state->loaded_size = size;
    }
    return word;
}

/* ---- memory --------------------------------------------------------------------------------- */

static struct getter_word load_stack(const struct getter_state *state, uint64_t offset,
                                     unsigned size)
{
    for (unsigned i = 0; i < state->slot_count; i++)
        if (state->slots[i].offset == offset && state->slots[i].size >= size)
            return word_cut(state->slots[i].word, size);
    return (struct getter_word){0};
}

static bool store_stack(struct getter_state *state, uint64_t offset, unsigned size,
                        struct getter_word word)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < state->slot_count; i++) {
        const struct getter_slot *slot = &state->slots[i];

        /* Apart from each other, in arithmetic that wraps: neither begins within the other. */
        if (offset - slot->offset >= slot->size && slot->offset - offset >= size)
            state->slots[kept++] = *slot;
    }
    state->slot_count = kept;
    if (kept == GETTER_SLOT_MAX)
        return false;
    state->slots[state->slot_count++] = (struct getter_slot){offset, size, word_cut(word, size)};
    return true;
}

static bool is_before(const struct getter_store *left, const struct getter_store *right)
{
    return left->argument != right->argument ? left->argument < right->argument
                                             : left->offset < right->offset;
}

/* Two pointers may point to the same place: what was stored last is then what is there, and which of
 * the two the caller asks for is its own affair. Within one pointer, stores must not overlap in part. */
static bool store_argument(struct getter_state *state, struct getter_word address, unsigned size,
                           struct getter_word word)
{
    struct getter_store store = {address.argument, (int64_t)address.n, word.n, size};
    unsigned at = 0;

    if (!word_is_number(word))
        return false;
    for (unsigned i = 0; i < state->store_count; i++) {
        struct getter_store *other = &state->stores[i];

        if (other->argument != store.argument ||
            (address.n - (uint64_t)other->offset >= other->size &&
             (uint64_t)other->offset - address.n >= size))
            continue;
        if (other->offset != store.offset || other->size != size)
            return false;
        other->value = store.value;
        return true;
    }
    if (state->store_count == GETTER_STORE_MAX)
        return false;
    while (at < state->store_count && is_before(&state->stores[at], &store))
        at++;
    memmove(&state->stores[at + 1], &state->stores[at],
            (state->store_count - at) * sizeof state->stores[0]);
    state->stores[at] = store;
    state->store_count++;
    return true;
}

struct getter_word state_load(struct getter_state *state, struct getter_word address, unsigned size)
{
    switch (address.kind) {
    case WORD_STACK:
        return load_stack(state, address.n, size);
    case WORD_ADDRESS:
        return load_constant(state, address.n, size);
    case WORD_NUMBER: /* mov eax, [offset table + rdi * 4] */
        if (state->image->type == ET_EXEC)
            return load_constant(state, address.n, size);
        return (struct getter_word){0};
    default:
        return (struct getter_word){0};
    }
}

bool state_store(struct getter_state *state, struct getter_word address, unsigned size,
                 struct getter_word word)
{
    word = word_cut(word, size);
    switch (address.kind) {
    case WORD_STACK:
        return store_stack(state, address.n, size, word);
    case WORD_ARGUMENT:
        return store_argument(state, address, size, word);
    default:
        return false;
    }
}

/* ---- calls ---------------------------------------------------------------------------------- */

bool state_call(struct getter_state *state, struct getter_word symbol)
{
    const struct getter_architecture *architecture = state->architecture;

    if (symbol.kind != WORD_SYMBOL || state->store_count)
        return false;
    for (unsigned i = 0; i < architecture->argument_count; i++)
        if (state->registers[architecture->arguments[i]].kind == WORD_STACK)
            return false;
    state->called = true;
    state->call_symbol = symbol.n;
    state->call_argument = state->registers[architecture->arguments[0]];
    for (unsigned i = 0; i < GETTER_REGISTER_MAX; i++) {
        if (architecture->clobbered >> i & 1)
            state->registers[i] = (struct getter_word){0};
        state->vectors[i][0] = state->vectors[i][1] = (struct getter_word){0};
    }
    state->flags = GETTER_FLAGS_UNKNOWN;
    state_register_set(state, architecture->result, (struct getter_word){.kind = WORD_RESULT});
    return true;
}
