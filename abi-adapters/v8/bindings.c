/* SPDX-License-Identifier: MIT */
/*
 * The table of bindings (bindings.def) and the rule for what it does not name:
 *
 * A function of V8's public API (functions.def) that the host has too, with the same layouts behind its
 * signature, and that neither takes callbacks nor classes with virtual functions, is the host's own;
 * through a mask where it takes an isolate. A function that needs more and has no row is a trap: it is
 * never bound by its name alone.
 */
#include <stdlib.h>

#include "bindings.h"

#define ANY_FIRST V8_9_4
#define ANY_LAST (V8_VERSIONS - 1)

/* The adapters. */
#define BINDING(symbol, plugin_first, plugin_last, host_first, host_last, kind, function,        \
                host_symbol, note)                                                               \
    extern v8_function_pointer function __attribute__((visibility("hidden")));
#define RENAMED(...)
#define TRAPPED(...)
#include "bindings.def"
#undef BINDING
#undef RENAMED
#undef TRAPPED

static const struct v8_binding bindings[] = {
#define BINDING(symbol, plugin_first, plugin_last, host_first, host_last, kind, function,        \
                host_symbol, note)                                                               \
    {symbol, plugin_first, plugin_last, host_first, host_last, ENGRAFT_KIND_##kind, host_symbol, \
     function, note},
#define RENAMED(symbol, plugin_first, plugin_last, host_first, host_last, host_symbol, note)     \
    {symbol, plugin_first, plugin_last, host_first, host_last, ENGRAFT_KIND_RENAMED,             \
     host_symbol, NULL, note},
#define TRAPPED(symbol, plugin_first, plugin_last, host_first, host_last, note)                  \
    {symbol, plugin_first, plugin_last, host_first, host_last, ENGRAFT_KIND_TRAP, NULL, NULL,    \
     note},
#include "bindings.def"
#undef BINDING
#undef RENAMED
#undef TRAPPED
};

#define BINDINGS (sizeof bindings / sizeof *bindings)
#define BUCKETS 1024

/* Chains of rows by hash of their symbol, in the order of the table: index + 1. Filled once; filling it
 * twice at the same time writes the same. */
static uint16_t bucket_first[BUCKETS], row_next[BINDINGS + 1];
static atomic_bool chained;

static unsigned bucket_of(const char *symbol)
{
    uint32_t hash = 5381;

    while (*symbol)
        hash = hash * 33 + (unsigned char)*symbol++;
    return hash % BUCKETS;
}

static void rows_chain(void)
{
    uint16_t first[BUCKETS] = {0};

    if (atomic_load_explicit(&chained, memory_order_acquire))
        return;
    for (size_t i = BINDINGS; i-- > 0;) {
        unsigned bucket = bucket_of(bindings[i].symbol);

        row_next[i] = first[bucket];
        first[bucket] = (uint16_t)(i + 1);
    }
    memcpy(bucket_first, first, sizeof first);
    atomic_store_explicit(&chained, true, memory_order_release);
}

const struct v8_binding *v8_binding_find(const char *symbol, enum v8_version plugin,
                                         enum v8_version host)
{
    rows_chain();
    for (uint16_t i = bucket_first[bucket_of(symbol)]; i; i = row_next[i - 1]) {
        const struct v8_binding *row = &bindings[i - 1];

        if (plugin >= row->plugin_first && plugin <= row->plugin_last &&
            host >= row->host_first && host <= row->host_last && strcmp(row->symbol, symbol) == 0)
            return row;
    }
    return NULL;
}

/* ---- what has no row ------------------------------------------------------------------------------ */

