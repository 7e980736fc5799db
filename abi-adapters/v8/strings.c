/* SPDX-License-Identifier: MIT */
/* Strings: external ones, writing, lengths. */
#include "adapter.h"

/* EstimateMemoryUsage() const of external strings, from 13.6 on: kDefaultMemoryEstimate. */
size_t v8_resource_estimate(const void *resource, struct v8_slot *slot)
{
    (void)resource;
    (void)slot;
    return (size_t)-1;
}
