/* SPDX-License-Identifier: MIT */
/* What both plugins share: saying which copy of the engine a reference reached. */
#ifndef REPORT_H
#define REPORT_H

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

#ifndef PLUGIN_NAME
#define PLUGIN_NAME "plugin"
#endif

#ifdef PLUGIN_HIDDEN
#define EXPORTED
#else
#define EXPORTED extern "C" __attribute__((visibility("default")))
#endif

static void say(const char *what, const char *copy)
{
    dprintf(1, PLUGIN_NAME ": %s = %s\n", what, copy);
}

/* The copy that an address lies in, told by the file: "libhost-fake.so" -> "host". The programs
 * "host-exe" and "node" are the host too; libnode.so.108 is what a plugin NEEDs. */
static const char *copy_at(const void *address)
{
    static __thread char text[32];
    Dl_info info;
    const char *name;

    if (!address)
        return "null";
    if (!dladdr(address, &info) || !info.dli_fname)
        return "nowhere";
    name = strrchr(info.dli_fname, '/') ? strrchr(info.dli_fname, '/') + 1 : info.dli_fname;
    if (strcmp(name, "node") == 0)
        return "host";
    if (strncmp(name, "libnode.so.108", 14) == 0)
        return "other";
    name += strncmp(name, "lib", 3) == 0 ? 3 : 0;
    snprintf(text, sizeof text, "%.*s", (int)strcspn(name, "-."), name);
    return text;
}

/* Where the plugin opens another one in its constructor. */
#ifdef PLUGIN_NESTED
#include "door.h"

static void nested_open(void)
{
    char path[4096], reason[2048];
    Dl_info info;
    void *handle;

    dladdr((const void *)nested_open, &info);
    snprintf(path, sizeof path, "%.*s" PLUGIN_NESTED,
             (int)(strrchr(info.dli_fname, '/') + 1 - info.dli_fname), info.dli_fname);
    handle = door_open(path, RTLD_NOW, reason, sizeof reason);
    if (!handle) {
        say("nested", reason);
        return;
    }
    ((void (*)(void))dlsym(handle, "plugin_report"))();
}
#else
static void nested_open(void) {}
#endif

#ifdef PLUGIN_INNER
/* A private dependency that names the engine too. */
extern "C" void PLUGIN_INNER(void);
static void inner_report(void) { PLUGIN_INNER(); }
#else
static void inner_report(void) {}
#endif

#ifndef PLUGIN_ENTRY
#define PLUGIN_ENTRY plugin_report
#endif

#endif
