/* SPDX-License-Identifier: MIT */
/* Records that plugin and host lay out differently: copied field by field, by name. */
#ifndef ENGRAFT_V8_RECORDS_H
#define ENGRAFT_V8_RECORDS_H

#include "adapter.h"

/* Larger than all records of records.def that are copied. Aligned for any field. */
#define RECORD_MAX 256
union record_buffer {
    unsigned char bytes[RECORD_MAX];
    uint64_t align;
};

/*
 * Copies a record. What the reader's version does not have is dropped, what only it has is zero, and
 * isolates are translated. Callbacks, objects with virtual functions and values of enumerations are
 * copied as they are: an adapter that knows them translates them afterwards (record_field()).
 * ret_x is written as far as its version is large.
 */
void record_to_host(struct v8_pair *pair, enum v8_record_id record, const void *plugin_object,
                    void *ret_host_object);
void record_to_plugin(struct v8_pair *pair, enum v8_record_id record, const void *host_object,
                      void *ret_plugin_object);

/* A field of an object of `version`; NULL: the version does not have it. */
void *record_field(const void *object, enum v8_field_id field, enum v8_version version);

/* Whether an object can be passed on as it is. */
bool record_is_equal(const struct v8_pair *pair, enum v8_record_id record);

#endif
