/* SPDX-License-Identifier: MIT */
/* Which engine symbols an object refers to, and how. */
#include <string.h>

#include "relinker.h"

static uint8_t use_of(enum relocation_kind kind)
{
    switch (kind) {
    case RELOCATION_JUMP_SLOT:
        return USE_CALL;
    case RELOCATION_SLOT:
        return USE_SLOT;
    case RELOCATION_WORD:
        return USE_WORD;
    case RELOCATION_COPY:
        return USE_COPY;
    case RELOCATION_TLS:
        return USE_TLS;
    default:
        return USE_OTHER;
    }
}

static void uses_mark(const struct image *image, const Elf64_Rela *rela, size_t count,
                      uint8_t *uses)
{
    const struct architecture *architecture = architecture_of(image->machine);
    uint32_t known = 0; /* types come in runs */
    uint8_t use = use_of(RELOCATION_OTHER);

    for (size_t i = 0; architecture && i < count; i++) {
        uint64_t symbol = ELF64_R_SYM(rela[i].r_info);
        uint32_t type = (uint32_t)ELF64_R_TYPE(rela[i].r_info);

        if (!symbol || symbol >= image->symbol_count)
            continue;
        if (type != known)
            use = use_of(relocation_kind(architecture, type));
        known = type;
        uses[symbol] |= use;
    }
}

uint8_t *references_uses(struct arena *arena, const struct image *image)
{
    uint8_t *uses = arena_allocate(arena, (size_t)image->symbol_count + 1);

    if (uses) {
        uses_mark(image, image->rela, image->rela_count, uses);
        uses_mark(image, image->jmprel, image->jmprel_count, uses);
    }
    return uses;
}

/* An engine symbol that ld.so would look up: undefined, or defined weakly or uniquely by the
 * plugin (inline functions, vtables) so that another module's definition could take over. */
static bool is_reference(const Elf64_Sym *symbol)
{
    unsigned binding = ELF64_ST_BIND(symbol->st_info);

    if (binding == STB_LOCAL || ELF64_ST_VISIBILITY(symbol->st_other) == STV_HIDDEN ||
        ELF64_ST_VISIBILITY(symbol->st_other) == STV_INTERNAL)
        return false;
    return symbol->st_shndx == SHN_UNDEF || binding == STB_WEAK || binding == STB_GNU_UNIQUE ||
           ELF64_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT;
}

/* The manifest's hashes in the order of its symbols: a stub made from the plugin itself lists them
 * as the plugin does, and then no name has to be hashed. A hash that does not fit makes the lookup
 * miss, never hit wrongly, because the name is compared; plan.c tries again with the true one. */
struct hash_hints {
    const struct engraft_manifest_symbol *next, *end;
};

static void hints_init(struct hash_hints *hints, const struct engraft_manifest *manifest)
{
    memset(hints, 0, sizeof *hints);
    if (manifest && manifest->symbol_count) {
        hints->next = manifest_symbols(manifest);
        hints->end = hints->next + manifest->symbol_count;
    }
}

/* 0 leaves the hash to resolve.c. A manifest that does not start with the plugin's first reference
 * is in another order. */
static uint32_t hint(struct hash_hints *hints, const struct engraft_manifest *manifest,
                     const char *name, bool first)
{
    if (first && hints->next < hints->end &&
        strcmp(manifest_string(manifest, hints->next->name), name) != 0)
        hints->next = hints->end;
    return hints->next < hints->end ? hints->next++->gnu_hash : 0;
}

/* Prefixes of at most eight bytes, compared as one word; what is longer goes on in `rest`. */
struct prefix {
    uint64_t word, mask;
    const char *rest;
};

struct prefix_set {
    struct prefix items[ENGINE_PREFIX_MAX];
    unsigned count;
    const char *const *texts;
};

static void prefixes_init(struct prefix_set *set, const char *const *texts)
{
    set->texts = texts;
    for (set->count = 0; texts[set->count] && set->count < ENGINE_PREFIX_MAX; set->count++) {
        struct prefix *prefix = &set->items[set->count];
        size_t length = strnlen(texts[set->count], 8);

        prefix->word = 0;
        memcpy(&prefix->word, texts[set->count], length);
        prefix->mask = length == 8 ? UINT64_MAX : ((uint64_t)1 << 8 * length) - 1;
        prefix->rest = texts[set->count] + length;
    }
}

static bool has_prefix(const struct prefix_set *set, const char *name, size_t room)
{
    uint64_t word;

    if (room < sizeof word)
        return name_has_prefix(name, set->texts);
    memcpy(&word, name, sizeof word);
    for (unsigned i = 0; i < set->count; i++) {
        const struct prefix *prefix = &set->items[i];

        if ((word & prefix->mask) == prefix->word &&
            (!*prefix->rest || strncmp(name + 8, prefix->rest, strlen(prefix->rest)) == 0))
            return true;
    }
    return false;
}

/* Undefined, or used by a relocation. */
static bool is_candidate(const struct image *image, uint32_t index, const uint8_t *uses)
{
    const Elf64_Sym *symbol = &image->symbols[index];

    return is_reference(symbol) && (symbol->st_shndx == SHN_UNDEF || uses[index]) &&
           symbol->st_name < image->string_size;
}

static size_t candidates_count(const struct image *image, const uint8_t *uses)
{
    size_t count = 0;

    for (uint32_t i = 1; i < image->symbol_count; i++)
        count += is_candidate(image, i, uses);
    return count;
}

/* The last version that was looked up: a plugin has few, and its symbols come in runs of one. */
struct version_seen {
    unsigned number;
    const char *name;
    bool of_stub; /* the import library of a stub had the symbol: it is the engine's */
};