static bool is_of_engine(const char *symbol)
{
    static const char *const prefixes[] = {
        "_ZN2v8", "_ZNK2v8", "_ZTVN2v8", "_ZTIN2v8", "_ZTSN2v8", "_ZN5cppgc", "_ZNK5cppgc",
        "_ZN4node", "_ZNK4node",
    };

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
        if (strncmp(symbol, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    return false;
}

#define CALLS_BACK                                                                               \
    (V8_HAS_CALLBACK | V8_HAS_VIRTUAL | V8_HAS_ISOLATE)

/* Static constants of classes that have an address: each has the same value in 10.2 to 14.6, and every
 * Node.js from 18 to 26 exports them. */
static bool is_constant(const char *symbol)
{
    static const char *const constants[] = {
        "_ZN2v812HeapProfiler16kUnknownObjectIdE",
        "_ZN2v814CpuProfileNode17kNoLineNumberInfoE",
        "_ZN2v814CpuProfileNode19kNoColumnNumberInfoE",
        "_ZN2v88Function19kLineOffsetNotFoundE",
    };

    for (size_t i = 0; i < sizeof constants / sizeof *constants; i++)
        if (strcmp(symbol, constants[i]) == 0)
            return true;
    return false;
}

/* The reason why a function cannot be the host's as it is, NULL: it can. */
static const char *obstacle(const struct v8_function_row *row, enum v8_version plugin,
                            enum v8_version host)
{
    if (!(row->exported & 1u << host))
        return "the host's V8 does not have it, and there is no adapter";
    if (row->shapes[plugin] != row->shapes[host])
        return "the layout of its arguments differs, and there is no adapter";
    if (row->flags & CALLS_BACK)
        return "it takes callbacks, and there is no adapter";
    if (row->flags & V8_RETURNS_ISOLATE)
        return "it returns an isolate, and there is no adapter";
    return NULL;
}

void v8_decide(const char *symbol, enum v8_version plugin, enum v8_version host,
               struct v8_decision *ret)
{
    const struct v8_function_row *row;

    *ret = (struct v8_decision){.function = v8_function_find(symbol, plugin)};
    row = ret->function >= 0 ? v8_function_at(ret->function) : NULL;
    ret->binding = v8_binding_find(symbol, plugin, host);
    if (ret->binding) {
        ret->kind = ret->binding->kind;
        ret->note = ret->binding->note;
    } else if (!row) {
        if (is_constant(symbol)) {
            ret->kind = ENGRAFT_KIND_DIRECT;
        } else if (is_of_engine(symbol)) {
            ret->kind = ENGRAFT_KIND_TRAP;
            ret->note = "it is not in the public headers of the plugin's V8";
        }
    } else if (row->flags & V8_DATA) {
        ret->kind = row->exported & 1u << host ? ENGRAFT_KIND_DIRECT : 0;
    } else if ((ret->note = obstacle(row, plugin, host))) {
        ret->kind = ENGRAFT_KIND_TRAP;
    } else if (row->isolates) {
        ret->kind = ENGRAFT_KIND_ADAPTED;
        ret->note = "its isolate is translated";
    } else {
        ret->kind = ENGRAFT_KIND_DIRECT;
    }
}

/* ---- routes ------------------------------------------------------------------------------------------ */

static struct v8_slot *slot_make(const struct abi_pair *abi, struct v8_pair *pair,
                                 const char *symbol, const struct v8_decision *decision)
{
    const struct v8_function_row *row =
        decision->function >= 0 ? v8_function_at(decision->function) : NULL;
    const struct v8_binding *binding = decision->binding;
    uintptr_t target =
        abi_host_address(abi, binding && binding->host_symbol ? binding->host_symbol : symbol);

    if (binding && binding->function)
        return v8_slot_adapter(pair, binding->function, target, row ? row->registers : 1,
                               row ? row->stack : 0);
    return target ? v8_slot_masked(pair, target, row ? row->isolates : 0, row ? row->stack : 0)
                  : NULL;
}

/* One slot for each function of a pair, whoever asks. A race makes two, and loses one. */
static struct v8_slot *slot_of(const struct abi_pair *abi, struct v8_pair *pair,
                               const char *symbol, const struct v8_decision *decision)
{
    struct v8_slot *slot;
    uint16_t known = decision->function >= 0
                         ? atomic_load_explicit(&pair->slots[decision->function],
                                                memory_order_acquire)
                         : 0;

    if (known)
        return v8_slot_at(known - 1);
    slot = slot_make(abi, pair, symbol, decision);
    if (slot && decision->function >= 0)
        atomic_store_explicit(&pair->slots[decision->function],
                              (uint16_t)(v8_slot_index(slot) + 1), memory_order_release);
    return slot;
}

bool v8_bindings_route(const struct abi_pair *abi, const char *symbol, struct abi_route *ret)
{
    enum v8_version plugin, host;
    struct v8_decision decision;
    struct v8_pair *pair;
    struct v8_slot *slot;

    if (!v8_versions_of(abi, &plugin, &host))
        return false;
    v8_decide(symbol, plugin, host, &decision);
    if (!decision.kind && decision.function >= 0 && !abi->engine->module_count) {
        /* No host to look in, and the table says what would be found. */
        decision.kind = ENGRAFT_KIND_TRAP;
        decision.note = "the host's V8 does not have it";
    }
    if (!decision.kind)
        return false;
    ret->kind = decision.kind;
    ret->note = decision.note;
    if (decision.kind == ENGRAFT_KIND_RENAMED)
        ret->host_symbol = decision.binding->host_symbol;
    if (decision.kind == ENGRAFT_KIND_TRAP || !abi->live) {
        ret->address = 1;
        return true;
    }
    pair = v8_pair_of(abi);
    if (!pair) {
        ret->refusal = "there are eight pairs of versions in this process already";
        return true;
    }
    /* What is the host's own goes through a thunk where handle scopes must be carried along. */
    if (decision.kind == ENGRAFT_KIND_DIRECT &&
        (!pair->mirrored || decision.function < 0 ||
         v8_function_at(decision.function)->flags & V8_DATA))
        return true;
    slot = slot_of(abi, pair, symbol, &decision);
    if (!slot) {
        ret->refusal = "no thunk is left, or the host does not have what the table says";
        return true;
    }
    ret->address = v8_slot_address(slot);
    if (decision.kind != ENGRAFT_KIND_FALLBACK)
        ret->kind = ENGRAFT_KIND_ADAPTED;
    return true;
}
