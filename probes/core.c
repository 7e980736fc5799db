/* SPDX-License-Identifier: MIT */
/*
 * Core files of Linux, of the kernel's making or gdb's: program headers say which memory was dumped,
 * notes which files were mapped. Every number in them is held against the file's size. A core whose
 * end is missing (a full disk, a limit) is read as far as it goes.
 */
#include "core.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "error.h"

#define SEGMENT_MAX (1u << 20) /* sysctl vm.max_map_count is 65530 unless somebody raised it */
#define MAPPING_MAX (256u << 10)
#define NOTE_MAX 1000000u      /* four or five for each thread, in all segments */
#define FILE_NOTE_MAX (64u << 20)

struct core_segment {
    uint64_t address, memory_size, size, offset;
    uint32_t flags;
};

/* ---- memory ------------------------------------------------------------------------------------------- */

static int by_address(const void *one, const void *other)
{
    const struct core_segment *a = one, *b = other;

    return a->address < b->address ? -1 : a->address > b->address;
}

/* The last segment that begins at or before `address`; NULL when it ends before. */
static const struct core_segment *segment_at(const struct core *core, uint64_t address)
{
    size_t low = 0, high = core->segment_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (core->segments[middle].address <= address)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == 0 || address - core->segments[low - 1].address >= core->segments[low - 1].memory_size)
        return NULL;
    return &core->segments[low - 1];
}

static uint64_t dumped_at(const struct core_segment *segment, uint64_t address)
{
    uint64_t offset = segment ? address - segment->address : 0;

    return segment && offset < segment->size ? segment->size - offset : 0;
}

uint64_t core_room(const struct core *core, uint64_t address, uint64_t wanted)
{
    uint64_t room = 0;

    while (room < wanted) {
        uint64_t here = dumped_at(segment_at(core, address + room), address + room);

        if (here == 0)
            break;
        room += here;
    }
    return room < wanted ? room : wanted;
}

bool core_read(const struct core *core, uint64_t address, void *buffer, size_t length)
{
    unsigned char *at = buffer;

    while (length) {
        const struct core_segment *segment = segment_at(core, address);
        uint64_t here = dumped_at(segment, address);

        if (here > length)
            here = length;
        if (here == 0 ||
            !file_read(core->fd, at, (size_t)here, segment->offset + (address - segment->address)))
            return false;
        at += here;
        address += here;
        length -= (size_t)here;
    }
    return true;
}

/* ---- notes ---------------------------------------------------------------------------------------------- */

/* The path of each row follows the rows, in their order. */
static bool file_note_rows(struct core *core, const unsigned char *bytes, size_t size,
                           uint64_t count)
{
    size_t word = core->form.narrow ? 4 : 8;
    const unsigned char *row = bytes + 2 * word;
    size_t at = (size_t)(2 * word + count * 3 * word);

    core->paths = malloc(size - at + 1);
    core->mappings = calloc(count ? count : 1, sizeof *core->mappings);
    if (!core->paths || !core->mappings)
        return false;
    memcpy(core->paths, bytes + at, size - at);
    core->paths[size - at] = '\0';
    size -= at;
    at = 0;
    for (uint64_t i = 0; i < count && at < size; i++, row += 3 * word) {
        const char *path = core->paths + at;
        struct core_mapping *mapping = &core->mappings[core->mapping_count];

        at += strlen(path) + 1;
        mapping->start = elf_read_word(core->form, row);
        mapping->end = elf_read_word(core->form, row + word);
        mapping->offset = elf_read_word(core->form, row + 2 * word) * core->page_size;
        mapping->path = path;
        if (mapping->start < mapping->end && *path)
            core->mapping_count++;
    }
    return true;
}

/* count, page size, {start, end, offset in pages} * count, paths. False: no memory. */
static bool file_note_read(struct core *core, const unsigned char *bytes, size_t size)
{
    size_t word = core->form.narrow ? 4 : 8;
    uint64_t count;

    if (core->mappings || size < 2 * word)
        return true;
    count = elf_read_word(core->form, bytes);
    core->page_size = elf_read_word(core->form, bytes + word);
    if (count > (size - 2 * word) / (3 * word))
        count = (size - 2 * word) / (3 * word);
    core->mappings_left_out = count > MAPPING_MAX;
    if (core->mappings_left_out)
        count = 0;
    /* GNU gdb writes 1: its offsets are in bytes. */
    if (core->page_size == 0 || core->page_size > 1u << 24 ||
        (core->page_size & (core->page_size - 1)) != 0)
        return true;
    return file_note_rows(core, bytes, size, count);
}

