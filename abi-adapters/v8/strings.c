/* SPDX-License-Identifier: MIT */
/*
 * Strings: their values as UTF-8 and UTF-16, writing, lengths. External ones are in
 * strings_external.c.
 */
#include <limits.h>
#include <stdlib.h>

#include "adapter.h"

/* String::WriteOptions, up to 14.1, and String::WriteFlags, from 13.6 on: equal in all of them. */
enum {
    NO_NULL_TERMINATION = 2,
    REPLACE_INVALID_UTF8 = 8,
    NULL_TERMINATE = 1,
    REPLACE_INVALID = 2,
};

#define KIND_INTERNALIZED 1 /* NewStringType::kInternalized */
#define HALF 3              /* bytes of half a surrogate pair, as if it were a character */

typedef int write_call(v8_local string, void *isolate, void *ret_units, int start, int length,
                       int options);
typedef void write_v2_call(v8_local string, void *isolate, uint32_t offset, uint32_t length,
                           void *ret_units, int flags);
typedef int write_utf8_call(v8_local string, void *isolate, char *ret_text, int capacity,
                            int *ret_characters, int options);
typedef size_t write_utf8_v2_call(v8_local string, void *isolate, char *ret_text, size_t capacity,
                                  int flags, size_t *ret_characters);
typedef bool is_call(v8_local string);
typedef v8_local new_call(void *isolate, const void *units, int kind, int length);

static int length_of(const struct v8_pair *pair, v8_local string)
{
    return HOST_CALL(pair, string_length, int (*)(v8_local))(string);
}

/* ---- String::Utf8Value ----------------------------------------------------------------------- */

/* The text and its length, an int up to 12.9. */
struct utf8_value {
    char *text;
    size_t length;
};

/* Utf8Value(Isolate *, Local<Value>) and the one with WriteOptions, on a host that has the first */
void v8_utf8_value(struct utf8_value *value, void *isolate, v8_local object, struct v8_slot *slot)
{
    if (slot->pair->plugin >= V8_13_6)
        value->length = 0; /* all of it: the host may fill in an int */
    ((void (*)(struct utf8_value *, void *, v8_local))slot->target)(value, isolate_of(isolate),
                                                                    object);
}

/* The second */
void v8_utf8_value_ignoring(struct utf8_value *value, void *isolate, v8_local object, int options,
                            struct v8_slot *slot)
{
    (void)options;
    v8_utf8_value(value, isolate, object, slot);
}

/* The second, on a host that has it */
void v8_utf8_value_options(struct utf8_value *value, void *isolate, v8_local object, int options,
                           struct v8_slot *slot)
{
    if (slot->pair->plugin >= V8_13_6)
        value->length = 0;
    ((void (*)(struct utf8_value *, void *, v8_local, int))slot->target)(value, isolate_of(isolate),
                                                                         object, options);
}

/* The first, on a host that has the second */
void v8_utf8_value_default(struct utf8_value *value, void *isolate, v8_local object,
                           struct v8_slot *slot)
{
    v8_utf8_value_options(value, isolate, object, REPLACE_INVALID_UTF8, slot);
}

/* ---- writing, of plugins up to 14.1 on a later host ------------------------------------------ */

/* How many characters are written from `start`, and whether a null behind them. */
static uint32_t extent(int all, int start, int length, int options, bool *ret_terminated)
{
    int rest = start < all ? all - start : 0;
    int count = length == -1 || length > rest ? rest : length;

    *ret_terminated = !(options & NO_NULL_TERMINATION) && (length == -1 || count < length);
    return (uint32_t)count;
}

static int write_units(const struct v8_slot *slot, v8_local string, void *isolate, void *ret_units,
                       int start, int length, int options)
{
    bool terminated;
    uint32_t count =
        extent(length_of(slot->pair, string), start, length, options, &terminated);

    if (count || terminated)
        ((write_v2_call *)slot->target)(string, isolate_of(isolate), count ? (uint32_t)start : 0,
                                        count, ret_units, terminated ? NULL_TERMINATE : 0);
    return (int)count;
}

