/* SPDX-License-Identifier: MIT */
#include "elf_object.h"

#include <errno.h>
#include <fcntl.h>
#include <libelf.h>
#include <string.h>

#include "elf_parts.h"
#include "error.h"

/* What a section header says of each part. */
static const struct part_row {
    const char *name;
    uint32_t type;
    uint64_t flags, alignment, entry_size;
    enum object_part link; /* PART_COUNT: 0 */
    Elf_Type data_type;
} part_rows[PART_COUNT] = {
    [PART_PROPERTY] = {".note.gnu.property", SHT_NOTE, SHF_ALLOC, 8, 0, PART_COUNT, ELF_T_BYTE},
    [PART_MANIFEST] = {".note.engraft", SHT_NOTE, SHF_ALLOC, 4, 0, PART_COUNT, ELF_T_BYTE},
    [PART_HASH] = {".hash", SHT_HASH, SHF_ALLOC, 8, 4, PART_DYNSYM, ELF_T_WORD},
    [PART_GNU_HASH] = {".gnu.hash", SHT_GNU_HASH, SHF_ALLOC, 8, 0, PART_DYNSYM, ELF_T_BYTE},
    [PART_DYNSYM] = {".dynsym", SHT_DYNSYM, SHF_ALLOC, 8, sizeof(Elf64_Sym), PART_DYNSTR,
                     ELF_T_SYM},
    [PART_DYNSTR] = {".dynstr", SHT_STRTAB, SHF_ALLOC, 1, 0, PART_COUNT, ELF_T_BYTE},
    [PART_VERSYM] = {".gnu.version", SHT_GNU_versym, SHF_ALLOC, 2, 2, PART_DYNSYM, ELF_T_HALF},
    [PART_VERDEF] = {".gnu.version_d", SHT_GNU_verdef, SHF_ALLOC, 8, 0, PART_DYNSTR, ELF_T_BYTE},
    [PART_RELA] = {".rela.dyn", SHT_RELA, SHF_ALLOC, 8, sizeof(Elf64_Rela), PART_DYNSYM,
                   ELF_T_RELA},
    [PART_WORDS] = {".data.rel.ro", SHT_PROGBITS, SHF_ALLOC | SHF_WRITE, 8, 0, PART_COUNT,
                    ELF_T_BYTE},
    [PART_INIT_ARRAY] = {".init_array", SHT_INIT_ARRAY, SHF_ALLOC | SHF_WRITE, 8, 8, PART_COUNT,
                         ELF_T_BYTE},
    [PART_FINI_ARRAY] = {".fini_array", SHT_FINI_ARRAY, SHF_ALLOC | SHF_WRITE, 8, 8, PART_COUNT,
                         ELF_T_BYTE},
    [PART_DYNAMIC] = {".dynamic", SHT_DYNAMIC, SHF_ALLOC | SHF_WRITE, 8, sizeof(Elf64_Dyn),
                      PART_DYNSTR, ELF_T_DYN},
    [PART_FUNCTIONS] = {".engraft.functions", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 16, 0, PART_COUNT,
                        ELF_T_BYTE},
    [PART_OBJECTS] = {".bss", SHT_NOBITS, SHF_ALLOC | SHF_WRITE, 64, 0, PART_COUNT, ELF_T_BYTE},
    [PART_SHSTRTAB] = {".shstrtab", SHT_STRTAB, 0, 1, 0, PART_COUNT, ELF_T_BYTE},
};

/* The bytes that are written are those of this process. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "every machine of machine.c is little-endian");

void elf_object_init(struct elf_object *object, const struct machine *machine, const char *soname)
{
    *object = (struct elf_object){.machine = machine, .soname = soname};
    buffer_append_string(&object->parts[PART_DYNSTR], "");
    object->soname_offset =
        (uint32_t)buffer_append_string(&object->parts[PART_DYNSTR], soname);
}

void elf_object_deinit(struct elf_object *object)
{
    for (unsigned part = 0; part < PART_COUNT; part++)
        buffer_deinit(&object->parts[part]);
    buffer_deinit(&object->symbols);
    buffer_deinit(&object->indices);
    buffer_deinit(&object->relocations);
    buffer_deinit(&object->needed);
    buffer_deinit(&object->versions);
}

void object_add_needed(struct elf_object *object, const char *soname)
{
    uint32_t offset = (uint32_t)buffer_append_string(&object->parts[PART_DYNSTR], soname);

    buffer_append(&object->needed, &offset, sizeof(offset));
}

void object_set_runpath(struct elf_object *object, const char *runpath)
{
    object->runpath_offset =
        (uint32_t)buffer_append_string(&object->parts[PART_DYNSTR], runpath);
}

uint16_t object_add_version(struct elf_object *object, const char *name)
{
    size_t count = object->versions.size / sizeof(uint32_t);

    for (size_t i = 0; i < count; i++) {
        const uint32_t *offset = buffer_at(&object->versions, i * sizeof(*offset), sizeof(*offset));
        const char *known = offset ? buffer_at(&object->parts[PART_DYNSTR], *offset, 1) : NULL;

        if (known && strcmp(known, name) == 0)
            return (uint16_t)(i + 2);
    }
    uint32_t offset = (uint32_t)buffer_append_string(&object->parts[PART_DYNSTR], name);
    buffer_append(&object->versions, &offset, sizeof(offset));
    return (uint16_t)(count + 2);
}

size_t object_add_symbol(struct elf_object *object, const struct object_symbol *symbol)
{
    return buffer_append(&object->symbols, symbol, sizeof(*symbol)) / sizeof(*symbol);
}

void object_add_word(struct elf_object *object, enum object_part part, size_t symbol)
{
    struct object_relocation relocation = {
        .part = part,
        .offset = buffer_append(&object->parts[part], NULL, sizeof(uint64_t)),
        .symbol = symbol,
    };

    buffer_append(&object->relocations, &relocation, sizeof(relocation));
}

/* ---- layout ---------------------------------------------------------------------------------------- */

