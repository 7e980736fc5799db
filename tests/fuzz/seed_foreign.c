/* SPDX-License-Identifier: MIT */
/* Writes objects of other classes and byte orders, and cores, to the directory of its argument. */
#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/probes/foreign_object.h"

static void write_file(const char *path, unsigned char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");

    if (!file || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        exit(1);
    free(bytes);
}

int main(int argc, char **argv)
{
    static const struct foreign_kind native = {"native", EM_X86_64, false, false, FOREIGN_GNU,
                                               false, true, R_X86_64_RELATIVE};

    for (size_t i = 0; argc == 2 && i <= foreign_kind_count; i++) {
        const struct foreign_kind *kind = i ? &foreign_kinds[i - 1] : &native;
        char object[4096], core[4096];
        unsigned char *bytes;
        size_t size;

        snprintf(object, sizeof object, "%s/%s.so", argv[1], kind->name);
        snprintf(core, sizeof core, "%s/%s.core", argv[1], kind->name);
        foreign_object(kind, &bytes, &size);
        write_file(object, bytes, size);
        foreign_core(kind, i % 2 ? object : "/there is no such file", 0, &bytes, &size);
        write_file(core, bytes, size);
    }
    return argc != 2;
}
