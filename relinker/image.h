/* SPDX-License-Identifier: MIT */
/*
 * One ELF object as the dynamic linker sees it: its program headers and its dynamic section.
 *
 * The same parser reads objects that are mapped in this process and objects that a file reader
 * copies into a private buffer of the same shape. Nothing here trusts a length: every access goes
 * through image_at(), which checks it against the segments and lets the reader of a file fetch the
 * bytes first. Section headers are never used.
 *
 * No function here allocates, takes a lock or calls into the dynamic linker, so all of them may
 * run inside an IFUNC resolver.
 */
#ifndef ENGRAFT_IMAGE_H
#define ENGRAFT_IMAGE_H

#include <elf.h>
#include <link.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "engraft.h"

#define IMAGE_SEGMENT_MAX 16
/* Of a file that a reader gives: more than any library has, and few enough to look at each. What is
 * loaded is believed, as ld.so does. */
#define IMAGE_SYMBOL_MAX (2u << 20)
#define IMAGE_CHAIN_MAX 16384u /* symbols in one bucket of a hash table */

struct image_segment {
    uint64_t vaddr;
    uint64_t memory_size;
    uint64_t file_size;
    uint64_t offset;
    uint32_t flags; /* PF_* */
};

struct image {
    const char *path;             /* may be "" for the main program; see self.h */
    const unsigned char *memory;  /* memory + vaddr is readable after image_at() says so */
    uint64_t load_address;        /* what the process adds to a vaddr; 0 for a file */
    struct link_map *map;         /* objects of this process only */
    uint16_t machine;             /* EM_* */
    uint16_t type;                /* ET_* */
    uint8_t word_size;            /* 4 for a 32-bit object; 0 or 8: as this machine's */
    bool big_endian;
    bool live;                    /* mapped in this process */

    /* Called by image_at() before bytes are used; returns false when they cannot be had. */
    bool (*fetch)(const struct image *image, uint64_t vaddr, uint64_t length);
    /* Symbols that are not in the dynamic table (.symtab, debug files); NULL when there is no way.
     * Returns ENGRAFT_SYMBOLS_*, NONE when not found. */
    enum engraft_symbols (*find_hidden)(const struct image *image, const char *name,
                                        Elf64_Sym *ret_symbol);
    /* Reads the live data of another process at a vaddr (file readers only); NULL: use memory. */
    bool (*read_live)(const struct image *image, uint64_t vaddr, void *buffer, size_t length);
    void *reader; /* of fetch, find_hidden and read_live */

    struct image_segment segments[IMAGE_SEGMENT_MAX]; /* PT_LOAD, ascending */
    unsigned segment_count;
    uint64_t vaddr_start, vaddr_end; /* page-rounded span */
    uint64_t relro_vaddr, relro_size;
    uint64_t dynamic_vaddr, dynamic_size;
    uint32_t dynamic_flags; /* PF_* of PT_DYNAMIC */
    struct {
        uint64_t vaddr, size;
    } notes[8];
    unsigned note_count;

    const Elf64_Dyn *dynamic;
    size_t dynamic_count;
    const Elf64_Sym *symbols; /* DT_SYMTAB */
    uint32_t symbol_count;    /* by hash tables and by the highest index relocations use */
    const char *strings;      /* DT_STRTAB */
    uint64_t string_size;
    const char *soname; /* NULL when there is none */
    const char *runpath, *rpath;

    struct {
        const uint32_t *buckets, *chain;
        const uint64_t *bloom;
        uint32_t bucket_count, symbol_offset, bloom_mask, bloom_shift;
        uint32_t chain_count;
    } gnu; /* bucket_count 0: absent */
    struct {
        const uint32_t *buckets, *chain;
        uint32_t bucket_count, chain_count;
    } sysv;

    const Elf64_Half *versym; /* NULL when there is none */
    const unsigned char *verdef, *verneed;
    uint32_t verdef_count, verneed_count;

    const Elf64_Rela *rela, *jmprel;
    size_t rela_count, jmprel_count;
    const uint64_t *relr;
    size_t relr_count;
    uint64_t flags, flags_1; /* DT_FLAGS, DT_FLAGS_1 */
};

/*
 * image_read_map() - the image of an object of this process.
 * image_read_buffer() - the image of an object whose first bytes (ELF header and program headers)
 *   are at `header`; image->memory, ->fetch, ->load_address and ->reader are set by the caller.
 * Returns OK, FORMAT, UNSUPPORTED (32-bit, other byte order).
 */
