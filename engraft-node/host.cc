/* SPDX-License-Identifier: MIT */
/*
 * An environment in an isolate of the host. Node expects to own its isolate and sets callbacks that
 * abort in a context it does not know (node_errors.cc, api/environment.cc:
 * Environment::GetCurrent() is null there), so the ones set here look at the context first and
 * leave the host's alone. The host's fatal-error and out-of-memory handlers stay.
 */
#include "internal.h"

#include <climits>

namespace engraft_node_impl {

using v8::Context;
using v8::Local;
using v8::MaybeLocal;

static bool is_node(Local<Context> context)
{
    return !context.IsEmpty() && node::GetCurrentEnvironment(context) != nullptr;
}

/* ---- callbacks of the isolate */

/* What V8 does without a callback: "Error: text\n    at site\n    at site". */
static MaybeLocal<v8::Value> default_stack(Local<Context> context, Local<v8::Value> error,
                                       Local<v8::Array> sites)
{
    v8::Isolate *isolate = context->GetIsolate();
    Local<v8::String> text;
    if (!error->ToString(context).ToLocal(&text))
        return {};
    for (uint32_t i = 0; i < sites->Length(); i++) {
        Local<v8::Value> site;
        Local<v8::String> line;
        if (!sites->Get(context, i).ToLocal(&site) || !site->ToString(context).ToLocal(&line))
            return {};
        text = v8::String::Concat(
            isolate, text, v8::String::NewFromUtf8Literal(isolate, "\n    at "));
        text = v8::String::Concat(isolate, text, line);
    }
    return text;
}

static MaybeLocal<v8::Value> prepare_stack(Local<Context> context, Local<v8::Value> error,
                                       Local<v8::Array> sites)
{
    return is_node(context) ? node::PrepareStackTraceCallback(context, error, sites)
                            : default_stack(context, error, sites);
}

static bool allow_wasm(Local<Context> context, Local<v8::String> source)
{
    return !is_node(context) || node::AllowWasmCodeGenerationCallback(context, source);
}

/* Asked only where a context forbids eval(); Node forbids it everywhere in order to be asked. */
static v8::ModifyCodeGenerationFromStringsResult allow_eval(Local<Context> context,
                                                            Local<v8::Value>, bool)
{
    return {is_node(context), {}};
}

/* An exception that nobody caught: Node's own would abort for one of the host's contexts. */
static void on_message(Local<v8::Message> message, Local<v8::Value> error)
{
    v8::Isolate *isolate = message->GetIsolate();
    if (!isolate->InContext() || !is_node(isolate->GetCurrentContext()))
        return;
    std::shared_ptr<Environment> environment = find_by_isolate(isolate);
    if (environment == nullptr || !environment->bootstrapped)
        return;
    napi_value value;
    __builtin_memcpy(&value, static_cast<void *>(&error), sizeof(value));
    environment->inside++;
    call_helper(*environment, HELPER_FATAL, 1, &value, nullptr, nullptr);
    environment->inside--;
}

static void set_callbacks(v8::Isolate *isolate)
{
    isolate->AddMessageListenerWithErrorLevel(on_message, v8::Isolate::kMessageError);
    isolate->SetPrepareStackTraceCallback(prepare_stack);
    isolate->SetPromiseRejectCallback(node::PromiseRejectCallback);
    isolate->SetAllowWasmCodeGenerationCallback(allow_wasm);
    isolate->SetModifyCodeGenerationFromStringsCallback(allow_eval);
}

static void clear_callbacks(v8::Isolate *isolate)
{
    isolate->RemoveMessageListeners(on_message);
    isolate->SetPrepareStackTraceCallback(nullptr);
    isolate->SetPromiseRejectCallback(nullptr);
    isolate->SetAllowWasmCodeGenerationCallback(nullptr);
    isolate->SetModifyCodeGenerationFromStringsCallback(nullptr);
    isolate->SetHostImportModuleDynamicallyCallback(
        static_cast<v8::HostImportModuleDynamicallyCallback>(nullptr));
    isolate->SetHostInitializeImportMetaObjectCallback(nullptr);
}

Status adopt_isolate(Environment &environment, const engraft_node_options &options, Error *reterr)
{
    v8::Isolate *isolate = options.isolate != nullptr ? static_cast<v8::Isolate *>(options.isolate)
                                                      : v8::Isolate::TryGetCurrent();
    if (isolate == nullptr)
        return fail(reterr, ENGRAFT_NODE_ISOLATE,
                    "no isolate is entered on this thread, and none was given");
    if (find_by_isolate(isolate) != nullptr)
        return fail(reterr, ENGRAFT_NODE_ISOLATE, "Node.js is in this isolate already");
    environment.isolate = isolate;
    environment.policy = isolate->GetMicrotasksPolicy();
    platform()->RegisterIsolate(isolate, &environment.loop);
    environment.registered = true;
    set_callbacks(isolate);
    return ENGRAFT_NODE_OK;
}

void release_isolate(Environment &environment)
{
    clear_callbacks(environment.isolate);
    if (environment.policy_changed)
        environment.isolate->SetMicrotasksPolicy(environment.policy);
}

/* ---- the context */

namespace {
/* A queue of promises' jobs must live as long as the contexts that use it. */
struct Jobs {
    v8::Global<Context> context;
    std::unique_ptr<v8::MicrotaskQueue> queue;
};
} // namespace

static void free_jobs(const v8::WeakCallbackInfo<Jobs> &info)
{
    delete info.GetParameter();
}

static void forget_context(const v8::WeakCallbackInfo<Jobs> &info)
{
    info.GetParameter()->context.Reset();
    info.SetSecondPassCallback(free_jobs);
}

/*
 * Node runs promises' jobs itself, after process.nextTick(), so its context may not have the
 * host's policy (kAuto, as a rule). With a queue of its own the host's policy stays as it is.
 */
static Local<Context> new_context(v8::Isolate *isolate)
{
    auto jobs = std::make_unique<Jobs>();
    jobs->queue = v8::MicrotaskQueue::New(isolate, v8::MicrotasksPolicy::kExplicit);
    Local<Context> context =
        Context::New(isolate, nullptr, MaybeLocal<v8::ObjectTemplate>(), MaybeLocal<v8::Value>(),
                     v8::DeserializeInternalFieldsCallback(), jobs->queue.get());
    if (context.IsEmpty())
        return context;
    Jobs *kept = jobs.release();
    kept->context.Reset(isolate, context);
    kept->context.SetWeak(kept, forget_context, v8::WeakCallbackType::kParameter);
    return context;
}

Local<Context> host_context(Environment &environment, const engraft_node_options &options)
{
    v8::Isolate *isolate = environment.isolate;
    Local<Context> context;
    if (options.context != nullptr) {
        context = *static_cast<const Local<Context> *>(options.context);
        isolate->SetMicrotasksPolicy(v8::MicrotasksPolicy::kExplicit);
        environment.policy_changed = true;
    } else {
        context = new_context(isolate);
    }
    if (context.IsEmpty() || node::InitializeContext(context).IsNothing())
        return {};
    return context;
}

/* ---- the loop */

/* One turn; waits up to `wait` milliseconds (negative: without limit) for something to do. */
static void turn(Environment &environment, int64_t wait)
{
    Entered entered(environment, false);
    if (wait == 0) {
        uv_run(&environment.loop, UV_RUN_NOWAIT);
        return;
    }
    uint64_t limit = wait < 0 ? INT_MAX : static_cast<uint64_t>(wait);
    uv_timer_start(&environment.timer, [](uv_timer_t *) {}, limit, 0);
    uv_run(&environment.loop, UV_RUN_ONCE);
    uv_timer_stop(&environment.timer);
}

static void run_jobs(Environment &environment)
{
    Entered entered(environment, true);
}

static Status ended_status(Environment &environment)
{
    Hold hold(environment.lock);
    return environment.end.error.status;
}

Status pump_until(Environment &environment, const std::function<bool()> &done, int timeout)
{
    int64_t deadline = deadline_after(timeout);
    run_jobs(environment);
    for (;;) {
        Status status = ended_status(environment);
        if (status != ENGRAFT_NODE_OK || done())
            return status;
        int64_t left = deadline < 0 ? -1 : deadline - now();
        turn(environment, deadline >= 0 && left < 0 ? 0 : left);
        if (deadline >= 0 && left <= 0)
            return ended_status(environment);
    }
}

static bool is_alive(Environment &environment)
{
    return uv_loop_alive(&environment.loop) != 0;
}

static Status pump(Environment &environment, int timeout)
{
    bool turned = false;
    if (timeout < 0)
        return pump_until(environment, [&] { return !is_alive(environment); }, timeout);
    return pump_until(
        environment,
        [&] {
            bool was = turned;
            turned = true;
            return was;
        },
        timeout);
}

/* As node::SpinEventLoop(), with a limit of time. */
static void drain(Environment &environment, int64_t deadline)
{
    bool more = true;
    while (more && ended_status(environment) == ENGRAFT_NODE_OK) {
        int64_t left = deadline < 0 ? -1 : deadline - now();
        if (deadline >= 0 && left <= 0)
            return;
        pump_until(environment, [&] { return !is_alive(environment); }, static_cast<int>(left));
        if (is_alive(environment) || ended_status(environment) != ENGRAFT_NODE_OK)
            continue;
        Entered entered(environment, false);
        platform()->DrainTasks(environment.isolate);
        if (is_alive(environment))
            continue;
        more = node::EmitProcessBeforeExit(environment.env).IsJust() && is_alive(environment);
    }
    if (ended_status(environment) != ENGRAFT_NODE_OK)
        return;
    Entered entered(environment, false);
    int exit_code = 0;
    if (node::EmitProcessExit(environment.env).To(&exit_code))
        end_with(environment, ENGRAFT_NODE_ENDED, exit_code, false, "the environment was stopped");
}

void drain_in_host(Environment &environment, int timeout)
{
    if (timeout != 0)
        drain(environment, deadline_after(timeout));
    end_with(environment, ENGRAFT_NODE_ENDED, 1, false, "the environment was interrupted");
    Entered entered(environment, false);
    environment.isolate->CancelTerminateExecution();
    call_helper(environment, HELPER_ENDED, 0, nullptr, nullptr, nullptr);
}

/* ---- sharing */

static Status name_of(Environment &environment, const engraft_node_value *value, napi_value object,
                      std::string *ret_name, Error *reterr)
{
    napi_value name;
    size_t length = 0;
    char text[256];
    if (value == nullptr) {
        *ret_name = "require";
        return ENGRAFT_NODE_OK;
    }
    if (napi_get_named_property(environment.napi, object, "name", &name) != napi_ok)
        return take_exception(environment, reterr);
    if (napi_get_value_string_utf8(environment.napi, name, text, sizeof(text), &length) !=
            napi_ok ||
        length == 0)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "what is shared needs a name");
    *ret_name = text;
    return ENGRAFT_NODE_OK;
}

