/* SPDX-License-Identifier: MIT */
/*
 * ps ROUNDS: what a look at all processes costs, by way of the public header. Each round begins with
 * nothing known ("first"), looks again at once ("again"), and prints
 *   ps-first NS, ps-again NS          a look at everything
 *   ps-process NS                     of the second look, for each process
 *   ps-file NS                        what the first one took longer, for each file it read
 *   ps-processes N, ps-files N        how many there were
 */
#include <stdio.h>
#include <stdlib.h>

#include "measure.h"
#include "relinker/engraft.h"

static void give_up(const struct engraft_error *error)
{
    fprintf(stderr, "ps: %s: %s\n", error->object, error->reason);
    exit(1);
}

/* One look; its time. */
static double look(struct engraft_processes *processes,
                   struct engraft_processes_summary *ret_summary)
{
    struct engraft_error error = {0};
    double start = now(), time;

    if (engraft_processes_read(processes, &error) != ENGRAFT_OK)
        give_up(&error);
    time = now() - start;
    ret_summary->size = sizeof *ret_summary;
    engraft_processes_summary(processes, ret_summary);
    return time;
}

int main(int argc, char **argv)
{
    struct engraft_processes_summary first, again;
    struct engraft_error error = {0};
    struct samples first_times = {.count = 0}, again_times = {.count = 0};
    double first_time, again_time;

    if (argc != 2)
        return 2;
    pin_to_cpu();
    for (int i = atoi(argv[1]); i > 0; i--) {
        struct engraft_processes *processes;

        if (engraft_processes_open(&processes, &error) != ENGRAFT_OK)
            give_up(&error);
        sample_add(&first_times, look(processes, &first));
        for (int more = 0; more < 5; more++)
            sample_add(&again_times, look(processes, &again));
        engraft_processes_close(processes);
    }
    first_time = samples_median(&first_times);
    again_time = samples_median(&again_times);
    if (first.read == 0 || first.files_read == 0) {
        fputs("ps: nothing was read\n", stderr);
        return 1;
    }
    printf("ps-first %.0f\nps-again %.0f\n", first_time, again_time);
    printf("ps-process %.0f\n", again_time / (double)again.read);
    printf("ps-file %.0f\n", (first_time - again_time) / (double)first.files_read);
    printf("ps-processes %zu\nps-files %zu\n", first.read, first.files_read);
    return 0;
}
