/* SPDX-License-Identifier: MIT */
/* What the benchmarks share: one CPU, a clock, medians. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <dlfcn.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define REPETITIONS_MAX 4096

/* Values of one variant. Every variant of a comparison is measured once in each round, so that
 * what disturbs the machine for a while disturbs all of them. */
struct samples {
    double values[REPETITIONS_MAX];
    unsigned count;
};

/* The last CPU that this process may use: the first serves most interrupts. */
static inline void pin_to_cpu(void)
{
    cpu_set_t allowed, one;

    if (sched_getaffinity(0, sizeof allowed, &allowed) != 0)
        return;
    for (size_t cpu = CPU_SETSIZE; cpu-- > 0;)
        if (CPU_ISSET(cpu, &allowed)) {
            CPU_ZERO(&one);
            CPU_SET(cpu, &one);
            sched_setaffinity(0, sizeof one, &one);
            return;
        }
}

static inline double now(void) /* ns */
{
    struct timespec time;

    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static inline void sample_add(struct samples *samples, double value)
{
    if (samples->count < REPETITIONS_MAX)
        samples->values[samples->count++] = value;
}

static inline int double_compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static inline double samples_median(struct samples *samples)
{
    qsort(samples->values, samples->count, sizeof *samples->values, double_compare);
    return samples->count ? samples->values[samples->count / 2] : 0;
}

static inline double samples_minimum(struct samples *samples)
{
    samples_median(samples);
    return samples->count ? samples->values[0] : 0;
}

__attribute__((noreturn)) static inline void fail(const char *what, const char *why)
{
    fprintf(stderr, "bench: %s: %s\n", what, why ? why : "failed");
    exit(1);
}

/* The number that a command prints. */
static inline size_t number_from(const char *command)
{
    FILE *output = popen(command, "r");
    size_t number = 0;

    if (!output || fscanf(output, "%zu", &number) != 1)
        fail(command, "says nothing");
    pclose(output);
    return number;
}

static inline void *open_or_fail(const char *path, int flags)
{
    void *handle = dlopen(path, flags);

    if (!handle)
        fail(path, dlerror());
    return handle;
}

static inline void *symbol_or_fail(void *handle, const char *name)
{
    void *address = dlsym(handle, name);

    if (!address)
        fail(name, dlerror());
    return address;
}

#endif
