/* SPDX-License-Identifier: MIT */
/*
 * Symbols of this process' objects that are in no dynamic table: .symtab of the object's file, or of
 * its separate debug file (/usr/lib/debug/.build-id). For the few that an adapter cannot do without
 * where a host hides them: the whole table is read, which takes milliseconds.
 *
 * Runs inside an IFUNC resolver: memory is mapped, nothing calls into the dynamic linker. The file
 * may have been replaced since it was mapped, so its headers and its build-id must be those in memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include "relinker.h"

#define SECTION_MAX 4096
#define TABLE_MAX ((uint64_t)512 << 20) /* bytes; node 26 with all its symbols has 40 MB */

static bool read_at(int fd, void *buffer, size_t size, uint64_t offset)
{
    unsigned char *at = buffer;

    while (size) {
        ssize_t got = offset <= INT64_MAX ? pread(fd, at, size, (off_t)offset) : -1;

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        at += got;
        offset += (uint64_t)got;
        size -= (size_t)got;
    }
    return true;
}

static void *read_new(struct arena *arena, int fd, uint64_t offset, uint64_t size)
{
    void *memory = size && size <= TABLE_MAX ? arena_allocate_written(arena, size) : NULL;

    return memory && read_at(fd, memory, size, offset) ? memory : NULL;
}

static const Elf64_Shdr *sections_read(struct arena *arena, int fd, const Elf64_Ehdr *header)
{
    if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shnum == 0 ||
        header->e_shnum > SECTION_MAX)
        return NULL;
    return read_new(arena, fd, header->e_shoff, header->e_shnum * sizeof(Elf64_Shdr));
}

static bool table_search(struct arena *arena, int fd, const Elf64_Shdr *symbols,
                         const Elf64_Shdr *strings, const char *name, Elf64_Sym *ret_symbol)
{
    const Elf64_Sym *table = read_new(arena, fd, symbols->sh_offset, symbols->sh_size);
    const char *text = read_new(arena, fd, strings->sh_offset, strings->sh_size);
    size_t size = strlen(name) + 1;

    if (!table || !text || strings->sh_size < size)
        return false;
    for (size_t i = 0; i < symbols->sh_size / sizeof *table; i++) {
        unsigned type = ELF64_ST_TYPE(table[i].st_info);

        if (table[i].st_shndx == SHN_UNDEF || (type != STT_FUNC && type != STT_OBJECT) ||
            table[i].st_name > strings->sh_size - size ||
            memcmp(text + table[i].st_name, name, size) != 0)
            continue;
        *ret_symbol = table[i];
        return true;
    }
    return false;
}

static bool file_search(int fd, const Elf64_Ehdr *header, const char *name, Elf64_Sym *ret_symbol)
{
    struct arena arena = {0};
    const Elf64_Shdr *sections = sections_read(&arena, fd, header);
    bool found = false;

    for (unsigned i = 0; sections && i < header->e_shnum && !found; i++)
        if (sections[i].sh_type == SHT_SYMTAB && sections[i].sh_entsize == sizeof(Elf64_Sym) &&
            sections[i].sh_link < header->e_shnum)
            found = table_search(&arena, fd, &sections[i], &sections[sections[i].sh_link], name,
                                 ret_symbol);
    arena_release(&arena);
    return found;
}

/* The program headers in the file and in memory are the same: this file is the one that was mapped.
 * A debug file has other ones, and is known by its name, which is the build-id. */
static bool file_is_mapped(int fd, const Elf64_Ehdr *header, const struct image *image)
{
    const Elf64_Ehdr *mapped = image_at(image, image->vaddr_start, sizeof *mapped);
    unsigned char in_file[64 * sizeof(Elf64_Phdr)];
    size_t size = (size_t)header->e_phnum * sizeof(Elf64_Phdr);
    const void *in_memory;

    if (!mapped || memcmp(mapped, header, sizeof *header) != 0 ||
        header->e_phentsize != sizeof(Elf64_Phdr) || size == 0 || size > sizeof in_file)
        return false;
    in_memory = image_at(image, image->vaddr_start + header->e_phoff, size);
    return in_memory && read_at(fd, in_file, size, header->e_phoff) &&
           memcmp(in_memory, in_file, size) == 0;
}

static bool path_search(const char *path, const struct image *mapped, const char *name,
                        Elf64_Sym *ret_symbol)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    Elf64_Ehdr header;
    bool found;

    if (fd < 0)
        return false;
    found = read_at(fd, &header, sizeof header, 0) &&
            memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
            header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
            (!mapped || file_is_mapped(fd, &header, mapped)) &&
            file_search(fd, &header, name, ret_symbol);
    close(fd);
    return found;
}

static bool debug_search(const struct image *image, const char *name, Elf64_Sym *ret_symbol)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t size;
    const unsigned char *id = image_note(image, "GNU", NT_GNU_BUILD_ID, &size);
    char hex[2 * 32 + 1], path[128];

    if (!id || size < 2 || size > 32)
        return false;
    for (uint32_t i = 0; i < size; i++) {
        hex[2 * i] = digits[id[i] >> 4];
        hex[2 * i + 1] = digits[id[i] & 15];
    }
    hex[2 * size] = '\0';
    text_format(path, sizeof path, "/usr/lib/debug/.build-id/%.2s/%s.debug", hex, hex + 2);
    return path_search(path, NULL, name, ret_symbol);
}

/* One plugin asks for the same few names several times, and each answer reads megabytes. Who finds the
 * cache in use goes without. */
#define CACHE_SIZE 8

static struct {
    uint64_t load_address;
    const void *dynamic;
    uint32_t symbol_count;
    char name[96];
    bool found;
    Elf64_Sym symbol;
} cache[CACHE_SIZE];
static unsigned cache_next;
static atomic_flag cache_used = ATOMIC_FLAG_INIT;

static bool cache_get(const struct image *image, const char *name, bool *ret_found,
                      Elf64_Sym *ret_symbol)
{
    bool hit = false;

    if (atomic_flag_test_and_set_explicit(&cache_used, memory_order_acquire))
        return false;
    for (unsigned i = 0; i < CACHE_SIZE && !hit; i++) {
        hit = cache[i].dynamic == image->dynamic && cache[i].load_address == image->load_address &&
              cache[i].symbol_count == image->symbol_count && strcmp(cache[i].name, name) == 0;
        *ret_found = cache[i].found;
        if (hit && cache[i].found)
            *ret_symbol = cache[i].symbol;
    }
    atomic_flag_clear_explicit(&cache_used, memory_order_release);
    return hit;
}

static void cache_put(const struct image *image, const char *name, bool found,
                      const Elf64_Sym *symbol)
{
    unsigned at;

    if (strlen(name) >= sizeof cache[0].name ||
        atomic_flag_test_and_set_explicit(&cache_used, memory_order_acquire))
        return;
    at = cache_next++ % CACHE_SIZE;
    cache[at].load_address = image->load_address;
    cache[at].dynamic = image->dynamic;
    cache[at].symbol_count = image->symbol_count;
    text_format(cache[at].name, sizeof cache[at].name, "%s", name);
    cache[at].found = found;
    if (found)
        cache[at].symbol = *symbol;
    atomic_flag_clear_explicit(&cache_used, memory_order_release);
}

bool hidden_find(const struct image *image, const char *name, Elf64_Sym *ret_symbol)
{
    bool found;

    if (cache_get(image, name, &found, ret_symbol))
        return found;
    found = path_search(image_file(image), image, name, ret_symbol) ||
            debug_search(image, name, ret_symbol);
    cache_put(image, name, found, ret_symbol);
    return found;
}
