/* SPDX-License-Identifier: MIT */
/* Memory from mmap, released all at once: usable inside an IFUNC resolver. */
#include <string.h>
#include <sys/mman.h>

#include "relinker.h"

struct arena_block {
    struct arena_block *next;
    size_t size;
};

#define ARENA_BLOCK_SIZE ((size_t)256 * 1024)

static bool arena_grow(struct arena *arena, size_t size)
{
    size_t want = size + sizeof(struct arena_block) + 16;
    struct arena_block *block;

    want = want < ARENA_BLOCK_SIZE ? ARENA_BLOCK_SIZE : (want + 4095) & ~(size_t)4095;
    block = mmap(NULL, want, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED)
        return false;
    block->next = arena->blocks;
    block->size = want;
    arena->blocks = block;
    arena->memory = (unsigned char *)block;
    arena->size = want;
    arena->used = (sizeof *block + 15) & ~(size_t)15;
    return true;
}

void *arena_allocate(struct arena *arena, size_t size)
{
    void *memory;

    size = (size + 15) & ~(size_t)15;
    if (size > arena->size - arena->used && !arena_grow(arena, size))
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

    memset(arena, 0, sizeof *arena); /* the struct may lie in one of the blocks */
    while (block) {
        struct arena_block *next = block->next;

        munmap(block, block->size);
        block = next;
    }
}
