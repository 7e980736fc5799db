/* SPDX-License-Identifier: MIT */
/* C that JavaScript calls, promises, threads. */
#include "enode-test.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define UNUSED __attribute__((unused))
#define CALLBACK(name)                                                                             \
    static enum engraft_node_status name(UNUSED engraft_node *node, UNUSED void *user,             \
                                         UNUSED const struct engraft_node_value *arguments,        \
                                         UNUSED size_t count,                                      \
                                         UNUSED struct engraft_node_value *ret_value,              \
                                         UNUSED struct engraft_node_error *reterr)

static void global(engraft_node *node, const char *name, engraft_node_callback callback, void *user)
{
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_function(node, name, callback, user, NULL,
                                                         ENGRAFT_NODE_GLOBAL, NULL, &error));
}

CALLBACK(echo)
{
    struct engraft_node_value list;
    enum engraft_node_status status = engraft_node_value_array(count, &list);
    for (size_t i = 0; status == ENGRAFT_NODE_OK && i < count; i++)
        status = engraft_node_value_copy(&arguments[i], &list.as.array.items[i]);
    *ret_value = list;
    return status;
}

CALLBACK(refuse)
{
    snprintf(reterr->message, sizeof(reterr->message), "%s", (const char *)user);
    return ENGRAFT_NODE_TYPE;
}

/* Calls the function that it is given, and hands its failure on. */
CALLBACK(call_back)
{
    return engraft_node_call(node, &arguments[0], NULL, arguments + 1, count - 1, 0, ret_value,
                             reterr);
}

static void check_callbacks(void)
{
    engraft_node *node = start_node();
    global(node, "echo", echo, NULL);
    global(node, "refuse", refuse, (void *)"because");
    global(node, "silent", refuse, (void *)"");
    global(node, "callBack", call_back, NULL);
    EXPECT_TEXT("[1,'x',[null],{a:<00>},function]",
                run_shown(node, "echo(1, 'x', [null], {a: Buffer.alloc(1)}, () => 1)"));
    EXPECT_TEXT("[]", run_shown(node, "echo()"));
    EXPECT_TEXT("'echo'", run_shown(node, "echo.name"));
    EXPECT_TEXT("['Error','because','ENGRAFT_NODE_TYPE']",
                run_shown(node, "try { refuse() } catch (e) { [e.name, e.message, e.code] }"));
    EXPECT_TEXT("'wrong type of value'",
                run_shown(node, "try { silent() } catch (e) { e.message }"));
    EXPECT(run_number(node, "callBack((a, b) => callBack((c) => c * 2, a + b), 20, 1)") == 42);
    /* The very same exception goes through C. */
    EXPECT_TEXT("true", run_shown(node, "const mine = new RangeError('mine');"
                                        "try { callBack(() => { throw mine }) } catch (e) "
                                        "{ e === mine }"));
    EXPECT_TEXT("'[object Object]'", run_shown(node, "try { callBack(() => { throw {} }) } "
                                                     "catch (e) { String(e) }"));
    EXPECT_TEXT("TYPE", run_shown(node, "try { echo(Symbol()) } catch (e) { e.code }"));
    stop_node(node);
}

static atomic_int destroyed;

static void count_destroyed(void *user)
{
    EXPECT(user == &destroyed);
    atomic_fetch_add(&destroyed, 1);
}

static void check_destroy(void)
{
    static const char *const arguments[] = {"--expose-gc"};
    struct engraft_node_options options = {.size = sizeof(options), .arguments = arguments,
                                           .argument_count = 1};
    engraft_node *node = start_with(&options);
    struct engraft_node_value function;
    for (int i = 0; i < 3; i++) {
        EXPECT_STATUS(ENGRAFT_NODE_OK,
                      engraft_node_function(node, "f", echo, &destroyed, count_destroyed,
                                            i == 0 ? ENGRAFT_NODE_GLOBAL : 0, &function, &error));
        if (i < 2)
            engraft_node_value_clear(&function);
    }
    run(node, "(async () => { for (let i = 0; i < 5; i++) { gc();"
              " await new Promise((done) => setTimeout(done, 1)) } })()");
    EXPECT(atomic_load(&destroyed) == 1); /* the second: the others are global, and held */
    stop_node(node);
    EXPECT(atomic_load(&destroyed) == 3);
    engraft_node_value_clear(&function);
}

