/* SPDX-License-Identifier: MIT */
/*
 * What the parts of engraft-node share.
 *
 * Ownership: `Environment` is held by the registry, by every call that is inside, and by its own
 * thread. Fields below "the environment's thread" are touched by that thread only; fields below
 * "guarded by lock" by anyone who holds it. JavaScript is never run with the lock held.
 *
 * Values go through Node-API, which is C and the same in every Node; V8's own interface is used for
 * what Node-API has not: isolates, contexts, termination, the heap limit.
 */
#ifndef ENGRAFT_NODE_INTERNAL_H
#define ENGRAFT_NODE_INTERNAL_H

#include "engraft-node.h"

/* Before node.h, which would ask for the experimental part of it. */
#include <node_api.h>

#include <node.h>
#include <pthread.h>
#include <uv.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#pragma GCC visibility push(hidden)

namespace engraft_node_impl {

using Status = engraft_node_status;
using Error = engraft_node_error;
using Value = engraft_node_value;

/* ---- error.cc */

Status fail(Error *reterr, Status status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Cut at a character, always terminated. */
void copy_text(char *to, size_t size, const char *from, size_t length);

/* ---- lock.cc: no std::mutex, whose constructor of a locked lock may throw */

class Lock {
public:
    Lock();
    ~Lock();
    void acquire() { pthread_mutex_lock(&mutex_); }
    void release() { pthread_mutex_unlock(&mutex_); }
    /* Waits for a wake(); false when `deadline` (milliseconds of now(), negative: none) is over. */
    bool wait_until(int64_t deadline);
    void wake() { pthread_cond_broadcast(&changed_); }

private:
    pthread_mutex_t mutex_;
    pthread_cond_t changed_;
};

class Hold {
public:
    explicit Hold(Lock &lock) : lock_(lock) { lock_.acquire(); }
    ~Hold() { lock_.release(); }
    Hold(const Hold &) = delete;
    Hold &operator=(const Hold &) = delete;

private:
    Lock &lock_;
};

int64_t now(); /* milliseconds, monotonic */
int64_t deadline_after(int timeout);

/* ---- signals.cc */

/* Every signal but those of a fault and SIGPROF is blocked, for threads made in the meantime. */
class SignalsBlocked {
public:
    SignalsBlocked();
    ~SignalsBlocked();

private:
    sigset_t before_;
};

/* A SIGPIPE that this thread raises in the meantime is dropped; nobody's handler sees it. */
class PipeSignalBlocked {
public:
    PipeSignalBlocked();
    ~PipeSignalBlocked();

private:
    sigset_t before_;
    bool was_pending_;
};

/* ---- process.cc */

/* Node's process-wide state, made by the first start. */
Status initialise(const engraft_node_options &options, Error *reterr);
node::MultiIsolatePlatform *platform();
const std::vector<std::string> &exec_arguments();
bool in_forked_child();

/* ---- environment */

enum class Phase {
    starting,
    running,
    draining, /* being stopped: what is under way may finish, nothing new from other threads */
    ended,    /* no JavaScript any more; the environment may be half freed */
    gone,     /* the thread is through */
};

class Environment;
using Work = std::function<Status(Environment &, Error *)>;

struct Task {
    const Work *work;
    Error *error;
    Status status;
    bool done;
};

/* Someone waits for a promise. */
struct Wait {
    bool done = false;
    Status status = ENGRAFT_NODE_OK;
    unsigned flags = 0;
    Value value = {};
    Error error = {};
    ~Wait() { engraft_node_value_clear(&value); }
};

struct Handle {
    napi_ref object;
    napi_ref resolve; /* of a promise that C settles, else NULL */
    napi_ref reject;
    engraft_node_kind kind;
    unsigned count;
};

/* Why an environment ended, said once. */
struct End {
    bool failed = false; /* an uncaught error or a full heap: must be reported */
    bool reported = false;
    bool has_code = false; /* an uncaught error is known before its exit code */
    Error error = {};
};

/* The bootstrap script's functions (bootstrap.cc), in the order of its array. */
enum Helper {
    HELPER_RUN_STRING,
    HELPER_RUN_MODULE,
    HELPER_RUN_FILE,
    HELPER_WATCH,
    HELPER_HANDLED,
    HELPER_DEFERRED,
    HELPER_SHARED,
    HELPER_FATAL,
    HELPER_ENDED,
    HELPER_COUNT,
};

class Environment : public std::enable_shared_from_this<Environment> {
public:
    uint64_t id = 0;
    engraft_node_mode mode = ENGRAFT_NODE_THREAD;
    pthread_t thread = {};

    /* guarded by lock */
    Lock lock;
    Phase phase = Phase::starting;
    bool async_open = false;
    bool stop_called = false;
    std::deque<Task *> tasks;
    std::unordered_map<engraft_node_handle, Handle> handles;
    std::vector<Handle> released; /* references to delete on the environment's thread */
    engraft_node_handle last_handle = 0;
    End end;
    node::Environment *env = nullptr; /* until the phase is ended; node::Stop() under the lock */

    /* the environment's thread */
    unsigned inside = 0; /* depth of calls between C and JavaScript */
    bool interrupted = false;
    std::string thrown_message; /* of the last exception that was handed to C */
    napi_ref thrown = nullptr;
    std::unordered_map<uint64_t, std::shared_ptr<Wait>> waits;
    uint64_t last_wait = 0;
    uv_loop_t loop = {};
    uv_async_t wake = {};
    uv_timer_t timer = {}; /* ENGRAFT_NODE_IN_HOST: how long a pump may wait */
    bool loop_open = false;
    v8::Isolate *isolate = nullptr;
    std::shared_ptr<node::ArrayBufferAllocator> allocator;
    node::IsolateData *isolate_data = nullptr;
    v8::Global<v8::Context> context;
    bool registered = false;
    bool bootstrapped = false;
    bool policy_changed = false;
    v8::MicrotasksPolicy policy = v8::MicrotasksPolicy::kAuto;
    napi_env napi = nullptr;
    napi_ref helpers[HELPER_COUNT] = {};
    v8::Global<v8::Value> internal_require; /* while bootstrapping */
    engraft_node_output output = nullptr;
    void *output_user = nullptr;

    engraft_node *public_handle() const { return reinterpret_cast<engraft_node *>(id); }
    bool on_own_thread() const { return pthread_equal(pthread_self(), thread) != 0; }
};

/* node.cc: what the process does at its exit */
void interrupt_all();

/* registry.cc */
std::shared_ptr<Environment> find(engraft_node *node);
std::shared_ptr<Environment> find_by_handle(engraft_node_handle handle);
void add(const std::shared_ptr<Environment> &environment);
void remove(const Environment &environment);
size_t environment_count();
std::vector<std::shared_ptr<Environment>> all_environments();
std::shared_ptr<Environment> find_by_isolate(v8::Isolate *isolate);
/* ARGUMENT or ENDED for a handle that find() does not know. */
Status unknown(engraft_node *node, Error *reterr);

/* post.cc */
/* Runs work on the environment's thread and waits for it. */
Status perform(Environment &environment, const Work &work, Error *reterr);
Status report_end(Environment &environment, Error *reterr);
bool has_ended(Environment &environment);
void on_wake(uv_async_t *async);
void fail_waiting(Environment &environment);

/* What must be entered on this thread before JavaScript may run. */
class Entered {
public:
    /* with_jobs: process.nextTick() callbacks and promises' jobs are run at the end. */
    Entered(Environment &environment, bool with_jobs);
    ~Entered();
    void run_jobs() { jobs_.reset(); }

private:
    Environment &environment_;
    std::unique_ptr<PipeSignalBlocked> no_pipe_signal_;
    v8::HandleScope handles_; /* V8 needs no entered isolate for it */
    std::unique_ptr<v8::Isolate::Scope> isolate_;
    std::unique_ptr<v8::Context::Scope> context_;
    std::unique_ptr<node::CallbackScope> jobs_;
};

/* A call from C, at any depth. */
class Entry {
public:
    explicit Entry(Environment &environment);
    ~Entry();

private:
    Environment &environment_;
    v8::HandleScope handles_;
    std::unique_ptr<Entered> outermost_;
};

/* environment.cc: on the environment's thread */
Status create(Environment &environment, const engraft_node_options &options, Error *reterr);
void destroy(Environment &environment);
/* The first reason wins, and the first exit code. */
void end_with(Environment &environment, Status status, int exit_code, bool failed,
              const char *message);
v8::Local<v8::Context> node_context(Environment &environment);

/* host.cc: in an isolate of the host */
Status adopt_isolate(Environment &environment, const engraft_node_options &options, Error *reterr);
v8::Local<v8::Context> host_context(Environment &environment, const engraft_node_options &options);
void release_isolate(Environment &environment);
void drain_in_host(Environment &environment, int timeout);
Status pump_until(Environment &environment, const std::function<bool()> &done, int timeout);

Environment *environment_being_bootstrapped();

/* bootstrap.cc */
napi_value initialise_binding(napi_env env, napi_value exports);
v8::MaybeLocal<v8::Value> run_bootstrap(Environment &environment,
                                        const engraft_node_options &options,
                                        const node::StartExecutionCallbackInfo &info);

/* convert.cc: on the environment's thread, entered */
Status to_javascript(Environment &environment, const Value &value, napi_value *ret_value,
                     Error *reterr);
/* Beside the public flags: nobody wants the result, unless it is a promise to wait for. */
enum : unsigned { DROP_RESULT = 1u << 31 };
Status to_c(Environment &environment, napi_value value, unsigned flags, Value *ret_value,
            Error *reterr);
/* The value behind a handle; ARGUMENT if it is not one of this environment. */
Status from_handle(Environment &environment, const Value &value, napi_value *ret_value,
                   Error *reterr);
/* Takes the pending exception, or says why there is none. */
Status take_exception(Environment &environment, Error *reterr);
void describe_exception(Environment &environment, napi_value exception, Error *reterr);
void delete_released(Environment &environment);
/* Before the end: Node-API leaves references to those who made them. */
void delete_all_references(Environment &environment);

/* run.cc */
Status call_helper(Environment &environment, Helper helper, size_t count,
                   const napi_value *arguments, napi_value *ret_value, Error *reterr);
Status await(Environment &environment, const Value &promise, int timeout, unsigned flags,
             Value *ret_value, Error *reterr);
void settled(Environment &environment, uint64_t wait, bool fulfilled, napi_value value);

/* napi_value and v8::Local are the same thing (js_native_api_v8.h in every version). */
template <typename Type> inline v8::Local<Type> local_of(napi_value value)
{
    v8::Local<v8::Value> local;
    static_assert(sizeof(local) == sizeof(value), "Node-API's values are V8's locals");
    __builtin_memcpy(static_cast<void *>(&local), &value, sizeof(local));
    return local.As<Type>();
}

} // namespace engraft_node_impl

#pragma GCC visibility pop

#endif
