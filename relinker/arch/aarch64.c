/* SPDX-License-Identifier: MIT */
/* ELF for the Arm 64-bit Architecture (AArch64) 2023Q3, section 5.7.11 "Dynamic relocations". */
#include "../relinker.h"

const struct architecture architecture_aarch64 = {
    .machine = EM_AARCH64,
    .name = "aarch64",
    .relative = R_AARCH64_RELATIVE,
    .word = R_AARCH64_ABS64,
    .slot = R_AARCH64_GLOB_DAT,
    .jump_slot = R_AARCH64_JUMP_SLOT,
    .copy = R_AARCH64_COPY,
    .irelative = R_AARCH64_IRELATIVE,
    .tls = {R_AARCH64_TLS_DTPMOD, R_AARCH64_TLS_DTPREL, R_AARCH64_TLS_TPREL, R_AARCH64_TLSDESC},
    .property_type = 0xc0000000, /* GNU_PROPERTY_AARCH64_FEATURE_1_AND */
    .property_value = 1,
};
