/* SPDX-License-Identifier: MIT */
/*
 * The note by which a module of the fake engine describes itself (relinker/manifest.h): a struct
 * engraft_manifest of type NT_ENGRAFT_ENGINE, with offsets from its own start.
 */
__asm__(".pushsection .note.engraft, \"a\", @note\n"
        "    .balign 4\n"
        "    .long 8, 9f - 1f, 2\n"
        "    .asciz \"engraft\"\n"
        "1:  .long 1, 9f - 1b, 100, 0\n"                   /* format, size, minimum core, flags */
        "    .long 2f - 1b, 3f - 1b, 0, 0, 0\n"            /* engine, version, config, plugin, trap */
        "    .long 4f - 1b, 5f - 1b, 0, 0, 0, 0, 0\n"      /* prefixes, ready, no symbols */
        "2:  .asciz \"fake\"\n"
        "3:  .asciz \"" FAKE_VERSION "\"\n"
        "4:  .asciz \"fake_\"\n"
        "    .asciz \"_ZN4fake\"\n"
        "    .asciz \"_ZNK4fake\"\n"
        "    .asciz \"_ZTVN4fake\"\n"
        "    .asciz \"_ZTIN4fake\"\n"
        "    .asciz \"_ZTSN4fake\"\n"
        "    .asciz \"\"\n"
        "5:  .asciz \"fake_ready\"\n"
        "    .balign 4\n"
        "9:  .popsection\n");
