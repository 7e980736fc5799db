/* SPDX-License-Identifier: MIT */
/* Symbols that plugins import. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "mangling.h"
#include "stub_source.h"

/* Marks the symbols that a jump slot names: nothing but functions gets one. */
static unsigned char *jump_slots_mark(const struct image *plugin, const struct machine *machine)
{
    unsigned char *marks = calloc(plugin->symbol_count + 1u, 1);

    for (size_t i = 0; marks && i < plugin->jmprel_count; i++) {
        uint64_t info = plugin->jmprel[i].r_info;
        if (ELF64_R_TYPE(info) == machine->relocation_jump_slot &&
            ELF64_R_SYM(info) < plugin->symbol_count)
            marks[ELF64_R_SYM(info)] = 1;
    }
    return marks;
}

static uint8_t reference_type(const struct image *plugin, uint32_t index, bool jump_slot)
{
    uint8_t type = ELF64_ST_TYPE(plugin->symbols[index].st_info);

    if (type == STT_FUNC || type == STT_OBJECT || type == STT_TLS)
        return type;
    return jump_slot ? STT_FUNC : mangling_type(image_name(plugin, plugin->symbols[index].st_name));
}

/*
 * A name without the engine's prefix counts when the engine given defines it and the reference is
 * not tied to another library: std:: and libc names, which a node executable exports too, carry
 * the version of the library that they are expected in.
 */
static bool engine_serves(const struct stub_source *source, const char *name, const char *version,
                          uint32_t *ret_index)
{
    *ret_index = source->engine ? engine_symbol_index(source->engine, name, version) : 0;
    if (*ret_index == 0)
        return false;
    const char *defined = image_symbol_version(source->engine, *ret_index);
    return !version || (defined && strcmp(defined, version) == 0);
}

static enum engraft_status reference_add(struct stub_source *source, const char *path,
                                         const struct image *plugin, uint32_t index, bool jump_slot,
                                         struct engraft_error *reterr)
{
    const Elf64_Sym *entry = &plugin->symbols[index];
    const char *name = image_name(plugin, entry->st_name);
    const char *version = image_symbol_version(plugin, index);
    uint32_t definition;
    bool served = engine_serves(source, name, version, &definition);

    if (!served && (!source->prefixes || !name_has_prefix(name, source->prefixes)))
        return ENGRAFT_OK;
    struct stub_symbol symbol = {
        .name = name,
        .version = version,
        .weak = ELF64_ST_BIND(entry->st_info) == STB_WEAK,
        .type = reference_type(plugin, index, jump_slot),
    };
    if (served && symbol.type != STT_TLS)
        symbol = engine_symbol(source->engine, definition);
    if (symbol.type == STT_TLS)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, path, name,
                         "is thread-local; a stub cannot stand for it, because its place is "
                         "decided by the module that defines it");
    if (!symbol_set_add(&source->set, &symbol))
        return error_set(reterr, ENGRAFT_MEMORY, path, name, "out of memory");
    return ENGRAFT_OK;
}

static enum engraft_status plugin_add(struct stub_source *source, const char *path,
                                      const struct image *plugin, struct engraft_error *reterr)
{
    unsigned char *jump_slots = jump_slots_mark(plugin, source->machine);
    enum engraft_status status = ENGRAFT_OK;

    if (!jump_slots)
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    for (uint32_t i = 1; status == ENGRAFT_OK && i < plugin->symbol_count; i++) {
        const Elf64_Sym *entry = &plugin->symbols[i];
        const char *name = image_name(plugin, entry->st_name);
        if (entry->st_shndx == SHN_UNDEF && name && *name &&
            ELF64_ST_BIND(entry->st_info) != STB_LOCAL)
            status = reference_add(source, path, plugin, i, jump_slots[i], reterr);
    }
    free(jump_slots);
    return status;
}

enum engraft_status source_add_plugins(struct stub_source *source, struct engraft_error *reterr)
{
    const struct engraft_stub_request *request = source->request;

    for (size_t i = 0; i < request->plugin_count; i++) {
        size_t before = source->set.count;
        enum engraft_status status = plugin_add(source, request->plugins[i],
                                                &source->plugin_files[i].images[0], reterr);
        if (status != ENGRAFT_OK)
            return status;
        if (source->set.count == before && i == 0)
            return error_set(reterr, ENGRAFT_NOT_FOUND, request->plugins[i], NULL,
                             "imports no symbol of the engine %s", source->abi.engine);
    }
    return ENGRAFT_OK;
}
