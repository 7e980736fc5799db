/* SPDX-License-Identifier: MIT */
#include "ticks.h"

#include <errno.h>
#include <stdlib.h>

static const long second = 1000000000;

static int64_t between(const struct timespec *from, const struct timespec *to)
{
    return (to->tv_sec - from->tv_sec) * (int64_t)second + (to->tv_nsec - from->tv_nsec);
}

bool ticks_init(struct ticks *ticks, size_t capacity, unsigned rate)
{
    *ticks = (struct ticks){.capacity = capacity, .period = rate ? second / (long)rate : 0};
    ticks->taken = calloc(capacity ? capacity : 1, sizeof(*ticks->taken));
    clock_gettime(CLOCK_MONOTONIC, &ticks->due);
    return ticks->taken != NULL;
}

void ticks_deinit(struct ticks *ticks)
{
    free(ticks->taken);
}

void ticks_wait(struct ticks *ticks)
{
    if (!ticks->period)
        return;
    ticks->due.tv_nsec += ticks->period;
    if (ticks->due.tv_nsec >= second) {
        ticks->due.tv_nsec -= second;
        ticks->due.tv_sec++;
    }
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &ticks->due, NULL) == EINTR)
        continue;
}

void ticks_begin(struct ticks *ticks)
{
    clock_gettime(CLOCK_MONOTONIC, &ticks->began);
}

void ticks_end(struct ticks *ticks)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    if (ticks->count < ticks->capacity)
        ticks->taken[ticks->count++] = (uint32_t)between(&ticks->began, &now);
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

struct tick_times ticks_summary(struct ticks *ticks, size_t skip)
{
    uint32_t *taken = ticks->taken + (skip < ticks->count ? skip : 0);
    size_t count = ticks->count - (size_t)(taken - ticks->taken);
    double sum = 0;

    if (count == 0)
        return (struct tick_times){0};
    qsort(taken, count, sizeof(*taken), compare);
    for (size_t i = 0; i < count; i++)
        sum += taken[i];
    return (struct tick_times){
        .p50 = taken[count / 2] / 1e3,
        .p99 = taken[count * 99 / 100] / 1e3,
        .max = taken[count - 1] / 1e3,
        .mean = sum / (double)count / 1e3,
    };
}
