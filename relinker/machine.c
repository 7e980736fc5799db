/* SPDX-License-Identifier: MIT */
/* What machine an object is made for, and whether anything can be bound to it. */
#include "error.h"
#include "image.h"
#include "relinker.h"

static const struct {
    uint16_t machine;
    const char *name;
} machines[] = {
    {EM_X86_64, "x86-64"},
    {EM_AARCH64, "AArch64"},
    {EM_386, "x86 (i386)"},
    {EM_ARM, "ARM"},
    {EM_PPC, "PowerPC"},
    {EM_PPC64, "POWER"},
    {EM_S390, "IBM Z"},
    {EM_MIPS, "MIPS"},
    {EM_RISCV, "RISC-V"},
    {EM_SPARC, "SPARC"},
    {EM_SPARCV9, "SPARC"},
    {EM_68K, "m68k"},
    {EM_PARISC, "PA-RISC"},
    {EM_ALPHA, "Alpha"},
    {258 /* EM_LOONGARCH */, "LoongArch"},
};

void image_describe(const struct image *image, char *text, size_t size)
{
    const char *width = image->word_size == 4 ? "32" : "64";
    const char *order = image->big_endian ? " big-endian" : "";

    for (size_t i = 0; i < sizeof machines / sizeof *machines; i++) {
        if (machines[i].machine != image->machine)
            continue;
        text_format(text, size, "a %s-bit%s object for %s", width, order, machines[i].name);
        return;
    }
    text_format(text, size, "a %s-bit%s object for machine %u", width, order,
                (unsigned)image->machine);
}

bool image_can_be_bound(const struct image *image)
{
    return !image_is_foreign(image) && architecture_of(image->machine);
}

enum engraft_status image_check_native(const struct image *image, struct engraft_error *reterr)
{
    char text[96];

    if (image_can_be_bound(image))
        return ENGRAFT_OK;
    image_describe(image, text, sizeof text);
    return error_set(reterr, ENGRAFT_UNSUPPORTED, image->path, NULL,
                     "%s: `engraft inspect' tells its engines, but engraft binds plugins on x86-64 and "
                     "64-bit AArch64 only", text);
}
