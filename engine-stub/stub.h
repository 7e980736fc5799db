/* SPDX-License-Identifier: MIT */
/* The stub generator, an entry of engraft_deep_table (relinker/deep.h). */
#ifndef ENGRAFT_STUB_STUB_H
#define ENGRAFT_STUB_STUB_H

#include "engraft.h"

/*
 * stub_create() - what engraft_stub_create() does; same arguments, results and statuses.
 * ret_result's strings are from malloc(). Leaves no file behind when it fails.
 */
enum engraft_status stub_create(const struct engraft_stub_request *request,
                                struct engraft_stub_result *ret_result,
                                struct engraft_error *reterr);

#endif
