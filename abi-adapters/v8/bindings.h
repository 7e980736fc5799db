/* SPDX-License-Identifier: MIT */
/* From a symbol and two versions to what it is bound to. */
#ifndef ENGRAFT_V8_BINDINGS_H
#define ENGRAFT_V8_BINDINGS_H

#include "adapter.h"

/* One row of bindings.def. */
struct v8_binding {
    const char *symbol;
    uint8_t plugin_first, plugin_last, host_first, host_last; /* enum v8_version, both included */
    uint8_t kind;                  /* enum engraft_kind */
    const char *host_symbol;       /* what slot->target is, and what RENAMED binds to; NULL: the same */
    v8_function_pointer *function; /* ADAPTED, FALLBACK */
    const char *note;
};

/* The row for a pair of versions, NULL: none. */
const struct v8_binding *v8_binding_find(const char *symbol, enum v8_version plugin,
                                         enum v8_version host);

/* False when one of the versions is none that there are adapters for. */
bool v8_versions_of(const struct abi_pair *pair, enum v8_version *ret_plugin,
                    enum v8_version *ret_host);
/* NULL: not live, unknown versions, or there are eight already. */
struct v8_pair *v8_pair_of(const struct abi_pair *abi);

/* The route of a symbol between two different versions. */
bool v8_bindings_route(const struct abi_pair *abi, const char *symbol, struct abi_route *ret);

/* What becomes of a symbol, before any address is known: for tables and tests. */
struct v8_decision {
    uint8_t kind; /* enum engraft_kind */
    int function; /* index of the row in functions.def; -1: none */
    const struct v8_binding *binding;
    const char *note;
};
void v8_decide(const char *symbol, enum v8_version plugin, enum v8_version host,
               struct v8_decision *ret);

#endif
