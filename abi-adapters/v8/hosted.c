/* SPDX-License-Identifier: MIT */
/*
 * The table of a hosted object has a thunk in each slot of the plugin's layout: an adapter of hosted.def,
 * or a function that puts the host's object for the plugin's, translates isolates and calls what the host
 * has in its own slot. Tables are made once for a pair and a class; objects stay, as the host may have
 * the same object again.
 */
#include <stdlib.h>

#include "crossings.h"
#include "fork_lock.h"
#include "hosted.h"

#define HEADER 2 /* offset to top, type information: in front of a table's address */

struct hosted_table {
    struct hosted_table *next;
    struct v8_pair *pair;
    enum v8_class_id class;
    uintptr_t words[];
};

FORK_LOCK

static struct hosted_table *tables;
static struct hosted *objects;

#define HOSTED(class, method, function)                                                          \
    extern v8_function_pointer function __attribute__((visibility("hidden")));
#include "hosted.def"
#undef HOSTED

static const struct override {
    uint16_t method;
    v8_function_pointer *function;
} overrides[] = {
#define HOSTED(class, method, function) {V8_METHOD_##class##_##method, function},
#include "hosted.def"
#undef HOSTED
};

/* ---- calls ------------------------------------------------------------------------------------------- */

v8_function_pointer *hosted_method(const struct hosted *hosted, enum v8_method_id method)
{
    int slot = v8_class_slot_of(hosted->class, method, hosted->pair->host);

    return slot >= 0 ? (*(v8_function_pointer ***)hosted->host)[slot] : NULL;
}

#define WORDS 6

typedef struct v8_words virtual_call(uintptr_t, uintptr_t, uintptr_t, uintptr_t, uintptr_t,
                                     uintptr_t);

/* `words` are those of the registers; slot->data is the method. A function does not look at what is more
 * than its own. */
static struct v8_words call(uintptr_t *words, const struct v8_slot *slot)
{
    enum v8_method_id method = (enum v8_method_id)(uintptr_t)slot->data;
    unsigned own = v8_method_at(method)->flags & V8_RETURNS_MEMORY ? 1 : 0;
    struct hosted *hosted = (struct hosted *)words[own];
    v8_function_pointer *function = hosted_method(hosted, method);

    if (!function)
        return (struct v8_words){0};
    words[own] = (uintptr_t)hosted->host;
    for (unsigned i = 0; i < WORDS; i++)
        if (slot->isolates & 1u << i)
            words[i] = (uintptr_t)isolate_of((void *)words[i]);
    return ((virtual_call *)function)(words[0], words[1], words[2], words[3], words[4], words[5]);
}

static struct v8_words call_1(uintptr_t a, struct v8_slot *slot)
{
    return call((uintptr_t[WORDS]){a}, slot);
}

static struct v8_words call_2(uintptr_t a, uintptr_t b, struct v8_slot *slot)
{
    return call((uintptr_t[WORDS]){a, b}, slot);
}

static struct v8_words call_3(uintptr_t a, uintptr_t b, uintptr_t c, struct v8_slot *slot)
{
    return call((uintptr_t[WORDS]){a, b, c}, slot);
}

static struct v8_words call_4(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d,
                              struct v8_slot *slot)
{
    return call((uintptr_t[WORDS]){a, b, c, d}, slot);
}

static struct v8_words call_5(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e,
                              struct v8_slot *slot)
{
    return call((uintptr_t[WORDS]){a, b, c, d, e}, slot);
}

static struct v8_words call_6(uintptr_t a, uintptr_t b, uintptr_t c, uintptr_t d, uintptr_t e,
                              uintptr_t f, struct v8_slot *slot)
{
    return call((uintptr_t[WORDS]){a, b, c, d, e, f}, slot);
}

