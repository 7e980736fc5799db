/* SPDX-License-Identifier: MIT */
/* System V ABI, AMD64 supplement 1.0, table 4.9 "Relocation Types". */
#include "../relinker.h"

const struct architecture architecture_x86_64 = {
    .machine = EM_X86_64,
    .name = "x86-64",
    .relative = R_X86_64_RELATIVE,
    .word = R_X86_64_64,
    .slot = R_X86_64_GLOB_DAT,
    .jump_slot = R_X86_64_JUMP_SLOT,
    .copy = R_X86_64_COPY,
    .irelative = R_X86_64_IRELATIVE,
    .tls = {R_X86_64_DTPMOD64, R_X86_64_DTPOFF64, R_X86_64_TPOFF64, R_X86_64_TLSDESC},
    .property_type = 0xc0000002, /* GNU_PROPERTY_X86_FEATURE_1_AND */
    .property_value = 3,
};
