/* SPDX-License-Identifier: MIT */
#include "resources.h"

#include <stdlib.h>

void *CountingAllocator::Allocate(size_t length)
{
    allocations_++;
    return calloc(length ? length : 1, 1);
}

void *CountingAllocator::AllocateUninitialized(size_t length)
{
    allocations_++;
    return malloc(length ? length : 1);
}

void CountingAllocator::Free(void *data, size_t)
{
    free(data);
}

/* noinline and noipa: the point of this base is that its constructor is opaque (resources.h). */
__attribute__((noinline, noipa)) Refusal::Refusal() : count_(0) {}

void CloneDelegate::ThrowDataCloneError(v8::Local<v8::String> message)
{
    count_++;
    isolate_->ThrowException(v8::Exception::Error(message));
}

extern const EngineTable engine_table = {
    &v8::V8::GetVersion,
    &v8::Isolate::TryGetCurrent,
    &v8::Isolate::New,
    &v8::Isolate::LowMemoryNotification,
    &v8::JSON::Parse,
    &v8::JSON::Stringify,
    &v8::Exception::TypeError,
    &v8::HeapProfiler::kUnknownObjectId,
    &v8::CpuProfileNode::kNoLineNumberInfo,
};
