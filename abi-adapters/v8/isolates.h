/* SPDX-License-Identifier: MIT */
/* What files about isolates share. */
#ifndef ENGRAFT_V8_ISOLATES_H
#define ENGRAFT_V8_ISOLATES_H

#include "adapter.h"

/* The kind of the plugin's OOMErrorCallback on this host. */
enum v8_callback_kind v8_oom_kind(const struct v8_pair *pair);

#endif