static void version_see(struct version_seen *seen, const struct image *image, uint32_t symbol)
{
    unsigned number = image->versym ? image->versym[symbol] & 0x7fffu : 0;

    if (number == seen->number)
        return;
    seen->number = number;
    seen->name = image_symbol_version(image, symbol);
    seen->of_stub = seen->name && strcmp(seen->name, ENGRAFT_STUB_VERSION) == 0;
    if (seen->of_stub)
        seen->name = NULL; /* the engine has no such version */
}

#define PREFETCH_AHEAD 16

/* Names stand in no order: the start of those that come soon is fetched. */
static void name_prefetch(const struct image *image, uint32_t index)
{
    if (index < image->symbol_count)
        __builtin_prefetch(image->strings + image->symbols[index].st_name);
}

struct collection {
    const struct image *image;
    const uint8_t *uses;
    struct prefix_set prefixes;
    struct hash_hints hints;
    struct version_seen version;
};

static bool is_of_engine(struct collection *collection, uint32_t index)
{
    const struct image *image = collection->image;
    uint32_t name = image->symbols[index].st_name;

    version_see(&collection->version, image, index);
    if (collection->version.of_stub)
        return true;
    name_prefetch(image, index + PREFETCH_AHEAD);
    return has_prefix(&collection->prefixes, image->strings + name, image->string_size - name);
}

static void reference_init(struct collection *collection, uint32_t index,
                           const struct engraft_manifest *manifest, bool first,
                           struct reference *reference)
{
    const Elf64_Sym *symbol = &collection->image->symbols[index];

    reference->name = collection->image->strings + symbol->st_name;
    reference->symbol = index;
    reference->uses = collection->uses[index];
    reference->defined = symbol->st_shndx != SHN_UNDEF;
    reference->version = collection->version.name;
    if (!reference->defined)
        reference->hash = hint(&collection->hints, manifest, reference->name, first);
}

enum engraft_status references_collect(struct arena *arena, const struct image *image,
                                       const char *const *prefixes,
                                       const struct engraft_manifest *manifest,
                                       struct reference **ret_references, size_t *ret_count,
                                       struct engraft_error *reterr)
{
    struct collection collection = {.image = image, .uses = references_uses(arena, image)};
    size_t count = collection.uses ? candidates_count(image, collection.uses) : 0;
    struct reference *references =
        arena_allocate_written(arena, (count + 1) * sizeof *references);
    bool first = true;

    if (!references || !collection.uses)
        return error_set(reterr, ENGRAFT_MEMORY, image->path, NULL, "out of memory");
    prefixes_init(&collection.prefixes, prefixes);
    hints_init(&collection.hints, manifest);
    count = 0;
    for (uint32_t i = 1; i < image->symbol_count; i++) {
        if (!is_candidate(image, i, collection.uses) || !is_of_engine(&collection, i))
            continue;
        reference_init(&collection, i, manifest, first, &references[count]);
        first &= references[count++].defined;
    }
    *ret_references = references;
    *ret_count = count;
    return ENGRAFT_OK;
}

/* ---- function or data? ------------------------------------------------------------------------------ */

/* Itanium C++ ABI, 5.1.3: <nested-name> ::= N [<CV-qualifiers>] [<ref-qualifier>] <prefix>
 * <unqualified-name> E. A name that ends there is an object; a function's parameter types follow.
 * Template arguments and operators are not parsed: "cannot be told". */
static int nested_name_is_data(const char *name)
{
    while (*name == 'K' || *name == 'V' || *name == 'r' || *name == 'R' || *name == 'O')
        name++;
    while (*name >= '0' && *name <= '9') {
        size_t length = 0;

        while (*name >= '0' && *name <= '9' && length < 4096)
            length = length * 10 + (size_t)(*name++ - '0');
        if (strnlen(name, length) < length)
            return -1;
        name += length;
    }
    if (*name == 'C' || *name == 'D') /* constructor or destructor: C1 C2 C3 D0 D1 D2 */
        return 0;
    if (*name != 'E')
        return -1;
    return name[1] == '\0';
}

int symbol_name_is_data(const char *name)
{
    static const char *const data[] = {"_ZTV", "_ZTI", "_ZTS", "_ZTT", "_ZGV", "_ZGR"};
    static const char *const functions[] = {"_ZTh", "_ZTv", "_ZTc", "_ZTW", "_ZTH"};

    if (strncmp(name, "_Z", 2) != 0)
        return -1;
    for (size_t i = 0; i < sizeof data / sizeof *data; i++)
        if (strncmp(name, data[i], 4) == 0)
            return 1;
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
        if (strncmp(name, functions[i], 4) == 0)
            return 0;
    return name[2] == 'N' ? nested_name_is_data(name + 3) : -1;
}

static int type_is_data(unsigned type)
{
    if (type == STT_FUNC || type == STT_GNU_IFUNC)
        return 0;
    return type == STT_OBJECT || type == STT_COMMON ? 1 : -1;
}

int reference_is_data(const struct image *image, const struct reference *reference,
                      const struct engraft_manifest *manifest, const struct abi_adapter *adapter)
{
    int answer = type_is_data(ELF64_ST_TYPE(image->symbols[reference->symbol].st_info));

    if (answer < 0 && reference->uses & USE_CALL)
        answer = 0;
    if (answer < 0 && manifest && manifest->bucket_count) {
        const struct engraft_manifest_symbol *symbol =
            manifest_find(manifest, reference->name, gnu_hash(reference->name, NULL));

        if (symbol)
            answer = type_is_data(symbol->type);
    }
    if (answer < 0)
        answer = symbol_name_is_data(reference->name);
    if (answer < 0 && adapter && adapter->is_data)
        answer = adapter->is_data(reference->name);
    return answer;
}
