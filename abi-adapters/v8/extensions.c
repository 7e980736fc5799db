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

/* ---- the source, an ExternalOneByteStringResource ---------------------------------------------------------- */

/* The host's, as the plugin's headers call it. */
struct source {
    v8_function_pointer *const *vtable;
    const char *text;
    size_t length;
    void *hosts;
};

#define SOURCE_SLOTS 16
#define SOURCE_CLASS V8_CLASS_String_ExternalOneByteStringResource
#define SOURCE_METHOD(name) V8_METHOD_String_ExternalOneByteStringResource_##name

static v8_function_pointer *source_vtables[V8_VERSIONS][SOURCE_SLOTS];

static void source_destroy(struct source *source)
{
    ((destroy_call *)method(source->hosts, DESTROY_DELETING))(source->hosts);
}

static void source_destroy_deleting(struct source *source)
{
    source_destroy(source);
    free(source);
}

static const char *source_data(const struct source *source)
{
    return source->text;
}

static size_t source_length(const struct source *source)
{
    return source->length;
}

/* IsCacheable(); nobody looks at what Lock(), Unlock() and Unaccount() return. */
static size_t source_true(const struct source *source)
{
    (void)source;
    return 1;
}

/* EstimateMemoryUsage(): kDefaultMemoryEstimate */
static size_t source_unknown(const struct source *source)
{
    (void)source;
    return (size_t)-1;
}

static v8_function_pointer *source_method(int which)
{
    switch (which) {
    case SOURCE_METHOD(destroy):
        return (v8_function_pointer *)source_destroy;
    case SOURCE_METHOD(destroy_deleting):
    case SOURCE_METHOD(Dispose):
        return (v8_function_pointer *)source_destroy_deleting;
    case SOURCE_METHOD(data):
        return (v8_function_pointer *)source_data;
    case SOURCE_METHOD(length):
        return (v8_function_pointer *)source_length;
    case SOURCE_METHOD(EstimateMemoryUsage):
        return (v8_function_pointer *)source_unknown;
    default:
        return (v8_function_pointer *)source_true;
    }
}

/* Filled each time, with the same. */
static v8_function_pointer *const *source_vtable(enum v8_version version)
{
    unsigned count = v8_class_slots(SOURCE_CLASS, version);

    for (unsigned i = 0; i < count && i < SOURCE_SLOTS; i++)
        source_vtables[version][i] = source_method(v8_class_slot(SOURCE_CLASS, version, i));
    return source_vtables[version];
}

static void *source_for_plugin(const struct v8_pair *pair, void *hosts, const char *text,
                               int length)
{
    struct source *source = hosts ? malloc(sizeof *source) : NULL;

    if (source)
        *source = (struct source){source_vtable(pair->plugin), text,
                                  length < 0 ? strlen(text) : (size_t)length, hosts};
    return source;
}

static void *source_of_plugin(const struct v8_pair *pair, void *plugins)
{
    struct source *source = plugins;

    return source && source->vtable == source_vtables[pair->plugin] ? source->hosts : plugins;
}

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
    void **place;

    ((void (*)(void *, const char *, const char *, int, const char **, int))slot->target)(
        &hosts, name, source, count, names, length);
    record_to_plugin(slot->pair, V8_RECORD_Extension, &hosts, extension);
    place = record_field(extension, V8_FIELD_Extension_source, slot->pair->plugin);
    *place = source_for_plugin(slot->pair, *place, source, length);
    *(v8_function_pointer *const **)extension = bare_vtable;
}

/* RegisterExtension(std::unique_ptr<Extension>), which is passed by address */
void v8_extension_register(void **extension, struct v8_slot *slot)
{
    struct extension_proxy *proxy = calloc(1, sizeof *proxy);
    void **place;

    if (!proxy)
        return;
    record_to_host(slot->pair, V8_RECORD_Extension, *extension, &proxy->hosts);
    *(v8_function_pointer *const **)&proxy->hosts = proxy_vtable;
    place = record_field(&proxy->hosts, V8_FIELD_Extension_source, slot->pair->host);
    *place = source_of_plugin(slot->pair, *place);
    proxy->plugins = *extension;
    proxy->pair = slot->pair;
    *extension = NULL;
    ((void (*)(struct extension_proxy **))slot->target)(&proxy);
}
