/* SPDX-License-Identifier: MIT */
#ifndef TICKS_H
#define TICKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/* The clock of the server: when the next tick is due, and how long the work of each one took. */
struct ticks {
    uint32_t *taken; /* nanoseconds that passed */
    uint32_t *used;  /* nanoseconds of processor time that the thread had of them */
    size_t count;
    size_t capacity;
    struct timespec due;
    struct timespec began;
    struct timespec began_used;
    long period; /* nanoseconds, 0: as fast as possible */
};

struct tick_times {
    double p50, p99, max; /* microseconds */
};

/* `rate` ticks a second, at most `capacity` of them. False without memory. */
bool ticks_init(struct ticks *ticks, size_t capacity, unsigned rate);
void ticks_deinit(struct ticks *ticks);

/* Waits until the next tick is due. After a late one the following ones are not delayed. */
void ticks_wait(struct ticks *ticks);
void ticks_begin(struct ticks *ticks);
void ticks_end(struct ticks *ticks);

/* Of `times`, which is ticks->taken or ticks->used, but for the first `skip` ticks, in which caches
   are filled and code is compiled. Sorts them. */
struct tick_times ticks_summary(const struct ticks *ticks, uint32_t *times, size_t skip);

#endif