enum engraft_status image_read_map(struct link_map *map, struct image *ret_image,
                                   struct engraft_error *reterr);
enum engraft_status image_read_headers(const void *header, size_t header_size,
                                       struct image *image, struct engraft_error *reterr);
void image_read_dynamic(struct image *image);
enum engraft_status image_read_buffer(const void *header, size_t header_size, struct image *image,
                                      struct engraft_error *reterr);

/*
 * An object of another word size or byte order. Readers of files give such images: dynamic section,
 * symbols and relocations are translated (with a SysV hash table), its data are not, and what reads
 * a number in them uses the functions below. Nothing can be bound to it.
 */
bool image_is_foreign(const struct image *image);
/* "a 32-bit big-endian object for PowerPC" */
void image_describe(const struct image *image, char *text, size_t size);
/* Whether engraft knows how to bind on its machine, which need not be this one. */
bool image_can_be_bound(const struct image *image);
/* For what binds: UNSUPPORTED with the reason when it cannot be bound, else OK. */
enum engraft_status image_check_native(const struct image *image, struct engraft_error *reterr);
size_t image_word_size(const struct image *image);
/* Numbers of the object's data in its own byte order; `bytes` need no alignment. */
uint16_t image_u16(const struct image *image, const void *bytes);
uint32_t image_u32(const struct image *image, const void *bytes);
uint64_t image_u64(const struct image *image, const void *bytes);
uint64_t image_word(const struct image *image, const void *bytes); /* image_word_size() bytes */

/* A path that names the object's file: ld.so has none for the main program. */
const char *image_file(const struct image *image);
/* The bytes [vaddr, vaddr + length) or NULL when they are not in the object. */
const void *image_at(const struct image *image, uint64_t vaddr, uint64_t length);
/* A NUL-terminated string at vaddr, at most `limit` bytes with its NUL, or NULL. */
const char *image_string_at(const struct image *image, uint64_t vaddr, size_t limit);
/* How many bytes from vaddr on come from the file, in one piece: no length in a hostile file makes
 * anybody walk gigabytes of zeros if it is held against this. */
uint64_t image_file_room(const struct image *image, uint64_t vaddr);
/* Copies current (live) data: of the process where there is one, else of the file. */
bool image_read(const struct image *image, uint64_t vaddr, void *buffer, size_t length);
/* Entry `offset` of DT_STRTAB, or NULL when it is outside. */
const char *image_name(const struct image *image, uint64_t offset);
/* Turns a pointer that was read from the object's data into a vaddr. A pointer whose relocation
 * has not been applied yet (a file, or an object that is being loaded) is a vaddr already. */
uint64_t image_pointer(const struct image *image, uint64_t pointer);
bool image_contains(const struct image *image, uint64_t address); /* run-time address */
/* The note with the given owner and type; returns its descriptor or NULL. */
const void *image_note(const struct image *image, const char *owner, uint32_t type,
                       uint32_t *ret_size);
/* DT_NEEDED number `index`, or NULL after the last. */
const char *image_needed(const struct image *image, size_t index);
const Elf64_Dyn *image_dynamic(const struct image *image, int64_t tag);

uint32_t gnu_hash(const char *name, size_t *ret_length);
uint32_t sysv_hash(const char *name);

/* Whether a dynamic symbol is a definition that other objects may be bound to: not one that is hidden
 * although it is in the table. */
bool symbol_is_exported(const Elf64_Sym *symbol);
/* An exported definition (own GNU or SysV lookup); version NULL: the default one or none. */
const Elf64_Sym *image_find(const struct image *image, const char *name, uint32_t hash,
                            const char *version);
const Elf64_Sym *image_find_name(const struct image *image, const char *name);
/* Name of the version that symbol `index` requires or defines; NULL when none. */
const char *image_symbol_version(const struct image *image, uint32_t index);
/* True when definition `index` may satisfy a reference that asks for `version` (NULL: any). */
bool image_version_matches(const struct image *image, uint32_t index, const char *version);
/* Of those definitions, whether no other one is to be preferred. */
bool image_version_is_first_choice(const struct image *image, uint32_t index, const char *version);

/* Run-time address of a symbol (SHN_ABS not rebased); an IFUNC's resolver is NOT called. */
uint64_t image_symbol_address(const struct image *image, const Elf64_Sym *symbol);

#endif
