/* SPDX-License-Identifier: MIT */
/*
 * What loading a plugin costs from outside: dlopen() to its return, and dlclose() not counted.
 *
 *     load ROUNDS ENGINE|- KEY=PLUGIN...
 *
 * Knows nothing of engraft: whether it is preloaded is for the caller to say. Prints
 * "load-KEY NANOSECONDS", medians.
 */
#include <string.h>

#include "measure.h"

#define VARIANT_MAX 4

int main(int argc, char **argv)
{
    static struct samples times[VARIANT_MAX];
    unsigned rounds = argc > 3 ? (unsigned)strtoul(argv[1], NULL, 10) : 0;
    int count = argc - 3;

    if (!rounds || count > VARIANT_MAX)
        fail("usage", "load ROUNDS ENGINE|- KEY=PLUGIN...");
    pin_to_cpu();
    if (strcmp(argv[2], "-") != 0)
        open_or_fail(argv[2], RTLD_NOW | RTLD_LOCAL);
    for (unsigned i = 0; i < rounds * (unsigned)count; i++) {
        char *path = strchr(argv[3 + i % (unsigned)count], '=');
        double start = now();
        void *handle = open_or_fail(path ? path + 1 : "", RTLD_NOW | RTLD_LOCAL);

        if (i >= (unsigned)count) /* the first load of each fills caches */
            sample_add(&times[i % (unsigned)count], now() - start);
        dlclose(handle);
    }
    for (int i = 0; i < count; i++)
        printf("load-%.*s %.0f\n", (int)strcspn(argv[3 + i], "="), argv[3 + i],
               samples_median(&times[i]));
    return 0;
}
