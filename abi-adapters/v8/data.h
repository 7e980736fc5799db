/* SPDX-License-Identifier: MIT */
/*
 * What compilers know of V8 and Node, version by version: the tables of data/, which
 * abi-adapters/v8/extract prints, and how to look things up in them. All of it is constant and without
 * relocations, no function allocates or calls another library, and all may be called in an IFUNC
 * resolver.
 */
#ifndef ENGRAFT_V8_DATA_H
#define ENGRAFT_V8_DATA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum v8_version {
#define V8_VERSION(major, minor, node) V8_##major##_##minor,
#include "versions.def"
#undef V8_VERSION
    V8_VERSIONS
};

bool v8_version_find(unsigned major, unsigned minor, enum v8_version *ret_version);
/* "10.2" */
const char *v8_version_name(enum v8_version version);

#define V8_NONE INT32_MIN

/* ---- constants that are compiled into plugins ------------------------------------------------------- */

enum v8_constant_id {
#define CONSTANT(name, ...) V8_##name,
#include "data/constants.def"
#undef CONSTANT
    V8_CONSTANTS
};

/* V8_NONE: this version's headers do not have it. */
int32_t v8_constant(enum v8_constant_id id, enum v8_version version);

/* ---- functions -------------------------------------------------------------------------------------- */

enum v8_function_flags {
    V8_RETURNS_ISOLATE = 1 << 0,
    V8_RETURNS_MEMORY = 1 << 1, /* register 0 holds the address of the result */
    V8_HAS_CALLBACK = 1 << 2,   /* a function pointer is passed, by itself or in a record */
    V8_HAS_VIRTUAL = 1 << 3,    /* an object with virtual functions is reachable */
    V8_HAS_ISOLATE = 1 << 4,    /* an Isolate * in a record, or by reference */
    V8_DATA = 1 << 5,           /* not a function */
    V8_STD = 1 << 6,            /* a type of std:: in the symbol */
    V8_PURE = 1 << 7,           /* of virtual functions: without a body in some version */
};

struct v8_function_row {
    uint32_t name;                /* see v8_function_name() */
    uint16_t declared;            /* bit i: version i declares it without a body */
    uint16_t exported;            /* ... its binary exports it */
    uint16_t inlined;             /* ... its headers have a body */
    uint16_t flags;               /* enum v8_function_flags */
    uint8_t isolates;             /* bit i: integer argument register i holds an Isolate * */
    uint8_t stack_isolates;       /* bit i: word i of the arguments on the stack does */
    uint8_t registers;            /* integer argument registers in use, `this` and the result's, too */
    uint8_t stack;                /* words of arguments on the stack */
    uint8_t shapes[V8_VERSIONS];  /* equal numbers: equal layouts of all that the types lead to */
};

enum {
    /* Numbers of rows; the line of the file keeps the names apart. */
#define V8_JOIN_(a, b) a##b
#define V8_JOIN(a, b) V8_JOIN_(a, b)
#define FUNCTION(...) V8_JOIN(V8_FUNCTION_OF_LINE_, __LINE__),
#include "data/functions.def"
#undef FUNCTION
    V8_FUNCTIONS
};

/* The row of a symbol as this version has it, or -1. */
int v8_function_find(const char *symbol, enum v8_version version);
const struct v8_function_row *v8_function_at(int index);
const char *v8_function_name(int index);

/* ---- records ------------------------------------------------------------------------------------------ */

enum v8_record_id {
#define RECORD(name, ...) V8_RECORD_##name,
#define FIELD(...)
#include "data/records.def"
#undef RECORD
#undef FIELD
    V8_RECORDS
};

/* Fields of all records: those of one follow each other. */
enum v8_field_id {
#define RECORD(name, ...) V8_FIRST_OF_##name, V8_BEFORE_##name = V8_FIRST_OF_##name - 1,
#define FIELD(record, name, ...) V8_FIELD_##record##_##name,
#include "data/records.def"
#undef RECORD
#undef FIELD
    V8_FIELDS
};

