/* SPDX-License-Identifier: MIT */
/*
 * The contract between the relinker and the adapters of one engine.
 *
 * To add an engine's adapters: make a directory abi-adapters/<engine>/, define one
 * `const struct abi_adapter abi_adapter_<engine>` there, name it in the table of
 * abi-adapters/adapters.c. Everything here is called inside an IFUNC resolver, under the dynamic
 * linker's lock: no allocation, no locks, no stdio, no dlopen or dlsym.
 */
#ifndef ENGRAFT_ABI_ADAPTER_H
#define ENGRAFT_ABI_ADAPTER_H

#include "engine.h"

/* What to bind one symbol to, when it is not simply the host's symbol of the same name. */
struct abi_route {
    enum engraft_kind kind;   /* DIRECT, RENAMED, ADAPTED, FALLBACK or TRAP */
    const char *host_symbol;  /* RENAMED: the host's name; else NULL */
    uintptr_t address;        /* ADAPTED, FALLBACK: the function or object */
    const char *note;         /* static text: what differs; may be NULL */
    const char *refusal;      /* static text: nothing can serve, the plugin is refused; else NULL */
};

/* Who is to be bound to what. Valid during the call only. */
struct abi_pair {
    const struct abi *plugin, *host;
    const struct engine_instance *engine; /* no modules: only a version is known (--host-abi) */
    bool live; /* the engine is in this process: its addresses may be called, later */
    /* Finds a symbol that is not in a module's dynamic table, in this process; NULL: no way. */
    bool (*find_hidden)(const struct image *module, const char *name, Elf64_Sym *ret_symbol);
};

/* An object that enter() was told of, from its commit until it is gone. */
struct abi_object {
    uintptr_t start, end; /* its addresses: adapters know by them who calls */
    uintptr_t group;      /* equal for the objects that one load brought */
};

/* What the host engine itself exports under this name: its address when the pair is live, else
 * non-zero. 0: it has none, or there is no module to look in. */
uintptr_t abi_host_address(const struct abi_pair *pair, const char *symbol);
/* The same, and if it is not exported, from .symtab or debug files, which may take milliseconds. */
uintptr_t abi_host_hidden(const struct abi_pair *pair, const char *symbol);

/* What an adapter does with a call whose arguments ask for what the host cannot do: the same as a trap,
 * after which the adapter returns zero. `symbol`, `reason`: static text. Any thread. */
void abi_trap(const char *symbol, const char *plugin_abi, const char *host_abi, const char *reason);

struct abi_adapter {
    const char *engine; /* id of the row in probes/engines.def */

    /* Relates a plugin ABI to a host ABI. Unknown versions are REFUSED with the reason. */
    void (*relate)(const struct abi *plugin, const struct abi *host, struct abi_relation *ret);

    /* (OPTIONAL) The route of one symbol for a pair that relate() accepted. Returns false when
     * the symbol has no row: then it is DIRECT if the host defines it. May be called concurrently.
     * *ret is zeroed. */
    bool (*route)(const struct abi_pair *pair, const char *symbol, struct abi_route *ret);

    /* (OPTIONAL) Whether `symbol` names data (1), a function (0) or this cannot be told (-1).
     * Itanium names are decided by the relinker before this is asked. */
    int (*is_data)(const char *symbol);

    /* (OPTIONAL) The versions that there are adapters for, ascending: static text, "v8:12.4"; NULL behind
     * the last. */
    const char *(*version)(size_t index);
    /* (OPTIONAL) The names that the tables know: false behind the last; *ret_name is NULL when a plugin
     * of this ABI cannot refer to it. */
    bool (*name)(const struct abi *plugin, size_t index, const char **ret_name);

    /* (OPTIONAL) An object with adapted references, or of another version than the host's, is about to
     * be relocated: from now on it may call them. LIMIT: there are too many, the load is refused. */
    enum engraft_status (*enter)(const struct abi_pair *pair, const struct abi_object *object);
    /* (OPTIONAL) It is gone, or its load has failed. Told once, maybe long after. */
    void (*leave)(const struct abi_object *object);
    /* (OPTIONAL) Whether the object's own code, where headers inlined what differs, may have to be changed
     * for this pair. Then engraft-deep.so is asked for the places (deep.h, repairs()), and the code is
     * changed before any of it runs, or the object refused. */
    bool (*repairs)(const struct abi_pair *pair);
    /* (OPTIONAL) dlopen() is about to return the object, maybe not for the first time, to the code at
     * `caller`. Its constructors have run. Not inside a resolver: the engine may be called. */
    void (*opened)(const struct abi_object *object, const struct image *image, const void *caller);
};

/* The adapter of an engine, or NULL: then only equal versions bind, everything else is refused. */
const struct abi_adapter *abi_adapter_of(const char *engine);

/* "v8:12.4": the index-th of all versions that there are adapters for, or NULL. */
const char *abi_known(size_t index);

/* Compares "key=value ..." lists: true when no key that both have differs; else writes the first
 * difference ("pointer-compression is yes in the plugin and no in the host") to ret_reason. */
bool abi_config_agrees(const char *plugin, const char *host, char *ret_reason, size_t size);

/* First `count` numeric parts of a version ("10.2.154.26-node.39", 2 -> 10 2); false when there
 * are fewer. */
bool abi_version_parts(const char *version, unsigned *ret_parts, unsigned count);

#endif
