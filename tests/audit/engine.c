/* SPDX-License-Identifier: MIT */
/* An engine of six symbols. They lie far from each other: 16 bytes more is none of them. */
__asm__(".pushsection .note.engraft, \"a\", @note\n"
        "    .balign 4\n"
        "    .long 8, 9f - 1f, 2\n"
        "    .asciz \"engraft\"\n"
        "1:  .long 1, 9f - 1b, 100, 0\n"          /* format, size, minimum core, flags */
        "    .long 2f - 1b, 3f - 1b, 0, 0, 0\n"   /* engine, version, config, plugin, trap */
        "    .long 4f - 1b, 5f - 1b, 0, 0, 0, 0, 0\n" /* prefixes, ready, no symbols */
        "2:  .asciz \"exam\"\n"
        "3:  .asciz \"1.0\"\n"
        "4:  .asciz \"aud_\"\n"
        "    .asciz \"\"\n"
        "5:  .asciz \"aud_ready\"\n"
        "    .balign 4\n"
        "9:  .popsection\n");

#define FUNCTION(name, value) \
    int name(void); \
    __attribute__((aligned(64))) int name(void) { return value; }

__attribute__((aligned(64))) int aud_ready = 1;
__attribute__((aligned(64))) int aud_data[16] = {40};
FUNCTION(aud_one, 1)
FUNCTION(aud_two, 2)
FUNCTION(aud_three, 3)
FUNCTION(aud_four, 4)
