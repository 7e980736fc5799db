/* SPDX-License-Identifier: MIT */
/* What files about isolates share. */
#ifndef ENGRAFT_V8_ISOLATES_H
#define ENGRAFT_V8_ISOLATES_H

#include "records.h"

/* The kind of the plugin's OOMErrorCallback on this host. */
enum v8_callback_kind v8_oom_kind(const struct v8_pair *pair);

/* The host's Isolate::CreateParams for a plugin's: callbacks and allocators adapted. */
void params_to_host(struct v8_pair *pair, const void *params, union record_buffer *ret);

#endif
