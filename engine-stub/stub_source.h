/* SPDX-License-Identifier: MIT */
/*
 * What a stub is made from: an engine, plugins, a list of symbols, and what they say together.
 * Input files are read through engraft_deep_table, so this directory knows no file format but its
 * own.
 */
#ifndef ENGRAFT_STUB_SOURCE_H
#define ENGRAFT_STUB_SOURCE_H

#include "deep.h"
#include "machine.h"
#include "symbol_set.h"

struct stub_source {
    const struct engraft_stub_request *request;
    struct deep_modules engine_file;
    const struct image *engine;         /* NULL: none was given */
    struct engine_instance *instance;   /* NULL: none was recognised in the file */
    struct deep_modules *plugin_files;  /* request->plugin_count */
    char *list;                         /* text of request->symbols_path */
    const struct machine *machine;
    struct abi abi;
    const char *const *prefixes;      /* names that belong to the engine; NULL: none is known */
    const char *const *note_prefixes; /* the same, when no row of probes/engines.def has them */
    struct symbol_set set;
};

/* Opens and reads everything the request names; release with stub_source_deinit(), also after a
 * failure. */
enum engraft_status stub_source_init(struct stub_source *source,
                                     const struct engraft_stub_request *request,
                                     struct engraft_error *reterr);
void stub_source_deinit(struct stub_source *source);

/* The parts of stub_source_init(), one file each. */
enum engraft_status source_find_abi(struct stub_source *source, struct engraft_error *reterr);
enum engraft_status source_add_plugins(struct stub_source *source, struct engraft_error *reterr);
enum engraft_status source_add_engine(struct stub_source *source, struct engraft_error *reterr);
enum engraft_status source_add_list(struct stub_source *source, struct engraft_error *reterr);

/* A symbol as the engine defines it. */
struct stub_symbol engine_symbol(const struct image *engine, uint32_t index);
/* Index of the engine's definition of `name`, 0 when there is none; version NULL: the default. */
uint32_t engine_symbol_index(const struct image *engine, const char *name, const char *version);

#endif
