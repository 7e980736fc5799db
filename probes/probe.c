/* SPDX-License-Identifier: MIT */
/*
 * Finding engines among images: markers make candidates, candidates that NEED each other make an
 * instance, the engine's row examines it. Runs over all modules of a process at each load, so that
 * a module without an engine costs a few Bloom filter words.
 */
#include <string.h>

#include "probes.h"
#include "relinker.h"

#define CANDIDATE_MAX 64
#define MARKER_MAX 8

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct engine_row rows[] = {
#define ENGRAFT_ENGINE(id, ...)
#define ENGRAFT_BOUND_ENGINE(id, core_markers, name, ...) \
    {name, id##_prefixes, id##_markers, id##_examine, id##_infer},
#include "engines.def"
#undef ENGRAFT_BOUND_ENGINE
};

static const unsigned row_core_markers[] = {
#define ENGRAFT_BOUND_ENGINE(id, core_markers, ...) core_markers,
#include "engines.def"
#undef ENGRAFT_BOUND_ENGINE
#undef ENGRAFT_ENGINE
};

/* ---- rows ------------------------------------------------------------------------------------------ */

const struct engine_row *probe_row_at(size_t index)
{
    return index < COUNT(rows) ? &rows[index] : NULL;
}

const struct engine_row *probe_row(const char *id)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (strcmp(rows[i].id, id) == 0)
            return &rows[i];
    return NULL;
}

bool name_has_prefix(const char *name, const char *const *prefixes)
{
    for (; *prefixes; prefixes++) {
        const char *prefix = *prefixes, *at = name;

        while (*prefix && *prefix == *at)
            prefix++, at++;
        if (!*prefix)
            return true;
    }
    return false;
}

const struct engine_row *probe_row_of_symbol(const char *name)
{
    for (size_t i = 0; i < COUNT(rows); i++)
        if (name_has_prefix(name, rows[i].prefixes))
            return &rows[i];
    return NULL;
}

/* ---- candidates ------------------------------------------------------------------------------------ */

/* A module that is a part of some engine. */
struct candidate {
    size_t image;
    const struct engine_row *row; /* NULL: known by its note only */
    const struct engraft_manifest *note; /* NULL: known by its symbols */
    const char *marker;
    enum engraft_symbols symbols;
    bool core, taken;
};

struct candidates {
    struct candidate items[CANDIDATE_MAX];
    size_t count;
};

bool image_is_stub(const struct image *image)
{
    uint32_t size;

    return image_note(image, ENGRAFT_NOTE_NAME, NT_ENGRAFT_MANIFEST, &size) != NULL;
}

/* A definition with content. SHN_ABS and STV_HIDDEN are how engraft itself rewrites the references
 * of a plugin: such a plugin does not define anything. */
static bool defines(const struct image *image, const char *name, uint32_t hash)
{
    const Elf64_Sym *symbol = image_find(image, name, hash, NULL);

    return symbol && symbol->st_shndx != SHN_ABS &&
           ELF64_ST_VISIBILITY(symbol->st_other) != STV_HIDDEN;
}

/* `hashes` are those of the row's markers. */
static bool candidate_of_row(const struct image *image, size_t row, const uint32_t *hashes,
                             struct candidate *ret_candidate)
{
    const char *const *markers = rows[row].markers;
    Elf64_Sym symbol;

    for (unsigned i = 0; markers[i] && i < MARKER_MAX; i++) {
        if (!defines(image, markers[i], hashes[i]))
            continue;
        ret_candidate->marker = markers[i];
        ret_candidate->core = i < row_core_markers[row];
        ret_candidate->symbols = ENGRAFT_SYMBOLS_DYNAMIC;
        return !image_is_stub(image);
    }
    if (!image->find_hidden)
        return false;
    ret_candidate->symbols = image->find_hidden(image, markers[0], &symbol);
    ret_candidate->marker = markers[0];
    ret_candidate->core = true;
    return ret_candidate->symbols != ENGRAFT_SYMBOLS_NONE && !image_is_stub(image);
}

static bool candidate_of_note(const struct image *image, struct candidate *ret_candidate)
{
    const struct engraft_manifest *note = manifest_of(image, NT_ENGRAFT_ENGINE);
    const char *ready;

    if (!note)
        return false;
    ready = manifest_string(note, note->ready);
    ret_candidate->note = note;
    ret_candidate->row = probe_row(manifest_string(note, note->engine));
    ret_candidate->symbols = ENGRAFT_SYMBOLS_DYNAMIC;
    ret_candidate->core = *ready && image_find_name(image, ready);
    return true;
}