/* struct elf_prpsinfo ends with pid, ppid, pgrp, sid (4 bytes each), fname[16] and psargs[80]; what
 * stands before them depends on the machine. */
static void process_note_read(struct core *core, const unsigned char *bytes, size_t size)
{
    const char *arguments = (const char *)bytes + size - 80, *name = arguments - 16;
    size_t length;

    if (size < 80 + 16 + 16 || core->command[0])
        return;
    core->pid = (int32_t)elf_read_u32(core->form, name - 16);
    memcpy(core->command, arguments, 80);
    if (!core->command[0])
        memcpy(core->command, name, 16);
    length = strlen(core->command);
    while (length && core->command[length - 1] == ' ')
        core->command[--length] = '\0';
}

static void auxv_note_read(struct core *core, const unsigned char *bytes, size_t size)
{
    size_t word = core->form.narrow ? 4 : 8;

    for (; size >= 2 * word; bytes += 2 * word, size -= 2 * word)
        if (elf_read_word(core->form, bytes) == AT_ENTRY && core->entry == 0)
            core->entry = elf_read_word(core->form, bytes + word);
}

/* The first thread is the one that died; pr_cursig follows three ints of siginfo. */
static void status_note_read(struct core *core, const unsigned char *bytes, size_t size)
{
    if (size >= 14 && core->signal == 0)
        core->signal = elf_read_u16(core->form, bytes + 12);
}

static bool is_known_note(uint32_t type)
{
    return type == NT_FILE || type == NT_PRPSINFO || type == NT_AUXV || type == NT_PRSTATUS;
}

/* False: no memory. */
static bool note_read(struct core *core, uint32_t type, uint64_t offset, uint32_t size)
{
    unsigned char *bytes;
    bool fine = true;

    if (size > FILE_NOTE_MAX)
        return true;
    bytes = malloc(size + 1u);
    if (!bytes)
        return false;
    if (!file_read(core->fd, bytes, size, offset))
        size = 0;
    if (type == NT_FILE)
        fine = file_note_read(core, bytes, size);
    else if (type == NT_PRPSINFO)
        process_note_read(core, bytes, size);
    else if (type == NT_AUXV)
        auxv_note_read(core, bytes, size);
    else
        status_note_read(core, bytes, size);
    free(bytes);
    return fine;
}

/* False: no memory. */
static bool notes_read(struct core *core, uint64_t offset, uint64_t size)
{
    uint64_t end = offset + size;
    unsigned statuses = 0;

    for (; core->note_count < NOTE_MAX && end - offset >= sizeof(Elf64_Nhdr); core->note_count++) {
        unsigned char header[sizeof(Elf64_Nhdr) + 5] = "";
        uint32_t name_size, value_size, type;
        uint64_t value;

        if (!file_read(core->fd, header, sizeof(Elf64_Nhdr), offset))
            break;
        name_size = elf_read_u32(core->form, header);
        value_size = elf_read_u32(core->form, header + 4);
        type = elf_read_u32(core->form, header + 8);
        value = offset + sizeof(Elf64_Nhdr) + (((uint64_t)name_size + 3) & ~3ull);
        if (value > end || value_size > end - value)
            break;
        if (is_known_note(type) && name_size == 5 && (type != NT_PRSTATUS || statuses++ == 0) &&
            file_read(core->fd, header, 5, offset + sizeof(Elf64_Nhdr)) &&
            memcmp(header, "CORE", 5) == 0 && !note_read(core, type, value, value_size))
            return false;
        offset = value + (((uint64_t)value_size + 3) & ~3ull);
        if (offset > end)
            break;
    }
    return true;
}

/* ---- headers --------------------------------------------------------------------------------------------- */

/* More than 65534 program headers: how many, stands in section 0. */
static uint64_t header_count(const struct core *core, const Elf64_Ehdr *header)
{
    unsigned char bytes[sizeof(Elf64_Shdr)];

    if (header->e_phnum != PN_XNUM)
        return header->e_phnum;
    if (header->e_shoff == 0 ||
        !file_read(core->fd, bytes, elf_form_size(core->form, ELF_SECTION_HEADER),
                   header->e_shoff))
        return 0;
    return elf_read_section_header(core->form, bytes).sh_info;
}

