/* SPDX-License-Identifier: MIT */
/*
 * Where the functions of an object are: the unwind table (PT_GNU_EH_FRAME) names each, also in files
 * that are stripped. What it leaves out of an executable segment is a gap.
 */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fixups_flow.h"

#define RANGES_MAX (1u << 20)
#define TABLE_SORTED_RELATIVE 0x3b /* DW_EH_PE_datarel | DW_EH_PE_sdata4: what all linkers write */

static bool bytes_at(const struct image *image, uint64_t vaddr, void *to, size_t size)
{
    const void *bytes = image_at(image, vaddr, size);

    if (bytes)
        memcpy(to, bytes, size);
    return bytes != NULL;
}

static uint32_t word_at(const struct image *image, uint64_t vaddr, bool *failed)
{
    uint32_t word = 0;

    if (!bytes_at(image, vaddr, &word, sizeof word))
        *failed = true;
    return word;
}

/* PT_GNU_EH_FRAME, from the program headers in the object's first page. */
static uint64_t unwind_header(const struct image *image, uint64_t *ret_size)
{
    for (unsigned i = 0; i < image->segment_count; i++) {
        uint64_t start = image->segments[i].vaddr;
        Elf64_Ehdr header;
        Elf64_Phdr phdr;

        if (image->segments[i].offset != 0 || !bytes_at(image, start, &header, sizeof header))
            continue;
        for (unsigned j = 0; j < header.e_phnum; j++) {
            if (!bytes_at(image, start + header.e_phoff + j * sizeof phdr, &phdr, sizeof phdr) ||
                phdr.p_type != PT_GNU_EH_FRAME)
                continue;
            *ret_size = phdr.p_memsz;
            return phdr.p_vaddr;
        }
    }
    return 0;
}

/* The bytes of a pointer in an FDE of this CIE; 0: a form that nobody uses for code. */
static unsigned pointer_size(const struct image *image, uint64_t cie)
{
    bool failed = false;
    uint32_t length = word_at(image, cie, &failed);
    const unsigned char *bytes, *end, *augmentation;

    if (failed || length < 12 || length > 4096)
        return 0;
    bytes = image_at(image, cie + 4, length);
    if (!bytes)
        return 0;
    end = bytes + length;
    augmentation = bytes + 5;
    bytes = memchr(augmentation, '\0', (size_t)(end - augmentation));
    if (!bytes || augmentation[0] != 'z')
        return bytes ? 8 : 0;
    bytes++;
    for (unsigned i = 0; i < 4; i++) { /* alignment of code and data, return register, length: LEB128 */
        while (bytes < end && *bytes & 0x80)
            bytes++;
        bytes++;
    }
    for (augmentation++; *augmentation && bytes < end; augmentation++) {
        static const unsigned char sizes[8] = {8, 0, 2, 4, 8, 0, 0, 0};

        if (*augmentation == 'R')
            return sizes[*bytes & 7];
        if (*augmentation == 'L')
            bytes++;
        else if (*augmentation == 'P')
            bytes += 1 + sizes[*bytes & 7];
        else if (*augmentation != 'S' && *augmentation != 'B')
            return 0;
    }
    return 0;
}

/* Of the function whose FDE this is; 0: it cannot be told. */
static uint64_t function_size(const struct image *image, uint64_t fde, uint64_t *cie_known,
                              unsigned *size_known)
{
    bool failed = false;
    uint64_t cie = fde + 4 - word_at(image, fde + 4, &failed), size = 0;
    const void *bytes;

    if (failed || word_at(image, fde, &failed) == 0xffffffff || failed)
        return 0;
    if (cie != *cie_known) {
        *cie_known = cie;
        *size_known = pointer_size(image, cie);
    }
    bytes = *size_known ? image_at(image, fde + 8 + *size_known, *size_known) : NULL;
    if (bytes)
        memcpy(&size, bytes, *size_known);
    return size;
}

static enum engraft_status functions_read(const struct image *image, struct fixup_list *ranges,
                                          struct engraft_error *reterr)
{
    uint64_t size = 0, header = unwind_header(image, &size), cie = 0;
    const unsigned char *bytes = header ? image_at(image, header, 12) : NULL;
    unsigned cie_size = 0;
    bool failed = false;
    uint32_t count;

    if (!bytes || bytes[0] != 1 || bytes[2] != 3 || bytes[3] != TABLE_SORTED_RELATIVE ||
        (bytes[1] & 15) != 11)
        return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, NULL,
                         "it has no unwind table (.eh_frame_hdr) to know its functions by");
    count = word_at(image, header + 8, &failed);
    if (count > RANGES_MAX || (uint64_t)count * 8 > size)
        return error_set(reterr, ENGRAFT_FORMAT, image->path, NULL,
                         "its unwind table (.eh_frame_hdr) is damaged");
    for (uint32_t i = 0; i < count; i++) {
        uint64_t entry = header + 12 + (uint64_t)i * 8;
        uint64_t start = header + (uint64_t)(int32_t)word_at(image, entry, &failed);
        uint64_t fde = header + (uint64_t)(int32_t)word_at(image, entry + 4, &failed);
        uint64_t length = failed ? 0 : function_size(image, fde, &cie, &cie_size);
        struct fixup_range *range;

        if (!length || start + length < start)
            continue;
        range = fixup_list_add(ranges, sizeof *range);
        if (!range)
            return error_set(reterr, ENGRAFT_MEMORY, image->path, NULL, "out of memory");
        *range = (struct fixup_range){start, start + length, false};
    }
    return ENGRAFT_OK;
}

static int range_compare(const void *a, const void *b)
{
    const struct fixup_range *left = a, *right = b;

    return left->start < right->start ? -1 : left->start > right->start;
}

static bool gap_add(struct fixup_list *ranges, uint64_t start, uint64_t end)
{
    struct fixup_range *range = start < end ? fixup_list_add(ranges, sizeof *range) : NULL;

    if (range)
        *range = (struct fixup_range){start, end, true};
    return range || start >= end;
}

/* What of a segment the functions, ascending, do not cover. */
static bool gaps_add(struct fixup_list *ranges, size_t count, uint64_t start, uint64_t end)
{
    for (size_t i = 0; i < count && start < end; i++) {
        struct fixup_range range = *fixup_at(*ranges, struct fixup_range, i);

        if (range.end <= start)
            continue;
        if (range.start >= end)
            break;
        if (!gap_add(ranges, start, range.start))
            return false;
        start = range.end;
    }
    return gap_add(ranges, start, end);
}

enum engraft_status fixups_functions(const struct image *image, struct fixup_list *ranges,
                                     struct engraft_error *reterr)
{
    enum engraft_status status = functions_read(image, ranges, reterr);
    size_t count = ranges->count;

    if (status != ENGRAFT_OK)
        return status;
    if (count)
        qsort(ranges->items, count, sizeof(struct fixup_range), range_compare);
    for (unsigned i = 0; i < image->segment_count; i++) {
        const struct image_segment *segment = &image->segments[i];

        if (segment->flags & PF_X &&
            !gaps_add(ranges, count, segment->vaddr, segment->vaddr + segment->file_size))
            return error_set(reterr, ENGRAFT_MEMORY, image->path, NULL, "out of memory");
    }
    if (ranges->count)
        qsort(ranges->items, ranges->count, sizeof(struct fixup_range), range_compare);
    return ENGRAFT_OK;
}
