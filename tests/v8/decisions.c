/* SPDX-License-Identifier: MIT */
/*
 * What becomes of every function that a version of V8 exports, on every other version: a line for each,
 * "symbol plugin host kind note", tabulators between them. For tables.py.
 */
#include <stdio.h>

#include "abi-adapters/v8/bindings.h"

static void decide(int function, enum v8_version plugin, enum v8_version host)
{
    const char *symbol = v8_function_name(function);
    struct v8_decision decision;

    if (plugin == host || v8_function_find(symbol, plugin) != function ||
        !(v8_function_at(function)->exported & 1u << plugin))
        return;
    v8_decide(symbol, plugin, host, &decision);
    printf("%s\t%s\t%s\t%s\t%s\n", symbol, v8_version_name(plugin), v8_version_name(host),
           decision.kind ? engraft_kind_name((enum engraft_kind)decision.kind) : "missing data",
           decision.note ? decision.note : "");
}

int main(void)
{
    for (int function = 0; function < V8_FUNCTIONS; function++)
        for (unsigned plugin = 0; plugin < V8_VERSIONS; plugin++)
            for (unsigned host = 0; host < V8_VERSIONS; host++)
                decide(function, (enum v8_version)plugin, (enum v8_version)host);
    return ferror(stdout) || fflush(stdout) != 0;
}
