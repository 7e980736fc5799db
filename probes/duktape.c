/* SPDX-License-Identifier: MIT */
/* Duktape has no text of its version: it is a number in the stream of bits that its built-in
 * objects are made from. */
#include "error.h"
#include "examine.h"

#define NUMBER_OFFSET 21 /* from where DUKTAPE_BUILTINS matches: 17 bytes and 4 of the number */
#define NUMBER_SIZE 5

/*
 * The stream has the double byte by byte, each beginning one bit late, in all builds measured
 * (2.4.0, 2.5.0, 2.7.0; with different options). The lower four bytes are zeros; 20700 is 0x40d43700
 * and those, and stands here as 00 1b ea 20 5b, of which the last has one bit.
 */
static unsigned long number_read(const unsigned char *bytes)
{
    uint32_t high = 0;
    unsigned shift;

    for (unsigned i = NUMBER_SIZE - 1; i-- > 0;)
        high = high << 8 | ((bytes[i] << 1 | bytes[i + 1] >> 7) & 255);
    shift = high >> 20 == 0x40c ? 7 : high >> 20 == 0x40d ? 6 : 32; /* 8192 to 16383, to 32767 */
    return shift < 32 ? (0x100000 | (high & 0xfffff)) >> shift : 0;
}

bool duktape_identify(struct examination *examination)
{
    struct engine_instance *instance = examination->instance;
    const struct text_hit *hit = text_hit_of(examination, DUKTAPE_BUILTINS);
    const void *bytes = hit ? image_at(examination->image, hit->vaddr + NUMBER_OFFSET, NUMBER_SIZE)
                            : NULL;
    unsigned long number = bytes ? number_read(bytes) : 0;

    if (number < 10000)
        return true;
    text_format(instance->abi.version, sizeof instance->abi.version, "%lu.%lu.%lu", number / 10000,
                number / 100 % 100, number % 100);
    evidence_add(instance, 0, "data", "Duktape.version is %lu", number);
    return true;
}
