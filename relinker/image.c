/* SPDX-License-Identifier: MIT */
/* Reading program headers and the dynamic section: see image.h. */
#include "image.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "error.h"

const char *image_file(const struct image *image)
{
    return image->path[0] ? image->path : "/proc/self/exe";
}

/* ---- bytes -------------------------------------------------------------------------------------- */

/* The bytes from vaddr to the end of what is there in one piece: of its segment and of those that begin
 * where the one before ends (patchelf lets a string table begin in a new segment and end in an old
 * one). Of the file only, if asked for: then zeros that a segment adds end it. */
static uint64_t room_at(const struct image *image, uint64_t vaddr, bool of_file)
{
    uint64_t end = vaddr;

    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];
        uint64_t size = of_file ? segment->file_size : segment->memory_size;

        if (end >= segment->vaddr && end - segment->vaddr < size)
            end = segment->vaddr + size;
    }
    return end - vaddr;
}

uint64_t image_file_room(const struct image *image, uint64_t vaddr)
{
    return room_at(image, vaddr, true);
}

/* Zero bytes may lie just behind a segment. */
static bool is_inside(const struct image *image, uint64_t vaddr, uint64_t length, bool of_file)
{
    if (length)
        return length <= room_at(image, vaddr, of_file);
    for (unsigned i = 0; i < image->segment_count; i++)
        if (vaddr - image->segments[i].vaddr <= image->segments[i].memory_size)
            return true;
    return false;
}

const void *image_at(const struct image *image, uint64_t vaddr, uint64_t length)
{
    if (!is_inside(image, vaddr, length, false) ||
        (image->fetch && !image->fetch(image, vaddr, length)))
        return NULL;
    return (const void *)((uintptr_t)image->memory + vaddr); /* may wrap, in a reader */
}

/* A table of the object: aligned for its entries, and in the part of a segment that comes from the
 * file, so that no length in a hostile file makes anybody walk gigabytes of zeros. */
static const void *table_at(const struct image *image, uint64_t vaddr, uint64_t length,
                            uint64_t alignment)
{
    const void *table =
        is_inside(image, vaddr, length, true) ? image_at(image, vaddr, length) : NULL;

    return (uintptr_t)table % alignment ? NULL : table;
}

const char *image_string_at(const struct image *image, uint64_t vaddr, size_t limit)
{
    uint64_t room = room_at(image, vaddr, false);
    const char *string;

    if (room > limit)
        room = limit;
    string = room ? image_at(image, vaddr, room) : NULL;
    return string && memchr(string, '\0', room) ? string : NULL;
}

bool image_is_foreign(const struct image *image)
{
    return image->word_size == 4 || image->big_endian;
}

size_t image_word_size(const struct image *image)
{
    return image->word_size == 4 ? 4 : 8;
}

uint16_t image_u16(const struct image *image, const void *bytes)
{
    uint16_t value;

    memcpy(&value, bytes, sizeof value);
    return image->big_endian ? __builtin_bswap16(value) : value;
}

uint32_t image_u32(const struct image *image, const void *bytes)
{
    uint32_t value;

    memcpy(&value, bytes, sizeof value);
    return image->big_endian ? __builtin_bswap32(value) : value;
}

uint64_t image_u64(const struct image *image, const void *bytes)
{
    uint64_t value;

    memcpy(&value, bytes, sizeof value);
    return image->big_endian ? __builtin_bswap64(value) : value;
}

uint64_t image_word(const struct image *image, const void *bytes)
{
    return image->word_size == 4 ? image_u32(image, bytes) : image_u64(image, bytes);
}

bool image_read(const struct image *image, uint64_t vaddr, void *buffer, size_t length)
{
    const void *bytes;

    if (image->read_live)
        return image->read_live(image, vaddr, buffer, length);
    bytes = image_at(image, vaddr, length);
    if (bytes)
        memcpy(buffer, bytes, length);
    return bytes != NULL;
}

const char *image_name(const struct image *image, uint64_t offset)
{
    return offset < image->string_size ? image->strings + offset : NULL;
}

uint64_t image_pointer(const struct image *image, uint64_t pointer)
{
    uint64_t start = image->load_address + image->vaddr_start;
    uint64_t end = image->load_address + image->vaddr_end;

    return pointer >= start && pointer < end ? pointer - image->load_address : pointer;
}

