/* SPDX-License-Identifier: MIT */
/*
 * What adapters between two versions of V8 are written with.
 *
 * A plugin that was compiled for one V8 and runs on another never sees the host's v8::Isolate but a
 * shadow of it (shadow.c), calls the host through thunks (thunks.S) and is called through them. A thunk
 * has a slot; an adapter and a trampoline are C functions whose last parameter is that slot:
 *
 *     static void *string_new(void *isolate, const char *text, int type, int length,
 *                             struct v8_slot *slot)
 *     {
 *         return ((string_new_call *)slot->target)(isolate_of(isolate), text, type, length);
 *     }
 *
 * How C++ passes what (Itanium C++ ABI 3.1, System V ABI 3.2.3): `this` is the first argument; a Local,
 * MaybeLocal, Global is one pointer (Maybe<bool> two bytes in rax); a class that is not trivially
 * copyable, or larger than 16 bytes, is returned where a hidden first argument says, and passed by
 * address.
 */
#ifndef ENGRAFT_V8_ADAPTER_H
#define ENGRAFT_V8_ADAPTER_H

#include <stdatomic.h>
#include <string.h>

#include "../abi_adapter.h"
#include "data.h"
#include "info_layout.h"

/* A word that V8 calls Address: a tagged value. A Local is the address of one; NULL is the empty one. */
typedef uintptr_t v8_value;
typedef v8_value *v8_local;

typedef void v8_function_pointer(void);

/* ---- slots and their thunks (slots.c, thunks.S) --------------------------------------------------- */

struct v8_pair;

/* thunks.S knows the offsets. */
struct v8_slot {
    v8_function_pointer *entry;    /*  0: where the thunk jumps to */
    v8_function_pointer *function; /*  8: the adapter or trampoline in C */
    v8_function_pointer *target;   /* 16: the host's function, or the plugin's callback */
    struct v8_pair *pair;          /* 24 */
    v8_function_pointer *inner;    /* 32: the entry inside of a mirrored one */
    const void *data;              /* 40: what the adapter itself keeps here */
    uint8_t isolates;              /* 48: bit i: integer argument register i holds an Isolate * */
    uint8_t stack;                 /* 49: words of arguments that are on the stack */
    uint8_t kind;                  /* 50: enum v8_callback_kind + 1; 0: not a callback */
    uint8_t registers;             /* 51: integer argument registers in use */
    uint32_t next;                 /* 52: chains in slots.c */
};

/* Where the plugin or the host is to call for this slot. */
uintptr_t v8_slot_address(const struct v8_slot *slot);
struct v8_slot *v8_slot_at(unsigned index);
unsigned v8_slot_index(const struct v8_slot *slot);
struct v8_slot *v8_slot_of_thunk(const void *address); /* NULL: it is none */

/* Makes the host's `target` callable by the plugin: the named registers are translated from shadows to
 * isolates. NULL: no slot is left. */
struct v8_slot *v8_slot_masked(struct v8_pair *pair, uintptr_t target, unsigned isolates,
                               unsigned stack);
/* Makes the adapter `function` callable by the plugin. `registers` integer registers and `stack` words
 * are its own arguments, the slot comes behind them. NULL: no slot is left. */
struct v8_slot *v8_slot_adapter(struct v8_pair *pair, v8_function_pointer *function,
                                uintptr_t target, unsigned registers, unsigned stack);

/* The kinds of callbacks: callbacks.def has for each its trampoline. */
enum v8_callback_kind {
#define CALLBACK(kind, function, registers) V8_CALLBACK_##kind,
#include "callbacks.def"
#undef CALLBACK
    V8_CALLBACK_KINDS
};

/* What to give to the host instead of a callback of the plugin: the same for the same callback, so that
 * what was added can be removed. NULL for NULL. Out of slots: NULL, and the plugin's callback is not
 * called. Any thread; locks. */
void *v8_callback(struct v8_pair *pair, enum v8_callback_kind kind, void *callback);
/* The plugin's callback behind one that the host gives back; other pointers as they are. */
void *v8_callback_original(void *callback);
/* Callbacks in an object that has gone. */
void v8_callbacks_forget(uintptr_t start, uintptr_t end);

/* ---- a plugin's version on a host's version (pair.c) --------------------------------------------- */

/* Functions of the host that adapters call: hosts.def. */
enum v8_host_function {
#define HOST(id, symbol) V8_HOST_##id,
#include "hosts.def"
#undef HOST
    V8_HOST_FUNCTIONS
};

