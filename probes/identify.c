/* SPDX-License-Identifier: MIT */
/*
 * Which engines are in an image: the symbols that plugins are bound by (probe.c), then the facts of
 * engines.def. A row's facts are all heard, so that what agrees is kept as evidence and what does not
 * costs the version.
 */
#include "identify.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "examine.h"
#include "getter.h"
#include "probes.h"

#define BOUND_MAX 64 /* of probe.c, in one process */
#define CATALOGUE_MIN 5
/* Bytes of all modules together: a process may map one file a thousand times. */
#define CONTENT_MAX (16ull << 30)

struct found {
    struct engine_instance *items;
    size_t count, room;
};

static struct engine_instance *found_add(struct found *found)
{
    if (found->count == found->room) {
        size_t room = found->room ? found->room * 2 : 4;
        struct engine_instance *larger = realloc(found->items, room * sizeof *larger);

        if (!larger)
            return NULL;
        found->items = larger;
        found->room = room;
    }
    memset(&found->items[found->count], 0, sizeof *found->items);
    return &found->items[found->count++];
}

/* ---- one engine, one image --------------------------------------------------------------------------- */

static void instance_start(struct engine_instance *instance, const struct image *image,
                           const struct engine_facts *facts)
{
    memset(instance, 0, sizeof *instance);
    text_format(instance->abi.engine, sizeof instance->abi.engine, "%s", facts->id);
    instance->modules[0] = image;
    instance->module_count = 1;
    instance->ready = -1;
    instance->row = facts->bound ? probe_row(facts->id) : NULL;
    instance_prefixes_of_row(instance);
}

/* Whether the engine is there: one fact that only it has, or two texts. */
static bool is_present(struct inquiry *inquiry)
{
    const struct engine_facts *facts = inquiry->facts;
    unsigned texts = 0, proofs = 0;

    for (unsigned i = 0; i < FACTS_MAX && facts->presence[i].kind; i++) {
        const struct fact *fact = &facts->presence[i];

        if (facts->bound && fact->kind == FACT_SYMBOL)
            continue;
        if (!presence_holds(inquiry, fact))
            continue;
        *(fact->kind == FACT_TEXT ? &texts : &proofs) += 1;
    }
    inquiry->instance->confidence =
        proofs ? ENGRAFT_CONFIDENCE_CERTAIN : ENGRAFT_CONFIDENCE_STRONG;
    return proofs || texts >= 2;
}

static void version_find(struct inquiry *inquiry)
{
    const struct engine_facts *facts = inquiry->facts;
    struct abi *abi = &inquiry->instance->abi;

    for (unsigned i = 0; i < FACTS_MAX && facts->version[i].kind; i++)
        version_hear(inquiry, &facts->version[i]);
    for (unsigned i = 0; i < FACTS_MAX && facts->presence[i].kind; i++)
        if (facts->presence[i].kind == FACT_TEXT)
            version_hear(inquiry, &facts->presence[i]);
    if (!inquiry->disputed)
        return;
    evidence_add(inquiry->instance, 0, "text", "versions disagree: none is believed");
    abi->version[0] = '\0';
}

static bool is_executable(const struct image *image)
{
    return image->type == ET_EXEC || (image->flags_1 & DF_1_PIE) || image->dynamic_count == 0;
}

static void linkage_find(struct engine_instance *instance)
{
    if (instance->symbols != ENGRAFT_SYMBOLS_DYNAMIC)
        instance->linkage = ENGRAFT_LINKAGE_STATIC;
    else
        instance->linkage = is_executable(instance->modules[0]) ? ENGRAFT_LINKAGE_EXECUTABLE
                                                                : ENGRAFT_LINKAGE_SHARED;
}

/* Definitions that other objects can be bound to and whose names are the engine's. */
static unsigned api_count(const struct image *image, const char *const *prefixes)
{
    unsigned count = 0;

    for (uint32_t i = 1; *prefixes && i < image->symbol_count; i++) {
        const Elf64_Sym *symbol = &image->symbols[i];
        const char *name;

        if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx == SHN_ABS ||
            !symbol_is_exported(symbol))
            continue;
        name = image_name(image, symbol->st_name);
        count += name && api_prefix_length(name, prefixes) > 0;
    }
    return count;
}