bool image_contains(const struct image *image, uint64_t address)
{
    uint64_t vaddr = address - image->load_address;

    for (unsigned i = 0; i < image->segment_count; i++)
        if (vaddr - image->segments[i].vaddr < image->segments[i].memory_size)
            return true;
    return false;
}

/* ---- program headers ------------------------------------------------------------------------------- */

static enum engraft_status header_check(const Elf64_Ehdr *header, struct image *image,
                                        struct engraft_error *reterr)
{
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL, "not an ELF object");
    if (header->e_ident[EI_CLASS] != ELFCLASS64)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, NULL,
                         "wrong ELF class: a 32-bit object");
    if (header->e_ident[EI_DATA] != ELFDATA2LSB)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, NULL,
                         "a big-endian object");
    if (header->e_type != ET_DYN && header->e_type != ET_EXEC)
        return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL,
                         "ELF type %u is neither a shared object nor an executable",
                         (unsigned)header->e_type);
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0)
        return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL, "no program headers");
    image->machine = header->e_machine;
    image->type = header->e_type;
    return ENGRAFT_OK;
}

static bool segment_add(struct image *image, const Elf64_Phdr *phdr)
{
    struct image_segment *segment;

    if (image->segment_count == IMAGE_SEGMENT_MAX)
        return false;
    if (phdr->p_filesz > phdr->p_memsz || phdr->p_vaddr + phdr->p_memsz < phdr->p_vaddr)
        return false;
    segment = &image->segments[image->segment_count++];
    segment->vaddr = phdr->p_vaddr;
    segment->memory_size = phdr->p_memsz;
    segment->file_size = phdr->p_filesz;
    segment->offset = phdr->p_offset;
    segment->flags = phdr->p_flags;
    return segment == image->segments || segment->vaddr >= segment[-1].vaddr;
}

static enum engraft_status segments_read(const Elf64_Phdr *phdr, size_t count,
                                         struct image *image, struct engraft_error *reterr)
{
    uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

    for (size_t i = 0; i < count; i++) {
        switch (phdr[i].p_type) {
        case PT_LOAD:
            if (!segment_add(image, &phdr[i]))
                return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL,
                                 "program header %zu: not a usable PT_LOAD", i);
            break;
        case PT_DYNAMIC:
            image->dynamic_vaddr = phdr[i].p_vaddr;
            image->dynamic_size = phdr[i].p_memsz;
            image->dynamic_flags = phdr[i].p_flags;
            break;
        case PT_GNU_RELRO:
            image->relro_vaddr = phdr[i].p_vaddr;
            image->relro_size = phdr[i].p_memsz;
            break;
        case PT_NOTE:
            if (image->note_count < sizeof image->notes / sizeof *image->notes) {
                image->notes[image->note_count].vaddr = phdr[i].p_vaddr;
                image->notes[image->note_count++].size = phdr[i].p_memsz;
            }
            break;
        }
    }
    if (image->segment_count == 0)
        return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL, "no PT_LOAD segment");
    image->vaddr_start = image->segments[0].vaddr & ~(page - 1);
    const struct image_segment *last = &image->segments[image->segment_count - 1];
    image->vaddr_end = (last->vaddr + last->memory_size + page - 1) & ~(page - 1);
    return ENGRAFT_OK;
}

/* ---- dynamic section ---------------------------------------------------------------------------- */

const Elf64_Dyn *image_dynamic(const struct image *image, int64_t tag)
{
    for (size_t i = 0; i < image->dynamic_count; i++)
        if (image->dynamic[i].d_tag == tag)
            return &image->dynamic[i];
    return NULL;
}

static uint64_t dynamic_value(const struct image *image, int64_t tag, uint64_t otherwise)
{
    const Elf64_Dyn *entry = image_dynamic(image, tag);

    return entry ? entry->d_un.d_val : otherwise;
}

/* A table that a d_ptr names. glibc rebases d_ptr in memory, musl and the vDSO do not. DT_SYMTAB
 * of an object that engraft has bound points to a copy outside the object: live ones are taken. */
static const void *dynamic_table(const struct image *image, int64_t tag, uint64_t length,
                                 uint64_t alignment)
{
    const Elf64_Dyn *entry = image_dynamic(image, tag);

    return entry ? table_at(image, image_pointer(image, entry->d_un.d_ptr), length, alignment)
                 : NULL;
}

