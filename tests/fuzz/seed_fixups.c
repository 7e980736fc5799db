/* SPDX-License-Identifier: MIT */
/* What V8's headers inline, in C, for fuzz_fixups: see fuzz.t. */
#include <stdint.h>
#include <string.h>

void slow(void *object, int index);

static uint64_t word(uint64_t object, int offset)
{
    uint64_t value;

    memcpy(&value, (const void *)(object + (uint64_t)offset - 1), sizeof value);
    return value;
}

static int type(uint64_t object)
{
    uint16_t value;

    memcpy(&value, (const void *)(word(object, 0) + 11), sizeof value);
    return value;
}

static int kind(uint64_t object)
{
    return (int)(word(object, 40) >> 32);
}

int undefined(const uint64_t *v)
{
    return (*v & 3) == 1 && type(*v) == 0x83 && kind(*v) == 5;
}

int null_or_undefined(const uint64_t *v)
{
    return (*v & 3) == 1 && type(*v) == 0x83 && (kind(*v) == 3 || kind(*v) == 5);
}

int null_or_four(const uint64_t *v, const uint64_t *w)
{
    for (; v < w; v++)
        if ((*v & 3) == 1 && type(*v) == 0x83 && (kind(*v) == 3 || kind(*v) == 4))
            return 1;
    return 0;
}

uint64_t field(const uint64_t *v, int i)
{
    int t = type(*v);

    if (t == 0x410 || (unsigned)(t - 0x421) <= 0x3e9)
        return word(*v, 24 + 8 * i);
    slow((void *)v, i);
    return 0;
}

int weak(const unsigned char **v)
{
    return *v && ((*v)[11] & 7) == 2;
}