static double call_float(struct hosted *hosted, struct v8_slot *slot)
{
    v8_function_pointer *function =
        hosted_method(hosted, (enum v8_method_id)(uintptr_t)slot->data);

    return function ? ((double (*)(void *))function)(hosted->host) : 0;
}

/* ---- tables ---------------------------------------------------------------------------------------------- */

static bool returns_float(enum v8_method_id method)
{
    return method == V8_METHOD_node_MultiIsolatePlatform_MonotonicallyIncreasingTime ||
           method == V8_METHOD_node_MultiIsolatePlatform_CurrentClockTimeMillis ||
           method == V8_METHOD_node_MultiIsolatePlatform_CurrentClockTimeMillisecondsHighResolution;
}

static v8_function_pointer *function_of(enum v8_method_id method)
{
    static v8_function_pointer *const calls[] = {
        NULL,
        (v8_function_pointer *)call_1,
        (v8_function_pointer *)call_2,
        (v8_function_pointer *)call_3,
        (v8_function_pointer *)call_4,
        (v8_function_pointer *)call_5,
        (v8_function_pointer *)call_6,
    };

    for (size_t i = 0; i < sizeof overrides / sizeof *overrides; i++)
        if (overrides[i].method == method)
            return overrides[i].function;
    if (returns_float(method))
        return (v8_function_pointer *)call_float;
    return calls[v8_method_at(method)->registers];
}

static bool slot_fill(struct hosted_table *table, unsigned index)
{
    int method = v8_class_slot(table->class, table->pair->plugin, index);
    const struct v8_method *facts;
    struct v8_slot *slot;

    if (method < 0)
        return false;
    facts = v8_method_at((enum v8_method_id)method);
    slot = v8_slot_adapter(table->pair, function_of((enum v8_method_id)method), 0,
                           facts->registers, facts->stack);
    if (!slot)
        return false;
    slot->data = (const void *)(uintptr_t)method;
    slot->isolates = facts->isolates;
    table->words[HEADER + index] = v8_slot_address(slot);
    return true;
}

/* Slots of one that could not be made are lost. */
static struct hosted_table *table_make(struct v8_pair *pair, enum v8_class_id class)
{
    unsigned count = v8_class_slots(class, pair->plugin);
    struct hosted_table *table =
        calloc(1, sizeof *table + (HEADER + count) * sizeof *table->words);

    if (!table)
        return NULL;
    table->pair = pair;
    table->class = class;
    for (unsigned i = 0; i < count; i++) {
        if (!slot_fill(table, i)) {
            free(table);
            return NULL;
        }
    }
    table->next = tables;
    tables = table;
    return table;
}

static struct hosted_table *table_of(struct v8_pair *pair, enum v8_class_id class)
{
    for (struct hosted_table *table = tables; table; table = table->next)
        if (table->pair == pair && table->class == class)
            return table;
    return table_make(pair, class);
}

/* ---- objects ---------------------------------------------------------------------------------------------- */

static struct hosted *object_make(struct v8_pair *pair, enum v8_class_id class, void *object)
{
    struct hosted_table *table = table_of(pair, class);
    struct hosted *hosted = table ? malloc(sizeof *hosted) : NULL;

    if (hosted) {
        *hosted = (struct hosted){table->words + HEADER, object, pair, class, objects};
        objects = hosted;
    }
    return hosted;
}

void *hosted_for(struct v8_pair *pair, enum v8_class_id class, void *object)
{
    struct hosted *hosted;

    if (!object)
        return NULL;
    lock();
    for (hosted = objects; hosted; hosted = hosted->next)
        if (hosted->host == object && hosted->pair == pair && hosted->class == class)
            break;
    if (!hosted)
        hosted = object_make(pair, class, object);
    unlock();
    return hosted;
}

void *hosted_object(void *object)
{
    struct hosted *hosted;

    lock();
    for (hosted = objects; hosted && hosted != object; hosted = hosted->next)
        continue;
    unlock();
    return hosted ? hosted->host : object;
}
