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
    ticks->used = calloc(capacity ? capacity : 1, sizeof(*ticks->used));
    clock_gettime(CLOCK_MONOTONIC, &ticks->due);
    return ticks->taken && ticks->used;
}

void ticks_deinit(struct ticks *ticks)
{
    free(ticks->taken);
    free(ticks->used);
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
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ticks->began_used);
}

void ticks_end(struct ticks *ticks)
{
    struct timespec now, used;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used);
    clock_gettime(CLOCK_MONOTONIC, &now);
    if (ticks->count == ticks->capacity)
        return;
    ticks->taken[ticks->count] = (uint32_t)between(&ticks->began, &now);
    ticks->used[ticks->count++] = (uint32_t)between(&ticks->began_used, &used);
}

static int compare(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

struct tick_times ticks_summary(const struct ticks *ticks, uint32_t *times, size_t skip)
{
    size_t first = skip < ticks->count ? skip : 0;
    size_t count = ticks->count - first;

    if (count == 0)
        return (struct tick_times){0};
    times += first;
    qsort(times, count, sizeof(*times), compare);
    return (struct tick_times){
        .p50 = times[count / 2] / 1e3,
        .p99 = times[count * 99 / 100] / 1e3,
        .max = times[count - 1] / 1e3,
    };
}
