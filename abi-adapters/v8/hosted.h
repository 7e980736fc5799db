/* SPDX-License-Identifier: MIT */
/* Objects of the host whose virtual functions plugins call, of classes whose tables differ. */
#ifndef ENGRAFT_V8_HOSTED_H
#define ENGRAFT_V8_HOSTED_H

#include "adapter.h"

/* What a plugin sees of such an object. */
struct hosted {
    const uintptr_t *table; /* as the plugin's version has it */
    void *host;
    struct v8_pair *pair;
    enum v8_class_id class;
    struct hosted *next;
};

/* The plugin's object for one of the host; the same each time. NULL for NULL, and without memory. */
void *hosted_for(struct v8_pair *pair, enum v8_class_id class, void *object);
/* The host's object behind the plugin's; other pointers as they are. */
void *hosted_object(void *object);

/* The host's function for a method of an object of its own; NULL: its version has none. */
v8_function_pointer *hosted_method(const struct hosted *hosted, enum v8_method_id method);

#endif