static void dynamic_locate(struct image *image)
{
    uint64_t count = image->dynamic_size / sizeof(Elf64_Dyn);
    const Elf64_Dyn *dynamic = table_at(image, image->dynamic_vaddr, count * sizeof *dynamic, 8);

    if (!dynamic)
        return;
    image->dynamic = dynamic;
    while (image->dynamic_count < count && dynamic[image->dynamic_count].d_tag != DT_NULL)
        image->dynamic_count++;
}

static void relocations_read(struct image *image)
{
    uint64_t size = dynamic_value(image, DT_RELASZ, 0);

    image->rela = dynamic_table(image, DT_RELA, size, 8);
    image->rela_count = image->rela ? size / sizeof(Elf64_Rela) : 0;
    size = dynamic_value(image, DT_PLTRELSZ, 0);
    if (dynamic_value(image, DT_PLTREL, DT_RELA) == DT_RELA)
        image->jmprel = dynamic_table(image, DT_JMPREL, size, 8);
    image->jmprel_count = image->jmprel ? size / sizeof(Elf64_Rela) : 0;
#ifndef DT_RELR
#define DT_RELRSZ 35
#define DT_RELR 36
#endif
    size = dynamic_value(image, DT_RELRSZ, 0);
    image->relr = dynamic_table(image, DT_RELR, size, 8);
    image->relr_count = image->relr ? size / sizeof(uint64_t) : 0;
}

static bool is_believable(const struct image *image, uint32_t count)
{
    return !image->fetch || count <= IMAGE_SYMBOL_MAX;
}

static bool gnu_hash_read(struct image *image)
{
    const Elf64_Dyn *entry = image_dynamic(image, DT_GNU_HASH);
    uint64_t vaddr, room;
    const uint32_t *header;

    if (!entry)
        return true;
    vaddr = image_pointer(image, entry->d_un.d_ptr);
    header = table_at(image, vaddr, 16, 8); /* the Bloom words behind it are 8 bytes each */
    if (!header || !is_believable(image, header[0]) || !is_believable(image, header[2]) ||
        !is_believable(image, header[1]) || header[2] == 0 || (header[2] & (header[2] - 1)) != 0 || header[3] > 31)
        return false;
    uint64_t bloom_size = (uint64_t)header[2] * 8, bucket_size = (uint64_t)header[0] * 4;
    uint64_t chain = vaddr + 16 + bloom_size + bucket_size;
    room = room_at(image, chain, true);
    if (!table_at(image, vaddr, 16 + bloom_size + bucket_size, 8))
        return false;
    image->gnu.bucket_count = header[0];
    image->gnu.symbol_offset = header[1];
    image->gnu.bloom_mask = header[2] - 1;
    image->gnu.bloom_shift = header[3];
    image->gnu.bloom = (const uint64_t *)(const void *)(header + 4);
    image->gnu.buckets = (const uint32_t *)(image->gnu.bloom + header[2]);
    image->gnu.chain = image->gnu.buckets + header[0];
    room = room / 4 > UINT32_MAX ? UINT32_MAX : room / 4;
    if (!is_believable(image, (uint32_t)room))
        room = IMAGE_SYMBOL_MAX;
    image->gnu.chain_count = (uint32_t)room;
    return true;
}

/* One past the highest symbol of the GNU chains. In a file this also fetches the chains. */
static uint32_t gnu_hash_end(struct image *image)
{
    uint32_t highest = 0;
    uint64_t vaddr;

    for (uint32_t i = 0; i < image->gnu.bucket_count; i++)
        if (image->gnu.buckets[i] > highest)
            highest = image->gnu.buckets[i];
    if (highest < image->gnu.symbol_offset || image->gnu.bucket_count == 0) {
        image->gnu.chain_count = 0;
        return image->gnu.bucket_count ? image->gnu.symbol_offset : 0;
    }
    vaddr = (uint64_t)((const unsigned char *)image->gnu.chain - image->memory);
    for (uint32_t i = highest - image->gnu.symbol_offset; i < image->gnu.chain_count; i++) {
        if (!image_at(image, vaddr + (uint64_t)i * 4, 4))
            break;
        if (image->gnu.chain[i] & 1) {
            if (!image_at(image, vaddr, ((uint64_t)i + 1) * 4))
                break;
            image->gnu.chain_count = i + 1;
            return image->gnu.symbol_offset + i + 1;
        }
    }
    image->gnu.bucket_count = image->gnu.chain_count = 0;
    return 0;
}

