/* SPDX-License-Identifier: MIT */
/* One environment: made, run on its thread, taken apart. */
#include "internal.h"

#include <cstring>
#include <limits>

namespace engraft_node_impl {

v8::Local<v8::Context> node_context(Environment &environment)
{
    return environment.context.Get(environment.isolate);
}

void end_with(Environment &environment, Status status, int exit_code, bool failed,
              const char *message)
{
    Hold hold(environment.lock);
    End &end = environment.end;
    if (end.error.status == ENGRAFT_NODE_OK) {
        fail(&end.error, status, "%s", message);
        end.failed = failed;
    }
    if (!end.has_code)
        end.error.exit_code = exit_code;
    end.has_code = true;
}

/* ---- making */

static Status open_loop(Environment &environment, Error *reterr)
{
    int error = uv_loop_init(&environment.loop);
    if (error != 0)
        return fail(reterr, ENGRAFT_NODE_SYSTEM, "uv_loop_init: %s", uv_strerror(error));
    environment.loop_open = true;
    uv_loop_configure(&environment.loop, UV_METRICS_IDLE_TIME);
    environment.wake.data = &environment;
    error = uv_async_init(&environment.loop, &environment.wake, on_wake);
    if (error != 0)
        return fail(reterr, ENGRAFT_NODE_SYSTEM, "uv_async_init: %s", uv_strerror(error));
    if (environment.mode == ENGRAFT_NODE_IN_HOST) {
        uv_unref(reinterpret_cast<uv_handle_t *>(&environment.wake));
        uv_timer_init(&environment.loop, &environment.timer);
    }
    Hold hold(environment.lock);
    environment.async_open = true;
    return ENGRAFT_NODE_OK;
}

/*
 * V8 kills the process when the heap is full and this is not here. JavaScript is terminated at the
 * next function or loop it enters; what is under way until then needs some more room.
 */
static size_t near_heap_limit(void *data, size_t current, size_t)
{
    constexpr size_t room = 32u << 20;
    Environment &environment = *static_cast<Environment *>(data);
    end_with(environment, ENGRAFT_NODE_MEMORY, 1, true,
             "JavaScript's heap is full; the environment was ended");
    Hold hold(environment.lock);
    if (environment.env != nullptr)
        node::Stop(environment.env);
    else
        environment.isolate->TerminateExecution();
    return current + room;
}

static void limit_heap(const engraft_node_options &options, v8::Isolate::CreateParams *params)
{
    uint64_t memory = uv_get_total_memory();
    uint64_t constrained = uv_get_constrained_memory();
    if (constrained > 0 && constrained < memory)
        memory = constrained;
    params->constraints.ConfigureDefaults(memory, 0);
    if (options.heap_limit > 0)
        params->constraints.set_max_old_generation_size_in_bytes(options.heap_limit << 20);
}

/* As node::NewIsolate() does it, which offers no limit of the heap. */
static Status create_isolate(Environment &environment, const engraft_node_options &options,
                             Error *reterr)
{
    environment.allocator = node::ArrayBufferAllocator::Create();
    v8::Isolate *isolate = v8::Isolate::Allocate();
    if (isolate == nullptr)
        return fail(reterr, ENGRAFT_NODE_SYSTEM, "no isolate can be allocated");
    environment.isolate = isolate;
    platform()->RegisterIsolate(isolate, &environment.loop);
    environment.registered = true;

    v8::Isolate::CreateParams params;
    params.array_buffer_allocator_shared = environment.allocator;
    limit_heap(options, &params);
    v8::Isolate::Initialize(isolate, params);
    isolate->AddNearHeapLimitCallback(near_heap_limit, &environment);
    return ENGRAFT_NODE_OK;
}

static node::EnvironmentFlags::Flags flags_of(const engraft_node_options &options)
{
    using namespace node::EnvironmentFlags;
    /* Without kOwnsInspector: its owner installs a handler for SIGUSR1. Descriptors that a script
       leaves open are closed at the end. */
    uint64_t flags = kTrackUnmanagedFds;
    if ((options.flags & ENGRAFT_NODE_NO_PROCESS_STATE) == 0)
        flags |= kOwnsProcessState;
#if NODE_MAJOR_VERSION >= 20
    flags |= kNoStartDebugSignalHandler;
#endif
    return static_cast<Flags>(flags);
}

static std::vector<std::string> script_arguments(const engraft_node_options &options)
{
    std::vector<std::string> arguments = {"node"};
    if (options.script != nullptr || options.script_argument_count > 0)
        arguments.emplace_back(options.script != nullptr ? options.script : "");
    for (size_t i = 0; i < options.script_argument_count; i++)
        arguments.emplace_back(options.script_arguments[i]);
    return arguments;
}

/* process.exit() and whatever else makes Node exit. */
static void on_exit(Environment &environment, node::Environment *env, int exit_code)
{
    char text[64];
    snprintf(text, sizeof(text), "process.exit(%d)", exit_code);
    end_with(environment, ENGRAFT_NODE_ENDED, exit_code, false, text);
    node::Stop(env);
}

static Status create_environment(Environment &environment, const engraft_node_options &options,
                                 v8::Local<v8::Context> context, Error *reterr)
{
    node::Environment *env =
        node::CreateEnvironment(environment.isolate_data, context, script_arguments(options),
                                exec_arguments(), flags_of(options));
    if (env == nullptr)
        return fail(reterr, ENGRAFT_NODE_THROWN, "Node.js' own start-up script threw");
    {
        Hold hold(environment.lock);
        environment.env = env;
    }
    node::SetProcessExitHandler(env, [&environment](node::Environment *ended, int exit_code) {
        on_exit(environment, ended, exit_code);
    });
    node::AddLinkedBinding(env, "engraft_node", initialise_binding, 8);
    return ENGRAFT_NODE_OK;
}

static thread_local Environment *being_bootstrapped;

#if NODE_MAJOR_VERSION >= 20
/* Also run by worker threads of a script, where nothing is being bootstrapped. */
static void on_preload(node::Environment *, v8::Local<v8::Value>, v8::Local<v8::Value> require)
{
    if (being_bootstrapped != nullptr)
        being_bootstrapped->internal_require.Reset(being_bootstrapped->isolate, require);
}
#endif

static v8::MaybeLocal<v8::Value> load(node::Environment *env, node::StartExecutionCallback callback)
{
#if NODE_MAJOR_VERSION >= 20
    return node::LoadEnvironment(env, std::move(callback), on_preload);
#else
    return node::LoadEnvironment(env, std::move(callback));
#endif
}

static Status load_environment(Environment &environment, const engraft_node_options &options,
                               Error *reterr)
{
    v8::TryCatch thrown(environment.isolate);
    being_bootstrapped = &environment;
    v8::MaybeLocal<v8::Value> loaded =
        load(environment.env, [&](const node::StartExecutionCallbackInfo &info) {
            return run_bootstrap(environment, options, info);
        });
    being_bootstrapped = nullptr;
    environment.internal_require.Reset();
    if (!loaded.IsEmpty() && environment.napi != nullptr) {
        environment.bootstrapped = true;
        return ENGRAFT_NODE_OK;
    }
    if (thrown.HasCaught() && !thrown.HasTerminated()) {
        v8::String::Utf8Value text(environment.isolate, thrown.Exception());
        return fail(reterr, ENGRAFT_NODE_THROWN, "start-up: %s", *text != nullptr ? *text : "?");
    }
    if (has_ended(environment)) {
        Hold hold(environment.lock);
        return report_end(environment, reterr);
    }
    return fail(reterr, ENGRAFT_NODE_THROWN, "Node.js' start-up did not finish");
}

/* In the isolate, with a handle scope. */
static Status create_inside(Environment &environment, const engraft_node_options &options,
                            Error *reterr)
{
    v8::Isolate *isolate = environment.isolate;
    v8::HandleScope handles(isolate);
    environment.isolate_data = node::CreateIsolateData(isolate, &environment.loop, platform(),
                                                       environment.allocator.get());
    v8::Local<v8::Context> context = environment.mode == ENGRAFT_NODE_IN_HOST
                                         ? host_context(environment, options)
                                         : node::NewContext(isolate);
    if (context.IsEmpty())
        return fail(reterr, ENGRAFT_NODE_THROWN, "no context can be made");
    environment.context.Reset(isolate, context);
    v8::Context::Scope entered(context);
    Status status = create_environment(environment, options, context, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = load_environment(environment, options, reterr);
    return status;
}

Status create(Environment &environment, const engraft_node_options &options, Error *reterr)
{
    environment.output = options.output;
    environment.output_user = options.user;
    Status status = open_loop(environment, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = environment.mode == ENGRAFT_NODE_IN_HOST
                     ? adopt_isolate(environment, options, reterr)
                     : create_isolate(environment, options, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    environment.inside++;
    {
        v8::Isolate::Scope entered(environment.isolate);
        if (environment.mode == ENGRAFT_NODE_THREAD)
            node::SetIsolateUpForNode(environment.isolate);
        status = create_inside(environment, options, reterr);
    }
    environment.inside--;
    return status;
}

/* ---- taking apart */

/* From here on node::Stop() is not called from other threads. */
static node::Environment *take_environment(Environment &environment)
{
    end_with(environment, ENGRAFT_NODE_ENDED, 0, false, "the environment was stopped");
    fail_waiting(environment);
    Hold hold(environment.lock);
    environment.phase = Phase::ended;
    node::Environment *env = environment.env;
    environment.env = nullptr;
    return env;
}

static void free_environment(Environment &environment)
{
    node::Environment *env = take_environment(environment);
    fail_waiting(environment);
    v8::HandleScope handles(environment.isolate);
    environment.isolate->CancelTerminateExecution();
    /* Finalizers are called back: they may not wait for anything. It stays so: a wake-up that was sent
       before is delivered by the loop when the isolate has gone, and must not touch it. */
    environment.inside++;
    if (environment.napi != nullptr)
        delete_all_references(environment);
    if (env != nullptr)
        node::FreeEnvironment(env);
    environment.context.Reset();
    if (environment.isolate_data != nullptr)
        node::FreeIsolateData(environment.isolate_data);
    environment.isolate_data = nullptr;
}

/* The platform says through the loop when it is through with the isolate. */
static void unregister_isolate(Environment &environment)
{
    bool finished = false;
    if (!environment.registered)
        return;
    platform()->AddIsolateFinishedCallback(
        environment.isolate, [](void *data) { *static_cast<bool *>(data) = true; }, &finished);
    platform()->UnregisterIsolate(environment.isolate);
    if (environment.mode == ENGRAFT_NODE_THREAD)
        environment.isolate->Dispose();
    while (!finished)
        uv_run(&environment.loop, UV_RUN_ONCE);
    environment.registered = false;
}

static void close_handle(uv_handle_t *handle, void *)
{
    if (uv_is_closing(handle) == 0)
        uv_close(handle, nullptr);
}

static void close_loop(Environment &environment)
{
    if (!environment.loop_open)
        return;
    {
        Hold hold(environment.lock);
        environment.async_open = false;
    }
    /* Our own, and what an addon has forgotten. */
    uv_walk(&environment.loop, close_handle, nullptr);
    while (uv_run(&environment.loop, UV_RUN_DEFAULT) != 0)
        ;
    uv_loop_close(&environment.loop);
    environment.loop_open = false;
}

void destroy(Environment &environment)
{
    if (environment.isolate != nullptr) {
        {
            v8::Isolate::Scope entered(environment.isolate);
            free_environment(environment);
        }
        if (environment.mode == ENGRAFT_NODE_IN_HOST)
            release_isolate(environment);
        unregister_isolate(environment);
    } else {
        take_environment(environment);
    }
    close_loop(environment);
    Hold hold(environment.lock);
    environment.isolate = nullptr;
    environment.handles.clear();
    environment.released.clear();
}

Environment *environment_being_bootstrapped()
{
    return being_bootstrapped;
}

} // namespace engraft_node_impl
