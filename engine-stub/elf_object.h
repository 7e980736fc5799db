/* SPDX-License-Identifier: MIT */
/*
 * A small shared object without code, put together in memory and written with libelf.
 *
 * Both files of a stub have the same shape: one PT_LOAD, readable and writable, in the order of
 * enum object_part. Everything up to the dynamic section lies under PT_GNU_RELRO, so that it is
 * read-only once ld.so has relocated the object; until then libengraft may edit the dynamic symbol
 * table in place, without changing the protection of a page.
 */
#ifndef ENGRAFT_STUB_ELF_OBJECT_H
#define ENGRAFT_STUB_ELF_OBJECT_H

#include "buffer.h"
#include "engraft.h"
#include "machine.h"

/* In the order of the file. A part that stays empty is left out. */
enum object_part {
    PART_PROPERTY,   /* .note.gnu.property */
    PART_MANIFEST,   /* .note.engraft */
    PART_HASH,       /* .hash */
    PART_GNU_HASH,   /* .gnu.hash */
    PART_DYNSYM,     /* .dynsym */
    PART_DYNSTR,     /* .dynstr */
    PART_VERSYM,     /* .gnu.version */
    PART_VERDEF,     /* .gnu.version_d */
    PART_RELA,       /* .rela.dyn */
    PART_WORDS,      /* .data.rel.ro */
    PART_INIT_ARRAY, /* .init_array */
    PART_FINI_ARRAY, /* .fini_array */
    PART_DYNAMIC,    /* .dynamic */
    PART_FUNCTIONS,  /* .engraft.functions: addresses for symbols of functions, no bytes */
    PART_OBJECTS,    /* .bss: addresses for symbols of data, no bytes */
    PART_SHSTRTAB,   /* .shstrtab, not loaded */
    PART_COUNT,
    PART_UNDEFINED = PART_COUNT, /* of a symbol */
};

struct object_symbol {
    const char *name; /* borrowed until the object is written */
    enum object_part part;
    uint64_t offset; /* in its part */
    uint64_t size;
    uint8_t binding, type, other;
    uint16_t version; /* versym: 1, or a result of object_add_version(), with VERSYM_HIDDEN */
};

struct object_relocation {
    enum object_part part;
    uint64_t offset;
    size_t symbol; /* result of object_add_symbol() */
};

#define OBJECT_VERSYM_HIDDEN 0x8000u

struct elf_object {
    const struct machine *machine;
    const char *soname; /* borrowed */
    struct buffer parts[PART_COUNT];
    uint64_t reserved[PART_COUNT];  /* size of a part that has no bytes */
    uint64_t addresses[PART_COUNT]; /* set by the layout; equal to the file offset */
    uint64_t load_size, memory_size, relro_size, file_size;
    struct buffer symbols;     /* struct object_symbol, as added */
    struct buffer indices;     /* uint32_t: where symbol i is in .dynsym */
    struct buffer relocations; /* struct object_relocation */
    struct buffer needed;      /* uint32_t offsets in .dynstr */
    struct buffer versions;    /* uint32_t offsets in .dynstr */
    uint32_t soname_offset, runpath_offset;
    uint32_t first_global, first_hashed; /* in .dynsym */
};

void elf_object_init(struct elf_object *object, const struct machine *machine, const char *soname);
void elf_object_deinit(struct elf_object *object);
/* Out of memory shows in elf_object_write() only. */
void object_add_needed(struct elf_object *object, const char *soname);
void object_set_runpath(struct elf_object *object, const char *runpath);
uint16_t object_add_version(struct elf_object *object, const char *name);
/* Local symbols come first, then the undefined ones, both in the order of adding. */
size_t object_add_symbol(struct elf_object *object, const struct object_symbol *symbol);
/* A word that holds the address of a symbol; relocations keep their order. */
void object_add_word(struct elf_object *object, enum object_part part, size_t symbol);
/* Writes the object to an empty file. `path` is for messages. OK, SYSTEM, MEMORY. */
enum engraft_status elf_object_write(struct elf_object *object, int fd, const char *path,
                                     struct engraft_error *reterr);

#endif
