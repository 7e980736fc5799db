/* SPDX-License-Identifier: MIT */
/* An isolate of the case's own, which Node's platform knows, with an event loop for its tasks. */
#ifndef PROBE_OWN_H
#define PROBE_OWN_H

#include "probe.h"

#include <node.h>
#include <uv.h>

#include <memory>

namespace probe {

/* Platform of the Node that runs; from its main thread only. */
node::MultiIsolatePlatform *PlatformOf(Local<Context> context);

class OwnIsolate {
public:
    /* Isolate::New() of a bare isolate cannot work in Node: its platform has to know the isolate
     * before V8 asks it for a task runner. Hence Allocate, RegisterIsolate, Initialize. */
    OwnIsolate(node::MultiIsolatePlatform *platform, Isolate::CreateParams &params);
    explicit OwnIsolate(node::MultiIsolatePlatform *platform);
    ~OwnIsolate();

    /* For what the platform has posted to the isolate; runs it until nothing is left. */
    void Drain();

    Isolate *isolate() { return isolate_; }

private:
    void Create(Isolate::CreateParams &params);

    node::MultiIsolatePlatform *platform_;
    uv_loop_t loop_;
    std::unique_ptr<ArrayBuffer::Allocator> allocator_;
    Isolate *isolate_ = nullptr;
};

/* Enters an isolate and a new context of its. */
class Inside {
public:
    explicit Inside(Isolate *isolate)
        : isolate_scope_(isolate), handle_scope_(isolate), context_(Context::New(isolate)),
          context_scope_(context_)
    {
    }
    Local<Context> context() { return context_; }

private:
    Isolate::Scope isolate_scope_;
    HandleScope handle_scope_;
    Local<Context> context_;
    Context::Scope context_scope_;
};

} // namespace probe

#endif
