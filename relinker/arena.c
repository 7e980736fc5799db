/* SPDX-License-Identifier: MIT */
/* Memory from mmap, released all at once: usable inside an IFUNC resolver. */
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>

#include "relinker.h"

struct arena_block {
    struct arena_block *next;
    size_t size;
};

#define ARENA_BLOCK_SIZE ((size_t)256 * 1024)
#define ARENA_LARGE ((size_t)64 * 1024)
#define ARENA_HEADER ((sizeof(struct arena_block) + 15) & ~(size_t)15)

static struct arena_block *block_create(struct arena *arena, size_t size, int flags)
{
    struct arena_block *block = mmap(NULL, size, PROT_READ | PROT_WRITE,
                                     MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

    if (block == MAP_FAILED)
        return NULL;
    block->next = arena->blocks;
    block->size = size;
    arena->blocks = block;
    return block;
}

/* One load makes a dozen small arenas, one after the other: to map, touch and unmap each costs more
 * than what is done with it. A few blocks are kept, zeroed. */
#define SPARE_COUNT 4
#define SPARE_DIRTY_MAX ((size_t)128 * 1024)
static _Atomic(struct arena_block *) spares[SPARE_COUNT];

static struct arena_block *spare_take(struct arena *arena)
{
    for (unsigned i = 0; i < SPARE_COUNT; i++) {
        struct arena_block *block = atomic_exchange(&spares[i], NULL);

        if (!block)
            continue;
        block->next = arena->blocks;
        block->size = ARENA_BLOCK_SIZE;
        arena->blocks = block;
        return block;
    }
    return NULL;
}

static bool spare_keep(struct arena_block *block, size_t used)
{
    if (used > SPARE_DIRTY_MAX)
        return false;
    memset(block, 0, used);
    for (unsigned i = 0; i < SPARE_COUNT; i++) {
        struct arena_block *none = NULL;

        if (atomic_compare_exchange_strong(&spares[i], &none, block))
            return true;
    }
    return false;
}

static bool arena_grow(struct arena *arena)
{
    struct arena_block *block = spare_take(arena);

    if (!block)
        block = block_create(arena, ARENA_BLOCK_SIZE, 0);
    if (!block)
        return false;
    arena->memory = (unsigned char *)block;
    arena->size = ARENA_BLOCK_SIZE;
    arena->used = ARENA_HEADER;
    return true;
}

/* Something large has a block of its own. */
static void *large_allocate(struct arena *arena, size_t size, int flags)
{
    size_t want = (size + ARENA_HEADER + 4095) & ~(size_t)4095;
    struct arena_block *block = want > size ? block_create(arena, want, flags) : NULL;

    return block ? (unsigned char *)block + ARENA_HEADER : NULL;
}

/* A page fault costs several times what the kernel needs to prepare a page. */
void *arena_allocate_written(struct arena *arena, size_t size)
{
    return size >= ARENA_LARGE ? large_allocate(arena, size, MAP_POPULATE)
                               : arena_allocate(arena, size);
}

void *arena_allocate(struct arena *arena, size_t size)
{
    void *memory;

    if (size >= ARENA_LARGE)
        return large_allocate(arena, size, 0);
    size = (size + 15) & ~(size_t)15;
    if (size > arena->size - arena->used && !arena_grow(arena))
        return NULL;
    memory = arena->memory + arena->used;
    arena->used += size;
    return memory;
}

char *arena_string(struct arena *arena, const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = arena_allocate(arena, size);

    return copy ? memcpy(copy, string, size) : NULL;
}

void arena_release(struct arena *arena)
{
    struct arena_block *block = arena->blocks;
    const unsigned char *current = arena->memory;
    size_t used = arena->used;

    memset(arena, 0, sizeof *arena); /* the struct may lie in one of the blocks */
    while (block) {
        struct arena_block *next = block->next;
        size_t size = block->size;

        if ((const unsigned char *)block != current || !spare_keep(block, used))
            munmap(block, size);
        block = next;
    }
}

bool arena_give(struct arena *from, struct arena *to, const void *memory, size_t used)
{
    for (struct arena_block **link = &from->blocks; *link; link = &(*link)->next) {
        struct arena_block *block = *link;

        if ((const unsigned char *)block + ARENA_HEADER != memory ||
            (const unsigned char *)block == from->memory || used < block->size / 2)
            continue;
        *link = block->next;
        block->next = to->blocks;
        to->blocks = block;
        return true;
    }
    return false;
}