struct v8_pair {
    uintptr_t module;    /*  0: where the host's engine lies: pairs of two engines are two */
    size_t module_size;  /*  8: thunks.S knows these */
    struct shadow *_Atomic last_shadow; /* 16: the one that a callback had last; callback_thunks.S */
    bool used;
    bool mirrored;       /* the plugin's HandleScope is inlined, and the host's data lies elsewhere */
    enum v8_version plugin, host;
    v8_function_pointer *functions[V8_HOST_FUNCTIONS]; /* NULL: the host has none of this name */
    struct v8_info_layouts layouts;
    struct v8_callback_constants constants;
    _Atomic(uint32_t) scope_data; /* offset of HandleScopeData in the host's isolate; 0: not known yet */
    _Atomic(uint16_t) *slots;     /* by index of v8_functions: its slot + 1 */
};

/* Calls the host: HOST_CALL(pair, isolate_current, void *(*)(void))() */
#define HOST_CALL(pair, id, type) ((type)(pair)->functions[V8_HOST_##id])
#define HOST_HAS(pair, id) ((pair)->functions[V8_HOST_##id] != NULL)

/* ---- classes with virtual functions that both sides call (vtables.c) ------------------------------ */

/* Gives an object of the plugin, of the class or of one derived from it, a table that serves both: who
 * calls is known by the return address, the host finds the plugin's functions where its own layout has
 * them. Functions that only the host's layout has are those of virtuals.def. Idempotent. False: no slot
 * or no memory is left, or a function has no default: the object is as it was. */
bool v8_object_share(struct v8_pair *pair, enum v8_class_id class, void *object);
/* The same for an object that the host made for this plugin, and shows to no other. */
bool v8_object_lend(struct v8_pair *pair, enum v8_class_id class, void *object);
/* Classes of an object that has gone. */
void v8_vtables_forget(uintptr_t start, uintptr_t end);

/* ---- shadow isolates (shadow.c) -------------------------------------------------------------------- */

#define V8_SHADOW_SHIFT 24 /* all shadows lie in one region of 16 MB, aligned to its size */
extern uintptr_t v8_shadow_region __attribute__((visibility("hidden"))); /* its address >> SHIFT */

/* The host's isolate behind a pointer of the plugin; other pointers as they are. */
static inline void *isolate_of(const void *shadow)
{
    if ((uintptr_t)shadow >> V8_SHADOW_SHIFT != v8_shadow_region)
        return (void *)shadow;
    return *(void *const *)shadow;
}

/* What the plugin sees as the host's isolate. NULL for NULL. NULL also when 4,096 are in use. */
void *shadow_of(struct v8_pair *pair, void *isolate);
/* All shadows of an isolate that has been disposed of. */
void shadow_forget(void *isolate);
/* All shadows of an isolate that has just been made, maybe where another one was. */
void shadow_renew(void *isolate);

/* The host's isolate of this thread; NULL: none is entered. */
static inline void *current_isolate(const struct v8_pair *pair)
{
    return ((void *(*)(void))pair->functions[V8_HOST_isolate_try_current])();
}

/* Around every call of the plugin by the host: what both keep a copy of is brought in step. Returns the
 * shadow of `isolate`. */
void *plugin_enter(struct v8_pair *pair, void *isolate);
void plugin_leave(struct v8_pair *pair, void *isolate, void *shadow);
/* The same around every call of the host by the plugin, where the plugin's handle scopes are its own.
 * Returns what to return with. */
void *plugin_call(struct v8_pair *pair);
void plugin_return(struct v8_pair *pair, void *before);

/* What callback_frames.c keeps for a shadow's isolate. */
struct v8_shadow_frames {
    struct array_frame *first;
    bool watched; /* the collector has callbacks */
};
struct v8_shadow_frames *shadow_frames(void *shadow);

/* ---- handles of the host (handles.c) ----------------------------------------------------------------- */

struct v8_scope {
    void *isolate;
    v8_value *next, *limit;
};

/* A HandleScope of the host, also where its constructor is inline. */
void scope_open(struct v8_pair *pair, void *isolate, struct v8_scope *ret_scope);
void scope_close(struct v8_pair *pair, struct v8_scope *scope);
/* `count` handles in a row in the innermost scope, all zero (a Smi): the collector visits and updates
 * them. NULL: there are no such many in a row (more than 1,000). */
v8_value *scope_take(struct v8_pair *pair, void *isolate, size_t count);
/* The host's {next, limit, level}. */
v8_value *host_scope_data(struct v8_pair *pair, void *isolate);
/* One handle with a value; and one in the scope outside of `scope`, which is closed. */
v8_local handle_new(struct v8_pair *pair, void *isolate, v8_value value);
v8_local scope_escape(struct v8_pair *pair, struct v8_scope *scope, v8_local local);

/* The handle of a root in the host's own table: V8_ROOT_UNDEFINED ... */
enum v8_root {
    V8_ROOT_UNDEFINED,
    V8_ROOT_HOLE,
    V8_ROOT_NULL,
    V8_ROOT_TRUE,
    V8_ROOT_FALSE,
    V8_ROOT_EMPTY,
    V8_ROOTS,
};
v8_local host_root(const struct v8_pair *pair, void *isolate, enum v8_root root);

#endif
