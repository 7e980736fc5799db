/* SPDX-License-Identifier: MIT */
/*
 * Objects that both sides call by virtual functions, of classes whose tables differ.
 *
 * A proxy would not do: V8 hands the object back to the plugin (an external string's resource is even
 * read out of the heap by inlined code), which then calls it in its own layout. So the object keeps its
 * identity and gets another table: in a slot that means different things to the two sides stands a thunk
 * that looks at its return address. Tables are made once for each class of a plugin.
 */
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

#include "fork_lock.h"
#include "thunks.h"

#define HEADER 2    /* offset to top, type information: in front of a table's address */
#define EXTRA 64    /* slots of derived classes that are looked for behind those of the class */
#define SLOT_MAX 48 /* of one class in any version: a test checks */

/* One table of a plugin and the one that stands in for it. */
struct shared_table {
    struct shared_table *next;
    struct v8_pair *pair;
    const uintptr_t *own;
    enum v8_class_id class;
    bool lent; /* the object is the host's */
    struct v8_slot *slots[SLOT_MAX];
    uintptr_t words[HEADER + SLOT_MAX + EXTRA];
};

FORK_LOCK

static struct shared_table *tables;

#define VIRTUAL_DEFAULT(class, method, function, registers)                                      \
    extern v8_function_pointer function __attribute__((visibility("hidden")));
#include "virtuals.def"
#undef VIRTUAL_DEFAULT

static const struct virtual_default {
    uint16_t method;
    uint8_t registers;
    v8_function_pointer *function;
} defaults[] = {
#define VIRTUAL_DEFAULT(class, method, function, registers)                                      \
    {V8_METHOD_##class##_##method, registers, function},
#include "virtuals.def"
#undef VIRTUAL_DEFAULT
};

static uintptr_t return_zero(void)
{
    return 0;
}

static const struct virtual_default *default_of(int method)
{
    for (size_t i = 0; i < sizeof defaults / sizeof *defaults; i++)
        if (defaults[i].method == method)
            return &defaults[i];
    return NULL;
}

/* What the host calls in this slot, and with which entry. False: there is nothing. */
static bool host_side(const struct shared_table *table, int method, struct v8_slot *ret)
{
    const struct v8_method *facts = v8_method_at((enum v8_method_id)method);
    int slot = v8_class_slot_of(table->class, (enum v8_method_id)method, table->pair->plugin);
    const struct virtual_default *row = default_of(method);

    *ret = (struct v8_slot){.isolates = facts->isolates, .stack = facts->stack};
    if (slot >= 0) {
        ret->data = (const void *)table->own[slot];
        ret->inner = v8_entry_virtual;
        return true;
    }
    if (row) {
        ret->inner = v8_slot_entry(row->registers, 0);
        ret->function = row->function;
        return true;
    }
    ret->inner = (v8_function_pointer *)return_zero;
    return !(facts->flags & V8_PURE);
}

/* The slot means the same to both and carries nothing that is translated. */
static bool is_plain(const struct shared_table *table, unsigned slot, const struct v8_slot *host)
{
    return !table->pair->mirrored && !host->isolates && host->data &&
           host->data == (const void *)table->own[slot];
}

static bool slot_fill(struct shared_table *table, unsigned slot)
{
    uintptr_t *word = &table->words[HEADER + slot];
    int method = v8_class_slot(table->class, table->pair->host, slot);
    struct v8_slot host;

    if (method < 0)
        return true;
    if (!host_side(table, method, &host))
        return false;
    if (is_plain(table, slot, &host))
        return true;
    table->slots[slot] = v8_slot_shared(table->pair, host.inner, host.function,
                                        (v8_function_pointer *)*word, host.data);
    if (!table->slots[slot])
        return false;
    table->slots[slot]->isolates = host.isolates;
    table->slots[slot]->stack = host.stack;
    *word = v8_slot_address(table->slots[slot]);
    return true;
}

/* What the plugin calls in this slot of an object of the host: a thunk like those of functions. */
static v8_function_pointer *plugin_side(const struct shared_table *table, int method)
{
    const struct v8_method *facts = v8_method_at((enum v8_method_id)method);
    int slot = v8_class_slot_of(table->class, (enum v8_method_id)method, table->pair->host);
    const struct virtual_default *row = default_of(method);
    struct v8_slot *thunk = NULL;

    if (slot >= 0)
        thunk = v8_slot_masked(table->pair, table->own[slot], facts->isolates, facts->stack);
    else if (row)
        thunk = v8_slot_adapter(table->pair, row->function, 0, row->registers, 0);
    else if (!(facts->flags & V8_PURE))
        return (v8_function_pointer *)return_zero;
    return thunk ? (v8_function_pointer *)v8_slot_address(thunk) : NULL;
}

static bool slot_lend(struct shared_table *table, unsigned slot)
{
    uintptr_t *word = &table->words[HEADER + slot];
    int method = v8_class_slot(table->class, table->pair->plugin, slot);
    v8_function_pointer *plugins;

    if (method < 0)
        return true;
    plugins = plugin_side(table, method);
    if (!plugins)
        return false;
    table->slots[slot] = v8_slot_shared(table->pair, (v8_function_pointer *)*word, NULL, plugins,
                                        NULL);
    if (table->slots[slot])
        *word = v8_slot_address(table->slots[slot]);
    return table->slots[slot] != NULL;
}

/* The words of the object's table, and what lies behind them as far as there is memory. */
static void words_copy(struct shared_table *table)
{
    const uintptr_t *first = table->own - HEADER;
    enum v8_version version = table->lent ? table->pair->host : table->pair->plugin;
    size_t sure = (HEADER + v8_class_slots(table->class, version)) * sizeof *first;
    struct iovec local = {table->words, sizeof table->words};
    struct iovec remote = {(void *)first, sizeof table->words};
    size_t page = 4096 - (((uintptr_t)first + sure) & 4095);

    if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) >= (ssize_t)sure)
        return;
    /* Not allowed here, or the end of the mapping: up to the end of the page. */
    if (page > sizeof table->words - sure)
        page = sizeof table->words - sure;
    memcpy(table->words, first, sure + page);
}