/* Write(Isolate *, uint16_t *, int, int, int), WriteOneByte(Isolate *, uint8_t *, int, int, int) */
int v8_string_write(v8_local string, void *isolate, void *ret_units, int start, int length,
                    int options, struct v8_slot *slot)
{
    return write_units(slot, string, isolate, ret_units, start, length, options);
}

static bool is_pair(const uint16_t *units)
{
    return (units[0] & 0xfc00) == 0xd800 && (units[1] & 0xfc00) == 0xdc00;
}

/* The earlier function writes the first half of a surrogate pair when there is room for no more. */
static bool half_write(const struct v8_pair *pair, v8_local string, void *isolate,
                       size_t characters, char *ret_text)
{
    uint16_t units[2];

    HOST_CALL(pair, string_write_v2, write_v2_call *)(string, isolate, (uint32_t)characters, 2,
                                                      units, 0);
    if (!is_pair(units))
        return false;
    ret_text[0] = (char)(0xe0 | units[0] >> 12);
    ret_text[1] = (char)(0x80 | (units[0] >> 6 & 0x3f));
    ret_text[2] = (char)(0x80 | (units[0] & 0x3f));
    return true;
}

/* WriteUtf8(Isolate *, char *, int, int *, int): with a null when the whole string is there and the
 * null has room. */
int v8_string_write_utf8(v8_local string, void *isolate, char *ret_text, int capacity,
                         int *ret_characters, int options, struct v8_slot *slot)
{
    typedef size_t length_call(v8_local, void *);
    size_t length = (size_t)length_of(slot->pair, string), characters = 0, written = 0, room;
    bool replaces = options & REPLACE_INVALID_UTF8;
    void *own = isolate_of(isolate);

    room = capacity >= 0 ? (size_t)capacity
                         : HOST_CALL(slot->pair, string_utf8_length_v2, length_call *)(string, own);
    if (room)
        written = ((write_utf8_v2_call *)slot->target)(
            string, own, ret_text, room, replaces ? REPLACE_INVALID : 0, &characters);
    if (!replaces && room - written == HALF && length - characters > 1 &&
        half_write(slot->pair, string, own, characters, ret_text + written)) {
        written += HALF;
        characters++;
    }
    if (ret_characters)
        *ret_characters = (int)characters;
    if (!(options & NO_NULL_TERMINATION) && characters == length &&
        (capacity < 0 || written < room))
        ret_text[written++] = 0;
    return (int)written;
}

/* ---- writing, of plugins from 13.6 on on an earlier host ------------------------------------- */

/* Utf8LengthV2(Isolate *) */
size_t v8_string_utf8_length(v8_local string, void *isolate, struct v8_slot *slot)
{
    return (size_t)((int (*)(v8_local, void *))slot->target)(string, isolate_of(isolate));
}

static void write_v2(const struct v8_slot *slot, v8_local string, void *isolate, uint32_t offset,
                     uint32_t length, void *ret_units)
{
    if (length)
        ((write_call *)slot->target)(string, isolate_of(isolate), ret_units, (int)offset,
                                     (int)length, NO_NULL_TERMINATION);
}

/* WriteV2(Isolate *, uint32_t, uint32_t, uint16_t *, int) */
void v8_string_write_v2(v8_local string, void *isolate, uint32_t offset, uint32_t length,
                        uint16_t *ret_units, int flags, struct v8_slot *slot)
{
    write_v2(slot, string, isolate, offset, length, ret_units);
    if (flags & NULL_TERMINATE)
        ret_units[length] = 0;
}

/* WriteOneByteV2(Isolate *, uint32_t, uint32_t, uint8_t *, int) */
void v8_string_write_one_byte_v2(v8_local string, void *isolate, uint32_t offset, uint32_t length,
                                 uint8_t *ret_units, int flags, struct v8_slot *slot)
{
    write_v2(slot, string, isolate, offset, length, ret_units);
    if (flags & NULL_TERMINATE)
        ret_units[length] = 0;
}

