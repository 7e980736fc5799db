/* SPDX-License-Identifier: MIT */
/*
 * Environments in an isolate of the host. Two kinds of host: one that has a V8 of its own
 * (ENODE_OWN_V8 is set; engraft-node is bound to it), and this program natively, where the only V8
 * is Node's and its platform has to be told of every isolate.
 */
#include "enode-test.h"

#include <node.h>
#include <uv.h>

#include <libplatform/libplatform.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string>

extern "C" void host_start_v8(void);

static v8::Platform *own_platform; /* never destroyed: its threads run until the end */
static node::MultiIsolatePlatform *nodes_platform;

void host_start_v8(void)
{
    if (getenv("ENODE_OWN_V8") == nullptr)
        return;
    own_platform = v8::platform::NewDefaultPlatform(2).release();
    v8::V8::InitializePlatform(own_platform);
    v8::V8::Initialize();
}

static engraft_node_status take_platform(engraft_node *, void *, const engraft_node_value *, size_t,
                                         engraft_node_value *, engraft_node_error *)
{
    nodes_platform = node::GetMultiIsolatePlatform(
        node::GetCurrentEnvironment(v8::Isolate::GetCurrent()->GetCurrentContext()));
    return ENGRAFT_NODE_OK;
}

/* Natively: the platform that the first environment of the process has made. */
static void find_platform(void)
{
    engraft_node *node = start_node();
    engraft_node_function(node, "takePlatform", take_platform, nullptr, nullptr,
                          ENGRAFT_NODE_GLOBAL, nullptr, &error);
    run(node, "takePlatform()");
    stop_node(node);
    EXPECT(nodes_platform != nullptr);
}

class Host {
public:
    Host();
    ~Host();
    std::string evaluate(const char *source);

    v8::Isolate *isolate = nullptr;
    v8::Global<v8::Context> context;

    void lend();      /* natively: Node's platform gets the isolate from engraft-node */
    void take_back(); /* and back */

private:
    uv_loop_t loop_;
    std::unique_ptr<v8::ArrayBuffer::Allocator> allocator_;
};

Host::Host() : allocator_(v8::ArrayBuffer::Allocator::NewDefaultAllocator())
{
    v8::Isolate::CreateParams params;
    params.array_buffer_allocator = allocator_.get();
    if (own_platform == nullptr) {
        find_platform();
        uv_loop_init(&loop_);
        isolate = v8::Isolate::Allocate();
        nodes_platform->RegisterIsolate(isolate, &loop_);
        v8::Isolate::Initialize(isolate, params);
        lend();
    } else {
        isolate = v8::Isolate::New(params);
    }
    v8::Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);
    context.Reset(isolate, v8::Context::New(isolate));
}

Host::~Host()
{
    {
        v8::Isolate::Scope entered(isolate);
        context.Reset();
    }
    take_back();
    if (own_platform == nullptr)
        nodes_platform->UnregisterIsolate(isolate);
    isolate->Dispose();
    if (own_platform == nullptr) {
        uv_run(&loop_, UV_RUN_DEFAULT);
        uv_loop_close(&loop_);
    }
}

void Host::lend()
{
    if (own_platform == nullptr)
        nodes_platform->UnregisterIsolate(isolate);
}

void Host::take_back()
{
    if (own_platform == nullptr)
        nodes_platform->RegisterIsolate(isolate, &loop_);
}

/* What the host's own script says, or "threw: " and the stack. */
std::string Host::evaluate(const char *source)
{
    v8::Isolate::Scope entered(isolate);
    v8::HandleScope handles(isolate);
    v8::Local<v8::Context> own = context.Get(isolate);
    v8::Context::Scope in_context(own);
    v8::TryCatch thrown(isolate);
    v8::Local<v8::Script> script;
    v8::Local<v8::Value> value;
    v8::ScriptOrigin origin(isolate, v8::String::NewFromUtf8Literal(isolate, "host.js"));
    if (v8::Script::Compile(own, v8::String::NewFromUtf8(isolate, source).ToLocalChecked(), &origin)
            .ToLocal(&script) &&
        script->Run(own).ToLocal(&value))
        return *v8::String::Utf8Value(isolate, value);
    if (thrown.HasTerminated())
        return "terminated";
    v8::Local<v8::Value> stack;
    if (!thrown.StackTrace(own).ToLocal(&stack))
        stack = thrown.Exception();
    return std::string("threw: ") + *v8::String::Utf8Value(isolate, stack);
}