/* ---- promises */

static void check_await(void)
{
    engraft_node *node = start_node();
    struct engraft_node_value promise = engraft_node_undefined(), value;
    const size_t all = (size_t)-1;
    engraft_node_run_string(node, "new Promise((done) => { globalThis.done = done })", all, NULL, 0,
                            &promise, &error);
    EXPECT(promise.kind == ENGRAFT_NODE_PROMISE);
    EXPECT_STATUS(ENGRAFT_NODE_TIMEOUT, engraft_node_await(node, &promise, 0, 0, &value, &error));
    EXPECT_STATUS(ENGRAFT_NODE_TIMEOUT, engraft_node_await(node, &promise, 20, 0, &value, &error));
    run(node, "setTimeout(done, 10, {late: [1]}); 0");
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_await(node, &promise, -1, 0, &value, &error));
    EXPECT_TEXT("{late:[1]}", show(&value));
    engraft_node_value_clear(&value);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_await(node, &promise, 0, ENGRAFT_NODE_BY_REFERENCE,
                                                      &value, &error));
    EXPECT(value.kind == ENGRAFT_NODE_REFERENCE);
    engraft_node_value_clear(&value);
    engraft_node_value_clear(&promise);

    /* Rejected before anyone awaits it: it was handed out, so that is nobody's end. */
    engraft_node_run_string(node, "Promise.reject(new TypeError('no'))", all, "reject.js", 0,
                            &promise, &error);
    run(node, "new Promise((done) => setTimeout(done, 10))");
    EXPECT_STATUS(ENGRAFT_NODE_THROWN, engraft_node_await(node, &promise, -1, 0, &value, &error));
    EXPECT_TEXT("TypeError: no", error.message);
    EXPECT_TEXT("reject.js", error.file);
    engraft_node_value_clear(&promise);
    EXPECT_STATUS(ENGRAFT_NODE_THROWN,
                  engraft_node_run_string(node, "(async () => { await 1; throw 'x' })()", all, NULL,
                                          ENGRAFT_NODE_AWAIT, &value, &error));
    EXPECT(strcmp(error.message, "x") == 0);
    EXPECT_TEXT("[3,4]", run_shown(node, "Promise.all([3, (async () => 4)()])"));
    stop_node(node);
}

CALLBACK(await_here)
{
    return engraft_node_await(node, &arguments[0], 1000, 0, ret_value, reterr);
}

CALLBACK(stop_here)
{
    return engraft_node_stop(node, 1000, NULL, reterr);
}

static void check_deadlocks(void)
{
    engraft_node *node = start_node();
    global(node, "awaitHere", await_here, NULL);
    global(node, "stopHere", stop_here, NULL);
    EXPECT(run_number(node, "awaitHere(Promise.resolve(5))") == 5);
    EXPECT_TEXT("ENGRAFT_NODE_DEADLOCK", run_shown(node, "try { awaitHere(new Promise(() => {})) }"
                                                         " catch (e) { e.code }"));
    EXPECT_TEXT("ENGRAFT_NODE_DEADLOCK",
                run_shown(node, "try { stopHere() } catch (e) { e.code }"));
    stop_node(node);
}

struct later {
    engraft_node *node;
    struct engraft_node_value promise;
    pthread_t thread;
};

static void *resolve_later(void *data)
{
    struct later *later = data;
    struct engraft_node_value value = engraft_node_number(99);
    EXPECT_STATUS(ENGRAFT_NODE_OK,
                  engraft_node_resolve(later->node, &later->promise, &value, NULL));
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT,
                  engraft_node_resolve(later->node, &later->promise, &value, NULL));
    engraft_node_value_clear(&later->promise);
    return NULL;
}

