/* SPDX-License-Identifier: MIT */
/* Every site of an object: see fixups.h. */
#include "fixups.h"

#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "fixups_flow.h"

#define FUNCTION_MAX (4u << 20)
#define SITES_MAX 65536u

void *fixup_list_add(struct fixup_list *list, size_t size)
{
    if (list->count == list->room) {
        size_t room = list->room ? 2 * list->room : 64;
        void *items = reallocarray(list->items, room, size);

        if (!items)
            return NULL;
        list->items = items;
        list->room = room;
    }
    return memset((char *)list->items + list->count++ * size, 0, size);
}

struct finder {
    const struct image *image;
    const struct v8_fixup_needs *needs;
    struct fixup_list repairs; /* struct abi_repair */
    struct engraft_error *reterr;
};

/* ---- which functions are worth a look ------------------------------------------------------------- */

/* Opcodes that read memory into a register, or compare it. */
static bool opcode_reads(unsigned char opcode)
{
    static const unsigned char opcodes[] = {0xb7, 0xbf, 0xb6, 0xbe, 0x81, 0x83, 0x39, 0x3b, 0x8b,
                                            0x80, 0x38, 0x3a, 0x8a, 0xf6, 0xf7, 0x84, 0x85};

    return memchr(opcodes, opcode, sizeof opcodes) != NULL;
}

/* Whether something at offset 11 of something is read: opcode, ModRM with an 8-bit displacement and
 * maybe SIB, 0x0b. */
static bool may_have_site(const unsigned char *bytes, size_t size)
{
    const unsigned char *end = bytes + size;

    for (const unsigned char *at = bytes; at < end; at++) {
        at = memchr(at, 0x0b, (size_t)(end - at));
        if (!at)
            return false;
        if (at - bytes >= 2 && at[-1] >> 6 == 1 && opcode_reads(at[-2]))
            return true;
        if (at - bytes >= 3 && at[-2] >> 6 == 1 && (at[-2] & 7) == 4 && opcode_reads(at[-3]))
            return true;
    }
    return false;
}

/* ---- sites ------------------------------------------------------------------------------------------ */

static uint64_t file_offset(const struct image *image, uint64_t vaddr)
{
    for (unsigned i = 0; i < image->segment_count; i++)
        if (vaddr - image->segments[i].vaddr < image->segments[i].file_size)
            return image->segments[i].offset + (vaddr - image->segments[i].vaddr);
    return 0;
}

static struct abi_repair *repair_add(struct finder *finder, uint64_t vaddr, uint64_t function,
                                     const char *what)
{
    struct abi_repair *repair = finder->repairs.count < SITES_MAX
                                    ? fixup_list_add(&finder->repairs, sizeof *repair)
                                    : NULL;

    if (repair) {
        repair->vaddr = vaddr;
        repair->offset = file_offset(finder->image, vaddr);
        repair->function = function;
        repair->what = what;
    }
    return repair;
}

static bool is_needed(const struct finder *finder, unsigned root)
{
    switch (root) {
    case ROOT_KIND:
        return finder->needs->undefined_from != 0;
    case ROOT_TYPE:
    case ROOT_TYPE_MAYBE:
        return finder->needs->fields;
    case ROOT_NODE:
        return finder->needs->weak_from != 0;
    default:
        return true;
    }
}

static bool patches_report(struct finder *finder, const struct fixup_function *function,
                           const struct fixup_list *patches)
{
    for (size_t i = 0; i < patches->count; i++) {
        const struct fixup_patch *patch = fixup_at(*patches, struct fixup_patch, i);
        const struct fixup_step *step = &function->steps[patch->step];
        uint64_t vaddr = step->vaddr + step->number_at;
        const void *bytes = image_at(finder->image, vaddr, step->number_size);
        struct abi_repair *repair =
            repair_add(finder, vaddr, function->steps[0].vaddr, patch->name);

        if (!repair || !bytes)
            return false;
        repair->size = step->number_size;
        memcpy(repair->before, bytes, repair->size);
        memcpy(repair->after, &patch->number, repair->size); /* the machine is little-endian */
    }
    return true;
}

