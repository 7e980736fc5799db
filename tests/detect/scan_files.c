/* SPDX-License-Identifier: MIT */
/*
 * scan_files DIRECTORY...: the engines of every ELF file below, one line each: path, engine,
 * version, linkage, symbols, with tabs between them. A file that cannot be read is a line with "-"
 * and why. "#" begins the last line, which counts. Two processes share the files.
 */
#include <fcntl.h>
#include <fts.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engraft.h"

#define SHARES 2

static const char *const linkages[] = { "?", "executable", "shared", "static" };
static const char *const places[] = { "none", "dynamic", "symtab", "debug" };

static bool is_elf(const char *path)
{
    char magic[4];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    bool is;

    if (fd < 0)
        return false;
    is = pread(fd, magic, sizeof(magic), 0) == sizeof(magic) &&
         memcmp(magic, "\177ELF", sizeof(magic)) == 0;
    close(fd);
    return is;
}

static void scan_file(const char *path)
{
    struct engraft_engine engine = { .size = sizeof(engine) };
    struct engraft_target *target;
    struct engraft_error error;

    if (engraft_target_open(path, &target, &error) != ENGRAFT_OK) {
        printf("%s\t-\t%s\n", path, error.reason);
        return;
    }
    for (size_t i = 0; engraft_target_engine(target, i, &engine) == ENGRAFT_OK; i++)
        printf("%s\t%s\t%s\t%s\t%s\n", path, engine.engine,
               engine.version ? engine.version : "null", linkages[engine.linkage],
               places[engine.symbols]);
    engraft_target_close(target);
}

static bool is_of_share(const char *path, unsigned share)
{
    unsigned sum = 0;

    for (; *path; path++)
        sum = sum * 31 + (unsigned char)*path;
    return sum / 7 % SHARES == share;
}

/* Scans what is one share of the files below `directories`. */
static int scan_share(char *const *directories, unsigned share)
{
    FTS *tree = fts_open(directories, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    unsigned long count = 0;

    if (!tree)
        return 1;
    for (FTSENT *entry; (entry = fts_read(tree));)
        if (entry->fts_info == FTS_F && is_of_share(entry->fts_path, share) &&
            is_elf(entry->fts_path)) {
            scan_file(entry->fts_path);
            count++;
        }
    fts_close(tree);
    printf("#\t%lu\n", count);
    return fflush(stdout) == 0 ? 0 : 1;
}

int main(int argc, char **argv)
{
    static char buffer[1 << 16]; /* whole lines only, so that two processes can share a file */
    pid_t children[SHARES];
    int failed = argc < 2;

    setvbuf(stdout, buffer, _IOLBF, sizeof(buffer));
    for (unsigned i = 0; i < SHARES && !failed; i++) {
        children[i] = fork();
        if (children[i] == 0)
            exit(scan_share(argv + 1, i));
        failed = children[i] < 0;
    }
    for (unsigned i = 0; i < SHARES && !failed; i++) {
        int status;

        failed = waitpid(children[i], &status, 0) < 0 || status != 0;
    }
    return failed;
}
