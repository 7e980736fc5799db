/* SPDX-License-Identifier: MIT */
/* One image whose pages are fetched when they are needed: see readers.h. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "error.h"
#include "readers.h"

#define PAGE 4096u /* unit of fetching; nothing to do with the page size of the machine */
#define HEADER_SIZE 65536u
#define HEADER_MAX (16u << 20)
#define FILE_MAX (8ull << 30)
#define SPAN_MAX (4ull << 30)
#define FETCH_MAX (512ull << 20) /* tables and texts; contents are searched elsewhere, in small pieces */

struct reader {
    struct reader_source source;
    uint64_t file_size;
    unsigned char *span; /* reservation: vaddr_start and up */
    size_t span_size;
    uint64_t span_start;
    unsigned char *fetched; /* a bit for each page */
    uint64_t fetched_count;
    struct elf_form form;
    struct foreign *foreign;
    struct symtab *symtab;
    bool symtab_tried;
    struct sections *sections;
    bool sections_tried;
    char path[];
};

/* ---- bytes ------------------------------------------------------------------------------------------ */

static bool memory_read(const struct reader_source *source, uint64_t address, void *buffer,
                        size_t length)
{
    return source->core ? core_read(source->core, address, buffer, length)
                        : pid_read(source->pid, address, buffer, length);
}

static bool has_memory(const struct reader_source *source)
{
    return source->pid || source->core;
}

/* Fills [start, end) of the span from one segment: the rest of the pages is zero already. */
static bool segment_fill(const struct image *image, const struct image_segment *segment,
                         uint64_t start, uint64_t end)
{
    const struct reader *reader = image->reader;
    bool from_file = reader->source.fd >= 0;
    uint64_t segment_end =
        segment->vaddr + (from_file ? segment->file_size : segment->memory_size);
    unsigned char *place;

    if (start < segment->vaddr)
        start = segment->vaddr;
    if (end > segment_end)
        end = segment_end;
    if (start >= end)
        return true;
    place = reader->span + (start - reader->span_start);
    if (from_file)
        return file_read(reader->source.fd, place, end - start,
                       segment->offset + (start - segment->vaddr));
    return memory_read(&reader->source, image->load_address + start, place, end - start);
}

static bool pages_fill(const struct image *image, uint64_t first, uint64_t end)
{
    struct reader *reader = image->reader;
    uint64_t start = reader->span_start + first * PAGE;

    if (end - first > FETCH_MAX / PAGE - reader->fetched_count)
        return false;
    reader->fetched_count += end - first;
    for (unsigned i = 0; i < image->segment_count; i++)
        if (!segment_fill(image, &image->segments[i], start,
                          reader->span_start + end * PAGE))
            return false;
    for (uint64_t page = first; page < end; page++)
        reader->fetched[page / 8] |= (unsigned char)(1u << (page % 8));
    return true;
}

static bool is_fetched(const struct reader *reader, uint64_t page)
{
    return reader->fetched[page / 8] >> (page % 8) & 1;
}

static bool fetch(const struct image *image, uint64_t vaddr, uint64_t length)
{
    const struct reader *reader = image->reader;
    uint64_t page, end;

    if (length == 0)
        return true;
    if (vaddr < reader->span_start || vaddr - reader->span_start > reader->span_size ||
        length > reader->span_size - (vaddr - reader->span_start))
        return false;
    page = (vaddr - reader->span_start) / PAGE;
    end = (vaddr - reader->span_start + length - 1) / PAGE + 1;
    while (page < end) {
        uint64_t first;

        while (page < end && is_fetched(reader, page))
            page++;
        for (first = page; page < end && !is_fetched(reader, page);)
            page++;
        if (first < page && !pages_fill(image, first, page))
            return false;
    }
    return true;
}

static bool read_live(const struct image *image, uint64_t vaddr, void *buffer, size_t length)
{
    const struct reader *reader = image->reader;

    if (vaddr < image->vaddr_start || length > image->vaddr_end - image->vaddr_start ||
        vaddr > image->vaddr_end - length)
        return false;
    return memory_read(&reader->source, image->load_address + vaddr, buffer, length);
}

static enum engraft_symbols find_hidden(const struct image *image, const char *name,
                                        Elf64_Sym *ret_symbol)
{
    struct reader *reader = image->reader;

    if (!reader->symtab_tried) {
        char build_id[2 * 64 + 1];

        reader->symtab_tried = true;
        reader_build_id(image, build_id, sizeof build_id);
        reader->symtab = symtab_create(reader->source.fd, build_id);
    }
    return symtab_find(reader->symtab, name, ret_symbol);
}

/* ---- opening ----------------------------------------------------------------------------------------- */