/* An asynchronous function of C: returns a promise that another thread resolves. */
CALLBACK(slow)
{
    struct later *later = user;
    enum engraft_node_status status = engraft_node_promise(node, ret_value, reterr);
    if (status != ENGRAFT_NODE_OK)
        return status;
    later->node = node;
    engraft_node_value_copy(ret_value, &later->promise);
    return pthread_create(&later->thread, NULL, resolve_later, later) == 0 ? ENGRAFT_NODE_OK
                                                                           : ENGRAFT_NODE_SYSTEM;
}

static void check_promises_of_c(void)
{
    engraft_node *node = start_node();
    struct later later;
    struct engraft_node_value promise, value;
    global(node, "slow", slow, &later);
    EXPECT(run_number(node, "slow().then((n) => n + 1)") == 100);
    pthread_join(later.thread, NULL);
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_promise(node, &promise, &error));
    EXPECT_STATUS(ENGRAFT_NODE_OK, engraft_node_reject(node, &promise, "refused", &error));
    EXPECT_STATUS(ENGRAFT_NODE_THROWN, engraft_node_await(node, &promise, -1, 0, &value, &error));
    EXPECT_TEXT("Error: refused", error.message);
    engraft_node_value_clear(&promise);
    promise = run(node, "({p: new Promise(() => {})})");
    EXPECT_STATUS(ENGRAFT_NODE_ARGUMENT, engraft_node_resolve(node, &promise.as.object.items[0].value,
                                                              NULL, &error));
    engraft_node_value_clear(&promise);
    stop_node(node);
}

/* ---- threads */

struct caller {
    engraft_node *node;
    struct engraft_node_value function;
    int wrong;
};

CALLBACK(add_one)
{
    *ret_value = engraft_node_number(arguments[0].as.number + 1);
    return ENGRAFT_NODE_OK;
}

static void *call_many_times(void *data)
{
    struct caller *caller = data;
    for (int i = 0; i < 500; i++) {
        struct engraft_node_value argument = engraft_node_number(i), value;
        if (engraft_node_call(caller->node, &caller->function, NULL, &argument, 1,
                              i % 10 == 0 ? ENGRAFT_NODE_AWAIT : 0, &value, NULL) !=
                ENGRAFT_NODE_OK ||
            (value.kind == ENGRAFT_NODE_NUMBER && value.as.number != i + 2))
            caller->wrong++;
        engraft_node_value_clear(&value);
    }
    return NULL;
}

static void check_threads(void)
{
    enum { threads = 8 };
    engraft_node *nodes[2] = {start_node(), start_node()};
    pthread_t ids[threads];
    struct caller callers[threads];
    for (int i = 0; i < 2; i++)
        global(nodes[i], "addOne", add_one, NULL);
    for (int i = 0; i < threads; i++) {
        callers[i] = (struct caller){nodes[i % 2], run(nodes[i % 2],
                                     "(n) => n % 10 ? addOne(n) + 1 :"
                                     " Promise.resolve(addOne(n) + 1)"), 0};
        pthread_create(&ids[i], NULL, call_many_times, &callers[i]);
    }
    for (int i = 0; i < threads; i++) {
        pthread_join(ids[i], NULL);
        EXPECT(callers[i].wrong == 0);
        engraft_node_value_clear(&callers[i].function);
    }
    stop_node(nodes[0]);
    stop_node(nodes[1]);
}

/* JavaScript of one environment calls C, which calls the other environment, and so on back. */
struct pair {
    engraft_node *other;
    struct engraft_node_value function;
};

CALLBACK(ask_other)
{
    struct pair *pair = user;
    return engraft_node_call(pair->other, &pair->function, NULL, arguments, count, 0, ret_value,
                             reterr);
}

