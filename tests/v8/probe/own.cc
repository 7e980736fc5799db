/* SPDX-License-Identifier: MIT */
/* Isolates of a case's own, made in the way that Node's platform allows. */
#include "own.h"

namespace probe {

node::MultiIsolatePlatform *PlatformOf(Local<Context> context)
{
    return node::GetMultiIsolatePlatform(node::GetCurrentEnvironment(context));
}

OwnIsolate::OwnIsolate(node::MultiIsolatePlatform *platform, Isolate::CreateParams &params)
    : platform_(platform)
{
    Create(params);
}

OwnIsolate::OwnIsolate(node::MultiIsolatePlatform *platform) : platform_(platform)
{
    Isolate::CreateParams params;

    allocator_.reset(ArrayBuffer::Allocator::NewDefaultAllocator());
    params.array_buffer_allocator = allocator_.get();
    Create(params);
}

void OwnIsolate::Create(Isolate::CreateParams &params)
{
    uv_loop_init(&loop_);
    isolate_ = Isolate::Allocate();
    platform_->RegisterIsolate(isolate_, &loop_);
    Isolate::Initialize(isolate_, params);
}

OwnIsolate::~OwnIsolate()
{
    platform_->DrainTasks(isolate_);
    isolate_->Dispose();
    platform_->UnregisterIsolate(isolate_);
    while (uv_run(&loop_, UV_RUN_DEFAULT)) {
    }
    uv_loop_close(&loop_);
}

void OwnIsolate::Drain()
{
    platform_->DrainTasks(isolate_);
}

} // namespace probe