/* Of the host: what its scripts could do before, they can do. */
static void expect_host_works(Host &host)
{
    EXPECT(host.evaluate("globalThis.n = (globalThis.n || 0) + 1; typeof process") == "undefined");
    EXPECT(host.evaluate("globalThis.ran = 0; Promise.resolve().then(() => { ran = 1 }); ran") == "0");
    EXPECT(host.evaluate("ran") == "1"); /* its jobs are run by V8, as ever */
    std::string stack = host.evaluate("\n(function thrower() { null.x })()");
    EXPECT_TEXT("TypeError: Cannot read properties of null", stack.c_str());
    EXPECT_TEXT("at thrower (host.js:2:", stack.c_str());
    EXPECT(host.evaluate("eval('1 + 1')") == "2");
    EXPECT(host.evaluate("new WebAssembly.Module(new Uint8Array([0,97,115,109,1,0,0,0])) + ''") ==
           "[object WebAssembly.Module]");
    /* Nobody handles these two; that is the host's affair, and no environment's end. */
    host.evaluate("Promise.reject(new Error('of the host')); 0");
    {
        v8::Isolate::Scope entered(host.isolate);
        v8::HandleScope handles(host.isolate);
        v8::Local<v8::Context> own = host.context.Get(host.isolate);
        v8::Context::Scope in_context(own);
        v8::TryCatch verbose(host.isolate);
        verbose.SetVerbose(true);
        v8::Local<v8::Script> script =
            v8::Script::Compile(own, v8::String::NewFromUtf8Literal(host.isolate, "throw 1"))
                .ToLocalChecked();
        EXPECT(script->Run(own).IsEmpty());
    }
}

static engraft_node *start_in(Host &host)
{
    engraft_node_options options = {};
    options.size = sizeof(options);
    options.mode = ENGRAFT_NODE_IN_HOST;
    options.isolate = host.isolate;
    return start_with(&options);
}

static void share_require(Host &host, engraft_node *node)
{
    v8::Isolate::Scope entered(host.isolate);
    v8::HandleScope handles(host.isolate);
    v8::Local<v8::Context> own = host.context.Get(host.isolate);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_share(node, &own, nullptr, nullptr, &error));
}

static void check_isolates(void)
{
    Host host;
    engraft_node *node = nullptr, *second = nullptr;
    engraft_node_options options = {};
    options.size = sizeof(options);
    options.mode = ENGRAFT_NODE_IN_HOST;
    EXPECT_STATUS(ENGRAFT_NODE_ISOLATE, engraft_node_start(&options, &node, &error));
    EXPECT_TEXT("no isolate is entered", error.message);
    {
        v8::Isolate::Scope entered(host.isolate); /* found by itself */
        EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_start(&options, &node, &error));
        EXPECT_STATUS(ENGRAFT_NODE_ISOLATE, engraft_node_start(&options, &second, &error));
        EXPECT(run_number(node, "6 * 7") == 42);
        stop_node(node);
        EXPECT(v8::Isolate::GetCurrent() == host.isolate);
    }
    expect_host_works(host);
}

static void check_in_host(void)
{
    Host host;
    expect_host_works(host);
    engraft_node *node = start_in(host);
    EXPECT(v8::Isolate::TryGetCurrent() == nullptr);
    expect_host_works(host);
    EXPECT(run_number(node, "6 * 7") == 42);
    EXPECT_TEXT("['tick','job']", run_shown(node, "const log = []; process.nextTick(() =>"
                                                  " log.push('tick')); new Promise((done) =>"
                                                  " setImmediate(() => done(log)));"
                                                  "Promise.resolve().then(() => log.push('job'));"
                                                  "new Promise((done) => setTimeout(done, 5, log))"));
    EXPECT_TEXT("'2 of eval'", run_shown(node, "eval('1 + 1') + ' of eval'"));
    EXPECT_TEXT("'3 of vm'", run_shown(node, "require('vm').runInNewContext('eval(\"3\")') + ' of vm'"));
    EXPECT_TEXT("'function'", run_shown(node, "import('fs').then((fs) => typeof fs.readFileSync)"));
    EXPECT_TEXT("'200'", run_shown(node, "new Promise((done, fail) => { const http = require('http');"
                                         "const s = http.createServer((q, a) => a.end('hello'));"
                                         "s.listen(0, '127.0.0.1', () => http.get(s.address(), (a) =>"
                                         " { a.resume(); s.close(); done(String(a.statusCode)) })"
                                         ".on('error', fail)) })"));
    bool alive = true;
    run(node, "globalThis.fired = 0; setTimeout(() => fired++, 10); 0");
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_pump(node, 0, &alive, &error));
    EXPECT(alive);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_pump(node, -1, &alive, &error));
    EXPECT(!alive && run_number(node, "fired") == 1);
    engraft_node_value promise = engraft_node_undefined();
    engraft_node_run_string(node, "new Promise(() => {})", (size_t)-1, nullptr, 0, &promise, &error);
    EXPECT_STATUS(ENGRAFT_NODE_TIMEOUT, engraft_node_await(node, &promise, 20, 0, nullptr, &error));
    engraft_node_value_clear(&promise);

    share_require(host, node);
    EXPECT(host.evaluate("require('path').join('a', 'b')") == "a/b");
    EXPECT(host.evaluate("globalThis.fs = require('fs'); typeof fs.readFileSync") == "function");
    EXPECT(host.evaluate("fs.readFileSync('/proc/self/stat').length > 10") == "true");
    EXPECT(host.evaluate("require('events').once.length") == "2");
    expect_host_works(host);
    stop_node(node);
    host.take_back();
    EXPECT_TEXT("threw: Error: the Node.js environment has ended",
                host.evaluate("require('path')").c_str());
    expect_host_works(host);
    host.lend();
}

