/* SPDX-License-Identifier: MIT */
/* Who a process belongs to and where it runs: asked only for processes with an engine. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "error.h"
#include "processes.h"
#include "readers.h"

#define PROC_FILE_MAX 65536
#define CONTAINER_ID 64 /* hexadecimal digits of a SHA-256 */

/* ---- the control group ---- */

/* "docker-ID.scope", "cri-containerd-ID.scope", "slice:cri-containerd:ID", "libpod-ID", "ID" */
static bool is_container_id(const char *part, char *ret_name, size_t size)
{
    size_t length = strlen(part), ending = strlen(".scope");
    const char *id;

    if (length > ending && strcmp(part + length - ending, ".scope") == 0)
        length -= ending;
    if (length < CONTAINER_ID)
        return false;
    id = part + length - CONTAINER_ID;
    if (id > part && id[-1] != '-' && id[-1] != ':')
        return false;
    if (strspn(id, "0123456789abcdef") < CONTAINER_ID)
        return false;
    text_format(ret_name, size, "%.*s", CONTAINER_ID, id);
    return true;
}

/* systemd writes bytes that a unit's name must not have as \x2d. */
static void unit_unescape(char *name)
{
    char *to = name;

    for (; *name; name++) {
        if (name[0] == '\\' && name[1] == 'x' && isxdigit((unsigned char)name[2]) &&
            isxdigit((unsigned char)name[3])) {
            char digits[3] = {name[2], name[3], '\0'};
            char byte = (char)strtol(digits, NULL, 16);

            *to++ = byte ? byte : '?';
            name += 3;
        } else {
            *to++ = *name;
        }
    }
    *to = '\0';
}

/* The middle of `part` between a known start and end. */
static bool is_between(const char *part, const char *start, const char *end, char *ret_name,
                       size_t size)
{
    size_t length = strlen(part), before = strlen(start), after = strlen(end);

    if (length <= before + after || strncmp(part, start, before) != 0 ||
        strcmp(part + length - after, end) != 0)
        return false;
    text_format(ret_name, size, "%.*s", (int)(length - before - after), part + before);
    unit_unescape(ret_name);
    return ret_name[0] != '\0';
}

static bool is_container(const char *part, const char *parent, char *ret_name, size_t size)
{
    return is_container_id(part, ret_name, size) ||
           is_between(part, "lxc.payload.", "", ret_name, size) ||
           (strcmp(parent, "lxc") == 0 && is_between(part, "", "", ret_name, size)) ||
           (strcmp(parent, "lxc.payload") == 0 && is_between(part, "", "", ret_name, size)) ||
           (strcmp(parent, "machine.slice") == 0 &&
            (is_between(part, "machine-", ".scope", ret_name, size) ||
             is_between(part, "systemd-nspawn@", ".service", ret_name, size)));
}

/* The innermost container of a path. */
static bool container_in_path(char *path, char *ret_name, size_t size)
{
    const char *parent = "";
    char *rest = NULL;
    bool found = false;

    for (char *part = strtok_r(path, "/", &rest); part; part = strtok_r(NULL, "/", &rest)) {
        found |= is_container(part, parent, ret_name, size);
        parent = part;
    }
    return found;
}

bool container_in_cgroup(char *text, char *ret_name, size_t size)
{
    char *rest = NULL;

    /* number:controllers:path */
    for (char *line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        char *path = strchr(line, ':');

        path = path ? strchr(path + 1, ':') : NULL;
        if (path && container_in_path(path + 1, ret_name, size))
            return true;
    }
    return false;
}

/* ---- root and mounts ---- */

static bool place_read(const char *process, struct process_place *ret_place)
{
    struct file_facts root, mounts;
    char path[64];

    text_format(path, sizeof path, "/proc/%s/root", process);
    if (!file_facts_read(-1, path, &root))
        return false;
    text_format(path, sizeof path, "/proc/%s/ns/mnt", process);
    if (!file_facts_read(-1, path, &mounts))
        return false;
    *ret_place = (struct process_place){
        .root_device = root.device,
        .root_inode = root.inode,
        .mounts_device = mounts.device,
        .mounts_inode = mounts.inode,
    };
    return true;
}

void process_place_of_self(struct process_place *ret_place)
{
    if (!place_read("self", ret_place))
        memset(ret_place, 0, sizeof *ret_place);
}

void process_container(pid_t pid, const struct process_place *own, char *ret_name, size_t size)
{
    struct process_place place;
    char path[64], *text;
    size_t length;
    bool found;

    ret_name[0] = '\0';
    text_format(path, sizeof path, "/proc/%d/cgroup", (int)pid);
    text = proc_read(path, PROC_FILE_MAX, &length);
    found = text && container_in_cgroup(text, ret_name, size);
    free(text);
    if (found || own->root_inode == 0)
        return;
    text_format(path, sizeof path, "%d", (int)pid);
    if (!place_read(path, &place))
        return;
    if (place.root_inode != own->root_inode || place.root_device != own->root_device)
        text_format(ret_name, size, "chroot");
    else if (place.mounts_inode != own->mounts_inode || place.mounts_device != own->mounts_device)
        text_format(ret_name, size, "namespace");
}

/* "pid (command) S ...": the command may hold anything, the flags are the ninth field. */
bool process_state(pid_t pid, char *ret_state, unsigned long *ret_flags)
{
    char path[64], *text, *at;
    size_t length;
    bool known = false;

    text_format(path, sizeof path, "/proc/%d/stat", (int)pid);
    text = proc_read(path, PROC_FILE_MAX, &length);
    at = text ? strrchr(text, ')') : NULL;
    if (at && at[1] == ' ' && at[2]) {
        *ret_state = at[2];
        at += 3;
        for (int field = 3; field < 8 && *at; field++)
            at = at + 1 + strcspn(at + 1, " ");
        *ret_flags = strtoul(at, NULL, 10);
        known = true;
    }
    if (text && !known)
        errno = EIO;
    free(text);
    return known;
}

/* "Uid:\treal\teffective\t..." */
bool process_user(pid_t pid, unsigned *ret_uid)
{
    char path[64], *text, *line;
    size_t length;
    bool known = false;

    text_format(path, sizeof path, "/proc/%d/status", (int)pid);
    text = proc_read(path, PROC_FILE_MAX, &length);
    line = text ? strstr(text, "\nUid:") : NULL;
    if (line) {
        line += strlen("\nUid:");
        strtoul(line, &line, 10);
        *ret_uid = (unsigned)strtoul(line, NULL, 10);
        known = true;
    }
    free(text);
    return known;
}
