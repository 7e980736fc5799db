/* SPDX-License-Identifier: MIT */
/* The options that say which plugin meets which host: shared by `check` and `explain`. */
#ifndef ENGRAFT_CLI_REQUEST_H
#define ENGRAFT_CLI_REQUEST_H

#include <argp.h>
#include <stdbool.h>

#include "engraft.h"

struct request {
    const char *host; /* --host as given */
    struct engraft_target *target;
    struct engraft_plan_request plan;
    bool all;  /* every version that engraft_known_abi() tells, instead of a host */
    bool json;
};

/* A child parser; its input is a struct request, which it initialises. */
extern const struct argp request_argp;

/* Opens --host, if there is one; on failure the error is printed. */
bool request_open(struct request *request);
void request_close(struct request *request);

/* "plugin    name  v8:10.2 (module-version)"; empty parts are left out. */
void print_side(const char *label, const char *name, const char *abi, const char *source);
/* "host" and "plugin" as a reader of the output wants to see them. */
void print_pair(const struct request *request, const struct engraft_plan *plan,
                const char *plugin);

/* The exit status of `check` and `explain`. */
int exit_status_of(enum engraft_verdict verdict);

#endif
