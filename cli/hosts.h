/* SPDX-License-Identifier: MIT */
/* --all: a plugin, or a symbol, on every version of an engine that there are adapters for. */
#ifndef ENGRAFT_CLI_HOSTS_H
#define ENGRAFT_CLI_HOSTS_H

#include "request.h"

/* Both return the exit status: that of the worst host, where adapted is as good as exact. */
int hosts_check(struct request *request, const char *plugin);
int hosts_explain(struct request *request, const char *symbol);

#endif