static Status share(Environment &environment, Local<Context> context, const char *given_name,
                    const engraft_node_value *value, Error *reterr)
{
    napi_value object, shared;
    std::string name = given_name != nullptr ? given_name : "";
    engraft_node_value what = value != nullptr ? *value : engraft_node_undefined();
    Status status = to_javascript(environment, what, &object, reterr);
    if (status == ENGRAFT_NODE_OK)
        status = call_helper(environment, HELPER_SHARED, 1, &object, &shared, reterr);
    if (status == ENGRAFT_NODE_OK && given_name == nullptr)
        status = name_of(environment, value, object, &name, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    Local<v8::String> key;
    if (!v8::String::NewFromUtf8(environment.isolate, name.c_str()).ToLocal(&key) ||
        context->Global()->Set(context, key, local_of<v8::Value>(shared)).IsNothing())
        return fail(reterr, ENGRAFT_NODE_THROWN, "%s cannot be set in that context", name.c_str());
    return ENGRAFT_NODE_OK;
}

static Status expect_own_thread(const Environment &environment, Error *reterr)
{
    if (environment.mode != ENGRAFT_NODE_IN_HOST)
        return fail(reterr, ENGRAFT_NODE_UNSUPPORTED, "the environment has a thread of its own");
    if (!environment.on_own_thread())
        return fail(reterr, ENGRAFT_NODE_ISOLATE, "the environment is another thread's");
    return ENGRAFT_NODE_OK;
}

} // namespace engraft_node_impl

