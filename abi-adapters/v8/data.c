/* SPDX-License-Identifier: MIT */
/*
 * The tables of data.h. Strings are members of one structure, so that rows hold offsets into it and
 * nothing has to be relocated; the line of the data file gives a member its name.
 */
#include "data.h"

#include <endian.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* ---- versions ---------------------------------------------------------------------------------------- */

static const struct version {
    uint16_t major, minor;
    char name[8];
} versions[] = {
#define V8_VERSION(major, minor, node) {major, minor, #major "." #minor},
#include "versions.def"
#undef V8_VERSION
};

bool v8_version_find(unsigned major, unsigned minor, enum v8_version *ret_version)
{
    for (size_t i = 0; i < COUNT(versions); i++) {
        if (versions[i].major == major && versions[i].minor == minor) {
            *ret_version = (enum v8_version)i;
            return true;
        }
    }
    return false;
}

const char *v8_version_name(enum v8_version version)
{
    return versions[version].name;
}

/* ---- constants --------------------------------------------------------------------------------------- */

static const int32_t constants[][V8_VERSIONS] = {
#define CONSTANT(name, ...) {__VA_ARGS__},
#include "data/constants.def"
#undef CONSTANT
};

int32_t v8_constant(enum v8_constant_id id, enum v8_version version)
{
    return constants[id][version];
}

/* ---- functions --------------------------------------------------------------------------------------- */

#define MEMBER V8_JOIN(of_line_, __LINE__)

static const struct function_names {
#define FUNCTION(name, ...) char MEMBER[sizeof(name)];
#include "data/functions.def"
#undef FUNCTION
} function_names = {
#define FUNCTION(name, ...) name,
#include "data/functions.def"
#undef FUNCTION
};

static const struct v8_function_row functions[] = {
#define SHAPE(...) {__VA_ARGS__}
#define FUNCTION(symbol, is_declared, is_exported, is_inlined, in_isolates, on_stack, integers, words, \
                 flag_bits, shape)                                                                 \
    {                                                                                              \
        .name = offsetof(struct function_names, MEMBER), .declared = (is_declared),                \
        .exported = (is_exported), .inlined = (is_inlined), .flags = (flag_bits),                  \
        .isolates = (in_isolates), .stack_isolates = (on_stack), .registers = (integers),          \
        .stack = (words), .shapes = shape,                                                         \
    },
#include "data/functions.def"
#undef FUNCTION
#undef SHAPE
};

/* An open hash table of rows + 1. */
static const uint16_t function_index[] = {
#define INDEX(...) __VA_ARGS__,
#include "data/functions-index.def"
#undef INDEX
};

_Static_assert((COUNT(function_index) & (COUNT(function_index) - 1)) == 0, "a power of two");

const struct v8_function_row *v8_function_at(int index)
{
    return &functions[index];
}

const char *v8_function_name(int index)
{
    return (const char *)&function_names + functions[index].name;
}

/* Eight bytes at a time, the rest with zeroes; extractor/emit.py does the same. */
static uint32_t hash(const char *symbol)
{
    uint64_t value = 0, word;

    for (size_t rest = strlen(symbol); rest > 0; rest -= rest < 8 ? rest : 8) {
        word = 0;
        if (rest < 8)
            memcpy(&word, symbol, rest);
        else
            memcpy(&word, symbol, sizeof(word));
        symbol += 8;
        value = (value ^ le64toh(word)) * UINT64_C(0x9e3779b97f4a7c15);
        value ^= value >> 29;
    }
    return (uint32_t)(value >> 32);
}

static bool is_row_of(int index, enum v8_version version)
{
    return (functions[index].declared | functions[index].inlined) >> version & 1;
}

/* Rows of one symbol follow each other: the version's own, else the first. */
static int of_version(int index, const char *symbol, enum v8_version version)
{
    if (is_row_of(index, version))
        return index;
    for (int i = index + 1; i < V8_FUNCTIONS && strcmp(v8_function_name(i), symbol) == 0; i++) {
        if (is_row_of(i, version))
            return i;
    }
    return index;
}

int v8_function_find(const char *symbol, enum v8_version version)
{
    const uint32_t mask = COUNT(function_index) - 1;

    for (uint32_t i = hash(symbol) & mask; function_index[i]; i = (i + 1) & mask) {
        int index = function_index[i] - 1;

        if (strcmp(v8_function_name(index), symbol) == 0)
            return of_version(index, symbol, version);
    }
    return -1;
}

/* ---- records ------------------------------------------------------------------------------------------ */

static const struct field_names {
#define RECORD(...)
#define FIELD(record, name, ...) char MEMBER[sizeof(#name)];
#include "data/records.def"
#undef FIELD
} field_names = {
#define FIELD(record, name, ...) #name,
#include "data/records.def"
#undef FIELD
};