enum { SEGMENT_MAX = 7 };

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

static uint64_t part_size(const struct elf_object *object, enum object_part part)
{
    return part_rows[part].type == SHT_NOBITS ? object->reserved[part] : object->parts[part].size;
}

/* The structs of a manifest hold 64-bit words at multiples of 8 from the start of the descriptor,
 * which begins 20 bytes into the note: so the note begins at 4 modulo 8. */
static uint64_t part_align(enum object_part part, uint64_t address)
{
    if (part == PART_MANIFEST)
        return align_up(address + 4, 8) - 4;
    return align_up(address, part_rows[part].alignment);
}

static void object_layout(struct elf_object *object)
{
    uint64_t cursor = sizeof(Elf64_Ehdr) + SEGMENT_MAX * sizeof(Elf64_Phdr);

    for (unsigned part = 0; part <= PART_DYNAMIC; part++) {
        if (part_size(object, part) == 0)
            continue;
        object->addresses[part] = part_align(part, cursor);
        cursor = object->addresses[part] + part_size(object, part);
    }
    object->load_size = cursor;
    object->relro_size = cursor = align_up(cursor, object->machine->page_size);
    for (unsigned part = PART_FUNCTIONS; part <= PART_OBJECTS; part++) {
        object->addresses[part] = part_align(part, cursor);
        cursor = object->addresses[part] + part_size(object, part);
    }
    object->memory_size = cursor;
    object->file_size = object->load_size;
}

/* ---- writing ----------------------------------------------------------------------------------------- */

struct writer {
    Elf *elf;
    Elf64_Phdr *segments;
    size_t segment_count;
    uint16_t numbers[PART_COUNT]; /* section number of each part, 0 when it is absent */
};

static void sections_number(struct elf_object *object, struct writer *writer)
{
    uint16_t number = 0;

    for (unsigned part = 0; part < PART_COUNT; part++)
        if (part == PART_SHSTRTAB || part_size(object, part) != 0)
            writer->numbers[part] = ++number;
    struct buffer *dynsym = &object->parts[PART_DYNSYM];
    Elf64_Sym *entries = (Elf64_Sym *)(void *)dynsym->bytes;
    for (size_t i = 0; i < dynsym->size / sizeof(*entries); i++)
        if (entries[i].st_shndx != SHN_UNDEF)
            entries[i].st_shndx = writer->numbers[entries[i].st_shndx];
}

static uint32_t section_info(const struct elf_object *object, enum object_part part)
{
    if (part == PART_DYNSYM)
        return object->first_global;
    if (part == PART_VERDEF)
        return (uint32_t)(object->versions.size / sizeof(uint32_t) + 1);
    return 0;
}

static bool section_write(struct elf_object *object, struct writer *writer, enum object_part part,
                          uint32_t name)
{
    const struct part_row *row = &part_rows[part];
    Elf_Scn *section = elf_newscn(writer->elf);
    Elf64_Shdr *header = section ? elf64_getshdr(section) : NULL;
    Elf_Data *data = header ? elf_newdata(section) : NULL;

    if (!data)
        return false;
    header->sh_name = name;
    header->sh_type = row->type;
    header->sh_flags = row->flags;
    header->sh_addr = row->flags & SHF_ALLOC ? object->addresses[part] : 0;
    header->sh_offset = row->type == SHT_NOBITS ? object->load_size : object->addresses[part];
    header->sh_size = part_size(object, part);
    header->sh_link = row->link == PART_COUNT ? 0 : writer->numbers[row->link];
    header->sh_info = section_info(object, part);
    header->sh_addralign = row->alignment;
    header->sh_entsize = row->entry_size;
    data->d_buf = row->type == SHT_NOBITS ? NULL : object->parts[part].bytes;
    data->d_size = part_size(object, part);
    data->d_type = row->data_type;
    data->d_align = row->alignment;
    return true;
}