static void check_ends_in_host(void)
{
    Host host;
    int exit_code = -1;
    engraft_node *node = start_in(host);
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, engraft_node_run_string(node, "process.exit(6)", (size_t)-1,
                                                              nullptr, 0, nullptr, &error));
    expect_host_works(host);
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, engraft_node_pump(node, 0, nullptr, &error));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 0, &exit_code, &error));
    EXPECT(exit_code == 6);
    expect_host_works(host);

    node = start_in(host); /* uncaught in a timer, unhandled in a promise */
    engraft_node_run_string(node, "setTimeout(() => { throw new TypeError('timer') }, 1)",
                            (size_t)-1, nullptr, 0, nullptr, &error);
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, engraft_node_pump(node, -1, nullptr, &error));
    EXPECT_TEXT("TypeError: timer", error.message);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 0, &exit_code, &error));
    EXPECT(exit_code == 1);
    node = start_in(host);
    engraft_node_run_string(node, "Promise.reject(new Error('promise')); 0", (size_t)-1, nullptr, 0,
                            nullptr, &error);
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, engraft_node_pump(node, 0, nullptr, &error));
    EXPECT_TEXT("Error: promise", error.message);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 0, &exit_code, &error));

    node = start_in(host); /* the host's script calls Node's, which exits */
    share_require(host, node);
    EXPECT(host.evaluate("require('process').exit(8); for (;;);") == "terminated");
    EXPECT_STATUS(ENGRAFT_NODE_ENDED, engraft_node_pump(node, 0, nullptr, &error));
    EXPECT(error.exit_code == 8);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_stop(node, 0, &exit_code, &error));
    expect_host_works(host);
}

struct asked {
    engraft_node *node;
    engraft_node_status status;
    double number;
};

static void *ask(void *data)
{
    asked *question = static_cast<asked *>(data);
    engraft_node_value value = engraft_node_undefined();
    question->status = engraft_node_run_string(question->node, "answered(); 42", (size_t)-1, nullptr,
                                               0, &value, nullptr);
    question->number = value.as.number;
    return nullptr;
}

static engraft_node_status set_flag(engraft_node *, void *user, const engraft_node_value *, size_t,
                                    engraft_node_value *, engraft_node_error *)
{
    *static_cast<bool *>(user) = true;
    return ENGRAFT_NODE_OK;
}

/* Calls of other threads are done while this one pumps. */
static void check_other_threads(void)
{
    Host host;
    bool answered = false;
    engraft_node *node = start_in(host);
    asked question = {node, ENGRAFT_NODE_TYPE, 0};
    pthread_t thread;
    engraft_node_function(node, "answered", set_flag, &answered, nullptr, ENGRAFT_NODE_GLOBAL,
                          nullptr, &error);
    pthread_create(&thread, nullptr, ask, &question);
    while (!answered && EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_pump(node, 1000, nullptr, &error)))
        ;
    pthread_join(thread, nullptr);
    EXPECT(question.status == ENGRAFT_NODE_OK && question.number == 42);
    stop_node(node);
}

static void check_growth_in_host(void)
{
    Host host;
    int rounds = thorough() ? 1000 : 20;
    for (int i = 0; i < 5; i++)
        stop_node(start_in(host));
    int files = count_entries("/proc/self/fd"), threads = count_entries("/proc/self/task");
    long before = resident_kilobytes();
    for (int i = 0; i < rounds; i++) {
        engraft_node *node = start_in(host);
        EXPECT(run_number(node, "require('path').join('a', 'b').length") == 3);
        host.isolate->LowMemoryNotification(); /* what is left of the one before */
        stop_node(node);
    }
    fprintf(stderr, "%d starts: %ld to %ld kB\n", rounds, before, resident_kilobytes());
    EXPECT(count_entries("/proc/self/fd") == files);
    EXPECT(count_entries("/proc/self/task") == threads);
    EXPECT(resident_kilobytes() - before < 20000);
    expect_host_works(host);
}

extern "C" {
extern const struct check host_checks[] = {
    {"which isolate", check_isolates},
    {"in the host's isolate", check_in_host},
    {"ends in the host's isolate", check_ends_in_host},
    {"other threads call into the host's isolate", check_other_threads},
    {"starts in the host's isolate without growth", check_growth_in_host},
    {nullptr, nullptr},
};
}