static void sysv_hash_read(struct image *image)
{
    const Elf64_Dyn *entry = image_dynamic(image, DT_HASH);
    uint64_t vaddr;
    const uint32_t *header;

    if (!entry)
        return;
    vaddr = image_pointer(image, entry->d_un.d_ptr);
    header = table_at(image, vaddr, 8, 4);
    if (!header || header[0] == 0 || !is_believable(image, header[0]) ||
        !is_believable(image, header[1]) ||
        !table_at(image, vaddr, 8 + ((uint64_t)header[0] + header[1]) * 4, 4))
        return;
    image->sysv.bucket_count = header[0];
    image->sysv.chain_count = header[1];
    image->sysv.buckets = header + 2;
    image->sysv.chain = image->sysv.buckets + header[0];
}

static uint32_t relocations_end(const Elf64_Rela *rela, size_t count, uint32_t end)
{
    for (size_t i = 0; i < count; i++)
        if (ELF64_R_SYM(rela[i].r_info) >= end)
            end = (uint32_t)ELF64_R_SYM(rela[i].r_info) + 1;
    return end;
}

/* Hashed symbols come last in the table, so a GNU chain that is not empty ends at the end of the
 * table. For a plugin without exports it is empty, and GNU ld writes symoffset 1 whatever the table
 * holds: then the highest symbol that a relocation names counts. */
static void symbols_read(struct image *image)
{
    const Elf64_Dyn *entry = image_dynamic(image, DT_SYMTAB);
    uint32_t count;
    uint64_t vaddr, room;

    image->string_size = dynamic_value(image, DT_STRSZ, 0);
    image->strings = dynamic_table(image, DT_STRTAB, image->string_size, 1);
    if (!image->strings || image->string_size == 0 || image->strings[image->string_size - 1]) {
        image->strings = NULL; /* every name below relies on the last NUL */
        image->string_size = 0;
    }
    if (!gnu_hash_read(image))
        image->gnu.bucket_count = 0;
    sysv_hash_read(image);
    count = gnu_hash_end(image);
    if (image->sysv.chain_count > count)
        count = image->sysv.chain_count;
    if (image->gnu.chain_count == 0 && image->sysv.chain_count == 0) {
        count = relocations_end(image->rela, image->rela_count, count);
        count = relocations_end(image->jmprel, image->jmprel_count, count);
    }
    if (!entry || !image->strings)
        return;
    vaddr = image_pointer(image, entry->d_un.d_ptr);
    if (image->live && vaddr == entry->d_un.d_ptr && !room_at(image, vaddr, false)) {
        /* bound by engraft: a copy of the same number of symbols */
        image->symbols = (const Elf64_Sym *)(uintptr_t)entry->d_un.d_ptr;
        image->symbol_count = count;
        return;
    }
    room = room_at(image, vaddr, true) / sizeof(Elf64_Sym);
    if (count > room)
        count = (uint32_t)room;
    if (!is_believable(image, count))
        count = IMAGE_SYMBOL_MAX;
    image->symbols = table_at(image, vaddr, (uint64_t)count * sizeof(Elf64_Sym), 8);
    image->symbol_count = image->symbols ? count : 0;
}

static void versions_read(struct image *image)
{
    image->versym = dynamic_table(image, DT_VERSYM, (uint64_t)image->symbol_count * 2, 2);
    if (!image->versym)
        return;
    image->verdef_count = (uint32_t)dynamic_value(image, DT_VERDEFNUM, 0);
    image->verdef = dynamic_table(image, DT_VERDEF, sizeof(Elf64_Verdef), 4);
    image->verneed_count = (uint32_t)dynamic_value(image, DT_VERNEEDNUM, 0);
    image->verneed = dynamic_table(image, DT_VERNEED, sizeof(Elf64_Verneed), 4);
}

static const char *dynamic_string(const struct image *image, int64_t tag)
{
    const Elf64_Dyn *entry = image_dynamic(image, tag);

    return entry ? image_name(image, entry->d_un.d_val) : NULL;
}

