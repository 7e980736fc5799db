/* SPDX-License-Identifier: MIT */
/* Symbols that an engine exports. */
#include "error.h"
#include "stub_source.h"

static bool address_is_code(const struct image *image, uint64_t address)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        if (address >= segment->vaddr && address - segment->vaddr < segment->memory_size)
            return segment->flags & PF_X;
    }
    return false;
}

/* Assembler files export without a type: then the segment tells. An IFUNC is a function to those
 * who link to it. */
static uint8_t definition_type(const struct image *image, const Elf64_Sym *symbol)
{
    switch (ELF64_ST_TYPE(symbol->st_info)) {
    case STT_FUNC:
    case STT_GNU_IFUNC:
        return STT_FUNC;
    case STT_OBJECT:
    case STT_COMMON:
        return STT_OBJECT;
    case STT_TLS:
        return STT_TLS;
    default:
        return address_is_code(image, symbol->st_value) ? STT_FUNC : STT_OBJECT;
    }
}

struct stub_symbol engine_symbol(const struct image *engine, uint32_t index)
{
    const Elf64_Sym *symbol = &engine->symbols[index];
    struct stub_symbol result = {
        .name = image_name(engine, symbol->st_name),
        .version = image_symbol_version(engine, index),
        .version_hidden = engine->versym && (engine->versym[index] & 0x8000),
        .weak = ELF64_ST_BIND(symbol->st_info) == STB_WEAK,
        .placed = symbol->st_shndx != SHN_ABS,
        .type = definition_type(engine, symbol),
        .other = symbol->st_other,
        .size = symbol->st_size,
        .address = symbol->st_value,
    };
    return result;
}

uint32_t engine_symbol_index(const struct image *engine, const char *name, const char *version)
{
    const Elf64_Sym *symbol = image_find(engine, name, gnu_hash(name, NULL), version);

    return symbol ? (uint32_t)(symbol - engine->symbols) : 0;
}

static bool is_export(const Elf64_Sym *symbol)
{
    unsigned binding = ELF64_ST_BIND(symbol->st_info), type = ELF64_ST_TYPE(symbol->st_info);
    unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);

    return symbol->st_shndx != SHN_UNDEF && type != STT_SECTION && type != STT_FILE &&
           (binding == STB_GLOBAL || binding == STB_WEAK || binding == STB_GNU_UNIQUE) &&
           (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

/* Thread-local symbols are left out: a plugin that wants one does not link, and the linker names
 * the symbol. */
enum engraft_status source_add_engine(struct stub_source *source, struct engraft_error *reterr)
{
    const struct image *engine = source->engine;

    for (uint32_t i = 1; engine && source->prefixes && i < engine->symbol_count; i++) {
        const char *name = image_name(engine, engine->symbols[i].st_name);
        if (!name || !*name || !is_export(&engine->symbols[i]) ||
            !name_has_prefix(name, source->prefixes))
            continue;
        struct stub_symbol symbol = engine_symbol(engine, i);
        if (symbol.type != STT_TLS && !symbol_set_add(&source->set, &symbol))
            return error_set(reterr, ENGRAFT_MEMORY, source->request->engine_path, name,
                             "out of memory");
    }
    return ENGRAFT_OK;
}
