/* SPDX-License-Identifier: MIT */
/*
 * Trampolines of callbacks that get words, none of them in a layout of a version: PLAIN_n has n of them,
 * ISOLATE_n as well, the first of which is the isolate. Their result is what the plugin leaves in the
 * registers. What the host passes on the stack or as float goes through untouched only in those that say
 * so.
 */
#include "crossings.h"

typedef uintptr_t word;

typedef struct v8_words call_0(void);
typedef struct v8_words call_1(word);
typedef struct v8_words call_2(word, word);
typedef struct v8_words call_3(word, word, word);
typedef struct v8_words call_4(word, word, word, word);
typedef struct v8_words call_5(word, word, word, word, word);
typedef struct v8_words call_6(word, word, word, word, word, word);

#define PLAIN(count, parameters, arguments)                                                      \
    struct v8_words v8_call_plain_##count parameters                                             \
    {                                                                                            \
        struct crossing crossing;                                                                \
        struct v8_words result;                                                                  \
                                                                                                 \
        crossing_in(&crossing, slot->pair, current_isolate(slot->pair));                         \
        result = ((call_##count *)slot->target)arguments;                                        \
        crossing_in_end(&crossing);                                                              \
        return result;                                                                           \
    }

#define ISOLATE(count, parameters, arguments)                                                    \
    struct v8_words v8_call_isolate_##count parameters                                           \
    {                                                                                            \
        struct crossing crossing;                                                                \
        struct v8_words result;                                                                  \
                                                                                                 \
        crossing_in(&crossing, slot->pair, isolate);                                             \
        result = ((call_##count *)slot->target)arguments;                                        \
        crossing_in_end(&crossing);                                                              \
        return result;                                                                           \
    }

#define SHADOW ((word)crossing.shadow)

PLAIN(0, (struct v8_slot *slot), ())
PLAIN(1, (word a, struct v8_slot *slot), (a))
PLAIN(2, (word a, word b, struct v8_slot *slot), (a, b))
PLAIN(3, (word a, word b, word c, struct v8_slot *slot), (a, b, c))
PLAIN(4, (word a, word b, word c, word d, struct v8_slot *slot), (a, b, c, d))
PLAIN(5, (word a, word b, word c, word d, word e, struct v8_slot *slot), (a, b, c, d, e))
PLAIN(6, (word a, word b, word c, word d, word e, word f, struct v8_slot *slot),
      (a, b, c, d, e, f))

ISOLATE(1, (void *isolate, struct v8_slot *slot), (SHADOW))
ISOLATE(2, (void *isolate, word b, struct v8_slot *slot), (SHADOW, b))
ISOLATE(3, (void *isolate, word b, word c, struct v8_slot *slot), (SHADOW, b, c))
ISOLATE(4, (void *isolate, word b, word c, word d, struct v8_slot *slot), (SHADOW, b, c, d))
ISOLATE(5, (void *isolate, word b, word c, word d, word e, struct v8_slot *slot),
        (SHADOW, b, c, d, e))
