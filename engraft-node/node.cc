/* SPDX-License-Identifier: MIT */
/* Start and stop. */
#include "internal.h"

#include <cstring>

namespace engraft_node_impl {

/* ---- a thread of its own */

namespace {
struct Start {
    std::shared_ptr<Environment> environment;
    const engraft_node_options *options;
    Error *error;
    Status status;
    bool done;
};
} // namespace

static void enter_phase(Environment &environment, Phase phase)
{
    Hold hold(environment.lock);
    environment.phase = phase;
    environment.lock.wake();
}

static void run_loop(Environment &environment)
{
    v8::Isolate::Scope isolate(environment.isolate);
    v8::HandleScope handles(environment.isolate);
    v8::Context::Scope context(node_context(environment));
    int exit_code = 0;
    if (node::SpinEventLoop(environment.env).To(&exit_code))
        end_with(environment, ENGRAFT_NODE_ENDED, exit_code, false, "the environment was stopped");
}

/* `start` lives until done is set. */
static void *thread_main(void *data)
{
    Start *start = static_cast<Start *>(data);
    std::shared_ptr<Environment> environment = start->environment;
    environment->thread = pthread_self();
    Status status = create(*environment, *start->options, start->error);
    {
        Hold hold(environment->lock);
        if (status == ENGRAFT_NODE_OK)
            environment->phase = Phase::running;
        start->status = status;
        start->done = true;
        environment->lock.wake();
    }
    if (status == ENGRAFT_NODE_OK)
        run_loop(*environment);
    destroy(*environment);
    enter_phase(*environment, Phase::gone);
    return nullptr;
}

static int make_thread(size_t stack_size, Start *start)
{
    SignalsBlocked for_the_thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_size);
    int error = pthread_create(&start->environment->thread, &attributes, thread_main, start);
    pthread_attr_destroy(&attributes);
    return error;
}

static Status start_thread(const std::shared_ptr<Environment> &environment,
                           const engraft_node_options &options, Error *reterr)
{
    Start start = {environment, &options, reterr, ENGRAFT_NODE_OK, false};
    size_t stack_size = options.stack_size != 0 ? options.stack_size : 8u << 20;
    int error = make_thread(stack_size, &start);
    if (error != 0)
        return fail(reterr, ENGRAFT_NODE_SYSTEM, "no thread: %s", strerror(error));
    {
        Hold hold(environment->lock);
        while (!start.done)
            environment->lock.wait_until(-1);
    }
    if (start.status != ENGRAFT_NODE_OK)
        pthread_join(environment->thread, nullptr);
    return start.status;
}

/* ---- in the host */

static Status start_in_host(Environment &environment, const engraft_node_options &options,
                            Error *reterr)
{
    PipeSignalBlocked no_pipe_signal;
    environment.thread = pthread_self();
    Status status = create(environment, options, reterr);
    if (status == ENGRAFT_NODE_OK)
        enter_phase(environment, Phase::running);
    else
        destroy(environment);
    return status;
}

/* ---- options */

static Status check_list(const char *const *list, size_t count, const char *what, Error *reterr)
{
    if (list == nullptr && count > 0)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "%s are NULL", what);
    for (size_t i = 0; i < count; i++) {
        if (list[i] == nullptr)
            return fail(reterr, ENGRAFT_NODE_ARGUMENT, "%s: one is NULL", what);
    }
    return ENGRAFT_NODE_OK;
}

static Status check_options(const engraft_node_options &options, Error *reterr)
{
    const unsigned known =
        ENGRAFT_NODE_ENVIRONMENT | ENGRAFT_NODE_NO_PROCESS_STATE | ENGRAFT_NODE_INSPECTOR;
    if (options.mode != ENGRAFT_NODE_THREAD && options.mode != ENGRAFT_NODE_IN_HOST)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "%d is no mode", options.mode);
    if (options.stdio < ENGRAFT_NODE_STDIO_DIRECT || options.stdio > ENGRAFT_NODE_STDIO_CALLBACK)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "%d is no stdio", options.stdio);
    if ((options.stdio == ENGRAFT_NODE_STDIO_CALLBACK) != (options.output != nullptr))
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "output goes with STDIO_CALLBACK");
    if ((options.flags & ~known) != 0)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "unknown flag");
    if (options.stack_size != 0 && options.stack_size < 2u << 20)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "a stack of %zu bytes is too small",
                    options.stack_size);
    if (options.heap_limit > SIZE_MAX >> 20 ||
        (options.heap_limit != 0 && options.mode == ENGRAFT_NODE_IN_HOST))
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "heap_limit is too large, or the host's");
    Status status = check_list(options.arguments, options.argument_count, "arguments", reterr);
    if (status == ENGRAFT_NODE_OK)
        status = check_list(options.script_arguments, options.script_argument_count,
                            "script_arguments", reterr);
    return status;
}

