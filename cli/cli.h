/* SPDX-License-Identifier: MIT */
/*
 * The verbs of the command. A new verb is a file with one function, a declaration here and a row
 * in main.c.
 */
#ifndef ENGRAFT_CLI_H
#define ENGRAFT_CLI_H

/* Exit statuses, part of the interface: see engraft(1). */
enum {
    EXIT_OK = 0,
    EXIT_ERROR = 1,
    EXIT_USAGE = 2,
    EXIT_ADAPTED = 10,
    EXIT_DEGRADED = 11,
    EXIT_REFUSED = 12,
    EXIT_CANNOT_EXECUTE = 126,
    EXIT_NO_SUCH_COMMAND = 127,
};

/* argv[0] is "engraft VERB"; returns the exit status. */
int check_main(int argc, char **argv);
int explain_main(int argc, char **argv);
int inspect_main(int argc, char **argv);
int ps_main(int argc, char **argv);
int run_main(int argc, char **argv);
int stub_main(int argc, char **argv);

#endif