static void table_free(struct shared_table *table)
{
    for (unsigned i = 0; i < SLOT_MAX; i++)
        if (table->slots[i])
            v8_slot_free(table->slots[i]);
    free(table);
}

static struct shared_table *table_make(struct v8_pair *pair, enum v8_class_id class,
                                       const uintptr_t *own, bool lent)
{
    struct shared_table *table = calloc(1, sizeof *table);
    unsigned count = v8_class_slots(class, lent ? pair->plugin : pair->host);

    if (!table || count > SLOT_MAX) {
        free(table);
        return NULL;
    }
    table->pair = pair;
    table->class = class;
    table->own = own;
    table->lent = lent;
    words_copy(table);
    for (unsigned i = 0; i < count; i++)
        if (lent ? !slot_lend(table, i) : !slot_fill(table, i)) {
            table_free(table);
            return NULL;
        }
    return table;
}

static bool object_retable(struct v8_pair *pair, enum v8_class_id class, const uintptr_t **vtable,
                           bool lent)
{
    struct shared_table *table;
    bool done = false;

    lock();
    for (table = tables; table; table = table->next)
        if (*vtable == table->words + HEADER)
            break;
    if (table) {
        done = table->pair == pair; /* else it speaks the language of another plugin */
    } else {
        for (table = tables; table; table = table->next)
            if (table->own == *vtable && table->pair == pair && table->class == class)
                break;
        if (!table && (table = table_make(pair, class, *vtable, lent))) {
            table->next = tables;
            tables = table;
        }
        if (table)
            *vtable = table->words + HEADER;
        done = table != NULL;
    }
    unlock();
    return done;
}

bool v8_object_share(struct v8_pair *pair, enum v8_class_id class, void *object)
{
    const uintptr_t **vtable = object;

    /* The host's own object, which it gave to the plugin. */
    if (!object || (uintptr_t)*vtable - pair->module < pair->module_size)
        return true;
    return object_retable(pair, class, vtable, false);
}

bool v8_object_lend(struct v8_pair *pair, enum v8_class_id class, void *object)
{
    const uintptr_t **vtable = object;

    if (!object || (uintptr_t)*vtable - pair->module >= pair->module_size)
        return true;
    return object_retable(pair, class, vtable, true);
}

void v8_vtables_forget(uintptr_t start, uintptr_t end)
{
    lock();
    for (struct shared_table **link = &tables; *link;) {
        struct shared_table *table = *link;

        if ((uintptr_t)table->own - start < end - start) {
            *link = table->next;
            table_free(table);
        } else {
            link = &table->next;
        }
    }
    unlock();
}