/* The first `size` bytes of the object, in place of `header`, which is freed on failure. */
static unsigned char *header_grow(const struct reader *reader, unsigned char *header, size_t size)
{
    const struct reader_source *source = &reader->source;
    unsigned char *larger = realloc(header, size + 1);

    if (larger && (source->fd >= 0 ? file_read(source->fd, larger, size, 0)
                                   : memory_read(source, source->map_start, larger, size)))
        return larger;
    free(larger ? larger : header);
    return NULL;
}

/* The start of the object with all its program headers, from malloc(). */
static unsigned char *header_read(const struct reader *reader, size_t *ret_size)
{
    size_t size = reader->source.fd < 0 ? PAGE : HEADER_SIZE;
    unsigned char *header = NULL;
    struct elf_form form;

    for (;;) {
        Elf64_Ehdr ehdr;
        uint64_t needed;

        if (reader->source.fd >= 0 && size > reader->file_size)
            size = (size_t)reader->file_size;
        header = header_grow(reader, header, size);
        if (!header)
            return NULL;
        *ret_size = size;
        if (size < EI_NIDENT || !elf_form_of(header, &form) ||
            size < elf_form_size(form, ELF_HEADER))
            return header;
        ehdr = elf_read_header(form, header);
        needed = (uint64_t)ehdr.e_phnum * elf_form_size(form, ELF_PROGRAM_HEADER);
        if (ehdr.e_phoff > HEADER_MAX || ehdr.e_phoff + needed <= size ||
            ehdr.e_phoff + needed > reader->file_size)
            return header;
        size = (size_t)(ehdr.e_phoff + needed);
    }
}

/* What it is instead. systemd-coredump compresses what it keeps; addons of Node come for all
 * systems in one package. */
static const char *other_format(const unsigned char *header)
{
    static const struct {
        const char *text;
        unsigned char length, magic[4];
    } formats[] = {
        {"compressed (zstd), not an ELF object: unpack it first", 4, {0x28, 0xb5, 0x2f, 0xfd}},
        {"compressed (lz4), not an ELF object: unpack it first", 4, {0x04, 0x22, 0x4d, 0x18}},
        {"compressed (xz), not an ELF object: unpack it first", 4, {0xfd, '7', 'z', 'X'}},
        {"compressed (gzip), not an ELF object: unpack it first", 4, {0x1f, 0x8b, 0x08, 0x00}},
        {"compressed (bzip2), not an ELF object: unpack it first", 4, {'B', 'Z', 'h', '9'}},
        {"not an ELF object: it is made for Windows (PE)", 2, {'M', 'Z'}},
        {"not an ELF object: it is made for macOS (Mach-O)", 4, {0xcf, 0xfa, 0xed, 0xfe}},
        {"not an ELF object: it is an archive; link it to something first", 4, {'!', '<', 'a', 'r'}},
    };

    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
        if (memcmp(header, formats[i].magic, formats[i].length) == 0)
            return formats[i].text;
    return "not an ELF object";
}

static enum engraft_status type_check(const unsigned char *header, size_t size, const char *path,
                                      struct elf_form *ret_form, struct engraft_error *reterr)
{
    uint16_t type;

    if (size < SELFMAG || memcmp(header, ELFMAG, SELFMAG) != 0)
        return error_set(reterr, ENGRAFT_FORMAT, path, NULL, "%s",
                         size < SELFMAG ? "not an ELF object" : other_format(header));
    if (size < sizeof(Elf32_Ehdr))
        return error_set(reterr, ENGRAFT_FORMAT, path, NULL, "file too short");
    if (!elf_form_of(header, ret_form))
        return error_set(reterr, ENGRAFT_FORMAT, path, NULL,
                         "neither 32-bit nor 64-bit, or of no known byte order");
    if (size < elf_form_size(*ret_form, ELF_HEADER))
        return error_set(reterr, ENGRAFT_FORMAT, path, NULL, "file too short");
    type = elf_read_header(*ret_form, header).e_type;
    if (type == ET_CORE)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, path, NULL,
                         "a core file, and not a module of a process");
    if (type == ET_REL)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, path, NULL,
                         "an object file: link it to a shared object or an executable first");
    return ENGRAFT_OK;
}