static bool sections_write(struct elf_object *object, struct writer *writer)
{
    uint32_t names[PART_COUNT] = {0};
    struct buffer *strings = &object->parts[PART_SHSTRTAB];

    buffer_append_string(strings, "");
    for (unsigned part = 0; part < PART_COUNT; part++)
        if (writer->numbers[part])
            names[part] = (uint32_t)buffer_append_string(strings, part_rows[part].name);
    if (strings->failed)
        return false;
    object->addresses[PART_SHSTRTAB] = object->file_size;
    object->file_size = align_up(object->file_size + strings->size, 8);
    for (unsigned part = 0; part < PART_COUNT; part++)
        if (writer->numbers[part] && !section_write(object, writer, part, names[part]))
            return false;
    return true;
}

static void segment_add(struct writer *writer, uint32_t type, uint32_t flags, uint64_t address,
                        uint64_t file_size, uint64_t memory_size, uint64_t alignment)
{
    writer->segments[writer->segment_count++] = (Elf64_Phdr){
        .p_type = type,
        .p_flags = flags,
        .p_offset = address,
        .p_vaddr = address,
        .p_paddr = address,
        .p_filesz = file_size,
        .p_memsz = memory_size,
        .p_align = alignment,
    };
}

static void segment_add_part(const struct elf_object *object, struct writer *writer, uint32_t type,
                             enum object_part part)
{
    uint64_t size = object->parts[part].size;

    if (size)
        segment_add(writer, type, type == PT_DYNAMIC ? PF_R | PF_W : PF_R, object->addresses[part],
                    size, size, part_rows[part].alignment);
}

static void segments_write(const struct elf_object *object, struct writer *writer)
{
    segment_add(writer, PT_LOAD, PF_R | PF_W, 0, object->load_size, object->memory_size,
                object->machine->page_size);
    segment_add_part(object, writer, PT_DYNAMIC, PART_DYNAMIC);
    segment_add_part(object, writer, PT_NOTE, PART_PROPERTY);
    segment_add_part(object, writer, PT_NOTE, PART_MANIFEST);
    segment_add_part(object, writer, PT_GNU_PROPERTY, PART_PROPERTY);
    segment_add(writer, PT_GNU_RELRO, PF_R, 0, object->load_size, object->relro_size, 1);
    segment_add(writer, PT_GNU_STACK, PF_R | PF_W, 0, 0, 0, 16);
}

static bool headers_write(struct elf_object *object, struct writer *writer)
{
    Elf64_Ehdr *header = elf64_newehdr(writer->elf);
    size_t count = object->parts[PART_MANIFEST].size ? SEGMENT_MAX : SEGMENT_MAX - 1;

    writer->segments = header ? elf64_newphdr(writer->elf, count) : NULL;
    if (!writer->segments)
        return false;
    header->e_ident[EI_DATA] = ELFDATA2LSB;
    header->e_ident[EI_OSABI] = ELFOSABI_SYSV;
    header->e_type = ET_DYN;
    header->e_machine = object->machine->elf_machine;
    header->e_version = EV_CURRENT;
    header->e_phoff = sizeof(*header);
    segments_write(object, writer);
    sections_number(object, writer);
    if (!sections_write(object, writer))
        return false;
    header->e_shstrndx = writer->numbers[PART_SHSTRTAB];
    header->e_shoff = object->file_size;
    return true;
}

static bool object_failed(const struct elf_object *object)
{
    bool failed = object->symbols.failed || object->indices.failed ||
                  object->relocations.failed || object->needed.failed || object->versions.failed;

    for (unsigned part = 0; part < PART_COUNT; part++)
        failed = failed || object->parts[part].failed;
    return failed;
}

enum engraft_status elf_object_write(struct elf_object *object, int fd, const char *path,
                                     struct engraft_error *reterr)
{
    struct writer writer = {0};

    parts_build(object);
    if (object_failed(object))
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    object_layout(object);
    parts_place(object);
    elf_version(EV_CURRENT);
    writer.elf = elf_begin(fd, ELF_C_WRITE, NULL);
    if (!writer.elf)
        return error_set(reterr, ENGRAFT_SYSTEM, path, NULL, "libelf: %s", elf_errmsg(-1));
    elf_flagelf(writer.elf, ELF_C_SET, ELF_F_LAYOUT);
    elf_fill(0);
    bool written = headers_write(object, &writer) && elf_update(writer.elf, ELF_C_WRITE) >= 0;
    enum engraft_status status = ENGRAFT_OK;
    if (!written)
        status = error_set(reterr, ENGRAFT_SYSTEM, path, NULL, "cannot be written: %s",
                           elf_errmsg(-1));
    elf_end(writer.elf);
    return status;
}
