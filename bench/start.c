/* SPDX-License-Identifier: MIT */
/*
 * What a program costs from start to end, with and without a preloaded library, in turn.
 *
 *     start ROUNDS KEY LIBRARY COMMAND...
 *
 * Prints "start-KEY-native NANOSECONDS" and "start-KEY-preload NANOSECONDS", medians.
 */
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

#include "measure.h"

extern char **environ;

static double run(char **command)
{
    double start = now();
    pid_t child;
    int status;

    if (posix_spawnp(&child, command[0], NULL, NULL, command, environ) != 0 ||
        waitpid(child, &status, 0) != child || status != 0)
        fail(command[0], "does not run");
    return now() - start;
}

int main(int argc, char **argv)
{
    static struct samples native, preload;
    unsigned rounds = argc > 4 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;

    if (!rounds)
        fail("usage", "start ROUNDS KEY LIBRARY COMMAND...");
    for (unsigned i = 0; i <= rounds; i++) {
        double plain, preloaded;

        unsetenv("LD_PRELOAD");
        plain = run(argv + 4);
        setenv("LD_PRELOAD", argv[3], 1);
        preloaded = run(argv + 4);
        if (i > 0) { /* the first reads files */
            sample_add(&native, plain);
            sample_add(&preload, preloaded);
        }
    }
    printf("start-%s-native %.0f\n", argv[2], samples_median(&native));
    printf("start-%s-preload %.0f\n", argv[2], samples_median(&preload));
    return 0;
}
