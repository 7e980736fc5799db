/* SPDX-License-Identifier: MIT */
#include "records.h"

#define BYTE_BITS 8

typedef void *translate_isolate(struct v8_pair *pair, void *isolate);

/* From where to where, for one record. */
struct copy {
    struct v8_pair *pair;
    enum v8_version from, to;
    const unsigned char *source;
    unsigned char *target;
    translate_isolate *isolate;
};

static void *to_host(struct v8_pair *pair, void *isolate)
{
    (void)pair;
    return isolate_of(isolate);
}

static void *to_plugin(struct v8_pair *pair, void *isolate)
{
    return shadow_of(pair, isolate);
}

static bool has(enum v8_field_id field, enum v8_version version)
{
    return v8_field_offset(field, version) >= 0;
}

static bool bit_at(const unsigned char *object, int bit)
{
    return object[bit / BYTE_BITS] >> bit % BYTE_BITS & 1;
}

static void bits_copy(const struct copy *copy, enum v8_field_id field)
{
    int from = v8_field_offset(field, copy->from), to = v8_field_offset(field, copy->to);

    for (uint32_t i = 0; i < v8_field_at(field)->size; i++, from++, to++) {
        unsigned char mask = (unsigned char)(1u << to % BYTE_BITS);

        if (bit_at(copy->source, from))
            copy->target[to / BYTE_BITS] |= mask;
        else
            copy->target[to / BYTE_BITS] &= (unsigned char)~mask;
    }
}

static void isolate_copy(const struct copy *copy, const unsigned char *source,
                         unsigned char *target)
{
    void *isolate;

    memcpy(&isolate, source, sizeof isolate);
    isolate = copy->isolate(copy->pair, isolate);
    memcpy(target, &isolate, sizeof isolate);
}

static void field_copy(const struct copy *copy, enum v8_field_id field)
{
    const unsigned char *source = copy->source + v8_field_offset(field, copy->from);
    unsigned char *target = copy->target + v8_field_offset(field, copy->to);

    switch (v8_field_at(field)->kind) {
    case V8_KIND_VTABLE:
        break;
    case V8_KIND_BITS:
        bits_copy(copy, field);
        break;
    case V8_KIND_ISOLATE:
        isolate_copy(copy, source, target);
        break;
    default:
        memcpy(target, source, v8_field_at(field)->size);
    }
}

/* A field that was made larger or smaller is two rows: the second is called name_SIZE. */
static bool is_resized(enum v8_field_id field, enum v8_field_id other)
{
    const char *shorter = v8_field_name(field), *longer = v8_field_name(other), *rest;

    if (v8_field_at(field)->kind != V8_KIND_PLAIN || v8_field_at(other)->kind != V8_KIND_PLAIN)
        return false;
    if (strlen(longer) < strlen(shorter)) {
        rest = shorter;
        shorter = longer;
        longer = rest;
    }
    if (strncmp(shorter, longer, strlen(shorter)) != 0)
        return false;
    rest = longer + strlen(shorter);
    return *rest == '_' && strspn(rest + 1, "0123456789") == strlen(rest + 1);
}

/* `field` is one that the target does not have under this name. */
static void resized_copy(const struct copy *copy, enum v8_field_id first, int count,
                         enum v8_field_id field)
{
    for (enum v8_field_id other = first; other < first + count; other++) {
        uint32_t size = v8_field_at(field)->size, wanted = v8_field_at(other)->size;

        if (has(other, copy->to) && !has(other, copy->from) && is_resized(field, other))
            memcpy(copy->target + v8_field_offset(other, copy->to),
                   copy->source + v8_field_offset(field, copy->from),
                   size < wanted ? size : wanted);
    }
}

static void record_copy(const struct copy *copy, enum v8_record_id record)
{
    enum v8_field_id first;
    int count = (int)v8_record_fields(record, &first);

    memset(copy->target, 0, v8_record_size(record, copy->to));
    for (enum v8_field_id field = first; field < first + count; field++) {
        if (!has(field, copy->from))
            continue;
        if (has(field, copy->to))
            field_copy(copy, field);
        else
            resized_copy(copy, first, count, field);
    }
}

void record_to_host(struct v8_pair *pair, enum v8_record_id record, const void *plugin_object,
                    void *ret_host_object)
{
    struct copy copy = {
        .pair = pair,
        .from = pair->plugin,
        .to = pair->host,
        .source = plugin_object,
        .target = ret_host_object,
        .isolate = to_host,
    };

    record_copy(&copy, record);
}

void record_to_plugin(struct v8_pair *pair, enum v8_record_id record, const void *host_object,
                      void *ret_plugin_object)
{
    struct copy copy = {
        .pair = pair,
        .from = pair->host,
        .to = pair->plugin,
        .source = host_object,
        .target = ret_plugin_object,
        .isolate = to_plugin,
    };

    record_copy(&copy, record);
}

void *record_field(const void *object, enum v8_field_id field, enum v8_version version)
{
    int offset = v8_field_offset(field, version);

    return offset >= 0 ? (unsigned char *)object + offset : NULL;
}

bool record_is_equal(const struct v8_pair *pair, enum v8_record_id record)
{
    enum v8_field_id first;
    int count = (int)v8_record_fields(record, &first);

    if (v8_record_size(record, pair->plugin) != v8_record_size(record, pair->host))
        return false;
    for (enum v8_field_id field = first; field < first + count; field++)
        if (v8_field_offset(field, pair->plugin) != v8_field_offset(field, pair->host) ||
            (has(field, pair->plugin) && v8_field_at(field)->kind == V8_KIND_ISOLATE))
            return false;
    return true;
}
