/* SPDX-License-Identifier: MIT */
/* An accessor that a plugin adds to a template. */
#ifndef ENGRAFT_V8_ACCESSORS_H
#define ENGRAFT_V8_ACCESSORS_H

#include "adapter.h"

struct accessor {
    v8_local self, name;
    void *getter, *setter;
    v8_local data, signature;
    int control, attributes, getter_effect, setter_effect;
};

/* As a property with two functions: for hosts without SetAccessor, or without signatures
 * (accessor_functions.c). */
void accessor_set_functions(struct v8_pair *pair, const struct accessor *own);

#endif