static void segment_add(struct core *core, const Elf64_Phdr *phdr)
{
    struct core_segment *segment = &core->segments[core->segment_count];
    uint64_t size = phdr->p_filesz < phdr->p_memsz ? phdr->p_filesz : phdr->p_memsz;

    if (phdr->p_memsz == 0 || phdr->p_vaddr + phdr->p_memsz - 1 < phdr->p_vaddr)
        return;
    if (phdr->p_offset > core->file_size || size > core->file_size - phdr->p_offset) {
        size = phdr->p_offset > core->file_size ? 0 : core->file_size - phdr->p_offset;
        core->truncated = true;
    }
    *segment = (struct core_segment){.address = phdr->p_vaddr,
                                     .memory_size = phdr->p_memsz,
                                     .size = size,
                                     .offset = phdr->p_offset,
                                     .flags = phdr->p_flags};
    core->segment_count++;
}

/* False: no memory. */
static bool headers_use(struct core *core, const unsigned char *bytes, uint64_t count)
{
    size_t entry_size = elf_form_size(core->form, ELF_PROGRAM_HEADER);

    core->segments = calloc(count, sizeof *core->segments);
    if (!core->segments)
        return false;
    for (uint64_t i = 0; i < count; i++) {
        Elf64_Phdr phdr = elf_read_program_header(core->form, bytes + i * entry_size);

        if (phdr.p_type == PT_LOAD)
            segment_add(core, &phdr);
        else if (phdr.p_type == PT_NOTE && phdr.p_offset < core->file_size &&
                 !notes_read(core, phdr.p_offset,
                             phdr.p_filesz < core->file_size - phdr.p_offset
                                 ? phdr.p_filesz
                                 : core->file_size - phdr.p_offset))
            return false;
    }
    qsort(core->segments, core->segment_count, sizeof *core->segments, by_address);
    for (size_t i = 0; i < core->mapping_count; i++) {
        const struct core_segment *segment = segment_at(core, core->mappings[i].start);

        core->mappings[i].described = segment != NULL;
        core->mappings[i].executable = segment && segment->flags & PF_X;
    }
    return true;
}

static enum engraft_status headers_read(const char *path, struct core *core,
                                        struct engraft_error *reterr)
{
    unsigned char bytes[sizeof(Elf64_Ehdr)] = "", *entries;
    enum engraft_status status = ENGRAFT_OK;
    Elf64_Ehdr header;
    uint64_t count;
    size_t entry_size;

    if (!file_read(core->fd, bytes, EI_NIDENT, 0) || !elf_form_of(bytes, &core->form) ||
        !file_read(core->fd, bytes, elf_form_size(core->form, ELF_HEADER), 0))
        return error_set(reterr, ENGRAFT_FORMAT, path, NULL, "not an ELF object");
    header = elf_read_header(core->form, bytes);
    entry_size = elf_form_size(core->form, ELF_PROGRAM_HEADER);
    count = header.e_phentsize == entry_size ? header_count(core, &header) : 0;
    if (count == 0 || count > SEGMENT_MAX)
        return error_set(reterr, ENGRAFT_FORMAT, path, NULL,
                         "a core file without usable program headers");
    entries = malloc(count * entry_size);
    if (!entries)
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    if (!file_read(core->fd, entries, count * entry_size, header.e_phoff))
        status = error_set(reterr, ENGRAFT_FORMAT, path, NULL,
                           "truncated: the program headers of the core are not all there");
    else if (!headers_use(core, entries, count))
        status = error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    free(entries);
    return status;
}

enum engraft_status core_create(const char *path, int fd, struct core **ret_core,
                                struct engraft_error *reterr)
{
    struct core *core = calloc(1, sizeof *core);
    enum engraft_status status;
    struct file_facts file;

    if (!core) {
        close(fd);
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    }
    core->fd = fd;
    if (!file_facts_read(fd, NULL, &file)) {
        status = error_set(reterr, ENGRAFT_SYSTEM, path, NULL, "%s", strerror(errno));
    } else {
        core->file_size = file.size;
        status = headers_read(path, core, reterr);
    }
    if (status == ENGRAFT_OK)
        *ret_core = core;
    else
        core_destroy(core);
    return status;
}

void core_destroy(struct core *core)
{
    if (!core)
        return;
    close(core->fd);
    free(core->segments);
    free(core->mappings);
    free(core->paths);
    free(core);
}
