/* SPDX-License-Identifier: MIT */
/* Hermes runs bytecode of one version only, which releases do not tell: React Native's 0.11 and 0.12
 * are 84 and 89. */
#include "error.h"
#include "examine.h"
#include "getter.h"

#define BYTECODE_VERSION "_ZN8facebook6hermes13HermesRuntime18getBytecodeVersionEv"

bool hermes_identify(struct examination *examination)
{
    struct engine_instance *instance = examination->instance;
    enum engraft_symbols kind;
    struct getter_value value;
    Elf64_Sym symbol;
    char word[32];

    if (!instance_find(instance, BYTECODE_VERSION, &symbol, &kind) ||
        !getter_decode(examination->image, symbol.st_value, &value) ||
        value.kind != GETTER_NUMBER || (value.number & UINT32_MAX) > 9999)
        return true;
    text_format(word, sizeof word, "bytecode=%u", (unsigned)(value.number & UINT32_MAX));
    config_set(&instance->abi, word);
    evidence_add(instance, 0, "getter", "%s: %u", BYTECODE_VERSION,
                 (unsigned)(value.number & UINT32_MAX));
    return true;
}