static bool function_report(struct finder *finder, const struct fixup_function *function,
                            const struct fixup_list *patches)
{
    bool refused = false;

    for (size_t i = 0; i < function->problems.count; i++) {
        const struct fixup_problem *problem =
            fixup_at(function->problems, struct fixup_problem, i);

        if (!is_needed(finder, problem->root))
            continue;
        refused = true;
        if (!repair_add(finder, function->steps[problem->step].vaddr, function->steps[0].vaddr,
                        problem->text))
            return false;
    }
    return refused || patches_report(finder, function, patches);
}

/* In a gap there may be anything: data, code of an assembler, tables of jumps. */
static bool function_find(struct finder *finder, const struct fixup_range *range,
                          const unsigned char *bytes)
{
    struct fixup_function function = {0};
    struct fixup_list patches = {0};
    struct fixup_step *steps = NULL;
    bool good = true;

    if (!fixups_decode(bytes, range->start, range->end - range->start, &steps, &function.count))
        return range->gap || repair_add(finder, range->start, range->start,
                                        "a function that cannot be decoded");
    function.steps = steps;
    if (function.count)
        fixups_flow(&function);
    if (function.failed || !fixups_prove(&function, finder->needs, &patches))
        good = repair_add(finder, range->start, range->start, "a function that is too complex");
    else
        good = function_report(finder, &function, &patches);
    fixups_flow_release(&function);
    free(patches.items);
    free(steps);
    return good;
}

/* ---- an object ------------------------------------------------------------------------------------------ */

/* Without optimization (-O0) addresses are computed with variables on the stack, and nothing above is
 * recognised. What gives such code away, of gcc and clang; dots stand for displacements. */
static const struct {
    uint8_t root;
    uint8_t size;
    const char *code; /* '.' (0x2e is in none of them): any byte */
} unoptimized[] = {
#define CODE(root, text) {root, sizeof text - 1, text}
    /* movzx eax, word [rax] / movzx eax, ax / cmp eax, 0x83 */
    CODE(ROOT_KIND, "\x0f\xb7\x00\x0f\xb7\xc0\x3d\x83\x00\x00\x00"),
    /* mov rax, [rbp + ...] / movzx eax, word [rax] / cmp eax, 0x83 */
    CODE(ROOT_KIND, "\x48\x8b\x45.\x0f\xb7\x00\x3d\x83\x00\x00\x00"),
    CODE(ROOT_KIND, "\x48\x8b\x85....\x0f\xb7\x00\x3d\x83\x00\x00\x00"),
    /* cmp dword [rbp + ...], 0x410 */
    CODE(ROOT_TYPE, "\x81\x7d.\x10\x04\x00\x00"),
    CODE(ROOT_TYPE, "\x81\xbd....\x10\x04\x00\x00"),
    /* add rax, 0xb / mov [rbp + ...], rax / mov rax, [rbp + ...] / movzx eax, byte [rax] / and eax, 7 */
    CODE(ROOT_NODE, "\x48\x83\xc0\x0b\x48\x89\x45.\x48\x8b\x45.\x0f\xb6\x00\x83\xe0\x07"),
    CODE(ROOT_NODE,
         "\x48\x83\xc0\x0b\x48\x89\x85....\x48\x8b\x85....\x0f\xb6\x00\x83\xe0\x07"),
#undef CODE
};

static bool code_is(const unsigned char *bytes, unsigned pattern)
{
    for (unsigned i = 0; i < unoptimized[pattern].size; i++)
        if (unoptimized[pattern].code[i] != '.' &&
            bytes[i] != (unsigned char)unoptimized[pattern].code[i])
            return false;
    return true;
}

static const unsigned char *code_find(const unsigned char *bytes, size_t size, unsigned pattern)
{
    size_t length = unoptimized[pattern].size;
    int first = (unsigned char)unoptimized[pattern].code[0];

    while (size >= length) {
        const unsigned char *at = memchr(bytes, first, size - length + 1);

        if (!at || code_is(at, pattern))
            return at;
        size -= (size_t)(at + 1 - bytes);
        bytes = at + 1;
    }
    return NULL;
}