static void candidates_find(const struct image *images, size_t count,
                            struct candidates *candidates)
{
    uint32_t hashes[COUNT(rows)][MARKER_MAX];

    for (size_t row = 0; row < COUNT(rows); row++)
        for (unsigned i = 0; rows[row].markers[i] && i < MARKER_MAX; i++)
            hashes[row][i] = gnu_hash(rows[row].markers[i], NULL);
    candidates->count = 0;
    for (size_t i = 0; i < count; i++) {
        bool found = false;
        struct candidate *candidate;

        for (size_t row = 0; row <= COUNT(rows) && !found; row++) {
            if (candidates->count == CANDIDATE_MAX)
                return;
            candidate = &candidates->items[candidates->count];
            memset(candidate, 0, sizeof *candidate);
            candidate->image = i;
            if (row == 0) {
                found = candidate_of_note(&images[i], candidate);
            } else {
                candidate->row = &rows[row - 1];
                found = candidate_of_row(&images[i], row - 1, hashes[row - 1], candidate);
            }
        }
        candidates->count += found;
    }
}

static bool notes_alike(const struct engraft_manifest *first, const struct engraft_manifest *second)
{
    return strcmp(manifest_string(first, first->engine),
                  manifest_string(second, second->engine)) == 0 &&
           strcmp(manifest_string(first, first->version),
                  manifest_string(second, second->version)) == 0;
}

/* Whether two candidates can be parts of one engine. */
static bool candidates_alike(const struct candidate *first, const struct candidate *second)
{
    if (first->note && second->note)
        return notes_alike(first->note, second->note);
    return !first->note && !second->note && first->row == second->row;
}

/* ---- instances ------------------------------------------------------------------------------------- */

/* The last component of a path, or the whole when there is no slash. */
static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static bool is_named(const struct image *image, const char *needed)
{
    if (image->soname && strcmp(image->soname, needed) == 0)
        return true;
    return image->path && strcmp(base_name(image->path), base_name(needed)) == 0;
}

#define REACH_MAX 2048

struct reach {
    uint64_t seen[REACH_MAX / 64];
    uint16_t queue[REACH_MAX];
    size_t head, tail;
};

static void reach_name(struct reach *reach, const struct image *images, size_t count,
                       const char *needed)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t bit = 1ull << (i % 64);

        if ((reach->seen[i / 64] & bit) || !is_named(&images[i], needed))
            continue;
        reach->seen[i / 64] |= bit;
        reach->queue[reach->tail++] = (uint16_t)i;
    }
}

static bool reaches(const struct image *images, size_t count, size_t from, size_t to)
{
    struct reach reach = {.seen = {0}, .queue = {(uint16_t)from}, .tail = 1};

    reach.seen[from / 64] |= 1ull << (from % 64);
    while (reach.head < reach.tail) {
        const struct image *image = &images[reach.queue[reach.head++]];
        const char *needed;

        for (size_t i = 0; (needed = image_needed(image, i)); i++)
            reach_name(&reach, images, count, needed);
        if (reach.seen[to / 64] >> (to % 64) & 1)
            return true;
    }
    return false;
}

bool images_connected(const struct image *images, size_t count, size_t first, size_t second)
{
    if (count > REACH_MAX)
        count = REACH_MAX;
    if (first >= count || second >= count)
        return false;
    return reaches(images, count, first, second) || reaches(images, count, second, first);
}

static void instance_add(struct engine_instance *instance, const struct image *images,
                         struct candidate *candidate)
{
    candidate->taken = true;
    if (instance->module_count == ENGINE_MODULE_MAX)
        return;
    instance->modules[instance->module_count++] = &images[candidate->image];
    if (candidate->note)
        evidence_add(instance, instance->module_count - 1, "note", "%s %s",
                     manifest_string(candidate->note, candidate->note->engine),
                     manifest_string(candidate->note, candidate->note->version));
    else
        evidence_add(instance, instance->module_count - 1,
                     candidate->symbols == ENGRAFT_SYMBOLS_DYNAMIC ? "dynamic-symbol" : "symbol",
                     "%s", candidate->marker);
}

static bool connected_to_instance(const struct engine_instance *instance,
                                  const struct image *images, size_t count, size_t image)
{
    for (unsigned i = 0; i < instance->module_count; i++)
        if (images_connected(images, count, (size_t)(instance->modules[i] - images), image))
            return true;
    return false;
}

