/* SPDX-License-Identifier: MIT */
/*
 * How a call gets to the environment's thread: as a task on a queue that uv_async wakes, waited for
 * by the thread that made it. The environment's own thread does it at once, at whatever depth, so
 * JavaScript that calls C that calls JavaScript needs nobody else.
 */
#include "internal.h"

namespace engraft_node_impl {

Status report_end(Environment &environment, Error *reterr)
{
    End &end = environment.end;
    end.reported = true;
    if (end.error.status == ENGRAFT_NODE_OK)
        return fail(reterr, ENGRAFT_NODE_ENDED, "the environment is being stopped");
    if (reterr != nullptr)
        *reterr = end.error;
    return end.error.status;
}

bool has_ended(Environment &environment)
{
    Hold hold(environment.lock);
    return environment.end.error.status != ENGRAFT_NODE_OK;
}

static Status report_end_locked(Environment &environment, Error *reterr)
{
    Hold hold(environment.lock);
    return report_end(environment, reterr);
}

/* ---- entering */

Entered::Entered(Environment &environment, bool with_jobs)
    : environment_(environment), handles_(environment.isolate)
{
    v8::Isolate *isolate = environment.isolate;
    if (environment.mode == ENGRAFT_NODE_IN_HOST) {
        no_pipe_signal_ = std::make_unique<PipeSignalBlocked>();
        isolate_ = std::make_unique<v8::Isolate::Scope>(isolate);
    }
    context_ = std::make_unique<v8::Context::Scope>(node_context(environment));
    if (with_jobs && environment.bootstrapped && !has_ended(environment))
        jobs_ = std::make_unique<node::CallbackScope>(isolate, v8::Object::New(isolate),
                                                      node::async_context{0, 0});
}

Entered::~Entered()
{
    jobs_.reset();
    context_.reset();
    /* A termination that process.exit() left behind must not hit the host's next script. */
    if (environment_.mode == ENGRAFT_NODE_IN_HOST && has_ended(environment_))
        environment_.isolate->CancelTerminateExecution();
    isolate_.reset();
}

Entry::Entry(Environment &environment) : environment_(environment), handles_(environment.isolate)
{
    if (environment.inside == 0)
        outermost_ = std::make_unique<Entered>(environment, true);
    environment.inside++;
}

Entry::~Entry()
{
    if (outermost_ != nullptr)
        outermost_->run_jobs();
    environment_.inside--;
}

/* ---- running */

static Status run_here(Environment &environment, const Work &work, Error *reterr)
{
    if (has_ended(environment))
        return report_end_locked(environment, reterr);
    Status status;
    {
        Entry entry(environment);
        status = work(environment, reterr);
    }
    /* It may have ended by this very call: by what it ran, or by the jobs behind it. */
    if (environment.inside == 0 && status != ENGRAFT_NODE_OK && has_ended(environment))
        return report_end_locked(environment, reterr);
    return status;
}

static Task *next_task(Environment &environment)
{
    Hold hold(environment.lock);
    if (environment.tasks.empty() || environment.phase > Phase::draining)
        return nullptr;
    Task *task = environment.tasks.front();
    environment.tasks.pop_front();
    return task;
}

static void finish_task(Environment &environment, Task *task, Status status)
{
    Hold hold(environment.lock);
    task->status = status;
    task->done = true;
    environment.lock.wake();
}

void on_wake(uv_async_t *async)
{
    Environment &environment = *static_cast<Environment *>(async->data);
    while (Task *task = next_task(environment))
        finish_task(environment, task, run_here(environment, *task->work, task->error));
    if (environment.inside == 0) {
        v8::HandleScope handles(environment.isolate);
        delete_released(environment);
    }
    bool draining;
    {
        Hold hold(environment.lock);
        draining = environment.phase == Phase::draining;
    }
    if (draining)
        uv_unref(reinterpret_cast<uv_handle_t *>(async));
}

/* What no one will run any more, with the lock not held. */
void fail_waiting(Environment &environment)
{
    std::unordered_map<uint64_t, std::shared_ptr<Wait>> waits;
    waits.swap(environment.waits);
    Hold hold(environment.lock);
    for (Task *task : environment.tasks) {
        task->status = report_end(environment, task->error);
        task->done = true;
    }
    environment.tasks.clear();
    for (auto &entry : waits) {
        entry.second->status = report_end(environment, &entry.second->error);
        entry.second->done = true;
    }
    environment.lock.wake();
}

static Status post(Environment &environment, const Work &work, Error *reterr)
{
    Task task = {&work, reterr, ENGRAFT_NODE_OK, false};
    Hold hold(environment.lock);
    if (environment.phase != Phase::running || environment.end.error.status != ENGRAFT_NODE_OK)
        return report_end(environment, reterr);
    environment.tasks.push_back(&task);
    uv_async_send(&environment.wake);
    while (!task.done)
        environment.lock.wait_until(-1);
    return task.status;
}

Status perform(Environment &environment, const Work &work, Error *reterr)
{
    if (environment.on_own_thread())
        return run_here(environment, work, reterr);
    return post(environment, work, reterr);
}

} // namespace engraft_node_impl
