/* SPDX-License-Identifier: MIT */
#include "program.h"

#include <elf.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "output.h"

/* The kernel follows no more interpreters than this either (BINPRM_MAX_RECURSION). */
#define INTERPRETER_DEPTH 5
/* BINPRM_BUF_SIZE: what the kernel reads of a script's first line. */
#define FIRST_LINE 256

static bool find_on_path(const char *name, char *ret_path)
{
    const char *path = getenv("PATH");

    if (strchr(name, '/'))
        return snprintf(ret_path, PATH_MAX, "%s", name) < PATH_MAX;
    for (const char *part = path ? path : "/bin:/usr/bin"; part; ) {
        const char *end = strchrnul(part, ':');
        int length = snprintf(ret_path, PATH_MAX, "%.*s%s%s", (int)(end - part), part,
                              end == part ? "" : "/", name);

        if (length < PATH_MAX && access(ret_path, X_OK) == 0)
            return true;
        part = *end ? end + 1 : NULL;
    }
    return false;
}

/*
 * Whether the kernel would start it in secure-execution mode (AT_SECURE), in which the dynamic
 * linker ignores LD_PRELOAD and engraft its variables. The bits mean nothing on a mount with
 * nosuid; then the warning is one too many, which is better than one too few.
 */
static const char *privilege(const char *path, int fd)
{
    struct stat status;

    if (fstat(fd, &status) != 0)
        return NULL;
    if ((status.st_mode & S_ISUID) && status.st_uid != getuid())
        return "is set-user-ID";
    if ((status.st_mode & S_ISGID) && (status.st_mode & S_IXGRP) && status.st_gid != getgid())
        return "is set-group-ID";
    if (getuid() != 0 && getxattr(path, "security.capability", NULL, 0) > 0)
        return "has file capabilities";
    return NULL;
}

/* The header of this command stands for what the preloaded library is made for. */
static bool read_own_header(Elf64_Ehdr *ret_header)
{
    int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    bool whole;

    if (fd < 0)
        return false;
    whole = pread(fd, ret_header, sizeof(*ret_header), 0) == (ssize_t)sizeof(*ret_header);
    close(fd);
    return whole;
}

static bool same_machine(const Elf64_Ehdr *header)
{
    Elf64_Ehdr own;

    return !read_own_header(&own) ||
           (header->e_ident[EI_CLASS] == own.e_ident[EI_CLASS] &&
            header->e_ident[EI_DATA] == own.e_ident[EI_DATA] &&
            header->e_machine == own.e_machine);
}

enum interpreter { INTERPRETER_UNKNOWN, INTERPRETER_NONE, INTERPRETER_NAMED };

static enum interpreter read_interpreter(int fd, const Elf64_Ehdr *header, char *ret_path,
                                         size_t size)
{
    for (unsigned i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        off_t offset = (off_t)(header->e_phoff + (uint64_t)i * header->e_phentsize);
        ssize_t length;

        if (pread(fd, &segment, sizeof(segment), offset) != (ssize_t)sizeof(segment))
            return INTERPRETER_UNKNOWN;
        if (segment.p_type != PT_INTERP)
            continue;
        length = pread(fd, ret_path, segment.p_filesz < size ? segment.p_filesz : size - 1,
                       (off_t)segment.p_offset);
        if (length <= 0)
            return INTERPRETER_UNKNOWN;
        ret_path[length] = '\0';
        return INTERPRETER_NAMED;
    }
    return INTERPRETER_NONE;
}

/* `ld.so PROGRAM` honours LD_PRELOAD for PROGRAM, though it has no interpreter itself. */
static bool is_dynamic_linker(const char *path)
{
    const char *name = file_name(path);

    return !strncmp(name, "ld-linux", 8) || !strncmp(name, "ld-2.", 5) || !strcmp(name, "ld.so");
}

static void describe_elf(const char *path, int fd, const Elf64_Ehdr *header)
{
    char interpreter[PATH_MAX];

    if (!same_machine(header)) {
        print_problem(path,
                      "is %s: libengraft-preload.so is not made for it and stays out (ld.so may "
                      "say so); it starts without engraft, programs it starts can still get it",
                      header->e_ident[EI_CLASS] == ELFCLASS32 ? "a 32-bit program"
                                                              : "a program for another machine");
        return;
    }
    switch (read_interpreter(fd, header, interpreter, sizeof(interpreter))) {
    case INTERPRETER_UNKNOWN:
        break;
    case INTERPRETER_NONE:
        if (!is_dynamic_linker(path))
            print_problem(path, "is statically linked: no dynamic linker reads LD_PRELOAD; it "
                                "starts without engraft, programs it starts can still get it");
        break;
    case INTERPRETER_NAMED:
        if (!strncmp(file_name(interpreter), "ld-musl-", 8))
            print_problem(path,
                          "is linked with musl (%s): libengraft-preload.so is made for glibc and "
                          "musl may refuse to start the program with it",
                          interpreter);
        break;
    }
}

static void describe_file(const char *path, unsigned depth);

/* "#! /path argument": the program that the kernel starts is the one that is named there. */
static void describe_script(const char *path, char *line, unsigned depth)
{
    char *interpreter = line + 2 + strspn(line + 2, " \t");

    interpreter[strcspn(interpreter, " \t\n")] = '\0';
    if (!interpreter[0])
        return;
    print_problem(path, "is a script: what counts is its interpreter %s, and the programs that "
                        "it starts", interpreter);
    describe_file(interpreter, depth + 1);
}

static void describe_file(const char *path, unsigned depth)
{
    union {
        Elf64_Ehdr header;
        char line[FIRST_LINE + 1];
    } start = { .line = "" };
    const char *privileged;
    int fd = depth < INTERPRETER_DEPTH ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
    ssize_t length;

    if (fd < 0)
        return;
    length = pread(fd, start.line, FIRST_LINE, 0);
    privileged = privilege(path, fd);
    if (length >= 2 && !memcmp(start.line, "#!", 2)) {
        describe_script(path, start.line, depth);
    } else if (length >= (ssize_t)sizeof(start.header) &&
               !memcmp(start.line, ELFMAG, SELFMAG)) {
        if (privileged)
            print_problem(path, "%s: in secure-execution mode LD_PRELOAD and ENGRAFT_* are "
                                "ignored; it starts without engraft. Start it as the user it "
                                "belongs to instead", privileged);
        describe_elf(path, fd, &start.header);
    }
    close(fd);
}

void program_describe(const char *name)
{
    char path[PATH_MAX];

    if (find_on_path(name, path))
        describe_file(path, 0);
}
