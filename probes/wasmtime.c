/* SPDX-License-Identifier: MIT */
/* Wasmtime's C symbols carry its version from some release between 9 and 42 on. */
#include <string.h>

#include "error.h"
#include "examine.h"

#define SYMBOL "wasmtime_jit_debug_descriptor_"

bool wasmtime_identify(struct examination *examination)
{
    struct engine_instance *instance = examination->instance;
    char name[sizeof SYMBOL + sizeof instance->abi.version];
    enum engraft_symbols kind;
    Elf64_Sym symbol;

    if (!*instance->abi.version || instance->symbols != ENGRAFT_SYMBOLS_NONE)
        return true;
    text_format(name, sizeof name, SYMBOL "%s", instance->abi.version);
    for (char *dot = name; (dot = strchr(dot, '.'));)
        *dot = '_';
    if (!instance_find(instance, name, &symbol, &kind))
        return true;
    instance->symbols = kind;
    instance->confidence = ENGRAFT_CONFIDENCE_CERTAIN;
    evidence_add(instance, 0, kind == ENGRAFT_SYMBOLS_DYNAMIC ? "dynamic-symbol" : "symbol", "%s",
                 name);
    return true;
}
