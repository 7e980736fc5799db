/* SPDX-License-Identifier: MIT */
#include "object.h"

#include <stdlib.h>
#include <string.h>

#define SPAN_MAX ((uint64_t)256 << 20)

static bool span_of(const Elf64_Phdr *phdr, size_t count, uint64_t *ret_start, uint64_t *ret_end)
{
    uint64_t start = UINT64_MAX, end = 0;

    for (size_t i = 0; i < count; i++) {
        if (phdr[i].p_type != PT_LOAD)
            continue;
        if (phdr[i].p_vaddr + phdr[i].p_memsz < phdr[i].p_vaddr)
            return false;
        if (phdr[i].p_vaddr < start)
            start = phdr[i].p_vaddr;
        if (phdr[i].p_vaddr + phdr[i].p_memsz > end)
            end = phdr[i].p_vaddr + phdr[i].p_memsz;
    }
    *ret_start = start & ~(uint64_t)15; /* so that alignment in the object is alignment in memory */
    *ret_end = end;
    return start < end && end - *ret_start <= SPAN_MAX;
}

static bool segments_copy(struct object *object, const Elf64_Phdr *phdr, size_t count,
                          uint64_t start, const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < count; i++) {
        if (phdr[i].p_type != PT_LOAD)
            continue;
        if (phdr[i].p_offset > size || phdr[i].p_filesz > size - phdr[i].p_offset ||
            phdr[i].p_filesz > phdr[i].p_memsz)
            return false;
        memcpy(object->span + (phdr[i].p_vaddr - start), bytes + phdr[i].p_offset,
               phdr[i].p_filesz);
    }
    return true;
}

static bool object_lay_out(struct object *object, const unsigned char *bytes, size_t size)
{
    Elf64_Ehdr header;
    uint64_t start, end;
    Elf64_Phdr *phdr;
    bool done;

    if (size < sizeof header)
        return true; /* image_read_buffer() says so */
    memcpy(&header, bytes, sizeof header);
    if (header.e_phoff > size || (uint64_t)header.e_phnum * sizeof *phdr > size - header.e_phoff)
        return true;
    phdr = calloc((size_t)header.e_phnum + 1, sizeof *phdr);
    if (!phdr)
        abort();
    memcpy(phdr, bytes + header.e_phoff, header.e_phnum * sizeof *phdr);
    done = span_of(phdr, header.e_phnum, &start, &end);
    if (done) {
        object->span = calloc(1, end - start);
        if (!object->span)
            abort();
        object->image.memory = (const unsigned char *)((uintptr_t)object->span - start);
        done = segments_copy(object, phdr, header.e_phnum, start, bytes, size);
    }
    free(phdr);
    return done;
}

void object_init(struct object *object, const unsigned char *bytes, size_t size)
{
    memset(object, 0, sizeof *object);
    object->image.path = "object";
    object->status = ENGRAFT_FORMAT;
    if (object_lay_out(object, bytes, size)) {
        /* A copy: its end is the end of a malloc() block, and it is aligned. */
        unsigned char *copy = malloc(size ? size : 1);

        if (!copy)
            abort();
        memcpy(copy, bytes, size);
        object->status = image_read_buffer(copy, size, &object->image, &object->error);
        free(copy);
    }
}

void object_deinit(struct object *object)
{
    free(object->span);
    object->span = NULL;
}

/* ---- walking -------------------------------------------------------------------------------------- */

static uint64_t mix(uint64_t sum, uint64_t value)
{
    return (sum ^ value) * 0x9e3779b97f4a7c15u;
}

static uint64_t mix_string(uint64_t sum, const char *string)
{
    for (; string && *string; string++)
        sum = mix(sum, (unsigned char)*string);
    return sum;
}

static uint64_t manifest_walk(const struct image *image, uint32_t type, uint64_t sum)
{
    const struct engraft_manifest *manifest = manifest_of(image, type);

    if (!manifest)
        return sum;
    sum = mix_string(sum, manifest_string(manifest, manifest->engine));
    sum = mix_string(sum, manifest_string(manifest, manifest->version));
    sum = mix_string(sum, manifest_string(manifest, manifest->prefixes));
    for (uint32_t i = 0; i < manifest->symbol_count && i < 300; i++) {
        const struct engraft_manifest_symbol *symbol = &manifest_symbols(manifest)[i];
        const char *name = manifest_string(manifest, symbol->name);

        sum = mix_string(mix(sum, symbol->size), name);
        sum = mix(sum, manifest_find(manifest, name, gnu_hash(name, NULL)) != NULL);
    }
    return mix(sum, manifest_find(manifest, "absent", gnu_hash("absent", NULL)) != NULL);
}

static uint64_t symbols_walk(const struct image *image, uint64_t sum)
{
    for (uint32_t i = 0; i < image->symbol_count && i < 300; i++) {
        const char *name = image_name(image, image->symbols[i].st_name);
        const char *version = image_symbol_version(image, i);

        sum = mix_string(mix_string(sum, name), version);
        if (!name)
            continue;
        sum = mix(sum, image_find(image, name, gnu_hash(name, NULL), version) != NULL);
        sum = mix(sum, image_find_name(image, name) != NULL);
    }
    return sum;
}

static uint64_t references_walk(const struct image *image, uint64_t sum)
{
    static const char *const all[] = {"", NULL};
    struct arena arena = {0};
    struct reference *references;
    size_t count = 0;

    if (references_collect(&arena, image, all, manifest_of(image, NT_ENGRAFT_MANIFEST),
                           &references, &count, NULL) == ENGRAFT_OK) {
        resolve_references(image, 0, references, count);
        for (size_t i = 0; i < count; i++)
            sum = mix(mix(sum, references[i].found), references[i].uses);
    }
    arena_release(&arena);
    return sum;
}

uint64_t image_walk(const struct image *image)
{
    uint64_t sum = image->symbol_count;
    uint32_t size = 0;
    const char *needed;
    const unsigned char *note;
    uint64_t value;

    sum = mix_string(mix_string(mix_string(sum, image->soname), image->runpath), image->rpath);
    for (size_t i = 0; i < 64 && (needed = image_needed(image, i)); i++)
        sum = mix_string(sum, needed);
    note = image_note(image, "GNU", NT_GNU_BUILD_ID, &size);
    for (uint32_t i = 0; note && i < size; i++)
        sum = mix(sum, note[i]);
    sum = manifest_walk(image, NT_ENGRAFT_MANIFEST, sum);
    sum = manifest_walk(image, NT_ENGRAFT_ENGINE, sum);
    sum = symbols_walk(image, sum);
    sum = references_walk(image, sum);
    for (size_t i = 0; i < image->rela_count && i < 300; i++)
        if (image_read(image, image->rela[i].r_offset, &value, sizeof value))
            sum = mix(sum, value);
    for (size_t i = 0; i < image->relr_count && i < 300; i++)
        sum = mix(sum, image->relr[i]);
    return mix_string(sum, image_string_at(image, image->vaddr_start, 4096));
}
