/* SPDX-License-Identifier: MIT */
/*
 * v8::Extension: a class with fields and one virtual function that plugins subclass and V8 owns. The host
 * gets an object of its own layout, which holds the plugin's.
 */
#include <stdlib.h>

#include "crossings.h"
#include "records.h"

enum { DESTROY, DESTROY_DELETING, GET_TEMPLATE };

typedef void destroy_call(void *object);
typedef v8_local get_template_call(void *object, void *isolate, v8_local name);

struct extension_proxy {
    union record_buffer hosts; /* first: it is the object */
    void *plugins;
    struct v8_pair *pair;
};

static v8_function_pointer *method(void *object, unsigned index)
{
    return (*(v8_function_pointer ***)object)[index];
}

/* ---- what the host calls -------------------------------------------------------------------------------- */

static void proxy_destroy(struct extension_proxy *proxy)
{
    ((destroy_call *)method(proxy->plugins, DESTROY_DELETING))(proxy->plugins);
}

static void proxy_destroy_deleting(struct extension_proxy *proxy)
{
    proxy_destroy(proxy);
    free(proxy);
}

static v8_local proxy_get_template(struct extension_proxy *proxy, void *isolate, v8_local name)
{
    struct crossing crossing;
    v8_local found;

    crossing_in(&crossing, proxy->pair, isolate);
    found = ((get_template_call *)method(proxy->plugins, GET_TEMPLATE))(proxy->plugins,
                                                                        crossing.shadow, name);
    crossing_in_end(&crossing);
    return found;
}

static v8_function_pointer *const proxy_vtable[] = {
    [DESTROY] = (v8_function_pointer *)proxy_destroy,
    [DESTROY_DELETING] = (v8_function_pointer *)proxy_destroy_deleting,
    [GET_TEMPLATE] = (v8_function_pointer *)proxy_get_template,
};

/* ---- what the plugin calls ------------------------------------------------------------------------------ */

/* An Extension that nobody has derived from: it lives as long as V8 does, and so does its source. */
static void bare_destroy(void *object)
{
    (void)object;
}

static v8_local bare_get_template(void *object, void *isolate, v8_local name)
{
    (void)object;
    (void)isolate;
    (void)name;
    return NULL;
}

static v8_function_pointer *const bare_vtable[] = {
    [DESTROY] = (v8_function_pointer *)bare_destroy,
    [DESTROY_DELETING] = (v8_function_pointer *)bare_destroy,
    [GET_TEMPLATE] = (v8_function_pointer *)bare_get_template,
};

/* Extension::Extension(const char *, const char *, int, const char **, int) */
void v8_extension_start(void *extension, const char *name, const char *source, int count,
                        const char **names, int length, struct v8_slot *slot)
{
    union record_buffer hosts;

    ((void (*)(void *, const char *, const char *, int, const char **, int))slot->target)(
        &hosts, name, source, count, names, length);
    record_to_plugin(slot->pair, V8_RECORD_Extension, &hosts, extension);
    *(v8_function_pointer *const **)extension = bare_vtable;
}

/* RegisterExtension(std::unique_ptr<Extension>), which is passed by address */
void v8_extension_register(void **extension, struct v8_slot *slot)
{
    struct extension_proxy *proxy = calloc(1, sizeof *proxy);

    if (!proxy)
        return;
    record_to_host(slot->pair, V8_RECORD_Extension, *extension, &proxy->hosts);
    *(v8_function_pointer *const **)&proxy->hosts = proxy_vtable;
    proxy->plugins = *extension;
    proxy->pair = slot->pair;
    *extension = NULL;
    ((void (*)(struct extension_proxy **))slot->target)(&proxy);
}