void image_read_dynamic(struct image *image)
{
    dynamic_locate(image);
    relocations_read(image);
    symbols_read(image);
    versions_read(image);
    image->soname = dynamic_string(image, DT_SONAME);
    image->runpath = dynamic_string(image, DT_RUNPATH);
    image->rpath = dynamic_string(image, DT_RPATH);
    image->flags = dynamic_value(image, DT_FLAGS, 0);
    image->flags_1 = dynamic_value(image, DT_FLAGS_1, 0);
}

const char *image_needed(const struct image *image, size_t index)
{
    for (size_t i = 0; i < image->dynamic_count; i++)
        if (image->dynamic[i].d_tag == DT_NEEDED && index-- == 0) {
            const char *name = image_name(image, image->dynamic[i].d_un.d_val);

            return name ? name : ""; /* led to a stand-in by shim.c: its name lies elsewhere */
        }
    return NULL;
}

/* ---- entrances ------------------------------------------------------------------------------------ */

enum engraft_status image_read_headers(const void *header, size_t header_size,
                                       struct image *image, struct engraft_error *reterr)
{
    const Elf64_Ehdr *ehdr = header;
    enum engraft_status status;

    if (header_size < sizeof *ehdr)
        return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL, "file too short");
    status = header_check(ehdr, image, reterr);
    if (status != ENGRAFT_OK)
        return status;
    if (ehdr->e_phoff > header_size ||
        (uint64_t)ehdr->e_phnum * sizeof(Elf64_Phdr) > header_size - ehdr->e_phoff ||
        ehdr->e_phoff % 8 != 0)
        return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL,
                         "program headers lie outside the file");
    return segments_read((const void *)((const char *)header + ehdr->e_phoff), ehdr->e_phnum,
                         image, reterr);
}

enum engraft_status image_read_buffer(const void *header, size_t header_size, struct image *image,
                                      struct engraft_error *reterr)
{
    enum engraft_status status = image_read_headers(header, header_size, image, reterr);

    if (status == ENGRAFT_OK)
        image_read_dynamic(image);
    return status;
}

/* Whether ld.so's address of .dynamic is that of these program headers: else they are another
 * object's. */
static bool phdr_fits(const struct link_map *map, const Elf64_Phdr *phdr, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (phdr[i].p_type == PT_DYNAMIC)
            return map->l_addr + phdr[i].p_vaddr == (uintptr_t)map->l_ld;
    return false;
}

/* Without a signal: FUTEX_WAIT reads the word, and is over at once. mincore() would not do: it also
 * says yes to PROT_NONE. */
static bool is_readable(uintptr_t address)
{
    static const struct timespec no_time;
    const uint32_t unlikely = 0;

    return syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, unlikely, &no_time, NULL, 0) == 0 ||
           errno != EFAULT;
}

/* The ELF header of a mapped object stands at its load address, where the first PT_LOAD has vaddr 0:
 * true of nearly every shared object. */
static bool phdr_from_memory(const struct link_map *map, const Elf64_Phdr **ret_phdr,
                             size_t *ret_count)
{
    const Elf64_Ehdr *header = (const void *)map->l_addr;

    if (map->l_addr % 4096 != 0 || !is_readable(map->l_addr) ||
        memcmp(header->e_ident, ELFMAG, SELFMAG) != 0 || header->e_phoff > 4096 ||
        header->e_phoff % 8 != 0 ||
        header->e_phoff + (uint64_t)header->e_phnum * sizeof(Elf64_Phdr) > 4096)
        return false;
    *ret_phdr = (const void *)(map->l_addr + header->e_phoff);
    *ret_count = header->e_phnum;
    return phdr_fits(map, *ret_phdr, *ret_count);
}

#define HEADERS_SIZE 4096

/* An object with another first vaddr (prelink, -Ttext-segment), or with its program headers moved to
 * its end: they are read from the file, behind the ELF header. */
