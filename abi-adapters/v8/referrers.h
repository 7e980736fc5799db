/* SPDX-License-Identifier: MIT */
/* v8::ScriptOrModule, for plugins whose V8 had more uses for it than the host's. */
#ifndef ENGRAFT_V8_REFERRERS_H
#define ENGRAFT_V8_REFERRERS_H

#include "adapter.h"

/* What the plugin takes for a ScriptOrModule with this name and these options, which may be NULL. It
 * lives in the innermost handle scope, and cannot be put into another handle. */
v8_local referrer_new(struct v8_pair *pair, v8_local name, v8_local options);

#endif