/* The version and the configuration of an engine that is there; false when it is not after all. */
static bool details_examine(struct inquiry *inquiry)
{
    const struct engine_facts *facts = inquiry->facts;
    struct examination examination = {inquiry->image, facts, inquiry->texts, inquiry->instance};

    version_find(inquiry);
    for (unsigned i = 0; i < FACTS_MAX && facts->config[i].kind; i++)
        config_hear(inquiry, &facts->config[i]);
    return !facts->examine || facts->examine(&examination);
}

/* Returns false when the engine is not there; *ret_failed when that is for want of memory. */
static bool engine_examine(const struct image *image, const struct engine_facts *facts,
                           const struct texts *texts, struct engine_instance *instance,
                           bool *ret_failed)
{
    struct inquiry inquiry = {image, facts, texts, instance, false};
    struct texts more;
    bool is;

    instance_start(instance, image, facts);
    if (!is_present(&inquiry))
        return false;
    if (!texts_find(image, facts, texts, &more)) {
        *ret_failed = true;
        return false;
    }
    inquiry.texts = &more;
    is = details_examine(&inquiry);
    texts_release(&more);
    if (!is)
        return false;
    linkage_find(instance);
    if (instance->symbols == ENGRAFT_SYMBOLS_DYNAMIC)
        instance->api_count = api_count(image, facts->api);
    return true;
}

/* ---- all engines, one image ---------------------------------------------------------------------------- */

static bool has_engine(const struct found *found, size_t first, const struct image *image,
                       const char *id)
{
    for (size_t i = first; i < found->count; i++)
        for (unsigned j = 0; j < found->items[i].module_count; j++)
            if (found->items[i].modules[j] == image && strcmp(found->items[i].abi.engine, id) == 0)
                return true;
    return false;
}

/* Takes out, of those from `first` on, what only looks like another engine that is there. */
static void look_alikes_remove(struct found *found, size_t first)
{
    size_t kept = first;

    for (size_t i = first; i < found->count; i++) {
        const struct engine_facts *facts = engine_facts_of(found->items[i].abi.engine);
        bool alike = false;

        for (unsigned j = 0; facts && j < 3 && facts->unless[j]; j++)
            alike |= has_engine(found, first, found->items[i].modules[0], facts->unless[j]);
        if (!alike)
            found->items[kept++] = found->items[i];
    }
    found->count = kept;
}

static bool is_by_texts(const struct engine_instance *instance)
{
    return instance->confidence == ENGRAFT_CONFIDENCE_STRONG &&
           instance->symbols == ENGRAFT_SYMBOLS_NONE;
}

/* A file with the texts of many engines and nothing else of them knows engines and is none: a scanner, a
 * manual. No program is known to have more than two with their symbols hidden. */
static void catalogue_remove(struct found *found, size_t first)
{
    size_t kept = first, count = 0;

    for (size_t i = first; i < found->count; i++)
        count += is_by_texts(&found->items[i]);
    if (count < CATALOGUE_MIN)
        return;
    for (size_t i = first; i < found->count; i++)
        if (!is_by_texts(&found->items[i]))
            found->items[kept++] = found->items[i];
    found->count = kept;
}

/* The smallest engine that was measured is Lua 5.0.3 with 71 KB of code (wasm3 is said to have 64).
 * What has less is a stub, a launcher, a library of data, whatever it defines or quotes. */
#define CODE_MIN 40960u

static bool has_code(const struct image *image)
{
    uint64_t size = 0;

    for (unsigned i = 0; i < image->segment_count; i++)
        if (image->segments[i].flags & PF_X)
            size += image->segments[i].file_size;
    return size >= CODE_MIN;
}

/* Adds what the facts say; engines that are bound and that `found` has already are left out. */
static bool facts_examine(const struct image *image, struct found *found)
{
    size_t first = found->count;
    const struct engine_facts *facts;
    struct texts texts;
    bool failed = false;

    if (image_is_stub(image) || !has_code(image))
        return true;
    if (!texts_find(image, NULL, NULL, &texts))
        return false;
    for (size_t i = 0; !failed && (facts = engine_facts_at(i)); i++) {
        struct engine_instance instance;
        struct engine_instance *added;

        if ((facts->bound && has_engine(found, 0, image, facts->id)) ||
            !engine_examine(image, facts, &texts, &instance, &failed))
            continue;
        added = found_add(found);
        failed = !added;
        if (added)
            *added = instance;
    }
    texts_release(&texts);
    look_alikes_remove(found, first);
    catalogue_remove(found, first);
    return !failed;
}