/* Checks one PT_LOAD and widens the span [*start, *end) by it. */
static enum engraft_status span_widen(const struct reader *reader, const Elf64_Phdr *phdr,
                                      uint64_t *start, uint64_t *end,
                                      struct engraft_error *reterr)
{
    if (phdr->p_vaddr + phdr->p_memsz < phdr->p_vaddr)
        return error_set(reterr, ENGRAFT_FORMAT, reader->path, NULL,
                         "a segment wraps around the address space");
    if (reader->source.fd >= 0 && (phdr->p_offset > reader->file_size ||
                                   phdr->p_filesz > reader->file_size - phdr->p_offset))
        return error_set(reterr, ENGRAFT_FORMAT, reader->path, NULL,
                         "truncated: a segment ends at byte %lu and the file has %lu",
                         (unsigned long)(phdr->p_offset + phdr->p_filesz),
                         (unsigned long)reader->file_size);
    if (phdr->p_vaddr < *start)
        *start = phdr->p_vaddr;
    if (phdr->p_vaddr + phdr->p_memsz > *end)
        *end = phdr->p_vaddr + phdr->p_memsz;
    return ENGRAFT_OK;
}

/* The segment that the first mapping shows tells the load address. A file that only lies mapped as
 * data (a debugger reads it) has no executable mapping and is not loaded. */
static enum engraft_status load_address_find(const struct reader *reader, const Elf64_Phdr *phdr,
                                             size_t count, uint64_t *ret_address,
                                             struct engraft_error *reterr)
{
    const struct reader_source *source = &reader->source;
    uint64_t page = source->page_size ? source->page_size : (uint64_t)sysconf(_SC_PAGESIZE);
    bool found = false, executable = false;

    for (size_t i = 0; i < count; i++) {
        if (phdr[i].p_type != PT_LOAD)
            continue;
        executable |= (phdr[i].p_flags & PF_X) != 0;
        if (found || (phdr[i].p_offset & ~(page - 1)) != source->map_offset)
            continue;
        *ret_address = source->map_start - (phdr[i].p_vaddr & ~(page - 1));
        found = true;
    }
    if (!found || (executable && !source->map_executable))
        return error_set(reterr, ENGRAFT_UNSUPPORTED, reader->path, NULL,
                         "mapped as data, not loaded");
    return ENGRAFT_OK;
}

/* Reserves memory for the object and fills what image_read_buffer() wants set. */
static enum engraft_status span_reserve(struct reader *reader, const unsigned char *header,
                                        size_t size, struct image *image,
                                        struct engraft_error *reterr)
{
    const Elf64_Ehdr *ehdr = (const void *)header;
    const Elf64_Phdr *phdr;
    uint64_t start = UINT64_MAX, end = 0;
    enum engraft_status status;

    if (size < sizeof *ehdr || ehdr->e_phentsize != sizeof *phdr ||
        ehdr->e_phoff % 8 != 0 || ehdr->e_phoff > size ||
        (uint64_t)ehdr->e_phnum * sizeof *phdr > size - ehdr->e_phoff)
        return ENGRAFT_OK; /* image_read_buffer() says why not */
    phdr = (const void *)(header + ehdr->e_phoff);
    for (size_t i = 0; i < ehdr->e_phnum; i++) {
        if (phdr[i].p_type != PT_LOAD)
            continue;
        status = span_widen(reader, &phdr[i], &start, &end, reterr);
        if (status != ENGRAFT_OK)
            return status;
    }
    if (start > end)
        return ENGRAFT_OK;
    if (has_memory(&reader->source)) {
        status = load_address_find(reader, phdr, ehdr->e_phnum, &image->load_address, reterr);
        if (status != ENGRAFT_OK)
            return status;
    }
    start &= ~(uint64_t)(PAGE - 1);
    if (end - start > SPAN_MAX)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, reader->path, NULL,
                         "its segments span %lu bytes, more than is believed",
                         (unsigned long)(end - start));
    reader->span_start = start;
    reader->span_size = (size_t)((end - start + PAGE - 1) & ~(uint64_t)(PAGE - 1));
    reader->span = mmap(NULL, reader->span_size + PAGE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    reader->fetched = calloc(1, reader->span_size / PAGE / 8 + 1);
    if (reader->span == MAP_FAILED || !reader->fetched) {
        if (reader->span == MAP_FAILED)
            reader->span = NULL;
        return error_set(reterr, ENGRAFT_MEMORY, reader->path, NULL,
                         "no memory for an object of %zu bytes", reader->span_size);
    }
    image->memory = (const unsigned char *)((uintptr_t)reader->span - (uintptr_t)start);
    return ENGRAFT_OK;
}

/* In place of the header of a foreign object, its translation. */
static bool header_translate(struct reader *reader, struct image *image, unsigned char **header,
                             size_t *size)
{
    unsigned char *native;

    if (elf_form_is_native(reader->form))
        return true;
    image->word_size = reader->form.narrow ? 4 : 8;
    image->big_endian = reader->form.big;
    native = foreign_header(reader->form, *header, *size, size);
    free(*header);
    *header = native;
    return native != NULL;
}

