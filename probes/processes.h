/* SPDX-License-Identifier: MIT */
/*
 * All processes of this machine and the engines in them, read again and again: what was learnt of a
 * file stays known, and a snapshot costs a few system calls for each mapping.
 */
#ifndef ENGRAFT_PROCESSES_H
#define ENGRAFT_PROCESSES_H

#include <sys/types.h>

#include "deep.h"

/* The functions of struct engraft_deep_table with these names. */
struct deep_processes *processes_create(void);
enum engraft_status processes_read(struct deep_processes *processes, struct engraft_error *reterr);
void processes_destroy(struct deep_processes *processes);

/* ---- process_maps.c: which objects a process has loaded, without allocation for each ---- */

/* An object: mappings of one file that follow each other. */
struct process_object {
    uint64_t start, end; /* of its first mapping */
    uint64_t offset;     /* file offset of that */
    dev_t device;
    uint64_t inode;
    bool executable; /* some mapping of it is */
    /* As a dynamic linker (or an emulator, whose guest is not executable for the host) maps an
     * object, and not as a tool that reads one. */
    bool loaded;
};

struct process_mapping {
    uint64_t start, end, offset, inode;
    dev_t device;
    bool executable, writable, shared;
    char *path; /* NULL: to be asked for */
};

/* A walk, reused from process to process: set `directory`, the rest starts as zeroes. */
struct process_maps {
    int directory;       /* an open /proc */
    bool no_query;       /* the kernel has no PROCMAP_QUERY */
    char *text;          /* of /proc/PID/maps, where that has to be parsed */
    size_t room, length;
    int fd;              /* of /proc/PID/maps */
    char *rest;          /* text that was not walked yet */
    uint64_t at;         /* address up to which the kernel was asked */
    bool pending;        /* whether there is a next mapping */
    struct process_mapping next;
    char *path;          /* of the object that was told last */
    char name[4096];
};

enum process_maps_status {
    PROCESS_MAPS_OK,
    PROCESS_MAPS_NONE,   /* no memory: a kernel thread, a zombie, or the process is gone */
    PROCESS_MAPS_FAILED, /* errno says why */
};

/* Starts a walk through the objects of a process. After OK, process_maps_end() has to follow. */
enum process_maps_status process_maps_begin(struct process_maps *maps, pid_t pid);
/* The next object; false at the end of them. */
bool process_maps_next(struct process_maps *maps, struct process_object *ret_object);
/* The path of the object that was told last, as the kernel writes it, with "\012" decoded and
 * " (deleted)" kept; lives until the next call. NULL: the process changed meanwhile. */
char *process_maps_path(struct process_maps *maps, const struct process_object *object);
void process_maps_end(struct process_maps *maps);
void process_maps_release(struct process_maps *maps);

/* ---- process_place.c: who a process belongs to and where it runs ---- */

/*
 * container_in_cgroup() - the container in the text of /proc/PID/cgroup (which it changes): the id of
 * Docker, Podman, containerd, CRI-O and Kubernetes, the name of LXC and systemd-nspawn.
 * False: none of its paths has one.
 */
bool container_in_cgroup(char *text, char *ret_name, size_t size);

/* Our own root and mounts, to compare with. */
struct process_place {
    dev_t root_device, mounts_device;
    uint64_t root_inode, mounts_inode;
};
void process_place_of_self(struct process_place *ret_place);

/* Container's id or name, "chroot", "namespace" or "". */
void process_container(pid_t pid, const struct process_place *own, char *ret_name, size_t size);
/* Of the first thread: state letter and the kernel's task flags; false with errno. */
bool process_state(pid_t pid, char *ret_state, unsigned long *ret_flags);
#define PROCESS_KERNEL_THREAD 0x00200000ul /* PF_KTHREAD */
/* Effective user; false when the process is gone. */
bool process_user(pid_t pid, unsigned *ret_uid);

#endif
