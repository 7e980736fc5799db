/* SPDX-License-Identifier: MIT */
/*
 * What the parts of engraft tell each other about engines: plain structs of facts with fixed
 * sizes, so that they can be filled inside an IFUNC resolver, where nothing may allocate.
 */
#ifndef ENGRAFT_ENGINE_H
#define ENGRAFT_ENGINE_H

#include "image.h"
#include "manifest.h"

#define ENGINE_MODULE_MAX 8
#define ENGINE_EVIDENCE_MAX 12
#define ENGINE_MAX 8
#define ENGINE_PREFIX_MAX 24

/* An engine, a version, a build configuration: "v8", 10.2.154.26-node.39, "stdlib=libstdc++". */
struct abi {
    char engine[24];
    char version[72]; /* "" = not known */
    char config[256]; /* "key=value key=value", keys sorted; a key that could not be read is absent */
};

struct engine_instance;

/* A row of probes/engines.def: how an engine is recognised. See docs/HOWTO-add-an-engine.md. */
struct engine_row {
    const char *id;
    const char *const *prefixes; /* names that belong to the engine start so; NULL-terminated */
    const char *const *markers;  /* defining any of these makes a module part of the engine */
    /* Fills version, config, ready and evidence from the modules of `instance`; returns false when
     * they are not an implementation of the engine after all (a stub, a look-alike). */
    bool (*examine)(struct engine_instance *instance);
    /* The version a plugin was compiled for, from the plugin alone; false when it cannot be told.
     * ret_source: "module-version" or "inferred". */
    bool (*infer)(const struct image *plugin, struct abi *ret_abi, const char **ret_source);
};

struct engine_evidence {
    const char *kind; /* static storage */
    enum engraft_strength strength;
    char detail[160];
    unsigned module; /* index into modules */
};

/* One copy of an engine: the modules that implement it together. */
struct engine_instance {
    const struct engine_row *row; /* NULL: known by a note or a registration only */
    struct abi abi;
    const struct image *modules[ENGINE_MODULE_MAX];
    unsigned module_count;
    enum engraft_linkage linkage;
    enum engraft_symbols symbols;
    int ready; /* 1, 0, -1 */
    const char *prefixes[ENGINE_PREFIX_MAX + 1]; /* NULL-terminated; from the row, the note or the registration */
    struct engine_evidence evidence[ENGINE_EVIDENCE_MAX];
    unsigned evidence_count;
    enum engraft_confidence confidence;
    unsigned api_count; /* exported names of the engine; 0 until somebody counts */
};

/*
 * probe_images() - find the engine instances in a set of images.
 * Pure: reads the images only. Stubs and plugins (undefined references only) are no engines.
 * Modules belong to one instance when one NEEDs the other, directly or through others.
 * Images must outlive the instances. Returns the number written, at most `max`.
 */
size_t probe_images(const struct image *images, size_t count, struct engine_instance *ret_instances,
                    size_t max);

/* The row with this id, or NULL. probe_row_at() walks all rows; NULL after the last. */
const struct engine_row *probe_row(const char *id);
const struct engine_row *probe_row_at(size_t index);
/* The row whose prefixes the name has, or NULL. */
const struct engine_row *probe_row_of_symbol(const char *name);
bool name_has_prefix(const char *name, const char *const *prefixes);

/* ---- helpers for examine() ---- */

void evidence_add(struct engine_instance *instance, unsigned module, const char *kind,
                  const char *format, ...) __attribute__((format(printf, 4, 5)));
/* A defined symbol in any module of the instance: first dynamic, then hidden (then ret_kind is
 * SYMTAB or DEBUG). NULL module when there is none. */
const struct image *instance_find(const struct engine_instance *instance, const char *name,
                                  Elf64_Sym *ret_symbol, enum engraft_symbols *ret_kind);
bool instance_read_int(const struct engine_instance *instance, const char *name, int *ret_value);

/* ---- adapters: what an engine's directory under abi-adapters/ offers (abi_adapter.h) ---- */

/* How a pair of versions relates before any symbol is looked at. */
struct abi_relation {
    enum engraft_verdict verdict; /* EXACT, COMPATIBLE, ADAPTED or REFUSED */
    char reason[512];             /* why, when it is not EXACT */
};

/* A place in an object's code that has to be changed for a pair of versions. */
struct abi_repair {
    uint64_t vaddr;    /* of the first byte */
    uint64_t offset;   /* in the file */
    uint64_t function; /* vaddr where its function starts */
    const char *what;  /* static text: the pattern; with size 0 what is not understood there */
    uint8_t size;      /* 0: it cannot be changed, and the object cannot be used */
    uint8_t before[8], after[8];
};

#endif