static bool unoptimized_find(struct finder *finder, uint64_t start, const unsigned char *bytes,
                             size_t size)
{
    for (unsigned i = 0; i < sizeof unoptimized / sizeof *unoptimized; i++) {
        const unsigned char *found =
            is_needed(finder, unoptimized[i].root) ? code_find(bytes, size, i) : NULL;

        if (found && !repair_add(finder, start + (uint64_t)(found - bytes), start,
                                 "code that was compiled without optimization"))
            return false;
    }
    return true;
}

static bool ranges_find(struct finder *finder, const struct fixup_list *ranges)
{
    uint64_t done = 0;

    for (size_t i = 0; i < ranges->count; i++) {
        struct fixup_range range = *fixup_at(*ranges, struct fixup_range, i);
        const unsigned char *bytes;

        if (range.start < done)
            range.start = done;
        if (range.start >= range.end || range.end - range.start > FUNCTION_MAX)
            continue;
        done = range.end;
        bytes = image_at(finder->image, range.start, range.end - range.start);
        if (!bytes || !may_have_site(bytes, range.end - range.start))
            continue;
        if (!function_find(finder, &range, bytes))
            return false;
    }
    for (unsigned i = 0; i < finder->image->segment_count; i++) {
        const struct image_segment *segment = &finder->image->segments[i];
        const unsigned char *bytes =
            segment->flags & PF_X ? image_at(finder->image, segment->vaddr, segment->file_size)
                                  : NULL;

        if (bytes && !unoptimized_find(finder, segment->vaddr, bytes, segment->file_size))
            return false;
    }
    return true;
}

/* What never makes a handle weak asks none whether it is. */
static bool makes_weak(const struct image *image)
{
    for (uint32_t i = 1; i < image->symbol_count; i++) {
        const char *name = image_name(image, image->symbols[i].st_name);

        if (name && strstr(name, "MakeWeak"))
            return true;
    }
    return false;
}

static int repair_compare(const void *a, const void *b)
{
    const struct abi_repair *left = a, *right = b;

    return left->vaddr < right->vaddr ? -1 : left->vaddr > right->vaddr;
}

enum engraft_status v8_fixups_find(const struct image *image, const struct v8_fixup_needs *needs,
                                   struct abi_repair **ret_repairs, size_t *ret_count,
                                   struct engraft_error *reterr)
{
    struct v8_fixup_needs own = *needs;
    struct finder finder = {.image = image, .needs = &own, .reterr = reterr};
    struct fixup_list ranges = {0};
    enum engraft_status status = ENGRAFT_OK;

    if (own.weak_from && !makes_weak(image))
        own.weak_from = own.weak_to = 0;
    *ret_repairs = NULL;
    *ret_count = 0;
    if (!v8_fixup_needs_any(&own))
        return ENGRAFT_OK;
    if (image->machine != EM_X86_64 || image_is_foreign(image))
        return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, NULL,
                         "what V8's headers inlined can be repaired in code for x86-64 only");
    if (!fixups_can_decode())
        return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, NULL,
                         "what V8's headers inlined cannot be repaired: engraft was built without "
                         "capstone");
    status = fixups_functions(image, &ranges, reterr);
    if (status == ENGRAFT_OK && !ranges_find(&finder, &ranges))
        status = error_set(reterr, ENGRAFT_MEMORY, image->path, NULL, "out of memory");
    free(ranges.items);
    if (status != ENGRAFT_OK) {
        free(finder.repairs.items);
        return status;
    }
    if (finder.repairs.count)
        qsort(finder.repairs.items, finder.repairs.count, sizeof(struct abi_repair),
              repair_compare);
    *ret_repairs = finder.repairs.items;
    *ret_count = finder.repairs.count;
    return ENGRAFT_OK;
}