/* The caller's header may be older, and its struct shorter. */
static Status copy_options(const engraft_node_options *given, engraft_node_options *options,
                           Error *reterr)
{
    memset(options, 0, sizeof(*options));
    if (given != nullptr) {
        if (given->size < sizeof(given->size))
            return fail(reterr, ENGRAFT_NODE_ARGUMENT, "options.size is not set");
        memcpy(options, given,
               given->size < sizeof(*options) ? given->size : sizeof(*options));
    }
    options->size = sizeof(*options);
    return check_options(*options, reterr);
}

static Status start(const engraft_node_options &options, engraft_node **ret_node, Error *reterr)
{
    auto environment = std::make_shared<Environment>();
    Status status = initialise(options, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    environment->mode = options.mode;
    add(environment);
    status = options.mode == ENGRAFT_NODE_IN_HOST
                 ? start_in_host(*environment, options, reterr)
                 : start_thread(environment, options, reterr);
    if (status == ENGRAFT_NODE_OK)
        *ret_node = environment->public_handle();
    else
        remove(*environment);
    return status;
}

/* ---- stop */

static Status may_stop(Environment &environment, Error *reterr)
{
    if (environment.mode == ENGRAFT_NODE_IN_HOST && !environment.on_own_thread())
        return fail(reterr, ENGRAFT_NODE_ISOLATE, "the environment is another thread's");
    if (environment.on_own_thread() &&
        (environment.mode == ENGRAFT_NODE_THREAD || environment.inside > 0))
        return fail(reterr, ENGRAFT_NODE_DEADLOCK, "the environment cannot stop itself");
    Hold hold(environment.lock);
    if (environment.stop_called)
        return fail(reterr, ENGRAFT_NODE_BUSY, "another thread stops the environment");
    environment.stop_called = true;
    if (environment.phase == Phase::running)
        environment.phase = Phase::draining;
    if (environment.async_open)
        uv_async_send(&environment.wake);
    return ENGRAFT_NODE_OK;
}

static bool wait_until_gone(Environment &environment, int timeout)
{
    int64_t deadline = deadline_after(timeout);
    Hold hold(environment.lock);
    while (environment.phase != Phase::gone) {
        if (!environment.lock.wait_until(deadline))
            return false;
    }
    return true;
}

static void interrupt(Environment &environment)
{
    end_with(environment, ENGRAFT_NODE_ENDED, 1, false, "the environment was interrupted");
    Hold hold(environment.lock);
    if (environment.env != nullptr)
        node::Stop(environment.env);
}

static void stop_thread(Environment &environment, int timeout)
{
    if (!wait_until_gone(environment, timeout)) {
        interrupt(environment);
        wait_until_gone(environment, -1);
    }
    pthread_join(environment.thread, nullptr);
}

/*
 * The host calls exit() with environments running: their threads would go on while Node's and V8's
 * static objects are destroyed under them. One that does not end within a second is left alone.
 */
void interrupt_all()
{
    if (in_forked_child())
        return;
    for (const auto &environment : all_environments()) {
        if (environment->mode == ENGRAFT_NODE_IN_HOST || environment->on_own_thread())
            continue;
        interrupt(*environment);
        wait_until_gone(*environment, 1000);
    }
}

static void stop_in_host(Environment &environment, int timeout)
{
    PipeSignalBlocked no_pipe_signal;
    drain_in_host(environment, timeout);
    destroy(environment);
    enter_phase(environment, Phase::gone);
}

static Status stop(Environment &environment, int timeout, int *ret_exit_code, Error *reterr)
{
    Status status = may_stop(environment, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    bool reported;
    {
        Hold hold(environment.lock);
        reported = environment.end.reported;
    }
    if (environment.mode == ENGRAFT_NODE_IN_HOST)
        stop_in_host(environment, timeout);
    else
        stop_thread(environment, timeout);
    remove(environment);
    if (ret_exit_code != nullptr)
        *ret_exit_code = environment.end.error.exit_code;
    if (!environment.end.failed || reported)
        return ENGRAFT_NODE_OK;
    return report_end(environment, reterr);
}

} // namespace engraft_node_impl

using namespace engraft_node_impl;

enum engraft_node_status engraft_node_start(const struct engraft_node_options *options,
                                            engraft_node **ret_node,
                                            struct engraft_node_error *reterr)
{
    engraft_node_options copy;
    if (ret_node == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "nowhere to put the environment");
    Status status = copy_options(options, &copy, reterr);
    return status == ENGRAFT_NODE_OK ? start(copy, ret_node, reterr) : status;
}

enum engraft_node_status engraft_node_stop(engraft_node *node, int timeout, int *ret_exit_code,
                                           struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    if (environment == nullptr)
        return unknown(node, reterr);
    return stop(*environment, timeout, ret_exit_code, reterr);
}