using namespace engraft_node_impl;

enum engraft_node_status engraft_node_pump(engraft_node *node, int timeout, bool *ret_alive,
                                           struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    if (environment == nullptr)
        return unknown(node, reterr);
    Status status = expect_own_thread(*environment, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (environment->inside > 0)
        return fail(reterr, ENGRAFT_NODE_DEADLOCK, "the loop is running already");
    if (pump(*environment, timeout) != ENGRAFT_NODE_OK) {
        Hold hold(environment->lock);
        return report_end(*environment, reterr);
    }
    if (ret_alive != nullptr)
        *ret_alive = is_alive(*environment);
    return ENGRAFT_NODE_OK;
}

enum engraft_node_status engraft_node_share(engraft_node *node, const void *context,
                                            const char *name,
                                            const struct engraft_node_value *value,
                                            struct engraft_node_error *reterr)
{
    std::shared_ptr<Environment> environment = find(node);
    if (environment == nullptr)
        return unknown(node, reterr);
    Status status = expect_own_thread(*environment, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    if (context == nullptr)
        return fail(reterr, ENGRAFT_NODE_ARGUMENT, "the context is NULL");
    Work work = [&](Environment &inside, Error *error) {
        return share(inside, *static_cast<const Local<Context> *>(context), name, value, error);
    };
    return perform(*environment, work, reterr);
}