enum v8_field_kind {
    V8_KIND_PLAIN,
    V8_KIND_BITS,         /* size and offset count bits */
    V8_KIND_ARRAY,
    V8_KIND_STD,          /* a class of std:: */
    V8_KIND_POINTER,
    V8_KIND_VTABLE,
    V8_KIND_HANDLE,       /* Local, Global and their like */
    V8_KIND_OWNED,        /* unique_ptr, shared_ptr */
    V8_KIND_OBJECT,       /* to a class with virtual functions */
    V8_KIND_OWNED_OBJECT, /* ... owned */
    V8_KIND_CALLBACK,
    V8_KIND_ISOLATE,
};

struct v8_field {
    uint16_t record;               /* enum v8_record_id */
    uint8_t kind;                  /* enum v8_field_kind */
    uint16_t name;                 /* see v8_field_name() */
    uint32_t size;
    int16_t offsets[V8_VERSIONS];  /* -1: this version does not have it */
};

/* 0: this version does not have it. */
size_t v8_record_size(enum v8_record_id record, enum v8_version version);
/* The fields of a record: *ret_first and the `count` behind it; returns count. */
size_t v8_record_fields(enum v8_record_id record, enum v8_field_id *ret_first);
const struct v8_field *v8_field_at(enum v8_field_id field);
const char *v8_field_name(enum v8_field_id field);
/* -1: this version does not have it. */
int v8_field_offset(enum v8_field_id field, enum v8_version version);

/* ---- enumerations --------------------------------------------------------------------------------------- */

enum v8_enum_id {
#define ENUM(name) V8_ENUM_##name,
#define ENUMERATOR(...)
#include "data/enums.def"
#undef ENUM
#undef ENUMERATOR
    V8_ENUMS
};

enum v8_enumerator_id {
#define ENUM(name) V8_FIRST_VALUE_OF_##name, V8_BEFORE_VALUES_##name = V8_FIRST_VALUE_OF_##name - 1,
#define ENUMERATOR(enumeration, name, ...) V8_VALUE_##enumeration##_##name,
#include "data/enums.def"
#undef ENUM
#undef ENUMERATOR
    V8_ENUMERATORS
};

/* V8_NONE: this version does not have it. */
int32_t v8_enum_value(enum v8_enumerator_id enumerator, enum v8_version version);
/* The value of the enumerator of the same name; false: there is none. */
bool v8_enum_convert(enum v8_enum_id id, enum v8_version from, enum v8_version to, int32_t value,
                     int32_t *ret_value);
/* The same for an enumeration of single bits; false: a bit that `to` does not have, *ret_value lacks. */
bool v8_enum_flags_convert(enum v8_enum_id id, enum v8_version from, enum v8_version to,
                           int32_t value, int32_t *ret_value);

/* ---- virtual functions ----------------------------------------------------------------------------------- */

enum v8_class_id {
#define CLASS(name) V8_CLASS_##name,
#define VIRTUAL(...)
#include "data/vtables.def"
#undef CLASS
#undef VIRTUAL
    V8_CLASSES
};

enum v8_method_id {
#define CLASS(name) V8_FIRST_METHOD_OF_##name, V8_BEFORE_METHODS_##name = V8_FIRST_METHOD_OF_##name - 1,
#define VIRTUAL(class, name, ...) V8_METHOD_##class##_##name,
#include "data/vtables.def"
#undef CLASS
#undef VIRTUAL
    V8_METHODS
};

struct v8_method {
    uint16_t class_;              /* enum v8_class_id */
    uint16_t flags;               /* as of a function, of what is passed beside of `this` */
    uint8_t isolates, stack_isolates, registers, stack;
    int8_t slots[V8_VERSIONS];    /* in the vtable; -1: this version does not have it */
};

const struct v8_method *v8_method_at(enum v8_method_id method);
/* How many slots the vtable has; 0: this version does not have the class. */
unsigned v8_class_slots(enum v8_class_id class_, enum v8_version version);
/* What is in a slot (enum v8_method_id), or -1. */
int v8_class_slot(enum v8_class_id class_, enum v8_version version, unsigned slot);
/* Where a virtual function is, or -1. */
int v8_class_slot_of(enum v8_class_id class_, enum v8_method_id method, enum v8_version version);

#endif
