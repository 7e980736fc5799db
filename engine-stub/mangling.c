/* SPDX-License-Identifier: MIT */
#include "mangling.h"

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

/*
 * The part of the grammar that is needed to find the E that ends a nested name, as in
 *
 *   _ZN2v88internal7Version6major_E              nothing after the E: a variable
 *   _ZN2v85Local INS_5Value E 3newEPNS_7IsolateE   parameters after the E: a function
 *
 * Each skip_ function takes the text at its construct and returns the text behind it, or NULL when
 * it meets what it does not know; then the name tells nothing.
 */
static const char *skip_bracketed(const char *text, int depth);

enum { DEPTH_MAX = 64 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static const char *skip_source_name(const char *text)
{
    size_t length = 0;

    while (is_digit(*text) && length < 100000)
        length = length * 10 + (size_t)(*text++ - '0');
    return strnlen(text, length) == length ? text + length : NULL;
}

/* S_ S0_ St Sa, T_ T0_ */
static const char *skip_substitution(const char *text)
{
    if (text[0] == 'S' && text[1] >= 'a' && text[1] <= 'z')
        return text + 2;
    for (text++; is_digit(*text) || (*text >= 'A' && *text <= 'Z'); text++)
        continue;
    return *text == '_' ? text + 1 : NULL;
}

/* L <builtin type> <number> E: Lj5E, Lb1E, Lin3E. Anything with a name in it is not read. */
static const char *skip_literal(const char *text)
{
    text++;
    if (*text < 'a' || *text > 'z')
        return NULL;
    text++;
    if (*text == 'n')
        text++;
    while (is_digit(*text))
        text++;
    return *text == 'E' ? text + 1 : NULL;
}

/* A <number> _ before the element type */
static const char *skip_array(const char *text)
{
    for (text++; is_digit(*text); text++)
        continue;
    return *text == '_' ? text + 1 : NULL;
}

/* One step inside a bracket. Letters of builtin types, qualifiers and operators are single steps:
 * they open nothing. */
static const char *skip_token(const char *text, int depth)
{
    if (is_digit(*text))
        return skip_source_name(text);
    switch (*text) {
    case 'S':
    case 'T':
        return skip_substitution(text);
    case 'N':
    case 'I':
    case 'F':
    case 'J':
        return skip_bracketed(text + 1, depth + 1);
    case 'L':
        return skip_literal(text);
    case 'A':
        return skip_array(text);
    case 'C': /* constructors: C1 C2 C3 */
        return text[1] ? text + 2 : NULL;
    case 'X': /* expressions */
    case 'Z': /* local names */
        return NULL;
    case 'D': /* destructors and builtin types; decltype and the like are not read */
        if (text[0] == 'D' && strchr("nihfdeuspc012345", text[1] ? text[1] : 'x'))
            return text + 2;
        return NULL;
    default:
        return *text ? text + 1 : NULL;
    }
}

/* The text behind the E that closes a bracket whose first letter has been read. */
static const char *skip_bracketed(const char *text, int depth)
{
    if (depth > DEPTH_MAX)
        return NULL;
    while (text && *text != 'E')
        text = *text ? skip_token(text, depth) : NULL;
    return text ? text + 1 : NULL;
}

static uint8_t nested_type(const char *nested)
{
    size_t length = strlen(nested);

    if (length == 0)
        return STT_NOTYPE;
    if (nested[length - 1] != 'E')
        return STT_FUNC; /* only parameter types can follow the name */
    const char *end = skip_bracketed(nested, 0);
    if (!end)
        return STT_NOTYPE;
    return *end ? STT_FUNC : STT_OBJECT;
}

/* vtable, VTT, typeinfo, typeinfo name, construction vtable, guard, reference temporary: data.
 * Thunks and the wrappers of thread-local variables: code. */
static uint8_t special_type(const char *name)
{
    static const char *const data[] = {"_ZTV", "_ZTT", "_ZTI", "_ZTS", "_ZTC", "_ZGV", "_ZGR"};
    static const char *const code[] = {"_ZTh", "_ZTv", "_ZTc", "_ZTW", "_ZTH"};

    for (size_t i = 0; i < sizeof(data) / sizeof(data[0]); i++)
        if (strncmp(name, data[i], 4) == 0)
            return STT_OBJECT;
    for (size_t i = 0; i < sizeof(code) / sizeof(code[0]); i++)
        if (strncmp(name, code[i], 4) == 0)
            return STT_FUNC;
    return STT_NOTYPE;
}

uint8_t mangling_type(const char *name)
{
    if (strncmp(name, "_Z", 2) != 0)
        return STT_NOTYPE;
    if (name[2] == 'T' || name[2] == 'G')
        return special_type(name);
    if (name[2] == 'N')
        return nested_type(name + 3);
    if (is_digit(name[2])) { /* _Z3foov; a variable outside of any class is not mangled */
        const char *end = skip_source_name(name + 2);
        return end && *end ? STT_FUNC : STT_NOTYPE;
    }
    return STT_NOTYPE;
}