/* What probe.c finds among the images. */
static bool bound_examine(const struct image *images, size_t count, struct found *found)
{
    found->items = calloc(BOUND_MAX, sizeof *found->items);
    if (!found->items)
        return false;
    found->room = BOUND_MAX;
    found->count = probe_images(images, count, found->items, BOUND_MAX);
    for (size_t i = 0; i < found->count; i++)
        for (unsigned j = 0; j < found->items[i].module_count; j++)
            found->items[i].api_count +=
                api_count(found->items[i].modules[j], found->items[i].prefixes);
    return true;
}

/* No more memory than it takes: there is one for every file that runs. */
static void found_trim(struct found *found)
{
    struct engine_instance *smaller;

    if (found->count == 0) {
        free(found->items);
        found->items = NULL;
        return;
    }
    smaller = realloc(found->items, found->count * sizeof *found->items);
    if (smaller)
        found->items = smaller;
}

bool identify_image(const struct image *image, struct identity *ret_identity)
{
    struct found found = {0};

    if (!bound_examine(image, 1, &found) || !facts_examine(image, &found)) {
        free(found.items);
        return false;
    }
    for (size_t i = 0; i < found.count; i++)
        found.items[i].modules[0] = NULL;
    found_trim(&found);
    *ret_identity = (struct identity){found.items, found.count};
    return true;
}

void identity_clear(struct identity *identity)
{
    free(identity->engines);
    *identity = (struct identity){NULL, 0};
}

/* ---- targets --------------------------------------------------------------------------------------------- */

/* The place of a fact's variable. */
static bool ready_place(const struct engine_instance *instance, const struct ready_fact *fact,
                        uint64_t *ret_vaddr, unsigned *ret_size)
{
    enum engraft_symbols kind;
    Elf64_Sym symbol;

    if (!instance_find(instance, fact->symbol, &symbol, &kind))
        return false;
    *ret_vaddr = symbol.st_value + fact->offset;
    *ret_size = fact->size;
    return !fact->function ||
           getter_load(instance->modules[0], symbol.st_value, ret_vaddr, ret_size);
}

static bool ready_read(const struct image *image, uint64_t vaddr, unsigned size,
                       uint64_t *ret_number)
{
    unsigned char bytes[8] = {0};

    if (size == 8) /* a pointer */
        size = (unsigned)image_word_size(image);
    if ((size != 1 && size != 4 && size != 8) || !image_read(image, vaddr, bytes, size))
        return false;
    *ret_number = size == 1   ? bytes[0]
                  : size == 4 ? image_u32(image, bytes)
                              : image_u64(image, bytes);
    return true;
}

/* Where something runs: an integer that the engine sets when it is ready. */
static void ready_find(struct engine_instance *instance)
{
    const struct engine_facts *facts = engine_facts_of(instance->abi.engine);
    const struct image *image = instance->modules[0];

    if (!facts || facts->bound || (!image->live && !image->read_live))
        return;
    for (unsigned i = 0; i < READY_MAX && facts->ready[i].symbol; i++) {
        const struct ready_fact *fact = &facts->ready[i];
        uint64_t vaddr, number;
        unsigned size;

        if ((fact->version &&
             strncmp(instance->abi.version, fact->version, strlen(fact->version)) != 0) ||
            !ready_place(instance, fact, &vaddr, &size) ||
            !ready_read(image, vaddr, size, &number))
            continue;
        instance->ready = number >= (fact->least ? fact->least : 1);
        evidence_add(instance, 0, "data", "%s is %s", fact->symbol,
                     instance->ready ? "set" : "not set");
        return;
    }
}

static uint64_t content_size(const struct image *image)
{
    uint64_t size = 0;

    for (unsigned i = 0; i < image->segment_count; i++)
        size += image->segments[i].file_size / 16; /* the sum of sixteen cannot overflow */
    return size * 16;
}

enum engraft_status identify_modules(const struct deep_modules *modules,
                                     struct engine_instance **ret_engines, size_t *ret_count,
                                     struct engraft_error *reterr)
{
    struct found found = {0};
    bool done = bound_examine(modules->images, modules->count, &found);
    uint64_t size = 0;

    for (size_t i = 0; done && i < modules->count && size < CONTENT_MAX; i++) {
        done = facts_examine(&modules->images[i], &found);
        size += content_size(&modules->images[i]);
    }
    if (!done) {
        free(found.items);
        return error_set(reterr, ENGRAFT_MEMORY, NULL, NULL, "out of memory");
    }
    for (size_t i = 0; i < found.count; i++)
        ready_find(&found.items[i]);
    *ret_engines = found.items;
    *ret_count = found.count;
    return ENGRAFT_OK;
}