/* Adds the modules that belong to `core`, until no more do. Another core is another engine. */
static void instance_gather(struct engine_instance *instance, const struct image *images,
                            size_t count, struct candidates *candidates,
                            const struct candidate *core)
{
    bool grown;

    do {
        grown = false;
        for (size_t i = 0; i < candidates->count; i++) {
            struct candidate *candidate = &candidates->items[i];

            if (candidate->taken || candidate->core || !candidates_alike(core, candidate) ||
                !connected_to_instance(instance, images, count, candidate->image))
                continue;
            instance_add(instance, images, candidate);
            grown = true;
        }
    } while (grown);
}

static bool is_executable(const struct image *image)
{
    return image->type == ET_EXEC || (image->flags_1 & DF_1_PIE) || !image->path ||
           !*image->path;
}

static enum engraft_linkage linkage_of(const struct engine_instance *instance)
{
    if (instance->symbols != ENGRAFT_SYMBOLS_DYNAMIC)
        return ENGRAFT_LINKAGE_STATIC;
    return is_executable(instance->modules[0]) ? ENGRAFT_LINKAGE_EXECUTABLE
                                               : ENGRAFT_LINKAGE_SHARED;
}

void instance_prefixes_of_row(struct engine_instance *instance)
{
    size_t count = 0;

    for (; instance->row && instance->row->prefixes[count] &&
           count + 1 < COUNT(instance->prefixes); count++)
        instance->prefixes[count] = instance->row->prefixes[count];
    instance->prefixes[count] = NULL;
}

static void prefixes_of_note(struct engine_instance *instance, const char *list)
{
    size_t count = 0;

    for (; *list && count + 1 < COUNT(instance->prefixes); list += strlen(list) + 1)
        instance->prefixes[count++] = list;
    instance->prefixes[count] = NULL;
}

/* 1, 0, or -1 where nothing runs (a file) or the process cannot be read. */
static int ready_of_note(const struct engine_instance *instance, const char *name)
{
    enum engraft_symbols kind;
    Elf64_Sym symbol;
    const struct image *image = instance_find(instance, name, &symbol, &kind);
    int value;

    if (!image || (!image->live && !image->read_live) ||
        !image_read(image, symbol.st_value, &value, sizeof value))
        return -1;
    return value != 0;
}

static void examine_note(struct engine_instance *instance, const struct engraft_manifest *note)
{
    struct abi *abi = &instance->abi;
    const char *ready = manifest_string(note, note->ready);

    text_format(abi->version, sizeof abi->version, "%s", manifest_string(note, note->version));
    text_format(abi->config, sizeof abi->config, "%s", manifest_string(note, note->config));
    if (note->prefixes)
        prefixes_of_note(instance, manifest_string(note, note->prefixes));
    if (!*ready)
        return;
    instance->ready = ready_of_note(instance, ready);
    if (instance->ready >= 0)
        evidence_add(instance, 0, "data", "%s is %s", ready, instance->ready ? "set" : "0");
}

static bool instance_make(const struct image *images, size_t count,
                          struct candidates *candidates, struct candidate *core,
                          struct engine_instance *instance)
{
    memset(instance, 0, sizeof *instance);
    instance->row = core->row;
    instance->ready = -1;
    instance->symbols = core->symbols;
    instance->confidence = ENGRAFT_CONFIDENCE_CERTAIN;
    text_format(instance->abi.engine, sizeof instance->abi.engine, "%s",
                core->note ? manifest_string(core->note, core->note->engine) : core->row->id);
    instance_add(instance, images, core);
    instance_gather(instance, images, count, candidates, core);
    instance->linkage = linkage_of(instance);
    instance_prefixes_of_row(instance);
    if (core->note) {
        examine_note(instance, core->note);
        return true;
    }
    return core->row->examine(instance);
}

size_t probe_images(const struct image *images, size_t count,
                    struct engine_instance *ret_instances, size_t max)
{
    struct candidates candidates;
    size_t written = 0;

    candidates_find(images, count, &candidates);
    /* Cores first; then modules whose engine tells no core by a note: any of them leads. */
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < candidates.count && written < max; i++) {
            struct candidate *candidate = &candidates.items[i];
            bool leads = round == 0 ? candidate->core : candidate->note != NULL;

            if (candidate->taken || !leads)
                continue;
            written += instance_make(images, count, &candidates, candidate,
                                     &ret_instances[written]);
        }
    }
    return written;
}