static const struct v8_field fields[] = {
#define FIELD(owner, name_, kind_, bytes, ...)                                                     \
    {                                                                                              \
        .record = V8_RECORD_##owner, .kind = V8_KIND_##kind_,                                      \
        .name = offsetof(struct field_names, MEMBER), .size = (bytes), .offsets = {__VA_ARGS__},   \
    },
#include "data/records.def"
#undef FIELD
#undef RECORD
};

static const struct record {
    uint16_t first;
    uint16_t sizes[V8_VERSIONS];
} records[] = {
#define RECORD(name, ...) {V8_FIRST_OF_##name, {__VA_ARGS__}},
#define FIELD(...)
#include "data/records.def"
#undef RECORD
#undef FIELD
};

size_t v8_record_size(enum v8_record_id record, enum v8_version version)
{
    return records[record].sizes[version];
}

size_t v8_record_fields(enum v8_record_id record, enum v8_field_id *ret_first)
{
    size_t first = records[record].first;

    *ret_first = (enum v8_field_id)first;
    return (record + 1 < V8_RECORDS ? records[record + 1].first : COUNT(fields)) - first;
}

const struct v8_field *v8_field_at(enum v8_field_id field)
{
    return &fields[field];
}

const char *v8_field_name(enum v8_field_id field)
{
    return (const char *)&field_names + fields[field].name;
}

int v8_field_offset(enum v8_field_id field, enum v8_version version)
{
    return fields[field].offsets[version];
}

/* ---- enumerations -------------------------------------------------------------------------------------- */

static const int32_t enumerators[][V8_VERSIONS] = {
#define ENUM(...)
#define ENUMERATOR(enumeration, name, ...) {__VA_ARGS__},
#include "data/enums.def"
#undef ENUM
#undef ENUMERATOR
};

static const uint16_t enum_firsts[] = {
#define ENUM(name) V8_FIRST_VALUE_OF_##name,
#define ENUMERATOR(...)
#include "data/enums.def"
#undef ENUM
#undef ENUMERATOR
    COUNT(enumerators),
};

int32_t v8_enum_value(enum v8_enumerator_id enumerator, enum v8_version version)
{
    return enumerators[enumerator][version];
}

bool v8_enum_convert(enum v8_enum_id id, enum v8_version from, enum v8_version to, int32_t value,
                     int32_t *ret_value)
{
    for (size_t i = enum_firsts[id]; i < enum_firsts[id + 1]; i++) {
        if (enumerators[i][from] == value && enumerators[i][to] != V8_NONE) {
            *ret_value = enumerators[i][to];
            return true;
        }
    }
    return false;
}

bool v8_enum_flags_convert(enum v8_enum_id id, enum v8_version from, enum v8_version to,
                           int32_t value, int32_t *ret_value)
{
    bool all = true;

    *ret_value = 0;
    for (uint32_t rest = (uint32_t)value; rest; rest &= rest - 1) {
        int32_t bit = (int32_t)(rest & -rest), there;

        if (v8_enum_convert(id, from, to, bit, &there))
            *ret_value |= there;
        else
            all = false;
    }
    return all;
}

/* ---- virtual functions ------------------------------------------------------------------------------------ */

static const struct v8_method methods[] = {
#define CLASS(...)
#define VIRTUAL(owner, name, in_isolates, on_stack, integers, words, flag_bits, ...)               \
    {                                                                                              \
        .class_ = V8_CLASS_##owner, .flags = (flag_bits), .isolates = (in_isolates),               \
        .stack_isolates = (on_stack), .registers = (integers), .stack = (words),                   \
        .slots = {__VA_ARGS__},                                                                    \
    },
#include "data/vtables.def"
#undef CLASS
#undef VIRTUAL
};

static const uint16_t class_firsts[] = {
#define CLASS(name) V8_FIRST_METHOD_OF_##name,
#define VIRTUAL(...)
#include "data/vtables.def"
#undef CLASS
#undef VIRTUAL
    COUNT(methods),
};

const struct v8_method *v8_method_at(enum v8_method_id method)
{
    return &methods[method];
}

unsigned v8_class_slots(enum v8_class_id class_, enum v8_version version)
{
    unsigned count = 0;

    for (size_t i = class_firsts[class_]; i < class_firsts[class_ + 1]; i++)
        count += methods[i].slots[version] >= 0;
    return count;
}

int v8_class_slot(enum v8_class_id class_, enum v8_version version, unsigned slot)
{
    for (size_t i = class_firsts[class_]; i < class_firsts[class_ + 1]; i++) {
        if (methods[i].slots[version] == (int)slot)
            return (int)i;
    }
    return -1;
}

int v8_class_slot_of(enum v8_class_id class_, enum v8_method_id method, enum v8_version version)
{
    return methods[method].class_ == class_ ? methods[method].slots[version] : -1;
}
