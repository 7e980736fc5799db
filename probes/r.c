/* SPDX-License-Identifier: MIT */
/*
 * R's version is two texts, "4" and "2.2", and the first is the end of any other text that ends so.
 * What prints the version hands both to one format: the addresses that the code takes beside that of
 * the format lead to them.
 */
#include <string.h>

#include "error.h"
#include "examine.h"
#include "scan.h"

#define INSTRUCTION_MAX 8u
#define WINDOW 56u      /* bytes of code on either side of the reference to the format */
#define PIECE_MAX 16u

/* ---- addresses that code takes ------------------------------------------------------------------ */

struct taker {
    bool (*take)(void *user, uint64_t address, uint64_t place);
    void *user;
};

static uint32_t u32_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

/* lea r64, [rip + x]; it may be looked for at every byte, since few other bytes look like it. */
static bool x86_64_take(const unsigned char *bytes, size_t length, uint64_t vaddr,
                        const struct taker *taker)
{
    for (size_t i = 0; i + 7 <= length; i++)
        if (bytes[i + 1] == 0x8d && (bytes[i] & 0xfb) == 0x48 && (bytes[i + 2] & 0xc7) == 5 &&
            !taker->take(taker->user,
                         vaddr + i + 7 + (uint64_t)(int64_t)(int32_t)u32_at(bytes + i + 3),
                         vaddr + i))
            return false;
    return true;
}

/* adrp xN, page; add xM, xN, #offset */
static bool aarch64_take(const unsigned char *bytes, size_t length, uint64_t vaddr,
                         const struct taker *taker)
{
    uint64_t pages[32] = {0};

    for (size_t i = (4 - vaddr % 4) % 4; i + 4 <= length; i += 4) {
        uint32_t word = u32_at(bytes + i);

        if ((word & 0x9f000000) == 0x90000000) {
            uint64_t pages_away = (word >> 5 & 0x7ffff) << 2 | (word >> 29 & 3);

            if (pages_away & 0x100000)
                pages_away |= ~0x1fffffull;
            pages[word & 31] = ((vaddr + i) & ~0xfffull) + (pages_away << 12);
        } else if ((word & 0xffc00000) == 0x91000000 && pages[word >> 5 & 31] &&
                   !taker->take(taker->user, pages[word >> 5 & 31] + (word >> 10 & 0xfff),
                                vaddr + i)) {
            return false;
        }
    }
    return true;
}

static bool addresses_take(const struct image *image, const unsigned char *bytes, size_t length,
                           uint64_t vaddr, const struct taker *taker)
{
    return image->machine == EM_X86_64 ? x86_64_take(bytes, length, vaddr, taker)
                                       : aarch64_take(bytes, length, vaddr, taker);
}

/* ---- the pieces ----------------------------------------------------------------------------------- */

struct search {
    const struct image *image;
    uint64_t format;
    char major[PIECE_MAX], minor[PIECE_MAX];
    bool disputed;
};

static void piece_offer(struct search *search, char *piece, const char *text)
{
    search->disputed |= *piece && strcmp(piece, text) != 0;
    text_format(piece, PIECE_MAX, "%s", text);
}

/* "4" or "2.2": the date beside them has two digits or four in each piece. */
static bool piece_take(void *user, uint64_t address, uint64_t place)
{
    struct search *search = user;
    const char *text = image_string_at(search->image, address, PIECE_MAX);
    size_t digits = text ? strspn(text, "0123456789") : 0;

    (void)place;
    if (digits == 1 && text[1] == '\0')
        piece_offer(search, search->major, text);
    else if (digits && text[digits] == '.' && text[digits + 1] &&
             text[digits + 1 + strspn(text + digits + 1, "0123456789")] == '\0')
        piece_offer(search, search->minor, text);
    return true;
}

static bool format_take(void *user, uint64_t address, uint64_t place)
{
    struct search *search = user;
    const struct taker taker = {piece_take, search};
    uint64_t start = place - WINDOW;
    const void *bytes;

    if (address != search->format)
        return true;
    bytes = image_at(search->image, start, 2ul * WINDOW);
    if (bytes)
        addresses_take(search->image, bytes, 2ul * WINDOW, start, &taker);
    return !search->disputed;
}

static bool chunk_search(void *user, const struct scan_chunk *chunk)
{
    const struct taker taker = {format_take, user};
    struct search *search = user;

    return addresses_take(search->image, chunk->bytes, chunk->length, chunk->vaddr, &taker);
}

static bool is_code(const struct image *image, const struct image_segment *segment)
{
    (void)image;
    return segment->flags & PF_X;
}

/* Behind the NULs that the pattern begins with. */
static uint64_t text_start(const struct image *image, uint64_t vaddr)
{
    const char *byte;

    while ((byte = image_at(image, vaddr, 1)) && *byte == '\0')
        vaddr++;
    return vaddr;
}

bool r_identify(struct examination *examination)
{
    struct engine_instance *instance = examination->instance;
    const struct text_hit *hit = text_hit_of(examination, R_VERSION_FORMAT);
    struct search search = {.image = examination->image};

    if (!hit || image_is_foreign(search.image) ||
        (search.image->machine != EM_X86_64 && search.image->machine != EM_AARCH64))
        return true;
    search.format = text_start(search.image, hit->vaddr);
    if (scan_chunks(search.image, INSTRUCTION_MAX, is_code, chunk_search, &search) != ENGRAFT_OK ||
        search.disputed || !*search.major || !*search.minor)
        return true;
    text_format(instance->abi.version, sizeof instance->abi.version, "%s.%s", search.major,
                search.minor);
    evidence_add(instance, 0, "data", "beside references to \"R version %%s.%%s\": \"%s\" and \"%s\"",
                 search.major, search.minor);
    return true;
}
