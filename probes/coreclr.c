/* SPDX-License-Identifier: MIT */
/* .NET's version, from that of its files. */
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "facts.h"

#define CORE_3_1 "4.700." /* the files of .NET Core 3.1: 4.700.22.30802, without its patch */

/* 8.0.3026.36720 is 8.0.30 of 2026: the third number is the patch and the year's last two digits. */
static bool version_convert(const char *file, char *text, size_t size)
{
    char *end;
    unsigned long major = strtoul(file, &end, 10), minor, build;

    if (strncmp(file, CORE_3_1, strlen(CORE_3_1)) == 0) {
        text_format(text, size, "3.1");
        return true;
    }
    if (major < 5 || *end != '.')
        return false;
    minor = strtoul(end + 1, &end, 10);
    if (*end != '.')
        return false;
    build = strtoul(end + 1, &end, 10);
    if (*end != '.' || build < 100)
        return false;
    text_format(text, size, "%lu.%lu.%lu", major, minor, build / 100);
    return true;
}

bool coreclr_identify(struct examination *examination)
{
    char *version = examination->instance->abi.version;
    char file[sizeof examination->instance->abi.version];

    text_format(file, sizeof file, "%s", version);
    if (!version_convert(file, version, sizeof file))
        *version = '\0';
    return true;
}
