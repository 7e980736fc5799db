/* SPDX-License-Identifier: MIT */
/*
 * What an addon tells Node.js of itself, where addon and node are of different module versions.
 *
 * Node asks for its own number (NODE_MODULE_VERSION) before anything of the addon is called. An
 * addon says it in one of two ways, often in both:
 *
 *     node_module_register(&module)    by a constructor; module.nm_version is the number
 *     node_register_module_v108        an export, which Node looks for under its own number
 *
 * The first is an adapter: Node gets a copy of the module with its own number. For the second, the
 * copy is made up and registered when Node's dlopen() is about to return, which to Node looks like
 * the first.
 */
#ifndef ENGRAFT_V8_NODE_MODULE_H
#define ENGRAFT_V8_NODE_MODULE_H

#include "../abi_adapter.h"

/* node_module_register(), for pairs of different versions of V8; false for other symbols. */
bool node_module_route(const struct abi_pair *pair, const char *symbol, struct abi_route *ret);

/* As in struct abi_adapter. */
void node_module_enter(const struct abi_pair *pair, const struct abi_object *object);
void node_module_leave(const struct abi_object *object);
void node_module_opened(const struct abi_object *object, const struct image *image,
                        const void *caller);

#endif
