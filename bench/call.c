/* SPDX-License-Identifier: MIT */
/*
 * What a call costs that engraft has bound, against calls that ld.so has bound: one call site in a
 * loop, and as many call sites as functions, one after the other.
 *
 *     call ROUNDS ENGINE KEY=PLUGIN...
 *
 * All plugins are made of the same objects and reach the same functions of ENGINE, which is loaded
 * RTLD_LOCAL: those that are linked to a stub have no other way to it than engraft. Prints
 * "call-KEY-SITES NANOSECONDS" for one call: the minimum of many interleaved runs.
 */
#include <string.h>

#include "measure.h"

#define VARIANT_MAX 8
#define SITES 4096 /* bench/inputs makes as many functions */

struct variant {
    const char *key;
    long (*one)(long value, long count);
    long (*many)(long value);
    struct samples one_time, many_time;
};

static struct variant variants[VARIANT_MAX];
static unsigned variant_count;

static void variant_add(char *argument)
{
    char *path = strchr(argument, '=');
    struct variant *variant = &variants[variant_count++];
    void *handle;

    if (!path || variant_count > VARIANT_MAX)
        fail("usage", "call ROUNDS ENGINE KEY=PLUGIN...");
    *path++ = '\0';
    variant->key = argument;
    handle = open_or_fail(path, RTLD_NOW | RTLD_LOCAL);
    *(void **)&variant->one = symbol_or_fail(handle, "bench_one");
    *(void **)&variant->many = symbol_or_fail(handle, "bench_many");
    if (variant->many(0) != SITES || variant->one(0, 10) != 10)
        fail(path, "calls do not arrive");
}

static void variant_run(struct variant *variant)
{
    enum { CALLS = 20000, SWEEPS = 8 };
    double start = now(), middle;

    variant->one(0, CALLS);
    middle = now();
    sample_add(&variant->one_time, (middle - start) / CALLS);
    variant->many(0); /* the others have taken the caches */
    start = now();
    for (unsigned i = 0; i < SWEEPS; i++)
        variant->many(0);
    sample_add(&variant->many_time, (now() - start) / (SWEEPS * SITES));
}

int main(int argc, char **argv)
{
    unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

    if (!rounds)
        fail("usage", "call ROUNDS ENGINE KEY=PLUGIN...");
    pin_to_cpu();
    open_or_fail(argv[2], RTLD_NOW | RTLD_LOCAL);
    for (int i = 3; i < argc; i++)
        variant_add(argv[i]);
    for (unsigned i = 0; i < rounds; i++)
        for (unsigned j = 0; j < variant_count; j++) /* each stands behind each other in turn */
            variant_run(&variants[(i + j) % variant_count]);
    for (unsigned i = 0; i < variant_count; i++) {
        printf("call-%s-1 %.4f\n", variants[i].key, samples_minimum(&variants[i].one_time));
        printf("call-%s-%d %.4f\n", variants[i].key, SITES,
               samples_minimum(&variants[i].many_time));
    }
    return 0;
}
