/* SPDX-License-Identifier: MIT */
/*
 * -DFAKE_NAME="host" -DFAKE_NUMBER=1 say which copy this is; -DFAKE_PARTS picks what goes into this
 * module: 1 functions, 2 data (4, the class, is fake_class.cc).
 */
#include "fake.h"

#include <stdarg.h>
#include <stdio.h>

#ifndef FAKE_PARTS
#define FAKE_PARTS 3
#endif

#if FAKE_PARTS & 1

int fake_ready;
int fake_finalised;

__attribute__((constructor)) static void initialise(void)
{
    dprintf(1, "engine: initialised = %s\n", FAKE_NAME);
}

__attribute__((destructor)) static void finalise(void)
{
    fake_finalised = 1;
    dprintf(1, "engine: finalised = %s\n", FAKE_NAME);
}

void fake_start(void) { fake_ready = 1; }

const char *fake_copy(void) { return FAKE_NAME; }

static const char *indirect(void) { return FAKE_NAME; }

static const char *(*indirect_resolve(void))(void) { return indirect; }

const char *fake_indirect(void) __attribute__((ifunc("indirect_resolve")));

#ifdef FAKE_VERSIONED
/* Two versions of one symbol; fake.map is the version script. */
const char *fake_versioned_1(void) { return FAKE_NAME "/1"; }
const char *fake_versioned_2(void) { return FAKE_NAME "/2"; }
__asm__(".symver fake_versioned_1, fake_versioned@FAKE_1");
__asm__(".symver fake_versioned_2, fake_versioned@@FAKE_2");
#endif

#ifdef FAKE_NEWER
const char *fake_newer(int value);
int fake_newer_data = 1;

const char *fake_newer(int value) { return value ? FAKE_NAME : ""; }
#endif

#ifdef FAKE_TLS
__thread int fake_tls = FAKE_NUMBER;
#endif

const char *fake_averages(double expected, int count, ...)
{
    va_list values;
    double sum = 0;

    va_start(values, count);
    for (int i = 0; i < count; i++)
        sum += va_arg(values, double);
    va_end(values);
    return sum / count == expected ? FAKE_NAME : "wrong";
}

struct fake_large fake_large_result(void)
{
    struct fake_large large = {FAKE_NAME, {1, 2, 3, 4, 5, 6, 7}};

    return large;
}

int fake_counter_get(void) { return fake_counter; }

const char *fake_copy_of_number(int number)
{
    return number == 1 ? "host" : number == 2 ? "hostile" : number == 3 ? "other" : "wrong";
}

#endif

#if FAKE_PARTS & 2

#define ROW FAKE_NUMBER * 100

const char fake_name[16] = FAKE_NAME;
int fake_table[8] = {ROW, ROW + 1, ROW + 2, ROW + 3, ROW + 4, ROW + 5, ROW + 6, ROW + 7};
int fake_counter;

#endif
