/* SPDX-License-Identifier: MIT */
/* Code that is taken for a getter: the functions of an object, or bytes alone. */
#include "fuzz.h"

#include <string.h>

#include "probes/getter.h"
#include "tests/unit/object.h"

enum { FUNCTION_MAX = 12, START_MAX = 4 };

static volatile uint64_t sink;

static void decode(struct image *image, uint64_t vaddr)
{
    static const uint16_t machines[] = {EM_X86_64, EM_AARCH64};
    struct getter_value value;

    for (unsigned i = 0; i < sizeof machines / sizeof *machines; i++) {
        image->machine = machines[i];
        if (getter_decode(image, vaddr, &value))
            sink += value.number + value.address + value.store_count + strlen(value.callee);
        if (getter_decode_with(image, vaddr, sink & 7, &value))
            sink += value.number + value.address;
    }
}

/* Of an object: with its symbols, its relocations and its tables. */
static void decode_functions(struct image *image)
{
    unsigned count = 0;

    for (uint32_t i = 0; i < image->symbol_count && count < FUNCTION_MAX; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];

        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF)
            continue;
        decode(image, symbol->st_value);
        count++;
    }
}

/* A third each of code, of read-only data and of data that is relocated. */
static void decode_bytes(const uint8_t *bytes, size_t size)
{
    uint64_t third = size / 3 & ~7ull, rest = size - 2 * third;
    struct image image = {
        .path = "code",
        .memory = bytes,
        .type = size & 1 ? ET_EXEC : ET_DYN,
        .segments = {{0, third, third, 0, PF_R | PF_X},
                     {third, third, third, third, PF_R},
                     {2 * third, rest, rest, 2 * third, PF_R | PF_W}},
        .segment_count = 3,
        .vaddr_end = size,
        .relro_vaddr = 2 * third,
        .relro_size = rest / 2,
    };

    for (uint64_t start = 0; start < START_MAX && start < third; start++)
        decode(&image, start * (third / START_MAX + 1));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct object object;

    object_init(&object, bytes, size);
    if (object.status == ENGRAFT_OK)
        decode_functions(&object.image);
    else
        decode_bytes(bytes, size);
    object_deinit(&object);
    return 0;
}
