/* SPDX-License-Identifier: MIT */
/* Proof, slot by slot, that what was planned is what happened. */
#include <string.h>

#include "relinker.h"

struct audit {
    const struct bound *bound;
    const struct image *image;
    const struct reference **by_symbol;
    struct engraft_error *reterr;
    size_t proved;
};

/* A lazy slot still holds its PLT entry. It is proved by the entry of the symbol table that ld.so
 * will read at the first call. */
static bool slot_is_lazy(const struct audit *audit, uint64_t value,
                         const struct reference *reference)
{
    const Elf64_Sym *symbol = &audit->image->symbols[reference->symbol];

    return image_contains(audit->image, value) && symbol->st_shndx == SHN_ABS &&
           symbol->st_value == reference->target &&
           ELF64_ST_VISIBILITY(symbol->st_other) == STV_HIDDEN;
}

static enum engraft_status relocation_audit(struct audit *audit, const Elf64_Rela *rela)
{
    const struct architecture *architecture = architecture_of(audit->image->machine);
    enum relocation_kind kind =
        relocation_kind(architecture, (uint32_t)ELF64_R_TYPE(rela->r_info));
    uint64_t index = ELF64_R_SYM(rela->r_info);
    const struct reference *reference =
        index < audit->image->symbol_count ? audit->by_symbol[index] : NULL;
    uint64_t expected, value;

    if (!reference)
        return ENGRAFT_OK;
    expected = reference->target;
    if (kind == RELOCATION_WORD)
        expected += (uint64_t)rela->r_addend;
    if (kind != RELOCATION_WORD && kind != RELOCATION_SLOT && kind != RELOCATION_JUMP_SLOT)
        return error_set(audit->reterr, ENGRAFT_AUDIT, audit->bound->path, reference->name,
                         "relocation type %u of %s is not one engraft can prove",
                         (unsigned)ELF64_R_TYPE(rela->r_info), reference->name);
    if (!image_read(audit->image, rela->r_offset, &value, sizeof value))
        return error_set(audit->reterr, ENGRAFT_AUDIT, audit->bound->path, reference->name,
                         "the slot of %s lies outside the object", reference->name);
    if (value != expected && !(kind == RELOCATION_JUMP_SLOT && reference->kind != ENGRAFT_KIND_LOCAL
                               && slot_is_lazy(audit, value, reference)) &&
        !(kind == RELOCATION_JUMP_SLOT && reference->kind == ENGRAFT_KIND_LOCAL &&
          image_contains(audit->image, value)))
        return error_set(audit->reterr, ENGRAFT_AUDIT, audit->bound->path, reference->name,
                         "audit: the slot of %s at %p holds %p instead of the planned %p",
                         reference->name,
                         (void *)(uintptr_t)(audit->image->load_address + rela->r_offset),
                         (void *)(uintptr_t)value, (void *)(uintptr_t)expected);
    audit->proved++;
    return ENGRAFT_OK;
}

static enum engraft_status table_audit(struct audit *audit, const Elf64_Rela *rela, size_t count)
{
    enum engraft_status status = ENGRAFT_OK;

    for (size_t i = 0; i < count && status == ENGRAFT_OK; i++)
        status = relocation_audit(audit, &rela[i]);
    return status;
}

enum engraft_status audit_bound(const struct bound *bound, const struct image *image,
                                struct engraft_error *reterr)
{
    struct arena arena = {0};
    struct audit audit = {bound, image, NULL, reterr, 0};
    enum engraft_status status;

    audit.by_symbol = arena_allocate(&arena, (image->symbol_count + 1) * sizeof *audit.by_symbol);
    if (!audit.by_symbol)
        return error_set(reterr, ENGRAFT_MEMORY, bound->path, NULL, "out of memory");
    for (size_t i = 0; i < bound->count; i++)
        if (bound->references[i].symbol < image->symbol_count)
            audit.by_symbol[bound->references[i].symbol] = &bound->references[i];
    status = table_audit(&audit, image->rela, image->rela_count);
    if (status == ENGRAFT_OK)
        status = table_audit(&audit, image->jmprel, image->jmprel_count);
    arena_release(&arena);
    log_line(LOG_AUDIT, "%s: %s, %zu relocations proved", bound->path,
             engraft_status_text(status), audit.proved);
    return status;
}