static void check_two_environments(void)
{
    engraft_node *first = start_node(), *second = start_node();
    struct pair pair = {second, run(second, "(n) => n * globalThis.factor")};
    run(second, "globalThis.factor = 3; 0");
    global(first, "ask", ask_other, &pair);
    EXPECT(run_number(first, "globalThis.factor = 100; ask(14)") == 42);
    engraft_node_value_clear(&pair.function);
    stop_node(first);
    EXPECT(run_number(second, "factor") == 3);
    stop_node(second);
}

/* Jobs and ticks of a call are done when it returns. */
static void check_jobs(void)
{
    engraft_node *node = start_node();
    run(node, "globalThis.log = []; process.nextTick(() => log.push('tick'));"
              "Promise.resolve().then(() => log.push('job')); 0");
    EXPECT_TEXT("['tick','job']", run_shown(node, "log"));
    stop_node(node);
}

static void check_what_node_can(void)
{
    engraft_node *node = start_node();
    EXPECT_TEXT("'200 hello'",
                run_shown(node,
                          "new Promise((done, fail) => { const http = require('http');"
                          "const server = http.createServer((q, a) => a.end('hello'));"
                          "server.listen(0, '127.0.0.1', () => http.get(server.address(), (a) => {"
                          " let text = ''; a.on('data', (d) => text += d);"
                          " a.on('end', () => { server.close(); done(a.statusCode + ' ' + text) })"
                          "}).on('error', fail)) })"));
    EXPECT_TEXT("'from worker 2'",
                run_shown(node, "new Promise((done, fail) => { const { Worker } ="
                                " require('worker_threads'); const w = new Worker("
                                "\"require('worker_threads').parentPort.postMessage('from worker '"
                                " + (1 + 1))\", {eval: true}); w.on('message', done);"
                                " w.on('error', fail) })"));
    EXPECT_TEXT("'child'", run_shown(node, "new Promise((done, fail) => require('child_process')"
                                           ".execFile('/bin/echo', ['-n', 'child'],"
                                           " (e, out) => e ? fail(e) : done(out)))"));
    EXPECT_TEXT("'2cf24dba'", run_shown(node, "require('crypto').createHash('sha256')"
                                              ".update('hello').digest('hex').slice(0, 8)"));
    EXPECT_TEXT("true", run_shown(node, "require('fs').promises.readFile('/proc/self/stat')"
                                        ".then((d) => d.length > 10)"));
    EXPECT_TEXT("'1.234,5'", run_shown(node, "new Intl.NumberFormat('de').format(1234.5)"));
    EXPECT(run_number(node, "WebAssembly.instantiate(new Uint8Array([0,97,115,109,1,0,0,0,1,5,1,96,"
                            "0,1,127,3,2,1,0,7,5,1,1,102,0,0,10,6,1,4,0,65,42,11]))"
                            ".then((w) => w.instance.exports.f())") == 42);
    EXPECT_TEXT("true", run_shown(node, "require('inspector').url() === undefined"));
    stop_node(node);
}

static void check_inspector(void)
{
    struct engraft_node_options options = {.size = sizeof(options), .flags = ENGRAFT_NODE_INSPECTOR};
    engraft_node *node = start_with(&options);
    EXPECT_TEXT("'ws://127.0.0.1:", run_shown(node, "require('inspector').url()"));
    run(node, "require('inspector').close()");
    stop_node(node);
}

const struct check call_checks[] = {
    {"JavaScript calls C, which calls JavaScript", check_callbacks},
    {"user data is destroyed", check_destroy},
    {"promises are awaited", check_await},
    {"what would deadlock is refused", check_deadlocks},
    {"promises that C settles", check_promises_of_c},
    {"eight threads call two environments", check_threads},
    {"one environment calls another", check_two_environments},
    {"ticks and jobs are done when a call returns", check_jobs},
    {"http, workers, children, crypto, wasm", check_what_node_can},
    {"the inspector, when asked for", check_inspector},
    {NULL, NULL},
};
