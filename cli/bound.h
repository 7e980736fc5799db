/* SPDX-License-Identifier: MIT */
/* What engraft does in a process: the plugins that are bound, the traps hit, what was refused. */
#ifndef ENGRAFT_CLI_BOUND_H
#define ENGRAFT_CLI_BOUND_H

#include "json.h"

/* Prints nothing where engraft is not active. */
void bound_print(const struct engraft_target *target);
/* "engraft" of docs/schema/inspect.json: null where it is not active. */
json_t *bound_json(const struct engraft_target *target);

#endif
