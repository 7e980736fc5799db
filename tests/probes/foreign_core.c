/* SPDX-License-Identifier: MIT */
/* Core files: see foreign_object.h. */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "foreign_object.h"

#define PAGE 4096u

static void note_put(struct foreign_writer *writer, uint32_t type, const struct foreign_writer *value)
{
    foreign_put(writer, 5, 4);
    foreign_put(writer, value->size, 4);
    foreign_put(writer, type, 4);
    foreign_bytes(writer, "CORE\0\0\0", 8);
    foreign_bytes(writer, value->bytes, value->size);
    foreign_align(writer, 4);
}

/* struct elf_prpsinfo of 64 bits; only its end is the same everywhere. */
static void process_put(struct foreign_writer *writer)
{
    struct foreign_writer value = {.narrow = writer->narrow, .big = writer->big};
    char arguments[80] = "foreign --argument ", name[16] = "foreign";

    foreign_put(&value, 0, 4);
    foreign_word(&value, 0);
    foreign_put(&value, 1000, 4);
    foreign_put(&value, 1000, 4);
    foreign_put(&value, 4321, 4);
    foreign_bytes(&value, NULL, 12);
    foreign_bytes(&value, name, sizeof name);
    foreign_bytes(&value, arguments, sizeof arguments);
    note_put(writer, NT_PRPSINFO, &value);
    free(value.bytes);
}

static void status_put(struct foreign_writer *writer)
{
    struct foreign_writer value = {.narrow = writer->narrow, .big = writer->big};

    foreign_bytes(&value, NULL, 12);
    foreign_put(&value, 6, 2);
    foreign_bytes(&value, NULL, 98);
    note_put(writer, NT_PRSTATUS, &value);
    free(value.bytes);
}

static void auxv_put(struct foreign_writer *writer)
{
    struct foreign_writer value = {.narrow = writer->narrow, .big = writer->big};

    foreign_word(&value, AT_ENTRY);
    foreign_word(&value, FOREIGN_CORE_ADDRESS + 64);
    foreign_word(&value, AT_NULL);
    foreign_word(&value, 0);
    note_put(writer, NT_AUXV, &value);
    free(value.bytes);
}

static void files_put(struct foreign_writer *writer, const char *path)
{
    struct foreign_writer value = {.narrow = writer->narrow, .big = writer->big};

    foreign_word(&value, 2);
    foreign_word(&value, PAGE);
    foreign_word(&value, FOREIGN_CORE_ADDRESS - 0x100000);
    foreign_word(&value, FOREIGN_CORE_ADDRESS - 0x100000 + PAGE);
    foreign_word(&value, 3);
    foreign_word(&value, FOREIGN_CORE_ADDRESS);
    foreign_word(&value, FOREIGN_CORE_ADDRESS + PAGE);
    foreign_word(&value, 0);
    foreign_bytes(&value, "/a font", 8);
    foreign_bytes(&value, path, strlen(path) + 1);
    note_put(writer, NT_FILE, &value);
    free(value.bytes);
}

static void segment_put(struct foreign_writer *writer, uint32_t type, uint64_t address,
                        uint64_t offset, uint64_t file_size, uint64_t memory_size)
{
    foreign_put(writer, type, 4);
    if (!writer->narrow)
        foreign_put(writer, PF_R | PF_X, 4);
    foreign_word(writer, offset);
    foreign_word(writer, address);
    foreign_word(writer, 0);
    foreign_word(writer, file_size);
    foreign_word(writer, memory_size);
    if (writer->narrow)
        foreign_put(writer, PF_R | PF_X, 4);
    foreign_word(writer, 1);
}

static void header_put(struct foreign_writer *writer, const struct foreign_kind *kind,
                       unsigned count, uint64_t sections)
{
    size_t size = kind->narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);

    foreign_ident(writer);
    foreign_put(writer, ET_CORE, 2);
    foreign_put(writer, kind->machine, 2);
    foreign_put(writer, EV_CURRENT, 4);
    foreign_word(writer, 0);
    foreign_word(writer, size);
    foreign_word(writer, count >= PN_XNUM ? sections : 0);
    foreign_put(writer, 0, 4);
    foreign_put(writer, size, 2);
    foreign_put(writer, kind->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr), 2);
    foreign_put(writer, count >= PN_XNUM ? PN_XNUM : count, 2);
    foreign_put(writer, kind->narrow ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr), 2);
    foreign_put(writer, count >= PN_XNUM ? 1 : 0, 2);
    foreign_put(writer, 0, 2);
}

/* Section 0, whose sh_info counts the segments. */
static void section_put(struct foreign_writer *writer, unsigned count)
{
    size_t before = writer->narrow ? offsetof(Elf32_Shdr, sh_info) : offsetof(Elf64_Shdr, sh_info);

    foreign_bytes(writer, NULL, before);
    foreign_put(writer, count, 4);
    foreign_bytes(writer, NULL, (writer->narrow ? sizeof(Elf32_Shdr) : sizeof(Elf64_Shdr)) -
                                    before - 4);
}

void foreign_core(const struct foreign_kind *kind, const char *path, unsigned segment_count,
                  unsigned char **ret_bytes, size_t *ret_size)
{
    struct foreign_writer writer = {.narrow = kind->narrow, .big = kind->big};
    struct foreign_writer notes = writer;
    unsigned count = segment_count > 2 ? segment_count : 2;
    size_t header = kind->narrow ? sizeof(Elf32_Ehdr) : sizeof(Elf64_Ehdr);
    size_t entry = kind->narrow ? sizeof(Elf32_Phdr) : sizeof(Elf64_Phdr), data;
    unsigned char *object;
    size_t object_size;

    foreign_object(kind, &object, &object_size);
    status_put(&notes);
    process_put(&notes);
    auxv_put(&notes);
    files_put(&notes, path);
    data = (header + count * entry + notes.size + PAGE - 1) / PAGE * PAGE;
    header_put(&writer, kind, count, data + PAGE);
    segment_put(&writer, PT_NOTE, 0, header + count * entry, notes.size, 0);
    for (unsigned i = 2; i < count; i++) /* empty, and in the wrong order */
        segment_put(&writer, PT_LOAD, 0x40000000u + (uint64_t)(count - i) * 2 * PAGE, data, 0, PAGE);
    segment_put(&writer, PT_LOAD, FOREIGN_CORE_ADDRESS, data, PAGE, PAGE);
    foreign_bytes(&writer, notes.bytes, notes.size);
    foreign_align(&writer, PAGE);
    foreign_bytes(&writer, object, object_size);
    foreign_align(&writer, PAGE);
    section_put(&writer, count);
    free(notes.bytes);
    free(object);
    *ret_bytes = writer.bytes;
    *ret_size = writer.size;
}