static bool phdr_from_file(const struct link_map *map, unsigned char *headers,
                           const Elf64_Phdr **ret_phdr, size_t *ret_count)
{
    Elf64_Ehdr *header = (void *)headers;
    size_t room = HEADERS_SIZE - sizeof *header, size = 0;
    int fd = open(map->l_name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    bool whole = false;

    if (fd < 0)
        return false;
    if (pread(fd, header, sizeof *header, 0) == (ssize_t)sizeof *header) {
        size = header->e_phnum * sizeof(Elf64_Phdr);
        whole = size <= room && pread(fd, headers + sizeof *header, size,
                                      (off_t)header->e_phoff) == (ssize_t)size;
    }
    close(fd);
    *ret_phdr = (const void *)(headers + sizeof *header);
    *ret_count = header->e_phnum;
    return whole && phdr_fits(map, *ret_phdr, *ret_count);
}

static enum engraft_status map_phdr(struct link_map *map, struct image *image,
                                    unsigned char *headers, const Elf64_Phdr **ret_phdr,
                                    size_t *ret_count, struct engraft_error *reterr)
{
    if (!map->l_prev) { /* the main program: it may be ET_EXEC, with load address 0 */
        const Elf64_Phdr *phdr = (const void *)getauxval(AT_PHDR);
        uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);

        if (!phdr)
            return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, NULL, "no AT_PHDR");
        *ret_phdr = phdr;
        *ret_count = getauxval(AT_PHNUM);
        return header_check((const void *)((uintptr_t)phdr & ~(page - 1)), image, reterr);
    }
    if (phdr_from_memory(map, ret_phdr, ret_count))
        return header_check((const void *)map->l_addr, image, reterr);
    if (phdr_from_file(map, headers, ret_phdr, ret_count))
        return header_check((const void *)headers, image, reterr);
    return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, NULL,
                     "its program headers are not found");
}

enum engraft_status image_read_map(struct link_map *map, struct image *ret_image,
                                   struct engraft_error *reterr)
{
    struct image *image = ret_image;
    _Alignas(16) unsigned char headers[HEADERS_SIZE];
    const Elf64_Phdr *phdr = NULL;
    size_t count = 0;
    enum engraft_status status;

    memset(image, 0, sizeof *image);
    image->path = map->l_name ? map->l_name : "";
    image->map = map;
    image->live = true;
    image->load_address = map->l_addr;
    image->memory = (const unsigned char *)map->l_addr;
    status = map_phdr(map, image, headers, &phdr, &count, reterr);
    if (status == ENGRAFT_OK)
        status = segments_read(phdr, count, image, reterr);
    if (status == ENGRAFT_OK)
        image_read_dynamic(image);
    return status;
}

/* ---- notes --------------------------------------------------------------------------------------- */

static Elf64_Nhdr note_header(const struct image *image, const unsigned char *bytes)
{
    return (Elf64_Nhdr){
        .n_namesz = image_u32(image, bytes),
        .n_descsz = image_u32(image, bytes + 4),
        .n_type = image_u32(image, bytes + 8),
    };
}

static const void *note_find(const struct image *image, const unsigned char *notes, uint64_t size,
                             const char *owner, uint32_t type, uint32_t *ret_size)
{
    size_t owner_size = strlen(owner) + 1;

    for (uint64_t at = 0; size - at >= sizeof(Elf64_Nhdr);) {
        Elf64_Nhdr note = note_header(image, notes + at);
        uint64_t name, descriptor, next;

        name = at + sizeof note;
        descriptor = name + (((uint64_t)note.n_namesz + 3) & ~3ull);
        next = descriptor + (((uint64_t)note.n_descsz + 3) & ~3ull);
        if (descriptor > size || note.n_descsz > size - descriptor)
            return NULL;
        if (note.n_type == type && note.n_namesz >= owner_size &&
            memcmp(notes + name, owner, owner_size) == 0) {
            if (note.n_namesz == owner_size) {
                *ret_size = note.n_descsz;
                return notes + descriptor;
            }
            if (note.n_descsz == 0 && owner_size % 4 == 0) { /* all of it behind the name */
                *ret_size = note.n_namesz - (uint32_t)owner_size;
                return notes + name + owner_size;
            }
        }
        if (next > size)
            return NULL;
        at = next;
    }
    return NULL;
}

const void *image_note(const struct image *image, const char *owner, uint32_t type,
                       uint32_t *ret_size)
{
    for (unsigned i = 0; i < image->note_count; i++) {
        const void *notes = image_at(image, image->notes[i].vaddr, image->notes[i].size);
        const void *found =
            notes ? note_find(image, notes, image->notes[i].size, owner, type, ret_size) : NULL;

        if (found)
            return found;
    }
    return NULL;
}
