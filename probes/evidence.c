/* SPDX-License-Identifier: MIT */
/* What examine() reads with and writes into: see engine.h and probes.h. */
#include <string.h>

#include "probes.h"
#include "relinker.h"

/* Symbols, sections, notes and data structures are an engine's own; a text may be quoted. */
static enum engraft_strength strength_of_kind(const char *kind)
{
    return strcmp(kind, "text") == 0 ? ENGRAFT_STRENGTH_SUPPORT : ENGRAFT_STRENGTH_PROOF;
}

/* The same thing may be asked for twice, as a sign of presence and of the version. */
static bool is_told(const struct engine_instance *instance, const struct engine_evidence *evidence)
{
    const struct engine_evidence *told = instance->evidence;

    for (unsigned i = 0; &told[i] < evidence; i++)
        if (told[i].module == evidence->module && strcmp(told[i].kind, evidence->kind) == 0 &&
            strcmp(told[i].detail, evidence->detail) == 0)
            return true;
    return false;
}

void evidence_add(struct engine_instance *instance, unsigned module, const char *kind,
                  const char *format, ...)
{
    struct engine_evidence *evidence;
    va_list arguments;

    if (instance->evidence_count == ENGINE_EVIDENCE_MAX)
        return;
    evidence = &instance->evidence[instance->evidence_count];
    evidence->kind = kind;
    evidence->strength = strength_of_kind(kind);
    evidence->module = module;
    va_start(arguments, format);
    text_vformat(evidence->detail, sizeof evidence->detail, format, arguments);
    va_end(arguments);
    instance->evidence_count += !is_told(instance, evidence);
}

const struct image *instance_find(const struct engine_instance *instance, const char *name,
                                  Elf64_Sym *ret_symbol, enum engraft_symbols *ret_kind)
{
    uint32_t hash = gnu_hash(name, NULL);

    for (unsigned i = 0; i < instance->module_count; i++) {
        const Elf64_Sym *symbol = image_find(instance->modules[i], name, hash, NULL);

        if (symbol) {
            *ret_symbol = *symbol;
            *ret_kind = ENGRAFT_SYMBOLS_DYNAMIC;
            return instance->modules[i];
        }
    }
    for (unsigned i = 0; i < instance->module_count; i++) {
        const struct image *image = instance->modules[i];
        enum engraft_symbols kind =
            image->find_hidden ? image->find_hidden(image, name, ret_symbol) : ENGRAFT_SYMBOLS_NONE;

        if (kind != ENGRAFT_SYMBOLS_NONE) {
            *ret_kind = kind;
            return image;
        }
    }
    return NULL;
}

bool instance_read_int(const struct engine_instance *instance, const char *name, int *ret_value)
{
    enum engraft_symbols kind;
    Elf64_Sym symbol;
    const struct image *image = instance_find(instance, name, &symbol, &kind);
    unsigned char bytes[4];

    if (!image || !constant_read(image, symbol.st_value, bytes, sizeof bytes))
        return false;
    *ret_value = (int)image_u32(image, bytes);
    return true;
}

bool constant_read(const struct image *image, uint64_t vaddr, void *buffer, size_t length)
{
    const void *bytes;

    if (image_read(image, vaddr, buffer, length))
        return true;
    bytes = image_at(image, vaddr, length);
    if (bytes)
        memcpy(buffer, bytes, length);
    return bytes != NULL;
}

/* Machines whose files are read, and nothing more: the numbers are those of <elf.h>. */
static const struct {
    uint16_t machine;
    uint8_t word_size;
    uint32_t relative, word;
} foreign_machines[] = {
    {EM_X86_64, 4, R_X86_64_RELATIVE, R_X86_64_32},
    {EM_AARCH64, 4, R_AARCH64_P32_RELATIVE, R_AARCH64_P32_ABS32},
    {EM_386, 4, R_386_RELATIVE, R_386_32},
    {EM_ARM, 4, R_ARM_RELATIVE, R_ARM_ABS32},
    {EM_68K, 4, R_68K_RELATIVE, R_68K_32},
    {EM_SPARC, 4, R_SPARC_RELATIVE, R_SPARC_32},
    {EM_SPARCV9, 8, R_SPARC_RELATIVE, R_SPARC_64},
    {EM_PPC, 4, R_PPC_RELATIVE, R_PPC_ADDR32},
    {EM_PPC64, 8, R_PPC64_RELATIVE, R_PPC64_ADDR64},
    {EM_S390, 4, R_390_RELATIVE, R_390_32},
    {EM_S390, 8, R_390_RELATIVE, R_390_64},
    {EM_RISCV, 4, R_RISCV_RELATIVE, R_RISCV_32},
    {EM_RISCV, 8, R_RISCV_RELATIVE, R_RISCV_64},
    {258 /* EM_LOONGARCH */, 8, 3 /* R_LARCH_RELATIVE */, 2 /* R_LARCH_64 */},
};

static enum relocation_kind kind_of(const struct image *image, uint32_t type)
{
    const struct architecture *architecture = architecture_of(image->machine);

    if (architecture && image_word_size(image) == 8)
        return relocation_kind(architecture, type);
    for (size_t i = 0; i < sizeof foreign_machines / sizeof *foreign_machines; i++) {
        if (foreign_machines[i].machine != image->machine ||
            foreign_machines[i].word_size != image_word_size(image))
            continue;
        return type == foreign_machines[i].relative ? RELOCATION_RELATIVE
               : type == foreign_machines[i].word   ? RELOCATION_WORD
                                                    : RELOCATION_OTHER;
    }
    return RELOCATION_OTHER;
}

bool relocation_local_value(const struct image *image, const Elf64_Rela *rela, uint64_t *ret_value)
{
    uint64_t index = ELF64_R_SYM(rela->r_info);

    switch (kind_of(image, (uint32_t)ELF64_R_TYPE(rela->r_info))) {
    case RELOCATION_RELATIVE:
        *ret_value = (uint64_t)rela->r_addend;
        return true;
    case RELOCATION_WORD:
        if (index >= image->symbol_count || image->symbols[index].st_shndx == SHN_UNDEF)
            return false;
        *ret_value = image->symbols[index].st_value + (uint64_t)rela->r_addend;
        return true;
    default:
        return false;
    }
}

/* The value that a relocation will store at `vaddr`: lld leaves 0 in the place it relocates. */
static bool relocation_value(const struct image *image, uint64_t vaddr, uint64_t *ret_value)
{
    for (size_t i = 0; i < image->rela_count; i++)
        if (image->rela[i].r_offset == vaddr)
            return relocation_local_value(image, &image->rela[i], ret_value);
    return false;
}

bool pointer_read(const struct image *image, uint64_t vaddr, uint64_t *ret_pointer)
{
    unsigned char bytes[8];
    uint64_t pointer;

    if (!constant_read(image, vaddr, bytes, image_word_size(image)))
        return false;
    pointer = image_word(image, bytes);
    if (pointer == 0 && relocation_value(image, vaddr, &pointer)) {
        *ret_pointer = pointer;
        return true;
    }
    *ret_pointer = image_pointer(image, pointer);
    return true;
}