static bool dynamic_fill(struct reader *reader, struct image *image)
{
    if (!image_is_foreign(image)) {
        image_read_dynamic(image);
        return true;
    }
    reader->foreign = foreign_create(image, reader->form);
    return reader->foreign != NULL;
}

static enum engraft_status image_fill(struct reader *reader, struct image *image,
                                      struct engraft_error *reterr)
{
    size_t size = 0;
    unsigned char *header = header_read(reader, &size);
    enum engraft_status status;

    if (!header)
        return error_set(reterr, ENGRAFT_SYSTEM, reader->path, NULL, "cannot be read: %s",
                         strerror(errno ? errno : EIO));
    status = type_check(header, size, reader->path, &reader->form, reterr);
    if (status == ENGRAFT_OK && !header_translate(reader, image, &header, &size))
        status = error_set(reterr, ENGRAFT_MEMORY, reader->path, NULL, "out of memory");
    if (status == ENGRAFT_OK)
        status = span_reserve(reader, header, size, image, reterr);
    if (status == ENGRAFT_OK)
        status = image_read_headers(header, size, image, reterr);
    if (status == ENGRAFT_OK && !dynamic_fill(reader, image))
        status = error_set(reterr, ENGRAFT_MEMORY, reader->path, NULL, "out of memory");
    free(header);
    return status;
}

static enum engraft_status size_check(struct reader *reader, struct engraft_error *reterr)
{
    struct file_facts file;

    if (reader->source.fd < 0) {
        reader->file_size = PAGE;
        return ENGRAFT_OK;
    }
    if (!file_facts_read(reader->source.fd, NULL, &file))
        return error_set(reterr, ENGRAFT_SYSTEM, reader->path, NULL, "%s", strerror(errno));
    if (file.size > FILE_MAX)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, reader->path, NULL,
                         "%lu bytes: larger than any engine", (unsigned long)file.size);
    reader->file_size = file.size;
    return ENGRAFT_OK;
}

enum engraft_status reader_open(const char *path, const struct reader_source *source,
                                struct image *ret_image, struct engraft_error *reterr)
{
    size_t length = strlen(path) + 1;
    struct reader *reader = calloc(1, sizeof *reader + length);
    struct image image = {.reader = reader};
    enum engraft_status status;

    if (!reader) {
        if (source->fd >= 0)
            close(source->fd);
        return error_set(reterr, ENGRAFT_MEMORY, path, NULL, "out of memory");
    }
    memcpy(reader->path, path, length);
    reader->source = *source;
    image.path = reader->path;
    image.fetch = fetch;
    image.find_hidden = find_hidden;
    if (has_memory(source) && source->readable)
        image.read_live = read_live;
    errno = 0;
    status = size_check(reader, reterr);
    if (status == ENGRAFT_OK)
        status = image_fill(reader, &image, reterr);
    if (status != ENGRAFT_OK)
        reader_close(&image);
    else
        *ret_image = image;
    return status;
}

void reader_close(struct image *image)
{
    struct reader *reader = image->reader;

    symtab_destroy(reader->symtab);
    foreign_destroy(reader->foreign);
    sections_destroy(reader->sections);
    if (reader->span)
        munmap(reader->span, reader->span_size + PAGE);
    if (reader->source.fd >= 0)
        close(reader->source.fd);
    free(reader->fetched);
    free(reader);
    image->reader = NULL;
}

int reader_file(const struct image *image)
{
    return ((const struct reader *)image->reader)->source.fd;
}

bool reader_section(const struct image *image, const char *name, uint64_t *ret_vaddr,
                    uint64_t *ret_offset, uint64_t *ret_size)
{
    struct reader *reader = image->reader;
    Elf64_Shdr header;

    if (!reader->sections_tried && reader->source.fd >= 0)
        reader->sections = sections_create(reader->source.fd);
    reader->sections_tried = true;
    if (!sections_find(reader->sections, name, &header))
        return false;
    if (ret_vaddr)
        *ret_vaddr = header.sh_addr;
    if (ret_offset)
        *ret_offset = header.sh_offset;
    if (ret_size)
        *ret_size = header.sh_type == SHT_NOBITS ? 0 : header.sh_size;
    return true;
}

void reader_build_id(const struct image *image, char *ret_text, size_t size)
{
    uint32_t length = 0;
    const unsigned char *id = image_note(image, "GNU", NT_GNU_BUILD_ID, &length);

    ret_text[0] = '\0';
    if (!id || (uint64_t)length * 2 >= size)
        return;
    for (uint32_t i = 0; i < length; i++) {
        ret_text[2 * i] = "0123456789abcdef"[id[i] >> 4];
        ret_text[2 * i + 1] = "0123456789abcdef"[id[i] & 15];
    }
    ret_text[2 * (size_t)length] = '\0';
}
