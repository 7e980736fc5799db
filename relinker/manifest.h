/* SPDX-License-Identifier: MIT */
/*
 * The notes engraft reads in ELF objects. docs/engraft.5 is the specification of the format;
 * this header is its C form.
 *
 * Both notes have the owner name "engraft" (namesz 8, NUL included), lie in an allocated SHT_NOTE
 * section covered by PT_NOTE, are aligned to 4 and hold integers in the byte order of the file.
 * Every uint32_t called "offset" counts bytes from the start of the descriptor; 0 means absent.
 * Strings end with NUL inside the descriptor. What follows the name is the descriptor also when
 * n_descsz is 0 and n_namesz counts both: so engraft writes it, and eu-elflint is content.
 *
 *   NT_ENGRAFT_MANIFEST  in a stub: what the plugins that link to it were built against
 *   NT_ENGRAFT_ENGINE    in an engine: what this module implements (for engines without a row
 *                        in probes/engines.def; symbols may be empty)
 */
#ifndef ENGRAFT_MANIFEST_H
#define ENGRAFT_MANIFEST_H

#include <stdint.h>

#define ENGRAFT_NOTE_NAME "engraft"
#define NT_ENGRAFT_MANIFEST 1
#define NT_ENGRAFT_ENGINE 2

#define ENGRAFT_MANIFEST_FORMAT 1

/* The names a stub (protocol version 1) takes from libengraft.so.0. */
#define ENGRAFT_STUB_BIND "engraft_stub_bind_1" /* STT_GNU_IFUNC: its resolver is the trigger */
#define ENGRAFT_STUB_INIT "engraft_stub_init_1" /* function: first entry of DT_INIT_ARRAY */
#define ENGRAFT_STUB_FINI "engraft_stub_fini_1" /* function: last entry of DT_FINI_ARRAY */

/*
 * The stub's own dynamic symbols. `engraft_stub_verdict_1` stays undefined in the file and is the
 * subject of the stub's second relocation: libengraft defines it in memory when the plugin may be
 * loaded, or points its st_name at the text it wrote into `engraft_stub_reason_1` (a writable
 * object of at least 512 bytes) so that dlerror() carries the reason.
 */
#define ENGRAFT_STUB_VERDICT "engraft_stub_verdict_1"
#define ENGRAFT_STUB_REASON "engraft_stub_reason_1"
#define ENGRAFT_STUB_REASON_SIZE 1024

/*
 * The version that the import library gives to symbols that have none in the engine, and that the
 * run-time stub defines with the engine's own. ld.so relocates a stub once, so a second plugin that
 * NEEDs a resident stub would get no moment and be bound by ld.so alone. ld.so checks versions before
 * it relocates anything: libengraft takes them out of a stub that has served, and the second plugin
 * fails to load with
 *
 *     lib.engraft.so: version `ENGRAFT_ONE_PLUGIN_PER_STUB' not found (required by ./second.so)
 */
#define ENGRAFT_STUB_VERSION "ENGRAFT_ONE_PLUGIN_PER_STUB"

struct engraft_manifest {
    uint32_t format;       /* ENGRAFT_MANIFEST_FORMAT */
    uint32_t size;         /* bytes of the whole descriptor */
    uint32_t minimum_core; /* least ENGRAFT_VERSION_NUMBER that can serve this stub */
    uint32_t flags;        /* 0 */
    uint32_t engine;       /* offset: engine id, "v8" */
    uint32_t version;      /* offset: version string, "10.2.154.26-node.39"; may be empty */
    uint32_t config;       /* offset: "key=value key=value", sorted by key; may be empty */
    uint32_t plugin;       /* offset: SONAME or file name of the plugin this stub was made for */
    uint32_t trap;         /* offset: "abort" or "return": what a called trap does; 0 = abort */
    uint32_t prefixes;     /* offset: symbol-name prefixes of the engine, each NUL-terminated,
                              the list ended by an empty string; 0 = use the engine's row */
    uint32_t ready;        /* engine note only: offset of the name of an exported int that is
                              non-zero once the engine is initialised */
    uint32_t symbol_count;
    uint32_t symbols;      /* offset: struct engraft_manifest_symbol[symbol_count], aligned to 8;
                              a stub made --from a plugin keeps the plugin's dynsym order */
    uint32_t bucket_count; /* power of two, 0 = no index */
    uint32_t buckets;      /* offset: uint32_t[bucket_count]; open addressing: start at
                              hash & (bucket_count - 1), step 1, entries are symbol index + 1,
                              0 ends the search */
    uint32_t reserved;
};

/* Aligned to 4, as notes are: its 64-bit member may lie at any multiple of 4. */
struct __attribute__((packed, aligned(4))) engraft_manifest_symbol {
    uint32_t name;     /* offset */
    uint32_t gnu_hash; /* DT_GNU_HASH's hash of the name */
    uint32_t version;  /* offset: symbol version, 0 = none */
    uint8_t type;      /* STT_FUNC, STT_OBJECT or STT_NOTYPE when it is not known */
    uint8_t flags;     /* ENGRAFT_MANIFEST_WEAK */
    uint16_t reserved;
    uint64_t size; /* st_size in the engine, 0 = not known */
};

#define ENGRAFT_MANIFEST_WEAK 1

_Static_assert(sizeof(struct engraft_manifest) == 64, "the note's header is 64 bytes");
_Static_assert(sizeof(struct engraft_manifest_symbol) == 24, "a symbol of the note is 24 bytes");

#endif