/* See half_write(). */
static bool ends_in_half(const struct v8_pair *pair, v8_local string, void *isolate, int characters)
{
    uint16_t units[2];

    if (characters < 1 || characters >= length_of(pair, string))
        return false;
    HOST_CALL(pair, string_write, write_call *)(string, isolate, units, characters - 1, 2,
                                                NO_NULL_TERMINATION);
    return is_pair(units);
}

/* WriteUtf8V2(Isolate *, char *, size_t, int, size_t *) */
size_t v8_string_write_utf8_v2(v8_local string, void *isolate, char *ret_text, size_t capacity,
                               int flags, size_t *ret_characters, struct v8_slot *slot)
{
    bool terminated = flags & NULL_TERMINATE && capacity;
    size_t room = capacity - terminated, written = 0;
    void *own = isolate_of(isolate);
    int characters = 0;

    if (room > INT_MAX)
        room = INT_MAX;
    if (room)
        written = (size_t)((write_utf8_call *)slot->target)(
            string, own, ret_text, (int)room, &characters,
            NO_NULL_TERMINATION | (flags & REPLACE_INVALID ? REPLACE_INVALID_UTF8 : 0));
    if (ends_in_half(slot->pair, string, own, characters)) {
        characters--;
        written -= HALF;
    }
    if (ret_characters)
        *ret_characters = (size_t)characters;
    if (terminated)
        ret_text[written++] = 0;
    return written;
}

/* ---- String::ValueView, where the host has none ---------------------------------------------- */

/* As in all versions from 12.9 on, up to what belongs to V8. */
struct value_view {
    v8_local string;
    void *units;
    uint32_t length;
    bool is_one_byte;
};

/* A copy of a string's characters, to be freed. NULL: no memory. */
static void *units_copy(const struct v8_pair *pair, v8_local string, void *isolate, int length,
                        bool is_one_byte)
{
    void *units = malloc(((size_t)length + 1) * (is_one_byte ? 1 : 2));

    if (!units)
        return NULL;
    if (is_one_byte)
        HOST_CALL(pair, string_write_one_byte, write_call *)(string, isolate, units, 0, length,
                                                             NO_NULL_TERMINATION);
    else
        HOST_CALL(pair, string_write, write_call *)(string, isolate, units, 0, length,
                                                    NO_NULL_TERMINATION);
    return units;
}

/* ValueView(Isolate *, Local<String>) */
void v8_value_view(struct value_view *view, void *isolate, v8_local string, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    int length = length_of(pair, string);

    view->string = string;
    view->is_one_byte = HOST_CALL(pair, string_is_one_byte, is_call *)(string);
    view->units = units_copy(pair, string, isolate_of(isolate), length, view->is_one_byte);
    view->length = view->units ? (uint32_t)length : 0;
}

/* ~ValueView() */
void v8_value_view_end(struct value_view *view)
{
    free(view->units);
}

/* InternalizeString(Isolate *), where the host has none */
v8_local v8_string_internalize(v8_local string, void *isolate, struct v8_slot *slot)
{
    struct v8_pair *pair = slot->pair;
    void *own = isolate_of(isolate);
    int length = length_of(pair, string);
    bool is_one_byte = HOST_CALL(pair, string_is_one_byte, is_call *)(string);
    void *units = units_copy(pair, string, own, length, is_one_byte);
    v8_local result = NULL;

    if (!units)
        return string;
    if (is_one_byte)
        result = HOST_CALL(pair, string_new_one_byte, new_call *)(own, units, KIND_INTERNALIZED,
                                                                  length);
    else
        result = HOST_CALL(pair, string_new_two_byte, new_call *)(own, units, KIND_INTERNALIZED,
                                                                  length);
    free(units);
    return result ? result : string;
}
